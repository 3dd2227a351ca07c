//! Natives: keys, signatures, agreement, PKCS#12.

use boa_engine::object::builtins::JsArray;
use boa_engine::{Context, JsArgs, JsResult, JsString, JsValue, js_string};

use super::cipher::Kind;
use super::codec::{self, Form};
use super::digests::algorithm;
use super::failure::Failure;
use super::hash::Algorithm;
use super::key::{self, Curve, Key, MAX_RSA_BITS, Use};
use super::pkcs12 as file;
use super::rsa_text::{self as texts, Fill};
use super::sign::{self as signing, Message, Padding};
use super::work::{self, Outcome};
use crate::host::bytes::{ByteView, buffer};
use crate::host::native::{Exports, index_argument, text};

fn bytes(args: &[JsValue], at: usize, ctx: &mut Context) -> JsResult<Vec<u8>> {
    Ok(ByteView::expect(args.get_or_undefined(at), "input", ctx)?.to_vec())
}

fn optional(args: &[JsValue], at: usize, ctx: &mut Context) -> JsResult<Option<Vec<u8>>> {
    if args.get_or_undefined(at).is_null_or_undefined() { Ok(None) } else { bytes(args, at, ctx).map(Some) }
}

fn capped(args: &[JsValue], at: usize, ctx: &mut Context) -> JsResult<Vec<u8>> {
    let data = bytes(args, at, ctx)?;
    if data.len() > codec::MAX_BYTES {
        let text = format!("a key file has at most {} bytes", codec::MAX_BYTES);
        return Err(Failure::of_range("ERR_OUT_OF_RANGE", text).error(ctx));
    }
    Ok(data)
}

fn given(key: Result<Key, Failure>, ctx: &mut Context) -> JsResult<JsValue> {
    match key {
        Ok(key) => Ok(key::handle(key, ctx).into()),
        Err(failure) => Err(failure.error(ctx)),
    }
}

/// `keyPem(bytes, passphrase, private) -> handle`.
pub(super) fn read_pem(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let data = capped(args, 0, ctx)?;
    let passphrase = optional(args, 1, ctx)?;
    let private = args.get_or_undefined(2).to_boolean();
    given(codec::read_pem(&String::from_utf8_lossy(&data), passphrase.as_deref(), private), ctx)
}

/// `keyDer(bytes, form, passphrase, private) -> handle`.
pub(super) fn read_der(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let data = capped(args, 0, ctx)?;
    let form = form(args, 1, ctx)?;
    let passphrase = optional(args, 2, ctx)?;
    let key = if args.get_or_undefined(3).to_boolean() {
        codec::read_private(&data, form, passphrase.as_deref())
    } else {
        codec::read_public(&data, form).or_else(|failure| {
            codec::read_private(&data, form, passphrase.as_deref()).map(|k| k.public()).map_err(|_| failure)
        })
    };
    given(key, ctx)
}

fn form(args: &[JsValue], at: usize, ctx: &mut Context) -> JsResult<Form> {
    let name = text(args, at, ctx)?;
    Form::named(&name).ok_or_else(|| {
        Failure::of_type(
            "ERR_INVALID_ARG_VALUE",
            format!("The argument 'type' is invalid. Received '{name}'"),
        )
        .error(ctx)
    })
}

/// `keyParts(handle) -> { type, private, curve, bits, n, e, … }`.
pub(super) fn parts(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let key = key::of(args.get_or_undefined(0), ctx)?;
    let mut made = Vec::new();
    for (name, bytes) in key.parts() {
        made.push((name, buffer(&bytes, ctx)?));
    }
    let mut object =
        Exports::new(ctx).value("type", JsString::from(key.type_name())).value("private", key.is_private());
    if let Key::Ec { curve, .. } = &key {
        object = object.value("curve", JsString::from(curve.name()));
    }
    for (name, value) in made {
        object = object.value(name, value);
    }
    Ok(object.finish().into())
}

/// `keyFromParts(type, [parts…]) -> handle`, `undefined` when they are no key. The parts: `rsa` n, e, d, p, q;
/// a curve's name x, y, d; `ed25519` and `x25519` x, d.
pub(super) fn from_parts(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let kind = text(args, 0, ctx)?;
    let mut parts = Vec::new();
    for at in 1..6 {
        parts.push(optional(args, at, ctx)?);
    }
    let part = |at: usize| parts[at].as_deref();
    let made = (|| match kind.as_str() {
        "rsa" => match part(2) {
            Some(d) => Key::rsa_private(part(0)?, part(1)?, d, part(3)?, part(4)?),
            None => Key::rsa_public(part(0)?, part(1)?),
        },
        "ed25519" | "x25519" => {
            let kind = if kind == "ed25519" { Use::Sign } else { Use::Agree };
            match part(1) {
                Some(secret) => Key::edwards_private(kind, secret),
                None => Key::edwards_public(kind, part(0)?),
            }
        }
        _ => {
            let curve = Curve::named(&kind)?;
            match part(2) {
                Some(secret) => Key::ec_private(curve, secret),
                None => Key::ec_public(curve, &[&[4], part(0)?, part(1)?].concat()),
            }
        }
    })();
    Ok(made.map_or(JsValue::undefined(), |key| key::handle(key, ctx).into()))
}

