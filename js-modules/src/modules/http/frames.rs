//! WebSocket frames (RFC 6455) without I/O: bytes in, messages out, and back.

/// A whole message or control frame.
#[derive(Debug, PartialEq, Eq)]
pub enum Message {
    /// Text; its fragments are joined.
    Text(String),
    /// Binary; its fragments are joined.
    Binary(Vec<u8>),
    /// To be answered with a pong of the same bytes.
    Ping(Vec<u8>),
    /// An answer, or a sign of life.
    Pong(Vec<u8>),
    /// The peer closes; without a code it said nothing (section 7.1.5).
    Close(Option<u16>, String),
}

/// Why the connection has to be closed, with the code that tells the peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FrameFault {
    /// For the close frame.
    pub close: u16,
    /// For people.
    pub text: &'static str,
}

/// Section 5.2.
pub mod opcode {
    /// Goes on with a message.
    pub const CONTINUATION: u8 = 0x0;
    /// A text message.
    pub const TEXT: u8 = 0x1;
    /// A binary message.
    pub const BINARY: u8 = 0x2;
    /// Closes.
    pub const CLOSE: u8 = 0x8;
    /// Asks for a pong.
    pub const PING: u8 = 0x9;
    /// Answers a ping.
    pub const PONG: u8 = 0xA;
}

/// Reads the frames of one peer.
#[derive(Debug)]
pub struct Frames {
    /// Frames of clients are masked, those of servers are not (section 5.1).
    masked: bool,
    max_message: usize,
    head: Vec<u8>,
    frame: Option<Frame>,
    /// The message that is being put together, and its opcode.
    message: Vec<u8>,
    opcode: Option<u8>,
    control: Vec<u8>,
    closed: bool,
}

#[derive(Debug)]
struct Frame {
    opcode: u8,
    last: bool,
    left: u64,
    mask: Option<[u8; 4]>,
    /// Where in the mask the next byte is.
    turn: usize,
}

impl Frames {
    /// A reader of what a client (`masked`) or a server sends, for messages up to `max_message` bytes.
    pub fn new(masked: bool, max_message: usize) -> Self {
        Frames {
            masked,
            max_message,
            head: Vec::new(),
            frame: None,
            message: Vec::new(),
            opcode: None,
            control: Vec::new(),
            closed: false,
        }
    }

    /// Reads `input`; whole messages are added to `out`. What follows a close frame is ignored.
    ///
    /// # Errors
    /// The peer broke the protocol.
    pub fn feed(&mut self, mut input: &[u8], out: &mut Vec<Message>) -> Result<(), FrameFault> {
        while !input.is_empty() && !self.closed {
            match self.frame.take() {
                None => {
                    self.head.push(input[0]);
                    input = &input[1..];
                    if let Some(frame) = self.parse_head()? {
                        self.head.clear();
                        self.frame = Some(frame);
                        self.payload(&mut input, out)?;
                    }
                }
                Some(frame) => {
                    self.frame = Some(frame);
                    self.payload(&mut input, out)?;
                }
            }
        }
        Ok(())
    }

    fn parse_head(&mut self) -> Result<Option<Frame>, FrameFault> {
        let head = &self.head;
        if head.len() < 2 {
            return Ok(None);
        }
        let (opcode, last) = (head[0] & 0x0F, head[0] & 0x80 != 0);
        let (short, masked) = (head[1] & 0x7F, head[1] & 0x80 != 0);
        let control = opcode & 0x8 != 0;
        if head[0] & 0x70 != 0 {
            return broken("a reserved bit is set, but no extension was agreed on");
        }
        if masked != self.masked {
            return broken(if masked {
                "a server's frame is masked"
            } else {
                "a client's frame is not masked"
            });
        }
        if !matches!(opcode, 0..=2 | 8..=10) {
            return broken("unknown opcode");
        }
        if control && (!last || short > 125) {
            return broken("a control frame is fragmented or too long");
        }
        if !control && (opcode == opcode::CONTINUATION) != self.opcode.is_some() {
            return broken("a fragment is out of order");
        }
        let wide = match short {
            126 => 2,
            127 => 8,
            _ => 0,
        };
        let need = 2 + wide + if masked { 4 } else { 0 };
        if head.len() < need {
            return Ok(None);
        }
        let left = match wide {
            0 => u64::from(short),
            _ => head[2..2 + wide].iter().fold(0u64, |n, &b| n << 8 | u64::from(b)),
        };
        if left >> 63 != 0 {
            return broken("the length of a frame is negative");
        }
        if !control && left > (self.max_message - self.message.len()) as u64 {
            return Err(FrameFault { close: 1009, text: "the message is too big" });
        }
        if !control && opcode != opcode::CONTINUATION {
            self.opcode = Some(opcode);
        }
        let mask = masked.then(|| [head[need - 4], head[need - 3], head[need - 2], head[need - 1]]);
        Ok(Some(Frame { opcode, last, left, mask, turn: 0 }))
    }

