use microstack::channel::Message;
use microstack::channel::agent::ServerCommand;
use microstack::wire::id::{MeshId, TlsHash};
use microstack::wire::{core_hash, core_text, inflate_raw};
use microstack::ws::Event;
use serde_json::json;

use super::lab::{Lab, eventually};
use super::peers::{Plan, QUIET, SOON, User, identity};

#[test]
fn the_full_path_then_the_skip_path() {
    let lab = Lab::start();
    let user = User::admin(&lab);
    let agent = Plan::new(&lab).join();
    assert!(!agent.skipped && agent.pin.is_some());
    let added = user.wait_event("addnode");
    assert_eq!(added["node"]["name"], "host-a");
    assert_eq!(user.wait_event("nodeconnect")["conn"], 1);
    let device = user.device().unwrap();
    assert_eq!(
        (&device["rname"], &device["conn"], &device["icon"]),
        (&json!("host-a"), &json!(1), &json!(4))
    );
    agent.socket.close();
    assert_eq!(user.wait_event("nodeconnect")["conn"], 0);
    assert!(user.device().unwrap().get("conn").is_none());

    let again = Plan { pin: agent.pin, ..Plan::new(&lab) }.join();
    assert!(again.skipped);
    assert_eq!(user.wait_event("nodeconnect")["conn"], 1);
}

#[test]
fn our_core_is_pushed_compressed_and_confirmed_and_not_sent_again() {
    let lab = Lab::start();
    let agent = Plan::new(&lab).join();
    let request = agent.wait(|command| match command {
        ServerCommand::CoreHashQuery { request } => Some(request),
        _ => None,
    });
    agent.socket.send(agent.session.core_hash(request, None));
    let (request, hash, body) = agent.wait(|command| match command {
        ServerCommand::CoreDeflated { request, hash, body } => Some((request, hash, body.to_vec())),
        _ => None,
    });
    let body = inflate_raw(&body, 1 << 20).unwrap();
    assert_eq!(core_hash(&body), hash);
    assert_eq!(core_text(&body).unwrap(), server_lite::agents::OWN_CORE);
    agent.socket.send(agent.session.core_hash(request, Some(hash)));
    agent.wait(|command| matches!(command, ServerCommand::CoreOk { .. }).then_some(()));
    agent.wait_json("serverInfo");
    agent.socket.close();

    let agent = Plan { pin: agent.pin, ..Plan::new(&lab) }.join();
    let request = agent.wait(|command| match command {
        ServerCommand::CoreHashQuery { request } => Some(request),
        ServerCommand::Core { .. } | ServerCommand::CoreDeflated { .. } => panic!("sent without asking"),
        _ => None,
    });
    agent.socket.send(agent.session.core_hash(request, Some(hash)));
    agent.wait(|command| match command {
        ServerCommand::CoreOk { .. } => Some(()),
        ServerCommand::Core { .. } | ServerCommand::CoreDeflated { .. } => panic!("sent again"),
        _ => None,
    });
}

#[test]
fn an_agent_without_compression_gets_the_plain_core_at_most_five_times() {
    let lab = Lab::start();
    let agent = Plan { capabilities: 0x18, ..Plan::new(&lab) }.join();
    let (mut sent, mut request) = (
        0,
        agent.wait(|command| match command {
            ServerCommand::CoreHashQuery { request } => Some(request),
            _ => None,
        }),
    );
    loop {
        agent.socket.send(agent.session.core_hash(request, None));
        match agent.frame(QUIET) {
            Some(message) => match agent.session.parse(message.as_frame()).unwrap() {
                ServerCommand::Core { request: next, hash, body } => {
                    assert_eq!(core_hash(body), hash);
                    (sent, request) = (sent + 1, next);
                }
                other => panic!("{other:?}"),
            },
            None => break,
        }
    }
    assert_eq!(sent, 5);
    let trouble = User::admin(&lab).device().unwrap()["coretrouble"].as_str().unwrap().to_owned();
    assert!(trouble.contains("sent 5 times"), "{trouble}");
}

