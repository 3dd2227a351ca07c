//! `meshlite-server` as a process, with `meshlite` and the real `meshctrl` to ask it.

use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::time::Duration;

use microstack::wire::msh::Msh;
use serde_json::Value;
use tempfile::TempDir;

use crate::deadline::{PATIENCE, eventually};
use crate::meshctrl::{Account, Answer, meshctrl, run};
use crate::place;
use crate::running::Running;

/// How to set a server up and run it.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Keys of full size, as a user gets them without `--fastcert`; they take seconds to make.
    pub full_keys: bool,
    /// More arguments for `init`.
    pub init: Vec<String>,
    /// More arguments for `run`.
    pub run: Vec<String>,
}

/// One server with an administrator. Data and port survive [`Server::restart`].
pub struct Server {
    dir: TempDir,
    address: SocketAddr,
    options: Options,
    running: Option<Running>,
}

impl Server {
    /// Makes a new server with RSA certificates and starts it on a free port.
    pub fn start() -> Server {
        Server::with(Options::default())
    }

    /// Makes a new server and starts it.
    pub fn with(options: Options) -> Server {
        Server::made(options, true)
    }

    /// Makes a new server that draws its own keys, as on a fresh machine. Takes seconds; the others use kept keys.
    pub fn newborn() -> Server {
        Server::made(Options::default(), false)
    }

    fn made(options: Options, kept_keys: bool) -> Server {
        let dir = TempDir::new().expect("a temporary folder");
        fs::write(dir.path().join("password"), PASSWORD).expect("a password file");
        if kept_keys {
            copy_certificates(&dir.path().join("data"), &options.init);
        }
        let mut server =
            Server { dir, address: "127.0.0.1:0".parse().expect("an address"), options, running: None };
        let mut init = vec!["init", "--admin", USER, "--password-file"];
        let password = server.dir.path().join("password").display().to_string();
        init.extend([password.as_str(), "--name", "127.0.0.1"]);
        if !server.options.full_keys {
            init.push("--fastcert");
        }
        let more = server.options.init.clone();
        init.extend(more.iter().map(String::as_str));
        server.command(&init).ok();
        server.launch();
        server
    }

    /// Starts it again on the same port after it was stopped or killed.
    pub fn restart(&mut self) {
        self.running = None;
        self.launch();
    }

    /// Starts it again on the same port with other arguments for `run`.
    pub fn restart_with(&mut self, run: &[String]) {
        self.options.run = run.to_vec();
        self.restart();
    }

    /// Asks it to stop.
    #[track_caller]
    pub fn stop(&mut self) -> ExitStatus {
        self.process().stop(Duration::from_secs(30))
    }

    /// `kill -9`.
    pub fn kill9(&mut self) {
        self.process().kill9();
    }

