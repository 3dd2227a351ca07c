//! The text frames of the handshake: JSON around base64.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::error::{HelloError, Refusal};

/// Largest text frame of a handshake in bytes.
pub const MAX_FRAME: usize = 8 * 1024;
/// Largest public key in bytes, PKCS#1 DER: room for 8192 bits.
pub const MAX_KEY: usize = 2 * 1024;
/// Largest signature in bytes.
pub const MAX_SIGNATURE: usize = 1024;
/// Largest hello in bytes.
pub const MAX_HELLO: usize = 512;

/// One text frame of a handshake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Envelope {
    /// The client's hello.
    Client {
        /// [`crate::hello::ClientHello`] as bytes.
        hello: Vec<u8>,
    },
    /// The device's hello in a new session.
    New {
        /// [`crate::hello::DeviceHello`] as bytes.
        hello: Vec<u8>,
        /// The device's public key, PKCS#1 DER.
        key: Vec<u8>,
        /// Signature over the transcript.
        signature: Vec<u8>,
    },
    /// The device's hello in a session that goes on.
    Resumed {
        /// [`crate::hello::DeviceHello`] as bytes.
        hello: Vec<u8>,
        /// Proof over the transcript.
        proof: Vec<u8>,
    },
    /// The device refuses.
    Refused(Refusal),
}

impl Envelope {
    /// Whether a text frame is one of ours; other text before a session opens is the relay's business.
    pub fn is_ours(text: &str) -> bool {
        text.len() <= MAX_FRAME
            && serde_json::from_str::<Value>(text).is_ok_and(|value| value["type"] == "secure")
    }

    /// Writes the frame.
    pub fn emit(&self) -> String {
        let mut frame = json!({ "ctrlChannel": "102938", "type": "secure", "v": 1 });
        let mut put = |name: &str, bytes: &[u8]| frame[name] = STANDARD.encode(bytes).into();
        match self {
            Envelope::Client { hello } => put("hello", hello),
            Envelope::New { hello, key, signature } => {
                put("hello", hello);
                put("key", key);
                put("sig", signature);
            }
            Envelope::Resumed { hello, proof } => {
                put("hello", hello);
                put("proof", proof);
            }
            Envelope::Refused(refusal) => frame["error"] = refusal.word().into(),
        }
        frame.to_string()
    }

    /// Reads a frame.
    ///
    /// # Errors
    /// [`HelloError`] when it is too long, no JSON, or has not the members of one of the four forms.
    pub fn parse(text: &str) -> Result<Envelope, HelloError> {
        if text.len() > MAX_FRAME {
            return Err(HelloError::Form("it is too long"));
        }
        let value: Value = serde_json::from_str(text).map_err(|_| HelloError::Form("it is no JSON"))?;
        if value["type"] != "secure" {
            return Err(HelloError::Form("its type is not `secure`"));
        }
        if let Some(word) = value["error"].as_str() {
            return Ok(Envelope::Refused(Refusal::from_word(word)));
        }
        match value["v"].as_u64() {
            Some(1) => {}
            Some(other) => return Err(HelloError::Version(u8::try_from(other).unwrap_or(u8::MAX))),
            None => return Err(HelloError::Form("it has no version")),
        }
        let hello = bytes(&value, "hello", MAX_HELLO)?;
        Ok(if value.get("sig").is_some() {
            let (key, signature) = (bytes(&value, "key", MAX_KEY)?, bytes(&value, "sig", MAX_SIGNATURE)?);
            Envelope::New { hello, key, signature }
        } else if value.get("proof").is_some() {
            Envelope::Resumed { hello, proof: bytes(&value, "proof", 48)? }
        } else {
            Envelope::Client { hello }
        })
    }
}

fn bytes(value: &Value, name: &'static str, most: usize) -> Result<Vec<u8>, HelloError> {
    let text = value[name].as_str().ok_or(HelloError::Form("a member is missing"))?;
    if text.len() > most.div_ceil(3) * 4 {
        return Err(HelloError::Form("a member is too long"));
    }
    STANDARD.decode(text).map_err(|_| HelloError::Form("a member is no base64"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn emit_is_the_inverse_of_parse() {
        for envelope in [
            Envelope::Client { hello: vec![1; 200] },
            Envelope::New { hello: vec![1, 2], key: vec![3; 398], signature: vec![4; 384] },
            Envelope::Resumed { hello: vec![1], proof: vec![5; 48] },
            Envelope::Refused(Refusal::Busy),
        ] {
            let text = envelope.emit();
            assert!(Envelope::is_ours(&text), "{text}");
            assert_eq!(Envelope::parse(&text), Ok(envelope));
        }
    }

    #[test]
    fn what_is_no_handshake_is_refused() {
        assert!(!Envelope::is_ours("1"));
        assert!(!Envelope::is_ours(r#"{"ctrlChannel":"102938","type":"options"}"#));
        for text in [
            "",
            "{",
            "[]",
            r#"{"type":"secure"}"#,
            r#"{"type":"secure","v":1}"#,
            r#"{"type":"secure","v":"1","hello":""}"#,
            r#"{"type":"secure","v":1,"hello":5}"#,
            r#"{"type":"secure","v":1,"hello":"*"}"#,
            r#"{"type":"secure","v":1,"hello":"AA==","sig":1}"#,
        ] {
            assert!(matches!(Envelope::parse(text), Err(HelloError::Form(_))), "{text}");
        }
        let long = format!(r#"{{"type":"secure","v":1,"hello":"{}"}}"#, "A".repeat(MAX_FRAME));
        assert!(matches!(Envelope::parse(&long), Err(HelloError::Form(_))));
        let next = r#"{"type":"secure","v":2,"hello":""}"#;
        assert_eq!(Envelope::parse(next), Err(HelloError::Version(2)));
    }
}
