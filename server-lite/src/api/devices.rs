//! Devices.

use microstack::http::Response;
use serde_json::{Map, Value, json};

use super::answer::{json_answer, not_found, refusal};
use super::call::{Ctx, Outcome};
use super::command::{command, nothing_more};
use crate::model::{mesh_text, node_text, parse_mesh, parse_node, rights};

/// `GET /api/v1/devices`: sorted by name, filtered, in parts.
pub(super) fn list(ctx: &Ctx) -> Outcome {
    let mut ask = json!({ "action": "nodes" });
    if let Some(group) = ctx.query("group") {
        match parse_mesh(group) {
            Some(id) => ask["meshid"] = json!(mesh_text(&id)),
            None => ask["meshname"] = json!(group),
        }
    }
    command(ctx, ask, |ctx, answer| {
        let search = ctx.query("search").map(str::to_lowercase);
        let online = ctx.query("online").map(|online| online == "true");
        let tag = ctx.query("tag");
        let matches = |device: &Value| {
            let texts = ["name", "rname", "ip", "osdesc", "desc"];
            let found = |text: &str| {
                let holds = |key: &&str| {
                    device[*key].as_str().is_some_and(|value| value.to_lowercase().contains(text))
                };
                texts.iter().any(holds)
            };
            search.as_deref().is_none_or(found)
                && online.is_none_or(|online| device.get("conn").is_some() == online)
                && tag.is_none_or(|tag| {
                    device["tags"].as_array().is_some_and(|tags| tags.iter().any(|own| own == tag))
                })
        };
        let groups = answer["nodes"].as_object().cloned().unwrap_or_default();
        let mut devices: Vec<Value> = groups
            .iter()
            .flat_map(|(group, nodes)| nodes.as_array().into_iter().flatten().map(move |node| (group, node)))
            .filter(|(_, node)| matches(node))
            .map(|(group, node)| shown(group, node))
            .collect();
        devices.sort_by(|one, other| {
            let key = |device: &Value| {
                (device["name"].as_str().unwrap_or("").to_lowercase(), device["id"].to_string())
            };
            key(one).cmp(&key(other))
        });
        let total = devices.len();
        let devices: Vec<Value> = part(ctx, devices);
        json_answer(200, &json!({ "devices": devices, "total": total }))
    })
}

/// `GET /api/v1/devices/{device}`.
pub(super) fn one(ctx: &Ctx) -> Outcome {
    with_device(ctx, |ctx, shown| json_answer(200, &with_inventory(ctx, shown)))
}

/// `PATCH /api/v1/devices/{device}`: name, description, tags, icon; or the group.
pub(super) fn edit(ctx: &Ctx) -> Outcome {
    let Some(node) = node(ctx) else { return Outcome::Answer(not_found("device")) };
    if let Some(group) = ctx.text("group") {
        if ctx.body.as_object().is_some_and(|fields| fields.len() > 1) {
            return Outcome::Answer(refusal(400, "body", "move a device in a request of its own"));
        }
        let mut ask = json!({ "action": "changeDeviceMesh", "nodeids": [node] });
        match parse_mesh(group) {
            Some(id) => ask["meshid"] = json!(mesh_text(&id)),
            None => ask["meshname"] = json!(group),
        }
        return command(ctx, ask, nothing_more);
    }
    let mut ask = json!({ "action": "changedevice", "nodeid": node });
    for (field, key) in [("name", "name"), ("description", "desc"), ("tags", "tags"), ("icon", "icon")] {
        if let Some(value) = ctx.body.get(field) {
            ask[key] = value.clone();
        }
    }
    command(ctx, ask, nothing_more)
}

/// `DELETE /api/v1/devices/{device}`.
pub(super) fn remove(ctx: &Ctx) -> Outcome {
    match node(ctx) {
        Some(node) => command(ctx, json!({ "action": "removedevices", "nodeids": [node] }), nothing_more),
        None => Outcome::Answer(not_found("device")),
    }
}

/// `POST /api/v1/devices/{device}/run`: with `wait` the answer has the output.
pub(super) fn run(ctx: &Ctx) -> Outcome {
    let Some(node) = node(ctx) else { return Outcome::Answer(not_found("device")) };
    let shell = match ctx.text("shell") {
        Some("cmd") => 1,
        Some("powershell") => 2,
        Some("sh") => 3,
        Some("console") => 4,
        _ => 0,
    };
    let user = match ctx.text("user") {
        Some("signed-in") => 1,
        Some("signed-in-only") => 2,
        _ => 0,
    };
    let wait = ctx.body["wait"].as_bool().unwrap_or(false);
    let ask = json!({
        "action": "runcommands", "nodeids": [node], "type": shell, "cmds": ctx.text("command").unwrap_or(""),
        "runAsUser": user, "reply": wait,
    });
    command(ctx, ask, move |_, answer| {
        if !wait || answer["action"] == "runcommands" {
            return super::answer::refused(&answer).unwrap_or_else(|| json_answer(202, &json!({})));
        }
        if answer["lost"] == true {
            return refusal(
                409,
                "offline",
                "the device was disconnected before it answered; the command may have run",
            );
        }
        let mut body = json!({ "output": answer["result"].as_str().unwrap_or("") });
        if let Some(code) = answer["exitcode"].as_i64() {
            body["exitCode"] = json!(code);
        }
        json_answer(200, &body)
    })
}

