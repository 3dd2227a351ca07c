//! The bounded queue into a child's standard input.

use std::collections::VecDeque;
use std::io::{self, Write};
use std::os::fd::OwnedFd;

use mio::Interest;
use mio::unix::pipe::Sender;

use super::Event;
use crate::chain::Cx;

/// Bytes that may wait for a child to read them, unless [`super::Spawn::max_stdin_backlog`] says otherwise.
pub const MAX_STDIN_BACKLOG: usize = 256 << 10;

/// Writes per wake before the chain gets its turn back: 64 KiB each, the size of a pipe.
const WRITES_PER_WAKE: u32 = 16;

pub(super) struct Input {
    pipe: Option<Sender>,
    queue: VecDeque<u8>,
    max: usize,
    writable: bool,
    closing: bool,
    // Dropping one descriptor of a socket ends nothing while its other half is read.
    shut_down: bool,
    // A write was not taken whole: the owner waits for StdinDrained.
    owed: bool,
    writes_left: u32,
    events: VecDeque<Event>,
}

impl Input {
    pub(super) fn none(max: usize) -> Self {
        Input {
            pipe: None,
            queue: VecDeque::new(),
            max,
            writable: false,
            closing: false,
            shut_down: false,
            owed: false,
            writes_left: WRITES_PER_WAKE,
            events: VecDeque::new(),
        }
    }

    pub(super) fn open(&mut self, stdin: Option<OwnedFd>) -> io::Result<()> {
        if let Some(stdin) = stdin {
            let pipe = Sender::from(stdin);
            pipe.set_nonblocking(true)?;
            self.pipe = Some(pipe);
            self.writable = true;
        }
        Ok(())
    }

    /// The descriptor is a socket: closing must tell the peer.
    pub(super) fn is_socket(&mut self) {
        self.shut_down = true;
    }

    pub(super) fn register(&mut self, cx: &Cx<'_>, sub: u8) -> io::Result<()> {
        self.pipe.as_mut().map_or(Ok(()), |pipe| cx.register(pipe, sub, Interest::WRITABLE))
    }

    pub(super) fn ready(&mut self) {
        self.writable = true;
    }

    pub(super) fn start_turn(&mut self) {
        self.writes_left = WRITES_PER_WAKE;
    }

    pub(super) fn write(&mut self, cx: &Cx<'_>, bytes: &[u8]) -> usize {
        if self.pipe.is_none() || self.closing {
            return 0;
        }
        let room = self.max.saturating_sub(self.queue.len());
        let taken = bytes.len().min(room);
        self.queue.extend(&bytes[..taken]);
        self.owed |= taken < bytes.len();
        self.flush(cx);
        taken
    }

    pub(super) fn close(&mut self, cx: &Cx<'_>) {
        if self.pipe.is_some() {
            self.closing = true;
            self.flush(cx);
        }
    }

    pub(super) fn flush(&mut self, cx: &Cx<'_>) {
        let Some(pipe) = &mut self.pipe else {
            return;
        };
        let before = self.events.len();
        while self.writable && !self.queue.is_empty() {
            if self.writes_left == 0 {
                cx.again();
                break;
            }
            self.writes_left -= 1;
            let (front, _) = self.queue.as_slices();
            match pipe.write(&front[..front.len().min(64 << 10)]) {
                Ok(n) => drop(self.queue.drain(..n)),
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => self.writable = false,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => {
                    self.queue = VecDeque::new();
                    self.pipe = None;
                    self.owed = false;
                    self.events.push_back(Event::StdinClosed(Some(e)));
                    cx.again();
                    return;
                }
            }
        }
        if self.owed && !self.closing && self.queue.len() <= self.max / 2 {
            self.owed = false;
            self.events.push_back(Event::StdinDrained);
        }
        if self.queue.is_empty() {
            // A burst must not keep its memory for the child's life.
            self.queue.shrink_to(4096);
            if self.closing {
                if let (Some(pipe), true) = (&self.pipe, self.shut_down) {
                    // Fails only when the peer is gone, and then it knows.
                    let _ = rustix::net::shutdown(pipe, rustix::net::Shutdown::Write);
                }
                self.pipe = None;
                self.events.push_back(Event::StdinClosed(None));
            }
        }
        if self.events.len() > before {
            // The owner may be outside of its drain loop.
            cx.again();
        }
    }

    pub(super) fn event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    pub(super) fn backlog(&self) -> usize {
        self.queue.len()
    }

    pub(super) fn is_open(&self) -> bool {
        self.pipe.is_some() && !self.closing
    }
}
