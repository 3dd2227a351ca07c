//! The agent's end of the handshake (agent-channel specification 3.3 and 3.5).

mod core_keeper;
mod session;

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use microstack_crypto::{SignError, VerifyError, key_id};
use microstack_wire::command::{MAX_BEFORE_AUTH, number};
use microstack_wire::{AuthInfo, Command, Nonce, ServerId, TlsHash};

pub use core_keeper::{CoreKeeper, KeeperConfig, KeeperOutput, MAX_CORE_BYTES};
pub use session::{AgentSession, ServerCommand};
pub(crate) use session::{custom_message, json_message};

use crate::error::HandshakeError;
use crate::frame::Frame;
use crate::proof::{Evidence, peer_key, refused_signature, signed_data};

/// What an agent is and whom it trusts.
#[derive(Debug, Clone)]
pub struct Config {
    /// The ServerID that belongs to the address just connected. The only one accepted.
    pub server: ServerId,
    /// All ServerIDs of the configuration; used to explain a wrong order, never to accept one.
    pub all_servers: Vec<ServerId>,
    /// The agent's certificate as DER.
    pub cert_der: Vec<u8>,
    /// Command 3.
    pub info: AuthInfo,
    /// Command 30; left out when empty.
    pub commit_date: String,
    /// Command 31; left out when empty.
    pub host_info: String,
    /// Display name that replaces the computer name, 1 to 255 characters.
    pub agent_name: Option<String>,
    /// Content of the tag file, sent as command 15.
    pub tag: Vec<u8>,
    /// How long the server may take; after that [`Output::Overdue`] says what is missing.
    pub patience: Duration,
}

impl Config {
    /// A configuration with nothing optional in it.
    pub fn new(server: ServerId, cert_der: Vec<u8>, info: AuthInfo) -> Config {
        Config {
            server,
            all_servers: vec![server],
            cert_der,
            info,
            commit_date: String::new(),
            host_info: String::new(),
            agent_name: None,
            tag: Vec::new(),
            patience: Duration::from_secs(20),
        }
    }
}

/// What the TLS connection showed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    /// Hash of the whole leaf certificate.
    pub tls_hash: TlsHash,
    /// Hash of its public key, the old form. Some servers echo it.
    pub tls_key_hash: TlsHash,
}

/// The memory that makes the skip path possible: this server once vouched for this TLS certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pin {
    /// Who vouched. A pin of another ServerID counts for nothing.
    pub server: ServerId,
    /// For which TLS certificate.
    pub tls: TlsHash,
}

/// What the owner has to do.
#[derive(Debug)]
pub enum Output {
    /// Send these bytes as one binary message.
    Send(Vec<u8>),
    /// Send this as one text message.
    SendText(String),
    /// Sign with the agent's key, then call [`Handshake::signed`] or [`Handshake::sign_failed`].
    Sign {
        /// What to sign.
        data: [u8; 144],
    },
    /// Check the server's signature, then call [`Handshake::checked`] or [`Handshake::verified`].
    Verify {
        /// The server's identity certificate; its key id is already known to be right.
        cert_der: Vec<u8>,
        /// What must have been signed.
        data: [u8; 144],
        /// The signature.
        signature: Vec<u8>,
    },
    /// The server proved itself: store this, in place of any earlier pin.
    Pin(Pin),
    /// Refused: log it, send nothing more, keep the socket. Comes once; everything later is ignored.
    Hold(HandshakeError),
    /// The server takes unusually long: log it. Comes once; the handshake goes on.
    Overdue(HandshakeError),
    /// Both sides are satisfied. The last output but `Wait`.
    Ready(AgentSession),
    /// Nothing more to do before the next frame or this instant; then call [`Handshake::handle_timeout`].
    Wait(Option<Instant>),
}

