//! One HTTP connection of a server.

use std::collections::VecDeque;
use std::fmt;
use std::io::{self, ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tungstenite::Bytes;

use super::{BodyDecoder, Framing, HttpError, Limits, Request, RequestHead, Response, Stage};
use crate::chain::{Cx, Wake};
use crate::net::TcpStream;
use crate::tls::{Served, Stream, TlsError};
use crate::ws::{self, WsOptions};

/// How a server treats its connections. Shared by all of a listener's.
#[derive(Clone)]
pub struct ServerOptions {
    /// The certificate, or none behind a TLS terminator.
    pub tls: Option<Arc<Served>>,
    /// What a client may send.
    pub limits: Limits,
    /// For the TLS handshake.
    pub tls_timeout: Duration,
    /// For the head of a request, from its first byte (of the first request: from the connection).
    pub head_timeout: Duration,
    /// For the body of a request.
    pub body_timeout: Duration,
    /// Between requests.
    pub idle_timeout: Duration,
    /// For the client to read each part of an answer.
    pub write_timeout: Duration,
}

impl Default for ServerOptions {
    /// No TLS; 10 s for TLS, 10 s for a head, 30 s for a body, 60 s between requests, 60 s for reading.
    fn default() -> Self {
        ServerOptions {
            tls: None,
            limits: Limits::default(),
            tls_timeout: Duration::from_secs(10),
            head_timeout: Duration::from_secs(10),
            body_timeout: Duration::from_secs(30),
            idle_timeout: Duration::from_secs(60),
            write_timeout: Duration::from_secs(60),
        }
    }
}

/// What a [`ServerConn`] reports.
#[derive(Debug)]
pub enum Event {
    /// A complete request. Answer it with [`ServerConn::respond`] or [`ServerConn::upgrade`]; the next one is read
    /// after that.
    Request(Request),
    /// The connection is over. Comes once, last.
    Closed(ClosedWhy),
}

/// Why a connection of a server ended.
#[derive(Debug)]
#[non_exhaustive]
pub enum ClosedWhy {
    /// In order: after an answer, or by the client between two requests.
    Done,
    /// The client left in the middle of something.
    Eof,
    /// The TLS handshake failed or the encryption broke.
    Tls(TlsError),
    /// The client sent what is no acceptable HTTP; it was told so.
    Http(HttpError),
    /// The client was too slow.
    Deadline(Stage),
    /// The socket failed.
    Io(String),
}

impl fmt::Display for ClosedWhy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ClosedWhy::Done => f.write_str("done"),
            ClosedWhy::Eof => f.write_str("the client hung up"),
            ClosedWhy::Tls(e) => e.fmt(f),
            ClosedWhy::Http(e) => e.fmt(f),
            ClosedWhy::Deadline(stage) => write!(f, "the client was too slow, during {stage}"),
            ClosedWhy::Io(text) => f.write_str(text),
        }
    }
}

/// A component: one client's connection, TLS or plain, that hands out requests one after the other.
pub struct ServerConn {
    stream: Stream,
    peer: SocketAddr,
    options: Arc<ServerOptions>,
    state: State,
    // Bytes received and not yet understood.
    input: Vec<u8>,
    searched: usize,
    output: VecDeque<Bytes>,
    exchange: Exchange,
    budget: usize,
}

enum State {
    Tls(Instant),
    /// Waiting for a head; `begun` when its first byte is here.
    Head {
        until: Instant,
        begun: bool,
    },
    Body {
        until: Instant,
        decoder: BodyDecoder,
        request: Box<Request>,
    },
    /// The request is with the owner.
    Answering,
    Writing(Instant),
    /// The owner hands over the rest of the body; so many bytes are still to come from it.
    Pieces {
        until: Instant,
        left: u64,
    },
    /// The answer is out and our side is closed; what the client still sends is thrown away for a moment, since
    /// closing with unread bytes would destroy the answer on its way (RFC 9112 section 9.6).
    Lingering {
        until: Instant,
        why: Option<ClosedWhy>,
    },
    Closed,
}

/// What must be known of the request while it is answered.
#[derive(Default)]
struct Exchange {
    is_head: bool,
    is_http_1_0: bool,
    keeps_alive: bool,
}

