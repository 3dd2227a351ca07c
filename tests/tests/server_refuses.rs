//! What our server must not accept from an agent: held in silence on the wire, one precise line in the log.

use std::io::Write;
use std::time::Duration;

use meshlite_tests::certificate::Certificate;
use meshlite_tests::peer::{Enrolment, auth_info, auth_request, auth_verify, identities};
use meshlite_tests::weak_identity::WeakIdentity;
use meshlite_tests::{Agent, PATIENCE, Peer, Proxy, RealAgent, Server, interop, procfs};
use microstack::crypto::{Identity, random_bytes, tls_hash};
use microstack::wire::{MeshId, ServerId};

const HUSH: Duration = Duration::from_millis(1500);

fn device() -> &'static Identity {
    identities(1)[0]
}

/// Sends an honest command 1 and gives what the agent's signature must cover.
fn challenge(peer: &mut Peer) -> [u8; 144] {
    let (hash, nonce) = (peer.seen.tls_hash.0, random_bytes::<48>());
    peer.send(&auth_request(hash, nonce)).unwrap();
    let mut data = [0; 144];
    while let Some(message) = peer.receive(PATIENCE).unwrap() {
        if message.starts_with(&[0, 1]) {
            data[..48].copy_from_slice(&message[2..50]);
            data[48..96].copy_from_slice(&message[50..98]);
            data[96..].copy_from_slice(&nonce);
        }
        if message.starts_with(&[0, 2]) {
            break;
        }
    }
    data
}

#[test]
fn lies_in_the_handshake_are_held_and_named() {
    let mut server = Server::start();
    let msh = server.group("lab");
    let enrolment = Enrolment::from_msh(&msh, "liar");
    let info = || auth_info(enrolment.info());
    let mut case = |what: &str, part: &str, lie: &dyn Fn(&mut Peer)| {
        let mark = server.process().mark();
        let mut peer = Peer::agent(server.address()).unwrap();
        lie(&mut peer);
        let line = server.process().expect(mark, &["an agent was refused"], PATIENCE);
        assert!(line.contains(part), "{what}: {line}");
        assert!(line.contains("127.0.0.1:"), "{what}: the peer is named: {line}");
        peer.assert_not_confirmed(HUSH);
        let count = server.process().lines_from(mark).iter().filter(|l| l.contains("refused")).count();
        assert_eq!(count, 1, "{what}: one line each");
    };

    let seen = tls_hash(b"what a man in the middle presents");
    case("another outer certificate", &seen.to_hex()[..16], &|peer| {
        peer.send(&auth_request(seen.0, random_bytes())).unwrap();
        peer.assert_held(HUSH);
    });
    case("a signature of nothing", "prove", &|peer| {
        challenge(peer);
        peer.send(&auth_verify(&device().cert_der, &[7; 256])).unwrap();
        peer.send(&info()).unwrap();
    });
    case("a signature over the nonces of another connection", "prove", &|peer| {
        let mut data = challenge(peer);
        data[48..].fill(9);
        peer.send(&auth_verify(&device().cert_der, &device().key.sign_sha384(&data))).unwrap();
        peer.send(&info()).unwrap();
        peer.assert_held(HUSH);
    });
    case("a certificate of somebody else", "prove", &|peer| {
        let data = challenge(peer);
        let other = identities(2)[1];
        peer.send(&auth_verify(&other.cert_der, &device().key.sign_sha384(&data))).unwrap();
        peer.send(&info()).unwrap();
    });
    let weak = WeakIdentity::new();
    case("an RSA key of 1024 bits", "1024", &|peer| {
        let data = challenge(peer);
        peer.send(&auth_verify(&weak.cert_der, &weak.sign(&data))).unwrap();
        peer.send(&info()).unwrap();
        peer.assert_held(HUSH);
    });
    let p256 = Certificate::p256("an elliptic device");
    case("a key that is not RSA", "", &|peer| {
        challenge(peer);
        peer.send(&auth_verify(&p256.der, &[1; 70])).unwrap();
        peer.send(&info()).unwrap();
    });
    case("a certificate that is none", "certificate", &|peer| {
        challenge(peer);
        peer.send(&auth_verify(&[0x30; 600], &[1; 256])).unwrap();
        peer.send(&info()).unwrap();
    });
    let nowhere = Enrolment { mesh: MeshId([0xAB; 48]), ..enrolment.clone() };
    case("an unknown group", "ABABABAB", &|peer| {
        let data = challenge(peer);
        peer.send(&auth_verify(&device().cert_der, &device().key.sign_sha384(&data))).unwrap();
        peer.send(&auth_info(nowhere.info())).unwrap();
        peer.assert_held(HUSH);
    });
    assert!(server.devices().is_empty(), "nobody was enrolled");
    server.process().assert_no_panic();

    // After all of that an honest agent is served.
    let mut peer = Peer::agent(server.address()).unwrap();
    peer.enrol(device(), &enrolment, None).map(|_| ()).unwrap();
    assert_eq!(server.wait_connected(1).len(), 1);
}

