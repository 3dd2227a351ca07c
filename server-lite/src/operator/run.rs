//! `run`: a shell command on a device.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::arguments::RunArguments;
use super::error::OperatorError;
use super::escape::escape_line;
use super::output::{Output, device_text};
use super::session::{Heard, Session};

/// Runs `command` by the device's shell and prints what it printed. The exit code is 1 when the command's is not 0;
/// cores that do not say theirs (all but ours) count as 0.
pub fn run(session: &mut Session, how: &RunArguments, output: &Output) -> Result<ExitCode, OperatorError> {
    let (id, command) = how.parts();
    let id = id.unwrap_or("");
    let (patience_s, raw) = (how.timeout, how.raw);
    session.watch();
    let directory = session.directory()?;
    let device = directory.device(id)?;
    if !device.connected && !wait_for(session, &device.full_id, how.wait)? {
        return Err(OperatorError::Failed(format!("{} is not connected", escape_line(&device.name))));
    }
    let order = json!({
        "action": "runcommands", "nodeids": [device.full_id], "type": 0, "cmds": command, "runAsUser": 0,
        "reply": true,
    });
    let answer = match session.ask(order, Duration::from_secs(patience_s), |_| false) {
        Err(OperatorError::Silent { .. }) => {
            return Err(OperatorError::Failed(format!(
                "no answer within {patience_s} s; the command may still be running. Wait longer with --timeout"
            )));
        }
        other => other?,
    };
    let (text, code) = read_answer(&answer)?;
    let value = json!({ "device": device.id(), "output": text, "exitCode": code });
    if raw && !output.is_json() {
        output.raw(text.as_bytes())?;
    } else {
        output.result(&value, || device_text(&text))?;
    }
    if let Some(code) = code.filter(|code| *code != 0) {
        output.note(&format!("the command ended with {code}"));
        return Ok(ExitCode::FAILURE);
    }
    Ok(ExitCode::SUCCESS)
}

/// Waits until the device is connected and its core has told of itself, or has had a moment.
fn wait_for(session: &mut Session, node: &str, wait_s: u64) -> Result<bool, OperatorError> {
    let mut until = Instant::now() + Duration::from_secs(wait_s);
    let mut connected = false;
    loop {
        match session.hear(until.min(Instant::now() + SIGN_OF_LIFE))? {
            Heard::Message(message) if message["action"] == "event" && message["event"]["nodeid"] == node => {
                let event = &message["event"];
                let live = |value: &Value| value["conn"].as_u64().unwrap_or(0) & 1 != 0;
                match event["action"].as_str() {
                    Some("nodeconnect") if live(event) && !connected => {
                        connected = true;
                        until = Instant::now() + CORE;
                    }
                    Some("changenode") if live(&event["node"]) => return Ok(true),
                    _ => {}
                }
            }
            Heard::Nothing if Instant::now() >= until => return Ok(connected),
            Heard::Nothing => session.send(&json!({ "action": "ping" }))?,
            _ => {}
        }
    }
}

/// Without a sign of life servers and proxies end connections.
const SIGN_OF_LIFE: Duration = Duration::from_secs(60);

/// For a device that has just connected to get its core.
const CORE: Duration = Duration::from_secs(5);

/// The output and, if the core says it, the exit code. An answer of the server itself is its reason for a no.
pub(super) fn read_answer(answer: &Value) -> Result<(String, Option<i64>), OperatorError> {
    let result = answer["result"].as_str();
    if answer["action"] != "msg" || answer["type"] != "runcommands" {
        return Err(match result {
            Some(result) => OperatorError::of_result(result),
            None => OperatorError::Failed("the server's answer has no result".into()),
        });
    }
    Ok((result.unwrap_or("").to_owned(), answer["exitcode"].as_i64()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn output_is_told_from_a_refusal() {
        let ran = json!({ "action": "msg", "type": "runcommands", "result": "Access denied", "exitcode": 3 });
        assert_eq!(read_answer(&ran).unwrap(), ("Access denied".to_owned(), Some(3)));
        let old = json!({ "action": "msg", "type": "runcommands", "result": "x" });
        assert_eq!(read_answer(&old).unwrap(), ("x".to_owned(), None));
        let refused = json!({ "action": "runcommands", "result": "Access denied" });
        assert!(matches!(read_answer(&refused), Err(OperatorError::Refused(_))));
        let absent = json!({ "action": "runcommands", "result": "Agent not connected" });
        assert!(matches!(read_answer(&absent), Err(OperatorError::Failed(_))));
    }
}
