//! The crash marker: 256 bytes in which a worker keeps up to date what it is doing.
//!
//! The supervisor hands the worker a memory file; the worker rewrites the record when a core starts, becomes idle or
//! ends. Whatever then kills the worker, the supervisor reads the last record and knows which core was running. A
//! signal handler may add why with [`stamp`], which allocates and locks nothing.
//!
//! | offset | bytes | field |
//! |---|---|---|
//! | 0 | 4 | `MLCM` |
//! | 4 | 1 | version, 1 |
//! | 5 | 1 | cause: 0 none, 1 hang, 2 panic, 3 out of memory |
//! | 6 | 1 | activity: 0 starting, 1 without a core, 2 loading a core, 3 running a core |
//! | 7 | 1 | length of the core's name |
//! | 8 | 8 | when this was written, seconds since 1970, big-endian |
//! | 16 | 48 | core hash, zero without a core |
//! | 64 | 64 | core name, UTF-8, zero-padded |
//! | 128 | 1 | length of the note |
//! | 129 | 120 | note, UTF-8, zero-padded |
//! | 249 | 3 | zero |
//! | 252 | 4 | CRC-32 of all before, big-endian |

use std::fmt;

use microstack_wire::id::CoreHash;

use crate::checksum::crc32;

/// What a worker was doing, and why it ended if it could still say so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Marker {
    /// Why the worker ended itself.
    pub cause: Cause,
    /// What the worker was doing.
    pub activity: Activity,
    /// The core that was loading or running.
    pub core: Option<CoreHash>,
    /// Name of the core, at most [`NAME_BYTES`] bytes.
    pub core_name: String,
    /// When the record was written, seconds since 1970.
    pub at_unix_s: u64,
    /// One line for people, at most [`NOTE_BYTES`] bytes: the panic's place, the length of the hang.
    pub note: String,
}

/// Why a worker ended itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// It did not say: a signal, an abort, or an exit in order.
    Unsaid,
    /// A turn of the chain took longer than its budget.
    Hang,
    /// Rust code of the worker panicked outside of the engine's guards.
    Panic,
    /// The memory limit was reached.
    OutOfMemory,
}

/// What a worker is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Activity {
    /// It has not reached its chain yet.
    Starting,
    /// The chain runs; no core does.
    Idle,
    /// The top level of a core runs.
    LoadingCore,
    /// A core was loaded and serves events.
    RunningCore,
}

/// Why bytes are no marker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum MarkerError {
    /// Nothing was ever written. Usual cause: the worker died before it said anything.
    Empty,
    /// The bytes are not a marker of this version.
    Foreign,
    /// The record is torn or damaged.
    Damaged,
}

/// Size of a record in bytes.
pub const LEN: usize = 256;
/// Longest core name kept, in bytes.
pub const NAME_BYTES: usize = 64;
/// Longest note kept, in bytes.
pub const NOTE_BYTES: usize = 120;

impl Marker {
    /// A marker of a worker that runs no core.
    pub fn without_core(activity: Activity, at_unix_s: u64) -> Marker {
        Marker {
            cause: Cause::Unsaid,
            activity,
            core: None,
            core_name: String::new(),
            at_unix_s,
            note: String::new(),
        }
    }

