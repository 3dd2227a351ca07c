//! `power` and `toast`.

use serde_json::json;

use super::ask::connected;
use crate::operator::arguments::PowerAction;
use crate::operator::error::OperatorError;
use crate::operator::escape::escape_line;
use crate::operator::output::Output;
use crate::operator::session::{ANSWER, Session};

/// Switches a device. The server confirms the order, not what came of it.
pub fn power(
    session: &mut Session,
    id: &str,
    action: PowerAction,
    output: &Output,
) -> Result<(), OperatorError> {
    let kind = match action {
        PowerAction::Off => 2,
        PowerAction::Reset => 3,
        PowerAction::Sleep => 4,
        PowerAction::Wake => return wake(session, id, output),
    };
    let device = connected(session, id)?;
    session.order(json!({ "action": "poweraction", "nodeids": [device.full_id], "actiontype": kind }))?;
    let value = json!({ "device": device.id(), "ordered": format!("{action:?}").to_lowercase() });
    output.result(&value, || format!("{} was told.\n", escape_line(&device.name)))
}

fn wake(session: &mut Session, id: &str, output: &Output) -> Result<(), OperatorError> {
    let directory = session.directory()?;
    let device = directory.device(id)?;
    let order = json!({ "action": "wakedevices", "nodeids": [device.full_id] });
    let answer = session.ask(order, ANSWER, |_| false)?;
    let result = answer["result"].as_str().unwrap_or("");
    // The only good answer counts who sent packets.
    if !result.starts_with("Used ") && !result.eq_ignore_ascii_case("ok") {
        return Err(OperatorError::of_result(result));
    }
    let value = json!({ "device": device.id(), "ordered": "wake", "result": result });
    output.result(&value, || escape_line(result) + "\n")
}

/// Shows a message on a device's screen.
pub fn toast(
    session: &mut Session,
    id: &str,
    title: &str,
    text: &str,
    output: &Output,
) -> Result<(), OperatorError> {
    let device = connected(session, id)?;
    session.order(json!({ "action": "toast", "nodeids": [device.full_id], "title": title, "msg": text }))?;
    output.result(&json!({ "device": device.id(), "told": true }), String::new)
}
