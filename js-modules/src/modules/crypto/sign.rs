//! Signatures over digests: RSA PKCS#1 v1.5 and PSS (RFC 8017), ECDSA, Ed25519.

use p256::ecdsa::signature::hazmat::{PrehashSigner, PrehashVerifier};
use ring::signature::{ED25519, Ed25519KeyPair, UnparsedPublicKey};
use rsa::rand_core::RngCore;
use rsa::traits::PublicKeyParts;
use rsa::{BigUint, RsaPublicKey, hazmat};

use super::codec;
use super::der::{ENCODED_NULL, OCTET_STRING, algorithm, element, sequence};
use super::failure::Failure;
use super::hash::Algorithm;
use super::key::{Curve, Key, Random, Use};

/// How RSA fills the space around the digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Padding {
    Pkcs1,
    /// With a salt of so many bytes; when verifying, `None` is any.
    Pss {
        salt: Option<usize>,
        mask: Algorithm,
    },
}

/// What is signed.
pub enum Message<'a> {
    /// A digest by this function.
    Digest(Algorithm, &'a [u8]),
    /// The text itself, for Ed25519.
    Text(&'a [u8]),
}

/// A key that has no part in what is asked.
pub(super) fn unsupported() -> Failure {
    Failure::new(
        "ERR_OSSL_EVP_OPERATION_NOT_SUPPORTED_FOR_THIS_KEYTYPE",
        "error:03000096:digital envelope routines::operation not supported for this keytype",
    )
}

fn too_small() -> Failure {
    Failure::new(
        "ERR_OSSL_RSA_DIGEST_TOO_BIG_FOR_RSA_KEY",
        "error:02000070:rsa routines::digest too big for rsa key",
    )
}

/// Signs; ECDSA signatures are `r` and `s` side by side when `flat`, else DER.
pub fn sign(key: &Key, message: &Message<'_>, padding: Padding, flat: bool) -> Result<Vec<u8>, Failure> {
    match (key, message) {
        (Key::Rsa { private: Some(private), public }, Message::Digest(hash, digest)) => {
            let bits = public.n().bits();
            let block = match padding {
                Padding::Pkcs1 => pkcs1(*hash, digest, bits),
                Padding::Pss { salt, mask } => pss(*hash, mask, digest, salt, bits),
            };
            let number = BigUint::from_bytes_be(&block.ok_or_else(too_small)?);
            let signed = hazmat::rsa_decrypt_and_check(private.as_ref(), Some(&mut Random), &number)
                .map_err(|_| too_small())?;
            Ok(left_padded(&signed.to_bytes_be(), bits.div_ceil(8)))
        }
        (Key::Ec { curve, secret: Some(secret), .. }, Message::Digest(_, digest)) => {
            let digest = at_least(digest, curve.bytes());
            let flat_signature = match curve {
                Curve::P256 => {
                    let key = p256::ecdsa::SigningKey::from_slice(secret).map_err(|_| unsupported())?;
                    let signature: p256::ecdsa::Signature =
                        key.sign_prehash(&digest).map_err(|_| unsupported())?;
                    signature.to_bytes().to_vec()
                }
                Curve::P384 => {
                    let key = p384::ecdsa::SigningKey::from_slice(secret).map_err(|_| unsupported())?;
                    let signature: p384::ecdsa::Signature =
                        key.sign_prehash(&digest).map_err(|_| unsupported())?;
                    signature.to_bytes().to_vec()
                }
            };
            Ok(if flat { flat_signature } else { codec::signature_der(&flat_signature) })
        }
        (Key::Edwards { kind: Use::Sign, secret: Some(secret), .. }, Message::Text(text)) => {
            let pair = Ed25519KeyPair::from_seed_unchecked(secret).map_err(|_| unsupported())?;
            Ok(pair.sign(text).as_ref().to_vec())
        }
        _ => Err(unsupported()),
    }
}

/// True when the signature is the key's.
pub fn verify(
    key: &Key,
    message: &Message<'_>,
    signature: &[u8],
    padding: Padding,
    flat: bool,
) -> Result<bool, Failure> {
    match (key, message) {
        (Key::Rsa { public, .. }, Message::Digest(hash, digest)) => {
            let bits = public.n().bits();
            let Some(block) = opened(public, signature, bits) else { return Ok(false) };
            Ok(match padding {
                Padding::Pkcs1 => pkcs1(*hash, digest, bits).is_some_and(|wanted| wanted == block),
                Padding::Pss { salt, mask } => pss_fits(*hash, mask, digest, &block, salt, bits),
            })
        }
        (Key::Ec { curve, point, .. }, Message::Digest(_, digest)) => {
            let digest = at_least(digest, curve.bytes());
            let parts = if flat {
                Some(signature.to_vec())
            } else {
                codec::signature_parts(signature, curve.bytes())
            };
            let Some(parts) = parts else { return Ok(false) };
            Ok(match curve {
                Curve::P256 => {
                    let key = p256::ecdsa::VerifyingKey::from_sec1_bytes(point).map_err(|_| unsupported())?;
                    let signature = p256::ecdsa::Signature::from_slice(&parts);
                    signature.is_ok_and(|signature| key.verify_prehash(&digest, &signature).is_ok())
                }
                Curve::P384 => {
                    let key = p384::ecdsa::VerifyingKey::from_sec1_bytes(point).map_err(|_| unsupported())?;
                    let signature = p384::ecdsa::Signature::from_slice(&parts);
                    signature.is_ok_and(|signature| key.verify_prehash(&digest, &signature).is_ok())
                }
            })
        }
        (Key::Edwards { kind: Use::Sign, public, .. }, Message::Text(text)) => {
            Ok(UnparsedPublicKey::new(&ED25519, public).verify(text, signature).is_ok())
        }
        _ => Err(unsupported()),
    }
}

/// The bytes with zeros in front, up to a length.
pub(super) fn left_padded(bytes: &[u8], length: usize) -> Vec<u8> {
    let mut out = vec![0; length.saturating_sub(bytes.len())];
    out.extend_from_slice(bytes);
    out
}

/// A short digest counts as a small number: zeros in front change nothing.
fn at_least(digest: &[u8], length: usize) -> Vec<u8> {
    left_padded(digest, length.max(digest.len()))
}

/// The block under a signature, left-padded; `None` when it is no number below the modulus.
pub(super) fn opened(public: &RsaPublicKey, signature: &[u8], bits: usize) -> Option<Vec<u8>> {
    let number = BigUint::from_bytes_be(signature);
    if signature.len() != bits.div_ceil(8) || &number >= public.n() {
        return None;
    }
    let block = hazmat::rsa_encrypt(public, &number).ok()?;
    Some(left_padded(&block.to_bytes_be(), bits.div_ceil(8)))
}

/// EMSA-PKCS1-v1_5.
fn pkcs1(hash: Algorithm, digest: &[u8], bits: usize) -> Option<Vec<u8>> {
    let info = sequence(&[&algorithm(hash.oid, ENCODED_NULL), &element(OCTET_STRING, digest)]);
    let fill = bits.div_ceil(8).checked_sub(info.len() + 3).filter(|fill| *fill >= 8)?;
    let mut block = vec![0, 1];
    block.resize(2 + fill, 0xff);
    block.push(0);
    block.extend(info);
    Some(block)
}

/// MGF1.
pub(super) fn mask(hash: Algorithm, seed: &[u8], length: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(length + hash.output_bytes);
    for number in 0u32.. {
        if out.len() >= length {
            break;
        }
        out.extend(hash.of(&[seed, &number.to_be_bytes()]));
    }
    out.truncate(length);
    out
}

/// EMSA-PSS, encoding; without a length the salt is as long as fits.
fn pss(
    hash: Algorithm,
    mask_hash: Algorithm,
    digest: &[u8],
    salt: Option<usize>,
    bits: usize,
) -> Option<Vec<u8>> {
    let length = (bits - 1).div_ceil(8);
    let room = length.checked_sub(digest.len() + 2)?;
    let salt_length = salt.unwrap_or(room);
    let zeros = room.checked_sub(salt_length)?;
    let mut salt = vec![0; salt_length];
    Random.fill_bytes(&mut salt);
    let sum = hash.of(&[&[0; 8], digest, &salt]);
    let mut block = vec![0; zeros];
    block.push(1);
    block.extend(&salt);
    let cover = mask(mask_hash, &sum, block.len());
    block.iter_mut().zip(cover).for_each(|(byte, cover)| *byte ^= cover);
    block[0] &= 0xff >> (8 * length - (bits - 1));
    block.extend(sum);
    block.push(0xbc);
    Some(left_padded(&block, bits.div_ceil(8)))
}

/// EMSA-PSS, checking.
fn pss_fits(
    hash: Algorithm,
    mask_hash: Algorithm,
    digest: &[u8],
    block: &[u8],
    salt: Option<usize>,
    bits: usize,
) -> bool {
    let check = || {
        let length = (bits - 1).div_ceil(8);
        let block = &block[block.len() - length..];
        let (&last, block) = block.split_last()?;
        let at = block.len().checked_sub(hash.output_bytes)?;
        let (covered, sum) = block.split_at(at);
        let top = 0xffu8 >> (8 * length - (bits - 1));
        if last != 0xbc || covered.first()? & !top != 0 {
            return None;
        }
        let mut open = covered.to_vec();
        open.iter_mut().zip(mask(mask_hash, sum, at)).for_each(|(byte, cover)| *byte ^= cover);
        open[0] &= top;
        let zeros = open.iter().position(|byte| *byte != 0)?;
        let found = &open[zeros + 1..];
        if open[zeros] != 1 || salt.is_some_and(|salt| salt != found.len()) {
            return None;
        }
        (hash.of(&[&[0; 8], digest, found]) == sum).then_some(())
    };
    check().is_some()
}
