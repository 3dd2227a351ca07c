//! Who is told how turns go: the hang timer of the agent and the loop watchdog.

use std::time::Duration;

/// A link that holds the chain this long is reported (pain 9: CPU at 100 % and nobody knows why).
pub(super) const SLOW: Duration = Duration::from_millis(200);

/// Told at the edges of each turn, on the chain's thread.
pub trait TurnWatch {
    /// Poll returned: work starts. Between here and [`TurnWatch::turn_ends`] nothing should take long.
    fn turn_begins(&self);

    /// The chain is about to wait.
    fn turn_ends(&self);

    /// A link took 200 ms or more in one call.
    fn slow_link(&self, slow: SlowLink) {
        tracing::warn!(link = slow.name, ms = slow.took.as_millis() as u64, "a link held the chain");
    }
}

/// One slow call.
#[derive(Debug, Clone, Copy)]
pub struct SlowLink {
    /// The name given to [`super::Chain::add`].
    pub name: &'static str,
    /// How long the call took.
    pub took: Duration,
}

/// Counters of a chain.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stats {
    /// Turns run.
    pub turns: u64,
    /// Turns that slept before: the process was woken up.
    pub wake_ups: u64,
    /// Calls of 200 ms and more.
    pub slow: u64,
}
