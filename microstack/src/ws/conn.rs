//! One WebSocket, as a component.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tungstenite::protocol::frame::coding::{CloseCode, Control, Data, OpCode};
use tungstenite::protocol::{CloseFrame, Role};
use tungstenite::{Bytes, Error, Message};

use super::close::NOT_UTF8;
use super::incoming::{Incoming, Pipe};
use super::outgoing::{Flushed, Outgoing};
use super::{CloseInfo, CloseWhy, upgrade};
use crate::chain::{Cx, Wake};
use crate::http::{Headers, Opened, Opening, Proxy, Route, Stage};
use crate::net::Resolver;
use crate::tls::{Stream, TlsError};
use crate::wire::ServerUrl;

/// What to connect to, and how.
pub struct ClientOptions {
    /// The server's address; plain ones only for loopback and tests.
    pub url: ServerUrl,
    /// Header fields besides those of the handshake.
    pub headers: Headers,
    /// Whom to trust.
    pub tls: Arc<rustls::ClientConfig>,
    /// For connecting, proxy, TLS and the upgrade together.
    pub connect_timeout: Duration,
    /// Cap on a message from the server, in bytes.
    pub max_message: usize,
    /// Backlog at which sending is refused, in bytes.
    pub max_backlog: usize,
    /// Who resolves names.
    pub resolver: Resolver,
    /// An HTTP proxy in between.
    pub proxy: Option<Proxy>,
    /// The last good address, for when the name cannot be resolved.
    pub fallback: Vec<SocketAddr>,
    /// First of [`crate::net::DIAL_SUBS`] `sub` numbers; the open connection keeps the first.
    pub sub: u8,
}

impl ClientOptions {
    /// 20 s to connect, messages up to 16 MiB, backlog up to 1 MiB.
    pub fn new(url: ServerUrl, tls: Arc<rustls::ClientConfig>, resolver: Resolver) -> Self {
        ClientOptions {
            url,
            headers: Headers::new(),
            tls,
            connect_timeout: Duration::from_secs(20),
            max_message: 16 * 1024 * 1024,
            max_backlog: 1024 * 1024,
            resolver,
            proxy: None,
            fallback: Vec::new(),
            sub: 0,
        }
    }
}

/// A server's choices for one WebSocket.
#[derive(Debug, Clone)]
pub struct WsOptions {
    /// Cap on a message from the client, in bytes; raise it by [`Conn::set_max_message`] once the client is known.
    pub max_message: usize,
    /// Backlog at which sending is refused, in bytes.
    pub max_backlog: usize,
    /// The subprotocol chosen, if the client offered any.
    pub protocol: Option<String>,
    /// Further header fields of the answer.
    pub headers: Headers,
}

impl Default for WsOptions {
    /// Messages up to 16 KiB, backlog up to 1 MiB.
    fn default() -> Self {
        WsOptions {
            max_message: 16 * 1024,
            max_backlog: 1024 * 1024,
            protocol: None,
            headers: Headers::new(),
        }
    }
}

/// What a [`Conn`] reports.
#[derive(Debug)]
pub enum Event {
    /// The handshake is done. Comes first, on both sides.
    Open(OpenInfo),
    /// A binary message, complete.
    Binary(Vec<u8>),
    /// A text message, complete.
    Text(String),
    /// A ping came; it is answered already.
    Ping,
    /// A pong came.
    Pong,
    /// The backlog was full and is half empty now: send on.
    Drained,
    /// It is over. Comes last, once.
    Closed(CloseInfo),
}

/// What is known when a WebSocket opens.
#[derive(Debug)]
pub struct OpenInfo {
    /// The other end of the TCP connection: the peer or a proxy.
    pub peer_addr: SocketAddr,
    /// This end.
    pub local_addr: Option<SocketAddr>,
    /// The certificate whose key the server proved to hold, DER.
    pub peer_cert_der: Option<Vec<u8>>,
    /// Header fields of the server's answer; empty on a server.
    pub headers: Headers,
}

