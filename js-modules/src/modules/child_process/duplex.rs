//! Descriptors beyond the three standard ones: sockets to a child, and those this process was started with.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::os::fd::{FromRawFd, OwnedFd};
use std::rc::Rc;
use std::sync::Arc;

use boa_engine::object::builtins::{JsArray, JsFunction};
use boa_engine::{Context, JsArgs, JsData, JsObject, JsResult, JsString, JsValue, js_string};
use boa_gc::{Finalize, Trace};
use microstack::chain::{Cx, Link, LinkId, Wake};
use microstack::process::{Duplex, DuplexEvent};
use rustix::net::{AddressFamily, SocketFlags, SocketType, socketpair};

use super::options::STDIN_BACKLOG;
use crate::host::bytes::{self, ByteView};
use crate::host::native::{describe, function_argument, invalid_type, system_error};
use crate::host::{Hold, HostShared};
use crate::modules::fs;

/// What script and link share. Nothing here calls script.
struct State {
    queue: RefCell<VecDeque<u8>>,
    open: Cell<bool>,
    close_wanted: Cell<bool>,
    destroyed: Cell<bool>,
    starved: Cell<bool>,
    paused: Cell<bool>,
    link: Cell<Option<LinkId>>,
    poked: Cell<bool>,
    hold: Hold,
}

#[derive(Trace, Finalize, JsData)]
struct Handle {
    #[unsafe_ignore_trace]
    state: Rc<State>,
}

/// A descriptor that waits to be given to a child.
#[derive(Trace, Finalize, JsData)]
struct Descriptor {
    #[unsafe_ignore_trace]
    fd: Rc<RefCell<Option<Arc<OwnedFd>>>>,
}

/// Mail to the link: script wants something.
struct Poke;

impl State {
    fn poke(&self, shared: &HostShared) {
        if let (Some(link), false) = (self.link.get(), self.poked.replace(true)) {
            // Refused only when the link is gone, and then nobody is left to act.
            let _ = shared.chain().mail(link, Box::new(Poke));
        }
    }
}

/// What `options.descriptors` names: a file of this context, a standard stream, or the end of a pair.
pub(super) fn descriptor_of(value: &JsValue, ctx: &mut Context) -> JsResult<Arc<OwnedFd>> {
    if let Some(object) = value.as_object() {
        let held = object.downcast_ref::<Descriptor>().and_then(|d| d.fd.borrow().clone());
        return held.ok_or_else(|| invalid_type("descriptor", "an open descriptor", value, ctx));
    }
    let fd = value.to_i32(ctx)?;
    match fs::descriptor(fd, ctx) {
        Ok(fd) => Ok(Arc::new(fd)),
        Err(e) => Err(system_error(&e, "spawn", None, ctx)),
    }
}

pub(super) fn pair(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let callback = function_argument(args, 0, "onEvent", ctx)?;
    let made = socketpair(AddressFamily::UNIX, SocketType::STREAM, SocketFlags::CLOEXEC, None);
    let (ours, theirs) = made.map_err(|e| system_error(&e.into(), "socketpair", None, ctx))?;
    let stream = start(ours, callback, ctx)?;
    let prototype = ctx.intrinsics().constructors().object().prototype();
    let fd = Rc::new(RefCell::new(Some(Arc::new(theirs))));
    let descriptor = JsObject::from_proto_and_data(prototype, Descriptor { fd });
    Ok(JsArray::from_iter([stream.into(), descriptor.into()], ctx).into())
}

pub(super) fn release(_: &JsValue, args: &[JsValue], _: &mut Context) -> JsResult<JsValue> {
    if let Some(object) = args.get_or_undefined(0).as_object()
        && let Some(descriptor) = object.downcast_ref::<Descriptor>()
    {
        descriptor.fd.borrow_mut().take();
    }
    Ok(JsValue::undefined())
}

/// Only the script that owns the process may take what the process was started with.
pub(super) fn adopt(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let fd = args.get_or_undefined(0).to_i32(ctx)?;
    let callback = function_argument(args, 1, "onEvent", ctx)?;
    let owns = HostShared::of(ctx).sink().owns_process();
    let copied = if owns && fd > 2 { copy_inherited(fd) } else { Err(rustix::io::Errno::BADF.into()) };
    let copy = copied.map_err(|e| system_error(&e, "open", None, ctx))?;
    Ok(start(copy, callback, ctx)?.into())
}

/// A copy of a descriptor by its number; children get neither the copy nor the original.
#[expect(unsafe_code, reason = "an inherited descriptor has no owner yet")]
fn copy_inherited(fd: i32) -> std::io::Result<OwnedFd> {
    // SAFETY: both calls take plain numbers and fail on one that is not open. The flag only keeps children from
    // inheriting it.
    let copy = unsafe {
        libc::fcntl(fd, libc::F_SETFD, libc::FD_CLOEXEC);
        libc::fcntl(fd, libc::F_DUPFD_CLOEXEC, 3)
    };
    if copy < 0 {
        return Err(std::io::Error::last_os_error());
    }
    // SAFETY: the call above just made this descriptor, so nothing else owns it.
    Ok(unsafe { OwnedFd::from_raw_fd(copy) })
}