/// How long a closed connection is still read from.
const LINGER: Duration = Duration::from_secs(1);

/// Bytes read in one turn.
const READ_BUDGET: usize = 64 * 1024;

/// More of a body in pieces is wanted when fewer bytes than this wait.
const LOW_WATER: usize = 64 * 1024;

/// An answer up to this size leaves in one piece with its head.
const ONE_PIECE: usize = 16 * 1024;

const WRONG_PORT: &[u8] = b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\n\
    Content-Length: 54\r\nConnection: close\r\n\r\nThis port speaks HTTPS. Use https:// in the address.\r\n";

impl ServerConn {
    /// Takes over an accepted socket and registers it under `sub`.
    ///
    /// # Errors
    /// Fails when the socket cannot be polled or TLS cannot begin.
    pub fn accept(
        cx: &mut Cx<'_>,
        sub: u8,
        tcp: TcpStream,
        peer: SocketAddr,
        options: &Arc<ServerOptions>,
    ) -> io::Result<ServerConn> {
        let mut stream = match &options.tls {
            Some(served) => Stream::server(tcp, served.current())?,
            None => Stream::plain(tcp),
        };
        stream.register(cx, sub)?;
        let now = cx.now();
        let state = match stream.is_tls() {
            true => State::Tls(now + options.tls_timeout),
            false => State::Head { until: now + options.head_timeout, begun: false },
        };
        Ok(ServerConn {
            stream,
            peer,
            options: options.clone(),
            state,
            input: Vec::new(),
            searched: 0,
            output: VecDeque::new(),
            exchange: Exchange::default(),
            budget: READ_BUDGET,
        })
    }

    /// Takes in what happened.
    pub fn wake(&mut self, _cx: &mut Cx<'_>, wake: &Wake) {
        self.stream.wake(wake);
        self.budget = READ_BUDGET;
    }

    /// The next event.
    pub fn poll(&mut self, cx: &mut Cx<'_>) -> Option<Event> {
        loop {
            match self.advance(cx) {
                Ok(Some(event)) => return Some(event),
                Ok(None) => {}
                Err(Blocked::Wait) => break,
                Err(Blocked::End(why)) => {
                    self.state = State::Closed;
                    self.release();
                    return Some(Event::Closed(why));
                }
            }
        }
        let late = self.deadline().is_some_and(|at| cx.now() >= at);
        late.then(|| self.late(cx)).flatten()
    }

    /// When a wake is needed at the latest.
    pub fn deadline(&self) -> Option<Instant> {
        match &self.state {
            State::Tls(until) | State::Writing(until) => Some(*until),
            // While nothing waits it is the owner's turn, and not the client that is slow.
            State::Pieces { until, .. } => (!self.output.is_empty()).then_some(*until),
            State::Head { until, .. } | State::Body { until, .. } | State::Lingering { until, .. } => {
                Some(*until)
            }
            State::Answering | State::Closed => None,
        }
    }

    /// Answers the request at hand. Ignored when there is none.
    pub fn respond(&mut self, cx: &mut Cx<'_>, response: Response) {
        if !matches!(self.state, State::Answering) {
            return;
        }
        self.exchange.keeps_alive &= !response.headers.has_token("connection", "close");
        self.queue(cx, response);
        // The owner need not know that the next request may be here already.
        cx.again();
    }

    /// Answers the request at hand with a body of `length` bytes that is handed over in pieces: while
    /// [`ServerConn::wants_piece`], give some more to [`ServerConn::push`]. Ignored when there is no request.
    ///
    /// So a large file passes at the pace of the client, without lying in memory.
    pub fn respond_in_pieces(&mut self, cx: &mut Cx<'_>, head: Response, length: u64) {
        if !matches!(self.state, State::Answering) {
            return;
        }
        self.exchange.keeps_alive &= !head.headers.has_token("connection", "close");
        let whole = self.exchange.is_head || head.has_no_body() || length == 0;
        self.queue(cx, head.with("Content-Length", length.to_string()).with_body(Bytes::new()));
        if !whole {
            self.state = State::Pieces { until: cx.now() + self.options.write_timeout, left: length };
        }
        cx.again();
    }