pub(super) fn public(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let key = key::of(args.get_or_undefined(0), ctx)?.public();
    Ok(key::handle(key, ctx).into())
}

/// `keyWrite(handle, form, pem, cipher, passphrase) -> Buffer`.
pub(super) fn write(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let key = key::of(args.get_or_undefined(0), ctx)?;
    let form = form(args, 1, ctx)?;
    let pem = args.get_or_undefined(2).to_boolean();
    let passphrase = optional(args, 4, ctx)?;
    let seal = match &passphrase {
        Some(passphrase) => match Kind::named(&text(args, 3, ctx)?) {
            Some(kind) => Some((kind, passphrase.as_slice())),
            None => return Err(Failure::new("ERR_CRYPTO_UNKNOWN_CIPHER", "Unknown cipher").error(ctx)),
        },
        None => None,
    };
    let written = codec::write_file(&key, form, pem, seal).map_err(|failure| failure.error(ctx))?;
    Ok(buffer(&written, ctx)?.into())
}

pub(super) fn equals(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let (a, b) = (key::of(args.get_or_undefined(0), ctx)?, key::of(args.get_or_undefined(1), ctx)?);
    Ok(JsValue::from(a == b))
}

/// `generateRsa(bits, exponent, callback)`.
pub(super) fn generate_rsa(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let bits = index_argument(args, 0, 0, ctx)?;
    let exponent = args.get_or_undefined(1).to_u32(ctx)?;
    if bits > MAX_RSA_BITS {
        let text = format!("an RSA key has at most {MAX_RSA_BITS} bits");
        return Err(Failure::of_range("ERR_OUT_OF_RANGE", text).error(ctx));
    }
    let job = move || key::generate_rsa(bits, exponent).map(Outcome::Key);
    work::run(Box::new(job), args.get_or_undefined(2).as_function(), ctx)
}

/// `generate(curve or type, callback)`.
pub(super) fn generate(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let name = text(args, 0, ctx)?;
    let job = move || {
        let mut secret = [0; 32];
        rsa::rand_core::RngCore::fill_bytes(&mut key::Random, &mut secret);
        let key = match name.as_str() {
            "ed25519" => Key::edwards_private(Use::Sign, &secret),
            "x25519" => Key::edwards_private(Use::Agree, &secret),
            name => Curve::named(name).and_then(|curve| Key::ec_private(curve, &curve.generate())),
        };
        key.map(Outcome::Key)
            .ok_or_else(|| Failure::of_type("ERR_CRYPTO_INVALID_CURVE", "Invalid EC curve name"))
    };
    work::run(Box::new(job), args.get_or_undefined(1).as_function(), ctx)
}

pub(super) fn agree(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let (mine, other) = (key::of(args.get_or_undefined(0), ctx)?, key::of(args.get_or_undefined(1), ctx)?);
    let shared = key::agree(&mine, &other).map_err(|failure| failure.error(ctx))?;
    Ok(buffer(&shared, ctx)?.into())
}

fn curve(args: &[JsValue], ctx: &mut Context) -> JsResult<Curve> {
    let name = text(args, 0, ctx)?;
    Curve::named(&name)
        .ok_or_else(|| Failure::of_type("ERR_CRYPTO_INVALID_CURVE", "Invalid EC curve name").error(ctx))
}

fn bytes_or_undefined(bytes: Option<Vec<u8>>, ctx: &mut Context) -> JsResult<JsValue> {
    match bytes {
        Some(bytes) => Ok(buffer(&bytes, ctx)?.into()),
        None => Ok(JsValue::undefined()),
    }
}

pub(super) fn curve_generate(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let curve = curve(args, ctx)?;
    Ok(buffer(&curve.generate(), ctx)?.into())
}

/// `curvePublic(curve, secret) -> point`, `undefined` when out of range.
pub(super) fn curve_public(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let curve = curve(args, ctx)?;
    let secret = bytes(args, 1, ctx)?;
    let point = Key::ec_private(curve, &secret).and_then(|key| match key {
        Key::Ec { point, .. } => Some(point),
        _ => None,
    });
    bytes_or_undefined(point, ctx)
}

/// `curvePoint(curve, point, compressed) -> point`, `undefined` when it is not on the curve.
pub(super) fn curve_point(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let curve = curve(args, ctx)?;
    let point = bytes(args, 1, ctx)?;
    bytes_or_undefined(curve.point(&point, args.get_or_undefined(2).to_boolean()), ctx)
}

/// `curveAgree(curve, secret, point) -> shared`, `undefined` when they do not fit.
pub(super) fn curve_agree(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let curve = curve(args, ctx)?;
    let (secret, point) = (bytes(args, 1, ctx)?, bytes(args, 2, ctx)?);
    let shared = match Key::ec_private(curve, &secret) {
        Some(Key::Ec { secret: Some(secret), .. }) => curve.agree(&secret, &point),
        _ => None,
    };
    bytes_or_undefined(shared, ctx)
}

