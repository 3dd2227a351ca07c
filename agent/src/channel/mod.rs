//! The control channel: dial, prove, serve, and come back.
//!
//! One link holds the one connection. It feeds the sans-I/O handshake of `microstack::channel`, then the session;
//! it never runs script: what concerns cores goes to [`crate::cores`] as an order.

mod core_duty;
mod known;
mod outbox;
mod port;
mod proxies;
mod servers;

use std::cell::RefCell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use js_modules::meshagent::{BuildInfo, ServerView};
use microstack::chain::{Cx, Link, Wake};
use microstack::channel::agent::{self, AgentSession, CoreKeeper, Handshake, Output, Seen, ServerCommand};
use microstack::channel::backoff::Backoff;
use microstack::channel::ping::{self, KeepAlive, Patience};
use microstack::channel::{Frame, Message};
use microstack::crypto::{Identity, random_bytes, tls_hash, tls_key_hash, verify_rsa_sha384};
use microstack::net::{Resolver, netlink};
use microstack::store::Store;
use microstack::wire::{AgentHash, AuthInfo, MAX_AFTER_AUTH, MAX_BEFORE_AUTH, Nonce, TlsHash};
use microstack::ws;
use recovery_core::history::History;

use crate::cores::{Order, Orders, Reports};
use crate::status::Status;
use crate::worker::SupervisorLine;

use known::describe;
pub use outbox::{Delivery, Inbound, Inbox, NotQueued, Outbox, ToChannel};
pub use port::Port;
pub use proxies::Proxies;
pub use servers::Servers;

/// When the program's source was committed, RFC 3339; a build may set it. Command 30 says it too.
pub const COMMIT_DATE: &str = match option_env!("MESHLITE_COMMIT_DATE") {
    Some(date) => date,
    None => "2026-11-21T00:00:00Z",
};

/// What scripts see of this build.
pub fn build() -> BuildInfo {
    BuildInfo {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        commit_date: COMMIT_DATE.to_owned(),
        commit_hash: option_env!("MESHLITE_COMMIT_HASH").unwrap_or_default().to_owned(),
        // Set by the build script, always a number.
        compiled_unix_s: env!("MESHLITE_BUILT_UNIX_S").parse().unwrap_or(0),
    }
}

/// What a channel works with.
pub struct Parts {
    pub identity: Arc<Identity>,
    pub info: AuthInfo,
    pub host_info: String,
    pub agent_name: Option<String>,
    pub tag: Vec<u8>,
    pub patience: Patience,
    /// Upper bound of all waits, for tests that need thousands of failures.
    pub pace: Option<Duration>,
    pub servers: Servers,
    pub proxies: Proxies,
    pub store: Rc<dyn Store>,
    pub outbox: Rc<Outbox>,
    pub inbox: Rc<Inbox>,
    pub keeper: Rc<RefCell<CoreKeeper>>,
    pub history: Rc<RefCell<History>>,
    pub orders: Orders,
    pub reports: Rc<Reports>,
    pub supervisor: Rc<SupervisorLine>,
    pub status: Rc<Status>,
}

/// The link.
pub struct Channel {
    parts: Parts,
    backoff: Backoff,
    resolver: Resolver,
    tls: Arc<rustls::ClientConfig>,
    network: Option<netlink::Watch>,
    conn: Option<ws::Conn>,
    phase: Phase,
}

enum Phase {
    /// Between two connections.
    Waiting { until: Instant },
    /// Name, TCP, TLS and WebSocket.
    Connecting,
    /// The channel's own handshake. Given up at `until`: a server that refuses stays silent for good.
    Proving { handshake: Box<Handshake>, outer: Outer, until: Instant },
    /// Refused by us or by the server: stay silent until then, so that nobody is hammered.
    Held { until: Instant },
    /// Both sides are satisfied.
    Ready { session: AgentSession, alive: KeepAlive, since: Instant },
    /// The agent stops.
    Stopping,
}

/// What was seen of the outer connection.
#[derive(Clone)]
struct Outer {
    tls: TlsHash,
    key: TlsHash,
    certificate: String,
    peer: SocketAddr,
}

