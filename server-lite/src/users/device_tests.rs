//! Power, wake packets, notices, details and notes: who may, and what it leads to.

use microstack::wire::id::{MeshId, NodeId};
use serde_json::json;

use super::tests::{connect, effects, node, reply, set_rights};
use super::{Change, Effect};
use crate::data::Inventory;
use crate::house::tests::house;
use crate::model::{mesh_text, rights};

/// What goes to agents: device number and message.
fn to_agents(effects: &[Effect]) -> Vec<(u8, serde_json::Value)> {
    let of = |effect: &Effect| match effect {
        Effect::ToAgent { node, message, .. } => Some((node.as_bytes()[0], message.clone())),
        _ => None,
    };
    effects.iter().filter_map(of).collect()
}

fn answers(effects: &[Effect]) -> Vec<String> {
    let of = |effect: &Effect| match effect {
        Effect::Reply(answer) => Some(answer["result"].as_str().unwrap_or("").to_owned()),
        _ => None,
    };
    effects.iter().filter_map(of).collect()
}

#[test]
fn power_goes_to_connected_devices_once_and_is_answered_once() {
    let (house, _dir) = house();
    let ask = |kind: u64| json!({"action": "poweraction", "nodeids": [node(1), node(2)], "actiontype": kind, "responseid": "r"});
    assert_eq!(reply(&house, "anna", ask(3))["result"], "Agent not connected");
    let _post = connect(&house, 1, 1);
    let done = effects(&house, "anna", ask(3));
    let message = json!({
        "action": "poweraction", "actiontype": 3, "userid": "user//anna", "username": "anna", "remoteaddr": "192.0.2.9",
    });
    assert_eq!(to_agents(&done), [(1, message)]);
    assert_eq!(answers(&done), ["ok"]);
    assert!(
        matches!(&done[0], Effect::Announce(event) if event.message == "Restart: dev1" && event.user == "user//anna")
    );
    for (kind, word) in [(1, "Invalid"), (302, "Intel AMT"), (308, "Intel AMT"), (400, "Invalid")] {
        assert!(reply(&house, "anna", ask(kind))["result"].as_str().unwrap().contains(word), "{kind}");
    }
}

#[test]
fn each_of_these_needs_its_own_right() {
    let (house, _dir) = house();
    let _post = connect(&house, 1, 1);
    let cards = Inventory { time_ms: 1, value: json!({"eth0": [{"mac": "0A:1B:2C:3D:4E:5F"}]}) };
    house.data.put_netinfo(&NodeId([1; 48]), &cards).unwrap();
    let asks = [
        (
            rights::POWER,
            json!({"action": "poweraction", "nodeids": [node(1)], "actiontype": 2, "responseid": "r"}),
        ),
        (rights::WAKE, json!({"action": "wakedevices", "nodeids": [node(1)], "responseid": "r"})),
        (rights::CHAT, json!({"action": "toast", "nodeids": [node(1)], "msg": "x", "responseid": "r"})),
        (rights::NOTES, json!({"action": "setNotes", "id": node(1), "notes": "x", "responseid": "r"})),
        (
            rights::CHAT,
            json!({"action": "msg", "type": "messagebox", "nodeid": node(1), "msg": "x", "responseid": "r"}),
        ),
        (
            rights::REMOTE_CONTROL,
            json!({"action": "msg", "type": "ps", "nodeid": node(1), "responseid": "r"}),
        ),
    ];
    for (right, message) in asks {
        set_rights(&house, "bert", !(1 | right | rights::REMOTE_CONTROL));
        assert_eq!(reply(&house, "bert", message.clone())["result"], "Access denied", "{message}");
        set_rights(&house, "bert", right);
        let done = effects(&house, "bert", message.clone());
        assert!(!answers(&done).iter().any(|answer| answer == "Access denied"), "{message}: {done:?}");
    }
    // Who may only look at the desktop sends nothing else.
    set_rights(&house, "bert", rights::VIEW_ONLY);
    let ask = json!({"action": "msg", "type": "setclip", "nodeid": node(1), "data": "x", "responseid": "r"});
    assert_eq!(reply(&house, "bert", ask)["result"], "Access denied");
}

