//! A child that runs beside the script: its link, and the handle the script has.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;
use std::time::{Duration, Instant};

use boa_engine::object::builtins::JsFunction;
use boa_engine::{Context, JsArgs, JsData, JsObject, JsResult, JsString, JsValue, js_string};
use boa_gc::{Finalize, Trace};
use microstack::chain::{Cx, Link, LinkId, Wake};
use microstack::process::{Child, Event, Exit, KillError, Size, Stream};

use super::options::{self, STDIN_BACKLOG};
use crate::host::bytes::{self, ByteView};
use crate::host::native::{describe, function_argument, invalid_type, system_error};
use crate::host::{Hold, HostShared, Waited, block_on};

/// What script and link share. Nothing here calls script.
struct State {
    child: RefCell<Option<Child>>,
    pid: u32,
    /// Bytes the link has not passed to the child yet.
    queue: RefCell<VecDeque<u8>>,
    close_wanted: Cell<bool>,
    input_open: Cell<bool>,
    /// A write was cut: script waits for `drain`.
    starved: Cell<bool>,
    paused: [Cell<bool>; 2],
    pause_changed: Cell<bool>,
    link: Cell<Option<LinkId>>,
    poked: Cell<bool>,
    /// The exit was handed to script.
    exited: Cell<bool>,
    hold: Hold,
}

/// Mail to the link: script wants something.
struct Poke;

#[derive(Trace, Finalize, JsData)]
struct Handle {
    #[unsafe_ignore_trace]
    state: Rc<State>,
}

impl State {
    fn poke(&self, shared: &HostShared) {
        if let (Some(link), false) = (self.link.get(), self.poked.replace(true)) {
            // Refused only when the link is gone, and then nobody is left to act.
            let _ = shared.chain().mail(link, Box::new(Poke));
        }
    }
}

pub(super) fn spawn(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let callback = function_argument(args, 1, "onEvent", ctx)?;
    let wanted = options::read(args, ctx)?;
    HostShared::of(ctx).require_handle("spawn", ctx)?;
    let mut child = match Child::start(&wanted.spawn) {
        Ok(child) => child,
        Err(error) => return Ok(options::not_started(&error, ctx).into()),
    };
    if wanted.detached {
        child.detach();
    }
    let shared = HostShared::of(ctx);
    let state = Rc::new(State {
        pid: child.pid(),
        child: RefCell::new(Some(child)),
        queue: RefCell::default(),
        close_wanted: Cell::new(false),
        input_open: Cell::new(true),
        starved: Cell::new(false),
        paused: Default::default(),
        pause_changed: Cell::new(false),
        link: Cell::new(None),
        poked: Cell::new(false),
        exited: Cell::new(false),
        hold: shared.hold(),
    });
    let link = ChildLink { state: state.clone(), shared: shared.clone(), callback };
    state.link.set(Some(shared.add_link("child process", link)));
    let prototype = ctx.intrinsics().constructors().object().prototype();
    Ok(JsObject::from_proto_and_data(prototype, Handle { state }).into())
}

pub(super) fn pid(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    Ok(JsValue::from(handle(args, ctx)?.pid))
}

pub(super) fn write(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let state = handle(args, ctx)?;
    let view = ByteView::expect(args.get_or_undefined(1), "chunk", ctx)?;
    if !state.input_open.get() || state.close_wanted.get() {
        return Ok(JsValue::from(0));
    }
    let taken = view.read(|bytes| {
        let mut queue = state.queue.borrow_mut();
        let taken = bytes.len().min(STDIN_BACKLOG.saturating_sub(queue.len()));
        queue.extend(&bytes[..taken]);
        taken
    });
    state.starved.set(taken < view.len());
    state.poke(&HostShared::of(ctx));
    Ok(JsValue::from(taken as f64))
}

pub(super) fn close_stdin(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let state = handle(args, ctx)?;
    state.close_wanted.set(true);
    state.poke(&HostShared::of(ctx));
    Ok(JsValue::undefined())
}

pub(super) fn set_paused(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let state = handle(args, ctx)?;
    let which = usize::from(args.get_or_undefined(1).to_number(ctx)? == 1.0);
    let paused = args.get_or_undefined(2).to_boolean();
    if state.paused[which].replace(paused) != paused {
        state.pause_changed.set(true);
        state.poke(&HostShared::of(ctx));
    }
    Ok(JsValue::undefined())
}

pub(super) fn kill(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let state = handle(args, ctx)?;
    let signal = args.get_or_undefined(1).to_i32(ctx)?;
    let result = match state.child.borrow_mut().as_mut() {
        Some(child) if signal == 0 => return Ok(JsValue::from(!child.has_ended())),
        Some(child) => child.kill(signal),
        None => Err(KillError::Gone),
    };
    match result {
        Ok(()) => Ok(JsValue::from(true)),
        Err(KillError::Os(error)) => Err(system_error(&error, "kill", None, ctx)),
        Err(KillError::NoSuchSignal(_)) => {
            let error = std::io::Error::from_raw_os_error(libc::EINVAL);
            Err(system_error(&error, "kill", None, ctx))
        }
        Err(_) => Ok(JsValue::from(false)),
    }
}

pub(super) fn set_ref(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let state = handle(args, ctx)?;
    if args.get_or_undefined(1).to_boolean() {
        state.hold.count()
    } else {
        state.hold.release()
    }
    Ok(JsValue::undefined())
}

pub(super) fn resize(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let state = handle(args, ctx)?;
    let mut side = |at: usize| -> JsResult<u16> {
        Ok(args.get_or_undefined(at).to_number(ctx)?.clamp(1.0, f64::from(u16::MAX)) as u16)
    };
    let size = Size { rows: side(1)?, columns: side(2)? };
    let done = state.child.borrow().as_ref().map_or(Ok(()), |child| child.resize(size));
    done.map(|()| JsValue::undefined()).map_err(|e| system_error(&e, "ioctl", None, ctx))
}

