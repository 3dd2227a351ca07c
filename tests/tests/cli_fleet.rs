//! The operator's tool beyond one session: commands on many devices, processes and services, what the server knows,
//! following along, and the tool's own manual.

use std::fs;
use std::io::{Read, Write};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use meshlite_tests::{Agent, PATIENCE, Server, Tool, eventually, procfs};
use serde_json::Value;

fn ready(server: &Server, count: usize) -> Vec<Value> {
    eventually(&format!("{count} devices with cores"), PATIENCE * 2, || {
        let has_core =
            |d: &Value| d["connected"] == true && d["core"].as_str().is_some_and(|c| !c.is_empty());
        let devices: Vec<Value> = server.devices().into_iter().filter(has_core).collect();
        (devices.len() == count).then_some(devices)
    })
}

fn lines(out: &str) -> Vec<Value> {
    out.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}"))).collect()
}

#[test]
fn a_command_runs_on_a_group_of_which_one_is_offline() {
    let server = Server::start();
    let msh = server.group("lab");
    let _first = Agent::with_identity(&msh, 0, &[]);
    let mut second = Agent::with_identity(&msh, 1, &[]);
    let devices = ready(&server, 2);
    let tool = Tool::log_in(&server.account());
    // Which comes first in the list depends on the kept identities, which each machine draws for itself.
    let of_second = second.database_id();
    for device in &devices {
        let id = device["id"].as_str().unwrap();
        let name = if of_second.ends_with(id) { "two" } else { "one" };
        tool.run(&["device", "rename", id, name]).ok();
    }
    tool.run(&["device", "tag", "one", "kitchen", "wall"]).ok();

    let both = tool.run(&["run", "--group", "lab", "--parallel", "2", "echo", "here", "$((6*7))"]);
    assert_eq!(both.code, Some(0), "{both:?}");
    assert!(both.stdout.contains("one | here 42") && both.stdout.contains("two | here 42"), "{both:?}");
    assert!(both.stderr.contains("2 done, 0 failed, 0 offline"), "{both:?}");
    let failed = tool.run(&["run", "--json", "--all", "echo x; exit 3"]);
    assert_eq!(failed.code, Some(1), "{failed:?}");
    assert!(lines(&failed.stdout).iter().all(|line| line["exitCode"] == 3 && line["output"] == "x\n"));
    let tagged = lines(&tool.run(&["run", "--json", "--tag", "kitchen", "true"]).ok());
    assert_eq!((tagged.len(), &tagged[0]["name"]), (1, &"one".into()));
    assert_eq!(tool.run(&["run", "--tag", "cellar", "true"]).code, Some(2));
    let slow = tool.run(&["run", "--json", "--tag", "wall", "--timeout", "1", "sleep 20"]);
    assert_eq!(slow.code, Some(1), "{slow:?}");
    assert!(lines(&slow.stdout)[0]["error"].as_str().unwrap().contains("no answer"), "{slow:?}");

    second.stop();
    eventually("one is offline", PATIENCE, || {
        let two = server.devices().into_iter().find(|d| d["name"] == "two")?;
        (two["connected"] == false).then_some(())
    });
    let some = tool.run(&["run", "--json", "--group", "lab", "echo hi"]);
    assert_eq!(some.code, Some(1), "{some:?}");
    let offline: Vec<Value> =
        lines(&some.stdout).into_iter().filter(|line| line["error"] == "offline").collect();
    assert_eq!((offline.len(), &offline[0]["name"]), (1, &"two".into()), "{some:?}");
    // Waited for, it takes part.
    let mut waiting = tool.command(&["run", "--json", "--group", "lab", "--wait", "60", "echo late"]);
    let waiting = waiting.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    second.restart();
    let waited = waiting.wait_with_output().unwrap();
    assert!(waited.status.success(), "{waited:?}");
    assert_eq!(lines(&String::from_utf8(waited.stdout).unwrap()).len(), 2);
}