/// Why a message was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SendError {
    /// Too much waits already; [`Event::Drained`] will come.
    Backlogged,
    /// Not open yet, closing, or closed.
    Closed,
}

impl fmt::Display for SendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            SendError::Backlogged => {
                "the other side does not read fast enough; send again when it has drained"
            }
            SendError::Closed => "the WebSocket is not open",
        })
    }
}

impl std::error::Error for SendError {}

/// A component: one WebSocket, client's or server's side.
pub struct Conn {
    state: State,
    budget: Budget,
    last_received: Instant,
}

enum State {
    Opening(Box<(Opening, Setup)>),
    Upgrading(Box<Upgrading>),
    Open(Box<Open>),
    /// To be reported.
    Closing(Box<CloseInfo>),
    /// A server's refusal is on its way out; the stream lives until the owner has heard.
    Refused(Box<Stream>),
    Over,
}

struct Setup {
    request: Vec<u8>,
    key: String,
    asked_protocol: bool,
    until: Instant,
    max_message: usize,
    max_backlog: usize,
}

struct Upgrading {
    stream: Stream,
    peer: SocketAddr,
    setup: Setup,
    answer: Vec<u8>,
}

struct Open {
    stream: Stream,
    incoming: Incoming,
    out: Outgoing,
    leftover: Vec<u8>,
    max_backlog: usize,
    /// The backlog was full; Drained is owed.
    was_full: bool,
    paused: bool,
    news: Option<Box<OpenInfo>>,
    goodbye: Goodbye,
    /// Writing failed. What the peer sent before is still read.
    broken: Option<CloseWhy>,
}

/// The closing handshake.
enum Goodbye {
    No,
    /// We want to close once the queue is empty.
    Wanted(Option<CloseFrame>, Instant),
    /// Our close frame is queued or gone; the peer's is awaited.
    Said(Instant),
    /// The peer closed first; our answer is queued.
    Heard(Box<CloseWhy>, Instant),
}

/// What may be done in one turn.
struct Budget {
    read_bytes: usize,
    messages: u32,
}

impl Budget {
    const FULL: Budget = Budget { read_bytes: 64 * 1024, messages: 64 };
}

/// Bytes written in one turn.
const WRITE_BUDGET: usize = 256 * 1024;

/// Messages up to this size are copied out of the read buffer, in bytes.
const SMALL: usize = 8 * 1024;

/// For the closing handshake.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);

/// RFC 6455 section 5.5: a control frame's payload, less the code.
const MAX_REASON: usize = 123;

impl Conn {
    /// Sets out to a server.
    pub fn connect(cx: &mut Cx<'_>, options: ClientOptions) -> Conn {
        let until = cx.now() + options.connect_timeout;
        let key = upgrade::new_key();
        let setup = Setup {
            request: upgrade::request(&options.url, &key, &options.headers),
            key,
            asked_protocol: options.headers.get("sec-websocket-protocol").is_some(),
            until,
            max_message: options.max_message,
            max_backlog: options.max_backlog,
        };
        let route = Route {
            host: options.url.host.clone(),
            port: options.url.port,
            tls: options.url.tls.then_some(options.tls),
            proxy: options.proxy,
            resolver: options.resolver,
            fallback: options.fallback,
            deadline: until,
            sub: options.sub,
        };
        let state = State::Opening(Box::new((Opening::start(cx, route), setup)));
        Conn { state, budget: Budget::FULL, last_received: cx.now() }
    }

