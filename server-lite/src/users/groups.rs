//! Commands about groups (user-channel specification 4.5).

use std::sync::Arc;

use microstack::crypto::random_bytes;
use microstack::wire::id::MeshId;
use serde_json::{Value, json};

use super::effect::{Asker, Change, Effect};
use super::request::{Request, answer};
use crate::house::House;
use crate::model::text::{clean, clean_line};
use crate::model::{CONSENT, Event, Group, GroupEdit, UserGroup, mesh_text, rights, user_id};

/// `createmesh`: a new group with its maker as its first member.
pub fn create(house: &House, asker: &Asker<'_>, request: &Request<'_>) -> Vec<Effect> {
    if asker.user.is_restricted(rights::SITE_NO_NEW_GROUPS) {
        return refuse(request, "Permission denied");
    }
    let name = clean_line(request.text("meshname").unwrap_or(""), Group::MAX_NAME);
    if name.is_empty() || request.text("meshname").is_some_and(|given| given.len() > Group::MAX_NAME) {
        return refuse(request, "Invalid group name");
    }
    let description = request.text("desc").unwrap_or("");
    if description.len() > Group::MAX_DESCRIPTION {
        return refuse(request, "Invalid group description");
    }
    if request.number("meshtype").is_some_and(|kind| kind != 2) {
        return refuse(request, "Only groups of agents (meshtype 2) are supported");
    }
    if house.data.group_named(&name).is_some() {
        return refuse(request, "A group of this name exists already");
    }
    let flags = match flags(request) {
        Ok(flags) => flags,
        Err(why) => return refuse(request, why),
    };
    let mut group = Group {
        id: MeshId(random_bytes()),
        name: name.clone(),
        description: clean(description, Group::MAX_DESCRIPTION),
        created_ms: asker.now_ms,
        creator: asker.user.id.clone(),
        members: Default::default(),
        flags: flags.unwrap_or_default(),
        consent: consent(request).unwrap_or_default(),
        notes: String::new(),
        core: Default::default(),
    };
    group.admit_fully(&asker.user.id, &asker.user.name);
    let id = mesh_text(&group.id);
    let event = Event::of_mesh("createmesh", &group.id, &format!("Group created: {name}"), asker.now_ms)
        .by(&asker.user.id)
        .with("meshid", json!(id))
        .with("name", json!(name))
        .with("mtype", json!(2))
        .with("desc", json!(group.description))
        .with("links", group.to_message()["links"].clone());
    let reply = wanted_answer(request, "ok").map(|mut reply| {
        reply["meshid"] = json!(id);
        reply
    });
    let then = vec![Effect::Announce(event), Effect::RefreshUser(asker.user.id.clone())];
    vec![Effect::change(Change::AddGroup(group), reply, then)]
}

/// `deletemesh`: needs every right in the group; its devices go with it.
pub fn delete(house: &House, asker: &Asker<'_>, request: &Request<'_>) -> Vec<Effect> {
    let Some(group) = find(house, request, "meshname") else {
        return refuse(request, "Unknown device group");
    };
    if house.rights_in(asker.user, &group) != rights::ALL {
        return refuse(request, "Access denied");
    }
    let users: Vec<String> = group.members.keys().cloned().collect();
    let event =
        Event::of_mesh("deletemesh", &group.id, &format!("Group deleted: {}", group.name), asker.now_ms)
            .by(&asker.user.id)
            .with("meshid", json!(mesh_text(&group.id)))
            .with("name", json!(group.name));
    let mut then = vec![Effect::AnnounceTo { event, users: users.clone() }];
    match house.data.devices_of(&group.id) {
        Ok(nodes) => then
            .extend(nodes.into_iter().map(|node| Effect::Disconnect { node, why: "its group was deleted" })),
        Err(error) => tracing::error!(%error, "the devices of a deleted group could not be listed"),
    }
    then.extend(users.into_iter().map(Effect::RefreshUser));
    vec![Effect::change(Change::RemoveGroup(group.id), wanted_answer(request, "ok"), then)]
}

/// `editmesh`: name, description, feature flags, consent flags.
pub fn edit(house: &House, asker: &Asker<'_>, request: &Request<'_>) -> Vec<Effect> {
    let Some(group) = find(house, request, "meshidname") else {
        return refuse(request, "Unknown device group");
    };
    if !rights::has(house.rights_in(asker.user, &group), rights::EDIT_GROUP) {
        return refuse(request, "Access denied");
    }
    let name = request.text("meshname").map(|name| clean_line(name, Group::MAX_NAME));
    if name.as_ref().is_some_and(String::is_empty) {
        return refuse(request, "Invalid group name");
    }
    if request.value("invite").is_some() {
        return refuse(request, "Not supported: this server has no invitation codes");
    }
    let flags = match flags(request) {
        Ok(flags) => flags,
        Err(why) => return refuse(request, why),
    };
    let description = request.text("desc").map(|text| clean(text, Group::MAX_DESCRIPTION));
    let event = Event::of_mesh("meshchange", &group.id, "Group changed", asker.now_ms)
        .by(&asker.user.id)
        .with("meshid", json!(mesh_text(&group.id)))
        .with("name", json!(name.as_ref().unwrap_or(&group.name)))
        .with("desc", json!(description.as_ref().unwrap_or(&group.description)));
    let edit = GroupEdit { name, description, flags, consent: consent(request), ..GroupEdit::default() };
    let change = Change::EditGroup { id: group.id, edit };
    vec![Effect::change(change, wanted_answer(request, "ok"), vec![Effect::Announce(event)])]
}

