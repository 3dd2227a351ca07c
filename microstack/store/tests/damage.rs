//! Damaged files: never a wrong value, never a lost row without a word.

use std::fs;
use std::path::{Path, PathBuf};

use microstack_store::{Options, SledStore, Store, Write};

/// SplitMix64 with a fixed seed: the same damage in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % bound
    }
}

fn value(i: u32) -> Vec<u8> {
    // A few values are large enough to get a file of their own in the store.
    let length = if i % 100 == 7 { 700_000 } else { 200 };
    (0..length).map(|byte| (byte as u32).wrapping_mul(2654435761).wrapping_add(i) as u8).collect()
}

const ROWS: u32 = 300;

fn build(dir: &Path) {
    let store = SledStore::open(dir, Options::default()).unwrap().store;
    for i in 0..ROWS {
        store.apply(&[Write::put("t", i.to_be_bytes(), value(i))]).unwrap();
        if i % 10 == 0 {
            store.flush().unwrap();
        }
    }
    store.flush().unwrap();
}

fn files(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if fs::metadata(&path).unwrap().len() > 0 {
            found.push(path);
        }
    }
    found.sort();
    found
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &target);
        } else {
            fs::copy(&path, &target).unwrap();
        }
    }
}

/// Opens a damaged copy and checks that nothing wrong comes out. Returns whether it was moved aside.
fn check(dir: &Path, what: &str) -> bool {
    let opened = SledStore::open(dir, Options::default()).unwrap();
    if let Some(aside) = opened.recovered {
        assert!(aside.join("db").exists(), "{what}: the old data must be kept in {}", aside.display());
        assert_eq!(opened.store.len("t").unwrap(), 0, "{what}: a new store is empty");
        opened.store.put("t", b"new", b"row").unwrap();
        opened.store.flush().unwrap();
        return true;
    }
    for i in 0..ROWS {
        match opened.store.get("t", &i.to_be_bytes()) {
            Ok(Some(found)) => assert!(found == value(i), "{what}: a wrong value for row {i}"),
            Ok(None) => panic!("{what}: row {i} is gone and nobody said so"),
            Err(error) => assert!(error.is_damage(), "{what}: {error}"),
        }
    }
    false
}

#[test]
fn flipped_bytes_never_return_a_wrong_value() {
    let dir = tempfile::tempdir().unwrap();
    let original = dir.path().join("original");
    build(&original);
    let names: Vec<PathBuf> =
        files(&original).into_iter().map(|path| path.strip_prefix(&original).unwrap().to_owned()).collect();
    assert!(names.len() >= 4, "database, settings and large values: {names:?}");

    let mut random = Random(20_261_121);
    let mut moved = 0;
    for round in 0..60 {
        let damaged = dir.path().join(format!("round-{round}"));
        copy(&original, &damaged);
        let name = &names[random.below(names.len() as u64) as usize];
        let mut bytes = fs::read(damaged.join(name)).unwrap();
        let at = random.below(bytes.len() as u64) as usize;
        bytes[at] ^= 1 << random.below(8);
        fs::write(damaged.join(name), bytes).unwrap();
        moved += u32::from(check(&damaged, &format!("round {round}, byte {at} of {}", name.display())));
        fs::remove_dir_all(&damaged).unwrap();
    }
    assert!(moved > 0, "60 flips must hit something that matters");
}

#[test]
fn a_cut_database_is_moved_aside_and_kept() {
    let dir = tempfile::tempdir().unwrap();
    let original = dir.path().join("original");
    build(&original);
    let mut random = Random(7);
    for round in 0..10 {
        let damaged = dir.path().join(format!("round-{round}"));
        copy(&original, &damaged);
        let database = damaged.join("data/db");
        let length = fs::metadata(&database).unwrap().len();
        let keep = length / 2 + random.below(length / 4);
        fs::File::options().write(true).open(&database).unwrap().set_len(keep).unwrap();
        assert!(check(&damaged, &format!("cut to {keep} of {length} bytes")));
        // The new store is a good one.
        let again = SledStore::open(&damaged, Options::default()).unwrap();
        assert!(again.recovered.is_none());
        assert_eq!(again.store.get("t", b"new").unwrap().as_deref(), Some(&b"row"[..]));
        fs::remove_dir_all(&damaged).unwrap();
    }
}
