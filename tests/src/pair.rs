//! Our agent and the real one, side by side on one real server.

use std::path::Path;
use std::sync::Arc;

use serde_json::Value;

use crate::agent::Agent;
use crate::deadline::{PATIENCE, eventually};
use crate::real_agent::RealAgent;
use crate::real_server::RealServer;
use crate::stand_in::StandIn;

/// Both agents on one server, each with its core, on a machine with firmware where that can be had.
pub struct Pair {
    /// The server.
    pub server: RealServer,
    /// Our agent.
    pub agent: Agent,
    _real: RealAgent,
    /// The id of ours.
    pub ours: String,
    /// The id of the other.
    pub theirs: String,
    /// What both have for firmware, if mount namespaces are allowed.
    pub firmware: Option<Arc<StandIn>>,
}

impl Pair {
    /// Starts all three and waits until both devices run the server's core.
    ///
    /// # Panics
    /// When they do not in time.
    #[track_caller]
    pub fn start(meshcentral: &Path) -> Pair {
        let firmware = StandIn::firmware().map(Arc::new);
        if firmware.is_none() {
            println!("no mount namespaces here: the hardware page is that of the machine, if it has one");
        }
        let server = RealServer::start(meshcentral);
        let msh = server.group("lab");
        let agent = Agent::with_firmware(&msh, firmware.clone());
        let ours = agent.database_id();
        let real = RealAgent::with_firmware(meshcentral, &msh, firmware.clone());
        let theirs = eventually("both devices with a core", PATIENCE * 2, || {
            let devices = server.devices();
            let ready: Vec<&Value> = devices
                .iter()
                .filter(|d| d["conn"].as_u64() == Some(1))
                .filter(|d| d["agent"]["core"].is_string() && d["osdesc"].is_string())
                .collect();
            let has_ours = ready.iter().any(|d| d["_id"] == ours.as_str());
            let other = ready.iter().find(|d| d["_id"] != ours.as_str())?;
            has_ours.then(|| other["_id"].as_str().unwrap_or_default().to_owned())
        });
        Pair { server, agent, _real: real, ours, theirs, firmware }
    }
}
