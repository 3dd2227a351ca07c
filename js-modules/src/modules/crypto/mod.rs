//! `crypto`: the natives. Classes, argument checks and encodings are script.
//!
//! Hashing of the common functions and Ed25519 are ring's; the block ciphers, the curves and RSA come from RustCrypto.

mod aead;
mod cipher;
mod codec;
mod der;
mod derive;
mod dh;
mod digests;
pub(crate) mod failure;
mod hash;
mod issue;
mod key;
mod keys;
mod pem;
mod pkcs12;
mod primes;
mod rsa_text;
mod sealed;
mod sign;
mod streams;
pub(crate) mod work;
mod x509;

use boa_engine::{Context, JsObject, JsResult};

use crate::host::native::Exports;

/// Makes the natives of `internal/crypto`. Handles are opaque objects; each function checks the kind it is given.
pub fn init(ctx: &mut Context) -> JsResult<JsObject> {
    Ok(Exports::new(ctx)
        // Hashes: names, `hash(name, length)`, `hmac(name, key)`, and what is done with both kinds of handle.
        .function("hashes", 0, digests::hashes)
        .function("hashBytes", 1, digests::hash_bytes)
        .function("hash", 2, digests::hash)
        .function("hmac", 2, digests::hmac)
        .function("update", 3, digests::update)
        .function("copy", 2, digests::copy)
        .function("digest", 1, digests::digest)
        .function("equal", 2, digests::equal)
        .function("randomFill", 3, digests::random_fill)
        // Derivation; with a callback on another thread.
        .function("pbkdf2", 6, digests::pbkdf2)
        .function("scrypt", 7, digests::scrypt)
        .function("hkdf", 6, digests::hkdf)
        // Ciphers.
        .function("ciphers", 0, streams::ciphers)
        .function("cipherInfo", 1, streams::cipher_info)
        .function("cipher", 4, streams::cipher)
        .function("cipherUpdate", 2, streams::update)
        .function("cipherFinal", 1, streams::finish)
        .function("cipherAad", 2, streams::authenticate)
        .function("cipherTag", 1, streams::tag)
        .function("cipherPadding", 2, streams::set_padding)
        // Keys.
        .function("keyPem", 3, keys::read_pem)
        .function("keyDer", 4, keys::read_der)
        .function("keyParts", 1, keys::parts)
        .function("keyFromParts", 2, keys::from_parts)
        .function("keyPublic", 1, keys::public)
        .function("keyWrite", 5, keys::write)
        .function("keyEquals", 2, keys::equals)
        .function("generateRsa", 3, keys::generate_rsa)
        .function("generate", 2, keys::generate)
        .function("agree", 2, keys::agree)
        .function("curveGenerate", 1, keys::curve_generate)
        .function("curvePublic", 2, keys::curve_public)
        .function("curvePoint", 3, keys::curve_point)
        .function("curveAgree", 3, keys::curve_agree)
        // RSA on texts: `(key, operation, data, padding, hash, label)`.
        .function("rsaText", 6, keys::rsa_text)
        // Signatures: `(key, hash, data, isDigest, padding, salt, mask, flat[, signature])`.
        .function("groups", 0, dh::groups)
        .function("groupPrime", 1, dh::group_prime)
        .function("power", 3, dh::power)
        .function("compare", 3, dh::compare)
        .function("checkDh", 2, dh::check)
        .function("isPrime", 3, dh::is_prime)
        .function("findPrime", 5, dh::find_prime)
        .function("sign", 8, keys::sign)
        .function("verify", 9, keys::verify)
        // Certificates and PKCS#12.
        .function("certificate", 1, x509::certificate)
        .function("certificateSignedBy", 2, x509::signed_by)
        .function("selfSigned", 2, issue::self_signed)
        .function("pkcs12Read", 2, keys::pkcs12_read)
        .function("pkcs12Write", 3, keys::pkcs12_write)
        .finish())
}
