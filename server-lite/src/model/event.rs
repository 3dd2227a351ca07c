//! What happened: kept in the store, told to the users who may know.

use microstack::wire::id::{MeshId, NodeId};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::names::{mesh_text, node_text};
use super::text::clean;
use super::time::iso8601;

/// One event. In `events` answers every value is text: numbers make the usual client fail (user-channel
/// specification 7, trap 2).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// `node`, `mesh`, `user` or `server`.
    pub kind: String,
    /// What happened, as `nodeconnect`.
    pub action: String,
    /// For people.
    pub message: String,
    /// Milliseconds since 1970.
    pub time_ms: u64,
    /// Full device name, or empty.
    #[serde(default)]
    pub node: String,
    /// Full group name, or empty.
    #[serde(default)]
    pub mesh: String,
    /// User id, or empty.
    #[serde(default)]
    pub user: String,
    /// Values for programs that watch; told live, not kept.
    #[serde(skip)]
    pub extra: Map<String, Value>,
    /// Told live only.
    #[serde(skip)]
    pub transient: bool,
}

impl Event {
    /// Most bytes of a message.
    pub const MAX_MESSAGE: usize = 4096;

    /// An event about a device.
    pub fn of_node(action: &str, node: &NodeId, mesh: &MeshId, message: &str, now_ms: u64) -> Event {
        Event { node: node_text(node), mesh: mesh_text(mesh), ..Event::new("node", action, message, now_ms) }
    }

    /// An event about a group.
    pub fn of_mesh(action: &str, mesh: &MeshId, message: &str, now_ms: u64) -> Event {
        Event { mesh: mesh_text(mesh), ..Event::new("mesh", action, message, now_ms) }
    }

    /// An event about a user.
    pub fn of_user(action: &str, user_id: &str, message: &str, now_ms: u64) -> Event {
        Event { user: user_id.to_owned(), ..Event::new("user", action, message, now_ms) }
    }

    /// Names the user who caused it.
    pub fn by(mut self, user_id: &str) -> Event {
        self.user = user_id.to_owned();
        self
    }

    /// Adds a value for programs that watch.
    pub fn with(mut self, key: &str, value: Value) -> Event {
        self.extra.insert(key.to_owned(), value);
        self
    }

    /// Marks the event as told live only.
    pub fn transient(mut self) -> Event {
        self.transient = true;
        self
    }

    /// The live message, `{"action":"event","event":{…}}`.
    pub fn to_live_message(&self) -> Value {
        let mut event = self.to_listed();
        event["domain"] = json!("");
        if self.transient {
            // Nothing for a list of what happened: it tells watchers what to draw anew.
            event["nolog"] = json!(1);
        }
        for (key, value) in &self.extra {
            event[key.as_str()] = value.clone();
        }
        json!({ "action": "event", "event": event })
    }

    /// The entry in an `events` answer.
    pub fn to_listed(&self) -> Value {
        let mut event = Map::new();
        for (key, text) in [
            ("time", iso8601(self.time_ms)),
            ("etype", self.kind.clone()),
            ("action", self.action.clone()),
            ("nodeid", self.node.clone()),
            ("meshid", self.mesh.clone()),
            ("userid", self.user.clone()),
            ("msg", self.message.clone()),
        ] {
            if !text.is_empty() {
                event.insert(key.to_owned(), Value::String(text));
            }
        }
        Value::Object(event)
    }

    fn new(kind: &str, action: &str, message: &str, time_ms: u64) -> Event {
        Event {
            kind: kind.to_owned(),
            action: clean(action, 64),
            message: clean(message, Event::MAX_MESSAGE),
            time_ms,
            node: String::new(),
            mesh: String::new(),
            user: String::new(),
            extra: Map::new(),
            transient: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn listed_events_hold_text_only() {
        let event = Event::of_node("nodeconnect", &NodeId([1; 48]), &MeshId([2; 48]), "up", 5)
            .by("user//a")
            .with("conn", json!(1));
        let listed = event.to_listed();
        assert!(listed.as_object().unwrap().values().all(Value::is_string));
        assert_eq!(listed["time"], "1970-01-01T00:00:00.005Z");
        let live = event.to_live_message();
        assert_eq!(live["event"]["conn"], 1);
        assert_eq!(live["event"]["userid"], "user//a");
        assert!(live["event"].get("nolog").is_none());
        assert_eq!(event.transient().to_live_message()["event"]["nolog"], 1, "only for those who watch");
    }
}
