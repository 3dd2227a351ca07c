//! Every command of the unmodified `meshctrl` has an answer: what this server does not do it says so, and our page on
//! the client tells of each of them.

use std::fs;

use meshlite_tests::meshctrl::{command, meshctrl, node, run};
use meshlite_tests::{Account, Agent, PATIENCE, Running, Server, eventually, interop, place};

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
        &["EditDeviceGroup", "--id", &group, "--flags", "2"],
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
    let token = Account { user: user.clone(), password, ..server.account() };
    let info = meshctrl(&meshcentral, &token, &["UserInfo"]);
    assert!(info.stdout.contains("user//admin"), "{info:?}");
    assert!(ask(&["LoginTokens"]).ok().contains("robot"));
    ask(&["LoginTokens", "--remove", &user]).ok();
    assert!(!ask(&["LoginTokens"]).ok().contains("robot"));
    assert_eq!(said(&["RemoveUser", "--userid", "user//bert"]), "ok");
    assert!(!ask(&["ListUsers"]).ok().contains("bert"));
}

#[test]
fn accounts_groups_of_users_and_rights_over_one_device() {
    let Some(meshcentral) = interop() else { return };
    let server = Server::start();
    let msh = server.group("lab");
    let _agent = Agent::start(&msh);
    let id = server.wait_connected(1)[0]["id"].as_str().unwrap().to_owned();
    let ask = |args: &[&str]| server.meshctrl(&meshcentral, args);
    let said = |args: &[&str]| ask(args).stdout.trim().to_owned();
    let password = "a-long-word-7";
    assert!(
        said(&["AddUser", "--user", "bert", "--pass", password, "--email", "bert@example.org"])
            .starts_with("ok")
    );
    let edit = ["EditUser", "--userid", "user//bert", "--email", "b@example.org", "--realname", "Bert B."];
    assert_eq!(said(&[edit.as_slice(), &["--rights", "manageusers"]].concat()), "ok");
    let listed = ask(&["ListUsers", "--json"]).json();
    let bert = listed.as_array().unwrap().iter().find(|user| user["name"] == "bert").unwrap().clone();
    assert_eq!((bert["siteadmin"].as_u64(), &bert["email"]), (Some(2), &"b@example.org".into()), "{bert}");

    // Bert alone sees nothing; with a right over the one device he sees it, and no more than that.
    let account = Account { user: "bert".into(), password: password.into(), ..server.account() };
    let bert = |args: &[&str]| meshctrl(&meshcentral, &account, args).stdout;
    assert!(bert(&["ListDevices"]).contains("None"));
    assert_eq!(said(&["AddUserToDevice", "--userid", "bert", "--id", &id, "--remotecontrol"]), "ok");
    assert!(bert(&["ListDevices"]).contains(&id));
    assert!(bert(&["DevicePower", "--id", &id, "--off"]).contains("Access denied"));
    assert!(bert(&["DeviceMessage", "--id", &id, "--msg", "hello"]).contains("OK"));
    assert_eq!(said(&["RemoveUserFromDevice", "--userid", "bert", "--id", &id]), "ok");
    assert!(bert(&["ListDevices"]).contains("None"));

    // The same by a group of users.
    assert_eq!(said(&["AddUserGroup", "--name", "night shift", "--desc", "they watch"]), "ok");
    let groups = ask(&["ListUserGroups", "--json"]).json();
    let group = groups.as_object().unwrap().keys().next().unwrap().clone();
    assert_eq!(said(&["AddToUserGroup", "--groupid", &group, "--id", "user//bert"]), "ok");
    let lab = format!("mesh//{}", server.settings("lab").mesh_id().unwrap().to_text64());
    assert_eq!(said(&["AddToUserGroup", "--groupid", &group, "--id", &lab, "--rights", "8"]), "ok");
    let shown = ask(&["ListUserGroups"]).ok();
    for part in ["night shift", "they watch", "user//bert", &lab] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    assert!(bert(&["ListDevices"]).contains(&id));
    assert_eq!(said(&["RemoveFromUserGroup", "--groupid", &group, "--id", &lab]), "ok");
    assert!(bert(&["ListDevices"]).contains("None"));
    let all = said(&["RemoveAllUsersFromUserGroup", "--groupid", &group]);
    assert!(all.contains("Removing user//bert") && all.ends_with("ok"), "{all}");
    assert_eq!(said(&["RemoveUserGroup", "--groupid", &group]), "ok");
    assert!(!ask(&["ListUserGroups"]).ok().contains("night shift"));

    // An account that is locked is nobody's.
    assert_eq!(said(&["EditUser", "--userid", "user//bert", "--rights", "locked"]), "ok");
    assert!(bert(&["ListDevices"]).contains("Invalid login"));
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
