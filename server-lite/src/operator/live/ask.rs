//! Questions to a device's core over the control channel, answered by a `msg` of the same type (user-channel
//! specification 4.2).

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::operator::directory::Device;
use crate::operator::error::OperatorError;
use crate::operator::escape::escape_line;
use crate::operator::session::{ANSWER, Heard, Session};

/// For an answer of a core.
const PATIENCE: Duration = Duration::from_secs(20);

/// The device, if it is connected.
///
/// # Errors
/// Also when it is not.
pub fn connected(session: &mut Session, id: &str) -> Result<Device, OperatorError> {
    let directory = session.directory()?;
    let device = directory.device(id)?;
    match device.connected {
        true => Ok(device.clone()),
        false => Err(OperatorError::Failed(format!("{} is not connected", escape_line(&device.name)))),
    }
}

/// Sends a message to the device's core.
///
/// # Errors
/// What the server says.
pub fn tell(session: &mut Session, device: &Device, mut message: Value) -> Result<(), OperatorError> {
    message["action"] = json!("msg");
    message["nodeid"] = json!(device.full_id);
    let answer = session.ask(message, ANSWER, |_| false)?;
    match answer["result"].as_str() {
        Some(result) if result.eq_ignore_ascii_case("ok") => Ok(()),
        Some("Unable to route") => {
            Err(OperatorError::Failed(format!("{} is not connected", escape_line(&device.name))))
        }
        result => Err(OperatorError::of_result(result.unwrap_or("the answer has no result"))),
    }
}

/// Sends a message to the device's core and waits for what it answers.
///
/// # Errors
/// Also when it does not answer.
pub fn ask(session: &mut Session, device: &Device, message: Value) -> Result<Value, OperatorError> {
    session.watch();
    let kind = message["type"].as_str().unwrap_or("").to_owned();
    tell(session, device, message)?;
    let until = Instant::now() + PATIENCE;
    loop {
        match session.hear(until)? {
            Heard::Message(answer)
                if answer["action"] == "msg"
                    && answer["type"] == kind.as_str()
                    && answer["nodeid"] == device.full_id.as_str() =>
            {
                return Ok(answer);
            }
            Heard::Nothing => {
                return Err(OperatorError::Failed(format!(
                    "{} did not answer within {} s; its core may not know {kind}",
                    escape_line(&device.name),
                    PATIENCE.as_secs()
                )));
            }
            _ => {}
        }
    }
}

/// The value of an answer: JSON, or a text that is JSON.
pub fn value_of(answer: &Value) -> Value {
    match &answer["value"] {
        Value::String(text) => serde_json::from_str(text).unwrap_or(Value::Null),
        other => other.clone(),
    }
}
