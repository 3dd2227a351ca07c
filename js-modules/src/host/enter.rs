//! The only ways into script: each is guarded against panics, limits and exits.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::time::{Duration, Instant};

use boa_engine::builtins::promise::PromiseState;
use boa_engine::error::PanicError;
use boa_engine::object::builtins::JsPromise;
use boa_engine::{Context, JsError, JsObject, JsResult, JsString, JsValue};

use super::error::{ScriptError, ScriptErrorKind};
use super::hooks::Rejections;
use super::shared::HostShared;
use super::{Dialect, HostEvent, builtins, memory};

/// Calls into script. `None` when it failed; the failure has been reported by then.
///
/// A panic of the engine or a reached limit ends the context; any other error is one uncaught exception.
pub(crate) fn enter<T>(
    ctx: &mut Context,
    shared: &Rc<HostShared>,
    what: &str,
    body: impl FnOnce(&mut Context) -> JsResult<T>,
) -> Option<T> {
    match enter_quietly(ctx, shared, what, body)? {
        Ok(value) => Some(value),
        Err(error) => {
            uncaught(ctx, shared, error, "uncaughtException");
            None
        }
    }
}

/// As [`enter`], but hands an ordinary exception back. `None` means that the context has ended.
pub(crate) fn enter_quietly<T>(
    ctx: &mut Context,
    shared: &Rc<HostShared>,
    what: &str,
    body: impl FnOnce(&mut Context) -> JsResult<T>,
) -> Option<Result<T, JsError>> {
    if shared.ended() {
        return None;
    }
    let watch = shared.watch.clone();
    if let Some(watch) = &watch {
        watch.on_enter(what);
    }
    shared.entries.set(shared.entries.get() + 1);
    // After a panic the context is dropped, so what it left half done is never seen.
    let caught = catch_unwind(AssertUnwindSafe(|| body(ctx)));
    shared.entries.set(shared.entries.get() - 1);
    if let Some(watch) = &watch {
        watch.on_leave();
    }
    match caught {
        Err(payload) => {
            shared.crash(ScriptError::new(ScriptErrorKind::Panic, "EnginePanic", panic_text(&*payload)));
            None
        }
        // An exit or a crash unwinds the script with an error of its own, which is no news.
        Ok(_) if shared.ended() => None,
        Ok(Err(error)) if error.as_engine().is_some() => {
            shared.crash(ScriptError::from_js(error, ctx));
            None
        }
        Ok(result) => Some(result),
    }
}

fn panic_text(payload: &(dyn Any + Send)) -> String {
    if let Some(text) = payload.downcast_ref::<&'static str>() {
        (*text).to_owned()
    } else if let Some(text) = payload.downcast_ref::<String>() {
        text.clone()
    } else {
        "the engine panicked".to_owned()
    }
}

/// The error that unwinds a script which must not go on; scripts cannot catch it.
pub(crate) fn unwind() -> JsError {
    PanicError::new("the script was ended").into()
}

/// Deals with an exception nobody caught: listeners first, then the owner; a Node script ends with code 1.
/// `origin` is what the listeners are told about where it came from.
fn uncaught(ctx: &mut Context, shared: &Rc<HostShared>, error: JsError, origin: &str) {
    let value = match error.into_opaque(ctx) {
        Ok(value) => value,
        // Only engine errors have no value, and those never come here.
        Err(error) => return shared.crash(ScriptError::from_js(error, ctx)),
    };
    let hook = shared.hooks.borrow().uncaught.clone();
    if let Some(hook) = hook {
        let args = [value.clone(), JsString::from(origin).into()];
        match enter_quietly(ctx, shared, "uncaughtException", |ctx| {
            hook.call(&JsValue::undefined(), &args, ctx)
        }) {
            None => return,
            Some(Ok(taken)) if taken.to_boolean() => return,
            Some(Ok(_)) => {}
            Some(Err(error)) => {
                // The listener itself threw: Node ends with code 7.
                let error = ScriptError::from_js(error, ctx);
                shared.emit(HostEvent::UncaughtException(error));
                if shared.dialect() == Dialect::Node {
                    finish(ctx, shared, 7);
                }
                return;
            }
        }
    }
    let Some(Ok(error)) =
        enter_quietly(ctx, shared, "uncaughtException", |ctx| Ok(ScriptError::from_value(&value, ctx)))
    else {
        return;
    };
    shared.emit(HostEvent::UncaughtException(error));
    if shared.dialect() == Dialect::Node {
        finish(ctx, shared, 1);
    }
}