impl Channel {
    /// A channel that dials as soon as it is added to a chain.
    pub fn new(parts: Parts) -> Channel {
        Channel {
            parts,
            backoff: Backoff::new(u64::from_ne_bytes(random_bytes())),
            resolver: Resolver::new(),
            tls: microstack::tls::client_config(microstack::tls::ClientTrust::AnyChain),
            network: None,
            conn: None,
            phase: Phase::Waiting { until: Instant::now() },
        }
    }

    fn start(&mut self, cx: &mut Cx<'_>) {
        match netlink::Watch::start(cx, SUB_NETLINK) {
            Ok(watch) => self.network = Some(watch),
            // Containers may forbid it: the back-off alone brings the agent back then.
            Err(error) => tracing::info!("network changes cannot be watched: {error}"),
        }
        let wait = self.backoff.next();
        self.phase = Phase::Waiting { until: cx.now() + wait };
    }

    fn dial(&mut self, cx: &mut Cx<'_>) {
        let (url, _) = self.parts.servers.current();
        let url = url.clone();
        tracing::debug!(server = %url, "connecting");
        self.parts.status.channel("connecting", &url.to_string(), "");
        let options = ws::ClientOptions {
            connect_timeout: self.paced(CONNECT),
            max_message: MAX_BEFORE_AUTH,
            max_backlog: MAX_BACKLOG,
            proxy: self.parts.proxies.for_host(&url.host),
            fallback: self.last_address(&url).into_iter().collect(),
            sub: SUB_CONNECTION,
            ..ws::ClientOptions::new(url, self.tls.clone(), self.resolver.clone())
        };
        self.conn = Some(ws::Conn::connect(cx, options));
        self.phase = Phase::Connecting;
    }

    /// A wait, cut short where a test asked for it.
    fn paced(&self, wait: Duration) -> Duration {
        self.parts.pace.map_or(wait, |pace| wait.min(pace))
    }

    /// The connection is open: begin the handshake.
    fn opened(&mut self, cx: &mut Cx<'_>, open: ws::OpenInfo) {
        let Some(certificate) = open.peer_cert_der else {
            self.lost(cx, "the server showed no TLS certificate");
            return;
        };
        let (_, expected) = self.parts.servers.current();
        let outer = Outer {
            tls: tls_hash(&certificate),
            key: tls_key_hash(&certificate).unwrap_or(TlsHash([0; 48])),
            certificate: describe(&certificate),
            peer: open.peer_addr,
        };
        let mut config =
            agent::Config::new(expected, self.parts.identity.cert_der.clone(), self.parts.info.clone());
        config.all_servers = self.parts.servers.ids();
        config.commit_date = COMMIT_DATE.to_owned();
        config.host_info = self.parts.host_info.clone();
        config.agent_name = self.parts.agent_name.clone();
        config.tag = self.parts.tag.clone();
        config.patience = OVERDUE;
        let seen = Seen { tls_hash: outer.tls, tls_key_hash: outer.key };
        let pin = self.pin(expected).map(|(pin, _)| pin);
        let handshake = Box::new(Handshake::start(config, seen, Nonce(random_bytes()), pin, cx.now()));
        self.phase = Phase::Proving { handshake, outer, until: cx.now() + self.paced(PROVING) };
        self.prove(cx);
    }

    /// Carries out what the handshake wants.
    fn prove(&mut self, cx: &mut Cx<'_>) {
        loop {
            let Phase::Proving { handshake, outer, .. } = &mut self.phase else {
                return;
            };
            match handshake.poll() {
                Output::Send(bytes) => self.put(cx, Message::Binary(bytes)),
                Output::SendText(text) => self.put(cx, Message::Text(text)),
                // About 4 ms on the chain, once per connection: less than a thread hand-over is worth.
                Output::Sign { data } => {
                    if let Err(error) = handshake.signed(self.parts.identity.key.sign_sha384(&data)) {
                        tracing::error!("{error}");
                    }
                }
                Output::Verify { cert_der, data, signature } => {
                    if let Err(error) = handshake.checked(verify_rsa_sha384(&cert_der, &data, &signature)) {
                        tracing::error!("{error}");
                    }
                }
                Output::Pin(pin) => {
                    let certificate = outer.certificate.clone();
                    self.set_pin(pin, &certificate);
                }
                Output::Hold(error) => {
                    let text = self.explain(&error);
                    let (url, _) = self.parts.servers.current();
                    tracing::error!(server = %url, "refused: {text}; staying silent");
                    self.parts.status.channel("held", &url.to_string(), &text);
                    self.phase = Phase::Held { until: cx.now() + self.paced(HOLD) };
                    return;
                }
                Output::Overdue(error) => {
                    let text = self.explain(&error);
                    let (url, _) = self.parts.servers.current();
                    tracing::warn!(server = %url, "{text}");
                    self.parts.status.channel("held", &url.to_string(), &text);
                }
                Output::Ready(session) => {
                    let outer = outer.clone();
                    self.ready(cx, session, &outer);
                    return;
                }
                Output::Wait(_) => return,
            }
        }
    }

