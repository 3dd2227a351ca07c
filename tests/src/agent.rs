//! `meshlite-agent run` as a process.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

use crate::deadline::{PATIENCE, eventually};
use crate::meshctrl::{Answer, run};
use crate::place;
use crate::procfs;
use crate::running::Running;
use crate::stand_in::StandIn;

/// One device with our agent. State and settings survive [`Agent::restart`].
pub struct Agent {
    dir: TempDir,
    extra: Vec<String>,
    firmware: Option<Arc<StandIn>>,
    environment: Vec<(String, String)>,
    running: Option<Running>,
}

impl Agent {
    /// Starts an agent with these settings and the first kept identity.
    pub fn start(msh: &[u8]) -> Agent {
        Agent::with_identity(msh, 0, &[])
    }

    /// Starts an agent with the `slot`-th kept identity and more arguments behind `run`.
    ///
    /// Keys are made once by the agent itself and kept, because an RSA-3072 key takes seconds.
    pub fn with_identity(msh: &[u8], slot: usize, extra: &[&str]) -> Agent {
        Agent::prepared(msh, extra).known(slot).launched()
    }

    /// Starts an agent with the first kept identity on a machine with this firmware, or on the machine as it is.
    pub fn with_firmware(msh: &[u8], firmware: Option<Arc<StandIn>>) -> Agent {
        let mut agent = Agent::prepared(msh, &[]).known(0);
        agent.firmware = firmware;
        agent.launched()
    }

    /// Starts an agent with the first kept identity and these variables in its environment: programs of a test on the
    /// `PATH`, say.
    pub fn with_environment(msh: &[u8], variables: &[(&str, &str)]) -> Agent {
        let mut agent = Agent::prepared(msh, &[]).known(0);
        agent.environment = variables.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        agent.launched()
    }

    /// Starts an agent that has never run before and makes its own key.
    pub fn newborn(msh: &[u8]) -> Agent {
        Agent::prepared(msh, &[]).launched()
    }

    /// Starts the agent again after it was stopped or killed.
    pub fn restart(&mut self) {
        self.running = None;
        self.running = Some(self.launch());
    }

    /// Asks the agent to stop.
    #[track_caller]
    pub fn stop(&mut self) -> ExitStatus {
        self.process().stop(Duration::from_secs(20))
    }

    /// `kill -9` for supervisor and worker.
    pub fn kill9(&mut self) {
        self.process().kill9();
    }

    /// Replaces the settings file; counts from the next start on.
    pub fn set_msh(&self, msh: &[u8]) {
        fs::write(self.dir.path().join("agent.msh"), msh).expect("the settings can be written");
    }

    /// The process guard of the supervisor.
    pub fn process(&mut self) -> &mut Running {
        self.running.as_mut().expect("the agent was started")
    }

    /// Waits until the log says that the agent is connected, from `mark` on; gives the line.
    #[track_caller]
    pub fn connected(&mut self, mark: usize) -> String {
        self.process().expect(mark, &["connected", "path="], PATIENCE)
    }

    /// The worker's process id.
    ///
    /// # Panics
    /// When there is none within the deadline.
    pub fn worker(&mut self) -> u32 {
        let supervisor = self.process().pid();
        eventually("a worker", PATIENCE, || {
            procfs::children(supervisor).into_iter().find(|p| procfs::alive(*p))
        })
    }

    /// The supervisor's process id.
    pub fn supervisor(&mut self) -> u32 {
        self.process().pid()
    }

    /// `meshlite-agent status --json`.
    pub fn status(&self) -> Value {
        self.command(&["status", "--json"]).try_json().unwrap_or(Value::Null)
    }

    /// Another command of the program on the same state.
    pub fn command(&self, args: &[&str]) -> Answer {
        let mut command = Command::new(place::program("meshlite-agent"));
        command.args(args).arg("--state").arg(self.state());
        run(&mut command, Duration::from_secs(60))
    }

    /// The device's id in the form `node//…`.
    pub fn database_id(&self) -> String {
        let id = self.command(&["id", "--json"]).json();
        id["databaseId"].as_str().expect("id --json names it").to_owned()
    }

    /// The state directory.
    pub fn state(&self) -> PathBuf {
        self.dir.path().join("state")
    }

    fn prepared(msh: &[u8], extra: &[&str]) -> Agent {
        let dir = TempDir::new().expect("a temporary folder");
        let extra = extra.iter().map(|s| (*s).to_owned()).collect();
        let agent = Agent { dir, extra, firmware: None, environment: Vec::new(), running: None };
        agent.set_msh(msh);
        agent
    }

    fn known(self, slot: usize) -> Agent {
        fs::create_dir_all(self.state()).expect("a state folder");
        fs::copy(identity(slot), self.state().join("identity.key")).expect("a kept identity can be copied");
        self
    }

    fn launched(mut self) -> Agent {
        self.running = Some(self.launch());
        self
    }

    fn launch(&self) -> Running {
        let mut command = Command::new(place::program("meshlite-agent"));
        command.arg("run").arg("--msh").arg(self.dir.path().join("agent.msh"));
        command.arg("--state").arg(self.state()).current_dir(self.dir.path());
        // Unless a test says otherwise: the big core is loaded in one turn, and a build without optimisation on a busy
        // machine takes its time. The later of two counts.
        command.args(["--turn-budget", "60"]).args(&self.extra);
        // As on the desks of people who write Rust: it must not make a dying worker slow.
        command.env("RUST_BACKTRACE", "1");
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        if let Some(firmware) = &self.firmware {
            command = firmware.around(&command);
        }
        Running::spawn("meshlite-agent", &mut command)
    }
}

/// The file with the `slot`-th kept identity, made by `meshlite-agent id` when it is missing.
pub fn identity(slot: usize) -> PathBuf {
    let kept = place::kept("identities");
    let _only_one_makes_it = place::lock(&kept);
    let file = kept.join(format!("{slot}.key"));
    if !file.is_file() {
        make_identity(&file);
    }
    file
}

fn make_identity(file: &Path) {
    let state = TempDir::new().expect("a temporary folder");
    let mut command = Command::new(place::program("meshlite-agent"));
    command.args(["id", "--json", "--state"]).arg(state.path());
    let answer = run(&mut command, Duration::from_secs(180));
    assert_eq!(answer.code, Some(0), "an identity can be made: {answer:?}");
    fs::copy(state.path().join("identity.key"), file).expect("the identity can be kept");
}
