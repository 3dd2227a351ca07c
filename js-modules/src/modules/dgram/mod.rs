//! `dgram`: the natives. Needs the permission `net`: `address:port` of the socket to bind, `host:port` to send.

use std::cell::{Cell, RefCell};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6};
use std::rc::Rc;

use boa_engine::object::builtins::{JsArray, JsFunction};
use boa_engine::{Context, JsArgs, JsData, JsObject, JsResult, JsString, JsValue};
use boa_gc::{Finalize, Trace};
use microstack::chain::{Cx, Link, LinkId, Wake};
use microstack::net::{UdpOptions, UdpSocket};

use crate::host::bytes::{self, ByteView};
use crate::host::native::{Exports, function_argument, invalid_type, string_argument, system_error};
use crate::host::{Hold, HostShared, Need};

/// The largest datagram.
const LARGEST: usize = 65_536;

/// Datagrams that may wait for script; more are lost, as in a full socket.
const ROOM: usize = 1024;

struct State {
    socket: RefCell<Option<UdpSocket>>,
    link: Cell<Option<LinkId>>,
    hold: Hold,
}

#[derive(Trace, Finalize, JsData)]
struct Handle {
    #[unsafe_ignore_trace]
    state: Rc<State>,
}

/// Makes the natives of `dgram.js`:
///
/// * `bind(address, port, { reuse, v6Only }, onMessage) -> handle`; `onMessage(Buffer, address, port)`
/// * `send(handle, bytes, address or undefined, port) -> count`, `connect(handle, address, port)`,
///   `disconnect(handle)`, `close(handle)`, `setRef(handle, boolean)`, `address(handle) -> [address, port]`,
///   `peer(handle)`
/// * `membership(handle, join, group, interface, source or undefined)`, `option(handle, name, value) -> value`
pub fn init(ctx: &mut Context) -> JsResult<JsObject> {
    Ok(Exports::new(ctx)
        .function("bind", 4, bind)
        .function("send", 4, send)
        .function("connect", 3, connect)
        .function("disconnect", 1, disconnect)
        .function("close", 1, close)
        .function("setRef", 2, set_ref)
        .function("address", 1, address)
        .function("peer", 1, peer)
        .function("membership", 5, membership)
        .function("option", 3, option)
        .finish())
}

fn bind(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let text = string_argument(args, 0, "address", ctx)?;
    let port = args.get_or_undefined(1).to_u32(ctx)? as u16;
    let callback = function_argument(args, 3, "onMessage", ctx)?;
    let mut wanted = |name: &str| -> JsResult<bool> {
        let Some(options) = args.get_or_undefined(2).as_object() else { return Ok(false) };
        Ok(options.get(JsString::from(name), ctx)?.to_boolean())
    };
    let (reuse_address, v6_only) = (wanted("reuse")?, wanted("v6Only")?);
    let shared = HostShared::of(ctx);
    shared.require_permission(Need::Net(&name_of(&text, port)), ctx)?;
    let options = UdpOptions { reuse_address, v6_only, ..UdpOptions::default() };
    let opened = parse(&text, port).and_then(|addr| UdpSocket::bind(addr, &options));
    let socket = opened.map_err(|e| failed(&e, "bind", Some((&text, port)), ctx))?;
    let hold = shared.hold();
    let state = Rc::new(State { socket: RefCell::new(Some(socket)), link: Cell::new(None), hold });
    let link = SocketLink { state: state.clone(), shared: shared.clone(), callback, space: vec![0; LARGEST] };
    state.link.set(Some(shared.add_link("datagrams", link)));
    let prototype = ctx.intrinsics().constructors().object().prototype();
    Ok(JsObject::from_proto_and_data(prototype, Handle { state }).into())
}

