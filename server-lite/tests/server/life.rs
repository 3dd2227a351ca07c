//! Starting, stopping, and working on a server from the command line while it runs.

use std::io::{BufRead, BufReader};
use std::process::{Command, Output, Stdio};

use serde_json::json;
use server_lite::admin::{AdminRequest, ask_running};

use super::lab::{Lab, certs, eventually, options, prepare};
use super::peers::{Plan, User, meshauth};
use server_lite::server::Running;

#[test]
fn a_stop_loses_nothing_and_ends_connections() {
    let mut lab = Lab::start();
    let user = User::admin(&lab);
    let agent = Plan::new(&lab).join();
    agent.keep_own_core();
    let before = user.device().unwrap();
    user.ask(json!({"action": "createmesh", "meshname": "new", "meshtype": 2}));
    let started = std::time::Instant::now();
    lab.restart();
    assert!(started.elapsed().as_secs() < 8, "{:?}", started.elapsed());
    agent.socket.closed();
    user.socket.closed();
    let user = User::admin(&lab);
    let after = user.device().unwrap();
    assert_eq!(after["_id"], before["_id"]);
    assert!(after.get("conn").is_none());
    assert_eq!(user.ask(json!({"action": "meshes"}))["meshes"].as_array().unwrap().len(), 2);
    let events = user.ask(json!({"action": "events", "nodeid": after["_id"]}));
    assert_eq!(events["events"][0]["msg"], "Agent disconnected");
    let agent = Plan { pin: agent.pin, ..Plan::new(&lab) }.join();
    assert!(agent.skipped, "the certificate is still the same");
}

#[test]
fn a_second_server_on_the_same_directory_is_refused() {
    let lab = Lab::start();
    let refused = Running::start(&options(lab.dir.path())).err().unwrap().to_string();
    assert!(refused.contains("store"), "{refused}");
    let empty = tempfile::tempdir().unwrap();
    let refused = Running::start(&options(empty.path())).err().unwrap().to_string();
    assert!(refused.contains("meshlite-server init"), "{refused}");
    let taken = Running::start(&server_lite::server::RunOptions {
        listen: lab.running().address(),
        workers: Some(1),
        ..{
            prepare(empty.path());
            options(empty.path())
        }
    });
    assert!(taken.err().unwrap().to_string().contains("in use"));
}

#[test]
fn a_running_server_takes_requests_on_its_control_socket() {
    let lab = Lab::start();
    let user = User::admin(&lab);
    let ask = |request| ask_running(lab.dir.path(), &request).unwrap();
    ask(AdminRequest::GroupAdd { name: "second".into() }).unwrap();
    assert_eq!(user.wait_event("createmesh")["name"], "second");
    let url = "wss://127.0.0.1:1/agent.ashx".to_owned();
    let msh = ask(AdminRequest::GroupMsh { name: "second".into(), url }).unwrap();
    assert!(msh["msh"].as_str().unwrap().contains("MeshName=second\r\n"));
    let (why, code) = ask(AdminRequest::GroupAdd { name: "second".into() }).unwrap_err();
    assert!(why.contains("exists") && code == 4);
    // A new password ends the sessions of the old one.
    ask(AdminRequest::SetAdmin { name: "admin".into(), password: "changed".into() }).unwrap();
    user.socket.closed();
    User::sign_in(&lab, &meshauth("admin", "changed"));
}

#[test]
fn a_renewed_web_certificate_is_served_after_a_reload_and_the_old_one_accepted() {
    let lab = Lab::start();
    let renewed = microstack::crypto::ServerCerts::create("127.0.0.1", true).unwrap();
    let old = Plan::new(&lab).join();
    for file in renewed.to_files().unwrap().into_iter().filter(|file| file.name.starts_with("webserver")) {
        let path = lab.dir.path().join("certs").join(file.name);
        if file.secret {
            microstack::store::secret_file::write_secret(&path, file.pem.as_bytes()).unwrap();
        } else {
            std::fs::write(&path, file.pem).unwrap();
        }
    }
    lab.running().reload();
    let new = microstack::crypto::tls_hash(renewed.web.leaf());
    eventually("the new certificate is served", || lab.running().house().facts().tls_hash == new.to_hex());
    // The pin of the old certificate is of no use now: the full path, by the new certificate.
    let agent = Plan { pin: old.pin, ..Plan::new(&lab) }.join();
    assert!(!agent.skipped);
    let held_by_proxy = microstack::crypto::tls_hash(certs().web.leaf());
    Plan { claimed: Some(held_by_proxy), ..Plan::new(&lab) }.join();
}

#[test]
fn the_program_initialises_runs_and_stops() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let password = dir.path().join("pw");
    std::fs::write(&password, "secret\n").unwrap();
    let program = env!("CARGO_BIN_EXE_meshlite-server");
    let call = |args: &[&str]| -> Output {
        Command::new(program).args(args).arg("--data").arg(&data).output().unwrap()
    };
    let password = password.to_str().unwrap();
    let init = call(&[
        "init",
        "--admin",
        "admin",
        "--password-file",
        password,
        "--name",
        "127.0.0.1",
        "--fastcert",
        "--web-key",
        "p256",
    ]);
    assert!(init.status.success(), "{}", String::from_utf8_lossy(&init.stderr));
    assert!(call(&["group", "add", "lab"]).status.success());
    assert_eq!(call(&["group", "add", "lab"]).status.code(), Some(4));
    assert_eq!(call(&["group", "nonsense"]).status.code(), Some(2));

    let mut server = Command::new(program)
        .args(["run", "--listen", "127.0.0.1:0", "--data"])
        .arg(&data)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(server.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert!(line.starts_with("listening on https://127.0.0.1:"), "{line}");
    // On a running server, by its socket.
    let msh = call(&[
        "group",
        "msh",
        "lab",
        "--url",
        &format!("wss://{}/agent.ashx", line.trim().rsplit('/').next().unwrap()),
    ]);
    assert!(String::from_utf8(msh.stdout).unwrap().starts_with("\r\nMeshName=lab\r\n"));
    let status = call(&["cert", "status", "--json"]);
    let status: serde_json::Value = serde_json::from_slice(&status.stdout).unwrap();
    assert!(status["certificates"][2]["key"].as_str().unwrap().contains("256"), "{status}");
    let again = call(&["init", "--admin", "admin", "--password-file", password]);
    assert!(again.status.success(), "{}", String::from_utf8_lossy(&again.stderr));
    let killed = Command::new("kill").arg("-TERM").arg(server.id().to_string()).status().unwrap();
    assert!(killed.success());
    assert_eq!(server.wait().unwrap().code(), Some(0));
    assert!(!data.join("control.sock").exists());
}

#[test]
fn what_was_confirmed_survives_kill_9() {
    let dir = tempfile::tempdir().unwrap();
    prepare(dir.path());
    let program = env!("CARGO_BIN_EXE_meshlite-server");
    for round in 0..8 {
        let mut server = Command::new(program)
            .args(["run", "--listen", "127.0.0.1:0", "--data"])
            .arg(dir.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(server.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let port = line.trim().rsplit(':').next().unwrap().parse().expect("a ready line");
        let user = User::admin_at(port);
        let listed = user.ask(json!({"action": "meshes"}));
        assert_eq!(listed["meshes"].as_array().unwrap().len(), 1 + round, "every confirmed group is there");
        let made =
            user.ask(json!({"action": "createmesh", "meshname": format!("group {round}"), "meshtype": 2}));
        assert_eq!(made["result"], "ok");
        server.kill().unwrap(); // SIGKILL
        server.wait().unwrap();
    }
}