#[test]
fn a_command_has_pipes_and_an_exit_code() {
    let server = Server::start();
    let _agent = Agent::start(&server.group("lab"));
    let id = ready(&server, 1)[0]["id"].as_str().unwrap().to_owned();
    let tool = Tool::log_in(&server.account());
    // Every byte value, and nothing is added or changed.
    let bytes: Vec<u8> = (0..300_000_u32).map(|n| (n * 7 % 256) as u8).collect();
    let mut cat = tool.command(&["shell", &id, "--", "cat; echo problem >&2; exit 5"]);
    let mut cat = cat.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut input = cat.stdin.take().unwrap();
    let sent = bytes.clone();
    let writing = std::thread::spawn(move || input.write_all(&sent));
    let done = cat.wait_with_output().unwrap();
    writing.join().unwrap().unwrap();
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    assert_eq!(done.status.code(), Some(5), "{said}");
    assert!(done.stdout == bytes, "{} bytes came back of {}: {said}", done.stdout.len(), bytes.len());
    assert!(said.contains("problem"), "{said}");

    // Who does not read holds the device back, not the tool's memory.
    let mut flood = tool.command(&["shell", &id, "--", "head -c 60000000 /dev/zero"]);
    let mut flood = flood.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut peak = 0;
    let stalled = Instant::now();
    while stalled.elapsed() < Duration::from_secs(3) {
        peak = peak.max(procfs::anonymous_kib(flood.id()));
        std::thread::sleep(Duration::from_millis(50));
    }
    let mut zeros = 0;
    let mut block = vec![0; 1 << 16];
    let mut out = flood.stdout.take().unwrap();
    while let Ok(length @ 1..) = out.read(&mut block) {
        zeros += length;
        peak = peak.max(procfs::anonymous_kib(flood.id()));
    }
    assert_eq!((zeros, flood.wait().unwrap().code()), (60_000_000, Some(0)));
    assert!(peak < 24 << 10, "the tool grew to {peak} KiB");

    // On a terminal the command has one too.
    let mut terminal = tool.terminal(&["shell", &id, "--", "test", "-t", "0", "&&", "exit", "9"]);
    assert_eq!(terminal.ends(), Some(9));
    // Killed by a signal, the tool gives the terminal back and says so in its exit code.
    let mut shell = tool.terminal(&["shell", &id]);
    shell.press("echo R$((1+1))S\r");
    shell.shows("R2S");
    shell.signal(rustix::process::Signal::TERM);
    assert_eq!(shell.ends(), Some(128 + 15));
    assert!(shell.echoes(), "the terminal is left as it was");
}