    /// Reads a record.
    ///
    /// # Errors
    /// [`MarkerError`] says whether there is none, a foreign one or a damaged one.
    pub fn parse(bytes: &[u8]) -> Result<Marker, MarkerError> {
        let Some(bytes) = bytes.first_chunk::<LEN>() else {
            return Err(if bytes.iter().all(|b| *b == 0) {
                MarkerError::Empty
            } else {
                MarkerError::Foreign
            });
        };
        if bytes.iter().all(|b| *b == 0) {
            return Err(MarkerError::Empty);
        }
        if bytes[..4] != MAGIC || bytes[4] != VERSION {
            return Err(MarkerError::Foreign);
        }
        if crc32(&bytes[..CRC_AT]).to_be_bytes() != bytes[CRC_AT..] {
            return Err(MarkerError::Damaged);
        }
        let mut core = [0; 48];
        core.copy_from_slice(&bytes[16..64]);
        let mut at = [0; 8];
        at.copy_from_slice(&bytes[8..16]);
        Ok(Marker {
            cause: Cause::of_byte(bytes[CAUSE_AT]).ok_or(MarkerError::Damaged)?,
            activity: Activity::of_byte(bytes[6]).ok_or(MarkerError::Damaged)?,
            core: (core != [0; 48]).then_some(CoreHash(core)),
            core_name: text(&bytes[64..64 + NAME_BYTES], bytes[7])?,
            at_unix_s: u64::from_be_bytes(at),
            note: text(&bytes[NOTE_AT..NOTE_AT + NOTE_BYTES], bytes[NOTE_AT - 1])?,
        })
    }

    /// Writes the record. Texts that are too long are cut at a character.
    pub fn emit(&self) -> [u8; LEN] {
        let mut bytes = [0; LEN];
        bytes[..4].copy_from_slice(&MAGIC);
        bytes[4] = VERSION;
        bytes[CAUSE_AT] = self.cause as u8;
        bytes[6] = self.activity as u8;
        bytes[8..16].copy_from_slice(&self.at_unix_s.to_be_bytes());
        if let Some(core) = &self.core {
            bytes[16..64].copy_from_slice(core.as_bytes());
        }
        bytes[7] = put_text(&mut bytes[64..64 + NAME_BYTES], &self.core_name);
        bytes[NOTE_AT - 1] = put_text(&mut bytes[NOTE_AT..NOTE_AT + NOTE_BYTES], &self.note);
        seal(&mut bytes);
        bytes
    }
}

/// Adds a cause, and a note unless it is empty, to a record that [`Marker::emit`] made.
///
/// Async-signal-safe: no allocation, no lock. The note must be UTF-8; bytes beyond [`NOTE_BYTES`] are left out.
pub fn stamp(bytes: &mut [u8; LEN], cause: Cause, note: &[u8]) {
    bytes[CAUSE_AT] = cause as u8;
    if !note.is_empty() {
        let len = note.len().min(NOTE_BYTES);
        bytes[NOTE_AT..NOTE_AT + NOTE_BYTES].fill(0);
        bytes[NOTE_AT..NOTE_AT + len].copy_from_slice(&note[..len]);
        bytes[NOTE_AT - 1] = len as u8; // at most NOTE_BYTES
    }
    seal(bytes);
}

impl Cause {
    fn of_byte(byte: u8) -> Option<Cause> {
        [Cause::Unsaid, Cause::Hang, Cause::Panic, Cause::OutOfMemory].get(usize::from(byte)).copied()
    }
}

impl Activity {
    fn of_byte(byte: u8) -> Option<Activity> {
        [Activity::Starting, Activity::Idle, Activity::LoadingCore, Activity::RunningCore]
            .get(usize::from(byte))
            .copied()
    }
}

impl fmt::Display for Activity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Activity::Starting => "starting",
            Activity::Idle => "running without a core",
            Activity::LoadingCore => "loading a core",
            Activity::RunningCore => "running a core",
        })
    }
}

impl fmt::Display for MarkerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            MarkerError::Empty => "the worker left no crash marker: it died before it could say what it did",
            MarkerError::Foreign => "the crash marker is of another version of the agent",
            MarkerError::Damaged => "the crash marker is damaged",
        })
    }
}

impl std::error::Error for MarkerError {}