#[test]
fn a_device_is_woken_by_its_neighbours() {
    let (house, _dir) = house();
    let ask = json!({"action": "wakedevices", "nodeids": [node(1)], "responseid": "r"});
    assert_eq!(reply(&house, "anna", ask.clone())["result"], "No network information for this device");
    let report = |value| Inventory { time_ms: 1, value };
    house
        .data
        .put_netinfo(&NodeId([1; 48]), &report(json!({"lo": [{"mac": "00:00:00:00:00:00"}, 5]})))
        .unwrap();
    assert_eq!(reply(&house, "anna", ask.clone())["result"], "No known MAC addresses for this device");
    let cards =
        json!({"e": [{"mac": "0a:1b:2c:3d:4e:5f"}, {"mac": "0A:1B:2C:3D:4E:5F"}, {"mac": "<b>"}], "w": "x"});
    house.data.put_netinfo(&NodeId([1; 48]), &report(cards)).unwrap();
    let done = effects(&house, "anna", ask.clone());
    assert_eq!(answers(&done), ["Used 0 device(s) to send wake packets"]);
    let _posts = [connect(&house, 2, 1), connect(&house, 3, 2)];
    let done = effects(&house, "anna", ask);
    let message = json!({"action": "wakeonlan", "macs": ["0A:1B:2C:3D:4E:5F"]});
    // Device 3 is in a group that anna is no member of.
    assert_eq!(to_agents(&done), [(2, message)]);
    assert_eq!(answers(&done), ["Used 1 device(s) to send wake packets"]);
}

#[test]
fn a_toast_is_capped_and_says_who_sent_it() {
    let (house, _dir) = house();
    let _post = connect(&house, 1, 1);
    let ask = |text: &str| json!({"action": "toast", "nodeids": [node(1), node(2)], "title": "", "msg": text, "responseid": "r"});
    let done = effects(&house, "anna", ask("hello\u{202e}"));
    let message = json!({
        "action": "toast", "title": "Meshlite", "msg": "hello", "sessionid": "user//anna/0011",
        "username": "anna", "userid": "user//anna",
    });
    assert_eq!(to_agents(&done), [(1, message)]);
    assert_eq!(answers(&done), ["ok"]);
    for text in ["", &"x".repeat(4097)] {
        assert!(reply(&house, "anna", ask(text))["result"].as_str().unwrap().starts_with("Invalid message"));
    }
}

#[test]
fn only_those_who_manage_users_broadcast_and_count_sessions() {
    let (house, _dir) = house();
    let ask = json!({"action": "userbroadcast", "msg": "soon down", "responseid": "r"});
    assert_eq!(reply(&house, "bert", ask.clone())["result"], "Access denied");
    let done = effects(&house, "anna", ask);
    assert!(
        matches!(&done[0], Effect::TellUsers { message, user_id: None } if message["value"] == "soon down")
    );
    let one = json!({"action": "userbroadcast", "msg": "x", "userid": "Bert", "responseid": "r"});
    let done = effects(&house, "anna", one);
    assert!(matches!(&done[0], Effect::TellUsers { user_id: Some(user), .. } if user == "user//bert"));
    let nobody = json!({"action": "userbroadcast", "msg": "x", "userid": "zoe", "responseid": "r"});
    assert_eq!(reply(&house, "anna", nobody)["result"], "Unknown user");
    let count = json!({"action": "wssessioncount", "responseid": "r"});
    assert_eq!(reply(&house, "bert", count.clone())["result"], "Access denied");
    assert_eq!(reply(&house, "anna", count)["wssessions"], json!({}));
}

