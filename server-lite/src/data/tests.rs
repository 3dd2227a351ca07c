use std::sync::Arc;
use std::time::Duration;

use microstack::store::{DiskStore, Limits, Options};
use microstack::wire::frame_core;
use microstack::wire::id::{MeshId, NodeId};
use serde_json::json;

use super::*;
use crate::model::{CoreChoice, Device, Event, rights};

/// A store in a directory that lives as long as the returned guard.
pub(crate) fn data() -> (Data, tempfile::TempDir) {
    let dir = tempfile::tempdir().unwrap();
    (Data::open(&dir.path().join("store")).unwrap(), dir)
}

pub(crate) fn group(id: u8, name: &str) -> Group {
    serde_json::from_value(json!({ "id": MeshId([id; 48]).to_text64(), "name": name, "created_ms": 1 }))
        .unwrap()
}

pub(crate) fn user(name: &str, site: u32) -> User {
    let record =
        json!({ "id": format!("user//{name}"), "name": name, "password": "", "site": site, "created_ms": 1 });
    serde_json::from_value(record).unwrap()
}

pub(crate) fn device(id: u8, group: u8) -> Device {
    let record = json!({
        "id": NodeId([id; 48]).to_text64(), "group": MeshId([group; 48]).to_text64(), "name": format!("dev{id}"),
        "host_name": format!("dev{id}"), "icon": 1, "agent_type": 6, "first_seen_ms": 1000,
    });
    serde_json::from_value(record).unwrap()
}

#[test]
fn users_groups_and_devices_are_there_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    {
        let data = Data::open(dir.path()).unwrap();
        data.add_user(user("anna", rights::SITE_ALL)).unwrap();
        let mut lab = group(1, "lab");
        lab.admit_fully("user//anna", "anna");
        data.add_group(lab).unwrap();
        data.change_device(&NodeId([3; 48]), |_| Some(device(3, 1))).unwrap();
        data.flush().unwrap();
    }
    let data = Data::open(dir.path()).unwrap();
    assert!(data.user_named("ANNA").unwrap().is_site_admin());
    assert_eq!(data.groups_of("user//anna")[0].name, "lab");
    assert_eq!(data.devices_of(&MeshId([1; 48])).unwrap(), [NodeId([3; 48])]);
    assert_eq!(data.device_count().unwrap(), 1);
}

#[test]
fn names_are_unique() {
    let (data, _dir) = data();
    data.add_user(user("anna", 0)).unwrap();
    assert!(matches!(data.add_user(user("anna", 0)), Err(DataError::Exists { .. })));
    data.add_group(group(1, "lab")).unwrap();
    assert!(matches!(data.add_group(group(2, "lab")), Err(DataError::Exists { .. })));
    data.add_group(group(2, "shop")).unwrap();
    let renamed = data.change_group(&MeshId([2; 48]), |group| group.name = "lab".into());
    assert!(matches!(renamed, Err(DataError::Exists { .. })));
    assert_eq!(data.group(&MeshId([2; 48])).unwrap().name, "shop");
}

#[test]
fn a_moved_device_is_in_one_group_only() {
    let (data, _dir) = data();
    let node = NodeId([3; 48]);
    data.change_device(&node, |_| Some(device(3, 1))).unwrap();
    data.change_device(&node, |old| old.map(|old| Device { group: MeshId([2; 48]), ..old })).unwrap();
    assert!(data.devices_of(&MeshId([1; 48])).unwrap().is_empty());
    assert_eq!(data.devices_of(&MeshId([2; 48])).unwrap(), [node]);
    assert_eq!(data.device_count().unwrap(), 1);
}

#[test]
fn removing_a_group_removes_its_devices_and_what_they_reported() {
    let (data, _dir) = data();
    data.add_group(group(1, "lab")).unwrap();
    data.add_group(group(2, "shop")).unwrap();
    for id in 1..=5 {
        data.change_device(&NodeId([id; 48]), |_| Some(device(id, if id < 4 { 1 } else { 2 }))).unwrap();
    }
    let report = Inventory { time_ms: 5, value: json!({"lo": []}) };
    data.put_netinfo(&NodeId([1; 48]), &report).unwrap();
    assert_eq!(data.netinfo(&NodeId([1; 48])).unwrap(), Some(report));
    assert_eq!(data.remove_group(&MeshId([1; 48])).unwrap().len(), 3);
    assert_eq!(data.device(&NodeId([1; 48])).unwrap(), None);
    assert_eq!(data.netinfo(&NodeId([1; 48])).unwrap(), None);
    assert_eq!(data.devices_of(&MeshId([2; 48])).unwrap().len(), 2);
}

