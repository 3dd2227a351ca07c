//! Listening: binds at once, then hands connections to script, a bounded number at a time.

use std::cell::{Cell, RefCell};
use std::net::{IpAddr, SocketAddr};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::rc::Rc;

use boa_engine::object::builtins::JsFunction;
use boa_engine::{Context, JsArgs, JsData, JsObject, JsResult, JsString, JsValue, js_string};
use boa_gc::{Finalize, Trace};
use microstack::chain::{Cx, Link, LinkId, Wake};
use microstack::net::{ListenOptions, Listener};
use microstack::tls::Stream;

use super::address as addresses;
use super::connect::{place, text, unix_path};
use super::failure::Failure;
use super::link::{SocketLink, Start};
use super::state::{Poke, State};
use crate::host::native::{function_argument, invalid_type};
use crate::host::{Hold, HostShared, Need};

/// Connections with script that it has not seen yet; more wait in the kernel.
const MAX_UNSEEN: usize = 64;

struct Server {
    callback: RefCell<Option<JsFunction>>,
    link: Cell<Option<LinkId>>,
    unseen: Cell<usize>,
    address: Option<SocketAddr>,
    hold: Hold,
}

#[derive(Trace, Finalize, JsData)]
struct Handle {
    #[unsafe_ignore_trace]
    server: Rc<Server>,
}

pub(super) fn listen(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let Some(options) = args.get_or_undefined(0).as_object() else {
        return Err(invalid_type("options", "an object", args.get_or_undefined(0), ctx));
    };
    let callback = function_argument(args, 1, "onEvent", ctx)?;
    let shared = HostShared::of(ctx);
    shared.require_handle("listen", ctx)?;
    let backlog = options.get(js_string!("backlog"), ctx)?.to_number(ctx)?;
    let how = ListenOptions {
        reuse_port: options.get(js_string!("reusePort"), ctx)?.to_boolean(),
        only_v6: options.get(js_string!("ipv6Only"), ctx)?.to_boolean(),
        backlog: if backlog >= 1.0 { backlog.min(65_535.0) as i32 } else { 511 },
        ..ListenOptions::default()
    };
    let (listener, file) = match text(&options, "path", ctx)? {
        Some(path) => {
            let full = unix_path(&path, &shared, ctx)?;
            let mode = options.get(js_string!("mode"), ctx)?.to_u32(ctx)?;
            let file = (!path.starts_with('\0')).then(|| full.clone());
            let bound = Listener::bind_unix(&full, &how).and_then(|listener| {
                // Held from here on, so that a failure below removes it as well.
                let file = file.map(SocketFile);
                if let (Some(file), true) = (&file, mode != 0) {
                    let mode = std::fs::metadata(&file.0)?.permissions().mode() | (mode & 0o777);
                    std::fs::set_permissions(&file.0, std::fs::Permissions::from_mode(mode))?;
                }
                Ok((listener, file))
            });
            match bound {
                Ok(bound) => bound,
                Err(error) => {
                    return Ok(Failure::system(&error, "listen").at(Some(path), None).object(ctx).into());
                }
            }
        }
        None => {
            let host = text(&options, "address", ctx)?.unwrap_or_else(|| "::".into());
            let port = options.get(js_string!("port"), ctx)?.to_u32(ctx)? as u16;
            shared.require_permission(Need::Net(&place(&host, port)), ctx)?;
            let bound = match host.parse::<IpAddr>() {
                Ok(ip) => Listener::bind(SocketAddr::new(ip, port), &how),
                Err(_) => Err(std::io::Error::from_raw_os_error(libc::EINVAL)),
            };
            match bound {
                Ok(listener) => (listener, None),
                Err(error) => {
                    let failure = Failure::system(&error, "listen").at(Some(host), Some(port));
                    return Ok(failure.object(ctx).into());
                }
            }
        }
    };
    let server = Rc::new(Server {
        callback: RefCell::new(Some(callback)),
        link: Cell::new(None),
        unseen: Cell::new(0),
        address: listener.local_addr().ok(),
        hold: shared.hold(),
    });
    let link = ListenLink { server: server.clone(), shared: shared.clone(), listener, _file: file };
    server.link.set(Some(shared.add_link("listener", link)));
    let prototype = ctx.intrinsics().constructors().object().prototype();
    Ok(JsObject::from_proto_and_data(prototype, Handle { server }).into())
}

