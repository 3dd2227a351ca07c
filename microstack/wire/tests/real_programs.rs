//! The agents a real server ships: their hashes as that server publishes them, and an msh put into them and found.
//!
//! Runs if `MESHLITE_MESHCENTRAL` names the folder of the npm package `meshcentral`; says so if it does not.

use std::fs::{self, File};
use std::io::Cursor;
use std::path::PathBuf;

use microstack_wire::{
    AgentHash, agent_hash, agent_type, core_hash, core_text, deflate_raw, frame_core, inflate_raw, trailer,
};
use serde_json::Value;

const MSH: &[u8] = b"\r\nMeshName=lab\r\nMeshType=2\r\n";

/// The folder with the agents, or none with a message.
fn agents() -> Option<PathBuf> {
    let Some(package) = std::env::var_os("MESHLITE_MESHCENTRAL") else {
        println!(
            "skipped: set MESHLITE_MESHCENTRAL to the folder of the npm package meshcentral to run this test"
        );
        return None;
    };
    let agents = PathBuf::from(package).join("agents");
    assert!(agents.is_dir(), "MESHLITE_MESHCENTRAL is set, but {} is no folder", agents.display());
    Some(agents)
}

#[test]
fn the_published_hashes_of_real_agents_are_computed_again() {
    let Some(agents) = agents() else { return };
    let published: Value =
        serde_json::from_slice(&fs::read(agents.join("hashagents.json")).unwrap()).unwrap();
    let (mut same, mut differ) = (Vec::new(), Vec::new());
    for (number, entry) in published.as_object().unwrap() {
        let name = entry["filename"].as_str().unwrap();
        let Ok(mut program) = File::open(agents.join(name)) else { continue };
        // A file of another size is another build than the one the list was made for.
        if entry["size"].as_u64() != Some(program.metadata().unwrap().len()) {
            continue;
        }
        let number: u32 = number.parse().unwrap();
        assert!(number > 10_000 || agent_type::lookup(number).is_some(), "type {number} is not in our table");
        let expected = AgentHash::from_hex(entry["hash"].as_str().unwrap()).unwrap();
        match agent_hash(&mut program).unwrap() == expected {
            true => same.push(name.to_owned()),
            false => differ.push(name.to_owned()),
        }
    }
    assert!(differ.is_empty(), "other hashes than published: {differ:?}");
    assert!(same.len() >= 5, "too few agents to compare: {same:?}");
    assert!(same.iter().any(|name| name.ends_with(".exe")), "no Windows agent among {same:?}");
}

#[test]
fn an_msh_put_into_a_real_agent_is_found_and_does_not_change_its_hash() {
    let Some(agents) = agents() else { return };
    for name in [
        "meshagent_x86-64",
        "meshagent_aarch64",
        "MeshService64.exe",
        "MeshService.exe",
        "MeshCentralAssistant.exe",
    ] {
        let program = fs::read(agents.join(name)).unwrap();
        let with_msh = trailer::append(&program, MSH);
        let read = trailer::read_msh(&mut Cursor::new(&with_msh)).unwrap();
        assert_eq!(read.as_deref(), Some(MSH), "{name}");
        let hash = |program: &[u8]| agent_hash(&mut Cursor::new(program)).unwrap();
        assert_eq!(hash(&with_msh), hash(&program), "{name}");
    }
}

#[test]
fn real_cores_survive_framing_and_compression() {
    let Some(agents) = agents() else { return };
    for name in ["tinycore.js", "meshcore.js", "recoverycore.js"] {
        let javascript = fs::read_to_string(agents.join(name)).unwrap();
        let body = frame_core(&javascript);
        let deflated = deflate_raw(&body);
        assert!(deflated.len() < body.len() / 2, "{name}: {} of {}", deflated.len(), body.len());
        let inflated = inflate_raw(&deflated, body.len()).unwrap();
        assert_eq!(core_hash(&inflated), core_hash(&body));
        assert_eq!(core_text(&inflated), Ok(javascript.as_str()), "{name}");
    }
}
