//! Bytes over one TCP connection, through TLS or plain, without blocking.

use std::cell::RefCell;
use std::io::{self, Read, Write};
use std::net::SocketAddr;
use std::sync::Arc;

use mio::Interest;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, Connection, ServerConfig, ServerConnection};

use super::TlsError;
use crate::chain::{Cx, Wake};
use crate::net::Transport;

/// A connection: TCP or a Unix socket, with TLS over it or not.
///
/// `Read` and `Write` answer `WouldBlock` when they must wait; the next wake with news of the socket ends the wait.
/// mio is edge-triggered, so an owner reads until `WouldBlock` or comes back by [`Cx::again`].
pub struct Stream {
    tcp: Transport,
    // Boxed: a connection's state is over a kilobyte and moves from owner to owner.
    tls: Option<Box<Connection>>,
    // Bytes taken from the socket that rustls had no room for yet. Empty except under back-pressure.
    stash: Vec<u8>,
    sub: u8,
    readable: bool,
    writable: bool,
    first: Option<u8>,
    saw_eof: bool,
}

/// One full TLS record fits in a single read from the socket.
const SCRATCH_BYTES: usize = 16 * 1024 + 512;

/// How much rustls may hold unsent: two records, so that one system call carries both.
const UNSENT_LIMIT: usize = 32 * 1024;

/// Decrypted bytes beyond which no more ciphertext is given to rustls (it refuses itself a little later).
const PLAIN_LIMIT: usize = 12 * 1024;

thread_local! {
    // Shared by all streams of a thread, so that an idle one holds no buffer of its own.
    static SCRATCH: RefCell<Box<[u8]>> = RefCell::new(vec![0; SCRATCH_BYTES].into_boxed_slice());
}

impl Stream {
    /// A stream without TLS, for loopback and behind a TLS terminator.
    pub fn plain(tcp: impl Into<Transport>) -> Self {
        let tcp = tcp.into();
        // Small frames must not wait for the peer's acknowledgement. Failing costs only time.
        let _ = tcp.set_nodelay(true);
        // Assumed ready until the socket says otherwise: the first event may have come before registration.
        Stream {
            tcp,
            tls: None,
            stash: Vec::new(),
            sub: 0,
            readable: true,
            writable: true,
            first: None,
            saw_eof: false,
        }
    }

    /// The client's side of TLS over a connected socket.
    ///
    /// # Errors
    /// [`TlsError::Protocol`] when the configuration cannot serve this name.
    pub fn client(
        tcp: impl Into<Transport>,
        config: Arc<ClientConfig>,
        name: ServerName<'static>,
    ) -> Result<Self, TlsError> {
        let tls = ClientConnection::new(config, name).map_err(TlsError::Protocol)?;
        Ok(Self::with_tls(tcp, tls.into()))
    }

    /// The server's side of TLS over an accepted socket.
    ///
    /// # Errors
    /// [`TlsError::Protocol`] when the configuration is unusable.
    pub fn server(tcp: impl Into<Transport>, config: Arc<ServerConfig>) -> Result<Self, TlsError> {
        let tls = ServerConnection::new(config).map_err(TlsError::Protocol)?;
        Ok(Self::with_tls(tcp, tls.into()))
    }

    /// Begins TLS on a plain stream, for example through a proxy. Nothing may have been read ahead.
    ///
    /// # Errors
    /// [`TlsError::Protocol`] when the configuration cannot serve this name.
    pub fn start_tls(
        mut self,
        config: Arc<ClientConfig>,
        name: ServerName<'static>,
    ) -> Result<Self, TlsError> {
        let tls: Connection = ClientConnection::new(config, name).map_err(TlsError::Protocol)?.into();
        self.set_tls(tls);
        Ok(self)
    }

    /// Begins TLS on a plain stream, in either role. `early` was read from it already and belongs to the handshake.
    pub fn begin_tls(&mut self, tls: Connection, early: &[u8]) {
        self.stash.extend_from_slice(early);
        self.first = early.first().copied();
        self.set_tls(tls);
    }

    /// The TLS state, where there is TLS.
    pub fn tls(&self) -> Option<&Connection> {
        self.tls.as_deref()
    }

    /// The socket below.
    pub fn transport(&self) -> &Transport {
        &self.tcp
    }

    /// The end of what this side sends. TLS says so first: to be called once, when everything written was flushed;
    /// then flush again, and end the direction of the socket by [`Transport::shutdown`].
    pub fn close_notify(&mut self) {
        if let Some(tls) = &mut self.tls {
            tls.send_close_notify();
        }
    }

    fn with_tls(tcp: impl Into<Transport>, tls: Connection) -> Self {
        let mut stream = Self::plain(tcp);
        stream.set_tls(tls);
        stream
    }

    fn set_tls(&mut self, mut tls: Connection) {
        tls.set_buffer_limit(Some(UNSENT_LIMIT));
        self.tls = Some(Box::new(tls));
    }

