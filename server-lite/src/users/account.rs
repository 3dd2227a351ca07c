//! Commands about accounts: cookies and login tokens of one's own, and adding and removing users.

use serde_json::{Value, json};

use super::effect::{Asker, Change, Effect};
use super::groups::{refuse, wanted_answer};
use super::request::{Request, blank_answer};
use crate::accounts::{Cookie, new_token};
use crate::house::House;
use crate::model::text::clean_line;
use crate::model::{Event, User, check_user_name, node_text, rights, user_id};
use crate::relay::{Target, check_host, forbidden};

/// `authcookie`: one for the user's program, one for agents (user-channel specification 4.4).
pub fn cookie(house: &House, asker: &Asker<'_>) -> Vec<Effect> {
    let now_s = asker.now_ms / 1000;
    let own = Cookie::of_user(&asker.user.id, Some(asker.address.to_owned()), now_s);
    // The second is bound to no address in the protocol, so it must not sign anybody in: it names nobody.
    let relay = Cookie::of_user("", None, now_s);
    match (house.cookies.seal(&own), house.cookies.seal(&relay)) {
        (Some(cookie), Some(rcookie)) => {
            vec![Effect::Reply(json!({ "action": "authcookie", "cookie": cookie, "rcookie": rcookie }))]
        }
        _ => Vec::new(),
    }
}

/// `getcookie`: for ports behind one device, good without signing in for an hour (user-channel specification 4.4).
pub fn port_cookie(house: &House, asker: &Asker<'_>, request: &Request<'_>) -> Vec<Effect> {
    let Some(node) = request.node() else {
        return refuse(request, "Invalid nodeid");
    };
    let found = house.device_for(asker.user, &node, 0);
    let own = found.map_or(0, |(_, group)| group.rights_of(&asker.user.id));
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
        ..Cookie::of_user(&asker.user.id, None, asker.now_ms / 1000)
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

/// `adduser`: for those who manage users; nobody gives more site rights than he has.
pub fn add_user(house: &House, asker: &Asker<'_>, request: &Request<'_>) -> Vec<Effect> {
    if !asker.user.has_site(rights::SITE_USERS) {
        return refuse(request, "Access denied");
    }
    let name = request.text("username").unwrap_or("");
    if let Err(error) = check_user_name(name) {
        return refuse(request, &error.to_string());
    }
    let Some(password) = request.text("pass").filter(|password| !password.is_empty()) else {
        return refuse(request, "A password is needed");
    };
    let site = request.number("siteadmin").map_or(Some(0), |site| u32::try_from(site).ok());
    // Restrictions among the bits may be given by anybody: they take away.
    let taking = rights::SITE_NO_NEW_GROUPS | rights::SITE_NO_TOOLS;
    let Some(site) = site.filter(|site| rights::has(asker.user.site, *site & !taking)) else {
        return refuse(request, "Access denied");
    };
    let id = user_id(name);
    if house.data.user(&id).is_some() {
        return refuse(request, "User already exists");
    }
    let user = User {
        id,
        name: name.to_owned(),
        password: String::new(),
        site,
        created_ms: asker.now_ms,
        email: clean_line(request.text("email").unwrap_or(""), 256),
        signed_in_ms: 0,
    };
    vec![Effect::AddUser { user, password: password.to_owned(), answer: wanted_answer(request, "ok") }]
}

/// `deleteuser`: neither oneself nor somebody with more site rights.
pub fn remove_user(house: &House, asker: &Asker<'_>, request: &Request<'_>) -> Vec<Effect> {
    let id = request.text("userid").unwrap_or("").to_lowercase();
    let id = if id.contains('/') { id } else { user_id(&id) };
    let Some(user) = house.data.user(&id) else {
        return refuse(request, "User does not exist");
    };
    if !asker.user.has_site(rights::SITE_USERS)
        || !rights::has(asker.user.site, user.site)
        || id == asker.user.id
    {
        return refuse(request, "Access denied");
    }
    let message = format!("Account removed: {}", user.name);
    let event = Event::of_user("accountremove", &id, &message, asker.now_ms);
    let then = vec![
        Effect::EndSessions { user_id: id.clone(), why: "the account was removed" },
        Effect::Announce(event),
    ];
    vec![Effect::change(Change::RemoveUser(id), wanted_answer(request, "ok"), then)]
}
