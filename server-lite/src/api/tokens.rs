//! One's own API tokens.

use serde_json::{Value, json};

use super::answer::{failed, json_answer, not_found, refusal};
use super::call::{Ctx, Outcome};
use super::session::noted;
use crate::accounts::new_api_token;
use crate::data::DataError;
use crate::model::text::clean_line;
use crate::model::{Limit, LoginToken, Scope, Scopes, Via, mesh_text, parse_mesh};

/// `GET /api/v1/tokens`: login tokens of `meshctrl` among them, which have no scopes.
pub(super) fn list(ctx: &Ctx) -> Outcome {
    let tokens = ctx.house.data.tokens_of(&ctx.user().id);
    let rows: Vec<Value> = tokens.iter().map(|token| shown(token)).collect();
    Outcome::Answer(json_answer(200, &json!({ "tokens": rows })))
}

/// `POST /api/v1/tokens`. The secret is in this answer and nowhere else.
pub(super) fn create(ctx: &Ctx) -> Outcome {
    let user = ctx.user();
    let name = clean_line(ctx.text("name").unwrap_or(""), 64);
    if name.is_empty() {
        return Outcome::Answer(refusal(400, "body", "a token needs a name"));
    }
    let texts = |key: &str| -> Vec<&str> {
        ctx.body[key].as_array().into_iter().flatten().filter_map(Value::as_str).collect()
    };
    let Some(scopes) = texts("scopes").into_iter().map(Scope::parse).collect::<Option<Vec<Scope>>>() else {
        return Outcome::Answer(refusal(400, "body", "one of these scopes does not exist"));
    };
    let scopes: Scopes = scopes.into_iter().collect();
    if scopes.is_empty() {
        return Outcome::Answer(refusal(400, "body", "a token without a scope is good for nothing"));
    }
    let mut groups = Vec::new();
    for group in texts("groups") {
        let known = parse_mesh(group).and_then(|id| ctx.house.data.group(&id));
        match known.filter(|group| ctx.house.rights_in(user, group) != 0) {
            Some(group) => groups.push(group.id),
            None => return Outcome::Answer(not_found("group")),
        }
    }
    // A token makes no token that is worth more than itself.
    if let Some(own) = &user.limit {
        if !own.scopes.cover(scopes) {
            return Outcome::Answer(refusal(403, "scope", "a token cannot give what it does not have"));
        }
        if groups.is_empty() {
            groups.clone_from(&own.groups);
        }
    }
    let expires_ms = match ctx.body["expiresIn"].as_u64() {
        Some(seconds) => ctx.now_ms.saturating_add(seconds.saturating_mul(1000)),
        None => 0,
    };
    let expires_ms = ctx.house.capped_expiry(&user.via, expires_ms);
    let made = new_api_token(&user.id, &name, Limit { scopes, groups }, ctx.now_ms, expires_ms);
    let mut body = shown(&made.record);
    body["token"] = json!(made.secret);
    match ctx.house.data.add_token(made.record, ctx.now_ms) {
        Ok(()) => {
            noted(ctx, user, "create token");
            ctx.durably(json_answer(201, &body))
        }
        Err(error @ DataError::Full { .. }) => Outcome::Answer(refusal(409, "limit", &error.to_string())),
        Err(error) => Outcome::Answer(failed("create token", &error)),
    }
}

/// `DELETE /api/v1/tokens/{token}`: what is open by it ends at once.
pub(super) fn remove(ctx: &Ctx) -> Outcome {
    let (user, name) = (ctx.user(), &ctx.path[0]);
    match ctx.house.data.remove_token(&user.id, name) {
        Ok(true) => {
            ctx.house.end_via(&user.id, &Via::Token(name.clone()), "its token was revoked");
            noted(ctx, user, "revoke token");
            ctx.durably(json_answer(200, &json!({})))
        }
        Ok(false) => Outcome::Answer(not_found("token")),
        Err(error) => Outcome::Answer(failed("revoke token", &error)),
    }
}

fn shown(token: &LoginToken) -> Value {
    let groups: Vec<String> = token.groups.iter().map(mesh_text).collect();
    json!({
        "id": token.token_user, "name": token.name, "created": token.created_ms, "expires": token.expires_ms,
        "used": token.used_ms, "scopes": token.scopes.map(|scopes| scopes.names()), "groups": groups,
    })
}
