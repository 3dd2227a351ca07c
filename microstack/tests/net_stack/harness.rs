//! Links that own the components under test, and what they saw.

use std::cell::RefCell;
use std::net::{SocketAddr, TcpStream};
use std::rc::Rc;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use microstack::chain::{Chain, Cx, Link, LinkId, RunEnd, Wake};
use microstack::http::{self, Request, Response, ServerConn, ServerOptions};
use microstack::net::{ListenOptions, Listener, Resolver};
use microstack::tls::{ClientTrust, Served, client_config, server_config};
use microstack::wire::ServerUrl;
use microstack::ws::{self, ClientOptions, CloseInfo, Conn, Event, OpenInfo, WsOptions};

/// A certificate and its key, DER.
pub struct Pair {
    pub cert: Vec<u8>,
    pub key: Vec<u8>,
}

pub fn p256() -> &'static Pair {
    static PAIR: OnceLock<Pair> = OnceLock::new();
    PAIR.get_or_init(another_p256)
}

pub fn another_p256() -> Pair {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    Pair { cert: made.cert.der().to_vec(), key: made.signing_key.serialize_der() }
}

pub fn rsa() -> &'static Pair {
    static PAIR: OnceLock<Pair> = OnceLock::new();
    PAIR.get_or_init(|| {
        let identity = microstack::crypto::Identity::new_agent(2048).unwrap();
        Pair { cert: identity.cert_der.clone(), key: identity.key.pkcs8_der().to_vec() }
    })
}

pub fn served(pair: &Pair) -> Arc<Served> {
    Served::new(server_config(vec![pair.cert.clone()], &pair.key).unwrap())
}

/// Options of a TLS server with the P-256 certificate.
pub fn tls_options() -> ServerOptions {
    ServerOptions { tls: Some(served(p256())), ..ServerOptions::default() }
}

/// What a link saw.
#[derive(Default)]
pub struct Seen {
    pub open: Option<OpenInfo>,
    pub binary: Vec<Vec<u8>>,
    pub text: Vec<String>,
    pub pings: usize,
    pub pongs: usize,
    pub drained: usize,
    pub closed: Option<CloseInfo>,
    pub requests: Vec<Request>,
    pub http_closed: Option<http::ClosedWhy>,
    pub accepted: Vec<LinkId>,
    pub backlog_peak: usize,
}

