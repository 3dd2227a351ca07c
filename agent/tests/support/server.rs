//! The small server.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use microstack::chain::{Chain, Cx, Link, LinkId, Mailbox, Wake};
use microstack::channel::server::{
    AcceptedTls, AgentCommand, Config, Handshake, Output, ServerIdentity, ServerSession,
};
use microstack::channel::{Frame, Message};
use microstack::crypto::{ServerCerts, random_bytes, tls_hash, tls_key_hash, verify_agent_signature};
use microstack::http;
use microstack::net::{ListenOptions, Listener, TcpStream};
use microstack::tls::{Served, server_config};
use microstack::wire::{
    AgentHash, Command, CoreHash, MAX_AFTER_AUTH, MeshId, MshBuilder, Nonce, ServerId, ServerUrl, TlsHash,
    core_hash, frame_core,
};
use microstack::ws;

use super::{SOON, wait_for};

/// What the server does wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Fault {
    #[default]
    None,
    /// Echoes another TLS hash than the agent sent: it believes in another outer certificate.
    EchoesAnotherHash,
    /// Signs with a key that is not the certificate's.
    SignsWrongly,
    /// Never confirms.
    NeverConfirms,
    /// Closes the TCP connection as soon as the first message arrived.
    ClosesInHandshake,
    /// Sends this many bytes before authentication.
    Floods(usize),
    /// Sends a core before the handshake is done, then goes on in order.
    SendsCoreEarly,
}

#[derive(Default)]
pub struct ServerOptions {
    /// 0 for any.
    pub port: u16,
    pub fault: Fault,
    /// The core to push: answers 11 with 10 until the agent has it.
    pub core: Option<String>,
    /// Another server's identity in the .msh file.
    pub wrong_id: bool,
}

/// What the server saw.
#[derive(Debug, Clone, PartialEq)]
pub enum Seen {
    /// An agent was confirmed.
    Connected {
        node: String,
        skip: bool,
        name: String,
        kind: u32,
        capabilities: u32,
    },
    Json(serde_json::Value),
    CoreHash(Option<CoreHash>),
    AgentHash(AgentHash),
    Tag(Vec<u8>),
    Pong,
    Refused(String),
    Closed,
}

/// What the server shall do with the newest agent.
pub enum Order {
    Json(String),
    /// Push this one, and want it from now on.
    Core(String),
    Query,
    Clear,
    UpdateQuery,
    Ping,
    /// Drops the connection without a word.
    Drop,
}

pub struct Server {
    pub addr: SocketAddr,
    pub certs: &'static ServerCerts,
    seen: Arc<Mutex<Vec<Seen>>>,
    mailbox: Mailbox,
    link: LinkId,
    wrong_id: bool,
    thread: Option<std::thread::JoinHandle<()>>,
}

struct Stop;

/// Made once for all tests of a program: keys are expensive.
pub fn certs() -> &'static ServerCerts {
    static CERTS: OnceLock<ServerCerts> = OnceLock::new();
    CERTS.get_or_init(|| ServerCerts::create("127.0.0.1", true).unwrap())
}

impl Server {
    pub fn start(options: ServerOptions) -> Server {
        let certs = certs();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (tell, told) = channel();
        let (log, wrong_id) = (seen.clone(), options.wrong_id);
        let thread = std::thread::spawn(move || serve(certs, options, log, tell));
        let (addr, mailbox, link) = told.recv().expect("the server starts");
        Server { addr, certs, seen, mailbox, link, wrong_id, thread: Some(thread) }
    }

    pub fn url(&self) -> String {
        format!("wss://127.0.0.1:{}/agent.ashx", self.addr.port())
    }

    /// Writes the .msh file for this server.
    pub fn msh(&self, dir: &Path) -> PathBuf {
        let id = if self.wrong_id { ServerId([0x5A; 48]) } else { self.certs.server_id() };
        let url = ServerUrl::parse(&self.url()).unwrap();
        let file = dir.join("agent.msh");
        std::fs::write(&file, MshBuilder::group("lab", MeshId([7; 48]), id, &url).emit()).unwrap();
        file
    }

    pub fn order(&self, order: Order) {
        self.mailbox.post(self.link, order).expect("the server listens");
    }

    pub fn core(text: &str) -> CoreHash {
        core_hash(&frame_core(text))
    }

