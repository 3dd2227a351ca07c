//! How a child's end is noticed without a tick, and how its remains are collected.

use std::any::Any;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::sync::OnceLock;
use std::sync::mpsc::{Sender, channel};
use std::thread;

use mio::Interest;
use mio::unix::SourceFd;
use rustix::process::{Pid, PidfdFlags, WaitId, WaitIdOptions};

use crate::chain::Cx;

/// How a child ended. Both are `None` when somebody else collected its status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exit {
    /// The code it gave, 0 to 255.
    pub code: Option<i32>,
    /// The signal that ended it.
    pub signal: Option<i32>,
}

impl Exit {
    pub(super) fn of(status: ExitStatus) -> Self {
        Exit { code: status.code(), signal: status.signal() }
    }
}

/// Mail from the waiting thread: a child has ended.
struct Ended(u32);

pub(super) fn is_about(mail: &dyn Any, pid: u32) -> bool {
    mail.downcast_ref::<Ended>().is_some_and(|ended| ended.0 == pid)
}

/// Says when there may be a status to collect.
pub(super) struct Watcher {
    // Polled by the chain; readable once the child has ended. None where a thread waits instead.
    _pidfd: Option<OwnedFd>,
    ready: bool,
}

impl Watcher {
    pub(super) fn none() -> Self {
        Watcher { _pidfd: None, ready: false }
    }

    pub(super) fn start(cx: &Cx<'_>, sub: u8, pid: u32) -> io::Result<Self> {
        let named = pid_of(pid)?;
        match rustix::process::pidfd_open(named, PidfdFlags::empty()) {
            Ok(fd) => {
                cx.register(&mut SourceFd(&fd.as_raw_fd()), sub, Interest::READABLE)?;
                Ok(Watcher { _pidfd: Some(fd), ready: false })
            }
            // Kernels before 5.3, and sandboxes that do not know the call.
            Err(rustix::io::Errno::NOSYS | rustix::io::Errno::PERM | rustix::io::Errno::INVAL) => {
                Self::start_thread(cx, pid)
            }
            Err(e) => Err(e.into()),
        }
    }

    /// The way without a pidfd: a thread waits and sends mail to the owner.
    pub(super) fn start_thread(cx: &Cx<'_>, pid: u32) -> io::Result<Self> {
        let named = pid_of(pid)?;
        let (mailbox, owner) = (cx.mailbox(), cx.id());
        thread::Builder::new().name(format!("wait-{pid}")).stack_size(64 << 10).spawn(move || {
            // NOWAIT leaves the status for the owner.
            let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
            while let Err(rustix::io::Errno::INTR) = rustix::process::waitid(WaitId::Pid(named), options) {}
            // A full mailbox means the chain's thread is stuck; there is nobody to tell.
            let _ = mailbox.post(owner, Ended(pid));
        })?;
        Ok(Watcher { _pidfd: None, ready: false })
    }

    pub(super) fn ready(&mut self) {
        self.ready = true;
    }

    pub(super) fn not_ready(&mut self) {
        self.ready = false;
    }

    pub(super) fn is_ready(&self) -> bool {
        self.ready
    }
}

/// Collects a child that was just killed, off the chain: a process in an uninterruptible wait can take long to die.
pub(super) fn reap(mut process: std::process::Child) {
    if let Ok(Some(_)) = process.try_wait() {
        return;
    }
    static REAPER: OnceLock<Option<Sender<std::process::Child>>> = OnceLock::new();
    let reaper = REAPER.get_or_init(|| {
        let (sender, queue) = channel::<std::process::Child>();
        let collect = move || {
            for mut process in queue {
                // Fails only when somebody else collected it.
                let _ = process.wait();
            }
        };
        thread::Builder::new().name("reaper".into()).stack_size(64 << 10).spawn(collect).ok().map(|_| sender)
    });
    let left = match reaper {
        Some(sender) => sender.send(process).err().map(|e| e.0),
        None => Some(process),
    };
    if let Some(mut process) = left {
        // No thread to be had: a short wait here is better than a zombie.
        let _ = process.wait();
    }
}

fn pid_of(pid: u32) -> io::Result<Pid> {
    i32::try_from(pid)
        .ok()
        .and_then(Pid::from_raw)
        .ok_or_else(|| io::Error::other(format!("{pid} is no process id")))
}
