//! The recorded connections of real peers, replayed on both cores.
//!
//! The agents' and servers' private keys are not in the vectors, so a replay checks that each signature asked for is
//! over the bytes the real peer signed, and hands in the recorded one.

mod common;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use common::frame;
use microstack_channel::core_sync::{self, CoreSync, Inputs, Wanted};
use microstack_channel::wire::{AuthInfo, Command, CoreHash, MeshId, NodeId, Nonce, ServerId};
use microstack_channel::{Frame, Message, agent, server};
use microstack_crypto::{key_id, tls_hash, tls_key_hash, verify_rsa_sha384};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use serde_json::Value;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/vectors/agent-channel")
}

fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

struct Recorded {
    from_agent: bool,
    text: bool,
    bytes: Vec<u8>,
}

impl Recorded {
    fn frame(&self) -> Frame<'_> {
        match self.text {
            true => Frame::Text(std::str::from_utf8(&self.bytes).unwrap()),
            false => Frame::Binary(&self.bytes),
        }
    }

    fn is(&self, from_agent: bool, command: u8) -> bool {
        self.from_agent == from_agent && self.bytes[..2] == [0, command]
    }
}

struct Transcript {
    name: &'static str,
    messages: Vec<Recorded>,
    identity: Vec<u8>,
    tls: Vec<u8>,
    device: Vec<u8>,
}

