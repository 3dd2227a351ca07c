//! Natives: hashes, codes, random numbers, derivation.

use std::cell::RefCell;
use std::num::NonZeroU32;

use boa_engine::object::builtins::JsArray;
use boa_engine::{Context, JsArgs, JsData, JsObject, JsResult, JsString, JsValue};
use boa_gc::{Finalize, Trace};
use ring::rand::{SecureRandom, SystemRandom};

use super::derive::{self, Cost};
use super::failure::Failure;
use super::hash::{Algorithm, Hasher, Hmac};
use super::work::{self, Outcome};
use crate::host::bytes::{ByteView, buffer, bytes_of};
use crate::host::native::{index_argument, invalid_type, text};

enum Running {
    Hash(Algorithm, Hasher, usize),
    Hmac(Hmac),
}

#[derive(Trace, Finalize, JsData)]
struct Handle {
    #[unsafe_ignore_trace]
    running: RefCell<Option<Running>>,
}

fn handle(running: Running, ctx: &mut Context) -> JsValue {
    let prototype = ctx.intrinsics().constructors().object().prototype();
    JsObject::from_proto_and_data(prototype, Handle { running: RefCell::new(Some(running)) }).into()
}

pub(super) fn hashes(_: &JsValue, _: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    Ok(JsArray::from_iter(Algorithm::all().map(|name| JsString::from(name).into()), ctx).into())
}

/// `hashBytes(name)`: the length of its digests, `undefined` for an unknown one.
pub(super) fn hash_bytes(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let found = Algorithm::named(&text(args, 0, ctx)?);
    Ok(found.map_or(JsValue::undefined(), |hash| JsValue::from(hash.output_bytes as u32)))
}

/// The hash that argument `at` names.
pub(super) fn algorithm(args: &[JsValue], at: usize, ctx: &mut Context) -> JsResult<Algorithm> {
    let name = text(args, at, ctx)?;
    Algorithm::named(&name).ok_or_else(|| {
        Failure::of_type("ERR_CRYPTO_INVALID_DIGEST", format!("Invalid digest: {name}")).error(ctx)
    })
}

/// `hash(name, length)`: a handle, `undefined` for an unknown name, `false` for a length it cannot have.
pub(super) fn hash(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let Some(algorithm) = Algorithm::named(&text(args, 0, ctx)?) else {
        return Ok(JsValue::undefined());
    };
    let length = index_argument(args, 1, algorithm.output_bytes, ctx)?;
    if length != algorithm.output_bytes && !algorithm.is_extendable() || length > 1 << 30 {
        return Ok(JsValue::from(false));
    }
    Ok(handle(Running::Hash(algorithm, algorithm.start(), length), ctx))
}

pub(super) fn hmac(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let Some(algorithm) = Algorithm::named(&text(args, 0, ctx)?).filter(|one| !one.is_extendable()) else {
        return Ok(JsValue::undefined());
    };
    let key = ByteView::expect(args.get_or_undefined(1), "key", ctx)?;
    let hmac = key.read(|key| Hmac::new(algorithm, key));
    Ok(handle(Running::Hmac(hmac), ctx))
}

/// `update(handle, bytes or text)`; a text counts as UTF-8.
pub(super) fn update(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let data = args.get_or_undefined(1);
    // Before the handle is borrowed: a conversion may run script.
    let view = ByteView::of(data, ctx)?;
    let owned = if view.is_some() { Vec::new() } else { bytes_of(data, ctx)? };
    with(args, ctx, |running| {
        let mut feed = |bytes: &[u8]| match running.as_mut() {
            Some(Running::Hash(_, hasher, _)) => hasher.update(bytes),
            Some(Running::Hmac(hmac)) => hmac.update(bytes),
            None => {}
        };
        match &view {
            Some(view) => view.read(&mut feed),
            None => feed(&owned),
        }
    })?;
    Ok(JsValue::undefined())
}

/// `copy(handle, length)`: another handle with the same past.
pub(super) fn copy(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let length = args.get_or_undefined(1).clone();
    let copied = with(args, ctx, |running| match running.as_ref() {
        Some(Running::Hash(algorithm, hasher, length)) => {
            Some(Running::Hash(*algorithm, hasher.clone(), *length))
        }
        Some(Running::Hmac(hmac)) => Some(Running::Hmac(hmac.clone())),
        None => None,
    })?;
    let mut copied =
        copied.ok_or_else(|| invalid_type("handle", "a running hash", &JsValue::undefined(), ctx))?;
    // A copy has the usual length again when none is given.
    if let Running::Hash(algorithm, _, current) = &mut copied {
        *current = length.as_number().map_or(algorithm.output_bytes, |wanted| wanted as usize);
        if *current != algorithm.output_bytes && !algorithm.is_extendable() || *current > 1 << 30 {
            return Ok(JsValue::from(false));
        }
    }
    Ok(handle(copied, ctx))
}

/// `digest(handle) -> Buffer`; the handle is used up.
pub(super) fn digest(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let bytes = with(args, ctx, |running| match running.take() {
        Some(Running::Hash(_, hasher, length)) => hasher.finish(length),
        Some(Running::Hmac(hmac)) => hmac.finish(),
        None => Vec::new(),
    })?;
    Ok(buffer(&bytes, ctx)?.into())
}

