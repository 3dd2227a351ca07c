//! RSA on short texts (RFC 8017): OAEP, PKCS#1 v1.5, or no padding at all.

use rsa::rand_core::RngCore;
use rsa::traits::PublicKeyParts;
use rsa::{BigUint, hazmat};

use super::failure::Failure;
use super::hash::Algorithm;
use super::key::{Key, Random};
use super::sign::{left_padded, mask, opened, unsupported};

/// How the text is padded to the length of the modulus.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fill {
    None,
    Pkcs1,
    Oaep { hash: Algorithm, label: Vec<u8> },
}

fn too_large() -> Failure {
    Failure::new(
        "ERR_OSSL_RSA_DATA_TOO_LARGE_FOR_KEY_SIZE",
        "error:0200006E:rsa routines::data too large for key size",
    )
}

fn too_small() -> Failure {
    Failure::new(
        "ERR_OSSL_RSA_DATA_TOO_SMALL_FOR_KEY_SIZE",
        "error:0200007A:rsa routines::data too small for key size",
    )
}

fn not_below_modulus() -> Failure {
    Failure::new(
        "ERR_OSSL_RSA_DATA_TOO_LARGE_FOR_MODULUS",
        "error:02000084:rsa routines::data too large for modulus",
    )
}

/// One text for every way in which OAEP can be wrong: telling them apart would open the cipher.
fn not_oaep() -> Failure {
    Failure::new("ERR_OSSL_RSA_OAEP_DECODING_ERROR", "error:02000079:rsa routines::oaep decoding error")
}

fn not_pkcs1() -> Failure {
    Failure::new("ERR_OSSL_RSA_BLOCK_TYPE_IS_NOT_01", "error:0200006A:rsa routines::block type is not 01")
}

/// Pads and encrypts for the owner of the key.
pub fn public_encrypt(key: &Key, text: &[u8], fill: &Fill) -> Result<Vec<u8>, Failure> {
    let Key::Rsa { public, .. } = key else { return Err(unsupported()) };
    let length = public.size();
    let block = match fill {
        Fill::None => unpadded(text, length)?,
        Fill::Pkcs1 => {
            let mut block = pkcs1(2, text, length)?;
            let end = length - text.len() - 1;
            for byte in &mut block[2..end] {
                while *byte == 0 {
                    Random.fill_bytes(std::slice::from_mut(byte));
                }
            }
            block
        }
        Fill::Oaep { hash, label } => oaep(*hash, label, text, length)?,
    };
    let number = BigUint::from_bytes_be(&block);
    if &number >= public.n() {
        return Err(not_below_modulus());
    }
    let sealed = hazmat::rsa_encrypt(public, &number).map_err(|_| too_large())?;
    Ok(left_padded(&sealed.to_bytes_be(), length))
}

/// Opens what [`public_encrypt`] made, but never PKCS#1 v1.5: an attacker who learns which texts are well padded can read
/// them all.
pub fn private_decrypt(key: &Key, sealed: &[u8], fill: &Fill) -> Result<Vec<u8>, Failure> {
    let length = modulus(key)?;
    let block = private_operation(key, sealed)?;
    match fill {
        Fill::None => Ok(block),
        Fill::Pkcs1 => Err(unfit_padding()),
        Fill::Oaep { hash, label } => oaep_opened(*hash, label, &block, length),
    }
}

/// Pads and encrypts with the secret, as a signature without its digest's name.
pub fn private_encrypt(key: &Key, text: &[u8], fill: &Fill) -> Result<Vec<u8>, Failure> {
    let length = modulus(key)?;
    let block = match fill {
        Fill::None => unpadded(text, length)?,
        Fill::Pkcs1 => {
            let mut block = pkcs1(1, text, length)?;
            block[2..length - text.len() - 1].fill(0xff);
            block
        }
        Fill::Oaep { .. } => return Err(unfit_padding()),
    };
    private_operation(key, &block)
}

