//! Peers that break the protocol: truncated, oversized, repeated, out of order, or nonsense.

mod common;

use std::time::Instant;

use common::*;
use microstack_channel::wire::{AuthInfo, Command, CoreHash, Nonce, TlsHash, WireError};
use microstack_channel::{Frame, HandshakeError, agent, server};
use microstack_crypto::{Identity, SignError, key_id, verify_agent_signature};
use proptest::prelude::*;

/// Keys too small to be accepted, with their private halves thrown away.
const SMALL_CERT: &[u8] = include_bytes!("../../crypto/tests/data/rsa-1024.crt.der");
const SMALL_SIGNATURE: &[u8] = include_bytes!("../../crypto/tests/data/rsa-1024.sig");
const EC_CERT: &[u8] = include_bytes!("../../crypto/tests/data/ec.crt.der");

/// A server that does its work at once, fed by hand.
struct Server {
    now: Instant,
    core: server::Handshake,
    sent: Vec<Vec<u8>>,
    signed: usize,
    hello: Option<server::AgentHello>,
    hold: Option<HandshakeError>,
}

impl Server {
    fn new() -> Server {
        let now = Instant::now();
        let core = server::Handshake::start(server_config(&[host()]), nonce(2), now);
        Server { now, core, sent: Vec::new(), signed: 0, hello: None, hold: None }
    }

    fn feed(&mut self, bytes: &[u8]) -> Result<(), HandshakeError> {
        self.feed_frame(Frame::Binary(bytes))
    }

    fn feed_frame(&mut self, frame: Frame<'_>) -> Result<(), HandshakeError> {
        let result = self.core.handle(self.now, frame);
        loop {
            match self.core.poll() {
                server::Output::Send(bytes) => self.sent.push(bytes),
                server::Output::Sign { data, .. } => {
                    self.signed += 1;
                    self.core.signed(host().key.sign_sha384(&data)).unwrap();
                }
                server::Output::Verify { cert_der, data, signature } => {
                    self.core.checked(verify_agent_signature(&cert_der, &data, &signature)).unwrap();
                }
                server::Output::Hold(error) => assert_eq!(self.hold.replace(error), None),
                server::Output::Verified(hello) => assert!(self.hello.replace(hello).is_none()),
                server::Output::Wait(_) => return result,
            }
        }
    }
}

/// An agent that does its work at once, fed by hand.
struct Agent {
    now: Instant,
    core: agent::Handshake,
    sent: Vec<Vec<u8>>,
    ready: bool,
    pin: bool,
    hold: Option<HandshakeError>,
}

impl Agent {
    fn new() -> Agent {
        let now = Instant::now();
        let core = agent::Handshake::start(agent_config(host().server_id()), SEEN, nonce(1), None, now);
        let mut agent = Agent { now, core, sent: Vec::new(), ready: false, pin: false, hold: None };
        agent.drain();
        agent
    }

    fn feed(&mut self, bytes: &[u8]) -> Result<(), HandshakeError> {
        let result = self.core.handle(self.now, Frame::Binary(bytes));
        self.drain();
        result
    }

    fn drain(&mut self) {
        loop {
            match self.core.poll() {
                agent::Output::Send(bytes) => self.sent.push(bytes),
                agent::Output::Sign { data } => self.core.signed(device().key.sign_sha384(&data)).unwrap(),
                agent::Output::Verify { cert_der, data, signature } => {
                    self.core.checked(verify_agent_signature(&cert_der, &data, &signature)).unwrap();
                }
                agent::Output::Pin(_) => self.pin = true,
                agent::Output::Hold(error) => assert_eq!(self.hold.replace(error), None),
                agent::Output::Ready(_) => self.ready = true,
                agent::Output::SendText(_) | agent::Output::Overdue(_) => {}
                agent::Output::Wait(_) => return,
            }
        }
    }
}

fn signed(identity: &Identity, tls: TlsHash, peer: Nonce, own: Nonce) -> Vec<u8> {
    let data = [&tls.0[..], &peer.0, &own.0].concat();
    Command::AuthVerify { certificate: &identity.cert_der, signature: &identity.key.sign_sha384(&data) }
        .to_vec()
}

