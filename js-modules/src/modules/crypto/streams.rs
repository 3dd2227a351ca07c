//! Natives: running ciphers.

use std::cell::RefCell;

use boa_engine::object::builtins::JsArray;
use boa_engine::{Context, JsArgs, JsData, JsObject, JsResult, JsString, JsValue};
use boa_gc::{Finalize, Trace};

use super::cipher::{Cipher, Kind};
use super::failure::Failure;
use crate::host::bytes::{ByteView, buffer};
use crate::host::native::{Exports, invalid_type, text};

#[derive(Trace, Finalize, JsData)]
struct Handle {
    #[unsafe_ignore_trace]
    cipher: RefCell<Cipher>,
}

pub(super) fn ciphers(_: &JsValue, _: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    Ok(JsArray::from_iter(Kind::all().map(|name| JsString::from(name).into()), ctx).into())
}

/// `cipherInfo(name or nid) -> { name, nid, mode, keyLength, ivLength, blockSize }`.
pub(super) fn cipher_info(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let kind = match args.get_or_undefined(0).as_number() {
        Some(nid) => Kind::with_nid(nid as i32),
        None => Kind::named(&text(args, 0, ctx)?),
    };
    let Some(kind) = kind else { return Ok(JsValue::undefined()) };
    Ok(Exports::new(ctx)
        .value("name", JsString::from(kind.name))
        .value("nid", kind.nid)
        .value("mode", JsString::from(kind.chaining.name()))
        .value("keyLength", kind.key_bytes as u32)
        .value("ivLength", kind.iv_bytes as u32)
        .value("blockSize", kind.block_bytes as u32)
        .finish()
        .into())
}

/// `cipher(name, key, iv, encrypts) -> handle`.
pub(super) fn cipher(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let name = text(args, 0, ctx)?;
    let key = ByteView::expect(args.get_or_undefined(1), "key", ctx)?;
    let iv = ByteView::expect(args.get_or_undefined(2), "iv", ctx)?;
    let encrypts = args.get_or_undefined(3).to_boolean();
    let made = match Kind::named(&name) {
        Some(kind) => key.read(|key| iv.read(|iv| Cipher::new(kind, key, iv, encrypts))),
        None => Err(Failure::of_type("ERR_CRYPTO_UNKNOWN_CIPHER", "Unknown cipher")),
    };
    let cipher = made.map_err(|failure| failure.error(ctx))?;
    let prototype = ctx.intrinsics().constructors().object().prototype();
    Ok(JsObject::from_proto_and_data(prototype, Handle { cipher: RefCell::new(cipher) }).into())
}

fn with<T>(args: &[JsValue], ctx: &mut Context, body: impl FnOnce(&mut Cipher) -> T) -> JsResult<T> {
    let object = args.get_or_undefined(0).as_object();
    let done =
        object.and_then(|o| o.downcast_ref::<Handle>().map(|handle| body(&mut handle.cipher.borrow_mut())));
    done.ok_or_else(|| invalid_type("handle", "a running cipher", args.get_or_undefined(0), ctx))
}

pub(super) fn update(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let data = ByteView::expect(args.get_or_undefined(1), "data", ctx)?;
    let out = with(args, ctx, |cipher| data.read(|data| cipher.update(data)))?;
    Ok(buffer(&out, ctx)?.into())
}

pub(super) fn finish(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let out = with(args, ctx, Cipher::finish)?.map_err(|failure| failure.error(ctx))?;
    Ok(buffer(&out, ctx)?.into())
}

/// `cipherAad(handle, data)`: data that is authenticated, not encrypted; script calls it before any text.
pub(super) fn authenticate(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let data = ByteView::expect(args.get_or_undefined(1), "buffer", ctx)?;
    let done = with(args, ctx, |cipher| match cipher.sealed() {
        Some(aead) => {
            data.read(|data| aead.authenticate(data));
            true
        }
        None => false,
    })?;
    Ok(JsValue::from(done))
}

/// `cipherTag(handle) -> Buffer` of 16 bytes, at the end; `undefined` without authentication.
pub(super) fn tag(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    match with(args, ctx, |cipher| cipher.sealed().map(|aead| aead.tag()))? {
        Some(tag) => Ok(buffer(&tag, ctx)?.into()),
        None => Ok(JsValue::undefined()),
    }
}

pub(super) fn set_padding(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let on = args.get_or_undefined(1).to_boolean();
    with(args, ctx, |cipher| cipher.set_padding(on))?;
    Ok(JsValue::undefined())
}
