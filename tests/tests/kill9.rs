//! `kill -9` of either side at random: what was confirmed stays, the store opens, the agent comes back.

use std::collections::BTreeSet;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use meshlite_tests::server::is_connected;
use meshlite_tests::{Agent, PATIENCE, Server, eventually, interop, soak};

/// SplitMix64; the seed is printed, so that a failure can be repeated.
struct Random(u64);

impl Random {
    fn seeded() -> Random {
        let given = std::env::var("MESHLITE_SEED").ok().and_then(|s| s.parse().ok());
        let seed = given.unwrap_or_else(|| {
            SystemTime::now().duration_since(UNIX_EPOCH).expect("the clock is set").subsec_nanos().into()
        });
        println!("MESHLITE_SEED={seed}");
        Random(seed)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % bound
    }
}

#[test]
fn kill_9_of_either_side_loses_nothing_that_was_confirmed() {
    let rounds = if soak() { 200 } else { 20 };
    let mut random = Random::seeded();
    let mut server = Server::start();
    let msh = server.group("lab");
    let mut agent = Agent::start(&msh);
    let id = agent.database_id().trim_start_matches("node//").to_owned();
    server.wait_connected(1);

    // A core of our own, confirmed before the first kill.
    let core = agent.state().join("mark.js");
    std::fs::write(&core, CORE).unwrap();
    server.process().expect(0, &["core confirmed"], PATIENCE);
    let mark = server.process().mark();
    server.meshlite(&["core", "push", &id, &core.display().to_string()]).ok();
    server.process().expect(mark, &["core confirmed"], PATIENCE);

    let mut confirmed: BTreeSet<String> = BTreeSet::from(["lab".to_owned()]);
    for round in 0..rounds {
        let name = format!("group-{round}");
        match random.below(4) {
            // The server, right after it has said yes to a new group.
            0 => {
                server.add_group(&name);
                confirmed.insert(name);
                server.kill9();
                server.restart();
            }
            // The server, in the middle of something it has not answered yet.
            1 => {
                let pause = Duration::from_millis(random.below(30));
                std::thread::scope(|scope| {
                    let (asking, name) = (&server, &name);
                    let answer = scope.spawn(move || asking.command(&["group", "add", name]).code == Some(0));
                    std::thread::sleep(pause);
                    let pid = rustix::process::Pid::from_raw(asking.pid() as i32).unwrap();
                    let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
                    if answer.join().unwrap() {
                        confirmed.insert(name.clone());
                    }
                });
                server.kill9();
                server.restart();
            }
            // The agent, supervisor and worker, at any moment.
            2 => {
                std::thread::sleep(Duration::from_millis(random.below(300)));
                agent.kill9();
                agent.restart();
            }
            // The worker alone; or both sides.
            _ => {
                let worker = rustix::process::Pid::from_raw(agent.worker() as i32).unwrap();
                let _ = rustix::process::kill_process(worker, rustix::process::Signal::KILL);
                if random.below(2) == 0 {
                    server.kill9();
                    server.restart();
                }
            }
        }
        let listed = server.command(&["group", "list", "--json"]).json();
        let listed: BTreeSet<String> =
            listed.as_array().unwrap().iter().map(|g| g["name"].as_str().unwrap().to_owned()).collect();
        let lost: Vec<_> = confirmed.difference(&listed).collect();
        assert!(lost.is_empty(), "round {round}: {lost:?} were confirmed and are lost");
        if rounds <= 20 || round % 10 == 0 {
            eventually(&format!("the device after round {round}"), PATIENCE * 3, || {
                server.devices().iter().any(|d| d["id"] == id.as_str() && is_connected(d)).then_some(())
            });
        }
        server.process().assert_no_panic();
        agent.process().assert_no_panic();
    }
    let devices = server.devices();
    assert_eq!(devices.len(), 1, "one device with one identity: {devices:?}");
    assert_eq!(agent.database_id().trim_start_matches("node//"), id);
    // The server's crash-loop guard keeps the core from a device that leaves too often for two minutes; it lives in
    // memory, so a last kill opens it at once.
    server.kill9();
    server.restart();
    eventually("an answer of the confirmed core", PATIENCE * 4, || {
        server.meshlite(&["console", &id, "ping"]).stdout.contains("survivor ping").then_some(())
    });
    if interop().is_some() {
        // The administrator's password still works, too.
        let meshcentral = interop().expect("just seen");
        assert!(server.meshctrl(&meshcentral, &["UserInfo"]).ok().contains("user//admin"));
    }
}

#[test]
fn an_agent_killed_while_it_makes_its_key_has_one_identity_afterwards() {
    let mut server = Server::start();
    let msh = server.group("lab");
    let mut agent = Agent::newborn(&msh);
    let mut random = Random::seeded();
    for _ in 0..6 {
        std::thread::sleep(Duration::from_millis(random.below(600)));
        agent.kill9();
        agent.restart();
    }
    agent.process().expect(0, &["connected", "path="], PATIENCE * 3);
    let id = agent.database_id();
    agent.kill9();
    agent.restart();
    agent.connected(0);
    assert_eq!(agent.database_id(), id);
    server.process().assert_no_panic();
}

const CORE: &str = "
    var agent = require('MeshAgent');
    agent.AddCommandHandler(function (c) {
        if (c.action == 'msg' && c.type == 'console')
            agent.SendCommand({ action: 'msg', type: 'console', value: 'survivor ' + c.value, sessionid: c.sessionid });
    });
    agent.SendCommand({ action: 'coreinfo', value: 'Survivor v1', caps: 14 });";
