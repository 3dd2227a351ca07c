//! What the server and the log are told of cores that fail: precise, and never a flood.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;
use std::time::{Duration, Instant};

use js_modules::host::ScriptError;
use microstack::channel::Message;
use microstack::wire::CoreHash;
use serde_json::json;

use crate::channel::{NotQueued, Outbox};

/// Tells the server; keeps the last few reports for when there is none.
pub struct Reports {
    outbox: Rc<Outbox>,
    waiting: RefCell<VecDeque<Message>>,
    rate: RefCell<Rate>,
    /// Console lines that go to a developer.
    lines: RefCell<Rate>,
    /// Name that the running core gave itself in its `coreinfo`.
    core_name: RefCell<String>,
    /// The file as its stack traces name it.
    file: RefCell<String>,
    dev: Cell<bool>,
}

impl Reports {
    /// Reports through this outbox.
    pub fn new(outbox: Rc<Outbox>) -> Reports {
        Reports {
            outbox,
            waiting: RefCell::default(),
            rate: RefCell::new(Rate::of_reports(Instant::now())),
            lines: RefCell::new(Rate::of_lines(Instant::now())),
            file: RefCell::new(super::FILE_NAME.to_owned()),
            dev: Cell::new(false),
            core_name: RefCell::default(),
        }
    }

    /// A core of this file starts; it has no name of its own yet. With `dev`, somebody watches it being developed.
    pub fn new_core(&self, file: &str, dev: bool) {
        self.core_name.borrow_mut().clear();
        file.clone_into(&mut self.file.borrow_mut());
        self.dev.set(dev);
    }

    /// The core's top level has run.
    pub fn started(&self) {
        if self.dev.get() {
            self.to_developer("started", &format!("{} runs", self.name()));
        }
    }

    /// A console line of the core: for a developer, if there is one.
    pub fn console_line(&self, level: &str, text: &str) {
        if !self.dev.get() {
            return;
        }
        let admitted = self.lines.borrow_mut().admit(Instant::now());
        match admitted {
            Some(0) => {}
            Some(dropped) => self.to_developer("warn", &format!("{dropped} lines were left out")),
            None => return,
        }
        let text: String = text.chars().take(MAX_LINE).collect();
        self.to_developer(level, &text);
    }

    /// One more kind of console message: no answer to anybody, but what the core under development does.
    fn to_developer(&self, level: &str, text: &str) {
        self.send(&json!({ "action": "msg", "type": "console", "value": text, "dev": level }).to_string());
    }

    /// The name from the core's manifest; it wins over what the core says later.
    pub fn set_name(&self, name: &str) {
        name.clone_into(&mut self.core_name.borrow_mut());
    }

    /// Learns the core's name from what it sends.
    pub fn overhear(&self, text: &str) {
        // Cheap test first: this sees every message.
        if self.core_name.borrow().is_empty() && text.len() < 65_536 && text.contains("\"coreinfo\"") {
            let value: Option<serde_json::Value> = serde_json::from_str(text).ok();
            if let Some(value) = value.filter(|v| v["action"] == "coreinfo")
                && let Some(name) = value["value"].as_str()
            {
                *self.core_name.borrow_mut() = name.chars().take(100).collect();
            }
        }
    }

    /// The name for reports and markers.
    pub fn name(&self) -> String {
        match self.core_name.borrow().as_str() {
            "" => self.file.borrow().clone(),
            name => name.to_owned(),
        }
    }

    /// The core has a name of its own.
    pub fn is_named(&self) -> bool {
        !self.core_name.borrow().is_empty()
    }

    /// An exception that nobody caught, with its place. At most ten a minute are reported.
    pub fn exception(&self, hash: CoreHash, error: &ScriptError) {
        if self.dev.get() {
            // The whole stack, at the rate of console lines.
            self.console_line("exception", &format!("Uncaught {error}"));
        }
        let admitted = self.rate.borrow_mut().admit(Instant::now());
        let Some(dropped) = admitted else { return };
        if dropped > 0 {
            tracing::warn!("{dropped} further exceptions of the core were not reported");
        }
        tracing::error!(core = %short(hash), "exception in the core: {error}");
        if !self.dev.get() {
            self.say(&format!("Uncaught exception in {}: {}", self.name(), error.headline()));
        }
        self.log_event(&format!("Exception in core: {}", error.headline()));
    }

    /// A core ended, or ended its worker.
    pub fn crashed(&self, hash: CoreHash, reason: &str, what_now: &str) {
        tracing::error!(core = %hash, "the core failed: {reason}; {what_now}");
        self.send(
            &json!({ "action": "coreCrashed", "hash": hash.to_hex(), "reason": reason, "core": self.name(),
                "next": what_now })
            .to_string(),
        );
        self.say(&format!("Core {} failed: {reason}; {what_now}", self.name()));
        self.log_event(&format!("Core failed: {reason}; {what_now}"));
    }

    /// One line on the consoles of the people who watch this device.
    pub fn say(&self, text: &str) {
        self.send(&json!({ "action": "msg", "type": "console", "value": text }).to_string());
    }