impl Transcript {
    fn read(name: &'static str) -> Transcript {
        let text =
            std::fs::read_to_string(folder().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
        let document: Value = serde_json::from_str(&text).unwrap();
        let certificate = |key: &str| {
            let file = format!("{}.crt.pem", document["keys"][key].as_str().unwrap());
            CertificateDer::from_pem_file(folder().join(file)).unwrap().to_vec()
        };
        let messages = document["messages"].as_array().unwrap().iter().filter_map(|message| {
            // Pings and pongs are the business of the WebSocket.
            message["frame"].as_str().filter(|kind| ["binary", "text"].contains(kind))?;
            Some(Recorded {
                from_agent: message.get("dir")? == "a2s",
                text: message["frame"] == "text",
                bytes: bytes(message.get("hex")?.as_str()?),
            })
        });
        Transcript {
            name,
            messages: messages.collect(),
            identity: certificate("server_identity"),
            tls: certificate("server_tls"),
            device: certificate("agent"),
        }
    }

    fn find(&self, from_agent: bool, command: u8) -> Option<&[u8]> {
        self.messages.iter().find(|message| message.is(from_agent, command)).map(|message| &message.bytes[..])
    }

    /// The position of the server's command 4, where the handshake ends.
    fn confirmed_at(&self) -> usize {
        self.messages.iter().position(|message| message.is(false, 4)).unwrap()
    }

    fn hash_and_nonce(&self, from_agent: bool) -> (Vec<u8>, Nonce) {
        let request = self.find(from_agent, 1).unwrap();
        (request[2..50].to_vec(), Nonce(request[50..98].try_into().unwrap()))
    }

    fn signature(&self, from_agent: bool) -> Vec<u8> {
        let proof = self.find(from_agent, 2).unwrap();
        proof[4 + usize::from(u16::from_be_bytes([proof[2], proof[3]]))..].to_vec()
    }

    fn skips(&self) -> bool {
        self.find(true, 4).is_some()
    }

    fn seen(&self) -> agent::Seen {
        agent::Seen { tls_hash: tls_hash(&self.tls), tls_key_hash: tls_key_hash(&self.tls).unwrap() }
    }

    fn info(&self) -> AuthInfo {
        match Command::parse_from_agent(self.find(true, 3).unwrap()).unwrap() {
            Command::AuthInfo(info) => info,
            other => panic!("{other:?}"),
        }
    }

    fn server_id(&self) -> ServerId {
        ServerId(key_id(&self.identity).unwrap())
    }
}

const WITH_HANDSHAKE: [&str; 6] = [
    "real-full.json",
    "real-skip-and-ping.json",
    "real-native-update.json",
    "real-recovery-core-update.json",
    "mini-full-tinycore.json",
    "mini-skip-deflatecore.json",
];

/// Plays the agent's recorded messages to our server. Checks every byte our server sends.
fn replay_on_server(recorded: &Transcript) -> (server::ServerSession, server::AgentHello) {
    let now = Instant::now();
    let name = recorded.name;
    let (hash, agent_nonce) = recorded.hash_and_nonce(true);
    let (_, server_nonce) = recorded.hash_and_nonce(false);
    let seen = recorded.seen();
    let config = server::Config {
        identities: vec![server::ServerIdentity::new(recorded.identity.clone()).unwrap()],
        accepted_tls: vec![server::AcceptedTls { tls: seen.tls_hash, key: seen.tls_key_hash }],
    };
    let mut core = server::Handshake::start(Arc::new(config), server_nonce, now);
    let (mut sent, mut hello, mut session, mut signed) = (Vec::new(), None, None, false);
    let until = recorded.confirmed_at();
    for message in recorded.messages[..until].iter().filter(|message| message.from_agent) {
        core.handle(now, message.frame()).unwrap_or_else(|error| panic!("{name}: {error}"));
        loop {
            match core.poll() {
                server::Output::Send(bytes) => sent.push(bytes),
                server::Output::Sign { identity, data } => {
                    assert_eq!(identity, 0);
                    assert_eq!(data[..], [&hash[..], &agent_nonce.0, &server_nonce.0].concat()[..], "{name}");
                    core.signed(recorded.signature(false)).unwrap();
                    signed = true;
                }
                server::Output::Verify { cert_der, data, signature } => {
                    assert_eq!(cert_der, recorded.device, "{name}");
                    let verified = verify_rsa_sha384(&cert_der, &data, &signature);
                    assert_eq!(verified, Ok(()), "{name}: the real agent's signature");
                    core.checked(verified).unwrap();
                }
                server::Output::Hold(error) => panic!("{name}: {error}"),
                server::Output::Verified(agent) => {
                    hello = Some(agent);
                    session = Some(core.confirm().unwrap());
                }
                server::Output::Wait(_) => break,
            }
        }
    }
    let expected: Vec<&[u8]> = recorded.messages[..=until]
        .iter()
        .filter(|message| !message.from_agent)
        .map(|message| &message.bytes[..])
        .collect();
    assert_eq!(sent, expected, "{name}: our server says what the real one said");
    assert_eq!(signed, !recorded.skips(), "{name}");
    (session.unwrap(), hello.unwrap())
}

/// Plays the server's recorded messages to our agent. Checks every byte our agent sends.
fn replay_on_agent(recorded: &Transcript) -> agent::AgentSession {
    let now = Instant::now();
    let name = recorded.name;
    let (hash, agent_nonce) = recorded.hash_and_nonce(true);
    let (_, server_nonce) = recorded.hash_and_nonce(false);
    let text = |command| match Command::parse_from_agent(recorded.find(true, command).unwrap()).unwrap() {
        Command::AgentCommitDate(text) | Command::HostInfo(text) => text.into_owned(),
        other => panic!("{other:?}"),
    };
    let config = agent::Config {
        commit_date: text(30),
        host_info: text(31),
        ..agent::Config::new(recorded.server_id(), recorded.device.clone(), recorded.info())
    };
    let pin = agent::Pin { server: recorded.server_id(), tls: recorded.seen().tls_hash };
    let given = recorded.skips().then_some(pin);
    let mut core = agent::Handshake::start(config, recorded.seen(), agent_nonce, given, now);
    let (mut sent, mut session, mut pinned) = (Vec::new(), None, None);
    let until = recorded.confirmed_at();
    let mut from_server = recorded.messages[..=until].iter().filter(|message| !message.from_agent);
    loop {
        match core.poll() {
            agent::Output::Send(bytes) => sent.push(bytes),
            agent::Output::SendText(text) => panic!("{name}: {text}"),
            agent::Output::Sign { data } => {
                assert_eq!(data[..], [&hash[..], &server_nonce.0, &agent_nonce.0].concat()[..], "{name}");
                core.signed(recorded.signature(true)).unwrap();
            }
            agent::Output::Verify { cert_der, data, signature } => {
                assert_eq!(cert_der, recorded.identity, "{name}");
                let verified = verify_rsa_sha384(&cert_der, &data, &signature);
                assert_eq!(verified, Ok(()), "{name}: the real server's signature");
                core.checked(verified).unwrap();
            }
            agent::Output::Pin(pin) => pinned = Some(pin),
            agent::Output::Hold(error) | agent::Output::Overdue(error) => panic!("{name}: {error}"),
            agent::Output::Ready(ready) => session = Some(ready),
            agent::Output::Wait(_) => match from_server.next() {
                Some(message) => core.handle(now, message.frame()).unwrap(),
                None => break,
            },
        }
    }
    assert_eq!(pinned, (!recorded.skips()).then_some(pin), "{name}");
    // The real agent's thread signs when it likes, so compare the order of the others and the set of all.
    let expected: Vec<Vec<u8>> = recorded.messages[..until]
        .iter()
        .filter(|message| message.from_agent)
        .map(|message| message.bytes.clone())
        .chain([vec![0, 15]])
        .collect();
    let without_proof = |frames: &[Vec<u8>]| -> Vec<Vec<u8>> {
        frames.iter().filter(|frame| frame[..2] != [0, 2]).cloned().collect()
    };
    assert_eq!(without_proof(&sent), without_proof(&expected), "{name}");
    let sorted = |mut frames: Vec<Vec<u8>>| {
        frames.sort();
        frames
    };
    assert_eq!(sorted(sent), sorted(expected), "{name}: our agent says what the real one said");
    session.unwrap()
}

#[test]
fn our_server_serves_every_recorded_agent() {
    for name in WITH_HANDSHAKE {
        let recorded = Transcript::read(name);
        let (session, hello) = replay_on_server(&recorded);
        assert_eq!(hello.node, NodeId(key_id(&recorded.device).unwrap()));
        assert_eq!(session.node(), hello.node);
        assert_eq!(hello.skip, recorded.skips());
        assert_eq!(hello.asked, Some(recorded.server_id()));
        assert_eq!(hello.info, recorded.info());
        assert_eq!(hello.commit_date.as_deref(), Some("2022-Nov-2 23:01:45-0700"));
        assert_eq!(hello.host_info.as_deref(), Some("Debian GNU/Linux 12 (bookworm) - x64"));
        assert_eq!(hello.info.agent_type, 6);
        // Everything that follows is understood.
        let after = &recorded.messages[recorded.confirmed_at()..];
        let mut understood = 0;
        for message in after.iter().filter(|message| message.from_agent) {
            session.parse(message.frame()).unwrap_or_else(|error| panic!("{name}: {error}"));
            understood += 1;
        }
        assert!(understood >= 3, "{name}: {understood} messages after authentication");
    }
}

#[test]
fn our_agent_satisfies_every_recorded_server() {
    for name in WITH_HANDSHAKE {
        let recorded = Transcript::read(name);
        let session = replay_on_agent(&recorded);
        assert_eq!(session.skip_path(), recorded.skips());
        assert_eq!(session.server(), recorded.server_id());
        let after = &recorded.messages[recorded.confirmed_at() + 1..];
        for message in after.iter().filter(|message| !message.from_agent) {
            // Blocks of the recorded update are shortened in the file, which the layout cannot show.
            session.parse(message.frame()).unwrap_or_else(|error| panic!("{name}: {error}"));
        }
    }
}

#[test]
fn a_recorded_agent_is_refused_when_the_server_draws_another_nonce() {
    for name in WITH_HANDSHAKE {
        let recorded = Transcript::read(name);
        let seen = recorded.seen();
        let config = server::Config {
            identities: vec![server::ServerIdentity::new(recorded.identity.clone()).unwrap()],
            accepted_tls: vec![server::AcceptedTls { tls: seen.tls_hash, key: seen.tls_key_hash }],
        };
        let now = Instant::now();
        let mut core = server::Handshake::start(Arc::new(config), common::nonce(1), now);
        let (mut verified, mut held) = (false, false);
        for message in recorded.messages.iter().filter(|message| message.from_agent) {
            let _ = core.handle(now, message.frame());
            loop {
                match core.poll() {
                    server::Output::Verify { cert_der, data, signature } => {
                        core.checked(verify_rsa_sha384(&cert_der, &data, &signature)).unwrap();
                    }
                    server::Output::Hold(_) => held = true,
                    server::Output::Verified(_) => verified = true,
                    server::Output::Wait(_) => break,
                    _ => {}
                }
            }
        }
        assert!(held && !verified, "{name}");
    }
}

#[test]
fn the_recorded_group_is_the_one_of_the_settings_file() {
    let text = std::fs::read_to_string(folder().join("real-full.json")).unwrap();
    let document: Value = serde_json::from_str(&text).unwrap();
    let recorded = Transcript::read("real-full.json");
    let mesh = document["msh"]["MeshID"].as_str().unwrap().trim_start_matches("0x");
    assert_eq!(recorded.info().mesh, MeshId::from_hex(mesh).unwrap());
    let server = document["msh"]["ServerID"].as_str().unwrap();
    assert_eq!(recorded.server_id(), ServerId::from_hex(server).unwrap());
}

/// Plays the messages after authentication to our keeper; gives what it starts and sends.
fn replay_on_keeper(recorded: &Transcript, stored: Option<CoreHash>) -> (Vec<CoreHash>, Vec<Vec<u8>>) {
    let session = replay_on_agent(recorded);
    let config = agent::KeeperConfig { stored, ..Default::default() };
    let mut keeper = agent::CoreKeeper::start(config, Instant::now());
    let (mut started, mut sent) = (Vec::new(), Vec::new());
    for message in &recorded.messages[recorded.confirmed_at() + 1..] {
        if message.from_agent {
            continue;
        }
        keeper.handle(&session, &session.parse(message.frame()).unwrap());
        loop {
            match keeper.poll() {
                agent::KeeperOutput::Start { hash, .. } => started.push(hash),
                agent::KeeperOutput::Send(Message::Binary(bytes)) => sent.push(bytes),
                agent::KeeperOutput::Refused(why) => panic!("{}: {why}", recorded.name),
                agent::KeeperOutput::Wait(_) => break,
                _ => {}
            }
        }
    }
    (started, sent)
}

fn recorded_reports(recorded: &Transcript) -> Vec<Vec<u8>> {
    recorded
        .messages
        .iter()
        .filter(|message| message.is(true, 11))
        .map(|message| message.bytes.clone())
        .collect()
}

#[test]
fn our_keeper_reports_what_the_recorded_agents_report() {
    let full = Transcript::read("mini-full-tinycore.json");
    let (started, sent) = replay_on_keeper(&full, None);
    assert_eq!(sent, recorded_reports(&full));
    let first_core = *started.last().unwrap();

    // The next connection of the same agent finds that core in its store and gets the new one compressed.
    let skip = Transcript::read("mini-skip-deflatecore.json");
    let reports = recorded_reports(&skip);
    assert_eq!(reports[0][4..], first_core.0);
    let (started, sent) = replay_on_keeper(&skip, Some(first_core));
    assert_eq!(sent, reports);
    assert_eq!(started.last().unwrap().0, reports.last().unwrap()[4..]);
}

#[test]
fn our_server_brings_the_recorded_agents_to_their_core() {
    for name in
        ["real-full.json", "mini-full-tinycore.json", "mini-skip-deflatecore.json", "real-skip-and-ping.json"]
    {
        let recorded = Transcript::read(name);
        let (session, hello) = replay_on_server(&recorded);
        let reports = recorded_reports(&recorded);
        let wanted = CoreHash(reports.last().unwrap()[4..].try_into().unwrap());
        let now = Instant::now();
        let inputs = Inputs {
            disconnects: 0,
            type_known: true,
            capabilities: hello.info.capabilities,
            wanted: Wanted::Core(wanted),
            program: None,
        };
        let mut sync = CoreSync::start(&session, inputs, now);
        let (mut pushed, mut stable, mut sent) = (0, false, Vec::new());
        // Real agents echo the request id, which was another one when this was recorded.
        let mut reports = reports.into_iter();
        loop {
            match sync.poll() {
                core_sync::Output::Send(message) => sent.push(message),
                core_sync::Output::Push { hash, deflated_ok, .. } => {
                    assert_eq!((hash, deflated_ok), (wanted, true));
                    pushed += 1;
                }
                core_sync::Output::Stable => stable = true,
                core_sync::Output::Wait(_) => match reports.next() {
                    Some(mut report) => {
                        report[2..4].copy_from_slice(&[0, 0]);
                        let wire = Ok(report);
                        sync.handle(&session, now, &session.parse(frame(&wire)).unwrap());
                    }
                    None => break,
                },
                other => panic!("{name}: {other:?}"),
            }
        }
        assert!(stable && sync.is_stable(), "{name}");
        assert_eq!(pushed, usize::from(name != "real-skip-and-ping.json"), "{name}");
        assert_eq!(sent.last(), Some(&session.core_ok(0)), "{name}");
    }
}
