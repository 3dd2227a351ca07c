//! The server's end of the handshake (agent-channel specification 3.3 and 3.5).

pub mod core_sync;
mod session;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use microstack_crypto::{CertError, SignError, VerifyError, key_id, rsa_public_key, sha384};
use microstack_wire::command::{MAX_BEFORE_AUTH, number};
use microstack_wire::{AuthInfo, Command, NodeId, Nonce, ServerId, TlsHash};

pub use session::{AgentCommand, ServerSession};

use crate::error::{HandshakeError, PolicyHold};
use crate::frame::Frame;
use crate::proof::{Evidence, peer_key, refused_signature, signed_data};

/// Who a server is and what it presents on TLS. Shared by all its connections.
#[derive(Debug, Clone)]
pub struct Config {
    /// The identities agents may expect. The first serves agents that ask for none of them.
    pub identities: Vec<ServerIdentity>,
    /// The TLS certificates agents may see: the present one first, then those of a grace window.
    pub accepted_tls: Vec<AcceptedTls>,
}

/// One identity towards agents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerIdentity {
    /// The identity certificate as DER.
    pub cert_der: Vec<u8>,
    /// Its key id.
    pub server_id: ServerId,
}

impl ServerIdentity {
    /// Takes the ServerID out of an identity certificate.
    ///
    /// # Errors
    ///
    /// [`CertError`] if it is no certificate with an RSA key.
    pub fn new(cert_der: Vec<u8>) -> Result<ServerIdentity, CertError> {
        let server_id = ServerId(key_id(&cert_der)?);
        Ok(ServerIdentity { cert_der, server_id })
    }

    /// Whether `asked` names this identity, in the present or the old SHA-256 form.
    fn answers_to(&self, asked: &ServerId) -> bool {
        if !asked.is_old() {
            return *asked == self.server_id;
        }
        rsa_public_key(&self.cert_der).is_ok_and(|key| asked.names_key(&key.pkcs1))
    }
}

/// One TLS certificate an agent may see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AcceptedTls {
    /// Hash of the whole leaf certificate.
    pub tls: TlsHash,
    /// Hash of its public key, sent by old agents.
    pub key: TlsHash,
}

/// An agent whose signature was right, with everything it said about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgentHello {
    /// From the certificate that verified, never from a message.
    pub node: NodeId,
    /// That certificate.
    pub cert_der: Vec<u8>,
    /// Command 3. The group in it is a wish, not a proof.
    pub info: AuthInfo,
    /// Display name, 1 to 255 characters.
    pub agent_name: Option<String>,
    /// Command 30.
    pub commit_date: Option<String>,
    /// Command 31.
    pub host_info: Option<String>,
    /// The ServerID of command 5.
    pub asked: Option<ServerId>,
    /// Which of [`Config::identities`] served.
    pub identity: usize,
    /// Whether the agent took the skip path.
    pub skip: bool,
}

/// What the owner has to do.
#[derive(Debug)]
pub enum Output {
    /// Send these bytes as one binary message.
    Send(Vec<u8>),
    /// Sign with this identity's key, then call [`Handshake::signed`] or [`Handshake::sign_failed`].
    Sign {
        /// Index into [`Config::identities`].
        identity: usize,
        /// What to sign.
        data: [u8; 144],
    },
    /// Check the agent's signature, in raw or in PKCS#7 form, then call [`Handshake::checked`] or
    /// [`Handshake::verified`].
    Verify {
        /// The agent's certificate.
        cert_der: Vec<u8>,
        /// What must have been signed.
        data: [u8; 144],
        /// The signature.
        signature: Vec<u8>,
    },
    /// Refused: log it, send nothing more, keep the socket for the idle timeout. Comes once.
    Hold(HandshakeError),
    /// The agent has proved who it is: decide, then call [`Handshake::confirm`] or [`Handshake::hold`].
    Verified(AgentHello),
    /// Nothing more to do before the next frame or this instant; then call [`Handshake::handle_timeout`].
    Wait(Option<Instant>),
}

