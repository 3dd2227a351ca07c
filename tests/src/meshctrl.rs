//! The real, unmodified `meshctrl` of MeshCentral.

use std::fs::File;
use std::io::{Read, Seek};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

/// Who asks which server.
#[derive(Debug, Clone)]
pub struct Account {
    /// `wss://host:port`.
    pub url: String,
    /// Login name.
    pub user: String,
    /// Password.
    pub password: String,
}

/// What a program said and how it ended.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
    /// Exit code; `None` when it was killed, for example because it took too long.
    pub code: Option<i32>,
}

impl Answer {
    /// Standard output as JSON.
    ///
    /// # Panics
    /// When it is none; the text shows it.
    #[track_caller]
    pub fn json(&self) -> Value {
        self.try_json().unwrap_or_else(|| panic!("not JSON: {self:?}"))
    }

    /// Standard output as JSON, if it is.
    pub fn try_json(&self) -> Option<Value> {
        serde_json::from_str(self.stdout.trim()).ok()
    }

    /// Asserts success and gives the output.
    ///
    /// # Panics
    /// When the exit code is not 0.
    #[track_caller]
    pub fn ok(self) -> String {
        assert_eq!(self.code, Some(0), "{self:?}");
        self.stdout
    }
}

/// Runs `meshctrl ARGS` with the account's login.
pub fn meshctrl(meshcentral: &Path, account: &Account, args: &[&str]) -> Answer {
    run(&mut command(meshcentral, account, args), Duration::from_secs(40))
}

/// The command line of that, not started.
pub fn command(meshcentral: &Path, account: &Account, args: &[&str]) -> Command {
    let mut command = node();
    command.arg(meshcentral.join("meshctrl.js")).args(args);
    command.args(["--url", &account.url, "--loginuser", &account.user, "--loginpass", &account.password]);
    command
}

/// A line for the consoles of devices, and when its answer comes.
#[derive(Debug, Clone, Copy)]
pub struct Line {
    /// What is typed.
    pub text: &'static str,
    /// The answer comes by itself some time after the line has run.
    pub later: bool,
}

/// A line that is answered, if at all, when it has run.
pub const fn now(text: &'static str) -> Line {
    Line { text, later: false }
}

/// A line whose answer comes later, such as when a child process has ended.
pub const fn later(text: &'static str) -> Line {
    Line { text, later: true }
}

/// What the devices `nodes` answer to console lines, sent one after the other: for each line, the texts of each node.
///
/// # Panics
/// When the server refuses the login or a line ends the connection.
#[track_caller]
pub fn console(
    meshcentral: &Path,
    account: &Account,
    nodes: &[&str],
    lines: &[Line],
) -> Vec<Vec<Vec<String>>> {
    let mut command = node();
    let websocket = meshcentral.parent().map(|modules| modules.join("ws")).unwrap_or_default();
    command.args(["-e", include_str!("console.js")]).arg(websocket);
    command.args([&account.url, &account.user, &account.password]);
    let typed: Vec<_> = lines.iter().map(|line| (line.text, line.later)).collect();
    command.args([serde_json::json!(nodes).to_string(), serde_json::json!(typed).to_string()]);
    let patience =
        Duration::from_secs(60 + lines.iter().map(|line| if line.later { 45 } else { 2 }).sum::<u64>());
    let answers = run(&mut command, patience).json();
    let texts = |line: &Value, node: &str| -> Vec<String> {
        let list = line["answers"][node].as_array().cloned().unwrap_or_default();
        list.iter().filter_map(|text| text.as_str().map(str::to_owned)).collect()
    };
    let all = answers.as_array().cloned().unwrap_or_default();
    all.iter().map(|line| nodes.iter().map(|node| texts(line, node)).collect()).collect()
}

/// A `node` that cannot be led astray by the machine's proxy settings.
pub fn node() -> Command {
    let mut command = Command::new("node");
    for name in ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"] {
        command.env_remove(name);
    }
    command.env("NODE_NO_WARNINGS", "1");
    command
}

/// Runs a program to its end, or kills it when it takes longer than `within`.
///
/// # Panics
/// When it cannot be started.
pub fn run(command: &mut Command, within: Duration) -> Answer {
    // Files, not pipes: meshctrl leaves with `process.exit`, and Node then drops what a pipe has not taken yet.
    let (mut stdout, mut stderr) = (spool(), spool());
    command.stdin(Stdio::null());
    command
        .stdout(stdout.try_clone().expect("a descriptor"))
        .stderr(stderr.try_clone().expect("a descriptor"));
    let mut child = command.spawn().unwrap_or_else(|e| panic!("{command:?} cannot be started: {e}"));
    let started = Instant::now();
    let code = loop {
        if let Some(status) = child.try_wait().expect("a child can be waited for") {
            break status.code();
        }
        if started.elapsed() > within {
            let _ = child.kill();
            let _ = child.wait();
            break None;
        }
        std::thread::sleep(Duration::from_millis(10));
    };
    Answer { stdout: content(&mut stdout), stderr: content(&mut stderr), code }
}

fn spool() -> File {
    tempfile::tempfile().expect("a temporary file")
}

fn content(file: &mut File) -> String {
    let mut bytes = Vec::new();
    file.rewind().and_then(|()| file.read_to_end(&mut bytes)).expect("a temporary file can be read");
    String::from_utf8_lossy(&bytes).into_owned()
}
