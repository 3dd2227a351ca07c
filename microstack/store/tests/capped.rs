//! Capped tables stay within their limits, whatever is appended.

use std::sync::Arc;
use std::time::Duration;

use microstack_store::{Capped, DiskStore, Limits, Options, Store, StoreError};
use proptest::prelude::*;

fn fresh() -> (tempfile::TempDir, Arc<DiskStore>) {
    let dir = tempfile::tempdir().unwrap();
    let store = Arc::new(DiskStore::open(dir.path().join("store"), Options::default()).unwrap().store);
    (dir, store)
}

const WIDE: Limits = Limits { rows: 1000, bytes: 1 << 20, retention: Duration::from_secs(1 << 30) };

#[test]
fn the_oldest_entries_go_and_are_counted() {
    let (_dir, store) = fresh();
    let mut log = Capped::open(store.clone(), "log", Limits { rows: 3, ..WIDE }).unwrap();
    for i in 0..10u8 {
        assert_eq!(log.append(1000 + u64::from(i), &[i]).unwrap(), u64::from(i));
    }
    assert_eq!((log.len(), log.bytes(), log.dropped()), (3, 3, 7));
    let contents: Vec<u8> = log.recent(10).unwrap().iter().map(|entry| entry.content[0]).collect();
    assert_eq!(contents, [7, 8, 9]);
    assert_eq!(log.recent(1).unwrap()[0].at_ms, 1009);
    assert_eq!(log.after(8, 10).unwrap().len(), 2);
    assert_eq!(store.len("log").unwrap(), 3, "nothing is left behind in the store");
}

#[test]
fn bytes_are_bounded_and_one_large_entry_displaces_many() {
    let (_dir, store) = fresh();
    let mut log = Capped::open(store, "log", Limits { bytes: 100, ..WIDE }).unwrap();
    for _ in 0..10 {
        log.append(1, &[0; 10]).unwrap();
    }
    assert_eq!((log.len(), log.bytes()), (10, 100));
    log.append(1, &[0; 95]).unwrap();
    assert_eq!((log.len(), log.bytes(), log.dropped()), (1, 95, 10));
    assert!(matches!(log.append(1, &[0; 101]), Err(StoreError::TooLarge { .. })));
    assert_eq!(log.len(), 1, "a refused entry displaces nothing");
}

#[test]
fn old_entries_expire() {
    let (_dir, store) = fresh();
    let limits = Limits { retention: Duration::from_secs(60), ..WIDE };
    let mut log = Capped::open(store, "log", limits).unwrap();
    for second in 0..10u64 {
        log.append(second * 1000, b"x").unwrap();
    }
    log.expire(64_000).unwrap();
    assert_eq!(log.recent(100).unwrap().first().unwrap().at_ms, 4000);
    log.append(200_000, b"y").unwrap();
    assert_eq!((log.len(), log.dropped()), (1, 10), "appending expires too");
}

#[test]
fn counts_and_numbers_survive_closing() {
    let (dir, store) = fresh();
    let mut log = Capped::open(store.clone(), "log", Limits { rows: 600, ..WIDE }).unwrap();
    for i in 0..700u64 {
        log.append(i, &i.to_be_bytes()).unwrap();
    }
    drop((log, store));
    let store = Arc::new(DiskStore::open(dir.path().join("store"), Options::default()).unwrap().store);
    let mut log = Capped::open(store, "log", Limits { rows: 600, ..WIDE }).unwrap();
    assert_eq!((log.len(), log.bytes(), log.dropped()), (600, 4800, 0));
    assert_eq!(log.append(700, b"next").unwrap(), 700, "a number is never used twice");
    assert_eq!(log.recent(600).unwrap().first().unwrap().number, 101);
}

#[test]
fn a_smaller_limit_takes_effect_at_the_next_entry() {
    let (_dir, store) = fresh();
    let mut log = Capped::open(store.clone(), "log", WIDE).unwrap();
    for i in 0..400 {
        log.append(i, b"x").unwrap();
    }
    drop(log);
    let mut log = Capped::open(store, "log", Limits { rows: 5, ..WIDE }).unwrap();
    log.append(400, b"x").unwrap();
    assert_eq!(log.len(), 5);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn no_sequence_breaks_the_limits(
        rows in 1..8usize,
        bytes in 20..200usize,
        entries in proptest::collection::vec((0..5000u64, 0..30usize), 1..60),
    ) {
        let (_dir, store) = fresh();
        let limits = Limits { rows, bytes, retention: Duration::from_secs(3) };
        let mut log = Capped::open(store.clone(), "log", limits).unwrap();
        let mut appended = 0;
        for (now, size) in entries {
            if size <= bytes {
                log.append(now, &vec![1; size]).unwrap();
                appended += 1;
            }
            prop_assert!(log.len() <= rows && log.bytes() <= bytes);
            prop_assert_eq!(log.len() as u64 + log.dropped(), appended);
            let stored: usize = log.recent(100).unwrap().iter().map(|entry| entry.content.len()).sum();
            prop_assert_eq!(stored, log.bytes());
            prop_assert_eq!(store.len("log").unwrap(), log.len());
        }
    }
}
