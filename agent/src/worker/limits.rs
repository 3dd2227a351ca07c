//! What the worker may do to the machine, and whom it must not outlive.

use rustix::process::{Resource, Rlimit, Signal};

/// Switches core dumps off: a dump would hold the identity key. Children inherit it, which is as well.
pub fn no_core_dumps() {
    let current = rustix::process::getrlimit(Resource::Core);
    let none = Rlimit { current: Some(0), maximum: current.maximum };
    if let Err(error) = rustix::process::setrlimit(Resource::Core, none) {
        tracing::warn!("core dumps could not be switched off: {error}");
    }
}

/// Raises the soft limit of descriptors: a core may have many sockets, and the channel needs its own beside them.
pub fn raise_descriptors() {
    let limit = rustix::process::getrlimit(Resource::Nofile);
    let wanted = limit.maximum.unwrap_or(DESCRIPTORS).min(DESCRIPTORS);
    if limit.current.is_some_and(|current| current < wanted)
        && let Err(error) = rustix::process::setrlimit(
            Resource::Nofile,
            Rlimit { current: Some(wanted), maximum: limit.maximum },
        )
    {
        tracing::warn!("the limit of open files could not be raised: {error}");
    }
}

/// Four per handle that a core may have by default (a child has three pipes and itself), and the agent's own.
const DESCRIPTORS: u64 = 4608;

/// Asks the kernel to end this worker with its supervisor, whatever happens to that.
///
/// The supervisor is single-threaded, so "parent thread ended" and "parent ended" are the same.
pub fn die_with_supervisor() {
    if let Err(error) = rustix::process::set_parent_process_death_signal(Some(Signal::KILL)) {
        tracing::warn!("the worker cannot be tied to its supervisor: {error}");
    }
}
