//! Devices: what is stored of each, and how it looks on the user channel.

use std::collections::BTreeMap;

use microstack::wire::id::{CoreHash, MeshId, NodeId};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::names::{mesh_serde, node_serde, node_text};
use super::text::{clean, clean_line};

/// Everything stored of a device but its inventories.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Device {
    /// Hash of the agent's public key: the identity that was proved.
    #[serde(with = "node_serde")]
    pub id: NodeId,
    /// The group it was enrolled in or moved to; what the agent says later does not change it.
    #[serde(with = "mesh_serde")]
    pub group: MeshId,
    /// Shown name; follows `host_name` until an operator changes it.
    pub name: String,
    /// An operator chose the name.
    #[serde(default)]
    pub renamed: bool,
    /// The computer's own name.
    #[serde(default)]
    pub host_name: String,
    /// 1 to 8: desktop, laptop, phone, server, disk, router, small board, virtual machine.
    pub icon: u32,
    /// Agent type number (agent-channel specification 3.2).
    pub agent_type: u32,
    /// Agent version number; 0 for all agents seen.
    #[serde(default)]
    pub agent_version: u32,
    /// Capability bits of the agent, with those its core added.
    #[serde(default)]
    pub capabilities: u32,
    /// Name of the running core, as it said.
    #[serde(default)]
    pub core_name: String,
    /// What the running core can beyond MeshCentral's, as it said.
    #[serde(default)]
    pub features: Features,
    /// Program build date of the agent, as it said.
    #[serde(default)]
    pub commit_date: String,
    /// Operating system, as the agent or its core said.
    #[serde(default)]
    pub system: String,
    /// The agent runs as root; unknown when the core never said.
    #[serde(default)]
    pub root: Option<bool>,
    /// The agent's tag file.
    #[serde(default)]
    pub tag: String,
    /// Signed-in people, as the core said.
    #[serde(default)]
    pub people: Vec<String>,
    /// Milliseconds since 1970.
    pub first_seen_ms: u64,
    /// Start of the last connection, milliseconds since 1970.
    #[serde(default)]
    pub connected_ms: u64,
    /// End of the last connection, milliseconds since 1970; 0 while none ended.
    #[serde(default)]
    pub disconnected_ms: u64,
    /// `address:port` of the last connection.
    #[serde(default)]
    pub address: String,
    /// Free text of the operator.
    #[serde(default)]
    pub description: String,
    /// Labels of the operator.
    #[serde(default)]
    pub tags: Vec<String>,
    /// What the person at the device is told or asked before a session: flags of the relay specification 1.2.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub consent: u32,
    /// Notes of operators.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub notes: String,
    /// The core of this device, if it differs from its group's.
    #[serde(default)]
    pub core: CoreChoice,
    /// A core that somebody tries out on this device, in place of its choice; `Inherit` when nobody does.
    #[serde(default)]
    pub trial: CoreChoice,
    /// What last went wrong with the core. Cleared when an operator orders a core, and when a core is confirmed
    /// that is not the one that failed: an agent that runs its last good core instead still reports the failed one.
    #[serde(default)]
    pub core_trouble: String,
    /// Hash of the core that failed, hexadecimal, where the agent named it.
    #[serde(default)]
    pub core_trouble_of: String,
    /// Rights in this device alone, by id of a user or of a group of users. They add to those in its group.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub links: BTreeMap<String, u32>,
}

/// What a core of ours can beyond MeshCentral's (`meshlite` in its `coreinfo`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Features {
    /// Version of encrypted sessions; 0 for none.
    #[serde(default)]
    pub secure: u8,
    /// Version of sessions that survive a cut; 0 for none.
    #[serde(default)]
    pub resume: u8,
    /// The desktop can be shown.
    #[serde(default)]
    pub desktop: bool,
}

impl Features {
    /// Reads what a core says: wrong types count as nothing.
    pub fn of(said: &Value) -> Features {
        let version = |name: &str| said[name].as_u64().and_then(|n| u8::try_from(n).ok()).unwrap_or(0);
        Features {
            secure: version("secure"),
            resume: version("resume"),
            desktop: said["desktop"].as_bool().unwrap_or(false),
        }
    }
}

