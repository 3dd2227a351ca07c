//! Login tokens: a random name and secret that stand for a user's password.

use microstack::crypto::{random_bytes, sha384};

use crate::model::LoginToken;

/// A fresh token. The secret is shown once; the store keeps its hash.
pub struct NewToken {
    /// What is stored.
    pub record: LoginToken,
    /// What the user gets.
    pub secret: String,
}

/// Makes a token for a user. `expires_ms` 0 means never.
pub fn new_token(user_id: &str, name: &str, now_ms: u64, expires_ms: u64) -> NewToken {
    let secret = hex(&random_bytes::<24>());
    let record = LoginToken {
        token_user: format!("{}{}", LoginToken::PREFIX, hex(&random_bytes::<8>())),
        secret_sha384: hex(&sha384(secret.as_bytes())),
        user_id: user_id.to_owned(),
        name: name.to_owned(),
        created_ms: now_ms,
        expires_ms,
    };
    NewToken { record, secret }
}

/// True when `secret` is that of the token and the token is valid at `now_ms`.
///
/// Compares hashes of the secrets, so the time of the comparison tells nothing useful.
pub fn token_matches(token: &LoginToken, secret: &str, now_ms: u64) -> bool {
    token.is_valid_at(now_ms) && token.secret_sha384 == hex(&sha384(secret.as_bytes()))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_opens_with_its_secret_until_it_expires() {
        let token = new_token("user//a", "laptop", 1000, 2000);
        assert!(token.record.token_user.starts_with("~t:"));
        assert!(token_matches(&token.record, &token.secret, 1999));
        assert!(!token_matches(&token.record, &token.secret, 2000));
        assert!(!token_matches(&token.record, "guess", 1999));
        assert!(!serde_json::to_string(&token.record).unwrap().contains(&token.secret));
    }
}
