//! Why a channel was refused, or a message ignored.

use std::fmt;
use std::time::Duration;

use microstack_crypto::{CertError, SignError, VerifyError};
use microstack_wire::command::number;
use microstack_wire::{MeshId, ServerId, TlsHash, WireError};

/// Why a handshake was refused or a frame of it was ignored.
///
/// Peer at fault: `Malformed` to `Late`. Peers that do not fit: `EchoedHash` to `Policy`. Ourselves:
/// `Signer` and `Misuse`.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HandshakeError {
    /// A message is not laid out as its command demands. Usual cause: a broken or hostile peer.
    Malformed(WireError),
    /// A message is larger than anything allowed before authentication.
    TooLarge {
        /// The cap in bytes.
        limit: usize,
        /// Bytes received.
        got: usize,
    },
    /// A command came a second time; only the first counts. Ignored.
    Repeated {
        /// The command.
        command: u16,
    },
    /// The command, or JSON (`None`), exists only after authentication. Ignored.
    Early {
        /// The command; `None` for JSON.
        command: Option<u16>,
    },
    /// The command came too late to have its effect. Ignored.
    Late {
        /// The command.
        command: u16,
    },
    /// Agent: the server names another TLS certificate than the one seen here. Usual cause: something
    /// between agent and server ends TLS, or the server was not told its outside certificate.
    EchoedHash {
        /// The certificate this agent saw.
        seen: TlsHash,
        /// The one the server named.
        echoed: TlsHash,
    },
    /// Server: the agent saw another TLS certificate than the ones this server presents.
    OuterCertificate {
        /// What this server presents now, the first of all accepted ones.
        served: TlsHash,
        /// What the agent saw.
        claimed: TlsHash,
    },
    /// Agent: the server proved another identity than the configured one. Usual cause: the address leads
    /// to another server, or the server lost its certificates.
    ServerIdentity {
        /// The ServerID in the configuration.
        expected: ServerId,
        /// The ServerID of the certificate sent.
        seen: ServerId,
        /// Whether `seen` stands elsewhere in the configuration, so that the order of the lists is wrong.
        listed: bool,
    },
    /// The peer's certificate cannot be used.
    Certificate(CertError),
    /// The peer's RSA key is too short to prove anything.
    WeakKey {
        /// Bits of the key seen.
        bits: usize,
    },
    /// The peer's signature does not fit. The reason is missing when the owner gave none.
    Signature(Option<VerifyError>),
    /// The other side has not answered in time. Usual cause: it refused silently; its log says why.
    Silent {
        /// What is missing.
        waiting_for: &'static str,
        /// How long we waited.
        after: Duration,
    },
    /// Server: the agent is who it says, but is not let in.
    Policy(PolicyHold),
    /// Our own key gave no signature.
    Signer(SignError),
    /// The owner broke the contract of the handshake, for example a signature that nobody asked for.
    Misuse(&'static str),
}

/// Why a server keeps an authenticated agent out (agent-channel specification 3.3 and 3.4).
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PolicyHold {
    /// The group in the agent's configuration does not exist here.
    UnknownGroup(MeshId),
    /// The group exists but is not one for agents.
    GroupType(MeshId),
    /// The server has as many agents as it may have.
    Full {
        /// The cap.
        limit: usize,
    },
    /// The device lost its connection too often in a short time.
    CrashLoop {
        /// Disconnects since the counter was cleared.
        disconnects: u32,
    },
    /// Any other reason, in the server's words.
    Other(String),
}

/// Why a message after authentication was not understood. The connection may go on.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SessionError {
    /// The message is not laid out as its command demands, or is unknown.
    Wire(WireError),
    /// A command of the handshake came after it. Real peers never send one; ignore it.
    HandshakeOver {
        /// The command.
        command: u16,
    },
    /// A message of ours is larger than the peer takes.
    TooLarge {
        /// The cap in bytes.
        limit: usize,
        /// Bytes it would have.
        got: usize,
    },
}

