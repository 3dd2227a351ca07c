//! Cores that misbehave, pushed to our agent by a server that a test plays: the device must stay manageable.

use std::time::{Duration, Instant};

use meshlite_tests::desk::{Desk, HARMLESS, Said};
use meshlite_tests::{PATIENCE, interop, procfs};
use microstack::crypto::sha384;
use microstack::wire::{core_hash, deflate_raw, frame_core};
use rustix::process::{Pid, Signal, kill_process};

#[test]
fn a_pushed_core_is_confirmed_runs_at_once_and_survives_a_restart() {
    let desk = Desk::open();
    let mut agent = desk.agent(&[]);
    desk.here(PATIENCE);
    let hash = desk.push(HARMLESS);
    desk.confirms(hash);
    assert_eq!(desk.console("one"), "heard one");

    assert!(agent.stop().success());
    agent.restart();
    desk.here(PATIENCE);
    desk.send(vec![0, 11, 0, 7]);
    desk.confirms(hash);
    desk.send(vec![0, 16, 0, 0]);
    assert_eq!(desk.console("two"), "heard two");

    desk.send(vec![0, 10, 0, 0]);
    desk.hear("an empty command 11 after the core was cleared", PATIENCE, |said| match said {
        Said::Core(None) => Some(()),
        _ => None,
    });
    agent.process().assert_no_panic();
}

#[test]
fn a_compressed_core_is_taken_and_a_damaged_one_is_not() {
    let desk = Desk::open();
    let mut agent = desk.agent(&[]);
    desk.here(PATIENCE);
    let body = frame_core(&format!("{HARMLESS} // compressed"));
    let hash = core_hash(&body);
    desk.send([&[0, 20, 0, 2][..], &hash.0, &deflate_raw(&body)].concat());
    desk.confirms(hash);
    assert_eq!(desk.console("three"), "heard three");

    desk.send([&[0, 10, 0, 3][..], &sha384(b"something else"), &frame_core("throw 1")].concat());
    agent.process().expect(0, &["core of the server was refused"], PATIENCE);
    agent.process().assert_no_panic();
}

#[test]
fn the_real_tinycore_runs_unmodified_and_answers() {
    let Some(meshcentral) = interop() else { return };
    let tiny = std::fs::read_to_string(meshcentral.join("agents/tinycore.js")).unwrap();
    let desk = Desk::open();
    let mut agent = desk.agent(&[]);
    desk.here(PATIENCE);
    let hash = desk.push(&tiny);
    desk.confirms(hash);
    assert!(desk.console("help").contains("eval"), "help lists the commands");
    assert!(desk.console("eval \"6*7\"").contains("42"));
    assert!(desk.console("versions").contains('{'), "versions is an object");
    assert!(!desk.console("osinfo").is_empty());
    agent.process().assert_no_panic();
}

#[test]
fn an_exception_in_a_core_is_reported_with_file_and_line_and_the_core_goes_on() {
    let desk = Desk::open();
    let mut agent = desk.agent(&[]);
    desk.here(PATIENCE);
    let hash = desk.push(&format!("{HARMLESS}\nsetTimeout(function () {{\n  undefined_thing.x();\n}}, 10);"));
    desk.confirms(hash);
    let line = agent.process().expect(0, &["exception", "core.js:"], PATIENCE);
    assert!(line.contains("undefined_thing"), "{line}");
    desk.hear("the exception on the wire", PATIENCE, |said| match said {
        Said::Json(v) if v.to_string().contains("undefined_thing") => Some(()),
        _ => None,
    });
    assert_eq!(desk.console("still"), "heard still");
}

/// A core that must end its worker: the agent is back soon, the reason is told, the third time is the last.
fn fatal(script: &str, reason_parts: &[&str], extra: &[&str]) {
    let desk = Desk::open();
    let mut agent = desk.agent(extra);
    let supervisor = agent.supervisor();
    desk.here(PATIENCE);
    let hash = desk.push(script);
    for round in 1..=3 {
        let (reason, next, away) = desk.crash_and_return(hash);
        // Three seconds on an idle machine; build machines are not idle.
        assert!(away < Duration::from_secs(9), "round {round}: the agent was back only after {away:?}");
        assert!(reason_parts.iter().any(|part| reason.contains(part)), "round {round}: {reason}");
        if round == 3 {
            assert!(next.contains("quarantine"), "{next}");
            break;
        }
        // The server of this test insists on its core, as a real one does.
        desk.send(vec![0, 16, 0, 0]);
    }
    // Quarantined: the same core is not run again, and the channel works.
    desk.send(vec![0, 16, 0, 0]);
    desk.send(vec![0, 11, 0, 9]);
    desk.hear("an answer to command 11", PATIENCE, |said| matches!(said, Said::Core(_)).then_some(()));
    let good = desk.push(HARMLESS);
    desk.confirms(good);
    assert_eq!(desk.console("after all"), "heard after all");
    assert_eq!(agent.supervisor(), supervisor, "the supervisor never ended");
    assert!(procfs::alive(supervisor));
}

#[test]
fn a_core_that_never_returns_is_ended_reported_and_quarantined() {
    fatal("while (true) {}", &["hang", "turn", "time"], &["--turn-budget", "2"]);
}

#[test]
fn a_core_nested_100_000_deep_does_not_end_the_management() {
    fatal(
        &format!("var x = {}1{};", "[".repeat(100_000), "]".repeat(100_000)),
        &["nest", "deep", "stack"],
        &[],
    );
}

#[test]
fn a_core_that_eats_all_memory_does_not_end_the_management() {
    let script = "var all = []; while (true) { all.push('x'.repeat(1 << 20) + all.length); }";
    fatal(script, &["memory", "heap"], &["--memory-limit", "128", "--turn-budget", "60"]);
}

#[test]
fn a_regular_expression_that_never_ends_is_a_hang() {
    let script = "/^(a+)+$/.test('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab');";
    fatal(script, &["hang", "turn", "time"], &["--turn-budget", "2"]);
}

#[test]
fn an_agent_whose_worker_crashes_is_back_within_seconds() {
    let desk = Desk::open();
    let mut agent = desk.agent(&[]);
    desk.here(PATIENCE);
    for signal in [Signal::KILL, Signal::ABORT, Signal::KILL] {
        let worker = agent.worker();
        let killed = Instant::now();
        let pid = Pid::from_raw(worker as i32).unwrap();
        kill_process(pid, signal).unwrap();
        let back = desk.here(PATIENCE).duration_since(killed);
        // Three seconds on an idle machine; build machines are not idle.
        assert!(back < Duration::from_secs(10), "back only after {back:?}");
        assert_ne!(agent.worker(), worker);
    }
}

#[test]
fn after_three_failures_the_last_good_core_runs() {
    let desk = Desk::open();
    let mut agent = desk.agent(&["--turn-budget", "1"]);
    desk.here(PATIENCE);
    let good = desk.push(HARMLESS);
    desk.confirms(good);
    assert_eq!(desk.console("good"), "heard good");
    // A core counts as good when the server has confirmed it and it has run for a moment.
    desk.send(vec![0, 16, 0, 0]);
    agent.process().expect(0, &["proved good"], PATIENCE * 2);
    let bad = desk.push("while (true) {}");
    for round in 1..=3 {
        let (_, next) = desk.crash(bad);
        if round == 3 {
            assert!(next.contains(&good.to_hex()[..16]), "the good core is named: {next}");
        }
        desk.send(vec![0, 16, 0, 0]);
    }
    agent.process().expect(0, &["the last good one runs instead"], PATIENCE);
    assert_eq!(desk.console("back"), "heard back");
}
