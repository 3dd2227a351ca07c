//! The supervisor's one place to sleep.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::net::RecvFlags;
use signal_hook::consts::{SIGCHLD, SIGHUP, SIGINT, SIGTERM};

use crate::control::{MAX_WORD, Word};

/// Signals as readable descriptors.
pub struct Signals {
    stop: UnixStream,
    child: UnixStream,
}

/// Why the sleep ended.
pub enum Heard {
    /// Someone wants the agent to stop.
    Stop,
    /// A child changed its state.
    Child,
    /// The worker said something.
    Words(Vec<Word>),
    /// The worker closed its end; there is nothing more to hear.
    Closed,
    /// The time is up.
    Time,
}

impl Signals {
    /// Starts receiving `SIGTERM`, `SIGINT`, `SIGCHLD`, and `SIGHUP` unless the caller ignores it (`nohup`).
    ///
    /// # Errors
    /// Fails when the process has no descriptors left.
    pub fn listen() -> io::Result<Signals> {
        let hang_up = if ignored(SIGHUP) { None } else { Some(SIGHUP) };
        let (stop, stop_end) = UnixStream::pair()?;
        for signal in [SIGTERM, SIGINT].into_iter().chain(hang_up) {
            signal_hook::low_level::pipe::register(signal, stop_end.try_clone()?)?;
        }
        let (child, child_end) = UnixStream::pair()?;
        signal_hook::low_level::pipe::register(SIGCHLD, child_end)?;
        stop.set_nonblocking(true)?;
        child.set_nonblocking(true)?;
        Ok(Signals { stop, child })
    }

    /// Sleeps until something happens or `limit` has passed.
    pub fn wait(&self, socket: Option<BorrowedFd<'_>>, limit: Option<Duration>) -> Heard {
        let limit = limit.map(|d| Timespec { tv_sec: d.as_secs() as i64, tv_nsec: d.subsec_nanos().into() });
        loop {
            let mut fds =
                vec![PollFd::new(&self.stop, PollFlags::IN), PollFd::new(&self.child, PollFlags::IN)];
            if let Some(socket) = &socket {
                fds.push(PollFd::new(socket, PollFlags::IN));
            }
            match rustix::event::poll(&mut fds, limit.as_ref()) {
                Ok(0) => return Heard::Time,
                Ok(_) => {}
                Err(rustix::io::Errno::INTR) => continue,
                // Only misuse can make poll fail; spinning on it would burn the machine.
                Err(error) => panic!("poll failed: {error}"),
            }
            let ready: Vec<bool> = fds.iter().map(|fd| !fd.revents().is_empty()).collect();
            // A stop comes first: a worker that ended by the same Ctrl-C must not be restarted.
            if ready[0] {
                empty(&self.stop);
                return Heard::Stop;
            }
            if ready[1] {
                empty(&self.child);
                return Heard::Child;
            }
            let (words, closed) = words(socket);
            return if words.is_empty() && closed { Heard::Closed } else { Heard::Words(words) };
        }
    }
}

/// Everything the worker said that was not read yet, and whether it closed its end.
pub fn words(socket: Option<BorrowedFd<'_>>) -> (Vec<Word>, bool) {
    let mut words = Vec::new();
    let Some(socket) = socket else {
        return (words, true);
    };
    let mut packet = [0; MAX_WORD];
    // A worker says a few words in its life; the bound keeps a mad one from holding us here.
    for _ in 0..64 {
        match rustix::net::recv(socket.as_fd(), &mut packet, RecvFlags::DONTWAIT) {
            Ok((0, _)) => return (words, true),
            Ok((len, _)) => words.extend(Word::parse(&packet[..len])),
            Err(error) => return (words, error != rustix::io::Errno::AGAIN),
        }
    }
    (words, false)
}

fn empty(pipe: &UnixStream) {
    let mut bytes = [0; 64];
    while matches!(rustix::io::read(pipe, &mut bytes), Ok(n) if n > 0) {}
}

/// Whether the process was started with this signal ignored, read from the bit mask the kernel shows.
fn ignored(signal: i32) -> bool {
    let Ok(status) = std::fs::read_to_string("/proc/self/status") else {
        return false;
    };
    status
        .lines()
        .find_map(|line| line.strip_prefix("SigIgn:"))
        .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .is_some_and(|mask| mask & (1 << (signal - 1)) != 0)
}
