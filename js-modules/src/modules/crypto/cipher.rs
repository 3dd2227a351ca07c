//! Symmetric ciphers: the table, and one running encryption or decryption.

use aes::cipher::{Array, BlockCipherDecrypt, BlockCipherEncrypt, KeyInit};

use super::aead::{Aead, ChaChaPoly, Gcm};
use super::failure::Failure;

/// How blocks are chained.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Chaining {
    Cbc,
    Ecb,
    Ctr,
    Gcm,
    /// ChaCha20-Poly1305, which has no blocks.
    Stream,
}

impl Chaining {
    /// The name that `getCipherInfo` gives.
    pub fn name(self) -> &'static str {
        match self {
            Chaining::Cbc => "cbc",
            Chaining::Ecb => "ecb",
            Chaining::Ctr => "ctr",
            Chaining::Gcm => "gcm",
            Chaining::Stream => "stream",
        }
    }
}

/// A cipher of the table.
#[derive(Debug, Clone, Copy)]
pub struct Kind {
    pub name: &'static str,
    pub nid: i32,
    pub chaining: Chaining,
    pub key_bytes: usize,
    pub iv_bytes: usize,
    pub block_bytes: usize,
}

const fn row(
    name: &'static str,
    nid: i32,
    chaining: Chaining,
    key_bytes: usize,
    iv_bytes: usize,
    block_bytes: usize,
) -> Kind {
    Kind { name, nid, chaining, key_bytes, iv_bytes, block_bytes }
}

const TABLE: &[Kind] = &[
    row("aes-128-cbc", 419, Chaining::Cbc, 16, 16, 16),
    row("aes-128-ctr", 904, Chaining::Ctr, 16, 16, 1),
    row("aes-128-ecb", 418, Chaining::Ecb, 16, 0, 16),
    row("aes-128-gcm", 895, Chaining::Gcm, 16, 12, 1),
    row("aes-192-cbc", 423, Chaining::Cbc, 24, 16, 16),
    row("aes-192-ctr", 905, Chaining::Ctr, 24, 16, 1),
    row("aes-192-ecb", 422, Chaining::Ecb, 24, 0, 16),
    row("aes-192-gcm", 898, Chaining::Gcm, 24, 12, 1),
    row("aes-256-cbc", 427, Chaining::Cbc, 32, 16, 16),
    row("aes-256-ctr", 906, Chaining::Ctr, 32, 16, 1),
    row("aes-256-ecb", 426, Chaining::Ecb, 32, 0, 16),
    row("aes-256-gcm", 901, Chaining::Gcm, 32, 12, 1),
    row("chacha20-poly1305", 1018, Chaining::Stream, 32, 12, 1),
    row("des-ede3-cbc", 44, Chaining::Cbc, 24, 8, 8),
];

impl Kind {
    /// Finds a cipher by one of its names.
    pub fn named(name: &str) -> Option<Kind> {
        let lower = name.to_ascii_lowercase();
        let plain = match lower.as_str() {
            "aes128" => "aes-128-cbc",
            "aes192" => "aes-192-cbc",
            "aes256" => "aes-256-cbc",
            "id-aes128-gcm" => "aes-128-gcm",
            "id-aes192-gcm" => "aes-192-gcm",
            "id-aes256-gcm" => "aes-256-gcm",
            "des3" | "des-ede3-cbc" => "des-ede3-cbc",
            other => other,
        };
        TABLE.iter().find(|one| one.name == plain).copied()
    }

    /// Finds a cipher by OpenSSL's number for it.
    pub fn with_nid(nid: i32) -> Option<Kind> {
        TABLE.iter().find(|one| one.nid == nid).copied()
    }

    /// All ciphers.
    pub fn all() -> impl Iterator<Item = &'static str> {
        TABLE.iter().map(|one| one.name)
    }
}

/// A block cipher with its key. The slices are whole blocks.
pub trait Blocks {
    fn encrypt(&self, blocks: &mut [u8]);
    fn decrypt(&self, blocks: &mut [u8]);
}

impl<T: BlockCipherEncrypt + BlockCipherDecrypt> Blocks for T {
    fn encrypt(&self, blocks: &mut [u8]) {
        self.encrypt_blocks(Array::slice_as_chunks_mut(blocks).0);
    }
    fn decrypt(&self, blocks: &mut [u8]) {
        self.decrypt_blocks(Array::slice_as_chunks_mut(blocks).0);
    }
}

