//! Accounts.

use serde::{Deserialize, Serialize};

use super::rights;

/// One account. The password is kept as an argon2 hash only and never leaves the store.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct User {
    /// `user//name`.
    pub id: String,
    /// As given, case kept.
    pub name: String,
    /// Argon2id hash in PHC text form.
    pub password: String,
    /// Bits of [`rights`], the `SITE_` ones.
    #[serde(default)]
    pub site: u32,
    /// Milliseconds since 1970.
    pub created_ms: u64,
    /// Free text, may be empty.
    #[serde(default)]
    pub email: String,
    /// Last sign-in, milliseconds since 1970; 0 for never.
    #[serde(default)]
    pub signed_in_ms: u64,
}

/// A pair of name and secret by which a program signs in for its user, without the user's password.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct LoginToken {
    /// `~t:` and 16 random characters.
    pub token_user: String,
    /// SHA-384 of the secret, hexadecimal. The secret is random and long, so a slow hash would add nothing.
    pub secret_sha384: String,
    /// Whose token it is.
    pub user_id: String,
    /// What the user called it.
    pub name: String,
    /// Milliseconds since 1970.
    pub created_ms: u64,
    /// Milliseconds since 1970; 0 for never.
    pub expires_ms: u64,
}

/// Why a user name cannot be used.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UserNameError {
    /// Nothing but blanks.
    Empty,
    /// Over 64 bytes.
    TooLong,
    /// A character that has a meaning in identifiers or terminals.
    Character(char),
}

/// Checks a new user name.
///
/// # Errors
/// Says which rule the name breaks.
pub fn check_user_name(name: &str) -> Result<(), UserNameError> {
    if name.trim().is_empty() {
        return Err(UserNameError::Empty);
    }
    if name.len() > 64 {
        return Err(UserNameError::TooLong);
    }
    match name.chars().find(|c| c.is_control() || c.is_whitespace() || "/~:\"'<>&,\\".contains(*c)) {
        Some(c) => Err(UserNameError::Character(c)),
        None => Ok(()),
    }
}

impl User {
    /// True when the user may do everything on the site.
    pub fn is_site_admin(&self) -> bool {
        rights::is_site_admin(self.site)
    }

    /// True when a site right is given, or all are.
    pub fn has_site(&self, right: u32) -> bool {
        rights::has(self.site, right)
    }

    /// True when a site *restriction* is set; those of [`rights::SITE_ALL`] have none.
    pub fn is_restricted(&self, restriction: u32) -> bool {
        !self.is_site_admin() && rights::has(self.site, restriction)
    }
}

impl LoginToken {
    /// How the names of all tokens begin.
    pub const PREFIX: &'static str = "~t:";

    /// True when the token may still be used at `now_ms`.
    pub fn is_valid_at(&self, now_ms: u64) -> bool {
        self.expires_ms == 0 || now_ms < self.expires_ms
    }
}

impl std::fmt::Debug for User {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("User").field("id", &self.id).field("site", &self.site).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for LoginToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LoginToken")
            .field("user", &self.user_id)
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

impl std::fmt::Display for UserNameError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            UserNameError::Empty => write!(f, "a user name must not be empty"),
            UserNameError::TooLong => write!(f, "a user name has 64 bytes at most"),
            UserNameError::Character(c) => {
                write!(f, "a user name must not contain {c:?}; use letters, digits, '.', '-', '_' and '@'")
            }
        }
    }
}

impl std::error::Error for UserNameError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_with_meaning_elsewhere_are_refused() {
        assert_eq!(check_user_name("anna.b@example"), Ok(()));
        assert_eq!(check_user_name(" "), Err(UserNameError::Empty));
        assert_eq!(check_user_name("a/b"), Err(UserNameError::Character('/')));
        assert_eq!(check_user_name("~t:abc"), Err(UserNameError::Character('~')));
        assert_eq!(check_user_name(&"a".repeat(65)), Err(UserNameError::TooLong));
    }

    #[test]
    fn a_full_administrator_has_no_restrictions() {
        let mut user = User {
            id: "user//a".into(),
            name: "a".into(),
            password: "hash-text".into(),
            site: rights::SITE_ALL,
            created_ms: 0,
            email: String::new(),
            signed_in_ms: 0,
        };
        assert!(!user.is_restricted(rights::SITE_NO_TOOLS));
        assert!(!format!("{user:?}").contains("hash-text"));
        user.site = rights::SITE_NO_TOOLS;
        assert!(user.is_restricted(rights::SITE_NO_TOOLS) && !user.has_site(rights::SITE_USERS));
    }
}
