//! Keys of a session: agreement, derivation, proofs. `docs/secure-sessions.md`, "Handshake".

use std::fmt;

use p256::elliptic_curve::sec1::ToEncodedPoint;
use ring::digest::{SHA384, digest};
use ring::hkdf::{HKDF_SHA384, KeyType, Salt};
use ring::hmac;

/// Bytes of a P-256 point, uncompressed.
pub const POINT_LEN: usize = 65;
/// Bytes of a secret, a proof and a transcript hash.
pub const SECRET_LEN: usize = 48;

/// 48 secret bytes. They are not shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(pub(crate) [u8; SECRET_LEN]);

impl Secret {
    /// A secret that is known: for vectors.
    pub fn from_bytes(bytes: [u8; SECRET_LEN]) -> Secret {
        Secret(bytes)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// The private half of a link's P-256 key. It serves one link.
pub struct LinkKey(p256::SecretKey);

impl LinkKey {
    /// Makes a key of random bytes. Bytes that are no scalar of the curve (one in 2³²) are hashed until they are.
    pub fn from_random(random: [u8; 32]) -> LinkKey {
        let mut candidate = random;
        loop {
            if let Ok(key) = p256::SecretKey::from_slice(&candidate) {
                return LinkKey(key);
            }
            let hash = digest(&SHA384, &candidate);
            candidate.copy_from_slice(&hash.as_ref()[..32]);
        }
    }

    /// The public half.
    pub fn point(&self) -> [u8; POINT_LEN] {
        let point = self.0.public_key().to_encoded_point(false);
        let mut out = [0; POINT_LEN];
        out.copy_from_slice(point.as_bytes());
        out
    }

    /// The x coordinate shared with `peer`, `None` when that is no point of the curve.
    pub fn agree(&self, peer: &[u8; POINT_LEN]) -> Option<[u8; 32]> {
        let peer = p256::PublicKey::from_sec1_bytes(peer).ok()?;
        let shared = p256::ecdh::diffie_hellman(self.0.to_nonzero_scalar(), peer.as_affine());
        let mut out = [0; 32];
        out.copy_from_slice(shared.raw_secret_bytes());
        Some(out)
    }
}

/// What outlives a link: it proves both ends to each other on the next one.
#[derive(Clone)]
pub struct Resumption {
    secret: Secret,
    proof: Secret,
}

impl Resumption {
    /// The client's proof over its hello as far as it stands before the proof.
    pub fn client_proof(&self, hello: &[u8]) -> [u8; SECRET_LEN] {
        self.hmac(CLIENT_PROOF, hello)
    }

    /// The device's proof over the transcript.
    pub fn device_proof(&self, transcript: &Transcript) -> [u8; SECRET_LEN] {
        self.hmac(DEVICE_PROOF, &transcript.0)
    }

    /// Whether `proof` is the client's; takes the same time for each wrong one.
    pub fn is_client_proof(&self, hello: &[u8], proof: &[u8]) -> bool {
        hmac::verify(&self.key(), &[CLIENT_PROOF, hello].concat(), proof).is_ok()
    }

    /// Whether `proof` is the device's; takes the same time for each wrong one.
    pub fn is_device_proof(&self, transcript: &Transcript, proof: &[u8]) -> bool {
        hmac::verify(&self.key(), &[DEVICE_PROOF, &transcript.0].concat(), proof).is_ok()
    }

    fn key(&self) -> hmac::Key {
        hmac::Key::new(hmac::HMAC_SHA384, &self.proof.0)
    }

    fn hmac(&self, label: &[u8], data: &[u8]) -> [u8; SECRET_LEN] {
        let mut out = [0; SECRET_LEN];
        out.copy_from_slice(hmac::sign(&self.key(), &[label, data].concat()).as_ref());
        out
    }
}

const CLIENT_PROOF: &[u8] = b"meshlite session 1 client proof\0";
const DEVICE_PROOF: &[u8] = b"meshlite session 1 device proof\0";

/// The hash of all that both sides said.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Transcript(pub(crate) [u8; SECRET_LEN]);

impl Transcript {
    /// Hashes both hellos and the device's public key (empty when resumed).
    pub fn of(client_hello: &[u8], device_hello: &[u8], key: &[u8]) -> Transcript {
        let mut all = b"meshlite session 1 transcript\0".to_vec();
        for part in [client_hello, device_hello, key] {
            // Invariant: hellos and keys have at most a few kilobytes.
            all.extend_from_slice(&(part.len() as u32).to_be_bytes());
            all.extend_from_slice(part);
        }
        let mut out = [0; SECRET_LEN];
        out.copy_from_slice(digest(&SHA384, &all).as_ref());
        Transcript(out)
    }

    /// What the device signs with its node key: 84 bytes.
    pub fn to_sign(self) -> Vec<u8> {
        let mut out = b"meshlite session 1 device signature\0".to_vec();
        out.extend_from_slice(&self.0);
        out
    }
}

/// The secrets of one link.
pub struct LinkSecrets {
    /// From the client to the device.
    pub to_device: Secret,
    /// From the device to the client.
    pub to_client: Secret,
    /// Of a new session.
    pub resumption: Resumption,
}

impl LinkSecrets {
    /// Derives everything from the agreement. `resumption` is `None` for a new session; a resumed one keeps its own.
    pub fn derive(ecdh: &[u8; 32], resumption: Option<&Resumption>, transcript: &Transcript) -> LinkSecrets {
        let mut secret = ecdh.to_vec();
        if let Some(resumption) = resumption {
            secret.extend_from_slice(&resumption.secret.0);
        }
        let base: [u8; SECRET_LEN] = kdf(&secret, &transcript.0, "base");
        let part = |label| Secret(kdf(&base, b"", label));
        let resumption = resumption
            .cloned()
            .unwrap_or_else(|| Resumption { secret: part("resumption"), proof: part("proof") });
        LinkSecrets { to_device: part("client to device"), to_client: part("device to client"), resumption }
    }
}

/// HKDF-SHA-384 with a label of ours.
pub(crate) fn kdf<const N: usize>(secret: &[u8], salt: &[u8], label: &str) -> [u8; N] {
    struct Len(usize);
    impl KeyType for Len {
        fn len(&self) -> usize {
            self.0
        }
    }
    let label = ["meshlite session 1 ", label].concat();
    let mut out = [0; N];
    // Invariant: HKDF gives up to 255 hashes; N is 12 to 48 here.
    Salt::new(HKDF_SHA384, salt)
        .extract(secret)
        .expand(&[label.as_bytes()], Len(N))
        .and_then(|okm| okm.fill(&mut out))
        .expect("so few bytes can be derived");
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_sides_agree_and_bytes_that_are_no_point_are_refused() {
        let (a, b) = (LinkKey::from_random([1; 32]), LinkKey::from_random([2; 32]));
        assert_eq!(a.agree(&b.point()), b.agree(&a.point()));
        assert_ne!(a.agree(&b.point()), a.agree(&a.point()));
        let mut off = b.point();
        off[64] ^= 1;
        assert_eq!(a.agree(&off), None);
        assert_eq!(a.agree(&[0; POINT_LEN]), None);
    }

    #[test]
    fn bytes_that_are_no_scalar_still_give_a_key() {
        for random in [[0; 32], [0xFF; 32]] {
            assert_eq!(LinkKey::from_random(random).point()[0], 4);
        }
    }

    #[test]
    fn a_transcript_depends_on_where_its_parts_end() {
        assert_ne!(Transcript::of(b"ab", b"c", b""), Transcript::of(b"a", b"bc", b""));
        assert_eq!(Transcript::of(b"", b"", b"").to_sign().len(), 84);
    }

    #[test]
    fn proofs_have_a_direction() {
        let link = LinkSecrets::derive(&[7; 32], None, &Transcript([9; 48]));
        let proof = link.resumption.client_proof(&[9; 48]);
        assert!(link.resumption.is_client_proof(&[9; 48], &proof));
        assert!(!link.resumption.is_device_proof(&Transcript([9; 48]), &proof));
        assert!(!link.resumption.is_client_proof(&[9; 48], &proof[..47]));
    }
}
