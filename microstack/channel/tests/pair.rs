//! Agent core against server core in virtual time: every path, every order, and everybody in between.

mod common;

use std::sync::Arc;
use std::time::{Duration, Instant};

use common::*;
use microstack_channel::wire::{Command, MeshId, ServerId};
use microstack_channel::{Frame, HandshakeError, PolicyHold, agent, server};
use proptest::prelude::*;

fn pin() -> agent::Pin {
    agent::Pin { server: host().server_id(), tls: TLS }
}

fn commands(sent: &[Wire]) -> Vec<u16> {
    sent.iter().filter_map(|wire| wire.as_ref().ok()).map(|b| u16::from_be_bytes([b[0], b[1]])).collect()
}

#[test]
fn the_full_path_opens_both_ends_and_gives_a_pin() {
    let pair = Pair::new(agent_config(host().server_id()), SEEN, None).run();
    assert!(pair.is_open());
    assert_eq!(pair.ignored, []);
    assert_eq!(pair.pin, Some(pin()));
    assert_eq!(commands(&pair.agent_sent), [30, 31, 5, 1, 2, 3, 15]);
    assert_eq!(commands(&pair.server_sent), [1, 2, 4]);
    let session = pair.ready.unwrap();
    assert!(!session.skip_path());
    assert_eq!(session.server(), host().server_id());
    let hello = pair.hello.unwrap();
    assert_eq!(hello.node, device().node_id());
    assert_eq!(hello.cert_der, device().cert_der);
    assert_eq!(hello.info, info());
    assert_eq!(hello.agent_name.as_deref(), Some("Gerät \"7\""));
    assert_eq!(hello.commit_date.as_deref(), Some("2026-Nov-21 08:00:00+0000"));
    assert_eq!(hello.host_info.as_deref(), Some("Debian GNU/Linux 12 (bookworm) - x64"));
    assert_eq!((hello.skip, hello.identity, hello.asked), (false, 0, Some(host().server_id())));
    assert_eq!(pair.confirmed.unwrap().node(), device().node_id());
}

#[test]
fn the_skip_path_saves_the_server_its_signature() {
    let pair = Pair::new(agent_config(host().server_id()), SEEN, Some(pin())).run();
    assert!(pair.is_open());
    assert_eq!(commands(&pair.agent_sent), [30, 31, 5, 4, 1, 3, 2, 15]);
    assert_eq!(commands(&pair.server_sent), [1, 4]);
    assert_eq!(pair.pin, None, "a pin comes from a signature only");
    assert!(pair.ready.unwrap().skip_path() && pair.hello.unwrap().skip);
}

#[test]
fn a_pin_of_another_server_or_certificate_leads_to_the_full_path() {
    for wrong in [
        agent::Pin { server: stranger().server_id(), tls: TLS },
        agent::Pin { server: host().server_id(), tls: FOREIGN_TLS },
        agent::Pin { server: host().server_id(), tls: TLS_KEY },
        agent::Pin { server: old_id(host()), tls: TLS },
    ] {
        let pair = Pair::new(agent_config(host().server_id()), SEEN, Some(wrong)).run();
        assert!(pair.is_open());
        assert_eq!(commands(&pair.server_sent), [1, 2, 4], "{wrong:?}");
        assert_eq!(pair.pin, Some(pin()));
    }
}

#[test]
fn a_changed_server_id_discards_the_pin_and_refuses_the_old_server() {
    // The trap of existing agents: with the old pin they took the skip path to a server they no longer trust.
    let pair = Pair::new(agent_config(stranger().server_id()), SEEN, Some(pin())).run();
    assert!(!pair.agent.skip_path() && pair.ready.is_none());
    assert_eq!(
        pair.agent_hold,
        Some(HandshakeError::ServerIdentity {
            expected: stranger().server_id(),
            seen: host().server_id(),
            listed: false,
        })
    );
    assert_eq!(pair.pin, None);
    assert!(!commands(&pair.agent_sent).contains(&3), "a stranger learns nothing about the device");
}

#[test]
fn the_server_shows_the_identity_that_the_agent_asks_for() {
    for (asked, index) in [(host(), 0), (stranger(), 1), (identity(3), 2)] {
        for id in [asked.server_id(), old_id(asked)] {
            let hosts = [host(), stranger(), identity(3)];
            let pair = Pair::with_server(agent_config(id), SEEN, None, &hosts).run();
            assert!(pair.is_open(), "{id}");
            assert_eq!(pair.hello.unwrap().identity, index);
            assert_eq!(pair.pin.unwrap().server, id);
        }
    }
}