/// The block cipher for a key, which has the length of its kind.
pub fn blocks(kind: &Kind, key: &[u8]) -> Option<Box<dyn Blocks>> {
    if key.len() != kind.key_bytes {
        return None;
    }
    Some(match (kind.block_bytes, key.len()) {
        (8, _) => Box::new(des::TdesEde3::new_from_slice(key).ok()?),
        (_, 16) => Box::new(aes::Aes128::new_from_slice(key).ok()?),
        (_, 24) => Box::new(aes::Aes192::new_from_slice(key).ok()?),
        _ => Box::new(aes::Aes256::new_from_slice(key).ok()?),
    })
}

/// One running encryption or decryption.
pub struct Cipher {
    encrypts: bool,
    state: State,
}

enum State {
    Chained { blocks: Box<dyn Blocks>, iv: Option<Vec<u8>>, size: usize, held: Vec<u8>, padded: bool },
    Counter { keystream: Keystream },
    Sealed(Box<dyn Aead>),
}

impl Cipher {
    /// Begins. `tag_bytes` counts for authenticated ciphers only.
    pub fn new(kind: Kind, key: &[u8], iv: &[u8], encrypts: bool) -> Result<Cipher, Failure> {
        let bad_iv = || Failure::of_type("ERR_CRYPTO_INVALID_IV", "Invalid initialization vector");
        let iv_fits = match kind.chaining {
            Chaining::Gcm => !iv.is_empty(),
            Chaining::Stream => !iv.is_empty() && iv.len() <= 12,
            _ => iv.len() == kind.iv_bytes,
        };
        if key.len() != kind.key_bytes {
            return Err(Failure::of_range("ERR_CRYPTO_INVALID_KEYLEN", "Invalid key length"));
        }
        if !iv_fits {
            return Err(bad_iv());
        }
        let state = if kind.chaining == Chaining::Stream {
            State::Sealed(Box::new(ChaChaPoly::new(key, iv).ok_or_else(bad_iv)?))
        } else {
            let blocks = blocks(&kind, key)
                .ok_or_else(|| Failure::of_range("ERR_CRYPTO_INVALID_KEYLEN", "Invalid key length"))?;
            match kind.chaining {
                Chaining::Gcm => State::Sealed(Box::new(Gcm::new(blocks, iv))),
                Chaining::Ctr => {
                    let mut counter = [0; 16];
                    counter.copy_from_slice(iv);
                    State::Counter { keystream: Keystream::new(blocks, counter, 16) }
                }
                _ => State::Chained {
                    blocks,
                    iv: (kind.chaining == Chaining::Cbc).then(|| iv.to_vec()),
                    size: kind.block_bytes,
                    held: Vec::new(),
                    padded: true,
                },
            }
        };
        Ok(Cipher { encrypts, state })
    }

    /// Turns padding on or off; false for ciphers that have none.
    pub fn set_padding(&mut self, on: bool) {
        if let State::Chained { padded, .. } = &mut self.state {
            *padded = on;
        }
    }

    /// The authenticated part, if there is one.
    pub fn sealed(&mut self) -> Option<&mut Box<dyn Aead>> {
        match &mut self.state {
            State::Sealed(aead) => Some(aead),
            _ => None,
        }
    }

    /// Turns input into as much output as there is.
    pub fn update(&mut self, input: &[u8]) -> Vec<u8> {
        match &mut self.state {
            State::Counter { keystream } => {
                let mut out = input.to_vec();
                keystream.apply(&mut out);
                out
            }
            State::Sealed(aead) => {
                let mut out = input.to_vec();
                aead.apply(&mut out, self.encrypts);
                out
            }
            State::Chained { blocks, iv, size, held, padded } => {
                let mut out = std::mem::take(held);
                out.extend_from_slice(input);
                let mut whole = out.len() - out.len() % *size;
                // The last block of a padded text waits for the end.
                if !self.encrypts && *padded && whole == out.len() && whole > 0 {
                    whole -= *size;
                }
                *held = out.split_off(whole);
                chain(blocks.as_ref(), iv.as_deref_mut(), &mut out, *size, self.encrypts);
                out
            }
        }
    }

