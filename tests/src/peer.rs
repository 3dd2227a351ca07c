//! A blocking WebSocket client on TLS that says exactly what a test wants: hostile agents, and honest simulated ones.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process;
use std::sync::OnceLock;
use std::time::{Duration, Instant, SystemTime};

use microstack::channel::Frame;
use microstack::channel::agent::{AgentSession, Config, Handshake, Output, Pin, Seen};
use microstack::crypto::{Identity, RsaKey, random_bytes, tls_hash, tls_key_hash, verify_rsa_sha384};
use microstack::tls::{self, ClientTrust};
use microstack::wire::{AuthInfo, Capabilities, Command, MeshId, Nonce, Platform, ServerId};
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConnection, StreamOwned};
use tungstenite::WebSocket;
use tungstenite::client::IntoClientRequest;
use tungstenite::protocol::WebSocketConfig;

use crate::place;

/// A TLS connection of a blocking client.
pub type Tls = StreamOwned<ClientConnection, TcpStream>;

/// One open WebSocket to a server.
pub struct Peer {
    socket: WebSocket<Tls>,
    /// What TLS showed of the server.
    pub seen: Seen,
}

/// One message with content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    /// A text frame.
    Text(String),
    /// A binary frame.
    Binary(Vec<u8>),
}

impl Message {
    /// What it carries.
    pub fn into_bytes(self) -> Vec<u8> {
        match self {
            Message::Text(text) => text.into_bytes(),
            Message::Binary(bytes) => bytes,
        }
    }
}

/// An agent's side of a finished handshake.
pub struct Enrolled {
    /// The session.
    pub session: AgentSession,
    /// What to remember for the skip path.
    pub pin: Option<Pin>,
}

impl Peer {
    /// Opens `/agent.ashx`.
    pub fn agent(server: SocketAddr) -> io::Result<Peer> {
        Peer::open(server, "/agent.ashx")
    }

    /// Opens a WebSocket on any path.
    pub fn open(server: SocketAddr, path: &str) -> io::Result<Peer> {
        Peer::open_with(server, path, &[])
    }

    /// Opens a WebSocket on any path with more request headers.
    pub fn open_with(server: SocketAddr, path: &str, headers: &[(&'static str, &str)]) -> io::Result<Peer> {
        let stream = connect_tls(server)?;
        let seen = seen(&stream)?;
        let config =
            WebSocketConfig::default().max_message_size(Some(64 << 20)).max_frame_size(Some(64 << 20));
        let mut request = format!("wss://{server}{path}").into_client_request().map_err(io::Error::other)?;
        for (name, value) in headers {
            request.headers_mut().insert(*name, value.parse().map_err(io::Error::other)?);
        }
        let (socket, _) = tungstenite::client::client_with_config(request, stream, Some(config))
            .map_err(|e| io::Error::other(e.to_string()))?;
        Ok(Peer { socket, seen })
    }

    /// Sends one binary message.
    pub fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.socket
            .send(tungstenite::Message::binary(bytes.to_vec()))
            .map_err(|e| io::Error::other(e.to_string()))
    }

    /// Sends one text message.
    pub fn send_text(&mut self, text: &str) -> io::Result<()> {
        self.socket
            .send(tungstenite::Message::text(text.to_owned()))
            .map_err(|e| io::Error::other(e.to_string()))
    }

    /// Sends bytes below the WebSocket, for frames that no library would make.
    pub fn send_raw(&mut self, bytes: &[u8]) -> io::Result<()> {
        let stream = self.socket.get_mut();
        stream.write_all(bytes)?;
        stream.flush()
    }

    /// The next message with content; `None` when nothing came within the time.
    pub fn receive(&mut self, within: Duration) -> io::Result<Option<Vec<u8>>> {
        Ok(self.receive_message(within)?.map(Message::into_bytes))
    }

    /// As [`Peer::receive`], telling text from binary.
    pub fn receive_message(&mut self, within: Duration) -> io::Result<Option<Message>> {
        let until = Instant::now() + within;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(None);
            }
            self.socket.get_ref().sock.set_read_timeout(Some(left))?;
            match self.socket.read() {
                Ok(tungstenite::Message::Binary(bytes)) => return Ok(Some(Message::Binary(bytes.to_vec()))),
                Ok(tungstenite::Message::Text(text)) => return Ok(Some(Message::Text(text.to_string()))),
                Ok(tungstenite::Message::Close(_)) => return Err(io::ErrorKind::ConnectionAborted.into()),
                Ok(_) => {}
                Err(tungstenite::Error::Io(e))
                    if matches!(e.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => {}
                Err(tungstenite::Error::Io(e)) => return Err(e),
                Err(e) => return Err(io::Error::other(e.to_string())),
            }
        }
    }

