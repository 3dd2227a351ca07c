//! Checking the signatures of command 2 (agent-channel specification 1 and 3.3).

use std::fmt;

use ring::signature::{RSA_PKCS1_2048_8192_SHA384, UnparsedPublicKey};

use crate::certificate::{CertError, RsaPublicKey, rsa_public_key};
use crate::der::{CONTEXT_0, CONTEXT_1, INTEGER, OCTET_STRING, OID, Reader, SEQUENCE, SET};
use crate::{MAX_RSA_BITS, MAX_SIGNATURE_BYTES, MIN_RSA_BITS};

/// Why a signature was refused.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VerifyError {
    /// The certificate itself cannot be used.
    Certificate(CertError),
    /// The RSA key is shorter than 2048 bits. Such keys can be broken; the peer needs a new one.
    KeyTooSmall {
        /// Bits of the key seen.
        bits: usize,
    },
    /// The RSA key is longer than 8192 bits and would cost too much to check.
    KeyTooLarge {
        /// Bits of the key seen.
        bits: usize,
    },
    /// The signature is over 4 KiB.
    SignatureTooLarge {
        /// Bytes received.
        bytes: usize,
    },
    /// The signature is not as long as the key, nor a PKCS#7 structure.
    SignatureLength {
        /// Bytes that the key needs.
        need: usize,
        /// Bytes received.
        got: usize,
    },
    /// The PKCS#7 structure around the signature cannot be read.
    Pkcs7(&'static str),
    /// The signature does not belong to these data and this key. Usual causes: another TLS
    /// certificate in between, a replayed message, or a peer that lost its key.
    Mismatch,
}

/// Checks an RSASSA-PKCS1-v1_5 SHA-384 signature over `data` with the key of `cert_der`.
pub fn verify_rsa_sha384(cert_der: &[u8], data: &[u8], signature: &[u8]) -> Result<(), VerifyError> {
    let key = acceptable_key(cert_der)?;
    check(&key, data, signature)
}

/// Checks the form that Windows agents send: the raw RSA value inside a PKCS#7 `SignedData`.
///
/// The value is checked as an RSA SHA-384 signature over `data` itself with the key of
/// `cert_der`; certificates inside the structure are ignored (agent-channel specification 1).
pub fn verify_pkcs7_signed(cert_der: &[u8], data: &[u8], signed_data: &[u8]) -> Result<(), VerifyError> {
    let key = acceptable_key(cert_der)?;
    if signed_data.len() > MAX_SIGNATURE_BYTES {
        return Err(VerifyError::SignatureTooLarge { bytes: signed_data.len() });
    }
    let value = signature_value(signed_data)?;
    check(&key, data, value)
}

/// Checks a signature in either form, as a server must for agents of every platform.
///
/// A value exactly as long as the modulus is taken as raw, anything else as PKCS#7.
pub fn verify_agent_signature(cert_der: &[u8], data: &[u8], signature: &[u8]) -> Result<(), VerifyError> {
    let key = acceptable_key(cert_der)?;
    if signature.len() > MAX_SIGNATURE_BYTES {
        return Err(VerifyError::SignatureTooLarge { bytes: signature.len() });
    }
    if signature.len() == key.bits.div_ceil(8) || signature.first() != Some(&SEQUENCE) {
        return check(&key, data, signature);
    }
    check(&key, data, signature_value(signature)?)
}

fn acceptable_key(cert_der: &[u8]) -> Result<RsaPublicKey, VerifyError> {
    let key = rsa_public_key(cert_der).map_err(VerifyError::Certificate)?;
    match key.bits {
        bits if bits < MIN_RSA_BITS => Err(VerifyError::KeyTooSmall { bits }),
        bits if bits > MAX_RSA_BITS => Err(VerifyError::KeyTooLarge { bits }),
        _ => Ok(key),
    }
}

fn check(key: &RsaPublicKey, data: &[u8], signature: &[u8]) -> Result<(), VerifyError> {
    let need = key.bits.div_ceil(8);
    if signature.len() != need {
        return Err(VerifyError::SignatureLength { need, got: signature.len() });
    }
    UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA384, &key.pkcs1)
        .verify(data, signature)
        .map_err(|_| VerifyError::Mismatch)
}

/// Finds `SignerInfo.signature` of the first signer (RFC 2315 section 9).
fn signature_value(der: &[u8]) -> Result<&[u8], VerifyError> {
    const SIGNED_DATA: &[u8] = &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x07, 0x02];
    let fail = VerifyError::Pkcs7;

    let mut outer = Reader::new(der);
    let info = outer.take(SEQUENCE).ok_or(fail("no outer sequence"))?;
    if !outer.is_empty() {
        return Err(fail("bytes after the structure"));
    }
    let mut info = Reader::new(info);
    if info.take(OID) != Some(SIGNED_DATA) {
        return Err(fail("the content is not SignedData"));
    }
    let content = info.take(CONTEXT_0).ok_or(fail("no content"))?;
    let signed = Reader::new(content).take(SEQUENCE).ok_or(fail("no SignedData"))?;

    let mut signed = Reader::new(signed);
    signed.take(INTEGER).ok_or(fail("no version"))?;
    signed.take(SET).ok_or(fail("no digest algorithms"))?;
    signed.take(SEQUENCE).ok_or(fail("no content info"))?;
    signed.take(CONTEXT_0); // certificates, ignored
    signed.take(CONTEXT_1); // revocation lists, ignored
    let signers = signed.take(SET).ok_or(fail("no signers"))?;
    let signer = Reader::new(signers).take(SEQUENCE).ok_or(fail("the list of signers is empty"))?;

    let mut signer = Reader::new(signer);
    signer.take(INTEGER).ok_or(fail("no signer version"))?;
    signer.next().ok_or(fail("no signer name"))?;
    signer.take(SEQUENCE).ok_or(fail("no digest algorithm"))?;
    signer.take(CONTEXT_0); // signed attributes: the protocol signs the 144 bytes regardless
    signer.take(SEQUENCE).ok_or(fail("no signature algorithm"))?;
    signer.take(OCTET_STRING).ok_or(fail("no signature value"))
}

impl fmt::Display for VerifyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            VerifyError::Certificate(error) => error.fmt(f),
            VerifyError::KeyTooSmall { bits } => write!(
                f,
                "the peer's RSA key has only {bits} bits; at least {MIN_RSA_BITS} are needed, so \
                 the peer must create a new identity"
            ),
            VerifyError::KeyTooLarge { bits } => {
                write!(f, "the peer's RSA key has {bits} bits; at most {MAX_RSA_BITS} are accepted")
            }
            VerifyError::SignatureTooLarge { bytes } => {
                write!(f, "the signature has {bytes} bytes; at most {MAX_SIGNATURE_BYTES} are taken")
            }
            VerifyError::SignatureLength { need, got } => {
                write!(f, "the signature has {got} bytes where the key needs {need}")
            }
            VerifyError::Pkcs7(why) => write!(f, "the PKCS#7 signature cannot be read: {why}"),
            VerifyError::Mismatch => f.write_str(
                "the signature does not fit; the TLS connection may be intercepted, the message \
                 may be replayed, or the peer signed with another key",
            ),
        }
    }
}

impl std::error::Error for VerifyError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            VerifyError::Certificate(error) => Some(error),
            _ => None,
        }
    }
}