    /// The last bytes.
    pub fn finish(&mut self) -> Result<Vec<u8>, Failure> {
        let State::Chained { blocks, iv, size, held, padded } = &mut self.state else {
            return Ok(Vec::new());
        };
        let mut last = std::mem::take(held);
        if self.encrypts {
            if *padded {
                let fill = *size - last.len() % *size;
                last.resize(last.len() + fill, fill as u8);
            } else if !last.is_empty() {
                return Err(Failure::new(
                    "ERR_OSSL_WRONG_FINAL_BLOCK_LENGTH",
                    "error:1C80006B:Provider routines::wrong final block length",
                ));
            }
            chain(blocks.as_ref(), iv.as_deref_mut(), &mut last, *size, true);
            return Ok(last);
        }
        if last.is_empty() && !*padded {
            return Ok(last);
        }
        if last.len() != *size {
            return Err(Failure::new(
                "ERR_OSSL_WRONG_FINAL_BLOCK_LENGTH",
                "error:1C80006B:Provider routines::wrong final block length",
            ));
        }
        chain(blocks.as_ref(), iv.as_deref_mut(), &mut last, *size, false);
        let fill = usize::from(last[*size - 1]);
        if fill == 0 || fill > *size || last[*size - fill..].iter().any(|byte| usize::from(*byte) != fill) {
            return Err(Failure::new(
                "ERR_OSSL_BAD_DECRYPT",
                "error:1C800064:Provider routines::bad decrypt",
            ));
        }
        last.truncate(*size - fill);
        Ok(last)
    }
}

/// CBC, or ECB without a vector, over whole blocks in place.
fn chain(blocks: &dyn Blocks, iv: Option<&mut [u8]>, data: &mut [u8], size: usize, encrypts: bool) {
    let Some(iv) = iv else {
        if encrypts {
            blocks.encrypt(data)
        } else {
            blocks.decrypt(data)
        }
        return;
    };
    if encrypts {
        for block in data.chunks_exact_mut(size) {
            block.iter_mut().zip(iv.iter()).for_each(|(byte, iv)| *byte ^= iv);
            blocks.encrypt(block);
            iv.copy_from_slice(block);
        }
    } else if !data.is_empty() {
        let before = data.to_vec();
        blocks.decrypt(data);
        let earlier = iv.iter().chain(&before);
        data.iter_mut().zip(earlier).for_each(|(byte, earlier)| *byte ^= earlier);
        iv.copy_from_slice(&before[before.len() - size..]);
    }
}

/// A block cipher in counter mode.
pub struct Keystream {
    blocks: Box<dyn Blocks>,
    counter: [u8; 16],
    /// How many bytes at the end of the block count: 16 for CTR, 4 for GCM.
    width: usize,
    ready: Vec<u8>,
    used: usize,
}

/// Blocks that are made at a time: enough for the parallel ways of AES.
const BATCH: usize = 32;

impl Keystream {
    /// The first block made is that of `counter`.
    pub fn new(blocks: Box<dyn Blocks>, counter: [u8; 16], width: usize) -> Keystream {
        Keystream { blocks, counter, width, ready: Vec::new(), used: 0 }
    }

    /// Encrypts, or decrypts, which is the same.
    pub fn apply(&mut self, data: &mut [u8]) {
        let mut rest = data;
        while !rest.is_empty() {
            if self.used == self.ready.len() {
                self.refill(rest.len().div_ceil(16).min(BATCH));
            }
            let taken = rest.len().min(self.ready.len() - self.used);
            let (now, later) = rest.split_at_mut(taken);
            now.iter_mut().zip(&self.ready[self.used..]).for_each(|(byte, key)| *byte ^= key);
            self.used += taken;
            rest = later;
        }
    }

    fn refill(&mut self, count: usize) {
        self.ready.clear();
        self.used = 0;
        for _ in 0..count {
            self.ready.extend_from_slice(&self.counter);
            for byte in self.counter[16 - self.width..].iter_mut().rev() {
                *byte = byte.wrapping_add(1);
                if *byte != 0 {
                    break;
                }
            }
        }
        self.blocks.encrypt(&mut self.ready);
    }
}
