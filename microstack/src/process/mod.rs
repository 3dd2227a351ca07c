//! Child processes with pipes.
//!
//! [`Child`] is a component, not a link: a link owns it, passes it every wake, and drains it.
//!
//! # Contract
//!
//! After every wake of the owning link: [`Child::wake`], then [`Child::poll`] until it gives `None`. A child uses four
//! consecutive `sub` numbers of its owner, from the base given to [`Child::spawn`]. It needs no timer.
//!
//! Everything the child wrote before it ended is delivered before [`Event::Exit`], unless that stream is paused. A
//! stream that somebody else inherited may go on after it; its end is an event of its own.
//!
//! # Example
//!
//! ```
//! use microstack::chain::{Chain, Cx, Link, Wake};
//! use microstack::process::{Child, Event, Spawn};
//!
//! struct Echo(Option<Child>);
//! impl Link for Echo {
//!     fn wake(&mut self, cx: &mut Cx<'_>, wake: Wake) {
//!         if wake.start {
//!             self.0 = Some(Child::spawn(cx, &Spawn::new("/bin/echo").arg("hi"), 0).unwrap());
//!         }
//!         let Some(child) = &mut self.0 else { return };
//!         child.wake(cx, &wake);
//!         while let Some(event) = child.poll(cx) {
//!             match event {
//!                 Event::Stdout(bytes) => assert_eq!(bytes, b"hi\n"),
//!                 Event::Exit(exit) => {
//!                     assert_eq!(exit.code, Some(0));
//!                     cx.chain().stop();
//!                 }
//!                 _ => {}
//!             }
//!         }
//!     }
//! }
//! let chain = Chain::new().unwrap();
//! chain.add("echo", Echo(None));
//! chain.run().unwrap();
//! ```
//!
//! A child on a terminal ([`Spawn::terminal`]) has a session of its own; standard output carries what it shows,
//! standard input is its keyboard. Its end of output is the hang-up of the terminal.

mod duplex;
mod exit;
mod input;
mod output;
mod spawn;
mod terminal;

use std::io;
use std::os::fd::OwnedFd;

use rustix::process::{Pid, Signal};

use crate::chain::{Cx, Wake};

pub use duplex::{Duplex, DuplexEvent};
pub use exit::Exit;
pub use input::MAX_STDIN_BACKLOG;
pub use output::READ_CHUNK;
pub use spawn::{Environment, MAX_DESCRIPTORS, Pipe, Spawn, SpawnError};
pub use terminal::{Modes, Size, Terminal};

use exit::Watcher;
use input::Input;
use output::Output;

/// Reads per wake and stream before the chain gets its turn back.
const READS_PER_WAKE: u32 = 4;

const SUB_STDIN: u8 = 0;
const SUB_STDOUT: u8 = 1;
const SUB_STDERR: u8 = 2;
const SUB_EXIT: u8 = 3;

/// How many `sub` numbers a child takes.
pub const SUBS: u8 = 4;

/// What happened to a child.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event {
    /// Bytes of its standard output, at most [`READ_CHUNK`].
    Stdout(Vec<u8>),
    /// Bytes of its standard error, at most [`READ_CHUNK`].
    Stderr(Vec<u8>),
    /// Its standard output was closed by everyone who had it.
    StdoutEnd,
    /// Its standard error was closed by everyone who had it.
    StderrEnd,
    /// After a write that was not taken whole: there is room again.
    StdinDrained,
    /// Its standard input is closed: by [`Child::close_stdin`] once all was written, or (then with an error) because
    /// nobody reads it any more.
    StdinClosed(Option<io::Error>),
    /// It ended and was reaped. Comes once.
    Exit(Exit),
}

/// One of the two streams a child writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

/// Why a signal was not sent.
#[derive(Debug)]
#[non_exhaustive]
pub enum KillError {
    /// The child ended before.
    Gone,
    /// There is no signal of this number.
    NoSuchSignal(i32),
    /// The operating system refused, usually because the child runs as another user.
    Os(io::Error),
}

impl std::fmt::Display for KillError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            KillError::Gone => f.write_str("the child process has ended already"),
            KillError::NoSuchSignal(n) => write!(f, "there is no signal {n}; use a number from 1 to 31"),
            KillError::Os(e) => write!(f, "the signal was not sent: {e}"),
        }
    }
}

impl std::error::Error for KillError {}

/// A running child process. Dropping it kills and reaps it unless [`Child::detach`] was called.
pub struct Child {
    process: Option<std::process::Child>,
    program: String,
    pid: u32,
    base: u8,
    own_group: bool,
    detached: bool,
    stdin: Input,
    stdout: Output,
    stderr: Output,
    terminal: Option<terminal::Master>,
    watcher: Watcher,
    ended: bool,
}