fn send(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let state = handle(args, ctx)?;
    let data = ByteView::expect(args.get_or_undefined(1), "msg", ctx)?;
    if args.get_or_undefined(2).is_undefined() {
        let sent = with(&state, |s| data.read(|b| s.raw().send(b)));
        return sent.map(|n| JsValue::from(n as f64)).map_err(|e| failed(&e, "send", None, ctx));
    }
    let text = string_argument(args, 2, "address", ctx)?;
    let port = args.get_or_undefined(3).to_u32(ctx)? as u16;
    HostShared::of(ctx).require_permission(Need::Net(&name_of(&text, port)), ctx)?;
    let sent = with(&state, |s| {
        let to = fitting(parse(&text, port)?, s.local_addr()?);
        data.read(|bytes| s.send_to(bytes, to))
    });
    sent.map(|n| JsValue::from(n as f64)).map_err(|e| failed(&e, "send", Some((&text, port)), ctx))
}

/// An IPv4 address as a socket of the other family names it.
fn fitting(to: SocketAddr, local: SocketAddr) -> SocketAddr {
    match (to, local) {
        (SocketAddr::V4(v4), SocketAddr::V6(_)) => {
            SocketAddr::new(v4.ip().to_ipv6_mapped().into(), v4.port())
        }
        _ => to,
    }
}

fn connect(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let state = handle(args, ctx)?;
    let text = string_argument(args, 1, "address", ctx)?;
    let port = args.get_or_undefined(2).to_u32(ctx)? as u16;
    HostShared::of(ctx).require_permission(Need::Net(&name_of(&text, port)), ctx)?;
    let done = with(&state, |s| s.raw().connect(&fitting(parse(&text, port)?, s.local_addr()?).into()));
    done.map(|()| JsValue::undefined()).map_err(|e| failed(&e, "connect", Some((&text, port)), ctx))
}

fn disconnect(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let state = handle(args, ctx)?;
    let done = with(&state, UdpSocket::disconnect);
    done.map(|()| JsValue::undefined()).map_err(|e| failed(&e, "disconnect", None, ctx))
}

fn close(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let state = handle(args, ctx)?;
    state.hold.release();
    if let Some(link) = state.link.take() {
        HostShared::of(ctx).chain().remove(link);
    }
    state.socket.borrow_mut().take();
    Ok(JsValue::undefined())
}

fn set_ref(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let state = handle(args, ctx)?;
    if args.get_or_undefined(1).to_boolean() && state.link.get().is_some() {
        state.hold.count();
    } else {
        state.hold.release();
    }
    Ok(JsValue::undefined())
}

fn address(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let state = handle(args, ctx)?;
    let found = with(&state, UdpSocket::local_addr);
    let found = found.map_err(|e| failed(&e, "getsockname", None, ctx))?;
    Ok(pair(found, ctx))
}

fn peer(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let state = handle(args, ctx)?;
    let found = with(&state, |s| {
        s.raw().peer_addr()?.as_socket().ok_or_else(|| io::Error::from_raw_os_error(libc::ENOTCONN))
    });
    let found = found.map_err(|e| failed(&e, "getpeername", None, ctx))?;
    Ok(pair(found, ctx))
}

fn membership(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let state = handle(args, ctx)?;
    let join = args.get_or_undefined(1).to_boolean();
    let group = string_argument(args, 2, "multicastAddress", ctx)?;
    let text = |at: usize| -> JsResult<Option<String>> {
        let value = args.get_or_undefined(at);
        Ok(value.as_string().map(|t| t.to_std_string_lossy()))
    };
    let (interface, source) = (text(3)?, text(4)?);
    let interface = interface.as_deref();
    HostShared::of(ctx).require_permission(Need::Net(&name_of(&group, 0)), ctx)?;
    let done = with(&state, |s| {
        let raw = s.raw();
        match (parse(&group, 0)?.ip(), source) {
            (IpAddr::V4(group), Some(source)) => {
                let (source, on) = (v4(Some(&source))?, v4(interface)?);
                if join {
                    raw.join_ssm_v4(&source, &group, &on)
                } else {
                    raw.leave_ssm_v4(&source, &group, &on)
                }
            }
            (IpAddr::V4(group), None) => {
                let on = v4(interface)?;
                if join { raw.join_multicast_v4(&group, &on) } else { raw.leave_multicast_v4(&group, &on) }
            }
            (IpAddr::V6(group), None) => {
                let index = interface_index(interface)?;
                if join {
                    raw.join_multicast_v6(&group, index)
                } else {
                    raw.leave_multicast_v6(&group, index)
                }
            }
            (IpAddr::V6(_), Some(_)) => Err(io::Error::from_raw_os_error(libc::EOPNOTSUPP)),
        }
    });
    let call = if join { "addMembership" } else { "dropMembership" };
    done.map(|()| JsValue::undefined()).map_err(|e| system_error(&e, call, None, ctx))
}

