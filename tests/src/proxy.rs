//! A small TLS-terminating proxy: the man in the middle, or the reverse proxy people put before a server.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use microstack::tls::{self, ClientTrust};
use rustix::event::{PollFd, PollFlags, Timespec};

use crate::certificate::Certificate;

/// Listens with its own certificate and passes the plain bytes on.
pub struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    upstream: Mutex<SocketAddr>,
    upstream_tls: bool,
    config: Mutex<Arc<rustls::ServerConfig>>,
    /// Raised to end all connections that are open now.
    generation: AtomicUsize,
    stopped: AtomicBool,
    accepted: AtomicUsize,
    /// Everything the server has sent, when somebody wants to look at it.
    seen: Mutex<Option<Vec<u8>>>,
    /// Replaced in what the server sends: texts of one length.
    change: Mutex<Option<(Vec<u8>, Vec<u8>)>>,
}

impl Proxy {
    /// Starts on a free port; `upstream_tls` says whether the bytes are encrypted again behind it.
    pub fn start(certificate: &Certificate, upstream: SocketAddr, upstream_tls: bool) -> Proxy {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("a bound socket has an address");
        let shared = Arc::new(Shared {
            upstream: Mutex::new(upstream),
            upstream_tls,
            config: Mutex::new(certificate.server_config()),
            generation: AtomicUsize::new(0),
            stopped: AtomicBool::new(false),
            accepted: AtomicUsize::new(0),
            seen: Mutex::new(None),
            change: Mutex::new(None),
        });
        let serving = shared.clone();
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                if serving.stopped.load(Ordering::SeqCst) {
                    return;
                }
                serving.accepted.fetch_add(1, Ordering::SeqCst);
                let shared = serving.clone();
                // A connection that fails is the peer's business; the tests look at the programs.
                std::thread::spawn(move || drop(serve(client, &shared)));
            }
        });
        Proxy { address, shared }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Presents another certificate from the next connection on.
    pub fn swap(&self, certificate: &Certificate) {
        *self.shared.config.lock().unwrap() = certificate.server_config();
    }

    /// Leads new connections elsewhere.
    pub fn redirect(&self, upstream: SocketAddr) {
        *self.shared.upstream.lock().unwrap() = upstream;
    }

    /// Ends all connections.
    pub fn cut(&self) {
        self.shared.generation.fetch_add(1, Ordering::SeqCst);
    }

    /// Keeps what the server sends from now on. Its WebSocket frames are not masked: what passes a relay is in them.
    pub fn tap(&self) {
        *self.shared.seen.lock().unwrap() = Some(Vec::new());
    }

    /// Whether the server has sent these bytes since [`Proxy::tap`].
    ///
    /// # Panics
    /// Without a tap.
    pub fn has_seen(&self, bytes: &[u8]) -> bool {
        let seen = self.shared.seen.lock().unwrap();
        seen.as_ref().expect("a tap").windows(bytes.len()).any(|window| window == bytes)
    }

    /// How much the server has sent since [`Proxy::tap`].
    ///
    /// # Panics
    /// Without a tap.
    pub fn bytes_seen(&self) -> usize {
        self.shared.seen.lock().unwrap().as_ref().expect("a tap").len()
    }

    /// Puts `new` in the place of `old` wherever the server sends it.
    ///
    /// # Panics
    /// When their lengths differ: a frame says its length first.
    pub fn change(&self, old: &[u8], new: &[u8]) {
        assert_eq!(old.len(), new.len());
        *self.shared.change.lock().unwrap() = Some((old.to_vec(), new.to_vec()));
    }

    /// Connections accepted so far.
    pub fn accepted(&self) -> usize {
        self.shared.accepted.load(Ordering::SeqCst)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.shared.stopped.store(true, Ordering::SeqCst);
        self.cut();
        // Wakes the accepting thread, which then ends.
        let _ = TcpStream::connect(self.address);
    }
}

impl Shared {
    fn look_at(&self, bytes: &mut [u8]) {
        if let Some((old, new)) = &*self.change.lock().unwrap() {
            let found = bytes.windows(old.len()).position(|window| window == old);
            if let Some(at) = found {
                bytes[at..at + new.len()].copy_from_slice(new);
            }
        }
        if let Some(seen) = &mut *self.seen.lock().unwrap() {
            seen.extend_from_slice(bytes);
        }
    }
}

