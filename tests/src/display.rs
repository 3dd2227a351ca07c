//! A virtual X screen, with the programs that draw on it and look at it.

use std::io::Read;
use std::process::{Child, Command, Output, Stdio};

use crate::running::Running;

/// An X server without a monitor, on a number of its own. It dies with the test.
pub struct Display {
    name: String,
    server: Child,
}

impl Display {
    /// Starts one of 800 by 600. `None` where one of the programs is not installed: then the test says so and ends.
    ///
    /// # Panics
    /// On a build machine (`CI=true`) without them, or when the server does not start.
    pub fn start() -> Option<Display> {
        let ci = std::env::var("CI").is_ok_and(|ci| ci == "true" || ci == "1");
        for program in ["Xvfb", "xterm", "xdotool", "xsetroot", "import"] {
            let found = ["/usr/bin", "/usr/local/bin"]
                .iter()
                .any(|dir| std::path::Path::new(dir).join(program).is_file());
            if !found {
                assert!(!ci, "{program} is not installed: run cargo xtask setup");
                println!("skipped: {program} is not installed, run cargo xtask setup");
                return None;
            }
        }
        let (mut reader, writer) = std::io::pipe().expect("a pipe");
        // The server picks a free number and writes it to its standard output. No reset, which would take what was drawn.
        let server = Command::new("Xvfb")
            .args(["-displayfd", "1", "-screen", "0", "800x600x24", "-nolisten", "tcp", "-noreset"])
            .stdin(Stdio::null())
            .stdout(writer)
            .stderr(Stdio::null())
            .spawn()
            .expect("Xvfb starts");
        let mut number = Vec::new();
        let mut byte = [0];
        while reader.read_exact(&mut byte).is_ok() && byte != *b"\n" {
            number.push(byte[0]);
        }
        let number = String::from_utf8(number).expect("a number");
        assert!(!number.is_empty(), "Xvfb did not start");
        Some(Display { name: format!(":{number}"), server })
    }

    /// As in the variable `DISPLAY`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Runs a program on this screen to its end.
    ///
    /// # Panics
    /// When it fails.
    #[track_caller]
    pub fn run(&self, words: &[&str]) -> Output {
        let output = Command::new(words[0]).args(&words[1..]).env("DISPLAY", &self.name).output();
        let output = output.unwrap_or_else(|e| panic!("{words:?}: {e}"));
        assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
        output
    }

    /// Starts a program on this screen that stays.
    pub fn start_program(&self, name: &str, words: &[&str]) -> Running {
        Running::spawn(name, Command::new(words[0]).args(&words[1..]).env("DISPLAY", &self.name))
    }

    /// Where the pointer stands.
    pub fn pointer(&self) -> (i64, i64) {
        let output = self.run(&["xdotool", "getmouselocation", "--shell"]);
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let value = |key: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(key));
            line.and_then(|value| value.parse().ok()).unwrap_or_else(|| panic!("{text}"))
        };
        (value("X="), value("Y="))
    }

    /// Ends the server, as when a person logs out.
    pub fn end(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }

    /// What is on the screen, as PNG.
    pub fn screenshot(&self) -> Vec<u8> {
        self.run(&["import", "-window", "root", "png:-"]).stdout
    }
}

impl Drop for Display {
    fn drop(&mut self) {
        // It may have ended by itself.
        self.end();
    }
}
