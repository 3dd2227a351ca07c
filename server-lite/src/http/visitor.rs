//! One accepted connection: HTTP first, then perhaps a channel.

use std::cell::RefCell;
use std::collections::HashSet;
use std::net::{IpAddr, SocketAddr};
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use microstack::chain::{Cx, Link, LinkId, Wake};
use microstack::channel::Frame;
use microstack::http::{ClosedWhy, Event, Request, Response, ServerConn, ServerOptions};
use microstack::net::TcpStream;
use microstack::ws::{Conn, Event as WsEvent, WsOptions};

use super::download::{Download, ToDownload};
use super::pages::{hardened, redirect};
use super::relay::RelayCheck;
use super::routes::{Reply, find};
use crate::agents::Agent;
use crate::api::Call;
use crate::house::House;
use crate::live::{Address, PasswordVerdict, ToAgent, ToUser};
use crate::model::time::now_ms;
use crate::users::{Session, SessionLink, SignIn};

/// The link of one connection.
pub struct Visitor {
    pub(super) house: Arc<House>,
    pub(super) mode: Arc<Mode>,
    tcp: Option<TcpStream>,
    /// An answer that is read from the disk while it is sent.
    download: Option<Download>,
    /// Who is at the other end of the socket: perhaps a terminator.
    socket_peer: SocketAddr,
    /// The client of the last request; behind a terminator the next one may be another's.
    pub(super) peer: SocketAddr,
    pub(super) stage: Stage,
    id: Option<LinkId>,
    /// The REST request that is being answered.
    pub(super) call: Option<Call>,
    /// Number of the last one.
    pub(super) calls: u64,
    /// All visitors of this chain, for the end.
    guests: Rc<RefCell<HashSet<LinkId>>>,
}

/// What a listener serves.
pub struct Mode {
    /// TLS and limits.
    pub options: Arc<ServerOptions>,
    /// Answer everything with the HTTPS address.
    pub redirect: bool,
    /// Peers whose `X-Forwarded-For` is believed: the TLS terminator in front of us.
    pub proxies: Vec<IpAddr>,
    /// Plain HTTP behind a terminator.
    pub offload: bool,
}

/// Mail that ends a connection in good order: the server stops.
#[derive(Debug, Clone, Copy)]
pub struct Farewell;

pub(super) enum Stage {
    New,
    Http(Box<ServerConn>),
    Agent(Box<Conn>, Option<Box<Agent>>),
    User(Box<Conn>, Option<Box<Session>>, Option<SignIn>),
    /// A client of the relay whose password is being checked.
    RelayCheck(Box<RelayCheck>),
    Gone,
}

/// Idle agents share wake-ups: their silence need not be noticed to the second.
const SLACK: Duration = Duration::from_secs(2);

impl Visitor {
    /// For a connection just accepted; add it to the chain.
    pub fn new(
        house: Arc<House>,
        mode: Arc<Mode>,
        tcp: TcpStream,
        peer: SocketAddr,
        guests: Rc<RefCell<HashSet<LinkId>>>,
    ) -> Visitor {
        Visitor {
            house,
            mode,
            tcp: Some(tcp),
            socket_peer: peer,
            peer,
            stage: Stage::New,
            download: None,
            id: None,
            call: None,
            calls: 0,
            guests,
        }
    }

    fn begin(&mut self, cx: &mut Cx<'_>) {
        let Some(tcp) = self.tcp.take() else { return };
        self.id = Some(cx.id());
        self.guests.borrow_mut().insert(cx.id());
        self.stage = match ServerConn::accept(cx, 0, tcp, self.peer, &self.mode.options) {
            Ok(conn) => Stage::Http(Box::new(conn)),
            Err(error) => {
                tracing::warn!(peer = %self.peer, %error, "a connection could not be served");
                Stage::Gone
            }
        };
    }

    fn http(&mut self, cx: &mut Cx<'_>) {
        loop {
            let Stage::Http(conn) = &mut self.stage else { return };
            match conn.poll(cx) {
                Some(Event::Request(request)) => {
                    self.download = None;
                    self.request(cx, &request);
                }
                Some(Event::Closed(why)) => {
                    if !matches!(why, ClosedWhy::Done | ClosedWhy::Eof) {
                        tracing::debug!(peer = %self.peer, %why, "a connection ended");
                    }
                    self.stage = Stage::Gone;
                }
                None => break,
            }
        }
        if let (Stage::Http(conn), Some(download)) = (&mut self.stage, &mut self.download)
            && download.pump(cx, conn, &self.house)
        {
            self.download = None;
        }
    }

