//! What a tunnel moves its frames by: open to the server, or encrypted to the device.

use microstack::chain::Chain;
use microstack::ws::CloseWhy;

use super::secure::SecureLine;
use super::wire::{Frame, Wire};

/// One of the two; see there for what the methods do.
pub enum Line {
    /// The server can read along.
    Plain(Wire),
    /// It cannot.
    Secure(Box<SecureLine>),
}

/// Calls the method of whichever it is.
macro_rules! either {
    ($line:expr, $inner:ident => $call:expr) => {
        match $line {
            Line::Plain($inner) => $call,
            Line::Secure($inner) => $call,
        }
    };
}

impl Line {
    /// Whether only the device can read it.
    pub fn is_secure(&self) -> bool {
        matches!(self, Line::Secure(_))
    }

    /// The next frame.
    pub fn receive(&mut self) -> Option<Frame> {
        either!(self, inner => inner.receive())
    }

    /// Queues a frame.
    pub fn send(&mut self, frame: Frame) {
        either!(self, inner => inner.send(frame));
    }

    /// True while more should be sent.
    pub fn has_room(&self) -> bool {
        either!(self, inner => inner.has_room())
    }

    /// True when there is something to receive or to do.
    pub fn has_news(&self) -> bool {
        either!(self, inner => inner.has_news())
    }

    /// True when nothing can come any more.
    pub fn is_over(&self) -> bool {
        either!(self, inner => inner.is_over())
    }

    /// Why it ended, once everything was received.
    pub fn closed(&self) -> Option<CloseWhy> {
        either!(self, inner => inner.closed())
    }

    /// The chain it is on.
    pub fn chain(&self) -> &Chain {
        either!(self, inner => inner.chain())
    }

    /// Says goodbye.
    pub fn close(&mut self) {
        either!(self, inner => inner.close());
    }
}