/// One handshake on one fresh connection, agent side.
///
/// Contract: one input (`handle`, `signed`, `checked`, `verified`, `handle_timeout`), then [`Handshake::poll`]
/// until [`Output::Wait`].
#[derive(Debug)]
pub struct Handshake {
    config: Config,
    seen: Seen,
    nonce: Nonce,
    skip: bool,
    hello: Option<ServerHello>,
    server_proof: ServerProof,
    own_proof: OwnProof,
    described: bool,
    confirmed: bool,
    over: bool,
    started: Instant,
    overdue_at: Option<Instant>,
    outputs: VecDeque<Output>,
}

impl Handshake {
    /// Starts on a connection whose WebSocket has just opened.
    ///
    /// `nonce` must be fresh from the system's random generator. With a `pin` that names this ServerID and
    /// this TLS certificate the skip path is taken.
    pub fn start(config: Config, seen: Seen, nonce: Nonce, pin: Option<Pin>, now: Instant) -> Handshake {
        let skip = pin == Some(Pin { server: config.server, tls: seen.tls_hash });
        let mut handshake = Handshake {
            seen,
            nonce,
            skip,
            hello: None,
            server_proof: if skip { ServerProof::Accepted } else { ServerProof::Awaited },
            own_proof: OwnProof::Awaited,
            described: false,
            confirmed: false,
            over: false,
            started: now,
            overdue_at: now.checked_add(config.patience),
            outputs: VecDeque::new(),
            config,
        };
        handshake.open();
        handshake
    }

    /// Takes one message of the server.
    ///
    /// # Errors
    ///
    /// The message was *ignored* for this reason; the handshake goes on. A refusal is [`Output::Hold`].
    pub fn handle(&mut self, _now: Instant, frame: Frame<'_>) -> Result<(), HandshakeError> {
        if self.over {
            return Ok(());
        }
        if frame.len() > MAX_BEFORE_AUTH {
            self.hold(HandshakeError::TooLarge { limit: MAX_BEFORE_AUTH, got: frame.len() });
            return Ok(());
        }
        let command = match frame.parse_from_server() {
            Ok(command) => command,
            Err(error) => {
                let error = HandshakeError::Malformed(error);
                if !is_handshake(frame) {
                    return Err(error);
                }
                self.hold(error);
                return Ok(());
            }
        };
        match command {
            Command::AuthRequest { hash, nonce } => self.on_hello(ServerHello { echo: hash, nonce })?,
            Command::AuthVerify { certificate, signature } => {
                self.on_proof(Evidence { cert_der: certificate.to_vec(), signature: signature.to_vec() })?
            }
            Command::AuthConfirm if self.confirmed => {
                return Err(HandshakeError::Repeated { command: number::AUTH_CONFIRM });
            }
            // No proof of anything (agent-channel specification 3.3): it only opens our half.
            Command::AuthConfirm => self.confirmed = true,
            other => return Err(HandshakeError::Early { command: other.number() }),
        }
        self.advance();
        Ok(())
    }

    /// Takes the signature that [`Output::Sign`] asked for.
    pub fn signed(&mut self, signature: Vec<u8>) -> Result<(), HandshakeError> {
        if self.over {
            return Ok(());
        }
        if self.own_proof != OwnProof::Signing {
            return Err(HandshakeError::Misuse("a signature that was not asked for"));
        }
        self.own_proof = OwnProof::Sent;
        self.send(Evidence::message(&self.config.cert_der, &signature));
        self.advance();
        Ok(())
    }

    /// Takes the news that the agent's key gave no signature.
    pub fn sign_failed(&mut self, error: SignError) {
        self.hold(HandshakeError::Signer(error));
    }

    /// Takes the result of [`Output::Verify`] with its reason.
    pub fn checked(&mut self, result: Result<(), VerifyError>) -> Result<(), HandshakeError> {
        self.judged(result.map_err(refused_signature))
    }

    /// Takes the result of [`Output::Verify`] without a reason.
    pub fn verified(&mut self, good: bool) -> Result<(), HandshakeError> {
        self.judged(if good { Ok(()) } else { Err(HandshakeError::Signature(None)) })
    }