#[test]
fn lists_in_a_different_order_are_named_as_the_cause() {
    let mut config = agent_config(stranger().server_id());
    config.all_servers = vec![stranger().server_id(), host().server_id()];
    let pair = Pair::new(config, SEEN, None).run();
    let error = pair.agent_hold.unwrap();
    assert!(matches!(error, HandshakeError::ServerIdentity { listed: true, .. }));
    assert!(error.to_string().contains("same order"), "{error}");
}

#[test]
fn an_unknown_server_id_is_answered_with_the_first_identity() {
    let pair = Pair::new(agent_config(ServerId([9; 48])), SEEN, None).run();
    assert!(pair.server_hold.is_none(), "nothing is refused for a wrong value of command 5");
    assert!(matches!(pair.agent_hold, Some(HandshakeError::ServerIdentity { .. })));
}

#[test]
fn an_old_agent_that_names_the_key_hash_is_let_in() {
    // Such an agent knows only the old form, so it is also what the server signs.
    let old = agent::Seen { tls_hash: TLS_KEY, tls_key_hash: TLS_KEY };
    let pair = Pair::new(agent_config(host().server_id()), old, None).run();
    assert!(pair.is_open());
}

#[test]
fn a_server_that_echoes_the_key_hash_is_accepted() {
    let mut pair = Pair::new(agent_config(host().server_id()), SEEN, None);
    pair.middle = Some(|from_agent, wire| match wire {
        Ok(mut bytes) if !from_agent && bytes[1] == 1 => {
            bytes[2..50].copy_from_slice(&TLS_KEY.0);
            Ok(bytes)
        }
        wire => wire,
    });
    let pair = pair.run();
    assert_eq!(pair.agent_hold, None);
    // Step 6 signs the echo; this server signed and checks the other form, so it refuses. The agent was right.
    assert!(matches!(pair.server_hold, Some(HandshakeError::Signature(Some(_)))));
    assert_eq!(pair.pin, Some(pin()), "the server's own signature was over the hash we computed");
}

#[test]
fn both_certificates_of_a_grace_window_are_accepted() {
    for tls in [TLS, FOREIGN_TLS] {
        let mut config = server::Config::clone(&server_config(&[host()]));
        config.accepted_tls.push(server::AcceptedTls { tls: FOREIGN_TLS, key: FOREIGN_TLS });
        let seen = agent::Seen { tls_hash: tls, tls_key_hash: tls };
        let mut pair = Pair::new(agent_config(host().server_id()), seen, None);
        pair.server = server::Handshake::start(Arc::new(config), nonce(5), pair.now);
        assert!(pair.run().is_open());
    }
}

/// Somebody who ends TLS in the middle: the agent sees a foreign certificate.
fn intercepted(change: fn(bool, Wire) -> Wire) -> Pair {
    let seen = agent::Seen { tls_hash: FOREIGN_TLS, tls_key_hash: FOREIGN_TLS };
    let mut pair = Pair::new(agent_config(host().server_id()), seen, None);
    pair.middle = Some(change);
    pair.to_server = std::mem::take(&mut pair.to_server).into_iter().map(|wire| change(true, wire)).collect();
    let pair = pair.run();
    assert!(pair.ready.is_none() && pair.confirmed.is_none() && pair.hello.is_none());
    assert_eq!(pair.pin, None);
    pair
}

fn with_hash(wire: Wire, hash: &[u8; 48]) -> Wire {
    wire.map(|mut bytes| {
        if bytes.len() == 98 {
            bytes[2..50].copy_from_slice(hash);
        }
        bytes
    })
}

#[test]
fn an_interceptor_who_passes_everything_on_is_found_by_the_server() {
    let pair = intercepted(|_, wire| wire);
    let expected = HandshakeError::OuterCertificate { served: TLS, claimed: FOREIGN_TLS };
    assert_eq!(pair.server_hold, Some(expected));
    assert_eq!(pair.server_sent, [], "the refusal is silent");
}

#[test]
fn an_interceptor_who_hides_it_from_the_server_is_found_by_the_agent() {
    let pair = intercepted(|from_agent, wire| if from_agent { with_hash(wire, &TLS.0) } else { wire });
    let expected = HandshakeError::EchoedHash { seen: FOREIGN_TLS, echoed: TLS };
    assert_eq!(pair.agent_hold, Some(expected));
    assert_eq!(commands(&pair.agent_sent), [30, 31, 5, 1], "the agent signs nothing for him");
}

