//! Somebody between the two ends, or at one of them.

mod support;

use microstack_session::envelope::Envelope;
use microstack_session::hello::{ClientHello, DeviceHello};
use microstack_session::keys::LinkKey;
use microstack_session::{Client, ClientOptions, Error, HelloError, Output, Refusal};
use support::{Fate, Frame, From, Pair, binary, identity, text};

/// Runs a first handshake with somebody who changes the text frames.
fn handshake(change: impl Fn(From, &str) -> Option<String>) -> Pair {
    let mut pair = Pair::new();
    pair.attach();
    pair.run_with(&mut |from, frame| match frame {
        Frame::Text(text) => change(from, text).map_or(Fate::Pass, |text| Fate::Change(Frame::Text(text))),
        Frame::Binary(_) => Fate::Pass,
    });
    pair
}

fn refused(pair: &Pair) -> &Error {
    assert!(pair.session.is_none(), "the device began a session");
    assert!(!pair.client_heard.iter().any(|output| matches!(output, Output::Opened(_))));
    &pair.client_errors[0]
}

#[test]
fn another_device_s_key_is_refused() {
    // The middle answers with a key of its own, rightly signed.
    let mut pair = Pair::new();
    let other = identity(1);
    pair.device = microstack_session::Device::new(
        identity(0).node_id().0,
        other.key.public_pkcs1_der().to_vec(),
        microstack_session::Limits::default(),
    );
    pair.signer = 1;
    pair.attach();
    pair.run();
    assert_eq!(*refused(&pair), Error::OtherDevice);
    assert!(pair.client_errors[0].to_string().contains("somebody may stand in between"));
    assert!(!pair.client.is_resumable());
}

#[test]
fn the_right_key_without_its_signature_is_refused() {
    let mut pair = Pair::new();
    pair.signer = 1;
    pair.attach();
    pair.run();
    assert_eq!(*refused(&pair), Error::Signature);
}

#[test]
fn a_middle_with_keys_of_its_own_is_refused_on_both_sides() {
    let own = LinkKey::from_random([9; 32]).point();
    let pair = handshake(|from, text| match (from, Envelope::parse(text)) {
        (From::Device, Ok(Envelope::New { hello, key, signature })) => {
            let hello = DeviceHello { point: own, ..DeviceHello::parse(&hello).unwrap() }.emit();
            Some(Envelope::New { hello, key, signature }.emit())
        }
        _ => None,
    });
    assert_eq!(*refused(&pair), Error::Signature);
    let pair = handshake(|from, text| match (from, Envelope::parse(text)) {
        (From::Client, Ok(Envelope::Client { hello })) => {
            let hello = ClientHello { point: own, ..ClientHello::parse(&hello).unwrap() }.emit(None);
            Some(Envelope::Client { hello }.emit())
        }
        _ => None,
    });
    assert_eq!(*refused(&pair), Error::Signature);
}

#[test]
fn every_changed_bit_of_a_hello_is_noticed() {
    let mut noticed = 0;
    for from in [From::Client, From::Device] {
        let length = if from == From::Client { 150 + 8 } else { 130 + 11 };
        for at in 0..length {
            let pair = handshake(|sender, text| {
                let mut envelope = Envelope::parse(text).unwrap();
                if sender != from {
                    return None;
                }
                match &mut envelope {
                    Envelope::Client { hello } | Envelope::New { hello, .. } => {
                        assert_eq!(hello.len(), length);
                        hello[at] ^= 1;
                    }
                    other => panic!("{other:?}"),
                }
                Some(envelope.emit())
            });
            refused(&pair);
            noticed += 1;
        }
    }
    assert_eq!(noticed, 158 + 141);
}

#[test]
fn a_hello_for_another_device_or_tunnel_is_refused() {
    let mut pair = Pair::new();
    pair.client = Client::new(ClientOptions { node: identity(1).node_id().0, protocol: 1 });
    pair.attach();
    pair.run();
    assert_eq!(*refused(&pair), Error::Refused(Refusal::Hello));
    let mut pair = Pair::new();
    pair.attach();
    pair.context.tunnel = "another".into();
    pair.run();
    assert_eq!(*refused(&pair), Error::Refused(Refusal::Hello));
}

#[test]
fn another_version_is_refused_with_a_word() {
    let pair = handshake(|from, text| (from == From::Client).then(|| text.replace("\"v\":1", "\"v\":0")));
    assert_eq!(*refused(&pair), Error::Refused(Refusal::Version));
    let pair = handshake(|from, text| (from == From::Device).then(|| text.replace("\"v\":1", "\"v\":2")));
    assert_eq!(*refused(&pair), Error::Hello(HelloError::Version(2)));
    assert!(pair.client_errors[0].to_string().contains("update"));
}

