//! `/meshagents`: the program of an agent with the settings of a group, for `meshctrl`, for scripts, and for slow readers.

use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use meshlite_tests::meshctrl::{command, run};
use meshlite_tests::peer::{connect_tls, say};
use meshlite_tests::server::Options;
use meshlite_tests::{PATIENCE, Running, Server, eventually, interop, place, procfs};
use serde_json::Value;

/// The bare id of the group "lab".
fn lab(server: &Server) -> String {
    server.settings("lab").mesh_id().expect("a group has an id").to_text64()
}

/// One plain GET: status, head, body.
fn get(server: &Server, target: &str) -> (u16, String, Vec<u8>) {
    let request = format!("GET {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    let answer = say(server.address(), request.as_bytes(), PATIENCE).expect("an answer");
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n").expect("a head");
    let head = String::from_utf8_lossy(&answer[..end]).into_owned();
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
    (status, head, answer[end + 4..].to_vec())
}

#[test]
fn meshctrl_downloads_an_agent_that_connects() {
    let Some(meshcentral) = interop() else { return };
    let server = Server::start();
    server.add_group("lab");
    let dir = tempfile::tempdir().unwrap();
    let group = lab(&server);
    let mut ask = command(
        &meshcentral,
        &server.account(),
        &["AgentDownload", "--type", "6", "--id", &group, "--installflags", "1"],
    );
    let answer = run(ask.current_dir(dir.path()), PATIENCE);
    assert!(answer.stdout.contains("Downloaded"), "{answer:?}");
    let file = dir.path().join("meshlite-agent");
    let (got, own) = (fs::read(&file).unwrap(), fs::read(place::program("meshlite-agent")).unwrap());
    assert!(got.starts_with(&own) && got.len() > own.len(), "it is our program with settings behind it");
    let tail = String::from_utf8_lossy(&got[own.len()..]).into_owned();
    assert!(tail.contains("MeshServer=wss://127.0.0.1:") && tail.contains("InstallFlags=1"), "{tail}");

    fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
    let mut agent = Command::new(&file);
    agent.args(["run", "--state"]).arg(dir.path().join("state")).current_dir(dir.path());
    let mut agent = Running::spawn("meshlite-agent", &mut agent);
    server.wait_connected(1);
    agent.assert_no_panic();
    agent.stop(PATIENCE);

    let mut unknown =
        command(&meshcentral, &server.account(), &["AgentDownload", "--type", "5", "--id", &group]);
    let answer = run(unknown.current_dir(dir.path()), PATIENCE);
    assert!(answer.stdout.contains("statusCode: 404"), "{answer:?}");
}

#[test]
fn the_real_agent_from_the_folder_finds_its_settings() {
    let Some(meshcentral) = interop() else { return };
    let dir = tempfile::tempdir().unwrap();
    let agents = dir.path().join("agents");
    fs::create_dir(&agents).unwrap();
    fs::copy(meshcentral.join("agents/meshagent_x86-64"), agents.join("6-meshagent")).unwrap();
    let run_with = vec!["--agents".to_owned(), agents.display().to_string()];
    let server = Server::with(Options { run: run_with, ..Options::default() });
    server.add_group("lab");
    let mut ask =
        command(&meshcentral, &server.account(), &["AgentDownload", "--type", "6", "--id", &lab(&server)]);
    let answer = run(ask.current_dir(dir.path()), PATIENCE);
    assert!(answer.stdout.contains("\"meshagent\""), "{answer:?}");
    let file = dir.path().join("meshagent");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
    // Without a word it would only explain itself; so installers start it.
    let mut agent = Command::new(&file);
    agent.arg("connect").current_dir(dir.path());
    let _agent = Running::spawn("MeshAgent", &mut agent);
    let devices = server.wait_connected(1);
    assert_eq!(devices[0]["group"], "lab", "{devices:?}");
}

#[test]
fn the_install_script_checks_what_it_downloads() {
    let server = Server::start();
    server.add_group("lab");
    let dir = tempfile::tempdir().unwrap();
    let (status, _, script) = get(&server, &format!("/meshagents?script=1&meshid={}", lab(&server)));
    assert_eq!(status, 200);
    let script = String::from_utf8(script).unwrap();
    let file = dir.path().join("script.sh");
    let start = |text: &str, folder: &Path, more: &str| {
        fs::write(&file, text).unwrap();
        let mut shell = Command::new("sh");
        shell.arg(&file).env("MESHLITE_DIR", folder).env("MESHLITE_DOWNLOAD_ONLY", more);
        run(shell.env("XDG_STATE_HOME", dir.path().join("state")), PATIENCE)
    };
    let here = dir.path().join("here");
    let done = start(&script, &here, "1");
    assert_eq!(done.code, Some(0), "{done:?}");
    assert!(done.stderr.contains("downloaded and checked"), "{done:?}");
    let got = fs::read(here.join("meshlite-agent")).unwrap();
    assert!(got.starts_with(&fs::read(place::program("meshlite-agent")).unwrap()));
    let again = start(&script, &here, "1");
    assert!(again.code == Some(1) && again.stderr.contains("exists already"), "{again:?}");

    // Another program than the one the script was made for leaves nothing behind.
    let at = script.find("SHA384=").unwrap() + 7;
    let other = if &script[at..=at] == "0" { "1" } else { "0" };
    let wrong = format!("{}{other}{}", &script[..at], &script[at + 1..]);
    let there = dir.path().join("there");
    let refused = start(&wrong, &there, "1");
    assert!(refused.code == Some(1) && refused.stderr.contains("it was removed"), "{refused:?}");
    assert_eq!(fs::read_dir(&there).unwrap().count(), 0);

    // Nor do other settings; and those for installers are asked for with the same character.
    let at = script.find("\nSETTINGS=").unwrap() + 10;
    let other = if &script[at..=at] == "0" { "1" } else { "0" };
    let wrong = format!("{}{other}{}", &script[..at], &script[at + 1..]);
    let refused = start(&wrong, &there, "1");
    assert!(refused.code == Some(1) && refused.stderr.contains("the settings are not"), "{refused:?}");
    assert_eq!(fs::read_dir(&there).unwrap().count(), 0);
    let target = format!("/meshagents?script=1&meshid={}&installflags=2", lab(&server));
    let flagged = String::from_utf8(get(&server, &target).2).unwrap();
    let done = start(&flagged, &dir.path().join("flagged"), "1");
    assert_eq!(done.code, Some(0), "{done:?}");

    // Without anything said it runs the agent, which connects.
    fs::write(&file, &script).unwrap();
    let mut shell = Command::new("sh");
    shell.arg(&file).env("MESHLITE_DIR", &there);
    shell.env("STATE_DIRECTORY", dir.path().join("state"));
    let _agent = Running::spawn("install script", &mut shell);
    server.wait_connected(1);
}

#[test]
fn strangers_learn_which_programs_there_are_and_nothing_of_groups() {
    let mut server = Server::start();
    server.add_group("lab");
    let (status, _, body) = get(&server, "/meshagents");
    assert_eq!(status, 200);
    let list: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(list["agents"][0]["id"], 6, "{list}");
    assert_eq!(list["agents"][0]["sha384"].as_str().unwrap().len(), 96);
    let stranger = "A".repeat(64);
    for (target, wanted) in [
        ("/meshagents?id=9999".to_owned(), 404),
        ("/meshagents?id=../../etc/passwd".to_owned(), 404),
        ("/meshagents?id=-6".to_owned(), 404),
        ("/meshagents?id=4".to_owned(), 404),
        (format!("/meshagents?id=6&meshid={stranger}"), 404),
        ("/meshagents?id=6&meshid=x".to_owned(), 404),
        ("/meshagents?script=1".to_owned(), 400),
        (format!("/meshagents?script=1&meshid={stranger}"), 404),
    ] {
        let (status, _, body) = get(&server, &target);
        assert_eq!(status, wanted, "{target}: {}", String::from_utf8_lossy(&body));
    }
    let head = b"HEAD /meshagents?id=6 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    let answer = say(server.address(), head, PATIENCE).unwrap();
    let answer = String::from_utf8_lossy(&answer);
    let own = fs::metadata(place::program("meshlite-agent")).unwrap().len();
    assert!(
        answer.contains(&format!("Content-Length: {own}\r\n")) && answer.ends_with("\r\n\r\n"),
        "{answer}"
    );
    server.process().assert_no_panic();
}

#[test]
fn slow_readers_cost_little_memory_and_nobody_else_waits() {
    let dir = tempfile::tempdir().unwrap();
    let agents = dir.path().join("agents");
    fs::create_dir(&agents).unwrap();
    let size = 40_usize << 20;
    fs::write(agents.join("26-big"), vec![b'x'; size]).unwrap();
    let run = vec!["--agents".to_owned(), agents.display().to_string()];
    let mut server = Server::with(Options { run, ..Options::default() });
    let before = procfs::anonymous_kib(server.pid());
    let mut readers: Vec<_> = (0..20)
        .map(|_| {
            let mut stream = connect_tls(server.address()).unwrap();
            stream
                .write_all(b"GET /meshagents?id=26 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
                .unwrap();
            let mut start = [0; 1000];
            stream.read_exact(&mut start).unwrap();
            assert!(start.starts_with(b"HTTP/1.1 200"));
            stream
        })
        .collect();
    // They stop reading here; somebody else does not notice.
    let (status, _, body) = get(&server, "/meshagents?id=26");
    assert_eq!((status, body.len()), (200, size));
    let grown = procfs::anonymous_kib(server.pid()).saturating_sub(before);
    assert!(grown < 20 * 1024, "20 readers of 40 MiB cost {grown} KiB");
    // A reader that goes on gets everything; those that leave give their places back.
    let mut one = readers.pop().unwrap();
    let mut rest = Vec::new();
    one.sock.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let _ = one.read_to_end(&mut rest);
    assert!(
        rest.len() > size - 1000 && rest.iter().rev().take(size - 1000).all(|b| *b == b'x'),
        "{}",
        rest.len()
    );
    drop(readers);
    eventually("many more downloads", PATIENCE, || {
        (0..70)
            .all(|_| {
                let head = b"HEAD /meshagents?id=26 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
                say(server.address(), head, PATIENCE).is_ok_and(|answer| answer.starts_with(b"HTTP/1.1 200"))
            })
            .then_some(())
    });
    server.process().assert_no_panic();
}
