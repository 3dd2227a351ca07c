//! Commands that only look.

use microstack::wire::id::{MeshId, NodeId};
use serde_json::{Map, Value, json};

use super::effect::{Asker, Effect};
use super::request::{Request, answer, blank_answer};
use crate::data::NodeQuery;
use crate::house::House;
use crate::model::{Device, User, mesh_text, node_text, rights};

/// `meshes`: the groups of the asker.
pub fn meshes(house: &House, asker: &Asker<'_>, request: &Request<'_>) -> Vec<Effect> {
    let groups: Vec<Value> = house.groups_for(asker.user).iter().map(|group| group.to_message()).collect();
    let mut reply = blank_answer(request);
    reply["meshes"] = json!(groups);
    vec![Effect::Reply(reply)]
}

/// `nodes`: devices by group, with live values for those that are connected (specification 4.1).
pub fn nodes(house: &House, asker: &Asker<'_>, request: &Request<'_>) -> Vec<Effect> {
    let mine = house.groups_for(asker.user);
    let groups: Vec<MeshId> = if request.value("meshid").is_some() || request.value("meshname").is_some() {
        let wanted = match request.mesh("meshid") {
            Some(id) => mine.iter().find(|group| group.id == id),
            None => mine.iter().find(|group| Some(group.name.as_str()) == request.text("meshname")),
        };
        match wanted {
            Some(group) => vec![group.id],
            None => return vec![Effect::Reply(answer(request, "Invalid group id"))],
        }
    } else {
        mine.iter().map(|group| group.id).collect()
    };
    let one = request.text("id").map(crate::model::parse_node);
    let mut skip = as_size(request.number("skip"), 0);
    let mut left = as_size(request.number("limit"), MAX_NODES).min(MAX_NODES);
    let mut nodes = Map::new();
    for group in groups {
        let listed = match one {
            Some(node) => Ok(node.into_iter().collect::<Vec<NodeId>>()),
            None => house.data.devices_page(&group, NodeQuery { skip, limit: left }),
        };
        let listed = match listed {
            Ok(listed) => listed,
            Err(error) => return failed(request, &error),
        };
        if skip > 0 {
            match house.data.devices_of(&group) {
                Ok(all) => skip = skip.saturating_sub(all.len()),
                Err(error) => return failed(request, &error),
            }
        }
        left = left.saturating_sub(listed.len());
        let mut shown = Vec::with_capacity(listed.len());
        for node in listed {
            match house.data.device(&node) {
                Ok(Some(device)) if device.group == group => shown.push(show(house, &device)),
                Ok(_) => {}
                Err(error) => return failed(request, &error),
            }
        }
        if !shown.is_empty() {
            nodes.insert(mesh_text(&group), Value::Array(shown));
        }
    }
    // Devices in which he was given rights although he has none in their group.
    if skip == 0 && request.value("meshid").is_none() && request.value("meshname").is_none() {
        let single = match house.single_devices_for(asker.user) {
            Ok(single) => single,
            Err(error) => return failed(request, &error),
        };
        for (device, group) in
            single.iter().filter(|(device, _)| one.is_none_or(|one| one == Some(device.id))).take(left)
        {
            let shown = nodes.entry(mesh_text(&group.id)).or_insert_with(|| json!([]));
            if let Value::Array(shown) = shown {
                shown.push(show(house, device));
            }
        }
    }
    let mut reply = blank_answer(request);
    reply["nodes"] = Value::Object(nodes);
    vec![Effect::Reply(reply)]
}

/// A device with its live values; those are absent while it is not connected.
pub(crate) fn show(house: &House, device: &Device) -> Value {
    let mut message = device.to_message();
    if let Some(seat) = house.live.agent(&device.id) {
        message["conn"] = json!(1);
        message["pwr"] = json!(1);
        message["agct"] = json!(seat.connected_ms);
        if let Some(sessions) = house.live.sessions.of(&device.id) {
            message["sessions"] = json!(sessions);
        }
    }
    // What is recorded cannot be encrypted end to end: it is not offered.
    let recorded = house.data.group(&device.group).is_some_and(|group| house.recorded(&group).is_some());
    if recorded && message["meshlite"].is_object() {
        message["meshlite"]["secure"] = json!(0);
        message["meshlite"]["resume"] = json!(0);
    }
    message
}