/// One handshake on one fresh connection, server side.
///
/// Contract: one input (`handle`, `signed`, `checked`, `verified`, `confirm`, `hold`, `handle_timeout`), then
/// [`Handshake::poll`] until [`Output::Wait`].
#[derive(Debug)]
pub struct Handshake {
    config: Arc<Config>,
    nonce: Nonce,
    identity: usize,
    asked: Option<ServerId>,
    skip: bool,
    got_confirm: bool,
    hello: Option<AgentGreeting>,
    signing: bool,
    proof: AgentProof,
    info: Option<AuthInfo>,
    agent_name: Option<String>,
    commit_date: Option<String>,
    host_info: Option<String>,
    phase: Phase,
    started: Instant,
    outputs: VecDeque<Output>,
}

impl Handshake {
    /// Starts on a connection whose WebSocket has just opened. The server speaks second.
    ///
    /// `nonce` must be fresh from the system's random generator.
    pub fn start(config: Arc<Config>, nonce: Nonce, now: Instant) -> Handshake {
        Handshake {
            config,
            nonce,
            identity: 0,
            asked: None,
            skip: false,
            got_confirm: false,
            hello: None,
            signing: false,
            proof: AgentProof::Awaited,
            info: None,
            agent_name: None,
            commit_date: None,
            host_info: None,
            phase: Phase::Open,
            started: now,
            outputs: VecDeque::new(),
        }
    }

    /// Takes one message of the agent.
    ///
    /// # Errors
    ///
    /// The message was *ignored* for this reason; the handshake goes on. A refusal is [`Output::Hold`].
    pub fn handle(&mut self, _now: Instant, frame: Frame<'_>) -> Result<(), HandshakeError> {
        if matches!(self.phase, Phase::Held | Phase::Confirmed) {
            return Ok(());
        }
        if frame.len() > MAX_BEFORE_AUTH {
            self.refuse(HandshakeError::TooLarge { limit: MAX_BEFORE_AUTH, got: frame.len() });
            return Ok(());
        }
        let command = match frame.parse_from_agent() {
            Ok(command) => command,
            Err(error) => {
                let error = HandshakeError::Malformed(error);
                if !is_handshake(frame) {
                    return Err(error);
                }
                self.refuse(error);
                return Ok(());
            }
        };
        let repeated = |command| Err(HandshakeError::Repeated { command });
        match command {
            Command::AuthRequest { .. } if self.hello.is_some() => return repeated(number::AUTH_REQUEST),
            Command::AuthRequest { hash, nonce } => self.on_greeting(AgentGreeting { tls: hash, nonce }),
            Command::AuthVerify { .. } if !matches!(self.proof, AgentProof::Awaited) => {
                return repeated(number::AUTH_VERIFY);
            }
            Command::AuthVerify { certificate, signature } => {
                self.on_proof(Evidence { cert_der: certificate.to_vec(), signature: signature.to_vec() });
            }
            Command::AuthInfo(_) if self.info.is_some() => return repeated(number::AUTH_INFO),
            Command::AuthInfo(info) => self.info = Some(info),
            Command::AuthConfirm if self.got_confirm => return repeated(number::AUTH_CONFIRM),
            Command::AuthConfirm => {
                self.got_confirm = true;
                if self.hello.is_some() {
                    return Err(HandshakeError::Late { command: number::AUTH_CONFIRM });
                }
                self.skip = true;
            }
            Command::ServerId(asked) => self.on_server_id(asked)?,
            Command::AgentCommitDate(text) => {
                self.commit_date.get_or_insert_with(|| text.into_owned());
            }
            Command::HostInfo(text) => {
                self.host_info.get_or_insert_with(|| text.into_owned());
            }
            Command::Json(text) => match agent_name(&text) {
                Some(name) => self.agent_name = Some(name),
                None => return Err(HandshakeError::Early { command: None }),
            },
            other => return Err(HandshakeError::Early { command: other.number() }),
        }
        self.advance();
        Ok(())
    }

    /// Takes the signature that [`Output::Sign`] asked for.
    pub fn signed(&mut self, signature: Vec<u8>) -> Result<(), HandshakeError> {
        if matches!(self.phase, Phase::Held) {
            return Ok(());
        }
        if !std::mem::replace(&mut self.signing, false) {
            return Err(HandshakeError::Misuse("a signature that was not asked for"));
        }
        let message = Evidence::message(&self.config.identities[self.identity].cert_der, &signature);
        self.outputs.push_back(Output::Send(message));
        Ok(())
    }

    /// Takes the news that the server's key gave no signature.
    pub fn sign_failed(&mut self, error: SignError) {
        self.refuse(HandshakeError::Signer(error));
    }

