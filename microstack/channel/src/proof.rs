//! The 144 signed bytes and the judgement of a certificate, the same for both sides.

use microstack_crypto::{MIN_RSA_BITS, RsaPublicKey, VerifyError, rsa_public_key};
use microstack_wire::{Command, Nonce, TlsHash};

use crate::error::HandshakeError;

/// What a side signs: the TLS hash, then the nonce of its *peer*, then its own
/// (agent-channel specification 3.3).
pub(crate) fn signed_data(tls: &TlsHash, peer: &Nonce, own: &Nonce) -> [u8; 144] {
    let mut data = [0u8; 144];
    data[..48].copy_from_slice(&tls.0);
    data[48..96].copy_from_slice(&peer.0);
    data[96..].copy_from_slice(&own.0);
    data
}

/// Takes the key out of the peer's certificate and refuses one that is too short, before any signature is
/// looked at.
pub(crate) fn peer_key(cert_der: &[u8]) -> Result<RsaPublicKey, HandshakeError> {
    let key = rsa_public_key(cert_der)?;
    match key.bits {
        bits if bits < MIN_RSA_BITS => Err(HandshakeError::WeakKey { bits }),
        _ => Ok(key),
    }
}

/// Turns a failed check of a signature into the error that names its cause best.
pub(crate) fn refused_signature(error: VerifyError) -> HandshakeError {
    match error {
        VerifyError::KeyTooSmall { bits } => HandshakeError::WeakKey { bits },
        VerifyError::Certificate(error) => HandshakeError::Certificate(error),
        error => HandshakeError::Signature(Some(error)),
    }
}

/// A certificate and signature as received.
#[derive(Debug)]
pub(crate) struct Evidence {
    pub(crate) cert_der: Vec<u8>,
    pub(crate) signature: Vec<u8>,
}

impl Evidence {
    /// Command 2 with our own certificate.
    pub(crate) fn message(certificate: &[u8], signature: &[u8]) -> Vec<u8> {
        Command::AuthVerify { certificate, signature }.to_vec()
    }
}