impl Child {
    /// Starts a program and attaches it to the calling link: [`Child::start`] and [`Child::attach`] in one.
    ///
    /// # Errors
    /// [`SpawnError`] says which program or folder is at fault.
    ///
    /// # Panics
    /// When `base + 3` is over 15: a programming error.
    pub fn spawn(cx: &Cx<'_>, spawn: &Spawn, base: u8) -> Result<Child, SpawnError> {
        let mut child = Child::start(spawn)?;
        child.attach(cx, base)?;
        Ok(child)
    }

    /// Starts a program. It is running when this returns; a program that cannot be started is an error here.
    ///
    /// Nothing is read or written until [`Child::attach`]; what is written meanwhile is queued.
    ///
    /// # Errors
    /// [`SpawnError`] says which program or folder is at fault.
    pub fn start(spawn: &Spawn) -> Result<Child, SpawnError> {
        let terminal = spawn.open_terminal()?;
        let mut process = spawn.start(terminal.as_ref().map(|(_, slave)| slave))?;
        let pid = process.id();
        let (mut stdin, mut stdout, stderr): (Option<OwnedFd>, Option<OwnedFd>, Option<OwnedFd>) = (
            process.stdin.take().map(Into::into),
            process.stdout.take().map(Into::into),
            process.stderr.take().map(Into::into),
        );
        // Only the child keeps the other side, or its end would never be seen.
        let terminal = terminal.map(|(master, _)| master);
        // From here on a failure must not leave the child behind: `Child::drop` ends it.
        let mut child = Child {
            process: Some(process),
            program: spawn.program_text(),
            pid,
            base: 0,
            own_group: spawn.has_own_group(),
            detached: false,
            stdin: Input::none(spawn.stdin_backlog()),
            stdout: Output::none(),
            stderr: Output::none(),
            terminal,
            watcher: Watcher::none(),
            ended: false,
        };
        if let Some(master) = &child.terminal {
            let halves = master.halves().map_err(|error| child.unwatched(error))?;
            (stdin, stdout) = (Some(halves.0), Some(halves.1));
        }
        let opened = child.stdin.open(stdin).and(child.stdout.open(stdout)).and(child.stderr.open(stderr));
        opened.map_err(|error| child.unwatched(error))?;
        Ok(child)
    }

    /// Lets the calling link serve a child that [`Child::start`] made, under four `sub` numbers from `base`.
    ///
    /// # Errors
    /// [`SpawnError::Watch`] when the chain cannot watch it; drop the child then.
    ///
    /// # Panics
    /// When `base + 3` is over 15: a programming error.
    pub fn attach(&mut self, cx: &Cx<'_>, base: u8) -> Result<(), SpawnError> {
        assert!(base + SUBS <= 16, "a child needs {SUBS} sub numbers below 16");
        self.base = base;
        let watched = self
            .stdin
            .register(cx, base + SUB_STDIN)
            .and_then(|()| self.stdout.register(cx, base + SUB_STDOUT))
            .and_then(|()| self.stderr.register(cx, base + SUB_STDERR))
            .and_then(|()| Watcher::start(cx, base + SUB_EXIT, self.pid));
        self.watcher = watched.map_err(|error| self.unwatched(error))?;
        Ok(())
    }

    /// Takes what happened to the owner; [`Child::poll`] works it off.
    pub fn wake(&mut self, cx: &Cx<'_>, wake: &Wake) {
        if wake.can_write(self.base + SUB_STDIN) || wake.can_read(self.base + SUB_STDIN) {
            self.stdin.ready();
        }
        if wake.can_read(self.base + SUB_STDOUT) {
            self.stdout.ready();
        }
        if wake.can_read(self.base + SUB_STDERR) {
            self.stderr.ready();
        }
        if wake.can_read(self.base + SUB_EXIT) || wake.mail.iter().any(|m| exit::is_about(&**m, self.pid)) {
            self.watcher.ready();
            // What it wrote last may still be in the pipes.
            self.stdout.ready();
            self.stderr.ready();
        }
        self.stdin.start_turn();
        self.stdout.start_turn(READS_PER_WAKE);
        self.stderr.start_turn(READS_PER_WAKE);
        self.stdin.flush(cx);
    }

