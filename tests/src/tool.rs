//! The operator's tool `meshlite` with a login of its own, against our server or the real one.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use tempfile::TempDir;

use crate::meshctrl::{Account, Answer, run};
use crate::place;
use crate::running::Running;
use crate::terminal::Terminal;

/// A logged-in operator.
pub struct Tool {
    dir: TempDir,
}

impl Tool {
    /// Logs in.
    ///
    /// # Panics
    /// When the server refuses.
    #[track_caller]
    pub fn log_in(account: &Account) -> Tool {
        let tool = Tool { dir: TempDir::new().expect("a temporary folder") };
        let password = tool.dir.path().join("password");
        fs::write(&password, &account.password).expect("a password file");
        let url = account.url.replace("wss://", "https://");
        let file = password.display().to_string();
        tool.run(&["login", &url, "--user", &account.user, "--password-file", &file]).ok();
        tool
    }

    /// `meshlite ARGS`, not started.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(place::program("meshlite"));
        command
            .args(args)
            .env("MESHLITE_CONFIG", self.dir.path().join("config"))
            .env("HOME", self.dir.path());
        command
    }

    /// Runs `meshlite ARGS` to its end, without input.
    pub fn run(&self, args: &[&str]) -> Answer {
        run(&mut self.command(args), Duration::from_secs(90))
    }

    /// Starts `meshlite ARGS` and leaves it running.
    pub fn start(&self, args: &[&str]) -> Running {
        Running::spawn("meshlite", &mut self.command(args))
    }

    /// Starts `meshlite ARGS` on a terminal of its own.
    pub fn terminal(&self, args: &[&str]) -> Terminal {
        Terminal::spawn(&mut self.command(args))
    }

    /// A folder for files.
    pub fn folder(&self) -> &Path {
        self.dir.path()
    }
}