#[test]
fn an_interceptor_who_lies_to_both_is_found_by_both() {
    let pair =
        intercepted(|from_agent, wire| with_hash(wire, if from_agent { &TLS.0 } else { &FOREIGN_TLS.0 }));
    assert!(matches!(pair.agent_hold, Some(HandshakeError::Signature(Some(_)))), "{:?}", pair.agent_hold);
    assert!(matches!(pair.server_hold, Some(HandshakeError::Signature(Some(_)))), "{:?}", pair.server_hold);
    assert!(!commands(&pair.agent_sent).contains(&3));
    assert!(!commands(&pair.server_sent).contains(&4));
}

#[test]
fn frames_of_an_earlier_connection_prove_nothing_to_a_server() {
    for pin in [None, Some(pin())] {
        let earlier = Pair::new(agent_config(host().server_id()), SEEN, pin).run();
        assert!(earlier.is_open());
        let now = Instant::now();
        let mut pair = Pair::new(agent_config(host().server_id()), SEEN, None);
        pair.server = server::Handshake::start(server_config(&[host()]), nonce(77), now);
        pair.to_server = earlier.agent_sent.into();
        let pair = pair.run();
        assert!(
            matches!(pair.server_hold, Some(HandshakeError::Signature(Some(_)))),
            "{:?}",
            pair.server_hold
        );
        assert!(pair.hello.is_none());
    }
}

#[test]
fn frames_of_an_earlier_connection_prove_nothing_to_an_agent() {
    let earlier = Pair::new(agent_config(host().server_id()), SEEN, None).run();
    let mut pair = Pair::new(agent_config(host().server_id()), SEEN, None);
    pair.agent = agent::Handshake::start(agent_config(host().server_id()), SEEN, nonce(78), None, pair.now);
    pair.to_server.clear();
    pair.to_agent = earlier.server_sent.into();
    pair.drain();
    let pair = pair.run();
    assert!(matches!(pair.agent_hold, Some(HandshakeError::Signature(Some(_)))), "{:?}", pair.agent_hold);
    assert!(pair.ready.is_none() && pair.pin.is_none());
}

#[test]
fn frames_sent_back_to_their_sender_prove_nothing() {
    // A reflected proof has the nonces in the wrong order and the wrong key.
    let earlier = Pair::new(agent_config(host().server_id()), SEEN, None).run();
    let now = Instant::now();
    let mut server = server::Handshake::start(server_config(&[host()]), nonce(2), now);
    let (mut verified, mut held) = (false, None);
    for wire in earlier.server_sent {
        let _ = server.handle(now, frame(&wire));
        loop {
            match server.poll() {
                server::Output::Verify { cert_der, data, signature } => {
                    server
                        .checked(microstack_crypto::verify_agent_signature(&cert_der, &data, &signature))
                        .unwrap();
                }
                server::Output::Verified(_) => verified = true,
                server::Output::Hold(error) => held = Some(error),
                server::Output::Wait(_) => break,
                _ => {}
            }
        }
    }
    assert!(!verified);
    assert!(matches!(held, Some(HandshakeError::Signature(_))), "{held:?}");
}

#[test]
fn a_server_may_keep_a_proven_agent_out_without_a_word() {
    for reason in [
        PolicyHold::UnknownGroup(MeshId([3; 48])),
        PolicyHold::GroupType(MeshId([3; 48])),
        PolicyHold::Full { limit: 10 },
        PolicyHold::CrashLoop { disconnects: 7 },
        PolicyHold::Other("closed for repairs".to_owned()),
    ] {
        let mut pair = Pair::new(agent_config(host().server_id()), SEEN, None);
        while pair.hello.is_none() {
            assert!(pair.step(0));
        }
        pair.server.hold(reason.clone());
        pair.drain();
        let pair = pair.run();
        assert_eq!(pair.server_hold, Some(HandshakeError::Policy(reason)));
        assert!(pair.ready.is_none() && pair.agent_hold.is_none());
        assert_eq!(commands(&pair.server_sent), [1, 2]);
    }
}