#[test]
fn large_groups_come_in_pages() {
    let (data, _dir) = data();
    for n in 0..600u16 {
        let mut id = [0; 48];
        id[..2].copy_from_slice(&n.to_be_bytes());
        let one = Device { id: NodeId(id), ..device(1, 1) };
        data.change_device(&NodeId(id), |_| Some(one)).unwrap();
    }
    let all = data.devices_of(&MeshId([1; 48])).unwrap();
    assert_eq!(all.len(), 600);
    let page = data.devices_page(&MeshId([1; 48]), NodeQuery { skip: 250, limit: 20 }).unwrap();
    assert_eq!(page, all[250..270]);
}

#[test]
fn removing_a_user_removes_tokens_and_memberships() {
    let (data, _dir) = data();
    data.add_user(user("anna", 0)).unwrap();
    let mut lab = group(1, "lab");
    lab.admit_fully("user//anna", "anna");
    data.add_group(lab).unwrap();
    let token = crate::accounts::new_token("user//anna", "laptop", 1, 0).record;
    data.add_token(token.clone(), 1).unwrap();
    assert!(!data.remove_token("user//bert", &token.token_user).unwrap());
    data.remove_user("user//anna").unwrap();
    assert!(data.token(&token.token_user).is_none());
    assert!(data.group(&MeshId([1; 48])).unwrap().members.is_empty());
}

#[test]
fn expired_tokens_make_room() {
    let (data, _dir) = data();
    for _ in 0..64 {
        data.add_token(crate::accounts::new_token("user//a", "", 1, 50).record, 1).unwrap();
    }
    let one_more = || crate::accounts::new_token("user//a", "", 1, 0).record;
    assert!(matches!(data.add_token(one_more(), 49), Err(DataError::Full { .. })));
    data.add_token(one_more(), 50).unwrap();
    assert_eq!(data.tokens_of("user//a").len(), 1);
}

#[test]
fn history_is_capped_and_newest_first() {
    let dir = tempfile::tempdir().unwrap();
    let store = DiskStore::open(dir.path(), Options { cache_bytes: 1 << 20 }).unwrap().store;
    let limits = Limits { rows: 500, bytes: 1 << 20, retention: Duration::from_secs(1000) };
    let data = Data::over(
        Arc::new(store),
        HistoryLimits { events: limits, power: limits, ..HistoryLimits::default() },
    )
    .unwrap();
    for n in 0..700u64 {
        let node = NodeId([(n % 2) as u8; 48]);
        data.add_event(&Event::of_node("nodeconnect", &node, &MeshId([1; 48]), &format!("{n}"), n)).unwrap();
        data.add_power(&PowerState { node: node_name(&node), time_ms: n, state: 1 }).unwrap();
    }
    let newest = data.events(3, |_| true).unwrap();
    assert_eq!(newest.iter().map(|event| event.message.as_str()).collect::<Vec<_>>(), ["699", "698", "697"]);
    let odd = node_name(&NodeId([1; 48]));
    assert_eq!(data.events(9999, |event| event.node == odd).unwrap().len(), 250);
    assert_eq!(
        data.power_of(&NodeId([0; 48]), 2).unwrap().iter().map(|s| s.time_ms).collect::<Vec<_>>(),
        [696, 698]
    );
    data.expire_history(1_000_698).unwrap();
    assert_eq!(data.events(9999, |_| true).unwrap().len(), 2);
}

#[test]
fn unused_cores_make_room_for_new_ones() {
    let (data, _dir) = data();
    data.add_group(group(1, "lab")).unwrap();
    let used = data.put_core(&frame_core("// used")).unwrap();
    data.change_group(&MeshId([1; 48]), |group| group.core = CoreChoice::Custom(used)).unwrap();
    for n in 0..200 {
        data.put_core(&frame_core(&format!("// {n}"))).unwrap();
    }
    assert_eq!(data.core(&used).unwrap().unwrap(), frame_core("// used"));
    assert!(matches!(data.put_core(&vec![0; MAX_CORE_BYTES + 1]), Err(DataError::Full { .. })));
}

#[test]
fn secrets_stay_the_same() {
    let (data, _dir) = data();
    assert_eq!(data.secret("a").unwrap(), data.secret("a").unwrap());
    assert_ne!(data.secret("a").unwrap(), data.secret("b").unwrap());
}

fn node_name(node: &NodeId) -> String {
    crate::model::node_text(node)
}