/// What a good agent with nonce 1 sends to a server with nonce 2.
fn agent_frames() -> [Vec<u8>; 4] {
    [
        Command::ServerId(host().server_id()).to_vec(),
        Command::AuthRequest { hash: TLS, nonce: nonce(1) }.to_vec(),
        signed(device(), TLS, nonce(2), nonce(1)),
        Command::AuthInfo(info()).to_vec(),
    ]
}

/// What a good server with nonce 2 sends to an agent with nonce 1.
fn server_frames() -> [Vec<u8>; 3] {
    [
        Command::AuthRequest { hash: TLS, nonce: nonce(2) }.to_vec(),
        signed(host(), TLS, nonce(1), nonce(2)),
        Command::AuthConfirm.to_vec(),
    ]
}

/// All orders of `items`.
fn orders<T: Clone>(items: &[T]) -> Vec<Vec<T>> {
    if items.is_empty() {
        return vec![Vec::new()];
    }
    (0..items.len())
        .flat_map(|first| {
            let mut rest = items.to_vec();
            let head = rest.remove(first);
            orders(&rest).into_iter().map(move |mut tail| {
                tail.insert(0, head.clone());
                tail
            })
        })
        .collect()
}

#[test]
fn a_server_takes_the_agents_messages_in_any_order() {
    for order in orders(&agent_frames()) {
        let mut server = Server::new();
        for frame in &order {
            match server.feed(frame) {
                Ok(()) | Err(HandshakeError::Late { command: 5 }) => {}
                Err(error) => panic!("{error}"),
            }
        }
        assert_eq!(server.hold, None);
        assert_eq!(server.hello.unwrap().node, device().node_id());
    }
}

#[test]
fn an_agent_takes_the_servers_messages_in_any_order() {
    for order in orders(&server_frames()) {
        let mut agent = Agent::new();
        for (i, frame) in order.iter().enumerate() {
            assert!(!agent.ready, "not before all three");
            agent.feed(frame).unwrap_or_else(|error| panic!("message {i}: {error}"));
        }
        assert!(agent.ready && agent.pin && agent.hold.is_none());
    }
}

#[test]
fn skipping_works_only_if_asked_for_before_the_hash() {
    let [_, request, proof, info] = agent_frames();
    let confirm = Command::AuthConfirm.to_vec();
    let mut early = Server::new();
    for frame in [&confirm, &request, &info, &proof] {
        early.feed(frame).unwrap();
    }
    assert_eq!((early.signed, early.sent.len()), (0, 1));
    assert!(early.hello.unwrap().skip);

    let mut late = Server::new();
    late.feed(&request).unwrap();
    assert_eq!(late.feed(&confirm), Err(HandshakeError::Late { command: 4 }));
    late.feed(&proof).unwrap();
    late.feed(&info).unwrap();
    assert_eq!(late.signed, 1);
    assert!(!late.hello.unwrap().skip);
}

#[test]
fn a_second_copy_of_any_message_is_ignored() {
    let mut server = Server::new();
    server.feed(&Command::AuthConfirm.to_vec()).unwrap();
    assert_eq!(server.feed(&Command::AuthConfirm.to_vec()), Err(HandshakeError::Repeated { command: 4 }));
    // The second copies lie about everything; nothing of them may stick.
    let lies = [
        Command::ServerId(stranger().server_id()).to_vec(),
        Command::AuthRequest { hash: FOREIGN_TLS, nonce: nonce(66) }.to_vec(),
        signed(stranger(), TLS, nonce(2), nonce(1)),
        Command::AuthInfo(AuthInfo { name: "liar".to_owned(), ..info() }).to_vec(),
    ];
    let frames = agent_frames();
    for (frame, lie) in frames[..3].iter().zip(&lies) {
        server.feed(frame).unwrap();
        let command = u16::from(frame[1]);
        assert_eq!(server.feed(lie), Err(HandshakeError::Repeated { command }));
    }
    server.feed(&frames[3]).unwrap();
    assert_eq!(server.feed(&lies[3]), Err(HandshakeError::Repeated { command: 3 }));
    let hello = server.hello.unwrap();
    assert_eq!((hello.node, hello.info), (device().node_id(), info()));
    assert_eq!(server.hold, None);

    let mut agent = Agent::new();
    for frame in &server_frames()[..2] {
        agent.feed(frame).unwrap();
        assert_eq!(agent.feed(frame), Err(HandshakeError::Repeated { command: u16::from(frame[1]) }));
    }
    let before = agent.sent.len();
    agent.feed(&server_frames()[2]).unwrap();
    assert!(agent.ready);
    assert_eq!(agent.sent.len(), before + 1, "only the tag follows");
}

