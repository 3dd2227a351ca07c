//! Two peers out of a recording: real certificates, and signatures that are right for fixed nonces.

use std::sync::{Arc, OnceLock};
use std::time::Instant;

use microstack::channel::{Frame, agent, server};
use microstack::wire::{AuthInfo, Command, Nonce, ServerId, TlsHash, hex};
use serde_json::Value;

/// One recorded handshake on the full path.
#[derive(Debug)]
pub struct Recording {
    /// The agent's binary frames, up to its command 15.
    pub agent: Vec<Vec<u8>>,
    /// The server's binary frames, up to its command 4.
    pub server: Vec<Vec<u8>>,
    /// The TLS certificate that both name.
    pub tls: TlsHash,
    /// The agent's nonce.
    pub agent_nonce: Nonce,
    /// The server's nonce.
    pub server_nonce: Nonce,
    /// The identity that the agent asks for, and has.
    pub server_id: ServerId,
    /// The agent's certificate.
    pub agent_cert: Vec<u8>,
    /// The agent's signature.
    pub agent_signature: Vec<u8>,
    /// The server's identity certificate.
    pub server_cert: Vec<u8>,
    /// What the agent said about itself.
    pub info: AuthInfo,
}

/// The hash of the key of the TLS certificate, which the recording does not have.
pub const TLS_KEY: TlsHash = TlsHash([0x12; 48]);

/// The recording, read once.
pub fn recording() -> &'static Recording {
    static RECORDING: OnceLock<Recording> = OnceLock::new();
    RECORDING.get_or_init(read)
}

/// An instant to count from. The machines under test only ever see distances from it.
pub fn start() -> Instant {
    static START: OnceLock<Instant> = OnceLock::new();
    *START.get_or_init(Instant::now)
}

/// The recorded agent.
pub fn agent_config() -> agent::Config {
    let recording = recording();
    agent::Config::new(recording.server_id, recording.agent_cert.clone(), recording.info.clone())
}

/// What the recorded agent saw of TLS.
pub fn seen() -> agent::Seen {
    agent::Seen { tls_hash: recording().tls, tls_key_hash: TLS_KEY }
}

/// The recorded server, with a second identity.
pub fn server_config() -> Arc<server::Config> {
    static CONFIG: OnceLock<Arc<server::Config>> = OnceLock::new();
    let config = CONFIG.get_or_init(|| {
        let recording = recording();
        let identities = [&recording.server_cert, &recording.agent_cert].map(|cert| {
            server::ServerIdentity::new(cert.clone()).expect("recorded certificates have RSA keys")
        });
        let accepted = server::AcceptedTls { tls: recording.tls, key: TLS_KEY };
        Arc::new(server::Config { identities: identities.into(), accepted_tls: vec![accepted] })
    });
    Arc::clone(config)
}

/// Both ends of an open channel. Only whole handshakes make them, so these come from two.
pub fn sessions() -> &'static (agent::AgentSession, server::ServerSession) {
    static SESSIONS: OnceLock<(agent::AgentSession, server::ServerSession)> = OnceLock::new();
    SESSIONS.get_or_init(|| (agent_session(), server_session()))
}

fn agent_session() -> agent::AgentSession {
    let recording = recording();
    let pin = agent::Pin { server: recording.server_id, tls: recording.tls };
    let mut agent =
        agent::Handshake::start(agent_config(), seen(), recording.agent_nonce, Some(pin), start());
    for frame in [&recording.server[0], &b"\0\x04".to_vec()] {
        agent.handle(start(), Frame::Binary(frame)).expect("the recorded server keeps to the protocol");
    }
    loop {
        match agent.poll() {
            agent::Output::Sign { .. } => agent.signed(vec![1; 384]).expect("it was asked for"),
            agent::Output::Ready(session) => return session,
            agent::Output::Wait(_) => panic!("the recorded server did all it must"),
            _ => {}
        }
    }
}

fn server_session() -> server::ServerSession {
    let mut server = server::Handshake::start(server_config(), recording().server_nonce, start());
    for frame in recording().agent.iter().filter(|frame| frame[1] != 15) {
        server.handle(start(), Frame::Binary(frame)).expect("the recorded agent keeps to the protocol");
    }
    server.verified(true).expect("it was asked for");
    server.confirm().expect("the recorded agent did all it must")
}

fn read() -> Recording {
    const TEXT: &str = include_str!("../../tests/vectors/agent-channel/mini-full-tinycore.json");
    let document: Value = serde_json::from_str(TEXT).expect("a recorded transcript is JSON");
    let frames = |direction: &str, last: u8| {
        let mut frames = Vec::new();
        for message in document["messages"].as_array().into_iter().flatten() {
            if message["dir"] == direction && message["frame"] == "binary" {
                let text = message["hex"].as_str().expect("frames of a handshake are short");
                frames.push(hex::read(text).expect("a recorded frame is hexadecimal"));
                if frames.last().is_some_and(|frame| frame[..2] == [0, last]) {
                    break;
                }
            }
        }
        frames
    };
    let (agent, server) = (frames("a2s", 15), frames("s2a", 4));
    let named = |frames: &[Vec<u8>], number: u8| {
        let found = frames.iter().find(|frame| frame[..2] == [0, number]);
        found.cloned().expect("the recording holds a whole handshake")
    };
    let nonce = |frames: &[Vec<u8>]| Nonce(id(&named(frames, 1)[50..98]));
    let proof = |frames: &[Vec<u8>]| match Command::parse_from_agent(&named(frames, 2)) {
        Ok(Command::AuthVerify { certificate, signature }) => (certificate.to_vec(), signature.to_vec()),
        other => panic!("command 2 of a recording is read as {other:?}"),
    };
    let info = match Command::parse_from_agent(&named(&agent, 3)) {
        Ok(Command::AuthInfo(info)) => info,
        other => panic!("command 3 of a recording is read as {other:?}"),
    };
    let (agent_cert, agent_signature) = proof(&agent);
    Recording {
        tls: TlsHash(id(&named(&agent, 1)[2..50])),
        agent_nonce: nonce(&agent),
        server_nonce: nonce(&server),
        server_id: ServerId(id(&named(&agent, 5)[2..50])),
        server_cert: proof(&server).0,
        agent_cert,
        agent_signature,
        info,
        agent,
        server,
    }
}

fn id(bytes: &[u8]) -> [u8; 48] {
    bytes.try_into().expect("ids have 48 bytes")
}
