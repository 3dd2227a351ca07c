//! Inner authentication: the server proves its identity before it gets a password (user-channel specification 1.2).
//!
//! The certificate seen on TLS may be anybody's. The server signs our nonce and the hash of *that* certificate with
//! its agent server key, so whoever stands in between with another certificate cannot pass the signature on.
//!
//! No I/O, no clock, no random numbers: they are parameters.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use microstack::crypto::{CertError, VerifyError, key_id, key_id_sha256, tls_hash, verify_rsa_sha384};
use microstack::wire::id::{Nonce, ServerId, TlsHash};
use serde_json::{Value, json};

/// What the server is asked to sign.
#[derive(Debug)]
pub struct Challenge {
    nonce: Nonce,
    tls: TlsHash,
}

/// A server identity that was proved on one connection.
#[derive(Debug, PartialEq, Eq)]
pub struct Proved {
    /// The key id of the certificate that signed.
    pub id: ServerId,
    /// The same in the old form, for servers pinned by 64 digits.
    pub old_id: [u8; 32],
}

/// Why an answer proves nothing. Each may be an attack; each is more often another kind of server.
#[derive(Debug)]
#[non_exhaustive]
pub enum ProofError {
    /// The certificate, nonce or signature is missing, not base64, or too long.
    Field(&'static str),
    /// The certificate cannot be read or is no RSA certificate.
    Certificate(CertError),
    /// The signature does not fit. Usual cause: another certificate was seen on TLS than the server has.
    Signature(VerifyError),
}

impl fmt::Display for ProofError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ProofError::Field(name) => {
                write!(f, "its answer has no usable \"{name}\"; is it a Meshlite server?")
            }
            ProofError::Certificate(error) => write!(f, "its identity certificate is unusable: {error}"),
            ProofError::Signature(error) => write!(
                f,
                "its signature does not fit this connection ({error}); a proxy that opens TLS, or an attack"
            ),
        }
    }
}

impl std::error::Error for ProofError {}

impl Challenge {
    /// For one connection: a fresh nonce and the certificate seen on its TLS.
    pub fn new(nonce: Nonce, seen_certificate_der: &[u8]) -> Challenge {
        Challenge { nonce, tls: tls_hash(seen_certificate_der) }
    }

    /// The message that asks.
    pub fn message(&self) -> Value {
        json!({ "action": "serverAuth", "cnonce": STANDARD.encode(self.nonce.0), "tlshash": self.tls.to_hex() })
    }

    /// Checks the answer.
    ///
    /// # Errors
    /// [`ProofError`] when it does not prove an identity.
    pub fn check(&self, answer: &Value) -> Result<Proved, ProofError> {
        let certificate = decode(answer, "cert", MAX_CERTIFICATE)?;
        let nonce = decode(answer, "nonce", MAX_NONCE)?;
        let signature = decode(answer, "signature", MAX_SIGNATURE)?;
        let id = ServerId(key_id(&certificate).map_err(ProofError::Certificate)?);
        let old_id = key_id_sha256(&certificate).map_err(ProofError::Certificate)?;
        let signed = [self.nonce.0.as_slice(), self.tls.0.as_slice(), &nonce].concat();
        verify_rsa_sha384(&certificate, &signed, &signature).map_err(ProofError::Signature)?;
        Ok(Proved { id, old_id })
    }
}

impl Proved {
    /// True when this is the server that `expected` names, in the new form or the old.
    pub fn is(&self, expected: &ServerId) -> bool {
        match expected.is_old() {
            true => expected.0[..32] == self.old_id,
            false => *expected == self.id,
        }
    }
}

fn decode(answer: &Value, name: &'static str, limit: usize) -> Result<Vec<u8>, ProofError> {
    let text = answer.get(name).and_then(Value::as_str).ok_or(ProofError::Field(name))?;
    if text.is_empty() || text.len() > limit * 4 / 3 + 4 {
        return Err(ProofError::Field(name));
    }
    STANDARD.decode(text).map_err(|_| ProofError::Field(name))
}

// Bytes, before base64.
const MAX_CERTIFICATE: usize = 16 * 1024;
const MAX_NONCE: usize = 256;
const MAX_SIGNATURE: usize = 4 * 1024;

#[cfg(test)]
pub(super) mod tests {
    use std::sync::OnceLock;

    use microstack::crypto::Identity;

    use super::*;

    /// One key for all tests: making one takes a while.
    pub(in super::super) fn identity() -> &'static Identity {
        static IDENTITY: OnceLock<Identity> = OnceLock::new();
        IDENTITY.get_or_init(|| Identity::new_agent(2048).unwrap())
    }

    /// What a server with `identity` answers that has `tls` as its outer certificate.
    pub(in super::super) fn answer_to(question: &Value, identity: &Identity, tls: &[u8]) -> Value {
        let nonce = [9u8; 48];
        let cnonce = STANDARD.decode(question["cnonce"].as_str().unwrap()).unwrap();
        let signed = [cnonce.as_slice(), &tls_hash(tls).0, &nonce].concat();
        json!({
            "action": "serverAuth",
            "cert": STANDARD.encode(&identity.cert_der),
            "nonce": STANDARD.encode(nonce),
            "signature": STANDARD.encode(identity.key.sign_sha384(&signed)),
        })
    }

    #[test]
    fn the_right_server_proves_itself() {
        let challenge = Challenge::new(Nonce([1; 48]), b"outer");
        let proved = challenge.check(&answer_to(&challenge.message(), identity(), b"outer")).unwrap();
        assert_eq!(proved.id, identity().server_id());
        assert!(proved.is(&identity().server_id()));
        assert!(!proved.is(&ServerId([3; 48])));
        let mut old = [0; 48];
        old[..32].copy_from_slice(&proved.old_id);
        assert!(proved.is(&ServerId(old)));
    }

    #[test]
    fn a_certificate_in_between_is_noticed() {
        let challenge = Challenge::new(Nonce([1; 48]), b"of the one in between");
        let answer = answer_to(&challenge.message(), identity(), b"outer");
        assert!(matches!(challenge.check(&answer), Err(ProofError::Signature(_))));
    }

    #[test]
    fn an_old_answer_does_not_fit_a_new_nonce() {
        let before = Challenge::new(Nonce([1; 48]), b"outer");
        let replayed = answer_to(&before.message(), identity(), b"outer");
        let challenge = Challenge::new(Nonce([2; 48]), b"outer");
        assert!(matches!(challenge.check(&replayed), Err(ProofError::Signature(_))));
    }

    #[test]
    fn answers_without_the_parts_are_refused() {
        let challenge = Challenge::new(Nonce([1; 48]), b"outer");
        let good = answer_to(&challenge.message(), identity(), b"outer");
        for name in ["cert", "nonce", "signature"] {
            for bad in [json!(null), json!(7), json!(""), json!("***"), json!("A".repeat(100_000))] {
                let mut answer = good.clone();
                answer[name] = bad;
                assert!(matches!(challenge.check(&answer), Err(ProofError::Field(field)) if field == name));
            }
        }
        let mut answer = good.clone();
        answer["cert"] = json!(STANDARD.encode(b"not a certificate"));
        assert!(matches!(challenge.check(&answer), Err(ProofError::Certificate(_))));
    }
}
