use microstack::channel::core_sync::Wanted;
use microstack::wire::core_hash;
use microstack::wire::frame_core;
use microstack::wire::id::{MeshId, NodeId};

use super::*;
use crate::data::Inventory;
use crate::house::tests::house;
use crate::live::tests::{Letterbox, seat};
use crate::model::{CoreChoice, Event, Limit, Scope, Via, mesh_text, node_text, rights};

/// What the user's message leads to.
pub(super) fn effects(house: &House, user: &str, message: Value) -> Vec<Effect> {
    let user = house.data.user(&format!("user//{user}")).unwrap();
    let session = format!("{}/0011", user.id);
    let asker = Asker { user: &user, session: &session, address: "192.0.2.9", now_ms: 5000 };
    decide(house, &asker, &Request::read(&message).unwrap())
}

/// The one answer at once.
pub(super) fn reply(house: &House, user: &str, message: Value) -> Value {
    match &effects(house, user, message)[..] {
        [Effect::Reply(answer)] => answer.clone(),
        other => panic!("{other:?}"),
    }
}

pub(super) fn node(id: u8) -> String {
    node_text(&NodeId([id; 48]))
}

pub(super) fn connect(house: &House, id: u8, group: u8) -> Letterbox {
    let post = Letterbox::new();
    house.live.sit(NodeId([id; 48]), seat(&house.live, post.address(), MeshId([group; 48])));
    post
}

pub(super) fn set_rights(house: &House, user: &str, rights: u32) {
    let change = Change::SetMember {
        id: MeshId([1; 48]),
        user_id: format!("user//{user}"),
        name: user.into(),
        rights: Some(rights),
    };
    house.apply(change).unwrap();
}

#[test]
fn a_ping_and_an_unknown_command() {
    let (house, _dir) = house();
    assert_eq!(reply(&house, "anna", json!({"action": "ping"})), json!({"action": "pong"}));
    let answer = reply(&house, "anna", json!({"action": "addamtdevice", "responseid": "r"}));
    assert_eq!(answer, json!({"action": "addamtdevice", "responseid": "r", "result": "Not supported"}));
    assert!(effects(&house, "anna", json!({"action": "addamtdevice"})).is_empty());
    assert!(Request::read(&json!({"action": "x"})).is_none());
    assert!(Request::read(&json!(["meshes"])).is_none());
}

#[test]
fn everybody_sees_his_own_groups_and_devices() {
    let (house, _dir) = house();
    let _agent = connect(&house, 1, 1);
    let meshes = reply(&house, "anna", json!({"action": "meshes", "responseid": "r"}));
    assert_eq!(meshes["meshes"].as_array().unwrap().len(), 1);
    assert_eq!(meshes["meshes"][0]["links"]["user//anna"]["rights"], 4_294_967_295u64);
    let nodes = reply(&house, "anna", json!({"action": "nodes", "responseid": "r"}));
    let lab = &nodes["nodes"][mesh_text(&MeshId([1; 48]))];
    assert_eq!(lab.as_array().unwrap().len(), 2);
    assert_eq!((&lab[0]["conn"], &lab[0]["agct"]), (&json!(1), &json!(77)));
    assert!(lab[1].get("conn").is_none());
    assert_eq!(nodes["nodes"].as_object().unwrap().len(), 1, "bert's group is not there");
}

#[test]
fn nodes_by_group_by_id_and_in_parts() {
    let (house, _dir) = house();
    let lab = mesh_text(&MeshId([1; 48]));
    for by in [json!({"meshid": lab}), json!({"meshid": &lab[6..]}), json!({"meshname": "lab"})] {
        let mut message = by;
        message["action"] = json!("nodes");
        assert_eq!(reply(&house, "anna", message)["nodes"][&lab].as_array().unwrap().len(), 2);
    }
    let foreign = reply(&house, "anna", json!({"action": "nodes", "meshname": "shop"}));
    assert_eq!(foreign["result"], "Invalid group id");
    let one = reply(&house, "anna", json!({"action": "nodes", "id": node(2)}));
    assert_eq!(one["nodes"][&lab][0]["_id"], node(2));
    assert_eq!(one["nodes"][&lab].as_array().unwrap().len(), 1);
    let part = reply(&house, "anna", json!({"action": "nodes", "skip": 1, "limit": 5}));
    assert_eq!(part["nodes"][&lab][0]["_id"], node(2));
}

