//! Reading what a script wants to start.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use boa_engine::object::builtins::JsArray;
use boa_engine::{Context, JsArgs, JsObject, JsResult, JsString, JsValue, js_string};
use microstack::process::{Environment, Modes, Pipe, Size, Spawn, SpawnError, Terminal};

use super::duplex;
use crate::host::native::{Exports, describe, invalid_type};
use crate::host::{Allow, HostShared, Need};

/// Bytes queued for a child before script hears that it should wait: Node's default high-water mark, times four.
pub(super) const STDIN_BACKLOG: usize = 64 << 10;

/// The most arguments and variables one program gets; the system's own limit is by bytes.
const MAX_LIST: usize = 65_536;

/// What was asked for, after the permission was checked.
pub(super) struct Wanted {
    pub spawn: Spawn,
    pub detached: bool,
}

/// Reads `{ file, argv0, args, env, cwd, uid, gid, detached, stdio, descriptors, terminal }`. `env` is
/// `[[key, value], …]` or undefined, `descriptors` `[[number, fd or descriptor], …]`, `terminal`
/// `{ rows, columns, input, output, local }`.
pub(super) fn read(args: &[JsValue], ctx: &mut Context) -> JsResult<Wanted> {
    let Some(options) = args.get_or_undefined(0).as_object() else {
        return Err(invalid_type("options", "an object", args.get_or_undefined(0), ctx));
    };
    let shared = HostShared::of(ctx);
    let file = text(&options, "file", ctx)?.unwrap_or_default();
    let cwd = text(&options, "cwd", ctx)?.map_or_else(|| shared.cwd(), |cwd| shared.absolute(&cwd));
    let path = find_program(&file, &cwd, &shared);
    shared.require_permission(Need::Exec(&path.display().to_string()), ctx)?;

    let mut spawn = Spawn::new(path).folder(cwd).max_stdin_backlog(STDIN_BACKLOG);
    spawn = spawn.argv0(text(&options, "argv0", ctx)?.unwrap_or(file));
    spawn = spawn.args(list(&options.get(js_string!("args"), ctx)?, ctx)?);
    let env = options.get(js_string!("env"), ctx)?;
    let pairs = if env.is_null_or_undefined() {
        // What the script may not see, its children do not get either.
        let granted = |key: &str| shared.permissions().check(Need::Env(key)).is_ok();
        let seen = shared.env().into_iter().filter(|(key, _)| granted(key));
        seen.map(|(k, v)| (k.into(), v.into())).collect()
    } else {
        let pairs = pairs(&env, ctx)?;
        refuse_steering(&pairs, &shared, ctx)?;
        pairs
    };
    spawn = spawn.environment(Environment::Replace(pairs));
    if let Some(uid) = number(&options, "uid", ctx)? {
        spawn = spawn.uid(uid);
    }
    if let Some(gid) = number(&options, "gid", ctx)? {
        spawn = spawn.gid(gid);
    }
    let detached = options.get(js_string!("detached"), ctx)?.to_boolean();
    if detached {
        spawn = spawn.own_group();
    }
    let stdio = list(&options.get(js_string!("stdio"), ctx)?, ctx)?;
    let pipe = |at: usize| match stdio.get(at).map(String::as_str) {
        Some("ignore") => Pipe::Null,
        Some("inherit") => Pipe::Inherit,
        _ => Pipe::Piped,
    };
    spawn = spawn.streams(pipe(0), pipe(1), pipe(2));
    let mut given = Vec::new();
    each(&options.get(js_string!("descriptors"), ctx)?, ctx, &mut |item, _| {
        given.push(item);
        Ok(())
    })?;
    for item in given {
        let Some(pair) = item.as_object() else { continue };
        let number = pair.get(0, ctx)?.to_i32(ctx)?;
        let what = pair.get(1, ctx)?;
        spawn = spawn.descriptor(number, duplex::descriptor_of(&what, ctx)?);
    }
    if let Some(terminal) = options.get(js_string!("terminal"), ctx)?.as_object() {
        spawn = spawn.terminal(read_terminal(&terminal, ctx)?);
    }
    Ok(Wanted { spawn, detached })
}

fn read_terminal(options: &JsObject, ctx: &mut Context) -> JsResult<Terminal> {
    let first = Size::default();
    let size = |value: Option<u32>, fallback: u16| match value {
        // A size of nothing is what some senders give when they do not know.
        Some(value @ 1..=0xffff) => value as u16,
        _ => fallback,
    };
    Ok(Terminal {
        size: Size {
            rows: size(number(options, "rows", ctx)?, first.rows),
            columns: size(number(options, "columns", ctx)?, first.columns),
        },
        modes: Modes {
            input: number(options, "input", ctx)?,
            output: number(options, "output", ctx)?,
            local: number(options, "local", ctx)?,
        },
    })
}

