//! Frames on their way in: tungstenite, fed from the stream, with its buffers given back whenever nothing is in them.

use std::io::{self, Read, Write};

use tungstenite::protocol::{CloseFrame, Role, WebSocketConfig, WebSocketContext};
use tungstenite::{Error, Message};

use super::outgoing::Outgoing;
use crate::tls::Stream;

/// Reads messages. Between messages it holds no buffer at all: tungstenite's would keep the memory of the largest
/// message ever seen.
pub(super) struct Incoming {
    role: Role,
    max_message: usize,
    context: Option<Box<WebSocketContext>>,
    boundary: Boundary,
    taken: u64,
}

/// What tungstenite reads from and writes to during one call.
pub(super) struct Pipe<'a> {
    pub(super) stream: &'a mut Stream,
    /// Bytes that came with the opening handshake.
    pub(super) leftover: &'a mut Vec<u8>,
    /// Where its pongs and close frames go. It takes everything, so tungstenite never holds one back.
    pub(super) out: &'a mut Outgoing,
    /// Bytes that may still be read in this turn.
    pub(super) budget: &'a mut usize,
    /// Set when bytes came.
    pub(super) got: bool,
}

/// Enough for several small messages, little enough to make and drop at each wake.
const READ_BUFFER: usize = 4096;

impl Incoming {
    pub(super) fn new(role: Role, max_message: usize) -> Self {
        Incoming { role, max_message, context: None, boundary: Boundary::default(), taken: 0 }
    }

    /// The next message. Replies to control frames are queued in the pipe's outgoing side.
    pub(super) fn read(&mut self, pipe: &mut Pipe<'_>) -> Result<Message, Error> {
        let context = self.context.get_or_insert_with(|| new_context(self.role, self.max_message));
        let mut watched = Watched { pipe, boundary: &mut self.boundary };
        let message = context.read(&mut watched)?;
        self.taken += 1;
        if matches!(message, Message::Ping(_) | Message::Close(_)) {
            // Its answer is only noted by `read`. A server's answer to Close ends with ConnectionClosed.
            match context.flush(&mut watched) {
                Ok(()) | Err(Error::ConnectionClosed) => {}
                Err(e) => return Err(e),
            }
        }
        self.rest();
        Ok(message)
    }

    /// Queues a close frame; its answer comes as [`Message::Close`].
    pub(super) fn close(&mut self, pipe: &mut Pipe<'_>, frame: Option<CloseFrame>) -> Result<(), Error> {
        let context = self.context.get_or_insert_with(|| new_context(self.role, self.max_message));
        context.close(&mut Watched { pipe, boundary: &mut self.boundary }, frame)
    }

    pub(super) fn set_max_message(&mut self, max_message: usize) {
        self.max_message = max_message;
        if let Some(context) = &mut self.context {
            context.set_config(|config| {
                config.max_message_size = Some(max_message);
                config.max_frame_size = Some(max_message);
            });
        }
    }

    /// Drops tungstenite's buffers when nothing is in them.
    pub(super) fn rest(&mut self) {
        let is_empty = self.boundary.is_between_messages() && self.boundary.seen == self.taken;
        if is_empty && self.context.as_ref().is_some_and(|context| context.can_write()) {
            self.context = None;
        }
    }
}

fn new_context(role: Role, max_message: usize) -> Box<WebSocketContext> {
    let config = WebSocketConfig::default()
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(0)
        .max_write_buffer_size(1024)
        .max_message_size(Some(max_message))
        .max_frame_size(Some(max_message));
    Box::new(WebSocketContext::new(role, Some(config)))
}

struct Watched<'a, 'p> {
    pipe: &'a mut Pipe<'p>,
    boundary: &'a mut Boundary,
}

impl Read for Watched<'_, '_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let pipe = &mut *self.pipe;
        let n = if pipe.leftover.is_empty() {
            if *pipe.budget == 0 {
                return Err(io::ErrorKind::WouldBlock.into());
            }
            let most = buf.len().min(*pipe.budget);
            pipe.stream.read(&mut buf[..most])?
        } else {
            let n = buf.len().min(pipe.leftover.len());
            buf[..n].copy_from_slice(&pipe.leftover[..n]);
            pipe.leftover.drain(..n);
            if pipe.leftover.is_empty() {
                *pipe.leftover = Vec::new();
            }
            n
        };
        *pipe.budget = pipe.budget.saturating_sub(n);
        pipe.got |= n > 0;
        self.boundary.pass(&buf[..n]);
        Ok(n)
    }
}

