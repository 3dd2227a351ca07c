//! A disk that is full for a while: nothing is lost, and the program goes on without a restart.
//!
//! The test starts itself again under a limit of the size of files, which the kernel enforces like a full disk.

use std::path::Path;
use std::process::Command;

use microstack_store::{DiskStore, Options, Store, StoreError};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

const DIR: &str = "MICROSTACK_STORE_FULL_DISK_DIR";

fn value(i: u32) -> Vec<u8> {
    i.to_be_bytes().iter().cycle().take(2000).copied().collect()
}

fn with_little_room(dir: &Path) {
    let store = DiskStore::open(dir, Options::default()).unwrap().store;
    let mut rows = 0u32;
    let error = loop {
        assert!(rows < 10_000, "the limit does not work");
        let written = store.put("t", &rows.to_be_bytes(), &value(rows)).and_then(|()| {
            rows += 1;
            if rows.is_multiple_of(10) { store.flush() } else { Ok(()) }
        });
        if let Err(error) = written {
            break error;
        }
    };
    assert!(matches!(error, StoreError::Io { .. }), "{error}");
    assert!(!error.is_damage() && rows > 20, "{rows} rows");

    // Everything can still be read, the rows of the failed flush as well, and small changes still be made.
    for attempt in 0..3 {
        for i in 0..rows {
            assert_eq!(store.get("t", &i.to_be_bytes()).unwrap(), Some(value(i)), "row {i} of {rows}");
        }
        assert_eq!(store.scan("t", b"", None, usize::MAX).unwrap().len(), rows as usize);
        store.put("t", &rows.to_be_bytes(), &value(rows)).unwrap();
        rows += 1;
        assert!(store.flush().is_err(), "attempt {attempt} while the disk is full");
    }
    // Memory is no way out for ever.
    let refused = (0..100).find_map(|n: u32| store.put("large", &n.to_be_bytes(), &vec![0; 100_000]).err());
    assert!(matches!(refused, Some(StoreError::Io { .. })), "{refused:?}");

    let maximum = getrlimit(Resource::Fsize).maximum;
    setrlimit(Resource::Fsize, Rlimit { current: maximum, maximum }).unwrap();
    store.flush().unwrap();
    drop(store);
    let opened = DiskStore::open(dir, Options::default()).unwrap();
    assert_eq!(opened.recovered, None);
    for i in 0..rows {
        assert_eq!(opened.store.get("t", &i.to_be_bytes()).unwrap(), Some(value(i)), "row {i} of {rows}");
    }
    opened.store.verify().unwrap();
}

#[test]
fn a_full_disk_loses_nothing_and_needs_no_restart() {
    if let Some(dir) = std::env::var_os(DIR) {
        return with_little_room(Path::new(&dir));
    }
    let dir = tempfile::tempdir().unwrap();
    // An ignored signal stays ignored in the new program: the write then fails instead. 4096 blocks of 512 bytes.
    let script =
        "trap '' XFSZ; ulimit -S -f 4096; exec \"$0\" --exact a_full_disk_loses_nothing_and_needs_no_restart";
    let output = Command::new("sh")
        .args(["-c", script])
        .arg(std::env::current_exe().unwrap())
        .env(DIR, dir.path())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    assert!(dir.path().join("store.redb").exists(), "the test ran");
}
