//! One connection as script holds it, and what script asks of it.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::io::{self, Write};
use std::rc::Rc;
use std::time::Duration;

use boa_engine::object::builtins::JsFunction;
use boa_engine::{Context, JsArgs, JsData, JsObject, JsResult, JsString, JsValue};
use boa_gc::{Finalize, Trace};
use microstack::chain::LinkId;
use microstack::tls::Stream;

use super::address;
use super::failure::Failure;
use crate::host::bytes::ByteView;
use crate::host::native::{function_argument, invalid_type};
use crate::host::{Hold, HostShared};
use crate::modules::tls::{Side, Tls, Trust};

/// Bytes queued for a peer that does not take them, before script is told to wait.
pub(super) const WRITE_BACKLOG: usize = 64 << 10;

/// How far this side has come with the end of what it sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// More may come.
    No,
    /// Script wrote its last; the queue goes first.
    Wanted,
    /// TLS has its goodbye, which may still be on its way.
    Notified,
    /// The direction is closed.
    Done,
}

/// What script and link share. Nothing here calls script.
pub(crate) struct State {
    /// `None` before it is connected and after it is closed.
    pub stream: RefCell<Option<Stream>>,
    /// Bytes the socket has not taken yet.
    pub queue: RefCell<VecDeque<u8>>,
    /// Writes may go to the stream at once.
    pub open: Cell<bool>,
    pub reading: Cell<bool>,
    /// A piece is with script; nothing more is read before it is done with it.
    pub piece_out: Cell<bool>,
    pub saw_end: Cell<bool>,
    /// A write was cut: script waits for `drain`.
    pub starved: Cell<bool>,
    pub ending: Cell<Ending>,
    /// An error was told; there is no more I/O.
    pub failed: Cell<bool>,
    pub closed: Cell<bool>,
    pub tls: RefCell<Tls>,
    /// Whom the peer's chain is checked against.
    pub trust: RefCell<Option<(Rc<Trust>, Side)>>,
    callback: RefCell<Option<JsFunction>>,
    pub link: Cell<Option<LinkId>>,
    pub poked: Cell<bool>,
    pub hold: Hold,
}

/// Mail to the link: script wants something.
pub(super) struct Poke;

#[derive(Trace, Finalize, JsData)]
struct Handle {
    #[unsafe_ignore_trace]
    state: Rc<State>,
}

impl State {
    pub fn new(stream: Option<Stream>, callback: Option<JsFunction>, shared: &Rc<HostShared>) -> Rc<State> {
        Rc::new(State {
            open: Cell::new(stream.is_some()),
            stream: RefCell::new(stream),
            queue: RefCell::default(),
            reading: Cell::new(false),
            piece_out: Cell::new(false),
            saw_end: Cell::new(false),
            starved: Cell::new(false),
            ending: Cell::new(Ending::No),
            failed: Cell::new(false),
            closed: Cell::new(false),
            tls: RefCell::default(),
            trust: RefCell::default(),
            callback: RefCell::new(callback),
            link: Cell::new(None),
            poked: Cell::new(false),
            hold: shared.hold(),
        })
    }

    pub fn poke(&self, shared: &HostShared) {
        if let (Some(link), false) = (self.link.get(), self.poked.replace(true)) {
            // Refused only when the link is gone, and then nobody is left to act.
            let _ = shared.chain().mail(link, Box::new(Poke));
        }
    }

    /// Queues one call of the script's callback.
    pub fn tell(
        self: &Rc<Self>,
        shared: &HostShared,
        kind: &'static str,
        value: impl FnOnce(&mut Context) -> JsResult<JsValue> + 'static,
    ) {
        let state = self.clone();
        shared.push(Box::new(move |ctx| {
            let value = value(ctx)?;
            state.call(kind, value, ctx)
        }));
    }

    /// Lets go of the script when its context has ended: the callback's closure holds the handle, the handle this state,
    /// and no collection sees through that circle.
    pub fn forget_script(&self, shared: &HostShared) {
        if shared.ended() {
            drop(self.callback.borrow_mut().take());
        }
    }

    /// Calls the script's callback, if it still listens. For tasks only.
    pub fn call(&self, kind: &'static str, value: JsValue, ctx: &mut Context) -> JsResult<()> {
        let callback = self.callback.borrow().clone();
        let Some(callback) = callback else { return Ok(()) };
        callback.call(&JsValue::undefined(), &[JsString::from(kind).into(), value], ctx).map(|_| ())
    }

    /// Tells the error once and stops all I/O.
    pub fn fail(self: &Rc<Self>, shared: &HostShared, failure: Failure) {
        if self.failed.replace(true) {
            return;
        }
        self.open.set(false);
        *self.queue.borrow_mut() = VecDeque::new();
        self.tell(shared, "error", move |ctx| Ok(failure.object(ctx).into()));
    }

    /// The object script holds.
    pub fn handle(self: &Rc<Self>, ctx: &mut Context) -> JsObject {
        let prototype = ctx.intrinsics().constructors().object().prototype();
        JsObject::from_proto_and_data(prototype, Handle { state: self.clone() })
    }
}

/// The state behind a handle argument.
pub(crate) fn of(args: &[JsValue], ctx: &mut Context) -> JsResult<Rc<State>> {
    let object = args.get_or_undefined(0).as_object();
    let state = object.and_then(|o| o.downcast_ref::<Handle>().map(|h| h.state.clone()));
    state.ok_or_else(|| invalid_type("handle", "a connection", args.get_or_undefined(0), ctx))
}