#[test]
fn processes_are_listed_and_ended() {
    let server = Server::start();
    let _agent = Agent::start(&server.group("lab"));
    let id = ready(&server, 1)[0]["id"].as_str().unwrap().to_owned();
    let tool = Tool::log_in(&server.account());
    let mut victim = Command::new("sleep").arg("4321").spawn().unwrap();
    let all = tool.run(&["ps", "--json", &id]).json();
    let pid = u64::from(victim.id());
    assert!(all.as_array().unwrap().iter().any(|process| process["pid"] == pid), "{all}");
    // A zombie stays in the list until its parent looks: the parent is this test.
    let reaper = std::thread::spawn(move || victim.wait().unwrap());
    let ended = tool.run(&["kill", &id, &pid.to_string()]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(!reaper.join().unwrap().success());
    assert_eq!(tool.run(&["kill", &id, "4194304"]).code, Some(1), "there is no such process");
    let services = tool.run(&["services", "--json", &id]);
    assert!(services.json().is_array(), "{services:?}");
    let missing = tool.run(&["service", "restart", &id, "no-such-service-here"]);
    assert_eq!(missing.code, Some(1), "{missing:?}");

    let top = tool.run(&["top", "--once", "--json"]).json();
    assert_eq!((&top[0]["connected"], top[0]["memory"].is_number()), (&true.into(), true), "{top}");
    let mut screen = tool.terminal(&["top"]);
    screen.shows("1 of 1 devices online");
    screen.press("q");
    assert_eq!(screen.ends(), Some(0));
}

#[test]
fn groups_users_and_tokens_come_and_go() {
    let server = Server::start();
    let tool = Tool::log_in(&server.account());
    tool.run(&["group", "add", "Office", "--description", "upstairs"]).ok();
    tool.run(&["group", "rename", "Office", "Attic"]).ok();
    let password = tool.folder().join("new-password");
    fs::write(&password, "a-good-long-one-7").unwrap();
    tool.run(&["user", "add", "bob", "--password-file", password.to_str().unwrap()]).ok();
    assert!(tool.run(&["user", "list", "--json"]).json().to_string().contains("user//bob"));
    tool.run(&["group", "admit", "Attic", "bob", "--rights", "control,run"]).ok();
    let members = tool.run(&["group", "members", "Attic", "--json"]).json();
    let bob = members.as_array().unwrap().iter().find(|m| m["user"] == "user//bob").expect("bob");
    assert_eq!(bob["names"], "control,run");
    assert_eq!(tool.run(&["group", "admit", "Attic", "bob", "--rights", "magic"]).code, Some(2));

    // What bob may do follows.
    let account = meshlite_tests::Account {
        user: "bob".into(),
        password: "a-good-long-one-7".into(),
        ..server.account()
    };
    let bob = Tool::log_in(&account);
    assert_eq!(bob.run(&["groups", "--json"]).json()[0]["name"], "Attic");
    assert_eq!(bob.run(&["group", "remove", "Attic"]).code, Some(4));
    assert_eq!(bob.run(&["user", "list"]).code, Some(4));
    tool.run(&["group", "expel", "Attic", "bob"]).ok();
    assert_eq!(bob.run(&["groups", "--json"]).json(), Value::Array(Vec::new()));

    let token = tool.run(&["token", "add", "nightly", "--minutes", "60", "--json"]).json();
    assert!(token["user"].as_str().unwrap().starts_with("~t:") && token["expires"].is_number());
    assert!(tool.run(&["token", "list"]).ok().contains("nightly"));
    tool.run(&["token", "remove", "nightly"]).ok();
    assert_eq!(tool.run(&["token", "remove", "nightly"]).code, Some(2));
    tool.run(&["user", "remove", "bob"]).ok();
    tool.run(&["group", "remove", "Attic"]).ok();
    assert_eq!(tool.run(&["groups", "--json"]).json(), Value::Array(Vec::new()));
}

#[test]
fn events_are_followed_over_a_restart_of_the_server() {
    let mut server = Server::start();
    let tool = Tool::log_in(&server.account());
    let mut follow = tool.start(&["events", "-f", "--json"]);
    tool.run(&["group", "add", "before"]).ok();
    follow.expect(0, &["createmesh", "before"], PATIENCE);
    server.restart();
    tool.run(&["group", "add", "after"]).ok();
    follow.expect(0, &["createmesh", "after"], PATIENCE);
    let told =
        follow.lines_from(0).iter().filter(|l| l.contains("createmesh") && l.contains("before")).count();
    assert_eq!(told, 1, "nothing is told twice");
}

#[test]
fn the_manual_and_the_completions_are_made_from_the_tool() {
    let folder = tempfile::tempdir().unwrap();
    let meshlite = meshlite_tests::place::program("meshlite");
    let say = |args: &[&str]| {
        let out = Command::new(&meshlite).args(args).output().unwrap();
        assert!(out.status.success(), "{out:?}");
        String::from_utf8(out.stdout).unwrap()
    };
    let bash = folder.path().join("bash");
    fs::write(&bash, say(&["completions", "bash"])).unwrap();
    assert!(Command::new("bash").arg("-n").arg(&bash).status().unwrap().success());
    // The function is there, and offers commands.
    let script = ". \"$1\"; COMP_WORDS=(meshlite she); COMP_CWORD=1; COMP_LINE='meshlite she'; COMP_POINT=12; \
                  _meshlite_with_names meshlite she meshlite; echo \"${COMPREPLY[*]}\"";
    let offered = Command::new("bash").args(["-c", script, "bash"]).arg(&bash).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&offered.stdout).trim(), "shell", "{offered:?}");
    assert!(say(&["completions", "zsh"]).contains(":_meshlite_device_names'"));
    assert!(say(&["completions", "fish"]).contains("complete-names"));

    let pages = folder.path().join("man");
    say(&["man", pages.to_str().unwrap()]);
    let mut count = 0;
    for page in fs::read_dir(&pages).unwrap().flatten() {
        let text = fs::read_to_string(page.path()).unwrap();
        assert!(
            text.contains(".TH ") && text.contains(".SH NAME") && text.contains(".SH SYNOPSIS"),
            "{page:?}"
        );
        assert!(text.is_ascii(), "not every roff reads UTF-8: {page:?}");
        count += 1;
    }
    assert!(count > 40, "{count} pages");
    let shell = fs::read_to_string(pages.join("meshlite-shell.1")).unwrap();
    assert!(shell.contains("e2e") && shell.contains("meshlite\\-shell"), "{shell}");
}

#[test]
fn a_recording_is_played_with_its_pauses() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.cast");
    let cast = "{\"version\":2,\"width\":80,\"height\":24}\n[0.1,\"o\",\"one \"]\n[0.2,\"i\",\"typed\"]\n\
                [2.1,\"o\",\"two\\r\\n\"]\n";
    fs::write(&file, cast).unwrap();
    let meshlite = meshlite_tests::place::program("meshlite");
    let begun = Instant::now();
    let out = Command::new(meshlite).args(["play", "--speed", "2"]).arg(&file).output().unwrap();
    assert_eq!(out.stdout, b"one two\r\n", "{out:?}");
    assert!(begun.elapsed() >= Duration::from_millis(1000), "half of the pause is kept");
}