/// `POST /api/v1/devices/{device}/power`.
pub(super) fn power(ctx: &Ctx) -> Outcome {
    let Some(node) = node(ctx) else { return Outcome::Answer(not_found("device")) };
    let ask = match ctx.text("action") {
        Some("wake") => json!({ "action": "wakedevices", "nodeids": [node] }),
        Some("off") => json!({ "action": "poweraction", "nodeids": [node], "actiontype": 2 }),
        Some("reset") => json!({ "action": "poweraction", "nodeids": [node], "actiontype": 3 }),
        _ => json!({ "action": "poweraction", "nodeids": [node], "actiontype": 4 }),
    };
    command(ctx, ask, |_, answer| {
        // The words of `wakedevices` tell how many packets there were.
        let words = answer["result"].as_str().unwrap_or("");
        json_answer(202, &json!({ "result": words }))
    })
}

/// `PUT /api/v1/devices/{device}/users/{user}`: rights in this device alone.
pub(super) fn give(ctx: &Ctx) -> Outcome {
    set_user(ctx, ctx.body["rights"].as_u64().unwrap_or(0))
}

/// `DELETE /api/v1/devices/{device}/users/{user}`.
pub(super) fn take(ctx: &Ctx) -> Outcome {
    set_user(ctx, 0)
}

fn set_user(ctx: &Ctx, rights: u64) -> Outcome {
    let Some(node) = node(ctx) else { return Outcome::Answer(not_found("device")) };
    let who = super::users::id_in(&ctx.path[1]);
    let ask = json!({ "action": "adddeviceuser", "nodeid": node, "userids": [who], "rights": rights, "remove": rights == 0 });
    command(ctx, ask, nothing_more)
}

/// The device in the path, as the user channel spells it.
fn node(ctx: &Ctx) -> Option<String> {
    parse_node(ctx.path.first()?).map(|node| node_text(&node))
}

fn with_device(ctx: &Ctx, then: impl FnOnce(&Ctx, Value) -> Response + 'static) -> Outcome {
    let Some(node) = node(ctx) else { return Outcome::Answer(not_found("device")) };
    command(ctx, json!({ "action": "nodes", "id": node }), |ctx, answer| {
        let found = answer["nodes"].as_object().and_then(|groups| groups.iter().next());
        match found.and_then(|(group, nodes)| nodes.get(0).map(|node| shown(group, node))) {
            Some(device) => then(ctx, device),
            None => not_found("device"),
        }
    })
}

/// Adds hardware and network, where the caller may see them.
fn with_inventory(ctx: &Ctx, mut device: Value) -> Value {
    let Some(node) = device["id"].as_str().and_then(parse_node) else { return device };
    if ctx.house.device_for(ctx.user(), &node, rights::DETAILS).is_none() {
        return device;
    }
    for (key, found) in
        [("hardware", ctx.house.data.sysinfo(&node)), ("network", ctx.house.data.netinfo(&node))]
    {
        match found {
            Ok(Some(report)) => device[key] = json!({ "time": report.time_ms, "value": report.value }),
            Ok(None) => {}
            Err(error) => tracing::error!(%error, "an inventory could not be read"),
        }
    }
    device
}

/// A node of the user channel under the names of this interface.
fn shown(group: &str, node: &Value) -> Value {
    let mut device = json!({ "id": node["_id"], "group": group, "name": node["name"], "online": node.get("conn").is_some() });
    for (key, from) in [
        ("hostName", "rname"),
        ("system", "osdesc"),
        ("address", "ip"),
        ("description", "desc"),
        ("tags", "tags"),
        ("icon", "icon"),
        ("firstSeen", "firstconnect"),
        ("connectedSince", "agct"),
        ("coreTrouble", "coretrouble"),
        ("people", "users"),
    ] {
        if let Some(value) = node.get(from).filter(|value| !value.is_null()) {
            device[key] = value.clone();
        }
    }
    if let Some(core) = node["agent"]["core"].as_str() {
        device["core"] = json!(core);
    }
    device["agentType"] = node["agent"]["id"].clone();
    let links = node["links"].as_object().cloned().unwrap_or_default();
    let users: Map<String, Value> =
        links.iter().map(|(who, link)| (who.clone(), link["rights"].clone())).collect();
    device["users"] = Value::Object(users);
    device
}

/// The part of a list that `offset` and `limit` ask for.
pub(super) fn part(ctx: &Ctx, all: Vec<Value>) -> Vec<Value> {
    let number = |name: &str| ctx.query(name).and_then(|text| text.parse::<usize>().ok());
    let (offset, limit) = (number("offset").unwrap_or(0), number("limit").unwrap_or(100).clamp(1, 1000));
    all.into_iter().skip(offset).take(limit).collect()
}