/// Which core a device or a group shall run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CoreChoice {
    /// No choice here: the group's, and for a group the server's own core.
    #[default]
    Inherit,
    /// The server's own core, whatever the group has.
    Default,
    /// No core at all.
    Clear,
    /// One that an operator pushed, by the hash of its framed body.
    Custom(#[serde(with = "core_serde")] CoreHash),
}

/// A change that an operator makes.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct DeviceEdit {
    /// New shown name.
    pub name: Option<String>,
    /// New description; empty removes it.
    pub description: Option<String>,
    /// New labels; none removes them.
    pub tags: Option<Vec<String>>,
    /// New icon, 1 to 8.
    pub icon: Option<u32>,
    /// New consent flags.
    pub consent: Option<u32>,
    /// New notes; empty removes them.
    pub notes: Option<String>,
    /// New core.
    pub core: Option<CoreChoice>,
    /// New core on trial; `Inherit` ends a trial.
    pub trial: Option<CoreChoice>,
}

impl Device {
    /// Most bytes of a name.
    pub const MAX_NAME: usize = 256;
    /// Most bytes of a description.
    pub const MAX_DESCRIPTION: usize = 1024;
    /// Most users and groups of users with rights in one device alone.
    pub const MAX_LINKS: usize = 256;
    /// Most labels.
    pub const MAX_TAGS: usize = 32;
    /// Most bytes of notes.
    pub const MAX_NOTES: usize = 8192;

    /// Applies an operator's change; values out of range are cut or left out.
    pub fn edit(&mut self, edit: &DeviceEdit) {
        if let Some(name) = &edit.name {
            let name = clean_line(name, Device::MAX_NAME);
            self.renamed = !name.is_empty();
            self.name = if name.is_empty() { self.host_name.clone() } else { name };
        }
        if let Some(description) = &edit.description {
            self.description = clean(description, Device::MAX_DESCRIPTION);
        }
        if let Some(tags) = &edit.tags {
            let cleaned = tags.iter().map(|tag| clean_line(tag, 64)).filter(|tag| !tag.is_empty());
            self.tags = cleaned.take(Device::MAX_TAGS).collect();
            self.tags.sort();
            self.tags.dedup();
        }
        if let Some(icon @ 1..=8) = edit.icon {
            self.icon = icon;
        }
        if let Some(consent) = edit.consent {
            self.consent = consent & CONSENT;
        }
        if let Some(notes) = &edit.notes {
            self.notes = clean(notes, Device::MAX_NOTES);
        }
        if let Some(core) = edit.core {
            self.core = core;
            // Whoever chooses a core wants to see it.
            self.trial = CoreChoice::Inherit;
        }
        if let Some(trial) = edit.trial {
            self.trial = trial;
        }
    }

    /// The choice that counts now: the core on trial, else the device's own.
    pub fn chosen_core(&self) -> CoreChoice {
        if self.trial == CoreChoice::Inherit { self.core } else { self.trial }
    }

    /// The address without its port, or nothing.
    pub fn ip(&self) -> &str {
        self.address.rsplit_once(':').map_or("", |(ip, _)| ip.trim_matches(['[', ']']))
    }

    /// The device as the user channel shows it (specification 4.1), without the live values.
    pub fn to_message(&self) -> Value {
        let mut agent = json!({
            "ver": self.agent_version,
            "id": self.agent_type,
            "caps": self.capabilities,
        });
        if !self.core_name.is_empty() {
            agent["core"] = json!(self.core_name);
        }
        if let Some(root) = self.root {
            agent["root"] = json!(root);
        }
        if !self.tag.is_empty() {
            agent["tag"] = json!(self.tag);
        }
        let mut message = json!({
            "type": "node",
            "mtype": 2,
            "_id": node_text(&self.id),
            "icon": self.icon,
            "name": self.name,
            "rname": self.host_name,
            "domain": "",
            "agent": agent,
            "host": null,
            "firstconnect": self.first_seen_ms,
        });
        // One block of optional texts: each is absent rather than empty, as the real server does it.
        for (key, text) in [
            ("ip", self.ip()),
            ("osdesc", self.system.as_str()),
            ("desc", self.description.as_str()),
            ("coretrouble", self.core_trouble.as_str()),
        ] {
            if !text.is_empty() {
                message[key] = json!(text);
            }
        }
        if self.features != Features::default() {
            message["meshlite"] = json!(self.features);
        }
        if self.trial != CoreChoice::Inherit {
            message["coretrial"] = json!(true);
        }
        if !self.tags.is_empty() {
            message["tags"] = json!(self.tags);
        }
        if self.consent != 0 {
            message["consent"] = json!(self.consent);
        }
        if !self.links.is_empty() {
            let links = self.links.iter().map(|(who, rights)| (who.clone(), json!({ "rights": rights })));
            message["links"] = Value::Object(links.collect());
        }
        if !self.people.is_empty() {
            message["users"] = json!(self.people);
        }
        message
    }
}

