//! Hashes and HMACs by name.

use digest::DynDigest;
use digest::{ExtendableOutput, Update, XofReader};
use ring::digest as fast;

/// A hash function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Algorithm {
    /// Its name in lower case, as `getHashes` lists it.
    pub name: &'static str,
    /// Bytes in a digest.
    pub output_bytes: usize,
    /// Bytes in a block: what HMAC pads its key to.
    pub block_bytes: usize,
    /// The content of its object identifier; empty when signatures do not use it.
    pub oid: &'static [u8],
}

const fn row(name: &'static str, output_bytes: usize, block_bytes: usize, oid: &'static [u8]) -> Algorithm {
    Algorithm { name, output_bytes, block_bytes, oid }
}

const TABLE: &[Algorithm] = &[
    row("md5", 16, 64, &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x02, 0x05]),
    row("ripemd160", 20, 64, &[0x2b, 0x24, 0x03, 0x02, 0x01]),
    row("sha1", 20, 64, &[0x2b, 0x0e, 0x03, 0x02, 0x1a]),
    row("sha224", 28, 64, &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x04]),
    row("sha256", 32, 64, &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01]),
    row("sha384", 48, 128, &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02]),
    row("sha512", 64, 128, &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x03]),
    row("sha512-224", 28, 128, &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x05]),
    row("sha512-256", 32, 128, &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x06]),
    row("sha3-224", 28, 144, &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x07]),
    row("sha3-256", 32, 136, &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x08]),
    row("sha3-384", 48, 104, &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x09]),
    row("sha3-512", 64, 72, &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x0a]),
    row("shake128", 16, 168, &[]),
    row("shake256", 32, 136, &[]),
];

impl Algorithm {
    /// Finds a hash by any of the names that OpenSSL knows it by.
    pub fn named(name: &str) -> Option<Algorithm> {
        let lower = name.to_ascii_lowercase();
        let plain = lower.strip_prefix("rsa-").unwrap_or(&lower);
        let plain = plain.strip_suffix("withrsaencryption").unwrap_or(plain);
        let plain = match plain {
            "sha-1" | "ssl3-sha1" => "sha1",
            "ssl3-md5" => "md5",
            "sha2-224" | "sha-224" => "sha224",
            "sha2-256" | "sha-256" => "sha256",
            "sha2-384" | "sha-384" => "sha384",
            "sha2-512" | "sha-512" => "sha512",
            "sha512/224" | "sha2-512/224" | "sha-512/224" => "sha512-224",
            "sha512/256" | "sha2-512/256" | "sha-512/256" => "sha512-256",
            "rmd160" | "ripemd" | "ripemd-160" => "ripemd160",
            "shake-128" => "shake128",
            "shake-256" => "shake256",
            other => other,
        };
        TABLE.iter().find(|one| one.name == plain).copied()
    }

    /// Finds a hash by the content of its object identifier.
    pub fn with_oid(oid: &[u8]) -> Option<Algorithm> {
        TABLE.iter().find(|one| !one.oid.is_empty() && one.oid == oid).copied()
    }

    /// True for functions that give as many bytes as are asked for.
    pub fn is_extendable(&self) -> bool {
        self.name.starts_with("shake")
    }

    /// All hashes.
    pub fn all() -> impl Iterator<Item = &'static str> {
        TABLE.iter().map(|one| one.name)
    }

    /// Begins a digest.
    pub fn start(&self) -> Hasher {
        let soft = |digest: Box<dyn DynDigest>| Hasher::Soft(digest);
        match self.name {
            "sha1" => Hasher::Fast(fast::Context::new(&fast::SHA1_FOR_LEGACY_USE_ONLY)),
            "sha256" => Hasher::Fast(fast::Context::new(&fast::SHA256)),
            "sha384" => Hasher::Fast(fast::Context::new(&fast::SHA384)),
            "sha512" => Hasher::Fast(fast::Context::new(&fast::SHA512)),
            "sha512-256" => Hasher::Fast(fast::Context::new(&fast::SHA512_256)),
            "ripemd160" => soft(Box::<ripemd::Ripemd160>::default()),
            "sha224" => soft(Box::<sha2::Sha224>::default()),
            "sha512-224" => soft(Box::<sha2::Sha512_224>::default()),
            "sha3-224" => soft(Box::<sha3::Sha3_224>::default()),
            "sha3-256" => soft(Box::<sha3::Sha3_256>::default()),
            "sha3-384" => soft(Box::<sha3::Sha3_384>::default()),
            "sha3-512" => soft(Box::<sha3::Sha3_512>::default()),
            "shake128" => Hasher::Shake128(Box::default()),
            "shake256" => Hasher::Shake256(Box::default()),
            // `md5`, the last row.
            _ => soft(Box::<md5::Md5>::default()),
        }
    }

    /// The digest of the parts, one after the other.
    pub fn of(&self, parts: &[&[u8]]) -> Vec<u8> {
        let mut hasher = self.start();
        parts.iter().for_each(|part| hasher.update(part));
        hasher.finish(self.output_bytes)
    }
}