    fn ready(&mut self, cx: &mut Cx<'_>, session: AgentSession, outer: &Outer) {
        let (url, _) = self.parts.servers.current();
        self.remember_address(&url.host, outer.peer);
        let url = url.to_string();
        let path = if session.skip_path() { "skip" } else { "full" };
        tracing::info!(server = %url, ip = %outer.peer.ip(), path, certificate = %outer.tls, "connected");
        if let Some(conn) = &mut self.conn {
            conn.set_max_message(MAX_AFTER_AUTH);
        }
        self.backoff.reset();
        self.parts.servers.worked();
        self.parts.outbox.set_server(Some(ServerView {
            url: url.clone(),
            ip: outer.peer.ip().to_string(),
            tls_hash_hex: outer.tls.to_hex(),
            tls_key_hash_hex: outer.key.to_hex(),
        }));
        self.parts.status.channel("connected", &url, &format!("{path} path"));
        let alive = KeepAlive::new(self.parts.patience, cx.now());
        self.phase = Phase::Ready { session, alive, since: cx.now() };
        self.parts.reports.flush();
        self.parts.inbox.deliver(Inbound::Connected(true));
    }

    fn event(&mut self, cx: &mut Cx<'_>, event: ws::Event) {
        if let Phase::Ready { alive, .. } = &mut self.phase {
            alive.received(cx.now());
        }
        match event {
            ws::Event::Open(open) => self.opened(cx, open),
            ws::Event::Binary(bytes) => self.frame(cx, Frame::Binary(&bytes)),
            ws::Event::Text(text) => self.frame(cx, Frame::Text(&text)),
            ws::Event::Closed(close) => self.lost(cx, &close.why.to_string()),
            _ => {}
        }
    }

    fn frame(&mut self, cx: &mut Cx<'_>, frame: Frame<'_>) {
        match &mut self.phase {
            Phase::Proving { handshake, .. } => {
                if let Err(error) = handshake.handle(cx.now(), frame) {
                    tracing::warn!("{error}");
                }
                self.prove(cx);
            }
            Phase::Ready { session, .. } => match session.parse(frame) {
                Ok(ServerCommand::Json(text)) => self.json(cx, &text),
                Ok(ServerCommand::Custom { .. }) => {
                    if let Frame::Binary(bytes) = frame {
                        self.to_core(Inbound::Binary(bytes.to_vec()));
                    }
                }
                // Never a hash of ours: a server that knows our type by number would send the foreign program
                // that it keeps for it (agent-channel specification 5.2).
                Ok(ServerCommand::UpdateQuery { request }) => {
                    let answer = session.agent_hash(request, AgentHash::NEVER_UPDATE);
                    self.put(cx, answer);
                }
                Ok(
                    ServerCommand::UpdateStart { .. }
                    | ServerCommand::UpdateBlock { .. }
                    | ServerCommand::UpdateEnd { .. },
                ) => tracing::warn!("the server sent a program, which was not asked for; ignored"),
                Ok(command) => {
                    let cleared = matches!(command, ServerCommand::CoreClear { .. });
                    let confirmed = matches!(command, ServerCommand::CoreOk { .. });
                    let mut keeper = self.parts.keeper.borrow_mut();
                    let before = keeper.stored();
                    keeper.handle(session, &command);
                    drop(keeper);
                    if let (true, Some(core)) = (cleared, before) {
                        self.forgive(core);
                    }
                    self.keep(cx);
                    if confirmed {
                        self.parts.orders.borrow_mut().push_back(Order::Confirmed);
                    }
                }
                Err(error) => tracing::warn!("a message of the server was ignored: {error}"),
            },
            _ => {}
        }
    }

