//! What a running agent is doing, for `meshlite-agent status`.
//!
//! The worker writes a small file whenever something changes, never by the clock.

use std::cell::RefCell;
use std::path::PathBuf;

use serde_json::{Map, Value, json};

use crate::cli::IdOptions;
use crate::state::{self, StateDir};
use crate::{exit, log};

/// The status of one worker.
pub struct Status {
    file: PathBuf,
    now: RefCell<Map<String, Value>>,
}

impl Status {
    /// Starts with what does not change.
    pub fn new(state: &StateDir, node: &str) -> Status {
        let mut now = Map::new();
        now.insert("version".into(), env!("CARGO_PKG_VERSION").into());
        now.insert("worker".into(), std::process::id().into());
        now.insert("node".into(), node.into());
        now.insert("channel".into(), "starting".into());
        now.insert("core".into(), Value::Null);
        Status { file: state.status_file(), now: RefCell::new(now) }
    }

    /// The channel: `connecting`, `connected`, `held` or `waiting`, with the server and what there is to say.
    pub fn channel(&self, channel: &str, server: &str, note: &str) {
        let mut now = self.now.borrow_mut();
        let same = now.get("channel").and_then(Value::as_str) == Some(channel)
            && now.get("server").and_then(Value::as_str) == Some(server)
            && now.get("note").and_then(Value::as_str) == Some(note);
        if same {
            return;
        }
        now.insert("channel".into(), channel.into());
        now.insert("server".into(), server.into());
        now.insert("note".into(), note.into());
        now.insert("since".into(), log::now_text().into());
        drop(now);
        self.write();
    }

    /// The core: its hash and what it does, or nothing.
    pub fn core(&self, hash: Option<&str>, doing: &str) {
        let value = hash.map_or(Value::Null, |hash| json!({ "hash": hash, "state": doing }));
        if self.now.borrow().get("core") == Some(&value) {
            return;
        }
        self.now.borrow_mut().insert("core".into(), value);
        self.write();
    }

    fn write(&self) {
        let text = Value::Object(self.now.borrow().clone()).to_string();
        // Not forced to the disk: after a power cut it says nothing true anyway.
        let new = self.file.with_extension("new");
        if let Err(error) = std::fs::write(&new, text).and_then(|()| std::fs::rename(&new, &self.file)) {
            tracing::debug!("the status could not be written: {error}");
        }
    }
}

/// `meshlite-agent status`: 0 when an agent runs and is connected, 1 when not.
pub fn show(options: &IdOptions) -> i32 {
    let state = match StateDir::choose(options.state.as_deref()) {
        Ok(state) => state,
        Err(error) => {
            eprintln!("meshlite-agent: {error}");
            return exit::FAILED;
        }
    };
    let supervisor = state.user();
    let mut status = state::read_bounded(&state.status_file(), MAX_FILE)
        .ok()
        .and_then(|bytes| serde_json::from_slice::<Map<String, Value>>(&bytes).ok())
        .unwrap_or_default();
    if supervisor.is_none() {
        status.insert("channel".into(), "not running".into());
    }
    status.insert("supervisor".into(), supervisor.map_or(Value::Null, Value::from));
    status.insert("state".into(), state.path().display().to_string().into());
    let connected = supervisor.is_some() && status.get("channel").is_some_and(|c| c == "connected");
    if options.json {
        println!("{}", Value::Object(status));
    } else {
        print!("{}", as_text(&status));
    }
    if connected { exit::DONE } else { exit::FAILED }
}

fn as_text(status: &Map<String, Value>) -> String {
    let text = |key: &str| match status.get(key) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Null) | None => String::new(),
        Some(other) => other.to_string(),
    };
    let mut lines = format!("agent:      {}", text("channel"));
    for (key, word) in [("server", "to"), ("since", "since"), ("note", "-")] {
        if !text(key).is_empty() && !(text("supervisor").is_empty()) {
            lines.push_str(&format!(" {word} {}", text(key)));
        }
    }
    lines.push('\n');
    for (name, key) in [("state:     ", "state"), ("device id: ", "node"), ("supervisor:", "supervisor")] {
        if !text(key).is_empty() {
            lines.push_str(&format!("{name} {}\n", text(key)));
        }
    }
    if let Some(core) = status.get("core").filter(|core| core.is_object()) {
        let part = |key: &str| core.get(key).and_then(Value::as_str).unwrap_or("");
        lines.push_str(&format!("core:       {} {}\n", part("state"), part("hash")));
    }
    lines
}

const MAX_FILE: usize = 64 * 1024;
