//! Sealing and opening of records on one link, in one direction each.

use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};

use crate::error::Error;
use crate::keys::{Secret, kdf};

/// Bytes that sealing adds.
pub const TAG_LEN: usize = 16;
/// Records under one key. With records of 64 KiB the chance to tell AES-GCM from random then is below 2⁻⁶⁰.
pub const RECORDS_PER_KEY: u64 = 1 << 22;

/// The sending half of a link.
pub struct Sealer(Half);

/// The receiving half of a link.
pub struct Opener(Half);

struct Half {
    secret: Secret,
    key: LessSafeKey,
    iv: [u8; 12],
    count: u64,
    per_key: u64,
}

impl Sealer {
    /// Starts with the secret of a direction.
    pub fn new(secret: Secret) -> Sealer {
        Sealer::with_bound(secret, RECORDS_PER_KEY)
    }

    /// As [`Sealer::new`] with another number of records per key: for tests.
    pub fn with_bound(secret: Secret, per_key: u64) -> Sealer {
        Sealer(Half::new(secret, per_key))
    }

    /// Seals a record.
    pub fn seal(&mut self, mut record: Vec<u8>) -> Vec<u8> {
        let nonce = self.0.next_nonce();
        // Invariant: ring refuses beyond 64 GiB only.
        self.0.key.seal_in_place_append_tag(nonce, Aad::empty(), &mut record).expect("records are short");
        record
    }
}

impl Opener {
    /// Starts with the secret of a direction.
    pub fn new(secret: Secret) -> Opener {
        Opener::with_bound(secret, RECORDS_PER_KEY)
    }

    /// As [`Opener::new`] with another number of records per key: for tests.
    pub fn with_bound(secret: Secret, per_key: u64) -> Opener {
        Opener(Half::new(secret, per_key))
    }

    /// Opens a frame.
    ///
    /// # Errors
    /// [`Error::Sealed`]: give the link up. The opener is of no more use.
    pub fn open(&mut self, frame: &[u8]) -> Result<Vec<u8>, Error> {
        if frame.len() > 2 + super::record::MAX_PAYLOAD + TAG_LEN {
            return Err(Error::Sealed);
        }
        let nonce = self.0.next_nonce();
        let mut record = frame.to_vec();
        let plain = self.0.key.open_in_place(nonce, Aad::empty(), &mut record).map_err(|_| Error::Sealed)?;
        let length = plain.len();
        record.truncate(length);
        Ok(record)
    }
}

impl Half {
    fn new(secret: Secret, per_key: u64) -> Half {
        let key: [u8; 32] = kdf(&secret.0, b"", "key");
        let iv = kdf(&secret.0, b"", "iv");
        // Invariant: AES-256 takes any 32 bytes.
        let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &key).expect("32 bytes are a key"));
        Half { secret, key, iv, count: 0, per_key }
    }

    fn next_nonce(&mut self) -> Nonce {
        if self.count == self.per_key {
            *self = Half::new(Secret(kdf(&self.secret.0, b"", "next")), self.per_key);
        }
        let mut nonce = self.iv;
        for (byte, count) in nonce[4..].iter_mut().zip(self.count.to_be_bytes()) {
            *byte ^= count;
        }
        self.count += 1;
        Nonce::assume_unique_for_key(nonce)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(per_key: u64) -> (Sealer, Opener) {
        let secret = Secret([3; 48]);
        (Sealer::with_bound(secret.clone(), per_key), Opener::with_bound(secret, per_key))
    }

    #[test]
    fn keys_change_at_their_bound_and_both_sides_follow() {
        let (mut sealer, mut opener) = pair(3);
        let mut seen = std::collections::BTreeSet::new();
        for n in 0..10u8 {
            let frame = sealer.seal(vec![n]);
            assert!(seen.insert(frame.clone()));
            assert_eq!(opener.open(&frame), Ok(vec![n]));
        }
        let (mut other, mut opener) = pair(4);
        for n in 0..4u8 {
            assert_eq!(opener.open(&other.seal(vec![n])), Ok(vec![n]));
        }
        let (mut early, _) = pair(3);
        let frame = (0..5).map(|_| early.seal(vec![0])).next_back().unwrap();
        assert_eq!(opener.open(&frame), Err(Error::Sealed), "a changed key is another key");
    }

    #[test]
    fn changed_repeated_moved_and_missing_records_do_not_open() {
        let frames: Vec<_> = {
            let (mut sealer, _) = pair(100);
            (0..3u8).map(|n| sealer.seal(vec![n; 5])).collect()
        };
        for bit in 0..frames[0].len() * 8 {
            let (_, mut opener) = pair(100);
            let mut changed = frames[0].clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(opener.open(&changed), Err(Error::Sealed));
        }
        for length in 0..frames[0].len() {
            let (_, mut opener) = pair(100);
            assert_eq!(opener.open(&frames[0][..length]), Err(Error::Sealed));
        }
        let (_, mut opener) = pair(100);
        assert!(opener.open(&frames[0]).is_ok());
        assert_eq!(opener.open(&frames[0]), Err(Error::Sealed), "repeated");
        let (_, mut opener) = pair(100);
        assert_eq!(opener.open(&frames[1]), Err(Error::Sealed), "the first is missing");
    }
}