    fn request(&mut self, cx: &mut Cx<'_>, request: &Request) {
        let facts = self.house.facts();
        if self.mode.redirect {
            return self.respond(cx, redirect(&facts, request));
        }
        self.peer = self.true_peer(request);
        let Some(route) = find(request.path()) else {
            return self.respond(cx, Response::text(404, "There is nothing at this address.\n"));
        };
        if matches!(route.reply, Reply::Api) {
            return self.begin_call(cx, request);
        }
        if request.method != "GET" && request.method != "HEAD" {
            return self
                .respond(cx, Response::text(405, "Only GET is served here.\n").with("Allow", "GET, HEAD"));
        }
        match route.reply {
            Reply::Page(page) => {
                let response = page(&self.house, request);
                self.respond(cx, response);
            }
            Reply::Programs => match Download::begin(cx, &self.house, request) {
                Ok(download) => self.download = Some(download),
                Err(response) => self.respond(cx, response),
            },
            Reply::Relay => self.relay(cx, request),
            Reply::Api => {}
            Reply::AgentChannel => {
                if let Some(conn) = self.upgrade(cx, request) {
                    self.stage = Stage::Agent(conn, None);
                    self.agent(cx);
                }
            }
            Reply::UserChannel => {
                if request.is_websocket() && !self.house.live.users.arrive() {
                    return self.respond(cx, Response::text(503, "Too many sessions; try again later.\n"));
                }
                let sign_in =
                    SignIn::read(&self.house, request, &self.peer.ip().to_string(), now_ms() / 1000);
                if let Some(conn) = self.upgrade(cx, request) {
                    self.stage = Stage::User(conn, None, Some(sign_in));
                    self.user(cx);
                }
            }
        }
    }

    pub(super) fn respond(&mut self, cx: &mut Cx<'_>, response: Response) {
        let response = hardened(&self.house.facts(), response);
        if let Stage::Http(conn) = &mut self.stage {
            conn.respond(cx, response);
        }
    }

    /// Takes the connection out for a WebSocket; a request that asks for none is answered and stays HTTP.
    fn upgrade(&mut self, cx: &mut Cx<'_>, request: &Request) -> Option<Box<Conn>> {
        if !request.is_websocket() {
            let refusal = Response::text(426, "This address is for WebSockets.\n")
                .with("Upgrade", "websocket")
                .with("Sec-WebSocket-Version", "13");
            self.respond(cx, refusal);
            return None;
        }
        match std::mem::replace(&mut self.stage, Stage::Gone) {
            Stage::Http(conn) => {
                let options = WsOptions { max_backlog: MAX_BACKLOG, ..WsOptions::default() };
                Some(Box::new(conn.upgrade(cx, request, options)))
            }
            _ => None,
        }
    }

    fn agent(&mut self, cx: &mut Cx<'_>) {
        loop {
            let Stage::Agent(conn, agent) = &mut self.stage else { return };
            let Some(event) = conn.poll(cx) else { return };
            match (event, agent) {
                (WsEvent::Open(_), agent) => {
                    let address = Address::new(cx.mailbox(), cx.id());
                    let started = Agent::start(Arc::clone(&self.house), address, self.peer, cx.now());
                    *agent = Some(Box::new(started));
                }
                (WsEvent::Binary(bytes), Some(agent)) => agent.frame(cx, conn, Frame::Binary(&bytes)),
                (WsEvent::Text(text), Some(agent)) => agent.frame(cx, conn, Frame::Text(&text)),
                (WsEvent::Closed(info), agent) => {
                    tracing::debug!(peer = %self.peer, why = %info.why, "an agent's connection ended");
                    if let Some(agent) = agent {
                        agent.closed(cx.now());
                    }
                    self.stage = Stage::Gone;
                }
                _ => {}
            }
        }
    }

    fn user(&mut self, cx: &mut Cx<'_>) {
        loop {
            let Stage::User(conn, session, sign_in) = &mut self.stage else { return };
            let Some(event) = conn.poll(cx) else { return };
            match (event, session) {
                (WsEvent::Open(_), session) => {
                    let link = SessionLink {
                        house: Arc::clone(&self.house),
                        address: Address::new(cx.mailbox(), cx.id()),
                        peer: self.peer,
                    };
                    let sign_in = sign_in.take().unwrap_or(SignIn::Nothing);
                    *session = Some(Box::new(Session::start(link, cx, conn, sign_in)));
                }
                (WsEvent::Text(text), Some(session)) => session.text(cx, conn, &text),
                (WsEvent::Closed(info), session) => {
                    tracing::debug!(peer = %self.peer, why = %info.why, "a user's connection ended");
                    if let Some(session) = session {
                        session.closed();
                    }
                    self.house.live.users.depart();
                    self.stage = Stage::Gone;
                }
                _ => {}
            }
        }
    }