    /// Registers the socket with the chain under the number `sub`, for both directions and for good.
    ///
    /// # Errors
    /// Fails when the descriptor cannot be polled.
    pub fn register(&mut self, cx: &Cx<'_>, sub: u8) -> io::Result<()> {
        self.sub = sub;
        // Whatever another chain knew of the socket counts no more.
        (self.readable, self.writable) = (true, true);
        cx.register(&mut self.tcp, sub, Interest::READABLE | Interest::WRITABLE)
    }

    /// Takes the socket off its chain, to be registered with another one.
    ///
    /// # Errors
    /// Fails when the socket is not registered.
    pub fn deregister(&mut self, cx: &Cx<'_>) -> io::Result<()> {
        cx.deregister(&mut self.tcp)
    }

    /// Moves a registered socket to another number.
    ///
    /// # Errors
    /// Fails when the socket is not registered.
    pub fn reregister(&mut self, cx: &Cx<'_>, sub: u8) -> io::Result<()> {
        self.sub = sub;
        (self.readable, self.writable) = (true, true);
        cx.reregister(&mut self.tcp, sub, Interest::READABLE | Interest::WRITABLE)
    }

    /// Takes in what happened to the socket.
    pub fn wake(&mut self, wake: &Wake) {
        self.readable |= wake.can_read(self.sub);
        self.writable |= wake.can_write(self.sub);
    }

    /// Goes on with the TLS handshake: `true` when it is done (at once on a plain stream).
    ///
    /// # Errors
    /// What ended it; an alert for the peer was sent where one is due.
    pub fn handshake(&mut self) -> Result<bool, TlsError> {
        loop {
            let Some(tls) = self.tls.as_deref() else { return Ok(true) };
            if tls.wants_write() {
                match self.flush_tls() {
                    Err(e) if e.kind() == io::ErrorKind::WouldBlock => {}
                    Err(e) => return Err(TlsError::Io(e)),
                    Ok(()) => {}
                }
            }
            let Some(tls) = self.tls.as_deref() else { return Ok(true) };
            if !tls.is_handshaking() {
                return Ok(true);
            }
            if self.saw_eof {
                return Err(TlsError::Eof);
            }
            if !self.fill()? {
                return Ok(false);
            }
        }
    }

    /// True when bytes given to `write` have not all reached the socket.
    pub fn wants_write(&self) -> bool {
        self.tls.as_ref().is_some_and(|tls| tls.wants_write())
    }

    /// False when the socket took no more at the last try, and has not said since that it would.
    pub fn can_write(&self) -> bool {
        self.writable
    }

    /// False when the last try to read found nothing, and nothing came since.
    pub fn can_read(&self) -> bool {
        self.readable || !self.stash.is_empty()
    }

    /// True when the stream is encrypted.
    pub fn is_tls(&self) -> bool {
        self.tls.is_some()
    }

    /// The certificate the peer proved to hold, as DER; a server asks for none.
    pub fn peer_cert_der(&self) -> Option<&[u8]> {
        self.tls.as_ref()?.peer_certificates()?.first().map(|cert| cert.as_ref())
    }

    /// The protocol version and cipher suite in words, for people.
    pub fn tls_summary(&self) -> Option<String> {
        let tls = self.tls.as_ref()?;
        let version = tls.protocol_version()?;
        let suite = tls.negotiated_cipher_suite()?.suite();
        Some(format!("{} {}", version.as_str().unwrap_or("TLS"), suite.as_str().unwrap_or("?")))
    }