#[test]
fn a_message_cut_at_any_byte_never_opens_anything() {
    for (position, frame) in agent_frames().iter().enumerate() {
        // Every length for the short ones; in the large one the interesting places are at its ends.
        for cut in (0..frame.len()).filter(|cut| *cut < 200 || cut % 37 == 0 || frame.len() - cut < 20) {
            let mut server = Server::new();
            let mut refused = Vec::new();
            for (i, whole) in agent_frames().iter().enumerate() {
                let bytes = if i == position { &whole[..cut] } else { &whole[..] };
                refused.extend(server.feed(bytes).err());
            }
            // Command 5 is optional, and so is the name at the end of command 3.
            if (position == 0 && cut < 2) || (position == 3 && cut == 70) {
                assert!(server.hello.is_some());
                continue;
            }
            assert!(server.hello.is_none(), "message {position} cut to {cut} bytes");
            if cut >= 2 {
                let hold = server.hold.unwrap_or_else(|| panic!("message {position} cut to {cut}: no hold"));
                assert!(
                    matches!(hold, HandshakeError::Malformed(_) | HandshakeError::Signature(Some(_))),
                    "message {position} cut to {cut}: {hold}"
                );
            } else {
                assert!(
                    matches!(refused[..], [HandshakeError::Malformed(WireError::Empty { .. })]),
                    "{refused:?}"
                );
            }
        }
    }
    for (position, frame) in server_frames().iter().enumerate() {
        for cut in (0..frame.len()).filter(|cut| *cut < 200 || cut % 37 == 0 || frame.len() - cut < 20) {
            let mut agent = Agent::new();
            for (i, whole) in server_frames().iter().enumerate() {
                let bytes = if i == position { &whole[..cut] } else { &whole[..] };
                let _ = agent.feed(bytes);
            }
            assert!(!agent.ready, "message {position} cut to {cut} bytes");
            assert!(position == 2 || !agent.pin, "message {position} cut to {cut} bytes");
        }
    }
}

#[test]
fn a_message_with_bytes_to_spare_is_refused_where_its_length_is_fixed() {
    let [server_id, request, ..] = agent_frames();
    for frame in [server_id, request, Command::AuthConfirm.to_vec()] {
        let mut server = Server::new();
        server.feed(&[&frame[..], b"x"].concat()).unwrap();
        assert!(matches!(server.hold, Some(HandshakeError::Malformed(WireError::TooLong { .. }))));
    }
}

#[test]
fn oversized_messages_are_refused_on_both_sides() {
    let large = vec![0; 16 * 1024 + 1];
    let expected = Some(HandshakeError::TooLarge { limit: 16 * 1024, got: large.len() });
    let mut server = Server::new();
    server.feed(&large).unwrap();
    assert_eq!(server.hold, expected);
    let mut agent = Agent::new();
    agent.feed(&large).unwrap();
    assert_eq!(agent.hold, expected);
    // A certificate length that reaches beyond the message or the cap.
    for length in [0u16, 1, 5000, 16 * 1024 + 1, u16::MAX] {
        let mut bytes = vec![0, 2];
        bytes.extend_from_slice(&length.to_be_bytes());
        bytes.extend_from_slice(&[0x30; 40]);
        let mut server = Server::new();
        server.feed(&agent_frames()[1]).unwrap();
        server.feed(&bytes).unwrap();
        assert!(server.hold.is_some(), "certificate length {length}");
    }
}

