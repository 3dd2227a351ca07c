//! SHA-384 and random bytes.

use ring::digest;
use ring::rand::{SecureRandom, SystemRandom};

/// Hashes `data` with SHA-384, the only hash of the agent channel.
pub fn sha384(data: &[u8]) -> [u8; 48] {
    let digest = digest::digest(&digest::SHA384, data);
    let mut out = [0u8; 48];
    out.copy_from_slice(digest.as_ref());
    out
}

/// Draws `N` bytes from the system's random generator, for nonces and identifiers.
///
/// # Panics
///
/// Panics when the system has no working random generator: no key, nonce or TLS connection could
/// be made safely after that, so there is nothing to fall back to.
pub fn random_bytes<const N: usize>() -> [u8; N] {
    let mut out = [0u8; N];
    fill_random(&mut out);
    out
}

pub(crate) fn fill_random(out: &mut [u8]) {
    // Invariant: getrandom(2) without flags fails only on kernels that lack it (before 3.17),
    // where ring falls back to /dev/urandom.
    SystemRandom::new().fill(out).expect("the system has no random generator");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sha384_of_abc_is_the_fips_180_value() {
        let hex: String = sha384(b"abc").iter().map(|b| format!("{b:02x}")).collect();
        assert_eq!(
            hex,
            "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed\
             8086072ba1e7cc2358baeca134c825a7"
        );
    }

    #[test]
    fn two_draws_differ() {
        assert_ne!(random_bytes::<48>(), random_bytes::<48>());
    }
}
