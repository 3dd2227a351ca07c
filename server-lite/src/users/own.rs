//! Commands about what is one's own: cookies and login tokens.

use serde_json::{Value, json};

use super::effect::{Asker, Change, Effect};
use super::groups::refuse;
use super::request::{Request, blank_answer};
use crate::accounts::{Cookie, new_token};
use crate::house::House;
use crate::model::text::clean_line;
use crate::model::{LoginToken, Via, node_text};
use crate::relay::{Target, check_host, forbidden};

/// `authcookie`: one for the user's program, one for agents (user-channel specification 4.4). The first is worth what
/// the asker's own session is, and ends with it.
pub fn cookie(house: &House, asker: &Asker<'_>) -> Vec<Effect> {
    let now_s = asker.now_ms / 1000;
    let own = Cookie::of_user(asker.user, Some(asker.address.to_owned()), now_s);
    // The second is bound to no address in the protocol, so it must not sign anybody in: it names nobody.
    let relay = Cookie::of_nobody(now_s);
    match (house.cookies.seal(&own), house.cookies.seal(&relay)) {
        (Some(cookie), Some(rcookie)) => {
            vec![Effect::Reply(json!({ "action": "authcookie", "cookie": cookie, "rcookie": rcookie }))]
        }
        _ => Vec::new(),
    }
}

/// `logincookie`: for another program of the same user at the same address. Worth what the asker's own session is.
pub fn login_cookie(house: &House, asker: &Asker<'_>, request: &Request<'_>) -> Vec<Effect> {
    let own = Cookie::of_user(asker.user, Some(asker.address.to_owned()), asker.now_ms / 1000);
    let Some(cookie) = house.cookies.seal(&own) else { return Vec::new() };
    let mut reply = blank_answer(request);
    reply["cookie"] = json!(cookie);
    vec![Effect::Reply(reply)]
}

/// `getcookie`: for ports behind one device, good without signing in for an hour (user-channel specification 4.4).
pub fn port_cookie(house: &House, asker: &Asker<'_>, request: &Request<'_>) -> Vec<Effect> {
    let Some(node) = request.node() else {
        return refuse(request, "Invalid nodeid");
    };
    let found = house.device_for(asker.user, &node, 0);
    let own = found.map_or(0, |(device, group)| house.rights_over(asker.user, &device, &group));
    let port = match request.value("tcpport") {
        None | Some(Value::Null) => None,
        Some(port) => match port.as_u64().and_then(|port| u16::try_from(port).ok()).filter(|port| *port != 0)
        {
            Some(port) => Some(port),
            None => return refuse(request, "a port is a number from 1 to 65535"),
        },
    };
    let host = match request.text("tcpaddr").map(|host| check_host(host.to_owned())).transpose() {
        Ok(host) => host,
        Err(fault) => return refuse(request, fault.0),
    };
    if forbidden(None, Some(&Target::Tcp { host: None, port: 1 }), own).is_some() {
        return refuse(request, "Access denied");
    }
    let cookie = Cookie {
        nodeid: Some(node_text(&node)),
        tcpport: port,
        tcpaddr: host.clone(),
        ..Cookie::of_user(asker.user, None, asker.now_ms / 1000)
    };
    let Some(cookie) = house.cookies.seal(&cookie) else { return Vec::new() };
    let mut reply = blank_answer(request);
    reply["nodeid"] = json!(node_text(&node));
    reply["cookie"] = json!(cookie);
    reply["trustedCert"] = json!(house.facts().public_cert);
    for (key, value) in [("tcpport", json!(port)), ("tcpaddr", json!(host))] {
        if !value.is_null() {
            reply[key] = value;
        }
    }
    if let Some(name) = request.text("name") {
        reply["name"] = json!(clean_line(name, 256));
    }
    vec![Effect::Reply(reply)]
}

/// `createLoginToken`: `expire` in minutes, 0 for never, or for when the token it is made with ends.
pub fn new_login_token(house: &House, asker: &Asker<'_>, request: &Request<'_>) -> Vec<Effect> {
    let name = clean_line(request.text("name").unwrap_or(""), 64);
    if name.is_empty() {
        return refuse(request, "A login token needs a name");
    }
    let expires_ms = match request.number("expire").unwrap_or(0) {
        0 => 0,
        minutes => asker.now_ms.saturating_add(minutes.saturating_mul(60_000)),
    };
    let expires_ms = house.capped_expiry(&asker.user.via, expires_ms);
    let mut token = new_token(&asker.user.id, &name, asker.now_ms, expires_ms);
    // A token makes no token that is worth more than itself.
    if let Some(own) = &asker.user.limit {
        token.record.scopes = Some(own.scopes);
        token.record.groups.clone_from(&own.groups);
    }
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
        .filter(|token| token.token_user.starts_with(LoginToken::PREFIX))
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
    let token_users: Vec<String> = house
        .data
        .tokens_of(&asker.user.id)
        .iter()
        .filter(|token| remove.contains(&token.token_user) || remove.contains(&token.name))
        .map(|token| token.token_user.clone())
        .collect();
    remove_tokens(asker, token_users, reply, Some(blank_answer(request)))
}

/// Removes tokens, and ends at once what is open by them.
pub(crate) fn remove_tokens(
    asker: &Asker<'_>,
    token_users: Vec<String>,
    reply: Value,
    refusal: Option<Value>,
) -> Vec<Effect> {
    let mut then: Vec<Effect> = token_users
        .iter()
        .map(|token| Effect::EndVia {
            user_id: asker.user.id.clone(),
            via: Via::Token(token.clone()),
            why: "its token was revoked",
        })
        .collect();
    then.push(Effect::Confirm(reply));
    let change = Change::RemoveTokens { user_id: asker.user.id.clone(), token_users };
    vec![Effect::Change { change, then, refusal }]
}
