//! Authenticated ciphers that give their output as they go: GCM (SP 800-38D) and ChaCha20-Poly1305 (RFC 8439).

use chacha20::ChaCha20;
use chacha20::cipher::{KeyIvInit, StreamCipher};
use ghash::GHash;
use ghash::universal_hash::{KeyInit, UniversalHash};
use poly1305::Poly1305;

use super::cipher::{Blocks, Keystream};

/// One running authenticated encryption or decryption.
pub trait Aead {
    /// Adds data that is authenticated only; before any text.
    fn authenticate(&mut self, data: &[u8]);
    /// Encrypts or decrypts in place.
    fn apply(&mut self, data: &mut [u8], encrypts: bool);
    /// The tag of all that was given.
    fn tag(&mut self) -> [u8; 16];
}

/// Feeds a block-wise hash with pieces of any length.
struct Feed<H> {
    hash: H,
    part: Vec<u8>,
    bytes: u64,
}

impl<H: UniversalHash> Feed<H> {
    fn new(hash: H) -> Self {
        Feed { hash, part: Vec::with_capacity(16), bytes: 0 }
    }

    fn update(&mut self, mut data: &[u8]) {
        self.bytes += data.len() as u64;
        if !self.part.is_empty() {
            let taken = data.len().min(16 - self.part.len());
            self.part.extend_from_slice(&data[..taken]);
            data = &data[taken..];
            if self.part.len() < 16 {
                return;
            }
            self.hash.update_padded(&self.part);
            self.part.clear();
        }
        let whole = data.len() - data.len() % 16;
        self.hash.update_padded(&data[..whole]);
        self.part.extend_from_slice(&data[whole..]);
    }

    /// Ends a part with zeros up to a block; tells its length.
    fn pad(&mut self) -> u64 {
        self.hash.update_padded(&self.part);
        self.part.clear();
        std::mem::take(&mut self.bytes)
    }
}

/// The hash over both parts and their lengths, which both ciphers share.
struct Mac<H> {
    feed: Feed<H>,
    header_bytes: Option<u64>,
}

impl<H: UniversalHash> Mac<H> {
    fn new(hash: H) -> Self {
        Mac { feed: Feed::new(hash), header_bytes: None }
    }

    fn text(&mut self, data: &[u8]) {
        if self.header_bytes.is_none() {
            self.header_bytes = Some(self.feed.pad());
        }
        self.feed.update(data);
    }

    fn lengths(&mut self) -> (u64, u64) {
        self.text(&[]);
        (self.header_bytes.unwrap_or(0), self.feed.pad())
    }
}

/// AES in Galois/counter mode.
pub struct Gcm {
    mac: Mac<GHash>,
    keystream: Keystream,
    mask: [u8; 16],
}

impl Gcm {
    /// Any vector but an empty one will do; 12 bytes are usual.
    pub fn new(blocks: Box<dyn Blocks>, iv: &[u8]) -> Gcm {
        let mut key = [0; 16];
        blocks.encrypt(&mut key);
        let hash = GHash::new(&key.into());
        let mut counter = [0; 16];
        if iv.len() == 12 {
            counter[..12].copy_from_slice(iv);
            counter[15] = 1;
        } else {
            let mut feed = Feed::new(hash.clone());
            feed.update(iv);
            let bits = feed.pad() * 8;
            let mut last = [0; 16];
            last[8..].copy_from_slice(&bits.to_be_bytes());
            feed.hash.update_padded(&last);
            counter.copy_from_slice(&feed.hash.finalize());
        }
        let mut keystream = Keystream::new(blocks, counter, 4);
        let mut mask = [0; 16];
        keystream.apply(&mut mask);
        Gcm { mac: Mac::new(hash), keystream, mask }
    }
}

impl Aead for Gcm {
    fn authenticate(&mut self, data: &[u8]) {
        self.mac.feed.update(data);
    }

    fn apply(&mut self, data: &mut [u8], encrypts: bool) {
        if !encrypts {
            self.mac.text(data);
        }
        self.keystream.apply(data);
        if encrypts {
            self.mac.text(data);
        }
    }

    fn tag(&mut self) -> [u8; 16] {
        let (header, text) = self.mac.lengths();
        let mut last = [0; 16];
        last[..8].copy_from_slice(&(header * 8).to_be_bytes());
        last[8..].copy_from_slice(&(text * 8).to_be_bytes());
        self.mac.feed.hash.update_padded(&last);
        let mut tag = self.mask;
        let sum = self.mac.feed.hash.clone().finalize();
        tag.iter_mut().zip(sum.iter()).for_each(|(tag, sum)| *tag ^= sum);
        tag
    }
}

/// ChaCha20 with Poly1305.
pub struct ChaChaPoly {
    mac: Mac<Poly1305>,
    keystream: ChaCha20,
}

impl ChaChaPoly {
    /// `None` for a key or vector of the wrong length; a vector under 12 bytes gets zeros in front.
    pub fn new(key: &[u8], iv: &[u8]) -> Option<ChaChaPoly> {
        let mut nonce = [0; 12];
        nonce.get_mut(12usize.checked_sub(iv.len())?..)?.copy_from_slice(iv);
        let mut keystream = ChaCha20::new_from_slices(key, &nonce).ok()?;
        let mut block = [0; 64];
        keystream.apply_keystream(&mut block);
        let mut one_time = [0; 32];
        one_time.copy_from_slice(&block[..32]);
        Some(ChaChaPoly { mac: Mac::new(Poly1305::new(&one_time.into())), keystream })
    }
}

impl Aead for ChaChaPoly {
    fn authenticate(&mut self, data: &[u8]) {
        self.mac.feed.update(data);
    }

    fn apply(&mut self, data: &mut [u8], encrypts: bool) {
        if !encrypts {
            self.mac.text(data);
        }
        self.keystream.apply_keystream(data);
        if encrypts {
            self.mac.text(data);
        }
    }

    fn tag(&mut self) -> [u8; 16] {
        let (header, text) = self.mac.lengths();
        let mut last = [0; 16];
        last[..8].copy_from_slice(&header.to_le_bytes());
        last[8..].copy_from_slice(&text.to_le_bytes());
        self.mac.feed.hash.update_padded(&last);
        let mut tag = [0; 16];
        tag.copy_from_slice(&self.mac.feed.hash.clone().finalize());
        tag
    }
}