#[test]
fn unknown_groups_and_foreign_certificates_are_held_in_silence() {
    let lab = Lab::start();
    let holds = &lab.running().house().live.holds;
    let unknown = Plan { mesh: MeshId([9; 48]), ..Plan::new(&lab) }.held();
    assert_eq!(holds.len(), 1);
    let intercepted = Plan { claimed: Some(TlsHash([7; 48])), ..Plan::new(&lab) }.held();
    assert_eq!(holds.len(), 2);
    // The socket is kept: it still answers pings of the WebSocket, and says nothing else.
    assert!(unknown.event(QUIET).is_none() && intercepted.event(QUIET).is_none());
    assert!(User::admin(&lab).device().is_none(), "nothing was enrolled");
    unknown.close();
    intercepted.close();
    eventually("places are given back", || holds.is_empty());
}

#[test]
fn a_signature_of_another_key_is_held() {
    let lab = Lab::start();
    // The certificate of one identity with the key of another.
    let forged: &'static _ = Box::leak(Box::new(microstack::crypto::Identity {
        cert_der: identity(0).cert_der.clone(),
        key: microstack::crypto::RsaKey::from_pkcs8_der(identity(1).key.pkcs8_der()).unwrap(),
    }));
    let _held = Plan { identity: forged, ..Plan::new(&lab) }.held();
    assert_eq!(lab.running().house().live.holds.len(), 1);
}

#[test]
fn an_oversized_message_before_authentication_ends_the_connection_and_nothing_else() {
    let lab = Lab::start();
    let url = format!("wss://127.0.0.1:{}/agent.ashx", lab.port());
    for length in [16 * 1024 + 1, 1 << 20] {
        let socket = super::peers::Socket::connect(&url, &[]);
        assert!(matches!(socket.event(SOON), Some(Event::Open(_))));
        socket.send(Message::Binary(vec![0; length]));
        socket.closed();
    }
    Plan::new(&lab).join();
}

#[test]
fn the_newest_connection_of_an_identity_wins() {
    let lab = Lab::start();
    let user = User::admin(&lab);
    let first = Plan::new(&lab).join();
    first.keep_own_core();
    let second = Plan::new(&lab).join();
    second.keep_own_core();
    first.socket.closed();
    let id = user.device().unwrap()["_id"].clone();
    let sent = user.ask(json!({"action": "msg", "type": "console", "nodeid": id, "value": "help"}));
    assert_eq!(sent["result"], "OK");
    assert_eq!(second.wait_json("msg")["value"], "help");
    // The one that left did not take the device off line.
    assert_eq!(user.device().unwrap()["conn"], 1);
}

#[test]
fn a_device_that_loses_its_connection_too_often_gets_no_core_and_then_no_place() {
    let lab = Lab::start();
    for _ in 0..5 {
        Plan::new(&lab).join().socket.close();
    }
    let cleared = Plan::new(&lab).join();
    cleared.wait(|command| match command {
        ServerCommand::CoreClear { .. } => Some(()),
        ServerCommand::CoreHashQuery { .. } => panic!("no core is managed any more"),
        _ => None,
    });
    cleared.socket.close();
    Plan::new(&lab).join().socket.close();
    let _held = Plan::new(&lab).held();
}

