//! Device groups. Membership is kept here only; a user's `links` are computed from it.

use std::collections::BTreeMap;

use microstack::wire::id::MeshId;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::names::{mesh_serde, mesh_text};
use super::{CoreChoice, rights};

/// A set of devices with the users who may work with them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Group {
    /// 48 random bytes, in the `.msh` files of the group. Not a secret that proves anything: whoever knows it may
    /// enrol a device (agent-channel specification 7, rule 7).
    #[serde(with = "mesh_serde")]
    pub id: MeshId,
    /// Shown name, unique on this server.
    pub name: String,
    /// Free text.
    #[serde(default)]
    pub description: String,
    /// Milliseconds since 1970.
    pub created_ms: u64,
    /// User id of the maker; empty when made on the command line.
    #[serde(default)]
    pub creator: String,
    /// User id to membership.
    #[serde(default)]
    pub members: BTreeMap<String, Membership>,
    /// The core of the group's devices, unless a device has a choice of its own.
    #[serde(default)]
    pub core: CoreChoice,
}

/// What one user may do in one group.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Membership {
    /// Shown name of the user.
    pub name: String,
    /// Bits of [`rights`].
    pub rights: u32,
}

impl Group {
    /// Most characters of a name.
    pub const MAX_NAME: usize = 128;
    /// Most characters of a description.
    pub const MAX_DESCRIPTION: usize = 1024;

    /// The rights of a user in this group; 0 for strangers.
    pub fn rights_of(&self, user_id: &str) -> u32 {
        self.members.get(user_id).map_or(0, |member| member.rights)
    }

    /// The group as the user channel shows it (`meshes`).
    pub fn to_message(&self) -> Value {
        let links: serde_json::Map<String, Value> = self
            .members
            .iter()
            .map(|(id, member)| (id.clone(), json!({ "name": member.name, "rights": member.rights })))
            .collect();
        let mut message = json!({
            "type": "mesh",
            "_id": mesh_text(&self.id),
            "name": self.name,
            "mtype": 2,
            "domain": "",
            "links": links,
            "creation": self.created_ms,
            "creatorid": self.creator,
        });
        if !self.description.is_empty() {
            message["desc"] = json!(self.description);
        }
        message
    }

    /// Makes `user` a member with every right.
    pub fn admit_fully(&mut self, user_id: &str, name: &str) {
        let member = Membership { name: name.to_owned(), rights: rights::ALL };
        self.members.insert(user_id.to_owned(), member);
    }
}