    /// Takes the result of [`Output::Verify`] with its reason.
    pub fn checked(&mut self, result: Result<(), VerifyError>) -> Result<(), HandshakeError> {
        self.judged(result.map_err(refused_signature))
    }

    /// Takes the result of [`Output::Verify`] without a reason.
    pub fn verified(&mut self, good: bool) -> Result<(), HandshakeError> {
        self.judged(if good { Ok(()) } else { Err(HandshakeError::Signature(None)) })
    }

    /// Lets the agent in: command 4 becomes the next output, and the session opens.
    ///
    /// Drain [`Handshake::poll`] before sending anything of the session.
    ///
    /// # Errors
    ///
    /// [`HandshakeError::Misuse`] before [`Output::Verified`] came, after a refusal, or twice.
    pub fn confirm(&mut self) -> Result<ServerSession, HandshakeError> {
        let Phase::Complete { node } = self.phase else {
            return Err(HandshakeError::Misuse("confirmed an agent that is not verified"));
        };
        self.phase = Phase::Confirmed;
        self.outputs.push_back(Output::Send(Command::AuthConfirm.to_vec()));
        Ok(ServerSession::new(node))
    }

    /// Keeps a verified agent out, silently. Comes back once as [`Output::Hold`].
    pub fn hold(&mut self, reason: PolicyHold) {
        if !matches!(self.phase, Phase::Confirmed) {
            self.refuse(HandshakeError::Policy(reason));
        }
    }

    /// Takes the passing of time: an agent that is not complete after 30 s is held.
    pub fn handle_timeout(&mut self, now: Instant) {
        if self.deadline().is_none_or(|at| now < at) {
            return;
        }
        let waiting_for = match (&self.hello, &self.proof, &self.info) {
            (None, ..) => "first message of the agent (AuthRequest)",
            (_, AgentProof::Awaited, _) => "proof of the agent's identity (AuthVerify)",
            (_, _, None) => "description of the agent (AuthInfo)",
            _ => "result of the signature check",
        };
        let after = now.saturating_duration_since(self.started);
        self.refuse(HandshakeError::Silent { waiting_for, after });
    }

    /// The next thing to do.
    pub fn poll(&mut self) -> Output {
        self.outputs.pop_front().unwrap_or_else(|| Output::Wait(self.deadline()))
    }

    /// When [`Handshake::handle_timeout`] wants to be called.
    pub fn deadline(&self) -> Option<Instant> {
        matches!(self.phase, Phase::Open).then(|| self.started.checked_add(AUTH_DEADLINE)).flatten()
    }

    /// Whether the agent was refused; such connections are counted and capped by the owner.
    pub fn is_held(&self) -> bool {
        matches!(self.phase, Phase::Held)
    }

    /// Command 5: which identity signs. A wrong value is not refused; the agent will notice.
    fn on_server_id(&mut self, asked: ServerId) -> Result<(), HandshakeError> {
        if self.asked.is_some() {
            return Err(HandshakeError::Repeated { command: number::SERVER_ID });
        }
        self.asked = Some(asked);
        if self.hello.is_some() {
            return Err(HandshakeError::Late { command: number::SERVER_ID });
        }
        let found = self.config.identities.iter().position(|identity| identity.answers_to(&asked));
        self.identity = found.unwrap_or(0);
        Ok(())
    }

    /// Command 1: check the TLS hash, echo it, and sign unless the agent skips.
    fn on_greeting(&mut self, greeting: AgentGreeting) {
        let known = |accepted: &AcceptedTls| greeting.tls == accepted.tls || greeting.tls == accepted.key;
        if !self.config.accepted_tls.iter().any(known) {
            let served = self.config.accepted_tls.first().map_or(TlsHash([0; 48]), |accepted| accepted.tls);
            self.refuse(HandshakeError::OuterCertificate { served, claimed: greeting.tls });
            return;
        }
        // The echo is one of our own hashes, just compared; never a value taken on trust.
        let echo = Command::AuthRequest { hash: greeting.tls, nonce: self.nonce };
        self.outputs.push_back(Output::Send(echo.to_vec()));
        if !self.skip {
            if self.config.identities.is_empty() {
                self.refuse(HandshakeError::Misuse("the server has no identity to sign with"));
                return;
            }
            let data = signed_data(&greeting.tls, &greeting.nonce, &self.nonce);
            self.signing = true;
            self.outputs.push_back(Output::Sign { identity: self.identity, data });
        }
        self.hello = Some(greeting);
        match std::mem::replace(&mut self.proof, AgentProof::Awaited) {
            AgentProof::Early(evidence) => self.check(evidence),
            other => self.proof = other,
        }
    }

