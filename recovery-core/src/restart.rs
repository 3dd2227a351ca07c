//! What a supervisor does when its worker has ended. No process, no clock: both are parameters.

use std::time::{Duration, Instant};

use crate::history::FailureReason;
use crate::marker::{Cause, Marker};

/// Decides after each end of a worker. One per supervisor.
#[derive(Debug, Default)]
pub struct RestartPolicy {
    quick_ends: u32,
    was_up: bool,
    stopping: bool,
}

/// How a worker ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WorkerEnd {
    /// It left with this code.
    Code(i32),
    /// It was ended by this signal.
    Signal(i32),
}

/// What to do now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// The supervisor leaves with this exit code.
    Leave(i32),
    /// Start another worker after this delay.
    Restart(Duration),
}

/// Exit code of a worker that its hang timer ended.
pub const EXIT_HANG: i32 = 86;
/// Exit code of a worker that asks to be started again, such as after `process.exit` of a core.
pub const EXIT_AGAIN: i32 = 87;
/// Exit code of a worker for faulty arguments or configuration; also the supervisor's.
pub const EXIT_USAGE: i32 = 2;

impl RestartPolicy {
    /// The worker said that its configuration is sound and its chain runs.
    pub fn worker_is_up(&mut self) {
        self.was_up = true;
    }

    /// Someone asked the supervisor to stop: the next end is the last.
    pub fn stop(&mut self) {
        self.stopping = true;
    }

    /// The worker ended after it ran from `started` to `now`.
    ///
    /// A worker that leaves in order without having been asked through the supervisor is started again, too.
    /// A fault of the configuration (codes 1 to 4) ends the supervisor only while no worker was ever up: a file
    /// that is damaged later must not end the management of a device.
    pub fn ended(&mut self, started: Instant, now: Instant, end: WorkerEnd) -> Next {
        if self.stopping {
            return Next::Leave(0);
        }
        if let (false, WorkerEnd::Code(code @ 1..=4)) = (self.was_up, end) {
            return Next::Leave(code);
        }
        if now.saturating_duration_since(started) >= LONG_ENOUGH {
            self.quick_ends = 0;
        }
        let delay = delay_after(self.quick_ends);
        if from_outside(end) {
            // Somebody's doing, not the worker's: it comes back within a second however often that happens, and
            // does not make its next crash look like one of many.
            return Next::Restart(delay.min(LONGEST_QUICK));
        }
        self.quick_ends = self.quick_ends.saturating_add(1);
        Next::Restart(delay)
    }
}

/// Which failure, if any, is put down to the core that the marker names.
///
/// `SIGKILL` and `SIGTERM` come from outside (a person, a test, a shutdown) and are not the core's doing; the memory
/// limit ends a worker by an abort, never by `SIGKILL`. Leaving with an ordinary code is not a failure either.
pub fn blame(end: WorkerEnd, marker: &Marker) -> Option<FailureReason> {
    marker.core?;
    match (end, marker.cause) {
        (WorkerEnd::Code(EXIT_HANG), _) => Some(FailureReason::Hang),
        (WorkerEnd::Code(_), Cause::Panic) => Some(FailureReason::Panic),
        (WorkerEnd::Signal(SIGABRT), Cause::OutOfMemory) => Some(FailureReason::OutOfMemory),
        (
            WorkerEnd::Signal(number @ (SIGILL | SIGTRAP | SIGABRT | SIGBUS | SIGFPE | SIGSEGV | SIGSYS)),
            _,
        ) => {
            Some(FailureReason::Signal(number as u8)) // all of them are below 32
        }
        _ => None,
    }
}

fn from_outside(end: WorkerEnd) -> bool {
    matches!(end, WorkerEnd::Signal(SIGKILL | SIGTERM))
}

/// The first restarts come within a second, as the design promises; a worker that cannot live at all must not burn
/// the machine.
fn delay_after(quick_ends: u32) -> Duration {
    const FIRST_MS: [u64; 5] = [0, 100, 250, 500, 1000];
    match FIRST_MS.get(quick_ends as usize) {
        Some(ms) => Duration::from_millis(*ms),
        None => LONGEST.min(Duration::from_secs(1 << (quick_ends - 4).min(6))),
    }
}

/// A worker that lived this long starts with a clean slate.
const LONG_ENOUGH: Duration = Duration::from_secs(60);
const LONGEST: Duration = Duration::from_secs(60);
const LONGEST_QUICK: Duration = Duration::from_secs(1);

