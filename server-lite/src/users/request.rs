//! A message of a user, with typed and capped access to its fields.

use microstack::wire::id::{MeshId, NodeId};
use serde_json::{Map, Value, json};

use crate::model::{parse_mesh, parse_node};

/// One message: an object with an `action` of 3 to 32 characters.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    fields: &'a Map<String, Value>,
    action: &'a str,
}

/// Most devices in one command.
const MAX_NODES: usize = 10_000;

impl<'a> Request<'a> {
    /// Reads a parsed message; `None` when it is no request.
    pub fn read(message: &'a Value) -> Option<Request<'a>> {
        let fields = message.as_object()?;
        let action = fields.get("action")?.as_str()?;
        (3..=32).contains(&action.len()).then_some(Request { fields, action })
    }

    /// What is asked for.
    pub fn action(&self) -> &'a str {
        self.action
    }

    /// The name of the answer, if one is wanted.
    pub fn responseid(&self) -> Option<&'a str> {
        self.text("responseid").filter(|id| id.len() <= 256)
    }

    /// A field that is text.
    pub fn text(&self, key: &str) -> Option<&'a str> {
        self.fields.get(key)?.as_str()
    }

    /// A field that is a number from 0 up.
    pub fn number(&self, key: &str) -> Option<u64> {
        self.fields.get(key)?.as_u64()
    }

    /// A field that is `true`.
    pub fn flag(&self, key: &str) -> bool {
        self.fields.get(key).and_then(Value::as_bool).unwrap_or(false)
    }

    /// A field of any kind.
    pub fn value(&self, key: &str) -> Option<&'a Value> {
        self.fields.get(key)
    }

    /// All fields.
    pub fn fields(&self) -> &'a Map<String, Value> {
        self.fields
    }

    /// A list of texts; `None` when the field is something else.
    pub fn texts(&self, key: &str) -> Option<Vec<&'a str>> {
        self.fields.get(key)?.as_array()?.iter().map(Value::as_str).collect()
    }

    /// The device in `nodeid`.
    pub fn node(&self) -> Option<NodeId> {
        self.text("nodeid").and_then(parse_node)
    }

    /// The devices in `nodeids`; `None` when there are none, too many, or one is no device name.
    pub fn nodes(&self) -> Option<Vec<NodeId>> {
        let names = self.texts("nodeids")?;
        if names.is_empty() || names.len() > MAX_NODES {
            return None;
        }
        names.into_iter().map(parse_node).collect()
    }

    /// The group in a field.
    pub fn mesh(&self, key: &str) -> Option<MeshId> {
        self.text(key).and_then(parse_mesh)
    }
}

/// The usual answer: action, name of the answer, tag, and a result in words.
pub(super) fn answer(request: &Request<'_>, result: &str) -> Value {
    let mut answer = blank_answer(request);
    answer["result"] = json!(result);
    answer
}

/// An answer to which the caller adds what was asked for.
pub(super) fn blank_answer(request: &Request<'_>) -> Value {
    let mut answer = json!({ "action": request.action() });
    if let Some(id) = request.responseid() {
        answer["responseid"] = json!(id);
    }
    if let Some(tag) = request.value("tag") {
        answer["tag"] = tag.clone();
    }
    answer
}
