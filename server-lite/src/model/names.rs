//! Names of devices, groups and users as the user channel spells them: `node//…`, `mesh//…`, `user//…`.
//!
//! The middle part is the domain; this server has the default one only, which is empty.

use microstack::wire::id::{MeshId, NodeId};

/// The full name of a device, `node//` and 64 characters.
pub fn node_text(node: &NodeId) -> String {
    format!("node//{}", node.to_text64())
}

/// The full name of a group, `mesh//` and 64 characters.
pub fn mesh_text(mesh: &MeshId) -> String {
    format!("mesh//{}", mesh.to_text64())
}

/// The full name of a user. Names are compared without regard to case.
pub fn user_id(name: &str) -> String {
    format!("user//{}", name.to_lowercase())
}

/// Reads a device name, bare or full; another domain than the default one gives `None`.
pub fn parse_node(text: &str) -> Option<NodeId> {
    NodeId::from_text64(bare(text, "node//")?).ok()
}

/// Reads a group name, bare or full; another domain than the default one gives `None`.
pub fn parse_mesh(text: &str) -> Option<MeshId> {
    MeshId::from_text64(bare(text, "mesh//")?).ok()
}

fn bare<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let bare = text.strip_prefix(prefix).unwrap_or(text);
    (bare.len() == 64).then_some(bare)
}

/// Serialises identifiers in their text form, so that records can be read by people.
pub(super) mod node_serde {
    use super::{NodeId, parse_node};
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub fn serialize<S: Serializer>(id: &NodeId, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&id.to_text64())
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<NodeId, D::Error> {
        let text = String::deserialize(from)?;
        parse_node(&text).ok_or_else(|| D::Error::custom("not a device identifier"))
    }
}

/// As [`node_serde`], for groups.
pub(super) mod mesh_serde {
    use super::{MeshId, parse_mesh};
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub fn serialize<S: Serializer>(id: &MeshId, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&id.to_text64())
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<MeshId, D::Error> {
        let text = String::deserialize(from)?;
        parse_mesh(&text).ok_or_else(|| D::Error::custom("not a group identifier"))
    }
}

/// As [`mesh_serde`], for lists of them.
pub(super) mod mesh_list_serde {
    use super::{MeshId, parse_mesh};
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

    pub fn serialize<S: Serializer>(ids: &[MeshId], to: S) -> Result<S::Ok, S::Error> {
        ids.iter().map(MeshId::to_text64).collect::<Vec<_>>().serialize(to)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<MeshId>, D::Error> {
        let texts = Vec::<String>::deserialize(from)?;
        let read = |text: &String| parse_mesh(text).ok_or_else(|| D::Error::custom("not a group identifier"));
        texts.iter().map(read).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn full_and_bare_names_are_the_same_device() {
        let node = NodeId([0xFB; 48]);
        let full = node_text(&node);
        assert!(full.starts_with("node//") && full.len() == 70);
        assert_eq!(parse_node(&full), Some(node));
        assert_eq!(parse_node(&node.to_text64()), Some(node));
    }

    #[test]
    fn other_domains_and_other_kinds_are_refused() {
        let node = NodeId([7; 48]);
        assert_eq!(parse_node(&format!("node/other/{}", node.to_text64())), None);
        assert_eq!(parse_node(&format!("mesh//{}", node.to_text64())), None);
        assert_eq!(parse_node(""), None);
        assert_eq!(parse_node(&"ä".repeat(32)), None);
    }

    #[test]
    fn user_names_ignore_case() {
        assert_eq!(user_id("Admin"), "user//admin");
    }
}