fn with<T>(args: &[JsValue], ctx: &mut Context, body: impl FnOnce(&mut Option<Running>) -> T) -> JsResult<T> {
    let object = args.get_or_undefined(0).as_object();
    let done =
        object.and_then(|o| o.downcast_ref::<Handle>().map(|handle| body(&mut handle.running.borrow_mut())));
    done.ok_or_else(|| invalid_type("handle", "a running hash", args.get_or_undefined(0), ctx))
}

/// `equal(a, b)` in a time that does not tell where they differ. The lengths are equal: script checked.
pub(super) fn equal(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let a = ByteView::expect(args.get_or_undefined(0), "buf1", ctx)?;
    let b = ByteView::expect(args.get_or_undefined(1), "buf2", ctx)?;
    let differs = a.read(|a| {
        b.read(|b| {
            a.iter()
                .zip(b)
                .fold(a.len() ^ b.len(), |sum, (a, b)| std::hint::black_box(sum | usize::from(a ^ b)))
        })
    });
    Ok(JsValue::from(differs == 0))
}

/// `randomFill(view, offset, size)`.
pub(super) fn random_fill(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let view = ByteView::expect(args.get_or_undefined(0), "buf", ctx)?;
    let from = index_argument(args, 1, 0, ctx)?;
    let size = index_argument(args, 2, usize::MAX, ctx)?;
    let filled = view.write(|bytes| {
        let from = from.min(bytes.len());
        let end = from.saturating_add(size).min(bytes.len());
        SystemRandom::new().fill(&mut bytes[from..end])
    });
    if filled.is_err() {
        return Err(
            Failure::new("ERR_CRYPTO_OPERATION_FAILED", "the system gives no random numbers").error(ctx)
        );
    }
    Ok(JsValue::undefined())
}

/// Bytes that a derivation may give.
fn length(args: &[JsValue], at: usize, ctx: &mut Context) -> JsResult<usize> {
    let length = index_argument(args, at, 0, ctx)?;
    let limit = crate::host::HostShared::of(ctx).budget().max_buffer_bytes;
    if length as u64 > limit {
        let text = format!("Cannot create a Buffer larger than {limit} bytes");
        return Err(Failure::of_range("ERR_BUFFER_TOO_LARGE", text).error(ctx));
    }
    Ok(length)
}

fn bytes(args: &[JsValue], at: usize, ctx: &mut Context) -> JsResult<Vec<u8>> {
    Ok(ByteView::expect(args.get_or_undefined(at), "input", ctx)?.to_vec())
}

/// `pbkdf2(password, salt, rounds, length, hash, callback)`.
pub(super) fn pbkdf2(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let (password, salt) = (bytes(args, 0, ctx)?, bytes(args, 1, ctx)?);
    let rounds = NonZeroU32::new(args.get_or_undefined(2).to_u32(ctx)?).unwrap_or(NonZeroU32::MIN);
    let length = length(args, 3, ctx)?;
    let algorithm = algorithm(args, 4, ctx)?;
    let job = move || {
        let mut out = vec![0; length];
        derive::pbkdf2(algorithm, &password, &salt, rounds, &mut out);
        Ok(Outcome::Bytes(out))
    };
    work::run(Box::new(job), args.get_or_undefined(5).as_function(), ctx)
}

/// `scrypt(password, salt, n, r, p, length, callback)`; script checked the cost against `maxmem`.
pub(super) fn scrypt(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let (password, salt) = (bytes(args, 0, ctx)?, bytes(args, 1, ctx)?);
    let mut number = |at| index_argument(args, at, 0, ctx);
    let cost = Cost { n: number(2)?, r: number(3)?, p: number(4)? };
    let length = length(args, 5, ctx)?;
    let limit = crate::host::HostShared::of(ctx).budget().max_buffer_bytes;
    let memory =
        (cost.n as u64).saturating_add(cost.p as u64).saturating_mul(cost.r as u64).saturating_mul(128);
    if !cost.n.is_power_of_two() || cost.n < 2 || cost.r == 0 || cost.p == 0 || memory > limit {
        return Err(Failure::of_range("ERR_CRYPTO_INVALID_SCRYPT_PARAMS", "Invalid scrypt params").error(ctx));
    }
    let job = move || Ok(Outcome::Bytes(derive::scrypt(&password, &salt, cost, length)));
    work::run(Box::new(job), args.get_or_undefined(6).as_function(), ctx)
}

/// `hkdf(hash, key, salt, info, length, callback)`.
pub(super) fn hkdf(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let algorithm = algorithm(args, 0, ctx)?;
    let (key, salt, info) = (bytes(args, 1, ctx)?, bytes(args, 2, ctx)?, bytes(args, 3, ctx)?);
    let length = length(args, 4, ctx)?;
    if length > 255 * algorithm.output_bytes {
        return Err(Failure::of_range("ERR_CRYPTO_INVALID_KEYLEN", "Invalid key length").error(ctx));
    }
    let job = move || Ok(Outcome::Bytes(derive::hkdf(algorithm, &key, &salt, &info, length)));
    work::run(Box::new(job), args.get_or_undefined(5).as_function(), ctx)
}
