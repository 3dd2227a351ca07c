//! Everything known of devices in one text (`getDeviceDetails`), notes, and who is signed in.

use std::collections::BTreeMap;

use microstack::wire::id::NodeId;
use serde_json::{Value, json};

use super::effect::{Asker, Change, Effect};
use super::groups::{refuse, wanted_answer};
use super::lists::show;
use super::request::{Request, answer, blank_answer};
use crate::house::House;
use crate::model::text::clean;
use crate::model::{Device, DeviceEdit, Event, Group, GroupEdit, parse_mesh, parse_node, rights};

/// Bytes of one text: it must fit into what may wait for a slow reader.
const MAX_DETAILS: usize = 6 << 20;

/// One device with its reports.
struct Known {
    node: Value,
    group: String,
    hardware: Value,
    network: Value,
}

/// `getDeviceDetails`: `type` is `json` or `csv`; of `nodeids`, or of all devices the asker sees.
pub fn all(house: &House, asker: &Asker<'_>, request: &Request<'_>) -> Vec<Effect> {
    let csv = match request.text("type") {
        Some("csv") => true,
        Some("json") | None => false,
        Some(_) => return vec![Effect::Reply(answer(request, "Invalid type; use csv or json"))],
    };
    let nodes = match request.value("nodeids") {
        Some(Value::Null) | None => everything(house, asker),
        Some(_) => match request.nodes() {
            Some(nodes) => nodes,
            None => return refuse(request, "Invalid nodeids"),
        },
    };
    let mut text = if csv { HEADINGS.to_owned() } else { "[".to_owned() };
    let mut first = true;
    for node in nodes {
        let Some((device, group)) = house.device_for(asker.user, &node, 0) else { continue };
        let known = known(house, asker, &device, &group);
        if csv {
            row(&mut text, &known);
        } else {
            if !std::mem::take(&mut first) {
                text.push_str(",\n");
            }
            text.push_str(
                &json!({ "node": known.node, "sys": known.hardware, "net": known.network }).to_string(),
            );
        }
        if text.len() > MAX_DETAILS {
            text = "These are too many devices for one answer; ask with nodeids for some of them.".to_owned();
            break;
        }
    }
    if !csv && text.starts_with('[') {
        text.push(']');
    }
    let mut reply = blank_answer(request);
    reply["data"] = json!(text);
    reply["type"] = json!(if csv { "csv" } else { "json" });
    vec![Effect::Reply(reply)]
}

fn everything(house: &House, asker: &Asker<'_>) -> Vec<NodeId> {
    let groups = house.groups_for(asker.user);
    let in_groups = groups.iter().flat_map(|group| house.data.devices_of(&group.id).unwrap_or_default());
    let single = house.single_devices_for(asker.user).unwrap_or_default();
    in_groups.chain(single.into_iter().map(|(device, _)| device.id)).collect()
}

fn known(house: &House, asker: &Asker<'_>, device: &Device, group: &Group) -> Known {
    let may = rights::has(house.rights_over(asker.user, device, group), rights::DETAILS);
    let mut node = show(house, device);
    node["meshid"] = json!(crate::model::mesh_text(&group.id));
    node["groupname"] = json!(group.name);
    let report = |read: Result<Option<crate::data::Inventory>, crate::data::DataError>, key: &str| match read
    {
        Ok(Some(report)) if may => json!({ key: report.value, "time": report.time_ms }),
        Ok(_) => Value::Null,
        Err(error) => {
            tracing::error!(%error, "a report of a device could not be read");
            Value::Null
        }
    };
    Known {
        node,
        group: group.name.clone(),
        hardware: report(house.data.sysinfo(&device.id), "hardware"),
        network: report(house.data.netinfo(&device.id), "netif2"),
    }
}

const HEADINGS: &str = "id,name,rname,host,icon,ip,osdesc,groupname,tags,agentcore,connected,kernel,cpu,memoryKiB,\
    biosVendor,biosVersion,boardVendor,boardName,productUuid,netIfCount,macs,addresses\r\n";

fn row(text: &mut String, known: &Known) {
    let node = &known.node;
    let ids = &known.hardware["hardware"]["identifiers"];
    let linux = &known.hardware["hardware"]["linux"];
    let interfaces = known.network["netif2"].as_object();
    let addresses =
        || interfaces.into_iter().flat_map(|all| all.values()).filter_map(Value::as_array).flatten();
    let each = |key: &str| -> String {
        let all =
            addresses().filter_map(|address| address[key].as_str()).filter(|a| *a != "00:00:00:00:00:00");
        let unique: std::collections::BTreeSet<&str> = all.collect();
        unique.into_iter().collect::<Vec<_>>().join(" ")
    };
    let tags: Vec<&str> = node["tags"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let cells = [
        plain(&node["_id"]),
        plain(&node["name"]),
        plain(&node["rname"]),
        plain(&node["host"]),
        plain(&node["icon"]),
        plain(&node["ip"]),
        plain(&node["osdesc"]),
        known.group.clone(),
        tags.join("|"),
        plain(&node["agent"]["core"]),
        if node.get("conn").is_some() { "1" } else { "0" }.to_owned(),
        plain(&linux["kernel"]),
        plain(&ids["cpu_name"]),
        plain(&linux["memory_kib"]),
        plain(&ids["bios_vendor"]),
        plain(&ids["bios_version"]),
        plain(&ids["board_vendor"]),
        plain(&ids["board_name"]),
        plain(&ids["product_uuid"]),
        interfaces.map_or(0, serde_json::Map::len).to_string(),
        each("mac"),
        each("address"),
    ];
    let cells: Vec<String> = cells.iter().map(|cell| quoted(cell)).collect();
    text.push_str(&cells.join(","));
    text.push_str("\r\n");
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => String::new(),
    }
}

