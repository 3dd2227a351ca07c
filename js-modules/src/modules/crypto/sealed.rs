//! Encryption by a password inside DER: PBES2 (RFC 8018), and PKCS#12's own (RFC 7292 B) for old files.

use std::num::NonZeroU32;

use super::cipher::{Cipher, Kind};
use super::der::{self, CONTEXT_0, OCTET_STRING, OID, Reader, SEQUENCE};
use super::derive;
use super::failure::Failure;
use super::hash::Algorithm;
use super::key::Random;
use aes::cipher::{Array, BlockCipherDecrypt};
use rsa::rand_core::RngCore;

/// Rounds that a file may ask for: a few seconds.
const MAX_ROUNDS: u32 = 5_000_000;
/// Rounds of what we write.
pub const ROUNDS: u32 = 2048;

const PBES2: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x05, 0x0d];
const PBKDF2: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x05, 0x0c];
const PKCS12_PBE: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x0c, 0x01];
const HMAC: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x02];
const AES: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x01];
const DES_EDE3_CBC: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x03, 0x07];

/// A password in the two forms that the formats want.
pub struct Password<'a> {
    pub bytes: &'a [u8],
}

impl Password<'_> {
    /// UTF-16 with a closing zero, as PKCS#12 hashes it.
    pub fn wide(&self) -> Vec<u8> {
        let text = String::from_utf8_lossy(self.bytes);
        text.encode_utf16().chain([0]).flat_map(u16::to_be_bytes).collect()
    }
}

fn unsupported() -> Failure {
    Failure::new("ERR_OSSL_UNSUPPORTED", "error:1E08010C:DECODER routines::unsupported")
}

/// Decrypts `data` as the algorithm identifier under the cursor says.
pub fn open(mut algorithm: Reader<'_>, password: &Password<'_>, data: &[u8]) -> Result<Vec<u8>, Failure> {
    let oid = algorithm.take(OID).ok_or_else(unsupported)?;
    if oid == PBES2 {
        return open_pbes2(algorithm, password, data).unwrap_or_else(|| Err(unsupported()));
    }
    match oid.strip_prefix(PKCS12_PBE) {
        Some([number]) => {
            open_pkcs12(*number, algorithm, password, data).unwrap_or_else(|| Err(unsupported()))
        }
        _ => Err(unsupported()),
    }
}

fn rounds(reader: &mut Reader<'_>) -> Option<NonZeroU32> {
    NonZeroU32::new(reader.small().filter(|rounds| *rounds <= MAX_ROUNDS)?)
}

fn open_pbes2(
    mut algorithm: Reader<'_>,
    password: &Password<'_>,
    data: &[u8],
) -> Option<Result<Vec<u8>, Failure>> {
    let mut parameters = algorithm.inside(SEQUENCE)?;
    let mut derivation = parameters.inside(SEQUENCE)?;
    let mut scheme = parameters.inside(SEQUENCE)?;
    if derivation.take(OID)? != PBKDF2 {
        return None;
    }
    let mut derivation = derivation.inside(SEQUENCE)?;
    let salt = derivation.take(OCTET_STRING)?;
    let rounds = rounds(&mut derivation)?;
    if derivation.peek() == Some(der::INTEGER) {
        derivation.next()?;
    }
    let hash = match derivation.inside(SEQUENCE) {
        None => "sha1",
        Some(mut prf) => match prf.take(OID)?.strip_prefix(HMAC)? {
            [7] => "sha1",
            [8] => "sha224",
            [9] => "sha256",
            [10] => "sha384",
            [11] => "sha512",
            _ => return None,
        },
    };
    let oid = scheme.take(OID)?;
    let cipher = match oid.strip_prefix(AES) {
        Some([0x02]) => "aes-128-cbc",
        Some([0x16]) => "aes-192-cbc",
        Some([0x2a]) => "aes-256-cbc",
        _ if oid == DES_EDE3_CBC => "des-ede3-cbc",
        _ => return None,
    };
    let (cipher, iv) = (Kind::named(cipher)?, scheme.take(OCTET_STRING)?);
    let mut key = vec![0; cipher.key_bytes];
    derive::pbkdf2(Algorithm::named(hash)?, password.bytes, salt, rounds, &mut key);
    Some(decrypt(cipher, &key, iv, data))
}

fn decrypt(cipher: Kind, key: &[u8], iv: &[u8], data: &[u8]) -> Result<Vec<u8>, Failure> {
    let mut running = Cipher::new(cipher, key, iv, false)?;
    let mut out = running.update(data);
    out.extend(running.finish()?);
    Ok(out)
}

