//! Rewriting a client's frames for another client: unmasked, and otherwise as they came. No I/O.

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Rewrites the frames of one client (RFC 6455 section 5).
///
/// A message in one frame passes through in pieces, whatever its length, and nothing of it is kept. A message in
/// several frames is joined up to [`MAX_JOINED`], because real agents lose fragments. Control frames do not pass:
/// they are between the client and us.
pub(super) struct Reframer {
    at: At,
    head: [u8; MAX_HEAD],
    head_len: usize,
    /// The frame whose body is passing.
    frame: Frame,
    /// A message in several frames, so far.
    joined: Option<Joined>,
    control: Vec<u8>,
}

/// What was found among the frames besides what passed.
#[derive(Default, Debug, PartialEq)]
pub(super) struct Found {
    /// The body of the last ping: its pong is due.
    pub(super) ping: Option<Vec<u8>>,
    /// A close frame; nothing after it counts.
    pub(super) close: Option<Goodbye>,
    /// Bytes of message bodies.
    pub(super) payload: u64,
    /// What joined messages that are complete now had taken; kept until they have left.
    pub(super) held: Held,
}

/// Memory for joined messages, of which a process has [`MAX_HELD`] for all its clients. Dropping it gives it back.
#[derive(Default, Debug, PartialEq)]
pub(super) struct Held(usize);

static HELD: AtomicUsize = AtomicUsize::new(0);

impl Held {
    /// Takes more; `false` when there is not enough left.
    fn grow(&mut self, bytes: usize) -> bool {
        let more = |held: usize| held.checked_add(bytes).filter(|held| *held <= MAX_HELD);
        let taken = HELD.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).is_ok();
        if taken {
            self.0 += bytes;
        }
        taken
    }

    /// Takes over what another has.
    pub(super) fn take(&mut self, mut other: Held) {
        self.0 += std::mem::take(&mut other.0);
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        HELD.fetch_sub(self.0, Ordering::Relaxed);
    }
}

/// A client's close frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Goodbye {
    /// Its code, if it gave one.
    pub code: Option<u16>,
    /// Its words.
    pub reason: String,
}

/// Something that looks on while messages pass.
pub trait Tap {
    /// A piece of a message; `ends` on its last.
    fn piece(&mut self, is_text: bool, piece: &[u8], ends: bool);
}

/// How a client broke the protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FrameFault {
    /// A frame without a mask.
    Unmasked,
    /// Bits that only an extension may set, and none was agreed.
    Reserved,
    /// An operation that does not exist.
    Opcode(u8),
    /// A control frame that is long or split.
    Control,
    /// A continuation of nothing, or a new message within another.
    Order,
    /// A length over 63 bits.
    Length,
    /// A message in several frames that is too long to be joined.
    TooLong,
    /// A message in several frames, when no memory is left for such.
    Busy,
}

/// Most bytes of a message that comes in several frames.
pub(super) const MAX_JOINED: usize = 4 << 20;
/// Most bytes that all such messages of this process may take together.
const MAX_HELD: usize = 256 << 20;
/// What [`FrameFault::Busy`] is told: to try again later.
pub(super) const BUSY: u16 = 1013;

/// Two bytes, eight of length, four of mask.
const MAX_HEAD: usize = 14;
/// RFC 6455 section 5.5.
const MAX_CONTROL: usize = 125;

#[derive(Clone, Copy, PartialEq, Eq)]
enum At {
    Head,
    Body,
    /// After a close frame.
    End,
}

#[derive(Clone, Copy, Default)]
struct Frame {
    is_final: bool,
    opcode: u8,
    mask: [u8; 4],
    left: u64,
    /// Where in the mask the next byte stands.
    turn: usize,
}

struct Joined {
    opcode: u8,
    bytes: Vec<u8>,
    held: Held,
}

impl Joined {
    /// For `n` bytes more. Twice the length each time, but never over [`MAX_JOINED`].
    fn make_room(&mut self, n: usize) -> Result<(), FrameFault> {
        let len = self.bytes.len();
        if self.bytes.capacity() - len >= n {
            return Ok(());
        }
        let more = len.min(MAX_JOINED.saturating_sub(len)).max(n);
        if !self.held.grow((len + more).saturating_sub(self.held.0)) {
            return Err(FrameFault::Busy);
        }
        self.bytes.reserve_exact(more);
        Ok(())
    }
}

