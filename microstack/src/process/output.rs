//! One of the two streams a child writes.

use std::io::{self, Read};
use std::os::fd::OwnedFd;

use mio::Interest;
use mio::unix::pipe::Receiver;

use crate::chain::Cx;

/// The most bytes one event carries: the size of a pipe on Linux.
pub const READ_CHUNK: usize = 64 << 10;

/// The reading end of a pipe, a socket or a terminal.
pub(super) struct Output {
    pipe: Option<Receiver>,
    // Edge-triggered: true until a read would block.
    readable: bool,
    paused: bool,
    reads_left: u32,
}

impl Output {
    pub(super) fn none() -> Self {
        Output { pipe: None, readable: false, paused: false, reads_left: 0 }
    }

    pub(super) fn open(&mut self, pipe: Option<OwnedFd>) -> io::Result<()> {
        if let Some(pipe) = pipe {
            let pipe = Receiver::from(pipe);
            pipe.set_nonblocking(true)?;
            self.pipe = Some(pipe);
        }
        Ok(())
    }

    pub(super) fn register(&mut self, cx: &Cx<'_>, sub: u8) -> io::Result<()> {
        self.pipe.as_mut().map_or(Ok(()), |pipe| cx.register(pipe, sub, Interest::READABLE))
    }

    pub(super) fn ready(&mut self) {
        self.readable = self.pipe.is_some();
    }

    pub(super) fn start_turn(&mut self, reads: u32) {
        self.reads_left = reads;
    }

    pub(super) fn set_paused(&mut self, paused: bool) {
        self.paused = paused;
    }

    pub(super) fn has_more(&self) -> bool {
        self.readable && !self.paused && self.pipe.is_some()
    }

    pub(super) fn is_open(&self) -> bool {
        self.pipe.is_some()
    }

    /// Some bytes, an empty vector at the end, `None` when there is nothing to read now.
    pub(super) fn read(&mut self, cx: &Cx<'_>) -> Option<Vec<u8>> {
        if !self.has_more() {
            return None;
        }
        if self.reads_left == 0 {
            cx.again();
            return None;
        }
        self.reads_left -= 1;
        let pipe = self.pipe.as_mut()?;
        let mut bytes = vec![0; READ_CHUNK];
        loop {
            match pipe.read(&mut bytes) {
                Ok(0) => {
                    self.pipe = None;
                    return Some(Vec::new());
                }
                Ok(n) => {
                    bytes.truncate(n);
                    if n < READ_CHUNK / 4 {
                        bytes.shrink_to_fit();
                    }
                    return Some(bytes);
                }
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => {
                    self.readable = false;
                    return None;
                }
                // Mostly EIO: the last program on a terminal let go of it. Pipes fail for no reason that a reader could
                // act on.
                Err(_) => {
                    self.pipe = None;
                    return Some(Vec::new());
                }
            }
        }
    }
}