    /// Everything seen so far.
    pub fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// Waits until something fits, within `limit`.
    pub fn wait_within<T>(&self, what: &str, limit: Duration, mut fits: impl FnMut(&Seen) -> Option<T>) -> T {
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            wait_for(what, limit, || self.seen.lock().unwrap().iter().find_map(&mut fits))
        }));
        outcome.unwrap_or_else(|_| panic!("{what}; seen: {:#?}", self.seen()))
    }

    pub fn wait<T>(&self, what: &str, fits: impl FnMut(&Seen) -> Option<T>) -> T {
        self.wait_within(what, SOON, fits)
    }

    /// How many agents were confirmed so far.
    pub fn connections(&self) -> usize {
        self.seen.lock().unwrap().iter().filter(|seen| matches!(seen, Seen::Connected { .. })).count()
    }

    /// Waits until `count` agents were confirmed, and says whether the last took the skip path.
    pub fn wait_connections(&self, count: usize, limit: Duration) -> bool {
        wait_for(&format!("connection {count}"), limit, || (self.connections() >= count).then_some(()));
        let seen = self.seen.lock().unwrap();
        seen.iter()
            .rev()
            .find_map(|seen| match seen {
                Seen::Connected { skip, .. } => Some(*skip),
                _ => None,
            })
            .unwrap()
    }

    /// A console answer that contains `part`.
    pub fn wait_console(&self, part: &str) -> String {
        self.wait(&format!("console text {part:?}"), |seen| match seen {
            Seen::Json(json) if json["type"] == "console" => {
                json["value"].as_str().filter(|text| text.contains(part)).map(str::to_owned)
            }
            _ => None,
        })
    }

    /// Ends the server; its port is free afterwards.
    pub fn stop(mut self) -> u16 {
        self.end();
        self.addr.port()
    }

    fn end(&mut self) {
        let _ = self.mailbox.post(self.link, Stop);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.end();
    }
}

fn serve(
    certs: &'static ServerCerts,
    options: ServerOptions,
    seen: Arc<Mutex<Vec<Seen>>>,
    tell: Sender<(SocketAddr, Mailbox, LinkId)>,
) {
    let chain = Chain::new().unwrap();
    let listener = Listener::bind(([127, 0, 0, 1], options.port).into(), &ListenOptions::default()).unwrap();
    let addr = listener.local_addr().unwrap();
    let leaf = certs.web.leaf();
    let chain_der = certs.web.chain.iter().map(|cert| cert.as_ref().to_vec()).collect();
    let served = Served::new(server_config(chain_der, certs.web.key.secret_der()).unwrap());
    let shared = Arc::new(Shared {
        certs,
        fault: options.fault,
        core: Mutex::new(options.core),
        http: Arc::new(http::ServerOptions { tls: Some(served), ..http::ServerOptions::default() }),
        config: Arc::new(Config {
            identities: vec![ServerIdentity::new(certs.agent.cert_der.clone()).unwrap()],
            accepted_tls: vec![AcceptedTls { tls: tls_hash(leaf), key: tls_key_hash(leaf).unwrap() }],
        }),
        seen,
    });
    let link = chain.add("listener", Accepting { listener, shared, newest: None });
    tell.send((addr, chain.mailbox(), link)).unwrap();
    chain.run().unwrap();
}

struct Shared {
    certs: &'static ServerCerts,
    fault: Fault,
    core: Mutex<Option<String>>,
    http: Arc<http::ServerOptions>,
    config: Arc<Config>,
    seen: Arc<Mutex<Vec<Seen>>>,
}

struct Accepting {
    listener: Listener,
    shared: Arc<Shared>,
    newest: Option<LinkId>,
}

impl Link for Accepting {
    fn wake(&mut self, cx: &mut Cx<'_>, wake: Wake) {
        if wake.start {
            self.listener.start(cx, 0).unwrap();
        }
        self.listener.wake(cx, &wake);
        while let Some((tcp, peer)) = self.listener.poll(cx) {
            self.newest = Some(cx.add("agent", Agent::new(tcp, peer, self.shared.clone())));
        }
        for mail in wake.mail {
            match mail.downcast::<Order>() {
                Ok(order) => {
                    if let Some(newest) = self.newest {
                        let _ = cx.mail(newest, order);
                    }
                }
                Err(_) => cx.chain().stop(),
            }
        }
    }
}