    /// The server's side, after the request was read. Used by [`crate::http::ServerConn::upgrade`].
    pub(crate) fn accepted(
        cx: &Cx<'_>,
        stream: Stream,
        peer: SocketAddr,
        leftover: Vec<u8>,
        key: &str,
        options: WsOptions,
    ) -> Conn {
        let mut out = Outgoing::new(false);
        out.push_raw(upgrade::acceptance(key, options.protocol.as_deref(), &options.headers));
        let info = OpenInfo {
            peer_addr: peer,
            local_addr: stream.local_addr().ok(),
            peer_cert_der: None,
            headers: Headers::new(),
        };
        let open = Open {
            stream,
            incoming: Incoming::new(Role::Server, options.max_message),
            out,
            leftover,
            max_backlog: options.max_backlog,
            was_full: false,
            paused: false,
            news: Some(Box::new(info)),
            goodbye: Goodbye::No,
            broken: None,
        };
        Conn { state: State::Open(Box::new(open)), budget: Budget::FULL, last_received: cx.now() }
    }

    /// A connection whose upgrade was refused.
    pub(crate) fn refused(stream: Stream) -> Conn {
        Conn { state: State::Refused(Box::new(stream)), budget: Budget::FULL, last_received: Instant::now() }
    }

    /// Takes in what happened.
    pub fn wake(&mut self, cx: &mut Cx<'_>, wake: &Wake) {
        self.budget = Budget::FULL;
        match &mut self.state {
            State::Opening(opening) => opening.0.wake(cx, wake),
            State::Upgrading(upgrading) => upgrading.stream.wake(wake),
            State::Open(open) => open.stream.wake(wake),
            State::Closing(_) | State::Refused(_) | State::Over => {}
        }
    }

    /// The next event.
    pub fn poll(&mut self, cx: &mut Cx<'_>) -> Option<Event> {
        loop {
            let next = match &mut self.state {
                State::Opening(opening) => match opening.0.poll(cx) {
                    None => return None,
                    Some(Opened::Failed(e)) => Next::Closed(e.into(), false),
                    Some(Opened::Ready(stream, peer)) => Next::Upgrade(stream, peer),
                },
                State::Upgrading(upgrading) => match upgrading.advance(cx) {
                    Ok(Some(headers)) => Next::Open(headers),
                    Ok(None) => return None,
                    Err(why) => Next::Closed(why, false),
                },
                State::Open(open) => match open.advance(cx, &mut self.budget, &mut self.last_received) {
                    Ok(event) => return event,
                    Err((why, clean)) => {
                        open.say_goodbye(&why, clean);
                        Next::Closed(why, clean)
                    }
                },
                State::Refused(stream) => {
                    stream.finish();
                    Next::Closed(CloseWhy::Protocol("the request was not for a WebSocket".into()), false)
                }
                State::Closing(_) | State::Over => Next::Report,
            };
            self.follow(cx, next);
            if let State::Closing(_) = self.state
                && let State::Closing(info) = std::mem::replace(&mut self.state, State::Over)
            {
                return Some(Event::Closed(*info));
            }
            if let State::Over = self.state {
                return None;
            }
        }
    }

    /// When a wake is needed at the latest.
    pub fn deadline(&self) -> Option<Instant> {
        match &self.state {
            State::Opening(opening) => opening.0.deadline(),
            State::Upgrading(upgrading) => Some(upgrading.setup.until),
            State::Open(open) => match &open.goodbye {
                Goodbye::No => None,
                Goodbye::Wanted(_, at) | Goodbye::Said(at) | Goodbye::Heard(_, at) => Some(*at),
            },
            State::Closing(_) | State::Refused(_) | State::Over => None,
        }
    }

    /// Sends a binary message, as one frame whatever its length.
    ///
    /// # Errors
    /// The message was not taken; see [`SendError`].
    pub fn send_binary(&mut self, cx: &mut Cx<'_>, message: impl Into<Bytes>) -> Result<(), SendError> {
        self.send(cx, OpCode::Data(Data::Binary), message.into())
    }

    /// Sends a text message, as one frame whatever its length.
    ///
    /// # Errors
    /// The message was not taken; see [`SendError`].
    pub fn send_text(&mut self, cx: &mut Cx<'_>, message: impl Into<String>) -> Result<(), SendError> {
        self.send(cx, OpCode::Data(Data::Text), message.into().into())
    }

