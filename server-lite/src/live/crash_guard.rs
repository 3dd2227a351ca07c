//! Counts disconnects per device, cleared every two minutes (agent-channel specification 3.4 and 7, rule 9).
//!
//! The counts feed `core_sync`: over 4 the core is cleared, over 6 the agent is not confirmed.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use microstack::wire::id::NodeId;

/// Disconnects of devices in the present window. Time is a parameter.
#[derive(Default)]
pub struct CrashGuard {
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    window_began: Option<Instant>,
    counts: HashMap<NodeId, u32>,
}

impl CrashGuard {
    /// Length of a window.
    pub const WINDOW: Duration = Duration::from_secs(120);

    /// Notes that a confirmed agent lost its connection, or that its core crashed.
    pub fn disconnected(&self, node: NodeId, now: Instant) {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        inner.roll(now);
        // The table is cleared every window, so it is bounded by the connections of two minutes.
        let count = inner.counts.entry(node).or_insert(0);
        *count = count.saturating_add(1);
    }

    /// Disconnects of a device in the present window.
    pub fn disconnects(&self, node: &NodeId, now: Instant) -> u32 {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        inner.roll(now);
        inner.counts.get(node).copied().unwrap_or(0)
    }

    /// Forgets a device: an operator pushed another core, so it shall have its chance.
    pub fn forgive(&self, node: &NodeId) {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner).counts.remove(node);
    }
}

impl Inner {
    fn roll(&mut self, now: Instant) {
        let began = *self.window_began.get_or_insert(now);
        if now.saturating_duration_since(began) >= CrashGuard::WINDOW {
            self.counts = HashMap::new();
            self.window_began = Some(now);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_last_one_window() {
        let (guard, start, node) = (CrashGuard::default(), Instant::now(), NodeId([1; 48]));
        for _ in 0..5 {
            guard.disconnected(node, start);
        }
        assert_eq!(guard.disconnects(&node, start + Duration::from_secs(119)), 5);
        assert_eq!(guard.disconnects(&NodeId([2; 48]), start), 0);
        assert_eq!(guard.disconnects(&node, start + CrashGuard::WINDOW), 0);
    }

    #[test]
    fn a_pushed_core_gets_its_chance() {
        let (guard, start, node) = (CrashGuard::default(), Instant::now(), NodeId([1; 48]));
        guard.disconnected(node, start);
        guard.forgive(&node);
        assert_eq!(guard.disconnects(&node, start), 0);
    }
}
