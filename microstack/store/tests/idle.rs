//! A store has no thread: an idle agent sleeps. One test in a process of its own, which counts its threads.

use microstack_store::{DiskStore, Options, Store};

#[test]
fn an_open_store_has_no_thread_of_its_own() {
    let threads = || std::fs::read_dir("/proc/self/task").unwrap().count();
    let before = threads();
    let dir = tempfile::tempdir().unwrap();
    let store = DiskStore::open(dir.path(), Options::default()).unwrap().store;
    for n in 0..1000u32 {
        store.put("t", &n.to_be_bytes(), &[1; 500]).unwrap();
    }
    store.flush().unwrap();
    assert_eq!(store.len("t").unwrap(), 1000);
    assert_eq!(threads(), before);
    drop(store);
    assert_eq!(threads(), before, "nothing stays behind either");
}
