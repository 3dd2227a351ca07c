//! What can be wrong with HTTP, and with the way to a server.

use std::fmt;

use crate::net::DialError;
use crate::tls::TlsError;

/// Why a message was refused. [`HttpError::status`] is what a server answers.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum HttpError {
    /// The head breaks the grammar; the text says where.
    Malformed(&'static str),
    /// The head is longer than allowed, in bytes.
    HeadTooLong {
        /// The limit.
        limit: usize,
    },
    /// More header fields than allowed.
    TooManyHeaders {
        /// The limit.
        limit: usize,
    },
    /// The length of the body is given twice or in two ways: an attempt to have two readers disagree.
    AmbiguousLength,
    /// A transfer coding other than `chunked`.
    UnknownTransferCoding,
    /// The body is longer than allowed, in bytes.
    BodyTooLong {
        /// The limit.
        limit: usize,
    },
    /// An HTTP version other than 1.0 and 1.1.
    UnknownVersion,
    /// An expectation other than `100-continue`.
    UnknownExpectation,
}

impl HttpError {
    /// The status that tells the peer.
    pub fn status(&self) -> u16 {
        match self {
            HttpError::Malformed(_) | HttpError::AmbiguousLength => 400,
            HttpError::HeadTooLong { .. } | HttpError::TooManyHeaders { .. } => 431,
            HttpError::UnknownTransferCoding => 501,
            HttpError::BodyTooLong { .. } => 413,
            HttpError::UnknownVersion => 505,
            HttpError::UnknownExpectation => 417,
        }
    }
}

impl fmt::Display for HttpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            HttpError::Malformed(what) => write!(f, "malformed HTTP: {what}"),
            HttpError::HeadTooLong { limit } => write!(f, "the HTTP head is over {limit} bytes"),
            HttpError::TooManyHeaders { limit } => write!(f, "there are over {limit} HTTP header fields"),
            HttpError::AmbiguousLength => f.write_str("the length of the HTTP body is given more than once"),
            HttpError::UnknownTransferCoding => f.write_str("the only transfer coding served is chunked"),
            HttpError::BodyTooLong { limit } => write!(f, "the HTTP body is over {limit} bytes"),
            HttpError::UnknownVersion => f.write_str("only HTTP/1.0 and HTTP/1.1 are spoken here"),
            HttpError::UnknownExpectation => f.write_str("the only expectation met is 100-continue"),
        }
    }
}

impl std::error::Error for HttpError {}

/// A part of the way to an open channel, named when time runs out in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Stage {
    /// Resolving the name and connecting.
    Connect,
    /// Waiting for the proxy's answer.
    Proxy,
    /// The TLS handshake.
    Tls,
    /// The HTTP request and the head of its answer.
    Request,
    /// The body of an HTTP message.
    Body,
    /// Waiting for the next request.
    Idle,
    /// Writing what the peer does not read.
    Write,
    /// The closing handshake of a WebSocket.
    Close,
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Stage::Connect => "connecting",
            Stage::Proxy => "waiting for the proxy",
            Stage::Tls => "the TLS handshake",
            Stage::Request => "the HTTP request",
            Stage::Body => "the HTTP body",
            Stage::Idle => "waiting for a request",
            Stage::Write => "sending",
            Stage::Close => "closing",
        })
    }
}

/// Why a server could not be reached.
#[derive(Debug)]
#[non_exhaustive]
pub enum OpenError {
    /// No connection to the server, or to the proxy if there is one.
    Dial(DialError),
    /// The proxy could not be reached.
    ProxyDial(DialError),
    /// The proxy was reached and did not connect us on; `status` is 0 when it spoke no HTTP.
    Proxy {
        /// Its HTTP status.
        status: u16,
        /// What it said.
        text: String,
    },
    /// TLS failed.
    Tls(TlsError),
    /// It took too long.
    Deadline(Stage),
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            OpenError::Dial(e) => e.fmt(f),
            OpenError::ProxyDial(e) => write!(f, "the proxy cannot be reached: {e}"),
            OpenError::Proxy { status: 407, .. } => {
                f.write_str("the proxy wants a user name and a password; put them into the proxy setting")
            }
            OpenError::Proxy { status: 0, text } => write!(f, "the proxy does not speak HTTP ({text})"),
            OpenError::Proxy { status, text } => write!(f, "the proxy refused to connect: {status} {text}"),
            OpenError::Tls(e) => e.fmt(f),
            OpenError::Deadline(stage) => write!(f, "no answer in time, during {stage}"),
        }
    }
}

impl std::error::Error for OpenError {}
