//! Commands about devices (user-channel specification 4.6).

use microstack::channel::core_sync::Wanted;
use microstack::wire::id::NodeId;
use microstack::wire::{core_hash, frame_core};
use serde_json::json;

use super::effect::{Asker, Change, Effect};
use super::groups::{find, member_id, name_of, refuse, wanted_answer, with_refresh};
use super::lists::show;
use super::request::Request;
use crate::data::MAX_CORE_BYTES;
use crate::house::House;
use crate::live::CoreOrder;
use crate::model::CONSENT;
use crate::model::{CoreChoice, Device, DeviceEdit, Event, Group, GroupEdit, node_text, rights, user_id};

/// `changedevice`: name, description, labels, icon.
pub fn change(house: &House, asker: &Asker<'_>, request: &Request<'_>) -> Vec<Effect> {
    let Some(node) = request.node() else {
        return refuse(request, "Invalid device id");
    };
    let Some((mut device, _)) = house.device_for(asker.user, &node, rights::MANAGE_DEVICES) else {
        return refuse(request, "Access denied");
    };
    let tags = request.value("tags").map(|value| match value.as_str() {
        Some(text) => text.split(',').map(str::to_owned).collect(),
        None => request.texts("tags").unwrap_or_default().into_iter().map(str::to_owned).collect(),
    });
    let edit = DeviceEdit {
        name: request.text("name").map(str::to_owned),
        description: request.text("desc").map(str::to_owned),
        tags,
        icon: request.number("icon").and_then(|icon| u32::try_from(icon).ok()),
        consent: request.number("consent").map(|flags| flags as u32 & CONSENT),
        ..DeviceEdit::default()
    };
    device.edit(&edit); // the event shows the device as it will be
    let event = Event::of_node(
        "changenode",
        &node,
        &device.group,
        &format!("Changed device {}", device.name),
        asker.now_ms,
    )
    .by(&asker.user.id)
    .with("node", show(house, &device));
    let change = Change::EditDevice { node, edit };
    vec![Effect::change(change, wanted_answer(request, "ok"), vec![Effect::Announce(event)])]
}

/// `removedevices`: all of them or none.
pub fn remove(house: &House, asker: &Asker<'_>, request: &Request<'_>) -> Vec<Effect> {
    let devices = match allowed(house, asker, request, rights::MANAGE_DEVICES) {
        Ok(devices) => devices,
        Err(why) => return refuse(request, why),
    };
    let mut effects = Vec::new();
    for (device, _) in devices {
        let event = Event::of_node(
            "removenode",
            &device.id,
            &device.group,
            &format!("Removed device {}", device.name),
            asker.now_ms,
        )
        .by(&asker.user.id);
        let then = vec![
            Effect::Disconnect { node: device.id, why: "the device was removed" },
            Effect::Announce(event),
        ];
        effects.push(Effect::Change { change: Change::RemoveDevice(device.id), then, refusal: None });
    }
    effects.extend(wanted_answer(request, "ok").map(Effect::Confirm));
    effects
}

/// `changeDeviceMesh`: needs the right in the old group and in the new one.
pub fn move_to(house: &House, asker: &Asker<'_>, request: &Request<'_>) -> Vec<Effect> {
    let Some(target) = find(house, request, "meshname") else {
        return refuse(request, "Invalid group id");
    };
    if !rights::has(house.rights_in(asker.user, &target), rights::MANAGE_DEVICES) {
        return refuse(request, "Access denied");
    }
    let devices = match allowed(house, asker, request, rights::MANAGE_DEVICES) {
        Ok(devices) => devices,
        Err(why) => return refuse(request, why),
    };
    let mut effects = Vec::new();
    for (device, old) in devices {
        if old.id == target.id {
            continue;
        }
        let message = format!("Moved device {} to group {}", device.name, target.name);
        let event = Event::of_node("nodemeshchange", &device.id, &target.id, &message, asker.now_ms)
            .by(&asker.user.id)
            .with("oldMeshId", json!(crate::model::mesh_text(&old.id)))
            .with("newMeshId", json!(crate::model::mesh_text(&target.id)))
            .with("node", show(house, &device));
        let change = Change::MoveDevice { node: device.id, group: target.id };
        let order = CoreOrder { wanted: house.wanted_core(device.agent_type, device.chosen_core(), &target) };
        let then = vec![Effect::Announce(event), Effect::Core { node: device.id, order }];
        effects.push(Effect::Change { change, then, refusal: None });
    }
    effects.extend(wanted_answer(request, "ok").map(Effect::Confirm));
    effects
}

