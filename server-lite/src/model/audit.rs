//! Who did what, from where, with which result.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::text::{clean, clean_line};
use super::time::iso8601;

/// One line of the audit log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Audit {
    /// Milliseconds since 1970.
    pub time_ms: u64,
    /// User id; of a failed sign-in what was typed; empty for the command line of the server.
    pub user: String,
    /// `password`, `web`, `token`, or `command line`.
    pub via: String,
    /// Name of the token, number of the web session, or empty.
    #[serde(default)]
    pub via_name: String,
    /// Where from.
    pub address: String,
    /// What: an action of the user channel, or `sign-in` and the like.
    pub action: String,
    /// On what: names of devices, groups, users.
    #[serde(default)]
    pub target: String,
    /// `ok`, or why not.
    pub result: String,
}

impl Audit {
    /// The result of what was done.
    pub const OK: &'static str = "ok";

    /// Cuts every text to its bound; nothing of a caller's goes in unbounded.
    pub fn bounded(mut self) -> Audit {
        self.user = clean_line(&self.user, 128);
        self.via_name = clean_line(&self.via_name, 64);
        self.address = clean_line(&self.address, 64);
        self.action = clean_line(&self.action, 64);
        self.target = clean(&self.target, 512);
        self.result = clean(&self.result, 256);
        self
    }

    /// True when it was done.
    pub fn succeeded(&self) -> bool {
        self.result == Audit::OK
    }

    /// As the REST interface shows it.
    pub fn to_message(&self) -> Value {
        json!({
            "time": iso8601(self.time_ms), "user": self.user, "via": self.via, "viaName": self.via_name,
            "address": self.address, "action": self.action, "target": self.target, "result": self.result,
        })
    }
}
