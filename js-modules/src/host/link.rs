//! The one link of a host in the chain: it wakes the chain for the earliest timer.

use std::rc::Weak;
use std::time::Duration;

use microstack::chain::{Cx, Link, Wake};

use super::shared::HostShared;

/// Mail: the earliest timer became earlier.
pub(crate) struct Rearm;

/// Owns no engine: a due timer makes the turn end, and the host drains between turns.
pub(crate) struct HostLink {
    pub shared: Weak<HostShared>,
}

impl Link for HostLink {
    fn wake(&mut self, cx: &mut Cx<'_>, wake: Wake) {
        let Some(shared) = self.shared.upgrade() else {
            cx.remove_self();
            return;
        };
        if wake.timer && shared.timers.borrow().next().is_some_and(|at| at <= cx.now()) {
            // Whoever drains will see it due; it arms again for what is left.
            shared.armed.set(None);
            return;
        }
        let next = shared.timers.borrow().next();
        shared.armed.set(next);
        let ahead = next.map_or(Duration::ZERO, |at| at.saturating_duration_since(cx.now()));
        cx.set_timer_with_slack(next, slack(ahead));
    }
}

/// How late a timer may be, so that long ones of several contexts and links share a wake-up. Under a hundredth of the
/// delay: nobody who waits for minutes notices.
fn slack(ahead: Duration) -> Duration {
    match ahead.as_secs() {
        0..10 => Duration::ZERO,
        10..60 => Duration::from_millis(100),
        _ => Duration::from_millis(500),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timer_is_late_by_a_hundredth_at_most() {
        for seconds in [0, 1, 9, 10, 59, 60, 3600] {
            let ahead = Duration::from_secs(seconds);
            assert!(slack(ahead) * 100 <= ahead, "{ahead:?}");
        }
    }
}
