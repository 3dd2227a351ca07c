//! The unmodified meshcore of a real MeshCentral on our agent, session after session: nothing may stay behind.
//!
//! `MESHLITE_PEER=real` runs the same with the real agent; `MESHLITE_SOAK=1` goes on for half an hour.

use std::time::{Duration, Instant};

use meshlite_tests::{ManagedDevice, Operator, PATIENCE, eventually, procfs, soak};
use serde_json::json;

/// Rounds until everything has been used once: code of the program is paged in, script is compiled, caches are full.
const WARM_UP: u64 = 12;

/// Rounds between two looks at the memory.
const STEP: u64 = 4;

#[test]
fn sessions_in_turn_leave_memory_flat_and_an_idle_device_asleep() {
    let Some(mut bench) = ManagedDevice::start() else { return };
    let worker = bench.device.worker();
    let mut operator = bench.operator();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().display().to_string();

    let started = Instant::now();
    let mut round = 0;
    let mut looks: Vec<(u64, u64)> = Vec::new();
    let mut highest = 0;
    let mut descriptors = 0;
    while !enough(&looks, started.elapsed()) {
        if round >= WARM_UP && round.is_multiple_of(STEP) {
            if looks.is_empty() {
                descriptors = procfs::descriptors(worker);
            }
            // What is garbage at this moment is chance: the device collects it, as the real agent does when told so.
            let ask = format!("eval \"_debugGC(); 'tidy-' + {round}\"");
            assert!(operator.console(&bench.node, &ask).contains(&format!("tidy-{round}")));
            looks.push((round, procfs::anonymous_kib(worker)));
            if round.is_multiple_of(100) {
                println!(
                    "{:4} s, round {round}: {} KiB",
                    started.elapsed().as_secs(),
                    looks.last().unwrap().1
                );
            }
        }
        terminal(&mut operator, &bench.node, round);
        files(&mut operator, &bench.node, &path, round);
        console(&mut operator, &bench.node, round);
        highest = highest.max(procfs::anonymous_kib(worker));
        round += 1;
    }
    let (early, late) = looks.split_at(looks.len() / 2);
    let lowest = |part: &[(u64, u64)]| part.iter().map(|look| look.1).min().expect("there are looks");
    let (before, after) = (lowest(early), lowest(late));
    let grown = after.saturating_sub(before);
    println!(
        "{round} rounds in {:?}: {before} KiB in the first half, {after} KiB in the second, {highest} KiB at most",
        started.elapsed()
    );
    // One forgotten socket or closure a round shows; the allocator's own patterns do not.
    assert!(grown <= allowance(looks.len() as u64 / 2 * STEP), "the worker grew by {grown} KiB: {looks:?}");
    assert!(
        highest < before + (12 << 10),
        "garbage piles up: {highest} KiB, {before} KiB when it is collected"
    );
    // What the last sessions held goes when the device has noticed their end.
    eventually("descriptors as before", PATIENCE, || {
        (procfs::descriptors(worker) <= descriptors + 2).then_some(())
    });

    drop(operator);
    std::thread::sleep(Duration::from_secs(2)); // the farewell of the last sessions is no idling
    let before = procfs::wake_ups(worker);
    let idle = Duration::from_secs(if soak() { 300 } else { 20 });
    std::thread::sleep(idle);
    let woken = procfs::wake_ups(worker) - before;
    println!("idle for {idle:?}: {woken} wake-ups");
    assert!(woken <= 8 + idle.as_secs() / 20, "{woken} wake-ups in {idle:?}");
    bench.device.process().assert_no_panic();
}

fn enough(looks: &[(u64, u64)], elapsed: Duration) -> bool {
    looks.len() >= 8 && (!soak() || elapsed > Duration::from_secs(1800))
}

/// KiB that so many rounds may add: what a heap of changing pieces does by itself, and little more.
fn allowance(rounds: u64) -> u64 {
    1024 + rounds
}

/// One terminal session: some output, and then the user's side goes away.
fn terminal(operator: &mut Operator, node: &str, round: u64) {
    let mut shell = operator.session(node, 1, Some(json!({ "cols": 80, "rows": 25 })));
    shell.output_until("a prompt", |said| !said.is_empty());
    shell.send(format!("seq 2000; echo ROUND-''{round}\n").as_bytes());
    shell.output_until("the command", |said| said.contains(&format!("ROUND-{round}")));
}

/// One files session: an upload and a listing.
fn files(operator: &mut Operator, node: &str, path: &str, round: u64) {
    let mut files = operator.session(node, 5, None);
    let upload = json!({ "action": "upload", "reqid": round, "path": path, "name": "u.bin", "size": 60_000 });
    files.ask(&upload, |a| a["action"] == "uploadstart");
    files.send(&vec![b'x'; 60_000]);
    files.answer("an acknowledgement", |a| a["action"] == "uploadack");
    files.ask(&json!({ "action": "uploaddone", "reqid": round }), |a| a["action"] == "uploaddone");
    files.ask(&json!({ "action": "ls", "reqid": round, "path": path }), |a| a["dir"].is_array());
}

/// Two lines on the console. MeshCentral throws an agent out that gives the same answer twice in a row 31 times in its
/// life (a guard against floods), so the second one differs each time.
fn console(operator: &mut Operator, node: &str, round: u64) {
    assert!(!operator.console(node, "info").is_empty());
    let answer = (round * 7).to_string();
    assert!(operator.console(node, &format!("eval \"{round} * 7\"")).contains(&answer));
}