    /// The peer's address.
    ///
    /// # Errors
    /// The system's, once the connection is gone.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.tcp.peer_addr()
    }

    /// This side's address.
    ///
    /// # Errors
    /// The system's.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.tcp.local_addr()
    }

    /// Says goodbye: TLS close_notify where there is TLS, then the end of our direction. Best effort.
    pub fn finish(&mut self) {
        if let Some(tls) = &mut self.tls {
            tls.send_close_notify();
            let _ = self.flush_tls();
        }
        let _ = self.tcp.shutdown(std::net::Shutdown::Write);
    }

    /// Writes to the socket past TLS, for a last word to a peer that does not speak it. Best effort.
    pub(crate) fn write_unencrypted(&mut self, text: &[u8]) {
        let _ = self.tcp.write(text);
    }

    /// Moves ciphertext to the socket until it is all there.
    fn flush_tls(&mut self) -> io::Result<()> {
        let Some(tls) = &mut self.tls else { return Ok(()) };
        while tls.wants_write() {
            if !self.writable {
                return Err(io::ErrorKind::WouldBlock.into());
            }
            match tls.write_tls(&mut self.tcp) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(_) => {}
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => {
                    self.writable = e.kind() != io::ErrorKind::WouldBlock;
                    return Err(e);
                }
            }
        }
        Ok(())
    }

    /// Takes ciphertext from the socket and gives it to rustls. `false`: there is none now.
    fn fill(&mut self) -> Result<bool, TlsError> {
        if !self.stash.is_empty() {
            let stash = std::mem::take(&mut self.stash);
            let taken = self.feed(&stash)?;
            self.stash = stash;
            if taken == self.stash.len() {
                self.stash = Vec::new(); // gives the memory back
            } else {
                self.stash.drain(..taken);
            }
            return Ok(true);
        }
        if !self.readable {
            self.settle();
            return Ok(false);
        }
        SCRATCH.with_borrow_mut(|scratch| match self.tcp.read(scratch) {
            Ok(n) => {
                if n == 0 {
                    self.saw_eof = true;
                }
                self.first = self.first.or(scratch[..n].first().copied());
                let taken = self.feed(&scratch[..n])?;
                self.stash.extend_from_slice(&scratch[taken..n]);
                Ok(true)
            }
            Err(e) if e.kind() == io::ErrorKind::Interrupted => Ok(true),
            Err(e) if e.kind() == io::ErrorKind::WouldBlock => {
                self.readable = false;
                self.settle();
                Ok(false)
            }
            Err(e) => Err(TlsError::Io(e)),
        })
    }

    /// Lets rustls shrink its input buffer: it does so when it is about to read.
    fn settle(&mut self) {
        struct Nothing;
        impl Read for Nothing {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(io::ErrorKind::WouldBlock.into())
            }
        }
        if let Some(tls) = &mut self.tls {
            let _ = tls.read_tls(&mut Nothing);
        }
    }

    /// Gives bytes to rustls, as many as it has room for; none means the end of the stream.
    fn feed(&mut self, mut data: &[u8]) -> Result<usize, TlsError> {
        let Some(tls) = &mut self.tls else { return Ok(0) };
        let all = data.len();
        loop {
            let got = tls.read_tls(&mut data).map_err(TlsError::Io)?;
            if got == 0 {
                // The end of the stream, or close_notify came before: nothing after it counts.
                data = &[];
            }
            match tls.process_new_packets() {
                Ok(state) if data.is_empty() || state.plaintext_bytes_to_read() > PLAIN_LIMIT => break,
                Ok(_) => {}
                Err(e) => {
                    let not_tls = matches!(e, rustls::Error::InvalidMessage(_)) && tls.is_handshaking();
                    // 0x14 to 0x17 are TLS record types (RFC 8446 section 5.1).
                    if let Some(first) = self.first
                        && not_tls
                        && !(0x14..=0x17).contains(&first)
                    {
                        // An alert would mean nothing to this peer; from here on the stream is a plain one.
                        self.tls = None;
                        return Err(TlsError::NotTls { first });
                    }
                    // The alert, if one is due. The error says more than a failure to send it.
                    let _ = self.flush_tls();
                    return Err(TlsError::Protocol(e));
                }
            }
        }
        // Tickets, key updates and the like.
        if self.wants_write() {
            match self.flush_tls() {
                Err(e) if e.kind() != io::ErrorKind::WouldBlock => return Err(TlsError::Io(e)),
                _ => {}
            }
        }
        Ok(all - data.len())
    }
}

impl Read for Stream {
    /// Zero means the end; a TLS peer that vanished without close_notify ends the same way, since the protocols
    /// above know for themselves whether a message is complete.
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        loop {
            let Some(tls) = &mut self.tls else {
                if !self.readable {
                    return Err(io::ErrorKind::WouldBlock.into());
                }
                match self.tcp.read(buf) {
                    Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
                    Err(e) => {
                        self.readable = e.kind() != io::ErrorKind::WouldBlock;
                        return Err(e);
                    }
                    Ok(n) => return Ok(n),
                }
            };
            match tls.reader().read(buf) {
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => {}
                Err(e) if e.kind() == io::ErrorKind::UnexpectedEof => return Ok(0),
                other => return other,
            }
            if !self.fill()? {
                return Err(io::ErrorKind::WouldBlock.into());
            }
        }
    }
}

impl Write for Stream {
    /// Takes bytes only when all earlier ones have left, so that what is held here stays bounded.
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        if self.tls.is_some() {
            self.flush_tls()?;
        }
        let Some(tls) = &mut self.tls else {
            if !self.writable {
                return Err(io::ErrorKind::WouldBlock.into());
            }
            loop {
                match self.tcp.write(buf) {
                    Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                    Err(e) => {
                        self.writable = e.kind() != io::ErrorKind::WouldBlock;
                        return Err(e);
                    }
                    Ok(n) => return Ok(n),
                }
            }
        };
        let taken = tls.writer().write(buf)?;
        match self.flush_tls() {
            // They are taken: saying WouldBlock now would have them sent twice.
            Err(e) if e.kind() != io::ErrorKind::WouldBlock => Err(e),
            _ => Ok(taken),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.flush_tls()
    }
}