/// `getnetworkinfo`. Must never carry a `result` (specification 7, trap 4).
pub fn network(house: &House, asker: &Asker<'_>, request: &Request<'_>) -> Vec<Effect> {
    let mut reply = about_node(request);
    reply["netif"] = Value::Null;
    reply["netif2"] = Value::Null;
    if let Some(device) = visible(house, asker, request, rights::DETAILS) {
        match house.data.netinfo(&device.id) {
            Ok(Some(report)) => {
                reply["updateTime"] = json!(report.time_ms);
                reply["netif2"] = report.value;
            }
            Ok(None) => {}
            Err(error) => tracing::error!(%error, "network information could not be read"),
        }
    }
    vec![Effect::Reply(reply)]
}

/// `getsysinfo`.
pub fn hardware(house: &House, asker: &Asker<'_>, request: &Request<'_>) -> Vec<Effect> {
    let mut reply = about_node(request);
    let Some(device) = visible(house, asker, request, rights::DETAILS) else {
        reply["noinfo"] = json!(true);
        reply["result"] = json!("Invalid device id");
        return vec![Effect::Reply(reply)];
    };
    match house.data.sysinfo(&device.id) {
        Ok(Some(report)) => {
            reply["hardware"] = report.value;
            reply["time"] = json!(report.time_ms);
            if request.flag("nodeinfo") {
                reply["node"] = show(house, &device);
            }
        }
        Ok(None) => {
            reply["noinfo"] = json!(true);
            reply["result"] = json!("No information");
        }
        Err(error) => return failed(request, &error),
    }
    vec![Effect::Reply(reply)]
}

/// `lastconnect`.
pub fn last_connect(house: &House, asker: &Asker<'_>, request: &Request<'_>) -> Vec<Effect> {
    let mut reply = about_node(request);
    match visible(house, asker, request, 0) {
        Some(device) if device.connected_ms != 0 => {
            reply["time"] = json!(device.connected_ms.max(device.disconnected_ms));
            reply["addr"] = json!(device.address);
        }
        found => {
            reply["noinfo"] = json!(true);
            reply["result"] = json!(if found.is_some() { "No data" } else { "Invalid device id" });
        }
    }
    vec![Effect::Reply(reply)]
}

/// `powertimeline`: the first state and instant, then states and differences in time.
pub fn power(house: &House, asker: &Asker<'_>, request: &Request<'_>) -> Vec<Effect> {
    let mut reply = about_node(request);
    let mut timeline: Vec<Value> = Vec::new();
    if let Some(device) = visible(house, asker, request, 0) {
        let states = match house.data.power_of(&device.id, MAX_POWER) {
            Ok(states) => states,
            Err(error) => return failed(request, &error),
        };
        let mut before = 0;
        for state in states {
            timeline.push(json!(state.state));
            timeline.push(json!(state.time_ms.saturating_sub(before)));
            before = state.time_ms;
        }
    }
    reply["timeline"] = json!(timeline);
    vec![Effect::Reply(reply)]
}

