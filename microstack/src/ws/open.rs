//! A WebSocket while it is open: reading, writing, saying goodbye.

use std::io::ErrorKind;
use std::time::{Duration, Instant};

use tungstenite::protocol::frame::coding::CloseCode;
use tungstenite::protocol::{CloseFrame, Role};
use tungstenite::{Error, Message};

use super::close::NOT_UTF8;
use super::incoming::{Incoming, Pipe};
use super::outgoing::{Flushed, Outgoing};
use super::{CloseWhy, Event, OpenInfo};
use crate::chain::Cx;
use crate::tls::{Stream, TlsError};

/// The state of an open connection.
pub(super) struct Open {
    pub(super) stream: Stream,
    pub(super) incoming: Incoming,
    pub(super) out: Outgoing,
    leftover: Vec<u8>,
    pub(super) max_backlog: usize,
    /// The backlog was full; Drained is owed.
    pub(super) was_full: bool,
    pub(super) paused: bool,
    news: Option<Box<OpenInfo>>,
    pub(super) goodbye: Goodbye,
    /// Writing failed. What the peer sent before is still read.
    pub(super) broken: Option<CloseWhy>,
}

/// The closing handshake.
pub(super) enum Goodbye {
    No,
    /// We want to close once the queue is empty.
    Wanted(Option<CloseFrame>, Instant),
    /// Our close frame is queued or gone; the peer's is awaited.
    Said(Instant),
    /// The peer closed first; our answer is queued.
    Heard(Box<CloseWhy>, Instant),
}

/// What may be done in one turn.
pub(super) struct Budget {
    read_bytes: usize,
    messages: u32,
}

impl Budget {
    pub(super) const FULL: Budget = Budget { read_bytes: 64 * 1024, messages: 64 };
}

/// Bytes written in one turn.
const WRITE_BUDGET: usize = 256 * 1024;

/// Messages up to this size are copied out of the read buffer, in bytes.
const SMALL: usize = 8 * 1024;

/// For the closing handshake.
pub(super) const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);

/// RFC 6455 section 5.5: a control frame's payload, less the code.
const MAX_REASON: usize = 123;

/// Why an open connection ended, and whether in order.
pub(super) type Ended = (CloseWhy, bool);

impl Open {
    /// A connection whose opening handshake is done; `leftover` came with it.
    pub(super) fn new(
        stream: Stream,
        role: Role,
        leftover: Vec<u8>,
        max_message: usize,
        max_backlog: usize,
        info: OpenInfo,
    ) -> Open {
        Open {
            stream,
            incoming: Incoming::new(role, max_message),
            out: Outgoing::new(role == Role::Client),
            leftover,
            max_backlog,
            was_full: false,
            paused: false,
            news: Some(Box::new(info)),
            goodbye: Goodbye::No,
            broken: None,
        }
    }

    pub(super) fn advance(
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
        // After the peer's close frame there is nothing to read; our own must be answered even by a paused owner.
        while match self.goodbye {
            Goodbye::Heard(..) => false,
            Goodbye::Said(_) => true,
            Goodbye::No | Goodbye::Wanted(..) => !self.paused,
        } {
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
            Err(Error::Io(e)) if e.kind() == ErrorKind::WouldBlock => Ok(None),
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

    pub(super) fn flush(&mut self, cx: &mut Cx<'_>) {
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
    pub(super) fn say_goodbye(&mut self, why: &CloseWhy, clean: bool) {
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

pub(super) fn close_frame(code: u16, text: &str) -> CloseFrame {
    let code = CloseCode::from(code);
    let code = if code.is_allowed() { code } else { CloseCode::Normal };
    let mut end = text.len().min(MAX_REASON);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    CloseFrame { code, reason: text[..end].into() }
}

pub(super) fn broken(e: &std::io::Error) -> CloseWhy {
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
