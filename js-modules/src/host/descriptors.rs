//! Descriptors are shared by the whole process: scripts must not take the last ones.

use std::io;
use std::os::fd::{AsFd, AsRawFd};

use rustix::process::{Resource, getrlimit};

/// Descriptors that scripts leave free: the channel reconnects, the store writes, a look-up asks.
pub const RESERVE: u64 = 64;

/// Checks that a few descriptors can still be taken. The lowest free number tells it.
///
/// # Errors
/// `EMFILE` when only the reserve is left.
pub fn require_room() -> io::Result<()> {
    match rustix::io::fcntl_dupfd_cloexec(io::stdin(), 0) {
        Ok(lowest) => keep_reserve(&lowest),
        // Standard input is closed: its own number is free, so there is room.
        Err(rustix::io::Errno::BADF) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Refuses a descriptor that lies in the reserve; the caller drops it then.
///
/// # Errors
/// `EMFILE`.
pub fn keep_reserve(opened: &impl AsFd) -> io::Result<()> {
    let Some(limit) = getrlimit(Resource::Nofile).current else { return Ok(()) };
    // A tiny limit is somebody's wish; a quarter of it is kept then.
    let last = limit - RESERVE.min(limit / 4);
    if opened.as_fd().as_raw_fd() as u64 >= last {
        return Err(io::Error::from_raw_os_error(libc::EMFILE));
    }
    Ok(())
}