/// The longest head of `text` that fits `limit` bytes and ends at a character.
pub fn head(text: &str, limit: usize) -> &str {
    let mut end = text.len().min(limit);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

fn put_text(target: &mut [u8], text: &str) -> u8 {
    let text = head(text, target.len());
    target[..text.len()].copy_from_slice(text.as_bytes());
    text.len() as u8 // both fields are shorter than 256
}

fn text(field: &[u8], len: u8) -> Result<String, MarkerError> {
    let bytes = field.get(..usize::from(len)).ok_or(MarkerError::Damaged)?;
    String::from_utf8(bytes.to_vec()).map_err(|_| MarkerError::Damaged)
}

fn seal(bytes: &mut [u8; LEN]) {
    let sum = crc32(&bytes[..CRC_AT]).to_be_bytes();
    bytes[CRC_AT..].copy_from_slice(&sum);
}

const MAGIC: [u8; 4] = *b"MLCM";
const VERSION: u8 = 1;
const CAUSE_AT: usize = 5;
const NOTE_AT: usize = 129;
const CRC_AT: usize = LEN - 4;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sample() -> Marker {
        Marker {
            cause: Cause::Unsaid,
            activity: Activity::RunningCore,
            core: Some(CoreHash([3; 48])),
            core_name: "meshcore".into(),
            at_unix_s: 1_700_000_000,
            note: "a note".into(),
        }
    }

    #[test]
    fn a_stamp_changes_the_cause_and_the_note_and_nothing_else() {
        let mut bytes = sample().emit();
        stamp(&mut bytes, Cause::Hang, b"");
        assert_eq!(Marker::parse(&bytes), Ok(Marker { cause: Cause::Hang, ..sample() }));
        stamp(&mut bytes, Cause::OutOfMemory, b"timer");
        let stamped = Marker { cause: Cause::OutOfMemory, note: "timer".into(), ..sample() };
        assert_eq!(Marker::parse(&bytes), Ok(stamped));
        stamp(&mut bytes, Cause::Hang, &[b'x'; 300]);
        assert_eq!(Marker::parse(&bytes).unwrap().note.len(), NOTE_BYTES);
    }

    #[test]
    fn every_flipped_bit_is_noticed() {
        let whole = sample().emit();
        for at in 0..LEN * 8 {
            let mut bytes = whole;
            bytes[at / 8] ^= 1 << (at % 8);
            assert!(Marker::parse(&bytes).is_err(), "bit {at}");
        }
    }

    #[test]
    fn a_worker_that_said_nothing_is_told_from_a_damaged_record() {
        assert_eq!(Marker::parse(&[0; LEN]), Err(MarkerError::Empty));
        assert_eq!(Marker::parse(&[]), Err(MarkerError::Empty));
        assert_eq!(Marker::parse(b"MLC"), Err(MarkerError::Foreign));
        assert_eq!(Marker::parse(&[9; LEN]), Err(MarkerError::Foreign));
    }

    #[test]
    fn long_texts_are_cut_at_a_character() {
        let marker = Marker { core_name: "ä".repeat(100), note: "ö".repeat(100), ..sample() };
        let read = Marker::parse(&marker.emit()).unwrap();
        assert_eq!((read.core_name.len(), read.note.len()), (NAME_BYTES, NOTE_BYTES));
    }

    proptest! {
        #[test]
        fn emit_and_parse_are_inverse(name in "[a-zä-ü ]{0,30}", note in ".{0,30}", at: u64, core: [u8; 32], a in 0u8..4, c in 0u8..4) {
            let mut hash = [1; 48];
            hash[..32].copy_from_slice(&core);
            let marker = Marker {
                cause: Cause::of_byte(c).unwrap(), activity: Activity::of_byte(a).unwrap(),
                core: Some(CoreHash(hash)), core_name: name, at_unix_s: at, note,
            };
            prop_assert_eq!(Marker::parse(&marker.emit()), Ok(marker));
        }

        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400), seal_it: bool) {
            let mut bytes = bytes;
            // Sealed rubbish gets past the checksum and reaches the fields.
            if seal_it && let Some(record) = bytes.first_chunk_mut::<LEN>() {
                record[..4].copy_from_slice(&MAGIC);
                record[4] = VERSION;
                seal(record);
            }
            let _ = Marker::parse(&bytes);
        }
    }
}
