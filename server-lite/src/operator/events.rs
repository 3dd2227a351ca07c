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

/// Between two attempts to reach the server again.
const MAX_PAUSE: Duration = Duration::from_secs(30);

/// Lists the last events, oldest first, and with `follow` goes on until interrupted, also when the server was gone for
/// a while.
pub fn events(
    open: &dyn Fn() -> Result<Session, OperatorError>,
    device: Option<&str>,
    limit: u64,
    follow: bool,
    output: &Output,
) -> Result<(), OperatorError> {
    let mut session = open()?;
    let mut view = View::new(&mut session, device)?;
    let shown = view.last(&mut session, limit)?;
    if !follow {
        return output.result(&json!(shown), || shown.iter().map(line).collect());
    }
    view.print(shown, output)?;
    loop {
        let error = match view.follow(&mut session, output) {
            Err(error @ (OperatorError::Unreachable { .. } | OperatorError::Silent { .. })) => error,
            other => return other,
        };
        output.note(&format!("{error}; trying again until the server is there"));
        session = again(open)?;
        output.note("the server is there again");
        // What happened meanwhile, as far as the server's list goes back.
        let missed = view.last(&mut session, MAX_MISSED)?;
        view.print(missed, output)?;
    }
}

/// The most a server lists at once.
const MAX_MISSED: u64 = 1000;

fn again(open: &dyn Fn() -> Result<Session, OperatorError>) -> Result<Session, OperatorError> {
    let mut pause = Duration::from_secs(1);
    loop {
        std::thread::sleep(pause);
        match open() {
            Err(OperatorError::Unreachable { .. } | OperatorError::Silent { .. }) => {
                pause = (pause * 2).min(MAX_PAUSE);
            }
            other => return other,
        }
    }
}

/// Which events are shown, and up to where they were.
struct View {
    directory: Directory,
    node: Option<String>,
    /// The time of the last one that was shown, and those of that time.
    last_time: String,
    at_last_time: Vec<Value>,
}

impl View {
    fn new(session: &mut Session, device: Option<&str>) -> Result<View, OperatorError> {
        let directory = session.directory()?;
        let node =
            device.map(|text| directory.device(text).map(|device| device.full_id.clone())).transpose()?;
        Ok(View { directory, node, last_time: String::new(), at_last_time: Vec::new() })
    }

    /// The last events of the server's list, oldest first.
    fn last(&self, session: &mut Session, limit: u64) -> Result<Vec<Value>, OperatorError> {
        let mut command = json!({ "action": "events", "limit": limit });
        if let Some(node) = &self.node {
            command["nodeid"] = json!(node);
        }
        session.watch();
        let answer = session.ask(command, ANSWER, |message| {
            // The real server's answer does not repeat the responseid.
            message["action"] == "events" && message["events"].is_array()
        })?;
        let Some(listed) = answer["events"].as_array() else {
            return Err(OperatorError::of_result(
                answer["result"].as_str().unwrap_or("no events in the answer"),
            ));
        };
        Ok(listed.iter().rev().map(|event| shape(event, &self.directory)).collect())
    }

    /// Prints events that were not printed before. ISO times sort as texts.
    fn print(&mut self, events: Vec<Value>, output: &Output) -> Result<(), OperatorError> {
        for event in events {
            let time = event["time"].as_str().unwrap_or("").to_owned();
            if time < self.last_time || time == self.last_time && self.at_last_time.contains(&event) {
                continue;
            }
            if time != self.last_time {
                self.at_last_time.clear();
                self.last_time = time;
            }
            output.item(&event, || line(&event))?;
            if self.at_last_time.len() < MAX_SAME_TIME {
                self.at_last_time.push(event);
            }
        }
        Ok(())
    }

    fn follow(&mut self, session: &mut Session, output: &Output) -> Result<(), OperatorError> {
        loop {
            match session.hear(Instant::now() + SIGN_OF_LIFE)? {
                Heard::Message(message) if message["action"] == "event" => {
                    let event = &message["event"];
                    // Such events only tell pages what to draw anew.
                    if event["nolog"].as_u64() == Some(1) {
                        continue;
                    }
                    if self.node.as_deref().is_none_or(|node| event["nodeid"] == node) {
                        self.directory.learn(event);
                        let shaped = shape(event, &self.directory);
                        self.print(vec![shaped], output)?;
                    }
                }
                Heard::Nothing => session.send(&json!({ "action": "ping" }))?,
                _ => {}
            }
        }
    }
}

/// Events of one millisecond that are remembered.
const MAX_SAME_TIME: usize = 1000;

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
