//! Keys in their files: PKCS#1, PKCS#8, SPKI, SEC1, as DER or PEM.

use super::cipher::Kind;
use super::der::{
    CONTEXT_0, CONTEXT_1, ENCODED_NULL, OCTET_STRING, OID, Reader, SEQUENCE, algorithm, bit_string, element,
    integer, sequence,
};
use super::failure::Failure;
use super::key::{Curve, Key, Random, Use};
use super::sealed::Password;
use super::{pem, sealed};
use rsa::rand_core::RngCore;

/// Largest key file.
pub const MAX_BYTES: usize = 256 << 10;

const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
const EC: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
const P256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
const P384: &[u8] = &[0x2b, 0x81, 0x04, 0x00, 0x22];
const X25519: &[u8] = &[0x2b, 0x65, 0x6e];
const ED25519: &[u8] = &[0x2b, 0x65, 0x70];

/// What a DER file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    Pkcs1,
    Pkcs8,
    Spki,
    Sec1,
}

impl Form {
    /// By Node's name.
    pub fn named(name: &str) -> Option<Form> {
        match name {
            "pkcs1" => Some(Form::Pkcs1),
            "pkcs8" => Some(Form::Pkcs8),
            "spki" => Some(Form::Spki),
            "sec1" => Some(Form::Sec1),
            _ => None,
        }
    }
}

fn unsupported() -> Failure {
    Failure::new("ERR_OSSL_UNSUPPORTED", "error:1E08010C:DECODER routines::unsupported")
}

/// Reads a PEM text. A private key is wanted, or any key: then the public half of what is found is given.
pub fn read_pem(text: &str, passphrase: Option<&[u8]>, private: bool) -> Result<Key, Failure> {
    for block in pem::blocks(text) {
        let form = match block.label.as_str() {
            "PUBLIC KEY" if !private => return spki(&block.der).ok_or_else(unsupported),
            "RSA PUBLIC KEY" if !private => return pkcs1_public(&block.der).ok_or_else(unsupported),
            "CERTIFICATE" | "X509 CERTIFICATE" | "TRUSTED CERTIFICATE" if !private => {
                return certificate(&block.der).ok_or_else(unsupported);
            }
            "RSA PRIVATE KEY" => Form::Pkcs1,
            "EC PRIVATE KEY" => Form::Sec1,
            "ENCRYPTED PRIVATE KEY" if passphrase.is_none() => return Err(pem::missing()),
            "PRIVATE KEY" | "ENCRYPTED PRIVATE KEY" => Form::Pkcs8,
            _ => continue,
        };
        let der = block.open(passphrase)?;
        return read_private(&der, form, passphrase).map(|key| if private { key } else { key.public() });
    }
    Err(unsupported())
}

/// Reads a private key.
pub fn read_private(der: &[u8], form: Form, passphrase: Option<&[u8]>) -> Result<Key, Failure> {
    match form {
        Form::Pkcs1 => pkcs1_private(der).ok_or_else(unsupported),
        Form::Sec1 => sec1(der, None).ok_or_else(unsupported),
        Form::Spki => Err(unsupported()),
        Form::Pkcs8 => {
            let mut reader = Reader::new(der).inside(SEQUENCE).ok_or_else(unsupported)?;
            if reader.peek() == Some(SEQUENCE) {
                let algorithm = reader.inside(SEQUENCE).ok_or_else(unsupported)?;
                let data = reader.take(OCTET_STRING).ok_or_else(unsupported)?;
                let bytes = passphrase.ok_or_else(|| {
                    Failure::of_type("ERR_MISSING_PASSPHRASE", "Passphrase required for encrypted key")
                })?;
                let open = sealed::open(algorithm, &Password { bytes }, data)?;
                return pkcs8(&open).ok_or_else(|| {
                    Failure::new("ERR_OSSL_BAD_DECRYPT", "error:1C800064:Provider routines::bad decrypt")
                });
            }
            pkcs8(der).ok_or_else(unsupported)
        }
    }
}

/// Reads a public key.
pub fn read_public(der: &[u8], form: Form) -> Result<Key, Failure> {
    match form {
        Form::Spki => spki(der),
        Form::Pkcs1 => pkcs1_public(der),
        _ => None,
    }
    .ok_or_else(unsupported)
}

fn pkcs1_public(der: &[u8]) -> Option<Key> {
    let mut reader = Reader::new(der).inside(SEQUENCE)?;
    Key::rsa_public(reader.number()?, reader.number()?)
}

fn pkcs1_private(der: &[u8]) -> Option<Key> {
    let mut reader = Reader::new(der).inside(SEQUENCE)?;
    reader.number()?;
    let (n, e, d) = (reader.number()?, reader.number()?, reader.number()?);
    Key::rsa_private(n, e, d, reader.number()?, reader.number()?)
}

