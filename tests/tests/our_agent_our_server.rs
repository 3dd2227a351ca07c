//! Our agent under our server, with the operator's tool: the way most people will use both.

use std::time::Duration;

use meshlite_tests::server::is_connected;
use meshlite_tests::{Agent, PATIENCE, Server, eventually, interop};
use serde_json::Value;

fn bare(agent: &Agent) -> String {
    agent.database_id().strip_prefix("node//").expect("a database id").to_owned()
}

#[test]
fn a_device_is_listed_and_does_what_the_operator_asks() {
    let mut server = Server::start();
    let mut agent = Agent::start(&server.group("lab"));
    assert!(agent.connected(0).contains("full"));
    server.process().expect(0, &["core confirmed"], PATIENCE);
    let id = bare(&agent);
    let device = server.wait_connected(1).remove(0);
    assert_eq!(
        (device["id"].as_str(), device["group"].as_str()),
        (Some(id.as_str()), Some("lab")),
        "{device}"
    );

    assert_eq!(server.meshlite(&["run", &id, "echo $((6*7))"]).ok().trim(), "42");
    let failing = server.meshlite(&["run", &id, "echo out; exit 3", "--json"]);
    assert_eq!((failing.code, failing.json()["exitCode"].as_i64()), (Some(1), Some(3)), "{failing:?}");
    assert!(server.meshlite(&["console", &id, "help"]).ok().contains("eval"));
    let answer = server.meshlite(&["console", &id, "eval \"6*7\"", "--json"]).json();
    assert!(answer["lines"].to_string().contains("42"), "{answer}");

    let table = server.meshlite(&["devices"]).ok();
    assert!(table.contains(&id) || table.contains(&id[..8]), "{table}");
    let unknown = server.meshlite(&["run", &"A".repeat(64), "true"]);
    assert!(unknown.code.is_some_and(|c| c != 0) && !unknown.stderr.is_empty(), "{unknown:?}");
    agent.process().assert_no_panic();
    server.process().assert_no_panic();
}

#[test]
fn cores_are_pushed_to_a_device_and_cleared_and_a_failing_one_is_explained() {
    let mut server = Server::start();
    let mut agent = Agent::with_identity(&server.group("lab"), 0, &["--turn-budget", "2"]);
    let id = bare(&agent);
    server.wait_connected(1);
    server.process().expect(0, &["core confirmed"], PATIENCE);
    let dir = agent.state();
    let push = |name: &str, script: &str| {
        let file = dir.join(name).display().to_string();
        std::fs::write(&file, script).unwrap();
        server.meshlite(&["core", "push", &id, &file])
    };
    push(
        "echo.js",
        "require('MeshAgent').AddCommandHandler(function (c) { if (c.type == 'console')
        require('MeshAgent').SendCommand({ action: 'msg', type: 'console', value: 'echo ' + c.value,
            sessionid: c.sessionid }); });",
    )
    .ok();
    eventually("an answer of the pushed core", PATIENCE, || {
        server.meshlite(&["console", &id, "hello"]).stdout.contains("echo hello").then_some(())
    });

    // A core that hangs is told to the operator with its reason, and the device can be given another one.
    push("hang.js", "while (true) {}").ok();
    let trouble = eventually("the trouble with the core", PATIENCE, || {
        let devices = server.devices();
        let trouble = devices.first()?["coreTrouble"].as_str()?.to_owned();
        (!trouble.is_empty()).then_some(trouble)
    });
    assert!(trouble.contains("turn") || trouble.contains("hang"), "{trouble}");
    eventually("the agent after the hang", PATIENCE, || {
        server.devices().iter().any(is_connected).then_some(())
    });
    push(
        "echo2.js",
        "require('MeshAgent').AddCommandHandler(function (c) { if (c.type == 'console')
        require('MeshAgent').SendCommand({ action: 'msg', type: 'console', value: 'again ' + c.value,
            sessionid: c.sessionid }); });",
    )
    .ok();
    eventually("an answer of the next core", PATIENCE, || {
        server.meshlite(&["console", &id, "hello"]).stdout.contains("again hello").then_some(())
    });

    server.meshlite(&["core", "clear", &id]).ok();
    agent.process().expect(0, &["cleared the core"], PATIENCE);
    server.process().assert_no_panic();
    agent.process().assert_no_panic();
}

