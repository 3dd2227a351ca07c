//! Commands about groups of users.

use std::sync::Arc;

use microstack::crypto::random_bytes;
use serde_json::{Map, Value, json};

use super::effect::{Asker, Change, Effect};
use super::groups::{refuse, wanted_answer};
use super::request::{Request, answer, blank_answer};
use crate::house::House;
use crate::model::text::{clean, clean_line};
use crate::model::{Event, UserGroup, mesh_text, node_text, rights, user_id};

/// `usergroups`: all of them for those who manage them, else the asker's own.
pub fn list(house: &House, asker: &Asker<'_>, request: &Request<'_>) -> Vec<Effect> {
    let all = asker.user.has_site(rights::SITE_USER_GROUPS);
    let mut shown = Map::new();
    for group in house.data.user_groups() {
        if !all && !group.members.contains(&asker.user.id) {
            continue;
        }
        let mut message = group.to_message();
        for (id, rights) in links_of(house, &group.id) {
            message["links"][id.as_str()] = json!({ "rights": rights });
        }
        shown.insert(group.id.clone(), message);
    }
    let mut reply = blank_answer(request);
    reply["ugroups"] = Value::Object(shown);
    vec![Effect::Reply(reply)]
}

/// `createusergroup`.
pub fn create(house: &House, asker: &Asker<'_>, request: &Request<'_>) -> Vec<Effect> {
    if !asker.user.has_site(rights::SITE_USER_GROUPS) {
        return refuse(request, "Permission denied");
    }
    let name = clean_line(request.text("name").unwrap_or(""), UserGroup::MAX_NAME);
    if name.is_empty() {
        return refuse(request, "Invalid group name");
    }
    if house.data.user_groups().iter().any(|group| group.name == name) {
        return refuse(request, "A group of this name exists already");
    }
    let description = clean(request.text("desc").unwrap_or(""), UserGroup::MAX_DESCRIPTION);
    let id = format!("{}{}", UserGroup::PREFIX, microstack::wire::id::MeshId(random_bytes()).to_text64());
    let group = UserGroup { id: id.clone(), name, description, members: Default::default() };
    let event = event(asker, "createusergroup", &group, "User group created");
    let reply = wanted_answer(request, "ok").map(|mut reply| {
        reply["ugrpid"] = json!(id);
        reply
    });
    vec![Effect::change(Change::AddUserGroup(group), reply, vec![Effect::Announce(event)])]
}

/// `deleteusergroup`: its members lose what they had by it.
pub fn remove(house: &House, asker: &Asker<'_>, request: &Request<'_>) -> Vec<Effect> {
    let group = match manageable(house, asker, request) {
        Ok(group) => group,
        Err(why) => return refuse(request, why),
    };
    let mut then = vec![Effect::Announce(event(asker, "deleteusergroup", &group, "User group deleted"))];
    then.extend(group.members.iter().cloned().map(Effect::RefreshUser));
    vec![Effect::change(Change::RemoveUserGroup(group.id.clone()), wanted_answer(request, "ok"), then)]
}

/// `addusertousergroup`.
pub fn add_members(house: &House, asker: &Asker<'_>, request: &Request<'_>) -> Vec<Effect> {
    let group = match manageable(house, asker, request) {
        Ok(group) => group,
        Err(why) => return refuse(request, why),
    };
    let names = request.texts("usernames").unwrap_or_default();
    let mut effects = Vec::new();
    for name in names {
        let id = user_id(name);
        if house.data.user(&id).is_none() {
            return refuse(request, "Unknown user");
        }
        effects.push(set_member(asker, &group, id, true));
    }
    if effects.is_empty() {
        return refuse(request, "No user given");
    }
    effects.extend(wanted_answer(request, "ok").map(Effect::Confirm));
    effects
}

/// `removeuserfromusergroup`.
pub fn remove_member(house: &House, asker: &Asker<'_>, request: &Request<'_>) -> Vec<Effect> {
    let group = match manageable(house, asker, request) {
        Ok(group) => group,
        Err(why) => return refuse(request, why),
    };
    let id = request.text("userid").unwrap_or("").to_lowercase();
    if !group.members.contains(&id) {
        return vec![Effect::Reply(answer(request, "User not in group"))];
    }
    let mut effects = vec![set_member(asker, &group, id, false)];
    effects.extend(wanted_answer(request, "ok").map(Effect::Confirm));
    effects
}

/// Device groups and devices in which a group of users has rights.
fn links_of(house: &House, id: &str) -> Vec<(String, u32)> {
    let groups = house.data.groups();
    let mut links: Vec<(String, u32)> = groups
        .iter()
        .filter(|group| group.rights_of(id) != 0)
        .map(|group| (mesh_text(&group.id), group.rights_of(id)))
        .collect();
    let devices = house.data.linked_devices(id).unwrap_or_else(|error| {
        tracing::error!(%error, "the devices of a group of users could not be listed");
        Vec::new()
    });
    for node in devices {
        if let Ok(Some(device)) = house.data.device(&node) {
            links.push((node_text(&node), device.links.get(id).copied().unwrap_or(0)));
        }
    }
    links
}

/// The group in `ugrpid`, if the asker may change it. Whoever puts people into a group gives them its rights, so he
/// must have them himself.
fn manageable(
    house: &House,
    asker: &Asker<'_>,
    request: &Request<'_>,
) -> Result<Arc<UserGroup>, &'static str> {
    if !asker.user.has_site(rights::SITE_USER_GROUPS) {
        return Err("Permission denied");
    }
    let id = request.text("ugrpid").unwrap_or("");
    let group = house.data.user_group(id).ok_or("Invalid user group identifier")?;
    let adds = request.action() == "addusertousergroup";
    let more = links_of(house, id).into_iter().any(|(link, given)| {
        let own = match (crate::model::parse_mesh(&link), crate::model::parse_node(&link)) {
            (Some(mesh), _) => house.data.group(&mesh).map_or(0, |group| house.rights_in(asker.user, &group)),
            (_, Some(node)) => house
                .device_for(asker.user, &node, 0)
                .map_or(0, |(device, group)| house.rights_over(asker.user, &device, &group)),
            _ => 0,
        };
        given & !own != 0
    });
    if more && (adds || !asker.user.is_site_admin()) { Err("Permission denied") } else { Ok(group) }
}

fn set_member(asker: &Asker<'_>, group: &UserGroup, user_id: String, member: bool) -> Effect {
    let what = if member { "added to" } else { "removed from" };
    let message = format!("{} {what} user group", user_id.trim_start_matches("user//"));
    let then = vec![
        Effect::Announce(event(asker, "usergroupchange", group, &message)),
        Effect::RefreshUser(user_id.clone()),
    ];
    let change = Change::SetUserGroupMember { id: group.id.clone(), user_id, member };
    Effect::Change { change, then, refusal: None }
}

fn event(asker: &Asker<'_>, action: &str, group: &UserGroup, message: &str) -> Event {
    Event::of_user(action, &asker.user.id, &format!("{message}: {}", group.name), asker.now_ms)
        .with("ugrpid", json!(group.id))
        .with("name", json!(group.name))
}
