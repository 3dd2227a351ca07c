//! The 48-byte names of this protocol: identities, hashes and nonces, each its own type.
//!
//! All are SHA-384 values or random bytes (agent-channel spec 1). Two text forms exist: upper-case hexadecimal
//! (in the `.msh` file and in logs) and base64 with `+` written `@` and `/` written `$` (in database ids).

use std::fmt;

use base64::Engine as _;
use base64::alphabet::Alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use ring::digest::{SHA384, digest};

use crate::hex;

/// Declares one 48-byte name. `old` says whether the 32-byte form of former servers exists for it.
macro_rules! name_of_48_bytes {
    ($(#[$doc:meta])* $name:ident, $what:literal, old = $old:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub [u8; 48]);

        impl $name {
            /// Length on the wire in bytes.
            pub const LEN: usize = 48;

            /// Reads hexadecimal digits of either case, 96 of them (64 too where a 32-byte form exists).
            ///
            /// # Errors
            /// [`IdError`] names the wrong length or the first character that is no digit.
            pub fn from_hex(text: &str) -> Result<Self, IdError> {
                from_hex($what, text, $old).map(Self)
            }

            /// Writes upper-case hexadecimal digits; the 32-byte form gives 64 of them.
            pub fn to_hex(&self) -> String {
                hex::upper(significant(&self.0, $old))
            }

            /// Reads the base64 form used in database ids (`@` for `+`, `$` for `/`, no padding).
            ///
            /// # Errors
            /// [`IdError`] if the text is not that base64 or not of the right length.
            pub fn from_text64(text: &str) -> Result<Self, IdError> {
                from_text64($what, text, $old).map(Self)
            }

            /// Writes the base64 form used in database ids: 64 characters (43 for the 32-byte form).
            pub fn to_text64(&self) -> String {
                TEXT64.encode(significant(&self.0, $old))
            }

            /// The bytes as they travel on the wire.
            pub const fn as_bytes(&self) -> &[u8; 48] {
                &self.0
            }

            /// True if every byte is zero.
            pub fn is_zero(&self) -> bool {
                self.0.iter().all(|byte| *byte == 0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({}…)", stringify!($name), hex::upper(&self.0[..4]))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.to_hex())
            }
        }

        impl From<[u8; 48]> for $name {
            fn from(bytes: [u8; 48]) -> Self {
                Self(bytes)
            }
        }

        impl AsRef<[u8]> for $name {
            fn as_ref(&self) -> &[u8] {
                &self.0
            }
        }

        impl std::str::FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                Self::from_hex(text)
            }
        }
    };
}

name_of_48_bytes! {
    /// Names a server: the key id of its agent identity certificate.
    ///
    /// Former servers used SHA-256; that form is zero-padded to 48 bytes on the wire.
    ServerId, "a ServerID", old = true
}
name_of_48_bytes! {
    /// Names a device: the key id of the agent's own certificate.
    NodeId, "a node id", old = false
}
name_of_48_bytes! {
    /// Names a device group; drawn by the server. Old groups have 32 bytes, zero-padded on the wire.
    MeshId, "a MeshID", old = true
}
name_of_48_bytes! {
    /// SHA-384 of the whole DER of the leaf certificate seen on TLS (or of its key, in the old form).
    TlsHash, "a TLS certificate hash", old = false
}
name_of_48_bytes! {
    /// SHA-384 of an uncompressed core body, its four leading bytes included.
    CoreHash, "a core hash", old = false
}
name_of_48_bytes! {
    /// SHA-384 of an agent program without its embedded msh (agent-channel spec 5.1).
    AgentHash, "an agent hash", old = false
}
name_of_48_bytes! {
    /// Random bytes drawn once per connection; all the replay protection there is.
    Nonce, "a nonce", old = false
}

impl ServerId {
    /// True for the SHA-256 form: the last 16 bytes are zero.
    pub fn is_old(&self) -> bool {
        is_padded(&self.0)
    }

    /// Whether `key` (the PKCS#1 bytes of an RSA public key) is the key this id stands for, in either form.
    pub fn names_key(&self, key: &[u8]) -> bool {
        if self.is_old() {
            digest(&ring::digest::SHA256, key).as_ref() == &self.0[..32]
        } else {
            sha384(key) == self.0
        }
    }
}

impl MeshId {
    /// True for the 32-byte form of old groups: the last 16 bytes are zero.
    pub fn is_old(&self) -> bool {
        is_padded(&self.0)
    }
}

impl CoreHash {
    /// Answer of an agent that runs a core of its own and wants it left alone.
    pub const LOCAL: CoreHash = CoreHash([0; 48]);
}

impl AgentHash {
    /// Answer of an agent that must never be replaced.
    pub const NEVER_UPDATE: AgentHash = AgentHash([0; 48]);
    /// Answer of an agent that asks to be replaced whatever it runs.
    pub const FORCE_UPDATE: AgentHash = AgentHash([0xFF; 48]);
}

/// Why a text is not one of the 48-byte names.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IdError {
    /// The text has the wrong number of characters. Usual cause: cut off while copying.
    Length { what: &'static str, expected: usize, got: usize },
    /// A character is no hexadecimal digit. Usual cause: the base64 form was given, or blanks crept in.
    NotHex { what: &'static str, at: usize },
    /// A character does not belong to the base64 of database ids. Usual cause: `+` and `/` were not rewritten.
    NotText64 { what: &'static str },
}

impl fmt::Display for IdError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            IdError::Length { what, expected, got } => {
                write!(f, "{what} has {expected} characters, this text has {got}; copy it again completely")
            }
            IdError::NotHex { what, at } => {
                write!(f, "{what} consists of hexadecimal digits; character {} is none", at + 1)
            }
            IdError::NotText64 { what } => {
                write!(
                    f,
                    "{what} in text form consists of A-Z, a-z, 0-9, @ and $; another character was found"
                )
            }
        }
    }
}