/// `addmeshuser`: gives users rights in a group; nobody gives more than he has.
pub fn add_members(house: &House, asker: &Asker<'_>, request: &Request<'_>) -> Vec<Effect> {
    let Some(group) = find(house, request, "meshname") else {
        return refuse(request, "Unknown device group");
    };
    let own = house.rights_in(asker.user, &group);
    let given = request.number("meshadmin").and_then(|given| u32::try_from(given).ok()).unwrap_or(0);
    if !rights::has(own, rights::MANAGE_USERS) || !rights::has(own, given) {
        return refuse(request, "Access denied");
    }
    let mut names = request.texts("usernames").unwrap_or_default();
    names.extend(request.text("username"));
    let mut ids: Vec<String> = names.into_iter().map(user_id).collect();
    ids.extend(request.text("userid").map(member_id));
    ids.extend(request.texts("userids").unwrap_or_default().into_iter().map(member_id));
    let last = given != rights::ALL && leaves_nobody(&group, &ids);
    let mut effects = Vec::new();
    for id in ids {
        let Some(name) = name_of(house, &id) else {
            return refuse(request, "Unknown user");
        };
        // A member with all rights is changed only by one who has all rights.
        if group.rights_of(&id) & !own != 0 {
            return refuse(request, "Access denied");
        }
        let event = member_event(&group, asker, &format!("User {name} added to group"));
        let change = Change::SetMember { id: group.id, user_id: id.clone(), name, rights: Some(given) };
        effects.push(Effect::Change {
            change,
            then: with_refresh(house, Effect::Announce(event), &id),
            refusal: None,
        });
    }
    if effects.is_empty() {
        return refuse(request, "No user given");
    }
    if last {
        return refuse(request, LAST_MEMBER);
    }
    effects.extend(wanted_answer(request, "ok").map(Effect::Confirm));
    effects
}

/// `removemeshuser`.
pub fn remove_member(house: &House, asker: &Asker<'_>, request: &Request<'_>) -> Vec<Effect> {
    let Some(group) = find(house, request, "meshname") else {
        return refuse(request, "Unknown device group");
    };
    let Some(id) = request.text("userid").map(member_id) else {
        return refuse(request, "No user given");
    };
    let own = house.rights_in(asker.user, &group);
    let theirs = group.rights_of(&id);
    if !rights::has(own, rights::MANAGE_USERS) || theirs & !own != 0 {
        return refuse(request, "Access denied");
    }
    if theirs == 0 {
        return refuse(request, "User not in group");
    }
    if leaves_nobody(&group, std::slice::from_ref(&id)) {
        return refuse(request, LAST_MEMBER);
    }
    let event = member_event(&group, asker, &format!("User {id} removed from group"));
    let change = Change::SetMember { id: group.id, user_id: id.clone(), name: String::new(), rights: None };
    let then = with_refresh(house, Effect::Announce(event), &id);
    vec![Effect::change(change, wanted_answer(request, "ok"), then)]
}

const LAST_MEMBER: &str = "The last member with all rights cannot be removed; delete the group instead";

/// True when nobody with all rights is left in a group once these have them no more.
fn leaves_nobody(group: &Group, ids: &[String]) -> bool {
    let mut full =
        group.members.iter().filter(|(_, member)| member.rights == rights::ALL).map(|(id, _)| id).peekable();
    full.peek().is_some() && full.all(|id| ids.contains(id))
}

/// The feature flags in `flags`; only what this server acts on is taken.
fn flags(request: &Request<'_>) -> Result<Option<u32>, &'static str> {
    match request.number("flags") {
        None => Ok(None),
        Some(flags @ (0 | 1 | 4 | 5)) => Ok(Some(flags as u32)),
        Some(_) => Err(
            "Unknown feature flags; 1 (forget devices when they disconnect) and 4 (record sessions) exist",
        ),
    }
}

fn consent(request: &Request<'_>) -> Option<u32> {
    request.number("consent").map(|flags| flags as u32 & CONSENT)
}

/// The shown name of a user, or of a group of users.
pub(super) fn name_of(house: &House, id: &str) -> Option<String> {
    if id.starts_with(UserGroup::PREFIX) {
        return house.data.user_group(id).map(|group| group.name.clone());
    }
    house.data.user(id).map(|user| user.name.clone())
}

/// The id of a user, whose name ignores case, or of a group of users, whose id does not.
pub(super) fn member_id(text: &str) -> String {
    if text.starts_with(UserGroup::PREFIX) { text.to_owned() } else { text.to_lowercase() }
}

/// An effect, and after it news for all whose rights it changed.
pub(super) fn with_refresh(house: &House, effect: Effect, who: &str) -> Vec<Effect> {
    let whose = match house.data.user_group(who) {
        Some(group) => group.members.iter().cloned().collect(),
        None => vec![who.to_owned()],
    };
    std::iter::once(effect).chain(whose.into_iter().map(Effect::RefreshUser)).collect()
}

/// The group by `meshid`, or by its name in `name_key`.
pub(super) fn find(house: &House, request: &Request<'_>, name_key: &str) -> Option<Arc<Group>> {
    match request.text("meshid") {
        Some(_) => house.data.group(&request.mesh("meshid")?),
        None => house.data.group_named(request.text(name_key)?),
    }
}

fn member_event(group: &Group, asker: &Asker<'_>, message: &str) -> Event {
    Event::of_mesh("meshchange", &group.id, message, asker.now_ms)
        .by(&asker.user.id)
        .with("meshid", json!(mesh_text(&group.id)))
        .with("name", json!(group.name))
}

/// The answer, if one is wanted.
pub(super) fn wanted_answer(request: &Request<'_>, result: &str) -> Option<Value> {
    request.responseid().map(|_| answer(request, result))
}

/// A refusal, if an answer is wanted.
pub(super) fn refuse(request: &Request<'_>, why: &str) -> Vec<Effect> {
    wanted_answer(request, why).map(Effect::Reply).into_iter().collect()
}
