//! Changes of files and folders, as the kernel tells them.

use std::cell::Cell;
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, OwnedFd};
use std::rc::Rc;

use boa_engine::object::builtins::{JsArray, JsFunction};
use boa_engine::{Context, JsArgs, JsData, JsObject, JsResult, JsValue};
use boa_gc::{Finalize, Trace};
use microstack::chain::{Cx, Link, LinkId, Wake};
use mio::Interest;
use mio::unix::SourceFd;
use rustix::fs::inotify::{self, CreateFlags, Reader, WatchFlags};
use rustix::io::Errno;

use super::paths::{Use, checked};
use crate::host::bytes::lossy_text;
use crate::host::native::{function_argument, invalid_type, system_error};
use crate::host::{Hold, HostShared};

/// Batches that may wait for script; then the kernel keeps the events, and says when it lost some.
const ROOM: usize = 256;

struct State {
    link: Cell<Option<LinkId>>,
    hold: Hold,
}

#[derive(Trace, Finalize, JsData)]
struct Handle {
    #[unsafe_ignore_trace]
    state: Rc<State>,
}

pub(super) fn watch(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let (path, given) = checked(args, 0, Use::Read, ctx)?;
    let callback = function_argument(args, 1, "onEvents", ctx)?;
    let wanted = WatchFlags::ATTRIB
        | WatchFlags::CREATE
        | WatchFlags::MODIFY
        | WatchFlags::DELETE
        | WatchFlags::DELETE_SELF
        | WatchFlags::MOVE_SELF
        | WatchFlags::MOVED_FROM
        | WatchFlags::MOVED_TO;
    let opened = inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK)
        .and_then(|fd| inotify::add_watch(&fd, &path, wanted).map(|_| fd));
    let fd = opened.map_err(|e| system_error(&e.into(), "watch", Some(&given), ctx))?;
    let shared = HostShared::of(ctx);
    let state = Rc::new(State { link: Cell::new(None), hold: shared.hold() });
    let link = WatchLink { fd, state: state.clone(), shared: shared.clone(), callback };
    state.link.set(Some(shared.add_link("file watch", link)));
    let prototype = ctx.intrinsics().constructors().object().prototype();
    Ok(JsObject::from_proto_and_data(prototype, Handle { state }).into())
}

pub(super) fn unwatch(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let state = handle(args, ctx)?;
    state.hold.release();
    if let Some(link) = state.link.take() {
        HostShared::of(ctx).chain().remove(link);
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
    state.ok_or_else(|| invalid_type("handle", "a watch", args.get_or_undefined(0), ctx))
}

struct WatchLink {
    fd: OwnedFd,
    state: Rc<State>,
    shared: Rc<HostShared>,
    callback: JsFunction,
}

impl Link for WatchLink {
    fn wake(&mut self, cx: &mut Cx<'_>, wake: Wake) {
        if wake.start
            && let Err(error) = cx.register(&mut SourceFd(&self.fd.as_raw_fd()), 0, Interest::READABLE)
        {
            tracing::warn!(%error, "a file watch cannot be polled");
            self.state.hold.release();
            cx.remove_self();
            return;
        }
        if self.shared.waiting_tasks() >= ROOM {
            // The script is busy; what comes meanwhile stays in the kernel.
            cx.again();
            return;
        }
        let mut space = [MaybeUninit::uninit(); 4096];
        let mut reader = Reader::new(&self.fd, &mut space);
        let mut batch: Vec<(u32, Option<Vec<u8>>)> = Vec::new();
        while batch.len() < 1024 {
            match reader.next() {
                Ok(event) => {
                    batch.push((event.events().bits(), event.file_name().map(|n| n.to_bytes().to_vec())))
                }
                Err(Errno::INTR) => {}
                Err(_) => break,
            }
        }
        if batch.len() == 1024 {
            cx.again();
        }
        if batch.is_empty() {
            return;
        }
        let (callback, state) = (self.callback.clone(), self.state.clone());
        self.shared.push(Box::new(move |ctx| {
            if state.link.get().is_none() {
                return Ok(());
            }
            let mut rows: Vec<JsValue> = Vec::with_capacity(batch.len());
            for (mask, name) in batch {
                let name = name.map_or(JsValue::undefined(), |name| lossy_text(&name).into());
                rows.push(JsArray::from_iter([JsValue::from(mask), name], ctx).into());
            }
            let rows = JsArray::from_iter(rows, ctx);
            callback.call(&JsValue::undefined(), &[rows.into()], ctx).map(|_| ())
        }));
    }
}