fn curve(oid: &[u8]) -> Option<Curve> {
    match oid {
        P256 => Some(Curve::P256),
        P384 => Some(Curve::P384),
        _ => None,
    }
}

fn curve_oid(curve: Curve) -> &'static [u8] {
    match curve {
        Curve::P256 => P256,
        Curve::P384 => P384,
    }
}

fn sec1(der: &[u8], known: Option<Curve>) -> Option<Key> {
    let mut reader = Reader::new(der).inside(SEQUENCE)?;
    reader.number()?;
    let secret = reader.take(OCTET_STRING)?;
    let named = match reader.inside(CONTEXT_0) {
        Some(mut parameters) => Some(curve(parameters.take(OID)?)?),
        None => None,
    };
    Key::ec_private(known.or(named)?, secret)
}

fn spki(der: &[u8]) -> Option<Key> {
    let mut reader = Reader::new(der).inside(SEQUENCE)?;
    let mut algorithm = reader.inside(SEQUENCE)?;
    let bits = reader.bits()?;
    match algorithm.take(OID)? {
        RSA => pkcs1_public(bits),
        EC => Key::ec_public(curve(algorithm.take(OID)?)?, bits),
        X25519 => Key::edwards_public(Use::Agree, bits),
        ED25519 => Key::edwards_public(Use::Sign, bits),
        _ => None,
    }
}

fn pkcs8(der: &[u8]) -> Option<Key> {
    let mut reader = Reader::new(der).inside(SEQUENCE)?;
    reader.number()?;
    let mut algorithm = reader.inside(SEQUENCE)?;
    let inner = reader.take(OCTET_STRING)?;
    let edwards = |kind| Key::edwards_private(kind, Reader::new(inner).take(OCTET_STRING)?);
    match algorithm.take(OID)? {
        RSA => pkcs1_private(inner),
        EC => sec1(inner, Some(curve(algorithm.take(OID)?)?)),
        X25519 => edwards(Use::Agree),
        ED25519 => edwards(Use::Sign),
        _ => None,
    }
}

/// The key in a certificate.
pub fn certificate(der: &[u8]) -> Option<Key> {
    let mut body = Reader::new(der).inside(SEQUENCE)?.inside(SEQUENCE)?;
    if body.peek() == Some(CONTEXT_0) {
        body.next()?;
    }
    // Serial number, signature, issuer, validity, subject.
    for _ in 0..5 {
        body.next()?;
    }
    spki(body.raw()?)
}

/// Writes a key; `None` when the form cannot hold it.
pub fn write(key: &Key, form: Form) -> Option<Vec<u8>> {
    let parts = key.parts();
    let part = |name: &str| parts.iter().find(|(n, _)| *n == name).map(|(_, bytes)| bytes.as_slice());
    let number = |name: &str| part(name).map(integer);
    Some(match (form, key) {
        (Form::Pkcs1, Key::Rsa { private: None, .. }) => sequence(&[&number("n")?, &number("e")?]),
        (Form::Pkcs1, Key::Rsa { private: Some(_), .. }) => {
            let mut content = integer(&[]);
            for name in ["n", "e", "d", "p", "q", "dp", "dq", "qi"] {
                content.extend(number(name)?);
            }
            element(SEQUENCE, &content)
        }
        (Form::Sec1, Key::Ec { curve, point, secret: Some(secret) }) => {
            let parameters = element(CONTEXT_0, &element(OID, curve_oid(*curve)));
            private_ec(secret, &parameters, point)
        }
        (Form::Spki, _) => {
            let (identifier, bits) = match key {
                Key::Rsa { .. } => (algorithm(RSA, ENCODED_NULL), write(&key.public(), Form::Pkcs1)?),
                Key::Ec { curve, point, .. } => (ec_algorithm(*curve), point.clone()),
                Key::Edwards { kind, public, .. } => (algorithm(edwards_oid(*kind), &[]), public.to_vec()),
            };
            sequence(&[&identifier, &bit_string(&bits)])
        }
        (Form::Pkcs8, _) => {
            let (identifier, inner) = match key {
                Key::Rsa { private: Some(_), .. } => (algorithm(RSA, ENCODED_NULL), write(key, Form::Pkcs1)?),
                Key::Ec { curve, point, secret: Some(secret) } => {
                    (ec_algorithm(*curve), private_ec(secret, &[], point))
                }
                Key::Edwards { kind, secret: Some(secret), .. } => {
                    (algorithm(edwards_oid(*kind), &[]), element(OCTET_STRING, secret))
                }
                _ => return None,
            };
            sequence(&[&integer(&[]), &identifier, &element(OCTET_STRING, &inner)])
        }
        _ => return None,
    })
}

