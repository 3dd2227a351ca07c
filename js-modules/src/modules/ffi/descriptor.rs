//! Descriptors of C on the chain: `DescriptorEvents`.
//!
//! A watch reports as long as the descriptor is ready, as `select` does: script may read a part of what there is. The
//! chain itself tells of changes only, so a watch is armed anew after each report.

use std::cell::Cell;
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::rc::Rc;

use boa_engine::object::builtins::JsFunction;
use boa_engine::{Context, JsArgs, JsData, JsObject, JsResult, JsValue};
use boa_gc::{Finalize, Trace};
use microstack::chain::{Cx, Link, LinkId, Wake};
use mio::Interest;
use mio::unix::SourceFd;

use super::raw::require_memory;
use crate::host::native::{function_argument, invalid_type, system_error};
use crate::host::{Hold, HostShared};

/// What script holds of a watch.
#[derive(Trace, Finalize, JsData)]
struct Handle {
    #[unsafe_ignore_trace]
    state: Rc<State>,
}

struct State {
    link: Cell<Option<LinkId>>,
    read: Cell<bool>,
    write: Cell<bool>,
    hold: Hold,
}

impl State {
    fn interest(&self) -> Option<Interest> {
        match (self.read.get(), self.write.get()) {
            (true, true) => Some(Interest::READABLE | Interest::WRITABLE),
            (true, false) => Some(Interest::READABLE),
            (false, true) => Some(Interest::WRITABLE),
            (false, false) => None,
        }
    }
}

/// Arm again: script has seen the last report, or what is watched has changed.
struct Again;

struct Watch {
    /// A duplicate: the number that C has may be closed and given to somebody else.
    fd: OwnedFd,
    state: Rc<State>,
    shared: Rc<HostShared>,
    callback: JsFunction,
    registered: bool,
    /// A report is on its way; what comes meanwhile is seen when it is armed again.
    told: bool,
}

/// `watch(descriptor, read, write, callback(readable, writable)) -> watch`
pub(super) fn watch(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    require_memory(ctx)?;
    let callback = function_argument(args, 3, "callback", ctx)?;
    let shared = HostShared::of(ctx);
    shared.require_handle("dup", ctx)?;
    let number = args.get_or_undefined(0).to_i32(ctx)?;
    let fd = duplicate(number).map_err(|error| system_error(&error, "dup", None, ctx))?;
    if !can_be_watched(&fd) {
        // A file on a disk is always ready: there is nothing to wait for.
        let error = io::Error::from_raw_os_error(libc::EPERM);
        return Err(system_error(&error, "epoll_ctl", None, ctx));
    }
    let state = Rc::new(State {
        link: Cell::new(None),
        read: Cell::new(args.get_or_undefined(1).to_boolean()),
        write: Cell::new(args.get_or_undefined(2).to_boolean()),
        hold: shared.hold(),
    });
    let link =
        Watch { fd, state: state.clone(), shared: shared.clone(), callback, registered: false, told: false };
    state.link.set(Some(shared.add_link("descriptor of a script", link)));
    let prototype = ctx.intrinsics().constructors().object().prototype();
    Ok(JsObject::from_proto_and_data(prototype, Handle { state }).into())
}

/// `change(watch, read, write)`
pub(super) fn change(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let state = handle(args, ctx)?;
    state.read.set(args.get_or_undefined(1).to_boolean());
    state.write.set(args.get_or_undefined(2).to_boolean());
    if let Some(link) = state.link.get() {
        // Refused only when it is gone or drowns in mail: then it is armed by what waits there.
        let _ = HostShared::of(ctx).chain().mail(link, Box::new(Again));
    }
    Ok(JsValue::undefined())
}

/// `close(watch)`: closing twice is legal.
pub(super) fn close(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let state = handle(args, ctx)?;
    state.hold.release();
    if let Some(link) = state.link.take() {
        HostShared::of(ctx).chain().remove(link);
    }
    Ok(JsValue::undefined())
}

/// `closeOnExec(descriptor) -> 0 or -1`: what the agent has open ends with its program, not before.
pub(super) fn close_on_exec(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    require_memory(ctx)?;
    let number = args.get_or_undefined(0).to_i32(ctx)?;
    // SAFETY: this changes one flag of a descriptor, open or not.
    let done = unsafe { libc::fcntl(number, libc::F_SETFD, libc::FD_CLOEXEC) };
    Ok(JsValue::from(done))
}

fn handle(args: &[JsValue], ctx: &mut Context) -> JsResult<Rc<State>> {
    let object = args.get_or_undefined(0).as_object();
    let state = object.and_then(|o| o.downcast_ref::<Handle>().map(|h| h.state.clone()));
    state.ok_or_else(|| invalid_type("watch", "a watched descriptor", args.get_or_undefined(0), ctx))
}

fn duplicate(number: RawFd) -> io::Result<OwnedFd> {
    // SAFETY: duplicating needs no valid number, the system says EBADF; the new descriptor is ours alone.
    unsafe {
        match libc::fcntl(number, libc::F_DUPFD_CLOEXEC, 3) {
            -1 => Err(io::Error::last_os_error()),
            fd => Ok(OwnedFd::from_raw_fd(fd)),
        }
    }
}

/// Files and folders cannot be polled.
fn can_be_watched(fd: &OwnedFd) -> bool {
    let Ok(stat) = rustix::fs::fstat(fd) else { return false };
    !matches!(
        rustix::fs::FileType::from_raw_mode(stat.st_mode),
        rustix::fs::FileType::RegularFile | rustix::fs::FileType::Directory
    )
}

impl Watch {
    fn arm(&mut self, cx: &mut Cx<'_>) {
        let fd = self.fd.as_raw_fd();
        let mut source = SourceFd(&fd);
        let done = match (self.state.interest(), self.registered) {
            (Some(interest), false) => cx.register(&mut source, 0, interest),
            // Arming anew reports again what is ready still.
            (Some(interest), true) => cx.reregister(&mut source, 0, interest),
            (None, true) => cx.deregister(&mut source),
            (None, false) => Ok(()),
        };
        self.registered = self.state.interest().is_some();
        if let Err(error) = done {
            tracing::warn!(%error, "a descriptor of a script cannot be polled");
            self.state.hold.release();
            cx.remove_self();
        }
    }
}

impl Link for Watch {
    fn wake(&mut self, cx: &mut Cx<'_>, wake: Wake) {
        if !wake.mail.is_empty() {
            self.told = false;
        }
        if wake.start || !wake.mail.is_empty() {
            self.arm(cx);
            return;
        }
        let read = wake.can_read(0) && self.state.read.get();
        let write = wake.can_write(0) && self.state.write.get();
        if self.told || !(read || write) {
            return;
        }
        self.told = true;
        let (callback, state, id) = (self.callback.clone(), self.state.clone(), cx.id());
        self.shared.push(Box::new(move |ctx| {
            if state.link.get() != Some(id) {
                return Ok(());
            }
            let done = callback.call(&JsValue::undefined(), &[read.into(), write.into()], ctx);
            // A link that was removed meanwhile takes no mail.
            let _ = HostShared::of(ctx).chain().mail(id, Box::new(Again));
            done.map(|_| ())
        }));
    }
}
