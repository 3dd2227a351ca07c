//! Login tokens: a random name and secret that stand for a user's password.

use microstack::crypto::{random_bytes, sha384};
use microstack::wire::hex;

use crate::model::{Limit, LoginToken};

/// A fresh token. The secret is shown once; the store keeps its hash.
pub struct NewToken {
    /// What is stored.
    pub record: LoginToken,
    /// What the user gets.
    pub secret: String,
}

/// Makes a token for a user. `expires_ms` 0 means never.
pub fn new_token(user_id: &str, name: &str, now_ms: u64, expires_ms: u64) -> NewToken {
    let secret = hex::lower(&random_bytes::<24>());
    let record = LoginToken {
        token_user: format!("{}{}", LoginToken::PREFIX, hex::lower(&random_bytes::<8>())),
        secret_sha384: hex::lower(&sha384(secret.as_bytes())),
        user_id: user_id.to_owned(),
        name: name.to_owned(),
        created_ms: now_ms,
        expires_ms,
        scopes: None,
        groups: Vec::new(),
        used_ms: 0,
    };
    NewToken { record, secret }
}

/// Makes an API token: one text of name and secret, for one field of a script's settings.
pub fn new_api_token(user_id: &str, name: &str, limit: Limit, now_ms: u64, expires_ms: u64) -> NewToken {
    let mut made = new_token(user_id, name, now_ms, expires_ms);
    made.record.token_user = format!("{}{}", LoginToken::API_PREFIX, hex::lower(&random_bytes::<8>()));
    made.record.scopes = Some(limit.scopes);
    made.record.groups = limit.groups;
    made.secret = format!("{}_{}", made.record.token_user, made.secret);
    made
}

/// Splits an API token into its public name and its secret.
pub fn split_api_token(text: &str) -> Option<(&str, &str)> {
    let (number, secret) = text.strip_prefix(LoginToken::API_PREFIX)?.split_once('_')?;
    let shaped = number.len() == 16 && secret.len() == 48;
    shaped.then(|| (&text[..LoginToken::API_PREFIX.len() + number.len()], secret))
}

/// True when `secret` is that of the token and the token is valid at `now_ms`.
///
/// Compares hashes of the secrets, so the time of the comparison tells nothing useful.
pub fn token_matches(token: &LoginToken, secret: &str, now_ms: u64) -> bool {
    token.is_valid_at(now_ms) && token.secret_sha384 == hex::lower(&sha384(secret.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Scope;

    #[test]
    fn an_api_token_is_one_text_that_splits_into_name_and_secret() {
        let limit = Limit { scopes: [Scope::Run].into_iter().collect(), groups: Vec::new() };
        let made = new_api_token("user//a", "ci", limit, 1000, 0);
        let (name, secret) = split_api_token(&made.secret).unwrap();
        assert_eq!(name, made.record.token_user);
        assert!(token_matches(&made.record, secret, 2000) && !token_matches(&made.record, name, 2000));
        for wrong in ["", "mlt_", "mlt_ab_cd", &made.secret[1..], &made.secret[..80 - 12]] {
            assert!(split_api_token(wrong).is_none(), "{wrong}");
        }
    }

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