#[test]
fn a_whole_recorded_handshake_is_worth_nothing_the_second_time() {
    let mut server = Server::start();
    let enrolment = Enrolment::from_msh(&server.group("lab"), "recorded");
    let mut peer = Peer::agent(server.address()).unwrap();
    let hash = peer.seen.tls_hash.0;
    let nonce = random_bytes::<48>();
    let request = auth_request(hash, nonce);
    peer.send(&request).unwrap();
    let hello = peer.receive(PATIENCE).unwrap().unwrap();
    let data = [&hello[2..50], &hello[50..98], &nonce[..]].concat();
    let verify = auth_verify(&device().cert_der, &device().key.sign_sha384(&data));
    let info = auth_info(enrolment.info());
    for message in [&verify, &info] {
        peer.send(message).unwrap();
    }
    let confirmed = (0..5).any(|_| peer.receive(PATIENCE).unwrap().as_deref() == Some(&[0, 4]));
    assert!(confirmed, "the honest run is let in");
    drop(peer);

    let mark = server.process().mark();
    let mut replay = Peer::agent(server.address()).unwrap();
    for message in [&request, &verify, &info] {
        replay.send(message).unwrap();
    }
    server.process().expect(mark, &["an agent was refused", "prove"], PATIENCE);
    replay.assert_not_confirmed(HUSH);
}

