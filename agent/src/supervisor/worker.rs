//! One worker process, as its supervisor holds it.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus};

use recovery_core::history::History;
use recovery_core::marker::Marker;
use rustix::process::{Pid, Signal};

use crate::cli::{AFTER_CRASH, WORKER};
use crate::control::{self, Record};
use crate::{Args, log};

/// A running worker.
pub struct Worker {
    child: Child,
    socket: Option<OwnedFd>,
    record: Record,
}

impl Worker {
    /// Starts a worker: this very program, with the socket as its standard input and the record waiting in it.
    ///
    /// # Errors
    /// Fails when the system has no processes, descriptors or memory left.
    pub fn start(args: &Args, history: &History, after_crash: bool) -> io::Result<Worker> {
        let record = Record::create()?;
        record.prepare(history)?;
        let (ours, theirs) = control::socket_pair()?;
        control::send_record(&ours, &record)?;
        // By its inode, so that a program file replaced meanwhile does not mix two versions.
        let child = Command::new("/proc/self/exe")
            .arg0(std::env::args_os().next().unwrap_or_else(|| "meshlite-agent".into()))
            .arg(WORKER)
            .args(args)
            .args(after_crash.then_some(AFTER_CRASH))
            .stdin(theirs)
            // After a failed allocation Rust would look up a backtrace, with the memory it does not have, while the
            // device waits. Panics write their own report.
            .env_remove("RUST_BACKTRACE")
            .spawn()?;
        Ok(Worker { child, socket: Some(ours), record })
    }

    /// The socket, until the worker has closed its end.
    pub fn socket(&self) -> Option<BorrowedFd<'_>> {
        self.socket.as_ref().map(AsFd::as_fd)
    }

    /// The worker closed its end: stop listening, or the wait would never sleep again.
    pub fn forget_socket(&mut self) {
        self.socket = None;
    }

    /// Asks the worker to stop in order.
    pub fn ask_to_stop(&self) {
        if let Some(pid) = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw) {
            // It may have ended by itself: fine.
            let _ = rustix::process::kill_process(pid, Signal::TERM);
        }
    }

    /// Ends the worker at once.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
    }

    /// How the worker ended, once it has.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        match self.child.try_wait() {
            Ok(status) => status,
            Err(error) => {
                log::say("ERROR", &format!("the worker cannot be waited for: {error}"));
                None
            }
        }
    }

    /// The crash marker it left; `None` when it said nothing.
    pub fn last_words(&self) -> Option<Marker> {
        self.record.marker().ok()?.ok()
    }
}
