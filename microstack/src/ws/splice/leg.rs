//! One client of a spliced pair.

use std::io::{self, ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use super::frames::{CLOSE, Found, Held, PING, PONG, Reframer, put_head};
use super::{Goodbye, LegEnd};
use crate::chain::{Cx, Wake};
use crate::http::Headers;
use crate::tls::Stream;
use crate::ws::upgrade;

/// A connection that was taken off its chain after a request for a WebSocket, on its way to another one.
pub struct Parted {
    stream: Stream,
    peer: SocketAddr,
    leftover: Vec<u8>,
    key: String,
}

/// A client's WebSocket whose messages are not taken but passed on. Alone, it is not read.
pub struct Leg {
    pub(super) stream: Stream,
    peer: SocketAddr,
    /// What was read ahead with the request.
    pub(super) leftover: Vec<u8>,
    /// What the socket had no room for.
    out: Vec<u8>,
    sent: usize,
    /// The memory that joined messages among it take.
    held: Held,
    pub(super) frames: Reframer,
    pub(super) due: Due,
    closing: Closing,
    last_received: Instant,
    last_sent: Instant,
}

/// Control frames that wait for a gap between the frames of the other side.
#[derive(Default)]
pub(super) struct Due {
    pub(super) pong: Option<Vec<u8>>,
    pub(super) ping: bool,
}

enum Closing {
    No,
    /// Until when what waits may leave, and the frame after it.
    Wanted(Instant, Vec<u8>),
    /// Until when the client may answer.
    Said(Instant),
    Over,
}

/// For what waits to leave, and for the answer to a close frame.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);
/// RFC 6455 section 5.5: a control frame's payload, less the code.
const MAX_REASON: usize = 123;
/// Control frames wait while more than this waits before them: a client that pings and never reads fills no memory.
const MAX_BEFORE_CONTROL: usize = 1024;
/// What has left is cut off a long queue from this length on.
const CUT: usize = 64 * 1024;

impl Parted {
    pub(crate) fn new(stream: Stream, peer: SocketAddr, leftover: Vec<u8>, key: &str) -> Parted {
        Parted { stream, peer, leftover, key: key.to_owned() }
    }

    /// The client.
    pub fn peer(&self) -> SocketAddr {
        self.peer
    }
}

impl Leg {
    /// Opens the WebSocket on this chain, under the number `sub`.
    ///
    /// # Errors
    /// Fails when the socket cannot be polled.
    pub fn open(cx: &mut Cx<'_>, parted: Parted, sub: u8) -> io::Result<Leg> {
        let Parted { mut stream, peer, leftover, key } = parted;
        stream.register(cx, sub)?;
        cx.again();
        Ok(Leg {
            stream,
            peer,
            leftover,
            out: upgrade::acceptance(&key, None, &Headers::new()),
            sent: 0,
            held: Held::default(),
            frames: Reframer::new(),
            due: Due::default(),
            closing: Closing::No,
            last_received: cx.now(),
            last_sent: cx.now(),
        })
    }

    /// Takes in what happened.
    pub fn wake(&mut self, wake: &Wake) {
        self.stream.wake(wake);
    }

    /// The client.
    pub fn peer(&self) -> SocketAddr {
        self.peer
    }

    /// When the client was last heard of.
    pub fn last_received(&self) -> Instant {
        self.last_received
    }

    /// When the client's socket last took something.
    pub fn last_sent(&self) -> Instant {
        self.last_sent
    }

    /// Bytes that wait for the client to read.
    pub fn backlog(&self) -> usize {
        self.out.len() - self.sent
    }

    /// Lets leave what waits, while the client is alone; `false` when it is gone.
    pub fn settle(&mut self, now: Instant) -> bool {
        self.flush(now).is_ok()
    }

    /// Closes, after what waits already. Then call [`Leg::wind_up`] at each wake until it is over.
    ///
    /// In the middle of a message that passes through, no close frame fits: `is_between` false ends the connection
    /// without one.
    pub fn close(&mut self, now: Instant, code: u16, reason: &str, is_between: bool) {
        if !matches!(self.closing, Closing::No) {
            return;
        }
        let mut frame = Vec::new();
        if is_between {
            let mut end = reason.len().min(MAX_REASON);
            while !reason.is_char_boundary(end) {
                end -= 1;
            }
            put_head(&mut frame, CLOSE, 2 + end as u64);
            frame.extend_from_slice(&code.to_be_bytes());
            frame.extend_from_slice(&reason.as_bytes()[..end]);
        }
        self.closing = Closing::Wanted(now + CLOSE_TIMEOUT, frame);
    }

    /// Goes on with closing; `true` when the connection is over and may be dropped.
    pub fn wind_up(&mut self, now: Instant) -> bool {
        loop {
            match &mut self.closing {
                Closing::No => return false,
                Closing::Over => return true,
                Closing::Wanted(until, _) | Closing::Said(until) if now >= *until => {
                    self.stream.finish();
                    self.closing = Closing::Over;
                }
                Closing::Wanted(until, frame) => {
                    let (until, frame) = (*until, std::mem::take(frame));
                    self.out.extend_from_slice(&frame);
                    match self.flush(now) {
                        Ok(true) if !self.stream.wants_write() => {
                            if frame.is_empty() {
                                self.stream.finish();
                            }
                            self.closing = Closing::Said(until);
                        }
                        Ok(_) => {
                            self.closing = Closing::Wanted(until, Vec::new());
                            return false;
                        }
                        Err(_) => self.closing = Closing::Over,
                    }
                }
                // The client's answer must be read, or it would be lost with an unread socket (spec 9.4).
                Closing::Said(_) => match self.discard() {
                    Some(()) => return false,
                    None => {
                        self.stream.finish();
                        self.closing = Closing::Over;
                    }
                },
            }
        }
    }

    /// When [`Leg::wind_up`] is needed at the latest.
    pub fn deadline(&self) -> Option<Instant> {
        match &self.closing {
            Closing::Wanted(until, _) | Closing::Said(until) => Some(*until),
            Closing::No | Closing::Over => None,
        }
    }

    /// Sends a whole text frame of our own; the owner knows that it fits between frames.
    pub(super) fn put_text(&mut self, text: &str) {
        put_head(&mut self.out, super::frames::TEXT, text.len() as u64);
        self.out.extend_from_slice(text.as_bytes());
    }

    /// Queues the control frames that are due, unless too much waits before them; the owner knows that they fit.
    /// `true` when there is something to flush.
    pub(super) fn put_due(&mut self) -> bool {
        if self.backlog() > MAX_BEFORE_CONTROL {
            return false;
        }
        let before = self.out.len();
        if let Some(body) = self.due.pong.take() {
            put_head(&mut self.out, PONG, body.len() as u64);
            self.out.extend_from_slice(&body);
        }
        if std::mem::take(&mut self.due.ping) {
            put_head(&mut self.out, PING, 0);
        }
        self.out.len() > before
    }

    /// Gives what waits to the socket; `true` when nothing is left.
    pub(super) fn flush(&mut self, now: Instant) -> Result<bool, LegEnd> {
        while self.sent < self.out.len() {
            match self.stream.write(&self.out[self.sent..]) {
                Ok(0) => return Err(LegEnd::Gone),
                Ok(n) => {
                    self.sent += n;
                    self.last_sent = now;
                }
                Err(e) if e.kind() == ErrorKind::WouldBlock => {
                    // Only when it is half of all: each byte is moved a few times at most.
                    if self.sent >= CUT && self.sent >= self.out.len() / 2 {
                        self.out = self.out.split_off(self.sent);
                        self.sent = 0;
                    }
                    return Ok(false);
                }
                Err(_) => return Err(LegEnd::Gone),
            }
        }
        if self.sent > 0 {
            // An idle tunnel holds no buffer.
            (self.out, self.sent, self.held) = (Vec::new(), 0, Held::default());
        }
        match self.stream.flush() {
            Ok(()) => Ok(true),
            Err(e) if e.kind() == ErrorKind::WouldBlock => Ok(true),
            Err(_) => Err(LegEnd::Gone),
        }
    }

    /// Sends bytes of whole or begun frames: what the socket does not take is kept, and `held` with it. Call it
    /// only when nothing waits.
    pub(super) fn send(&mut self, now: Instant, bytes: &[u8], held: Held) -> Result<(), LegEnd> {
        let mut from = 0;
        while from < bytes.len() && self.out.is_empty() {
            match self.stream.write(&bytes[from..]) {
                Ok(0) => return Err(LegEnd::Gone),
                Ok(n) => from += n,
                Err(e) if e.kind() == ErrorKind::WouldBlock => break,
                Err(_) => return Err(LegEnd::Gone),
            }
        }
        if from > 0 {
            self.last_sent = now;
        }
        self.out.extend_from_slice(&bytes[from..]);
        if !self.out.is_empty() {
            self.held.take(held);
        }
        Ok(())
    }

    /// Reads until `buf` is full or the socket is empty; the second value is true at the end of the stream.
    pub(super) fn fill(&mut self, now: Instant, buf: &mut [u8]) -> Result<(usize, bool), LegEnd> {
        let mut filled = 0;
        if !self.leftover.is_empty() {
            filled = buf.len().min(self.leftover.len());
            buf[..filled].copy_from_slice(&self.leftover[..filled]);
            self.leftover.drain(..filled);
            if self.leftover.is_empty() {
                self.leftover = Vec::new();
            }
        }
        let mut ended = false;
        while filled < buf.len() {
            match self.stream.read(&mut buf[filled..]) {
                Ok(0) => {
                    ended = true;
                    break;
                }
                Ok(n) => filled += n,
                Err(e) if e.kind() == ErrorKind::WouldBlock => break,
                // What came before the break is still good.
                Err(_) if filled > 0 => {
                    ended = true;
                    break;
                }
                Err(_) => return Err(LegEnd::Gone),
            }
        }
        if filled > 0 {
            self.last_received = now;
        }
        Ok((filled, ended))
    }

    /// Reads and throws away; `None` when the client has said goodbye or is gone.
    fn discard(&mut self) -> Option<()> {
        let mut buf = [0; 4096];
        let mut nowhere = Vec::new();
        // A client that never stops sending is read for a while only; the deadline ends it.
        for _ in 0..64 {
            let mut found = Found::default();
            let n = match self.leftover.is_empty() {
                true => match self.stream.read(&mut buf) {
                    Ok(0) => return None,
                    Ok(n) => n,
                    Err(e) if e.kind() == ErrorKind::WouldBlock => return Some(()),
                    Err(_) => return None,
                },
                false => {
                    let n = self.leftover.len().min(buf.len());
                    buf[..n].copy_from_slice(&self.leftover[..n]);
                    self.leftover.drain(..n);
                    n
                }
            };
            nowhere.clear();
            let passed = self.frames.pass(&buf[..n], &mut nowhere, &mut found, None);
            if passed.is_err() || found.close.is_some() {
                return None;
            }
        }
        Some(())
    }

    /// The client's close frame was read: answer it and end.
    pub(super) fn answer_goodbye(&mut self, goodbye: &Goodbye, is_between: bool) {
        if is_between {
            let code = goodbye.code.map(u16::to_be_bytes);
            let body = code.as_ref().map_or(&[][..], |code| &code[..]);
            put_head(&mut self.out, CLOSE, body.len() as u64);
            self.out.extend_from_slice(body);
        }
    }

    /// Nothing more is read from the client: what waits leaves, and the connection ends.
    pub(super) fn end(&mut self, now: Instant) {
        self.closing = match self.flush(now) {
            Ok(true) if !self.stream.wants_write() => {
                self.stream.finish();
                Closing::Over
            }
            Ok(_) => Closing::Wanted(now + CLOSE_TIMEOUT, Vec::new()),
            Err(_) => Closing::Over,
        };
    }
}