#[test]
fn device_info_is_four_answers_and_network_has_no_result() {
    let (house, _dir) = house();
    let ask = |action: &str, id: u8| {
        reply(&house, "anna", json!({"action": action, "nodeid": node(id), "responseid": "r"}))
    };
    for id in [1, 3, 9] {
        assert!(ask("getnetworkinfo", id).get("result").is_none());
        assert_eq!(ask("getnetworkinfo", id)["netif2"], Value::Null);
        assert_eq!(ask("getsysinfo", id)["noinfo"], true);
        assert_eq!(ask("lastconnect", id)["noinfo"], true);
    }
    let report = |value: Value| Inventory { time_ms: 9, value };
    house.data.put_netinfo(&NodeId([1; 48]), &report(json!({"lo": []}))).unwrap();
    house.data.put_sysinfo(&NodeId([1; 48]), &report(json!({"hash": "x"}))).unwrap();
    assert_eq!(ask("getnetworkinfo", 1)["netif2"], json!({"lo": []}));
    assert_eq!(ask("getnetworkinfo", 1)["updateTime"], 9);
    assert_eq!(ask("getsysinfo", 1)["hardware"], json!({"hash": "x"}));
    assert!(ask("getsysinfo", 1).get("result").is_none());
}

#[test]
fn details_need_their_right() {
    let (house, _dir) = house();
    set_rights(&house, "bert", rights::REMOTE_CONTROL);
    let report = Inventory { time_ms: 9, value: json!({"lo": []}) };
    house.data.put_netinfo(&NodeId([1; 48]), &report).unwrap();
    let ask = json!({"action": "getnetworkinfo", "nodeid": node(1)});
    assert_eq!(reply(&house, "bert", ask.clone())["netif2"], Value::Null);
    set_rights(&house, "bert", rights::DETAILS);
    assert_eq!(reply(&house, "bert", ask)["netif2"], json!({"lo": []}));
}

#[test]
fn events_are_text_newest_first_and_only_ones_own() {
    let (house, _dir) = house();
    for (n, group) in [(1, 1), (2, 1), (3, 2)] {
        let event = Event::of_node("nodeconnect", &NodeId([n; 48]), &MeshId([group; 48]), "up", u64::from(n));
        house.announce(&event);
    }
    house.announce(&Event::of_user("login", "user//bert", "in", 4));
    let all = reply(&house, "anna", json!({"action": "events", "responseid": "r"}));
    let listed = all["events"].as_array().unwrap();
    assert_eq!(
        listed.iter().map(|e| e["action"].as_str().unwrap()).collect::<Vec<_>>(),
        ["login", "nodeconnect", "nodeconnect"]
    );
    assert!(listed.iter().all(|event| event.as_object().unwrap().values().all(Value::is_string)));
    let one = reply(&house, "anna", json!({"action": "events", "nodeid": node(1), "limit": 1}));
    assert_eq!(one["events"].as_array().unwrap().len(), 1);
    let of_bert = reply(&house, "bert", json!({"action": "events", "user": "bert"}));
    assert_eq!(of_bert["events"].as_array().unwrap().len(), 1);
    let foreign = reply(&house, "bert", json!({"action": "events", "nodeid": node(1)}));
    assert_eq!(foreign["events"], json!([]));
}

#[test]
fn a_new_group_belongs_to_its_maker() {
    let (house, _dir) = house();
    let made = effects(
        &house,
        "bert",
        json!({"action": "createmesh", "meshname": "new", "meshtype": 2, "responseid": "r"}),
    );
    let [Effect::Change { change, then, .. }] = &made[..] else { panic!("{made:?}") };
    let Change::AddGroup(group) = change else { panic!() };
    assert_eq!(group.rights_of("user//bert"), rights::ALL);
    let Some(Effect::Confirm(answer)) = then.last() else { panic!("confirmed only when it is on the disk") };
    assert_eq!(
        (answer["result"].as_str(), answer["meshid"].as_str()),
        (Some("ok"), Some(mesh_text(&group.id).as_str()))
    );
    assert!(matches!(&then[0], Effect::Announce(event) if event.action == "createmesh"));
    house.apply(change.clone()).unwrap();
    assert!(house.apply(change.clone()).is_err());
}

