//! `TextEncoder` and `TextDecoder`: the bytes are native.

mod decoder;

use std::cell::RefCell;

use boa_engine::{Context, JsArgs, JsData, JsObject, JsResult, JsString, JsValue};
use boa_gc::{Finalize, Trace};

use crate::host::bytes::{ByteView, buffer};
use crate::host::memory;
use crate::host::native::{ErrorClass, Exports, invalid_type, node_error, text};
use decoder::{Decoder, Encoding};

/// Makes the natives that `encoding.js` builds on:
///
/// * `label(text) -> name`, undefined for an unknown encoding
/// * `decoder(name, fatal, ignoreBOM) -> handle`, `decode(handle, bytes or undefined, stream) -> text`
/// * `encode(text) -> Buffer`, `encodeInto(text, target) -> units read * 2^32 + bytes written`
pub fn init(ctx: &mut Context) -> JsResult<JsObject> {
    Ok(Exports::new(ctx)
        .function("label", 1, label)
        .function("decoder", 3, new_decoder)
        .function("decode", 3, decode)
        .function("encode", 1, encode)
        .function("encodeInto", 2, encode_into)
        .finish())
}

#[derive(Trace, Finalize, JsData)]
struct Handle {
    #[unsafe_ignore_trace]
    decoder: RefCell<Decoder>,
}

fn label(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let known = Encoding::labelled(&text(args, 0, ctx)?);
    Ok(known.map_or(JsValue::undefined(), |encoding| JsString::from(encoding.name()).into()))
}

fn new_decoder(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let Some(encoding) = Encoding::labelled(&text(args, 0, ctx)?) else {
        return Err(invalid_type("encoding", "a known encoding", args.get_or_undefined(0), ctx));
    };
    let (fatal, keep_mark) = (args.get_or_undefined(1).to_boolean(), args.get_or_undefined(2).to_boolean());
    let decoder = RefCell::new(Decoder::new(encoding, fatal, keep_mark));
    let prototype = ctx.intrinsics().constructors().object().prototype();
    Ok(JsObject::from_proto_and_data(prototype, Handle { decoder }).into())
}

fn decode(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let bytes = match args.get_or_undefined(1) {
        value if value.is_undefined() => None,
        value => Some(ByteView::expect(value, "list", ctx)?),
    };
    let stream = args.get_or_undefined(2).to_boolean();
    let object = args.get_or_undefined(0).as_object();
    let done = match object.as_ref().and_then(|o| o.downcast_ref::<Handle>()) {
        Some(handle) => {
            let mut decoder = handle.decoder.borrow_mut();
            match &bytes {
                Some(view) => view.read(|bytes| decoder.decode(bytes, stream)),
                None => decoder.decode(&[], stream),
            }
        }
        None => return Err(invalid_type("handle", "a decoder", args.get_or_undefined(0), ctx)),
    };
    match done {
        Ok(text) => {
            memory::charge(ctx, text.len());
            Ok(text.into())
        }
        Err(name) => {
            let message = format!("The encoded data was not valid for encoding {name}");
            Err(node_error(ErrorClass::Type, "ERR_ENCODING_INVALID_ENCODED_DATA", &message, ctx))
        }
    }
}

fn encode(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let text = text(args, 0, ctx)?;
    Ok(buffer(text.as_bytes(), ctx)?.into())
}

/// Whole characters only; lone halves of pairs become U+FFFD.
fn encode_into(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let text = args.get_or_undefined(0).to_string(ctx)?;
    let target = ByteView::expect(args.get_or_undefined(1), "dest", ctx)?;
    let (read, written) = target.write(|target| {
        let (mut read, mut written) = (0, 0);
        for unit in char::decode_utf16(text.iter()) {
            let one = unit.unwrap_or(char::REPLACEMENT_CHARACTER);
            let Some(room) = target.get_mut(written..written + one.len_utf8()) else { break };
            one.encode_utf8(room);
            written += one.len_utf8();
            read += one.len_utf16();
        }
        (read, written)
    });
    // Both stay far below 2^21 and 2^32 (budget of one buffer), so one number holds them.
    Ok(JsValue::from(read as f64 * 4_294_967_296.0 + written as f64))
}