/// One side of a proxied connection.
enum End {
    Plain(TcpStream),
    Tls(TcpStream, Box<rustls::Connection>),
}

impl End {
    fn socket(&self) -> &TcpStream {
        match self {
            End::Plain(socket) | End::Tls(socket, _) => socket,
        }
    }

    fn is_handshaking(&self) -> bool {
        matches!(self, End::Tls(_, tls) if tls.is_handshaking())
    }

    /// Takes what has arrived; false when the other side has ended.
    fn pull(&mut self, into: &mut Vec<u8>) -> io::Result<bool> {
        match self {
            End::Plain(socket) => {
                let mut piece = [0; 16 * 1024];
                let n = socket.read(&mut piece)?;
                into.extend_from_slice(&piece[..n]);
                Ok(n > 0)
            }
            End::Tls(socket, tls) => {
                if tls.read_tls(socket)? == 0 {
                    return Ok(false);
                }
                let state = tls.process_new_packets().map_err(io::Error::other)?;
                let mut piece = vec![0; state.plaintext_bytes_to_read()];
                tls.reader().read_exact(&mut piece)?;
                into.append(&mut piece);
                flush(socket, tls)?;
                Ok(!state.peer_has_closed())
            }
        }
    }

    fn push(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            End::Plain(socket) => socket.write_all(bytes),
            End::Tls(socket, tls) => {
                // The writer takes only so much before it must be flushed.
                let mut rest = bytes;
                while !rest.is_empty() {
                    let n = tls.writer().write(rest)?;
                    rest = &rest[n..];
                    flush(socket, tls)?;
                }
                Ok(())
            }
        }
    }
}

fn flush(socket: &mut TcpStream, tls: &mut rustls::Connection) -> io::Result<()> {
    while tls.wants_write() {
        tls.write_tls(socket)?;
    }
    Ok(())
}

fn serve(client: TcpStream, shared: &Shared) -> io::Result<()> {
    let generation = shared.generation.load(Ordering::SeqCst);
    client.set_nodelay(true)?;
    client.set_read_timeout(Some(Duration::from_secs(20)))?;
    client.set_write_timeout(Some(Duration::from_secs(20)))?;
    let config = shared.config.lock().unwrap().clone();
    let tls = rustls::ServerConnection::new(config).map_err(io::Error::other)?;
    let mut client = End::Tls(client, Box::new(tls.into()));
    // The certificate is shown even while nobody serves behind it, as real proxies do.
    let mut bytes = Vec::new();
    while client.is_handshaking() {
        if !client.pull(&mut bytes)? {
            return Ok(());
        }
    }
    let upstream = TcpStream::connect(*shared.upstream.lock().unwrap())?;
    upstream.set_nodelay(true)?;
    upstream.set_write_timeout(Some(Duration::from_secs(20)))?;
    let mut upstream = if shared.upstream_tls {
        let name = tls::server_name("127.0.0.1").map_err(io::Error::other)?;
        let config = tls::client_config(ClientTrust::AnyChain);
        let tls = rustls::ClientConnection::new(config, name).map_err(io::Error::other)?;
        let mut end = End::Tls(upstream, Box::new(tls.into()));
        if let End::Tls(socket, tls) = &mut end {
            flush(socket, tls)?;
        }
        end
    } else {
        End::Plain(upstream)
    };
    upstream.push(&bytes)?;
    loop {
        let (from_client, from_upstream) = {
            let (a, b) = (client.socket().as_fd(), upstream.socket().as_fd());
            let mut fds =
                [PollFd::from_borrowed_fd(a, PollFlags::IN), PollFd::from_borrowed_fd(b, PollFlags::IN)];
            let turn = Timespec { tv_sec: 0, tv_nsec: 50_000_000 };
            rustix::event::poll(&mut fds, Some(&turn))?;
            (!fds[0].revents().is_empty(), !fds[1].revents().is_empty())
        };
        if shared.generation.load(Ordering::SeqCst) != generation {
            return Ok(());
        }
        if from_client {
            bytes.clear();
            let open = client.pull(&mut bytes)?;
            upstream.push(&bytes)?;
            if !open {
                return Ok(());
            }
        }
        if from_upstream {
            bytes.clear();
            let open = upstream.pull(&mut bytes)?;
            shared.look_at(&mut bytes);
            client.push(&bytes)?;
            if !open {
                return Ok(());
            }
        }
    }
}
