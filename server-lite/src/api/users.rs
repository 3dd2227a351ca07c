//! Accounts of others, for those who manage users.

use serde_json::{Value, json};

use super::answer::{json_answer, not_found};
use super::call::{Ctx, Outcome};
use super::command::{command, nothing_more};
use super::devices::part;
use crate::model::user_id;

/// `GET /api/v1/users`.
pub(super) fn list(ctx: &Ctx) -> Outcome {
    command(ctx, json!({ "action": "users" }), |ctx, answer| {
        let users: Vec<Value> = answer["users"].as_array().into_iter().flatten().map(shown).collect();
        let total = users.len();
        json_answer(200, &json!({ "users": part(ctx, users), "total": total }))
    })
}

/// `GET /api/v1/users/{user}`.
pub(super) fn one(ctx: &Ctx) -> Outcome {
    let id = id_in(&ctx.path[0]);
    command(ctx, json!({ "action": "users" }), move |_, answer| {
        let mut users = answer["users"].as_array().into_iter().flatten();
        users
            .find(|user| user["_id"] == id)
            .map_or_else(|| not_found("user"), |user| json_answer(200, &shown(user)))
    })
}

/// `POST /api/v1/users`.
pub(super) fn create(ctx: &Ctx) -> Outcome {
    let name = ctx.text("name").unwrap_or("").to_owned();
    let mut ask =
        json!({ "action": "adduser", "username": name, "pass": ctx.text("password").unwrap_or("") });
    put_texts(ctx, &mut ask);
    command(ctx, ask, move |_, _| json_answer(201, &json!({ "id": user_id(&name) })))
}

/// `PATCH /api/v1/users/{user}`: texts, site rights, locking, password.
pub(super) fn edit(ctx: &Ctx) -> Outcome {
    let id = id_in(&ctx.path[0]);
    if let Some(password) = ctx.text("password") {
        if ctx
            .body
            .as_object()
            .is_some_and(|fields| fields.keys().any(|key| key != "password" && key != "mustChange"))
        {
            let message = "set a password in a request of its own";
            return Outcome::Answer(super::answer::refusal(400, "body", message));
        }
        let must = ctx.body["mustChange"].as_bool().unwrap_or(true);
        let ask =
            json!({ "action": "changeuserpass", "userid": id, "pass": password, "resetNextLogin": must });
        return command(ctx, ask, nothing_more);
    }
    let mut ask = json!({ "action": "edituser", "userid": id });
    put_texts(ctx, &mut ask);
    command(ctx, ask, nothing_more)
}

/// `DELETE /api/v1/users/{user}`.
pub(super) fn remove(ctx: &Ctx) -> Outcome {
    command(ctx, json!({ "action": "deleteuser", "userid": id_in(&ctx.path[0]) }), nothing_more)
}

/// `DELETE /api/v1/users/{user}/totp`: for a user who has lost the second factor and the recovery codes.
pub(super) fn remove_second(ctx: &Ctx) -> Outcome {
    command(ctx, json!({ "action": "otpauth-clear", "userid": id_in(&ctx.path[0]) }), nothing_more)
}

/// The id behind what a path says: `anna`, `user//anna`, or the id of a group of users.
pub(super) fn id_in(text: &str) -> String {
    match text.contains("//") {
        true if text.starts_with("user//") => text.to_lowercase(),
        true => text.to_owned(),
        false => user_id(text),
    }
}

fn put_texts(ctx: &Ctx, ask: &mut Value) {
    for (field, key) in [
        ("email", "email"),
        ("realName", "realname"),
        ("site", "siteadmin"),
        ("mustChange", "resetNextLogin"),
    ] {
        if let Some(value) = ctx.body.get(field) {
            ask[key] = value.clone();
        }
    }
}

fn shown(user: &Value) -> Value {
    json!({
        "id": user["_id"], "name": user["name"], "site": user["siteadmin"],
        "email": user["email"].as_str().unwrap_or(""), "realName": user["realname"].as_str().unwrap_or(""),
        "created": user["creation"].as_u64().unwrap_or(0) * 1000,
        "signedIn": user["login"].as_u64().unwrap_or(0) * 1000,
        "totp": user.get("otpsecret").is_some(),
        "locked": user["siteadmin"].as_u64().is_some_and(|site| site != 0xFFFF_FFFF && site & 0x20 != 0),
    })
}
