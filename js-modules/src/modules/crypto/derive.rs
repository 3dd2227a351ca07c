//! Keys from passwords and from other keys: PBKDF2, scrypt, HKDF.

use std::num::NonZeroU32;

use super::hash::{Algorithm, Hmac};

/// PBKDF2 with HMAC (RFC 8018 5.2).
pub fn pbkdf2(algorithm: Algorithm, password: &[u8], salt: &[u8], rounds: NonZeroU32, out: &mut [u8]) {
    let fast = match algorithm.name {
        "sha1" => Some(ring::pbkdf2::PBKDF2_HMAC_SHA1),
        "sha256" => Some(ring::pbkdf2::PBKDF2_HMAC_SHA256),
        "sha384" => Some(ring::pbkdf2::PBKDF2_HMAC_SHA384),
        "sha512" => Some(ring::pbkdf2::PBKDF2_HMAC_SHA512),
        _ => None,
    };
    if let Some(fast) = fast {
        ring::pbkdf2::derive(fast, rounds, salt, password, out);
        return;
    }
    let keyed = Hmac::new(algorithm, password);
    for (number, block) in (1u32..).zip(out.chunks_mut(algorithm.output_bytes)) {
        let mut first = keyed.clone();
        first.update(salt);
        first.update(&number.to_be_bytes());
        let mut last = first.finish();
        let mut sum = last.clone();
        for _ in 1..rounds.get() {
            let mut next = keyed.clone();
            next.update(&last);
            last = next.finish();
            sum.iter_mut().zip(&last).for_each(|(sum, byte)| *sum ^= byte);
        }
        block.copy_from_slice(&sum[..block.len()]);
    }
}

/// HKDF (RFC 5869). `length` is at most 255 digests: the caller checked.
pub fn hkdf(algorithm: Algorithm, key: &[u8], salt: &[u8], info: &[u8], length: usize) -> Vec<u8> {
    let mut extract = Hmac::new(algorithm, salt);
    extract.update(key);
    let keyed = Hmac::new(algorithm, &extract.finish());
    let (mut out, mut last) = (Vec::with_capacity(length), Vec::new());
    for number in 1..=255u8 {
        if out.len() >= length {
            break;
        }
        let mut next = keyed.clone();
        next.update(&last);
        next.update(info);
        next.update(&[number]);
        last = next.finish();
        out.extend_from_slice(&last);
    }
    out.truncate(length);
    out
}

/// The cost of scrypt. `n` is a power of two over 1; the caller checked the memory: `128 * n * r` bytes and a little.
#[derive(Debug, Clone, Copy)]
pub struct Cost {
    pub n: usize,
    pub r: usize,
    pub p: usize,
}

/// scrypt (RFC 7914).
pub fn scrypt(password: &[u8], salt: &[u8], cost: Cost, length: usize) -> Vec<u8> {
    let once = NonZeroU32::MIN;
    let mut blocks = vec![0; 128 * cost.r * cost.p];
    ring::pbkdf2::derive(ring::pbkdf2::PBKDF2_HMAC_SHA256, once, salt, password, &mut blocks);
    let words = 32 * cost.r;
    let mut table = vec![0u32; words * cost.n];
    for block in blocks.chunks_exact_mut(128 * cost.r) {
        let mut x: Vec<u32> =
            block.chunks_exact(4).map(|b| u32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect();
        rom_mix(&mut x, &mut table, cost);
        for (bytes, word) in block.chunks_exact_mut(4).zip(&x) {
            bytes.copy_from_slice(&word.to_le_bytes());
        }
    }
    let mut out = vec![0; length];
    ring::pbkdf2::derive(ring::pbkdf2::PBKDF2_HMAC_SHA256, once, &blocks, password, &mut out);
    out
}

fn rom_mix(x: &mut Vec<u32>, table: &mut [u32], cost: Cost) {
    let words = x.len();
    let mut y = vec![0; words];
    for row in table.chunks_exact_mut(words) {
        row.copy_from_slice(x);
        block_mix(x, &mut y);
        std::mem::swap(x, &mut y);
    }
    for _ in 0..cost.n {
        let at = (x[words - 16] as usize & (cost.n - 1)) * words;
        x.iter_mut().zip(&table[at..at + words]).for_each(|(x, v)| *x ^= v);
        block_mix(x, &mut y);
        std::mem::swap(x, &mut y);
    }
}

/// `scryptBlockMix`: even results first, odd ones after.
fn block_mix(from: &[u32], to: &mut [u32]) {
    let pairs = from.len() / 32;
    let mut x = [0u32; 16];
    x.copy_from_slice(&from[from.len() - 16..]);
    for (i, chunk) in from.chunks_exact(16).enumerate() {
        x.iter_mut().zip(chunk).for_each(|(x, word)| *x ^= word);
        salsa20_8(&mut x);
        let place = i / 2 + if i % 2 == 1 { pairs } else { 0 };
        to[place * 16..place * 16 + 16].copy_from_slice(&x);
    }
}

fn salsa20_8(block: &mut [u32; 16]) {
    let mut x = *block;
    let mut quarter = |a: usize, b: usize, c: usize, d: usize| {
        x[b] ^= x[a].wrapping_add(x[d]).rotate_left(7);
        x[c] ^= x[b].wrapping_add(x[a]).rotate_left(9);
        x[d] ^= x[c].wrapping_add(x[b]).rotate_left(13);
        x[a] ^= x[d].wrapping_add(x[c]).rotate_left(18);
    };
    for _ in 0..4 {
        quarter(0, 4, 8, 12);
        quarter(5, 9, 13, 1);
        quarter(10, 14, 2, 6);
        quarter(15, 3, 7, 11);
        quarter(0, 1, 2, 3);
        quarter(5, 6, 7, 4);
        quarter(10, 11, 8, 9);
        quarter(15, 12, 13, 14);
    }
    block.iter_mut().zip(x).for_each(|(word, x)| *word = word.wrapping_add(x));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|b| format!("{b:02x}")).collect()
    }

    // RFC 7914 12.
    #[test]
    fn scrypt_vectors() {
        let out = scrypt(b"", b"", Cost { n: 16, r: 1, p: 1 }, 64);
        assert!(hex(&out).starts_with("77d6576238657b203b19ca42c18a0497f16b4844e3074ae8dfdffa3fede21442"));
        let out = scrypt(b"password", b"NaCl", Cost { n: 1024, r: 8, p: 16 }, 64);
        assert!(hex(&out).starts_with("fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b373162"));
    }

    // RFC 5869 A.1.
    #[test]
    fn hkdf_vector() {
        let sha256 = Algorithm::named("sha256").unwrap();
        let salt: Vec<u8> = (0..=12).collect();
        let info: Vec<u8> = (0xf0..=0xf9).collect();
        let out = hkdf(sha256, &[0x0b; 22], &salt, &info, 42);
        assert_eq!(
            hex(&out),
            "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865"
        );
    }

    // RFC 6070, case 2, with SHA-1; the other way must agree with it where both exist.
    #[test]
    fn pbkdf2_vector() {
        let rounds = NonZeroU32::new(2).unwrap();
        let mut out = [0; 20];
        pbkdf2(Algorithm::named("sha1").unwrap(), b"password", b"salt", rounds, &mut out);
        assert_eq!(hex(&out), "ea6c014dc72d6f8ccd1ed92ace1d41f0d8de8957");
        let mut out = [0; 16];
        pbkdf2(Algorithm::named("md5").unwrap(), b"password", b"salt", rounds, &mut out);
        assert_eq!(hex(&out), "042407b552be345ad6eee2cf2f7ed01d");
    }
}
