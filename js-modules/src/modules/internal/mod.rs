//! Natives of the CommonJS loader for files, and script parts that several modules share.

use std::path::Path;

use boa_engine::object::builtins::JsArray;
use boa_engine::{Context, JsObject, JsResult, JsString, JsValue};

use crate::host::native::{Exports, string_argument, system_error};
use crate::host::{HostShared, Need, PathUse, esm, loader};

/// Makes what `cjs.js` needs: `compile stat readText realpath isBuiltin requireBuiltin builtinNames cwd`.
pub fn init(ctx: &mut Context) -> JsResult<JsObject> {
    Ok(Exports::new(ctx)
        .function("compile", 2, compile)
        .function("stat", 1, stat)
        .function("readText", 1, read_text)
        .function("realpath", 1, real_path)
        .function("isBuiltin", 1, is_builtin)
        .function("requireBuiltin", 1, require_builtin)
        .function("builtinNames", 0, builtin_names)
        .function("cwd", 0, cwd)
        .function("evaluate", 2, evaluate)
        .function("requireModule", 1, require_module)
        .function("requireFacade", 2, require_facade)
        .finish())
}

fn compile(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let source = string_argument(args, 0, "source", ctx)?;
    let file = string_argument(args, 1, "filename", ctx)?;
    let source = source.strip_prefix('\u{feff}').unwrap_or(&source);
    Ok(loader::compile(ctx, loader::NODE_PARAMETERS, source, &file)?.into())
}

/// Runs a text in the global scope, under a name for stack traces, and gives the value of its last statement.
fn evaluate(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let source = string_argument(args, 0, "source", ctx)?;
    let file = string_argument(args, 1, "filename", ctx)?;
    loader::parse(ctx, &source, &file, 0)?.evaluate(ctx)
}

/// Runs an ES module and gives its namespace.
fn require_module(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let file = string_argument(args, 0, "filename", ctx)?;
    Ok(esm::require(ctx, &file)?.into())
}

/// The namespace of an ES module that ran, with `__esModule` in it. The file's address comes second.
fn require_facade(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let file = string_argument(args, 0, "filename", ctx)?;
    let address = string_argument(args, 1, "url", ctx)?;
    Ok(esm::facade(ctx, &file, &address)?.into())
}

/// 0 file, 1 folder, -1 neither. Looking for modules in folders that may not be read finds nothing.
fn stat(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let path = string_argument(args, 0, "path", ctx)?;
    let Ok(path) = HostShared::of(ctx).allowed_path(Path::new(&path), PathUse::Read, ctx) else {
        return Ok(JsValue::from(-1));
    };
    Ok(JsValue::from(match std::fs::metadata(path) {
        Ok(meta) if meta.is_dir() => 1,
        Ok(_) => 0,
        Err(_) => -1,
    }))
}

fn read_text(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let path = string_argument(args, 0, "path", ctx)?;
    // A link could lead out of what may be read.
    let real = std::fs::canonicalize(&path).map_err(|e| system_error(&e, "open", Some(&path), ctx))?;
    HostShared::of(ctx).require_permission(Need::FsRead(&real), ctx)?;
    match std::fs::read(&real) {
        Ok(bytes) => Ok(JsString::from(String::from_utf8_lossy(&bytes).as_ref()).into()),
        Err(error) => Err(system_error(&error, "open", Some(&path), ctx)),
    }
}

/// The path without links; where it cannot be resolved, as it is.
fn real_path(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let path = string_argument(args, 0, "path", ctx)?;
    HostShared::of(ctx).require_permission(Need::FsRead(Path::new(&path)), ctx)?;
    let real = std::fs::canonicalize(&path).map_or(path, |real| real.display().to_string());
    HostShared::of(ctx).require_permission(Need::FsRead(Path::new(&real)), ctx)?;
    Ok(JsString::from(real).into())
}

fn is_builtin(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let id = string_argument(args, 0, "id", ctx)?;
    Ok(loader::exists(ctx, &id).into())
}

fn require_builtin(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let id = string_argument(args, 0, "id", ctx)?;
    loader::require(ctx, &id)
}

fn builtin_names(_: &JsValue, _: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let names = loader::module_names(ctx).into_iter().map(|name| JsString::from(name).into());
    let names: Vec<JsValue> = names.collect();
    Ok(JsArray::from_iter(names, ctx).into())
}

fn cwd(_: &JsValue, _: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    Ok(JsString::from(HostShared::of(ctx).cwd().display().to_string()).into())
}
