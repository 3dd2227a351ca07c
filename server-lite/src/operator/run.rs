//! `run`: a shell command on a device.

use std::process::ExitCode;
use std::time::Duration;

use serde_json::{Value, json};

use super::error::OperatorError;
use super::escape::escape_line;
use super::output::{Output, device_text};
use super::session::Session;

/// Runs `command` by the device's shell and prints what it printed. The exit code is 1 when the command's is not 0;
/// cores that do not say theirs (all but ours) count as 0.
pub fn run(
    session: &mut Session,
    id: &str,
    command: &str,
    patience_s: u64,
    raw: bool,
    output: &Output,
) -> Result<ExitCode, OperatorError> {
    let directory = session.directory()?;
    let device = directory.device(id)?;
    if !device.connected {
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

/// The output and, if the core says it, the exit code. An answer of the server itself is its reason for a no.
fn read_answer(answer: &Value) -> Result<(String, Option<i64>), OperatorError> {
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
