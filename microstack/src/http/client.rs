//! One HTTP exchange of a client.

use std::fmt;
use std::io::{self, ErrorKind, Read, Write};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tungstenite::Bytes;

use super::{
    BodyDecoder, BodyError, Framing, Headers, HttpError, Limits, OpenError, Opened, Opening, Proxy,
    ResponseHead, Route, Stage,
};
use crate::chain::{Cx, Wake};
use crate::net::Resolver;
use crate::tls::Stream;
use crate::wire::ServerUrl;

/// A request to make, and how patiently.
pub struct ClientOptions {
    /// Where to; `https` and plain `http` both work.
    pub url: ServerUrl,
    /// `GET`, `POST` and so on.
    pub method: String,
    /// Fields besides Host, Connection and Content-Length.
    pub headers: Headers,
    /// The body to send.
    pub body: Bytes,
    /// For `https`.
    pub tls: Arc<rustls::ClientConfig>,
    /// Who resolves names.
    pub resolver: Resolver,
    /// A proxy in between.
    pub proxy: Option<Proxy>,
    /// For connecting, the proxy and TLS together.
    pub connect_timeout: Duration,
    /// For each further sign of life of the server.
    pub answer_timeout: Duration,
    /// For heads; bodies are unlimited, since their pieces are handed on.
    pub limits: Limits,
    /// First of [`crate::net::DIAL_SUBS`] `sub` numbers.
    pub sub: u8,
}

impl ClientOptions {
    /// A request with usual patience: 20 s to connect, 30 s for each sign of life.
    pub fn new(
        method: impl Into<String>,
        url: ServerUrl,
        tls: Arc<rustls::ClientConfig>,
        resolver: Resolver,
    ) -> Self {
        ClientOptions {
            url,
            method: method.into(),
            headers: Headers::new(),
            body: Bytes::new(),
            tls,
            resolver,
            proxy: None,
            connect_timeout: Duration::from_secs(20),
            answer_timeout: Duration::from_secs(30),
            limits: Limits::default(),
            sub: 0,
        }
    }
}

/// What a [`ClientConn`] reports. `End` or `Failed` is the last.
#[derive(Debug)]
pub enum Event {
    /// The head of the answer. Redirects are not followed.
    Head(ResponseHead),
    /// A piece of the body.
    Body(Vec<u8>),
    /// The answer is complete.
    End,
    /// It is not going to be.
    Failed(ClientError),
}

/// Why an exchange failed.
#[derive(Debug)]
#[non_exhaustive]
pub enum ClientError {
    /// The server could not be reached.
    Open(OpenError),
    /// Its answer is no acceptable HTTP.
    Http(HttpError),
    /// The body of its answer is damaged.
    Body(BodyError),
    /// It hung up before the answer was complete.
    Eof,
    /// The connection failed.
    Io(String),
    /// It was too slow.
    Deadline(Stage),
}

impl fmt::Display for ClientError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ClientError::Open(e) => e.fmt(f),
            ClientError::Http(e) => e.fmt(f),
            ClientError::Body(e) => e.fmt(f),
            ClientError::Eof => f.write_str("the server hung up before its answer was complete"),
            ClientError::Io(text) => write!(f, "the connection failed: {text}"),
            ClientError::Deadline(stage) => write!(f, "the server did not answer in time, during {stage}"),
        }
    }
}

impl std::error::Error for ClientError {}

/// A component that makes one request and hands out the answer in pieces.
pub struct ClientConn {
    state: State,
    method: String,
    limits: Limits,
    answer_timeout: Duration,
    until: Instant,
    paused: bool,
    budget: usize,
}

enum State {
    Opening { opening: Box<Opening>, request: Vec<u8>, body: Bytes },
    Sending { stream: Stream, request: Vec<u8>, body: Bytes },
    Head { stream: Stream, input: Vec<u8>, searched: usize },
    Body { stream: Stream, input: Vec<u8>, decoder: BodyDecoder },
    Over,
}

/// Bytes read in one turn.
const READ_BUDGET: usize = 64 * 1024;

