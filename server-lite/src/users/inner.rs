//! Inner authentication (user-channel specification 1.2): the server proves its identity before it gets a password,
//! for clients that cannot trust the TLS certificate.

use microstack::channel::server::Config;
use microstack::wire::id::TlsHash;
use serde_json::{Value, json};

use super::request::Request;
use super::sign_in::{Credentials, decode, decode_bytes, encode_bytes};

/// What the client sent first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Challenge {
    client_nonce: [u8; 48],
    seen: TlsHash,
}

/// Why the exchange ends, as the client is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum InnerError {
    /// A field is missing or of the wrong length.
    BadArguments,
    /// The client sees a certificate that is not ours: something in between intercepts TLS.
    BadTlsCertificate,
}

impl InnerError {
    /// The `msg` of the close message.
    pub(super) fn text(self) -> &'static str {
        match self {
            InnerError::BadArguments => "badargs",
            InnerError::BadTlsCertificate => "badtlscert",
        }
    }
}

/// Reads `serverAuth` and compares what the client saw with what we show.
pub(super) fn read_challenge(request: &Request<'_>, config: &Config) -> Result<Challenge, InnerError> {
    let nonce = request.text("cnonce").and_then(decode_bytes);
    let client_nonce = nonce.and_then(|nonce| nonce.try_into().ok()).ok_or(InnerError::BadArguments)?;
    let seen = request.text("tlshash").and_then(|hex| TlsHash::from_hex(hex).ok());
    let seen = seen.ok_or(InnerError::BadArguments)?;
    let known = config.accepted_tls.iter().any(|accepted| accepted.tls == seen || accepted.key == seen);
    if known { Ok(Challenge { client_nonce, seen }) } else { Err(InnerError::BadTlsCertificate) }
}

/// What the server signs: client nonce, TLS hash, server nonce.
pub(super) fn signed_data(challenge: &Challenge, server_nonce: &[u8; 48]) -> Vec<u8> {
    [&challenge.client_nonce[..], challenge.seen.as_bytes(), server_nonce].concat()
}

/// The server's proof.
pub(super) fn proof(cert_der: &[u8], server_nonce: &[u8; 48], signature: &[u8]) -> Value {
    json!({
        "action": "serverAuth",
        "cert": encode_bytes(cert_der),
        "nonce": encode_bytes(server_nonce),
        "signature": encode_bytes(signature),
    })
}

/// Reads `userAuth`.
pub(super) fn read_credentials(request: &Request<'_>) -> Result<Credentials, InnerError> {
    let field = |key| request.text(key).and_then(decode).ok_or(InnerError::BadArguments);
    // Not base64, other than the two beside it.
    let code = request.text("token").map(str::to_owned);
    Ok(Credentials { name: field("username")?, password: field("password")?, code })
}

#[cfg(test)]
mod tests {
    use super::*;
    use microstack::channel::server::AcceptedTls;

    fn config() -> Config {
        let accepted = AcceptedTls { tls: TlsHash([1; 48]), key: TlsHash([2; 48]) };
        Config { identities: Vec::new(), accepted_tls: vec![accepted] }
    }

    fn read(message: Value) -> Result<Challenge, InnerError> {
        read_challenge(&Request::read(&message).unwrap(), &config())
    }

    #[test]
    fn the_seen_certificate_must_be_ours() {
        let nonce = encode_bytes(&[9; 48]);
        for good in [TlsHash([1; 48]), TlsHash([2; 48])] {
            let message = json!({"action": "serverAuth", "cnonce": nonce, "tlshash": good.to_hex()});
            let challenge = read(message).unwrap();
            let data = signed_data(&challenge, &[7; 48]);
            assert_eq!(data.len(), 144);
            assert_eq!((&data[..48], &data[96..]), (&[9; 48][..], &[7; 48][..]));
        }
        let foreign = TlsHash([3; 48]).to_hex();
        let message = json!({"action": "serverAuth", "cnonce": nonce, "tlshash": foreign});
        assert_eq!(read(message), Err(InnerError::BadTlsCertificate));
    }

    #[test]
    fn broken_arguments_are_named() {
        let good = TlsHash([1; 48]).to_hex();
        for message in [
            json!({"action": "serverAuth"}),
            json!({"action": "serverAuth", "cnonce": "AAAA", "tlshash": good}),
            json!({"action": "serverAuth", "cnonce": encode_bytes(&[9; 48]), "tlshash": "xyz"}),
        ] {
            assert_eq!(read(message), Err(InnerError::BadArguments));
        }
        let message = json!({"action": "userAuth", "username": "YQ==", "password": 5});
        assert!(read_credentials(&Request::read(&message).unwrap()).is_err());
        let message = json!({"action": "userAuth", "username": "YQ==", "password": "Yg=="});
        assert_eq!(read_credentials(&Request::read(&message).unwrap()).unwrap().name, "a");
    }
}
