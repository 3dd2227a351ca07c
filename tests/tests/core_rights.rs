//! What the server's own core grants, told by a server that a test plays: rights, the kinds of a link, certificates.
//!
//! Our server asks for the same rights before it tells the device of a tunnel; here the device is the only line.

use std::sync::Mutex;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use meshlite_tests::certificate::Certificate;
use meshlite_tests::desk::{Desk, Said};
use meshlite_tests::fake_server::{FakeServer, Link};
use meshlite_tests::managed::Device;
use meshlite_tests::{PATIENCE, RealAgent, interop};
use microstack::crypto::tls_hash;
use serde_json::{Value, json};
use server_lite::agents::own_core;

const FULL: u32 = 0xFFFF_FFFF;

/// A device with the core under a server that the test plays, and a relay that the test plays, too.
struct Bench {
    desk: Desk,
    relay: FakeServer,
    /// What the device said on the relay: each connection's texts and the start of each binary frame.
    said: Receiver<Vec<String>>,
    _device: Device,
}

impl Bench {
    /// The relay asks for a session of this kind, on each tunnel that comes.
    fn new(real: bool, protocol: &'static str, certificate: &Certificate) -> Option<Bench> {
        let meshcentral = if real { Some(interop()?) } else { None };
        let desk = Desk::open();
        let device = match &meshcentral {
            Some(meshcentral) => Device::Real(RealAgent::start(meshcentral, &desk.msh())),
            None => Device::Ours(desk.agent(&[])),
        };
        desk.here(PATIENCE);
        let hash = desk.push(&own_core());
        desk.confirms(hash);
        assert!(desk.console("uptime").contains("load"), "the core runs");
        let (tell, said) = channel();
        let tell = Mutex::new(tell);
        let relay = FakeServer::start(certificate, move |link| {
            let _ = tell.lock().unwrap().send(session(link, protocol));
        });
        Some(Bench { desk, relay, said, _device: device })
    }

    /// Tells the device of a tunnel, as a server does; the fields replace those that usually go along.
    fn tunnel(&self, fields: Value) {
        let mut message = json!({
            "action": "msg", "type": "tunnel", "value": format!("wss://{}/meshrelay.ashx?id=1", self.relay.address()),
            "userid": "user//a", "username": "a", "sessionid": "user//a/1", "remoteaddr": "192.0.2.7", "consent": 0,
        });
        for (key, value) in fields.as_object().expect("an object") {
            message[key] = value.clone();
        }
        self.desk.send_json(message);
    }

    /// What the device said on the relay.
    #[track_caller]
    fn outcome(&self) -> Vec<String> {
        self.said.recv_timeout(PATIENCE).expect("the device came to the relay")
    }
}