#[test]
fn damaged_and_misordered_messages_change_nothing_and_cost_nothing() {
    let mut server = Server::start();
    let enrolment = Enrolment::from_msh(&server.group("lab"), "noise");
    let attack = |server: &Server| {
        for message in noise(&auth_info(enrolment.info())) {
            let Ok(mut peer) = Peer::agent(server.address()) else { continue };
            let _ = peer.send(&message);
            // The channel may be closed (too large) or held, but never confirmed.
            peer.assert_not_confirmed(Duration::from_millis(40));
        }
        for text in ["", "{", "{}", r#"{"action":"agentName","value":5}"#, &"[".repeat(15_000), "\u{0}"] {
            let Ok(mut peer) = Peer::agent(server.address()) else { continue };
            let _ = peer.send_text(text);
            peer.assert_not_confirmed(Duration::from_millis(40));
        }
    };
    attack(&server);
    let pid = server.process().pid();
    let warm = procfs::private_kib(pid);
    for _ in 0..4 {
        attack(&server);
    }
    let after = procfs::private_kib(pid);
    assert!(after < warm + 4096, "memory grew from {warm} to {after} KiB");
    server.process().assert_no_panic();
    assert!(server.devices().is_empty());

    let mut peer = Peer::agent(server.address()).unwrap();
    peer.enrol(device(), &enrolment, None).map(|_| ()).unwrap();

    // The same noise from an agent that is let in.
    for message in noise(&auth_info(enrolment.info())).into_iter().filter(|m| m.len() < 1 << 20) {
        peer.send(&message).unwrap();
    }
    for text in ["{", "[1]", "{\"action\":7}", "{\"action\":\"coreinfo\",\"value\":{\"a\":1}}", "nothing"] {
        peer.send_text(text).unwrap();
    }
    peer.send_text(r#"{"action":"ping"}"#).unwrap();
    let mut pong = false;
    while let Ok(Some(message)) = peer.receive(PATIENCE) {
        if String::from_utf8_lossy(&message).contains("pong") {
            pong = true;
            break;
        }
    }
    assert!(pong, "the connection lives on");
    server.process().assert_no_panic();
}

#[test]
fn a_message_beyond_the_caps_ends_the_connection_before_it_is_read() {
    let mut server = Server::start();
    let enrolment = Enrolment::from_msh(&server.group("lab"), "huge");
    let pid = server.process().pid();
    let before = procfs::rss_kib(pid);
    for announced in [1u64 << 24, 1 << 32, u64::MAX >> 1] {
        let mut peer = Peer::agent(server.address()).unwrap();
        // A masked binary frame that claims to be enormous, and a little of it.
        let head = [&[0x82, 0xFF][..], &announced.to_be_bytes(), &[1, 2, 3, 4], &[0; 1000]].concat();
        let _ = peer.send_raw(&head);
        assert!(peer.receive(PATIENCE).is_err(), "{announced} bytes before authentication");
    }
    let mut peer = Peer::agent(server.address()).unwrap();
    peer.enrol(device(), &enrolment, None).map(|_| ()).unwrap();
    let head = [&[0x82, 0xFF][..], &(17u64 << 20).to_be_bytes(), &[1, 2, 3, 4], &[0; 1000]].concat();
    let _ = peer.send_raw(&head);
    let mut ended = false;
    for _ in 0..50 {
        if peer.receive(PATIENCE).is_err() {
            ended = true;
            break;
        }
    }
    assert!(ended, "17 MiB after authentication");
    assert!(procfs::rss_kib(pid) < before + 8192, "nothing was allocated for the claims");
    server.process().assert_no_panic();
}

#[test]
fn a_man_in_the_middle_gets_neither_our_agent_nor_the_real_one() {
    let Some(meshcentral) = interop() else { return };
    let mut server = Server::start();
    server.add_group("lab");
    let middle = Proxy::start(&Certificate::p256("the man in the middle"), server.address(), true);
    let msh = server.msh_via("lab", middle.address());
    let mut ours = Agent::start(&msh);
    let _real = RealAgent::start(&meshcentral, &msh);
    for _ in 0..2 {
        server.process().expect(0, &["an agent was refused", "certificate"], PATIENCE);
    }
    let refusals = |server: &mut Server| {
        server.process().lines_from(0).iter().filter(|l| l.contains("an agent was refused")).count()
    };
    meshlite_tests::eventually("both refusals", PATIENCE, || (refusals(&mut server) >= 2).then_some(()));
    // Our agent says on its side what is missing; the server's log has the reason.
    ours.process().expect(0, &["may have refused"], PATIENCE);
    assert!(ours.process().find(0, &["path="]).is_none());
    assert!(server.devices().is_empty(), "nobody was enrolled");
    server.process().assert_no_panic();
}

#[test]
fn an_agent_of_another_server_is_not_served_and_says_so() {
    let mut server = Server::start();
    let msh = String::from_utf8(server.group("lab")).unwrap();
    let right = server.settings("lab").server_ids().unwrap()[0].to_hex();
    let wrong = msh.replace(&right, &ServerId([0x5A; 48]).to_hex());
    assert_ne!(msh, wrong);
    let mut agent = Agent::start(wrong.as_bytes());
    let line = agent.process().expect(0, &["refused"], PATIENCE);
    assert!(line.contains(&right[..16]) && line.contains("5A5A5A5A"), "both identities are named: {line}");
    assert!(server.devices().is_empty());

    // A changed ServerID also discards the pin: the skip path is not taken on its strength.
    let mut moved = Agent::with_identity(msh.as_bytes(), 1, &[]);
    moved.connected(0);
    assert!(moved.stop().success());
    moved.set_msh(wrong.as_bytes());
    moved.restart();
    moved.process().expect(0, &["refused"], PATIENCE);
    assert!(moved.process().find(0, &["path="]).is_none());
    server.process().assert_no_panic();
}

#[test]
fn garbage_below_the_websocket_does_not_disturb_the_others() {
    let mut server = Server::start();
    let mut agent = Agent::start(&server.group("lab"));
    agent.connected(0);
    let mark = agent.process().mark();
    for n in 0..40u8 {
        let Ok(mut tls) = meshlite_tests::peer::connect_tls(server.address()) else { continue };
        let _ = tls.write_all(&[n; 3000]);
        let mut peer = Peer::agent(server.address()).unwrap();
        // Unmasked, reserved bits, unknown opcodes, lonely continuations.
        let _ = peer.send_raw(&[n.wrapping_mul(37), n, 0xFF, 0, 1, 2, 3, 4, 5, 6, 7, 8]);
    }
    assert!(agent.process().find(mark, &["disconnected"]).is_none(), "the honest agent did not notice");
    server.wait_connected(1);
    server.process().assert_no_panic();
}

/// Messages that are wrong in every way the layouts allow.
fn noise(info: &[u8]) -> Vec<Vec<u8>> {
    let mut all = vec![
        vec![],
        vec![0],
        vec![0, 0],
        vec![0, 4],
        vec![0, 4, 0, 4],
        vec![0, 5],
        vec![0, 9],
        vec![0, 200, 0, 0],
        vec![0xFF; 100],
        vec![0, 30],
        vec![0, 31, 0xFF],
        vec![0, 15],
        [&[0, 11, 0, 0][..], &[1; 48]].concat(),
        [&[0, 11, 0, 0][..], &[1; 30]].concat(),
        [&[0, 12, 0, 0][..], &[0; 48]].concat(),
        vec![0, 13, 0, 0],
        vec![0, 14, 0, 1],
        vec![0, 2, 0x7F, 0xFF, 1],
        vec![0, 2, 0, 0, 1, 2, 3, 4, 5],
        vec![0xFF; 17 * 1024],
        vec![0xFF; 1 << 20],
        b"{\"action\":\"coreinfo\",\"value\":\"too early\"}".to_vec(),
        b"{{{{".to_vec(),
        info.to_vec(),
        [info, info].concat(),
    ];
    let request = auth_request([1; 48], [2; 48]);
    all.extend((2..request.len()).step_by(13).map(|n| request[..n].to_vec()));
    all.extend((2..info.len()).step_by(7).map(|n| info[..n].to_vec()));
    all.push([&request[..], &[0]].concat());
    // A name that claims to be longer than the message.
    let mut lying = info[..72.min(info.len())].to_vec();
    lying[70..].copy_from_slice(&[0xFF, 0xFF]);
    all.push(lying);
    all
}
