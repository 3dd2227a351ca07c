//! Natives of `ScriptContainer`: the wire between a script and a child process that runs another one.
//!
//! Parent and child exchange frames on the child's standard input and output: four bytes of length, little endian,
//! and JSON of that many bytes.

use std::io::Write;

use boa_engine::{Context, JsArgs, JsObject, JsResult, JsValue, js_string};

use crate::host::bytes::bytes_of;
use crate::host::native::{ErrorClass, Exports, node_error, system_error, text};
use crate::host::{HostShared, Permissions};

/// A frame may not be larger than this.
pub(super) const MAX_FRAME: usize = 16 << 20;

/// The word on the command line that makes the program a container.
pub(super) const SWITCH: &str = "--script-container";

pub(super) fn init(ctx: &mut Context) -> JsResult<JsObject> {
    let is_container = HostShared::of(ctx).argv().first().is_some_and(|word| word == SWITCH);
    Ok(Exports::new(ctx)
        .value("maxFrame", MAX_FRAME as f64)
        .value("switch", js_string!(SWITCH))
        .value("isContainer", is_container)
        .function("mayStart", 0, may_start)
        .function("reply", 1, reply)
        .function("evaluate", 1, evaluate)
        .finish())
}

/// A container gets every permission: only a script that has them all may start one.
fn may_start(_: &JsValue, _: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    if *HostShared::of(ctx).permissions() == Permissions::full() {
        return Ok(JsValue::undefined());
    }
    let why = "ScriptContainer.Create(): a container has every permission, this script has not; \
               give it all of them in its manifest";
    Err(node_error(ErrorClass::Error, "ERR_ACCESS_DENIED", why, ctx))
}

/// Sends a frame to the parent. Blocks while the parent reads nothing: a container has nobody else to serve.
fn reply(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let bytes = bytes_of(args.get_or_undefined(0), ctx)?;
    let mut out = std::io::stdout().lock();
    out.write_all(&bytes).and_then(|()| out.flush()).map_err(|e| system_error(&e, "write", None, ctx))?;
    Ok(JsValue::undefined())
}

/// The text as a script of the container.
fn evaluate(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let source = text(args, 0, ctx)?;
    crate::host::nesting::check(&source, HostShared::of(ctx).budget().native_stack_bytes)
        .map_err(|deep| boa_engine::JsNativeError::syntax().with_message(deep.to_string()))?;
    let name = args.get_or_undefined(1);
    let name =
        if name.is_undefined() { "container".into() } else { name.to_string(ctx)?.to_std_string_lossy() };
    let source = boa_engine::Source::from_bytes(source.as_bytes());
    ctx.eval(source.with_path(std::path::Path::new(&name)))
}

/// What the container's standard output carries is frames: lines of its console go to standard error.
pub(super) struct ContainerSink;

impl crate::host::Sink for ContainerSink {
    fn console(&self, _: crate::host::ConsoleLevel, text: &str) -> bool {
        eprintln!("{text}");
        true
    }

    fn write(&self, _: crate::host::StandardStream, bytes: &[u8]) {
        // Nobody is left to tell when it fails.
        let _ = std::io::stderr().write_all(bytes);
    }

    fn owns_process(&self) -> bool {
        true
    }
}