    /// True while more of a body in pieces may be given.
    pub fn wants_piece(&self) -> bool {
        let waiting: usize = self.output.iter().map(Bytes::len).sum();
        matches!(self.state, State::Pieces { left: 1.., .. }) && waiting < LOW_WATER
    }

    /// The next piece of the body. What is over its length is cut off; ignored when there is no such body.
    pub fn push(&mut self, cx: &mut Cx<'_>, piece: Bytes) {
        let State::Pieces { until, left } = &mut self.state else { return };
        let room = usize::try_from(*left).unwrap_or(usize::MAX);
        let piece = piece.slice(..piece.len().min(room));
        if piece.is_empty() {
            return;
        }
        if self.output.is_empty() {
            *until = cx.now() + self.options.write_timeout;
        }
        *left -= piece.len() as u64;
        self.output.push_back(piece);
        cx.again();
    }

    /// Turns the connection into a WebSocket, in answer to `request`.
    ///
    /// A request that asks for none is answered with 426, and the [`ws::Conn`] reports that it closed.
    pub fn upgrade(mut self, cx: &mut Cx<'_>, request: &Request, options: WsOptions) -> ws::Conn {
        cx.again();
        let Some(key) = request.websocket_key() else {
            let refusal = Response::text(426, "This address is for WebSockets (RFC 6455, version 13).\n")
                .with("Upgrade", "websocket")
                .with("Sec-WebSocket-Version", "13");
            self.exchange.keeps_alive = false;
            self.queue(cx, refusal);
            return ws::Conn::refused(self.stream);
        };
        ws::Conn::accepted(cx, self.stream, self.peer, self.input, key, options)
    }

    /// Takes the connection off its chain, for a WebSocket on another one. `request` must ask for a WebSocket.
    ///
    /// # Errors
    /// Fails when the request asks for none, or the socket cannot be taken out of the poll.
    pub fn part(mut self, cx: &mut Cx<'_>, request: &Request) -> io::Result<ws::Parted> {
        let key = request.websocket_key().ok_or_else(|| io::Error::from(ErrorKind::InvalidInput))?;
        self.stream.deregister(cx)?;
        Ok(ws::Parted::new(self.stream, self.peer, self.input, key))
    }

    /// Ends the connection when what was written has left, without waiting for the client.
    pub fn close(&mut self, cx: &mut Cx<'_>) {
        if !matches!(self.state, State::Closed | State::Lingering { .. }) {
            self.linger(cx, ClosedWhy::Done);
            cx.again();
        }
    }

    /// The client's address.
    pub fn peer_addr(&self) -> SocketAddr {
        self.peer
    }

