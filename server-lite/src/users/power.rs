//! Power of devices: off, restart, sleep, and waking them (user-channel specification 4.6).

use std::collections::BTreeSet;
use std::fmt;

use microstack::wire::id::NodeId;
use serde_json::{Value, json};

use super::effect::{Asker, Effect};
use super::groups::{refuse, wanted_answer};
use super::request::Request;
use crate::house::House;
use crate::model::{Device, Event, rights};

/// The address of a network card.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mac(pub [u8; 6]);

/// Devices that are asked to send wake packets for one device.
const MAX_HELPERS: usize = 64;
/// Network cards of one device that are woken.
const MAX_CARDS: usize = 32;
/// Devices of a group that are looked at for helpers.
const MAX_LOOKED_AT: usize = 5000;

impl Mac {
    /// Reads `AA:BB:CC:DD:EE:FF`, also with dashes or without anything; the two that name no card give `None`.
    pub fn parse(text: &str) -> Option<Mac> {
        let digits: String = text.chars().filter(|c| !matches!(c, ':' | '-')).collect();
        if digits.len() != 12 || text.len() > 17 || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
            return None;
        }
        let mut mac = [0; 6];
        for (at, byte) in mac.iter_mut().enumerate() {
            *byte = u8::from_str_radix(digits.get(at * 2..at * 2 + 2)?, 16).ok()?;
        }
        (mac != [0; 6] && mac != [0xFF; 6]).then_some(Mac(mac))
    }

    /// The packet that wakes the card: six bytes FF and the address sixteen times.
    pub fn packet(&self) -> [u8; 102] {
        let mut packet = [0xFF; 102];
        for place in packet[6..].chunks_exact_mut(6) {
            place.copy_from_slice(&self.0);
        }
        packet
    }
}

impl fmt::Display for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, e, g] = self.0;
        write!(f, "{a:02X}:{b:02X}:{c:02X}:{d:02X}:{e:02X}:{g:02X}")
    }
}

/// `poweraction`: 2 off, 3 restart, 4 sleep. One answer, and it is sent before anything happened.
pub fn action(house: &House, asker: &Asker<'_>, request: &Request<'_>) -> Vec<Effect> {
    let Some(nodes) = request.nodes() else {
        return refuse(request, "Invalid nodeid");
    };
    let number = request.number("actiontype").unwrap_or(0);
    let what = match number {
        2 => "Power off",
        3 => "Restart",
        4 => "Sleep",
        300..=399 => return refuse(request, "Not supported: this server has no Intel AMT"),
        _ => return refuse(request, "Invalid action type; 2 is off, 3 restart, 4 sleep"),
    };
    let devices = match all(house, asker, &nodes, rights::POWER) {
        Ok(devices) => devices,
        Err(why) => return refuse(request, why),
    };
    let mut effects = Vec::new();
    for device in devices.iter().filter(|device| house.live.agent(&device.id).is_some()) {
        let message = json!({
            "action": "poweraction", "actiontype": number, "userid": asker.user.id,
            "username": asker.user.name, "remoteaddr": asker.address,
        });
        effects.push(Effect::Announce(event(
            "poweraction",
            device,
            asker,
            &format!("{what}: {}", device.name),
        )));
        effects.push(Effect::ToAgent { node: device.id, message, sent: None, absent: None });
    }
    if effects.is_empty() {
        return refuse(request, "Agent not connected");
    }
    effects.extend(wanted_answer(request, "ok").map(Effect::Reply));
    effects
}

/// `wakedevices`: connected devices beside the sleeping one send the packets, and the server too if it may.
pub fn wake(house: &House, asker: &Asker<'_>, request: &Request<'_>) -> Vec<Effect> {
    let Some(nodes) = request.nodes() else {
        return refuse(request, "Invalid nodeid");
    };
    let devices = match all(house, asker, &nodes, rights::WAKE) {
        Ok(devices) => devices,
        Err(why) => return refuse(request, why),
    };
    let one = devices.len() == 1;
    let mut effects = Vec::new();
    let mut result = "ok".to_owned();
    for device in &devices {
        let macs = match cards(house, device) {
            Ok(macs) => macs,
            Err(why) if one => return refuse(request, why),
            Err(_) => continue,
        };
        let helpers = helpers(house, asker, device);
        let texts: Vec<String> = macs.iter().map(Mac::to_string).collect();
        for node in &helpers {
            let message = json!({ "action": "wakeonlan", "macs": texts });
            effects.push(Effect::ToAgent { node: *node, message, sent: None, absent: None });
        }
        let count = helpers.len();
        effects.push(Effect::Announce(event(
            "wakedevices",
            device,
            asker,
            &format!("Wake packets for {} by {count} device(s)", device.name),
        )));
        effects.push(Effect::WakeFromHere(macs));
        if one {
            result = format!("Used {count} device(s) to send wake packets");
        }
    }
    effects.extend(wanted_answer(request, &result).map(Effect::Reply));
    effects
}