    /// Command 2, kept if it comes before command 1.
    fn on_proof(&mut self, evidence: Evidence) {
        match self.hello {
            Some(_) => self.check(evidence),
            None => self.proof = AgentProof::Early(evidence),
        }
    }

    fn check(&mut self, evidence: Evidence) {
        let Some(greeting) = &self.hello else { unreachable!("a proof is checked only after command 1") };
        let data = signed_data(&greeting.tls, &self.nonce, &greeting.nonce);
        match peer_key(&evidence.cert_der) {
            Err(error) => self.refuse(error),
            Ok(key) => {
                let Evidence { cert_der, signature } = evidence;
                let node = NodeId(sha384(&key.pkcs1));
                self.proof = AgentProof::Checking { node, cert_der: cert_der.clone() };
                self.outputs.push_back(Output::Verify { cert_der, data, signature });
            }
        }
    }

    fn judged(&mut self, result: Result<(), HandshakeError>) -> Result<(), HandshakeError> {
        if matches!(self.phase, Phase::Held) {
            return Ok(());
        }
        match std::mem::replace(&mut self.proof, AgentProof::Spent) {
            AgentProof::Checking { node, cert_der } => match result {
                Ok(()) => self.proof = AgentProof::Proven { node, cert_der },
                Err(error) => self.refuse(error),
            },
            other => {
                self.proof = other;
                return Err(HandshakeError::Misuse("a judgement that was not asked for"));
            }
        }
        self.advance();
        Ok(())
    }

    /// Presents the agent to the owner when the signature was right and it has described itself.
    fn advance(&mut self) {
        if !matches!((&self.phase, &self.proof), (Phase::Open, AgentProof::Proven { .. })) {
            return;
        }
        let Some(info) = self.info.clone() else { return };
        let AgentProof::Proven { node, cert_der } = std::mem::replace(&mut self.proof, AgentProof::Spent)
        else {
            unreachable!("matched above");
        };
        self.phase = Phase::Complete { node };
        self.outputs.push_back(Output::Verified(AgentHello {
            node,
            cert_der,
            info,
            agent_name: self.agent_name.take(),
            commit_date: self.commit_date.take(),
            host_info: self.host_info.take(),
            asked: self.asked,
            identity: self.identity,
            skip: self.skip,
        }));
    }

    fn refuse(&mut self, error: HandshakeError) {
        if matches!(self.phase, Phase::Held) {
            return;
        }
        self.phase = Phase::Held;
        // What was decided before the refusal but has not left must not leave after it.
        self.outputs.clear();
        self.outputs.push_back(Output::Hold(error));
    }
}

/// The display name, if this is the one JSON message that means something before authentication.
fn agent_name(text: &str) -> Option<String> {
    let value: serde_json::Value = serde_json::from_str(text).ok()?;
    if value.get("action")?.as_str()? != "agentName" {
        return None;
    }
    let name = value.get("value")?.as_str()?;
    (1..=255).contains(&name.chars().count()).then(|| name.to_owned())
}

/// Whether a frame claims to be one of the commands 1 to 5, so that a damaged one is a refusal.
fn is_handshake(frame: Frame<'_>) -> bool {
    match frame {
        Frame::Binary([0, command, ..]) => (1..=5).contains(command),
        _ => false,
    }
}

#[derive(Debug)]
struct AgentGreeting {
    tls: TlsHash,
    nonce: Nonce,
}

#[derive(Debug)]
enum AgentProof {
    /// Nothing yet.
    Awaited,
    /// Came before command 1; kept until that arrives.
    Early(Evidence),
    /// The owner is checking the signature.
    Checking { node: NodeId, cert_der: Vec<u8> },
    /// The signature was right on this connection.
    Proven { node: NodeId, cert_der: Vec<u8> },
    /// Handed to the owner, or refused.
    Spent,
}

#[derive(Debug)]
enum Phase {
    Open,
    Complete { node: NodeId },
    Confirmed,
    Held,
}

/// How long an agent may take to prove itself.
const AUTH_DEADLINE: Duration = Duration::from_secs(30);
