//! What our agent must not accept from a server: each refusal is silent on the wire and precise in the log.

use std::sync::OnceLock;
use std::sync::mpsc::{Sender, channel};
use std::time::Duration;

use meshlite_tests::certificate::Certificate;
use meshlite_tests::fake_server::{FakeServer, Link};
use meshlite_tests::peer::{auth_request, auth_verify, identities};
use meshlite_tests::weak_identity::WeakIdentity;
use meshlite_tests::{Agent, PATIENCE, eventually, procfs};
use microstack::crypto::{Identity, key_id, random_bytes, tls_hash};
use microstack::wire::{MeshId, MshBuilder, ServerId, ServerUrl};

fn certificate() -> &'static Certificate {
    static ONE: OnceLock<Certificate> = OnceLock::new();
    ONE.get_or_init(|| Certificate::p256("the true server"))
}

fn server() -> &'static Identity {
    identities(2)[0]
}

/// The first messages of a connection as the honest server would answer them, with `sign` in its hands.
fn prove(link: &mut Link, hash: [u8; 48], cert: &[u8], sign: impl Fn(&[u8]) -> Vec<u8>) {
    let Some(hello) = link.receive_command(1) else { return };
    let nonce: [u8; 48] = random_bytes();
    link.send(&auth_request(hash, nonce));
    let data = [&hello[2..50], &hello[50..98], &nonce[..]].concat();
    link.send(&auth_verify(cert, &sign(&data)));
}

/// Collects what the agent says after it was lied to.
fn listen(link: &mut Link, heard: &Sender<Vec<u8>>) {
    while let Some(message) = link.receive(Duration::from_secs(5)) {
        let _ = heard.send(message);
    }
}

/// Runs an agent against a lying server; gives its log line with `part`, and asserts that it said nothing more.
fn refusal(
    msh: impl Fn(&FakeServer) -> Vec<u8>,
    part: &str,
    lie: impl Fn(&mut Link) + Send + Sync + 'static,
) -> String {
    let (tell, heard) = channel();
    let fake = FakeServer::start(certificate(), move |link| {
        lie(link);
        listen(link, &tell);
        // The protocol demands that the socket is held; nothing is closed from this side for a while.
        link.receive(Duration::from_secs(20));
    });
    let mut agent = Agent::start(&msh(&fake));
    let line = agent.process().expect(0, &[part], PATIENCE);
    // What is under way gets time to arrive.
    let mut late = Vec::new();
    while let Ok(message) = heard.recv_timeout(Duration::from_secs(2)) {
        late.push(message);
    }
    let told = |command: u16| late.iter().any(|m| m.starts_with(&command.to_be_bytes()));
    assert!(!told(3), "a refusing agent must not describe itself: {late:?}");
    assert!(agent.process().find(0, &["path="]).is_none(), "the agent took the server for its own");
    assert_eq!(agent.status()["channel"], "held", "the socket is held, not closed");
    agent.process().assert_no_panic();
    line
}

fn trusting(fake: &FakeServer) -> Vec<u8> {
    fake.msh(server())
}

#[test]
fn a_man_in_the_middle_is_refused_and_both_certificates_are_named() {
    // The true server, whose honest answers are passed on, presents another certificate than the one seen here.
    let true_hash = tls_hash(b"the certificate of the true server");
    let line = refusal(trusting, "refused", move |link| {
        prove(link, true_hash.0, &server().cert_der, |data| server().key.sign_sha384(data));
    });
    let seen = tls_hash(&certificate().der).to_hex();
    for hash in [&seen[..16], &true_hash.to_hex()[..16]] {
        assert!(line.to_uppercase().contains(hash), "{hash} is missing: {line}");
    }
}

#[test]
fn a_server_with_another_identity_is_refused() {
    let stranger = identities(2)[1];
    let line = refusal(trusting, "refused", move |link| {
        link.accept(stranger, certificate());
    });
    assert!(line.contains("identity"), "{line}");
}

#[test]
fn a_proof_recorded_on_another_connection_is_refused() {
    let line = refusal(trusting, "refused", |link| {
        let hash = tls_hash(&certificate().der).0;
        // Signed once, for the nonces of an earlier connection.
        prove(link, hash, &server().cert_der, |data| {
            server().key.sign_sha384(&[&data[..48], &[9; 96]].concat())
        });
    });
    assert!(line.contains("prove") || line.contains("signature"), "{line}");
}

