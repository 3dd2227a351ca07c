//! `ps` and `kill`.

use serde_json::{Value, json};

use super::ask::{ask, connected, tell, value_of};
use crate::operator::error::OperatorError;
use crate::operator::escape::escape_line;
use crate::operator::output::Output;
use crate::operator::session::Session;
use crate::operator::table::Table;

/// Lists the processes of a device.
pub fn processes(session: &mut Session, id: &str, output: &Output) -> Result<(), OperatorError> {
    let device = connected(session, id)?;
    let answer = ask(session, &device, json!({ "type": "ps" }))?;
    let mut all = read(&value_of(&answer));
    all.sort_by_key(|process| process["pid"].as_u64());
    output.result(&json!(all), || {
        let mut table = Table::new(&["PID", "USER", "COMMAND"]);
        for process in &all {
            let text = |name: &str| process[name].as_str().unwrap_or("").to_owned();
            table.row(&[&process["pid"].to_string(), &text("user"), &text("command")]);
        }
        table.render()
    })
}

/// The processes in an answer: an object by number, or a list.
fn read(value: &Value) -> Vec<Value> {
    let one = |pid: Option<u64>, process: &Value| {
        let text =
            |names: [&str; 2]| names.iter().find_map(|name| process[*name].as_str()).unwrap_or("").to_owned();
        let pid = process["pid"].as_u64().or(pid)?;
        Some(json!({ "pid": pid, "user": text(["user", "owner"]), "command": text(["cmd", "name"]) }))
    };
    match value {
        Value::Object(all) => {
            all.iter().filter_map(|(pid, process)| one(pid.parse().ok(), process)).collect()
        }
        Value::Array(all) => all.iter().filter_map(|process| one(None, process)).collect(),
        _ => Vec::new(),
    }
}

/// Ends a process of a device, and looks whether it is gone.
pub fn kill(session: &mut Session, id: &str, pid: u32, output: &Output) -> Result<(), OperatorError> {
    let device = connected(session, id)?;
    let all = read(&value_of(&ask(session, &device, json!({ "type": "ps" }))?));
    let Some(process) = all.iter().find(|process| process["pid"] == pid) else {
        return Err(OperatorError::Failed(format!("{} has no process {pid}", escape_line(&device.name))));
    };
    let command = process["command"].as_str().unwrap_or("").to_owned();
    tell(session, &device, json!({ "type": "pskill", "value": format!("{pid}|{command}") }))?;
    // The order has no answer; the list that is asked for behind it shows what came of it.
    let left = read(&value_of(&ask(session, &device, json!({ "type": "ps" }))?));
    if left.iter().any(|process| process["pid"] == pid && process["command"] == command.as_str()) {
        return Err(OperatorError::Failed(format!(
            "process {pid} ({}) is still there; it may need a moment, or the agent may not end it",
            escape_line(&command)
        )));
    }
    let value = json!({ "device": device.id(), "ended": pid, "command": command });
    output.result(&value, || format!("Ended {pid} ({}).\n", escape_line(&command)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_of_the_list_are_read() {
        let map = json!({ "12": { "pid": 12, "cmd": "sh", "user": "root" }, "x": { "cmd": "no number" }, "7": { "cmd": "init" } });
        let read_map = read(&map);
        assert_eq!(read_map.len(), 2);
        assert_eq!(read_map[0], json!({ "pid": 12, "user": "root", "command": "sh" }));
        assert_eq!(
            read(&json!([{ "pid": 3, "name": "a" }, 7])),
            [json!({ "pid": 3, "user": "", "command": "a" })]
        );
        assert!(read(&json!("none")).is_empty());
    }
}