impl Reframer {
    pub(super) fn new() -> Reframer {
        Reframer {
            at: At::Head,
            head: [0; MAX_HEAD],
            head_len: 0,
            frame: Frame::default(),
            joined: None,
            control: Vec::new(),
        }
    }

    /// True when the other side's stream stands between two frames, so that a frame of our own fits in.
    pub(super) fn is_between(&self) -> bool {
        self.at != At::Body || self.frame.opcode >= CLOSE || self.joined.is_some()
    }

    /// True while a message in several frames has begun and not ended.
    pub(super) fn is_joining(&self) -> bool {
        self.joined.is_some()
    }

    /// Takes all of `input` and appends to `out` what the other client gets.
    pub(super) fn pass(
        &mut self,
        mut input: &[u8],
        out: &mut Vec<u8>,
        found: &mut Found,
        mut tap: Option<&mut (dyn Tap + '_)>,
    ) -> Result<(), FrameFault> {
        while !input.is_empty() && self.at != At::End {
            if self.at == At::Head {
                let Some(len) = self.take_head(&mut input)? else { return Ok(()) };
                self.begin(len, out)?;
                if self.frame.left == 0 {
                    self.end_of_frame(out, found, tap.as_deref_mut())?;
                }
                continue;
            }
            let n = usize::try_from(self.frame.left).unwrap_or(usize::MAX).min(input.len());
            let (piece, rest) = input.split_at(n);
            input = rest;
            self.frame.left -= n as u64;
            match (self.frame.opcode >= CLOSE, &mut self.joined) {
                (true, _) => append_unmasked(&mut self.control, piece, &mut self.frame),
                (false, Some(joined)) => {
                    found.payload += n as u64;
                    joined.make_room(n)?;
                    append_unmasked(&mut joined.bytes, piece, &mut self.frame);
                }
                (false, None) => {
                    found.payload += n as u64;
                    let start = out.len();
                    append_unmasked(out, piece, &mut self.frame);
                    if let Some(tap) = tap.as_deref_mut() {
                        tap.piece(self.frame.opcode == TEXT, &out[start..], self.frame.left == 0);
                    }
                }
            }
            if self.frame.left == 0 {
                self.end_of_frame(out, found, tap.as_deref_mut())?;
            }
        }
        Ok(())
    }

    /// Gathers a frame's head; gives its length of body when it is complete.
    fn take_head(&mut self, input: &mut &[u8]) -> Result<Option<u64>, FrameFault> {
        loop {
            let need = match self.head_len {
                0 | 1 => 2,
                _ => head_need(self.head[1])?,
            };
            if self.head_len >= need {
                break;
            }
            let n = (need - self.head_len).min(input.len());
            if n == 0 {
                return Ok(None);
            }
            self.head[self.head_len..self.head_len + n].copy_from_slice(&input[..n]);
            self.head_len += n;
            *input = &input[n..];
        }
        let length = match self.head[1] & 0x7F {
            126 => u64::from(u16::from_be_bytes([self.head[2], self.head[3]])),
            127 => {
                let mut eight = [0; 8];
                eight.copy_from_slice(&self.head[2..10]);
                u64::from_be_bytes(eight)
            }
            short => u64::from(short),
        };
        Ok(Some(length))
    }

    /// Judges a complete head and passes it on.
    fn begin(&mut self, length: u64, out: &mut Vec<u8>) -> Result<(), FrameFault> {
        let first = self.head[0];
        let mut mask = [0; 4];
        mask.copy_from_slice(&self.head[self.head_len - 4..self.head_len]);
        self.head_len = 0;
        if first & 0x70 != 0 {
            return Err(FrameFault::Reserved);
        }
        if length >> 63 != 0 {
            return Err(FrameFault::Length);
        }
        let (is_final, opcode) = (first & 0x80 != 0, first & 0x0F);
        self.frame = Frame { is_final, opcode, mask, left: length, turn: 0 };
        self.at = At::Body;
        match (opcode, &mut self.joined) {
            (CLOSE | PING | PONG, _) => {
                if !is_final || length > MAX_CONTROL as u64 {
                    return Err(FrameFault::Control);
                }
                self.control.clear();
                Ok(())
            }
            (CONTINUATION, Some(joined)) => match joined.bytes.len() as u64 + length {
                total if total > MAX_JOINED as u64 => Err(FrameFault::TooLong),
                _ => Ok(()),
            },
            (TEXT | BINARY, None) if is_final => {
                put_head(out, opcode, length);
                Ok(())
            }
            (TEXT | BINARY, None) if length > MAX_JOINED as u64 => Err(FrameFault::TooLong),
            (TEXT | BINARY, joined @ None) => {
                *joined = Some(Joined { opcode, bytes: Vec::new(), held: Held::default() });
                Ok(())
            }
            (CONTINUATION | TEXT | BINARY, _) => Err(FrameFault::Order),
            (other, _) => Err(FrameFault::Opcode(other)),
        }
    }

    fn end_of_frame(
        &mut self,
        out: &mut Vec<u8>,
        found: &mut Found,
        tap: Option<&mut (dyn Tap + '_)>,
    ) -> Result<(), FrameFault> {
        self.at = At::Head;
        match self.frame.opcode {
            PING => found.ping = Some(std::mem::take(&mut self.control)),
            PONG => {}
            CLOSE => {
                self.at = At::End;
                found.close = Some(goodbye(&self.control)?);
            }
            _ => match self.joined.take() {
                Some(joined) if self.frame.is_final => {
                    put_head(out, joined.opcode, joined.bytes.len() as u64);
                    out.extend_from_slice(&joined.bytes);
                    if let Some(tap) = tap {
                        tap.piece(joined.opcode == TEXT, &joined.bytes, true);
                    }
                    found.held.take(joined.held);
                }
                Some(joined) => self.joined = Some(joined),
                // An empty message has had no piece yet.
                None => {
                    if let (Some(tap), 0) = (tap, self.frame.turn) {
                        tap.piece(self.frame.opcode == TEXT, &[], true);
                    }
                }
            },
        }
        Ok(())
    }
}

/// The length of a head, by its second byte.
fn head_need(second: u8) -> Result<usize, FrameFault> {
    if second & 0x80 == 0 {
        return Err(FrameFault::Unmasked);
    }
    Ok(match second & 0x7F {
        126 => 8,
        127 => MAX_HEAD,
        _ => 6,
    })
}

fn goodbye(body: &[u8]) -> Result<Goodbye, FrameFault> {
    match body.split_first_chunk::<2>() {
        Some((code, text)) => Ok(Goodbye {
            code: Some(u16::from_be_bytes(*code)),
            reason: String::from_utf8_lossy(text).into_owned(),
        }),
        None if body.is_empty() => Ok(Goodbye { code: None, reason: String::new() }),
        None => Err(FrameFault::Control),
    }
}

/// The head of an unmasked, whole frame.
pub(super) fn put_head(out: &mut Vec<u8>, opcode: u8, length: u64) {
    out.push(0x80 | opcode);
    match length {
        0..=125 => out.push(length as u8),
        126..=0xFFFF => {
            out.push(126);
            out.extend_from_slice(&(length as u16).to_be_bytes());
        }
        _ => {
            out.push(127);
            out.extend_from_slice(&length.to_be_bytes());
        }
    }
}

fn append_unmasked(out: &mut Vec<u8>, piece: &[u8], frame: &mut Frame) {
    let start = out.len();
    out.extend_from_slice(piece);
    let mut mask = frame.mask;
    mask.rotate_left(frame.turn % 4);
    frame.turn = (frame.turn + piece.len()) % 4 + 4;
    let wide = u64::from_ne_bytes([mask[0], mask[1], mask[2], mask[3], mask[0], mask[1], mask[2], mask[3]]);
    let (eights, rest) = out[start..].as_chunks_mut::<8>();
    for eight in eights {
        *eight = (u64::from_ne_bytes(*eight) ^ wide).to_ne_bytes();
    }
    for (byte, mask) in rest.iter_mut().zip(mask.iter().cycle()) {
        *byte ^= mask;
    }
}

pub(super) const CONTINUATION: u8 = 0x0;
pub(super) const TEXT: u8 = 0x1;
pub(super) const BINARY: u8 = 0x2;
pub(super) const CLOSE: u8 = 0x8;
pub(super) const PING: u8 = 0x9;
pub(super) const PONG: u8 = 0xA;

impl FrameFault {
    /// The close code it deserves (RFC 6455 section 7.4.1).
    pub(super) fn code(self) -> u16 {
        match self {
            FrameFault::TooLong => 1009,
            FrameFault::Busy => BUSY,
            _ => 1002,
        }
    }
}

impl fmt::Display for FrameFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FrameFault::Unmasked => f.write_str("a frame without a mask"),
            FrameFault::Reserved => f.write_str("a frame of an extension that was not agreed on"),
            FrameFault::Opcode(opcode) => write!(f, "a frame of the unknown kind {opcode:#x}"),
            FrameFault::Control => f.write_str("a control frame that is malformed"),
            FrameFault::Order => f.write_str("a fragment without its message"),
            FrameFault::Length => f.write_str("a frame of an impossible length"),
            FrameFault::TooLong => write!(f, "a message in several frames of over {MAX_JOINED} bytes"),
            FrameFault::Busy => f.write_str("no memory is left for messages in several frames"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn masked(first: u8, body: &[u8], mask: [u8; 4]) -> Vec<u8> {
        let mut frame = vec![first];
        match body.len() {
            n @ 0..=125 => frame.push(0x80 | n as u8),
            n @ 126..=0xFFFF => {
                frame.push(0xFE);
                frame.extend_from_slice(&(n as u16).to_be_bytes());
            }
            n => {
                frame.push(0xFF);
                frame.extend_from_slice(&(n as u64).to_be_bytes());
            }
        }
        frame.extend_from_slice(&mask);
        frame.extend(body.iter().enumerate().map(|(n, byte)| byte ^ mask[n % 4]));
        frame
    }

    fn plain(opcode: u8, body: &[u8]) -> Vec<u8> {
        let mut frame = Vec::new();
        put_head(&mut frame, opcode, body.len() as u64);
        frame.extend_from_slice(body);
        frame
    }

    fn body(length: usize) -> Vec<u8> {
        (0..length).map(|n| (n * 7 + n / 251) as u8).collect()
    }

    fn run(input: &[u8], step: usize) -> Result<(Vec<u8>, Found), FrameFault> {
        let (mut frames, mut out, mut found) = (Reframer::new(), Vec::new(), Found::default());
        for piece in input.chunks(step) {
            frames.pass(piece, &mut out, &mut found, None)?;
        }
        Ok((out, found))
    }

    #[test]
    fn messages_of_all_lengths_pass_at_any_cut() {
        let (mut input, mut wanted, mut payload) = (Vec::new(), Vec::new(), 0);
        for (n, length) in [0, 1, 3, 125, 126, 127, 1000, 65_535, 65_536, 70_001].into_iter().enumerate() {
            let opcode = if n % 2 == 0 { BINARY } else { TEXT };
            let body = body(length);
            payload += length as u64;
            input.extend(masked(0x80 | opcode, &body, [n as u8, 0xA5, 0, 0x3C]));
            wanted.extend(plain(opcode, &body));
        }
        for step in [1, 2, 3, 7, 13, 4096, usize::MAX] {
            let (out, found) = run(&input, step).unwrap();
            assert!(out == wanted, "step {step}");
            assert_eq!(found, Found { payload, ..Found::default() });
        }
    }

    #[test]
    fn fragments_are_joined_and_control_frames_stay_out() {
        let mut input = masked(BINARY, b"one ", [1, 2, 3, 4]);
        input.extend(masked(0x80 | PING, b"are you there", [9, 9, 9, 9]));
        input.extend(masked(CONTINUATION, b"", [1, 2, 3, 4]));
        input.extend(masked(0x80 | CONTINUATION, b"message", [5, 6, 7, 8]));
        input.extend(masked(0x80 | PONG, b"", [0; 4]));
        input.extend(masked(0x80 | CLOSE, b"\x03\xe8bye", [5, 6, 7, 8]));
        input.extend(masked(0x80 | TEXT, b"after the end", [5, 6, 7, 8]));
        for step in [1, 5, usize::MAX] {
            let (out, found) = run(&input, step).unwrap();
            assert_eq!(out, plain(BINARY, b"one message"));
            assert_eq!(found.ping.as_deref(), Some(&b"are you there"[..]));
            assert_eq!(found.close, Some(Goodbye { code: Some(1000), reason: "bye".into() }));
        }
    }

    #[test]
    fn what_is_joined_is_counted_until_it_has_left() {
        let (mut frames, mut out, mut found) = (Reframer::new(), Vec::new(), Found::default());
        frames.pass(&masked(BINARY, &body(70_000), [1; 4]), &mut out, &mut found, None).unwrap();
        frames.pass(&masked(CONTINUATION, &body(70_001), [2; 4]), &mut out, &mut found, None).unwrap();
        assert!(frames.is_joining() && found.held == Held::default());
        let held = frames.joined.as_ref().unwrap().held.0;
        assert!((140_001..=280_002).contains(&held), "{held}");
        frames.pass(&masked(0x80, b"", [3; 4]), &mut out, &mut found, None).unwrap();
        assert!(!frames.is_joining());
        assert_eq!(found.held.0, held);
        let mut leg = Held::default();
        leg.take(std::mem::take(&mut found.held));
        assert_eq!((leg.0, found.held.0), (held, 0));
        assert!(!leg.grow(MAX_HELD) && leg.0 == held, "all of it is more than is left");
    }

    #[test]
    fn the_longest_joined_message_takes_no_more_than_its_cap() {
        let (mut frames, mut out, mut found) = (Reframer::new(), Vec::new(), Found::default());
        let piece = masked(CONTINUATION, &body(65_000), [1; 4]);
        frames.pass(&masked(BINARY, b"", [1; 4]), &mut out, &mut found, None).unwrap();
        for _ in 0..MAX_JOINED / 65_000 {
            frames.pass(&piece, &mut out, &mut found, None).unwrap();
        }
        assert!(frames.joined.as_ref().is_some_and(|joined| joined.held.0 <= MAX_JOINED));
        assert_eq!(frames.pass(&piece, &mut out, &mut found, None), Err(FrameFault::TooLong));
    }

    #[test]
    fn a_frame_of_ours_fits_only_between_frames() {
        let (mut frames, mut out, mut found) = (Reframer::new(), Vec::new(), Found::default());
        let frame = masked(0x80 | BINARY, &body(300), [1; 4]);
        assert!(frames.is_between());
        frames.pass(&frame[..3], &mut out, &mut found, None).unwrap();
        assert!(frames.is_between() && out.is_empty(), "nothing of the frame has left yet");
        frames.pass(&frame[3..100], &mut out, &mut found, None).unwrap();
        assert!(!frames.is_between());
        frames.pass(&frame[100..], &mut out, &mut found, None).unwrap();
        assert!(frames.is_between());
        frames.pass(&masked(BINARY, b"first of two", [1; 4])[..10], &mut out, &mut found, None).unwrap();
        assert!(frames.is_between(), "a message that is being joined is not on its way");
    }

    #[test]
    fn what_breaks_the_protocol_is_refused() {
        for (input, fault) in [
            (vec![0x82, 0x01, 0, 0, 0, 0, 0], FrameFault::Unmasked),
            (masked(0xC2, b"x", [0; 4]), FrameFault::Reserved),
            (masked(0x83, b"x", [0; 4]), FrameFault::Opcode(3)),
            (masked(0x80, b"x", [0; 4]), FrameFault::Order),
            ([masked(BINARY, b"x", [0; 4]), masked(0x82, b"x", [0; 4])].concat(), FrameFault::Order),
            (masked(PING, b"x", [0; 4]), FrameFault::Control),
            (masked(0x89, &body(126), [0; 4]), FrameFault::Control),
            (masked(0x88, b"x", [0; 4]), FrameFault::Control),
            ([&[0x82, 0xFF][..], &[0xFF; 12]].concat(), FrameFault::Length),
            ([&[0x02, 0xFF, 0, 0, 0, 0][..], &[0x7F; 8]].concat(), FrameFault::TooLong),
        ] {
            assert_eq!(run(&input, 1).err(), Some(fault));
        }
    }

    #[test]
    fn the_tap_sees_every_message_whole() {
        #[derive(Default)]
        struct Seen(Vec<(bool, Vec<u8>)>, Vec<u8>);
        impl Tap for Seen {
            fn piece(&mut self, is_text: bool, piece: &[u8], ends: bool) {
                self.1.extend_from_slice(piece);
                if ends {
                    self.0.push((is_text, std::mem::take(&mut self.1)));
                }
            }
        }
        let mut input = masked(0x82, &body(500), [4, 3, 2, 1]);
        input.extend(masked(TEXT, b"in ", [1; 4]));
        input.extend(masked(0x80, b"two", [2; 4]));
        input.extend(masked(0x81, b"", [2; 4]));
        for step in [1, 11, usize::MAX] {
            let (mut frames, mut out, mut found) = (Reframer::new(), Vec::new(), Found::default());
            let mut seen = Seen::default();
            for piece in input.chunks(step) {
                frames.pass(piece, &mut out, &mut found, Some(&mut seen)).unwrap();
            }
            assert_eq!(seen.0, [(false, body(500)), (true, b"in two".to_vec()), (true, Vec::new())]);
        }
    }
}