/// Variables that make a granted program run code of somebody's choice.
const STEERING: &[&str] = &[
    "BASH_ENV",
    "ENV",
    "GCONV_PATH",
    "GLIBC_TUNABLES",
    "NODE_OPTIONS",
    "NODE_PATH",
    "PERL5LIB",
    "PERL5OPT",
    "PYTHONHOME",
    "PYTHONPATH",
    "PYTHONSTARTUP",
    "RUBYLIB",
    "RUBYOPT",
    "SHELLOPTS",
    "BASHOPTS",
    "PS4",
    "IFS",
    "GIT_SSH_COMMAND",
    "PAGER",
    "EDITOR",
];

/// Where programs are granted one by one, a variable that turns one of them into another needs a grant of its own.
fn refuse_steering(pairs: &[(OsString, OsString)], shared: &HostShared, ctx: &mut Context) -> JsResult<()> {
    if shared.permissions().exec == Allow::Everything {
        return Ok(());
    }
    for (key, _) in pairs {
        let key = key.to_string_lossy();
        if key.starts_with("LD_") || key.starts_with("BASH_FUNC_") || STEERING.contains(&&*key) {
            shared.require_permission(Need::Env(&key), ctx)?;
        }
    }
    Ok(())
}

/// The answer for a program that did not start.
pub(super) fn not_started(error: &SpawnError, ctx: &mut Context) -> JsObject {
    let (code, errno) = match error.os_error() {
        Some(os) => (describe(os).0, os.raw_os_error().map_or(0, |n| -n)),
        None => ("EINVAL", -libc::EINVAL),
    };
    Exports::new(ctx)
        .value("code", JsString::from(code))
        .value("errno", errno)
        .value("text", JsString::from(error.to_string()))
        .finish()
}

/// The path a name stands for; a name that is not found stays as it is, so that the start says so.
fn find_program(file: &str, cwd: &Path, shared: &HostShared) -> PathBuf {
    if file.is_empty() {
        return PathBuf::new();
    }
    if file.contains('/') {
        return cwd.join(file);
    }
    let env = shared.env();
    let path = env.iter().find(|(k, _)| k == "PATH").map_or("/usr/local/bin:/usr/bin:/bin", |(_, v)| v);
    path.split(':')
        .filter(|folder| !folder.is_empty())
        .map(|folder| Path::new(folder).join(file))
        .find(|path| path.is_file())
        .unwrap_or_else(|| PathBuf::from(file))
}

fn text(options: &JsObject, key: &str, ctx: &mut Context) -> JsResult<Option<String>> {
    let value = options.get(JsString::from(key), ctx)?;
    if value.is_null_or_undefined() {
        return Ok(None);
    }
    Ok(Some(value.to_string(ctx)?.to_std_string_lossy()))
}

fn number(options: &JsObject, key: &str, ctx: &mut Context) -> JsResult<Option<u32>> {
    let value = options.get(JsString::from(key), ctx)?;
    if value.is_null_or_undefined() {
        return Ok(None);
    }
    Ok(Some(value.to_u32(ctx)?))
}

fn list(value: &JsValue, ctx: &mut Context) -> JsResult<Vec<String>> {
    let mut out = Vec::new();
    each(value, ctx, &mut |item, ctx| {
        out.push(item.to_string(ctx)?.to_std_string_lossy());
        Ok(())
    })?;
    Ok(out)
}

fn pairs(value: &JsValue, ctx: &mut Context) -> JsResult<Vec<(OsString, OsString)>> {
    let mut out: Vec<(OsString, OsString)> = Vec::new();
    each(value, ctx, &mut |item, ctx| {
        let pair = list(&item, ctx)?;
        if let [key, value] = pair.as_slice() {
            out.push((key.into(), value.into()));
        }
        Ok(())
    })?;
    Ok(out)
}

fn each(
    value: &JsValue,
    ctx: &mut Context,
    body: &mut dyn FnMut(JsValue, &mut Context) -> JsResult<()>,
) -> JsResult<()> {
    let Some(array) = value.as_object().and_then(|o| JsArray::from_object(o).ok()) else {
        return Ok(());
    };
    let length = array.length(ctx)?.min(MAX_LIST as u64);
    for at in 0..length {
        let item = array.get(at, ctx)?;
        body(item, ctx)?;
    }
    Ok(())
}
