//! The promises of [`Store`], checked against a map that cannot fail.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};

use microstack_store::{DiskStore, MAX_KEY_BYTES, MAX_VALUE_BYTES, Options, Store, StoreError, Write};
use proptest::prelude::*;

fn fresh() -> (tempfile::TempDir, DiskStore) {
    let dir = tempfile::tempdir().unwrap();
    let store = DiskStore::open(dir.path().join("store"), Options::default()).unwrap().store;
    (dir, store)
}

#[test]
fn values_survive_closing() {
    let dir = tempfile::tempdir().unwrap();
    let core = vec![0xA5; 600_000];
    {
        let store = DiskStore::open(dir.path(), Options::default()).unwrap().store;
        store.put("cores", b"normal", &core).unwrap();
        store.put("t", b"", b"").unwrap();
    }
    let opened = DiskStore::open(dir.path(), Options::default()).unwrap();
    assert_eq!(opened.recovered, None);
    assert_eq!(opened.store.get("cores", b"normal").unwrap(), Some(core));
    assert_eq!(opened.store.get("t", b"").unwrap(), Some(Vec::new()), "an empty value is not an absent one");
    assert_eq!(opened.store.get("t", b"x").unwrap(), None);
    assert_eq!(opened.store.verify().unwrap(), 2);
}

#[test]
fn scans_are_ordered_bounded_and_keep_to_their_table() {
    let (_dir, store) = fresh();
    for key in ["b", "a", "d", "c"] {
        store.put("t", key.as_bytes(), key.as_bytes()).unwrap();
    }
    store.put("s", b"z", b"other").unwrap();
    store.put("tt", b"a", b"other").unwrap();
    store.put("u", b"a", b"other").unwrap();
    let keys = |from: &str, to: Option<&str>, limit| {
        let rows = store.scan("t", from.as_bytes(), to.map(str::as_bytes), limit).unwrap();
        rows.into_iter().map(|(key, _)| String::from_utf8(key).unwrap()).collect::<String>()
    };
    assert_eq!(keys("", None, 10), "abcd");
    assert_eq!(keys("b", None, 2), "bc");
    assert_eq!(keys("b", Some("d"), 10), "bc");
    assert_eq!(keys("d", Some("b"), 10), "");
    assert_eq!(keys("", None, 0), "");
    assert_eq!(store.last("t").unwrap(), Some((b"d".to_vec(), b"d".to_vec())));
    assert_eq!(store.last("nothing").unwrap(), None);
    assert_eq!((store.len("t").unwrap(), store.len("nothing").unwrap()), (4, 0));
    assert!(store.is_empty("nothing").unwrap() && !store.is_empty("t").unwrap());
}

#[test]
fn a_batch_with_one_bad_write_changes_nothing() {
    let (_dir, store) = fresh();
    let long = vec![0u8; MAX_KEY_BYTES + 1];
    let batch = [Write::put("a", "1", "x"), Write::put("b", &long, "x")];
    assert!(matches!(store.apply(&batch), Err(StoreError::TooLarge { what: "key", .. })));
    assert_eq!(store.get("a", b"1").unwrap(), None);
    let large = vec![0u8; MAX_VALUE_BYTES + 1];
    assert!(matches!(store.put("a", b"1", &large), Err(StoreError::TooLarge { what: "value", .. })));
    assert!(store.put("", b"1", b"x").is_err());
}

#[test]
fn a_second_process_is_told_that_the_store_is_in_use() {
    let dir = tempfile::tempdir().unwrap();
    let first = DiskStore::open(dir.path(), Options::default()).unwrap().store;
    first.put("t", b"k", b"v").unwrap();
    let error = DiskStore::open(dir.path(), Options::default()).unwrap_err();
    assert!(matches!(error, StoreError::InUse { .. }), "{error}");
    drop(first);
    let again = DiskStore::open(dir.path(), Options::default()).unwrap();
    assert_eq!(again.recovered, None, "a held lock is not damage");
    assert_eq!(again.store.get("t", b"k").unwrap().as_deref(), Some(&b"v"[..]));
}

#[test]
fn directory_and_files_are_for_their_owner_only() {
    use std::os::unix::fs::MetadataExt;
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("deep/store");
    drop(DiskStore::open(&path, Options::default()).unwrap());
    assert_eq!(std::fs::metadata(&path).unwrap().mode() & 0o777, 0o700);
    for entry in std::fs::read_dir(&path).unwrap() {
        let entry = entry.unwrap();
        assert_eq!(entry.metadata().unwrap().mode() & 0o777, 0o600, "{:?}", entry.file_name());
    }
}

#[test]
fn a_directory_that_cannot_be_made_is_an_error_of_the_file_system() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    std::fs::write(&file, b"x").unwrap();
    let error = DiskStore::open(file.join("store"), Options::default()).unwrap_err();
    assert!(matches!(error, StoreError::Io { .. }), "{error}");
}

#[test]
fn threads_may_share_a_store() {
    let (_dir, store) = fresh();
    std::thread::scope(|scope| {
        for thread in 0..4u8 {
            let store = &store;
            scope.spawn(move || {
                for i in 0..100u8 {
                    store.put("t", &[thread, i], &[i]).unwrap();
                    assert_eq!(store.get("t", &[thread, i]).unwrap(), Some(vec![i]));
                    if i % 25 == thread {
                        store.flush().unwrap();
                    }
                }
            });
        }
    });
    assert_eq!(store.len("t").unwrap(), 400);
    assert_eq!(store.verify().unwrap(), 400);
}

