//! One timer per link, kept in order; timers with slack share wake-ups.

use std::collections::{BTreeSet, HashMap};
use std::time::{Duration, Instant};

use super::LinkId;

pub(super) struct Timers {
    origin: Instant,
    order: BTreeSet<(Instant, LinkId)>,
    by_link: HashMap<LinkId, Instant>,
}

impl Timers {
    pub(super) fn new(origin: Instant) -> Self {
        Timers { origin, order: BTreeSet::new(), by_link: HashMap::new() }
    }

    pub(super) fn set(&mut self, id: LinkId, at: Instant, slack: Duration) {
        let at = self.coalesce(at, slack);
        if let Some(old) = self.by_link.insert(id, at) {
            if old == at {
                return;
            }
            self.order.remove(&(old, id));
        }
        self.order.insert((at, id));
    }

    pub(super) fn clear(&mut self, id: LinkId) {
        if let Some(old) = self.by_link.remove(&id) {
            self.order.remove(&(old, id));
        }
    }

    pub(super) fn next(&self) -> Option<Instant> {
        self.order.first().map(|(at, _)| *at)
    }

    pub(super) fn pop_due(&mut self, now: Instant) -> Option<LinkId> {
        let (at, id) = *self.order.first()?;
        if at > now {
            return None;
        }
        self.order.pop_first();
        self.by_link.remove(&id);
        Some(id)
    }

    /// Rounds up to a multiple of the slack since the chain began: equal slacks meet on the same instants.
    fn coalesce(&self, at: Instant, slack: Duration) -> Instant {
        if slack.is_zero() {
            return at;
        }
        let since = at.saturating_duration_since(self.origin).as_nanos();
        let step = slack.as_nanos();
        let rounded = since.div_ceil(step) * step;
        match u64::try_from(rounded).ok().map(Duration::from_nanos) {
            Some(offset) => self.origin.checked_add(offset).unwrap_or(at),
            None => at,
        }
    }
}