    /// Sends now. The socket's own bound is far above what handshake and keeper ever send.
    fn put(&mut self, cx: &mut Cx<'_>, message: Message) {
        if let Some(conn) = &mut self.conn
            && let Err(error) = send(conn, cx, message)
        {
            tracing::warn!("a message to the server was lost: {error}");
        }
    }

    /// Moves what cores produced to the socket, as far as it takes it.
    fn flush(&mut self, cx: &mut Cx<'_>) {
        let (Phase::Ready { .. }, Some(conn)) = (&self.phase, &mut self.conn) else {
            return;
        };
        while conn.backlog() < HIGH_WATER {
            let Some(message) = self.parts.outbox.pop() else {
                break;
            };
            // Below the high water the socket takes everything, so only a connection that ends loses messages.
            if let Err(error) = send(conn, cx, message) {
                tracing::debug!("a message of the core was not sent: {error}");
            }
        }
        self.parts.outbox.set_socket_bytes(conn.backlog());
        let dropped = self.parts.outbox.take_dropped();
        if dropped > 0 {
            tracing::warn!("{dropped} messages of the core were dropped: the server takes them too slowly");
        }
    }

    /// The connection is gone; wait and try again.
    fn lost(&mut self, cx: &mut Cx<'_>, why: &str) {
        let (url, _) = self.parts.servers.current();
        let url = url.to_string();
        self.conn = None;
        let wait = match &self.phase {
            Phase::Stopping => return,
            Phase::Ready { since, .. } => {
                tracing::warn!(server = %url, "disconnected: {why}");
                self.parts.outbox.set_server(None);
                self.parts.inbox.deliver(Inbound::Connected(false));
                if cx.now().saturating_duration_since(*since) >= SETTLED {
                    // A connection that held is taken up again almost at once; what fails then backs off.
                    Duration::from_millis(u64::from_ne_bytes(random_bytes()) % 50)
                } else {
                    self.backoff.next()
                }
            }
            Phase::Held { .. } => {
                tracing::info!(server = %url, "held connection ended: {why}");
                self.parts.servers.failed();
                self.backoff.next()
            }
            _ => {
                let wait = self.backoff.next();
                let count = self.parts.servers.failed();
                tracing::warn!(server = %url, failures = count, next_try_ms = wait.as_millis() as u64, "not connected: {why}");
                wait
            }
        };
        if !matches!(self.phase, Phase::Held { .. }) {
            self.parts.status.channel("waiting", &url, why);
        }
        self.phase = Phase::Waiting { until: cx.now() + self.paced(wait) };
    }

    fn tick(&mut self, cx: &mut Cx<'_>) {
        let now = cx.now();
        self.parts.keeper.borrow_mut().handle_timeout(now);
        self.keep(cx);
        match &mut self.phase {
            Phase::Waiting { until } if now >= *until => self.dial(cx),
            Phase::Proving { until, .. } if now >= *until => {
                self.lost(
                    cx,
                    "the server did not complete the handshake; it may have refused without a word",
                );
            }
            Phase::Proving { handshake, .. } => {
                handshake.handle_timeout(now);
                self.prove(cx);
            }
            Phase::Held { until } if now >= *until => self.lost(cx, "trying anew"),
            Phase::Ready { alive, .. } => match alive.poll(now) {
                ping::Output::Ping => {
                    if let Some(conn) = &mut self.conn {
                        conn.ping(cx);
                    }
                }
                ping::Output::Drop { silent_for } => {
                    self.lost(cx, &format!("the server has been silent for {} s", silent_for.as_secs()));
                }
                ping::Output::Wait(_) => {}
            },
            _ => {}
        }
    }

