//! What a WebSocket is told, and what it tells.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use crate::http::{Headers, Proxy};
use crate::net::Resolver;
use crate::wire::ServerUrl;

use super::CloseInfo;

/// What to connect to, and how.
pub struct ClientOptions {
    /// The server's address; plain ones only for loopback and tests.
    pub url: ServerUrl,
    /// Header fields besides those of the handshake.
    pub headers: Headers,
    /// Whom to trust.
    pub tls: Arc<rustls::ClientConfig>,
    /// For connecting, proxy, TLS and the upgrade together.
    pub connect_timeout: Duration,
    /// Cap on a message from the server, in bytes.
    pub max_message: usize,
    /// Backlog at which sending is refused, in bytes.
    pub max_backlog: usize,
    /// Who resolves names.
    pub resolver: Resolver,
    /// An HTTP proxy in between.
    pub proxy: Option<Proxy>,
    /// The last good address, for when the name cannot be resolved.
    pub fallback: Vec<SocketAddr>,
    /// First of [`crate::net::DIAL_SUBS`] `sub` numbers; the open connection keeps the first.
    pub sub: u8,
}

impl ClientOptions {
    /// 20 s to connect, messages up to 16 MiB, backlog up to 1 MiB.
    pub fn new(url: ServerUrl, tls: Arc<rustls::ClientConfig>, resolver: Resolver) -> Self {
        ClientOptions {
            url,
            headers: Headers::new(),
            tls,
            connect_timeout: Duration::from_secs(20),
            max_message: 16 * 1024 * 1024,
            max_backlog: 1024 * 1024,
            resolver,
            proxy: None,
            fallback: Vec::new(),
            sub: 0,
        }
    }
}

/// A server's choices for one WebSocket.
#[derive(Debug, Clone)]
pub struct WsOptions {
    /// Cap on a message from the client, in bytes; raise it by [`set_max_message`](super::Conn::set_max_message) once the client is known.
    pub max_message: usize,
    /// Backlog at which sending is refused, in bytes.
    pub max_backlog: usize,
    /// The subprotocol chosen, if the client offered any.
    pub protocol: Option<String>,
    /// Further header fields of the answer.
    pub headers: Headers,
}

impl Default for WsOptions {
    /// Messages up to 16 KiB, backlog up to 1 MiB.
    fn default() -> Self {
        WsOptions {
            max_message: 16 * 1024,
            max_backlog: 1024 * 1024,
            protocol: None,
            headers: Headers::new(),
        }
    }
}

/// What a [`Conn`](super::Conn) reports.
#[derive(Debug)]
pub enum Event {
    /// The handshake is done. Comes first, on both sides.
    Open(OpenInfo),
    /// A binary message, complete.
    Binary(Vec<u8>),
    /// A text message, complete.
    Text(String),
    /// A ping came; it is answered already.
    Ping,
    /// A pong came.
    Pong,
    /// The backlog was full and is half empty now: send on.
    Drained,
    /// It is over. Comes last, once.
    Closed(CloseInfo),
}

/// What is known when a WebSocket opens.
#[derive(Debug)]
pub struct OpenInfo {
    /// The other end of the TCP connection: the peer or a proxy.
    pub peer_addr: SocketAddr,
    /// This end.
    pub local_addr: Option<SocketAddr>,
    /// The certificate whose key the server proved to hold, DER.
    pub peer_cert_der: Option<Vec<u8>>,
    /// Header fields of the server's answer; empty on a server.
    pub headers: Headers,
}

/// Why a message was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SendError {
    /// Too much waits already; [`Event::Drained`] will come.
    Backlogged,
    /// Not open yet, closing, or closed.
    Closed,
}

impl fmt::Display for SendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            SendError::Backlogged => {
                "the other side does not read fast enough; send again when it has drained"
            }
            SendError::Closed => "the WebSocket is not open",
        })
    }
}

impl std::error::Error for SendError {}
