//! When a core may no longer run, and what runs instead.
//!
//! A core that fails [`Policy::failures`] times within [`Policy::window_s`] is sent away for [`Policy::hold_s`], or
//! until the server clears it. A core is *good* once it ran for [`Policy::proof_s`] without failing, or for
//! [`Policy::confirmed_proof_s`] when the server has confirmed it; the newest good core takes the place of one that was
//! sent away. A core that fails after it was found good loses that standing with its quarantine.

use microstack_wire::id::CoreHash;

use crate::history::{Failure, History, Quarantined};

/// The rule. Pure: it holds numbers, no state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// Failures within the window that send a core away.
    pub failures: usize,
    /// Length of the window in seconds.
    pub window_s: u64,
    /// How long a quarantine holds, in seconds.
    pub hold_s: u64,
    /// How long a core must run without failing to count as good, in seconds.
    pub proof_s: u64,
    /// The same for a core that the server has confirmed.
    pub confirmed_proof_s: u64,
}

/// Whether a core may run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It may.
    Run,
    /// It failed too often.
    Quarantined(Quarantined),
}

impl Default for Policy {
    fn default() -> Self {
        Policy { failures: 3, window_s: 600, hold_s: 24 * 3600, proof_s: 60, confirmed_proof_s: 3 }
    }
}

impl Policy {
    /// Whether `core` may run now.
    pub fn verdict(&self, history: &History, core: CoreHash, now_unix_s: u64) -> Verdict {
        history
            .quarantined()
            .iter()
            .find(|entry| entry.last.core == core && self.holds(entry, now_unix_s))
            .map_or(Verdict::Run, |entry| Verdict::Quarantined(*entry))
    }

    /// Notes a failure; gives the quarantine when this one was one too many.
    pub fn record(&self, history: &mut History, failure: Failure) -> Option<Quarantined> {
        history.add_failure(failure);
        let within = |at: u64| at.abs_diff(failure.at_unix_s) <= self.window_s;
        let count =
            history.failures().iter().filter(|f| f.core == failure.core && within(f.at_unix_s)).count();
        if count < self.failures {
            return None;
        }
        // The list of failures is bounded far below 256.
        let entry = Quarantined { last: failure, failures: count as u8 };
        history.add_quarantine(entry);
        Some(entry)
    }

    /// Whether a core that has run this long without failing is good.
    pub fn is_proven(&self, ran_s: u64, confirmed: bool) -> bool {
        ran_s >= if confirmed { self.confirmed_proof_s } else { self.proof_s }
    }

    /// The core to run in place of `instead_of`: the newest good one that may run.
    pub fn fallback(&self, history: &History, instead_of: CoreHash, now_unix_s: u64) -> Option<CoreHash> {
        history
            .good()
            .find(|core| *core != instead_of && self.verdict(history, *core, now_unix_s) == Verdict::Run)
    }

    /// A clock that was set back must not lengthen a quarantine, nor one set forward shorten it by accident: the
    /// distance counts, whatever its direction.
    fn holds(&self, entry: &Quarantined, now_unix_s: u64) -> bool {
        entry.last.at_unix_s.abs_diff(now_unix_s) < self.hold_s
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::FailureReason;

    fn core(n: u8) -> CoreHash {
        CoreHash([n; 48])
    }

    fn fail(history: &mut History, n: u8, at_unix_s: u64) -> Option<Quarantined> {
        Policy::default().record(history, Failure { core: core(n), at_unix_s, reason: FailureReason::Hang })
    }

    #[test]
    fn the_third_failure_within_ten_minutes_sends_a_core_away() {
        let mut history = History::default();
        assert_eq!(fail(&mut history, 1, 1000), None);
        assert_eq!(fail(&mut history, 1, 1300), None);
        let entry = fail(&mut history, 1, 1600).expect("exactly ten minutes apart counts");
        assert_eq!(entry.failures, 3);
        assert_eq!(Policy::default().verdict(&history, core(1), 1601), Verdict::Quarantined(entry));
        assert_eq!(Policy::default().verdict(&history, core(2), 1601), Verdict::Run);
    }

    #[test]
    fn failures_far_apart_or_of_other_cores_do_not_add_up() {
        let mut history = History::default();
        for n in 0..20 {
            assert_eq!(fail(&mut history, 1, 1000 + n * 301), None, "failure {n}");
        }
        assert_eq!(fail(&mut history, 2, 8000), None);
        assert_eq!(fail(&mut history, 3, 8000), None);
        assert_eq!(fail(&mut history, 4, 8000), None);
    }

    #[test]
    fn a_quarantine_ends_after_a_day_or_when_the_server_clears_the_core() {
        let policy = Policy::default();
        let mut history = History::default();
        for at in [10, 11, 12] {
            fail(&mut history, 1, at);
        }
        assert!(matches!(policy.verdict(&history, core(1), 12 + 86_399), Verdict::Quarantined(_)));
        assert_eq!(policy.verdict(&history, core(1), 12 + 86_400), Verdict::Run);
        assert!(history.forgive(core(1)));
        assert_eq!(policy.verdict(&history, core(1), 13), Verdict::Run);
        assert_eq!(fail(&mut history, 1, 14), None, "and counting starts anew");
    }

    #[test]
    fn a_confirmed_core_is_good_sooner() {
        let policy = Policy::default();
        assert!(!policy.is_proven(59, false) && policy.is_proven(60, false));
        assert!(!policy.is_proven(2, true) && policy.is_proven(3, true));
    }

    #[test]
    fn the_newest_good_core_that_may_run_takes_over() {
        let policy = Policy::default();
        let mut history = History::default();
        assert_eq!(policy.fallback(&history, core(1), 0), None);
        history.add_good(core(8));
        history.add_good(core(9));
        assert_eq!(policy.fallback(&history, core(1), 0), Some(core(9)));
        // A good core that fails later is no way out of its own quarantine, nor of another's.
        for at in [10, 11, 12] {
            fail(&mut history, 9, at);
        }
        assert_eq!(policy.fallback(&history, core(9), 13), Some(core(8)));
        assert_eq!(policy.fallback(&history, core(1), 13), Some(core(8)));
    }
}
