//! The unmodified `meshctrl` of MeshCentral 1.1.55 against `meshlite-server`.

use std::path::Path;

use meshlite_tests::meshctrl::meshctrl;
use meshlite_tests::{Account, Agent, Answer, PATIENCE, RealAgent, Server, eventually, interop};
use serde_json::Value;

fn groups(server: &Server, meshcentral: &Path) -> Vec<Value> {
    server
        .meshctrl(meshcentral, &["ListDeviceGroups", "--json"])
        .json()
        .as_array()
        .cloned()
        .unwrap_or_default()
}

#[test]
fn server_and_user_info_are_shown() {
    let Some(meshcentral) = interop() else { return };
    let server = Server::start();
    let info = server.meshctrl(&meshcentral, &["ServerInfo"]);
    assert_eq!(info.code, Some(0), "{info:?}");
    for part in ["name: 127.0.0.1", "tlshash: ", "agentCertHash: ", "https: true"] {
        assert!(info.stdout.contains(part), "{part} is missing: {info:?}");
    }
    assert!(info.stdout.contains(&format!("port: {}", server.address().port())), "{info:?}");
    let user = server.meshctrl(&meshcentral, &["UserInfo"]).ok();
    assert!(user.contains("_id: user//admin") && user.contains("name: admin"), "{user}");
    for secret in ["hash", "salt", "argon2", "password"] {
        assert!(!user.to_lowercase().contains(secret), "{secret} is shown: {user}");
    }
    let user = server.meshctrl(&meshcentral, &["UserInfo", "--json"]).json();
    assert_eq!(user["_id"], "user//admin");
    assert_eq!(user["siteadmin"].as_u64(), Some(4_294_967_295));
}

#[test]
fn a_wrong_login_is_refused_and_nothing_is_shown() {
    let Some(meshcentral) = interop() else { return };
    let mut server = Server::start();
    let right = server.account();
    for (user, password) in
        [("admin", "wrong"), ("nobody", "x"), ("ADMIN ", right.password.as_str()), ("admin", "")]
    {
        let account = Account { user: user.into(), password: password.into(), ..right.clone() };
        let answer = meshctrl(&meshcentral, &account, &["ListDeviceGroups", "--json"]);
        let shown = format!("{}{}", answer.stdout, answer.stderr);
        assert!(!shown.contains('['), "{user:?}: {answer:?}");
    }
    server.process().expect(0, &["wrong user name or password"], PATIENCE);
    let log = server.process().lines_from(0).join("\n");
    assert!(!log.contains(&right.password), "a password is in the log");
    server.meshctrl(&meshcentral, &["ServerInfo"]).ok();
}

#[test]
fn groups_are_added_listed_and_removed() {
    let Some(meshcentral) = interop() else { return };
    let server = Server::start();
    assert_eq!(groups(&server, &meshcentral).len(), 0);
    let names = ["plain", "with space", "Ümläut ✓", "<b>&\"'quotes"];
    for name in names {
        let added = server.meshctrl(&meshcentral, &["AddDeviceGroup", "--name", name, "--desc", "x"]).ok();
        assert!(added.starts_with("ok mesh//"), "{added}");
    }
    let listed = groups(&server, &meshcentral);
    for name in names {
        let group =
            listed.iter().find(|g| g["name"] == name).unwrap_or_else(|| panic!("{name} in {listed:?}"));
        let id = group["_id"].as_str().unwrap().strip_prefix("mesh//").unwrap();
        assert_eq!(id.len(), 64);
        assert_eq!(group["mtype"], 2);
        assert_eq!(group["links"]["user//admin"]["rights"].as_u64(), Some(4_294_967_295));
    }
    let plain = server.meshctrl(&meshcentral, &["ListDeviceGroups"]).ok();
    assert!(plain.contains("plain"), "{plain}");

    let id = listed.iter().find(|g| g["name"] == "plain").unwrap()["_id"].as_str().unwrap().to_owned();
    let removed = server.meshctrl(&meshcentral, &["RemoveDeviceGroup", "--id", &id]);
    assert!(removed.stdout.to_lowercase().contains("ok"), "{removed:?}");
    let removed = server.meshctrl(&meshcentral, &["RemoveDeviceGroup", "--group", "with space"]);
    assert!(removed.stdout.to_lowercase().contains("ok"), "{removed:?}");
    let left: Vec<_> =
        groups(&server, &meshcentral).iter().map(|g| g["name"].as_str().unwrap().to_owned()).collect();
    assert_eq!(left.len(), 2, "{left:?}");
    let again = server.meshctrl(&meshcentral, &["RemoveDeviceGroup", "--id", &id]);
    assert!(!again.stdout.trim().eq_ignore_ascii_case("ok"), "it is gone: {again:?}");
}

