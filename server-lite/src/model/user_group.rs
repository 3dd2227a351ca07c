//! Groups of users. What such a group may do is kept where a user's rights are kept: in device groups and devices,
//! under its id.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// A set of users who get rights together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct UserGroup {
    /// `ugrp//` and random characters.
    pub id: String,
    /// Shown name, unique on this server.
    pub name: String,
    /// Free text.
    #[serde(default)]
    pub description: String,
    /// User ids.
    #[serde(default)]
    pub members: BTreeSet<String>,
}

impl UserGroup {
    /// How the ids begin.
    pub const PREFIX: &'static str = "ugrp//";
    /// Most bytes of a name.
    pub const MAX_NAME: usize = 128;
    /// Most bytes of a description.
    pub const MAX_DESCRIPTION: usize = 1024;
    /// Most members.
    pub const MAX_MEMBERS: usize = 1000;

    /// The group as the user channel shows it; `links` of device groups and devices are added by who knows them.
    pub fn to_message(&self) -> Value {
        let links: Map<String, Value> =
            self.members.iter().map(|id| (id.clone(), json!({ "rights": 1 }))).collect();
        let mut message =
            json!({ "type": "ugrp", "_id": self.id, "name": self.name, "domain": "", "links": links });
        if !self.description.is_empty() {
            message["desc"] = json!(self.description);
        }
        message
    }
}
