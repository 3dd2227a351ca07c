//! Numbered records in both directions, over any number of links: what must be sent again, what is taken, when to wait.
//!
//! One side of it. Keys and links are the business of [`crate::Client`] and [`crate::Device`].

use std::collections::VecDeque;

use crate::error::{Error, SendError};
use crate::record::{CloseCode, MAX_PAYLOAD, Numbered, Record, short_reason};
use crate::seal::Sealer;

/// Bytes that may be under way without an acknowledgement.
pub const WINDOW_BYTES: usize = 1 << 20;
/// Records that may be under way without an acknowledgement.
pub const WINDOW_RECORDS: usize = 4096;
/// Bytes that an owner may queue who hears afterwards that he should wait; and one message.
pub const MAX_KEPT_BYTES: usize = 4 << 20;
/// Records for the same.
pub const MAX_KEPT_RECORDS: usize = 2 * WINDOW_RECORDS;
/// Largest message in bytes.
pub const MAX_MESSAGE: usize = 4 << 20;
/// A receiver acknowledges after so many bytes …
const ACK_BYTES: usize = 64 * 1024;
/// … or so many records.
const ACK_RECORDS: u64 = 64;

/// One frame of the session protocol inside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// A text frame.
    Text(String),
    /// A binary frame.
    Binary(Vec<u8>),
}

/// What a receiver's owner takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Taken {
    /// A message.
    Message(Message),
    /// The other side ended the session.
    Closed {
        /// Why.
        code: CloseCode,
        /// Why, in the other side's words: hostile text.
        reason: String,
    },
}

/// One side's half of a session's records.
#[derive(Default)]
pub struct Stream {
    /// Numbered records that are not acknowledged, from number `base` on.
    kept: VecDeque<Numbered>,
    kept_bytes: usize,
    base: u64,
    /// Number of the next record for this link.
    next: u64,
    /// One more than the highest number that any link has carried.
    high: u64,
    /// Bytes of the records from `base` to `next`.
    flying_bytes: usize,
    closing: bool,
    wants_room: bool,

    received: u64,
    /// Records that the link will bring again, though we have them.
    known: u64,
    taken: u64,
    acked: u64,
    inbox: VecDeque<Numbered>,
    /// Bytes that arrived and are not acknowledged.
    unacked_bytes: usize,
    taken_bytes: usize,
    partial: Vec<u8>,
    in_message: bool,
    paused: bool,
    owes_ack: bool,
    owes_ping: bool,
    peer_closed: bool,
}

impl Stream {
    /// Queues a message.
    ///
    /// # Errors
    /// [`SendError`]; the message is not queued then.
    pub fn send(&mut self, text: bool, bytes: &[u8]) -> Result<(), SendError> {
        self.queue(text, bytes, true)
    }

    /// As [`Stream::send`] for an owner who looks at [`Stream::room`] afterwards: the window is no limit, but
    /// [`MAX_KEPT_BYTES`] and [`MAX_KEPT_RECORDS`] are.
    ///
    /// # Errors
    /// As there.
    pub fn send_beyond(&mut self, text: bool, bytes: &[u8]) -> Result<(), SendError> {
        self.queue(text, bytes, false)
    }

    fn queue(&mut self, text: bool, bytes: &[u8], patient: bool) -> Result<(), SendError> {
        if self.closing {
            return Err(SendError::Ended);
        }
        if bytes.len() > MAX_MESSAGE {
            return Err(SendError::TooLong);
        }
        let most = if patient { WINDOW_BYTES } else { MAX_KEPT_BYTES };
        if self.kept_bytes >= most
            || self.kept.len() >= if patient { WINDOW_RECORDS } else { MAX_KEPT_RECORDS }
        {
            self.wants_room = true;
            return Err(SendError::Full);
        }
        let mut rest = bytes;
        loop {
            let (payload, after) = rest.split_at(rest.len().min(MAX_PAYLOAD));
            let more = !after.is_empty();
            self.keep(Numbered::Data { text, more, payload: payload.to_vec() });
            rest = after;
            if !more {
                break;
            }
        }
        if self.room() == 0 {
            self.wants_room = true;
        }
        Ok(())
    }

    /// Queues the end behind everything else. Later messages are refused; a second end is ignored.
    pub fn close(&mut self, code: CloseCode, reason: &str) {
        if !self.closing {
            self.keep(Numbered::Close { code, reason: short_reason(reason) });
            self.closing = true;
        }
    }

    fn keep(&mut self, record: Numbered) {
        self.kept_bytes += record.weight();
        self.kept.push_back(record);
    }

    /// Bytes that may be queued now; a message is taken whole when it is not 0.
    pub fn room(&self) -> usize {
        if self.kept.len() >= WINDOW_RECORDS { 0 } else { WINDOW_BYTES.saturating_sub(self.kept_bytes) }
    }

    /// Bytes queued or under way.
    pub fn buffered(&self) -> usize {
        self.kept_bytes
    }

    /// True once after the window was full and half of it is free again.
    pub fn has_room_again(&mut self) -> bool {
        let free = self.kept_bytes <= WINDOW_BYTES / 2 && self.kept.len() <= WINDOW_RECORDS / 2;
        self.wants_room && free && {
            self.wants_room = false;
            true
        }
    }

    /// Whether the end was queued and the other side has taken it.
    pub fn is_closed_and_taken(&self) -> bool {
        self.closing && self.kept.is_empty()
    }