    /// Takes the passing of time.
    pub fn handle_timeout(&mut self, now: Instant) {
        if self.over || self.overdue_at.is_none_or(|at| now < at) {
            return;
        }
        self.overdue_at = None;
        let waiting_for = match (&self.hello, &self.server_proof) {
            (None, _) => "answer to the agent's first message (AuthRequest)",
            (_, ServerProof::Awaited) => "proof of the server's identity (AuthVerify)",
            _ => "confirmation (AuthConfirm)",
        };
        let after = now.saturating_duration_since(self.started);
        self.outputs.push_back(Output::Overdue(HandshakeError::Silent { waiting_for, after }));
    }

    /// The next thing to do.
    pub fn poll(&mut self) -> Output {
        let deadline = if self.over { None } else { self.overdue_at };
        self.outputs.pop_front().unwrap_or(Output::Wait(deadline))
    }

    /// Whether the pin was good and the server need not sign.
    pub fn skip_path(&self) -> bool {
        self.skip
    }

    /// When [`Handshake::handle_timeout`] wants to be called.
    pub fn deadline(&self) -> Option<Instant> {
        if self.over { None } else { self.overdue_at }
    }

    /// Steps 1 to 3 of the exchange.
    fn open(&mut self) {
        if !self.config.commit_date.is_empty() {
            let text = self.config.commit_date.as_str().into();
            self.send(Command::AgentCommitDate(text).to_vec());
        }
        if !self.config.host_info.is_empty() {
            let text = self.config.host_info.as_str().into();
            self.send(Command::HostInfo(text).to_vec());
        }
        self.send(Command::ServerId(self.config.server).to_vec());
        if self.skip {
            // Must precede command 1: the server decides then whether to sign.
            self.send(Command::AuthConfirm.to_vec());
        }
        self.send(Command::AuthRequest { hash: self.seen.tls_hash, nonce: self.nonce }.to_vec());
        if self.skip {
            self.describe();
        }
    }

    /// Step 4: the server echoes the TLS hash and gives its nonce.
    fn on_hello(&mut self, hello: ServerHello) -> Result<(), HandshakeError> {
        if self.hello.is_some() {
            return Err(HandshakeError::Repeated { command: number::AUTH_REQUEST });
        }
        if hello.echo != self.seen.tls_hash && hello.echo != self.seen.tls_key_hash {
            self.hold(HandshakeError::EchoedHash { seen: self.seen.tls_hash, echoed: hello.echo });
            return Ok(());
        }
        // Step 6 signs the echo, which equals what we saw in one of its two forms: never a foreign hash.
        let data = signed_data(&hello.echo, &hello.nonce, &self.nonce);
        self.own_proof = OwnProof::Signing;
        self.outputs.push_back(Output::Sign { data });
        let early = match std::mem::replace(&mut self.server_proof, ServerProof::Awaited) {
            ServerProof::Early(evidence) => Some(evidence),
            other => {
                self.server_proof = other;
                None
            }
        };
        self.hello = Some(hello);
        if let Some(evidence) = early {
            self.check(evidence);
        }
        Ok(())
    }

    /// Step 5: certificate and signature of the server.
    fn on_proof(&mut self, evidence: Evidence) -> Result<(), HandshakeError> {
        match self.server_proof {
            // On the skip path a server need not send it; if it does, it has to be right.
            ServerProof::Awaited => {}
            ServerProof::Accepted if self.skip => {}
            _ => return Err(HandshakeError::Repeated { command: number::AUTH_VERIFY }),
        }
        match self.hello {
            Some(_) => self.check(evidence),
            None => self.server_proof = ServerProof::Early(evidence),
        }
        Ok(())
    }