#[test]
fn group_names_are_checked() {
    let (house, _dir) = house();
    for name in [json!(""), json!("  "), json!("x".repeat(129)), json!(5), json!("lab")] {
        let message = json!({"action": "createmesh", "meshname": name, "responseid": "r"});
        assert_ne!(reply(&house, "anna", message)["result"], "ok");
    }
    let amt = json!({"action": "createmesh", "meshname": "new", "meshtype": 1, "responseid": "r"});
    assert!(reply(&house, "anna", amt)["result"].as_str().unwrap().contains("agents"));
    house.data.change_user("user//bert", |user| user.site = rights::SITE_NO_NEW_GROUPS).unwrap();
    let denied = reply(&house, "bert", json!({"action": "createmesh", "meshname": "new", "responseid": "r"}));
    assert_eq!(denied["result"], "Permission denied");
}

#[test]
fn only_full_members_delete_a_group() {
    let (house, _dir) = house();
    set_rights(&house, "bert", rights::ALL & !rights::MANAGE_DEVICES);
    let message = json!({"action": "deletemesh", "meshname": "lab", "responseid": "r"});
    assert_eq!(reply(&house, "bert", message.clone())["result"], "Access denied");
    let done = effects(&house, "anna", message);
    let [Effect::Change { change, then, .. }] = &done[..] else { panic!("{done:?}") };
    assert_eq!(*change, Change::RemoveGroup(MeshId([1; 48])));
    // All members hear of it, and no agent stays connected to a group that is gone.
    let told = then.iter().find_map(|effect| match effect {
        Effect::AnnounceTo { users, .. } => Some(users.clone()),
        _ => None,
    });
    assert_eq!(told.unwrap(), ["user//anna", "user//bert"]);
    assert_eq!(then.iter().filter(|effect| matches!(effect, Effect::Disconnect { .. })).count(), 2);
    let unknown =
        reply(&house, "anna", json!({"action": "deletemesh", "meshid": "nonsense", "responseid": "r"}));
    assert_eq!(unknown["result"], "Unknown device group");
}

#[test]
fn nobody_gives_more_rights_than_he_has() {
    let (house, _dir) = house();
    let give = |rights: u64| json!({"action": "addmeshuser", "usernames": ["bert"], "meshname": "lab", "meshadmin": rights, "responseid": "r"});
    set_rights(&house, "bert", rights::MANAGE_USERS | rights::REMOTE_CONTROL);
    assert_eq!(reply(&house, "bert", give(u64::from(rights::ALL)))["result"], "Access denied");
    assert_eq!(effects(&house, "bert", give(8)).len(), 2);
    let remove =
        json!({"action": "removemeshuser", "userid": "user//anna", "meshname": "lab", "responseid": "r"});
    assert_eq!(reply(&house, "bert", remove.clone())["result"], "Access denied");
    assert!(reply(&house, "anna", remove)["result"].as_str().unwrap().contains("last member"));
    // Rights of none, or fewer, are the same as removing.
    let fewer = |rights: Value| json!({"action": "addmeshuser", "usernames": ["anna", "bert"], "meshname": "lab", "meshadmin": rights, "responseid": "r"});
    for rights in [json!(0), json!(8), json!("all")] {
        let answer = reply(&house, "anna", fewer(rights));
        assert!(answer["result"].as_str().unwrap().contains("last member"), "{answer}");
    }
    let unknown = json!({"action": "addmeshuser", "usernames": ["carl"], "meshname": "lab", "meshadmin": 8, "responseid": "r"});
    assert_eq!(reply(&house, "anna", unknown)["result"], "Unknown user");
}

