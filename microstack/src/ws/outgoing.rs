//! Frames on their way out.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::io;

use tungstenite::Bytes;
use tungstenite::protocol::frame::FrameHeader;
use tungstenite::protocol::frame::coding::{Control, OpCode};

use crate::crypto::random_bytes;
use crate::tls::Stream;

/// A queue of whole frames. Bodies are shared with whoever else sends them; a client's mask is applied as they leave.
pub(super) struct Outgoing {
    masks: bool,
    frames: VecDeque<Frame>,
    backlog: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Data,
    Ping,
    /// A pong or a close frame that tungstenite wrote.
    Control,
    /// Not a frame: the server's half of the opening handshake.
    Raw,
}

struct Frame {
    kind: Kind,
    head: [u8; MAX_HEAD],
    head_len: u8,
    mask: [u8; 4],
    body: Bytes,
    sent: usize,
}

/// Whether all could be written.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Flushed {
    All,
    /// The budget of this turn is used up; the socket would take more.
    Budget,
    /// The socket is full.
    Blocked,
}

/// Two bytes, eight of length, four of mask (RFC 6455 section 5.2).
const MAX_HEAD: usize = 14;

/// Two TLS records at a time.
const GATHER_BYTES: usize = 32 * 1024;

thread_local! {
    // Frames are gathered here, so that many small ones share a record and none needs a copy of its own.
    static GATHER: RefCell<Vec<u8>> = RefCell::new(Vec::with_capacity(GATHER_BYTES));
}

impl Frame {
    fn raw(kind: Kind, bytes: Bytes) -> Frame {
        Frame { kind, head: [0; MAX_HEAD], head_len: 0, mask: [0; 4], body: bytes, sent: 0 }
    }

    fn len(&self) -> usize {
        usize::from(self.head_len) + self.body.len()
    }

    /// Adds to `out` what was not sent yet, at most `room` bytes.
    fn copy_to(&self, out: &mut Vec<u8>, room: usize) {
        let head = &self.head[..usize::from(self.head_len)];
        let rest_of_head = head.get(self.sent..).unwrap_or(&[]);
        let rest_of_head = &rest_of_head[..rest_of_head.len().min(room)];
        out.extend_from_slice(rest_of_head);
        let from = self.sent.saturating_sub(head.len());
        let upto = self.body.len().min(from + (room - rest_of_head.len()));
        let start = out.len();
        out.extend_from_slice(&self.body[from..upto]);
        if self.mask != [0; 4] {
            let mut mask = self.mask;
            mask.rotate_left(from % 4);
            for four in out[start..].chunks_mut(4) {
                for (byte, mask) in four.iter_mut().zip(mask) {
                    *byte ^= mask;
                }
            }
        }
    }
}

impl Outgoing {
    pub(super) fn new(masks: bool) -> Self {
        Outgoing { masks, frames: VecDeque::new(), backlog: 0 }
    }

    /// Queues one whole message as one frame.
    pub(super) fn push(&mut self, opcode: OpCode, body: Bytes) {
        let kind = if opcode == OpCode::Control(Control::Ping) { Kind::Ping } else { Kind::Data };
        if kind == Kind::Ping && self.frames.iter().any(|frame| frame.kind == Kind::Ping && frame.sent == 0) {
            return; // one unsent ping asks the same as two
        }
        let mask = self.masks.then(random_bytes::<4>);
        let header = FrameHeader { is_final: true, opcode, mask, ..FrameHeader::default() };
        let mut head = [0; MAX_HEAD];
        let length = body.len() as u64;
        let mut room = &mut head[..];
        // Writing a header into that many bytes cannot fail.
        let written = header.format(length, &mut room).map(|()| room.len()).unwrap_or(0);
        let head_len = (MAX_HEAD - written) as u8;
        let frame = Frame { kind, head, head_len, mask: mask.unwrap_or([0; 4]), body, sent: 0 };
        self.backlog += frame.len();
        match kind {
            Kind::Ping => self.frames.insert(self.head_of_queue(), frame),
            _ => self.frames.push_back(frame),
        }
    }

    /// Queues bytes as they are, before everything else.
    pub(super) fn push_raw(&mut self, bytes: Vec<u8>) {
        self.backlog += bytes.len();
        self.frames.push_front(Frame::raw(Kind::Raw, bytes.into()));
    }

    /// Queues a complete control frame ahead of waiting messages. An older one that has not begun to leave is
    /// replaced: only the last ping needs its pong (RFC 6455 section 5.5.3), and nothing follows a close frame.
    pub(super) fn push_control(&mut self, bytes: &[u8]) {
        let frame = Frame::raw(Kind::Control, Bytes::copy_from_slice(bytes));
        self.backlog += frame.len();
        let waiting = self.frames.iter().take(3).position(|f| f.kind == Kind::Control && f.sent == 0);
        match waiting {
            Some(n) => {
                self.backlog -= self.frames[n].len();
                self.frames[n] = frame;
            }
            None => self.frames.insert(self.head_of_queue(), frame),
        }
    }