    /// Asserts that the other side says nothing for a while but keeps the socket: the "hold" of the protocol.
    ///
    /// # Panics
    /// When a message comes or the socket ends.
    #[track_caller]
    pub fn assert_held(&mut self, time: Duration) {
        match self.receive(time) {
            Ok(None) => {}
            Ok(Some(message)) => panic!("a held agent was told {:?}", &message[..message.len().min(80)]),
            Err(error) => panic!("a held socket was closed: {error}"),
        }
    }

    /// Asserts that no command 4 comes: the agent is not let in, whether the socket is held or closed.
    #[track_caller]
    pub fn assert_not_confirmed(&mut self, time: Duration) {
        let until = Instant::now() + time;
        loop {
            match self.receive(until.saturating_duration_since(Instant::now())) {
                Ok(Some(message)) => assert_ne!(message, [0, 4], "the agent was confirmed"),
                Ok(None) | Err(_) => return,
            }
        }
    }

    /// Goes through the whole handshake as an honest agent.
    ///
    /// # Errors
    /// The text says how far it came.
    pub fn enrol(
        &mut self,
        identity: &Identity,
        enrolment: &Enrolment,
        pin: Option<Pin>,
    ) -> Result<Enrolled, String> {
        let mut config = Config::new(enrolment.server, identity.cert_der.clone(), enrolment.info());
        config.commit_date = "2026-Nov-21 08:00:00+0000".to_owned();
        let started = Instant::now();
        let nonce = Nonce(random_bytes());
        let mut handshake = Handshake::start(config, self.seen, nonce, pin, started);
        let mut remembered = pin;
        loop {
            match handshake.poll() {
                Output::Send(bytes) => self.send(&bytes).map_err(|e| format!("sending: {e}"))?,
                Output::SendText(text) => self.send_text(&text).map_err(|e| format!("sending: {e}"))?,
                Output::Sign { data } => {
                    handshake.signed(identity.key.sign_sha384(&data)).map_err(|e| e.to_string())?;
                }
                Output::Verify { cert_der, data, signature } => {
                    let result = verify_rsa_sha384(&cert_der, &data, &signature);
                    handshake.checked(result).map_err(|e| e.to_string())?;
                }
                Output::Pin(pin) => remembered = Some(pin),
                Output::Hold(error) | Output::Overdue(error) => return Err(error.to_string()),
                Output::Ready(session) => return Ok(Enrolled { session, pin: remembered }),
                Output::Wait(_) => {
                    let left = enrolment.patience.saturating_sub(started.elapsed());
                    match self.receive(left) {
                        Ok(Some(bytes)) => {
                            handshake
                                .handle(Instant::now(), Frame::Binary(&bytes))
                                .map_err(|e| e.to_string())?;
                        }
                        Ok(None) => return Err("the server said nothing more".to_owned()),
                        Err(error) => return Err(format!("the connection ended: {error}")),
                    }
                }
            }
        }
    }

    /// Closes without a word.
    pub fn drop_now(self) {
        let _ = self.socket.get_ref().sock.shutdown(std::net::Shutdown::Both);
    }
}

/// Where an agent wants to be enrolled.
#[derive(Debug, Clone)]
pub struct Enrolment {
    /// The only server it trusts.
    pub server: ServerId,
    /// The group it asks for.
    pub mesh: MeshId,
    /// The computer name it tells.
    pub name: String,
    /// How long the server may take.
    pub patience: Duration,
}

impl Enrolment {
    /// Reads server and group from a settings file.
    pub fn from_msh(msh: &[u8], name: &str) -> Enrolment {
        let msh = microstack::wire::msh::Msh::parse(msh).expect("a valid settings file");
        Enrolment {
            server: msh.server_ids().expect("a ServerID")[0],
            mesh: msh.mesh_id().expect("a MeshID"),
            name: name.to_owned(),
            patience: Duration::from_secs(60),
        }
    }

    /// Command 3 of such an agent. It has no JavaScript engine, so that no core is pushed.
    pub fn info(&self) -> AuthInfo {
        AuthInfo {
            info_version: 1,
            agent_type: 6,
            agent_version: 0,
            platform: Platform::Server,
            mesh: self.mesh,
            capabilities: Capabilities(0x08),
            name: self.name.clone(),
        }
    }
}

