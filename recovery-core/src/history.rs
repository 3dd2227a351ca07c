//! What went wrong and what went well lately: a bounded record that outlives workers and supervisors.
//!
//! Layout, integers big-endian: `MLCH`, u8 version 1, u8 number of failures (at most [`MAX_FAILURES`]), u8 number of
//! quarantines (at most [`MAX_QUARANTINES`]), u8 number of good cores (at most [`MAX_GOOD`]); per failure 58 bytes
//! (hash 48, u64 seconds since 1970, u8 reason, u8 signal); per quarantine 59 bytes (a failure, u8 how many there
//! were); per good core 48 bytes; CRC-32 of all before.

use std::fmt;

use microstack_wire::id::CoreHash;

use crate::checksum::crc32;

/// Failures, quarantines and good cores, oldest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct History {
    failures: Vec<Failure>,
    quarantined: Vec<Quarantined>,
    /// Newest last.
    good: Vec<CoreHash>,
}

/// A worker ended, or a core was ended, while this core ran.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Failure {
    /// The core that was loading or running.
    pub core: CoreHash,
    /// When, in seconds since 1970.
    pub at_unix_s: u64,
    /// How.
    pub reason: FailureReason,
}

/// How a core failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum FailureReason {
    /// The worker was ended by this signal: an abort (6) or a memory fault (7, 11).
    Signal(u8),
    /// A turn took longer than its budget.
    Hang,
    /// The worker's memory limit was reached.
    OutOfMemory,
    /// The worker panicked.
    Panic,
    /// The core ran into a limit of the engine, or the engine failed; the worker lived on.
    Limit,
}

/// A core that may not run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quarantined {
    /// The failure that was one too many.
    pub last: Failure,
    /// How many there were within the window.
    pub failures: u8,
}

/// Why bytes are no history.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum HistoryError {
    /// The bytes are not a history of this version.
    Foreign,
    /// The record is torn or damaged.
    Damaged,
}

/// Failures kept; older ones are dropped.
pub const MAX_FAILURES: usize = 32;
/// Quarantines kept; older ones are dropped.
pub const MAX_QUARANTINES: usize = 16;
/// Good cores kept: the last one, and two before it in case that one fails later.
pub const MAX_GOOD: usize = 3;
/// Upper bound of the written form, in bytes.
pub const MAX_LEN: usize =
    HEAD + MAX_FAILURES * FAILURE + MAX_QUARANTINES * (FAILURE + 1) + MAX_GOOD * 48 + 4;

impl History {
    /// Reads a written history.
    ///
    /// # Errors
    /// [`HistoryError`]; the caller then starts with an empty one and says so.
    pub fn parse(bytes: &[u8]) -> Result<History, HistoryError> {
        if bytes.len() < HEAD + 4 || bytes[..4] != MAGIC || bytes[4] != VERSION {
            return Err(HistoryError::Foreign);
        }
        let counts = [usize::from(bytes[5]), usize::from(bytes[6]), usize::from(bytes[7])];
        if counts[0] > MAX_FAILURES || counts[1] > MAX_QUARANTINES || counts[2] > MAX_GOOD {
            return Err(HistoryError::Damaged);
        }
        let body = HEAD + counts[0] * FAILURE + counts[1] * (FAILURE + 1) + counts[2] * 48;
        let (Some(whole), Some(sum)) = (bytes.get(..body), bytes.get(body..body + 4)) else {
            return Err(HistoryError::Damaged);
        };
        if crc32(whole).to_be_bytes() != *sum {
            return Err(HistoryError::Damaged);
        }
        let mut rest = &whole[HEAD..];
        let mut history = History::default();
        for _ in 0..counts[0] {
            history.failures.push(take_failure(&mut rest)?);
        }
        for _ in 0..counts[1] {
            let last = take_failure(&mut rest)?;
            history.quarantined.push(Quarantined { last, failures: take::<1>(&mut rest)?[0] });
        }
        for _ in 0..counts[2] {
            history.good.push(CoreHash(take(&mut rest)?));
        }
        Ok(history)
    }

    /// Writes the history; at most [`MAX_LEN`] bytes.
    pub fn emit(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(MAX_LEN);
        out.extend_from_slice(&MAGIC);
        out.push(VERSION);
        // Each list is cut to its bound where it grows, and every bound is below 256.
        out.extend([self.failures.len() as u8, self.quarantined.len() as u8, self.good.len() as u8]);
        for failure in &self.failures {
            put_failure(&mut out, failure);
        }
        for entry in &self.quarantined {
            put_failure(&mut out, &entry.last);
            out.push(entry.failures);
        }
        for core in &self.good {
            out.extend_from_slice(core.as_bytes());
        }
        let sum = crc32(&out);
        out.extend_from_slice(&sum.to_be_bytes());
        out
    }

