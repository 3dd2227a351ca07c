//! Listening for connections, from the network and from this machine.

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use mio::Interest;
use mio::net::{TcpListener, TcpStream, UnixListener};
use socket2::{Domain, Protocol, SockAddr, Socket, Type};

use super::Transport;
use crate::chain::{Cx, Wake};

/// How to listen.
#[derive(Debug, Clone)]
pub struct ListenOptions {
    /// Lets several chains listen on one port; the kernel spreads connections over them (SO_REUSEPORT).
    pub reuse_port: bool,
    /// On an IPv6 address: do not take IPv4 connections as well.
    pub only_v6: bool,
    /// Connections the kernel may hold ready.
    pub backlog: i32,
    /// Connections handed out in one turn.
    pub budget: u32,
}

impl Default for ListenOptions {
    fn default() -> Self {
        ListenOptions { reuse_port: false, only_v6: false, backlog: 1024, budget: 64 }
    }
}

/// A component that accepts connections, a bounded number in each turn.
pub struct Listener {
    inner: Inner,
    sub: u8,
    budget: u32,
    left: u32,
    ready: bool,
    retry_at: Option<Instant>,
}

enum Inner {
    Tcp(TcpListener),
    Unix(UnixListener),
}

/// How long to leave the listener alone when the process or the machine is out of descriptors or memory.
const EXHAUSTED_PAUSE: Duration = Duration::from_millis(100);

impl Listener {
    /// Binds and listens. May be done on another thread than the chain's.
    ///
    /// # Errors
    /// The system's, for example `AddrInUse`.
    pub fn bind(addr: SocketAddr, options: &ListenOptions) -> io::Result<Listener> {
        let socket = Socket::new(Domain::for_address(addr), Type::STREAM.nonblocking(), Some(Protocol::TCP))?;
        // A restarted server must not wait for connections of its predecessor in TIME_WAIT.
        socket.set_reuse_address(true)?;
        if options.reuse_port {
            socket.set_reuse_port(true)?;
        }
        if addr.is_ipv6() {
            socket.set_only_v6(options.only_v6)?;
        }
        socket.bind(&addr.into())?;
        socket.listen(options.backlog)?;
        Ok(Self::over(Inner::Tcp(TcpListener::from_std(socket.into())), options))
    }

    /// Listens on a Unix socket of this path. The file stays when the listener goes: its maker removes it.
    ///
    /// # Errors
    /// The system's, for example `AddrInUse` when the file exists.
    pub fn bind_unix(path: &Path, options: &ListenOptions) -> io::Result<Listener> {
        let socket = Socket::new(Domain::UNIX, Type::STREAM.nonblocking(), None)?;
        socket.bind(&SockAddr::unix(path)?)?;
        socket.listen(options.backlog)?;
        Ok(Self::over(Inner::Unix(UnixListener::from_std(socket.into())), options))
    }

    fn over(inner: Inner, options: &ListenOptions) -> Listener {
        let budget = options.budget.max(1);
        Listener { inner, sub: 0, budget, left: budget, ready: false, retry_at: None }
    }

    /// Begins to watch, under the number `sub`.
    ///
    /// # Errors
    /// Fails when the descriptor cannot be polled.
    pub fn start(&mut self, cx: &mut Cx<'_>, sub: u8) -> io::Result<()> {
        self.sub = sub;
        match &mut self.inner {
            Inner::Tcp(inner) => cx.register(inner, sub, Interest::READABLE),
            Inner::Unix(inner) => cx.register(inner, sub, Interest::READABLE),
        }
    }

    /// Takes in what happened.
    pub fn wake(&mut self, cx: &mut Cx<'_>, wake: &Wake) {
        self.left = self.budget;
        let rested = self.retry_at.is_some_and(|at| cx.now() >= at);
        if rested {
            self.retry_at = None;
        }
        self.ready |= wake.can_read(self.sub) || rested;
    }

    /// The next connection of a TCP listener and its peer's address; IPv4 peers appear as such on IPv6 sockets too.
    pub fn poll(&mut self, cx: &mut Cx<'_>) -> Option<(TcpStream, SocketAddr)> {
        match self.poll_any(cx)? {
            (Transport::Tcp(stream), Some(peer)) => Some((stream, peer)),
            // Only of a Unix listener, whose owner asks `poll_any`.
            _ => None,
        }
    }

    /// The next connection, and its peer's address where it has one.
    pub fn poll_any(&mut self, cx: &mut Cx<'_>) -> Option<(Transport, Option<SocketAddr>)> {
        while self.ready && self.retry_at.is_none() {
            if self.left == 0 {
                cx.again();
                return None;
            }
            self.left -= 1;
            let accepted = match &self.inner {
                Inner::Tcp(inner) => inner.accept().map(|(stream, peer)| {
                    (stream.into(), Some(SocketAddr::new(peer.ip().to_canonical(), peer.port())))
                }),
                Inner::Unix(inner) => inner.accept().map(|(stream, _)| (stream.into(), None)),
            };
            match accepted {
                Ok(accepted) => return Some(accepted),
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => self.ready = false,
                Err(e) if is_exhaustion(&e) => {
                    tracing::warn!(error = %e, "no connection can be accepted for now; raise the limit on open files");
                    self.retry_at = Some(cx.now() + EXHAUSTED_PAUSE);
                }
                // The peer left while it waited (ECONNABORTED and the like): the next may be well.
                Err(_) => {}
            }
        }
        None
    }

    /// When a wake is needed at the latest.
    pub fn deadline(&self) -> Option<Instant> {
        self.retry_at
    }

    /// The address bound, with the true port where 0 was asked for; a Unix listener has none.
    ///
    /// # Errors
    /// The system's.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        match &self.inner {
            Inner::Tcp(inner) => inner.local_addr(),
            Inner::Unix(_) => Err(io::ErrorKind::Unsupported.into()),
        }
    }
}

fn is_exhaustion(e: &io::Error) -> bool {
    [libc::EMFILE, libc::ENFILE, libc::ENOBUFS, libc::ENOMEM]
        .iter()
        .any(|code| e.raw_os_error() == Some(*code))
}