/// A cell of a table that people open with an office program: what such a program would run as a formula gets an
/// apostrophe, because devices choose what is in it.
fn quoted(cell: &str) -> String {
    let formula = cell.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let mark = if formula { "'" } else { "" };
    match formula || cell.contains([',', '"', '\n', '\r']) {
        true => format!("\"{mark}{}\"", cell.replace('"', "\"\"")),
        false => cell.to_owned(),
    }
}

/// `getNotes` of a device or a group, in `id`.
pub fn notes(house: &House, asker: &Asker<'_>, request: &Request<'_>) -> Vec<Effect> {
    let id = request.text("id").unwrap_or("");
    let notes = match parse_node(id).filter(|_| !id.starts_with("mesh")) {
        Some(node) => house.device_for(asker.user, &node, 0).map(|(device, _)| device.notes),
        None => parse_mesh(id)
            .and_then(|id| house.data.group(&id))
            .filter(|group| house.rights_in(asker.user, group) != 0)
            .map(|group| group.notes.clone()),
    };
    let mut reply = blank_answer(request);
    reply["id"] = json!(id);
    match notes {
        Some(notes) if notes.is_empty() => reply["notes"] = Value::Null,
        Some(notes) => reply["notes"] = json!(notes),
        None => reply["result"] = json!("Invalid id"),
    }
    vec![Effect::Reply(reply)]
}

/// `setNotes` of a device or a group, in `id`; empty notes remove them.
pub fn set_notes(house: &House, asker: &Asker<'_>, request: &Request<'_>) -> Vec<Effect> {
    let (id, notes) = (request.text("id").unwrap_or(""), request.text("notes").unwrap_or(""));
    if notes.len() > Device::MAX_NOTES {
        return refuse(request, "Notes have 8192 bytes at most");
    }
    let notes = clean(notes, Device::MAX_NOTES);
    if let Some(node) = parse_node(id).filter(|_| !id.starts_with("mesh")) {
        let Some((device, _)) = house.device_for(asker.user, &node, rights::NOTES) else {
            return refuse(request, "Access denied");
        };
        let event =
            super::power::event("changenode", &device, asker, &format!("Notes changed: {}", device.name));
        let edit = DeviceEdit { notes: Some(notes), ..DeviceEdit::default() };
        let then = vec![Effect::Announce(event.with("node", show(house, &device)))];
        return vec![Effect::change(Change::EditDevice { node, edit }, wanted_answer(request, "ok"), then)];
    }
    let group = parse_mesh(id).and_then(|id| house.data.group(&id));
    match group.filter(|group| rights::has(house.rights_in(asker.user, group), rights::NOTES)) {
        Some(group) => {
            let event = Event::of_mesh("meshchange", &group.id, "Notes changed", asker.now_ms)
                .by(&asker.user.id)
                .with("meshid", json!(crate::model::mesh_text(&group.id)))
                .with("name", json!(group.name));
            let edit = GroupEdit { notes: Some(notes), ..GroupEdit::default() };
            let change = Change::EditGroup { id: group.id, edit };
            vec![Effect::change(change, wanted_answer(request, "ok"), vec![Effect::Announce(event)])]
        }
        None => refuse(request, "Access denied"),
    }
}

/// `wssessioncount`: how many sessions each signed-in user has; for those who manage users.
pub fn sessions(house: &House, asker: &Asker<'_>, request: &Request<'_>) -> Vec<Effect> {
    if !asker.user.has_site(rights::SITE_USERS) {
        return refuse(request, "Access denied");
    }
    let counts: BTreeMap<String, usize> = house.live.users.counts();
    let mut reply = blank_answer(request);
    reply["wssessions"] = json!(counts);
    vec![Effect::Reply(reply)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_text_for_office_programs_too() {
        assert_eq!(quoted("plain"), "plain");
        assert_eq!(quoted("a,b\"c"), "\"a,b\"\"c\"");
        for formula in ["=cmd|' /C calc'!A0", "+1", "-1", "@x", "\tx"] {
            assert!(quoted(formula).starts_with("\"'"), "{formula}");
        }
    }
}