/// A flush moves rows from memory to the disk; whoever reads meanwhile sees neither a gap nor half a batch.
#[test]
fn a_flush_under_way_changes_nothing_for_readers() {
    let (_dir, store) = fresh();
    let batch =
        |n: u32| -> Vec<Write> { (0..20u8).map(|key| Write::put("t", [key], n.to_be_bytes())).collect() };
    store.apply(&batch(0)).unwrap();
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for n in 1..=300 {
                store.apply(&batch(n)).unwrap();
                std::thread::yield_now();
            }
            done.store(true, Ordering::Release);
        });
        scope.spawn(|| {
            while !done.load(Ordering::Acquire) {
                store.flush().unwrap();
            }
        });
        scope.spawn(|| {
            let mut newest = Vec::new();
            while !done.load(Ordering::Acquire) {
                let rows = store.scan("t", b"", None, 100).unwrap();
                assert_eq!(rows.len(), 20);
                assert!(rows.iter().all(|(_, value)| *value == rows[0].1), "half a batch: {rows:?}");
                assert!(rows[0].1 >= newest, "an older state came back");
                newest.clone_from(&rows[0].1);
                assert_eq!(store.len("t").unwrap(), 20);
                assert_eq!(store.last("t").unwrap().unwrap().0, [19]);
                assert!(store.get("t", &[7]).unwrap().unwrap() >= newest);
            }
        });
    });
    assert_eq!(store.get("t", &[19]).unwrap(), Some(300u32.to_be_bytes().to_vec()));
}

#[test]
fn writes_that_nobody_flushes_stay_within_a_bound_of_memory() {
    let dir = tempfile::tempdir().unwrap();
    let opened = DiskStore::open(dir.path(), Options::default()).unwrap();
    for i in 0..200u32 {
        opened.store.put("t", &i.to_be_bytes(), &vec![i as u8; 64 << 10]).unwrap();
    }
    // 12.8 MB were written and at most 4 MiB and a batch are kept in memory.
    assert!(opened.store.size_on_disk().unwrap() > 8 << 20);
    assert_eq!(opened.store.len("t").unwrap(), 200);
}

#[derive(Debug, Clone)]
enum Step {
    Apply(Vec<(u8, u8, Option<Vec<u8>>)>),
    Flush,
    Reopen,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let value = proptest::option::of(proptest::collection::vec(any::<u8>(), 0..40));
    // Few keys, so that memory and disk often hold different states of the same one.
    let batch = proptest::collection::vec((0..3u8, 0..24u8, value), 1..8);
    let step = prop_oneof![9 => batch.prop_map(Step::Apply), 2 => Just(Step::Flush), 1 => Just(Step::Reopen)];
    proptest::collection::vec(step, 1..40)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn the_store_behaves_as_ordered_maps(steps in steps()) {
        let dir = tempfile::tempdir().unwrap();
        let mut store = DiskStore::open(dir.path(), Options::default()).unwrap().store;
        let tables = ["a", "ab", "b"];
        let mut model: [BTreeMap<Vec<u8>, Vec<u8>>; 3] = Default::default();
        for step in steps {
            match step {
                Step::Apply(batch) => {
                    let writes: Vec<Write> = batch
                        .iter()
                        .map(|(table, key, value)| match value {
                            Some(value) => Write::put(tables[*table as usize], [*key], value),
                            None => Write::delete(tables[*table as usize], [*key]),
                        })
                        .collect();
                    store.apply(&writes).unwrap();
                    for (table, key, value) in batch {
                        let rows = &mut model[table as usize];
                        match value {
                            Some(value) => rows.insert(vec![key], value),
                            None => rows.remove(&vec![key]),
                        };
                    }
                }
                Step::Flush => store.flush().unwrap(),
                Step::Reopen => {
                    drop(store);
                    let opened = DiskStore::open(dir.path(), Options::default()).unwrap();
                    prop_assert_eq!(opened.recovered, None);
                    store = opened.store;
                }
            }
        }
        let owned = |(key, value): (&Vec<u8>, &Vec<u8>)| (key.clone(), value.clone());
        for (table, rows) in tables.iter().zip(&model) {
            let expected: Vec<_> = rows.iter().map(owned).collect();
            prop_assert_eq!(store.scan(table, b"", None, usize::MAX).unwrap(), expected);
            prop_assert_eq!(store.len(table).unwrap(), rows.len());
            prop_assert_eq!(store.last(table).unwrap(), rows.last_key_value().map(owned));
            for key in 0..24u8 {
                prop_assert_eq!(store.get(table, &[key]).unwrap(), rows.get(&vec![key]).cloned());
            }
            for (from, to, limit) in [(3u8, 20u8, 4), (0, 12, 1), (5, 24, 7), (9, 10, 2)] {
                let expected: Vec<_> = rows.range(vec![from]..vec![to]).take(limit).map(owned).collect();
                prop_assert_eq!(store.scan(table, &[from], Some(&[to]), limit).unwrap(), expected);
            }
        }
        let rows: usize = model.iter().map(BTreeMap::len).sum();
        prop_assert_eq!(store.verify().unwrap(), rows);
    }
}
