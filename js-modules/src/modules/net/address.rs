//! Addresses between Rust and script.

use std::net::{IpAddr, SocketAddr};

use boa_engine::{Context, JsArgs, JsObject, JsResult, JsString, JsValue};

use crate::host::native::Exports;

/// `{ address, family, port }`.
pub(super) fn object(addr: SocketAddr, ctx: &mut Context) -> JsObject {
    let family = if addr.is_ipv4() { "IPv4" } else { "IPv6" };
    Exports::new(ctx)
        .value("address", JsString::from(text(addr)))
        .value("family", JsString::from(family))
        .value("port", i32::from(addr.port()))
        .finish()
}

/// The address without its port; a link-local one with its interface's number.
pub(super) fn text(addr: SocketAddr) -> String {
    match addr {
        SocketAddr::V6(v6) if v6.scope_id() != 0 => format!("{}%{}", v6.ip(), v6.scope_id()),
        addr => addr.ip().to_string(),
    }
}

/// 4 or 6 for the text of an address, else 0. A zone (`%eth0`) may follow one of version 6.
pub(super) fn ip_family(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let value = args.get_or_undefined(0);
    if value.is_null_or_undefined() || value.is_symbol() {
        return Ok(JsValue::from(0));
    }
    let text = value.to_string(ctx)?.to_std_string_lossy();
    let (bare, zone) = match text.split_once('%') {
        Some((bare, zone)) => (bare, Some(zone)),
        None => (text.as_str(), None),
    };
    let zone_is_good = zone.is_none_or(|zone| {
        !zone.is_empty() && zone.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~".contains(&b))
    });
    Ok(JsValue::from(match bare.parse::<IpAddr>() {
        Ok(IpAddr::V4(_)) if zone.is_none() => 4,
        Ok(IpAddr::V6(_)) if zone_is_good => 6,
        _ => 0,
    }))
}