/// The arguments that signing and verifying share.
struct Order {
    key: Key,
    hash: Option<Algorithm>,
    data: Vec<u8>,
    padding: Padding,
    flat: bool,
}

impl Order {
    fn read(args: &[JsValue], ctx: &mut Context) -> JsResult<Order> {
        let key = key::of(args.get_or_undefined(0), ctx)?;
        let hash = if args.get_or_undefined(1).is_null_or_undefined() {
            None
        } else {
            Some(algorithm(args, 1, ctx)?)
        };
        let view = ByteView::expect(args.get_or_undefined(2), "data", ctx)?;
        let is_digest = args.get_or_undefined(3).to_boolean();
        let data = view.read(|data| match hash {
            Some(hash) if !is_digest => hash.of(&[data]),
            _ => data.to_vec(),
        });
        let padding = if args.get_or_undefined(4).to_boolean() {
            let salt = args.get_or_undefined(5).as_number();
            let salt = salt.filter(|salt| *salt >= 0.0).map(|salt| salt as usize);
            let mask = match hash {
                Some(hash) if args.get_or_undefined(6).is_null_or_undefined() => hash,
                _ => algorithm(args, 6, ctx)?,
            };
            Padding::Pss { salt, mask }
        } else {
            Padding::Pkcs1
        };
        Ok(Order { key, hash, data, padding, flat: args.get_or_undefined(7).to_boolean() })
    }

    fn message(&self) -> Message<'_> {
        match self.hash {
            Some(hash) => Message::Digest(hash, &self.data),
            None => Message::Text(&self.data),
        }
    }
}

pub(super) fn sign(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let order = Order::read(args, ctx)?;
    let callback = args.get_or_undefined(8).as_function();
    let job =
        move || signing::sign(&order.key, &order.message(), order.padding, order.flat).map(Outcome::Bytes);
    work::run(Box::new(job), callback, ctx)
}

pub(super) fn verify(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let order = Order::read(args, ctx)?;
    let signature = bytes(args, 8, ctx)?;
    let callback = args.get_or_undefined(9).as_function();
    let job = move || {
        signing::verify(&order.key, &order.message(), &signature, order.padding, order.flat)
            .map(Outcome::Flag)
    };
    work::run(Box::new(job), callback, ctx)
}

/// `rsaText(key, operation, data, padding, hash, label) -> Buffer`: what `publicEncrypt` and its kind do. The padding has
/// the number that OpenSSL gives it.
pub(super) fn rsa_text(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let key = key::of(args.get_or_undefined(0), ctx)?;
    let operation = text(args, 1, ctx)?;
    let data = ByteView::expect(args.get_or_undefined(2), "buffer", ctx)?;
    let fill = match args.get_or_undefined(3).as_number().map(|number| number as i32) {
        Some(1) => Fill::Pkcs1,
        Some(3) => Fill::None,
        Some(4) => {
            Fill::Oaep { hash: algorithm(args, 4, ctx)?, label: optional(args, 5, ctx)?.unwrap_or_default() }
        }
        _ => {
            return Err(Failure::new(
                "ERR_OSSL_RSA_UNKNOWN_PADDING_TYPE",
                "error:02000076:rsa routines::unknown padding type",
            )
            .error(ctx));
        }
    };
    let done = data.read(|data| match operation.as_str() {
        "publicEncrypt" => texts::public_encrypt(&key, data, &fill),
        "privateDecrypt" => texts::private_decrypt(&key, data, &fill),
        "privateEncrypt" => texts::private_encrypt(&key, data, &fill),
        _ => texts::public_decrypt(&key, data, &fill),
    });
    Ok(buffer(&done.map_err(|failure| failure.error(ctx))?, ctx)?.into())
}

/// `pkcs12Read(file, password) -> { key, certificates }`: a key handle or `undefined`, buffers of DER.
pub(super) fn pkcs12_read(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let (data, password) = (capped(args, 0, ctx)?, bytes(args, 1, ctx)?);
    let contents = file::read(&data, &password).map_err(|failure| failure.error(ctx))?;
    let mut list = Vec::new();
    for der in &contents.certificates {
        list.push(buffer(der, ctx)?.into());
    }
    let certificates = JsArray::from_iter(list, ctx);
    let key = contents.key.map_or(JsValue::undefined(), |key| key::handle(key, ctx).into());
    Ok(Exports::new(ctx).value("key", key).value("certificates", certificates).finish().into())
}

/// `pkcs12Write(key, [certificates], password) -> Buffer`; the first certificate is the key's own.
pub(super) fn pkcs12_write(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let key = key::of(args.get_or_undefined(0), ctx)?;
    let mut certificates = Vec::new();
    if let Some(list) = args.get_or_undefined(1).as_object() {
        let length = list.get(js_string!("length"), ctx)?.to_u32(ctx)?.min(64);
        for at in 0..length {
            let one = list.get(at, ctx)?;
            certificates.push(ByteView::expect(&one, "certificate", ctx)?.to_vec());
        }
    }
    let password = bytes(args, 2, ctx)?;
    let written = file::write(&key, &certificates, &password).map_err(|failure| failure.error(ctx))?;
    Ok(buffer(&written, ctx)?.into())
}
