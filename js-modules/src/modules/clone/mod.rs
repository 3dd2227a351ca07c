//! `structuredClone`: what only the engine can say or do to an array buffer; the walk is script.

use boa_engine::object::builtins::JsArrayBuffer;
use boa_engine::{Context, JsArgs, JsObject, JsResult, JsValue};

use crate::host::native::{Exports, invalid_type};
use crate::modules::util;

/// The natives of `util`, and `isDetached(buffer) -> boolean`, `detach(buffer)`.
pub fn init(ctx: &mut Context) -> JsResult<JsObject> {
    let natives = util::init(ctx)?;
    Ok(Exports::on(natives, ctx)
        .function("isDetached", 1, is_detached)
        .function("detach", 1, detach)
        .finish())
}

fn buffer_argument(args: &[JsValue], ctx: &mut Context) -> JsResult<JsArrayBuffer> {
    match args.get_or_undefined(0).as_object().map(JsArrayBuffer::from_object) {
        Some(Ok(buffer)) => Ok(buffer),
        _ => Err(invalid_type("buffer", "an instance of ArrayBuffer", args.get_or_undefined(0), ctx)),
    }
}

fn is_detached(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let buffer = buffer_argument(args, ctx)?;
    let detached = buffer.data().is_none();
    Ok(detached.into())
}

/// Frees the memory; the buffer and its views have no length from here on.
fn detach(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let buffer = buffer_argument(args, ctx)?;
    let memory = buffer.detach(&JsValue::undefined())?;
    drop(memory);
    Ok(JsValue::undefined())
}