    /// Sends an empty ping, ahead of waiting messages. Does nothing on a connection that is not open.
    pub fn ping(&mut self, cx: &mut Cx<'_>) {
        if let Some(open) = self.open_mut() {
            open.out.push(OpCode::Control(Control::Ping), Bytes::new());
            open.flush(cx);
        }
    }

    /// Closes: sends what waits, then a close frame, and waits up to 5 s for the peer's. [`Event::Closed`] follows.
    ///
    /// Messages that come meanwhile are dropped. Codes that must not be sent (RFC 6455 section 7.4) become 1000.
    pub fn close(&mut self, cx: &mut Cx<'_>, reason: Option<(u16, &str)>) {
        let frame = reason.map(|(code, text)| close_frame(code, text));
        match &mut self.state {
            State::Open(open) => {
                if let Goodbye::No = open.goodbye {
                    open.goodbye = Goodbye::Wanted(frame, cx.now() + CLOSE_TIMEOUT);
                }
            }
            State::Opening(_) | State::Upgrading(_) => {
                let info = CloseInfo { why: CloseWhy::Local, clean: false };
                self.state = State::Closing(Box::new(info));
            }
            State::Closing(_) | State::Refused(_) | State::Over => {}
        }
        cx.again();
    }

    /// Reads no more for now; the peer feels it when the socket's buffers are full.
    pub fn pause_reading(&mut self, _cx: &mut Cx<'_>) {
        if let State::Open(open) = &mut self.state {
            open.paused = true;
        }
    }

    /// Goes on reading.
    pub fn resume_reading(&mut self, cx: &mut Cx<'_>) {
        if let State::Open(open) = &mut self.state
            && std::mem::take(&mut open.paused)
        {
            cx.again();
        }
    }

    /// Changes the cap on messages from the peer, in bytes.
    pub fn set_max_message(&mut self, max_message: usize) {
        match &mut self.state {
            State::Opening(opening) => opening.1.max_message = max_message,
            State::Upgrading(upgrading) => upgrading.setup.max_message = max_message,
            State::Open(open) => open.incoming.set_max_message(max_message),
            State::Closing(_) | State::Refused(_) | State::Over => {}
        }
    }

    /// Changes the backlog at which sending is refused, in bytes.
    pub fn set_max_backlog(&mut self, max_backlog: usize) {
        match &mut self.state {
            State::Opening(opening) => opening.1.max_backlog = max_backlog,
            State::Upgrading(upgrading) => upgrading.setup.max_backlog = max_backlog,
            State::Open(open) => open.max_backlog = max_backlog,
            State::Closing(_) | State::Refused(_) | State::Over => {}
        }
    }

    /// Bytes that wait to be sent.
    pub fn backlog(&self) -> usize {
        match &self.state {
            State::Open(open) => open.out.backlog(),
            _ => 0,
        }
    }

    /// True while messages can be sent.
    pub fn is_open(&self) -> bool {
        matches!(&self.state, State::Open(open) if matches!(open.goodbye, Goodbye::No))
    }

    /// When the peer was last heard of; at first, when the connection was begun.
    pub fn last_received(&self) -> Instant {
        self.last_received
    }

    fn open_mut(&mut self) -> Option<&mut Open> {
        match &mut self.state {
            State::Open(open) if matches!(open.goodbye, Goodbye::No) && open.broken.is_none() => Some(open),
            _ => None,
        }
    }

    fn send(&mut self, cx: &mut Cx<'_>, opcode: OpCode, message: Bytes) -> Result<(), SendError> {
        let open = self.open_mut().ok_or(SendError::Closed)?;
        // A single message of any length is taken, so that what cannot be split can be sent at all.
        if open.out.backlog() >= open.max_backlog {
            open.was_full = true;
            return Err(SendError::Backlogged);
        }
        open.out.push(opcode, message);
        open.flush(cx);
        open.was_full |= open.out.backlog() >= open.max_backlog;
        Ok(())
    }

