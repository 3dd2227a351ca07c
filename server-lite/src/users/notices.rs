//! Short messages: on devices (`toast`), and to signed-in users (`userbroadcast`).

use microstack::crypto::random_bytes;
use microstack::wire::hex;
use serde_json::json;

use super::effect::{Asker, Effect};
use super::groups::{refuse, wanted_answer};
use super::power::{all, event};
use super::request::Request;
use crate::house::House;
use crate::model::text::{clean, clean_line};
use crate::model::{rights, user_id};

/// Bytes of a message on a device, and of its title.
const MAX_TOAST: usize = 4096;
const MAX_TITLE: usize = 512;
/// Bytes of a message to users.
const MAX_BROADCAST: usize = 512;
const TITLE: &str = "Meshlite";

/// `toast`: a note on the screens of devices.
pub fn toast(house: &House, asker: &Asker<'_>, request: &Request<'_>) -> Vec<Effect> {
    let Some(nodes) = request.nodes() else {
        return refuse(request, "Invalid nodeids");
    };
    let text = match request.text("msg") {
        Some(text) if (1..=MAX_TOAST).contains(&text.len()) => clean(text, MAX_TOAST),
        _ => return refuse(request, "Invalid message; it has 1 to 4096 bytes"),
    };
    let title = clean_line(request.text("title").unwrap_or(TITLE), MAX_TITLE);
    let devices = match all(house, asker, &nodes, rights::CHAT) {
        Ok(devices) => devices,
        Err(why) => return refuse(request, why),
    };
    let mut effects = Vec::new();
    for device in devices.iter().filter(|device| house.live.agent(&device.id).is_some()) {
        let message = json!({
            "action": "toast", "title": if title.is_empty() { TITLE } else { &title }, "msg": text,
            "sessionid": asker.session, "username": asker.user.name, "userid": asker.user.id,
        });
        let told = format!("Message shown on {}: {}", device.name, clean_line(&text, 200));
        effects.push(Effect::Announce(event("toast", device, asker, &told)));
        effects.push(Effect::ToAgent { node: device.id, message, sent: None, absent: None });
    }
    if effects.is_empty() {
        return refuse(request, "Agent not connected");
    }
    effects.extend(wanted_answer(request, "ok").map(Effect::Reply));
    effects
}

/// `userbroadcast`: a note in the consoles of all signed-in users, or of one.
pub fn broadcast(house: &House, asker: &Asker<'_>, request: &Request<'_>) -> Vec<Effect> {
    if !asker.user.has_site(rights::SITE_USERS) {
        return refuse(request, "Access denied");
    }
    let text = match request.text("msg") {
        Some(text) if (1..=MAX_BROADCAST).contains(&text.len()) => clean(text, MAX_BROADCAST),
        _ => return refuse(request, "Invalid message; it has 1 to 512 bytes"),
    };
    let to = request.text("userid").map(|user| match user.contains('/') {
        true => user.to_lowercase(),
        false => user_id(user),
    });
    if to.as_ref().is_some_and(|user| house.data.user(user).is_none()) {
        return refuse(request, "Unknown user");
    }
    let id = hex::lower(&random_bytes::<8>());
    let message = json!({
        "action": "msg", "type": "notify", "title": asker.user.name, "value": text,
        "userid": asker.user.id, "username": asker.user.name, "tag": "broadcast", "icon": 0, "id": id,
    });
    let mut effects = vec![Effect::TellUsers { message, user_id: to }];
    effects.extend(wanted_answer(request, "ok").map(Effect::Reply));
    effects
}
