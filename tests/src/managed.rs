//! A device with the real meshcore under a real MeshCentral, as an operator finds it.

use serde_json::Value;

use crate::agent::Agent;
use crate::deadline::{PATIENCE, eventually};
use crate::operator::Operator;
use crate::place::interop;
use crate::real_agent::RealAgent;
use crate::real_server::RealServer;
use crate::running::Running;

/// A real server with one device of ours, whose core has reported.
///
/// `MESHLITE_PEER=real` puts the real agent in its place, to tell a fault of ours from one of the test.
pub struct ManagedDevice {
    /// The server.
    pub server: RealServer,
    /// The agent.
    pub device: Device,
    /// The device's id on the server.
    pub node: String,
}

/// Which agent it is.
pub enum Device {
    /// Ours.
    Ours(Agent),
    /// The real one.
    Real(RealAgent),
}

impl Device {
    /// The process that was started.
    pub fn process(&mut self) -> &mut Running {
        match self {
            Device::Ours(agent) => agent.process(),
            Device::Real(agent) => agent.process(),
        }
    }

    /// The process that runs the core.
    pub fn worker(&mut self) -> u32 {
        match self {
            Device::Ours(agent) => agent.worker(),
            Device::Real(agent) => agent.process().pid(),
        }
    }
}

impl ManagedDevice {
    /// Starts both and waits until the full core has reported; `None` where the real programs are not installed.
    pub fn start() -> Option<ManagedDevice> {
        let meshcentral = interop()?;
        let server = RealServer::start(&meshcentral);
        let msh = server.group("lab");
        let device = if std::env::var("MESHLITE_PEER").is_ok_and(|peer| peer == "real") {
            Device::Real(RealAgent::start(&meshcentral, &msh))
        } else {
            Device::Ours(Agent::start(&msh))
        };
        let node = eventually("the core's report", PATIENCE * 2, || {
            let devices = server.devices();
            // Terminal and files: what only the full core has.
            let ready =
                |d: &&Value| d["osdesc"].is_string() && d["agent"]["caps"].as_u64().unwrap_or(0) & 6 == 6;
            devices.iter().find(ready)?["_id"].as_str().map(str::to_owned)
        });
        Some(ManagedDevice { server, device, node })
    }

    /// A signed-in user of the server.
    pub fn operator(&self) -> Operator {
        Operator::sign_in(&self.server.account())
    }
}