#[test]
fn the_real_tinycore_runs_in_our_agent_by_core_push() {
    let Some(meshcentral) = interop() else { return };
    let mut server = Server::start();
    let mut agent = Agent::start(&server.group("lab"));
    let id = bare(&agent);
    server.wait_connected(1);
    server.process().expect(0, &["core confirmed"], PATIENCE);
    let mark = server.process().mark();
    let tiny = meshcentral.join("agents/tinycore.js").display().to_string();
    server.meshlite(&["core", "push", &id, &tiny]).ok();
    server.process().expect(mark, &["core confirmed"], PATIENCE);
    assert!(server.meshlite(&["console", &id, "eval \"6*7\""]).ok().contains("42"));
    for line in ["help", "versions", "osinfo"] {
        let answer = server.meshlite(&["console", &id, line]);
        assert!(answer.code == Some(0) && answer.stdout.len() > 10, "{line}: {answer:?}");
    }
    agent.process().assert_no_panic();
}

#[test]
fn a_graceful_stop_loses_nothing_and_the_agents_return() {
    let mut server = Server::start();
    let msh = server.group("lab");
    let mut agents: Vec<Agent> = (0..3).map(|n| Agent::with_identity(&msh, n, &[])).collect();
    server.wait_connected(3);
    for name in ["one", "two", "three"] {
        server.add_group(name);
    }
    let groups = |server: &Server| server.command(&["group", "list", "--json"]).json();
    let devices = |server: &Server| {
        let mut ids: Vec<String> =
            server.devices().iter().map(|d: &Value| d["id"].as_str().unwrap().to_owned()).collect();
        ids.sort();
        ids
    };
    let before = (groups(&server), devices(&server));
    let marks: Vec<usize> = agents.iter_mut().map(|a| a.process().mark()).collect();
    assert_eq!(server.stop().code(), Some(0));
    server.process().expect(0, &["stopped"], Duration::from_secs(1));
    server.restart();
    for (agent, mark) in agents.iter_mut().zip(marks) {
        let line = agent.connected(mark);
        assert!(line.contains("skip"), "the pin survived: {line}");
    }
    server.wait_connected(3);
    assert_eq!((groups(&server), devices(&server)), before);
}

#[test]
fn two_machines_with_one_identity_are_noticed() {
    let mut server = Server::start();
    let msh = server.group("lab");
    let mut first = Agent::start(&msh);
    first.connected(0);
    let mut second = Agent::start(&msh);
    second.connected(0);
    server.process().expect(0, &["the same identity"], PATIENCE);
    // The newer one wins; the older one is closed, not left mute.
    first.process().expect(0, &["disconnected"], PATIENCE);
}

#[test]
fn a_server_that_is_asked_nonsense_says_what_to_do() {
    let mut server = Server::newborn();
    for (args, code) in [
        (&["group", "msh", "nothing", "--url", "wss://127.0.0.1/agent.ashx"][..], 1..=4),
        (&["group", "msh", "lab"], 2..=2),
        (&["group", "add", ""], 1..=4),
        (&["frobnicate"], 2..=2),
    ] {
        let answer = server.command(args);
        assert!(answer.code.is_some_and(|c| code.contains(&c)), "{args:?}: {answer:?}");
        assert!(answer.stderr.len() > 10, "{args:?}: {answer:?}");
    }
    server.add_group("lab");
    let twice = server.command(&["group", "add", "lab"]);
    assert!(twice.code != Some(0) || twice.stderr.is_empty(), "{twice:?}");
    let plain = server.command(&["group", "msh", "lab", "--url", "ws://127.0.0.1/agent.ashx"]);
    assert!(plain.code != Some(0) && plain.stderr.contains("wss"), "{plain:?}");
    assert!(server.stop().success());
}
