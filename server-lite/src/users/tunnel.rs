//! `msg`/`tunnel`: a user wants a session with a device (relay specification 4).

use std::time::Instant;

use serde_json::{Map, Value, json};

use super::effect::{Asker, Effect};
use super::groups::{refuse, wanted_answer};
use super::remote::stamp;
use super::request::{Request, blank_answer};
use crate::house::House;
use crate::live::ToAgent;
use crate::model::{Device, Group, node_text, rights};
use crate::relay::{Expect, Refusal, RelayUrl, Target, allowed, forbidden};

/// Decides about a tunnel. What goes to the agent is written anew: nothing of the user's passes but the kind of
/// session, the id, and the port.
pub(super) fn open(
    house: &House,
    asker: &Asker<'_>,
    request: &Request<'_>,
    device: &Device,
    group: &Group,
) -> Vec<Effect> {
    let (node, own) = (device.id, house.rights_over(asker.user, device, group));
    let url = match RelayUrl::of_value(request.text("value").unwrap_or("")) {
        Ok(url) => url,
        Err(fault) => return refuse(request, fault.0),
    };
    let Some(id) = url.id.clone() else {
        return refuse(request, "the address needs an id");
    };
    if url.node.is_some_and(|named| named != node) {
        return refuse(request, "the address names another device");
    }
    let target = match port_of(request, &url) {
        Ok(target) => target,
        Err(why) => return refuse(request, why),
    };
    let usage = match request.value("usage") {
        None => None,
        Some(value) => match value.as_u64().and_then(|n| u16::try_from(n).ok()) {
            Some(usage) => Some(usage),
            None => return refuse(request, "usage must be a number"),
        },
    };
    // Either may say the kind. What both say, both must be allowed.
    let kinds = [usage, url.protocol];
    let said = kinds.iter().any(Option::is_some);
    let why = kinds
        .into_iter()
        .filter(|kind| kind.is_some() || !said)
        .find_map(|kind| forbidden(kind, target.as_ref(), own));
    if let Some(why) = why {
        return refuse(request, why);
    }
    let protocol = url.protocol.or(usage);
    let mut message = Map::new();
    message.insert("action".into(), json!("msg"));
    message.insert("type".into(), json!("tunnel"));
    message.extend(usage.map(|usage| ("usage".to_owned(), json!(usage))));
    match &target {
        Some(Target::Tcp { host, port }) => put_port(&mut message, "tcp", host.as_deref(), *port),
        Some(Target::Udp { host, port }) => put_port(&mut message, "udp", host.as_deref(), *port),
        None => {}
    }
    stamp(&mut message, asker, own, device.consent | group.consent);
    complete(house, &mut message, own);
    let expect =
        Expect { id, node, user_id: asker.user.id.clone(), via: asker.user.via.clone(), protocol, target };
    vec![Effect::Tunnel {
        expect,
        url: RelayUrl { protocol, ..url },
        message: Value::Object(message),
        sent: wanted_answer(request, "OK"),
        refusal: request.responseid().map(|_| blank_answer(request)),
    }]
}

/// Notes the tunnel and tells the agent.
///
/// # Errors
/// Why there will be none; nothing is noted then.
pub(crate) fn ask_for(
    house: &House,
    expect: Expect,
    url: &RelayUrl,
    mut message: Value,
    now: Instant,
) -> Result<(), Refusal> {
    let (id, node) = (expect.id.clone(), expect.node);
    if house.live.agent(&node).is_none() {
        return Err(Refusal::Absent);
    }
    let token = house.live.tunnels.expect(expect, now)?;
    message["value"] = json!(url.value_for_agent(&id, &node_text(&node), &token));
    if house.live.tell_agent(&node, ToAgent::Json(message.to_string().into())) {
        return Ok(());
    }
    house.live.tunnels.forget(&id);
    Err(Refusal::Absent)
}

/// What every tunnel message has: which certificate the agent will see, and what it may serve.
pub(crate) fn complete(house: &House, message: &mut Map<String, Value>, own: u32) {
    let mut options = Map::new();
    if own != rights::ALL {
        options.insert("usages".into(), json!(allowed(own)));
    }
    message.insert("soptions".into(), Value::Object(options));
    message.insert("servertlshash".into(), json!(house.facts().tls_hash.to_lowercase()));
    message.insert("perMessageDeflate".into(), json!(false));
}

/// Fields that make an agent connect to a port.
pub(crate) fn put_port(message: &mut Map<String, Value>, kind: &str, host: Option<&str>, port: u16) {
    message.insert(format!("{kind}port"), json!(port));
    if let Some(host) = host {
        message.insert(format!("{kind}addr"), json!(host));
    }
}

/// The port, from the message or from its address.
fn port_of(request: &Request<'_>, url: &RelayUrl) -> Result<Option<Target>, &'static str> {
    let mut query = String::new();
    for key in ["tcpport", "udpport"] {
        match request.value(key) {
            None => {}
            Some(Value::Number(port)) => query.push_str(&format!("&{key}={port}")),
            Some(_) => return Err("a port is a number from 1 to 65535"),
        }
    }
    let host = request.text("tcpaddr").or(request.text("udpaddr"));
    match (query.is_empty(), host) {
        (true, None) => Ok(url.target.clone()),
        (true, Some(_)) => Err("an address of a port needs the port"),
        (false, host) => {
            let host = host.map(|host| crate::relay::check_host(host.to_owned())).transpose();
            let host = host.map_err(|fault| fault.0)?;
            let said = RelayUrl::of_value(&format!("*/meshrelay.ashx?{query}")).map_err(|fault| fault.0)?;
            Ok(said.target.map(|target| match target {
                Target::Tcp { port, .. } => Target::Tcp { host, port },
                Target::Udp { port, .. } => Target::Udp { host, port },
            }))
        }
    }
}