    fn follow(&mut self, cx: &Cx<'_>, next: Next) {
        self.state = match (next, std::mem::replace(&mut self.state, State::Over)) {
            (Next::Upgrade(stream, peer), State::Opening(opening)) => {
                State::Upgrading(Box::new(Upgrading { stream, peer, setup: opening.1, answer: Vec::new() }))
            }
            (Next::Open(headers), State::Upgrading(upgrading)) => {
                self.last_received = cx.now();
                State::Open(Box::new(upgrading.open(headers)))
            }
            (Next::Closed(why, clean), _) => State::Closing(Box::new(CloseInfo { why, clean })),
            (_, state) => state,
        };
    }
}

enum Next {
    Upgrade(Stream, SocketAddr),
    Open(Headers),
    Closed(CloseWhy, bool),
    Report,
}

impl Upgrading {
    /// Sends the request and reads the answer; gives its fields when it is a yes.
    fn advance(&mut self, cx: &Cx<'_>) -> Result<Option<Headers>, CloseWhy> {
        use std::io::{ErrorKind, Read, Write};
        let setup = &mut self.setup;
        let late = cx.now() >= setup.until;
        let wait = || match late {
            true => Err(CloseWhy::Deadline { stage: Stage::Request }),
            false => Ok(None),
        };
        while !setup.request.is_empty() {
            match self.stream.write(&setup.request) {
                Ok(n) => drop(setup.request.drain(..n)),
                Err(e) if e.kind() == ErrorKind::WouldBlock => return wait(),
                Err(e) => return Err(broken(&e)),
            }
        }
        match self.stream.flush() {
            Err(e) if e.kind() != ErrorKind::WouldBlock => return Err(broken(&e)),
            _ => {}
        }
        let mut buf = [0; 2048];
        loop {
            match self.stream.read(&mut buf) {
                Ok(0) => return Err(CloseWhy::Eof),
                Ok(n) => {
                    let searched = self.answer.len();
                    self.answer.extend_from_slice(&buf[..n]);
                    let found =
                        upgrade::check_answer(&self.answer, searched, &setup.key, setup.asked_protocol)?;
                    if let Some((headers, len)) = found {
                        self.answer.drain(..len);
                        return Ok(Some(headers));
                    }
                }
                Err(e) if e.kind() == ErrorKind::WouldBlock => return wait(),
                Err(e) => return Err(broken(&e)),
            }
        }
    }

    fn open(self, headers: Headers) -> Open {
        let info = OpenInfo {
            peer_addr: self.peer,
            local_addr: self.stream.local_addr().ok(),
            peer_cert_der: self.stream.peer_cert_der().map(<[u8]>::to_vec),
            headers,
        };
        Open {
            stream: self.stream,
            incoming: Incoming::new(Role::Client, self.setup.max_message),
            out: Outgoing::new(true),
            leftover: if self.answer.is_empty() { Vec::new() } else { self.answer },
            max_backlog: self.setup.max_backlog,
            was_full: false,
            paused: false,
            news: Some(Box::new(info)),
            goodbye: Goodbye::No,
            broken: None,
        }
    }
}

/// Why an open connection ended, and whether in order.
type Ended = (CloseWhy, bool);

