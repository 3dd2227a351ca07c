//! Damaged files: never a wrong value, never a lost row without a word.

use std::fs;
use std::path::{Path, PathBuf};

use microstack_store::{DiskStore, Options, Store, Write};

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

/// How the store came to its end before its files are damaged.
#[derive(Debug, Clone, Copy)]
enum End {
    Closed,
    /// As `kill -9` leaves it: the files copied while the store was open.
    Killed,
}

const DATABASE: &str = "store.redb";
const MARK: &str = "store.flushed";

/// A directory in memory where there is one: a thousand damaged stores would wait for the disk for a minute.
fn directory() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap()
}

fn value(i: u32) -> Vec<u8> {
    // A few values have pages of their own.
    let length = if i % 100 == 7 { 300_000 } else { 200 };
    (0..length).map(|byte| (byte as u32).wrapping_mul(2654435761).wrapping_add(i) as u8).collect()
}

/// A store of so many rows, in a new directory below `dir`.
fn build(dir: &Path, rows: u32, end: End) -> PathBuf {
    let (original, image) = (dir.join("original"), dir.join("image"));
    let store = DiskStore::open(&original, Options::default()).unwrap().store;
    for i in 0..rows {
        store.apply(&[Write::put("t", i.to_be_bytes(), value(i))]).unwrap();
        if i % 10 == 0 {
            store.flush().unwrap();
        }
    }
    store.flush().unwrap();
    match end {
        End::Killed => copy(&original, &image),
        End::Closed => {
            drop(store);
            copy(&original, &image);
        }
    }
    image
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        fs::copy(&path, to.join(path.file_name().unwrap())).unwrap();
    }
}

fn flip(path: &Path, at: usize, bit: u64) {
    let mut bytes = fs::read(path).unwrap();
    bytes[at] ^= 1 << bit;
    fs::write(path, bytes).unwrap();
}

/// Opens a damaged copy and checks that nothing wrong comes out. Returns whether it was moved aside.
fn check(dir: &Path, rows: u32, what: &str) -> bool {
    let opened = DiskStore::open(dir, Options::default()).unwrap();
    if let Some(aside) = opened.recovered {
        let name = aside.file_name().unwrap().to_str().unwrap();
        assert!(name.starts_with("damaged-2") && name.ends_with('Z'), "{name}");
        assert!(aside.metadata().unwrap().len() > 0, "{what}: the old data must be kept");
        assert_eq!(opened.store.len("t").unwrap(), 0, "{what}: a new store is empty");
        opened.store.put("t", b"new", b"row").unwrap();
        opened.store.flush().unwrap();
        drop(opened.store);
        // The new store is a good one.
        let again = DiskStore::open(dir, Options::default()).unwrap();
        assert_eq!(again.recovered, None, "{what}: moved aside twice");
        assert_eq!(again.store.get("t", b"new").unwrap().as_deref(), Some(&b"row"[..]));
        return true;
    }
    for i in 0..rows {
        match opened.store.get("t", &i.to_be_bytes()) {
            Ok(Some(found)) => assert!(found == value(i), "{what}: a wrong value for row {i}"),
            Ok(None) => panic!("{what}: row {i} is gone and nobody said so"),
            Err(error) => assert!(error.is_damage(), "{what}: {error}"),
        }
    }
    false
}

#[test]
fn undamaged_files_are_not_moved_aside() {
    for end in [End::Closed, End::Killed] {
        let dir = directory();
        let image = build(dir.path(), 120, end);
        assert!(!check(&image, 120, &format!("{end:?}")));
        let store = DiskStore::open(&image, Options::default()).unwrap().store;
        assert_eq!(store.verify().unwrap(), 120);
    }
}

#[test]
fn flipped_bits_never_return_a_wrong_value() {
    for end in [End::Closed, End::Killed] {
        let dir = directory();
        let image = build(dir.path(), 220, end);
        let length = fs::metadata(image.join(DATABASE)).unwrap().len();
        let mut random = Random(20_261_121);
        let mut moved = 0;
        for round in 0..60 {
            let damaged = dir.path().join(format!("round-{round}"));
            copy(&image, &damaged);
            // A third of them in the mark or at the front, where the roots are.
            let (name, below) = match round % 6 {
                0 => (MARK, fs::metadata(damaged.join(MARK)).unwrap().len()),
                1 => (DATABASE, 16 * 4096),
                _ => (DATABASE, length),
            };
            let at = random.below(below) as usize;
            flip(&damaged.join(name), at, random.below(8));
            moved += u32::from(check(&damaged, 220, &format!("{end:?}, round {round}, byte {at} of {name}")));
            fs::remove_dir_all(&damaged).unwrap();
        }
        assert!(moved >= 5, "{end:?}: of 60 flips only {moved} hit something that matters");
    }
}

