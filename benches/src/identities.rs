//! Thousands of agent identities at the price of one.
//!
//! Generating an RSA key costs most of a second. A load of 2,000 agents needs 2,000 different node ids, not 2,000
//! independent keys: keys that share their primes and differ in the public exponent have different node ids and
//! sign and verify like any other. Such keys are useless as secrets, which is what test keys should be.

use microstack::crypto::{Identity, RsaKey};
use rsa::pkcs8::{DecodePrivateKey, EncodePrivateKey};
use rsa::traits::{PrivateKeyParts, PublicKeyParts};
use rsa::{BigUint, RsaPrivateKey};

/// Makes `count` TEST-ONLY identities of `bits` from one pair of primes.
pub fn make(count: usize, bits: usize) -> Result<Vec<Identity>, String> {
    let first = RsaKey::generate(bits, &|_| {}).map_err(|e| e.to_string())?;
    let first = RsaPrivateKey::from_pkcs8_der(first.pkcs8_der()).map_err(|e| e.to_string())?;
    let [p, q] = [first.primes()[0].clone(), first.primes()[1].clone()];
    let mut exponent = first.e().clone();
    let mut made = Vec::with_capacity(count);
    while made.len() < count {
        // Exponents that share a factor with the group order have no inverse; the library says so and we go on.
        if let Ok(key) = RsaPrivateKey::from_p_q(p.clone(), q.clone(), exponent.clone()) {
            made.push(identity(&key)?);
        }
        exponent += BigUint::from(2u32);
    }
    Ok(made)
}

fn identity(key: &RsaPrivateKey) -> Result<Identity, String> {
    let der = key.to_pkcs8_der().map_err(|e| e.to_string())?;
    let key = RsaKey::from_pkcs8_der(der.as_bytes()).map_err(|e| e.to_string())?;
    Identity::agent_for_key(key, std::time::SystemTime::now()).map_err(|e| e.to_string())
}
