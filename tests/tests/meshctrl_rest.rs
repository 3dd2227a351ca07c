//! Every command of the unmodified `meshctrl` has an answer: what this server does not do it says so, and our page on
//! the client tells of each of them.

use std::fs;

use meshlite_tests::meshctrl::{command, node, run};
use meshlite_tests::{PATIENCE, Running, Server, eventually, interop, place};

#[test]
fn what_is_not_supported_is_answered_at_once() {
    let Some(meshcentral) = interop() else { return };
    let mut server = Server::start();
    server.add_group("lab");
    let group = server.settings("lab").mesh_id().unwrap().to_text64();
    let id = "A".repeat(64);
    for args in [
        ["AddLocalDevice", "--id", &group, "--devicename", "x", "--hostname", "192.0.2.1"].as_slice(),
        &[
            "AddAmtDevice",
            "--id",
            &group,
            "--devicename",
            "x",
            "--hostname",
            "y",
            "--user",
            "u",
            "--pass",
            "p",
        ],
        &["SendInviteEmail", "--id", &group, "--email", "someone@example.org"],
        &["GenerateInviteLink", "--id", &group, "--hours", "1"],
        &["WebRelay", "--id", &id, "--type", "http"],
        &["DeviceSharing", "--id", &id],
        &["DeviceSharing", "--id", &id, "--add", "guest", "--type", "terminal"],
        &["DeviceSharing", "--id", &id, "--remove", "abc"],
        &["Report", "--type", "sessions"],
        &["EditDeviceGroup", "--id", &group, "--invitecodes", "abc"],
    ] {
        let answer = server.meshctrl(&meshcentral, args);
        assert!(answer.stdout.contains("Not supported"), "{args:?}: {answer:?}");
        assert!(answer.code.is_some(), "{args:?} had to be killed");
        assert!(!answer.stderr.contains("TypeError"), "{args:?}: {answer:?}");
    }
    for args in [
        ["AddDeviceGroup", "--name", "amt", "--amtonly"].as_slice(),
        &["AddDeviceGroup", "--name", "agentless", "--agentless"],
        &["EditDeviceGroup", "--id", &group, "--flags", "4"],
        &["EditDevice", "--id", &id, "--name", "x"],
        &["RemoveDevice", "--id", &id],
    ] {
        let answer = server.meshctrl(&meshcentral, args).stdout;
        assert!(
            !answer.trim().eq_ignore_ascii_case("ok") && !answer.trim().is_empty(),
            "{args:?}: {answer:?}"
        );
    }
    server.process().assert_no_panic();
}

#[test]
fn users_sessions_tokens_and_broadcasts() {
    let Some(meshcentral) = interop() else { return };
    let server = Server::start();
    server.add_group("lab");
    let ask = |args: &[&str]| server.meshctrl(&meshcentral, args);
    let said = |args: &[&str]| ask(args).stdout.trim().to_owned();
    assert!(said(&["AddUser", "--user", "bert", "--pass", "a-long-word-7"]).starts_with("ok"));
    assert!(ask(&["ListUsers"]).ok().contains("\"bert\""));
    let sessions = ask(&["ListUserSessions"]).ok();
    assert!(sessions.contains("user//admin, 1 session."), "{sessions}");

    // A broadcast and an event come to those who watch.
    let mut watching = Running::spawn(
        "meshctrl",
        command(&meshcentral, &server.account(), &["ShowEvents"]).env("NODE_NO_WARNINGS", "1"),
    );
    watching.expect(0, &["Connected"], PATIENCE);
    eventually("the watcher's session", PATIENCE, || {
        ask(&["ListUserSessions"]).stdout.contains("user//admin, 2 sessions.").then_some(())
    });
    assert_eq!(said(&["Broadcast", "--msg", "soon <down>"]), "ok");
    watching.expect(0, &["soon <down>"], PATIENCE);
    ask(&["AddDeviceGroup", "--name", "seen by the watcher"]).ok();
    watching.expect(0, &["seen by the watcher"], PATIENCE);

    assert_eq!(
        said(&["AddUserToDeviceGroup", "--userid", "bert", "--group", "lab", "--remotecontrol"]),
        "ok"
    );
    let group = server.settings("lab").mesh_id().unwrap().to_text64();
    assert!(ask(&["ListUsersOfDeviceGroup", "--id", &group]).ok().contains("bert, RemoteControl"));
    assert_eq!(said(&["RemoveUserFromDeviceGroup", "--userid", "user//bert", "--group", "lab"]), "ok");

    let made = ask(&["LoginTokens", "--add", "robot"]).ok();
    let field = |name: &str| {
        let line =
            made.lines().find(|line| line.starts_with(name)).unwrap_or_else(|| panic!("{name}: {made}"));
        line.split_once(": ").unwrap().1.trim().to_owned()
    };
    let (user, password) = (field("Username"), field("Password"));
    let token = meshlite_tests::Account { user: user.clone(), password, ..server.account() };
    let info = meshlite_tests::meshctrl::meshctrl(&meshcentral, &token, &["UserInfo"]);
    assert!(info.stdout.contains("user//admin"), "{info:?}");
    assert!(ask(&["LoginTokens"]).ok().contains("robot"));
    ask(&["LoginTokens", "--remove", &user]).ok();
    assert!(!ask(&["LoginTokens"]).ok().contains("robot"));
    assert_eq!(said(&["RemoveUser", "--userid", "user//bert"]), "ok");
    assert!(!ask(&["ListUsers"]).ok().contains("bert"));
}

#[test]
fn our_page_tells_of_every_command() {
    let Some(meshcentral) = interop() else { return };
    let help = run(node().arg(meshcentral.join("meshctrl.js")), PATIENCE).ok();
    let page = fs::read_to_string(place::root().join("docs/meshctrl.md")).unwrap();
    let rows: Vec<&str> = page.lines().filter(|line| line.starts_with("| ")).collect();
    let cells = rows.iter().map(|row| row.split('|').nth(1).unwrap_or(""));
    let named: Vec<&str> = cells.flat_map(|cell| cell.split(',')).map(str::trim).collect();
    let listed = help.lines().skip_while(|line| !line.contains("Supported actions")).skip(1);
    let commands: Vec<&str> = listed
        .take_while(|line| !line.trim().is_empty())
        .filter_map(|line| line.trim().split([' ', '[']).next())
        .filter(|name| *name != "Help")
        .collect();
    assert!(commands.len() > 40, "{help}");
    let missing: Vec<&&str> = commands.iter().filter(|name| !named.contains(*name)).collect();
    assert!(missing.is_empty(), "docs/meshctrl.md says nothing of {missing:?}");
}
