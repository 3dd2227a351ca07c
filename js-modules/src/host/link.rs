//! The one link of a host in the chain: it wakes the chain for the earliest timer.

use std::rc::Weak;

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
        cx.set_timer(next);
    }
}
