//! `device …`.

use serde_json::{Value, json};

use crate::operator::arguments::DeviceAction;
use crate::operator::directory::Directory;
use crate::operator::error::OperatorError;
use crate::operator::output::Output;
use crate::operator::session::Session;

/// Does what `action` says.
pub fn device(session: &mut Session, action: &DeviceAction, output: &Output) -> Result<(), OperatorError> {
    let directory = session.directory()?;
    let value = match action {
        DeviceAction::Rename { id, name } => {
            let node = directory.device(id)?.full_id.clone();
            session.order(json!({ "action": "changedevice", "nodeid": node, "name": name }))?;
            json!({ "device": super::super::directory::bare(&node), "name": name })
        }
        DeviceAction::Tag { id, tags } => {
            let node = directory.device(id)?.full_id.clone();
            session.order(json!({ "action": "changedevice", "nodeid": node, "tags": tags }))?;
            json!({ "device": super::super::directory::bare(&node), "tags": tags })
        }
        DeviceAction::Move { ids, to } => {
            let nodes = nodes(&directory, ids)?;
            let group = directory.group(to)?;
            session
                .order(json!({ "action": "changeDeviceMesh", "nodeids": nodes, "meshid": group.full_id }))?;
            json!({ "moved": bare(&nodes), "group": group.id() })
        }
        DeviceAction::Remove { ids } => {
            let nodes = nodes(&directory, ids)?;
            session.order(json!({ "action": "removedevices", "nodeids": nodes }))?;
            json!({ "removed": bare(&nodes) })
        }
    };
    output.result(&value, String::new)
}

/// All of them, or the error of the first that is unknown.
fn nodes(directory: &Directory, ids: &[String]) -> Result<Vec<String>, OperatorError> {
    ids.iter().map(|id| directory.device(id).map(|device| device.full_id.clone())).collect()
}

fn bare(nodes: &[String]) -> Vec<Value> {
    nodes.iter().map(|node| json!(super::super::directory::bare(node))).collect()
}
