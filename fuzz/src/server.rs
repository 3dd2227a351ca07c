//! Target for what the server makes of an agent's JSON: an agent can be anybody's program.

use std::sync::OnceLock;

use microstack::wire::{Capabilities, MeshId, NodeId};
use serde_json::{Value, json};
use server_lite::agents::{Heard, hear};
use server_lite::model::{Device, Event};

/// JSON of an authenticated agent.
pub fn agent_json(data: &[u8]) {
    let Ok(message) = serde_json::from_slice::<Value>(data) else { return };
    let device = device();
    let heard = hear(device, &message, 1_700_000_000_000);
    assert!(heard.len() <= 2, "one message leads to {} things", heard.len());
    for heard in heard {
        match heard {
            Heard::Device(told) => {
                is_bounded(device, &told);
                if message["action"] == "coreinfo" {
                    assert!(hear(&told, &message, 0).is_empty(), "the same news are news again");
                }
            }
            Heard::Network(report) | Heard::Hardware(report) => {
                assert!(report.value.is_object());
                is_tame(&report.value, 13, 1024, is_shown_safely);
            }
            Heard::Reply(reply) => assert!(reply["action"] == "pong" || reply["action"] == "sysinfo"),
            Heard::Event(event) => {
                assert!(event.message.len() <= Event::MAX_MESSAGE && is_shown_safely(&event.message));
                is_tame(&event.to_live_message(), 16, Event::MAX_MESSAGE, is_shown_safely);
            }
            Heard::ToSession { session: name, message } | Heard::Answer { responseid: name, message } => {
                assert!(name.len() <= 256);
                is_passed_on(&message);
            }
            Heard::ToWatchers { rights, message } => {
                assert_ne!(rights, 0, "everybody would see it");
                is_passed_on(&message);
            }
        }
    }
}

/// What an agent says about its device may not change who it is, nor grow without bound.
fn is_bounded(before: &Device, told: &Device) {
    assert_eq!((told.id, told.group, &told.tag), (before.id, before.group, &before.tag));
    assert_eq!((&told.description, &told.tags, told.core), (&before.description, &before.tags, before.core));
    let fixed = Capabilities::RECOVERY.0 | Capabilities::TEMPORARY.0;
    assert_eq!(told.capabilities & fixed, before.capabilities & fixed);
    for (text, most) in [
        (&told.name, Device::MAX_NAME),
        (&told.host_name, Device::MAX_NAME),
        (&told.core_name, 256),
        (&told.system, 256),
        (&told.core_trouble, 1024),
    ] {
        assert!(text.len() <= most && is_shown_safely(text) && !text.contains(['\r', '\n']), "{text:?}");
    }
    assert!(told.core_trouble_of.is_empty() || told.core_trouble_of.len() == 96);
    assert!(!told.name.is_empty() && told.people.len() <= 64);
    assert!(told.people.iter().all(|name| !name.is_empty() && name.len() <= 128 && is_shown_safely(name)));
    assert!(told.to_message().is_object());
}

/// Messages to users name no device and no user of the agent's choice.
fn is_passed_on(message: &Value) {
    for key in ["sessionid", "responseid", "nodeid", "userid", "domainid"] {
        assert!(message.get(key).is_none(), "{key} passed through");
    }
    // Output of commands arrives as it was printed; whoever shows it escapes it.
    is_tame(message, 16, 2 << 20, |_| true);
}

/// Bounded in depth and text, with keys that are harmless to show, and texts as `is_allowed` says.
fn is_tame(value: &Value, depth: usize, text: usize, is_allowed: fn(&str) -> bool) {
    assert!(depth > 0 || !(value.is_object() || value.is_array()), "too deep");
    match value {
        Value::String(content) => assert!(content.len() <= text && is_allowed(content)),
        Value::Array(items) => items.iter().for_each(|item| is_tame(item, depth - 1, text, is_allowed)),
        Value::Object(fields) => {
            for (key, item) in fields {
                assert!(key.len() <= 256 && is_shown_safely(key) && key != "__proto__", "{key:?}");
                is_tame(item, depth - 1, text, is_allowed);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Without escape sequences and without characters that turn the reading direction.
fn is_shown_safely(text: &str) -> bool {
    !text.contains(|c: char| {
        (c.is_control() && !"\t\r\n".contains(c))
            || matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
    })
}

fn device() -> &'static Device {
    static DEVICE: OnceLock<Device> = OnceLock::new();
    DEVICE.get_or_init(|| {
        let record = json!({
            "id": NodeId([3; 48]).to_text64(), "group": MeshId([9; 48]).to_text64(), "name": "host",
            "host_name": "host", "icon": 1, "agent_type": 6, "capabilities": 0x118, "first_seen_ms": 1,
            "tag": "a tag", "tags": ["b"], "description": "c",
        });
        serde_json::from_value(record).expect("these are the fields of a device")
    })
}

/// One message of each kind, and recorded ones.
pub fn messages() -> Vec<Vec<u8>> {
    let mut messages: Vec<Vec<u8>> = [
        json!({ "action": "ping" }),
        json!({ "action": "coreinfo", "value": "core\u{1b}[31m", "caps": 31, "osdesc": "Debian", "root": true,
                "name": " new\nname ", "users": ["a", "", 7, "b\u{202e}"] }),
        json!({ "action": "netinfo", "netif2": { "lo": [{ "address": "127.0.0.1", "mac": null }] } }),
        json!({ "action": "sysinfo", "data": { "hash": "x", "hardware": { "__proto__": { "a": [1.5e300] } } } }),
        json!({ "action": "sysinfocheck", "hash": "x" }),
        json!({ "action": "sessions", "type": "terminal", "value": { "user//a": 1 } }),
        json!({ "action": "log", "msg": "something" }),
        json!({ "action": "coreCrashed", "reason": "r", "file": "f.js", "line": 7, "hash": "0123456789abcdefé" }),
        json!({ "action": "coreError", "error": "e\u{7}", "hash": "0123456789abcdé" }),
        json!({ "action": "msg", "type": "console", "value": "out", "sessionid": "user//a/1", "nodeid": "x" }),
        json!({ "action": "msg", "type": "runcommands", "result": "r", "responseid": "meshctrl", "exitcode": 1 }),
        json!({ "action": "msg", "type": "console", "value": "for all" }),
        json!({ "action": "msg", "type": "other", "userid": "user//root", "deep": [[[[[[[[[[[[[1]]]]]]]]]]]]] }),
    ]
    .iter()
    .map(|message| message.to_string().into_bytes())
    .collect();
    messages.extend(crate::seeds::text_frames());
    messages
}
