//! Why a WebSocket ended.

use std::fmt;

use crate::http::{OpenError, Stage};
use crate::net::{ConnectFault, DialError};

/// How a WebSocket ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CloseInfo {
    /// Why.
    pub why: CloseWhy,
    /// Both sides said goodbye as RFC 6455 section 7 has it.
    pub clean: bool,
}

/// Why a WebSocket ended, or never began.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum CloseWhy {
    /// The server's name has no address.
    Dns(String),
    /// No address of the server could be connected to.
    Connect {
        /// The fault that tells most.
        fault: ConnectFault,
        /// Each address with what happened there.
        text: String,
    },
    /// The proxy could not be reached or refused.
    Proxy(String),
    /// TLS failed.
    Tls(String),
    /// The server answered the upgrade request with something else; status 0 when it was no HTTP.
    Upgrade {
        /// HTTP status.
        status: u16,
        /// What it said.
        text: String,
    },
    /// The peer closed.
    Peer {
        /// Its close code, if it gave one.
        code: Option<u16>,
        /// Its words.
        reason: String,
    },
    /// The peer hung up without a closing handshake.
    Eof,
    /// The connection broke; the text is the system's.
    Reset(String),
    /// The peer broke the WebSocket protocol.
    Protocol(String),
    /// The peer announced a message longer than allowed.
    TooLarge {
        /// The cap, in bytes.
        limit: usize,
    },
    /// We closed.
    Local,
    /// Time ran out.
    Deadline {
        /// In what.
        stage: Stage,
    },
}

impl CloseWhy {
    /// The code to tell the peer (RFC 6455 section 7.4.1), where it is to be told.
    pub(super) fn code(&self) -> Option<u16> {
        match self {
            CloseWhy::TooLarge { .. } => Some(1009),
            CloseWhy::Protocol(text) if text == NOT_UTF8 => Some(1007),
            CloseWhy::Protocol(_) => Some(1002),
            _ => None,
        }
    }
}

pub(super) const NOT_UTF8: &str = "a text message that is not UTF-8";

impl From<OpenError> for CloseWhy {
    fn from(e: OpenError) -> Self {
        let text = e.to_string();
        match e {
            OpenError::Dial(DialError::Dns(_) | DialError::DnsTimedOut { .. }) => CloseWhy::Dns(text),
            OpenError::Dial(e) => CloseWhy::Connect { fault: e.fault().unwrap_or(ConnectFault::Other), text },
            OpenError::ProxyDial(_) | OpenError::Proxy { .. } => CloseWhy::Proxy(text),
            OpenError::Tls(_) => CloseWhy::Tls(text),
            OpenError::Deadline(stage) => CloseWhy::Deadline { stage },
        }
    }
}

impl fmt::Display for CloseWhy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CloseWhy::Dns(text)
            | CloseWhy::Connect { text, .. }
            | CloseWhy::Proxy(text)
            | CloseWhy::Tls(text) => f.write_str(text),
            CloseWhy::Upgrade { status: 0, text } => {
                write!(f, "the server does not speak HTTP there ({text}); check the port")
            }
            CloseWhy::Upgrade { status, text } => {
                write!(
                    f,
                    "the server answered {status} {text} instead of opening a WebSocket; check the path"
                )
            }
            CloseWhy::Peer { code: None, .. } => f.write_str("the other side closed"),
            CloseWhy::Peer { code: Some(code), reason } if reason.is_empty() => {
                write!(f, "the other side closed with code {code}")
            }
            CloseWhy::Peer { code: Some(code), reason } => {
                write!(f, "the other side closed with code {code}: {reason}")
            }
            CloseWhy::Eof => f.write_str("the other side hung up"),
            CloseWhy::Reset(text) => write!(f, "the connection broke: {text}"),
            CloseWhy::Protocol(text) => write!(f, "the other side broke the WebSocket protocol: {text}"),
            CloseWhy::TooLarge { limit } => {
                write!(f, "the other side sent a message of more than {limit} bytes")
            }
            CloseWhy::Local => f.write_str("closed here"),
            CloseWhy::Deadline { stage } => write!(f, "no answer in time, during {stage}"),
        }
    }
}