impl Write for Watched<'_, '_> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.pipe.out.push_control(buf);
        Ok(buf.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Follows frame boundaries in bytes that pass by (RFC 6455 section 5.2), to know when tungstenite holds nothing.
/// It judges nothing: tungstenite refuses what is wrong.
#[derive(Default)]
struct Boundary {
    at: At,
    is_final: bool,
    is_control: bool,
    in_message: bool,
    /// Messages and control frames that went by completely.
    seen: u64,
}

#[derive(Default, Clone, Copy, PartialEq, Eq)]
enum At {
    #[default]
    Start,
    Length,
    LongLength {
        left: u8,
        value: u64,
        masked: bool,
    },
    Mask {
        left: u8,
        then: u64,
    },
    Body(u64),
}

impl Boundary {
    fn is_between_messages(&self) -> bool {
        self.at == At::Start && !self.in_message
    }

    fn pass(&mut self, mut data: &[u8]) {
        while let Some((&byte, rest)) = data.split_first() {
            match self.at {
                At::Start => {
                    (self.is_final, self.is_control) = (byte & 0x80 != 0, byte & 0x08 != 0);
                    self.at = At::Length;
                }
                At::Length => {
                    let masked = byte & 0x80 != 0;
                    match byte & 0x7F {
                        126 => self.at = At::LongLength { left: 2, value: 0, masked },
                        127 => self.at = At::LongLength { left: 8, value: 0, masked },
                        n => self.after_length(n.into(), masked),
                    }
                }
                At::LongLength { left, value, masked } => {
                    let value = value << 8 | u64::from(byte);
                    match left {
                        1 => self.after_length(value, masked),
                        _ => self.at = At::LongLength { left: left - 1, value, masked },
                    }
                }
                At::Mask { left: 1, then } => self.begin_body(then),
                At::Mask { left, then } => self.at = At::Mask { left: left - 1, then },
                At::Body(left) => {
                    let n = left.min(data.len() as u64);
                    data = &data[n as usize..];
                    self.begin_body(left - n);
                    continue;
                }
            }
            data = rest;
        }
    }

    fn after_length(&mut self, length: u64, masked: bool) {
        match masked {
            true => self.at = At::Mask { left: 4, then: length },
            false => self.begin_body(length),
        }
    }

    fn begin_body(&mut self, left: u64) {
        if left > 0 {
            self.at = At::Body(left);
            return;
        }
        self.at = At::Start;
        if !self.is_control {
            self.in_message = !self.is_final;
        }
        self.seen += u64::from(self.is_control || self.is_final);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boundaries_are_found_wherever_the_bytes_are_cut() {
        let mut bytes = vec![0x81, 3, b'a', b'b', b'c']; // text
        bytes.extend([0x89, 0x80, 1, 2, 3, 4]); // masked empty ping
        bytes.extend([0x02, 1, 9]); // binary, to be continued
        let inside = bytes.len();
        bytes.extend([0x8A, 0]); // pong in between
        bytes.extend([0x80, 126, 0, 200]);
        bytes.extend([7; 200]);
        bytes.extend([0x82, 127, 0, 0, 0, 0, 0, 1, 0, 0]);
        bytes.extend(vec![5; 65536]);
        for cut in (0..300).chain([bytes.len() - 1]) {
            let mut boundary = Boundary::default();
            boundary.pass(&bytes[..cut]);
            boundary.pass(&bytes[cut..]);
            assert!(boundary.is_between_messages(), "{cut}");
            assert_eq!(boundary.seen, 5, "{cut}");
        }
        let mut boundary = Boundary::default();
        boundary.pass(&bytes[..inside]);
        assert!(boundary.at == At::Start && !boundary.is_between_messages());
        assert_eq!(boundary.seen, 2);
    }
}