/// Runs the `exit` listeners and ends the context.
pub(crate) fn finish(ctx: &mut Context, shared: &Rc<HostShared>, code: i32) {
    let hook = shared.hooks.borrow().exit.clone();
    let mut code = code;
    if let Some(hook) = hook {
        let call = |ctx: &mut Context| hook.call(&JsValue::undefined(), &[JsValue::from(code)], ctx);
        match enter_quietly(ctx, shared, "exit", call) {
            None => return,
            Some(Ok(value)) => code = value.as_number().map_or(code, |n| n as i32),
            Some(Err(error)) => {
                let error = ScriptError::from_js(error, ctx);
                shared.emit(HostEvent::UncaughtException(error));
                code = 7;
            }
        }
    }
    shared.exit(code);
}

/// Runs ticks and promise jobs until none is left, then reports rejections nobody handles.
pub(crate) fn after_callback(ctx: &mut Context, shared: &Rc<HostShared>) {
    let mut flood = Flood::default();
    loop {
        loop {
            let Some(tick) = next(shared, &shared.ticks) else { break };
            enter(ctx, shared, "nextTick", |ctx| tick.callback.call(&JsValue::undefined(), &tick.args, ctx));
            flood.check(shared);
        }
        run_micro(ctx, shared, &mut flood);
        if shared.ended() || (shared.ticks.borrow().is_empty() && !report_rejections(ctx, shared)) {
            return;
        }
    }
}

/// Ends a context whose jobs make new jobs for ever: each returns, so nothing else would notice.
#[derive(Default)]
struct Flood {
    calls: u32,
    begun: Option<Duration>,
}

impl Flood {
    fn check(&mut self, shared: &HostShared) {
        self.calls = self.calls.wrapping_add(1);
        let Some(limit) = shared.budget().turn.filter(|_| self.calls.is_multiple_of(256)) else { return };
        // Processor time: a job that waits for a child is no flood.
        let now = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
        let now = Duration::new(now.tv_sec as u64, now.tv_nsec as u32);
        let begun = *self.begun.get_or_insert(now);
        if now - begun > limit {
            shared.crash(ScriptError::new(
                ScriptErrorKind::Limit,
                "TurnLimit",
                format!(
                    "promise jobs and ticks made new ones for more than {} ms; use setTimeout or setImmediate to let \
                     others run",
                    limit.as_millis()
                ),
            ));
        }
    }
}

fn run_micro(ctx: &mut Context, shared: &Rc<HostShared>, flood: &mut Flood) {
    let jobs = shared.jobs.clone();
    while jobs.has_micro() {
        if shared.ended() {
            return;
        }
        enter(ctx, shared, "promise job", |ctx| jobs.run_micro(ctx).unwrap_or(Ok(JsValue::undefined())));
        flood.check(shared);
    }
}

/// True when something was reported, so that new ticks may wait.
fn report_rejections(ctx: &mut Context, shared: &Rc<HostShared>) -> bool {
    let Some(rejections) = ctx.get_data::<Rc<Rejections>>().cloned() else {
        return false;
    };
    let waiting = std::mem::take(&mut *rejections.0.borrow_mut());
    let any = !waiting.is_empty();
    for promise in waiting {
        if shared.ended() {
            return false;
        }
        report_rejection(ctx, shared, promise);
    }
    any
}