    /// The channel is open: what waited leaves.
    pub fn flush(&self) {
        let waiting = std::mem::take(&mut *self.waiting.borrow_mut());
        for message in waiting {
            let _ = self.outbox.send(message); // best effort: a full outbox has worse worries
        }
    }

    /// One line in the device's event log on the server (bounded there to 4096 characters).
    fn log_event(&self, text: &str) {
        let text: String = text.chars().take(1000).collect();
        self.send(&json!({ "action": "log", "msg": text }).to_string());
    }

    fn send(&self, text: &str) {
        let message = Message::Text(text.to_owned());
        if self.outbox.send(message.clone()) == Err(NotQueued::NoServer) {
            let mut waiting = self.waiting.borrow_mut();
            if waiting.len() >= MAX_WAITING {
                waiting.pop_front();
            }
            waiting.push_back(message);
        }
    }
}

/// The first digits, for lines that carry more than the hash.
fn short(hash: CoreHash) -> String {
    hash.to_hex().chars().take(16).collect()
}

/// A bucket of tokens that fills at a steady pace.
struct Rate {
    tokens: u32,
    full: u32,
    every: Duration,
    filled: Instant,
    dropped: u64,
}

impl Rate {
    /// Ten, and one more every six seconds.
    fn of_reports(now: Instant) -> Rate {
        Rate { tokens: 10, full: 10, every: Duration::from_secs(6), filled: now, dropped: 0 }
    }

    /// Two hundred, and twenty more each second: what a person can follow, and a slow line carries.
    fn of_lines(now: Instant) -> Rate {
        Rate { tokens: 200, full: 200, every: Duration::from_millis(50), filled: now, dropped: 0 }
    }

    /// `None` for one too many, else how many were before it since the last that passed.
    fn admit(&mut self, now: Instant) -> Option<u64> {
        let steps = now.saturating_duration_since(self.filled).as_millis() / self.every.as_millis();
        let steps = u32::try_from(steps).unwrap_or(u32::MAX).min(self.full);
        if steps > 0 {
            self.tokens = (self.tokens + steps).min(self.full);
            self.filled = now;
        }
        match self.tokens.checked_sub(1) {
            Some(left) => {
                self.tokens = left;
                Some(std::mem::take(&mut self.dropped))
            }
            None => {
                self.dropped += 1;
                None
            }
        }
    }
}

/// Longest console line that goes to a developer, in characters.
const MAX_LINE: usize = 16 << 10;

/// Reports kept while there is no server.
const MAX_WAITING: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;
    use js_modules::meshagent::ServerView;
    use microstack::chain::Chain;

    fn reports() -> (Rc<Outbox>, Reports) {
        let outbox = Rc::new(Outbox::new(Chain::new().unwrap()));
        (outbox.clone(), Reports::new(outbox))
    }

    #[test]
    fn reports_wait_for_a_server_within_a_bound() {
        let (outbox, reports) = reports();
        for n in 0..100 {
            reports.say(&n.to_string());
        }
        outbox.set_server(Some(ServerView::default()));
        reports.flush();
        let mut sent = Vec::new();
        while let Some(Message::Text(text)) = outbox.pop() {
            sent.push(text);
        }
        assert_eq!(sent.len(), MAX_WAITING);
        assert!(sent.last().unwrap().contains("\"99\""));
    }

    #[test]
    fn the_core_tells_its_name_once() {
        let (_, reports) = reports();
        assert_eq!(reports.name(), "core.js");
        reports.overhear(r#"{"action":"msg","value":"coreinfo"}"#);
        reports.overhear(r#"{"action":"coreinfo","value":"TinyCore v2"}"#);
        reports.overhear(r#"{"action":"coreinfo","value":"other"}"#);
        assert_eq!(reports.name(), "TinyCore v2");
    }

    #[test]
    fn console_lines_go_to_a_developer_only_and_not_without_end() {
        let (outbox, reports) = reports();
        outbox.set_server(Some(ServerView::default()));
        reports.console_line("info", "nobody watches");
        assert!(outbox.pop().is_none());
        reports.new_core("blink.js", true);
        assert_eq!(reports.name(), "blink.js");
        for n in 0..1000 {
            reports.console_line("info", &format!("line {n}"));
        }
        let sent = std::iter::from_fn(|| outbox.pop()).count();
        assert!((200..300).contains(&sent), "{sent} lines were sent");
    }

    #[test]
    fn a_core_that_throws_all_the_time_is_heard_ten_times_and_then_once_in_six_seconds() {
        let start = Instant::now();
        let mut rate = Rate::of_reports(start);
        assert_eq!((0..100).filter(|_| rate.admit(start).is_some()).count(), 10);
        assert_eq!(rate.admit(start + Duration::from_secs(5)), None);
        assert_eq!(rate.admit(start + Duration::from_secs(6)), Some(91));
        assert_eq!(rate.admit(start + Duration::from_secs(6)), None);
    }
}