    /// The first place that does not break into what is on its way.
    fn head_of_queue(&self) -> usize {
        self.frames.iter().take_while(|frame| frame.sent > 0 || frame.kind == Kind::Raw).count()
    }

    /// Forgets messages that have not begun to leave.
    pub(super) fn drop_messages(&mut self) {
        self.frames.retain(|frame| frame.sent > 0 || !matches!(frame.kind, Kind::Data | Kind::Ping));
        self.backlog = self.frames.iter().map(|frame| frame.len() - frame.sent).sum();
    }

    /// Bytes that no socket has taken yet.
    pub(super) fn backlog(&self) -> usize {
        self.backlog
    }

    pub(super) fn is_empty(&self) -> bool {
        self.frames.is_empty()
    }

    /// Writes until all is out, the socket is full, or `budget` is used up.
    pub(super) fn flush(&mut self, stream: &mut Stream, mut budget: usize) -> io::Result<Flushed> {
        while !self.frames.is_empty() {
            if !stream.can_write() {
                return Ok(Flushed::Blocked);
            }
            if budget == 0 {
                return Ok(Flushed::Budget);
            }
            let written = GATHER.with_borrow_mut(|gather| {
                gather.clear();
                for frame in &self.frames {
                    let room = GATHER_BYTES - gather.len();
                    if room == 0 {
                        break;
                    }
                    frame.copy_to(gather, room);
                }
                io::Write::write(stream, gather)
            });
            match written {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(n) => {
                    self.advance(n);
                    budget = budget.saturating_sub(n);
                }
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => return Ok(Flushed::Blocked),
                Err(e) => return Err(e),
            }
        }
        if self.frames.capacity() > 8 {
            self.frames = VecDeque::new();
        }
        match io::Write::flush(stream) {
            Err(e) if e.kind() == io::ErrorKind::WouldBlock => Ok(Flushed::Blocked),
            Err(e) => Err(e),
            Ok(()) => Ok(Flushed::All),
        }
    }

    fn advance(&mut self, mut n: usize) {
        self.backlog -= n;
        while let Some(front) = self.frames.front_mut() {
            let left = front.len() - front.sent;
            if n < left {
                front.sent += n;
                return;
            }
            n -= left;
            self.frames.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tungstenite::protocol::frame::coding::Data;

    fn drain(out: &mut Outgoing, step: usize) -> Vec<u8> {
        let mut all = Vec::new();
        while let Some(frame) = out.frames.front() {
            let mut piece = Vec::new();
            frame.copy_to(&mut piece, step);
            assert!(piece.len() <= step);
            out.advance(piece.len());
            all.extend(piece);
        }
        assert_eq!(out.backlog(), 0);
        all
    }

    #[test]
    fn masks_do_not_depend_on_where_writes_break_off() {
        for step in [1, 2, 3, 5, 7, 64, 1000] {
            let mut out = Outgoing::new(true);
            let body: Vec<u8> = (0..300u32).map(|n| n as u8).collect();
            out.push(OpCode::Data(Data::Binary), body.clone().into());
            let bytes = drain(&mut out, step);
            let mut cursor = io::Cursor::new(&bytes);
            let (header, len) = FrameHeader::parse(&mut cursor).unwrap().unwrap();
            assert_eq!((header.is_final, len), (true, 300));
            let mask = header.mask.unwrap();
            let at = cursor.position() as usize;
            let plain: Vec<u8> = bytes[at..].iter().enumerate().map(|(n, b)| b ^ mask[n % 4]).collect();
            assert_eq!(plain, body, "step {step}");
        }
    }

    #[test]
    fn control_frames_overtake_waiting_messages_and_do_not_pile_up() {
        let mut out = Outgoing::new(false);
        out.push(OpCode::Data(Data::Binary), Bytes::from_static(b"first"));
        out.advance(3); // on its way
        out.push(OpCode::Data(Data::Binary), Bytes::from_static(b"second"));
        for n in 0..1000u16 {
            out.push_control(&[0x8A, 2, (n >> 8) as u8, n as u8]);
            out.push(OpCode::Control(Control::Ping), Bytes::new());
        }
        assert_eq!(out.frames.len(), 4);
        let rest = drain(&mut out, 7);
        assert_eq!(rest, [b"irst".as_slice(), &[0x89, 0], &[0x8A, 2, 3, 231], b"\x82\x06second"].concat());
    }

    #[test]
    fn dropping_messages_keeps_what_has_begun() {
        let mut out = Outgoing::new(false);
        out.push(OpCode::Data(Data::Text), Bytes::from_static(b"abc"));
        out.push(OpCode::Data(Data::Text), Bytes::from_static(b"def"));
        out.advance(1);
        out.drop_messages();
        assert_eq!(out.backlog(), 4);
        assert_eq!(drain(&mut out, 100), b"\x03abc");
    }
}