/// `events`: newest first; only what the asker may know.
pub fn events(house: &House, asker: &Asker<'_>, request: &Request<'_>) -> Vec<Effect> {
    let limit = as_size(request.number("limit"), DEFAULT_EVENTS).clamp(1, MAX_EVENTS);
    let node = match request.text("nodeid") {
        Some(_) => match visible(house, asker, request, 0) {
            Some(device) => Some(node_text(&device.id)),
            None => return vec![Effect::Reply(with_events(request, Vec::new()))],
        },
        None => None,
    };
    let user = request.text("user").or(request.text("userid")).map(|user| match user.contains('/') {
        true => user.to_lowercase(),
        false => crate::model::user_id(user),
    });
    let action = request.text("filter").filter(|action| !action.is_empty());
    let mine: Vec<String> = house.groups_for(asker.user).iter().map(|group| mesh_text(&group.id)).collect();
    let single: Vec<String> = match house.single_devices_for(asker.user) {
        Ok(devices) => devices.iter().map(|(device, _)| node_text(&device.id)).collect(),
        Err(error) => return failed(request, &error),
    };
    let wanted = |event: &crate::model::Event| {
        let may = if event.mesh.is_empty() {
            event.user == asker.user.id || asker.user.is_site_admin()
        } else {
            // The history of a group that is gone is the administrators'.
            mine.contains(&event.mesh)
                || single.contains(&event.node)
                || asker.user.is_site_admin()
                    && crate::model::parse_mesh(&event.mesh).is_none_or(|id| house.data.group(&id).is_none())
        };
        may && node.as_ref().is_none_or(|node| event.node == *node)
            && user.as_ref().is_none_or(|user| event.user == *user)
            && action.is_none_or(|action| event.action == action)
    };
    match house.data.events(limit, wanted) {
        Ok(found) => {
            let listed = found.iter().map(|event| event.to_listed()).collect();
            vec![Effect::Reply(with_events(request, listed))]
        }
        Err(error) => failed(request, &error),
    }
}

/// `users`: for those who manage users.
pub fn users(house: &House, asker: &Asker<'_>, request: &Request<'_>) -> Vec<Effect> {
    if !asker.user.has_site(rights::SITE_USERS) {
        return vec![Effect::Reply(answer(request, "Access denied"))];
    }
    let users: Vec<Value> = house.data.users().iter().map(|user| show_user(user)).collect();
    let mut reply = blank_answer(request);
    reply["users"] = json!(users);
    vec![Effect::Reply(reply)]
}

/// `report`: there are none. The usual client fails on an answer without columns, so the refusal is a column.
pub fn no_report(request: &Request<'_>) -> Value {
    let mut reply = answer(request, "Not supported");
    reply["data"] = json!({
        "columns": [{ "id": "Not supported: this server makes no reports, use ListEvents" }], "groups": {},
    });
    reply
}

/// An account as those who manage users see it. There is no password in it, nor anything made of one.
pub(crate) fn show_user(user: &User) -> Value {
    let mut shown = json!({ "_id": user.id, "name": user.name, "siteadmin": user.site, "creation": user.created_ms / 1000 });
    for (key, text) in [("email", &user.email), ("realname", &user.real_name)] {
        if !text.is_empty() {
            shown[key] = json!(text);
        }
    }
    if user.signed_in_ms != 0 {
        shown["login"] = json!(user.signed_in_ms / 1000);
    }
    if user.second.is_some() {
        shown["otpsecret"] = json!(1);
    }
    shown
}

/// The device in `nodeid`, if the asker has these rights over it; membership in its group is always needed.
fn visible(house: &House, asker: &Asker<'_>, request: &Request<'_>, wanted: u32) -> Option<Device> {
    house.device_for(asker.user, &request.node()?, wanted).map(|(device, _)| device)
}

fn about_node(request: &Request<'_>) -> Value {
    let mut reply = blank_answer(request);
    if let Some(name) = request.text("nodeid") {
        reply["nodeid"] = json!(name);
    }
    reply
}

fn with_events(request: &Request<'_>, events: Vec<Value>) -> Value {
    let mut reply = blank_answer(request);
    reply["events"] = json!(events);
    reply
}

fn failed(request: &Request<'_>, error: &crate::data::DataError) -> Vec<Effect> {
    tracing::error!(%error, action = request.action(), "a command failed");
    vec![Effect::Reply(answer(request, "Server error, see the log of the server"))]
}

fn as_size(number: Option<u64>, absent: usize) -> usize {
    number.map_or(absent, |number| usize::try_from(number).unwrap_or(usize::MAX))
}

/// Devices in one answer.
const MAX_NODES: usize = 20_000;
const DEFAULT_EVENTS: usize = 100;
const MAX_EVENTS: usize = 1000;
const MAX_POWER: usize = 1000;