// The numbers of Linux on every architecture we build for.
const SIGILL: i32 = 4;
const SIGTRAP: i32 = 5;
const SIGABRT: i32 = 6;
const SIGBUS: i32 = 7;
const SIGFPE: i32 = 8;
const SIGKILL: i32 = 9;
const SIGSEGV: i32 = 11;
const SIGTERM: i32 = 15;
const SIGSYS: i32 = 31;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::marker::Activity;
    use microstack_wire::id::CoreHash;

    fn after(policy: &mut RestartPolicy, ran_s: u64, end: WorkerEnd) -> Next {
        let started = Instant::now();
        policy.ended(started, started + Duration::from_secs(ran_s), end)
    }

    #[test]
    fn the_first_five_restarts_come_within_a_second_and_later_ones_slow_down() {
        let mut policy = RestartPolicy::default();
        let mut delays = Vec::new();
        for _ in 0..14 {
            match after(&mut policy, 0, WorkerEnd::Signal(6)) {
                Next::Restart(delay) => delays.push(delay.as_millis()),
                Next::Leave(code) => panic!("left with {code}"),
            }
        }
        assert_eq!(
            delays,
            [0, 100, 250, 500, 1000, 2000, 4000, 8000, 16000, 32000, 60000, 60000, 60000, 60000]
        );
    }

    #[test]
    fn kills_from_outside_never_slow_restarts_down() {
        let mut policy = RestartPolicy::default();
        for _ in 0..200 {
            assert_eq!(after(&mut policy, 0, WorkerEnd::Signal(9)), Next::Restart(Duration::ZERO));
        }
        for _ in 0..9 {
            after(&mut policy, 0, WorkerEnd::Signal(6));
        }
        assert_eq!(after(&mut policy, 0, WorkerEnd::Signal(9)), Next::Restart(Duration::from_secs(1)));
    }

    #[test]
    fn a_worker_that_lived_for_a_minute_is_restarted_at_once_again() {
        let mut policy = RestartPolicy::default();
        for _ in 0..9 {
            after(&mut policy, 1, WorkerEnd::Signal(11));
        }
        assert_eq!(after(&mut policy, 60, WorkerEnd::Signal(11)), Next::Restart(Duration::ZERO));
    }

    #[test]
    fn a_faulty_configuration_ends_the_supervisor_only_before_the_first_good_start() {
        let mut policy = RestartPolicy::default();
        assert_eq!(after(&mut policy, 0, WorkerEnd::Code(EXIT_USAGE)), Next::Leave(2));
        policy.worker_is_up();
        assert!(matches!(after(&mut policy, 0, WorkerEnd::Code(EXIT_USAGE)), Next::Restart(_)));
    }

    #[test]
    fn a_stop_is_the_end_whatever_the_worker_says() {
        let mut policy = RestartPolicy::default();
        policy.worker_is_up();
        policy.stop();
        assert_eq!(after(&mut policy, 5, WorkerEnd::Signal(9)), Next::Leave(0));
        assert_eq!(after(&mut policy, 5, WorkerEnd::Code(1)), Next::Leave(0));
        assert_eq!(after(&mut policy, 5, WorkerEnd::Code(0)), Next::Leave(0));
    }

    #[test]
    fn only_failures_that_a_core_can_cause_are_put_down_to_it() {
        let with = |cause| Marker {
            cause,
            core: Some(CoreHash([1; 48])),
            ..Marker::without_core(Activity::RunningCore, 0)
        };
        assert_eq!(blame(WorkerEnd::Code(EXIT_HANG), &with(Cause::Hang)), Some(FailureReason::Hang));
        assert_eq!(
            blame(WorkerEnd::Signal(SIGABRT), &with(Cause::OutOfMemory)),
            Some(FailureReason::OutOfMemory)
        );
        assert_eq!(blame(WorkerEnd::Signal(SIGSEGV), &with(Cause::Unsaid)), Some(FailureReason::Signal(11)));
        assert_eq!(blame(WorkerEnd::Code(101), &with(Cause::Panic)), Some(FailureReason::Panic));
        // kill -9 by hand, a stop, an exit that the core asked for.
        assert_eq!(blame(WorkerEnd::Signal(9), &with(Cause::Unsaid)), None);
        assert_eq!(blame(WorkerEnd::Signal(15), &with(Cause::Unsaid)), None);
        assert_eq!(blame(WorkerEnd::Code(EXIT_AGAIN), &with(Cause::Unsaid)), None);
        // Nobody is to blame when no core ran.
        let idle = Marker::without_core(Activity::Idle, 0);
        assert_eq!(blame(WorkerEnd::Signal(SIGSEGV), &idle), None);
    }
}