/// `uploadagentcore`: `default`, `clear`, or `custom` with the JavaScript in `core`; for devices (`nodeids`) or,
/// an addition of ours, for a whole group (`meshid`).
///
/// Also ours: `trial: true` with a custom core for devices puts it in front of their choice, until `endtrial` or the
/// next choice. A developer's tool that dies leaves a core on trial, never a choice that is lost.
///
/// Real servers read custom cores from a path on the server; this one never reads files for users.
pub fn core(house: &House, asker: &Asker<'_>, request: &Request<'_>) -> Vec<Effect> {
    let mut effects = Vec::new();
    let trial = request.flag("trial") || request.text("type") == Some("endtrial");
    if trial
        && (request.value("meshid").is_some() || !matches!(request.text("type"), Some("custom" | "endtrial")))
    {
        return refuse(request, "A core is tried out on devices, and it is custom");
    }
    let choice = match request.text("type") {
        // The absence of a trial.
        Some("endtrial") => CoreChoice::Inherit,
        Some("default") => CoreChoice::Default,
        Some("inherit") => CoreChoice::Inherit,
        Some("clear") => CoreChoice::Clear,
        Some("custom") => match request.text("core") {
            Some(text) if text.len() + 4 > MAX_CORE_BYTES => {
                return refuse(request, "The core is over 4 MiB");
            }
            Some(text) if !text.is_empty() => {
                let framed = frame_core(text);
                let choice = CoreChoice::Custom(core_hash(&framed));
                effects.push(Change::AddCore(framed));
                choice
            }
            _ => return refuse(request, "A custom core needs its JavaScript in \"core\""),
        },
        _ => return refuse(request, "Unknown core type; use default, clear or custom"),
    };
    let needed = rights::REMOTE_CONTROL | rights::AGENT_CONSOLE;
    let (targets, changes): (Vec<(Device, Group)>, Vec<Change>) = if request.value("meshid").is_some() {
        let Some(group) = find(house, request, "meshname") else {
            return refuse(request, "Unknown device group");
        };
        if !rights::has(house.rights_in(asker.user, &group), needed | rights::EDIT_GROUP) {
            return refuse(request, "Access denied");
        }
        let mut after = Group::clone(&group);
        after.core = choice;
        let nodes = house.data.devices_of(&group.id).unwrap_or_default();
        let devices = nodes.iter().filter_map(|node| house.data.device(node).ok().flatten());
        // Only devices without a choice of their own follow their group.
        let targets = devices
            .filter(|device| device.chosen_core() == CoreChoice::Inherit)
            .map(|device| (device, after.clone()))
            .collect();
        let edit = GroupEdit { core: Some(choice), ..Default::default() };
        let change = Change::EditGroup { id: group.id, edit };
        (targets, vec![change])
    } else {
        match allowed(house, asker, request, needed) {
            Ok(devices) => devices
                .into_iter()
                .map(|(mut device, group)| {
                    let edit = match trial {
                        true => DeviceEdit { trial: Some(choice), ..Default::default() },
                        false => DeviceEdit { core: Some(choice), ..Default::default() },
                    };
                    device.edit(&edit);
                    let node = device.id;
                    ((device, group), Change::EditDevice { node, edit })
                })
                .unzip(),
            Err(why) => return refuse(request, why),
        }
    };
    let mut orders = Vec::new();
    for (device, group) in targets {
        let wanted = match choice {
            CoreChoice::Custom(hash) => Wanted::Core(hash),
            _ => house.wanted_core(device.agent_type, device.chosen_core(), &group),
        };
        orders.push(Effect::Core { node: device.id, order: CoreOrder { wanted } });
        orders.push(Effect::Announce(core_event(asker, &device, choice, trial)));
    }
    // The body first, then who wants it, then the orders: each step relies on the one before.
    let confirm: Vec<Effect> = wanted_answer(request, "ok").map(Effect::Confirm).into_iter().collect();
    let mut then = orders;
    then.extend(confirm);
    for change in effects.into_iter().chain(changes).rev() {
        then = vec![Effect::Change { change, then, refusal: wanted_answer(request, "ok") }];
    }
    then
}