impl std::error::Error for IdError {}

/// SHA-384, the only hash of this protocol.
pub(crate) fn sha384(data: &[u8]) -> [u8; 48] {
    let mut bytes = [0; 48];
    bytes.copy_from_slice(digest(&SHA384, data).as_ref());
    bytes
}

fn from_hex(what: &'static str, text: &str, old: bool) -> Result<[u8; 48], IdError> {
    let mut bytes = [0; 48];
    let target = match text.chars().count() {
        96 => &mut bytes[..],
        64 if old => &mut bytes[..32],
        got => return Err(IdError::Length { what, expected: 96, got }),
    };
    hex::read_into(text, target).map_err(|at| IdError::NotHex { what, at })?;
    Ok(bytes)
}

fn from_text64(what: &'static str, text: &str, old: bool) -> Result<[u8; 48], IdError> {
    let expected = match text.len() {
        64 => 48,
        43 if old => 32,
        got => return Err(IdError::Length { what, expected: 64, got }),
    };
    let decoded = TEXT64.decode(text).map_err(|_| IdError::NotText64 { what })?;
    let mut bytes = [0; 48];
    match decoded.len() == expected {
        true => bytes[..expected].copy_from_slice(&decoded),
        false => return Err(IdError::NotText64 { what }),
    }
    Ok(bytes)
}

fn significant(bytes: &[u8; 48], old: bool) -> &[u8] {
    if old && is_padded(bytes) { &bytes[..32] } else { bytes }
}

/// An all-zero value is not "old": it means "none" and keeps its full length.
fn is_padded(bytes: &[u8; 48]) -> bool {
    bytes[32..].iter().all(|byte| *byte == 0) && bytes[..32].iter().any(|byte| *byte != 0)
}

const TEXT64: GeneralPurpose = {
    const CHARACTERS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789@$";
    let alphabet = match Alphabet::new(CHARACTERS) {
        Ok(alphabet) => alphabet,
        // Evaluated while compiling: 64 distinct printable characters are above.
        Err(_) => panic!("the alphabet has 64 distinct characters"),
    };
    let config = GeneralPurposeConfig::new()
        .with_encode_padding(false)
        .with_decode_padding_mode(DecodePaddingMode::RequireNone);
    GeneralPurpose::new(&alphabet, config)
};

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_id_cut_off_says_how_long_it_is() {
        let error = NodeId::from_hex("ABCD").unwrap_err();
        assert_eq!(error, IdError::Length { what: "a node id", expected: 96, got: 4 });
        assert!(error.to_string().contains("this text has 4"));
    }

    #[test]
    fn a_wrong_digit_is_located_even_after_a_wide_character() {
        let mut text = "A".repeat(95);
        text.insert(7, 'é');
        assert_eq!(MeshId::from_hex(&text), Err(IdError::NotHex { what: "a MeshID", at: 7 }));
    }

    #[test]
    fn only_servers_and_groups_have_an_old_form() {
        let old = "0a".repeat(32);
        assert!(ServerId::from_hex(&old).unwrap().is_old());
        assert!(MeshId::from_hex(&old).unwrap().is_old());
        assert!(NodeId::from_hex(&old).is_err());
        assert_eq!(MeshId::from_hex(&old).unwrap().to_hex(), old.to_uppercase());
        assert!(!ServerId([0; 48]).is_old());
    }

    #[test]
    fn both_forms_of_a_server_id_name_the_same_key() {
        let new = ServerId(sha384(b"key"));
        let mut old = [0; 48];
        old[..32].copy_from_slice(digest(&ring::digest::SHA256, b"key").as_ref());
        assert!(new.names_key(b"key") && ServerId(old).names_key(b"key"));
        assert!(!new.names_key(b"other") && !ServerId(old).names_key(b"other"));
    }

    #[test]
    fn plain_base64_is_refused() {
        let text = "+".repeat(64);
        assert_eq!(NodeId::from_text64(&text), Err(IdError::NotText64 { what: "a node id" }));
    }

    proptest! {
        #[test]
        fn both_text_forms_are_inverse(head in any::<[u8; 32]>(), tail in any::<[u8; 16]>(), old in any::<bool>()) {
            let mut bytes = [0; 48];
            bytes[..32].copy_from_slice(&head);
            if !old { bytes[32..].copy_from_slice(&tail); }
            prop_assert_eq!(MeshId::from_hex(&MeshId(bytes).to_hex()), Ok(MeshId(bytes)));
            prop_assert_eq!(MeshId::from_text64(&MeshId(bytes).to_text64()), Ok(MeshId(bytes)));
            prop_assert_eq!(NodeId::from_hex(&NodeId(bytes).to_hex().to_lowercase()), Ok(NodeId(bytes)));
            prop_assert_eq!(NodeId::from_text64(&NodeId(bytes).to_text64()), Ok(NodeId(bytes)));
        }

        #[test]
        fn no_text_panics(text in ".{0,120}") {
            let _ = (MeshId::from_hex(&text), MeshId::from_text64(&text));
        }
    }
}