#[test]
fn nothing_in_the_open_is_taken_for_an_answer() {
    for open in ["1", "{\"ctrlChannel\":\"102938\",\"type\":\"options\"}", "", "{\"type\":\"secure\"}"] {
        let pair = handshake(|from, _| (from == From::Device).then(|| open.to_owned()));
        refused(&pair);
    }
    let mut pair = Pair::open();
    pair.client.handle_text(pair.now, "an open word").unwrap_err();
    let mut pair = Pair::new();
    pair.attach();
    assert!(matches!(pair.client.handle_binary(pair.now, b"open bytes"), Err(Error::Unexpected(_))));
}

#[test]
fn records_changed_repeated_or_lost_cost_the_link_and_nothing_else() {
    for from in [From::Client, From::Device] {
        for kind in 0..3 {
            let mut pair = Pair::open();
            for n in 0..5u8 {
                pair.client.send(&binary([n])).unwrap();
                pair.device.send(pair.session(), &binary([n])).unwrap();
            }
            let mut count = 0;
            pair.run_with(&mut |sender, frame| {
                count += usize::from(sender == from);
                match (sender == from && count == 3, kind, frame) {
                    (true, 0, Frame::Binary(bytes)) => {
                        let mut changed = bytes.clone();
                        changed[0] ^= 0x80;
                        Fate::Change(Frame::Binary(changed))
                    }
                    (true, 1, _) => Fate::Twice,
                    (true, 2, _) => Fate::Lose,
                    _ => Fate::Pass,
                }
            });
            if from == From::Device {
                assert!(pair.client_errors.contains(&Error::Sealed), "{kind}");
            } else {
                assert!(
                    pair.drops()[0].contains("changed, repeated or left out"),
                    "{kind}: {:?}",
                    pair.drops()
                );
            }
            pair.cut();
            pair.attach();
            pair.run();
            let all: Vec<_> = (0..5u8).map(|n| binary([n])).collect();
            assert_eq!((pair.at_device(), pair.at_client()), (all.clone(), all), "{from:?} {kind}");
        }
    }
}

#[test]
fn a_repeated_resume_does_not_take_the_session_away() {
    let mut pair = Pair::open();
    pair.cut();
    pair.attach();
    pair.run();
    let hello = pair.seen.iter().rev().find_map(|(from, frame)| match (from, frame) {
        (From::Client, Frame::Text(text)) => Some(text.clone()),
        _ => None,
    });
    // The same tunnel id again, which only the server can do.
    pair.give_device(99, Frame::Text(hello.unwrap()));
    pair.drain();
    pair.give_device(99, Frame::Binary(vec![0; 40]));
    pair.drain();
    assert!(
        pair.device_heard
            .iter()
            .any(|o| matches!(o, microstack_session::DeviceOutput::Drop { link: 99, .. }))
    );
    pair.client.send(&text("still here")).unwrap();
    pair.run();
    assert_eq!(pair.at_device(), [text("still here")]);
}

#[test]
fn a_device_that_does_not_know_the_session_s_key_cannot_go_on_with_it() {
    let mut pair = Pair::open();
    pair.cut();
    pair.attach();
    pair.run_with(&mut |from, frame| match (from, frame) {
        (From::Device, Frame::Text(text)) => match Envelope::parse(text).unwrap() {
            Envelope::Resumed { hello, mut proof } => {
                proof[0] ^= 1;
                Fate::Change(Frame::Text(Envelope::Resumed { hello, proof }.emit()))
            }
            other => panic!("{other:?}"),
        },
        _ => Fate::Pass,
    });
    assert_eq!(pair.client_errors, [Error::Proof]);
    assert!(!pair.client.is_resumable());
}

#[test]
fn a_resume_with_a_wrong_proof_leaves_the_session_alone() {
    let mut pair = Pair::open();
    pair.attach(); // a second tunnel, while the first is up
    pair.run_with(&mut |from, frame| match (from, frame) {
        (From::Client, Frame::Text(text)) => {
            let Ok(Envelope::Client { mut hello }) = Envelope::parse(text) else { panic!() };
            *hello.last_mut().unwrap() ^= 1;
            Fate::Change(Frame::Text(Envelope::Client { hello }.emit()))
        }
        _ => Fate::Pass,
    });
    assert_eq!(pair.client_errors, [Error::Refused(Refusal::Proof)]);
    assert_eq!(pair.device.sessions(), 1);
}

#[test]
fn a_signature_that_comes_late_or_never_is_no_harm() {
    let mut pair = Pair::new();
    pair.attach();
    let Ok(Some(Output::SendText(hello))) = pair.client.poll() else { panic!() };
    pair.give_device(1, Frame::Text(hello.clone()));
    pair.device.lost(pair.now, 1);
    pair.device.signed(pair.now, 1, Some(vec![0; 256]));
    assert_eq!(pair.device.sessions(), 0);
    pair.context.tunnel = "tunnel-1".into();
    pair.give_device(2, Frame::Text(hello));
    pair.device.signed(pair.now, 2, None);
    let outputs: Vec<_> = std::iter::from_fn(|| pair.device.poll()).collect();
    assert!(format!("{outputs:?}").contains("signature"), "{outputs:?}");
    assert_eq!(pair.device.deadline(), None);
}
