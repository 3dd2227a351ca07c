//! Argon2id hashes. Hashing takes tens of milliseconds and 19 MiB: never on a chain.

use argon2::Argon2;
use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use microstack::crypto::random_bytes;

/// Most bytes of a password: enough for any phrase, too few to keep the hash busy.
pub const MAX_PASSWORD: usize = 1024;

/// Why a password cannot be used or hashed.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PasswordError {
    /// It has no character.
    Empty,
    /// It is over [`MAX_PASSWORD`].
    TooLong,
    /// The old password, which had to be given, is another one.
    Wrong,
    /// The hash function refused; says why.
    Hash(String),
}

/// Hashes a new password with fresh salt.
///
/// # Errors
/// [`PasswordError`] for passwords that cannot be used.
pub fn hash_password(password: &str) -> Result<String, PasswordError> {
    if password.is_empty() {
        return Err(PasswordError::Empty);
    }
    if password.len() > MAX_PASSWORD {
        return Err(PasswordError::TooLong);
    }
    let failed = |error: argon2::password_hash::Error| PasswordError::Hash(error.to_string());
    let salt = SaltString::encode_b64(&random_bytes::<16>()).map_err(failed)?;
    let hash = Argon2::default().hash_password(password.as_bytes(), &salt).map_err(failed)?;
    Ok(hash.to_string())
}

/// True when the password is the one behind the hash. An unreadable hash matches nothing.
///
/// With `None` for an unknown user the same work is done, so that time does not tell who exists.
pub fn verify_password(password: &str, hash: Option<&str>) -> bool {
    if password.len() > MAX_PASSWORD {
        return false;
    }
    let Ok(parsed) = PasswordHash::new(hash.unwrap_or(NOBODY)) else {
        return false;
    };
    Argon2::default().verify_password(password.as_bytes(), &parsed).is_ok() && hash.is_some()
}

/// A hash with the default parameters of which nobody knows a password.
const NOBODY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

impl std::fmt::Display for PasswordError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            PasswordError::Empty => write!(f, "the password is empty"),
            PasswordError::TooLong => write!(f, "the password is longer than {MAX_PASSWORD} bytes"),
            PasswordError::Wrong => write!(f, "this is not the present password"),
            PasswordError::Hash(why) => write!(f, "the password could not be hashed: {why}"),
        }
    }
}

impl std::error::Error for PasswordError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_right_password_matches() {
        let hash = hash_password("correct horse").unwrap();
        assert!(hash.starts_with("$argon2id$"));
        assert!(verify_password("correct horse", Some(&hash)));
        assert!(!verify_password("correct hors", Some(&hash)));
        assert_ne!(hash, hash_password("correct horse").unwrap());
    }

    #[test]
    fn unknown_users_and_broken_hashes_match_nothing() {
        assert!(PasswordHash::new(NOBODY).is_ok(), "the dummy must cost a real check");
        assert!(!verify_password("x", None));
        assert!(!verify_password("x", Some("not a hash")));
        assert_eq!(hash_password(""), Err(PasswordError::Empty));
    }
}
