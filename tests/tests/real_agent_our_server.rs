//! The real MeshAgent under `meshlite-server`.

use std::path::Path;
use std::time::Duration;

use meshlite_tests::real_agent::TlsVersion;
use meshlite_tests::server::{Options, is_connected};
use meshlite_tests::{PATIENCE, RealAgent, Server, eventually, holds_for, interop, soak};

/// The one device, once it is connected and its core has told its name.
fn device(server: &Server) -> String {
    eventually("a connected device with a core", PATIENCE, || {
        let devices = server.devices();
        let device =
            devices.iter().find(|d| is_connected(d) && d["core"].as_str().is_some_and(|c| !c.is_empty()))?;
        Some(device["id"].as_str()?.to_owned())
    })
}

/// Full path, core, console, run, then the skip path: what every combination must do.
fn works(meshcentral: &Path, options: Options, tls: TlsVersion) {
    let mut server = Server::with(options);
    let msh = server.group("lab");
    let mut agent = RealAgent::with_tls(meshcentral, &msh, tls);
    let line = server.process().expect(0, &["connected", "skip="], PATIENCE);
    assert!(line.contains("skip=false"), "the first connection takes the full path: {line}");
    server.process().expect(0, &["core confirmed"], PATIENCE);
    let id = device(&server);
    assert!(server.meshlite(&["console", &id, "help"]).ok().contains("eval"));
    assert!(server.meshlite(&["console", &id, "eval \"6*7\""]).ok().contains("42"));
    let answer =
        server.meshctrl(meshcentral, &["RunCommand", "--id", &id, "--run", "echo $((6*7))", "--reply"]);
    assert!(answer.stdout.contains("42"), "{answer:?}");

    let mark = server.process().mark();
    agent.restart();
    let line = server.process().expect(mark, &["connected", "skip="], PATIENCE);
    assert!(line.contains("skip=true"), "the second connection takes the skip path: {line}");
    server.process().expect(mark, &["core confirmed"], PATIENCE);
    assert!(server.process().find(mark, &["core sent"]).is_none(), "the stored core need not be sent again");
    assert_eq!(device(&server), id);
    server.process().assert_no_panic();
}

fn p256() -> Options {
    Options { init: vec!["--web-key".into(), "p256".into()], ..Options::default() }
}

#[test]
fn the_real_agent_works_with_an_rsa_certificate_and_tls_1_3() {
    let Some(meshcentral) = interop() else { return };
    works(&meshcentral, Options::default(), TlsVersion::Tls13);
}

#[test]
fn the_real_agent_works_with_an_rsa_certificate_and_tls_1_2() {
    let Some(meshcentral) = interop() else { return };
    works(&meshcentral, Options::default(), TlsVersion::Tls12);
}

#[test]
fn the_real_agent_works_with_a_p256_certificate_and_tls_1_3() {
    let Some(meshcentral) = interop() else { return };
    works(&meshcentral, p256(), TlsVersion::Tls13);
}

#[test]
fn the_real_agent_works_with_a_p256_certificate_and_tls_1_2() {
    let Some(meshcentral) = interop() else { return };
    works(&meshcentral, p256(), TlsVersion::Tls12);
}

#[test]
fn the_real_agent_stays_takes_the_real_tinycore_and_returns_after_a_restart_of_the_server() {
    let Some(meshcentral) = interop() else { return };
    let mut server = Server::start();
    let msh = server.group("lab");
    let mut agent = RealAgent::start(&meshcentral, &msh);
    let id = device(&server);

    // The short form has seconds, the soak form the ten minutes of the promise.
    let mark = server.process().mark();
    let stay = Duration::from_secs(if soak() { 600 } else { 15 });
    holds_for("the device is connected", stay, || server.devices().iter().any(is_connected));
    assert!(server.process().find(mark, &["disconnected"]).is_none(), "it stayed on one connection");

    let tiny = meshcentral.join("agents/tinycore.js").display().to_string();
    server.meshlite(&["core", "push", &id, &tiny]).ok();
    server.process().expect(mark, &["core confirmed"], PATIENCE);
    eventually("an answer of the tinycore", PATIENCE, || {
        let answer = server.meshlite(&["console", &id, "versions"]);
        answer.stdout.contains("openssl").then_some(())
    });
    assert!(server.meshlite(&["console", &id, "eval \"6*7\""]).ok().contains("42"));

    let mark = server.process().mark();
    assert!(server.stop().success());
    assert!(mark > 0);
    server.restart();
    eventually("the agent after the restart", PATIENCE, || {
        server.devices().iter().any(is_connected).then_some(())
    });
    assert!(agent.process().exited().is_none());
    server.process().assert_no_panic();
}

#[test]
fn a_silent_agent_pings_and_stays() {
    let Some(meshcentral) = interop() else { return };
    let mut server = Server::start();
    // Five seconds instead of two minutes of silence: the agent then pings, and leaves if no pong comes.
    let mut msh = server.group("lab");
    msh.extend_from_slice(b"controlChannelIdleTimeout=5\r\n");
    let _agent = RealAgent::start(&meshcentral, &msh);
    device(&server);
    let mark = server.process().mark();
    std::thread::sleep(Duration::from_secs(20));
    assert!(server.process().find(mark, &["disconnected"]).is_none(), "the pings were answered");
    assert!(server.devices().iter().any(is_connected));
}

#[test]
fn the_real_agent_of_an_unknown_group_is_held_and_named() {
    let Some(meshcentral) = interop() else { return };
    let mut server = Server::start();
    let msh = server.group("lab");
    let removed = server.meshctrl(&meshcentral, &["RemoveDeviceGroup", "--group", "lab"]);
    assert!(removed.stdout.to_lowercase().contains("ok"), "{removed:?}");
    let mut agent = RealAgent::start(&meshcentral, &msh);
    server.process().expect(0, &["an agent was refused", "the group"], PATIENCE);
    // It stays on the held socket instead of coming back every second.
    let mark = server.process().mark();
    std::thread::sleep(Duration::from_secs(6));
    assert!(server.process().find(mark, &["an agent was refused"]).is_none());
    assert!(server.devices().is_empty());
    assert!(agent.process().exited().is_none());
    server.process().assert_no_panic();
}

#[test]
fn a_removed_device_is_gone_until_it_enrols_again() {
    let Some(meshcentral) = interop() else { return };
    let mut server = Server::start();
    let _agent = RealAgent::start(&meshcentral, &server.group("lab"));
    let id = device(&server);
    // Removing the group removes its devices and ends their connections.
    let mark = server.process().mark();
    let removed = server.meshctrl(&meshcentral, &["RemoveDeviceGroup", "--group", "lab"]);
    assert!(removed.stdout.to_lowercase().contains("ok"), "{removed:?}");
    eventually("a server without devices", PATIENCE, || server.devices().is_empty().then_some(()));
    server.process().expect(mark, &["an agent was refused", "the group"], PATIENCE);
    let run = server.meshctrl(&meshcentral, &["RunCommand", "--id", &id, "--run", "echo alive", "--reply"]);
    assert!(!run.stdout.contains("alive"), "{run:?}");
    server.process().assert_no_panic();
}
