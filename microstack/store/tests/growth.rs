//! A store that is rewritten for ever keeps its size.

use microstack_store::{DiskStore, Options, Store};

#[test]
fn rewriting_the_same_keys_does_not_grow_the_file() {
    let dir = tempfile::tempdir().unwrap();
    let store = DiskStore::open(dir.path(), Options::default()).unwrap().store;
    let mut after_a_tenth = 0;
    for n in 0..20_000u32 {
        let value: Vec<u8> = n.to_be_bytes().iter().cycle().take(200).copied().collect();
        store.put("t", &(n % 100).to_be_bytes(), &value).unwrap();
        if n % 100 == 99 {
            store.flush().unwrap();
        }
        if n == 2000 {
            after_a_tenth = store.size_on_disk().unwrap();
        }
    }
    let size = store.size_on_disk().unwrap();
    assert!(size <= 512 << 10, "100 rows of 200 bytes take {size} bytes");
    assert!(size <= 2 * after_a_tenth, "{after_a_tenth} bytes, then {size}");
    assert_eq!(store.verify().unwrap(), 100);
}

#[test]
fn rewriting_large_values_does_not_grow_the_file() {
    let dir = tempfile::tempdir().unwrap();
    let store = DiskStore::open(dir.path(), Options::default()).unwrap().store;
    for n in 0..60u32 {
        // Two cores of 600 kB in turn, of changing size.
        store.put("cores", &(n % 2).to_be_bytes(), &vec![n as u8; 600_000 + 3000 * n as usize]).unwrap();
        store.put("state", b"hash", &n.to_be_bytes()).unwrap();
        store.flush().unwrap();
    }
    let size = store.size_on_disk().unwrap();
    assert!(size <= 6 << 20, "1.6 MB of content take {size} bytes");
}

#[test]
fn deleted_rows_give_their_room_back() {
    let dir = tempfile::tempdir().unwrap();
    let store = DiskStore::open(dir.path(), Options::default()).unwrap().store;
    for n in 0..4000u32 {
        store.put("t", &n.to_be_bytes(), &[7; 1000]).unwrap();
    }
    store.flush().unwrap();
    let full = store.size_on_disk().unwrap();
    for n in 0..4000u32 {
        store.delete("t", &n.to_be_bytes()).unwrap();
    }
    store.flush().unwrap();
    drop(store);
    let store = DiskStore::open(dir.path(), Options::default()).unwrap().store;
    let empty = store.size_on_disk().unwrap();
    assert!(full > 4_000_000 && empty < full / 8, "{full} bytes full, {empty} empty");
}