    /// Adds a failure, dropping the oldest beyond the bound.
    pub fn add_failure(&mut self, failure: Failure) {
        push_bounded(&mut self.failures, failure, MAX_FAILURES);
    }

    /// Puts a core into quarantine; it is no good core any more.
    pub fn add_quarantine(&mut self, entry: Quarantined) {
        self.good.retain(|good| *good != entry.last.core);
        self.quarantined.retain(|q| q.last.core != entry.last.core);
        push_bounded(&mut self.quarantined, entry, MAX_QUARANTINES);
    }

    /// Notes that a core ran well; it becomes the newest good one. True when that changed something.
    pub fn add_good(&mut self, core: CoreHash) -> bool {
        if self.good.last() == Some(&core) {
            return false;
        }
        self.good.retain(|good| *good != core);
        push_bounded(&mut self.good, core, MAX_GOOD);
        true
    }

    /// Forgets failures and quarantine of a core: the server took it back. True when there was something.
    pub fn forgive(&mut self, core: CoreHash) -> bool {
        let before = self.failures.len() + self.quarantined.len();
        self.failures.retain(|f| f.core != core);
        self.quarantined.retain(|q| q.last.core != core);
        before != self.failures.len() + self.quarantined.len()
    }

    /// The failures, oldest first.
    pub fn failures(&self) -> &[Failure] {
        &self.failures
    }

    /// The cores in quarantine, oldest first. Ask [`crate::quarantine::Policy`] whether an entry still holds.
    pub fn quarantined(&self) -> &[Quarantined] {
        &self.quarantined
    }

    /// Cores that ran well, the newest first.
    pub fn good(&self) -> impl Iterator<Item = CoreHash> + '_ {
        self.good.iter().rev().copied()
    }
}

impl Failure {
    /// Length of the written form of one failure.
    pub const LEN: usize = FAILURE;

    /// Writes one failure, as workers report it to their supervisor.
    pub fn emit(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(FAILURE);
        put_failure(&mut out, self);
        out
    }

    /// Reads one failure.
    ///
    /// # Errors
    /// [`HistoryError::Damaged`] when the length or the reason is not one we know.
    pub fn parse(bytes: &[u8]) -> Result<Failure, HistoryError> {
        let mut rest = bytes;
        let failure = take_failure(&mut rest)?;
        if rest.is_empty() { Ok(failure) } else { Err(HistoryError::Damaged) }
    }
}

impl FailureReason {
    fn to_bytes(self) -> [u8; 2] {
        match self {
            FailureReason::Signal(number) => [0, number],
            FailureReason::Hang => [1, 0],
            FailureReason::OutOfMemory => [2, 0],
            FailureReason::Panic => [3, 0],
            FailureReason::Limit => [4, 0],
        }
    }

    fn of_bytes(bytes: [u8; 2]) -> Result<FailureReason, HistoryError> {
        Ok(match bytes {
            [0, number] => FailureReason::Signal(number),
            [1, 0] => FailureReason::Hang,
            [2, 0] => FailureReason::OutOfMemory,
            [3, 0] => FailureReason::Panic,
            [4, 0] => FailureReason::Limit,
            _ => return Err(HistoryError::Damaged),
        })
    }
}

impl fmt::Display for FailureReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FailureReason::Signal(6) => f.write_str("the worker aborted (signal 6)"),
            FailureReason::Signal(number @ (7 | 11)) => {
                write!(f, "the worker crashed with a memory fault (signal {number})")
            }
            FailureReason::Signal(number) => write!(f, "the worker was ended by signal {number}"),
            FailureReason::Hang => f.write_str("a turn did not end within its time"),
            FailureReason::OutOfMemory => f.write_str("the worker's memory limit was reached"),
            FailureReason::Panic => f.write_str("the worker panicked"),
            FailureReason::Limit => f.write_str("a limit of the engine was reached or the engine failed"),
        }
    }
}

impl fmt::Display for HistoryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            HistoryError::Foreign => {
                "the core history is of another version of the agent; starting a new one"
            }
            HistoryError::Damaged => "the core history is damaged; starting a new one",
        })
    }
}

impl std::error::Error for HistoryError {}

fn push_bounded<T>(list: &mut Vec<T>, item: T, bound: usize) {
    if list.len() >= bound {
        list.remove(0);
    }
    list.push(item);
}