/// Opens what [`private_encrypt`] made.
pub fn public_decrypt(key: &Key, sealed: &[u8], fill: &Fill) -> Result<Vec<u8>, Failure> {
    let Key::Rsa { public, .. } = key else { return Err(unsupported()) };
    let length = public.size();
    if sealed.len() > length {
        return Err(greater_than_modulus());
    }
    let sealed = left_padded(sealed, length);
    let block = opened(public, &sealed, public.n().bits()).ok_or_else(not_below_modulus)?;
    match fill {
        Fill::None => Ok(block),
        // Nothing here is secret: the key is public.
        Fill::Pkcs1 => {
            let end = block.iter().skip(2).position(|byte| *byte != 0xff).ok_or_else(not_pkcs1)?;
            if block[..2] != [0, 1] || end < 8 || block[2 + end] != 0 {
                return Err(not_pkcs1());
            }
            Ok(block[3 + end..].to_vec())
        }
        Fill::Oaep { .. } => Err(unfit_padding()),
    }
}

fn unfit_padding() -> Failure {
    Failure::new(
        "ERR_OSSL_ILLEGAL_OR_UNSUPPORTED_PADDING_MODE",
        "error:1C8000A5:Provider routines::illegal or unsupported padding mode",
    )
}

fn greater_than_modulus() -> Failure {
    Failure::new(
        "ERR_OSSL_RSA_DATA_GREATER_THAN_MOD_LEN",
        "error:0200006C:rsa routines::data greater than mod len",
    )
}

fn modulus(key: &Key) -> Result<usize, Failure> {
    match key {
        Key::Rsa { public, .. } => Ok(public.size()),
        _ => Err(unsupported()),
    }
}

fn private_operation(key: &Key, block: &[u8]) -> Result<Vec<u8>, Failure> {
    let Key::Rsa { public, private } = key else { return Err(unsupported()) };
    let Some(private) = private else {
        return Err(Failure::new("ERR_OSSL_RSA_VALUE_MISSING", "error:02000093:rsa routines::value missing"));
    };
    if block.len() > public.size() {
        return Err(greater_than_modulus());
    }
    let number = BigUint::from_bytes_be(block);
    if &number >= public.n() {
        return Err(not_below_modulus());
    }
    let done = hazmat::rsa_decrypt_and_check(private.as_ref(), Some(&mut Random), &number)
        .map_err(|_| not_below_modulus())?;
    Ok(left_padded(&done.to_bytes_be(), public.size()))
}

fn unpadded(text: &[u8], length: usize) -> Result<Vec<u8>, Failure> {
    match text.len() {
        size if size > length => Err(too_large()),
        size if size < length => Err(too_small()),
        _ => Ok(text.to_vec()),
    }
}

/// `0`, the kind, room for at least eight bytes of padding, `0`, the text.
fn pkcs1(kind: u8, text: &[u8], length: usize) -> Result<Vec<u8>, Failure> {
    let start = length.checked_sub(text.len()).filter(|start| *start >= 11).ok_or_else(too_large)?;
    let mut block = vec![0; start];
    block[1] = kind;
    block.extend_from_slice(text);
    Ok(block)
}

fn cover(block: &mut [u8], mask: &[u8]) {
    block.iter_mut().zip(mask).for_each(|(byte, mask)| *byte ^= mask);
}

/// EME-OAEP: `0`, the covered seed, the covered block of the label's digest, zeros, `1` and the text.
fn oaep(hash: Algorithm, label: &[u8], text: &[u8], length: usize) -> Result<Vec<u8>, Failure> {
    let size = hash.output_bytes;
    let zeros = length.checked_sub(text.len() + 2 * size + 2).ok_or_else(too_large)?;
    let mut seed = vec![0; size];
    Random.fill_bytes(&mut seed);
    let mut data = hash.of(&[label]);
    data.resize(size + zeros, 0);
    data.push(1);
    data.extend_from_slice(text);
    let over_data = mask(hash, &seed, data.len());
    cover(&mut data, &over_data);
    let over_seed = mask(hash, &data, size);
    cover(&mut seed, &over_seed);
    Ok([&[0], seed.as_slice(), &data].concat())
}