    /// The next thing that happened, or `None` when the owner may return.
    pub fn poll(&mut self, cx: &Cx<'_>) -> Option<Event> {
        if let Some(event) = self.stdin.event() {
            return Some(event);
        }
        if let Some(read) = self.stdout.read(cx) {
            return Some(if read.is_empty() { Event::StdoutEnd } else { Event::Stdout(read) });
        }
        if let Some(read) = self.stderr.read(cx) {
            return Some(if read.is_empty() { Event::StderrEnd } else { Event::Stderr(read) });
        }
        // A stream with unread bytes goes first; the owner is called again for it.
        if self.ended || self.stdout.has_more() || self.stderr.has_more() || !self.watcher.is_ready() {
            return None;
        }
        let status = self.process.as_mut()?.try_wait();
        match status {
            Ok(None) => {
                self.watcher.not_ready();
                None
            }
            Ok(Some(status)) => Some(self.exited(Exit::of(status))),
            // Somebody else reaped it (a handler for SIGCHLD in the embedding program).
            Err(_) => Some(self.exited(Exit { code: None, signal: None })),
        }
    }

    /// Queues bytes for the child's standard input and says how many were taken.
    ///
    /// Fewer than given are taken when the queue is at its bound ([`Spawn::max_stdin_backlog`]); then
    /// [`Event::StdinDrained`] says when to go on. Nothing is taken once the input is closed.
    pub fn write_stdin(&mut self, cx: &Cx<'_>, bytes: &[u8]) -> usize {
        self.stdin.write(cx, bytes)
    }

    /// Closes the child's standard input once what is queued has been written.
    pub fn close_stdin(&mut self, cx: &Cx<'_>) {
        self.stdin.close(cx);
    }

    /// Bytes queued for the child's standard input.
    pub fn stdin_backlog(&self) -> usize {
        self.stdin.backlog()
    }

    /// True while the child's standard input can take bytes, now or later.
    pub fn stdin_is_open(&self) -> bool {
        self.stdin.is_open()
    }

    /// Stops reading a stream; the child blocks once its pipe is full.
    pub fn pause(&mut self, stream: Stream) {
        match stream {
            Stream::Stdout => self.stdout.set_paused(true),
            Stream::Stderr => self.stderr.set_paused(true),
        }
    }

    /// Reads a stream again.
    pub fn resume(&mut self, cx: &Cx<'_>, stream: Stream) {
        match stream {
            Stream::Stdout => self.stdout.set_paused(false),
            Stream::Stderr => self.stderr.set_paused(false),
        }
        cx.again();
    }

    /// Sends a signal to the child, or to its whole group when it has its own.
    ///
    /// # Errors
    /// [`KillError::Gone`] after [`Event::Exit`].
    pub fn kill(&mut self, signal: i32) -> Result<(), KillError> {
        let named = Signal::from_named_raw(signal).ok_or(KillError::NoSuchSignal(signal))?;
        if self.ended {
            return Err(KillError::Gone);
        }
        self.send(named)
    }

    /// The process id. Another process may have it after [`Event::Exit`].
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// True after [`Event::Exit`].
    pub fn has_ended(&self) -> bool {
        self.ended
    }

    /// True when the child has ended and both streams are at their end: nothing more will come.
    pub fn is_finished(&self) -> bool {
        self.ended && !self.stdout.is_open() && !self.stderr.is_open()
    }

    /// Tells the child's terminal its new size; the programs on it get `SIGWINCH`. Without a terminal nothing happens.
    ///
    /// # Errors
    /// The system's; there is no usual cause.
    pub fn resize(&self, size: Size) -> io::Result<()> {
        self.terminal.as_ref().map_or(Ok(()), |master| master.resize(size))
    }

    /// The path of the child's terminal, such as `/dev/pts/3`.
    pub fn terminal_path(&self) -> Option<&str> {
        self.terminal.as_ref().map(terminal::Master::path)
    }

    /// Lets the child live on when this value is dropped.
    pub fn detach(&mut self) {
        self.detached = true;
    }

    fn unwatched(&self, error: io::Error) -> SpawnError {
        SpawnError::Watch { program: self.program.clone(), error }
    }

    fn exited(&mut self, exit: Exit) -> Event {
        self.ended = true;
        self.process = None;
        self.watcher = Watcher::none();
        Event::Exit(exit)
    }

    fn send(&self, signal: Signal) -> Result<(), KillError> {
        let Some(pid) = i32::try_from(self.pid).ok().and_then(Pid::from_raw) else {
            return Err(KillError::Gone);
        };
        // The child is not reaped yet, so its number cannot have passed to another process.
        let sent = if self.own_group {
            rustix::process::kill_process_group(pid, signal)
        } else {
            rustix::process::kill_process(pid, signal)
        };
        sent.map_err(|e| if e == rustix::io::Errno::SRCH { KillError::Gone } else { KillError::Os(e.into()) })
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        let Some(process) = self.process.take() else {
            return;
        };
        if self.detached {
            return;
        }
        // Errors mean it is gone already; it is reaped in any case.
        let _ = self.send(Signal::KILL);
        exit::reap(process);
    }
}

#[cfg(test)]
mod tests;