/// The network cards that the device reported.
fn cards(house: &House, device: &Device) -> Result<Vec<Mac>, &'static str> {
    let report = match house.data.netinfo(&device.id) {
        Ok(report) => report.ok_or("No network information for this device")?,
        Err(error) => {
            tracing::error!(%error, "network information could not be read");
            return Err("Server error, see the log of the server");
        }
    };
    let interfaces = report.value.as_object().into_iter().flat_map(|all| all.values());
    let addresses = interfaces.filter_map(Value::as_array).flatten();
    let macs: BTreeSet<Mac> = addresses
        .filter_map(|address| address["mac"].as_str())
        .filter_map(Mac::parse)
        .take(MAX_CARDS)
        .collect();
    match macs.is_empty() {
        true => Err("No known MAC addresses for this device"),
        false => Ok(macs.into_iter().collect()),
    }
}

/// Connected devices that may be on the same network: those that come from the same public address, from all groups in
/// which the asker may wake devices; failing that, those of the same group.
fn helpers(house: &House, asker: &Asker<'_>, sleeping: &Device) -> Vec<NodeId> {
    let (mut near, mut same_group) = (Vec::new(), Vec::new());
    for group in house.groups_for(asker.user) {
        if !rights::has(house.rights_in(asker.user, &group), rights::WAKE) {
            continue;
        }
        let nodes = house.data.devices_of(&group.id).unwrap_or_default();
        let connected = nodes.into_iter().take(MAX_LOOKED_AT);
        for node in connected.filter(|node| *node != sleeping.id && house.live.agent(node).is_some()) {
            if near.len() >= MAX_HELPERS {
                return near;
            }
            let Ok(Some(device)) = house.data.device(&node) else { continue };
            if !device.ip().is_empty() && device.ip() == sleeping.ip() {
                near.push(node);
            } else if group.id == sleeping.group && same_group.len() < MAX_HELPERS {
                same_group.push(node);
            }
        }
    }
    if near.is_empty() { same_group } else { near }
}

/// All of these devices, if the asker has the right over each.
pub(super) fn all(
    house: &House,
    asker: &Asker<'_>,
    nodes: &[NodeId],
    wanted: u32,
) -> Result<Vec<Device>, &'static str> {
    nodes
        .iter()
        .map(|node| house.device_for(asker.user, node, wanted).map(|found| found.0).ok_or("Access denied"))
        .collect()
}

/// An event about a device, by the asker.
pub(super) fn event(action: &str, device: &Device, asker: &Asker<'_>, message: &str) -> Event {
    Event::of_node(action, &device.id, &device.group, message, asker.now_ms).by(&asker.user.id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cards_are_six_bytes_in_any_usual_spelling() {
        let mac = Mac([0x0A, 0x1B, 0x2C, 0x3D, 0x4E, 0x5F]);
        for text in ["0a:1b:2c:3d:4e:5f", "0A-1B-2C-3D-4E-5F", "0A1B2C3D4E5F"] {
            assert_eq!(Mac::parse(text), Some(mac), "{text}");
        }
        for text in [
            "",
            "00:00:00:00:00:00",
            "FF:FF:FF:FF:FF:FF",
            "0a:1b:2c:3d:4e",
            "zz:1b:2c:3d:4e:5f",
            "ä1b2c3d4e5f",
        ] {
            assert_eq!(Mac::parse(text), None, "{text}");
        }
        assert_eq!(mac.to_string(), "0A:1B:2C:3D:4E:5F");
        assert_eq!(
            mac.packet()[..12],
            [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x0A, 0x1B, 0x2C, 0x3D, 0x4E, 0x5F]
        );
        assert_eq!(mac.packet()[96..], mac.0);
    }
}
