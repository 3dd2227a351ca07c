//! Connecting: what script wants, and the link that does it.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use boa_engine::{Context, JsArgs, JsObject, JsResult, JsString, JsValue, js_string};
use microstack::net::{DialOptions, Family, Resolver};

use super::link::{SocketLink, Start};
use super::state::State;
use crate::host::native::{function_argument, invalid_type};
use crate::host::{HostShared, Need};

/// How long an attempt may take when script names no time; the system itself gives up after about two minutes.
const CONNECT_TIME: Duration = Duration::from_secs(120);

thread_local! {
    /// One for the chain's thread: it starts threads only when names are asked, and they end when idle.
    static RESOLVER: Resolver = Resolver::new();
}

pub(super) fn connect(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let Some(options) = args.get_or_undefined(0).as_object() else {
        return Err(invalid_type("options", "an object", args.get_or_undefined(0), ctx));
    };
    let callback = function_argument(args, 1, "onEvent", ctx)?;
    let shared = HostShared::of(ctx);
    let path = text(&options, "path", ctx)?;
    let start = match path {
        Some(path) => Start::Unix(unix_path(&path, &shared, ctx)?, path),
        None => {
            let host = text(&options, "host", ctx)?.unwrap_or_else(|| "localhost".into());
            let port = options.get(js_string!("port"), ctx)?.to_u32(ctx)? as u16;
            shared.require_permission(Need::Net(&place(&host, port)), ctx)?;
            let time = options.get(js_string!("timeout"), ctx)?.to_number(ctx)?;
            let time = if time > 0.0 { Duration::from_millis(time.min(1e9) as u64) } else { CONNECT_TIME };
            let mut dial =
                DialOptions::new(host, port, RESOLVER.with(Resolver::clone), Instant::now() + time);
            dial.attempt_timeout = time;
            dial.family = match options.get(js_string!("family"), ctx)?.to_number(ctx)? {
                4.0 => Family::V4,
                6.0 => Family::V6,
                _ => Family::Any,
            };
            dial.local = local(&options, dial.family, ctx)?;
            if let (Some(local), Family::Any) = (dial.local, dial.family) {
                dial.family = if local.is_ipv4() { Family::V4 } else { Family::V6 };
            }
            Start::Dial(Box::new(dial))
        }
    };
    shared.require_handle("connect", ctx)?;
    let state = State::new(None, Some(callback), &shared);
    let link = SocketLink::new(state.clone(), shared.clone(), start);
    state.link.set(Some(shared.add_link("socket", link)));
    Ok(state.handle(ctx).into())
}

/// The absolute path of a Unix socket, permission checked; a name that begins with NUL is the kernel's own space.
pub(super) fn unix_path(path: &str, shared: &HostShared, ctx: &mut Context) -> JsResult<PathBuf> {
    let full = if path.starts_with('\0') { PathBuf::from(path) } else { shared.absolute(path) };
    shared.require_permission(Need::Net(&format!("unix:{}", full.display())), ctx)?;
    Ok(short(full))
}

/// The kernel takes 107 bytes; a relative path may only have grown by the folder put in front of it.
fn short(full: PathBuf) -> PathBuf {
    const SUN_PATH: usize = 108;
    if full.as_os_str().len() < SUN_PATH {
        return full;
    }
    let real = full.parent().and_then(|folder| folder.canonicalize().ok());
    real.zip(full.file_name()).map_or_else(|| full.clone(), |(folder, name)| folder.join(name))
}

/// `host:port` as a manifest spells it.
pub(super) fn place(host: &str, port: u16) -> String {
    if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
}

fn local(options: &JsObject, family: Family, ctx: &mut Context) -> JsResult<Option<SocketAddr>> {
    let address = text(options, "localAddress", ctx)?;
    let port = options.get(js_string!("localPort"), ctx)?;
    let port = if port.is_undefined() { 0 } else { port.to_u32(ctx)? as u16 };
    let ip = match (address.map(|text| text.parse::<IpAddr>()), port, family) {
        (Some(Ok(ip)), ..) => ip,
        // Script checked it before.
        (Some(Err(_)), ..) | (None, 0, _) => return Ok(None),
        (None, _, Family::V6) => IpAddr::from([0u16; 8]),
        (None, _, _) => IpAddr::from([0u8; 4]),
    };
    Ok(Some(SocketAddr::new(ip, port)))
}

pub(super) fn text(options: &JsObject, key: &str, ctx: &mut Context) -> JsResult<Option<String>> {
    let value = options.get(JsString::from(key), ctx)?;
    if value.is_null_or_undefined() {
        return Ok(None);
    }
    Ok(Some(value.to_string(ctx)?.to_std_string_lossy()))
}
