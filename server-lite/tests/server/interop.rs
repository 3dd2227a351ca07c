//! Real programs of MeshCentral 1.1.55 against our server. `MESHLITE_MESHCENTRAL` names the installed npm package;
//! without it these tests say so and pass.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use server_lite::admin::{AdminRequest, ask_running};

use super::lab::{Lab, PASSWORD, eventually};
use super::peers::User;

fn meshcentral() -> Option<PathBuf> {
    let found = std::env::var_os("MESHLITE_MESHCENTRAL").map(PathBuf::from);
    if found.is_none() {
        eprintln!("skipped: set MESHLITE_MESHCENTRAL to node_modules/meshcentral to run this test");
    }
    found
}

/// A real agent in a directory of its own; killed when dropped.
struct RealAgent {
    child: Child,
    dir: tempfile::TempDir,
}

impl RealAgent {
    fn install(lab: &Lab) -> Option<RealAgent> {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let program = dir.path().join("meshagent_x86-64");
        std::fs::copy(meshcentral()?.join("agents/meshagent_x86-64"), &program).unwrap();
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
        let url = format!("wss://127.0.0.1:{}/agent.ashx", lab.port());
        let request = AdminRequest::GroupMsh { name: "lab".into(), url };
        let msh = ask_running(lab.dir.path(), &request).unwrap().unwrap();
        std::fs::write(dir.path().join("meshagent_x86-64.msh"), msh["msh"].as_str().unwrap()).unwrap();
        Some(RealAgent { child: RealAgent::spawn(&dir), dir })
    }