impl Open {
    fn advance(
        &mut self,
        cx: &mut Cx<'_>,
        budget: &mut Budget,
        last_received: &mut Instant,
    ) -> Result<Option<Event>, Ended> {
        if let Some(info) = self.news.take() {
            self.flush(cx);
            return Ok(Some(Event::Open(*info)));
        }
        self.flush(cx);
        if self.was_full && self.out.backlog() <= self.max_backlog / 2 {
            self.was_full = false;
            if let Goodbye::No = self.goodbye {
                return Ok(Some(Event::Drained));
            }
        }
        self.advance_goodbye(cx)?;
        while !self.paused || matches!(self.goodbye, Goodbye::Said(_)) {
            if budget.messages == 0 || budget.read_bytes == 0 {
                cx.again();
                break;
            }
            budget.messages -= 1;
            match self.read(cx, budget, last_received)? {
                Some(event) => {
                    self.flush(cx); // a pong
                    return Ok(Some(event));
                }
                None if self.blocked(budget) => break,
                None => {}
            }
        }
        self.incoming.rest();
        Ok(None)
    }

    /// True when reading must wait for the socket or the next turn.
    fn blocked(&self, budget: &Budget) -> bool {
        self.leftover.is_empty() && !self.stream.can_read() && budget.read_bytes > 0
    }

    /// Reads one message; `None` when there is none yet or it is of no interest.
    fn read(
        &mut self,
        cx: &mut Cx<'_>,
        budget: &mut Budget,
        last_received: &mut Instant,
    ) -> Result<Option<Event>, Ended> {
        let mut pipe = Pipe {
            stream: &mut self.stream,
            leftover: &mut self.leftover,
            out: &mut self.out,
            budget: &mut budget.read_bytes,
            got: false,
        };
        let read = self.incoming.read(&mut pipe);
        if pipe.got {
            *last_received = cx.now();
        }
        let is_closing = !matches!(self.goodbye, Goodbye::No);
        match read {
            Ok(Message::Close(frame)) => {
                self.heard_goodbye(cx, frame)?;
                Ok(None)
            }
            Ok(_) if is_closing => Ok(None),
            // A small one is copied out of the read buffer, so that an owner who keeps it does not keep the buffer.
            Ok(Message::Binary(bytes)) if bytes.len() <= SMALL => Ok(Some(Event::Binary(bytes.to_vec()))),
            Ok(Message::Binary(bytes)) => Ok(Some(Event::Binary(bytes.into()))),
            Ok(Message::Text(text)) => Ok(Some(Event::Text(text.as_str().to_owned()))),
            Ok(Message::Ping(_)) => Ok(Some(Event::Ping)),
            Ok(Message::Pong(_)) => Ok(Some(Event::Pong)),
            Ok(Message::Frame(_)) => Ok(None), // never read, says tungstenite
            Err(Error::Io(e)) if e.kind() == std::io::ErrorKind::WouldBlock => Ok(None),
            // Whatever ends a connection that we are closing: it is closed.
            Err(_) if matches!(self.goodbye, Goodbye::Said(_)) => Err((CloseWhy::Local, false)),
            Err(e) => {
                let why = self.broken.take().unwrap_or_else(|| reason(e));
                Err((why, false))
            }
        }
    }

    /// Moves the closing handshake on.
    fn advance_goodbye(&mut self, cx: &mut Cx<'_>) -> Result<(), Ended> {
        let now = cx.now();
        match &mut self.goodbye {
            Goodbye::No => match (&self.broken, self.paused) {
                // A paused reader would never hear of it.
                (Some(why), true) => Err((why.clone(), false)),
                _ => Ok(()),
            },
            Goodbye::Wanted(_, at) | Goodbye::Said(at) if now >= *at => Err((CloseWhy::Local, false)),
            Goodbye::Heard(why, at) if now >= *at => Err(((**why).clone(), false)),
            Goodbye::Wanted(frame, at) => {
                if self.broken.is_some() {
                    return Err((CloseWhy::Local, false));
                }
                if !self.out.is_empty() {
                    return Ok(());
                }
                let (frame, at) = (frame.take(), *at);
                self.goodbye = Goodbye::Said(at);
                let mut none = 0;
                let mut pipe = Pipe {
                    stream: &mut self.stream,
                    leftover: &mut self.leftover,
                    out: &mut self.out,
                    budget: &mut none,
                    got: false,
                };
                let _ = self.incoming.close(&mut pipe, frame);
                self.flush(cx);
                Ok(())
            }
            Goodbye::Said(_) => Ok(()),
            Goodbye::Heard(why, _) => {
                match self.broken.is_some() || (self.out.is_empty() && !self.stream.wants_write()) {
                    true => Err(((**why).clone(), self.broken.is_none())),
                    false => Ok(()),
                }
            }
        }
    }