pub(super) fn terminal_path(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let state = handle(args, ctx)?;
    let path = state.child.borrow().as_ref().and_then(|c| c.terminal_path().map(JsString::from));
    Ok(path.map_or(JsValue::undefined(), JsValue::from))
}

/// Turns the whole chain until the child's exit was handed to script; false when the time was up first.
pub(super) fn wait_exit(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let state = handle(args, ctx)?;
    let ms = args.get_or_undefined(1);
    let deadline = match ms.as_number() {
        Some(ms) if ms > 0.0 => Instant::now().checked_add(Duration::from_millis(ms as u64)),
        _ => None,
    };
    let waited = block_on(ctx, deadline, &mut || state.exited.get())?;
    Ok(JsValue::from(waited == Waited::Done))
}

fn handle(args: &[JsValue], ctx: &mut Context) -> JsResult<Rc<State>> {
    let object = args.get_or_undefined(0).as_object();
    let state = object.and_then(|o| o.downcast_ref::<Handle>().map(|h| h.state.clone()));
    state.ok_or_else(|| invalid_type("handle", "a child process", args.get_or_undefined(0), ctx))
}

/// Serves one child. Dropping it, with its context, ends the child.
struct ChildLink {
    state: Rc<State>,
    shared: Rc<HostShared>,
    callback: JsFunction,
}

impl Link for ChildLink {
    fn wake(&mut self, cx: &mut Cx<'_>, wake: Wake) {
        let state = self.state.clone();
        let mut slot = state.child.borrow_mut();
        let Some(child) = slot.as_mut() else {
            cx.remove_self();
            return;
        };
        state.poked.set(false);
        if wake.start
            && let Err(error) = child.attach(cx, 0)
        {
            let text = error.to_string();
            *slot = None;
            drop(slot);
            self.tell("error", move |_| Ok((JsString::from(text.as_str()).into(), JsValue::undefined())));
            self.exit(Exit { code: None, signal: None });
            state.hold.release();
            cx.remove_self();
            return;
        }
        if state.pause_changed.replace(false) {
            for (stream, paused) in [Stream::Stdout, Stream::Stderr].into_iter().zip(&state.paused) {
                if paused.get() { child.pause(stream) } else { child.resume(cx, stream) }
            }
        }
        child.wake(cx, &wake);
        loop {
            self.feed(child, cx);
            let Some(event) = child.poll(cx) else { break };
            self.deliver(event);
        }
        if child.is_finished() {
            *slot = None;
            state.hold.release();
            cx.remove_self();
        }
    }
}

impl ChildLink {
    fn feed(&self, child: &mut Child, cx: &Cx<'_>) {
        let mut queue = self.state.queue.borrow_mut();
        while !queue.is_empty() {
            let (front, _) = queue.as_slices();
            let taken = child.write_stdin(cx, front);
            if taken == 0 {
                break;
            }
            queue.drain(..taken);
        }
        if !queue.is_empty() && !child.stdin_is_open() {
            queue.clear();
        }
        let room = queue.len() <= STDIN_BACKLOG / 2;
        if queue.is_empty() {
            queue.shrink_to(0);
            if self.state.close_wanted.get() && child.stdin_is_open() {
                child.close_stdin(cx);
            }
        }
        drop(queue);
        if room && child.stdin_is_open() && self.state.starved.replace(false) {
            self.tell("drain", |_| Ok((JsValue::undefined(), JsValue::undefined())));
        }
    }

    fn deliver(&self, event: Event) {
        let nothing = JsValue::undefined;
        match event {
            Event::Stdout(data) => {
                self.tell("stdout", move |ctx| Ok((bytes::buffer(&data, ctx)?.into(), nothing())))
            }
            Event::Stderr(data) => {
                self.tell("stderr", move |ctx| Ok((bytes::buffer(&data, ctx)?.into(), nothing())))
            }
            Event::StdoutEnd => self.tell("stdoutEnd", move |_| Ok((nothing(), nothing()))),
            Event::StderrEnd => self.tell("stderrEnd", move |_| Ok((nothing(), nothing()))),
            Event::StdinClosed(error) => {
                self.state.input_open.set(false);
                let code = error.map(|e| describe(&e).0);
                let value = move || code.map_or(nothing(), |c| JsString::from(c).into());
                self.tell("stdinClosed", move |_| Ok((value(), nothing())));
            }
            Event::Exit(exit) => self.exit(exit),
            // `feed` asks for room by itself.
            _ => {}
        }
    }

    fn exit(&self, exit: Exit) {
        let state = self.state.clone();
        self.tell("exit", move |_| {
            // Before the call: a listener may wait for this child again.
            state.exited.set(true);
            let value = |n: Option<i32>| n.map_or(JsValue::null(), JsValue::from);
            Ok((value(exit.code), value(exit.signal)))
        });
    }

    /// Queues one call of the script's callback.
    fn tell(
        &self,
        kind: &'static str,
        arguments: impl FnOnce(&mut Context) -> JsResult<(JsValue, JsValue)> + 'static,
    ) {
        let callback = self.callback.clone();
        self.shared.push(Box::new(move |ctx| {
            let (a, b) = arguments(ctx)?;
            callback.call(&JsValue::undefined(), &[js_string!(kind).into(), a, b], ctx).map(|_| ())
        }));
    }
}

impl Drop for ChildLink {
    fn drop(&mut self) {
        // Script may keep the handle; the child goes with the link.
        self.state.link.set(None);
        if let Ok(mut slot) = self.state.child.try_borrow_mut() {
            *slot = None;
        }
    }
}