    fn network_changed(&mut self, cx: &mut Cx<'_>) {
        self.backoff.network_changed();
        match &mut self.phase {
            Phase::Waiting { until } => {
                tracing::info!("the network changed; trying at once");
                // Takes the free try that the change gave.
                *until = cx.now() + self.backoff.next();
            }
            Phase::Ready { alive, .. } => {
                // The connection may lead nowhere now: ask at once instead of after two minutes.
                let long_ago = cx.now().checked_sub(self.parts.patience.idle);
                if let Some(long_ago) = long_ago {
                    *alive = KeepAlive::new(self.parts.patience, long_ago);
                }
            }
            // A handshake that is alive is over long before.
            Phase::Proving { until, .. } => *until = (*until).min(cx.now() + self.parts.patience.answer),
            _ => {}
        }
    }

    fn mail(&mut self, cx: &mut Cx<'_>, word: &ToChannel) {
        match word {
            ToChannel::Flush => {}
            ToChannel::Reconnect if matches!(self.phase, Phase::Ready { .. }) => {
                self.lost(cx, "the core asked for it");
            }
            ToChannel::Reconnect => {}
            ToChannel::Stop => {
                self.phase = Phase::Stopping;
                self.parts.outbox.set_server(None);
                if let Some(conn) = &mut self.conn {
                    conn.close(cx, None);
                }
            }
        }
    }

    fn deadline(&self) -> Option<Instant> {
        let phase = match &self.phase {
            Phase::Waiting { until } | Phase::Held { until } => Some(*until),
            Phase::Proving { handshake, until, .. } => {
                Some(handshake.deadline().map_or(*until, |at| at.min(*until)))
            }
            Phase::Ready { alive, .. } => Some(alive.deadline()),
            Phase::Connecting | Phase::Stopping => None,
        };
        [
            phase,
            self.conn.as_ref().and_then(ws::Conn::deadline),
            self.network.as_ref().and_then(netlink::Watch::deadline),
            self.parts.keeper.borrow().deadline(),
        ]
        .into_iter()
        .flatten()
        .min()
    }
}

impl Link for Channel {
    fn wake(&mut self, cx: &mut Cx<'_>, wake: Wake) {
        if wake.start {
            self.start(cx);
        }
        for word in wake.mail.iter().filter_map(|mail| mail.downcast_ref::<ToChannel>()) {
            self.mail(cx, word);
        }
        if let Some(network) = &mut self.network {
            network.wake(cx, &wake);
            let mut changed = false;
            while let Some(netlink::Event::Changed) = network.poll(cx) {
                changed = true;
            }
            if changed {
                self.network_changed(cx);
            }
        }
        if let Some(conn) = &mut self.conn {
            conn.wake(cx, &wake);
        }
        self.drain(cx);
        self.tick(cx);
        self.flush(cx);
        // What the tick did may have given the connection something to say.
        self.drain(cx);
        cx.set_timer(self.deadline());
    }
}

impl Channel {
    fn drain(&mut self, cx: &mut Cx<'_>) {
        while let Some(event) = self.conn.as_mut().and_then(|conn| conn.poll(cx)) {
            self.event(cx, event);
        }
    }
}

fn send(conn: &mut ws::Conn, cx: &mut Cx<'_>, message: Message) -> Result<(), ws::SendError> {
    match message {
        Message::Binary(bytes) => conn.send_binary(cx, bytes),
        Message::Text(text) => conn.send_text(cx, text),
    }
}

/// Name look-up, TCP, TLS and upgrade together (agent-channel specification 2.3).
const CONNECT: Duration = Duration::from_secs(20);
/// After this a silent server is mentioned in the log.
const OVERDUE: Duration = Duration::from_secs(20);
/// After this a handshake that does not end is given up. Real servers end held connections after 150 s.
const PROVING: Duration = Duration::from_secs(160);
/// How long a connection that we refused is kept in silence.
const HOLD: Duration = Duration::from_secs(160);
/// A connection that lived this long is taken up again at once.
const SETTLED: Duration = Duration::from_secs(10);
/// What the socket may hold before it refuses; one message of any allowed size passes.
const MAX_BACKLOG: usize = 4 << 20;
/// What the socket should hold at most while the outbox waits.
const HIGH_WATER: usize = 256 << 10;

/// The connection's sources come first; see `microstack::net::DIAL_SUBS`.
const SUB_CONNECTION: u8 = 0;
const SUB_NETLINK: u8 = 15;
