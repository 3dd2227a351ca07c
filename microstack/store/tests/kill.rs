//! `kill -9` at random: what was confirmed is there, and batches are whole.
//!
//! The test starts itself again as a writer, kills it and looks at what it left.

use std::io::{BufRead, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use microstack_store::{DiskStore, Options, Store, Write};

const DIR: &str = "MICROSTACK_STORE_WRITER_DIR";
const ROUNDS: u64 = 10;

fn value(i: u64) -> Vec<u8> {
    let seed = i.wrapping_mul(0x9E37_79B9_7F4A_7C15).to_be_bytes();
    seed.iter().cycle().take(150 + (i % 100) as usize).copied().collect()
}

/// Writes until it is killed; says after each flush how far it got.
fn write_forever(dir: &Path) -> ! {
    let opened = DiskStore::open(dir, Options::default()).unwrap();
    assert!(opened.recovered.is_none(), "the store of the last round was damaged");
    let store = opened.store;
    let mut next = match store.last("rows").unwrap() {
        Some((key, _)) => u64::from_be_bytes(key.try_into().unwrap()) + 1,
        None => 0,
    };
    loop {
        for _ in 0..10 {
            let key = next.to_be_bytes();
            store.apply(&[Write::put("rows", key, value(next)), Write::put("twins", key, key)]).unwrap();
            next += 1;
        }
        store.flush().unwrap();
        // Straight to the descriptor: the test harness must not keep it back.
        let mut out = std::io::stdout().lock();
        writeln!(out, "confirmed {next}").unwrap();
        out.flush().unwrap();
    }
}

#[test]
fn killed_writers_lose_nothing_that_was_confirmed() {
    if let Some(dir) = std::env::var_os(DIR) {
        write_forever(Path::new(&dir));
    }
    let dir = tempfile::tempdir().unwrap();
    let mut confirmed = 0;
    for round in 0..ROUNDS {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "killed_writers_lose_nothing_that_was_confirmed", "--nocapture"])
            .env(DIR, dir.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        // Different moments of the writer's life: from its first confirmation to 450 ms later.
        let mut kill_at: Option<Instant> = None;
        let lifetime = Duration::from_millis(round * 50);
        for line in lines {
            let line = line.unwrap();
            if let Some((_, count)) = line.split_once("confirmed ") {
                confirmed = count.parse::<u64>().unwrap();
                let kill_at = *kill_at.get_or_insert_with(|| Instant::now() + lifetime);
                if Instant::now() >= kill_at {
                    // SIGKILL; lines already written are still read below.
                    let _ = child.kill();
                }
            }
        }
        let status = child.wait().unwrap();
        assert!(!status.success(), "the writer must have been killed");

        let opened = DiskStore::open(dir.path(), Options::default()).unwrap();
        assert!(opened.recovered.is_none(), "round {round}: a kill must not look like damage");
        let rows = opened.store.scan("rows", b"", None, usize::MAX).unwrap();
        assert!(rows.len() as u64 >= confirmed, "round {round}: {} of {confirmed} rows", rows.len());
        for (i, (key, found)) in rows.iter().enumerate() {
            assert_eq!(*key, (i as u64).to_be_bytes());
            assert_eq!(*found, value(i as u64), "round {round}, row {i}");
        }
        let twins = opened.store.scan("twins", b"", None, usize::MAX).unwrap();
        assert_eq!(twins.len(), rows.len(), "round {round}: a batch was torn");
    }
    assert!(confirmed > 100, "the writers confirmed only {confirmed} rows");
}
