//! Natives of the `MeshAgent` module, of `console` and of `process`: calls into the [`AgentPort`].

use std::time::{SystemTime, UNIX_EPOCH};

use boa_engine::{Context, JsArgs, JsObject, JsResult, JsString, JsValue, Source};

use super::container::SWITCH;
use super::port::{AgentRequest, LogLevel, NOT_CONNECTED};
use super::{plain_object, port_of};
use crate::host::HostShared;
use crate::host::bytes::bytes_of;
use crate::host::native::{Exports, text};

/// Natives of `internal/mesh`, `console` and `process`.
pub(super) fn init(ctx: &mut Context) -> JsResult<JsObject> {
    Ok(Exports::new(ctx)
        .function("isConnected", 0, |_, _, ctx| {
            Ok(JsValue::from(port_of(ctx).is_some_and(|port| port.server().is_some())))
        })
        .function("sendText", 1, send_text)
        .function("sendBinary", 1, send_binary)
        .function("utf8", 1, |_, args, ctx| {
            let bytes = bytes_of(args.get_or_undefined(0), ctx)?;
            Ok(JsString::from(String::from_utf8_lossy(&bytes).as_ref()).into())
        })
        .function("server", 0, server)
        .function("meshId", 0, |_, _, ctx| Ok(optional(port_of(ctx).map(|p| p.mesh_id_hex()))))
        .function("serverId", 0, |_, _, ctx| Ok(optional(port_of(ctx).map(|p| p.server_id_hex()))))
        .function("nodeId", 0, |_, _, ctx| Ok(optional(port_of(ctx).and_then(|p| p.node_id_hex()))))
        .function("coreHash", 0, core_hash)
        .function("archId", 0, |_, _, ctx| Ok(JsValue::from(port_of(ctx).map_or(0, |p| p.arch_id()))))
        .function("serviceName", 0, |_, _, ctx| Ok(optional(port_of(ctx).and_then(|p| p.service()))))
        .function("displayName", 0, |_, _, ctx| Ok(optional(port_of(ctx).map(|p| p.display_name()))))
        .function("idleTimeout", 0, |_, _, ctx| {
            Ok(JsValue::from(port_of(ctx).map_or(0, |p| p.idle_timeout_s())))
        })
        .function("startupOptions", 0, |_, _, ctx| {
            let pairs = port_of(ctx).map(|p| p.startup_options()).unwrap_or_default();
            Ok(plain_object(pairs, ctx).into())
        })
        .function("request", 3, request)
        .function("forceExit", 1, |_, args, ctx| {
            let code = args.get_or_undefined(0).to_i32(ctx)?;
            if let Some(port) = port_of(ctx) {
                port.request(AgentRequest::ForceExit(code));
            }
            Ok(JsValue::undefined())
        })
        .function("log", 2, log)
        .function("now", 0, |_, _, ctx| Ok(JsValue::from(ctx.clock().now().millis_since_epoch() as f64)))
        .function("versions", 0, versions)
        .function("evaluate", 1, evaluate)
        .function("hasInput", 0, has_input)
        .finish())
}

/// True for a script of its own: what it is given is its own too.
fn has_input(_: &JsValue, _: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let shared = HostShared::of(ctx);
    Ok(shared.argv().first().is_some_and(|first| first != SWITCH).into())
}

fn optional(value: Option<String>) -> JsValue {
    value.map_or(JsValue::undefined(), |text| JsString::from(text).into())
}

fn send_text(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let text = text(args, 0, ctx)?;
    Ok(JsValue::from(port_of(ctx).map_or(NOT_CONNECTED, |port| port.send_text(&text))))
}

fn send_binary(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let bytes = bytes_of(args.get_or_undefined(0), ctx)?;
    Ok(JsValue::from(port_of(ctx).map_or(NOT_CONNECTED, |port| port.send_binary(&bytes))))
}

fn server(_: &JsValue, _: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let Some(server) = port_of(ctx).and_then(|port| port.server()) else {
        return Ok(JsValue::undefined());
    };
    let text = |text: &str| JsValue::from(JsString::from(text));
    Ok(Exports::new(ctx)
        .value("url", text(&server.url))
        .value("ip", text(&server.ip))
        .value("digest", text(&server.tls_hash_hex))
        .value("fingerprint", text(&server.tls_key_hash_hex))
        .finish()
        .into())
}

fn core_hash(_: &JsValue, _: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let hash = port_of(ctx).and_then(|port| port.core_hash());
    Ok(hash.map_or(JsValue::null(), |hash| {
        JsString::from(hash.iter().map(|b| format!("{b:02X}")).collect::<String>()).into()
    }))
}

fn request(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let wanted = match text(args, 0, ctx)?.as_str() {
        "restartCore" => AgentRequest::RestartCore,
        "disconnect" => AgentRequest::Disconnect,
        "forceExit" => AgentRequest::ForceExit(args.get_or_undefined(1).to_i32(ctx)?),
        "power" => AgentRequest::Power {
            state: args.get_or_undefined(1).to_u32(ctx)?,
            force: args.get_or_undefined(2).to_boolean(),
        },
        _ => return Ok(JsValue::undefined()),
    };
    if let Some(port) = port_of(ctx) {
        port.request(wanted);
    }
    Ok(JsValue::undefined())
}

fn log(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let level = match args.get_or_undefined(0).to_i32(ctx)? {
        0 => LogLevel::Debug,
        1 => LogLevel::Info,
        2 => LogLevel::Warn,
        _ => LogLevel::Error,
    };
    let line = text(args, 1, ctx)?;
    if let Some(port) = port_of(ctx) {
        port.log(level, &line);
    }
    Ok(JsValue::undefined())
}

fn versions(_: &JsValue, _: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let build = port_of(ctx).map(|port| port.build()).unwrap_or_default();
    let pairs = [
        ("meshlite", build.version),
        ("boa", "0.22.0".to_owned()),
        ("commitDate", build.commit_date),
        ("commitHash", build.commit_hash),
        ("compileTime", compile_time(build.compiled_unix_s)),
    ];
    Ok(plain_object(pairs.map(|(k, v)| (k.to_owned(), v)), ctx).into())
}

/// `14:58:51, Nov 21 2022`: MeshCentral's core splits it at `, `.
fn compile_time(unix_s: u64) -> String {
    let unix_s = if unix_s > 0 {
        unix_s
    } else {
        SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs())
    };
    let (days, seconds) = (unix_s / 86_400, unix_s % 86_400);
    let (year, month, day) = civil(days as i64);
    let name =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"][month - 1];
    format!("{:02}:{:02}:{:02}, {name} {day:02} {year}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

/// Year, month from 1 and day of a day number since 1970, in the Gregorian calendar.
fn civil(days: i64) -> (i64, usize, i64) {
    // Days since 0000-03-01; an era is 400 years of 146,097 days.
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month as usize, day)
}

/// `MeshAgent.eval`: the text in the global scope, its completion value.
fn evaluate(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let source = text(args, 0, ctx)?;
    crate::host::nesting::check(&source, HostShared::of(ctx).budget().native_stack_bytes)
        .map_err(|deep| boa_engine::JsNativeError::syntax().with_message(deep.to_string()))?;
    ctx.eval(Source::from_bytes(source.as_bytes()).with_path(std::path::Path::new("eval")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_compile_time_has_a_comma_and_a_blank() {
        assert_eq!(compile_time(1_669_042_731), "14:58:51, Nov 21 2022");
        assert_eq!(compile_time(951_782_400), "00:00:00, Feb 29 2000");
    }
}