#[test]
fn a_1024_bit_key_is_refused_with_its_size_on_both_sides() {
    let proof = Command::AuthVerify { certificate: SMALL_CERT, signature: SMALL_SIGNATURE }.to_vec();
    let mut server = Server::new();
    server.feed(&agent_frames()[1]).unwrap();
    server.feed(&proof).unwrap();
    assert_eq!(server.hold, Some(HandshakeError::WeakKey { bits: 1024 }));
    assert!(server.hold.unwrap().to_string().contains("1024 bits"));
    let mut agent = Agent::new();
    agent.feed(&server_frames()[0]).unwrap();
    agent.feed(&proof).unwrap();
    assert_eq!(agent.hold, Some(HandshakeError::WeakKey { bits: 1024 }));
}

#[test]
fn a_certificate_that_is_none_is_refused_with_the_reason() {
    for (certificate, text) in [(EC_CERT, "no RSA key"), (&b"\x30\x03\x02\x01\x01"[..], "not an X.509")] {
        let proof = Command::AuthVerify { certificate, signature: &[1; 256] }.to_vec();
        let mut server = Server::new();
        server.feed(&agent_frames()[1]).unwrap();
        server.feed(&proof).unwrap();
        assert!(server.hold.unwrap().to_string().contains(text));
        let mut agent = Agent::new();
        agent.feed(&server_frames()[0]).unwrap();
        agent.feed(&proof).unwrap();
        assert!(agent.hold.unwrap().to_string().contains(text));
    }
}

#[test]
fn a_right_signature_by_a_foreign_key_opens_nothing() {
    let mut agent = Agent::new();
    agent.feed(&server_frames()[0]).unwrap();
    agent.feed(&signed(stranger(), TLS, nonce(1), nonce(2))).unwrap();
    assert!(matches!(agent.hold, Some(HandshakeError::ServerIdentity { listed: false, .. })));
    // The right certificate with a foreign signature.
    let data = [&TLS.0[..], &nonce(1).0, &nonce(2).0].concat();
    let signature = stranger().key.sign_sha384(&data);
    let mut agent = Agent::new();
    agent.feed(&server_frames()[0]).unwrap();
    agent
        .feed(&Command::AuthVerify { certificate: &host().cert_der, signature: &signature }.to_vec())
        .unwrap();
    assert!(matches!(agent.hold, Some(HandshakeError::Signature(Some(_)))));
    assert!(!agent.pin);
}

#[test]
fn nonces_in_the_wrong_order_prove_nothing() {
    let mut server = Server::new();
    server.feed(&agent_frames()[1]).unwrap();
    server.feed(&signed(device(), TLS, nonce(1), nonce(2))).unwrap();
    assert!(matches!(server.hold, Some(HandshakeError::Signature(Some(_)))));
    let mut agent = Agent::new();
    agent.feed(&server_frames()[0]).unwrap();
    agent.feed(&signed(host(), TLS, nonce(2), nonce(1))).unwrap();
    assert!(matches!(agent.hold, Some(HandshakeError::Signature(Some(_)))));
}

#[test]
fn commands_of_the_session_are_ignored_before_it() {
    let core = Command::Core { request: 0, hash: CoreHash([0; 48]), body: b"\0\0\0\0run()" }.to_vec();
    let mut agent = Agent::new();
    for frame in
        [&core[..], &[0, 10, 0, 0], &[0, 11, 0, 0], &[0, 16, 0, 0], &[0, 12, 0, 0], b"{\"action\":\"x\"}"]
    {
        assert!(matches!(agent.feed(frame), Err(HandshakeError::Early { .. })));
    }
    // Still so when the server has confirmed but not proved itself.
    agent.feed(&Command::AuthConfirm.to_vec()).unwrap();
    assert_eq!(agent.feed(&core), Err(HandshakeError::Early { command: Some(10) }));
    for frame in &server_frames()[..2] {
        assert!(!agent.ready);
        agent.feed(frame).unwrap();
    }
    assert!(agent.ready, "none of it did harm");

    let mut server = Server::new();
    for frame in [&[0, 15][..], &[0, 11, 0, 0], b"{\"action\":\"coreinfo\"}", &[0x10, 0, 1]] {
        assert!(matches!(server.feed(frame), Err(HandshakeError::Early { .. })));
    }
    for frame in agent_frames() {
        server.feed(&frame).unwrap();
    }
    assert!(server.hello.is_some());
}