/// Largest piece of a body handed out.
const PIECE: usize = 16 * 1024;

impl ClientConn {
    /// Sets out.
    pub fn start(cx: &mut Cx<'_>, options: ClientOptions) -> ClientConn {
        let until = cx.now() + options.connect_timeout;
        let request = request_bytes(&options);
        let route = Route {
            host: options.url.host.clone(),
            port: options.url.port,
            tls: options.url.tls.then(|| options.tls.clone()),
            proxy: options.proxy,
            resolver: options.resolver,
            fallback: Vec::new(),
            deadline: until,
            sub: options.sub,
        };
        ClientConn {
            state: State::Opening {
                opening: Box::new(Opening::start(cx, route)),
                request,
                body: options.body,
            },
            method: options.method,
            limits: options.limits,
            answer_timeout: options.answer_timeout,
            until,
            paused: false,
            budget: READ_BUDGET,
        }
    }

    /// Takes in what happened.
    pub fn wake(&mut self, cx: &mut Cx<'_>, wake: &Wake) {
        self.budget = READ_BUDGET;
        match &mut self.state {
            State::Opening { opening, .. } => opening.wake(cx, wake),
            State::Sending { stream, .. } | State::Head { stream, .. } | State::Body { stream, .. } => {
                stream.wake(wake);
            }
            State::Over => {}
        }
    }

    /// The next event.
    pub fn poll(&mut self, cx: &mut Cx<'_>) -> Option<Event> {
        loop {
            match self.advance(cx) {
                Ok(Some(event)) => {
                    if matches!(event, Event::End) {
                        self.state = State::Over;
                    }
                    return Some(event);
                }
                Ok(None) => {}
                Err(None) => break,
                Err(Some(e)) => {
                    self.state = State::Over;
                    return Some(Event::Failed(e));
                }
            }
        }
        let stage = match &self.state {
            State::Sending { .. } | State::Head { .. } => Stage::Request,
            State::Body { .. } if !self.paused => Stage::Body,
            _ => return None,
        };
        if cx.now() < self.until {
            return None;
        }
        self.state = State::Over;
        Some(Event::Failed(ClientError::Deadline(stage)))
    }

    /// When a wake is needed at the latest.
    pub fn deadline(&self) -> Option<Instant> {
        match &self.state {
            State::Opening { opening, .. } => opening.deadline(),
            State::Body { .. } if self.paused => None,
            State::Sending { .. } | State::Head { .. } | State::Body { .. } => Some(self.until),
            State::Over => None,
        }
    }

    /// Reads no more for now; the server feels it soon.
    pub fn pause_reading(&mut self) {
        self.paused = true;
    }

    /// Goes on reading.
    pub fn resume_reading(&mut self, cx: &mut Cx<'_>) {
        if std::mem::take(&mut self.paused) {
            self.until = cx.now() + self.answer_timeout;
            cx.again();
        }
    }

    fn advance(&mut self, cx: &mut Cx<'_>) -> Result<Option<Event>, Option<ClientError>> {
        match &mut self.state {
            State::Over => Err(None),
            State::Opening { opening, request, body } => match opening.poll(cx) {
                None => Err(None),
                Some(Opened::Failed(e)) => Err(Some(ClientError::Open(e))),
                Some(Opened::Ready(stream, _)) => {
                    let (request, body) = (std::mem::take(request), std::mem::take(body));
                    self.state = State::Sending { stream, request, body };
                    self.until = cx.now() + self.answer_timeout;
                    Ok(None)
                }
            },
            State::Sending { stream, request, body } => {
                while !request.is_empty() {
                    let n = stream.write(request).map_err(failed)?;
                    request.drain(..n);
                }
                while !body.is_empty() {
                    let n = stream.write(&body[..body.len().min(2 * PIECE)]).map_err(failed)?;
                    *body = body.slice(n..);
                    self.until = cx.now() + self.answer_timeout;
                }
                stream.flush().map_err(failed)?;
                self.until = cx.now() + self.answer_timeout;
                if let State::Sending { stream, .. } = std::mem::replace(&mut self.state, State::Over) {
                    self.state = State::Head { stream, input: Vec::new(), searched: 0 };
                }
                Ok(None)
            }
            State::Head { .. } => self.read_head(cx),
            State::Body { .. } => self.read_body(cx),
        }
    }

