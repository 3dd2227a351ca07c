//! Device groups. Membership is kept here only; a user's `links` are computed from it.

use std::collections::BTreeMap;

use microstack::wire::id::MeshId;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::device::is_zero;
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
    /// [`Group::REMOVE_ON_DISCONNECT`] and [`Group::RECORD`].
    #[serde(default, skip_serializing_if = "is_zero")]
    pub flags: u32,
    /// What people at the devices are told or asked before a session: flags of the relay specification 1.2.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub consent: u32,
    /// Notes of operators.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub notes: String,
    /// The core of the group's devices, unless a device has a choice of its own.
    #[serde(default)]
    pub core: CoreChoice,
}

/// A change that an operator makes.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct GroupEdit {
    /// New name.
    pub name: Option<String>,
    /// New description; empty removes it.
    pub description: Option<String>,
    /// New flags.
    pub flags: Option<u32>,
    /// New consent flags.
    pub consent: Option<u32>,
    /// New notes; empty removes them.
    pub notes: Option<String>,
    /// New core.
    pub core: Option<CoreChoice>,
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
    /// The flag by which devices are forgotten when they disconnect.
    pub const REMOVE_ON_DISCONNECT: u32 = 1;
    /// The flag by which sessions with its devices are recorded, where the server records any.
    pub const RECORD: u32 = 4;

    /// The rights of a user in this group; 0 for strangers.
    pub fn rights_of(&self, user_id: &str) -> u32 {
        self.members.get(user_id).map_or(0, |member| member.rights)
    }

    /// Applies an operator's change, whose texts are checked already.
    pub fn edit(&mut self, edit: GroupEdit) {
        fn put<T>(place: &mut T, new: Option<T>) {
            if let Some(new) = new {
                *place = new;
            }
        }
        put(&mut self.name, edit.name);
        put(&mut self.description, edit.description);
        put(&mut self.flags, edit.flags);
        put(&mut self.consent, edit.consent);
        put(&mut self.notes, edit.notes);
        put(&mut self.core, edit.core);
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
        for (key, flags) in [("flags", self.flags), ("consent", self.consent)] {
            if flags != 0 {
                message[key] = json!(flags);
            }
        }
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