#[test]
fn commands_in_the_wrong_direction_are_refused_or_ignored() {
    let mut agent = Agent::new();
    // 3 and 5 belong to the handshake but come from agents only.
    agent.feed(&agent_frames()[3]).unwrap();
    assert!(matches!(
        agent.hold,
        Some(HandshakeError::Malformed(WireError::WrongDirection { command: 3, .. }))
    ));
    let mut server = Server::new();
    assert!(matches!(server.feed(&[0, 16, 0, 0]), Err(HandshakeError::Malformed(_))));
    assert_eq!(server.hold, None);
}

#[test]
fn only_a_good_agent_name_is_taken() {
    let name_after = |texts: &[&str]| {
        let mut server = Server::new();
        for text in texts {
            let _ = server.feed_frame(Frame::Text(text));
        }
        for frame in agent_frames() {
            server.feed(&frame).unwrap();
        }
        assert_eq!(server.hold, None);
        server.hello.unwrap().agent_name
    };
    assert_eq!(name_after(&[r#"{"action":"agentName","value":"a\u00fc"}"#]).as_deref(), Some("aü"));
    let longest = format!(r#"{{"action":"agentName","value":"{}"}}"#, "ü".repeat(255));
    assert_eq!(name_after(&[&longest]).unwrap().chars().count(), 255);
    let too_long = format!(r#"{{"action":"agentName","value":"{}"}}"#, "x".repeat(256));
    let deep = format!("{{\"action\":{}", "[".repeat(10_000));
    for bad in [
        &too_long,
        &deep,
        r#"{"action":"agentName","value":""}"#,
        r#"{"action":"agentName","value":7}"#,
        r#"{"action":"agentName"}"#,
        r#"{"action":"other","value":"x"}"#,
        "{",
        "agentName",
        "",
    ] {
        assert_eq!(name_after(&[bad]), None, "{bad:.40}");
    }
}

#[test]
fn an_agent_without_a_name_or_a_version_is_let_in() {
    let mut server = Server::new();
    let bare = Command::AuthInfo(info()).to_vec();
    for frame in [&agent_frames()[1][..], &agent_frames()[2], &bare[..70]] {
        server.feed(frame).unwrap();
    }
    let hello = server.hello.unwrap();
    assert_eq!((hello.info.name.as_str(), hello.commit_date, hello.host_info), ("", None, None));
}

#[test]
fn a_failing_key_holds_its_own_side() {
    let now = Instant::now();
    let mut server = server::Handshake::start(server_config(&[host()]), nonce(2), now);
    server.handle(now, Frame::Binary(&agent_frames()[1])).unwrap();
    server.sign_failed(SignError::Device("removed".to_owned()));
    assert!(matches!(server.poll(), server::Output::Hold(HandshakeError::Signer(_))));
    assert!(matches!(server.poll(), server::Output::Wait(None)), "nothing decided before may leave now");
}

#[test]
fn a_refusal_is_silent_even_if_messages_were_about_to_leave() {
    let now = Instant::now();
    let mut agent = agent::Handshake::start(agent_config(host().server_id()), SEEN, nonce(1), None, now);
    // The owner has not drained the opening messages yet.
    let foreign = Command::AuthRequest { hash: FOREIGN_TLS, nonce: nonce(2) }.to_vec();
    agent.handle(now, Frame::Binary(&foreign)).unwrap();
    assert!(matches!(agent.poll(), agent::Output::Hold(HandshakeError::EchoedHash { .. })));
    assert!(matches!(agent.poll(), agent::Output::Wait(None)));
    for frame in server_frames() {
        agent.handle(now, Frame::Binary(&frame)).unwrap();
        assert!(matches!(agent.poll(), agent::Output::Wait(None)), "it stays silent");
    }
}

#[test]
fn a_session_does_not_open_before_our_own_proof_has_left() {
    // A server that confirms whoever connects must not make the agent start before it has said who it is.
    let now = Instant::now();
    let mut core = agent::Handshake::start(agent_config(host().server_id()), SEEN, nonce(1), None, now);
    let mut to_sign = None;
    for frame in server_frames() {
        core.handle(now, Frame::Binary(&frame)).unwrap();
        loop {
            match core.poll() {
                agent::Output::Sign { data } => to_sign = Some(data),
                agent::Output::Verify { .. } => core.verified(true).unwrap(),
                agent::Output::Ready(_) => panic!("ready without a proof"),
                agent::Output::Wait(_) => break,
                _ => {}
            }
        }
    }
    core.signed(device().key.sign_sha384(&to_sign.unwrap())).unwrap();
    let outputs: Vec<_> = std::iter::from_fn(|| match core.poll() {
        agent::Output::Wait(_) => None,
        output => Some(output),
    })
    .collect();
    let [agent::Output::Send(proof), agent::Output::Send(tag), agent::Output::Ready(_)] = &outputs[..] else {
        panic!("{outputs:?}")
    };
    assert_eq!((proof[1], tag[1]), (2, 15));
}

#[test]
fn results_nobody_asked_for_are_misuse_and_change_nothing() {
    let now = Instant::now();
    let mut server = server::Handshake::start(server_config(&[host()]), nonce(2), now);
    assert!(matches!(server.signed(vec![1]), Err(HandshakeError::Misuse(_))));
    assert!(matches!(server.verified(true), Err(HandshakeError::Misuse(_))));
    assert!(matches!(server.confirm(), Err(HandshakeError::Misuse(_))));
    assert!(matches!(server.poll(), server::Output::Wait(Some(_))));
    let mut agent = Agent::new();
    assert!(matches!(agent.core.signed(vec![1]), Err(HandshakeError::Misuse(_))));
    assert!(matches!(agent.core.verified(true), Err(HandshakeError::Misuse(_))));
    agent.drain();
    assert!(!agent.ready && !agent.pin);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn no_bytes_make_a_core_panic_or_open(frames in proptest::collection::vec(hostile_frame(), 0..12)) {
        let mut server = Server::new();
        let mut agent = Agent::new();
        for frame in &frames {
            let _ = server.feed(frame);
            let _ = agent.feed(frame);
        }
        prop_assert!(server.hello.is_none() && !agent.ready && !agent.pin);
    }

    #[test]
    fn one_flipped_bit_opens_only_if_it_leaves_key_and_signature_whole(position in 0..3usize, bit in any::<u16>()) {
        let mut frames = server_frames();
        let frame = &mut frames[position];
        let bit = usize::from(bit) % (frame.len() * 8);
        frame[bit / 8] ^= 1 << (bit % 8);
        let mut agent = Agent::new();
        for frame in &frames {
            let _ = agent.feed(frame);
        }
        // No field of the certificate but its key is looked at (agent-channel specification 1).
        let certificate = &frames[1][4..4 + host().cert_der.len()];
        let outside_key = position == 1
            && (4..4 + host().cert_der.len()).contains(&(bit / 8))
            && key_id(certificate).is_ok_and(|id| id == host().server_id().0);
        prop_assert!(!agent.ready || outside_key, "bit {} of message {}", bit, position);
    }
}

/// Frames that look like the real ones at first sight.
fn hostile_frame() -> impl Strategy<Value = Vec<u8>> {
    let garbage = proptest::collection::vec(any::<u8>(), 0..300);
    let headed = (0..40u8, proptest::collection::vec(any::<u8>(), 0..300)).prop_map(|(command, mut rest)| {
        rest.splice(0..0, [0, command]);
        rest
    });
    let request = (any::<bool>(), any::<u8>()).prop_map(|(right, seed)| {
        let hash = if right { TLS } else { FOREIGN_TLS };
        Command::AuthRequest { hash, nonce: nonce(seed) }.to_vec()
    });
    let info = Just(Command::AuthInfo(info()).to_vec());
    let confirm = Just(Command::AuthConfirm.to_vec());
    let proof = proptest::collection::vec(any::<u8>(), 256).prop_map(|signature| {
        Command::AuthVerify { certificate: &host().cert_der, signature: &signature }.to_vec()
    });
    prop_oneof![garbage, headed, request, info, confirm, proof]
}
