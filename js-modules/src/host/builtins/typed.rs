//! `fill` of typed arrays with a number: the engine sets one element at a time.

use boa_engine::builtins::typed_array::TypedArrayKind;
use boa_engine::object::builtins::JsTypedArray;
use boa_engine::{Context, JsArgs, JsResult, JsValue};

use super::quicken;
use crate::host::bytes::ByteView;

pub(super) fn install(ctx: &mut Context) -> JsResult<()> {
    let prototype = ctx.intrinsics().constructors().typed_array().prototype();
    quicken(&prototype, "fill", 1, fill, ctx)
}

fn fill(this: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<Option<JsValue>> {
    let Some(Ok(array)) = this.as_object().map(JsTypedArray::from_object) else { return Ok(None) };
    let value = args.get_or_undefined(0);
    if !value.is_number() {
        return Ok(None);
    }
    let mut pattern = [0_u8; 8];
    let size = match array.kind() {
        Some(TypedArrayKind::Int8) => put(&mut pattern, &value.to_int8(ctx)?.to_ne_bytes()),
        Some(TypedArrayKind::Uint8) => put(&mut pattern, &value.to_uint8(ctx)?.to_ne_bytes()),
        Some(TypedArrayKind::Uint8Clamped) => put(&mut pattern, &value.to_uint8_clamp(ctx)?.to_ne_bytes()),
        Some(TypedArrayKind::Int16) => put(&mut pattern, &value.to_int16(ctx)?.to_ne_bytes()),
        Some(TypedArrayKind::Uint16) => put(&mut pattern, &value.to_uint16(ctx)?.to_ne_bytes()),
        Some(TypedArrayKind::Int32) => put(&mut pattern, &value.to_i32(ctx)?.to_ne_bytes()),
        Some(TypedArrayKind::Uint32) => put(&mut pattern, &value.to_u32(ctx)?.to_ne_bytes()),
        Some(TypedArrayKind::Float32) => put(&mut pattern, &(value.to_number(ctx)? as f32).to_ne_bytes()),
        Some(TypedArrayKind::Float64) => put(&mut pattern, &value.to_number(ctx)?.to_ne_bytes()),
        _ => return Ok(None),
    };
    let Some(view) = ByteView::of(this, ctx)? else { return Ok(None) };
    let length = view.len() / size;
    // An empty view may be a detached or shrunken one, for which the engine has its errors.
    if length == 0 {
        return Ok(None);
    }
    let Some(start) = relative(args.get_or_undefined(1), 0, length) else { return Ok(None) };
    let Some(end) = relative(args.get_or_undefined(2), length, length) else { return Ok(None) };
    view.write(|bytes| {
        if let Some(part) = bytes.get_mut(start * size..end.max(start) * size) {
            let pattern = &pattern[..size];
            if pattern.iter().all(|&byte| byte == pattern[0]) {
                part.fill(pattern[0]);
            } else {
                part.chunks_exact_mut(size).for_each(|element| element.copy_from_slice(pattern));
            }
        }
    });
    Ok(Some(this.clone()))
}

fn put(pattern: &mut [u8; 8], bytes: &[u8]) -> usize {
    pattern[..bytes.len()].copy_from_slice(bytes);
    bytes.len()
}

/// A relative index that needs no conversion.
fn relative(value: &JsValue, missing: usize, length: usize) -> Option<usize> {
    if value.is_undefined() {
        return Some(missing);
    }
    let number = value.as_number()?.trunc();
    // The casts map NaN and everything negative to 0.
    Some(if number < 0.0 { (length as f64 + number) as usize } else { (number as usize).min(length) })
}
