//! Proves the laboratory itself: the real MeshAgent on the real MeshCentral, without any program of ours.

use meshlite_tests::{PATIENCE, RealAgent, RealServer, eventually, interop};

#[test]
fn the_real_agent_connects_to_the_real_server_and_runs_a_command() {
    let Some(meshcentral) = interop() else { return };
    let server = RealServer::start(&meshcentral);
    let msh = server.group("lab");
    let _agent = RealAgent::start(&meshcentral, &msh);
    let id = eventually("a connected device with a core", PATIENCE, || {
        let devices = server.devices();
        let device =
            devices.iter().find(|d| d["conn"].as_u64() == Some(1) && d["agent"]["core"].is_string())?;
        Some(device["_id"].as_str()?.to_owned())
    });
    let answer = server.meshctrl(&["RunCommand", "--id", &id, "--run", "echo $((6*7))", "--reply"]);
    assert!(answer.stdout.contains("42"), "{answer:?}");
}
