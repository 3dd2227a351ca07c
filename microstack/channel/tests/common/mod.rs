//! What the tests share: identities, configurations, and a pair of handshakes with a scheduler between them.
#![allow(dead_code)] // each test file uses its part

use std::collections::VecDeque;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use microstack_channel::wire::{AuthInfo, Capabilities, MeshId, Nonce, Platform, ServerId, TlsHash};
use microstack_channel::{Frame, HandshakeError, agent, server};
use microstack_crypto::{Identity, key_id_sha256, verify_agent_signature};

/// The TLS certificate of the true server, as hashes.
pub const TLS: TlsHash = TlsHash([0x11; 48]);
/// Its key, the old form.
pub const TLS_KEY: TlsHash = TlsHash([0x12; 48]);
/// The certificate of somebody in the middle.
pub const FOREIGN_TLS: TlsHash = TlsHash([0x66; 48]);

/// RSA 2048 for speed; the sizes of real peers are in the vectors.
pub fn identity(number: usize) -> &'static Identity {
    static IDENTITIES: [OnceLock<Identity>; 4] = [const { OnceLock::new() }; 4];
    IDENTITIES[number].get_or_init(|| Identity::new_agent(2048).unwrap())
}

pub fn device() -> &'static Identity {
    identity(0)
}

pub fn host() -> &'static Identity {
    identity(1)
}

pub fn stranger() -> &'static Identity {
    identity(2)
}

/// The ServerID in its old form.
pub fn old_id(identity: &Identity) -> ServerId {
    let mut id = [0; 48];
    id[..32].copy_from_slice(&key_id_sha256(&identity.cert_der).unwrap());
    ServerId(id)
}

pub fn info() -> AuthInfo {
    AuthInfo {
        info_version: 1,
        agent_type: 6,
        agent_version: 0,
        platform: Platform::Server,
        mesh: MeshId([3; 48]),
        capabilities: Capabilities(0x118),
        name: "prüfling".to_owned(),
    }
}

pub fn agent_config(server: ServerId) -> agent::Config {
    agent::Config {
        commit_date: "2026-Nov-21 08:00:00+0000".to_owned(),
        host_info: "Debian GNU/Linux 12 (bookworm) - x64".to_owned(),
        agent_name: Some("Gerät \"7\"".to_owned()),
        tag: b"tag".to_vec(),
        ..agent::Config::new(server, device().cert_der.clone(), info())
    }
}

pub fn server_config(identities: &[&Identity]) -> Arc<server::Config> {
    let identities = identities
        .iter()
        .map(|identity| server::ServerIdentity::new(identity.cert_der.clone()).unwrap())
        .collect();
    Arc::new(server::Config {
        identities,
        accepted_tls: vec![server::AcceptedTls { tls: TLS, key: TLS_KEY }],
    })
}

pub const SEEN: agent::Seen = agent::Seen { tls_hash: TLS, tls_key_hash: TLS_KEY };

pub fn nonce(seed: u8) -> Nonce {
    Nonce(std::array::from_fn(|i| seed.wrapping_mul(31).wrapping_add(i as u8)))
}

/// A message on its way: binary, or text as `Err`.
pub type Wire = Result<Vec<u8>, String>;

pub fn frame(wire: &Wire) -> Frame<'_> {
    match wire {
        Ok(bytes) => Frame::Binary(bytes),
        Err(text) => Frame::Text(text),
    }
}

/// Work that runs off the chain and finishes at any time.
pub enum Task {
    AgentSign([u8; 144]),
    AgentVerify(Vec<u8>, [u8; 144], Vec<u8>),
    ServerSign(usize, [u8; 144]),
    ServerVerify(Vec<u8>, [u8; 144], Vec<u8>),
}

/// An agent and a server with everything between them: frames in order per direction, work in any order.
pub struct Pair {
    pub now: Instant,
    pub agent: agent::Handshake,
    pub server: server::Handshake,
    pub to_server: VecDeque<Wire>,
    pub to_agent: VecDeque<Wire>,
    pub tasks: Vec<Task>,
    /// The identities behind [`server::Config::identities`].
    pub host_keys: Vec<&'static Identity>,
    pub agent_sent: Vec<Wire>,
    pub server_sent: Vec<Wire>,
    pub pin: Option<agent::Pin>,
    pub ready: Option<agent::AgentSession>,
    pub hello: Option<server::AgentHello>,
    pub confirmed: Option<server::ServerSession>,
    pub agent_hold: Option<HandshakeError>,
    pub server_hold: Option<HandshakeError>,
    pub ignored: Vec<HandshakeError>,
    /// Changes a frame on its way; the flag says whether it comes from the agent.
    pub middle: Option<fn(bool, Wire) -> Wire>,
}

impl Pair {
    pub fn new(config: agent::Config, seen: agent::Seen, pin: Option<agent::Pin>) -> Pair {
        Pair::with_server(config, seen, pin, &[host()])
    }