#[test]
fn an_agent_says_once_what_it_misses() {
    let cases: [(usize, &str); 3] = [(0, "AuthRequest"), (1, "AuthVerify"), (2, "AuthConfirm")];
    for (answers, missing) in cases {
        let mut pair = Pair::new(agent_config(host().server_id()), SEEN, None);
        let mut delivered = 0;
        while !pair.to_server.is_empty() || !pair.tasks.is_empty() || delivered < answers {
            if delivered < answers && !pair.to_agent.is_empty() {
                let wire = pair.to_agent.pop_front().unwrap();
                pair.agent.handle(pair.now, frame(&wire)).unwrap();
                pair.drain();
                delivered += 1;
                continue;
            }
            let held_back = std::mem::take(&mut pair.to_agent);
            let moved = pair.step(0);
            for wire in held_back.into_iter().rev() {
                pair.to_agent.push_front(wire);
            }
            assert!(moved);
        }
        let deadline = pair.agent.deadline().unwrap();
        pair.agent.handle_timeout(deadline - Duration::from_millis(1));
        pair.drain();
        assert_eq!(pair.ignored, []);
        pair.agent.handle_timeout(deadline);
        pair.drain();
        let [HandshakeError::Silent { waiting_for, after }] = &pair.ignored[..] else {
            panic!("{:?}", pair.ignored)
        };
        assert!(waiting_for.contains(missing), "{waiting_for}");
        assert!(*after >= Duration::from_secs(20));
        assert_eq!(pair.agent.deadline(), None, "it is said once");
        if answers < 2 {
            // A late answer is still welcome.
            pair.ignored.clear();
            assert!(pair.run().is_open());
        }
    }
}

#[test]
fn an_agent_that_never_finishes_is_held_after_thirty_seconds() {
    let start = Instant::now();
    let mut server = server::Handshake::start(server_config(&[host()]), nonce(2), start);
    assert!(matches!(server.poll(), server::Output::Wait(Some(at)) if at == start + Duration::from_secs(30)));
    server.handle_timeout(start + Duration::from_secs(29));
    assert!(matches!(server.poll(), server::Output::Wait(Some(_))));
    server.handle_timeout(start + Duration::from_secs(30));
    let server::Output::Hold(HandshakeError::Silent { waiting_for, .. }) = server.poll() else {
        panic!("not held")
    };
    assert!(waiting_for.contains("AuthRequest"));
    assert!(server.is_held());
    assert!(matches!(server.poll(), server::Output::Wait(None)));
}

#[test]
fn after_confirmation_neither_core_listens_any_more() {
    let mut pair = Pair::new(agent_config(host().server_id()), SEEN, None).run();
    let request = Command::AuthRequest { hash: FOREIGN_TLS, nonce: nonce(9) }.to_vec();
    pair.agent.handle(pair.now, Frame::Binary(&request)).unwrap();
    pair.server.handle(pair.now, Frame::Binary(&request)).unwrap();
    pair.server.hold(PolicyHold::Full { limit: 1 });
    pair.drain();
    assert_eq!((pair.agent_hold, pair.server_hold), (None, None));
    assert!(matches!(pair.server.confirm(), Err(HandshakeError::Misuse(_))), "no second session");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_order_of_crossing_frames_and_work_opens_the_channel(
        seed in any::<u64>(),
        skip in any::<bool>(),
        old in any::<bool>(),
    ) {
        let id = if old { old_id(host()) } else { host().server_id() };
        let pin = skip.then_some(agent::Pin { server: id, tls: TLS });
        let mut pair = Pair::new(agent_config(id), SEEN, pin);
        let mut random = Random(seed);
        while pair.step(random.below(1 << 20)) {}
        prop_assert!(pair.is_open());
        prop_assert_eq!(pair.ignored, vec![]);
        prop_assert_eq!(pair.ready.unwrap().skip_path(), skip);
        prop_assert_eq!(pair.pin.is_some(), !skip);
    }

    #[test]
    fn a_wrong_server_or_certificate_never_opens_it_in_any_order(
        seed in any::<u64>(),
        wrong_id in any::<bool>(),
    ) {
        let (id, seen) = match wrong_id {
            true => (stranger().server_id(), SEEN),
            false => (host().server_id(), agent::Seen { tls_hash: FOREIGN_TLS, tls_key_hash: FOREIGN_TLS }),
        };
        let mut pair = Pair::new(agent_config(id), seen, None);
        let mut random = Random(seed);
        while pair.step(random.below(1 << 20)) {}
        prop_assert!(pair.ready.is_none() && pair.pin.is_none() && pair.confirmed.is_none());
    }
}
