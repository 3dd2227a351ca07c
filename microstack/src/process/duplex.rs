//! A descriptor that carries bytes both ways: a socket to a child, or one we were started with.

use std::io;
use std::os::fd::OwnedFd;

use super::input::Input;
use super::output::Output;
use super::{Event, READS_PER_WAKE};
use crate::chain::{Cx, Wake};

/// What happened on a [`Duplex`].
#[derive(Debug)]
#[non_exhaustive]
pub enum DuplexEvent {
    /// Bytes that came, at most [`super::READ_CHUNK`].
    Data(Vec<u8>),
    /// The other side will write no more.
    End,
    /// After a write that was not taken whole: there is room again.
    Drained,
    /// Nothing can be written any more: by [`Duplex::close`] once all was written, or (then with an error) because the
    /// other side is gone.
    Closed(Option<io::Error>),
}

/// A component that reads and writes one descriptor; the contract is that of [`super::Child`]. It uses two `sub`
/// numbers of its owner.
pub struct Duplex {
    input: Input,
    output: Output,
    base: u8,
}

impl Duplex {
    /// Takes a descriptor over. It becomes non-blocking, and so does every copy of it.
    ///
    /// # Errors
    /// The system's: usually no descriptors are left.
    pub fn new(fd: OwnedFd, backlog: usize) -> io::Result<Duplex> {
        let socket = rustix::net::sockopt::socket_type(&fd).is_ok();
        let mut duplex = Duplex { input: Input::none(backlog.max(1)), output: Output::none(), base: 0 };
        duplex.input.open(Some(fd.try_clone()?))?;
        if socket {
            duplex.input.is_socket();
        }
        duplex.output.open(Some(fd))?;
        Ok(duplex)
    }

    /// Only reads from the descriptor.
    ///
    /// # Errors
    /// The system's.
    pub fn reader(fd: OwnedFd) -> io::Result<Duplex> {
        let mut duplex = Duplex { input: Input::none(1), output: Output::none(), base: 0 };
        duplex.output.open(Some(fd))?;
        Ok(duplex)
    }

    /// Only writes to the descriptor.
    ///
    /// # Errors
    /// The system's.
    pub fn writer(fd: OwnedFd, backlog: usize) -> io::Result<Duplex> {
        let mut duplex = Duplex { input: Input::none(backlog.max(1)), output: Output::none(), base: 0 };
        duplex.input.open(Some(fd))?;
        Ok(duplex)
    }

    /// Begins to watch, under the numbers `base` and `base + 1`.
    ///
    /// # Errors
    /// Fails when the descriptor cannot be polled: regular files cannot.
    pub fn attach(&mut self, cx: &Cx<'_>, base: u8) -> io::Result<()> {
        self.base = base;
        self.input.register(cx, base)?;
        self.output.register(cx, base + 1)
    }

    /// Takes what happened to the owner; [`Duplex::poll`] works it off.
    pub fn wake(&mut self, cx: &Cx<'_>, wake: &Wake) {
        if wake.can_write(self.base) || wake.can_read(self.base) {
            self.input.ready();
        }
        if wake.can_read(self.base + 1) {
            self.output.ready();
        }
        self.input.start_turn();
        self.output.start_turn(READS_PER_WAKE);
        self.input.flush(cx);
    }

    /// The next thing that happened, or `None` when the owner may return.
    pub fn poll(&mut self, cx: &Cx<'_>) -> Option<DuplexEvent> {
        match self.input.event() {
            Some(Event::StdinDrained) => return Some(DuplexEvent::Drained),
            Some(Event::StdinClosed(error)) => return Some(DuplexEvent::Closed(error)),
            _ => {}
        }
        let read = self.output.read(cx)?;
        Some(if read.is_empty() { DuplexEvent::End } else { DuplexEvent::Data(read) })
    }

    /// Queues bytes and says how many were taken; see [`super::Child::write_stdin`].
    pub fn write(&mut self, cx: &Cx<'_>, bytes: &[u8]) -> usize {
        self.input.write(cx, bytes)
    }

    /// Ends our direction once what is queued has been written.
    pub fn close(&mut self, cx: &Cx<'_>) {
        self.input.close(cx);
    }

    /// True while bytes can be written, now or later.
    pub fn is_writable(&self) -> bool {
        self.input.is_open()
    }

    /// True until the other side's end was told.
    pub fn is_readable(&self) -> bool {
        self.output.is_open()
    }

    /// Stops or goes on reading.
    pub fn set_paused(&mut self, cx: &Cx<'_>, paused: bool) {
        self.output.set_paused(paused);
        if !paused {
            cx.again();
        }
    }
}
