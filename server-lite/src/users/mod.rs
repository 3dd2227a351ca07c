//! The user channel `/control.ashx`: signing in, and the commands of `meshctrl`, consoles and our own tool.
//!
//! A command handler is a function from what is known and a message to effects. It reads, and decides; it writes
//! nothing and sends nothing. [`Session`] carries the effects out. So every rule about rights can be tested
//! without a socket.

mod account;
mod audit;
pub(crate) mod carry;
mod connection;
mod details;
mod devices;
mod effect;
mod groups;
mod inner;
mod lists;
mod notices;
mod own;
mod perform;
pub mod power;
mod remote;
mod request;
mod scopes;
mod sign_in;
mod tunnel;
mod user_groups;

use serde_json::{Value, json};

pub use connection::{Session, SessionLink};
pub use effect::{Asker, Change, Effect, Refusal};
pub use request::Request;
pub use sign_in::{Credentials, SignIn, read_meshauth};
pub(crate) use sign_in::{FirstLook, first_look};
pub(crate) use tunnel::{ask_for, complete, put_port};

pub(crate) use audit::{audit_of, failed_sign_in, good_sign_in, line as audit_line, result_of};
pub(crate) use lists::show;

use crate::house::House;
use request::answer;

/// Decides what a message of a signed-in user leads to.
///
/// Unknown actions that ask for an answer get one, so that no program waits for ever (user-channel spec 3).
pub fn decide(house: &House, asker: &Asker<'_>, request: &Request<'_>) -> Vec<Effect> {
    if let Some(scope) = scopes::lacking(asker.user, request) {
        return groups::refuse(
            request,
            &format!("Access denied: the token lacks the scope {}", scope.name()),
        );
    }
    match request.action() {
        "ping" => vec![Effect::Reply(json!({ "action": "pong" }))],
        "pong" => Vec::new(),
        "meshes" => lists::meshes(house, asker, request),
        "nodes" => lists::nodes(house, asker, request),
        "events" => lists::events(house, asker, request),
        "getnetworkinfo" => lists::network(house, asker, request),
        "getsysinfo" => lists::hardware(house, asker, request),
        "lastconnect" => lists::last_connect(house, asker, request),
        "powertimeline" => lists::power(house, asker, request),
        "getDeviceDetails" => details::all(house, asker, request),
        "getNotes" => details::notes(house, asker, request),
        "setNotes" => details::set_notes(house, asker, request),
        "wssessioncount" => details::sessions(house, asker, request),
        "poweraction" => power::action(house, asker, request),
        "wakedevices" => power::wake(house, asker, request),
        "toast" => notices::toast(house, asker, request),
        "userbroadcast" => notices::broadcast(house, asker, request),
        "urlargs" => vec![Effect::Reply(json!({ "action": "urlargs", "args": {} }))],
        "report" => vec![Effect::Reply(lists::no_report(request))],
        "users" => lists::users(house, asker, request),
        "adduser" => account::add_user(house, asker, request),
        "deleteuser" => account::remove_user(house, asker, request),
        "edituser" => account::edit_user(house, asker, request),
        "changepassword" => account::change_own_password(asker, request),
        "changeuserpass" => account::set_password(house, asker, request),
        "otpauth-clear" => account::reset_second(house, asker, request),
        "usergroups" => user_groups::list(house, asker, request),
        "createusergroup" => user_groups::create(house, asker, request),
        "deleteusergroup" => user_groups::remove(house, asker, request),
        "addusertousergroup" => user_groups::add_members(house, asker, request),
        "removeuserfromusergroup" => user_groups::remove_member(house, asker, request),
        "adddeviceuser" => devices::set_users(house, asker, request),
        "createmesh" => groups::create(house, asker, request),
        "deletemesh" => groups::delete(house, asker, request),
        "editmesh" => groups::edit(house, asker, request),
        "addmeshuser" => groups::add_members(house, asker, request),
        "removemeshuser" => groups::remove_member(house, asker, request),
        "changedevice" => devices::change(house, asker, request),
        "removedevices" => devices::remove(house, asker, request),
        "changeDeviceMesh" => devices::move_to(house, asker, request),
        "uploadagentcore" => devices::core(house, asker, request),
        "agentdisconnect" => devices::disconnect(house, asker, request),
        "msg" => remote::message(house, asker, request),
        "runcommands" => remote::run(house, asker, request),
        "authcookie" => own::cookie(house, asker),
        "logincookie" => own::login_cookie(house, asker, request),
        "getcookie" => own::port_cookie(house, asker, request),
        "createLoginToken" => own::new_login_token(house, asker, request),
        "loginTokens" => own::login_tokens(house, asker, request),
        _ if request.responseid().is_some() => vec![Effect::Reply(answer(request, "Not supported"))],
        other => {
            tracing::debug!(action = other, user = asker.user.id, "an unknown command was ignored");
            Vec::new()
        }
    }
}

/// The first message after sign-in.
pub(crate) fn server_info(house: &House, now_ms: u64) -> Value {
    let facts = house.facts();
    json!({ "action": "serverinfo", "serverinfo": {
        "domain": "",
        "name": facts.name,
        "mpsname": facts.name,
        "mpsport": 0,
        "port": facts.port,
        "emailcheck": false,
        "domainauth": false,
        "serverTime": now_ms,
        "features": 0,
        "features2": 0,
        "languages": ["en"],
        "tlshash": facts.tls_hash,
        "agentCertHash": facts.server_id,
        "https": true,
        "redirport": facts.redirect_port,
        "magenturl": format!("mc://{}:{}", facts.name, facts.port),
        "domainsuffix": "",
        "certExpire": facts.cert_expires_ms,
        "version": env!("CARGO_PKG_VERSION"),
        "product": "Meshlite",
    }})
}

/// The second message after sign-in. There is no password in it, nor anything made of one.
pub(crate) fn user_info(house: &House, user: &crate::model::User) -> Value {
    let mut links: serde_json::Map<String, Value> = house
        .groups_for(user)
        .iter()
        .map(|group| (crate::model::mesh_text(&group.id), json!({ "rights": house.rights_in(user, group) })))
        .collect();
    for (device, group) in house.single_devices_for(user).unwrap_or_default() {
        let rights = house.rights_over(user, &device, &group);
        links.insert(crate::model::node_text(&device.id), json!({ "rights": rights }));
    }
    for id in house.data.user_groups_of(&user.id) {
        links.insert(id, json!({ "rights": 1 }));
    }
    let mut info = json!({
        "_id": user.id,
        "name": user.name,
        "creation": user.created_ms / 1000,
        "links": links,
        "siteadmin": user.site,
    });
    for (key, text) in [("email", &user.email), ("realname", &user.real_name)] {
        if !text.is_empty() {
            info[key] = json!(text);
        }
    }
    if user.second.is_some() {
        info["otpsecret"] = json!(1);
    }
    if let Some(limit) = &user.limit {
        info["scopes"] = json!(limit.scopes);
    }
    json!({ "action": "userinfo", "userinfo": info })
}

#[cfg(test)]
mod device_tests;
#[cfg(test)]
mod tests;
