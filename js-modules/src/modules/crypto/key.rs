//! Asymmetric keys: RSA, EC on P-256 and P-384, Ed25519, X25519.

use boa_engine::{Context, JsData, JsObject, JsResult, JsValue};
use boa_gc::{Finalize, Trace};
use p256::elliptic_curve::sec1::ToEncodedPoint;
use ring::rand::{SecureRandom, SystemRandom};
use ring::signature::KeyPair;
use rsa::traits::{PrivateKeyParts, PublicKeyParts};
use rsa::{BigUint, RsaPrivateKey, RsaPublicKey};

use super::failure::Failure;
use crate::host::native::invalid_type;

/// Largest RSA modulus, in bits.
pub const MAX_RSA_BITS: usize = 16_384;

/// A curve of ECDSA and ECDH.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Curve {
    P256,
    P384,
}

impl Curve {
    /// Finds a curve by OpenSSL's or NIST's name.
    pub fn named(name: &str) -> Option<Curve> {
        match name {
            "prime256v1" | "P-256" | "secp256r1" => Some(Curve::P256),
            "secp384r1" | "P-384" => Some(Curve::P384),
            _ => None,
        }
    }

    /// OpenSSL's name.
    pub fn name(self) -> &'static str {
        match self {
            Curve::P256 => "prime256v1",
            Curve::P384 => "secp384r1",
        }
    }

    /// Bytes in a coordinate.
    pub fn bytes(self) -> usize {
        match self {
            Curve::P256 => 32,
            Curve::P384 => 48,
        }
    }

    /// The public point of a secret, uncompressed; `None` when the secret is out of range.
    pub fn public(self, secret: &[u8]) -> Option<Vec<u8>> {
        Some(match self {
            Curve::P256 => p256::SecretKey::from_slice(secret)
                .ok()?
                .public_key()
                .to_encoded_point(false)
                .as_bytes()
                .to_vec(),
            Curve::P384 => p384::SecretKey::from_slice(secret)
                .ok()?
                .public_key()
                .to_encoded_point(false)
                .as_bytes()
                .to_vec(),
        })
    }

    /// A point in another form; `None` when it is not on the curve.
    pub fn point(self, point: &[u8], compressed: bool) -> Option<Vec<u8>> {
        Some(match self {
            Curve::P256 => {
                p256::PublicKey::from_sec1_bytes(point).ok()?.to_encoded_point(compressed).as_bytes().to_vec()
            }
            Curve::P384 => {
                p384::PublicKey::from_sec1_bytes(point).ok()?.to_encoded_point(compressed).as_bytes().to_vec()
            }
        })
    }

    /// A new secret.
    pub fn generate(self) -> Vec<u8> {
        match self {
            Curve::P256 => p256::SecretKey::random(&mut Random).to_bytes().to_vec(),
            Curve::P384 => p384::SecretKey::random(&mut Random).to_bytes().to_vec(),
        }
    }

    /// The shared secret of a secret and another's point.
    pub fn agree(self, secret: &[u8], point: &[u8]) -> Option<Vec<u8>> {
        Some(match self {
            Curve::P256 => {
                let secret = p256::SecretKey::from_slice(secret).ok()?;
                let other = p256::PublicKey::from_sec1_bytes(point).ok()?;
                let shared = p256::ecdh::diffie_hellman(secret.to_nonzero_scalar(), other.as_affine());
                shared.raw_secret_bytes().to_vec()
            }
            Curve::P384 => {
                let secret = p384::SecretKey::from_slice(secret).ok()?;
                let other = p384::PublicKey::from_sec1_bytes(point).ok()?;
                let shared = p384::ecdh::diffie_hellman(secret.to_nonzero_scalar(), other.as_affine());
                shared.raw_secret_bytes().to_vec()
            }
        })
    }
}

/// The use of a 32-byte key on curve 25519.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Use {
    Sign,
    Agree,
}

/// A key; private when it knows its secret.
#[derive(Clone, PartialEq)]
pub enum Key {
    Rsa { public: RsaPublicKey, private: Option<Box<RsaPrivateKey>> },
    Ec { curve: Curve, point: Vec<u8>, secret: Option<Vec<u8>> },
    Edwards { kind: Use, public: [u8; 32], secret: Option<[u8; 32]> },
}

