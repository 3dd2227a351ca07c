//! Commands about the asker's own account: cookies and login tokens.

use serde_json::{Value, json};

use super::effect::{Asker, Change, Effect};
use super::groups::refuse;
use super::request::{Request, blank_answer};
use crate::accounts::{Cookie, new_token};
use crate::house::House;
use crate::model::text::clean_line;

/// `authcookie`: one for the user's program, one for agents (user-channel specification 4.4).
pub fn cookie(house: &House, asker: &Asker<'_>) -> Vec<Effect> {
    let seal = |ip: Option<String>| {
        house.cookies.seal(&Cookie {
            userid: asker.user.id.clone(),
            domainid: String::new(),
            ip,
            time: asker.now_ms / 1000,
        })
    };
    // The second is bound to no address in the protocol, so it must not sign anybody in: it names nobody.
    let relay = house.cookies.seal(&Cookie {
        userid: String::new(),
        domainid: String::new(),
        ip: None,
        time: asker.now_ms / 1000,
    });
    match (seal(Some(asker.address.to_owned())), relay) {
        (Some(cookie), Some(rcookie)) => {
            vec![Effect::Reply(json!({ "action": "authcookie", "cookie": cookie, "rcookie": rcookie }))]
        }
        _ => Vec::new(),
    }
}

/// `createLoginToken`: `expire` in minutes, 0 for never.
pub fn new_login_token(asker: &Asker<'_>, request: &Request<'_>) -> Vec<Effect> {
    let name = clean_line(request.text("name").unwrap_or(""), 64);
    if name.is_empty() {
        return refuse(request, "A login token needs a name");
    }
    let expires_ms = match request.number("expire").unwrap_or(0) {
        0 => 0,
        minutes => asker.now_ms.saturating_add(minutes.saturating_mul(60_000)),
    };
    let token = new_token(&asker.user.id, &name, asker.now_ms, expires_ms);
    let mut reply = blank_answer(request);
    reply["name"] = json!(name);
    reply["tokenUser"] = json!(token.record.token_user);
    reply["tokenPass"] = json!(token.secret);
    reply["created"] = json!(token.record.created_ms);
    reply["expire"] = json!(expires_ms);
    vec![Effect::Change {
        change: Change::AddToken(token.record),
        then: vec![Effect::Confirm(reply)],
        refusal: Some(blank_answer(request)),
    }]
}

/// `loginTokens`: lists them, after removing those in `remove`.
pub fn login_tokens(house: &House, asker: &Asker<'_>, request: &Request<'_>) -> Vec<Effect> {
    let remove: Vec<String> =
        request.texts("remove").unwrap_or_default().into_iter().map(str::to_owned).collect();
    let left: Vec<Value> = house
        .data
        .tokens_of(&asker.user.id)
        .iter()
        .filter(|token| !remove.contains(&token.token_user) && !remove.contains(&token.name))
        .map(|token| {
            json!({
                "name": token.name, "tokenUser": token.token_user,
                "created": token.created_ms, "expire": token.expires_ms,
            })
        })
        .collect();
    let mut reply = blank_answer(request);
    reply["loginTokens"] = json!(left);
    if remove.is_empty() {
        return vec![Effect::Reply(reply)];
    }
    let token_users = house
        .data
        .tokens_of(&asker.user.id)
        .iter()
        .filter(|token| remove.contains(&token.token_user) || remove.contains(&token.name))
        .map(|token| token.token_user.clone())
        .collect();
    let change = Change::RemoveTokens { user_id: asker.user.id.clone(), token_users };
    vec![Effect::Change { change, then: vec![Effect::Confirm(reply)], refusal: Some(blank_answer(request)) }]
}
