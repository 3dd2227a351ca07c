//! An identity: an RSA key with the certificate that names it.

use std::fmt;
use std::time::SystemTime;

use microstack_wire::id::{NodeId, ServerId};

use crate::certificate::{CertError, cert_summary, rsa_public_key};
use crate::hash::sha384;
use crate::issue::agent_certificate;
use crate::rsa_key::{KeyError, RsaKey};

/// Something that signs for a certificate: a software [`Identity`], later also a TPM.
pub trait Signer: Send + Sync {
    /// The certificate whose key signs, as DER.
    fn cert_der(&self) -> &[u8];

    /// Signs `data` with RSASSA-PKCS1-v1_5 and SHA-384. May block; call it in the signing pool.
    fn sign(&self, data: &[u8]) -> Result<Vec<u8>, SignError>;
}

/// Why a [`Signer`] gave no signature.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SignError {
    /// The device that holds the key failed. The text is the device's own.
    Device(String),
    /// The signing pool was stopped before the job ran.
    Stopped,
}

/// Why an identity could not be made or read.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IdentityError {
    /// The key is missing or unusable.
    Key(KeyError),
    /// The certificate is unusable.
    Certificate(CertError),
    /// The certificate could not be written.
    Issue(String),
    /// The stored bytes are not an identity or are damaged.
    Damaged(&'static str),
    /// Key and certificate do not belong together.
    KeyMismatch,
}

/// An RSA key and its certificate.
pub struct Identity {
    /// The certificate as DER.
    pub cert_der: Vec<u8>,
    /// The private key.
    pub key: RsaKey,
}

impl Identity {
    /// Makes a new agent identity of 2048, 3072 or 4096 bits. Blocks for the key generation.
    ///
    /// The certificate is the one of agent-channel specification 1. A key whose node id would
    /// begin with four zero bytes is drawn again.
    pub fn new_agent(bits: usize) -> Result<Identity, IdentityError> {
        Identity::new_agent_with(bits, SystemTime::now(), &|_| {})
    }

    /// As [`Identity::new_agent`], with the time given and progress reported.
    pub fn new_agent_with(
        bits: usize,
        now: SystemTime,
        progress: &dyn Fn(&'static str),
    ) -> Result<Identity, IdentityError> {
        loop {
            let key = RsaKey::generate(bits, progress).map_err(IdentityError::Key)?;
            if sha384(key.public_pkcs1_der())[..4] == [0; 4] {
                progress("the device id begins with zeros; drawing another key");
                continue;
            }
            return Identity::agent_for_key(key, now);
        }
    }

    /// Makes an agent identity for a key that exists already.
    pub fn agent_for_key(key: RsaKey, now: SystemTime) -> Result<Identity, IdentityError> {
        let cert_der =
            agent_certificate(&key, now).map_err(|error| IdentityError::Issue(error.to_string()))?;
        Ok(Identity { cert_der, key })
    }

    /// Joins a certificate and a key after checking that they belong together.
    pub fn from_parts(cert_der: Vec<u8>, key: RsaKey) -> Result<Identity, IdentityError> {
        let public = rsa_public_key(&cert_der).map_err(IdentityError::Certificate)?;
        if public.pkcs1 != key.public_pkcs1_der() {
            return Err(IdentityError::KeyMismatch);
        }
        Ok(Identity { cert_der, key })
    }

    /// The identity as the id of a device.
    pub fn node_id(&self) -> NodeId {
        NodeId(sha384(self.key.public_pkcs1_der()))
    }

    /// The identity as the id of a server.
    pub fn server_id(&self) -> ServerId {
        ServerId::from(sha384(self.key.public_pkcs1_der()))
    }

    /// The identity as bytes for a secret file or store. Secret.
    ///
    /// Layout: `MLID` 0x01, u32 certificate length, certificate, u32 key length, PKCS#8 key, then
    /// SHA-384 over all before it.
    pub fn to_store_bytes(&self) -> Vec<u8> {
        let mut out = STORE_MAGIC.to_vec();
        for part in [self.cert_der.as_slice(), self.key.pkcs8_der()] {
            // Invariant: both parts are DER of a few KiB.
            out.extend_from_slice(&(part.len() as u32).to_be_bytes());
            out.extend_from_slice(part);
        }
        let checksum = sha384(&out);
        out.extend_from_slice(&checksum);
        out
    }

    /// Reads [`Identity::to_store_bytes`] back and checks everything.
    pub fn from_store_bytes(bytes: &[u8]) -> Result<Identity, IdentityError> {
        let (body, checksum) = bytes.split_last_chunk::<48>().ok_or(IdentityError::Damaged("too short"))?;
        let rest = body.strip_prefix(STORE_MAGIC).ok_or(IdentityError::Damaged("not an identity"))?;
        if sha384(body) != *checksum {
            return Err(IdentityError::Damaged("the checksum does not fit"));
        }
        let (cert_der, rest) = length_prefixed(rest)?;
        let (pkcs8, rest) = length_prefixed(rest)?;
        if !rest.is_empty() {
            return Err(IdentityError::Damaged("bytes after the key"));
        }
        let key = RsaKey::from_pkcs8_der(pkcs8).map_err(IdentityError::Key)?;
        Identity::from_parts(cert_der.to_vec(), key)
    }
}

impl Signer for Identity {
    fn cert_der(&self) -> &[u8] {
        &self.cert_der
    }

    fn sign(&self, data: &[u8]) -> Result<Vec<u8>, SignError> {
        Ok(self.key.sign_sha384(data))
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let subject = cert_summary(&self.cert_der).map_or_else(|_| "?".to_owned(), |s| s.subject);
        f.debug_struct("Identity").field("subject", &subject).field("key", &self.key).finish()
    }
}

impl fmt::Display for SignError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SignError::Device(why) => write!(f, "the key device gave no signature: {why}"),
            SignError::Stopped => f.write_str("the signing pool was stopped"),
        }
    }
}

impl std::error::Error for SignError {}

impl fmt::Display for IdentityError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            IdentityError::Key(error) => error.fmt(f),
            IdentityError::Certificate(error) => error.fmt(f),
            IdentityError::Issue(why) => write!(f, "the certificate could not be written: {why}"),
            IdentityError::Damaged(what) => write!(
                f,
                "the stored identity is damaged ({what}); restore it from a backup, or remove it \
                 to start with a new one (the device then appears as a new device)"
            ),
            IdentityError::KeyMismatch => f.write_str(
                "the private key does not belong to the certificate; restore both from the same backup",
            ),
        }
    }
}

impl std::error::Error for IdentityError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            IdentityError::Key(error) => Some(error),
            IdentityError::Certificate(error) => Some(error),
            _ => None,
        }
    }
}

fn length_prefixed(bytes: &[u8]) -> Result<(&[u8], &[u8]), IdentityError> {
    let cut = IdentityError::Damaged("cut short");
    let (length, rest) = bytes.split_first_chunk::<4>().ok_or(cut.clone())?;
    rest.split_at_checked(u32::from_be_bytes(*length) as usize).ok_or(cut)
}

const STORE_MAGIC: &[u8] = b"MLID\x01";