/// One setting of the socket by its name in Node; those that only ask are given no value.
fn option(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let state = handle(args, ctx)?;
    let name = string_argument(args, 1, "name", ctx)?;
    let value = args.get_or_undefined(2);
    let (on, text) = (value.to_boolean(), value.as_string().map(|t| t.to_std_string_lossy()));
    let number = value.as_number().unwrap_or(0.0).clamp(0.0, f64::from(i32::MAX)) as u32;
    let done = with(&state, |s| {
        let raw = s.raw();
        let is_v6 = s.local_addr()?.is_ipv6();
        match name.as_str() {
            "setBroadcast" => raw.set_broadcast(on)?,
            "setTTL" if is_v6 => raw.set_unicast_hops_v6(number)?,
            "setTTL" => raw.set_ttl_v4(number)?,
            "setMulticastTTL" if is_v6 => raw.set_multicast_hops_v6(number)?,
            "setMulticastTTL" => raw.set_multicast_ttl_v4(number)?,
            "setMulticastLoopback" if is_v6 => raw.set_multicast_loop_v6(on)?,
            "setMulticastLoopback" => raw.set_multicast_loop_v4(on)?,
            "setMulticastInterface" if is_v6 => raw.set_multicast_if_v6(interface_index(text.as_deref())?)?,
            "setMulticastInterface" => raw.set_multicast_if_v4(&v4(text.as_deref())?)?,
            "setRecvBufferSize" => raw.set_recv_buffer_size(number as usize)?,
            "setSendBufferSize" => raw.set_send_buffer_size(number as usize)?,
            "getRecvBufferSize" => return raw.recv_buffer_size(),
            "getSendBufferSize" => return raw.send_buffer_size(),
            _ => return Err(io::Error::from_raw_os_error(libc::ENOPROTOOPT)),
        }
        Ok(0)
    });
    done.map(|n| JsValue::from(n as f64)).map_err(|e| system_error(&e, &name, None, ctx))
}

fn with<T>(state: &State, body: impl FnOnce(&UdpSocket) -> io::Result<T>) -> io::Result<T> {
    match state.socket.borrow().as_ref() {
        Some(socket) => body(socket),
        None => Err(io::Error::from_raw_os_error(libc::EBADF)),
    }
}

fn name_of(address: &str, port: u16) -> String {
    if address.contains(':') { format!("[{address}]:{port}") } else { format!("{address}:{port}") }
}

/// An address with the zone an IPv6 one may have (`fe80::1%eth0`).
fn parse(text: &str, port: u16) -> io::Result<SocketAddr> {
    let bad = || io::Error::from_raw_os_error(libc::EINVAL);
    if let Some((bare, zone)) = text.split_once('%') {
        let ip: Ipv6Addr = bare.parse().map_err(|_| bad())?;
        return Ok(SocketAddrV6::new(ip, port, 0, zone_index(zone)?).into());
    }
    Ok(SocketAddr::new(text.parse().map_err(|_| bad())?, port))
}

fn v4(text: Option<&str>) -> io::Result<Ipv4Addr> {
    let Some(text) = text else { return Ok(Ipv4Addr::UNSPECIFIED) };
    text.parse().map_err(|_| io::Error::from_raw_os_error(libc::EINVAL))
}

/// `::%eth0` or `::%2`; without a zone any interface.
fn interface_index(text: Option<&str>) -> io::Result<u32> {
    let Some(text) = text else { return Ok(0) };
    let (bare, zone) = text.split_once('%').map_or((text, None), |(bare, zone)| (bare, Some(zone)));
    let _: Ipv6Addr = bare.parse().map_err(|_| io::Error::from_raw_os_error(libc::EINVAL))?;
    zone.map_or(Ok(0), zone_index)
}

