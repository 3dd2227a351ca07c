//! `devices` and `groups`.

use serde_json::{Value, json};

use super::error::OperatorError;
use super::output::Output;
use super::session::Session;
use super::table::Table;

/// Lists devices, of one group or of all.
pub fn devices(session: &mut Session, group: Option<&str>, output: &Output) -> Result<(), OperatorError> {
    let directory = session.directory()?;
    let only = group.map(|text| directory.group(text)).transpose()?;
    let shown = || {
        directory.devices.iter().filter(|device| only.is_none_or(|group| group.full_id == device.group_id))
    };
    let values: Vec<Value> = shown()
        .map(|device| {
            json!({
                "id": device.id(),
                "name": device.name,
                "group": directory.group_name(device),
                "groupId": super::directory::bare(&device.group_id),
                "connected": device.connected,
                "connectedSince": (device.connected_ms != 0).then_some(device.connected_ms),
                "system": device.system,
                "core": device.core,
                "coreTrouble": device.trouble,
                "address": device.address,
            })
        })
        .collect();
    output.result(&Value::Array(values), || {
        if shown().next().is_none() {
            return "No devices.\n".to_owned();
        }
        let id_len = directory.short_id_len();
        let mut table = Table::new(&["NAME", "GROUP", "STATE", "SYSTEM", "CORE", "ADDRESS", "ID"]);
        for device in shown() {
            let state = if device.connected { "online" } else { "offline" };
            let core = match device.trouble.is_empty() {
                true => device.core.clone(),
                false => format!("! {}", device.trouble),
            };
            table.row(&[
                &device.name,
                directory.group_name(device),
                state,
                &device.system,
                &core,
                &device.address,
                &device.id()[..id_len],
            ]);
        }
        table.render()
    })
}

/// Lists groups.
pub fn groups(session: &mut Session, output: &Output) -> Result<(), OperatorError> {
    let directory = session.directory()?;
    let count = |id: &str| {
        let members = || directory.devices.iter().filter(|device| device.group_id == id);
        (members().count(), members().filter(|device| device.connected).count())
    };
    let values: Vec<Value> = directory
        .groups
        .iter()
        .map(|group| {
            let (devices, connected) = count(&group.full_id);
            json!({
                "id": group.id(), "name": group.name, "description": group.description,
                "devices": devices, "connected": connected,
            })
        })
        .collect();
    output.result(&Value::Array(values), || {
        if directory.groups.is_empty() {
            return "No groups.\n".to_owned();
        }
        let mut table = Table::new(&["NAME", "DEVICES", "ONLINE", "DESCRIPTION", "ID"]);
        for group in &directory.groups {
            let (devices, connected) = count(&group.full_id);
            table.row(&[
                &group.name,
                &devices.to_string(),
                &connected.to_string(),
                &group.description,
                &group.id()[..12],
            ]);
        }
        table.render()
    })
}
