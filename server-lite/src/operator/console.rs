//! `console`: lines for the core of a device, and what it answers.
//!
//! The channel has no mark for the end of an answer: a core sends as many messages as it likes. The answer is over
//! when none came for a moment.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::error::OperatorError;
use super::escape::escape_line;
use super::output::{Output, device_text};
use super::session::{Heard, Session};

/// Silence after which an answer is over.
const OVER_AFTER: Duration = Duration::from_millis(300);

/// Without a sign of life servers and proxies end connections.
const SIGN_OF_LIFE: Duration = Duration::from_secs(60);

/// Sends `line`, or the lines of standard input when it is empty.
pub fn console(
    session: &mut Session,
    id: &str,
    line: &str,
    patience_s: u64,
    output: &Output,
) -> Result<(), OperatorError> {
    let directory = session.directory()?;
    let device = directory.device(id)?;
    if !device.connected {
        return Err(OperatorError::Failed(format!("{} is not connected", escape_line(&device.name))));
    }
    let node = device.full_id.as_str();
    if !line.trim().is_empty() {
        let lines = exchange(session, node, line, patience_s)?;
        let value = json!({ "device": device.id(), "lines": lines });
        return output.result(&value, || lines.iter().map(|line| device_text(line)).collect());
    }
    if std::io::stdin().is_terminal() {
        output.note(&format!("console of {}; try: help; end with Ctrl-D", escape_line(&device.name)));
    }
    converse(session, node, device.id(), output)
}

/// One line and its answer.
fn exchange(
    session: &mut Session,
    node: &str,
    line: &str,
    patience_s: u64,
) -> Result<Vec<String>, OperatorError> {
    send(session, node, line)?;
    let mut lines = Vec::new();
    let mut until = Instant::now() + Duration::from_secs(patience_s);
    loop {
        match session.hear(until)? {
            Heard::Message(message) => {
                if let Some(text) = answer_of(&message, node)? {
                    lines.push(text);
                    until = Instant::now() + OVER_AFTER;
                }
            }
            Heard::Nothing if lines.is_empty() => {
                return Err(OperatorError::Failed(format!(
                    "the device did not answer within {patience_s} s; it may have no core, see: meshlite devices"
                )));
            }
            Heard::Nothing => return Ok(lines),
            Heard::Line(_) | Heard::LinesEnd | Heard::Saved | Heard::Interrupted => {}
        }
    }
}

/// Lines from standard input as they come, answers as they come; ends some time after the last line.
fn converse(session: &mut Session, node: &str, id: &str, output: &Output) -> Result<(), OperatorError> {
    session.read_lines();
    let mut last_line = false;
    let mut waiting = 0usize;
    loop {
        let patience = match (last_line, waiting) {
            (true, 0) => OVER_AFTER,
            (true, _) => Duration::from_secs(15),
            (false, _) => SIGN_OF_LIFE,
        };
        match session.hear(Instant::now() + patience)? {
            Heard::Line(line) if line.trim().is_empty() => {}
            Heard::Line(line) => {
                send(session, node, &line)?;
                waiting += 1;
            }
            Heard::LinesEnd => last_line = true,
            Heard::Message(message) => {
                if let Some(text) = answer_of(&message, node)? {
                    waiting = waiting.saturating_sub(1);
                    output.item(&json!({ "device": id, "line": text }), || device_text(&text))?;
                }
            }
            Heard::Nothing if last_line => return Ok(()),
            Heard::Nothing => session.send(&json!({ "action": "ping" }))?,
            // Not asked for here.
            Heard::Saved | Heard::Interrupted => {}
        }
    }
}

fn send(session: &mut Session, node: &str, line: &str) -> Result<(), OperatorError> {
    session.send(&json!({
        "action": "msg", "type": "console", "nodeid": node, "value": line, "responseid": ROUTED,
    }))
}

/// The text of a console answer of this device; an error when the server could not pass the line on.
fn answer_of(message: &Value, node: &str) -> Result<Option<String>, OperatorError> {
    if message["action"] != "msg" {
        return Ok(None);
    }
    if message["responseid"] == ROUTED {
        return match message["result"].as_str() {
            Some(result) if !result.eq_ignore_ascii_case("ok") => Err(OperatorError::of_result(result)),
            _ => Ok(None),
        };
    }
    let is_answer = message["type"] == "console" && message["nodeid"] == node;
    Ok(message["value"].as_str().filter(|_| is_answer).map(str::to_owned))
}

const ROUTED: &str = "meshlite-console";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_devices_answers_count() {
        let answer =
            |node: &str| json!({ "action": "msg", "type": "console", "value": "hi", "nodeid": node });
        assert_eq!(answer_of(&answer("node//a"), "node//a").unwrap().as_deref(), Some("hi"));
        assert_eq!(answer_of(&answer("node//b"), "node//a").unwrap(), None);
        let number = json!({ "action": "msg", "type": "console", "value": 7, "nodeid": "node//a" });
        assert_eq!(answer_of(&number, "node//a").unwrap(), None);
    }

    #[test]
    fn a_line_that_was_not_passed_on_is_an_error() {
        let routed = |result: &str| json!({ "action": "msg", "result": result, "responseid": ROUTED });
        assert_eq!(answer_of(&routed("OK"), "node//a").unwrap(), None);
        assert!(matches!(answer_of(&routed("Unable to route"), "node//a"), Err(OperatorError::Failed(_))));
        assert!(matches!(answer_of(&routed("Access denied"), "node//a"), Err(OperatorError::Refused(_))));
    }
}