#[test]
fn devices_are_changed_removed_and_moved_with_the_right() {
    let (house, _dir) = house();
    let change = json!({"action": "changedevice", "nodeid": node(1), "name": "desk", "tags": "a,b", "responseid": "r"});
    assert_eq!(reply(&house, "bert", change.clone())["result"], "Access denied");
    let done = effects(&house, "anna", change);
    let [Effect::Change { change, then, .. }] = &done[..] else { panic!("{done:?}") };
    house.apply(change.clone()).unwrap();
    assert_eq!(house.data.device(&NodeId([1; 48])).unwrap().unwrap().tags, ["a", "b"]);
    let Effect::Announce(event) = &then[0] else { panic!() };
    assert_eq!(event.extra["node"]["name"], "desk");

    let remove = json!({"action": "removedevices", "nodeids": [node(1), node(3)], "responseid": "r"});
    assert_eq!(reply(&house, "anna", remove)["result"], "Access denied", "all or none");
    let remove = effects(
        &house,
        "anna",
        json!({"action": "removedevices", "nodeids": [node(1), node(2)], "responseid": "r"}),
    );
    assert_eq!(remove.len(), 3);

    let move_it =
        json!({"action": "changeDeviceMesh", "nodeids": [node(1)], "meshname": "shop", "responseid": "r"});
    assert_eq!(reply(&house, "anna", move_it.clone())["result"], "Access denied");
    set_rights(&house, "bert", rights::MANAGE_DEVICES);
    let moved = effects(&house, "bert", move_it);
    assert!(matches!(&moved[0], Effect::Change { change: Change::MoveDevice { .. }, .. }));
}

#[test]
fn a_message_says_who_sent_it_whatever_the_sender_wrote() {
    let (house, _dir) = house();
    let done = effects(
        &house,
        "anna",
        json!({
            "action": "msg", "type": "console", "value": "help", "nodeid": node(1), "sessionid": "user//bert/77",
            "rights": 1, "userid": "user//bert", "remoteaddr": "127.0.0.1", "responseid": "r",
        }),
    );
    let [Effect::ToAgent { message, sent, absent, .. }] = &done[..] else { panic!("{done:?}") };
    assert_eq!(
        *message,
        json!({
            "action": "msg", "type": "console", "value": "help", "sessionid": "user//anna/0011", "rights": 4_294_967_295u64,
            "consent": 0, "username": "anna", "userid": "user//anna", "remoteaddr": "192.0.2.9",
        })
    );
    assert_eq!(sent.as_ref().unwrap()["result"], "OK");
    assert_eq!(absent.as_ref().unwrap()["result"], "Unable to route");
}

#[test]
fn the_console_needs_two_rights_and_a_tunnel_an_address() {
    let (house, _dir) = house();
    let message = |kind: &str| json!({"action": "msg", "type": kind, "nodeid": node(1), "responseid": "r"});
    set_rights(&house, "bert", rights::REMOTE_CONTROL);
    assert_eq!(reply(&house, "bert", message("console"))["result"], "Access denied");
    assert!(matches!(&effects(&house, "bert", message("ps"))[..], [Effect::ToAgent { .. }]));
    set_rights(&house, "bert", rights::AGENT_CONSOLE);
    assert_eq!(reply(&house, "bert", message("console"))["result"], "Access denied");
    assert!(
        reply(&house, "anna", message("tunnel"))["result"].as_str().unwrap().contains("*/meshrelay.ashx")
    );
    let mut tunnel = message("tunnel");
    tunnel["value"] = json!("*/meshrelay.ashx?p=1&id=a");
    assert_eq!(reply(&house, "bert", tunnel.clone())["result"], "this needs the right of remote control");
    assert!(matches!(&effects(&house, "anna", tunnel)[..], [Effect::Tunnel { .. }]));
    let foreign = json!({"action": "msg", "type": "console", "nodeid": node(3), "responseid": "r"});
    assert_eq!(reply(&house, "anna", foreign)["result"], "Unable to route");
}

#[test]
fn a_command_with_reply_is_answered_by_the_agent_alone() {
    let (house, _dir) = house();
    let message = |reply: bool| {
        json!({
            "action": "runcommands", "nodeids": [node(1)], "type": 0, "cmds": "id", "runAsUser": 0, "reply": reply, "responseid": "r",
        })
    };
    assert_eq!(reply(&house, "anna", message(true))["result"], "Agent not connected");
    let _agent = connect(&house, 1, 1);
    let done = effects(&house, "anna", message(true));
    assert!(!done.iter().any(|effect| matches!(effect, Effect::Reply(_))), "{done:?}");
    let [Effect::Announce(_), Effect::Ask { message: sent, responseid, .. }] = &done[..] else {
        panic!("{done:?}")
    };
    assert_eq!((sent["type"].as_u64(), responseid.as_str()), (Some(3), "r"));
    let done = effects(&house, "anna", message(false));
    assert!(matches!(done.last(), Some(Effect::Reply(answer)) if answer["result"] == "OK"));
}