impl Key {
    /// An RSA public key; `None` when the numbers are none.
    pub fn rsa_public(n: &[u8], e: &[u8]) -> Option<Key> {
        let (n, e) = (BigUint::from_bytes_be(n), BigUint::from_bytes_be(e));
        let public = RsaPublicKey::new_with_max_size(n, e, MAX_RSA_BITS).ok()?;
        Some(Key::Rsa { public, private: None })
    }

    /// An RSA private key; `None` when the numbers do not fit each other.
    pub fn rsa_private(n: &[u8], e: &[u8], d: &[u8], p: &[u8], q: &[u8]) -> Option<Key> {
        if n.len() > MAX_RSA_BITS / 8 || [e, d, p, q].iter().any(|part| part.len() > n.len()) {
            return None;
        }
        let number = BigUint::from_bytes_be;
        let private =
            RsaPrivateKey::from_components(number(n), number(e), number(d), vec![number(p), number(q)])
                .ok()?;
        private.validate().ok()?;
        Some(Key::from_rsa(private))
    }

    /// Wraps a private key of the `rsa` crate.
    pub fn from_rsa(private: RsaPrivateKey) -> Key {
        Key::Rsa { public: private.to_public_key(), private: Some(Box::new(private)) }
    }

    /// An EC private key.
    pub fn ec_private(curve: Curve, secret: &[u8]) -> Option<Key> {
        // Shorter secrets are written without their leading zeros by some.
        let mut padded = vec![0; curve.bytes()];
        padded.get_mut(curve.bytes().checked_sub(secret.len())?..)?.copy_from_slice(secret);
        Some(Key::Ec { curve, point: curve.public(&padded)?, secret: Some(padded) })
    }

    /// An EC public key.
    pub fn ec_public(curve: Curve, point: &[u8]) -> Option<Key> {
        Some(Key::Ec { curve, point: curve.point(point, false)?, secret: None })
    }

    /// A private key on curve 25519.
    pub fn edwards_private(kind: Use, secret: &[u8]) -> Option<Key> {
        let secret: [u8; 32] = secret.try_into().ok()?;
        let public = match kind {
            Use::Sign => {
                let pair = ring::signature::Ed25519KeyPair::from_seed_unchecked(&secret).ok()?;
                pair.public_key().as_ref().try_into().ok()?
            }
            Use::Agree => x25519_dalek::PublicKey::from(&x25519_dalek::StaticSecret::from(secret)).to_bytes(),
        };
        Some(Key::Edwards { kind, public, secret: Some(secret) })
    }

    /// A public key on curve 25519.
    pub fn edwards_public(kind: Use, public: &[u8]) -> Option<Key> {
        Some(Key::Edwards { kind, public: public.try_into().ok()?, secret: None })
    }

    /// True when it knows its secret.
    pub fn is_private(&self) -> bool {
        match self {
            Key::Rsa { private, .. } => private.is_some(),
            Key::Ec { secret, .. } => secret.is_some(),
            Key::Edwards { secret, .. } => secret.is_some(),
        }
    }

    /// The public half.
    pub fn public(&self) -> Key {
        let mut key = self.clone();
        match &mut key {
            Key::Rsa { private, .. } => *private = None,
            Key::Ec { secret, .. } => *secret = None,
            Key::Edwards { secret, .. } => *secret = None,
        }
        key
    }

    /// What `asymmetricKeyType` says.
    pub fn type_name(&self) -> &'static str {
        match self {
            Key::Rsa { .. } => "rsa",
            Key::Ec { .. } => "ec",
            Key::Edwards { kind: Use::Sign, .. } => "ed25519",
            Key::Edwards { kind: Use::Agree, .. } => "x25519",
        }
    }

    /// The numbers of the key by their JWK names.
    pub fn parts(&self) -> Vec<(&'static str, Vec<u8>)> {
        match self {
            Key::Rsa { public, private } => {
                let mut parts = vec![("n", public.n().to_bytes_be()), ("e", public.e().to_bytes_be())];
                if let Some(private) = private {
                    parts.push(("d", private.d().to_bytes_be()));
                    if let [p, q, ..] = private.primes() {
                        let one = BigUint::from(1u8);
                        parts.push(("p", p.to_bytes_be()));
                        parts.push(("q", q.to_bytes_be()));
                        parts.push(("dp", (private.d() % (p - &one)).to_bytes_be()));
                        parts.push(("dq", (private.d() % (q - &one)).to_bytes_be()));
                        if let Some(inverse) = private.crt_coefficient() {
                            parts.push(("qi", inverse.to_bytes_be()));
                        }
                    }
                }
                parts
            }
            Key::Ec { curve, point, secret } => {
                let (x, y) = point[1..].split_at(curve.bytes());
                let mut parts = vec![("x", x.to_vec()), ("y", y.to_vec())];
                parts.extend(secret.iter().map(|secret| ("d", secret.clone())));
                parts
            }
            Key::Edwards { public, secret, .. } => {
                let mut parts = vec![("x", public.to_vec())];
                parts.extend(secret.iter().map(|secret| ("d", secret.to_vec())));
                parts
            }
        }
    }
}

