//! The two processes of the agent, seen from outside: how big the supervisor is and how quiet both are.

use std::sync::OnceLock;
use std::time::Duration;

use meshlite_tests::certificate::Certificate;
use meshlite_tests::fake_server::FakeServer;
use meshlite_tests::peer::identities;
use meshlite_tests::{Agent, PATIENCE, eventually, procfs, soak};
use microstack::crypto::Identity;
use rustix::process::Signal;

fn certificate() -> &'static Certificate {
    static ONE: OnceLock<Certificate> = OnceLock::new();
    ONE.get_or_init(|| Certificate::p256("a quiet server"))
}

fn server() -> &'static Identity {
    identities(1)[0]
}

/// A server that lets the agent in and then says nothing.
fn quiet() -> FakeServer {
    FakeServer::start(certificate(), |link| {
        if link.accept(server(), certificate()) {
            while link.receive_or_end(Duration::from_secs(60)).is_some() {}
        }
    })
}

#[test]
fn the_supervisor_has_less_than_half_a_megabyte_of_its_own_and_sleeps() {
    let fake = quiet();
    let mut agent = Agent::start(&fake.msh(server()));
    agent.connected(0);
    let supervisor = agent.supervisor();
    let own = procfs::anonymous_kib(supervisor);
    assert!(own < 512, "the supervisor has {own} KiB");
    let (woken, time) = wake_ups_at_rest(supervisor);
    assert_eq!(woken, 0, "the supervisor woke {woken} times in {time:?}");
}

#[test]
fn an_idle_worker_sleeps() {
    let fake = quiet();
    let mut agent = Agent::start(&fake.msh(server()));
    agent.connected(0);
    let worker = agent.worker();
    let (woken, time) = wake_ups_at_rest(worker);
    // 10 in 300 s is the target; one may fall into any short stretch.
    let allowed = if soak() { 10 } else { 1 };
    assert!(woken <= allowed, "the worker woke {woken} times in {time:?}: {:?}", procfs::threads(worker));
}

/// How often a process wakes in a stretch of time that begins when the start is over.
fn wake_ups_at_rest(process: u32) -> (u64, Duration) {
    // What is measured is the passing of time itself; there is no condition to poll.
    std::thread::sleep(Duration::from_secs(3));
    let before = procfs::wake_ups(process);
    let time = Duration::from_secs(if soak() { 300 } else { 5 });
    std::thread::sleep(time);
    (procfs::wake_ups(process) - before, time)
}

#[test]
fn a_worker_does_not_outlive_its_supervisor() {
    let fake = quiet();
    let mut agent = Agent::start(&fake.msh(server()));
    agent.connected(0);
    let worker = agent.worker();
    agent.process().signal(Signal::KILL);
    eventually("the end of the orphaned worker", PATIENCE, || (!procfs::alive(worker)).then_some(()));
}

#[test]
fn sigterm_ends_both_processes_in_order() {
    let fake = quiet();
    let mut agent = Agent::start(&fake.msh(server()));
    agent.connected(0);
    let worker = agent.worker();
    assert_eq!(agent.stop().code(), Some(0));
    assert!(!procfs::alive(worker));
    assert!(!agent.command(&["status"]).stdout.contains("connected"), "nothing runs any more");
}

#[test]
fn a_second_agent_on_the_same_state_is_refused_with_a_clear_error() {
    let fake = quiet();
    let mut agent = Agent::start(&fake.msh(server()));
    agent.connected(0);
    let msh = agent.state().join("../agent.msh").display().to_string();
    let second = agent.command(&["run", "--msh", &msh]);
    assert!(second.code.is_some_and(|code| code != 0), "{second:?}");
    assert!(
        second.stderr.contains(&agent.supervisor().to_string()),
        "the other process is named: {second:?}"
    );
}

#[test]
fn faulty_settings_end_in_an_error_that_says_what_to_do() {
    let fake = quiet();
    let good = String::from_utf8(fake.msh(server())).unwrap();
    let cases = [
        (String::new(), "no key=value line"),
        (good.replace("MeshID=0x", "MeshID=0xZZ"), "MeshID"),
        (good.replace("wss://", "ws://"), "wss"),
        (good.lines().filter(|l| !l.starts_with("ServerID")).collect::<Vec<_>>().join("\n"), "ServerID"),
    ];
    for (msh, part) in cases {
        let mut agent = Agent::start(msh.as_bytes());
        let status =
            eventually("the end of an agent with faulty settings", PATIENCE, || agent.process().exited());
        assert!(!status.success() && status.code().is_some(), "{status:?}");
        let said = agent.process().lines_from(0).join("\n");
        assert!(said.contains(part), "{part} is not named: {said}");
    }
}