#[test]
fn commands_are_checked() {
    let (house, _dir) = house();
    let _agent = connect(&house, 1, 1);
    let run = |kind: u64, commands: &str| json!({"action": "runcommands", "nodeids": [node(1)], "type": kind, "cmds": commands, "responseid": "r"});
    assert_eq!(
        reply(&house, "anna", run(1, "dir"))["result"],
        "Invalid command type",
        "a Linux device has no cmd"
    );
    assert_eq!(reply(&house, "anna", run(7, "x"))["result"], "Invalid command type");
    assert_eq!(reply(&house, "anna", run(3, ""))["result"], "Invalid command");
    assert!(
        reply(&house, "anna", run(3, &"x".repeat(70_000)))["result"].as_str().unwrap().contains("too long")
    );
    assert_eq!(reply(&house, "bert", run(3, "x"))["result"], "Access denied");
    let bad = json!({"action": "runcommands", "nodeids": ["node//x"], "cmds": "x", "responseid": "r"});
    assert_eq!(reply(&house, "anna", bad)["result"], "Invalid nodeid");
    set_rights(&house, "bert", rights::RUN_COMMANDS);
    assert_eq!(
        reply(&house, "bert", run(4, "help"))["result"],
        "Access denied",
        "the console has rights of its own"
    );
    assert_eq!(effects(&house, "bert", run(3, "x")).len(), 3);
}

#[test]
fn a_pushed_core_is_kept_before_it_is_wanted_and_wanted_before_it_is_sent() {
    let (house, _dir) = house();
    let done = effects(
        &house,
        "anna",
        json!({
            "action": "uploadagentcore", "nodeids": [node(1)], "type": "custom", "core": "// mine", "responseid": "r",
        }),
    );
    let hash = core_hash(&frame_core("// mine"));
    let [Effect::Change { change: Change::AddCore(_), then, .. }] = &done[..] else { panic!("{done:?}") };
    let [Effect::Change { change: Change::EditDevice { edit, .. }, then, .. }] = &then[..] else {
        panic!("{then:?}")
    };
    assert_eq!(edit.core, Some(CoreChoice::Custom(hash)));
    assert!(matches!(&then[0], Effect::Core { order, .. } if order.wanted == Wanted::Core(hash)));
    assert!(matches!(then.last(), Some(Effect::Confirm(answer)) if answer["result"] == "ok"));
}

#[test]
fn a_core_on_trial_goes_before_the_choice_and_ends_with_it() {
    let (house, _dir) = house();
    let edit = crate::model::DeviceEdit { core: Some(CoreChoice::Clear), ..Default::default() };
    house.apply(Change::EditDevice { node: NodeId([1; 48]), edit }).unwrap();
    let order = |fields: Value| {
        let mut message = json!({"action": "uploadagentcore", "responseid": "r"});
        message.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        message
    };
    // Carries out what is nested, and gives the orders for agents.
    fn carry_out(house: &House, effects: Vec<Effect>, orders: &mut Vec<Wanted>) {
        for effect in effects {
            match effect {
                Effect::Change { change, then, .. } => {
                    house.apply(change).unwrap();
                    carry_out(house, then, orders);
                }
                Effect::Core { order, .. } => orders.push(order.wanted),
                _ => {}
            }
        }
    }
    let hash = core_hash(&frame_core("// mine"));
    let mut orders = Vec::new();
    let trial = json!({"nodeids": [node(1)], "type": "custom", "core": "// mine", "trial": true});
    carry_out(&house, effects(&house, "anna", order(trial)), &mut orders);
    let device = house.data.device(&NodeId([1; 48])).unwrap().unwrap();
    assert_eq!((device.core, device.trial), (CoreChoice::Clear, CoreChoice::Custom(hash)));
    let end = json!({"nodeids": [node(1)], "type": "endtrial"});
    carry_out(&house, effects(&house, "anna", order(end)), &mut orders);
    assert_eq!(orders, [Wanted::Core(hash), Wanted::Nothing]);
    let group = json!({"meshid": mesh_text(&MeshId([1; 48])), "type": "endtrial"});
    assert_ne!(reply(&house, "anna", order(group))["result"], "ok");
}