/// ListDevices, DeviceInfo and RunCommand with any agent behind the server.
fn device_commands(server: &Server, meshcentral: &Path) {
    let device = eventually("a connected device with a core", PATIENCE, || {
        let list = server.meshctrl(meshcentral, &["ListDevices", "--json"]).try_json()?;
        let connected = |d: &&Value| d["conn"].as_u64() == Some(1) && d["agent"]["core"].is_string();
        list.as_array()?.iter().find(connected).cloned()
    });
    let id = device["_id"].as_str().unwrap().to_owned();
    let bare = id.strip_prefix("node//").expect("an id of a device");
    assert_eq!(bare.len(), 64);
    assert_eq!(device["agent"]["id"].as_u64(), Some(6));
    assert!(device["name"].as_str().is_some_and(|n| !n.is_empty()));
    let ask = |args: &[&str]| -> Answer { server.meshctrl(meshcentral, args) };

    assert!(ask(&["ListDevices"]).ok().contains(bare));
    let in_group = ask(&["ListDevices", "--group", "lab", "--json"]);
    assert!(in_group.stdout.contains(bare), "{in_group:?}");

    let info = eventually("DeviceInfo with network interfaces", PATIENCE, || {
        let info = ask(&["DeviceInfo", "--id", &id]);
        (info.stdout.contains("Networking") && info.stdout.contains("IP")).then_some(info)
    });
    assert!(info.stdout.contains("Mesh Agent") && info.stdout.contains("Linux"), "{info:?}");
    ask(&["DeviceInfo", "--id", bare, "--json"]).json();

    for id in [id.as_str(), bare] {
        let run =
            ask(&["RunCommand", "--id", id, "--run", "echo $((6*7)); echo to-stderr >&2; id -u", "--reply"]);
        assert!(run.stdout.contains("42"), "{run:?}");
    }
    let long = ask(&["RunCommand", "--id", &id, "--run", "seq 1 20000", "--reply"]);
    assert!(long.stdout.contains("\n19999\n20000"), "{} bytes came", long.stdout.len());
    let without = ask(&["RunCommand", "--id", &id, "--run", "true"]);
    assert!(without.stdout.contains("OK"), "{without:?}");
    let stranger = "A".repeat(64);
    let nobody = ask(&["RunCommand", "--id", &stranger, "--run", "true"]);
    assert!(!nobody.stdout.contains("OK"), "no such device: {nobody:?}");
}

#[test]
fn device_commands_work_with_our_agent() {
    let Some(meshcentral) = interop() else { return };
    let mut server = Server::newborn();
    let mut agent = Agent::start(&server.group("lab"));
    device_commands(&server, &meshcentral);
    agent.process().assert_no_panic();
    server.process().assert_no_panic();
}

#[test]
fn device_commands_work_with_the_real_agent() {
    let Some(meshcentral) = interop() else { return };
    let mut server = Server::start();
    let _agent = RealAgent::start(&meshcentral, &server.group("lab"));
    device_commands(&server, &meshcentral);
    server.process().assert_no_panic();
}