    fn check(&mut self, evidence: Evidence) {
        let Some(hello) = &self.hello else { unreachable!("a proof is checked only after command 1") };
        let data = signed_data(&self.seen.tls_hash, &self.nonce, &hello.nonce);
        match self.judge_certificate(&evidence.cert_der) {
            Err(error) => self.hold(error),
            Ok(()) => {
                self.server_proof = ServerProof::Checking;
                let Evidence { cert_der, signature } = evidence;
                self.outputs.push_back(Output::Verify { cert_der, data, signature });
            }
        }
    }

    fn judge_certificate(&self, cert_der: &[u8]) -> Result<(), HandshakeError> {
        let key = peer_key(cert_der)?;
        if self.config.server.names_key(&key.pkcs1) {
            return Ok(());
        }
        let expected = self.config.server;
        let seen = ServerId(key_id(cert_der)?);
        let listed = self.config.all_servers.iter().any(|id| id.names_key(&key.pkcs1));
        Err(HandshakeError::ServerIdentity { expected, seen, listed })
    }

    fn judged(&mut self, result: Result<(), HandshakeError>) -> Result<(), HandshakeError> {
        if self.over {
            return Ok(());
        }
        if !matches!(self.server_proof, ServerProof::Checking) {
            return Err(HandshakeError::Misuse("a judgement that was not asked for"));
        }
        match result {
            Err(error) => self.hold(error),
            Ok(()) => {
                self.server_proof = ServerProof::Proven;
                // Only here: a pin must never come from a connection without the server's signature.
                let pin = Pin { server: self.config.server, tls: self.seen.tls_hash };
                self.outputs.push_back(Output::Pin(pin));
                self.describe();
                self.advance();
            }
        }
        Ok(())
    }

    /// Step 3 or 7: agentName and AuthInfo, once.
    fn describe(&mut self) {
        if std::mem::replace(&mut self.described, true) {
            return;
        }
        if let Some(name) = self.config.agent_name.as_deref().filter(|name| !name.is_empty()) {
            let name: String = name.chars().take(255).collect();
            let json = serde_json::json!({ "action": "agentName", "value": name });
            self.outputs.push_back(Output::SendText(json.to_string()));
        }
        self.send(Command::AuthInfo(self.config.info.clone()).to_vec());
    }

    /// Opens the session when the server is trusted, our proof has left and the server confirmed it.
    fn advance(&mut self) {
        let trusted = matches!(self.server_proof, ServerProof::Accepted | ServerProof::Proven);
        if self.over || !trusted || !self.confirmed || self.own_proof != OwnProof::Sent {
            return;
        }
        self.over = true;
        self.send(Command::Tag(&self.config.tag).to_vec());
        let session = AgentSession::new(self.config.server, self.skip);
        self.outputs.push_back(Output::Ready(session));
    }

    fn send(&mut self, frame: Vec<u8>) {
        self.outputs.push_back(Output::Send(frame));
    }

    fn hold(&mut self, error: HandshakeError) {
        if std::mem::replace(&mut self.over, true) {
            return;
        }
        // What was decided before the refusal but has not left must not leave after it.
        self.outputs.clear();
        self.outputs.push_back(Output::Hold(error));
    }
}

/// Whether a frame claims to be one of the commands 1 to 5, so that a damaged one is a refusal.
fn is_handshake(frame: Frame<'_>) -> bool {
    match frame {
        Frame::Binary([0, command, ..]) => (1..=5).contains(command),
        _ => false,
    }
}

#[derive(Debug)]
struct ServerHello {
    echo: TlsHash,
    nonce: Nonce,
}

#[derive(Debug)]
enum ServerProof {
    /// Nothing yet.
    Awaited,
    /// Came before the server's nonce; kept until that arrives.
    Early(Evidence),
    /// The owner is checking the signature.
    Checking,
    /// The pin vouches for the server.
    Accepted,
    /// The signature was right on this connection.
    Proven,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum OwnProof {
    Awaited,
    Signing,
    Sent,
}
