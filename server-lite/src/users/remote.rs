//! Commands that go through to the device: `msg` and `runcommands` (user-channel specification 4.2 and 4.3).

use microstack::wire::agent_type::{self, Os};
use microstack::wire::id::NodeId;
use serde_json::{Map, Value, json};

use super::effect::{Asker, Effect};
use super::groups::{refuse, wanted_answer};
use super::request::{Request, answer};
use super::tunnel;
use crate::house::House;
use crate::model::text::clean;
use crate::model::{Device, Event, node_text, rights};

/// Most bytes of `cmds`.
const MAX_COMMANDS: usize = 65_535;

/// Most bytes of a `msg`: the text of a clipboard, say.
const MAX_MESSAGE: usize = 1 << 20;

/// Fields that only the server sets: agents trust them.
const OURS: [&str; 11] = [
    "sessionid",
    "rights",
    "consent",
    "username",
    "realname",
    "userid",
    "remoteaddr",
    "servertlshash",
    "soptions",
    "desktopviewonly",
    "privacybartext",
];

/// `msg`: passed to the device with who sent it; what the user wrote into those fields is replaced.
pub fn message(house: &House, asker: &Asker<'_>, request: &Request<'_>) -> Vec<Effect> {
    let Some(node) = request.node() else {
        return refuse(request, "Unable to route");
    };
    let Some((device, group)) = house.device_for(asker.user, &node, 0) else {
        return refuse(request, "Unable to route");
    };
    let own = house.rights_over(asker.user, &device, &group);
    let kind = request.text("type").unwrap_or("");
    if kind == "tunnel" {
        return tunnel::open(house, asker, request, &device, &group);
    }
    let may = match kind {
        "console" => rights::has(own, rights::REMOTE_CONTROL | rights::AGENT_CONSOLE),
        // What only shows something to the person at the device.
        "messagebox" | "openUrl" => own & (rights::REMOTE_CONTROL | rights::CHAT) != 0,
        _ => rights::has(own, rights::REMOTE_CONTROL),
    };
    if !may {
        return refuse(request, "Access denied");
    }
    let mut fields = request.fields().clone();
    if serde_json::to_string(&fields).map_or(usize::MAX, |text| text.len()) > MAX_MESSAGE {
        return refuse(request, "Message too long, 1 MiB is the limit");
    }
    for key in OURS.iter().chain(&["nodeid", "responseid"]) {
        fields.remove(*key);
    }
    stamp(&mut fields, asker, own, device.consent | group.consent);
    vec![Effect::ToAgent {
        node,
        message: Value::Object(fields),
        sent: wanted_answer(request, "OK"),
        absent: wanted_answer(request, "Unable to route"),
    }]
}

/// Says who sends: what agents trust.
pub(super) fn stamp(fields: &mut Map<String, Value>, asker: &Asker<'_>, own: u32, consent: u32) {
    fields.insert("sessionid".into(), json!(asker.session));
    fields.insert("rights".into(), json!(own));
    fields.insert("consent".into(), json!(consent));
    fields.insert("username".into(), json!(asker.user.name));
    fields.insert("userid".into(), json!(asker.user.id));
    fields.insert("remoteaddr".into(), json!(asker.address));
}

/// `runcommands`. With `reply` the agent's answer is the only answer (specification 7, trap 5).
pub fn run(house: &House, asker: &Asker<'_>, request: &Request<'_>) -> Vec<Effect> {
    let Some(nodes) = request.nodes() else {
        return refuse(request, "Invalid nodeid");
    };
    let Some(commands) = request.text("cmds").filter(|text| !text.is_empty()) else {
        return refuse(request, "Invalid command");
    };
    if commands.len() > MAX_COMMANDS {
        return refuse(request, "Command too long, 65535 bytes are the limit");
    }
    let kind = request.number("type").unwrap_or(0);
    if kind > 4 {
        return refuse(request, "Invalid command type");
    }
    let needed =
        if kind == 4 { rights::REMOTE_CONTROL | rights::AGENT_CONSOLE } else { rights::RUN_COMMANDS };
    let mut devices = Vec::with_capacity(nodes.len());
    for node in &nodes {
        match house.device_for(asker.user, node, needed) {
            Some((device, group)) => devices.push((device, group)),
            None => return refuse(request, "Access denied"),
        }
    }
    let one = devices.len() == 1;
    let mut effects = Vec::new();
    let mut answered = false;
    for (device, group) in &devices {
        let shell = match kind_for(kind, device) {
            Ok(shell) => shell,
            Err(why) => return refuse(request, why),
        };
        if house.live.agent(&device.id).is_none() {
            if one {
                return refuse(request, "Agent not connected");
            }
            continue;
        }
        effects.push(Effect::Announce(run_event(asker, device, commands, shell)));
        if shell == 4 {
            effects.push(console(asker, house.rights_over(asker.user, device, group), device.id, commands));
            continue;
        }
        let message = json!({
            "action": "runcommands",
            "type": shell,
            "cmds": commands,
            "runAsUser": request.number("runAsUser").unwrap_or(0).min(2),
            "reply": request.flag("reply"),
        });
        match request.responseid().filter(|_| request.flag("reply")) {
            Some(responseid) => {
                answered = true;
                let absent = answer(request, "Agent not connected");
                let responseid = responseid.to_owned();
                effects.push(Effect::Ask { node: device.id, message, responseid, absent });
            }
            None => effects.push(Effect::ToAgent { node: device.id, message, sent: None, absent: None }),
        }
    }
    if !answered {
        effects.extend(wanted_answer(request, "OK").map(Effect::Reply));
    }
    effects
}

/// A line for the agent's console.
fn console(asker: &Asker<'_>, own: u32, node: NodeId, line: &str) -> Effect {
    let message = json!({
        "action": "msg", "type": "console", "value": line, "sessionid": asker.session,
        "rights": own, "consent": 0, "username": asker.user.name,
        "userid": asker.user.id, "remoteaddr": asker.address,
    });
    Effect::ToAgent { node, message, sent: None, absent: None }
}

/// 0 means what is best for the device; the others must exist there.
fn kind_for(kind: u64, device: &Device) -> Result<u64, &'static str> {
    let windows = agent_type::lookup(device.agent_type).is_some_and(|known| known.os == Os::Windows);
    match (kind, windows) {
        (0, true) => Ok(1),
        (0, false) => Ok(3),
        (1 | 2, true) | (3, false) | (4, _) => Ok(kind),
        _ => Err("Invalid command type"),
    }
}

fn run_event(asker: &Asker<'_>, device: &Device, commands: &str, kind: u64) -> Event {
    Event::of_node("runcommands", &device.id, &device.group, "Running commands", asker.now_ms)
        .by(&asker.user.id)
        .with("username", json!(asker.user.name))
        .with("nodeid", json!(node_text(&device.id)))
        .with("cmds", json!(clean(commands, 1024)))
        .with("cmdType", json!(kind))
}