struct Agent {
    shared: Arc<Shared>,
    tcp: Option<(TcpStream, SocketAddr)>,
    http: Option<http::ServerConn>,
    ws: Option<ws::Conn>,
    handshake: Option<Handshake>,
    session: Option<ServerSession>,
    pushes: u32,
}

impl Agent {
    fn new(tcp: TcpStream, peer: SocketAddr, shared: Arc<Shared>) -> Agent {
        Agent {
            shared,
            tcp: Some((tcp, peer)),
            http: None,
            ws: None,
            handshake: None,
            session: None,
            pushes: 0,
        }
    }

    fn saw(&self, seen: Seen) {
        self.shared.seen.lock().unwrap().push(seen);
    }

    fn send(&mut self, cx: &mut Cx<'_>, message: Message) {
        let Some(ws) = &mut self.ws else { return };
        let _ = match message {
            Message::Binary(bytes) => ws.send_binary(cx, bytes),
            Message::Text(text) => ws.send_text(cx, text),
        };
    }

    fn drain(&mut self, cx: &mut Cx<'_>) {
        while let Some(event) = self.http.as_mut().and_then(|http| http.poll(cx)) {
            match event {
                http::Event::Request(request) => {
                    let http = self.http.take().unwrap();
                    let options = ws::WsOptions { max_backlog: 64 << 20, ..ws::WsOptions::default() };
                    self.ws = Some(http.upgrade(cx, &request, options));
                    let config = self.shared.config.clone();
                    self.handshake = Some(Handshake::start(config, Nonce(random_bytes()), cx.now()));
                    match self.shared.fault {
                        Fault::Floods(bytes) => self.send(cx, Message::Binary(vec![1; bytes])),
                        Fault::SendsCoreEarly => {
                            let body = frame_core("throw new Error('too early')");
                            let early =
                                Command::Core { request: 9, hash: core_hash(&body), body: &body }.to_vec();
                            self.send(cx, Message::Binary(early));
                        }
                        _ => {}
                    }
                }
                http::Event::Closed(_) => {
                    cx.remove_self();
                    return;
                }
            }
        }
        while let Some(event) = self.ws.as_mut().and_then(|ws| ws.poll(cx)) {
            match event {
                ws::Event::Binary(bytes) => self.frame(cx, Frame::Binary(&bytes)),
                ws::Event::Text(text) => self.frame(cx, Frame::Text(&text)),
                ws::Event::Pong => self.saw(Seen::Pong),
                ws::Event::Closed(_) => {
                    if self.session.is_some() {
                        self.saw(Seen::Closed);
                    }
                    cx.remove_self();
                    return;
                }
                _ => {}
            }
        }
    }

    fn frame(&mut self, cx: &mut Cx<'_>, frame: Frame<'_>) {
        if self.session.is_some() {
            self.command(cx, frame);
            return;
        }
        let fault = self.shared.fault;
        if fault == Fault::ClosesInHandshake {
            self.ws = None;
            cx.remove_self();
            return;
        }
        if let (Fault::EchoesAnotherHash, Frame::Binary([0, 1, ..])) = (fault, frame) {
            let echo = Command::AuthRequest { hash: TlsHash([0xEE; 48]), nonce: Nonce(random_bytes()) };
            self.send(cx, Message::Binary(echo.to_vec()));
            return;
        }
        let Some(handshake) = &mut self.handshake else { return };
        if let Err(error) = handshake.handle(cx.now(), frame) {
            self.shared.seen.lock().unwrap().push(Seen::Refused(error.to_string()));
        }
        self.handshake(cx);
    }