    pub fn with_server(
        config: agent::Config,
        seen: agent::Seen,
        pin: Option<agent::Pin>,
        hosts: &[&'static Identity],
    ) -> Pair {
        let now = Instant::now();
        let mut pair = Pair {
            now,
            agent: agent::Handshake::start(config, seen, nonce(1), pin, now),
            server: server::Handshake::start(server_config(hosts), nonce(2), now),
            to_server: VecDeque::new(),
            to_agent: VecDeque::new(),
            tasks: Vec::new(),
            host_keys: hosts.to_vec(),
            agent_sent: Vec::new(),
            server_sent: Vec::new(),
            pin: None,
            ready: None,
            hello: None,
            confirmed: None,
            agent_hold: None,
            server_hold: None,
            ignored: Vec::new(),
            middle: None,
        };
        pair.drain();
        pair
    }

    /// Drains both sides, as the contract of the cores demands after each input.
    pub fn drain(&mut self) {
        loop {
            match self.agent.poll() {
                agent::Output::Send(bytes) => self.agent_sends(Ok(bytes)),
                agent::Output::SendText(text) => self.agent_sends(Err(text)),
                agent::Output::Sign { data } => self.tasks.push(Task::AgentSign(data)),
                agent::Output::Verify { cert_der, data, signature } => {
                    self.tasks.push(Task::AgentVerify(cert_der, data, signature));
                }
                agent::Output::Pin(pin) => self.pin = Some(pin),
                agent::Output::Hold(error) => {
                    assert_eq!(self.agent_hold.replace(error), None, "a refusal comes once");
                }
                agent::Output::Overdue(error) => self.ignored.push(error),
                agent::Output::Ready(session) => self.ready = Some(session),
                agent::Output::Wait(_) => break,
            }
        }
        loop {
            match self.server.poll() {
                server::Output::Send(bytes) => {
                    self.server_sent.push(Ok(bytes.clone()));
                    let wire = self.middle.map_or(Ok(bytes.clone()), |change| change(false, Ok(bytes)));
                    self.to_agent.push_back(wire);
                }
                server::Output::Sign { identity, data } => self.tasks.push(Task::ServerSign(identity, data)),
                server::Output::Verify { cert_der, data, signature } => {
                    self.tasks.push(Task::ServerVerify(cert_der, data, signature));
                }
                server::Output::Hold(error) => {
                    assert_eq!(self.server_hold.replace(error), None, "a refusal comes once");
                }
                server::Output::Verified(hello) => {
                    assert!(self.hello.replace(hello).is_none(), "an agent is presented once");
                }
                server::Output::Wait(_) => break,
            }
        }
    }

    fn agent_sends(&mut self, wire: Wire) {
        self.agent_sent.push(wire.clone());
        let wire = self.middle.map_or(wire.clone(), |change| change(true, wire));
        self.to_server.push_back(wire);
    }

    /// Does one of the things that can happen next, chosen by `choice`; says whether there was one.
    pub fn step(&mut self, choice: usize) -> bool {
        let mut possible = Vec::new();
        if !self.to_server.is_empty() {
            possible.push(0);
        }
        if !self.to_agent.is_empty() {
            possible.push(1);
        }
        if self.hello.is_some() && self.confirmed.is_none() && self.server_hold.is_none() {
            possible.push(2);
        }
        possible.extend((0..self.tasks.len()).map(|task| 3 + task));
        let Some(&next) = possible.get(choice % possible.len().max(1)) else { return false };
        self.now += Duration::from_millis(1);
        match next {
            0 => {
                let wire = self.to_server.pop_front().unwrap();
                self.ignored.extend(self.server.handle(self.now, frame(&wire)).err());
            }
            1 => {
                let wire = self.to_agent.pop_front().unwrap();
                self.ignored.extend(self.agent.handle(self.now, frame(&wire)).err());
            }
            2 => self.confirmed = Some(self.server.confirm().unwrap()),
            task => match self.tasks.remove(task - 3) {
                Task::AgentSign(data) => self.agent.signed(device().key.sign_sha384(&data)).unwrap(),
                Task::ServerSign(identity, data) => {
                    self.server.signed(self.host_keys[identity].key.sign_sha384(&data)).unwrap();
                }
                Task::AgentVerify(cert, data, signature) => {
                    self.agent.checked(verify_agent_signature(&cert, &data, &signature)).unwrap();
                }
                Task::ServerVerify(cert, data, signature) => {
                    self.server.checked(verify_agent_signature(&cert, &data, &signature)).unwrap();
                }
            },
        }
        self.drain();
        true
    }

    /// Runs until nothing can happen any more, always taking the first possibility.
    pub fn run(mut self) -> Pair {
        while self.step(0) {}
        self
    }

    pub fn is_open(&self) -> bool {
        self.ready.is_some() && self.confirmed.is_some()
    }
}

/// An open channel, both ends.
pub fn sessions() -> (agent::AgentSession, server::ServerSession) {
    let pair = Pair::new(agent_config(host().server_id()), SEEN, None).run();
    (pair.ready.unwrap(), pair.confirmed.unwrap())
}

/// SplitMix64 for reproducible choices.
pub struct Random(pub u64);

impl Random {
    pub fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) as usize % bound
    }
}