#[test]
fn a_groups_core_goes_to_devices_without_a_choice_of_their_own() {
    let (house, _dir) = house();
    let edit = crate::model::DeviceEdit { core: Some(CoreChoice::Clear), ..Default::default() };
    house.apply(Change::EditDevice { node: NodeId([2; 48]), edit }).unwrap();
    let done = effects(
        &house,
        "anna",
        json!({
            "action": "uploadagentcore", "meshid": mesh_text(&MeshId([1; 48])), "type": "clear", "responseid": "r",
        }),
    );
    let [Effect::Change { then, .. }] = &done[..] else { panic!("{done:?}") };
    let ordered: Vec<_> = then
        .iter()
        .filter_map(|effect| match effect {
            Effect::Core { node, order } => Some((*node, order.wanted)),
            _ => None,
        })
        .collect();
    assert_eq!(ordered, [(NodeId([1; 48]), Wanted::Nothing)]);
}

#[test]
fn cores_need_rights_and_sense() {
    let (house, _dir) = house();
    let push = |fields: Value| {
        let mut message = json!({"action": "uploadagentcore", "nodeids": [node(1)], "responseid": "r"});
        message.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        message
    };
    assert_eq!(reply(&house, "bert", push(json!({"type": "clear"})))["result"], "Access denied");
    for fields in [json!({"type": "custom", "path": "/etc/shadow"}), json!({"type": "tiny"}), json!({})] {
        let answer = reply(&house, "anna", push(fields));
        assert_ne!(answer["result"], "ok");
    }
}

#[test]
fn cookies_and_tokens() {
    let (house, _dir) = house();
    let answer = reply(&house, "anna", json!({"action": "authcookie"}));
    let cookie = house.cookies.open(answer["cookie"].as_str().unwrap(), "192.0.2.9", 10).unwrap();
    assert_eq!(cookie.userid, "user//anna");
    assert!(house.cookies.open(answer["cookie"].as_str().unwrap(), "192.0.2.8", 10).is_err());
    let relay = house.cookies.open(answer["rcookie"].as_str().unwrap(), "192.0.2.8", 10).unwrap();
    assert_eq!(relay.userid, "", "what agents are given signs nobody in");

    let made = effects(
        &house,
        "anna",
        json!({"action": "createLoginToken", "name": "laptop", "expire": 5, "responseid": "r"}),
    );
    let [Effect::Change { change, then, .. }] = &made[..] else { panic!("{made:?}") };
    house.apply(change.clone()).unwrap();
    let [Effect::Confirm(answer)] = &then[..] else { panic!("{then:?}") };
    assert_eq!(answer["expire"], 5000 + 300_000);
    let listed = reply(&house, "anna", json!({"action": "loginTokens", "responseid": "r"}));
    assert_eq!(listed["loginTokens"][0]["name"], "laptop");
    assert!(listed["loginTokens"][0].get("tokenPass").is_none());
    let removed =
        effects(&house, "anna", json!({"action": "loginTokens", "remove": ["laptop"], "responseid": "r"}));
    let [Effect::Change { change, .. }] = &removed[..] else { panic!("{removed:?}") };
    house.apply(change.clone()).unwrap();
    assert!(house.data.tokens_of("user//anna").is_empty());
}

#[test]
fn a_token_makes_none_that_outlives_it() {
    let (house, _dir) = house();
    let made = crate::accounts::new_token("user//anna", "short", 1000, 90_000);
    let via = Via::Token(made.record.token_user.clone());
    house.data.add_token(made.record, 1000).unwrap();
    let user = house.acting("user//anna", &via, 5000).unwrap();
    let asker = Asker { user: &user, session: "user//anna/0011", address: "192.0.2.9", now_ms: 5000 };
    for (minutes, ends) in [(0, 90_000), (5, 90_000), (1, 65_000)] {
        let message =
            json!({"action": "createLoginToken", "name": "l", "expire": minutes, "responseid": "r"});
        let effects = decide(&house, &asker, &Request::read(&message).unwrap());
        let [Effect::Change { change: Change::AddToken(token), .. }] = &effects[..] else {
            panic!("{effects:?}")
        };
        assert_eq!(token.expires_ms, ends);
    }
    assert_eq!(house.capped_expiry(&Via::Password, 0), 0);
    assert_ne!(house.capped_expiry(&Via::Token("~t:gone".into()), 0), 0);
}