pub(super) fn adopt(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let state = of(args, ctx)?;
    let callback = function_argument(args, 1, "onEvent", ctx)?;
    if !state.closed.get() {
        let before = state.callback.borrow_mut().replace(callback);
        drop(before); // outside of the borrow
    }
    Ok(JsValue::undefined())
}

pub(super) fn write(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let state = of(args, ctx)?;
    let view = ByteView::expect(args.get_or_undefined(1), "chunk", ctx)?;
    if state.failed.get() || state.closed.get() || state.ending.get() != Ending::No {
        return Ok(JsValue::from(0));
    }
    let mut stream = state.stream.borrow_mut();
    let mut queue = state.queue.borrow_mut();
    let written = view.read(|bytes| {
        let mut taken = 0;
        // At once where possible: no copy, and a socket destroyed right after has sent it.
        if let (Some(stream), true, true) = (stream.as_mut(), state.open.get(), queue.is_empty()) {
            taken = write_now(stream, bytes)?;
        }
        let more = (bytes.len() - taken).min(WRITE_BACKLOG.saturating_sub(queue.len()));
        queue.extend(&bytes[taken..taken + more]);
        Ok(taken + more)
    });
    let pressing = !queue.is_empty();
    drop((stream, queue));
    let shared = HostShared::of(ctx);
    match written {
        Ok(taken) => {
            state.starved.set(taken < view.len());
            // A socket that is full says when it is not; TLS may hold bytes that nobody else would move.
            if pressing {
                state.poke(&shared);
            }
            Ok(JsValue::from(taken as f64))
        }
        Err(error) => {
            state.fail(&shared, Failure::system(&error, "write"));
            Ok(JsValue::from(0))
        }
    }
}

/// Writes until all is taken or the socket is full.
pub(super) fn write_now(stream: &mut Stream, bytes: &[u8]) -> io::Result<usize> {
    let mut taken = 0;
    while taken < bytes.len() {
        match stream.write(&bytes[taken..]) {
            Ok(0) => break,
            Ok(n) => taken += n,
            Err(e) if e.kind() == io::ErrorKind::WouldBlock => break,
            Err(e) => return Err(e),
        }
    }
    Ok(taken)
}

pub(super) fn set_reading(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let state = of(args, ctx)?;
    let reading = args.get_or_undefined(1).to_boolean();
    if !state.reading.replace(reading) && reading {
        state.poke(&HostShared::of(ctx));
    }
    Ok(JsValue::undefined())
}

pub(super) fn shutdown(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let state = of(args, ctx)?;
    if state.ending.get() == Ending::No {
        state.ending.set(Ending::Wanted);
        state.poke(&HostShared::of(ctx));
    }
    Ok(JsValue::undefined())
}

/// Closes at once; what is queued is lost. With `reset` the peer sees a reset.
pub(super) fn close(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let state = of(args, ctx)?;
    if state.closed.replace(true) {
        return Ok(JsValue::undefined());
    }
    state.open.set(false);
    *state.queue.borrow_mut() = VecDeque::new();
    let stream = state.stream.borrow_mut().take();
    if let Some(mut stream) = stream {
        if args.get_or_undefined(1).to_boolean() {
            // Failing makes it an ordinary close.
            let _ = stream.transport().reset_on_close();
        } else if stream.is_tls() && !state.failed.get() && state.ending.get() == Ending::No {
            stream.close_notify();
            let _ = stream.flush();
        }
    }
    let shared = HostShared::of(ctx);
    if let Some(link) = state.link.take() {
        shared.chain().remove(link);
    }
    let told = state.clone();
    shared.push(Box::new(move |ctx| {
        let callback = told.callback.borrow_mut().take();
        told.hold.release();
        let Some(callback) = callback else { return Ok(()) };
        callback
            .call(&JsValue::undefined(), &[JsString::from("closed").into(), JsValue::undefined()], ctx)
            .map(|_| ())
    }));
    Ok(JsValue::undefined())
}

pub(super) fn set_ref(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let state = of(args, ctx)?;
    match args.get_or_undefined(1).to_boolean() {
        true if !state.closed.get() => state.hold.count(),
        true => {}
        false => state.hold.release(),
    }
    Ok(JsValue::undefined())
}

pub(super) fn set_no_delay(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let state = of(args, ctx)?;
    let on = args.get_or_undefined(1).to_boolean();
    let stream = state.stream.borrow();
    // A connection that is gone needs no setting.
    let done = stream.as_ref().is_some_and(|stream| stream.transport().set_nodelay(on).is_ok());
    Ok(JsValue::from(done))
}

pub(super) fn set_keep_alive(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let state = of(args, ctx)?;
    let on = args.get_or_undefined(1).to_boolean();
    let ms = args.get_or_undefined(2).to_number(ctx)?;
    let idle = on.then(|| Duration::from_secs((ms / 1000.0).clamp(0.0, 32_767.0) as u64));
    let stream = state.stream.borrow();
    let done = stream.as_ref().is_some_and(|stream| stream.transport().set_keepalive(idle).is_ok());
    Ok(JsValue::from(done))
}

/// The address of this side or of the peer; undefined where there is none.
pub(super) fn address(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let state = of(args, ctx)?;
    let of_peer = args.get_or_undefined(1).to_boolean();
    let found = state
        .stream
        .borrow()
        .as_ref()
        .and_then(|stream| if of_peer { stream.peer_addr().ok() } else { stream.local_addr().ok() });
    Ok(found.map_or(JsValue::undefined(), |addr| address::object(addr, ctx).into()))
}