pub(super) fn close(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let server = of(args, ctx)?;
    let Some(link) = server.link.take() else { return Ok(JsValue::undefined()) };
    let shared = HostShared::of(ctx);
    shared.chain().remove(link);
    shared.push(Box::new(move |ctx| {
        let callback = server.callback.borrow_mut().take();
        server.hold.release();
        let Some(callback) = callback else { return Ok(()) };
        callback
            .call(&JsValue::undefined(), &[JsString::from("closed").into(), JsValue::undefined()], ctx)
            .map(|_| ())
    }));
    Ok(JsValue::undefined())
}

pub(super) fn set_ref(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let server = of(args, ctx)?;
    match args.get_or_undefined(1).to_boolean() {
        true if server.link.get().is_some() => server.hold.count(),
        true => {}
        false => server.hold.release(),
    }
    Ok(JsValue::undefined())
}

pub(super) fn address(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let server = of(args, ctx)?;
    Ok(server.address.map_or(JsValue::undefined(), |addr| addresses::object(addr, ctx).into()))
}

fn of(args: &[JsValue], ctx: &mut Context) -> JsResult<Rc<Server>> {
    let object = args.get_or_undefined(0).as_object();
    let server = object.and_then(|o| o.downcast_ref::<Handle>().map(|h| h.server.clone()));
    server.ok_or_else(|| invalid_type("handle", "a listener", args.get_or_undefined(0), ctx))
}

/// The file of a Unix listener goes when the listener does.
struct SocketFile(PathBuf);

impl Drop for SocketFile {
    fn drop(&mut self) {
        // Somebody else may have removed it.
        let _ = std::fs::remove_file(&self.0);
    }
}

struct ListenLink {
    server: Rc<Server>,
    shared: Rc<HostShared>,
    listener: Listener,
    _file: Option<SocketFile>,
}

impl Drop for ListenLink {
    fn drop(&mut self) {
        // See `State::forget_script`.
        if self.shared.ended() {
            drop(self.server.callback.borrow_mut().take());
        }
    }
}

impl Link for ListenLink {
    fn wake(&mut self, cx: &mut Cx<'_>, wake: Wake) {
        if wake.start
            && let Err(error) = self.listener.start(cx, 0)
        {
            tracing::error!(error = %error, "a script's listener cannot be polled");
            cx.remove_self();
            return;
        }
        self.listener.wake(cx, &wake);
        while self.server.unseen.get() < MAX_UNSEEN {
            let Some((transport, _)) = self.listener.poll_any(cx) else { break };
            self.server.unseen.set(self.server.unseen.get() + 1);
            let (server, shared) = (self.server.clone(), self.shared.clone());
            let stream = Stream::plain(transport);
            self.shared.push(Box::new(move |ctx| {
                let unseen = server.unseen.get();
                server.unseen.set(unseen - 1);
                if let (true, Some(link)) = (unseen == MAX_UNSEEN, server.link.get()) {
                    // There is room again. Refused only when the link is gone.
                    let _ = shared.chain().mail(link, Box::new(Poke));
                }
                let callback = server.callback.borrow().clone();
                // Closed since: the peer sees the end.
                let Some(callback) = callback else { return Ok(()) };
                // More than the context may have: the peer sees the end, the script goes on.
                if shared.live_links() >= shared.budget().max_handles {
                    return Ok(());
                }
                let state = State::new(Some(stream), None, &shared);
                let link = SocketLink::new(state.clone(), shared.clone(), Start::Accepted);
                state.link.set(Some(shared.add_link("socket", link)));
                let handle = state.handle(ctx);
                callback
                    .call(&JsValue::undefined(), &[JsString::from("connection").into(), handle.into()], ctx)
                    .map(|_| ())
            }));
        }
        cx.set_timer(self.listener.deadline());
    }
}