/// The operator's side: starts, asks for the kind, and listens until the device ends it or has said something of its own.
fn session(link: &mut Link, protocol: &str) -> Vec<String> {
    let mut said = Vec::new();
    link.send_text("c");
    link.send_text(protocol);
    if protocol == "5" {
        link.send_text(r#"{"action":"ls","reqid":1,"path":"/"}"#);
    }
    while let Some(message) = link.receive_or_end(Duration::from_secs(20)) {
        if message.is_empty() {
            break;
        }
        let text = String::from_utf8_lossy(&message).chars().take(200).collect::<String>();
        // Somebody is being asked, or it was refused: the end follows.
        let more = text.contains("Access denied") || text.contains("Waiting for");
        said.push(text);
        if !more {
            break;
        }
    }
    said
}

fn granted(said: &[String]) -> bool {
    !said.is_empty() && !said.iter().any(|text| text.contains("Access denied"))
}

/// Rights and what a session of this kind makes of them.
fn table(real: bool, protocol: &'static str, rows: &[(Value, bool)]) {
    let certificate = Certificate::p256("a relay");
    let Some(bench) = Bench::new(real, protocol, &certificate) else { return };
    let hash = hex(&tls_hash(&certificate.der).0);
    for (fields, expected) in rows {
        let mut fields = fields.clone();
        fields["servertlshash"] = json!(hash);
        bench.tunnel(fields.clone());
        let said = bench.outcome();
        assert_eq!(granted(&said), *expected, "{fields}: {said:?}");
    }
    // The device tells the server of each: who it was, and how it ended.
    let told = bench.desk.hear("a line in the log", PATIENCE, |said| match said {
        Said::Json(v) if v["action"] == "log" && v["userid"] == "user//a" => Some(v),
        _ => None,
    });
    assert_eq!(told["remoteaddr"], "192.0.2.7", "{told}");
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn terminals(real: bool) {
    let rows = [
        (json!({ "rights": 8 }), true),
        (json!({ "rights": 8 | 0x200 }), false),
        (json!({ "rights": 0x100 }), false),
        (json!({ "rights": FULL - 1 }), false),
        (json!({ "rights": FULL }), true),
        (json!({}), false),
        (json!({ "rights": "4294967295" }), false),
        (json!({ "rights": FULL, "soptions": { "usages": [5] } }), false),
        (json!({ "rights": FULL, "soptions": { "usages": [1, 5] } }), true),
        (json!({ "rights": FULL, "consent": 16, "soptions": { "consentTimeout": 5 } }), false),
        (json!({ "rights": FULL, "consent": 16, "soptions": { "consentAutoAcceptIfNoUser": true } }), true),
    ];
    table(real, "1", &rows);
}

fn files(real: bool) {
    let rows = [
        (json!({ "rights": 8 }), true),
        (json!({ "rights": 8 | 0x400 }), false),
        (json!({ "rights": 8 | 0x200 }), true),
        (json!({ "rights": 0x20_0000 }), false),
        (json!({ "rights": FULL }), true),
    ];
    table(real, "5", &rows);
}

fn certificates(real: bool) {
    let foreign = Certificate::p256("another relay");
    let Some(bench) = Bench::new(real, "5", &foreign) else { return };
    let refused = |what: &str| {
        bench.desk.hear(what, PATIENCE, |said| match said {
            Said::Json(v) if v["action"] == "log" && v["msg"].as_str()?.contains("could not start") => {
                Some(())
            }
            _ => None,
        });
    };
    bench.tunnel(json!({ "rights": FULL }));
    refused("a certificate that nobody vouches for is refused");
    bench.tunnel(json!({ "rights": FULL, "servertlshash": "00".repeat(48) }));
    refused("another certificate than the announced one is refused");
    let plain = format!("ws://{}/meshrelay.ashx?id=1", bench.relay.address());
    bench.tunnel(json!({ "rights": FULL, "value": plain }));
    refused("a way without TLS is refused");
    bench.tunnel(json!({ "rights": FULL, "servertlshash": hex(&tls_hash(&foreign.der).0).to_uppercase() }));
    assert!(granted(&bench.outcome()), "the announced certificate is taken");
    assert!(bench.said.try_recv().is_err(), "the others never came as far as the relay");

    // The certificate of the control channel needs no announcement.
    let Some(bench) = Bench::new(real, "5", Desk::certificate()) else { return };
    bench.tunnel(json!({ "rights": FULL, "servertlshash": "00".repeat(48) }));
    assert!(granted(&bench.outcome()), "the control channel's certificate is taken");
}

#[test]
fn our_agent_grants_terminals_by_rights_kinds_and_consent() {
    terminals(false);
}

#[test]
fn the_real_agent_grants_terminals_by_rights_kinds_and_consent() {
    terminals(true);
}

#[test]
fn our_agent_grants_files_by_rights() {
    files(false);
}

#[test]
fn the_real_agent_grants_files_by_rights() {
    files(true);
}

#[test]
fn our_agent_goes_to_no_relay_but_its_servers() {
    certificates(false);
}

#[test]
fn the_real_agent_goes_to_no_relay_but_its_servers() {
    certificates(true);
}