    fn payload(&mut self, input: &mut &[u8], out: &mut Vec<Message>) -> Result<(), FrameFault> {
        let Some(mut frame) = self.frame.take() else { return Ok(()) };
        let n = frame.left.min(input.len() as u64) as usize;
        let (bytes, rest) = input.split_at(n);
        *input = rest;
        let target = if frame.opcode & 0x8 != 0 { &mut self.control } else { &mut self.message };
        let from = target.len();
        target.extend_from_slice(bytes);
        if let Some(mask) = frame.mask {
            unmask(&mut target[from..], mask, frame.turn);
            frame.turn = (frame.turn + n) % 4;
        }
        frame.left -= n as u64;
        if frame.left > 0 {
            self.frame = Some(frame);
            return Ok(());
        }
        if frame.opcode & 0x8 != 0 {
            let bytes = std::mem::take(&mut self.control);
            out.push(match frame.opcode {
                opcode::PING => Message::Ping(bytes),
                opcode::PONG => Message::Pong(bytes),
                _ => {
                    self.closed = true;
                    close_message(&bytes)?
                }
            });
        } else if frame.last {
            let bytes = std::mem::take(&mut self.message);
            out.push(match self.opcode.take() {
                Some(opcode::TEXT) => Message::Text(String::from_utf8(bytes).map_err(|_| not_text())?),
                _ => Message::Binary(bytes),
            });
        }
        Ok(())
    }
}

/// Writes one frame; `mask` is needed on a client.
pub fn frame(opcode: u8, last: bool, payload: &[u8], mask: Option<[u8; 4]>) -> Vec<u8> {
    let mut out = Vec::with_capacity(payload.len() + 14);
    out.push(if last { 0x80 } else { 0 } | opcode);
    let bit = if mask.is_some() { 0x80 } else { 0 };
    match payload.len() {
        n @ 0..=125 => out.push(bit | n as u8),
        n @ 126..=0xFFFF => {
            out.push(bit | 126);
            out.extend_from_slice(&(n as u16).to_be_bytes());
        }
        n => {
            out.push(bit | 127);
            out.extend_from_slice(&(n as u64).to_be_bytes());
        }
    }
    let from = out.len();
    if let Some(mask) = mask {
        out.extend_from_slice(&mask);
        out.extend_from_slice(payload);
        unmask(&mut out[from + 4..], mask, 0);
    } else {
        out.extend_from_slice(payload);
    }
    out
}

/// Section 5.3; `turn` says where in the mask the first byte is.
fn unmask(bytes: &mut [u8], mask: [u8; 4], turn: usize) {
    let key = [mask[turn % 4], mask[(turn + 1) % 4], mask[(turn + 2) % 4], mask[(turn + 3) % 4]];
    let (fours, rest) = bytes.as_chunks_mut::<4>();
    for four in fours {
        *four = (u32::from_ne_bytes(*four) ^ u32::from_ne_bytes(key)).to_ne_bytes();
    }
    for (byte, key) in rest.iter_mut().zip(key) {
        *byte ^= key;
    }
}

/// Section 7.4: which codes may be on the wire.
pub fn is_close_code(code: u16) -> bool {
    matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999)
}

fn close_message(bytes: &[u8]) -> Result<Message, FrameFault> {
    match bytes {
        [] => Ok(Message::Close(None, String::new())),
        [high, low, reason @ ..] => {
            let code = u16::from_be_bytes([*high, *low]);
            if !is_close_code(code) {
                return broken("the close code is none");
            }
            let reason = std::str::from_utf8(reason).map_err(|_| not_text())?;
            Ok(Message::Close(Some(code), reason.to_owned()))
        }
        _ => broken("a close code has two bytes"),
    }
}

fn broken<T>(text: &'static str) -> Result<T, FrameFault> {
    Err(FrameFault { close: 1002, text })
}

fn not_text() -> FrameFault {
    FrameFault { close: 1007, text: "the text is not UTF-8" }
}