    fn spawn(dir: &tempfile::TempDir) -> Child {
        Command::new(dir.path().join("meshagent_x86-64"))
            .arg("run")
            .current_dir(dir.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap()
    }

    fn restart(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.child = RealAgent::spawn(&self.dir);
    }
}

impl Drop for RealAgent {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs the real `meshctrl`; it must end by itself.
fn meshctrl(lab: &Lab, args: &[&str]) -> String {
    let mut child = Command::new("node")
        .arg(meshcentral().unwrap().join("meshctrl.js"))
        .args(args)
        .args([
            "--url",
            &format!("wss://127.0.0.1:{}", lab.port()),
            "--loginuser",
            "admin",
            "--loginpass",
            PASSWORD,
        ])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let until = Instant::now() + Duration::from_secs(30);
    while child.try_wait().unwrap().is_none() {
        if Instant::now() > until {
            child.kill().unwrap();
            panic!("meshctrl {args:?} did not end");
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    let output = child.wait_with_output().unwrap();
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

#[test]
fn the_real_meshctrl_manages_groups() {
    if meshcentral().is_none() {
        return;
    }
    let lab = Lab::start();
    assert!(meshctrl(&lab, &["ServerInfo"]).contains("name: 127.0.0.1"));
    assert!(meshctrl(&lab, &["UserInfo"]).contains("_id: user//admin"));
    assert!(meshctrl(&lab, &["ListDeviceGroups"]).contains("\"lab\""));
    assert!(meshctrl(&lab, &["AddDeviceGroup", "--name", "shop floor"]).starts_with("ok mesh//"));
    let listed = meshctrl(&lab, &["ListDeviceGroups"]);
    let line = listed.lines().find(|line| line.contains("shop floor")).unwrap();
    let id = line.split('"').nth(1).unwrap();
    assert!(meshctrl(&lab, &["RemoveDeviceGroup", "--id", id]).starts_with("ok"));
    assert!(!meshctrl(&lab, &["ListDeviceGroups"]).contains("shop floor"));
    assert!(meshctrl(&lab, &["ListDevices"]).contains("None"));
    assert!(meshctrl(&lab, &["ListEvents"]).contains("createmesh"));
    assert!(meshctrl(&lab, &["ListDevices", "--loginpass", "wrong"]).contains("Invalid login"));
    assert!(meshctrl(&lab, &["ListUserGroups"]).len() < 10_000, "ends");
}

#[test]
fn the_real_meshctrl_signs_in_with_a_second_factor_and_manages_users() {
    use server_lite::accounts::totp::recovery_codes;
    use server_lite::model::SecondFactor;

    if meshcentral().is_none() {
        return;
    }
    let lab = Lab::start();
    assert!(
        meshctrl(&lab, &["AddUser", "--user", "bert", "--pass", "long enough", "--realname", "Bert"])
            .starts_with("ok")
    );
    assert!(
        meshctrl(&lab, &["EditUser", "--userid", "bert", "--email", "b@example.org", "--rights", "locked"])
            .starts_with("ok")
    );
    assert!(meshctrl(&lab, &["ListUsers", "--json"]).contains("b@example.org"));
    let locked = meshctrl(&lab, &["UserInfo", "--loginuser", "bert", "--loginpass", "long enough"]);
    assert!(locked.contains("Invalid login"), "{locked}");
    assert!(meshctrl(&lab, &["EditUser", "--userid", "bert", "--rights", "none"]).starts_with("ok"));
    assert!(meshctrl(&lab, &["ListUserSessions"]).contains("user//admin, 1 session."));
    assert!(meshctrl(&lab, &["AddUserGroup", "--name", "night"]).starts_with("ok"));
    let listed = meshctrl(&lab, &["ListUserGroups"]);
    let group = listed.split(',').next().unwrap().to_owned();
    assert!(group.starts_with("ugrp//"), "{listed}");
    assert!(meshctrl(&lab, &["AddToUserGroup", "--id", "user//bert", "--groupid", &group]).starts_with("ok"));
    assert!(meshctrl(&lab, &["ListUserGroups"]).contains("    user//bert"));
    let mesh = server_lite::model::mesh_text(&lab.mesh);
    let add = ["AddToUserGroup", "--id", &mesh, "--groupid", &group, "--rights", "8"];
    let said = meshctrl(&lab, &add);
    assert!(said.starts_with("ok"), "{said}");
    assert!(meshctrl(&lab, &["ListUserGroups"]).contains(&format!("    {mesh}, 8")));
    let remove = ["RemoveFromUserGroup", "--id", &mesh, "--groupid", &group];
    assert!(meshctrl(&lab, &remove).starts_with("ok"));
    assert!(meshctrl(&lab, &["RemoveAllUsersFromUserGroup", "--groupid", &group]).contains("ok"));
    assert!(meshctrl(&lab, &["RemoveUserGroup", "--groupid", &group]).starts_with("ok"));
    assert!(meshctrl(&lab, &["RemoveUser", "--userid", "bert"]).starts_with("ok"));

    let (codes, recovery) = recovery_codes();
    let second = SecondFactor { secret: "00".repeat(20), last_step: u64::MAX, recovery };
    lab.running().house().data.change_user("user//admin", |user| user.second = Some(second)).unwrap();
    assert!(meshctrl(&lab, &["UserInfo"]).contains("oken"), "it asks for the token");
    assert!(meshctrl(&lab, &["UserInfo", "--token", &codes[0]]).contains("_id: user//admin"));
    assert!(
        !meshctrl(&lab, &["UserInfo", "--token", &codes[0]]).contains("_id: user//admin"),
        "a code is good once"
    );
}

#[test]
fn the_real_agent_works_under_the_real_meshctrl() {
    let lab = Lab::start();
    let Some(mut agent) = RealAgent::install(&lab) else { return };
    let user = User::admin(&lab);
    eventually("the agent is on line with our core", || {
        user.device().is_some_and(|device| device["agent"]["core"].is_string() && device["conn"] == 1)
    });
    let id = user.device().unwrap()["_id"].as_str().unwrap().to_owned();
    assert!(meshctrl(&lab, &["ListDevices"]).contains("Device group: \"lab\""));
    assert!(meshctrl(&lab, &["ListDevices", "--csv"]).contains(",1,1"));
    let info = meshctrl(&lab, &["DeviceInfo", "--id", &id]);
    assert!(info.contains("Mesh Agent: Linux 64bit") && info.contains("Connected now"), "{info}");
    assert!(meshctrl(&lab, &["RunCommand", "--id", &id, "--run", "true"]).starts_with("OK"));
    assert_eq!(
        meshctrl(&lab, &["RunCommand", "--id", &id, "--run", "echo $((6*7))", "--reply"]).trim(),
        "42"
    );

    agent.restart();
    eventually("the agent is back", || {
        let events = user.ask(serde_json::json!({"action": "events", "nodeid": id}));
        let ups =
            events["events"].as_array().unwrap().iter().filter(|e| e["msg"] == "Agent connected").count();
        ups == 2 && user.device().unwrap()["conn"] == 1
    });
    assert_eq!(meshctrl(&lab, &["RunCommand", "--id", &id, "--run", "echo back", "--reply"]).trim(), "back");
    assert_eq!(meshctrl(&lab, &["EditDevice", "--id", &id, "--name", "desk"]).trim(), "ok");
    assert!(meshctrl(&lab, &["ListDevices"]).contains("\"desk\""));
    assert_eq!(meshctrl(&lab, &["RemoveDevice", "--id", &id]).trim(), "ok");
}
