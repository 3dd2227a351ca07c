//! What is mailed to connections.

use std::sync::Arc;

use microstack::channel::core_sync::Wanted;
use microstack::crypto::pool::Outcome;

use crate::accounts::PasswordError;

/// To the connection of an agent.
pub enum ToAgent {
    /// Send this JSON object.
    Json(Arc<str>),
    /// An operator chose a core.
    Core(CoreOrder),
    /// End the connection; the text goes to the log.
    Close(&'static str),
    /// Another connection proved the same identity; this is its address.
    Replaced(String),
    /// The server's signature is there.
    Signed(Outcome),
    /// The agent's signature was checked.
    Checked(Outcome),
    /// The device's record is on the disk.
    Durable(bool),
}

/// Which core an agent shall run from now on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CoreOrder {
    /// The core; its body is on the shelf.
    pub wanted: Wanted,
}

/// To the connection of a user.
pub enum ToUser {
    /// Send this JSON object.
    Text(Arc<str>),
    /// A password was checked.
    Password(PasswordVerdict),
    /// The password of a new user is hashed.
    Hashed {
        /// Which of the session's new users.
        ticket: u64,
        /// The hash.
        hash: Result<String, PasswordError>,
    },
    /// The server's signature for the inner authentication is there.
    Signed(Outcome),
    /// Everything written before the request with this number is on the disk, or failed to get there.
    Durable {
        /// The number.
        ticket: u64,
        /// Whether it is.
        written: bool,
    },
    /// The account is gone or changed: end the session.
    Close(&'static str),
}

/// The answer of the password check.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordVerdict {
    /// Whose password was checked.
    pub user_id: String,
    /// Whether it was right.
    pub right: bool,
    /// The hash it was compared with. Never shown or logged.
    pub against: Option<String>,
}

impl PasswordVerdict {
    /// True when the password was right, and is still the account's: it may have been changed during the check.
    pub fn stands_for(&self, user: &crate::model::User) -> bool {
        self.right && self.against.as_deref() == Some(user.password.as_str())
    }
}