/// The consent flags there are (relay specification 1.2): notify, prompt, privacy bar.
pub const CONSENT: u32 = 0x7F;

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the form serde asks for")]
pub(super) fn is_zero(flags: &u32) -> bool {
    *flags == 0
}

mod core_serde {
    use microstack::wire::id::CoreHash;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub fn serialize<S: Serializer>(hash: &CoreHash, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&hash.to_hex())
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<CoreHash, D::Error> {
        CoreHash::from_hex(&String::deserialize(from)?).map_err(D::Error::custom)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A device as after its first connection.
    pub(crate) fn device(id: u8, group: MeshId) -> Device {
        let record = json!({
            "id": NodeId([id; 48]).to_text64(), "group": group.to_text64(), "name": format!("dev{id}"),
            "host_name": format!("dev{id}"), "icon": 1, "agent_type": 6, "first_seen_ms": 1000,
            "address": "192.0.2.7:4242",
        });
        serde_json::from_value(record).unwrap()
    }

    #[test]
    fn a_record_comes_back_from_the_store_as_it_was() {
        let mut one = device(3, MeshId([9; 48]));
        one.core = CoreChoice::Custom(CoreHash([5; 48]));
        one.tags = vec!["a".into()];
        let bytes = serde_json::to_vec(&one).unwrap();
        assert_eq!(serde_json::from_slice::<Device>(&bytes).unwrap(), one);
    }

    #[test]
    fn a_core_on_trial_hides_the_choice_and_any_choice_ends_it() {
        let mut one = device(3, MeshId([9; 48]));
        let (kept, tried) = (CoreChoice::Custom(CoreHash([5; 48])), CoreChoice::Custom(CoreHash([6; 48])));
        one.edit(&DeviceEdit { core: Some(kept), ..Default::default() });
        one.edit(&DeviceEdit { trial: Some(tried), ..Default::default() });
        assert_eq!((one.chosen_core(), one.core), (tried, kept));
        assert_eq!(one.to_message()["coretrial"], true);
        one.edit(&DeviceEdit { trial: Some(CoreChoice::Inherit), ..Default::default() });
        assert_eq!(one.chosen_core(), kept);
        one.edit(&DeviceEdit { trial: Some(tried), ..Default::default() });
        one.edit(&DeviceEdit { core: Some(CoreChoice::Inherit), ..Default::default() });
        assert_eq!(one.chosen_core(), CoreChoice::Inherit);
    }

    #[test]
    fn an_empty_new_name_gives_the_computer_its_own_name_back() {
        let mut one = device(3, MeshId([9; 48]));
        one.edit(&DeviceEdit { name: Some("front\ndesk".into()), ..Default::default() });
        assert_eq!((one.name.as_str(), one.renamed), ("front desk", true));
        one.edit(&DeviceEdit { name: Some(" ".into()), ..Default::default() });
        assert_eq!((one.name.as_str(), one.renamed), ("dev3", false));
    }

    #[test]
    fn labels_are_capped_sorted_and_unique() {
        let mut one = device(3, MeshId([9; 48]));
        let tags = (0..99).map(|n| format!("t{:02}", 98 - n % 40)).collect();
        one.edit(&DeviceEdit { tags: Some(tags), icon: Some(99), ..Default::default() });
        assert!(one.tags.len() <= Device::MAX_TAGS && one.tags.is_sorted());
        assert_eq!(one.icon, 1);
    }

    #[test]
    fn the_message_leaves_out_what_is_not_known() {
        let message = device(3, MeshId([9; 48])).to_message();
        assert_eq!(message["ip"], "192.0.2.7");
        assert!(message.get("osdesc").is_none() && message.get("conn").is_none());
        assert!(message.get("meshid").is_none());
    }
}
