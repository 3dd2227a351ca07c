//! The two kinds of stream sockets under one type.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr};
use std::time::Duration;

use mio::event::Source;
use mio::net::{TcpStream, UnixStream};
use mio::{Interest, Registry, Token};
use socket2::{SockRef, TcpKeepalive};

/// A connected stream socket: over the network, or inside this machine.
#[derive(Debug)]
pub enum Transport {
    /// TCP.
    Tcp(TcpStream),
    /// A Unix socket.
    Unix(UnixStream),
}

impl Transport {
    /// Small writes leave at once (`true`), or wait for the peer's acknowledgement. Unix sockets always do the first.
    ///
    /// # Errors
    /// The system's.
    pub fn set_nodelay(&self, on: bool) -> io::Result<()> {
        match self {
            Transport::Tcp(tcp) => tcp.set_nodelay(on),
            Transport::Unix(_) => Ok(()),
        }
    }

    /// Probes a silent peer after `idle`; `None` ends that. Unix peers cannot vanish silently.
    ///
    /// # Errors
    /// The system's.
    pub fn set_keepalive(&self, idle: Option<Duration>) -> io::Result<()> {
        let Transport::Tcp(tcp) = self else { return Ok(()) };
        let socket = SockRef::from(tcp);
        socket.set_keepalive(idle.is_some())?;
        match idle {
            Some(idle) if !idle.is_zero() => socket.set_tcp_keepalive(&TcpKeepalive::new().with_time(idle)),
            _ => Ok(()),
        }
    }

    /// Makes the coming close a reset: what the peer has not taken is thrown away and it sees ECONNRESET.
    ///
    /// # Errors
    /// The system's.
    pub fn reset_on_close(&self) -> io::Result<()> {
        match self {
            Transport::Tcp(tcp) => SockRef::from(tcp).set_linger(Some(Duration::ZERO)),
            Transport::Unix(_) => Ok(()),
        }
    }

    /// Ends one direction or both.
    ///
    /// # Errors
    /// The system's.
    pub fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        match self {
            Transport::Tcp(tcp) => tcp.shutdown(how),
            Transport::Unix(unix) => unix.shutdown(how),
        }
    }

    /// The peer's network address; a Unix socket has none.
    ///
    /// # Errors
    /// The system's, once the connection is gone.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        match self {
            Transport::Tcp(tcp) => tcp.peer_addr(),
            Transport::Unix(_) => Err(io::ErrorKind::Unsupported.into()),
        }
    }

    /// This side's network address; a Unix socket has none.
    ///
    /// # Errors
    /// The system's.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        match self {
            Transport::Tcp(tcp) => tcp.local_addr(),
            Transport::Unix(_) => Err(io::ErrorKind::Unsupported.into()),
        }
    }

    /// The error the system keeps for a socket whose connecting failed.
    ///
    /// # Errors
    /// The system's.
    pub fn take_error(&self) -> io::Result<Option<io::Error>> {
        match self {
            Transport::Tcp(tcp) => tcp.take_error(),
            Transport::Unix(unix) => unix.take_error(),
        }
    }
}

impl From<TcpStream> for Transport {
    fn from(tcp: TcpStream) -> Self {
        Transport::Tcp(tcp)
    }
}

impl From<UnixStream> for Transport {
    fn from(unix: UnixStream) -> Self {
        Transport::Unix(unix)
    }
}

impl Read for Transport {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        match self {
            Transport::Tcp(tcp) => tcp.read(buf),
            Transport::Unix(unix) => unix.read(buf),
        }
    }
}

impl Write for Transport {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        match self {
            Transport::Tcp(tcp) => tcp.write(buf),
            Transport::Unix(unix) => unix.write(buf),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Source for Transport {
    fn register(&mut self, registry: &Registry, token: Token, interests: Interest) -> io::Result<()> {
        match self {
            Transport::Tcp(tcp) => tcp.register(registry, token, interests),
            Transport::Unix(unix) => unix.register(registry, token, interests),
        }
    }

    fn reregister(&mut self, registry: &Registry, token: Token, interests: Interest) -> io::Result<()> {
        match self {
            Transport::Tcp(tcp) => tcp.reregister(registry, token, interests),
            Transport::Unix(unix) => unix.reregister(registry, token, interests),
        }
    }

    fn deregister(&mut self, registry: &Registry) -> io::Result<()> {
        match self {
            Transport::Tcp(tcp) => tcp.deregister(registry),
            Transport::Unix(unix) => unix.deregister(registry),
        }
    }
}
