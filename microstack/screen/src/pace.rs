//! When the next picture is taken.

use std::time::{Duration, Instant};

/// Without word of changes from the server, the screen is looked at this often when nothing happens.
const SLOWEST: Duration = Duration::from_millis(1000);

/// The times between pictures: never less than the viewer asked for, and no busier than the machine can do.
#[derive(Debug)]
pub(crate) struct Pace {
    interval: Duration,
    /// True when the server tells of changes: then there is nothing to look for.
    told: bool,
    idle: Duration,
    next: Instant,
}

impl Pace {
    pub fn new(interval: Duration, told: bool, now: Instant) -> Self {
        Pace { interval, told, idle: interval, next: now }
    }

    pub fn set_interval(&mut self, interval: Duration) {
        self.interval = interval;
        self.idle = self.idle.max(interval);
    }

    /// A picture was taken from `began` to `now`.
    pub fn taken(&mut self, began: Instant, now: Instant, changed: bool) {
        self.idle = if self.told || changed {
            self.interval
        } else {
            (self.idle * 2).min(SLOWEST.max(self.interval))
        };
        // At most half of one processor's time, so that a slow machine stays usable.
        self.next = (began + self.idle).max(now + now.duration_since(began));
    }

    /// Something was typed or clicked: its effect is worth a look soon.
    pub fn stir(&mut self, now: Instant) {
        self.idle = self.interval;
        self.next = self.next.min(now + self.interval);
    }

    /// How long until the next picture may be taken; zero when it may be now.
    pub fn left(&self, now: Instant) -> Duration {
        self.next.saturating_duration_since(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn a_still_screen_is_looked_at_less_and_less_often() {
        let start = Instant::now();
        let mut pace = Pace::new(100 * MS, false, start);
        assert_eq!(pace.left(start), Duration::ZERO);
        let mut now = start;
        let mut waits = Vec::new();
        for _ in 0..6 {
            pace.taken(now, now, false);
            waits.push(pace.left(now).as_millis());
            now += pace.left(now);
        }
        assert_eq!(waits, [200, 400, 800, 1000, 1000, 1000]);
        pace.stir(now);
        assert_eq!(pace.left(now), Duration::ZERO);
        pace.taken(now, now, true);
        assert_eq!(pace.left(now), 100 * MS);
        pace.taken(now, now, false);
        pace.stir(now);
        assert_eq!(pace.left(now), 100 * MS);
    }

    #[test]
    fn a_slow_machine_rests_as_long_as_it_works() {
        let start = Instant::now();
        let mut pace = Pace::new(20 * MS, true, start);
        pace.taken(start, start + 300 * MS, true);
        assert_eq!(pace.left(start + 300 * MS), 300 * MS);
    }
}
