//! `shell`: a terminal on a device, or one command there with its input and output.

mod desk;
mod screen;
mod tilde;

use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::arguments::ShellArguments;
use super::directory::Device;
use super::error::OperatorError;
use super::escape::escape_line;
use super::output::Output;
use super::session::Session;
use super::tunnel::{Arrival, Tunnel};
pub use desk::{Act, Desk};
pub use screen::{Raw, size as screen_size};
use tilde::{Tilde, Typed};

/// Terminal of the agent's own user, usually root.
const TERMINAL: u32 = 1;
/// Terminal of another user.
const USER_TERMINAL: u32 = 8;

/// After our side has ended, for what is still on its way.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// Runs a shell, or a command, until it ends; the exit code is the command's where the device's core tells it.
pub fn shell(
    session: &mut Session,
    how: &ShellArguments,
    output: &Output,
) -> Result<ExitCode, OperatorError> {
    let directory = session.directory()?;
    let device = directory.device(&how.id)?.clone();
    if !device.connected {
        return Err(OperatorError::Failed(format!("{} is not connected", escape_line(&device.name))));
    }
    let command = how.command.join(" ");
    let interactive = io::stdin().is_terminal();
    let piped = !interactive && !command.is_empty() && device.is_ours();
    let protocol = if how.user.is_some() { USER_TERMINAL } else { TERMINAL };
    let options = options(how, &command, &device, piped);
    let mut tunnel = Tunnel::open(session, &device, protocol, Some(options), how.e2e, output)?;
    let mut desk = Desk::new(session.chain())?;
    if interactive {
        output
            .note(&format!("{}; ~. at the beginning of a line leaves, ~? helps", escape_line(&device.name)));
    }
    if !command.is_empty() && !device.is_ours() {
        // Other cores know no command: their shell is given it, and replaced by it.
        tunnel.send(format!(" exec /bin/sh -c {}\n", quoted_for_shell(&command)).into_bytes());
    }
    let raw = Raw::start()?;
    desk.read_input();
    let mut talk = Talk { tilde: interactive.then(Tilde::new), piped, last: b'\n', exit: None };
    let end = talk.run(session, &mut tunnel, &mut desk, output);
    tunnel.close();
    // Before anything is said: a raw terminal shows lines as stairs.
    drop(raw);
    flush(session, &tunnel);
    match end? {
        End::Left => {
            output.note("left the shell");
            Ok(ExitCode::SUCCESS)
        }
        End::Signal(signal) => Ok(ExitCode::from(128 + (signal & 0x7F) as u8)),
        End::Ended => {
            let what = if command.is_empty() { "shell" } else { "command" };
            outcome(talk.exit, device.is_ours(), what)
        }
    }
}

/// The exit code of a session that ended by itself. Our core says how it ended before it closes: without that, the device
/// or the way to it was lost. Other cores never say it.
fn outcome(exit: Option<u8>, ours: bool, what: &str) -> Result<ExitCode, OperatorError> {
    match exit {
        Some(code) => Ok(ExitCode::from(code)),
        None if ours => Err(OperatorError::Failed(format!(
            "the session ended before the {what} said how it ended; its output may be incomplete"
        ))),
        None => Ok(ExitCode::SUCCESS),
    }
}

/// What the device is told before the shell starts (relay specification 6.1; `user`, `command` and `pty` are ours).
fn options(how: &ShellArguments, command: &str, device: &Device, piped: bool) -> Value {
    let (cols, rows) = screen::size().unwrap_or((80, 25));
    let mut options = json!({ "cols": cols, "rows": rows });
    if let Some(user) = &how.user {
        options["user"] = json!(user);
    }
    if !command.is_empty() && device.is_ours() {
        options["command"] = json!(command);
        if piped {
            options["pty"] = json!(false);
        }
    }
    options
}

/// Lets what waits leave, within [`LAST_WORDS`].
fn flush(session: &mut Session, tunnel: &Tunnel) {
    let until = Some(Instant::now() + LAST_WORDS);
    // Nothing can be done for a session that cannot even be ended.
    let _ = session.attend(until, &mut || tunnel.is_over());
}

