//! `core dev`: a core on trial on a device, pushed anew after each save, with all it says on this terminal.
//!
//! The server keeps the device's own choice beside the trial, so nothing is lost when this program dies.

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{MAX_CORE, engine, read_core};
use crate::operator::error::OperatorError;
use crate::operator::escape::escape_line;
use crate::operator::output::{Output, device_text};
use crate::operator::session::{Heard, Session};

/// Without a sign of life servers and proxies end connections.
const SIGN_OF_LIFE: Duration = Duration::from_secs(60);

struct Dev<'a> {
    session: &'a mut Session,
    output: &'a Output,
    file: &'a Path,
    /// Full id, short id and name of the device.
    node: String,
    id: String,
    device: String,
    /// The text that was looked at last, pushed or not.
    seen: String,
    on_trial: bool,
}

/// Runs until Ctrl-C; the device has its former core again then.
pub fn dev(
    open: impl FnOnce() -> Result<Session, OperatorError>,
    target: &str,
    file: &Path,
    output: &Output,
) -> Result<(), OperatorError> {
    read_core(file)?;
    let mut session = open()?;
    let directory = session.directory()?;
    let device = directory.device(target)?;
    if !session.is_meshlite {
        return Err(OperatorError::Failed(
            "this is another kind of server: it takes cores only from its own files".into(),
        ));
    }
    let (node, id, name) = (device.full_id.clone(), device.id().to_owned(), escape_line(&device.name));
    let connected = device.connected;
    session.watch_interrupts()?;
    session.watch_file(file)?;
    let mut dev = Dev {
        session: &mut session,
        output,
        file,
        node,
        id,
        device: name,
        seen: String::new(),
        on_trial: false,
    };
    if !connected {
        dev.say("wait", &format!("{} is not connected; the core runs there when it connects", dev.device))?;
    }
    let ended = dev.saved().and_then(|()| dev.watch());
    if !dev.on_trial {
        return ended;
    }
    let restored = dev.order(json!({ "type": "endtrial" }));
    match (ended, restored) {
        (Ok(()), Ok(())) => dev.say("restored", &format!("{} runs its former core again", dev.device)),
        (ended, restored) => {
            output.note(&format!(
                "{} may still run this core; go back with: meshlite core restore {}",
                dev.device, dev.id
            ));
            ended.and(restored)
        }
    }
}

/// `core restore`: ends a trial that was left behind.
pub fn restore(session: &mut Session, target: &str, output: &Output) -> Result<(), OperatorError> {
    let directory = session.directory()?;
    let device = directory.device(target)?;
    let order = json!({ "action": "uploadagentcore", "nodeids": [device.full_id], "type": "endtrial" });
    session.order(order)?;
    output.result(&json!({ "device": device.id(), "core": "endtrial" }), || {
        format!("{} runs its former core.\n", escape_line(&device.name))
    })
}

impl Dev<'_> {
    /// Shows what comes, until Ctrl-C.
    fn watch(&mut self) -> Result<(), OperatorError> {
        loop {
            match self.session.hear(Instant::now() + SIGN_OF_LIFE)? {
                Heard::Saved => self.saved()?,
                Heard::Interrupted => return Ok(()),
                Heard::Message(message) => self.show(&message)?,
                Heard::Nothing => self.session.send(&json!({ "action": "ping" }))?,
                Heard::Line(_) | Heard::LinesEnd => {}
            }
        }
    }

    /// The file may have a new text: checks and pushes it. What is wrong with the file is shown, and waited out.
    fn saved(&mut self) -> Result<(), OperatorError> {
        let text = match read_core(self.file) {
            Ok(text) => text,
            // In the middle of being written.
            Err(error) => return self.say("error", &error.to_string()),
        };
        if text == self.seen {
            return Ok(());
        }
        self.seen.clone_from(&text);
        if self.has_errors()? {
            let kept = if self.on_trial { "the core before it goes on" } else { "nothing was changed" };
            return self.say("error", &format!("not pushed; {kept}. Correct the file and save it"));
        }
        let text = labelled(&text, self.file);
        if text.len() as u64 > MAX_CORE {
            return self.say("error", &format!("{} is over {MAX_CORE} bytes", self.file.display()));
        }
        self.order(json!({ "type": "custom", "trial": true, "core": text }))?;
        self.on_trial = true;
        self.say("pushed", &format!("{} to {}", self.file.display(), self.device))
    }

    /// Shows what a check of the file finds; true when it would not run.
    fn has_errors(&mut self) -> Result<bool, OperatorError> {
        let Some(report) = engine::findings(self.file) else { return Ok(false) };
        for one in report["findings"].as_array().into_iter().flatten() {
            let (line, column) = (one["line"].as_u64().unwrap_or(0), one["column"].as_u64().unwrap_or(0));
            let place = if line > 0 { format!(":{line}:{column}") } else { String::new() };
            let message = one["message"].as_str().unwrap_or("");
            let severity = if one["severity"] == "error" { "error" } else { "warning" };
            self.say(severity, &format!("{}{place}: {message}", self.file.display()))?;
        }
        Ok(report["errors"].as_u64().unwrap_or(0) > 0)
    }

    fn show(&self, message: &Value) -> Result<(), OperatorError> {
        let event = &message["event"];
        if message["action"] == "msg"
            && message["type"] == "console"
            && message["nodeid"] == self.node.as_str()
        {
            let kind = message["dev"].as_str().unwrap_or("agent");
            return match message["value"].as_str() {
                Some(text) => self.say(kind, text),
                None => Ok(()),
            };
        }
        if message["action"] == "event"
            && event["action"] == "nodeconnect"
            && event["nodeid"] == self.node.as_str()
        {
            let how = if event["conn"] == 1 { "connected" } else { "disconnected" };
            return self.say(how, &self.device);
        }
        Ok(())
    }

    fn order(&mut self, mut order: Value) -> Result<(), OperatorError> {
        order["action"] = json!("uploadagentcore");
        order["nodeids"] = json!([self.node]);
        self.session.order(order)
    }

    /// One line, or several, of one kind. What a core logs stands alone; everything else says what it is.
    fn say(&self, kind: &str, text: &str) -> Result<(), OperatorError> {
        self.output.item(&json!({ "device": self.id, "kind": kind, "text": text }), || match kind {
            "info" => device_text(text),
            _ => device_text(&format!("[{}] {text}", escape_line(kind))),
        })
    }
}

/// The text with what makes the agent tell us everything, and name the file in stacks.
fn labelled(text: &str, file: &Path) -> String {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    format!("{}\n//# sourceURL={name}\n//# meshlite-dev\n", text.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_stand_behind_the_text_and_change_no_line() {
        let text = labelled("/* meshlite-core {} */\nvar a; // b", Path::new("/x/blink.js"));
        assert_eq!(text, "/* meshlite-core {} */\nvar a; // b\n//# sourceURL=blink.js\n//# meshlite-dev\n");
    }
}
