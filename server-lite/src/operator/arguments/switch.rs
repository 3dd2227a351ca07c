//! Switches of ours behind a device's command, as people write them: `run ID 'df -h' --json`.

use clap::CommandFactory;

use super::Arguments;

/// A switch of ours at the end of a device's command.
pub(super) enum Switch {
    Json,
    Raw,
    Timeout(u64),
}

impl Switch {
    /// Takes one off; the first word is never one.
    pub(super) fn take_last(words: &mut Vec<String>) -> Result<Option<Switch>, clap::Error> {
        let [_, rest @ ..] = words.as_slice() else { return Ok(None) };
        let (switch, len) = match rest {
            [.., last] if last == "--json" => (Switch::Json, 1),
            [.., last] if last == "--raw" => (Switch::Raw, 1),
            [.., last] if last.starts_with("--timeout=") => (seconds(&last["--timeout=".len()..])?, 1),
            [.., name, value] if name == "--timeout" => (seconds(value)?, 2),
            _ => return Ok(None),
        };
        words.truncate(words.len() - len);
        Ok(Some(switch))
    }
}

fn seconds(text: &str) -> Result<Switch, clap::Error> {
    match text.parse() {
        Ok(seconds @ 1..=86_400) => Ok(Switch::Timeout(seconds)),
        _ => Err(Arguments::command().error(
            clap::error::ErrorKind::InvalidValue,
            format!("--timeout takes 1 to 86400 seconds, not {text:?}; put -- before a command that has such a switch"),
        )),
    }
}
