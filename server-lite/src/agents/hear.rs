//! What the JSON of an agent leads to (agent-channel specification 6). Nothing is done here.
//!
//! An agent can be anybody's program: each field is typed and capped before it goes anywhere (pain 22).

use microstack::wire::Capabilities;
use microstack::wire::id::CoreHash;
use serde_json::{Map, Value, json};

use super::enrol::CORE_BITS;
use crate::data::Inventory;
use crate::model::text::{Bounds, INVENTORY, bounded, clean, clean_line};
use crate::model::{Device, Event, Features, rights};

/// One thing to do about a message.
#[derive(Debug, Clone, PartialEq)]
pub enum Heard {
    /// Keep this record instead of the present one; users are told.
    Device(Box<Device>),
    /// Keep network interfaces.
    Network(Inventory),
    /// Keep hardware.
    Hardware(Inventory),
    /// Send this back.
    Reply(Value),
    /// Keep and tell an event.
    Event(Event),
    /// Give to one session, if its user may see the device.
    ToSession {
        /// `user//name/…`.
        session: String,
        /// What it gets.
        message: Value,
    },
    /// Give to every session whose user has one of these rights over the device.
    ToWatchers {
        /// Any of them is enough.
        rights: u32,
        /// What they get.
        message: Value,
    },
    /// The answer to a command that a session waits for.
    Answer {
        /// The name we gave the question.
        responseid: String,
        /// The answer, without the asker's name for it.
        message: Value,
    },
}

/// Bounds for messages that pass through to users.
const PASSING: Bounds = Bounds { depth: 16, values: 50_000, text: 2 << 20, verbatim: true };

/// Decides about one message of the device's agent. Unknown actions lead to nothing.
pub fn hear(device: &Device, message: &Value, now_ms: u64) -> Vec<Heard> {
    let Some(fields) = message.as_object() else {
        return Vec::new();
    };
    match text(fields, "action") {
        "ping" => vec![Heard::Reply(json!({ "action": "pong" }))],
        "coreinfo" => core_info(device, fields),
        "netinfo" => inventory(fields.get("netif2"), now_ms).map(Heard::Network).into_iter().collect(),
        "sysinfo" => sys_info(fields, now_ms),
        "sysinfocheck" => vec![Heard::Reply(json!({ "action": "sysinfo" }))],
        "sessions" => sessions(device, fields, now_ms),
        "log" => log(device, fields, now_ms),
        "coreCrashed" | "coreError" => core_trouble(device, fields, now_ms),
        "msg" => passing(fields),
        _ => Vec::new(),
    }
}

fn core_info(device: &Device, fields: &Map<String, Value>) -> Vec<Heard> {
    let mut told = device.clone();
    if let Some(name) = fields.get("value").and_then(Value::as_str) {
        told.core_name = clean_line(name, 256);
    }
    if let Some(caps) = fields.get("caps").and_then(Value::as_u64) {
        // A core speaks for what it can do; console and core are the agent's to say (spec 6.1).
        let fixed = !(CORE_BITS | Capabilities::RECOVERY.0 | Capabilities::TEMPORARY.0 | 0x100 | 0x18);
        let said = u32::try_from(caps).unwrap_or(0) & !fixed & CORE_BITS;
        told.capabilities = told.capabilities & !CORE_BITS | said;
    }
    // Each report names all there is: another core, which says nothing of it, has none of it.
    told.features = fields.get("meshlite").map(Features::of).unwrap_or_default();
    if let Some(system) = fields.get("osdesc").and_then(Value::as_str) {
        told.system = clean_line(system, 256);
    }
    if let Some(root) = fields.get("root").and_then(Value::as_bool) {
        told.root = Some(root);
    }
    if let Some(name) = fields.get("name").and_then(Value::as_str) {
        let name = clean_line(name, Device::MAX_NAME);
        if !name.is_empty() {
            if !told.renamed {
                told.name.clone_from(&name);
            }
            told.host_name = name;
        }
    }
    if let Some(users) = fields.get("users").and_then(Value::as_array) {
        let names = users.iter().filter_map(Value::as_str).map(|name| clean_line(name, 128));
        told.people = names.filter(|name| !name.is_empty()).take(64).collect();
    }
    if told == *device { Vec::new() } else { vec![Heard::Device(Box::new(told))] }
}

fn inventory(value: Option<&Value>, now_ms: u64) -> Option<Inventory> {
    let value = value.filter(|value| value.is_object())?;
    Some(Inventory { time_ms: now_ms, value: bounded(value, INVENTORY)? })
}

