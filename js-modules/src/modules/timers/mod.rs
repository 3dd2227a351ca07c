//! `timers`: the script part makes the objects, the native part keeps the times.

use std::time::{Duration, Instant};

use boa_engine::object::builtins::JsArray;
use boa_engine::{Context, JsArgs, JsObject, JsResult, JsValue};

use crate::host::native::{ErrorClass, Exports, function_argument, invalid_type, node_error};
use crate::host::{HostShared, Immediate, TimerId, TimerSpec};

/// Makes the natives that `timers.js` and the dialect's timers build on:
///
/// * `start(object, callback, milliseconds, repeat, args) -> id`: `object` is `this` of the callback
/// * `stop(id)`, `refresh(id) -> boolean` (false when it is gone), `setRef(id, boolean)`
/// * `startImmediate(object, callback, args) -> id`, `stopImmediate(id)`, `setImmediateRef(id, boolean)`
/// * `queueMicrotask(callback)`
pub fn init(ctx: &mut Context) -> JsResult<JsObject> {
    Ok(Exports::new(ctx)
        .function("start", 5, start)
        .function("stop", 1, stop)
        .function("refresh", 1, refresh)
        .function("setRef", 2, set_ref)
        .function("startImmediate", 3, start_immediate)
        .function("stopImmediate", 1, stop_immediate)
        .function("setImmediateRef", 2, set_immediate_ref)
        .function("queueMicrotask", 1, queue_microtask)
        .finish())
}

/// Node's longest delay; beyond it, and below one millisecond, a timer waits one millisecond.
const MAX_DELAY_MS: f64 = 2_147_483_647.0;

fn start(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let object = object_argument(args, 0, ctx)?;
    let callback = function_argument(args, 1, "callback", ctx)?;
    let mut ms = args.get_or_undefined(2).to_number(ctx)?;
    if !(1.0..=MAX_DELAY_MS).contains(&ms) {
        ms = 1.0;
    }
    let repeat = args.get_or_undefined(3).to_boolean();
    let args = list(args.get_or_undefined(4), ctx)?;
    let shared = HostShared::of(ctx);
    let limit = shared.budget().max_timers;
    if shared.timers.borrow().len() >= limit {
        let text = format!("more than {limit} timers; clear some first");
        return Err(node_error(ErrorClass::Range, "ERR_TOO_MANY_TIMERS", &text, ctx));
    }
    // Whole milliseconds, as in Node.
    let spec = TimerSpec { object, callback, args, delay: Duration::from_millis(ms as u64), repeat };
    let id = shared.timers.borrow_mut().start(spec, Instant::now());
    shared.rearm();
    Ok(JsValue::from(id as f64))
}

fn stop(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let id = id_argument(args, ctx)?;
    let stopped = HostShared::of(ctx).timers.borrow_mut().stop(id);
    let was = stopped.is_some();
    drop(stopped);
    Ok(was.into())
}

fn refresh(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let id = id_argument(args, ctx)?;
    let shared = HostShared::of(ctx);
    let live = shared.timers.borrow_mut().refresh(id, Instant::now());
    shared.rearm();
    Ok(live.into())
}

fn set_ref(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let id = id_argument(args, ctx)?;
    let counted = args.get_or_undefined(1).to_boolean();
    HostShared::of(ctx).timers.borrow_mut().set_counted(id, counted);
    Ok(JsValue::undefined())
}

fn start_immediate(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let object = object_argument(args, 0, ctx)?;
    let callback = function_argument(args, 1, "callback", ctx)?;
    let args = list(args.get_or_undefined(2), ctx)?;
    let shared = HostShared::of(ctx);
    let limit = shared.budget().max_queue;
    if shared.immediates.borrow().len() >= limit {
        let text = format!("more than {limit} immediates wait");
        return Err(node_error(ErrorClass::Range, "ERR_TOO_MANY_TIMERS", &text, ctx));
    }
    let id = shared.timers.borrow_mut().new_id();
    shared.immediates.borrow_mut().push_back(Immediate { id, object, callback, args, counted: true });
    shared.chain().nudge();
    Ok(JsValue::from(id as f64))
}

fn stop_immediate(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let id = id_argument(args, ctx)?;
    let shared = HostShared::of(ctx);
    let mut waiting = shared.immediates.borrow_mut();
    let at = waiting.iter().position(|i| i.id == id);
    let stopped = at.and_then(|at| waiting.remove(at));
    drop(waiting);
    Ok(stopped.is_some().into())
}

fn set_immediate_ref(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let id = id_argument(args, ctx)?;
    let counted = args.get_or_undefined(1).to_boolean();
    let shared = HostShared::of(ctx);
    if let Some(immediate) = shared.immediates.borrow_mut().iter_mut().find(|i| i.id == id) {
        immediate.counted = counted;
    }
    Ok(JsValue::undefined())
}

fn queue_microtask(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    use boa_engine::job::{Job, PromiseJob};
    let callback = function_argument(args, 0, "callback", ctx)?;
    let job = PromiseJob::new(move |ctx| callback.call(&JsValue::undefined(), &[], ctx));
    ctx.enqueue_job(Job::PromiseJob(job));
    Ok(JsValue::undefined())
}

fn id_argument(args: &[JsValue], ctx: &mut Context) -> JsResult<TimerId> {
    // Ids are counted from one and stay far below 2^53.
    Ok(args.get_or_undefined(0).to_number(ctx)? as TimerId)
}

fn object_argument(args: &[JsValue], at: usize, ctx: &mut Context) -> JsResult<JsObject> {
    match args.get_or_undefined(at).as_object() {
        Some(object) => Ok(object),
        None => Err(invalid_type("timer", "an object", args.get_or_undefined(at), ctx)),
    }
}

/// The values of an array; nothing for anything else.
fn list(value: &JsValue, ctx: &mut Context) -> JsResult<Vec<JsValue>> {
    let Some(Ok(array)) = value.as_object().map(JsArray::from_object) else {
        return Ok(Vec::new());
    };
    let length = array.length(ctx)?;
    (0..length).map(|at| array.at(at as i64, ctx)).collect()
}