/// Encrypts with PBES2; gives the whole `EncryptedPrivateKeyInfo`-like pair: algorithm and data.
pub fn seal(cipher: Kind, password: &Password<'_>, data: &[u8]) -> Result<(Vec<u8>, Vec<u8>), Failure> {
    let (oid, parts): (&[u8], &[u8]) = match cipher.name {
        "aes-128-cbc" => (AES, &[0x02]),
        "aes-192-cbc" => (AES, &[0x16]),
        "aes-256-cbc" => (AES, &[0x2a]),
        "des-ede3-cbc" => (DES_EDE3_CBC, &[]),
        _ => {
            return Err(Failure::new(
                "ERR_CRYPTO_UNKNOWN_CIPHER",
                "keys are encrypted by a cipher in CBC mode",
            ));
        }
    };
    let mut salt = [0; 16];
    Random.fill_bytes(&mut salt);
    let mut iv = vec![0; cipher.iv_bytes];
    Random.fill_bytes(&mut iv);
    let mut key = vec![0; cipher.key_bytes];
    let sha256 = Algorithm::named("sha256").ok_or_else(unsupported)?;
    derive::pbkdf2(
        sha256,
        password.bytes,
        &salt,
        NonZeroU32::new(ROUNDS).unwrap_or(NonZeroU32::MIN),
        &mut key,
    );
    let mut running = Cipher::new(cipher, &key, &iv, true)?;
    let mut sealed = running.update(data);
    sealed.extend(running.finish()?);
    let prf = der::algorithm(&[HMAC, &[9]].concat(), der::ENCODED_NULL);
    let derivation =
        der::sequence(&[&der::element(OCTET_STRING, &salt), &der::integer(&ROUNDS.to_be_bytes()), &prf]);
    let parameters = der::sequence(&[
        &der::algorithm(PBKDF2, &derivation),
        &der::algorithm(&[oid, parts].concat(), &der::element(OCTET_STRING, &iv)),
    ]);
    Ok((der::algorithm(PBES2, &parameters), sealed))
}

fn open_pkcs12(
    number: u8,
    mut algorithm: Reader<'_>,
    password: &Password<'_>,
    data: &[u8],
) -> Option<Result<Vec<u8>, Failure>> {
    let mut parameters = algorithm.inside(SEQUENCE)?;
    let salt = parameters.take(OCTET_STRING)?;
    let rounds = rounds(&mut parameters)?;
    let sha1 = Algorithm::named("sha1")?;
    let wide = password.wide();
    let derived = |purpose: u8, length: usize| stretch(sha1, purpose, &wide, salt, rounds, length);
    let iv = derived(2, 8);
    match number {
        3 => Some(decrypt(Kind::named("des-ede3-cbc")?, &derived(1, 24), &iv, data)),
        // Two-key 3DES.
        4 => {
            let mut key = derived(1, 16);
            key.extend_from_within(..8);
            Some(decrypt(Kind::named("des-ede3-cbc")?, &key, &iv, data))
        }
        5 => rc2(&derived(1, 16), 128, &iv, data).map(Ok),
        6 => rc2(&derived(1, 5), 40, &iv, data).map(Ok),
        _ => None,
    }
}

/// RC2 in CBC mode: how old files hide their certificates, which are public anyway.
fn rc2(key: &[u8], bits: usize, iv: &[u8], data: &[u8]) -> Option<Vec<u8>> {
    if data.is_empty() || !data.len().is_multiple_of(8) {
        return None;
    }
    let cipher = rc2::Rc2::new_with_eff_key_len(key, bits);
    let mut out = data.to_vec();
    cipher.decrypt_blocks(Array::slice_as_chunks_mut(&mut out).0);
    let earlier = iv.iter().chain(data);
    out.iter_mut().zip(earlier).for_each(|(byte, earlier)| *byte ^= earlier);
    let fill = usize::from(*out.last()?);
    if fill == 0 || fill > 8 || out[out.len() - fill..].iter().any(|byte| usize::from(*byte) != fill) {
        return None;
    }
    out.truncate(out.len() - fill);
    Some(out)
}

/// PKCS#12's derivation (RFC 7292 B.2): purpose 1 is a key, 2 a vector, 3 a MAC key.
pub fn stretch(
    hash: Algorithm,
    purpose: u8,
    wide: &[u8],
    salt: &[u8],
    rounds: NonZeroU32,
    length: usize,
) -> Vec<u8> {
    let (u, v) = (hash.output_bytes, hash.block_bytes);
    let fill = |part: &[u8]| -> Vec<u8> {
        part.iter()
            .copied()
            .cycle()
            .take(if part.is_empty() { 0 } else { part.len().div_ceil(v) * v })
            .collect()
    };
    let diversifier = vec![purpose; v];
    let mut block = fill(salt);
    block.extend(fill(wide));
    let mut out = Vec::with_capacity(length + u);
    while out.len() < length {
        let mut digest = hash.of(&[&diversifier, &block]);
        for _ in 1..rounds.get() {
            digest = hash.of(&[&digest]);
        }
        let b: Vec<u8> = digest.iter().copied().cycle().take(v).collect();
        for chunk in block.chunks_exact_mut(v) {
            // chunk = chunk + b + 1, as numbers of v bytes.
            let mut carry = 1u16;
            for (byte, b) in chunk.iter_mut().zip(&b).rev() {
                let sum = u16::from(*byte) + u16::from(*b) + carry;
                *byte = sum as u8;
                carry = sum >> 8;
            }
        }
        out.extend_from_slice(&digest);
    }
    out.truncate(length);
    out
}

/// The tag of implicit octets, for the sealed content of PKCS#7.
pub const IMPLICIT_0: u8 = CONTEXT_0 & !0x20;
