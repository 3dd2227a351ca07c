//! The natives of WebSockets: the handshake's values and frames.

use std::cell::RefCell;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use boa_engine::object::builtins::JsArray;
use boa_engine::{Context, JsArgs, JsData, JsObject, JsResult, JsString, JsValue, js_string};
use boa_gc::{Finalize, Trace};
use ring::rand::{SecureRandom, SystemRandom};

use super::frames::{self, FrameFault, Frames, Message};
use crate::host::bytes::{ByteView, buffer, bytes_of};
use crate::host::memory;
use crate::host::native::{ErrorClass, Exports, index_argument, invalid_type, node_error, text};

/// Adds:
///
/// * `wsKey() -> text`, `wsAccept(key) -> text`: the fields of the handshake
/// * `wsReader(fromClient, maxBytes) -> handle`, `wsFeed(handle, bytes) -> [kind, value, …]`: 1 text, 2 binary, 8 close
///   (`[code or 1005, reason]`), 9 ping, 10 pong, and 16 for a fault (`[close code, text]`)
/// * `wsFrame(opcode, text or bytes, isClient, isLast) -> Buffer`, `wsIsCloseCode(n) -> boolean`
pub(super) fn add(exports: JsObject, ctx: &mut Context) -> JsResult<JsObject> {
    Ok(Exports::on(exports, ctx)
        .function("wsKey", 0, key)
        .function("wsAccept", 1, accept)
        .function("wsReader", 2, reader)
        .function("wsFeed", 2, feed)
        .function("wsFrame", 4, frame)
        .function("wsIsCloseCode", 1, is_close_code)
        .finish())
}

/// What [`feed`] gives for a broken connection; above every opcode.
const FAULT: u8 = 16;

/// Whatever a script asks for: one message is one buffer.
const MAX_MESSAGE: usize = 256 * 1024 * 1024;

/// Section 7.4.1: the peer gave no code.
const NO_STATUS: u16 = 1005;

#[derive(Trace, Finalize, JsData)]
struct Reader {
    #[unsafe_ignore_trace]
    frames: RefCell<Frames>,
}

fn random<const N: usize>(ctx: &mut Context) -> JsResult<[u8; N]> {
    let mut bytes = [0; N];
    match SystemRandom::new().fill(&mut bytes) {
        Ok(()) => Ok(bytes),
        Err(_) => Err(node_error(ErrorClass::Error, "ERR_OPERATION_FAILED", "no random bytes", ctx)),
    }
}

fn key(_: &JsValue, _: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    Ok(JsString::from(STANDARD.encode(random::<16>(ctx)?)).into())
}

/// RFC 6455 section 4.2.2.
fn accept(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let mut input = text(args, 0, ctx)?;
    input.push_str("258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
    let hash = ring::digest::digest(&ring::digest::SHA1_FOR_LEGACY_USE_ONLY, input.as_bytes());
    Ok(JsString::from(STANDARD.encode(hash)).into())
}

fn reader(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let from_client = args.get_or_undefined(0).to_boolean();
    let max = index_argument(args, 1, MAX_MESSAGE, ctx)?.clamp(1, MAX_MESSAGE);
    let reader = Reader { frames: RefCell::new(Frames::new(from_client, max)) };
    memory::charge(ctx, size_of::<Reader>());
    let prototype = ctx.intrinsics().constructors().object().prototype();
    Ok(JsObject::from_proto_and_data(prototype, reader).into())
}

fn feed(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let view = ByteView::expect(args.get_or_undefined(1), "bytes", ctx)?;
    let object = args.get_or_undefined(0).as_object();
    let mut messages = Vec::new();
    let done = match object.as_ref().and_then(|o| o.downcast_ref::<Reader>()) {
        Some(reader) => {
            let mut frames = reader.frames.borrow_mut();
            view.read(|bytes| frames.feed(bytes, &mut messages))
        }
        None => return Err(invalid_type("handle", "a reader", args.get_or_undefined(0), ctx)),
    };
    let mut flat: Vec<JsValue> = Vec::with_capacity(messages.len() * 2 + 2);
    for message in messages {
        let (kind, value) = match message {
            Message::Text(text) => {
                memory::charge(ctx, text.len());
                (frames::opcode::TEXT, JsString::from(text).into())
            }
            Message::Binary(bytes) => (frames::opcode::BINARY, buffer(&bytes, ctx)?.into()),
            Message::Ping(bytes) => (frames::opcode::PING, buffer(&bytes, ctx)?.into()),
            Message::Pong(bytes) => (frames::opcode::PONG, buffer(&bytes, ctx)?.into()),
            Message::Close(code, reason) => {
                (frames::opcode::CLOSE, pair(code.unwrap_or(NO_STATUS), &reason, ctx))
            }
        };
        flat.extend([i32::from(kind).into(), value]);
    }
    if let Err(FrameFault { close, text }) = done {
        flat.extend([i32::from(FAULT).into(), pair(close, text, ctx)]);
    }
    Ok(JsArray::from_iter(flat, ctx).into())
}

fn pair(code: u16, text: &str, ctx: &mut Context) -> JsValue {
    let parts: [JsValue; 2] = [code.into(), js_string!(text).into()];
    JsArray::from_iter(parts, ctx).into()
}

fn frame(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let opcode = args.get_or_undefined(0).to_u32(ctx)? as u8 & 0x0F;
    let (client, last) = (args.get_or_undefined(2).to_boolean(), args.get(3).is_none_or(JsValue::to_boolean));
    let payload = match args.get_or_undefined(1) {
        none if none.is_undefined() => Vec::new(),
        value => bytes_of(value, ctx)?,
    };
    let mask = if client { Some(random::<4>(ctx)?) } else { None };
    Ok(buffer(&frames::frame(opcode, last, &payload, mask), ctx)?.into())
}

fn is_close_code(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let code = args.get_or_undefined(0).to_number(ctx)?;
    Ok((code.fract() == 0.0 && code < 5000.0 && frames::is_close_code(code as u16)).into())
}
