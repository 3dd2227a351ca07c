//! The worker's ear for its supervisor and for signals.

use std::io::{self, Read};
use std::os::fd::{AsRawFd, OwnedFd};
use std::rc::Rc;
use std::time::Instant;

use microstack::chain::{Cx, Link, Wake};
use mio::Interest;
use mio::net::UnixStream;
use mio::unix::SourceFd;
use recovery_core::restart::EXIT_AGAIN;
use rustix::net::{RecvFlags, SendFlags};
use signal_hook::consts::{SIGINT, SIGTERM};

use crate::control::Word;
use crate::exit;
use std::cell::Cell;

/// The worker's end of the control socket.
pub struct SupervisorLine(OwnedFd);

impl SupervisorLine {
    /// Takes the socket.
    pub fn new(socket: OwnedFd) -> SupervisorLine {
        SupervisorLine(socket)
    }

    /// Tells the supervisor something. A full socket loses the word: the supervisor is stuck then, and the worker
    /// must not get stuck with it.
    pub fn say(&self, word: &Word) {
        let flags = SendFlags::DONTWAIT | SendFlags::NOSIGNAL;
        if let Err(error) = rustix::net::send(&self.0, &word.emit(), flags) {
            tracing::warn!("the supervisor does not listen: {error}");
        }
    }
}

/// Ends the worker in order on `SIGTERM`, `SIGINT`, or when the supervisor is gone.
pub struct ControlLink {
    line: Rc<SupervisorLine>,
    signals: UnixStream,
    exit: Rc<Cell<Option<i32>>>,
}

impl ControlLink {
    /// Starts receiving signals; `exit` is set when one came.
    ///
    /// # Errors
    /// Fails when the process has no descriptors left.
    pub fn new(line: Rc<SupervisorLine>, exit: Rc<Cell<Option<i32>>>) -> io::Result<ControlLink> {
        let (signals, write_end) = std::os::unix::net::UnixStream::pair()?;
        signals.set_nonblocking(true)?;
        for signal in [SIGTERM, SIGINT] {
            signal_hook::low_level::pipe::register(signal, write_end.try_clone()?)?;
        }
        Ok(ControlLink { line, signals: UnixStream::from_std(signals), exit })
    }

    fn hear_signals(&mut self, cx: &Cx<'_>) {
        let mut bytes = [0; 16];
        while let Ok(got) = self.signals.read(&mut bytes) {
            if got == 0 {
                return;
            }
            tracing::info!("stopping");
            self.leave(cx, exit::DONE);
        }
    }

    /// Also ends waits that a core has open: the chain returns from every nested run.
    fn leave(&self, cx: &Cx<'_>, code: i32) {
        self.exit.set(Some(code));
        cx.chain().stop();
    }

    fn hear_supervisor(&mut self, cx: &Cx<'_>) {
        let mut byte = [0; 64];
        loop {
            match rustix::net::recv(&self.line.0, &mut byte, RecvFlags::DONTWAIT) {
                Ok((0, _)) => {
                    tracing::error!("the supervisor is gone; the worker stops");
                    self.leave(cx, EXIT_AGAIN);
                    return;
                }
                Ok(_) => {} // nothing is said this way yet
                Err(rustix::io::Errno::INTR) => {}
                Err(_) => return,
            }
        }
    }
}

impl Link for ControlLink {
    fn wake(&mut self, cx: &mut Cx<'_>, wake: Wake) {
        if wake.start {
            let socket = self.line.0.as_raw_fd();
            let registered = cx
                .register(&mut self.signals, SIGNALS, Interest::READABLE)
                .and_then(|()| cx.register(&mut SourceFd(&socket), SUPERVISOR, Interest::READABLE));
            if let Err(error) = registered {
                // Without its ears the worker could not be stopped in order: the supervisor kills it then.
                tracing::error!("signals cannot be received: {error}");
            }
        }
        self.hear_signals(cx);
        self.hear_supervisor(cx);
    }
}

/// A link that only wakes the chain at the instant it is mailed, so that `between` runs then.
pub struct Alarm;

impl Link for Alarm {
    fn wake(&mut self, cx: &mut Cx<'_>, wake: Wake) {
        for mail in wake.mail {
            if let Ok(at) = mail.downcast::<Instant>() {
                cx.set_timer(Some(*at));
            }
        }
    }
}

const SIGNALS: u8 = 0;
const SUPERVISOR: u8 = 1;