    fn handshake(&mut self, cx: &mut Cx<'_>) {
        while let Some(handshake) = &mut self.handshake {
            match handshake.poll() {
                Output::Send(bytes) => self.send(cx, Message::Binary(bytes)),
                Output::Sign { data, .. } => {
                    let key = match self.shared.fault {
                        Fault::SignsWrongly => &self.shared.certs.mps.key,
                        _ => &self.shared.certs.agent.key,
                    };
                    handshake.signed(key.sign_sha384(&data)).unwrap();
                }
                Output::Verify { cert_der, data, signature } => {
                    handshake.checked(verify_agent_signature(&cert_der, &data, &signature)).unwrap();
                }
                Output::Hold(error) => self.saw(Seen::Refused(error.to_string())),
                Output::Verified(_) if self.shared.fault == Fault::NeverConfirms => return,
                Output::Verified(hello) => {
                    let session = handshake.confirm().unwrap();
                    let query = session.core_query(1);
                    self.saw(Seen::Connected {
                        node: hello.node.to_hex(),
                        skip: hello.skip,
                        name: hello.info.name.clone(),
                        kind: hello.info.agent_type,
                        capabilities: hello.info.capabilities.0,
                    });
                    while let Some(Output::Send(bytes)) = self.handshake.as_mut().map(Handshake::poll) {
                        self.send(cx, Message::Binary(bytes));
                    }
                    self.handshake = None;
                    self.session = Some(session);
                    if let Some(ws) = &mut self.ws {
                        ws.set_max_message(MAX_AFTER_AUTH);
                    }
                    self.send(cx, query);
                }
                _ => return,
            }
        }
    }

    fn command(&mut self, cx: &mut Cx<'_>, frame: Frame<'_>) {
        let Some(session) = &self.session else { return };
        match session.parse(frame) {
            Ok(AgentCommand::CoreHash { hash, .. }) => {
                let wanted = self.shared.core.lock().unwrap().clone();
                let answer = match wanted {
                    Some(text) if hash == Some(Server::core(&text)) => Some(session.core_ok(2)),
                    Some(text) if self.pushes < 5 => {
                        self.pushes += 1;
                        Some(session.core(2, Server::core(&text), &frame_core(&text)).unwrap())
                    }
                    // Without a core of its own the server is content with any.
                    None if hash.is_some() => Some(session.core_ok(2)),
                    _ => None,
                };
                self.saw(Seen::CoreHash(hash));
                if let Some(answer) = answer {
                    self.send(cx, answer);
                }
            }
            Ok(AgentCommand::AgentHash { hash, .. }) => self.saw(Seen::AgentHash(hash)),
            Ok(AgentCommand::Tag(tag)) => self.saw(Seen::Tag(tag.to_vec())),
            Ok(AgentCommand::Json(text)) => {
                let json = serde_json::from_str(&text).unwrap_or(serde_json::Value::Null);
                self.saw(Seen::Json(json));
            }
            Ok(_) => {}
            Err(error) => self.saw(Seen::Refused(error.to_string())),
        }
    }

    fn obey(&mut self, cx: &mut Cx<'_>, order: Order) {
        if let Order::Drop = order {
            self.ws = None;
            self.saw(Seen::Closed);
            cx.remove_self();
            return;
        }
        if let (Order::Ping, Some(ws)) = (&order, &mut self.ws) {
            ws.ping(cx);
            return;
        }
        let Some(session) = &self.session else { return };
        let message = match order {
            Order::Json(text) => session.json(text).unwrap(),
            Order::Core(text) => {
                let message = session.core(3, Server::core(&text), &frame_core(&text)).unwrap();
                *self.shared.core.lock().unwrap() = Some(text);
                message
            }
            Order::Query => session.core_query(4),
            Order::Clear => {
                *self.shared.core.lock().unwrap() = None;
                session.core_clear(5)
            }
            Order::UpdateQuery => session.update_query(6),
            Order::Ping | Order::Drop => return,
        };
        self.send(cx, message);
    }
}

impl Link for Agent {
    fn wake(&mut self, cx: &mut Cx<'_>, wake: Wake) {
        if let Some((tcp, peer)) = self.tcp.take() {
            match http::ServerConn::accept(cx, 0, tcp, peer, &self.shared.http) {
                Ok(http) => self.http = Some(http),
                Err(_) => return cx.remove_self(),
            }
        }
        if let Some(http) = &mut self.http {
            http.wake(cx, &wake);
        }
        if let Some(ws) = &mut self.ws {
            ws.wake(cx, &wake);
        }
        self.drain(cx);
        for mail in wake.mail {
            if let Ok(order) = mail.downcast::<Order>() {
                self.obey(cx, *order);
            }
        }
        self.drain(cx);
        let deadline = self
            .http
            .as_ref()
            .and_then(http::ServerConn::deadline)
            .or_else(|| self.ws.as_ref().and_then(ws::Conn::deadline));
        cx.set_timer(deadline);
    }
}
