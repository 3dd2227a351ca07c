//! `process`: what the system and the owner of the host know.

use std::sync::OnceLock;
use std::time::Instant;

use boa_engine::bigint::JsBigInt;
use boa_engine::object::builtins::JsArray;
use boa_engine::{Context, JsArgs, JsObject, JsResult, JsString, JsValue, js_string};

use crate::host::bytes::bytes_of;
use crate::host::native::{
    ErrorClass, Exports, function_argument, node_error, out_of_range, string_argument, system_error, text,
};
use crate::host::{Dialect, HostShared, Need, ProcessHooks, StandardStream, Tick, memory, unwind};

/// Makes the natives that `process.js` builds on.
pub fn init(ctx: &mut Context) -> JsResult<JsObject> {
    start_time();
    let shared = HostShared::of(ctx);
    let argv: Vec<JsValue> = shared.argv().iter().map(|a| JsString::from(a.as_str()).into()).collect();
    let argv = JsArray::from_iter(argv, ctx);
    Ok(Exports::new(ctx)
        .value("argv", argv)
        .value("execPath", JsString::from(shared.exec_path()))
        .value("arch", js_string!(arch()))
        .value("platform", js_string!(platform()))
        .value("pid", std::process::id())
        .value("ppid", rustix::process::getppid().map_or(0, |p| p.as_raw_nonzero().get()))
        .value("version", js_string!(env!("CARGO_PKG_VERSION")))
        .function("uid", 0, |_, _, _| Ok(JsValue::from(rustix::process::getuid().as_raw())))
        .function("euid", 0, |_, _, _| Ok(JsValue::from(rustix::process::geteuid().as_raw())))
        .function("gid", 0, |_, _, _| Ok(JsValue::from(rustix::process::getgid().as_raw())))
        .function("egid", 0, |_, _, _| Ok(JsValue::from(rustix::process::getegid().as_raw())))
        .function("umask", 1, umask)
        .function("cwd", 0, cwd)
        .function("chdir", 1, chdir)
        .function("envKeys", 0, env_keys)
        .function("envGet", 1, env_get)
        .function("envSet", 2, env_set)
        .function("envDelete", 1, env_delete)
        .function("exit", 1, exit)
        .function("setHooks", 4, set_hooks)
        .function("nextTick", 2, next_tick)
        .function("nanoseconds", 0, nanoseconds)
        .function("hrtime", 0, hrtime)
        .function("resident", 0, |_, _, _| Ok(JsValue::from(memory::resident_bytes() as f64)))
        .function("write", 2, write)
        .value("isNode", shared.dialect() == Dialect::Node)
        .function("kill", 2, kill)
        .function("collect", 0, |_, _, _| {
            memory::collect();
            Ok(JsValue::undefined())
        })
        .finish())
}

/// Node's names of processor families.
pub fn arch() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "x64",
        "aarch64" => "arm64",
        "x86" => "ia32",
        "powerpc64" => "ppc64",
        other => other,
    }
}

/// Node's names of operating systems.
pub fn platform() -> &'static str {
    match std::env::consts::OS {
        "macos" => "darwin",
        "windows" => "win32",
        other => other,
    }
}

/// When the process began to run scripts; the same for all contexts.
pub(crate) fn start_time() -> Instant {
    static START: OnceLock<Instant> = OnceLock::new();
    *START.get_or_init(Instant::now)
}

/// Sets the mask when one is given; the one before. It belongs to the process, so only the owner of the whole program
/// (a script run by name) may change it: cores get an error from the permission check.
fn umask(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let wanted = args.get_or_undefined(0);
    if wanted.is_undefined() {
        // The system has no call that only reads it.
        let before = rustix::process::umask(rustix::fs::Mode::empty());
        rustix::process::umask(before);
        return Ok(JsValue::from(before.bits()));
    }
    let mask = wanted.to_u32(ctx)? & 0o777;
    HostShared::of(ctx).require_permission(Need::FsWrite(std::path::Path::new("/")), ctx)?;
    Ok(JsValue::from(rustix::process::umask(rustix::fs::Mode::from_bits_truncate(mask)).bits()))
}

fn cwd(_: &JsValue, _: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    Ok(JsString::from(HostShared::of(ctx).cwd().display().to_string()).into())
}

fn chdir(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let path = string_argument(args, 0, "directory", ctx)?;
    let shared = HostShared::of(ctx);
    let full = shared.absolute(&path);
    shared.require_permission(Need::FsRead(&full), ctx)?;
    let real = std::fs::canonicalize(&full).map_err(|e| system_error(&e, "chdir", Some(&path), ctx))?;
    shared.require_permission(Need::FsRead(&real), ctx)?;
    if !real.is_dir() {
        let error = std::io::Error::from_raw_os_error(libc::ENOTDIR);
        return Err(system_error(&error, "chdir", Some(&path), ctx));
    }
    shared.set_cwd(real);
    Ok(JsValue::undefined())
}

