//! Groups of devices.

use serde_json::{Map, Value, json};

use super::answer::{json_answer, not_found};
use super::call::{Ctx, Outcome};
use super::command::{command, nothing_more};
use super::devices::part;
use crate::model::{mesh_text, parse_mesh};

/// `GET /api/v1/groups`.
pub(super) fn list(ctx: &Ctx) -> Outcome {
    command(ctx, json!({ "action": "meshes" }), |ctx, answer| {
        let groups: Vec<Value> = answer["meshes"].as_array().into_iter().flatten().map(shown).collect();
        let total = groups.len();
        json_answer(200, &json!({ "groups": part(ctx, groups), "total": total }))
    })
}

/// `GET /api/v1/groups/{group}`.
pub(super) fn one(ctx: &Ctx) -> Outcome {
    let Some(id) = id(ctx) else { return Outcome::Answer(not_found("group")) };
    command(ctx, json!({ "action": "meshes" }), move |_, answer| {
        let mut groups = answer["meshes"].as_array().into_iter().flatten();
        groups
            .find(|group| group["_id"] == id)
            .map_or_else(|| not_found("group"), |group| json_answer(200, &shown(group)))
    })
}

/// `POST /api/v1/groups`.
pub(super) fn create(ctx: &Ctx) -> Outcome {
    let ask = json!({
        "action": "createmesh", "meshname": ctx.text("name").unwrap_or(""), "meshtype": 2,
        "desc": ctx.text("description").unwrap_or(""),
    });
    command(ctx, ask, |_, answer| json_answer(201, &json!({ "id": answer["meshid"] })))
}

/// `PATCH /api/v1/groups/{group}`.
pub(super) fn edit(ctx: &Ctx) -> Outcome {
    let Some(id) = id(ctx) else { return Outcome::Answer(not_found("group")) };
    let mut ask = json!({ "action": "editmesh", "meshid": id });
    for (field, key) in [("name", "meshname"), ("description", "desc")] {
        if let Some(value) = ctx.body.get(field) {
            ask[key] = value.clone();
        }
    }
    command(ctx, ask, nothing_more)
}

/// `DELETE /api/v1/groups/{group}`: its devices go with it.
pub(super) fn remove(ctx: &Ctx) -> Outcome {
    match id(ctx) {
        Some(id) => command(ctx, json!({ "action": "deletemesh", "meshid": id }), nothing_more),
        None => Outcome::Answer(not_found("group")),
    }
}

/// `PUT /api/v1/groups/{group}/users/{user}`.
pub(super) fn give(ctx: &Ctx) -> Outcome {
    let Some(id) = id(ctx) else { return Outcome::Answer(not_found("group")) };
    let who = super::users::id_in(&ctx.path[1]);
    let ask =
        json!({ "action": "addmeshuser", "meshid": id, "userid": who, "meshadmin": ctx.body["rights"] });
    command(ctx, ask, nothing_more)
}

/// `DELETE /api/v1/groups/{group}/users/{user}`.
pub(super) fn take(ctx: &Ctx) -> Outcome {
    let Some(id) = id(ctx) else { return Outcome::Answer(not_found("group")) };
    let who = super::users::id_in(&ctx.path[1]);
    command(ctx, json!({ "action": "removemeshuser", "meshid": id, "userid": who }), nothing_more)
}

/// The group in the path, as the user channel spells it.
fn id(ctx: &Ctx) -> Option<String> {
    parse_mesh(ctx.path.first()?).map(|id| mesh_text(&id))
}

fn shown(group: &Value) -> Value {
    let links = group["links"].as_object().cloned().unwrap_or_default();
    let users: Map<String, Value> = links
        .iter()
        .map(|(who, link)| (who.clone(), json!({ "name": link["name"], "rights": link["rights"] })))
        .collect();
    json!({
        "id": group["_id"], "name": group["name"], "description": group["desc"].as_str().unwrap_or(""),
        "created": group["creation"], "users": users,
    })
}