/// Checks all of the block before it decides, and takes the same steps for every wrong one.
fn oaep_opened(hash: Algorithm, label: &[u8], block: &[u8], length: usize) -> Result<Vec<u8>, Failure> {
    let size = hash.output_bytes;
    if length < 2 * size + 2 {
        return Err(not_oaep());
    }
    let mut seed = block[1..=size].to_vec();
    let mut data = block[size + 1..].to_vec();
    let over_seed = mask(hash, &data, size);
    cover(&mut seed, &over_seed);
    let over_data = mask(hash, &seed, data.len());
    cover(&mut data, &over_data);
    let mut wrong = block[0];
    for (found, wanted) in data.iter().zip(hash.of(&[label])) {
        wrong |= found ^ wanted;
    }
    // All ones until the first byte that is not zero; that one has to be 1.
    let (mut before, mut start) = (0xffu8, 0usize);
    for (at, byte) in data.iter().enumerate().skip(size) {
        let is_zero = 0u8.wrapping_sub((u16::from(*byte).wrapping_sub(1) >> 8) as u8 & 1);
        let is_mark = before & !is_zero;
        wrong |= is_mark & (byte ^ 1);
        start |= (at + 1) & 0usize.wrapping_sub(usize::from(is_mark & 1));
        before &= is_zero;
    }
    wrong |= before;
    if std::hint::black_box(wrong) != 0 { Err(not_oaep()) } else { Ok(data[start..].to_vec()) }
}

#[cfg(test)]
mod tests {
    use super::super::key::generate_rsa;
    use super::*;

    #[test]
    fn a_text_comes_back_and_a_changed_one_does_not() {
        let key = generate_rsa(1024, 65_537).unwrap();
        let hash = Algorithm::named("sha1").unwrap();
        let fill = Fill::Oaep { hash, label: b"label".to_vec() };
        for length in [0, 1, 20, 86] {
            let text = vec![0; length];
            let sealed = public_encrypt(&key.public(), &text, &fill).unwrap();
            assert_eq!(sealed.len(), 128);
            assert_eq!(private_decrypt(&key, &sealed, &fill).unwrap(), text);
            let other = Fill::Oaep { hash, label: Vec::new() };
            assert_eq!(private_decrypt(&key, &sealed, &other), Err(not_oaep()));
        }
        assert_eq!(public_encrypt(&key, &[0; 87], &fill), Err(too_large()));
        assert!(private_decrypt(&key.public(), &[1; 128], &fill).is_err());
    }

    #[test]
    fn every_block_that_is_not_oaep_fails_alike() {
        let key = generate_rsa(1024, 65_537).unwrap();
        let hash = Algorithm::named("sha256").unwrap();
        let fill = Fill::Oaep { hash, label: Vec::new() };
        let good = oaep(hash, b"", b"text", 128).unwrap();
        assert_eq!(oaep_opened(hash, b"", &good, 128).unwrap(), b"text");
        for at in 0..128 {
            let mut bad = good.clone();
            bad[at] ^= 0x10;
            assert_eq!(oaep_opened(hash, b"", &bad, 128), Err(not_oaep()), "byte {at}");
        }
        let mut zeros = hash.of(&[b""]);
        zeros.resize(95, 0);
        let seed = [7; 32];
        cover(&mut zeros, &mask(hash, &seed, 95));
        let mut covered = seed.to_vec();
        cover(&mut covered, &mask(hash, &zeros, 32));
        assert_eq!(
            oaep_opened(hash, b"", &[&[0], covered.as_slice(), &zeros].concat(), 128),
            Err(not_oaep())
        );
        let sealed = public_encrypt(&key, b"a", &Fill::Pkcs1).unwrap();
        assert_eq!(private_decrypt(&key, &sealed, &fill), Err(not_oaep()));
    }

    #[test]
    fn the_secret_makes_what_everybody_can_open() {
        let key = generate_rsa(1024, 65_537).unwrap();
        let made = private_encrypt(&key, b"text", &Fill::Pkcs1).unwrap();
        assert_eq!(public_decrypt(&key.public(), &made, &Fill::Pkcs1).unwrap(), b"text");
        assert_eq!(private_encrypt(&key, &[1; 118], &Fill::Pkcs1), Err(too_large()));
        let mut changed = made;
        changed[127] ^= 1;
        assert!(public_decrypt(&key, &changed, &Fill::Pkcs1).is_err());
    }
}
