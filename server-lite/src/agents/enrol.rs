//! The device record after a handshake.

use microstack::channel::server::AgentHello;
use microstack::wire::Capabilities;

use crate::model::Device;
use crate::model::text::clean_line;

/// What is kept of a device that has just proved itself: new, or known and changed.
///
/// A known device keeps its group whatever the agent says now (agent-channel specification 3.3), the name its
/// operator gave it, and the capability bits its core added.
pub fn enrol(old: Option<Device>, hello: &AgentHello, address: &str, now_ms: u64) -> Device {
    let info = &hello.info;
    let computer = clean_line(&info.name, Device::MAX_NAME);
    let computer = if computer.is_empty() { "unnamed".to_owned() } else { computer };
    let shown = hello.agent_name.as_deref().map(|name| clean_line(name, Device::MAX_NAME));
    let shown = shown.filter(|name| !name.is_empty()).unwrap_or_else(|| computer.clone());
    let mut device = old.unwrap_or_else(|| Device {
        id: hello.node,
        group: info.mesh,
        name: shown.clone(),
        renamed: false,
        host_name: String::new(),
        icon: info.platform.number(),
        agent_type: 0,
        agent_version: 0,
        capabilities: 0,
        core_name: String::new(),
        features: Default::default(),
        commit_date: String::new(),
        system: String::new(),
        root: None,
        tag: String::new(),
        people: Vec::new(),
        first_seen_ms: now_ms,
        connected_ms: 0,
        disconnected_ms: 0,
        address: String::new(),
        description: String::new(),
        consent: 0,
        notes: String::new(),
        tags: Vec::new(),
        trial: Default::default(),
        core: Default::default(),
        core_trouble: String::new(),
        core_trouble_of: String::new(),
        links: Default::default(),
    });
    if !device.renamed {
        device.name = shown;
    }
    device.host_name = computer;
    device.agent_type = info.agent_type;
    device.agent_version = info.agent_version;
    // The low bits are the core's to say; the last known ones are better than none until it speaks.
    let of_core = device.capabilities & CORE_BITS;
    device.capabilities = info.capabilities.0 & !CORE_BITS | info.capabilities.0 & CORE_BITS | of_core;
    if let Some(date) = &hello.commit_date {
        device.commit_date = clean_line(date, 64);
    }
    if let (Some(system), true) = (&hello.host_info, device.system.is_empty()) {
        device.system = clean_line(system, 256);
    }
    device.connected_ms = now_ms;
    device.address = address.to_owned();
    device
}

/// Desktop, terminal and files: what a core adds by `coreinfo`.
pub(super) const CORE_BITS: u32 = Capabilities::DESKTOP.0 | Capabilities::TERMINAL.0 | Capabilities::FILES.0;

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use microstack::wire::id::{MeshId, NodeId};
    use microstack::wire::{AuthInfo, Platform};

    pub(crate) fn hello(group: u8, name: &str) -> AgentHello {
        AgentHello {
            node: NodeId([7; 48]),
            cert_der: Vec::new(),
            info: AuthInfo {
                info_version: 1,
                agent_type: 6,
                agent_version: 0,
                platform: Platform::VirtualMachine,
                mesh: MeshId([group; 48]),
                capabilities: Capabilities(0x118),
                name: name.into(),
            },
            agent_name: None,
            commit_date: Some("2022-Nov-2 23:01:45-0700".into()),
            host_info: Some("Debian GNU/Linux 12 (bookworm) - x64".into()),
            asked: None,
            identity: 0,
            skip: false,
        }
    }

    #[test]
    fn a_new_device_is_as_it_says() {
        let device = enrol(None, &hello(1, "vm\u{202e}<b>"), "192.0.2.1:55", 10);
        assert_eq!((device.name.as_str(), device.host_name.as_str()), ("vm<b>", "vm<b>"));
        assert_eq!((device.icon, device.first_seen_ms, device.connected_ms), (8, 10, 10));
        assert_eq!(device.system, "Debian GNU/Linux 12 (bookworm) - x64");
    }

    #[test]
    fn a_known_device_keeps_its_group_its_given_name_and_its_first_day() {
        let mut known = enrol(None, &hello(1, "vm"), "192.0.2.1:55", 10);
        known.name = "front desk".into();
        known.renamed = true;
        known.capabilities |= 0x02;
        let again = enrol(Some(known), &hello(2, "vm2"), "192.0.2.2:66", 20);
        assert_eq!(again.group, MeshId([1; 48]));
        assert_eq!((again.name.as_str(), again.host_name.as_str()), ("front desk", "vm2"));
        assert_eq!((again.first_seen_ms, again.connected_ms), (10, 20));
        assert_eq!(again.capabilities, 0x11A);
    }

    #[test]
    fn the_agents_display_name_wins_over_the_computers() {
        let mut said = hello(1, "vm");
        said.agent_name = Some("till 3".into());
        let device = enrol(None, &said, "", 0);
        assert_eq!((device.name.as_str(), device.host_name.as_str()), ("till 3", "vm"));
        assert_eq!(enrol(None, &hello(1, " \n"), "", 0).name, "unnamed");
    }
}
