//! The channel against a server that speaks the true protocol, rightly and wrongly.

mod support;

use std::time::Duration;

use microstack::wire::AgentHash;
use support::{Agent, Fault, Order, SOON, Seen, Server, ServerOptions, wait_for};

fn faulty(fault: Fault) -> (tempfile::TempDir, Server, Agent) {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(ServerOptions { fault, ..ServerOptions::default() });
    let agent = Agent::start(&server.msh(dir.path()), dir.path(), &["--log", "debug"]);
    (dir, server, agent)
}

#[test]
fn the_first_connection_takes_the_full_path_and_the_second_the_skip_path() {
    let (_dir, server, agent) = faulty(Fault::None);
    assert!(!server.wait_connections(1, SOON), "full");
    server.order(Order::Drop);
    assert!(server.wait_connections(2, SOON), "skip");
    server.wait("a tag after each authentication", |seen| {
        matches!(seen, Seen::Tag(tag) if tag.is_empty()).then_some(())
    });
    let (node, kind, capabilities) = server.wait("a hello", |seen| match seen {
        Seen::Connected { node, kind, capabilities, name, .. } => {
            assert!(!name.is_empty());
            Some((node.clone(), *kind, *capabilities))
        }
        _ => None,
    });
    assert_eq!(capabilities, 0x118);
    if cfg!(target_arch = "x86_64") {
        assert_eq!(kind, 6);
    }
    let id = Agent::output(&["-nodeid", "--state", agent.state.to_str().unwrap()]);
    assert_eq!(String::from_utf8_lossy(&id.stdout).trim(), node);
    agent.stop();
}

#[test]
fn an_agent_comes_back_when_its_server_was_restarted() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(ServerOptions::default());
    let msh = server.msh(dir.path());
    let agent = Agent::start(&msh, dir.path(), &[]);
    server.wait_connections(1, SOON);
    let port = server.stop();
    agent.wait_log("not connected");
    let server = Server::start(ServerOptions { port, ..ServerOptions::default() });
    assert!(server.wait_connections(1, SOON), "skip path");
    agent.stop();
}

#[test]
fn pings_are_answered_and_a_foreign_program_is_never_asked_for() {
    let (_dir, server, agent) = faulty(Fault::None);
    server.wait_connections(1, SOON);
    server.order(Order::Json(r#"{"action":"ping"}"#.into()));
    server.wait("a JSON pong", |seen| match seen {
        Seen::Json(json) => (json["action"] == "pong").then_some(()),
        _ => None,
    });
    server.order(Order::Ping);
    server.wait("a WebSocket pong", |seen| (*seen == Seen::Pong).then_some(()));
    server.order(Order::UpdateQuery);
    server.wait("zeros", |seen| (*seen == Seen::AgentHash(AgentHash::NEVER_UPDATE)).then_some(()));
    // Without a core the console still says so.
    server.order(Order::Json(r#"{"action":"msg","type":"console","value":"help","sessionid":"s1"}"#.into()));
    server.wait("an answer to its session", |seen| match seen {
        Seen::Json(json) if json["sessionid"] == "s1" => Some(()),
        _ => None,
    });
    agent.stop();
}

#[test]
fn a_silent_server_is_pinged_and_dropped() {
    // The server answers pings, so the connection stays; the ping itself is the point.
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(ServerOptions::default());
    let msh = server.msh(dir.path());
    let mut text = std::fs::read_to_string(&msh).unwrap();
    text.push_str("controlChannelIdleTimeout=5\r\n");
    std::fs::write(&msh, text).unwrap();
    let agent = Agent::start(&msh, dir.path(), &[]);
    server.wait_connections(1, SOON);
    std::thread::sleep(Duration::from_secs(12));
    assert_eq!(server.connections(), 1, "it was answered and stayed:\n{}", agent.log());
    agent.stop();
}

#[test]
fn another_outer_certificate_is_refused_and_both_are_named() {
    let (_dir, server, agent) = faulty(Fault::EchoesAnotherHash);
    let log = agent.wait_log("refused:");
    let seen = microstack::wire::TlsHash(microstack::crypto::sha384(server.certs.web.leaf())).to_hex();
    assert!(log.contains(&seen) && log.contains(&"EE".repeat(48)), "{log}");
    for part in ["subject CN=127.0.0.1", "issuer CN=", "valid from 20"] {
        assert!(log.contains(part), "{part}: {log}");
    }
    assert_eq!(server.connections(), 0);
    agent.stop();
}

#[test]
fn a_wrong_server_id_and_a_wrong_signature_are_refused_in_words() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(ServerOptions { wrong_id: true, ..ServerOptions::default() });
    let agent = Agent::start(&server.msh(dir.path()), dir.path(), &[]);
    let log = agent.wait_log("refused:");
    assert!(log.contains(&server.certs.server_id().to_hex()) && log.contains(&"5A".repeat(48)), "{log}");
    assert_eq!(server.connections(), 0, "an agent that refuses does not describe itself");
    agent.stop();

    let (_dir, server, agent) = faulty(Fault::SignsWrongly);
    agent.wait_log("refused:");
    assert_eq!(server.connections(), 0);
    agent.stop();
}

#[test]
fn floods_and_early_cores_before_authentication_change_nothing() {
    let (_dir, _server, agent) = faulty(Fault::Floods(17 * 1024));
    agent.wait_log("16384");
    agent.stop();
    let (_dir, server, agent) = faulty(Fault::SendsCoreEarly);
    server.wait_connections(1, SOON);
    server.order(Order::Query);
    server.wait("no core", |seen| (*seen == Seen::CoreHash(None)).then_some(()));
    wait_for("the log line", SOON, || agent.log().contains("before authentication").then_some(()));
    agent.stop();
}

#[test]
fn a_changed_server_id_discards_the_pin() {
    let (dir, server, agent) = faulty(Fault::None);
    server.wait_connections(1, SOON);
    let log = agent.stop();
    assert!(log.contains("path=\"full\""), "{log}");
    // The same address and the same outer certificate, but another expected identity.
    let msh = dir.path().join("agent.msh");
    let text = std::fs::read_to_string(&msh).unwrap();
    let other = text.replace(&server.certs.server_id().to_hex(), &"5A".repeat(48));
    assert_ne!(text, other);
    std::fs::write(&msh, other).unwrap();
    let agent = Agent::start(&msh, dir.path(), &[]);
    agent.wait_log("refused:");
    assert_eq!(server.connections(), 1);
    agent.stop();
}

#[test]
fn the_next_server_of_the_list_is_tried() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(ServerOptions::default());
    let msh = server.msh(dir.path());
    let text = std::fs::read_to_string(&msh).unwrap();
    let id = server.certs.server_id().to_hex();
    // Port 1 of this machine refuses.
    let text = text
        .replace(&id, &format!("{id},{id}"))
        .replace("MeshServer=", "MeshServer=wss://127.0.0.1:1/agent.ashx,");
    std::fs::write(&msh, text).unwrap();
    for count in 1..=3 {
        let agent = Agent::start(&msh, dir.path(), &[]);
        server.wait_connections(count, SOON);
        agent.stop();
    }
}

#[test]
fn a_name_for_the_agent_reaches_the_server() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(ServerOptions::default());
    let msh = server.msh(dir.path());
    let mut text = std::fs::read_to_string(&msh).unwrap();
    text.push_str("agentName=Büro 7\r\n");
    std::fs::write(&msh, text).unwrap();
    let agent = Agent::start(&msh, dir.path(), &["--log", "debug"]);
    server.wait_connections(1, SOON);
    agent.stop();
}
