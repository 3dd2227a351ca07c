//! A server that a test scripts message by message: everything a real one would never send to an agent.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use microstack::channel::Frame;
use microstack::channel::server::{AcceptedTls, Config, Handshake, Output, ServerIdentity};
use microstack::crypto::{Identity, random_bytes, tls_hash, tls_key_hash, verify_agent_signature};
use microstack::wire::{MeshId, MshBuilder, Nonce, ServerUrl};
use rustls::{ServerConnection, StreamOwned};
use tungstenite::handshake::derive_accept_key;
use tungstenite::protocol::Role;
use tungstenite::{Message, WebSocket};

use crate::certificate::Certificate;

/// One agent's connection to the fake server.
pub struct Link {
    socket: WebSocket<StreamOwned<ServerConnection, TcpStream>>,
    /// Number of this connection, from 0.
    pub number: usize,
}

/// Listens, and gives every agent that connects to the script.
pub struct FakeServer {
    address: SocketAddr,
    stopped: Arc<AtomicBool>,
    connections: Arc<AtomicUsize>,
}

impl FakeServer {
    /// Starts; `script` runs in a thread of its own for each connection.
    pub fn start(
        certificate: &Certificate,
        script: impl Fn(&mut Link) + Send + Sync + 'static,
    ) -> FakeServer {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("a bound socket has an address");
        let stopped = Arc::new(AtomicBool::new(false));
        let connections = Arc::new(AtomicUsize::new(0));
        let (stop, count, config) = (stopped.clone(), connections.clone(), certificate.server_config());
        let script = Arc::new(script);
        std::thread::spawn(move || {
            for tcp in listener.incoming().flatten() {
                if stop.load(Ordering::SeqCst) {
                    return;
                }
                let number = count.fetch_add(1, Ordering::SeqCst);
                let (config, script) = (config.clone(), script.clone());
                std::thread::spawn(move || {
                    let _ = tcp.set_read_timeout(Some(Duration::from_secs(30)));
                    let Ok(tls) = ServerConnection::new(config) else { return };
                    if let Some(socket) = upgrade(StreamOwned::new(tls, tcp)) {
                        script(&mut Link { socket, number });
                    }
                });
            }
        });
        FakeServer { address, stopped, connections }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Agents that have connected so far.
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    /// A settings file that leads here and trusts `identity`.
    pub fn msh(&self, identity: &Identity) -> Vec<u8> {
        let url = ServerUrl::parse(&format!("wss://{}/agent.ashx", self.address)).expect("a valid address");
        MshBuilder::group("fake", MeshId([7; 48]), identity.server_id(), &url).emit()
    }
}

/// The WebSocket handshake. The real agent's tunnels send a key that is no canonical base64, so it is hashed as it came
/// (relay specification 4.2) and not looked at, as `tungstenite::accept` would.
fn upgrade(
    mut stream: StreamOwned<ServerConnection, TcpStream>,
) -> Option<WebSocket<StreamOwned<ServerConnection, TcpStream>>> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        if head.len() > 8192 || stream.read(&mut byte).ok()? == 0 {
            return None;
        }
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).ok()?;
    let mut fields = head.lines().filter_map(|line| line.split_once(':'));
    let key = fields.find(|(name, _)| name.eq_ignore_ascii_case("sec-websocket-key"))?.1.trim();
    let accept = derive_accept_key(key.as_bytes());
    let answer = format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Accept: {accept}\r\n\r\n"
    );
    stream.write_all(answer.as_bytes()).ok()?;
    stream.flush().ok()?;
    Some(WebSocket::from_raw_socket(stream, Role::Server, None))
}

impl Drop for FakeServer {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::SeqCst);
        // Wakes the accepting thread, which then ends.
        let _ = TcpStream::connect(self.address);
    }
}

impl Link {
    /// Sends one binary message; a peer that has gone does not matter.
    pub fn send(&mut self, bytes: &[u8]) {
        let _ = self.socket.send(Message::binary(bytes.to_vec()));
    }

    /// Sends one text message.
    pub fn send_text(&mut self, text: &str) {
        let _ = self.socket.send(Message::text(text.to_owned()));
    }

    /// The next message; `None` at the end of the connection or after the time.
    pub fn receive(&mut self, within: Duration) -> Option<Vec<u8>> {
        self.receive_or_end(within).filter(|message| !message.is_empty())
    }

    /// The next message, empty when none came within the time; `None` at the end of the connection.
    pub fn receive_or_end(&mut self, within: Duration) -> Option<Vec<u8>> {
        let until = Instant::now() + within;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Some(Vec::new());
            }
            self.socket.get_ref().sock.set_read_timeout(Some(left)).ok()?;
            match self.socket.read() {
                Ok(Message::Binary(bytes)) => return Some(bytes.to_vec()),
                Ok(Message::Text(text)) => return Some(text.as_bytes().to_vec()),
                Ok(_) => {}
                Err(tungstenite::Error::Io(e))
                    if matches!(e.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => {}
                Err(_) => return None,
            }
        }
    }

    /// Waits for command `number` and gives the message.
    pub fn receive_command(&mut self, number: u16) -> Option<Vec<u8>> {
        let until = Instant::now() + Duration::from_secs(30);
        while Instant::now() < until {
            let message = self.receive(until.saturating_duration_since(Instant::now()))?;
            if message.starts_with(&number.to_be_bytes()) {
                return Some(message);
            }
        }
        None
    }

    /// Goes through an honest handshake; false when the agent would not.
    pub fn accept(&mut self, identity: &Identity, certificate: &Certificate) -> bool {
        let server = ServerIdentity::new(identity.cert_der.clone()).expect("an RSA identity");
        let accepted = AcceptedTls {
            tls: tls_hash(&certificate.der),
            key: tls_key_hash(&certificate.der).expect("a certificate"),
        };
        let config = Config { identities: vec![server], accepted_tls: vec![accepted] };
        let mut handshake = Handshake::start(Arc::new(config), Nonce(random_bytes()), Instant::now());
        loop {
            let fine = match handshake.poll() {
                Output::Send(bytes) => {
                    let done = bytes == [0, 4];
                    self.send(&bytes);
                    if done {
                        return true;
                    }
                    true
                }
                Output::Sign { data, .. } => handshake.signed(identity.key.sign_sha384(&data)).is_ok(),
                Output::Verify { cert_der, data, signature } => {
                    handshake.checked(verify_agent_signature(&cert_der, &data, &signature)).is_ok()
                }
                Output::Verified(_) => handshake.confirm().is_ok(),
                Output::Hold(_) => false,
                Output::Wait(_) => match self.receive(Duration::from_secs(30)) {
                    Some(bytes) if bytes.first() == Some(&b'{') => true,
                    Some(bytes) => handshake.handle(Instant::now(), Frame::Binary(&bytes)).is_ok(),
                    None => false,
                },
            };
            if !fine {
                return false;
            }
        }
    }
}