fn zone_index(zone: &str) -> io::Result<u32> {
    if let Ok(index) = zone.parse() {
        return Ok(index);
    }
    let none = || io::Error::from_raw_os_error(libc::ENODEV);
    if zone.contains('/') || zone.is_empty() {
        return Err(none());
    }
    let text = std::fs::read_to_string(format!("/sys/class/net/{zone}/ifindex")).map_err(|_| none())?;
    text.trim().parse().map_err(|_| none())
}

fn pair(addr: SocketAddr, ctx: &mut Context) -> JsValue {
    let text = shown(addr);
    JsArray::from_iter([JsString::from(text).into(), JsValue::from(addr.port())], ctx).into()
}

fn shown(addr: SocketAddr) -> String {
    match addr {
        SocketAddr::V6(v6) if v6.scope_id() != 0 => {
            let name = zone_name(v6.scope_id()).unwrap_or_else(|| v6.scope_id().to_string());
            format!("{}%{name}", v6.ip())
        }
        other => other.ip().to_string(),
    }
}

fn zone_name(index: u32) -> Option<String> {
    let wanted = index.to_string();
    std::fs::read_dir("/sys/class/net").ok()?.take(256).find_map(|entry| {
        let entry = entry.ok()?;
        let found = std::fs::read_to_string(entry.path().join("ifindex")).ok()?;
        (found.trim() == wanted).then(|| entry.file_name().to_string_lossy().into_owned())
    })
}

fn failed(error: &io::Error, call: &str, to: Option<(&str, u16)>, ctx: &mut Context) -> boa_engine::JsError {
    let made = system_error(error, call, None, ctx);
    if let (Some((address, port)), Some(object)) = (to, made.as_opaque().and_then(|v| v.as_object())) {
        let shown = if port == 0 { address.to_owned() } else { format!("{address}:{port}") };
        let code = crate::host::native::describe(error).0;
        let extra = [
            ("message", JsValue::from(JsString::from(format!("{call} {code} {shown}")))),
            ("address", JsString::from(address).into()),
            ("port", port.into()),
        ];
        for (name, value) in extra {
            // A fresh error object takes properties.
            let _ = object.set(JsString::from(name), value, false, ctx);
        }
    }
    made
}

fn handle(args: &[JsValue], ctx: &mut Context) -> JsResult<Rc<State>> {
    let object = args.get_or_undefined(0).as_object();
    let state = object.and_then(|o| o.downcast_ref::<Handle>().map(|h| h.state.clone()));
    state.ok_or_else(|| invalid_type("handle", "a datagram socket", args.get_or_undefined(0), ctx))
}

struct SocketLink {
    state: Rc<State>,
    shared: Rc<HostShared>,
    callback: JsFunction,
    space: Vec<u8>,
}

impl Link for SocketLink {
    fn wake(&mut self, cx: &mut Cx<'_>, wake: Wake) {
        let state = self.state.clone();
        let mut slot = state.socket.borrow_mut();
        let Some(socket) = slot.as_mut() else {
            cx.remove_self();
            return;
        };
        if wake.start
            && let Err(error) = socket.start(cx, 0)
        {
            tracing::warn!(%error, "a datagram socket cannot be polled");
            state.hold.release();
            cx.remove_self();
            return;
        }
        socket.wake(&wake);
        while let Some((count, from)) = socket.poll(cx, &mut self.space) {
            let (data, callback) = (self.space[..count].to_vec(), self.callback.clone());
            let state = state.clone();
            let task = Box::new(move |ctx: &mut Context| {
                if state.link.get().is_none() {
                    return Ok(());
                }
                let data = bytes::buffer(&data, ctx)?;
                let args = [data.into(), JsString::from(shown(from)).into(), JsValue::from(from.port())];
                callback.call(&JsValue::undefined(), &args, ctx).map(|_| ())
            });
            // Refused: lost, as a datagram that a full socket does not take.
            let _ = self.shared.try_push(task, ROOM);
        }
    }
}

impl Drop for SocketLink {
    fn drop(&mut self) {
        self.state.link.set(None);
        if let Ok(mut slot) = self.state.socket.try_borrow_mut() {
            slot.take();
        }
    }
}