    fn read_head(&mut self, cx: &mut Cx<'_>) -> Result<Option<Event>, Option<ClientError>> {
        let State::Head { stream, input, searched } = &mut self.state else { return Ok(None) };
        if input.len() > *searched {
            match ResponseHead::parse(input, *searched, &self.limits) {
                Err(e) => return Err(Some(ClientError::Http(e))),
                Ok(None) => *searched = input.len(),
                Ok(Some((head, len))) => {
                    input.drain(..len);
                    *searched = 0;
                    if head.status / 100 == 1 {
                        return Ok(None); // an interim answer; the true one follows
                    }
                    let framing =
                        Framing::of_response(&head.headers, !head.is_http_1_1, head.status, &self.method)
                            .map_err(|e| Some(ClientError::Http(e)))?;
                    let decoder = BodyDecoder::new(framing);
                    if let State::Head { stream, input, .. } = std::mem::replace(&mut self.state, State::Over)
                    {
                        self.state = State::Body { stream, input, decoder };
                    }
                    return Ok(Some(Event::Head(head)));
                }
            }
        }
        let n = receive(stream, input, &mut self.budget, cx)?;
        self.until = cx.now() + self.answer_timeout;
        if n == 0 { Err(Some(ClientError::Eof)) } else { Ok(None) }
    }

    fn read_body(&mut self, cx: &mut Cx<'_>) -> Result<Option<Event>, Option<ClientError>> {
        if self.paused {
            return Err(None);
        }
        let State::Body { stream, input, decoder } = &mut self.state else { return Ok(None) };
        let mut piece = Vec::new();
        let used = decoder.decode(input, &mut piece, PIECE).map_err(|e| Some(ClientError::Body(e)))?;
        input.drain(..used);
        if !piece.is_empty() {
            return Ok(Some(Event::Body(piece)));
        }
        if decoder.is_done() {
            return Ok(Some(Event::End));
        }
        let n = receive(stream, input, &mut self.budget, cx)?;
        self.until = cx.now() + self.answer_timeout;
        match n {
            0 if decoder.may_end() => Ok(Some(Event::End)),
            0 => Err(Some(ClientError::Eof)),
            _ => Ok(None),
        }
    }
}

fn receive(
    stream: &mut Stream,
    input: &mut Vec<u8>,
    budget: &mut usize,
    cx: &Cx<'_>,
) -> Result<usize, Option<ClientError>> {
    if *budget == 0 {
        cx.again();
        return Err(None);
    }
    let mut buf = [0; PIECE];
    let n = stream.read(&mut buf).map_err(failed)?;
    *budget = budget.saturating_sub(n);
    input.extend_from_slice(&buf[..n]);
    Ok(n)
}

fn failed(e: io::Error) -> Option<ClientError> {
    match e.kind() {
        ErrorKind::WouldBlock => None,
        ErrorKind::ConnectionReset | ErrorKind::BrokenPipe => Some(ClientError::Eof),
        _ => Some(ClientError::Io(e.to_string())),
    }
}

fn request_bytes(options: &ClientOptions) -> Vec<u8> {
    let clean = |text: &str| text.replace(|c: char| c.is_ascii_control() || c == ' ', "");
    let (method, target) = (clean(&options.method), clean(&options.url.path_and_query));
    let mut out = format!("{method} {target} HTTP/1.1\r\nHost: {}\r\n", options.url.authority()).into_bytes();
    out.extend_from_slice(b"Connection: close\r\n");
    options.headers.write_to(&mut out);
    if !options.body.is_empty() || matches!(method.as_str(), "POST" | "PUT" | "PATCH") {
        out.extend_from_slice(format!("Content-Length: {}\r\n", options.body.len()).as_bytes());
    }
    out.extend_from_slice(b"\r\n");
    out
}