fn report_rejection(ctx: &mut Context, shared: &Rc<HostShared>, promise: JsObject) {
    let reason = match JsPromise::from_object(promise.clone()).map(|p| p.state()) {
        Ok(PromiseState::Rejected(reason)) => reason,
        _ => return,
    };
    let hook = shared.hooks.borrow().unhandled_rejection.clone();
    if let Some(hook) = hook {
        let args = [reason.clone(), promise.into()];
        match enter_quietly(ctx, shared, "unhandledRejection", |ctx| {
            hook.call(&JsValue::undefined(), &args, ctx)
        }) {
            None => return,
            Some(Ok(taken)) if taken.to_boolean() => return,
            Some(Ok(_)) => {}
            Some(Err(error)) => return uncaught(ctx, shared, error, "uncaughtException"),
        }
    }
    if shared.dialect() == Dialect::Node {
        // As Node since version 15: an unhandled rejection is an uncaught exception.
        return uncaught(ctx, shared, JsError::from_opaque(reason), "unhandledRejection");
    }
    if let Some(Ok(error)) =
        enter_quietly(ctx, shared, "unhandledRejection", |ctx| Ok(ScriptError::from_value(&reason, ctx)))
    {
        shared.emit(HostEvent::UnhandledRejection(error));
    }
}

/// One round of everything that is ready: due timers, tasks of links, immediates; ticks and promise jobs after
/// each. What becomes ready meanwhile waits for the next round, so that the chain is served in between.
pub(crate) fn round(ctx: &mut Context, shared: &Rc<HostShared>) {
    after_callback(ctx, shared);
    run_timers(ctx, shared);
    let tasks = shared.tasks.borrow().len();
    for _ in 0..tasks {
        let Some(task) = next(shared, &shared.tasks) else { break };
        enter(ctx, shared, "task", task);
        after_callback(ctx, shared);
    }
    let immediates = shared.immediates.borrow().len();
    for _ in 0..immediates {
        let Some(immediate) = next(shared, &shared.immediates) else { break };
        let this = immediate.object.into();
        enter(ctx, shared, "setImmediate", |ctx| immediate.callback.call(&this, &immediate.args, ctx));
        after_callback(ctx, shared);
    }
    let jobs = shared.jobs.clone();
    while !shared.ended() && !jobs.is_empty() {
        enter(ctx, shared, "engine job", |ctx| jobs.run_other(ctx).unwrap_or(Ok(JsValue::undefined())));
        after_callback(ctx, shared);
    }
    if shared.entries.get() == 0 {
        ctx.clear_kept_objects();
        builtins::forget_subject(ctx);
        check_memory(shared);
    }
    shared.rearm();
}

fn next<T>(shared: &HostShared, queue: &std::cell::RefCell<std::collections::VecDeque<T>>) -> Option<T> {
    if shared.ended() { None } else { queue.borrow_mut().pop_front() }
}

fn run_timers(ctx: &mut Context, shared: &Rc<HostShared>) {
    let now = Instant::now();
    while !shared.ended() {
        let due = shared.timers.borrow_mut().pop_due(now);
        let Some((id, object, callback, args)) = due else { return };
        enter(ctx, shared, "timer", |ctx| callback.call(&object.into(), &args, ctx));
        let done = shared.timers.borrow_mut().ran(id, Instant::now());
        drop(done);
        after_callback(ctx, shared);
    }
}

fn check_memory(shared: &HostShared) {
    let Some(limit) = shared.budget().memory_bytes else { return };
    if memory::resident_bytes() <= limit {
        return;
    }
    memory::trim();
    let left = memory::resident_bytes();
    if left > limit {
        shared.crash(ScriptError::new(
            ScriptErrorKind::Limit,
            "MemoryLimit",
            format!("the process holds {left} bytes after a collection; the budget allows {limit}"),
        ));
    }
}
