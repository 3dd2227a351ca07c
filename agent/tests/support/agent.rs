//! The real program as a child process.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use microstack::crypto::Identity;
use microstack::store::secret_file::write_secret;

use super::{SOON, wait_for};

/// A running `meshlite-agent run`.
pub struct Agent {
    child: Child,
    log: Arc<Mutex<String>>,
    pub state: PathBuf,
}

impl Agent {
    /// The program under test, ready for arguments; its log level is left alone and proxies are out of the way.
    pub fn command() -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_meshlite-agent"));
        for name in ["HTTPS_PROXY", "https_proxy", "STATE_DIRECTORY"] {
            command.env_remove(name);
        }
        command
    }

    /// Runs the program to its end.
    pub fn output(args: &[&str]) -> Output {
        Agent::command().args(args).stdin(Stdio::null()).output().expect("the program starts")
    }

    /// Starts `run` with this file and state directory. A directory without an identity gets one that was made
    /// before: many tests at once would otherwise wait for their keys.
    pub fn start(msh: &Path, state: &Path, more: &[&str]) -> Agent {
        static IDENTITY: OnceLock<Vec<u8>> = OnceLock::new();
        let identity = state.join("identity.key");
        if !identity.exists() {
            let bytes = IDENTITY.get_or_init(|| Identity::new_agent(2048).unwrap().to_store_bytes());
            write_secret(&identity, bytes).unwrap();
        }
        let mut child = Agent::command()
            .arg("run")
            .arg("--msh")
            .arg(msh)
            .arg("--state")
            .arg(state)
            .args(more)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let log = Arc::new(Mutex::new(String::new()));
        let mut stderr = child.stderr.take().unwrap();
        let sink = log.clone();
        std::thread::spawn(move || {
            let mut buf = [0; 4096];
            while let Ok(got @ 1..) = stderr.read(&mut buf) {
                sink.lock().unwrap().push_str(&String::from_utf8_lossy(&buf[..got]));
            }
        });
        Agent { child, log, state: state.to_owned() }
    }

    /// What it has logged so far.
    pub fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// Waits for a text in the log.
    pub fn wait_log(&self, part: &str) -> String {
        self.wait_log_within(part, SOON)
    }

    /// Waits for a text in the log, at most `limit`.
    pub fn wait_log_within(&self, part: &str, limit: Duration) -> String {
        let mut last = String::new();
        let found = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            wait_for(part, limit, || {
                last = self.log();
                last.contains(part).then(|| last.clone())
            })
        }));
        found.unwrap_or_else(|_| panic!("{part:?} is not in the log:\n{}", self.log()))
    }

    /// The supervisor's process id.
    pub fn supervisor(&self) -> u32 {
        self.child.id()
    }

    /// The worker's process id, once there is one.
    pub fn worker(&self) -> u32 {
        wait_for("a worker", SOON, || self.worker_now())
    }

    /// The worker's process id right now.
    pub fn worker_now(&self) -> Option<u32> {
        let path = format!("/proc/{0}/task/{0}/children", self.child.id());
        std::fs::read_to_string(path).ok()?.split_whitespace().next()?.parse().ok()
    }

    /// Sends a signal to a process of this agent.
    pub fn signal(pid: u32, name: &str) {
        let status = Command::new("kill").args([&format!("-{name}"), &pid.to_string()]).status();
        assert!(status.unwrap().success(), "kill -{name} {pid}");
    }

    /// Waits for the supervisor's end and returns its exit code.
    pub fn wait(&mut self, limit: Duration) -> Option<i32> {
        wait_for("the end of the agent", limit, || self.child.try_wait().unwrap()).code()
    }

    /// Asks it to stop and expects it to.
    pub fn stop(mut self) -> String {
        Agent::signal(self.supervisor(), "TERM");
        assert_eq!(self.wait(SOON), Some(0), "{}", self.log());
        self.log()
    }

    /// A line of a process's `smaps_rollup`, in KiB.
    pub fn memory_kib(pid: u32, what: &str) -> u64 {
        let text = std::fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).expect("the process lives");
        let line =
            text.lines().find(|line| line.starts_with(&format!("{what}:"))).expect("the line is there");
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }

    /// True while a process exists.
    pub fn exists(pid: u32) -> bool {
        match std::fs::read_to_string(format!("/proc/{pid}/stat")) {
            Ok(stat) => !stat.contains(") Z"),
            Err(_) => false,
        }
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            eprintln!("--- log of the agent:\n{}", self.log());
        }
    }
}
