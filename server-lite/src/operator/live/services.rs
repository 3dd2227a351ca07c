//! `services` and `service`.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::ask::{ask, connected, tell, value_of};
use crate::operator::arguments::ServiceAction;
use crate::operator::error::OperatorError;
use crate::operator::escape::{escape_line, quoted};
use crate::operator::output::Output;
use crate::operator::session::Session;
use crate::operator::table::Table;

/// For a service to get where it was sent.
const SETTLE: Duration = Duration::from_secs(20);

/// Between two looks at it.
const LOOK: Duration = Duration::from_millis(700);

/// Lists the services of a device.
pub fn services(session: &mut Session, id: &str, output: &Output) -> Result<(), OperatorError> {
    let device = connected(session, id)?;
    let answer = ask(session, &device, json!({ "type": "services" }))?;
    let mut all: Vec<Value> = value_of(&answer).as_array().into_iter().flatten().filter_map(read).collect();
    all.sort_by_key(|service| service["name"].as_str().unwrap_or("").to_owned());
    output.result(&json!(all), || {
        if all.is_empty() {
            return "No services; the device may have no service manager.\n".to_owned();
        }
        let mut table = Table::new(&["NAME", "STATE", "START", "DESCRIPTION"]);
        for service in &all {
            let text = |name: &str| service[name].as_str().unwrap_or("").to_owned();
            table.row(&[&text("name"), &text("state"), &text("start"), &text("description")]);
        }
        table.render()
    })
}

fn read(service: &Value) -> Option<Value> {
    let text = |names: &[&str]| {
        names
            .iter()
            .find_map(|name| service[*name].as_str().filter(|text| !text.is_empty()))
            .unwrap_or("")
            .to_owned()
    };
    let name = text(&["name", "serviceName"]);
    let state = match &service["status"] {
        Value::Object(status) => status.get("state").and_then(Value::as_str).unwrap_or("").to_owned(),
        _ => text(&["status", "state"]),
    };
    let start = text(&["startType", "start"]);
    let description = text(&["description", "displayName"]);
    (!name.is_empty())
        .then(|| json!({ "name": name, "state": state, "start": start, "description": description }))
}

/// Starts, stops or restarts a service, and looks what became of it.
pub fn change_service(
    session: &mut Session,
    id: &str,
    name: &str,
    action: ServiceAction,
    output: &Output,
) -> Result<(), OperatorError> {
    let device = connected(session, id)?;
    if state_of(session, &device, name)?.is_none() {
        return Err(OperatorError::Failed(format!(
            "{} has no service {}; see: meshlite services",
            escape_line(&device.name),
            quoted(name)
        )));
    }
    let (kind, wanted) = match action {
        ServiceAction::Start => ("serviceStart", true),
        ServiceAction::Stop => ("serviceStop", false),
        ServiceAction::Restart => ("serviceRestart", true),
    };
    tell(session, &device, json!({ "type": kind, "serviceName": name }))?;
    let until = Instant::now() + SETTLE;
    loop {
        let state = state_of(session, &device, name)?.unwrap_or_default();
        if is_running(&state) == wanted {
            let value = json!({ "device": device.id(), "service": name, "state": state });
            return output.result(&value, || format!("{}: {}\n", escape_line(name), escape_line(&state)));
        }
        if Instant::now() >= until {
            return Err(OperatorError::Failed(format!(
                "the service {} is {}",
                quoted(name),
                escape_line(&state)
            )));
        }
        session.pause(LOOK)?;
    }
}

fn state_of(
    session: &mut Session,
    device: &crate::operator::directory::Device,
    name: &str,
) -> Result<Option<String>, OperatorError> {
    let answer = ask(session, device, json!({ "type": "service", "serviceName": name }))?;
    let value = value_of(&answer);
    let found = read(&value);
    Ok(found
        .map(|service| service["state"].as_str().unwrap_or("").to_owned())
        .filter(|state| !state.is_empty()))
}

fn is_running(state: &str) -> bool {
    let state = state.to_ascii_lowercase();
    state.contains("running") && !state.contains("not") || state.starts_with("active") || state == "started"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_are_told_apart() {
        assert!(is_running("RUNNING") && is_running("active (running)") && is_running("started"));
        assert!(!is_running("inactive") && !is_running("NOT RUNNING") && !is_running("failed"));
    }

    #[test]
    fn services_of_different_cores_are_read() {
        let ours = read(&json!({ "name": "ssh", "status": "running", "startType": "auto" })).unwrap();
        assert_eq!((&ours["name"], &ours["state"]), (&json!("ssh"), &json!("running")));
        let windows =
            read(&json!({ "name": "w", "displayName": "W", "status": { "state": "STOPPED" } })).unwrap();
        assert_eq!((&windows["state"], &windows["description"]), (&json!("STOPPED"), &json!("W")));
        assert!(read(&json!({ "x": 1 })).is_none());
    }
}