fn sys_info(fields: &Map<String, Value>, now_ms: u64) -> Vec<Heard> {
    let data = fields.get("data").and_then(Value::as_object);
    // The hash is required (spec 6.1): without it the report could not be asked for only when it changed.
    let Some(data) = data.filter(|data| data.get("hash").is_some_and(Value::is_string)) else {
        return Vec::new();
    };
    let Some(mut report) = inventory(data.get("hardware"), now_ms) else {
        return Vec::new();
    };
    if let (Some(hash), Some(hardware)) = (data.get("hash"), report.value.as_object_mut()) {
        hardware.insert("hash".into(), bounded(hash, INVENTORY).unwrap_or(Value::Null));
    }
    vec![Heard::Hardware(report)]
}

fn sessions(device: &Device, fields: &Map<String, Value>, now_ms: u64) -> Vec<Heard> {
    let kind = text(fields, "type");
    let known = ["kvm", "terminal", "files", "help", "tcp", "udp", "msg", "app"].contains(&kind);
    let value = fields.get("value").filter(|value| value.is_object());
    let Some(value) = value.filter(|_| known).and_then(|value| bounded(value, INVENTORY)) else {
        return Vec::new();
    };
    let event = Event::of_node("devicesessions", &device.id, &device.group, "Device sessions", now_ms)
        .with("sessions", json!({ kind: value }))
        .transient();
    vec![Heard::Event(event)]
}

fn log(device: &Device, fields: &Map<String, Value>, now_ms: u64) -> Vec<Heard> {
    let message = text(fields, "msg");
    if message.is_empty() {
        return Vec::new();
    }
    let event = Event::of_node("agentlog", &device.id, &device.group, message, now_ms);
    vec![Heard::Event(event)]
}

/// `coreCrashed` and `coreError` of our own agent: kept with the device until a core is confirmed again.
fn core_trouble(device: &Device, fields: &Map<String, Value>, now_ms: u64) -> Vec<Heard> {
    let crashed = text(fields, "action") == "coreCrashed";
    let why = ["reason", "error", "message", "msg"].iter().map(|key| text(fields, key));
    let why = why.into_iter().find(|why| !why.is_empty()).unwrap_or("no reason given");
    let mut message =
        format!("{}: {why}", if crashed { "The core crashed" } else { "The core has an error" });
    let file = text(fields, "file");
    if !file.is_empty() {
        message.push_str(&format!(" ({file}"));
        if let Some(line) = fields.get("line").and_then(Value::as_u64) {
            message.push_str(&format!(":{line}"));
        }
        message.push(')');
    }
    if let Some(hash) = text(fields, "hash").get(..16) {
        message.push_str(&format!(" [core {hash}]"));
    }
    let message = clean(&message, Event::MAX_MESSAGE);
    let mut told = device.clone();
    told.core_trouble = clean_line(&message, 1024);
    told.core_trouble_of =
        CoreHash::from_hex(text(fields, "hash")).map(|hash| hash.to_hex()).unwrap_or_default();
    let action = if crashed { "coreCrashed" } else { "coreError" };
    let event = Event::of_node(action, &device.id, &device.group, &message, now_ms);
    vec![Heard::Device(Box::new(told)), Heard::Event(event)]
}

/// `msg`: an answer, or a line, for users (spec 6 and user-channel specification 4.2).
fn passing(fields: &Map<String, Value>) -> Vec<Heard> {
    let Some(Value::Object(mut message)) = bounded(&Value::Object(fields.clone()), PASSING) else {
        return Vec::new();
    };
    let session = message.remove("sessionid").and_then(into_text);
    let responseid = message.remove("responseid").and_then(into_text);
    for key in ["nodeid", "userid", "username", "realname", "domainid", "rights"] {
        message.remove(key);
    }
    let kind = message.get("type").and_then(Value::as_str).unwrap_or("").to_owned();
    let message = Value::Object(message);
    match (kind.as_str(), session, responseid) {
        // A notice is something a user says (`userbroadcast`); a device must not put words into anybody's mouth.
        ("" | "notify", ..) => Vec::new(),
        (kind, ..) if !is_kind(kind) => Vec::new(),
        (_, _, Some(responseid)) => vec![Heard::Answer { responseid, message }],
        // Without its name an answer cannot be told from another's.
        ("runcommands", _, None) => Vec::new(),
        (_, Some(session), None) => vec![Heard::ToSession { session, message }],
        ("console", None, None) => {
            vec![Heard::ToWatchers { rights: rights::AGENT_CONSOLE | rights::RUN_COMMANDS, message }]
        }
        (_, None, None) => vec![Heard::ToWatchers { rights: rights::REMOTE_CONTROL, message }],
    }
}

/// What programs compare with the names they know: a short word.
fn is_kind(kind: &str) -> bool {
    kind.len() <= 32 && kind.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
}

fn text<'a>(fields: &'a Map<String, Value>, key: &str) -> &'a str {
    fields.get(key).and_then(Value::as_str).unwrap_or("")
}

fn into_text(value: Value) -> Option<String> {
    match value {
        Value::String(text) if text.len() <= 256 => Some(text),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
