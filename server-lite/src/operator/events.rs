//! `events`: what happened, and what happens.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::directory::Directory;
use super::error::OperatorError;
use super::escape::escape_line;
use super::output::Output;
use super::session::{ANSWER, Heard, Session};

/// Without a sign of life servers and proxies end connections.
const SIGN_OF_LIFE: Duration = Duration::from_secs(60);

/// Lists the last events, oldest first, and with `follow` goes on until interrupted.
pub fn events(
    session: &mut Session,
    device: Option<&str>,
    limit: u64,
    follow: bool,
    output: &Output,
) -> Result<(), OperatorError> {
    let mut directory = session.directory()?;
    let node = device.map(|text| directory.device(text).map(|device| device.full_id.clone())).transpose()?;
    let mut command = json!({ "action": "events", "limit": limit });
    if let Some(node) = &node {
        command["nodeid"] = json!(node);
    }
    let answer = session.ask(command, ANSWER, |message| {
        // The real server's answer does not repeat the responseid.
        message["action"] == "events" && message["events"].is_array()
    })?;
    let Some(listed) = answer["events"].as_array() else {
        return Err(OperatorError::of_result(answer["result"].as_str().unwrap_or("no events in the answer")));
    };
    let mut shown: Vec<Value> = listed.iter().rev().map(|event| shape(event, &directory)).collect();
    if !follow {
        return output.result(&json!(shown), || shown.iter().map(line).collect());
    }
    loop {
        for event in shown.drain(..) {
            output.item(&event, || line(&event))?;
        }
        match session.hear(Instant::now() + SIGN_OF_LIFE)? {
            Heard::Message(message) if message["action"] == "event" => {
                let event = &message["event"];
                // Such events only tell pages what to draw anew.
                if event["nolog"].as_u64() == Some(1) {
                    continue;
                }
                if node.as_deref().is_none_or(|node| event["nodeid"] == node) {
                    directory.learn(event);
                    shown.push(shape(event, &directory));
                }
            }
            Heard::Nothing => session.send(&json!({ "action": "ping" }))?,
            _ => {}
        }
    }
}

/// The parts of an event that are the same for all kinds.
fn shape(event: &Value, directory: &Directory) -> Value {
    let text = |name: &str| event[name].as_str().unwrap_or("");
    let device = directory.devices.iter().find(|device| device.full_id == text("nodeid"));
    json!({
        "time": text("time"),
        "action": text("action"),
        "device": super::directory::bare(text("nodeid")),
        "deviceName": device.map_or("", |device| device.name.as_str()),
        "user": text("userid"),
        "message": text("msg"),
    })
}

fn line(event: &Value) -> String {
    let text = |name: &str| escape_line(event[name].as_str().unwrap_or(""));
    let mut line = format!("{}  {:<16}", text("time"), text("action"));
    for (name, from) in [("deviceName", ""), ("user", "by ")] {
        if !text(name).is_empty() {
            line.push_str(&format!("  {from}{}", text(name)));
        }
    }
    if !text("message").is_empty() {
        line.push_str(&format!("  {}", text("message")));
    }
    line.trim_end().to_owned() + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operator::directory::tests::sample;

    #[test]
    fn an_event_is_one_line_whatever_it_says() {
        let directory = sample();
        let desk = directory.device("desk").unwrap();
        let event = json!({
            "time": "2026-01-02T03:04:05.006Z", "action": "agentlog", "nodeid": desk.full_id,
            "userid": "user//admin", "msg": "two\nlines\u{1b}[0m", "extra": 7,
        });
        let shaped = shape(&event, &directory);
        assert_eq!(shaped["deviceName"], "desk");
        assert_eq!(
            line(&shaped),
            "2026-01-02T03:04:05.006Z  agentlog          desk  by user//admin  two\\nlines\\u{1b}[0m\n"
        );
        assert_eq!(line(&shape(&json!({ "action": 7, "time": 9 }), &directory)), "\n");
    }
}