    /// Whether the end was queued.
    pub fn is_closing(&self) -> bool {
        self.closing
    }

    /// A link begins; the other side expects record `peer_received` next, and was told that we expect `told`. What an
    /// old link has brought since then comes again, and is passed over.
    ///
    /// # Errors
    /// [`Error::Gap`] when that is none we can give.
    pub fn attach(&mut self, peer_received: u64, told: u64) -> Result<(), Error> {
        self.can_attach(peer_received)?;
        self.known = self.received - told;
        self.next = peer_received;
        let flying = (self.next - self.base) as usize;
        self.flying_bytes = self.kept.iter().take(flying).map(Numbered::weight).sum();
        self.owes_ping = false;
        Ok(())
    }

    /// As [`Stream::attach`] without doing it.
    ///
    /// # Errors
    /// As there.
    pub fn can_attach(&self, peer_received: u64) -> Result<(), Error> {
        if peer_received < self.base || peer_received > self.high { Err(Error::Gap) } else { Ok(()) }
    }

    /// Number of the next record that is expected.
    pub fn received(&self) -> u64 {
        self.received
    }

    /// Asks for an ack of ours with the next frames.
    pub fn owe_ack(&mut self) {
        self.owes_ack = true;
    }

    /// Asks the other side for an ack with the next frames.
    pub fn owe_ping(&mut self) {
        self.owes_ping = true;
    }

    /// The next frame for the link.
    pub fn next_frame(&mut self, sealer: &mut Sealer) -> Option<Vec<u8>> {
        let due = self.taken_bytes >= ACK_BYTES || self.taken - self.acked >= ACK_RECORDS;
        if self.owes_ack || due {
            self.owes_ack = false;
            self.acked = self.taken;
            self.unacked_bytes -= self.taken_bytes;
            self.taken_bytes = 0;
            return Some(sealer.seal(Record::Ack(self.taken).emit()));
        }
        if self.owes_ping {
            self.owes_ping = false;
            return Some(sealer.seal(Record::Ping.emit()));
        }
        let at = (self.next - self.base) as usize;
        let record = self.kept.get(at)?;
        // One record always goes: it may be as large as the window is then.
        if at >= WINDOW_RECORDS || (at > 0 && self.flying_bytes + record.weight() > WINDOW_BYTES) {
            return None;
        }
        self.flying_bytes += record.weight();
        self.next += 1;
        self.high = self.high.max(self.next);
        Some(sealer.seal(record.emit()))
    }

    /// A record arrived and was opened.
    ///
    /// # Errors
    /// [`Error::Record`] when the other side breaks the protocol.
    pub fn record(&mut self, plain: &[u8]) -> Result<(), Error> {
        match Record::parse(plain)? {
            Record::Numbered(_) if self.known > 0 => self.known -= 1,
            Record::Numbered(numbered) => {
                if self.peer_closed {
                    return Err(Error::Record("a record after the end"));
                }
                self.unacked_bytes += numbered.weight();
                let waiting = self.received - self.acked;
                if self.unacked_bytes > WINDOW_BYTES + MAX_PAYLOAD || waiting > WINDOW_RECORDS as u64 {
                    return Err(Error::Record("more is sent than the window allows"));
                }
                self.peer_closed = matches!(numbered, Numbered::Close { .. });
                self.received += 1;
                self.inbox.push_back(numbered);
            }
            Record::Ack(number) => {
                if number > self.next {
                    return Err(Error::Record("something is acknowledged that was not sent"));
                }
                while self.base < number {
                    // Invariant: `kept` holds everything from `base` to `next`.
                    let record = self.kept.pop_front().expect("a sent record is kept");
                    self.kept_bytes -= record.weight();
                    self.flying_bytes -= record.weight();
                    self.base += 1;
                }
            }
            Record::Ping => self.owes_ack = true,
        }
        Ok(())
    }

    /// Stops or goes on with [`Stream::take`]. What arrives meanwhile waits, and the other side with it.
    pub fn pause(&mut self, paused: bool) {
        self.paused = paused;
    }

    /// The next whole message, or the end.
    ///
    /// # Errors
    /// [`Error::Record`] when a message is longer than allowed, mixed, or a text is no UTF-8.
    pub fn take(&mut self) -> Result<Option<Taken>, Error> {
        while !self.paused {
            let Some(record) = self.inbox.pop_front() else { break };
            self.taken += 1;
            self.taken_bytes += record.weight();
            match record {
                Numbered::Close { code, reason } => {
                    self.owes_ack = true;
                    return Ok(Some(Taken::Closed { code, reason }));
                }
                Numbered::Data { text, more, payload } => {
                    let whole = if self.in_message {
                        if self.partial.len() + payload.len() > MAX_MESSAGE {
                            return Err(Error::Record("a message is too long"));
                        }
                        self.partial.extend_from_slice(&payload);
                        if !more { std::mem::take(&mut self.partial) } else { Vec::new() }
                    } else if more {
                        self.partial = payload;
                        Vec::new()
                    } else {
                        payload
                    };
                    self.in_message = more;
                    if more {
                        continue;
                    }
                    let message = if text {
                        match String::from_utf8(whole) {
                            Ok(text) => Message::Text(text),
                            Err(_) => return Err(Error::Record("a text is no UTF-8")),
                        }
                    } else {
                        Message::Binary(whole)
                    };
                    return Ok(Some(Taken::Message(message)));
                }
            }
        }
        Ok(None)
    }
}