/// One word for /bin/sh.
fn quoted_for_shell(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// How a shell came to its end.
enum End {
    /// By itself.
    Ended,
    /// By `~.`.
    Left,
    /// By a signal to this program.
    Signal(i32),
}

struct Talk {
    tilde: Option<Tilde>,
    /// The command has pipes and no terminal.
    piped: bool,
    /// The last byte that was typed.
    last: u8,
    exit: Option<u8>,
}

impl Talk {
    fn run(
        &mut self,
        session: &mut Session,
        tunnel: &mut Tunnel,
        desk: &mut Desk,
        output: &Output,
    ) -> Result<End, OperatorError> {
        let mut screen = io::stdout().lock();
        loop {
            let news = &mut || tunnel.has_news() || desk.has_signal() || tunnel.has_room() && desk.has_news();
            // Without the control channel the session itself goes on.
            if let Err(error) = session.attend(None, news) {
                tracing::debug!(%error, "the control channel has ended");
                tunnel.wait(None, news)?;
            }
            if let Some(signal) = desk.take_signal() {
                return Ok(End::Signal(signal));
            }
            while let Some(arrival) = tunnel.receive() {
                match arrival {
                    Arrival::Data(bytes) => screen.write_all(&bytes)?,
                    Arrival::Control(message) => self.control(&message, output),
                    Arrival::Text(_) => {}
                }
            }
            screen.flush()?;
            if let Some(why) = tunnel.closed() {
                // What comes behind the exit code takes nothing away.
                return match self.exit.is_some() || tunnel.ended_well() {
                    true => Ok(End::Ended),
                    false => Err(tunnel.over(why)),
                };
            }
            while tunnel.has_room() {
                let Some(act) = desk.take() else { break };
                if !self.act(act, tunnel, output) {
                    return Ok(End::Left);
                }
            }
        }
    }

    /// Passes on what the operator did; `false` when he leaves.
    fn act(&mut self, act: Act, tunnel: &mut Tunnel, output: &Output) -> bool {
        match act {
            Act::Bytes(bytes) => {
                let typed = match &mut self.tilde {
                    Some(tilde) => tilde.read(&bytes),
                    None => vec![Typed::Keys(bytes)],
                };
                for typed in typed {
                    match typed {
                        Typed::Keys(keys) => {
                            self.last = keys.last().copied().unwrap_or(self.last);
                            tunnel.send(keys);
                        }
                        Typed::Leave => return false,
                        Typed::Help => output.note("~. leaves the shell, ~~ types a ~\r"),
                    }
                }
            }
            Act::End if self.piped => tunnel.control(json!({ "type": "eof" })),
            // A terminal reads its end from a key: at once at the beginning of a line, else the first one only sends
            // off the line.
            Act::End if self.tilde.is_none() => {
                tunnel.send(if self.last == b'\n' { vec![4] } else { vec![4, 4] });
            }
            Act::End => return false,
            Act::Resized => {
                if let Some((cols, rows)) = screen::size() {
                    tunnel.control(json!({ "type": "termsize", "cols": cols, "rows": rows }));
                }
            }
            Act::Signal(_) => {}
        }
        true
    }

    fn control(&mut self, message: &Value, output: &Output) {
        match message["type"].as_str() {
            Some("exit") => {
                self.exit = message["code"].as_u64().map(|code| u8::try_from(code).unwrap_or(u8::MAX));
            }
            Some("stderr") => {
                let data = message["data"].as_str().unwrap_or("");
                if let Ok(bytes) = STANDARD.decode(data) {
                    // Standard error that is gone is no reason to stop.
                    let _ = io::stderr().lock().write_all(&bytes);
                }
            }
            Some("console") => {
                if let Some(text) = message["msg"].as_str() {
                    output.note(&format!("{}\r", escape_line(text)));
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_without_an_exit_code_is_a_failure_where_there_should_be_one() {
        assert!(outcome(None, true, "command").is_err());
        assert!(outcome(None, false, "command").is_ok());
        assert!(outcome(Some(3), true, "command").is_ok());
    }

    #[test]
    fn a_command_is_one_word_whatever_is_in_it() {
        assert_eq!(quoted_for_shell("echo 'a b'; x"), r"'echo '\''a b'\''; x'");
    }
}