/// A digest under way.
pub enum Hasher {
    Fast(fast::Context),
    Soft(Box<dyn DynDigest>),
    Shake128(Box<sha3::Shake128>),
    Shake256(Box<sha3::Shake256>),
}

impl Clone for Hasher {
    fn clone(&self) -> Self {
        match self {
            Hasher::Fast(context) => Hasher::Fast(context.clone()),
            Hasher::Soft(digest) => Hasher::Soft(digest.box_clone()),
            Hasher::Shake128(shake) => Hasher::Shake128(shake.clone()),
            Hasher::Shake256(shake) => Hasher::Shake256(shake.clone()),
        }
    }
}

impl Hasher {
    /// Adds bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        match self {
            Hasher::Fast(context) => context.update(bytes),
            Hasher::Soft(digest) => digest.update(bytes),
            Hasher::Shake128(shake) => shake.update(bytes),
            Hasher::Shake256(shake) => shake.update(bytes),
        }
    }

    /// The digest; `length` counts for extendable functions only.
    pub fn finish(self, length: usize) -> Vec<u8> {
        let squeeze = |mut reader: Box<dyn XofReader>| {
            let mut out = vec![0; length];
            reader.read(&mut out);
            out
        };
        match self {
            Hasher::Fast(context) => context.finish().as_ref().to_vec(),
            Hasher::Soft(digest) => digest.finalize().into_vec(),
            Hasher::Shake128(shake) => squeeze(Box::new(shake.finalize_xof())),
            Hasher::Shake256(shake) => squeeze(Box::new(shake.finalize_xof())),
        }
    }
}

/// A keyed digest under way (RFC 2104).
#[derive(Clone)]
pub struct Hmac {
    algorithm: Algorithm,
    inner: Hasher,
    outer: Hasher,
}

impl Hmac {
    /// Begins with a key of any length.
    pub fn new(algorithm: Algorithm, key: &[u8]) -> Hmac {
        let mut block = vec![0; algorithm.block_bytes];
        if key.len() > block.len() {
            let short = algorithm.of(&[key]);
            block[..short.len()].copy_from_slice(&short);
        } else {
            block[..key.len()].copy_from_slice(key);
        }
        let start = |mask: u8| {
            let mut hasher = algorithm.start();
            hasher.update(&block.iter().map(|byte| byte ^ mask).collect::<Vec<u8>>());
            hasher
        };
        Hmac { algorithm, inner: start(0x36), outer: start(0x5c) }
    }

    /// Adds bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.inner.update(bytes);
    }

    /// The code.
    pub fn finish(self) -> Vec<u8> {
        let length = self.algorithm.output_bytes;
        let inner = self.inner.finish(length);
        let mut outer = self.outer;
        outer.update(&inner);
        outer.finish(length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|b| format!("{b:02x}")).collect()
    }

    // Vectors: RFC 1321, FIPS 180-4 and FIPS 202 examples for "abc", the RIPEMD-160 paper.
    #[test]
    fn known_digests() {
        for (name, wanted) in [
            ("md5", "900150983cd24fb0d6963f7d28e17f72"),
            ("ripemd160", "8eb208f7e05d987a9b044a8e98c6b087f15a0bfc"),
            ("sha1", "a9993e364706816aba3e25717850c26c9cd0d89d"),
            ("sha224", "23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7"),
            ("RSA-SHA256", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
            ("sha512-256", "53048e2681941ef99b2e29b76b4c7dabe4c2d0c634fc6d46e0e2f13107e7af23"),
            ("sha3-256", "3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532"),
        ] {
            assert_eq!(hex(&Algorithm::named(name).unwrap().of(&[b"a", b"bc"])), wanted, "{name}");
        }
    }

    // RFC 4231, cases 1 and 6 (a key longer than a block).
    #[test]
    fn known_codes() {
        let sha256 = Algorithm::named("sha256").unwrap();
        let code = |key: &[u8], data: &[u8]| {
            let mut hmac = Hmac::new(sha256, key);
            hmac.update(data);
            hex(&hmac.finish())
        };
        assert_eq!(
            code(&[0x0b; 20], b"Hi There"),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
        );
        assert_eq!(
            code(&[0xaa; 131], b"Test Using Larger Than Block-Size Key - Hash Key First"),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
        );
    }
}