pub type Shared = Rc<RefCell<Seen>>;
pub type OnEvent = Box<dyn FnMut(&mut Cx<'_>, &mut Conn, &Event)>;

/// Mail that makes a link use its WebSocket.
pub struct Do(Job);

type Job = Box<dyn FnOnce(&mut Cx<'_>, &mut Conn)>;
type Make = Box<dyn FnOnce(&mut Cx<'_>) -> Conn>;

pub fn tell(chain: &Chain, link: LinkId, what: impl FnOnce(&mut Cx<'_>, &mut Conn) + 'static) {
    assert!(chain.mail(link, Box::new(Do(Box::new(what)))).is_ok(), "the link is gone");
}

pub struct WsLink {
    make: Option<Make>,
    conn: Option<Conn>,
    seen: Shared,
    on_event: OnEvent,
}

impl WsLink {
    pub fn client(options: ClientOptions, seen: &Shared) -> WsLink {
        Self::reacting(options, seen, Box::new(|_, _, _| {}))
    }

    pub fn reacting(options: ClientOptions, seen: &Shared, on_event: OnEvent) -> WsLink {
        let make = Box::new(move |cx: &mut Cx<'_>| Conn::connect(cx, options));
        WsLink { make: Some(make), conn: None, seen: seen.clone(), on_event }
    }
}

impl Link for WsLink {
    fn wake(&mut self, cx: &mut Cx<'_>, mut wake: Wake) {
        if let Some(make) = self.make.take() {
            self.conn = Some(make(cx));
        }
        let conn = self.conn.as_mut().unwrap();
        serve(cx, conn, &mut wake, &self.seen, &mut self.on_event);
        cx.set_timer(conn.deadline());
    }
}

fn serve(cx: &mut Cx<'_>, conn: &mut Conn, wake: &mut Wake, seen: &Shared, on_event: &mut OnEvent) {
    conn.wake(cx, wake);
    for mail in wake.mail.drain(..) {
        if let Ok(job) = mail.downcast::<Do>() {
            (job.0)(cx, conn);
        }
    }
    while let Some(event) = conn.poll(cx) {
        on_event(cx, conn, &event);
        let mut seen = seen.borrow_mut();
        seen.backlog_peak = seen.backlog_peak.max(conn.backlog());
        match event {
            Event::Open(info) => seen.open = Some(info),
            Event::Binary(data) => seen.binary.push(data),
            Event::Text(text) => seen.text.push(text),
            Event::Ping => seen.pings += 1,
            Event::Pong => seen.pongs += 1,
            Event::Drained => seen.drained += 1,
            Event::Closed(info) => {
                // A server's `Seen` serves all its connections, one of which has closed before.
                seen.closed = Some(info);
                assert!(conn.poll(cx).is_none(), "an event after the last");
            }
        }
    }
}

pub type Answer = Rc<dyn Fn(&Request) -> Response>;
pub type React = Rc<dyn Fn() -> OnEvent>;

/// A server: answers requests by a function, and upgrades where asked.
pub struct Server {
    pub options: ServerOptions,
    pub ws: WsOptions,
    pub answer: Answer,
    pub react: React,
    pub refuse_upgrades: bool,
    /// Upgrades whatever is asked, as no server should.
    pub upgrade_all: bool,
}

impl Default for Server {
    fn default() -> Self {
        Server {
            options: tls_options(),
            ws: WsOptions::default(),
            answer: Rc::new(|request| Response::text(200, format!("{} {}", request.method, request.target))),
            react: Rc::new(|| Box::new(|_, _, _| {})),
            refuse_upgrades: false,
            upgrade_all: false,
        }
    }
}

impl Server {
    pub fn plain() -> Server {
        Server { options: ServerOptions::default(), ..Server::default() }
    }

    /// A server whose WebSockets send back what they get, and do not lose it when the way back is full.
    pub fn echo() -> Server {
        let ws = WsOptions { max_message: 16 << 20, ..WsOptions::default() };
        let react: React = Rc::new(|| {
            Box::new(|cx, conn, event| {
                let sent = match event {
                    Event::Binary(data) => conn.send_binary(cx, data.clone()),
                    Event::Text(text) => conn.send_text(cx, text.clone()),
                    _ => Ok(()),
                };
                sent.unwrap();
            })
        });
        Server { ws, react, ..Server::default() }
    }

    /// Listens on loopback; all its connections write into one `Seen`.
    pub fn start(self, chain: &Chain) -> (SocketAddr, Shared) {
        let listener = Listener::bind("127.0.0.1:0".parse().unwrap(), &ListenOptions::default()).unwrap();
        let addr = listener.local_addr().unwrap();
        let seen = Shared::default();
        let link = ListenLink {
            listener,
            options: Arc::new(self.options.clone()),
            server: Rc::new(self),
            seen: seen.clone(),
        };
        chain.add("listener", link);
        (addr, seen)
    }
}

struct ListenLink {
    listener: Listener,
    options: Arc<ServerOptions>,
    server: Rc<Server>,
    seen: Shared,
}

impl Link for ListenLink {
    fn wake(&mut self, cx: &mut Cx<'_>, wake: Wake) {
        if wake.start {
            self.listener.start(cx, 0).unwrap();
        }
        self.listener.wake(cx, &wake);
        while let Some((tcp, peer)) = self.listener.poll(cx) {
            let link = ServerLink {
                socket: Some((tcp, peer)),
                options: self.options.clone(),
                conn: Kind::None,
                server: self.server.clone(),
                seen: self.seen.clone(),
                on_event: (self.server.react)(),
            };
            let id = cx.add("server connection", link);
            self.seen.borrow_mut().accepted.push(id);
        }
        cx.set_timer(self.listener.deadline());
    }
}

struct ServerLink {
    socket: Option<(mio::net::TcpStream, SocketAddr)>,
    options: Arc<ServerOptions>,
    conn: Kind,
    server: Rc<Server>,
    seen: Shared,
    on_event: OnEvent,
}

enum Kind {
    None,
    Http(ServerConn),
    Ws(Conn),
}

impl Link for ServerLink {
    fn wake(&mut self, cx: &mut Cx<'_>, mut wake: Wake) {
        if let Some((tcp, peer)) = self.socket.take() {
            self.conn = Kind::Http(ServerConn::accept(cx, 0, tcp, peer, &self.options).unwrap());
        }
        if let Kind::Http(_) = self.conn
            && let Kind::Http(mut conn) = std::mem::replace(&mut self.conn, Kind::None)
        {
            conn.wake(cx, &wake);
            loop {
                match conn.poll(cx) {
                    Some(http::Event::Request(request)) => {
                        self.seen.borrow_mut().requests.push(request.clone());
                        let upgrade = self.server.upgrade_all || request.is_websocket();
                        if upgrade && !self.server.refuse_upgrades {
                            self.conn = Kind::Ws(conn.upgrade(cx, &request, self.server.ws.clone()));
                            break;
                        }
                        conn.respond(cx, (self.server.answer)(&request));
                    }
                    Some(http::Event::Closed(why)) => {
                        self.seen.borrow_mut().http_closed = Some(why);
                        cx.remove_self();
                        return;
                    }
                    None => {
                        cx.set_timer(conn.deadline());
                        self.conn = Kind::Http(conn);
                        return;
                    }
                }
            }
        }
        if let Kind::Ws(conn) = &mut self.conn {
            serve(cx, conn, &mut wake, &self.seen, &mut self.on_event);
            cx.set_timer(conn.deadline());
        }
    }
}

pub fn url(addr: SocketAddr, path: &str) -> ServerUrl {
    ServerUrl::parse(&format!("wss://{addr}{path}")).unwrap()
}

pub fn plain_url(addr: SocketAddr, path: &str) -> ServerUrl {
    ServerUrl::parse_allowing_plain(&format!("ws://{addr}{path}")).unwrap()
}

pub fn client_options(url: ServerUrl) -> ClientOptions {
    ClientOptions::new(url, client_config(ClientTrust::AnyChain), Resolver::new())
}

/// Runs until the condition holds; 20 s is a failure.
#[track_caller]
pub fn run(chain: &Chain, mut until: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    // In steps, since a raw peer's thread that ends wakes no chain.
    loop {
        let step = Some(Instant::now() + Duration::from_millis(20));
        match chain.run_until(step, &mut |_| until()).unwrap() {
            RunEnd::Done => return,
            _ => assert!(Instant::now() < deadline, "the condition did not come about"),
        }
    }
}

/// Runs on for a while, to see that nothing more happens.
pub fn run_for(chain: &Chain, ms: u64) {
    chain.run_until(Some(Instant::now() + Duration::from_millis(ms)), &mut |_| false).unwrap();
}

/// A pair of open WebSockets: the client's link and `Seen`, the server's link and `Seen`.
pub struct Open {
    pub client: LinkId,
    pub server: LinkId,
    pub at_client: Shared,
    pub at_server: Shared,
    pub addr: SocketAddr,
}

#[track_caller]
pub fn open(chain: &Chain, server: Server, adjust: impl FnOnce(&mut ClientOptions)) -> Open {
    let (addr, at_server) = server.start(chain);
    let mut options = client_options(url(addr, "/agent.ashx"));
    adjust(&mut options);
    let at_client = Shared::default();
    let client = chain.add("client", WsLink::client(options, &at_client));
    run(chain, || at_client.borrow().open.is_some() && at_server.borrow().open.is_some());
    let server = at_server.borrow().accepted[0];
    Open { client, server, at_client, at_server, addr }
}

/// A blocking raw client with a patience of 10 s.
pub fn raw(addr: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(addr).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    stream.set_write_timeout(Some(Duration::from_secs(10))).unwrap();
    stream
}

/// The opening handshake by hand.
pub const UPGRADE: &[u8] =
    b"GET /agent.ashx HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";

/// A client's frame: first byte as given, masked.
pub fn masked(first: u8, body: &[u8]) -> Vec<u8> {
    let mut out = vec![first];
    match body.len() {
        n @ 0..=125 => out.push(0x80 | n as u8),
        n @ 126..=65535 => {
            out.push(0x80 | 126);
            out.extend_from_slice(&(n as u16).to_be_bytes());
        }
        n => {
            out.push(0x80 | 127);
            out.extend_from_slice(&(n as u64).to_be_bytes());
        }
    }
    let mask = [0x12, 0x34, 0x56, 0x78];
    out.extend_from_slice(&mask);
    out.extend(body.iter().enumerate().map(|(n, byte)| byte ^ mask[n % 4]));
    out
}

/// Reads up to and including the empty line that ends a head.
pub fn read_head(stream: &mut impl std::io::Read) -> String {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).expect("a whole head");
        head.push(byte[0]);
    }
    String::from_utf8(head).unwrap()
}

/// Lets a blocking peer run in a thread while the chain turns here; gives what it returns.
#[track_caller]
pub fn with_peer<T: Send + 'static>(chain: &Chain, peer: impl FnOnce() -> T + Send + 'static) -> T {
    let thread = std::thread::spawn(peer);
    let mailbox_deadline = Instant::now() + Duration::from_secs(30);
    while !thread.is_finished() {
        assert!(Instant::now() < mailbox_deadline, "the raw peer did not finish");
        run_for(chain, 5);
    }
    match thread.join() {
        Ok(value) => value,
        Err(panic) => std::panic::resume_unwind(panic),
    }
}

/// The module's own name for what ended a WebSocket.
#[track_caller]
pub fn why(seen: &Shared) -> ws::CloseWhy {
    seen.borrow().closed.as_ref().expect("it closed").why.clone()
}