fn ec_algorithm(curve: Curve) -> Vec<u8> {
    algorithm(EC, &element(OID, curve_oid(curve)))
}

fn edwards_oid(kind: Use) -> &'static [u8] {
    match kind {
        Use::Sign => ED25519,
        Use::Agree => X25519,
    }
}

fn private_ec(secret: &[u8], parameters: &[u8], point: &[u8]) -> Vec<u8> {
    let public = element(CONTEXT_1, &bit_string(point));
    sequence(&[&integer(&[1]), &element(OCTET_STRING, secret), parameters, &public])
}

/// Writes a key as a file: DER, or PEM with its label, encrypted when there is a cipher.
pub fn write_file(
    key: &Key,
    form: Form,
    as_pem: bool,
    seal: Option<(Kind, &[u8])>,
) -> Result<Vec<u8>, Failure> {
    let wrong = || {
        Failure::new(
            "ERR_CRYPTO_INCOMPATIBLE_KEY_OPTIONS",
            format!("The selected key encoding {form:?} can not be used for this key"),
        )
    };
    let mut der = write(key, form).ok_or_else(wrong)?;
    let mut label = match (form, key.is_private()) {
        (Form::Pkcs1, true) => "RSA PRIVATE KEY",
        (Form::Pkcs1, false) => "RSA PUBLIC KEY",
        (Form::Sec1, _) => "EC PRIVATE KEY",
        (Form::Pkcs8, _) => "PRIVATE KEY",
        (Form::Spki, _) => "PUBLIC KEY",
    };
    if let Some((cipher, passphrase)) = seal {
        if form == Form::Pkcs8 {
            let (identifier, data) = sealed::seal(cipher, &Password { bytes: passphrase }, &der)?;
            der = sequence(&[&identifier, &element(OCTET_STRING, &data)]);
            label = "ENCRYPTED PRIVATE KEY";
        } else {
            let mut iv = vec![0; cipher.iv_bytes];
            Random.fill_bytes(&mut iv);
            return pem::write_sealed(label, &der, cipher, passphrase, &iv).map(String::into_bytes);
        }
    }
    Ok(if as_pem { pem::write(label, &der).into_bytes() } else { der })
}

/// The bytes of a `INTEGER` pair, as ECDSA signatures are written.
pub fn signature_parts(signature: &[u8], width: usize) -> Option<Vec<u8>> {
    let mut outer = Reader::new(signature);
    let mut reader = outer.inside(SEQUENCE)?;
    let (r, s) = (reader.number()?, reader.number()?);
    if !reader.is_empty() || !outer.is_empty() {
        return None;
    }
    let mut out = vec![0; width * 2];
    out.get_mut(width.checked_sub(r.len())?..width)?.copy_from_slice(r);
    out.get_mut((width * 2).checked_sub(s.len())?..)?.copy_from_slice(s);
    Some(out)
}

/// The inverse of [`signature_parts`].
pub fn signature_der(parts: &[u8]) -> Vec<u8> {
    let (r, s) = parts.split_at(parts.len() / 2);
    sequence(&[&integer(r), &integer(s)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_form_is_read_as_it_was_written() {
        let keys = [
            Key::ec_private(Curve::P256, &Curve::P256.generate()).unwrap(),
            Key::ec_private(Curve::P384, &Curve::P384.generate()).unwrap(),
            Key::edwards_private(Use::Sign, &[7; 32]).unwrap(),
            Key::edwards_private(Use::Agree, &[7; 32]).unwrap(),
            super::super::key::generate_rsa(1024, 65_537).unwrap(),
        ];
        for key in keys {
            let aes = Kind::named("aes-256-cbc").unwrap();
            for form in [Form::Pkcs1, Form::Pkcs8, Form::Sec1] {
                let Some(der) = write(&key, form) else { continue };
                assert!(read_private(&der, form, None).unwrap() == key);
                let text = write_file(&key, form, true, Some((aes, b"secret"))).unwrap();
                let text = String::from_utf8(text).unwrap();
                assert!(read_pem(&text, Some(b"secret"), true).unwrap() == key, "{text}");
                assert!(read_pem(&text, Some(b"wrong"), true).is_err());
                assert!(read_pem(&text, None, true).is_err());
            }
            let public = write(&key, Form::Spki).unwrap();
            assert!(read_public(&public, Form::Spki).unwrap() == key.public());
            for cut in 0..public.len() {
                assert!(read_public(&public[..cut], Form::Spki).is_err());
            }
        }
    }
}