#[test]
fn details_are_of_ones_own_devices_and_as_one_may() {
    let (house, _dir) = house();
    let hardware = Inventory { time_ms: 1, value: json!({"identifiers": {"cpu_name": "=HYPERLINK(1)"}}) };
    house.data.put_sysinfo(&NodeId([1; 48]), &hardware).unwrap();
    let json_of = |user: &str| {
        let answer = reply(&house, user, json!({"action": "getDeviceDetails", "type": "json"}));
        serde_json::from_str::<Vec<serde_json::Value>>(answer["data"].as_str().unwrap()).unwrap()
    };
    let all = json_of("anna");
    assert_eq!(all.len(), 2);
    assert_eq!(all[0]["sys"]["hardware"]["identifiers"]["cpu_name"], "=HYPERLINK(1)");
    assert_eq!(json_of("bert").len(), 1);
    set_rights(&house, "bert", rights::REMOTE_CONTROL);
    assert!(json_of("bert").iter().all(|device| device["sys"].is_null()), "without the right to details");
    let table = reply(&house, "anna", json!({"action": "getDeviceDetails", "type": "csv"}));
    let table = table["data"].as_str().unwrap();
    assert_eq!(table.lines().count(), 3);
    assert!(table.contains("\"'=HYPERLINK(1)\""), "{table}");
    let wrong = reply(&house, "anna", json!({"action": "getDeviceDetails", "type": "xml"}));
    assert!(wrong["result"].as_str().unwrap().contains("csv or json"));
}

#[test]
fn notes_are_kept_for_devices_and_groups() {
    let (house, _dir) = house();
    for id in [node(1), mesh_text(&MeshId([1; 48]))] {
        let done = effects(
            &house,
            "anna",
            json!({"action": "setNotes", "id": id, "notes": "a\u{7}b", "responseid": "r"}),
        );
        let [Effect::Change { change, .. }] = &done[..] else { panic!("{done:?}") };
        house.apply(change.clone()).unwrap();
        assert_eq!(reply(&house, "anna", json!({"action": "getNotes", "id": id}))["notes"], "ab");
        assert_eq!(reply(&house, "bert", json!({"action": "getNotes", "id": id}))["result"], "Invalid id");
        let long = json!({"action": "setNotes", "id": id, "notes": "x".repeat(8193), "responseid": "r"});
        assert!(reply(&house, "anna", long)["result"].as_str().unwrap().contains("8192"));
    }
}

#[test]
fn consent_of_device_and_group_goes_with_messages_and_flags_are_checked() {
    let (house, _dir) = house();
    let _post = connect(&house, 1, 1);
    let device = json!({"action": "changedevice", "nodeid": node(1), "consent": 0xFF01, "responseid": "r"});
    let group = json!({"action": "editmesh", "meshid": mesh_text(&MeshId([1; 48])), "consent": 8, "flags": 1, "responseid": "r"});
    for ask in [device, group] {
        let done = effects(&house, "anna", ask);
        let [Effect::Change { change, .. }] = &done[..] else { panic!("{done:?}") };
        house.apply(change.clone()).unwrap();
    }
    let done = effects(&house, "anna", json!({"action": "msg", "type": "ps", "nodeid": node(1)}));
    assert_eq!(to_agents(&done)[0].1["consent"], 9);
    let shown = house.data.group(&MeshId([1; 48])).unwrap().to_message();
    assert_eq!((shown["flags"].as_u64(), shown["consent"].as_u64()), (Some(1), Some(8)));
    for bad in [json!({"flags": 2}), json!({"invite": "*"})] {
        let mut ask = json!({"action": "editmesh", "meshid": mesh_text(&MeshId([1; 48])), "responseid": "r"});
        ask.as_object_mut().unwrap().extend(bad.as_object().unwrap().clone());
        assert_ne!(reply(&house, "anna", ask)["result"], "ok");
    }
}

#[test]
fn a_message_to_a_device_has_a_limit() {
    let (house, _dir) = house();
    let _post = connect(&house, 1, 1);
    let ask = json!({"action": "msg", "type": "setclip", "nodeid": node(1), "data": "x".repeat(2 << 20), "responseid": "r"});
    assert!(reply(&house, "anna", ask)["result"].as_str().unwrap().contains("too long"));
}

#[test]
fn removing_a_group_flag_is_a_change_too() {
    let (house, _dir) = house();
    let ask = |flags: u64| json!({"action": "editmesh", "meshid": mesh_text(&MeshId([1; 48])), "flags": flags, "responseid": "r"});
    for flags in [1, 0] {
        let done = effects(&house, "anna", ask(flags));
        let [Effect::Change { change: change @ Change::EditGroup { .. }, .. }] = &done[..] else {
            panic!("{done:?}")
        };
        house.apply(change.clone()).unwrap();
        assert_eq!(u64::from(house.data.group(&MeshId([1; 48])).unwrap().flags), flags);
    }
}
