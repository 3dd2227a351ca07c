//! Standard input on the chain.
//!
//! The descriptor stays blocking: it is shared with whoever started us, and so is its mode. It is read only after it
//! said that there is something.

use std::cell::{Cell, RefCell};
use std::io;
use std::os::fd::{AsFd, AsRawFd};
use std::rc::Rc;

use boa_engine::object::builtins::JsFunction;
use boa_engine::{Context, JsArgs, JsData, JsObject, JsResult, JsString, JsValue, js_string};
use boa_gc::{Finalize, Trace};
use microstack::chain::{Cx, Link, LinkId, Wake};
use mio::Interest;
use mio::unix::SourceFd;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::termios::{OptionalActions, OutputModes, Termios, tcgetattr, tcsetattr};

use crate::host::bytes;
use crate::host::native::{describe, function_argument, invalid_type, system_error};
use crate::host::{Hold, HostShared};

/// One piece; Node reads as much.
const PIECE: usize = 64 << 10;

/// What script and link share. Nothing here calls script.
struct State {
    wanted: Cell<bool>,
    ended: Cell<bool>,
    referenced: Cell<bool>,
    link: Cell<Option<LinkId>>,
    hold: Hold,
    /// How the terminal was before the first raw mode.
    before: RefCell<Option<Termios>>,
}

impl State {
    /// Standard input keeps the script alive while it reads.
    fn count(&self) {
        if self.wanted.get() && self.referenced.get() && !self.ended.get() {
            self.hold.count();
        } else {
            self.hold.release();
        }
    }

    fn restore_terminal(&self) {
        if let Some(before) = self.before.borrow_mut().take() {
            // The terminal may be gone; then there is nothing to restore.
            let _ = tcsetattr(io::stdin(), OptionalActions::Now, &before);
        }
    }
}

impl Drop for State {
    fn drop(&mut self) {
        self.restore_terminal();
    }
}

/// Mail to the link: script wants a piece.
struct Poke;

#[derive(Trace, Finalize, JsData)]
struct Handle {
    #[unsafe_ignore_trace]
    state: Rc<State>,
}

pub(super) fn open(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let callback = function_argument(args, 0, "onEvent", ctx)?;
    let shared = HostShared::of(ctx);
    if !shared.sink().owns_process() {
        return Ok(JsValue::undefined());
    }
    let hold = shared.hold();
    hold.release();
    let state = Rc::new(State {
        wanted: Cell::new(false),
        ended: Cell::new(false),
        referenced: Cell::new(true),
        link: Cell::new(None),
        hold,
        before: RefCell::new(None),
    });
    let link = InputLink { state: state.clone(), shared: shared.clone(), callback, watched: false };
    state.link.set(Some(shared.add_link("standard input", link)));
    let prototype = ctx.intrinsics().constructors().object().prototype();
    Ok(JsObject::from_proto_and_data(prototype, Handle { state }).into())
}

pub(super) fn want(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let state = handle(args, ctx)?;
    let wanted = args.get_or_undefined(1).to_boolean();
    if state.wanted.replace(wanted) != wanted {
        state.count();
        if let (true, Some(link)) = (wanted, state.link.get()) {
            // Refused only when the link is gone, and then nothing more can be read.
            let _ = HostShared::of(ctx).chain().mail(link, Box::new(Poke));
        }
    }
    Ok(JsValue::undefined())
}

pub(super) fn set_ref(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let state = handle(args, ctx)?;
    state.referenced.set(args.get_or_undefined(1).to_boolean());
    state.count();
    Ok(JsValue::undefined())
}

/// Each key at once, without echo and without signals; the terminal is set back when the script ends.
pub(super) fn set_raw(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let state = handle(args, ctx)?;
    if !args.get_or_undefined(1).to_boolean() {
        state.restore_terminal();
        return Ok(JsValue::undefined());
    }
    let changed = tcgetattr(io::stdin()).and_then(|now| {
        let mut raw = now.clone();
        raw.make_raw();
        // What is written keeps its line ends, as in Node: only keys are raw.
        raw.output_modes.insert(OutputModes::OPOST | OutputModes::ONLCR);
        tcsetattr(io::stdin(), OptionalActions::Now, &raw)?;
        state.before.borrow_mut().get_or_insert(now);
        Ok(())
    });
    changed.map_err(|e| system_error(&e.into(), "setRawMode", None, ctx))?;
    Ok(JsValue::undefined())
}

fn handle(args: &[JsValue], ctx: &mut Context) -> JsResult<Rc<State>> {
    let object = args.get_or_undefined(0).as_object();
    let state = object.and_then(|o| o.downcast_ref::<Handle>().map(|h| h.state.clone()));
    state.ok_or_else(|| invalid_type("handle", "standard input", args.get_or_undefined(0), ctx))
}

struct InputLink {
    state: Rc<State>,
    shared: Rc<HostShared>,
    callback: JsFunction,
    /// False for files: they are always ready, and cannot be polled.
    watched: bool,
}

impl Link for InputLink {
    fn wake(&mut self, cx: &mut Cx<'_>, wake: Wake) {
        let stdin = io::stdin();
        if wake.start {
            let fd = stdin.as_raw_fd();
            self.watched = cx.register(&mut SourceFd(&fd), 0, Interest::READABLE).is_ok();
        }
        if !self.state.wanted.get() || self.state.ended.get() || (self.watched && !ready()) {
            return;
        }
        let mut piece = vec![0; PIECE];
        match rustix::io::read(stdin.as_fd(), &mut piece) {
            Ok(0) => self.end(cx, None),
            Ok(count) => {
                piece.truncate(count);
                self.state.wanted.set(false);
                let state = self.state.clone();
                self.tell("data", move |ctx| {
                    // Script asks for the next one in the call below, or it does not read any more.
                    state.count();
                    Ok(bytes::buffer(&piece, ctx)?.into())
                });
            }
            Err(Errno::INTR | Errno::AGAIN) => cx.again(),
            // A terminal that was hung up.
            Err(Errno::IO) => self.end(cx, None),
            Err(error) => self.end(cx, Some(error)),
        }
    }
}

impl InputLink {
    fn end(&mut self, cx: &Cx<'_>, error: Option<Errno>) {
        if self.watched {
            let fd = io::stdin().as_raw_fd();
            // It was registered; the chain forgets it with the descriptor otherwise.
            let _ = cx.deregister(&mut SourceFd(&fd));
        }
        self.state.ended.set(true);
        self.state.link.set(None);
        // The task below keeps the script alive from here on.
        match error {
            None => self.tell("end", |_| Ok(JsValue::undefined())),
            Some(error) => {
                let code = describe(&error.into()).0;
                self.tell("error", move |_| Ok(JsString::from(code).into()));
            }
        }
        self.state.count();
        cx.remove_self();
    }

    fn tell(&self, kind: &'static str, argument: impl FnOnce(&mut Context) -> JsResult<JsValue> + 'static) {
        let callback = self.callback.clone();
        self.shared.push(Box::new(move |ctx| {
            let argument = argument(ctx)?;
            callback.call(&JsValue::undefined(), &[js_string!(kind).into(), argument], ctx).map(|_| ())
        }));
    }
}

/// Whether a read would return at once.
fn ready() -> bool {
    let stdin = io::stdin();
    let mut all = [PollFd::new(&stdin, PollFlags::IN)];
    let now = Timespec { tv_sec: 0, tv_nsec: 0 };
    matches!(poll(&mut all, Some(&now)), Ok(1..))
}