    /// The process guard.
    pub fn process(&mut self) -> &mut Running {
        self.running.as_mut().expect("the server was started")
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.running.as_ref().expect("the server was started").pid()
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its data directory.
    pub fn data(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    /// Any `meshlite-server` command on its data.
    pub fn command(&self, args: &[&str]) -> Answer {
        let mut command = Command::new(place::program("meshlite-server"));
        command.args(args).arg("--data").arg(self.data());
        run(&mut command, Duration::from_secs(120))
    }

    /// Makes a group.
    #[track_caller]
    pub fn add_group(&self, name: &str) {
        self.command(&["group", "add", name]).ok();
    }

    /// The settings file for agents of a group, leading straight to this server.
    #[track_caller]
    pub fn msh(&self, group: &str) -> Vec<u8> {
        self.msh_via(group, self.address)
    }

    /// The settings file for agents that come by another address.
    #[track_caller]
    pub fn msh_via(&self, group: &str, address: SocketAddr) -> Vec<u8> {
        let url = format!("wss://{address}/agent.ashx");
        self.command(&["group", "msh", group, "--url", &url]).ok().into_bytes()
    }

    /// Makes a group and gives its settings file.
    #[track_caller]
    pub fn group(&self, name: &str) -> Vec<u8> {
        self.add_group(name);
        self.msh(name)
    }

    /// The parsed settings of a group.
    #[track_caller]
    pub fn settings(&self, group: &str) -> Msh {
        Msh::parse(&self.msh(group)).expect("our own settings file can be read")
    }

    /// The administrator's login.
    pub fn account(&self) -> Account {
        Account {
            url: format!("wss://{}", self.address),
            user: USER.to_owned(),
            password: PASSWORD.to_owned(),
        }
    }

    /// Runs the real `meshctrl`.
    pub fn meshctrl(&self, meshcentral: &Path, args: &[&str]) -> Answer {
        meshctrl(meshcentral, &self.account(), args)
    }

    /// Runs `meshlite ARGS` as the administrator, who is logged in first when needed.
    pub fn meshlite(&self, args: &[&str]) -> Answer {
        if !self.dir.path().join("logged-in").exists() {
            let url = format!("https://{}", self.address);
            let password = self.dir.path().join("password").display().to_string();
            let login = ["login", &url, "--user", USER, "--password-file", &password];
            self.operator(&login).ok();
            fs::write(self.dir.path().join("logged-in"), "").expect("a note can be made");
        }
        self.operator(args)
    }

    /// The devices as `meshlite devices --json` gives them.
    pub fn devices(&self) -> Vec<Value> {
        match self.meshlite(&["devices", "--json"]).try_json() {
            Some(Value::Array(list)) => list,
            _ => Vec::new(),
        }
    }

    /// Waits until so many devices are connected.
    #[track_caller]
    pub fn wait_connected(&self, count: usize) -> Vec<Value> {
        eventually(&format!("{count} connected devices"), PATIENCE, || {
            let devices: Vec<Value> = self.devices().into_iter().filter(is_connected).collect();
            (devices.len() == count).then_some(devices)
        })
    }

    /// Starts `meshlite ARGS` as the administrator and leaves it running.
    #[track_caller]
    pub fn meshlite_started(&self, args: &[&str]) -> Running {
        self.meshlite(&["groups"]).ok();
        Running::spawn("meshlite", &mut self.operator_command(args))
    }

    fn operator(&self, args: &[&str]) -> Answer {
        run(&mut self.operator_command(args), Duration::from_secs(60))
    }

    fn operator_command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(place::program("meshlite"));
        command
            .args(args)
            .env("HOME", self.dir.path())
            .env("XDG_CONFIG_HOME", self.dir.path().join("config"));
        command
    }

    fn launch(&mut self) {
        let mut command = Command::new(place::program("meshlite-server"));
        command.arg("run").arg("--data").arg(self.data());
        command.args(["--listen", &self.address.to_string()]).args(&self.options.run);
        command.current_dir(self.dir.path());
        let mut running = Running::spawn("meshlite-server", &mut command);
        let line = eventually("the server's ready line", PATIENCE, || {
            assert!(running.exited().is_none(), "the server ended at once");
            running.lines_from(0).into_iter().find(|line| port_in(line).is_some())
        });
        let port = port_in(&line).expect("just found");
        self.address.set_port(port);
        self.running = Some(running);
    }
}

/// Puts certificates into a new data folder, which `init` then keeps. They are made once, by `init` itself.
fn copy_certificates(data: &Path, init: &[String]) {
    let kind: String = init.concat().chars().filter(char::is_ascii_alphanumeric).collect();
    let kept = place::kept(&format!("certificates-{kind}"));
    let _only_one_makes_them = place::lock(&kept);
    let certs = kept.join("certs");
    if !certs.is_dir() {
        let dir = TempDir::new().expect("a temporary folder");
        fs::write(dir.path().join("password"), PASSWORD).expect("a password file");
        let mut command = Command::new(place::program("meshlite-server"));
        command.args(["init", "--admin", USER, "--name", "127.0.0.1", "--fastcert", "--password-file"]);
        command.arg(dir.path().join("password")).args(init).arg("--data").arg(dir.path().join("data"));
        run(&mut command, Duration::from_secs(180)).ok();
        let half = kept.join("half");
        let _ = fs::remove_dir_all(&half);
        copy_folder(&dir.path().join("data/certs"), &half);
        fs::rename(&half, &certs).expect("a folder can be renamed");
    }
    fs::DirBuilder::new().mode(0o700).create(data).expect("a data folder");
    copy_folder(&certs, &data.join("certs"));
}

fn copy_folder(from: &Path, to: &Path) {
    fs::DirBuilder::new().mode(0o700).create(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder can be read").flatten() {
        fs::copy(entry.path(), to.join(entry.file_name())).expect("a file can be copied");
    }
}

/// Whether a device of [`Server::devices`] is connected now.
pub fn is_connected(device: &Value) -> bool {
    device["connected"] == true
}

fn port_in(line: &str) -> Option<u16> {
    let rest = line.split("127.0.0.1:").nth(1)?;
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok().filter(|port| *port != 0)
}

const USER: &str = "admin";
const PASSWORD: &str = "correct-horse-9";