/// A blocking TLS connection that trusts any certificate.
pub fn connect_tls(server: SocketAddr) -> io::Result<Tls> {
    let tcp = TcpStream::connect_timeout(&server, Duration::from_secs(10))?;
    tcp.set_nodelay(true)?;
    tcp.set_read_timeout(Some(Duration::from_secs(30)))?;
    tcp.set_write_timeout(Some(Duration::from_secs(30)))?;
    let name = tls::server_name("127.0.0.1").map_err(io::Error::other)?;
    let config = tls::client_config(ClientTrust::AnyChain);
    let connection = ClientConnection::new(config, name).map_err(io::Error::other)?;
    let mut stream = StreamOwned::new(connection, tcp);
    while stream.conn.is_handshaking() {
        stream.conn.complete_io(&mut stream.sock)?;
    }
    Ok(stream)
}

/// Sends raw bytes over TLS and gives everything that comes back until the end or the time is over.
pub fn say(server: SocketAddr, bytes: &[u8], within: Duration) -> io::Result<Vec<u8>> {
    let mut stream = connect_tls(server)?;
    stream.write_all(bytes)?;
    stream.flush()?;
    let until = Instant::now() + within;
    let mut answer = Vec::new();
    let mut piece = [0; 4096];
    loop {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok(answer);
        }
        stream.sock.set_read_timeout(Some(left))?;
        match stream.read(&mut piece) {
            Ok(0) => return Ok(answer),
            Ok(n) => answer.extend_from_slice(&piece[..n]),
            Err(_) => return Ok(answer),
        }
    }
}

/// The first `count` kept RSA-2048 identities of simulated agents; missing ones are made, two at a time.
///
/// # Panics
/// When more than 200 are asked for.
pub fn identities(count: usize) -> Vec<&'static Identity> {
    static ALL: [OnceLock<Identity>; MAX_SIMULATED] = [const { OnceLock::new() }; MAX_SIMULATED];
    let kept = place::kept("simulated");
    let _only_one_makes_them = place::lock(&kept);
    let load = |n: usize| {
        ALL[n].get_or_init(|| {
            let file = kept.join(format!("{n}.key"));
            if let Some(identity) =
                std::fs::read(&file).ok().and_then(|b| Identity::from_store_bytes(&b).ok())
            {
                return identity;
            }
            let identity =
                Identity::agent_for_key(quick_key(), SystemTime::now()).expect("a key of a fair size");
            std::fs::write(&file, identity.to_store_bytes()).expect("an identity can be kept");
            identity
        });
    };
    std::thread::scope(|scope| {
        scope.spawn(|| (0..count).step_by(2).for_each(load));
        (1..count).step_by(2).for_each(load);
    });
    ALL[..count].iter().map(|identity| identity.get().expect("just made")).collect()
}

/// A new RSA-2048 key made by the `openssl` program: ten times faster than by ours, and there are many.
fn quick_key() -> RsaKey {
    let mut make = process::Command::new("openssl");
    make.args(["genpkey", "-quiet", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"]);
    let made = make.output().expect("openssl is installed");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let key = PrivatePkcs8KeyDer::from_pem_slice(&made.stdout).expect("openssl writes PKCS#8 as PEM");
    RsaKey::from_pkcs8_der(key.secret_pkcs8_der()).expect("openssl makes fair keys")
}

/// Command 1 as a lying or honest agent may send it.
pub fn auth_request(hash: [u8; 48], nonce: [u8; 48]) -> Vec<u8> {
    let mut bytes = vec![0, 1];
    bytes.extend_from_slice(&hash);
    bytes.extend_from_slice(&nonce);
    bytes
}

/// Command 2 with any certificate and signature.
pub fn auth_verify(cert: &[u8], signature: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0, 2];
    bytes.extend_from_slice(&(cert.len() as u16).to_be_bytes());
    bytes.extend_from_slice(cert);
    bytes.extend_from_slice(signature);
    bytes
}

/// Command 3.
pub fn auth_info(info: AuthInfo) -> Vec<u8> {
    Command::AuthInfo(info).to_vec()
}

fn seen(stream: &Tls) -> io::Result<Seen> {
    let leaf = stream.conn.peer_certificates().and_then(|c| c.first()).ok_or(io::ErrorKind::InvalidData)?;
    let tls_key_hash = tls_key_hash(leaf).map_err(|e| io::Error::other(e.to_string()))?;
    Ok(Seen { tls_hash: tls_hash(leaf), tls_key_hash })
}

/// Simulated identities that are kept; more would only cost time.
const MAX_SIMULATED: usize = 200;
