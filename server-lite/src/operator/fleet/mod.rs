//! `run` on many devices at once: so many at a time, each with its own deadline, in the order in which they answer.

mod choose;
mod queue;

use std::process::ExitCode;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};
use std::io::IsTerminal;

use super::arguments::RunArguments;
use super::directory::Device;
use super::error::OperatorError;
use super::escape::{escape_line, escape_text};
use super::output::Output;
use super::run::read_answer;
use super::session::{Heard, Session};
use queue::{Queue, Tick};

/// Without a sign of life servers and proxies end connections.
const SIGN_OF_LIFE: Duration = Duration::from_secs(60);

/// How one device did.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Outcome {
    /// The command ran; its exit code, if the core says it.
    Ran { text: String, code: Option<i64> },
    /// The device was not connected, and did not come in time.
    Offline,
    /// It was not run, or nothing is known of it.
    Failed(String),
}

/// Runs the command on all that are chosen; the exit code is 1 when any failed or was not there.
pub fn run(session: &mut Session, how: &RunArguments, output: &Output) -> Result<ExitCode, OperatorError> {
    session.watch();
    session.watch_interrupts()?;
    let directory = session.directory()?;
    let devices = choose::devices(&directory, how)?;
    let (_, command) = how.parts();
    let mut report = Report::new(&devices, how, output);
    let mut queue = Queue::new(
        devices,
        usize::from(how.parallel),
        Duration::from_secs(how.timeout),
        Instant::now() + Duration::from_secs(how.wait),
    );
    loop {
        while let Some(tick) = queue.next(Instant::now()) {
            match tick {
                Tick::Start(device) => {
                    let responseid = session.new_responseid();
                    session.send(&json!({
                        "action": "runcommands", "nodeids": [device.full_id], "type": 0, "cmds": command,
                        "runAsUser": 0, "reply": true, "responseid": responseid,
                    }))?;
                    queue.started(responseid, device, Instant::now());
                }
                Tick::Late(device) => {
                    let text =
                        format!("no answer within {} s; the command may still be running", how.timeout);
                    report.device(&device, Outcome::Failed(text))?;
                }
                Tick::Offline(device) => report.device(&device, Outcome::Offline)?,
            }
        }
        if queue.is_empty() {
            return Ok(report.end());
        }
        let until = queue
            .deadline()
            .map_or(Instant::now() + SIGN_OF_LIFE, |at| at.min(Instant::now() + SIGN_OF_LIFE));
        match session.hear(until)? {
            Heard::Message(message) => {
                if let Some(device) = message["responseid"].as_str().and_then(|id| queue.answered(id)) {
                    report.device(&device, outcome(&message))?;
                } else if message["action"] == "event" {
                    note_presence(&mut queue, &message["event"]);
                }
            }
            Heard::Interrupted => {
                for device in queue.give_up() {
                    report
                        .device(&device, Outcome::Failed("interrupted; the command may be running".into()))?;
                }
            }
            Heard::Nothing => session.send(&json!({ "action": "ping" }))?,
            Heard::Line(_) | Heard::LinesEnd | Heard::Saved => {}
        }
    }
}

fn outcome(message: &Value) -> Outcome {
    match read_answer(message) {
        Ok((text, code)) => Outcome::Ran { text, code },
        Err(OperatorError::Failed(text)) if text == "Agent not connected" => Outcome::Offline,
        Err(error) => Outcome::Failed(error.to_string()),
    }
}

/// A device that connects gets a moment for its core; one that has told of itself has a core.
fn note_presence(queue: &mut Queue, event: &Value) {
    let Some(node) = event["nodeid"].as_str() else { return };
    let now = Instant::now();
    match event["action"].as_str() {
        Some("nodeconnect") if event["conn"].as_u64().unwrap_or(0) & 1 != 0 => queue.connected(node, now),
        Some("changenode") if event["node"]["conn"].as_u64().unwrap_or(0) & 1 != 0 => {
            queue.described(node, now)
        }
        _ => {}
    }
}

/// What is printed, and counted.
struct Report<'a> {
    output: &'a Output,
    raw: bool,
    width: usize,
    bar: Option<ProgressBar>,
    done: u64,
    failed: u64,
    offline: u64,
}

impl<'a> Report<'a> {
    fn new(devices: &[Device], how: &RunArguments, output: &'a Output) -> Report<'a> {
        let bar = (!output.is_json() && std::io::stderr().is_terminal()).then(|| {
            let bar = ProgressBar::new(devices.len() as u64);
            let style = ProgressStyle::with_template("[{bar:30}] {pos}/{len}  {msg}");
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()).progress_chars("=> "));
            bar
        });
        let width = devices.iter().map(|device| escape_line(&device.name).chars().count()).max().unwrap_or(0);
        Report { output, raw: how.raw, width: width.min(32), bar, done: 0, failed: 0, offline: 0 }
    }

    fn device(&mut self, device: &Device, outcome: Outcome) -> Result<(), OperatorError> {
        let value = match &outcome {
            Outcome::Ran { text, code } => {
                json!({ "device": device.id(), "name": device.name, "output": text, "exitCode": code })
            }
            Outcome::Offline => json!({ "device": device.id(), "name": device.name, "error": "offline" }),
            Outcome::Failed(why) => json!({ "device": device.id(), "name": device.name, "error": why }),
        };
        let text = match &outcome {
            Outcome::Ran { text, code } => {
                let ended = code.filter(|code| *code != 0).map(|code| format!("[ended with {code}]"));
                let text = if self.raw { text.clone() } else { escape_text(text) };
                text.lines().map(str::to_owned).chain(ended).collect()
            }
            Outcome::Offline => vec!["[offline]".to_owned()],
            Outcome::Failed(why) => vec![format!("[{}]", escape_line(why))],
        };
        match outcome {
            Outcome::Ran { code: None | Some(0), .. } => self.done += 1,
            Outcome::Offline => self.offline += 1,
            Outcome::Ran { .. } | Outcome::Failed(_) => self.failed += 1,
        }
        let (name, width) = (escape_line(&device.name), self.width);
        let print = || {
            self.output.item(&value, || {
                let lines = if text.is_empty() { vec![String::new()] } else { text };
                lines
                    .iter()
                    .map(|line| format!("{name:<width$} | {line}").trim_end().to_owned() + "\n")
                    .collect()
            })
        };
        match &self.bar {
            Some(bar) => {
                bar.suspend(print)?;
                bar.inc(1);
                bar.set_message(self.counts());
                Ok(())
            }
            None => print(),
        }
    }

    fn counts(&self) -> String {
        format!("{} done, {} failed, {} offline", self.done, self.failed, self.offline)
    }

    fn end(self) -> ExitCode {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
        self.output.note(&self.counts());
        match self.failed + self.offline {
            0 => ExitCode::SUCCESS,
            _ => ExitCode::FAILURE,
        }
    }
}