    /// The server's address, as the client reached it.
    ///
    /// # Errors
    /// The system's.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.stream.local_addr()
    }

    /// True when the connection is encrypted by us.
    pub fn is_tls(&self) -> bool {
        self.stream.is_tls()
    }

    /// True while a request waits for its answer.
    pub fn is_answering(&self) -> bool {
        matches!(self.state, State::Answering)
    }

    fn advance(&mut self, cx: &mut Cx<'_>) -> Result<Option<Event>, Blocked> {
        match &mut self.state {
            State::Closed => Err(Blocked::Wait),
            State::Answering => {
                self.flush(cx)?; // a "100 Continue"
                Err(Blocked::Wait)
            }
            State::Tls(_) => match self.stream.handshake() {
                Ok(true) => {
                    self.state = State::Head { until: cx.now() + self.options.head_timeout, begun: false };
                    Ok(None)
                }
                Ok(false) => Err(Blocked::Wait),
                Err(TlsError::Eof) => Err(Blocked::End(ClosedWhy::Tls(TlsError::Eof))),
                Err(e) => {
                    if matches!(e, TlsError::NotTls { first } if first.is_ascii_uppercase()) {
                        self.stream.write_unencrypted(WRONG_PORT);
                    }
                    self.linger(cx, ClosedWhy::Tls(e));
                    Ok(None)
                }
            },
            State::Head { .. } => self.read_head(cx),
            State::Body { .. } => self.read_body(cx),
            State::Pieces { .. } => {
                self.flush(cx)?;
                if matches!(self.state, State::Pieces { left: 1.., .. }) {
                    return Err(Blocked::Wait);
                }
                self.state = State::Writing(cx.now());
                Ok(None)
            }
            State::Writing(_) => {
                self.flush(cx)?;
                if !self.exchange.keeps_alive {
                    self.linger(cx, ClosedWhy::Done);
                    return Ok(None);
                }
                let now = cx.now();
                let begun = !self.input.is_empty();
                let patience = if begun { self.options.head_timeout } else { self.options.idle_timeout };
                self.state = State::Head { until: now + patience, begun };
                Ok(None)
            }
            State::Lingering { why, .. } => {
                let mut sink = [0; 4096];
                match self.stream.read(&mut sink) {
                    Ok(n) if n > 0 && self.budget > 0 => {
                        self.budget = self.budget.saturating_sub(n);
                        Ok(None)
                    }
                    Ok(n) if n > 0 => {
                        cx.again();
                        Err(Blocked::Wait)
                    }
                    Err(e) if e.kind() == ErrorKind::WouldBlock => Err(Blocked::Wait),
                    _ => Err(Blocked::End(why.take().unwrap_or(ClosedWhy::Done))),
                }
            }
        }
    }

    fn read_head(&mut self, cx: &mut Cx<'_>) -> Result<Option<Event>, Blocked> {
        self.flush(cx)?;
        if self.input.len() > self.searched {
            match RequestHead::parse(&self.input, self.searched, &self.options.limits) {
                Ok(Some((head, len))) => {
                    self.input.drain(..len);
                    self.searched = 0;
                    self.begin_body(cx, head);
                    return Ok(None);
                }
                Ok(None) => self.searched = self.input.len(),
                Err(e) => {
                    self.refuse(cx, e);
                    return Ok(None);
                }
            }
        }
        if !self.receive(cx)? {
            // Between requests this is how clients leave.
            let why = if self.input.is_empty() { ClosedWhy::Done } else { ClosedWhy::Eof };
            return Err(Blocked::End(why));
        }
        let now = cx.now();
        if let State::Head { until, begun } = &mut self.state
            && !*begun
        {
            *begun = true;
            *until = (*until).min(now + self.options.head_timeout);
        }
        Ok(None)
    }

    fn begin_body(&mut self, cx: &mut Cx<'_>, head: RequestHead) {
        let RequestHead { request, framing, expects_continue } = head;
        self.exchange = Exchange {
            is_head: request.method == "HEAD",
            is_http_1_0: !request.is_http_1_1,
            keeps_alive: request.keeps_alive(),
        };
        if expects_continue && framing != Framing::Length(0) && self.input.is_empty() {
            self.output.push_back(Bytes::from_static(b"HTTP/1.1 100 Continue\r\n\r\n"));
        }
        self.state = State::Body {
            until: cx.now() + self.options.body_timeout,
            decoder: BodyDecoder::new(framing),
            request: Box::new(request),
        };
    }

    fn read_body(&mut self, cx: &mut Cx<'_>) -> Result<Option<Event>, Blocked> {
        self.flush(cx)?;
        let limit = self.options.limits.body_bytes;
        let State::Body { decoder, request, .. } = &mut self.state else { return Ok(None) };
        let room = (limit + 1).saturating_sub(request.body.len());
        let used = match decoder.decode(&self.input, &mut request.body, room) {
            Ok(used) => used,
            Err(_) => {
                self.refuse(cx, HttpError::Malformed("a chunk of the body"));
                return Ok(None);
            }
        };
        if request.body.len() > limit {
            self.refuse(cx, HttpError::BodyTooLong { limit });
            return Ok(None);
        }
        let done = decoder.is_done();
        self.input.drain(..used);
        if done {
            if self.input.is_empty() {
                self.input = Vec::new(); // the owner may take its time, or make it a WebSocket
            }
            if let State::Body { request, .. } = std::mem::replace(&mut self.state, State::Answering) {
                return Ok(Some(Event::Request(*request)));
            }
        }
        match self.receive(cx)? {
            true => Ok(None),
            false => Err(Blocked::End(ClosedWhy::Eof)),
        }
    }

    /// Reads once into `input`: false at the end of the stream.
    fn receive(&mut self, cx: &mut Cx<'_>) -> Result<bool, Blocked> {
        if self.budget == 0 {
            cx.again();
            return Err(Blocked::Wait);
        }
        let mut buf = [0; 4096];
        match self.stream.read(&mut buf) {
            Ok(n) => {
                self.budget = self.budget.saturating_sub(n);
                self.input.extend_from_slice(&buf[..n]);
                Ok(n > 0)
            }
            Err(e) => Err(Blocked::of(e)),
        }
    }

    fn refuse(&mut self, cx: &mut Cx<'_>, error: HttpError) {
        self.exchange = Exchange::default();
        self.queue(cx, Response::text(error.status(), format!("{error}\n")));
        self.input = Vec::new();
        self.searched = 0;
        if self.flush(cx).is_ok() {
            self.linger(cx, ClosedWhy::Http(error));
        }
    }

    fn queue(&mut self, cx: &mut Cx<'_>, response: Response) {
        let mut head = response.head_bytes(self.exchange.keeps_alive, self.exchange.is_http_1_0);
        let body = match self.exchange.is_head || response.has_no_body() {
            true => Bytes::new(),
            false => response.body,
        };
        if body.len() <= ONE_PIECE {
            head.extend_from_slice(&body);
            self.output.push_back(head.into());
        } else {
            self.output.extend([head.into(), body]);
        }
        self.state = State::Writing(cx.now() + self.options.write_timeout);
        // Mostly it fits; what does not goes on at the next wake, which also learns of errors.
        let _ = self.flush(cx);
    }

    /// Writes until all is out.
    fn flush(&mut self, cx: &Cx<'_>) -> Result<(), Blocked> {
        while let Some(front) = self.output.front_mut() {
            let piece = &front[..front.len().min(32 * 1024)];
            let n = self.stream.write(piece).map_err(Blocked::of)?;
            *front = front.slice(n..);
            if front.is_empty() {
                self.output.pop_front();
            }
            if let State::Writing(until) | State::Pieces { until, .. } = &mut self.state {
                *until = cx.now() + self.options.write_timeout; // progress
            }
        }
        if self.stream.wants_write() {
            self.stream.flush().map_err(Blocked::of)?;
        }
        Ok(())
    }

    fn linger(&mut self, cx: &Cx<'_>, why: ClosedWhy) {
        self.stream.finish();
        self.state = State::Lingering { until: cx.now() + LINGER, why: Some(why) };
    }

    fn late(&mut self, cx: &mut Cx<'_>) -> Option<Event> {
        let stage = match &mut self.state {
            State::Tls(_) => Stage::Tls,
            State::Head { begun: false, .. } => Stage::Idle,
            State::Head { .. } => Stage::Request,
            State::Body { .. } => Stage::Body,
            State::Writing(_) | State::Pieces { .. } => Stage::Write,
            State::Lingering { why, .. } => {
                let why = why.take().unwrap_or(ClosedWhy::Done);
                self.state = State::Closed;
                self.release();
                return Some(Event::Closed(why));
            }
            State::Answering | State::Closed => return None,
        };
        if matches!(stage, Stage::Request | Stage::Body) {
            self.exchange = Exchange::default();
            self.queue(cx, Response::text(408, "The request did not arrive in time.\n"));
        }
        self.stream.finish();
        self.state = State::Closed;
        self.release();
        Some(Event::Closed(ClosedWhy::Deadline(stage)))
    }

    /// Gives back memory; the socket closes with the component.
    fn release(&mut self) {
        self.input = Vec::new();
        self.output = VecDeque::new();
    }
}

/// Why nothing more can be done now.
enum Blocked {
    Wait,
    End(ClosedWhy),
}

impl Blocked {
    fn of(e: io::Error) -> Self {
        match e.kind() {
            ErrorKind::WouldBlock => Blocked::Wait,
            ErrorKind::ConnectionReset | ErrorKind::BrokenPipe | ErrorKind::UnexpectedEof => {
                Blocked::End(ClosedWhy::Eof)
            }
            _ => Blocked::End(match e.downcast::<TlsError>() {
                Ok(tls) => ClosedWhy::Tls(tls),
                Err(e) => ClosedWhy::Io(e.to_string()),
            }),
        }
    }
}