    fn mail(&mut self, cx: &mut Cx<'_>, note: Box<dyn std::any::Any>) {
        let Some(note) = self.note_call(cx, note) else { return };
        match (&mut self.stage, note.downcast::<Farewell>()) {
            (Stage::Agent(conn, agent), Ok(_)) => {
                if let Some(agent) = agent {
                    agent.closed(cx.now());
                }
                conn.close(cx, Some((1001, "")));
            }
            (Stage::User(conn, session, _), Ok(_)) => {
                if let Some(session) = session {
                    session.closed();
                }
                conn.close(cx, Some((1001, "")));
            }
            (stage, Ok(_)) => *stage = Stage::Gone,
            (Stage::RelayCheck(_), Err(note)) => {
                if let Ok(verdict) = note.downcast::<PasswordVerdict>() {
                    self.relay_judged(cx, &verdict);
                }
            }
            (Stage::Agent(conn, Some(agent)), Err(note)) => {
                if let Ok(note) = note.downcast::<ToAgent>() {
                    agent.note(cx, conn, *note);
                }
            }
            (Stage::User(conn, Some(session), _), Err(note)) => {
                if let Ok(note) = note.downcast::<ToUser>() {
                    session.note(cx, conn, *note);
                }
            }
            (Stage::Http(conn), Err(note)) => {
                if let (Ok(note), Some(download)) = (note.downcast::<ToDownload>(), &mut self.download) {
                    let facts = self.house.facts();
                    if let Some(response) =
                        download.note(cx, conn, *note, |response| hardened(&facts, response))
                    {
                        conn.respond(cx, response);
                        self.download = None;
                    }
                }
            }
            // What comes for a connection that has become something else has no reader.
            (_, Err(_)) => {}
        }
    }

    /// Lets time pass and says when it must pass again; the second value is how late that may be.
    fn tick(&mut self, cx: &mut Cx<'_>) -> (Option<Instant>, Duration) {
        let now = cx.now();
        match &mut self.stage {
            Stage::Http(conn) => {
                let download = self.download.as_ref().map(Download::deadline);
                let call = self.call.as_ref().map(Call::deadline);
                ([conn.deadline(), download, call].into_iter().flatten().min(), Duration::ZERO)
            }
            Stage::Agent(conn, agent) => {
                let own = agent.as_mut().map(|agent| {
                    if now >= agent.deadline(conn) {
                        agent.tick(cx, conn);
                    }
                    agent.deadline(conn)
                });
                ([own, conn.deadline()].into_iter().flatten().min(), SLACK)
            }
            Stage::User(conn, session, _) => {
                let own = session.as_mut().map(|session| {
                    if now >= session.deadline(conn) {
                        session.tick(cx, conn);
                    }
                    session.deadline(conn)
                });
                ([own, conn.deadline()].into_iter().flatten().min(), SLACK)
            }
            Stage::New | Stage::RelayCheck(_) | Stage::Gone => (None, Duration::ZERO),
        }
    }

    /// The client as the terminator in front of us saw it, if there is one that is believed.
    fn true_peer(&self, request: &Request) -> SocketAddr {
        let from = self.socket_peer;
        let believed =
            self.mode.offload && (from.ip().is_loopback() || self.mode.proxies.contains(&from.ip()));
        let named = request.header("x-forwarded-for").filter(|_| believed);
        // The last one is what the terminator itself added; those before it are hearsay.
        let last = named.and_then(|list| list.rsplit(',').next()).map(str::trim);
        let address = last.and_then(|text| text.parse::<IpAddr>().ok());
        address.map_or(from, |ip| SocketAddr::new(ip, from.port()))
    }
}

impl Link for Visitor {
    fn wake(&mut self, cx: &mut Cx<'_>, mut wake: Wake) {
        if wake.start {
            self.begin(cx);
        }
        let mail = std::mem::take(&mut wake.mail);
        match &mut self.stage {
            Stage::Http(conn) => conn.wake(cx, &wake),
            Stage::Agent(conn, _) | Stage::User(conn, ..) => conn.wake(cx, &wake),
            Stage::New | Stage::RelayCheck(_) | Stage::Gone => {}
        }
        for note in mail {
            self.mail(cx, note);
        }
        self.late_call(cx);
        // A request may turn HTTP into a channel, and a timer may end one: go round until nothing is left.
        self.http(cx);
        self.agent(cx);
        self.user(cx);
        let (at, slack) = self.tick(cx);
        self.agent(cx);
        self.user(cx);
        if matches!(self.stage, Stage::Gone) {
            cx.remove_self();
        } else {
            cx.set_timer_with_slack(at, slack);
        }
    }
}

impl Drop for Visitor {
    fn drop(&mut self) {
        if let Stage::User(..) = &self.stage {
            self.house.live.users.depart();
        }
        if let Some(id) = self.id {
            self.guests.borrow_mut().remove(&id);
        }
    }
}

/// Bytes that may wait for a slow reader: a core and some more.
const MAX_BACKLOG: usize = 8 << 20;