fn put_failure(out: &mut Vec<u8>, failure: &Failure) {
    out.extend_from_slice(failure.core.as_bytes());
    out.extend_from_slice(&failure.at_unix_s.to_be_bytes());
    out.extend_from_slice(&failure.reason.to_bytes());
}

fn take_failure(rest: &mut &[u8]) -> Result<Failure, HistoryError> {
    Ok(Failure {
        core: CoreHash(take(rest)?),
        at_unix_s: u64::from_be_bytes(take(rest)?),
        reason: FailureReason::of_bytes(take(rest)?)?,
    })
}

fn take<const N: usize>(rest: &mut &[u8]) -> Result<[u8; N], HistoryError> {
    let (head, tail) = rest.split_first_chunk::<N>().ok_or(HistoryError::Damaged)?;
    *rest = tail;
    Ok(*head)
}

const MAGIC: [u8; 4] = *b"MLCH";
const VERSION: u8 = 1;
const HEAD: usize = 8;
const FAILURE: usize = 58;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn core(n: u8) -> CoreHash {
        CoreHash([n; 48])
    }

    fn failure(n: u8, at_unix_s: u64) -> Failure {
        Failure { core: core(n), at_unix_s, reason: FailureReason::Signal(6) }
    }

    #[test]
    fn the_record_stays_within_its_bound_however_much_fails() {
        let mut history = History::default();
        for n in 0..=255u8 {
            history.add_failure(failure(n, n.into()));
            history.add_quarantine(Quarantined { last: failure(n, n.into()), failures: 3 });
            history.add_good(core(n));
        }
        assert_eq!(history.emit().len(), MAX_LEN);
        assert_eq!(history.failures()[0].core, core(224));
        assert_eq!(history.good().collect::<Vec<_>>(), [core(255), core(254), core(253)]);
    }

    #[test]
    fn a_core_that_ran_well_again_moves_to_the_front_once() {
        let mut history = History::default();
        assert!(history.add_good(core(1)));
        assert!(history.add_good(core(2)));
        assert!(history.add_good(core(1)));
        assert!(!history.add_good(core(1)));
        assert_eq!(history.good().collect::<Vec<_>>(), [core(1), core(2)]);
    }

    #[test]
    fn forgiving_one_core_leaves_the_others() {
        let mut history = History::default();
        history.add_failure(failure(1, 5));
        history.add_failure(failure(2, 6));
        history.add_quarantine(Quarantined { last: failure(1, 5), failures: 3 });
        assert!(history.forgive(core(1)));
        assert!(!history.forgive(core(1)));
        assert_eq!(history.failures(), [failure(2, 6)]);
        assert!(history.quarantined().is_empty());
    }

    #[test]
    fn every_flipped_bit_is_noticed() {
        let mut history = History::default();
        history.add_failure(failure(1, 77));
        history.add_quarantine(Quarantined { last: failure(1, 77), failures: 3 });
        history.add_good(core(9));
        let whole = history.emit();
        for at in 0..whole.len() * 8 {
            let mut bytes = whole.clone();
            bytes[at / 8] ^= 1 << (at % 8);
            assert!(History::parse(&bytes).is_err(), "bit {at}");
        }
        assert_eq!(History::parse(&whole), Ok(history));
    }

    proptest! {
        #[test]
        fn emit_and_parse_are_inverse(rows in proptest::collection::vec((any::<u8>(), any::<u64>(), 0u8..5, any::<u8>()), 0..60)) {
            let mut history = History::default();
            for (n, at_unix_s, reason, number) in rows {
                let reason = FailureReason::of_bytes([reason, if reason == 0 { number } else { 0 }]).unwrap();
                let failure = Failure { core: core(n), at_unix_s, reason };
                prop_assert_eq!(Failure::parse(&failure.emit()), Ok(failure));
                history.add_failure(failure);
                if n % 3 == 0 { history.add_quarantine(Quarantined { last: failure, failures: number }); }
                if n % 5 == 0 { history.add_good(core(n)); }
            }
            prop_assert_eq!(History::parse(&history.emit()), Ok(history));
        }

        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300), seal: bool) {
            let mut bytes = bytes;
            if seal && bytes.len() > HEAD {
                bytes[..4].copy_from_slice(&MAGIC);
                bytes[4] = VERSION;
                let sum = crc32(&bytes);
                bytes.extend_from_slice(&sum.to_be_bytes());
            }
            let _ = History::parse(&bytes);
            let _ = Failure::parse(&bytes);
        }
    }
}