/// `adddeviceuser`: rights of users, or groups of users, in one device alone; with `remove` none any more.
pub fn set_users(house: &House, asker: &Asker<'_>, request: &Request<'_>) -> Vec<Effect> {
    let Some(node) = request.node() else {
        return refuse(request, "Invalid device id");
    };
    let Some((device, group)) = house.device_for(asker.user, &node, rights::MANAGE_USERS) else {
        return refuse(request, "Access denied");
    };
    let own = house.rights_over(asker.user, &device, &group);
    let given = request.number("rights").and_then(|given| u32::try_from(given).ok()).unwrap_or(0);
    let remove = request.flag("remove") || given == 0;
    if !rights::has(own, given) {
        return refuse(request, "Access denied");
    }
    let mut ids: Vec<String> =
        request.texts("usernames").unwrap_or_default().into_iter().map(user_id).collect();
    ids.extend(request.texts("userids").unwrap_or_default().into_iter().map(member_id));
    if ids.is_empty() {
        return refuse(request, "No user given");
    }
    let mut effects = Vec::new();
    for id in ids {
        let Some(name) = name_of(house, &id) else {
            return refuse(request, "Unknown user");
        };
        // Rights somebody has here that the asker lacks are not his to take or to change.
        if device.links.get(&id).is_some_and(|theirs| theirs & !own != 0) {
            return refuse(request, "Access denied");
        }
        if !remove
            && !device.links.contains_key(&id)
            && device.links.len() + effects.len() >= Device::MAX_LINKS
        {
            return refuse(request, "Too many users have rights in this device");
        }
        let what = if remove { "has no rights of its own in" } else { "was given rights in" };
        let message = format!("{name} {what} {}", device.name);
        let mut shown = device.clone();
        match remove {
            true => drop(shown.links.remove(&id)),
            false => drop(shown.links.insert(id.clone(), given)),
        }
        let event = Event::of_node("changenode", &node, &device.group, &message, asker.now_ms)
            .by(&asker.user.id)
            .with("node", show(house, &shown));
        let then = with_refresh(house, Effect::Announce(event), &id);
        let change = Change::SetDeviceLink { node, who: id, rights: (!remove).then_some(given) };
        effects.push(Effect::Change { change, then, refusal: None });
    }
    effects.extend(wanted_answer(request, "ok").map(Effect::Confirm));
    effects
}

/// `agentdisconnect`: ends the agent's connection; it will come back.
pub fn disconnect(house: &House, asker: &Asker<'_>, request: &Request<'_>) -> Vec<Effect> {
    let Some(node) = request.node() else {
        return refuse(request, "Invalid device id");
    };
    let needed = rights::REMOTE_CONTROL | rights::AGENT_CONSOLE;
    if house.device_for(asker.user, &node, needed).is_none() {
        return refuse(request, "Access denied");
    }
    let mut effects = vec![Effect::Disconnect { node, why: "a user asked for it" }];
    effects.extend(wanted_answer(request, "ok").map(Effect::Reply));
    effects
}

/// The devices in `nodeids` with their groups, if the asker has the rights over every one.
fn allowed(
    house: &House,
    asker: &Asker<'_>,
    request: &Request<'_>,
    wanted: u32,
) -> Result<Vec<(Device, Group)>, &'static str> {
    let nodes: Vec<NodeId> = request.nodes().ok_or("Invalid device id")?;
    nodes
        .iter()
        .map(|node| {
            let found = house.device_for(asker.user, node, wanted).ok_or("Access denied")?;
            Ok((found.0, Group::clone(&found.1)))
        })
        .collect()
}

fn core_event(asker: &Asker<'_>, device: &Device, choice: CoreChoice, trial: bool) -> Event {
    let what = match choice {
        CoreChoice::Custom(hash) if trial => format!("the core {} on trial", &hash.to_hex()[..16]),
        CoreChoice::Inherit if trial => "its core as before the trial".to_owned(),
        CoreChoice::Inherit => "the core of its group".to_owned(),
        CoreChoice::Default => "the server's own core".to_owned(),
        CoreChoice::Clear => "no core".to_owned(),
        CoreChoice::Custom(hash) => format!("the pushed core {}", &hash.to_hex()[..16]),
    };
    let message = format!("{} shall run {what}", device.name);
    Event::of_node("uploadagentcore", &device.id, &device.group, &message, asker.now_ms)
        .by(&asker.user.id)
        .with("name", json!(node_text(&device.id)))
}
