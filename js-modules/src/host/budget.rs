//! How much of the machine one context may use.

use std::time::Duration;

/// The limits of one context. Reaching one is a core crash ([`super::HostEvent::CoreCrashed`]), except where said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// Script calls that may be nested. The value assumes [`Budget::native_stack_bytes`].
    pub recursion: usize,
    /// Values on the engine's own stack, 8 bytes each.
    pub value_stack: usize,
    /// Iterations of one loop in one call; `None` is no limit (the supervisor's timer still ends a hang).
    pub loop_iterations: Option<u64>,
    /// The native stack of the thread that runs the host. Source nesting is refused by it.
    pub native_stack_bytes: usize,
    /// The largest array buffer, in bytes. Beyond it scripts get a catchable `RangeError`.
    pub max_buffer_bytes: u64,
    /// The longest string that `repeat`, `padStart` and `padEnd` make, in UTF-16 units. Beyond it scripts get a
    /// catchable `RangeError`.
    pub max_string_units: usize,
    /// Links (sockets, children, watchers, look-ups) and open files, each. Beyond it scripts get a catchable error with
    /// code `ERR_TOO_MANY_HANDLES`, or `EMFILE` for files.
    pub max_handles: usize,
    /// Time for one turn of promise jobs and ticks that keep making new ones; `None` is no limit. What does not return at
    /// all is ended by the supervisor's timer, because the engine cannot be stopped from inside.
    pub turn: Option<Duration>,
    /// Live timers. Beyond it scripts get a catchable `RangeError`.
    pub max_timers: usize,
    /// Tasks, ticks and immediates that may wait, each.
    pub max_queue: usize,
    /// Buffer bytes handed out before a collection is forced: the engine does not count them.
    pub collect_after_bytes: usize,
    /// Resident memory of the process at which the context is ended; `None` is no limit.
    pub memory_bytes: Option<u64>,
}

/// The stack that the worker's thread must have for the default budget.
pub const NATIVE_STACK_BYTES: usize = 64 << 20;

impl Default for Budget {
    fn default() -> Self {
        Budget {
            recursion: 10_000,
            value_stack: 1 << 20,
            loop_iterations: None,
            native_stack_bytes: NATIVE_STACK_BYTES,
            max_buffer_bytes: 64 << 20,
            max_string_units: 64 << 20,
            max_handles: 1024,
            turn: None,
            max_timers: 10_000,
            max_queue: 65_536,
            collect_after_bytes: 16 << 20,
            memory_bytes: None,
        }
    }
}