fn start(fd: OwnedFd, callback: JsFunction, ctx: &mut Context) -> JsResult<JsObject> {
    let duplex = Duplex::new(fd, STDIN_BACKLOG).map_err(|e| system_error(&e, "open", None, ctx))?;
    let shared = HostShared::of(ctx);
    let state = Rc::new(State {
        queue: RefCell::default(),
        open: Cell::new(true),
        close_wanted: Cell::new(false),
        destroyed: Cell::new(false),
        starved: Cell::new(false),
        paused: Cell::new(true),
        link: Cell::new(None),
        poked: Cell::new(false),
        hold: shared.hold(),
    });
    let link = StreamLink { state: state.clone(), shared: shared.clone(), callback, duplex };
    state.link.set(Some(shared.add_link("descriptor", link)));
    let prototype = ctx.intrinsics().constructors().object().prototype();
    Ok(JsObject::from_proto_and_data(prototype, Handle { state }))
}

pub(super) fn write(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let state = handle(args, ctx)?;
    let view = ByteView::expect(args.get_or_undefined(1), "chunk", ctx)?;
    if !state.open.get() || state.close_wanted.get() {
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

pub(super) fn close(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let state = handle(args, ctx)?;
    state.close_wanted.set(true);
    state.poke(&HostShared::of(ctx));
    Ok(JsValue::undefined())
}

pub(super) fn destroy(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let state = handle(args, ctx)?;
    state.destroyed.set(true);
    state.poke(&HostShared::of(ctx));
    Ok(JsValue::undefined())
}

pub(super) fn pause(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let state = handle(args, ctx)?;
    let paused = args.get_or_undefined(1).to_boolean();
    if state.paused.replace(paused) != paused {
        state.poke(&HostShared::of(ctx));
    }
    Ok(JsValue::undefined())
}

pub(super) fn set_ref(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let state = handle(args, ctx)?;
    if args.get_or_undefined(1).to_boolean() && state.link.get().is_some() {
        state.hold.count();
    } else {
        state.hold.release();
    }
    Ok(JsValue::undefined())
}

fn handle(args: &[JsValue], ctx: &mut Context) -> JsResult<Rc<State>> {
    let object = args.get_or_undefined(0).as_object();
    let state = object.and_then(|o| o.downcast_ref::<Handle>().map(|h| h.state.clone()));
    state.ok_or_else(|| invalid_type("stream", "a descriptor's stream", args.get_or_undefined(0), ctx))
}

struct StreamLink {
    state: Rc<State>,
    shared: Rc<HostShared>,
    callback: JsFunction,
    duplex: Duplex,
}

impl Link for StreamLink {
    fn wake(&mut self, cx: &mut Cx<'_>, wake: Wake) {
        let state = self.state.clone();
        state.poked.set(false);
        if state.destroyed.get() {
            self.gone(cx);
            return;
        }
        if wake.start
            && let Err(error) = self.duplex.attach(cx, 0)
        {
            self.tell("closed", Some(error));
            self.tell("end", None);
            self.gone(cx);
            return;
        }
        self.duplex.set_paused(cx, state.paused.get());
        self.duplex.wake(cx, &wake);
        loop {
            self.feed(cx);
            let Some(event) = self.duplex.poll(cx) else { break };
            match event {
                DuplexEvent::Data(data) => {
                    let callback = self.callback.clone();
                    self.shared.push(Box::new(move |ctx| {
                        let data = bytes::buffer(&data, ctx)?;
                        let args = [js_string!("data").into(), data.into()];
                        callback.call(&JsValue::undefined(), &args, ctx).map(|_| ())
                    }));
                }
                DuplexEvent::End => self.tell("end", None),
                DuplexEvent::Closed(error) => {
                    state.open.set(false);
                    state.queue.borrow_mut().clear();
                    self.tell("closed", error);
                }
                // `feed` asks for room by itself.
                _ => {}
            }
        }
        if !self.duplex.is_readable() && !state.open.get() {
            self.gone(cx);
        }
    }
}

impl StreamLink {
    fn gone(&mut self, cx: &Cx<'_>) {
        self.state.link.set(None);
        self.state.hold.release();
        cx.remove_self();
    }

    fn feed(&mut self, cx: &Cx<'_>) {
        let mut queue = self.state.queue.borrow_mut();
        while !queue.is_empty() {
            let taken = self.duplex.write(cx, queue.as_slices().0);
            if taken == 0 {
                break;
            }
            queue.drain(..taken);
        }
        let room = queue.len() <= STDIN_BACKLOG / 2;
        if queue.is_empty() {
            queue.shrink_to(0);
            if self.state.close_wanted.get() && self.duplex.is_writable() {
                self.duplex.close(cx);
            }
        }
        drop(queue);
        if room && self.duplex.is_writable() && self.state.starved.replace(false) {
            self.tell("drain", None);
        }
    }

    fn tell(&self, kind: &'static str, error: Option<std::io::Error>) {
        let callback = self.callback.clone();
        self.shared.push(Box::new(move |ctx| {
            let code = error.map_or(JsValue::undefined(), |e| JsString::from(describe(&e).0).into());
            callback.call(&JsValue::undefined(), &[js_string!(kind).into(), code], ctx).map(|_| ())
        }));
    }
}

impl Drop for StreamLink {
    fn drop(&mut self) {
        self.state.link.set(None);
    }
}