/// Makes an RSA key. Takes seconds for large ones.
pub fn generate_rsa(bits: usize, exponent: u32) -> Result<Key, Failure> {
    let failed =
        || Failure::new("ERR_OSSL_RSA_KEY_SIZE_TOO_SMALL", "error:02000078:rsa routines::key size too small");
    if bits < 512 || exponent < 3 || exponent.is_multiple_of(2) {
        return Err(if bits < 512 {
            failed()
        } else {
            Failure::new(
                "ERR_OSSL_RSA_PUB_EXPONENT_OUT_OF_RANGE",
                "error:020000B2:rsa routines::pub exponent out of range",
            )
        });
    }
    RsaPrivateKey::new_with_exp(&mut Random, bits, &BigUint::from(exponent))
        .map(Key::from_rsa)
        .map_err(|_| failed())
}

/// The shared secret of a private and a public key of one kind.
pub fn agree(mine: &Key, other: &Key) -> Result<Vec<u8>, Failure> {
    let failed = || {
        Failure::new(
            "ERR_OSSL_EVP_DIFFERENT_PARAMETERS",
            "error:03000099:digital envelope routines::different parameters",
        )
    };
    match (mine, other) {
        (Key::Ec { curve, secret: Some(secret), .. }, Key::Ec { curve: theirs, point, .. })
            if curve == theirs =>
        {
            curve.agree(secret, point).ok_or_else(failed)
        }
        (
            Key::Edwards { kind: Use::Agree, secret: Some(secret), .. },
            Key::Edwards { kind: Use::Agree, public, .. },
        ) => {
            let shared = x25519_dalek::StaticSecret::from(*secret).diffie_hellman(&(*public).into());
            if !shared.was_contributory() {
                return Err(Failure::new("ERR_CRYPTO_OPERATION_FAILED", "the other's key is of small order"));
            }
            Ok(shared.to_bytes().to_vec())
        }
        _ => Err(failed()),
    }
}

/// The system's random numbers for the crates that ask for a generator.
pub struct Random;

impl rsa::rand_core::CryptoRng for Random {}
impl rsa::rand_core::RngCore for Random {
    fn next_u32(&mut self) -> u32 {
        rsa::rand_core::impls::next_u32_via_fill(self)
    }
    fn next_u64(&mut self) -> u64 {
        rsa::rand_core::impls::next_u64_via_fill(self)
    }
    fn fill_bytes(&mut self, out: &mut [u8]) {
        // A system without random numbers must not go on with others.
        assert!(SystemRandom::new().fill(out).is_ok(), "the system gives no random numbers");
    }
    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), rsa::rand_core::Error> {
        self.fill_bytes(out);
        Ok(())
    }
}

#[derive(Trace, Finalize, JsData)]
struct Handle {
    #[unsafe_ignore_trace]
    key: Key,
}

/// The script's handle of a key.
pub fn handle(key: Key, ctx: &mut Context) -> JsObject {
    let prototype = ctx.intrinsics().constructors().object().prototype();
    JsObject::from_proto_and_data(prototype, Handle { key })
}

/// The key behind a handle.
pub fn of(value: &JsValue, ctx: &mut Context) -> JsResult<Key> {
    let key = value.as_object().and_then(|o| o.downcast_ref::<Handle>().map(|handle| handle.key.clone()));
    key.ok_or_else(|| invalid_type("key", "a key", value, ctx))
}