impl fmt::Display for HandshakeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            HandshakeError::Malformed(error) => write!(f, "the peer broke the protocol: {error}"),
            HandshakeError::TooLarge { limit, got } => write!(
                f,
                "the peer sent {got} bytes before authentication, where at most {limit} are allowed"
            ),
            HandshakeError::Repeated { command } => {
                write!(f, "command {command} ({}) came a second time and was ignored", number::name(*command))
            }
            HandshakeError::Early { command: Some(command) } => write!(
                f,
                "command {command} ({}) came before authentication and was ignored",
                number::name(*command)
            ),
            HandshakeError::Early { command: None } => {
                f.write_str("JSON came before authentication and was ignored")
            }
            HandshakeError::Late { command } => {
                write!(f, "command {command} ({}) came too late and was ignored", number::name(*command))
            }
            HandshakeError::EchoedHash { seen, echoed } => write!(
                f,
                "this agent sees the TLS certificate {seen}, but the server says it presents {echoed}; \
                 something in between intercepts TLS, or the server must be told its outside certificate"
            ),
            HandshakeError::OuterCertificate { served, claimed } => write!(
                f,
                "the agent sees the TLS certificate {claimed}, but this server presents {served}; \
                 something in between intercepts TLS, or this server must be told its outside certificate"
            ),
            HandshakeError::ServerIdentity { expected, seen, listed } => {
                write!(f, "the server proved the identity {seen}, but ServerID demands {expected}; ")?;
                f.write_str(if *listed {
                    "that identity is also configured: bring the lists MeshServer and ServerID into the same order"
                } else {
                    "check the address, or install a new configuration if the server was set up anew"
                })
            }
            HandshakeError::Certificate(error) => write!(f, "the peer's certificate is unusable: {error}"),
            HandshakeError::WeakKey { bits } => VerifyError::KeyTooSmall { bits: *bits }.fmt(f),
            HandshakeError::Signature(Some(error)) => write!(f, "the peer proved nothing: {error}"),
            HandshakeError::Signature(None) => f.write_str("the peer's signature does not fit"),
            HandshakeError::Silent { waiting_for, after } => write!(
                f,
                "no {waiting_for} within {} s; the other side may have refused without a word: see its log",
                after.as_secs()
            ),
            HandshakeError::Policy(hold) => hold.fmt(f),
            HandshakeError::Signer(error) => write!(f, "this side could not prove itself: {error}"),
            HandshakeError::Misuse(what) => write!(f, "the handshake was used wrongly: {what}"),
        }
    }
}

impl fmt::Display for PolicyHold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PolicyHold::UnknownGroup(mesh) => write!(
                f,
                "the agent asks for the group {mesh}, which does not exist; install the agent again with the \
                 settings file of an existing group"
            ),
            PolicyHold::GroupType(mesh) => write!(f, "the group {mesh} does not take agents"),
            PolicyHold::Full { limit } => write!(f, "the server already has its {limit} agents"),
            PolicyHold::CrashLoop { disconnects } => write!(
                f,
                "the device lost its connection {disconnects} times within two minutes; it is let in again \
                 when it has been quiet"
            ),
            PolicyHold::Other(why) => f.write_str(why),
        }
    }
}

impl fmt::Display for SessionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SessionError::Wire(error) => error.fmt(f),
            SessionError::HandshakeOver { command } => {
                write!(f, "command {command} ({}) came after authentication", number::name(*command))
            }
            SessionError::TooLarge { limit, got } => {
                write!(f, "a message of {got} bytes cannot be sent; the peer takes at most {limit}")
            }
        }
    }
}

impl std::error::Error for HandshakeError {}
impl std::error::Error for SessionError {}

impl From<WireError> for SessionError {
    fn from(error: WireError) -> SessionError {
        SessionError::Wire(error)
    }
}

impl From<CertError> for HandshakeError {
    fn from(error: CertError) -> HandshakeError {
        HandshakeError::Certificate(error)
    }
}
