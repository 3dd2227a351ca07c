//! Many simulated agents at once, with the true TLS, WebSocket and handshake.

use std::time::{Duration, Instant};

use meshlite_tests::peer::{Enrolment, identities};
use meshlite_tests::{Peer, Server, eventually, procfs};

const AGENTS: usize = 200;

#[test]
fn two_hundred_agents_at_once_are_all_let_in_and_come_back_by_the_skip_path() {
    let mut server = Server::start();
    let msh = server.group("herd");
    let identities = identities(AGENTS);
    let pid = server.process().pid();
    let before = procfs::rss_kib(pid);

    let all_in = |pins: Vec<_>| {
        let begun = Instant::now();
        let joined: Vec<_> = std::thread::scope(|scope| {
            let agents: Vec<_> = identities
                .iter()
                .zip(pins)
                .enumerate()
                .map(|(n, (identity, pin))| {
                    let enrolment = Enrolment::from_msh(&msh, &format!("agent-{n}"));
                    let address = server.address();
                    scope.spawn(move || {
                        let mut peer = Peer::agent(address).map_err(|e| e.to_string())?;
                        let enrolled = peer.enrol(identity, &enrolment, pin)?;
                        Ok::<_, String>((peer, enrolled))
                    })
                })
                .collect();
            agents.into_iter().map(|agent| agent.join().unwrap()).collect()
        });
        let failed: Vec<_> = joined.iter().filter_map(|r| r.as_ref().err()).collect();
        assert!(failed.is_empty(), "{} were not let in: {:?}", failed.len(), failed[0]);
        println!("{AGENTS} agents in {:?}", begun.elapsed());
        joined.into_iter().map(Result::unwrap).collect::<Vec<_>>()
    };

    let first = all_in(vec![None; AGENTS]);
    assert!(first.iter().all(|(_, e)| !e.session.skip_path()));
    server.wait_connected(AGENTS);
    let with = procfs::rss_kib(pid);
    println!("{} KiB per agent", with.saturating_sub(before) / AGENTS as u64);
    let pins = first.iter().map(|(_, e)| e.pin).collect();
    drop(first);
    eventually("an empty server", Duration::from_secs(60), || {
        server.devices().iter().all(|d| d["connected"] == false).then_some(())
    });

    let second = all_in(pins);
    assert!(second.iter().all(|(_, e)| e.session.skip_path()), "all pins hold");
    server.wait_connected(AGENTS);
    assert_eq!(server.devices().len(), AGENTS, "no device twice");
    server.process().assert_no_panic();
}
