//! `meshlite-agent` under the real MeshCentral 1.1.55.

use std::time::Duration;

use meshlite_tests::agent::Agent;
use meshlite_tests::{PATIENCE, RealServer, eventually, holds_for, interop, soak};

#[test]
fn our_agent_is_shown_as_connected_stays_and_comes_back_by_the_skip_path() {
    let Some(meshcentral) = interop() else { return };
    let mut server = RealServer::start(&meshcentral);
    let mut agent = Agent::start(&server.group("lab"));
    let line = agent.connected(0);
    assert!(line.contains("full"), "the first connection takes the full path: {line}");
    let id = agent.database_id();
    let shown = |server: &RealServer| {
        let device = server.devices().into_iter().find(|d| d["_id"] == id.as_str())?;
        (device["conn"].as_u64() == Some(1)).then_some(device)
    };
    let device = eventually("our agent in ListDevices", PATIENCE, || shown(&server));
    assert_eq!(device["agent"]["id"].as_u64(), Some(6), "a Linux agent: {device}");

    let stay = if soak() { Duration::from_secs(600) } else { Duration::from_secs(20) };
    holds_for("the device is connected", stay, || shown(&server).is_some());

    let mark = agent.process().mark();
    server.kill();
    agent.process().expect(mark, &["disconnected"], PATIENCE);
    server.restart();
    let line = agent.connected(mark);
    assert!(line.contains("skip"), "the second connection takes the skip path: {line}");
    eventually("our agent in ListDevices after the restart", PATIENCE, || shown(&server));
    agent.process().assert_no_panic();
}

#[test]
fn the_big_core_of_the_real_server_ends_in_a_bounded_failure_and_a_living_channel() {
    let Some(meshcentral) = interop() else { return };
    let server = RealServer::start(&meshcentral);
    let mut agent = Agent::with_identity(&server.group("lab"), 1, &[]);
    agent.connected(0);
    let id = agent.database_id();
    // Whatever becomes of the core, the log stays short and the device stays manageable.
    let connected =
        || server.devices().iter().any(|d| d["_id"] == id.as_str() && d["conn"].as_u64() == Some(1));
    eventually("our agent in ListDevices", PATIENCE, || connected().then_some(()));
    holds_for("the device is connected", Duration::from_secs(10), connected);
    let lines = agent.process().mark();
    assert!(lines < 300, "{lines} log lines within seconds");
    agent.process().assert_no_panic();
}

#[test]
fn our_agent_works_with_tls_1_2_alone_and_with_tls_1_3_alone() {
    let Some(meshcentral) = interop() else { return };
    for only in ["--tls-max-v1.2", "--tls-min-v1.3"] {
        let server = RealServer::with_node_options(&meshcentral, only);
        let mut agent = Agent::start(&server.group("lab"));
        agent.connected(0);
        eventually("our agent in ListDevices", PATIENCE, || (server.connected() == 1).then_some(()));
    }
}

#[test]
fn a_new_agent_makes_its_own_key_once_and_keeps_it() {
    let Some(meshcentral) = interop() else { return };
    let server = RealServer::start(&meshcentral);
    let mut agent = Agent::newborn(&server.group("lab"));
    agent.process().expect(0, &["connected", "path="], Duration::from_secs(180));
    let first = agent.database_id();
    assert!(agent.stop().success(), "SIGTERM ends an agent well");
    agent.restart();
    agent.connected(0);
    assert_eq!(agent.database_id(), first);
    let devices = server.devices();
    assert_eq!(devices.len(), 1, "one device, not two: {devices:?}");
    let mode = std::os::unix::fs::MetadataExt::mode(&agent.state().join("identity.key").metadata().unwrap());
    assert_eq!(mode & 0o777, 0o600);
}
