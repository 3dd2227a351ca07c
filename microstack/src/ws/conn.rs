//! One WebSocket, as a component.

use std::io::{ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::time::Instant;

use tungstenite::Bytes;
use tungstenite::protocol::Role;
use tungstenite::protocol::frame::coding::{Control, Data, OpCode};

use super::open::{Budget, CLOSE_TIMEOUT, Goodbye, Open, broken, close_frame};
use super::{ClientOptions, CloseInfo, CloseWhy, Event, OpenInfo, SendError, WsOptions, upgrade};
use crate::chain::{Cx, Wake};
use crate::http::{Headers, Opened, Opening, Route, Stage};
use crate::tls::Stream;

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
        let info = OpenInfo {
            peer_addr: peer,
            local_addr: stream.local_addr().ok(),
            peer_cert_der: None,
            headers: Headers::new(),
        };
        let mut open =
            Open::new(stream, Role::Server, leftover, options.max_message, options.max_backlog, info);
        open.out.push_raw(upgrade::acceptance(key, options.protocol.as_deref(), &options.headers));
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
        let Setup { max_message, max_backlog, .. } = self.setup;
        Open::new(self.stream, Role::Client, self.answer, max_message, max_backlog, info)
    }
}