/// The header says which commit counts and whether the end was a clean one; not all of it has a checksum.
#[test]
fn every_byte_of_the_header_may_be_damaged() {
    const HEADER_BYTES: usize = 320;
    for end in [End::Closed, End::Killed] {
        let dir = directory();
        let image = build(dir.path(), 7, end);
        let mut random = Random(3);
        let mut moved = 0;
        for at in 0..HEADER_BYTES {
            let damaged = dir.path().join(format!("byte-{at}"));
            copy(&image, &damaged);
            // All bits of the byte that holds the flags.
            let bits = if at == 9 {
                0..8
            } else {
                let bit = random.below(8);
                bit..bit + 1
            };
            for bit in bits {
                copy(&image, &damaged);
                flip(&damaged.join(DATABASE), at, bit);
                moved += u32::from(check(&damaged, 7, &format!("{end:?}, bit {bit} of byte {at}")));
                fs::remove_dir_all(&damaged).unwrap();
            }
        }
        assert!(moved > 30, "{end:?}: only {moved}");
    }
}

#[test]
fn a_cut_database_is_moved_aside_and_kept() {
    for end in [End::Closed, End::Killed] {
        let dir = directory();
        let image = build(dir.path(), 220, end);
        let mut random = Random(7);
        for round in 0..12 {
            let damaged = dir.path().join(format!("round-{round}"));
            copy(&image, &damaged);
            let database = damaged.join(DATABASE);
            let length = fs::metadata(&database).unwrap().len();
            let keep = match round {
                0 => 0,
                1 => 4096,
                _ => length / 8 + random.below(length / 2),
            };
            fs::File::options().write(true).open(&database).unwrap().set_len(keep).unwrap();
            let what = format!("{end:?}, cut to {keep} of {length} bytes");
            if keep > 0 {
                assert!(check(&damaged, 220, &what), "{what}");
            } else {
                // Nothing is left that could be kept, but it is said that something is missing.
                assert!(DiskStore::open(&damaged, Options::default()).unwrap().recovered.is_some());
            }
            fs::remove_dir_all(&damaged).unwrap();
        }
    }
}

#[test]
fn a_database_that_vanished_is_noticed() {
    let dir = directory();
    let image = build(dir.path(), 3, End::Closed);
    fs::remove_file(image.join(DATABASE)).unwrap();
    assert!(DiskStore::open(&image, Options::default()).unwrap().recovered.is_some());
}

/// What the flush number is for: redb itself takes a damaged last commit for one that a power cut tore, and goes
/// back to the one before it without a word.
#[test]
fn a_confirmed_commit_that_was_undone_is_noticed() {
    // Byte 9 says which of the two slots counts; each has 128 bytes and ends in its checksum
    // (redb, docs/design.md, "Database super-header").
    let newest_slot = |database: &[u8]| 64 + 128 * usize::from(database[9] & 1);
    let dir = directory();
    let original = dir.path().join("original");
    let store = DiskStore::open(&original, Options::default()).unwrap().store;
    store.put("t", b"first", b"1").unwrap();
    store.flush().unwrap();
    store.put("t", b"second", b"2").unwrap();
    store.flush().unwrap();

    for with_mark in [true, false] {
        let damaged = dir.path().join(format!("mark-{with_mark}"));
        copy(&original, &damaged);
        let slot = newest_slot(&fs::read(damaged.join(DATABASE)).unwrap());
        flip(&damaged.join(DATABASE), slot + 127, 0);
        if !with_mark {
            fs::remove_file(damaged.join(MARK)).unwrap();
        }
        let opened = DiskStore::open(&damaged, Options::default()).unwrap();
        assert_eq!(opened.recovered.is_some(), with_mark);
        if !with_mark {
            assert_eq!(opened.store.get("t", b"first").unwrap().as_deref(), Some(&b"1"[..]));
            assert_eq!(opened.store.get("t", b"second").unwrap(), None, "the mark is not needed any more");
        }
    }
}
