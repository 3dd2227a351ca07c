//! Targets for the records that outlive a worker: a dying process wrote them, or half of them.

use microstack::wire::CoreHash;
use recovery_core::history::{self, Failure, FailureReason, History, Quarantined};
use recovery_core::marker::{self, Activity, Cause, Marker};
use recovery_core::quarantine::{Policy, Verdict};

/// Crash markers: as they are, and with a checksum that fits.
pub fn crash_marker(data: &[u8]) {
    read_marker(data);
    let mut record = Marker::without_core(Activity::Starting, 0).emit();
    for (target, byte) in record[5..].iter_mut().zip(data.get(5..).unwrap_or_default()) {
        *target = *byte;
    }
    let cause = [Cause::Unsaid, Cause::Hang, Cause::Panic, Cause::OutOfMemory][usize::from(record[5] % 4)];
    // This writes the checksum, as a signal handler does.
    marker::stamp(&mut record, cause, &[]);
    if let Some(read) = read_marker(&record) {
        assert_eq!(read.cause, cause);
    }
    marker::stamp(&mut record, cause, data);
    read_marker(&record);
}

fn read_marker(bytes: &[u8]) -> Option<Marker> {
    match Marker::parse(bytes) {
        Ok(read) => {
            assert!(read.core_name.len() <= marker::NAME_BYTES && read.note.len() <= marker::NOTE_BYTES);
            assert_eq!(Marker::parse(&read.emit()).as_ref(), Ok(&read));
            assert_ne!(read.core, Some(CoreHash::LOCAL));
            Some(read)
        }
        Err(error) => {
            assert!(!error.to_string().is_empty());
            None
        }
    }
}

/// Histories of cores: as they are, and with a checksum that fits.
pub fn core_history(data: &[u8]) {
    read_history(data);
    // The counts say where the checksum belongs.
    if let Some(&[failures, quarantines, good]) = data.get(5..8) {
        let count = |byte: u8, each: usize| usize::from(byte) * each;
        let body = 8
            + count(failures, Failure::LEN)
            + count(quarantines, Failure::LEN + 1)
            + count(good, CoreHash::LEN);
        if body <= history::MAX_LEN {
            let mut sealed = data.to_vec();
            sealed.resize(body, 0);
            sealed[..5].copy_from_slice(b"MLCH\x01");
            sealed.extend_from_slice(&crc32(&sealed).to_be_bytes());
            read_history(&sealed);
        }
    }
    if let Ok(failure) = Failure::parse(data) {
        assert_eq!(failure.emit(), data);
    }
}

fn read_history(bytes: &[u8]) {
    let mut history = match History::parse(bytes) {
        Ok(history) => history,
        Err(error) => return assert!(!error.to_string().is_empty()),
    };
    let emitted = history.emit();
    assert!(emitted.len() <= history::MAX_LEN && bytes.starts_with(&emitted));
    // Whatever it says, the decisions stand on their feet and the record stays within its bound.
    let (policy, core) = (Policy::default(), CoreHash([1; 48]));
    let at_unix_s = [0, 1_700_000_000, u64::MAX][bytes.len() % 3];
    if let Some(instead) = policy.fallback(&history, core, at_unix_s) {
        assert_ne!(instead, core);
        assert_eq!(policy.verdict(&history, instead, at_unix_s), Verdict::Run);
    }
    for _ in 0..policy.failures {
        policy.record(&mut history, Failure { core, at_unix_s, reason: FailureReason::Hang });
    }
    assert!(matches!(policy.verdict(&history, core, at_unix_s), Verdict::Quarantined(_)));
    history.add_good(core);
    let emitted = history.emit();
    assert!(emitted.len() <= history::MAX_LEN);
    assert_eq!(History::parse(&emitted).as_ref(), Ok(&history));
    history.forgive(core);
    assert_eq!(policy.verdict(&history, core, 0), Verdict::Run);
}

/// CRC-32 of ISO-HDLC, bit by bit: written a second time so that the two are checked against each other.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0u32, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| (sum >> 1) ^ (0xEDB8_8320 & (sum & 1).wrapping_neg()))
    })
}

/// Markers of every kind.
pub fn markers() -> Vec<Vec<u8>> {
    let running = Marker {
        cause: Cause::Hang,
        core: Some(CoreHash([0xA7; 48])),
        core_name: "tiny core é".into(),
        note: "a turn took 30 s".into(),
        ..Marker::without_core(Activity::RunningCore, 1_700_000_000)
    };
    vec![running.emit().to_vec(), Marker::without_core(Activity::Idle, 1).emit().to_vec(), vec![0; 256]]
}

/// Histories: empty, small and full.
pub fn histories() -> Vec<Vec<u8>> {
    let filled = |count: u8| {
        let mut history = History::default();
        for n in 0..count {
            let reason = [FailureReason::Signal(11), FailureReason::Panic, FailureReason::Limit];
            let failure =
                Failure { core: CoreHash([n; 48]), at_unix_s: 9, reason: reason[usize::from(n % 3)] };
            history.add_failure(failure);
            history.add_quarantine(Quarantined { last: failure, failures: n });
            history.add_good(CoreHash([n; 48]));
        }
        history.emit()
    };
    let failure = Failure { core: CoreHash([1; 48]), at_unix_s: 9, reason: FailureReason::OutOfMemory };
    // One failure more than there may be.
    let too_many = b"MLCH\x01\x21\0\0".to_vec();
    vec![filled(0), filled(2), filled(40), failure.emit(), too_many]
}
