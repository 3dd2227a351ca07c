//! Signed-in browsers.

use serde::{Deserialize, Serialize};

/// One browser that is signed in. The cookie holds a secret; the store keeps its hash.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct WebSession {
    /// Public number: what lists show and a revocation names. Proves nothing.
    pub number: String,
    /// SHA-384 of the cookie's secret, hexadecimal.
    pub secret_sha384: String,
    /// Whose.
    pub user_id: String,
    /// Milliseconds since 1970.
    pub created_ms: u64,
    /// Last use, milliseconds since 1970; kept to the [`WebSession::SEEN_EVERY_MS`].
    pub seen_ms: u64,
    /// Address of the sign-in.
    pub address: String,
    /// What the browser says it is; shown to its owner as text.
    pub program: String,
}

impl WebSession {
    /// Ends after this time without use.
    pub const IDLE_MS: u64 = 12 * 3_600_000;
    /// Ends after this time in any case.
    pub const LIFE_MS: u64 = 7 * 86_400_000;
    /// A use is written down only so often.
    pub const SEEN_EVERY_MS: u64 = 5 * 60_000;

    /// When it ends if it is not used again, milliseconds since 1970.
    pub fn ends_ms(&self) -> u64 {
        (self.created_ms + WebSession::LIFE_MS).min(self.seen_ms + WebSession::IDLE_MS)
    }

    /// True while it may be used.
    pub fn is_valid_at(&self, now_ms: u64) -> bool {
        now_ms < self.ends_ms()
    }
}

impl std::fmt::Debug for WebSession {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WebSession").field("number", &self.number).field("user", &self.user_id).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_ends_by_disuse_and_by_age() {
        let mut session = WebSession {
            number: "1".into(),
            secret_sha384: "secret-hash".into(),
            user_id: "user//a".into(),
            created_ms: 1000,
            seen_ms: 1000,
            address: String::new(),
            program: String::new(),
        };
        assert!(
            session.is_valid_at(WebSession::IDLE_MS + 999)
                && !session.is_valid_at(WebSession::IDLE_MS + 1000)
        );
        session.seen_ms = WebSession::LIFE_MS;
        assert!(
            session.is_valid_at(WebSession::LIFE_MS + 999)
                && !session.is_valid_at(WebSession::LIFE_MS + 1000)
        );
        assert!(!format!("{session:?}").contains("secret-hash"));
    }
}