#[test]
fn a_session_is_told_what_it_may_do_itself() {
    let (house, _dir) = house();
    let limit = Limit { scopes: [Scope::DevicesRead].into_iter().collect(), groups: vec![MeshId([2; 48])] };
    let made = crate::accounts::new_api_token("user//anna", "narrow", limit, 1000, 0);
    let token = Via::Token(made.record.token_user.clone());
    house.data.add_token(made.record, 1000).unwrap();
    let vias = [Via::Password, token, Via::Token("mlt_gone".into())];
    let posts: Vec<Letterbox> = vias.iter().map(|_| Letterbox::new()).collect();
    for (number, (via, post)) in vias.into_iter().zip(&posts).enumerate() {
        house.live.users.sit(crate::live::UserSeat {
            address: post.address(),
            user_id: "user//anna".into(),
            session: format!("user//anna/{number}"),
            via,
            limit: None,
            quiet: false,
        });
    }
    struct Nowhere;
    impl carry::Desk for Nowhere {
        fn reply(&mut self, _: Value) {}
        fn confirm(&mut self, _: Value) {}
        fn hash(&mut self, _: String, _: carry::Newcomer) {}
        fn ask(&mut self, _: String, _: NodeId) -> Option<String> {
            None
        }
    }
    carry::carry_out(&house, &mut Nowhere, vec![Effect::RefreshUser("user//anna".into())]).unwrap();
    let told = |post: &Letterbox| -> Vec<Value> {
        let texts = post.open::<crate::live::ToUser>().into_iter().filter_map(|note| match note {
            crate::live::ToUser::Text(text) => serde_json::from_str(&text).ok(),
            _ => None,
        });
        texts.collect()
    };
    let [whole, narrow, gone] = &posts[..] else { panic!() };
    let lab = mesh_text(&MeshId([1; 48]));
    assert_eq!(told(whole)[0]["userinfo"]["links"][&lab]["rights"], rights::ALL);
    let narrow = told(narrow);
    assert_eq!((narrow.len(), &narrow[0]["userinfo"]["links"]), (1, &json!({})));
    assert_eq!(narrow[0]["userinfo"]["siteadmin"], 0);
    assert!(told(gone).is_empty());
}

#[test]
fn no_answer_holds_a_password() {
    let (house, _dir) = house();
    house.data.change_user("user//anna", |user| user.password = "HASH-TEXT".into()).unwrap();
    let anna = house.data.user("user//anna").unwrap();
    assert!(!user_info(&house, &anna).to_string().contains("HASH"));
    let users = reply(&house, "anna", json!({"action": "users", "responseid": "r"}));
    assert_eq!(users["users"].as_array().unwrap().len(), 2);
    assert!(!users.to_string().contains("HASH"));
    assert_eq!(
        reply(&house, "bert", json!({"action": "users", "responseid": "r"}))["result"],
        "Access denied"
    );
}

#[test]
fn users_are_added_and_removed_by_those_who_manage_them() {
    let (house, _dir) = house();
    let add = |more: Value| {
        let mut message = json!({"action": "adduser", "username": "carl", "pass": "pw", "responseid": "r"});
        message.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        message
    };
    assert_eq!(reply(&house, "bert", add(json!({})))["result"], "Access denied");
    for bad in [json!({"username": "a/b"}), json!({"pass": ""}), json!({"username": "ANNA"})] {
        assert_ne!(reply(&house, "anna", add(bad))["result"], "ok");
    }
    let added = effects(&house, "anna", add(json!({"siteadmin": 64})));
    let [Effect::AddUser { user, .. }] = &added[..] else { panic!("{added:?}") };
    assert_eq!((user.id.as_str(), user.site), ("user//carl", 64));

    house.data.change_user("user//bert", |user| user.site = rights::SITE_USERS).unwrap();
    assert_eq!(reply(&house, "bert", add(json!({"siteadmin": 4_294_967_295u64})))["result"], "Access denied");
    let remove = |who: &str| json!({"action": "deleteuser", "userid": who, "responseid": "r"});
    assert_eq!(reply(&house, "bert", remove("user//anna"))["result"], "Access denied");
    assert_eq!(reply(&house, "anna", remove("user//anna"))["result"], "Access denied");
    assert_eq!(reply(&house, "anna", remove("nobody"))["result"], "User does not exist");
    let removed = effects(&house, "anna", remove("bert"));
    assert!(
        matches!(&removed[0], Effect::Change { change: Change::RemoveUser(id), .. } if id == "user//bert")
    );
}