    /// The peer's close frame came.
    fn heard_goodbye(&mut self, cx: &mut Cx<'_>, frame: Option<CloseFrame>) -> Result<(), Ended> {
        if let Goodbye::Said(_) = self.goodbye {
            return Err((CloseWhy::Local, true));
        }
        let (code, text) = match frame {
            Some(frame) => (Some(u16::from(frame.code)), frame.reason.as_str().to_owned()),
            None => (None, String::new()),
        };
        let at = match self.goodbye {
            Goodbye::Wanted(_, at) => at,
            _ => cx.now() + CLOSE_TIMEOUT,
        };
        self.goodbye = Goodbye::Heard(Box::new(CloseWhy::Peer { code, reason: text }), at);
        // The peer reads no further (RFC 6455 section 5.5.1); only the answer matters.
        self.out.drop_messages();
        self.flush(cx);
        self.advance_goodbye(cx)
    }

    fn flush(&mut self, cx: &mut Cx<'_>) {
        if self.broken.is_some() || (self.out.is_empty() && !self.stream.wants_write()) {
            return;
        }
        match self.out.flush(&mut self.stream, WRITE_BUDGET) {
            Ok(Flushed::All | Flushed::Blocked) => {}
            Ok(Flushed::Budget) => cx.again(),
            Err(e) => {
                self.broken = Some(broken(&e));
                self.out.drop_messages();
                cx.again(); // so that the owner asks and hears
            }
        }
    }

    /// Tells a peer that did wrong what it did, as far as it fits, and ends our direction.
    fn say_goodbye(&mut self, why: &CloseWhy, clean: bool) {
        if let Some(code) = why.code()
            && !clean
        {
            self.out.drop_messages();
            let mut none = 0;
            let mut pipe = Pipe {
                stream: &mut self.stream,
                leftover: &mut self.leftover,
                out: &mut self.out,
                budget: &mut none,
                got: false,
            };
            let _ = self.incoming.close(&mut pipe, Some(close_frame(code, "")));
            let _ = self.out.flush(&mut self.stream, WRITE_BUDGET);
        }
        self.stream.finish();
    }
}

fn close_frame(code: u16, text: &str) -> CloseFrame {
    let code = CloseCode::from(code);
    let code = if code.is_allowed() { code } else { CloseCode::Normal };
    let mut end = text.len().min(MAX_REASON);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    CloseFrame { code, reason: text[..end].into() }
}

fn broken(e: &std::io::Error) -> CloseWhy {
    match e.get_ref().and_then(|inner| inner.downcast_ref::<TlsError>()) {
        Some(tls) => CloseWhy::Tls(tls.to_string()),
        None => CloseWhy::Reset(e.to_string()),
    }
}

fn reason(e: Error) -> CloseWhy {
    use tungstenite::error::{CapacityError, ProtocolError};
    match e {
        Error::Io(e) => broken(&e),
        Error::ConnectionClosed | Error::AlreadyClosed => CloseWhy::Eof,
        Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => CloseWhy::Eof,
        Error::Capacity(CapacityError::MessageTooLong { max_size, .. }) => {
            CloseWhy::TooLarge { limit: max_size }
        }
        Error::Utf8(_) => CloseWhy::Protocol(NOT_UTF8.to_owned()),
        Error::Protocol(e) => CloseWhy::Protocol(e.to_string()),
        other => CloseWhy::Protocol(other.to_string()),
    }
}