/// Variables that the manifest does not grant look as if they were not set.
fn env_keys(_: &JsValue, _: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let shared = HostShared::of(ctx);
    let granted = |key: &str| shared.permissions().check(Need::Env(key)).is_ok();
    let keys = shared.env().into_iter().filter(|(key, _)| granted(key));
    let keys: Vec<JsValue> = keys.map(|(key, _)| JsString::from(key).into()).collect();
    Ok(JsArray::from_iter(keys, ctx).into())
}

fn env_get(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let key = text(args, 0, ctx)?;
    let shared = HostShared::of(ctx);
    if shared.permissions().check(Need::Env(&key)).is_err() {
        return Ok(JsValue::undefined());
    }
    let found = shared.env().into_iter().find(|(k, _)| *k == key);
    Ok(found.map_or(JsValue::undefined(), |(_, value)| JsString::from(value).into()))
}

fn env_set(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let (key, value) = (text(args, 0, ctx)?, text(args, 1, ctx)?);
    let shared = HostShared::of(ctx);
    shared.require_permission(Need::Env(&key), ctx)?;
    if key.is_empty() || key.contains(['=', '\0']) || value.contains('\0') {
        let error = std::io::Error::from_raw_os_error(libc::EINVAL);
        return Err(system_error(&error, "setenv", None, ctx));
    }
    shared.set_env(&key, Some(value));
    Ok(JsValue::undefined())
}

fn env_delete(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let key = text(args, 0, ctx)?;
    let shared = HostShared::of(ctx);
    shared.require_permission(Need::Env(&key), ctx)?;
    shared.set_env(&key, None);
    Ok(JsValue::undefined())
}

fn exit(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let code = args.get_or_undefined(0).to_i32(ctx)?;
    HostShared::of(ctx).exit(code);
    Err(unwind())
}

fn set_hooks(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let hook = |at: usize| args.get_or_undefined(at).as_function();
    let hooks =
        ProcessHooks { uncaught: hook(0), unhandled_rejection: hook(1), exit: hook(2), before_exit: hook(3) };
    let old = HostShared::of(ctx).hooks.replace(hooks);
    drop(old);
    Ok(JsValue::undefined())
}

fn next_tick(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let callback = function_argument(args, 0, "callback", ctx)?;
    let shared = HostShared::of(ctx);
    let tick = Tick { callback, args: args.get(1..).unwrap_or_default().to_vec() };
    if !shared.push_tick(tick) {
        let text = "too many callbacks of process.nextTick wait; use setImmediate to let others run";
        return Err(node_error(ErrorClass::Range, "ERR_TOO_MANY_TICKS", text, ctx));
    }
    Ok(JsValue::undefined())
}

/// Nanoseconds since the process started, as a BigInt.
fn nanoseconds(_: &JsValue, _: &[JsValue], _: &mut Context) -> JsResult<JsValue> {
    Ok(JsBigInt::from(start_time().elapsed().as_nanos() as u64).into())
}

fn hrtime(_: &JsValue, _: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let since = start_time().elapsed();
    let parts = [JsValue::from(since.as_secs() as f64), JsValue::from(since.subsec_nanos())];
    Ok(JsArray::from_iter(parts, ctx).into())
}

fn stream_argument(args: &[JsValue], ctx: &mut Context) -> JsResult<StandardStream> {
    match args.get_or_undefined(0).to_i32(ctx)? {
        1 => Ok(StandardStream::Output),
        2 => Ok(StandardStream::Error),
        other => Err(out_of_range("fd", "1 or 2", &other.to_string(), ctx)),
    }
}

pub(crate) fn write(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let to = stream_argument(args, ctx)?;
    let bytes = bytes_of(args.get_or_undefined(1), ctx)?;
    HostShared::of(ctx).sink().write(to, &bytes);
    Ok(JsValue::undefined())
}

/// Sends a signal by number; 0 only asks whether the process exists.
fn kill(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    use rustix::process::{Pid, Signal, kill_process, test_kill_process};
    let pid = args.get_or_undefined(0).to_i32(ctx)?;
    let signal = args.get_or_undefined(1).to_i32(ctx)?;
    HostShared::of(ctx).require_permission(Need::Exec("kill"), ctx)?;
    let Some(target) = Pid::from_raw(pid).filter(|_| pid > 0) else {
        // Zero and negative numbers mean whole groups, ours among them.
        return Err(out_of_range("pid", "a positive number", &pid.to_string(), ctx));
    };
    let done = match (signal, Signal::from_named_raw(signal)) {
        (0, _) => test_kill_process(target),
        (_, Some(signal)) => kill_process(target, signal),
        (_, None) => Err(rustix::io::Errno::INVAL),
    };
    done.map_err(|e| system_error(&e.into(), "kill", None, ctx))?;
    Ok(JsValue::from(true))
}
