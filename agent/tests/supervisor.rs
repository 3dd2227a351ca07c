//! Supervisor and worker: restarts, ends, memory. No core is involved here.

mod support;

use std::time::{Duration, Instant};

use support::{Agent, SOON, Seen, Server, ServerOptions, wait_for};

#[test]
fn a_crashed_worker_is_back_on_the_server_within_three_seconds() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(ServerOptions::default());
    let agent = Agent::start(&server.msh(dir.path()), dir.path(), &[]);
    server.wait_connections(1, SOON);
    // SIGSEGV and SIGBUS from outside are swallowed once by Rust's own handler, which waits for a true fault.
    for (round, signal) in ["ABRT", "KILL", "ILL", "FPE"].into_iter().enumerate() {
        let worker = agent.worker();
        let killed = Instant::now();
        Agent::signal(worker, signal);
        let next = wait_for("another worker", SOON, || agent.worker_now().filter(|pid| *pid != worker));
        assert!(killed.elapsed() < Duration::from_secs(1), "restarted after {:?}", killed.elapsed());
        server.wait_connections(round + 2, SOON);
        assert!(killed.elapsed() < Duration::from_secs(3), "on the server after {:?}", killed.elapsed());
        assert!(Agent::exists(next));
    }
    agent.stop();
}

#[test]
fn a_stop_is_in_order_and_leaves_nothing_behind() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(ServerOptions::default());
    for (count, signal) in ["TERM", "INT"].into_iter().enumerate() {
        let mut agent = Agent::start(&server.msh(dir.path()), dir.path(), &[]);
        server.wait_connections(count + 1, SOON);
        let worker = agent.worker();
        Agent::signal(agent.supervisor(), signal);
        assert_eq!(agent.wait(SOON), Some(0));
        assert!(!Agent::exists(worker));
        wait_for("the last word", SOON, || agent.log().contains("the worker stopped").then_some(()));
    }
    let stopped = Agent::output(&["status", "--state", dir.path().to_str().unwrap(), "--json"]);
    assert_eq!(stopped.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&stopped.stdout).contains("not running"));
}

#[test]
fn a_worker_does_not_outlive_its_supervisor() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(ServerOptions::default());
    let mut agent = Agent::start(&server.msh(dir.path()), dir.path(), &[]);
    server.wait_connections(1, SOON);
    let worker = agent.worker();
    Agent::signal(agent.supervisor(), "KILL");
    agent.wait(SOON);
    wait_for("the end of the worker", Duration::from_secs(2), || (!Agent::exists(worker)).then_some(()));
    // The state directory is free again, and everything confirmed is there.
    let agent = Agent::start(&server.msh(dir.path()), dir.path(), &[]);
    assert!(server.wait_connections(2, SOON), "the pin was kept: skip path");
    agent.stop();
}

#[test]
fn two_agents_cannot_share_a_state_directory() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(ServerOptions::default());
    let msh = server.msh(dir.path());
    let agent = Agent::start(&msh, dir.path(), &[]);
    server.wait_connections(1, SOON);
    let mut second = Agent::start(&msh, dir.path(), &[]);
    assert_eq!(second.wait(SOON), Some(1));
    // Its words may arrive a moment after its end.
    let holder = format!("process {}", agent.supervisor());
    wait_for("the reason", SOON, || second.log().contains(&holder).then_some(()));
    let status = Agent::output(&["status", "--state", dir.path().to_str().unwrap()]);
    assert_eq!(status.status.code(), Some(0));
    assert!(String::from_utf8_lossy(&status.stdout).contains("connected to wss://127.0.0.1"), "{status:?}");
    agent.stop();
}

#[test]
fn the_supervisor_has_less_than_half_a_megabyte_of_its_own() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(ServerOptions::default());
    let agent = Agent::start(&server.msh(dir.path()), dir.path(), &[]);
    server.wait_connections(1, SOON);
    // Not the proportional set size: how many clean pages of the program count for it is the page cache's affair.
    let own = Agent::memory_kib(agent.supervisor(), "Anonymous");
    assert!(own < 512, "{own} KiB");
    // Also after it had work to do.
    Agent::signal(agent.worker(), "ABRT");
    server.wait_connections(2, SOON);
    let own = Agent::memory_kib(agent.supervisor(), "Anonymous");
    assert!(own < 512, "{own} KiB");
    agent.stop();
}

#[test]
fn an_idle_supervisor_does_not_wake() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(ServerOptions::default());
    let agent = Agent::start(&server.msh(dir.path()), dir.path(), &[]);
    server.wait_connections(1, SOON);
    let switches = || {
        let status = std::fs::read_to_string(format!("/proc/{}/status", agent.supervisor())).unwrap();
        let line = status.lines().find(|line| line.starts_with("voluntary_ctxt_switches")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap()
    };
    let before = switches();
    std::thread::sleep(Duration::from_secs(2));
    assert_eq!(switches(), before, "it wakes only when told");
    agent.stop();
}

#[test]
fn a_configuration_that_breaks_later_does_not_end_the_agent() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(ServerOptions::default());
    let msh = server.msh(dir.path());
    let agent = Agent::start(&msh, dir.path(), &[]);
    server.wait_connections(1, SOON);
    let good = std::fs::read(&msh).unwrap();
    std::fs::write(&msh, "rubbish").unwrap();
    Agent::signal(agent.worker(), "ABRT");
    agent.wait_log("key=value");
    std::fs::write(&msh, good).unwrap();
    server.wait_connections(2, SOON);
    agent.stop();
}

#[test]
fn kills_at_any_moment_lose_nothing_that_was_confirmed() {
    let dir = tempfile::tempdir().unwrap();
    let core = "require('MeshAgent').SendCommand({ action: 'coreinfo', value: 'kept' });";
    let server = Server::start(ServerOptions { core: Some(core.to_owned()), ..ServerOptions::default() });
    let msh = server.msh(dir.path());
    let mut agent = Agent::start(&msh, dir.path(), &[]);
    server.wait("the core is confirmed", |seen| {
        (*seen == Seen::CoreHash(Some(Server::core(core)))).then_some(())
    });
    let mut random = u64::from(std::process::id());
    println!("seed {random}");
    for round in 0..25 {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        // From "not yet started" to "long connected".
        std::thread::sleep(Duration::from_millis(random >> 33 & 0x7F));
        if round % 5 == 4 {
            Agent::signal(agent.supervisor(), "KILL");
            agent.wait(SOON);
            agent = Agent::start(&msh, dir.path(), &[]);
        } else if let Some(worker) = agent.worker_now() {
            Agent::signal(worker, "KILL");
        }
    }
    agent.worker(); // it listens to signals by now
    agent.stop();
    let before = server.connections();
    let agent = Agent::start(&msh, dir.path(), &[]);
    assert!(server.wait_connections(before + 1, SOON), "the pin is there");
    let hashes: Vec<Seen> =
        server.seen().into_iter().filter(|seen| matches!(seen, Seen::CoreHash(_))).skip(1).collect();
    let kept = Seen::CoreHash(Some(Server::core(core)));
    assert!(!hashes.is_empty() && hashes.iter().all(|seen| *seen == kept), "the core is there: {hashes:?}");
    assert!(!agent.log().contains("damaged"), "{}", agent.log());
    agent.stop();
}