#[test]
fn a_server_with_an_rsa_1024_key_is_refused_and_the_size_is_named() {
    let weak = WeakIdentity::new();
    let id = ServerId(key_id(&weak.cert_der).unwrap());
    let msh = move |fake: &FakeServer| {
        let url = ServerUrl::parse(&format!("wss://{}/agent.ashx", fake.address())).unwrap();
        MshBuilder::group("weak", MeshId([7; 48]), id, &url).emit()
    };
    let line = refusal(msh, "refused", move |link| {
        prove(link, tls_hash(&certificate().der).0, &weak.cert_der, |data| weak.sign(data));
    });
    assert!(line.contains("1024"), "{line}");
}

#[test]
fn commands_before_the_proof_are_not_carried_out() {
    let (tell, heard) = channel();
    let fake = FakeServer::start(certificate(), move |link| {
        link.send(&[0, 4]);
        link.send(&core_message(b"require('fs').writeFileSync('taken', '1');"));
        link.send_text(
            r#"{"action":"msg","type":"console","value":"help","sessionid":"a","rights":4294967295}"#,
        );
        link.send(&[0, 11, 0, 0]);
        link.send(&[0, 10, 0, 0]);
        listen(link, &tell);
        // Afterwards an honest server on the same connection must still not be confirmed by the early command 4.
    });
    let mut agent = Agent::start(&trusting(&fake));
    agent.process().expect(0, &["before authentication"], PATIENCE);
    while let Ok(message) = heard.recv_timeout(Duration::from_secs(3)) {
        let command = u16::from_be_bytes([message[0], message[1]]);
        assert!(
            matches!(command, 1 | 2 | 4 | 5 | 30 | 31),
            "command {command} to a server that proved nothing"
        );
    }
    assert!(!agent.state().join("../taken").exists());
    assert!(agent.process().find(0, &["starting the core"]).is_none());
    agent.process().assert_no_panic();
}

#[test]
fn damaged_messages_neither_crash_the_agent_nor_grow_its_memory() {
    let fake = FakeServer::start(certificate(), |link| {
        if link.number.is_multiple_of(2) {
            // An honest connection in between keeps the agent's back-off short, and is itself abused afterwards.
            if link.accept(server(), certificate()) {
                for message in after_authentication() {
                    link.send(&message);
                }
                link.send_text("{\"action\":");
                link.send_text(&"[".repeat(100_000));
                link.receive(Duration::from_millis(300));
            }
        } else {
            let messages = before_authentication();
            link.receive_command(1);
            link.send(&messages[(link.number / 2) % messages.len()]);
            link.receive(Duration::from_millis(300));
        }
    });
    let mut agent = Agent::start(&trusting(&fake));
    let worker = agent.worker();
    let reached =
        |n: usize| eventually("more connections", PATIENCE * 3, || (fake.connections() >= n).then_some(()));
    reached(8);
    let warm = procfs::private_kib(worker);
    reached(2 * before_authentication().len() + 8);
    assert_eq!(agent.worker(), worker, "the worker was never replaced");
    let after = procfs::private_kib(worker);
    assert!(after < warm + 2048, "memory grew from {warm} to {after} KiB");
    let mark = agent.process().mark();
    agent.process().assert_no_panic();
    assert!(mark < 2000, "{mark} log lines");
}

/// Command 10 with this body.
fn core_message(script: &[u8]) -> Vec<u8> {
    let body = [&[0; 4], script].concat();
    [&[0, 10, 0, 1][..], &microstack::crypto::sha384(&body), &body].concat()
}

fn before_authentication() -> Vec<Vec<u8>> {
    vec![
        vec![],
        vec![0],
        vec![0, 1],
        [&[0, 1][..], &[0; 95]].concat(),
        [&[0, 1][..], &[0; 97]].concat(),
        vec![0, 2, 0x7F, 0xFF, 1, 2, 3, 4, 5, 6],
        vec![0, 2, 0, 0, 0, 0, 0, 0, 0],
        [&[0, 2, 0x40, 0x01][..], &[0x30; 0x4001], &[1; 512]].concat(),
        vec![0xFF; 17 * 1024],
        vec![0xFF; 1 << 20],
        vec![0, 3, 1],
        vec![0, 200, 0, 0],
    ]
}

fn after_authentication() -> Vec<Vec<u8>> {
    vec![
        vec![],
        vec![0],
        vec![0, 10],
        [&[0, 10, 0, 1][..], &[0xAB; 20]].concat(),
        [&[0, 10, 0, 1][..], &[0xAB; 48], b"\0\0\0\0not what the hash says"].concat(),
        [&[0, 20, 0, 1][..], &[0xAB; 48], &[0xFF; 100]].concat(),
        vec![0, 11],
        vec![0, 13],
        vec![0, 14, 0],
        vec![0, 15, 1, 2, 3],
        vec![0, 1, 2, 3],
        vec![0x7B, 0x22, 0xFF, 0xFE],
        vec![0xFF, 0xFF, 0, 0],
    ]
}
