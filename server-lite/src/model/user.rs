//! Accounts.

use std::sync::Arc;

use microstack::wire::id::MeshId;
use serde::{Deserialize, Serialize};

use super::names::{mesh_list_serde, user_id};
use super::text::clean_line;
use super::{Limit, Scope, Scopes, SecondFactor, Via, rights};

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
    /// The person's name; free text, may be empty.
    #[serde(default)]
    pub real_name: String,
    /// The second factor, once it is confirmed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub second: Option<SecondFactor>,
    /// Secret of a second factor that waits to be confirmed, hexadecimal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub second_pending: Option<String>,
    /// The password was set by somebody else and is good only for choosing a new one.
    #[serde(default)]
    pub must_change: bool,
    /// By what this copy of the account acts. Never stored.
    #[serde(skip)]
    pub via: Via,
    /// What a token leaves of the rights of this copy of the account. Never stored.
    #[serde(skip)]
    pub limit: Option<Arc<Limit>>,
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
    /// What it may be used for; a login token without this stands for its user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scopes: Option<Scopes>,
    /// The groups it may be used in; empty for all of the user's.
    #[serde(default, with = "mesh_list_serde", skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<MeshId>,
    /// Last use, milliseconds since 1970, kept to the minute; 0 for never.
    #[serde(default)]
    pub used_ms: u64,
}

/// A change of an account.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct UserEdit {
    /// New address; empty removes it.
    pub email: Option<String>,
    /// New name of the person; empty removes it.
    pub real_name: Option<String>,
    /// New site rights.
    pub site: Option<u32>,
    /// Whether the password is good for choosing a new one only.
    pub must_change: Option<bool>,
    /// What happens to the second factor.
    pub second: Option<SecondEdit>,
}

/// A change of a second factor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecondEdit {
    /// A secret that waits to be confirmed.
    Propose(String),
    /// Confirmed.
    Confirm(SecondFactor),
    /// New recovery codes, as hashes.
    Recovery(Vec<String>),
    /// None any more.
    Remove,
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
    /// Most bytes of an address or a person's name.
    pub const MAX_TEXT: usize = 256;

    /// A new account without a password: nobody signs in to it before it gets one.
    pub fn new(name: &str, site: u32, now_ms: u64) -> User {
        User {
            id: user_id(name),
            name: name.to_owned(),
            password: String::new(),
            site,
            created_ms: now_ms,
            email: String::new(),
            signed_in_ms: 0,
            real_name: String::new(),
            second: None,
            second_pending: None,
            must_change: false,
            via: Via::Password,
            limit: None,
        }
    }

    /// Applies a change; texts are cut to their bounds.
    pub fn edit(&mut self, edit: &UserEdit) {
        if let Some(email) = &edit.email {
            self.email = clean_line(email, User::MAX_TEXT);
        }
        if let Some(name) = &edit.real_name {
            self.real_name = clean_line(name, User::MAX_TEXT);
        }
        if let Some(site) = edit.site {
            self.site = site;
        }
        if let Some(must) = edit.must_change {
            self.must_change = must;
        }
        match &edit.second {
            Some(SecondEdit::Propose(secret)) => self.second_pending = Some(secret.clone()),
            Some(SecondEdit::Confirm(second)) => {
                self.second = Some(second.clone());
                self.second_pending = None;
            }
            Some(SecondEdit::Recovery(codes)) => {
                if let Some(second) = &mut self.second {
                    second.recovery.clone_from(codes);
                }
            }
            Some(SecondEdit::Remove) => {
                self.second = None;
                self.second_pending = None;
            }
            None => {}
        }
    }

    /// True when an administrator locked the account.
    pub fn is_locked(&self) -> bool {
        self.is_restricted(rights::SITE_LOCKED)
    }

    /// True when what needs `scope` is left to this copy of the account.
    pub fn allows(&self, scope: Scope) -> bool {
        self.limit.as_ref().is_none_or(|limit| limit.allows(scope))
    }

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
    /// How API tokens begin.
    pub const API_PREFIX: &'static str = "mlt_";

    /// What it leaves of its user's rights.
    pub fn limit(&self) -> Option<Limit> {
        self.scopes.map(|scopes| Limit { scopes, groups: self.groups.clone() })
    }

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
        let mut user = User { password: "hash-text".into(), ..User::new("a", rights::SITE_ALL, 0) };
        assert!(!user.is_restricted(rights::SITE_NO_TOOLS));
        assert!(!format!("{user:?}").contains("hash-text"));
        user.site = rights::SITE_NO_TOOLS;
        assert!(user.is_restricted(rights::SITE_NO_TOOLS) && !user.has_site(rights::SITE_USERS));
    }
}