#[test]
fn what_an_agent_says_is_kept_within_bounds() {
    let lab = Lab::start();
    let user = User::admin(&lab);
    let evil = "<img src=x onerror=alert(1)>\u{1b}]0;title\u{7}\u{202e}";
    let agent = Plan { name: evil.repeat(20), ..Plan::new(&lab) }.join();
    agent.keep_own_core();
    agent.send(&json!({
        "action": "coreinfo", "value": evil, "osdesc": evil.repeat(100), "caps": 0xFFFFFFFFu32, "users": vec![evil; 500],
        "name": {"not": "text"}, "root": "yes",
    }));
    let mut deep = json!(1);
    for _ in 0..100 {
        deep = json!([deep]);
    }
    agent.send(&json!({"action": "netinfo", "netif2": {"lo": deep}}));
    agent.send(&json!({"action": "netinfo", "netif2": {"<b>": [{"mac": evil, "address": "::1"}]}}));
    agent.socket.send(Message::Text("{".repeat(5000)));
    agent.socket.send(Message::Text(format!("{{\"action\":\"x\",\"a\":\"{}\"}}", "y".repeat(5 << 20))));
    agent.socket.send(Message::Binary(vec![0xFF; 70_000]));
    agent.send(&json!({"action": "ping"}));
    agent.wait_json("pong");
    let device = user.device().unwrap();
    let text = device.to_string();
    assert!(text.len() < 10_000, "{} bytes", text.len());
    assert!(!text.contains(['\u{1b}', '\u{7}', '\u{202e}']) && !text.contains("\\u001b"));
    assert_eq!(device["users"].as_array().unwrap().len(), 64);
    assert!(device["agent"].get("root").is_none());
    let network = user.ask(json!({"action": "getnetworkinfo", "nodeid": device["_id"]}));
    assert_eq!(network["netif2"]["<b>"][0]["address"], "::1");
}

#[test]
fn a_temporary_device_is_forgotten_when_it_leaves() {
    let lab = Lab::start();
    let user = User::admin(&lab);
    let agent = Plan { capabilities: 0x138, ..Plan::new(&lab) }.join();
    user.wait_event("addnode");
    agent.socket.close();
    user.wait_event("removenode");
    assert!(user.device().is_none());
}

#[test]
fn a_crash_of_the_core_is_shown_until_a_core_is_confirmed() {
    let lab = Lab::start();
    let user = User::admin(&lab);
    let agent = Plan::new(&lab).join();
    agent.keep_own_core();
    agent.send(&json!({"action": "coreCrashed", "hash": "AB".repeat(48), "reason": "it looped"}));
    assert!(user.wait_event("coreCrashed")["msg"].as_str().unwrap().contains("it looped"));
    assert!(user.device().unwrap()["coretrouble"].as_str().unwrap().contains("it looped"));
    agent.socket.close();
    Plan::new(&lab).join().keep_own_core();
    assert!(user.device().unwrap().get("coretrouble").is_none());
}

#[test]
fn a_failed_core_that_the_agent_still_reports_stays_in_trouble_until_another_is_ordered() {
    let lab = Lab::start();
    let user = User::admin(&lab);
    let report_wanted = |agent: &super::peers::Agent| {
        let request = agent.wait(|command| match command {
            ServerCommand::CoreHashQuery { request } => Some(request),
            _ => None,
        });
        let hash = core_hash(&microstack::wire::frame_core(server_lite::agents::OWN_CORE));
        agent.socket.send(agent.session.core_hash(request, Some(hash)));
        agent.wait(|command| matches!(command, ServerCommand::CoreOk { .. }).then_some(()));
        hash
    };
    let agent = Plan::new(&lab).join();
    let hash = report_wanted(&agent);
    agent.send(&json!({"action": "coreCrashed", "hash": hash.to_hex(), "reason": "it looped"}));
    user.wait_event("coreCrashed");
    agent.socket.close();
    let agent = Plan::new(&lab).join();
    report_wanted(&agent);
    agent.wait_json("sysinfo");
    let device = user.device().unwrap();
    assert!(device["coretrouble"].as_str().unwrap().contains("it looped"));
    let order = json!({"action": "uploadagentcore", "nodeids": [device["_id"]], "type": "default"});
    assert_eq!(user.ask(order)["result"], "ok");
    eventually("a new order gives a new chance", || user.device().unwrap().get("coretrouble").is_none());
}
