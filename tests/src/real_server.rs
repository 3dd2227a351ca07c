//! The real MeshCentral, in a data folder of its own.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::json;
use tempfile::TempDir;

use crate::deadline::PATIENCE;
use crate::meshctrl::{Account, Answer, meshctrl, node, run};
use crate::place;
use crate::running::Running;

/// One MeshCentral with an administrator. Data survive [`RealServer::restart`].
pub struct RealServer {
    meshcentral: PathBuf,
    dir: TempDir,
    port: u16,
    node_options: String,
    running: Option<Running>,
}

impl RealServer {
    /// Starts it on a free port.
    pub fn start(meshcentral: &Path) -> RealServer {
        RealServer::with_node_options(meshcentral, "")
    }

    /// Starts it with options for Node, such as `--tls-max-v1.2`.
    pub fn with_node_options(meshcentral: &Path, node_options: &str) -> RealServer {
        let dir = TempDir::new().expect("a temporary folder");
        copy_files(&template(meshcentral), &dir.path().join("data"));
        let port = free_port();
        configure(dir.path(), port);
        let node_options = node_options.to_owned();
        let mut server =
            RealServer { meshcentral: meshcentral.to_owned(), dir, port, node_options, running: None };
        server.restart();
        server
    }

    /// Starts it again on the same port, after ending it if it runs.
    pub fn restart(&mut self) {
        self.kill();
        let mut running = launch(&self.meshcentral, self.dir.path(), &self.node_options);
        running.expect(0, &["MeshCentral HTTPS server running"], PATIENCE);
        self.running = Some(running);
    }

    /// Ends it without warning.
    pub fn kill(&mut self) {
        self.running = None;
    }

    /// The process that was started; the server proper is its child.
    pub fn pid(&self) -> u32 {
        self.running.as_ref().expect("the server was started").pid()
    }

    /// The administrator's login.
    pub fn account(&self) -> Account {
        Account {
            url: format!("wss://127.0.0.1:{}", self.port),
            user: USER.to_owned(),
            password: PASSWORD.to_owned(),
        }
    }

    /// Runs the real `meshctrl`.
    pub fn meshctrl(&self, args: &[&str]) -> Answer {
        meshctrl(&self.meshcentral, &self.account(), args)
    }

    /// Makes a group and gives the settings file for its agents.
    pub fn group(&self, name: &str) -> Vec<u8> {
        let made = self.meshctrl(&["AddDeviceGroup", "--name", name]).ok();
        let id = made.trim().strip_prefix("ok mesh//").unwrap_or_else(|| panic!("no group: {made:?}"));
        let script = "process.env.NODE_TLS_REJECT_UNAUTHORIZED='0';\
            require('https').get(process.argv[1],r=>{if(r.statusCode!=200)process.exit(1);r.pipe(process.stdout)})";
        let url = format!("https://127.0.0.1:{}/meshsettings?id={id}", self.port);
        let answer = run(node().args(["-e", script, &url]), Duration::from_secs(20));
        answer.ok().into_bytes()
    }

    /// The devices with their live state, as `meshctrl ListDevices --json` gives them.
    pub fn devices(&self) -> Vec<serde_json::Value> {
        self.meshctrl(&["ListDevices", "--json"])
            .try_json()
            .and_then(|list| list.as_array().cloned())
            .unwrap_or_default()
    }

    /// Devices that are connected now.
    pub fn connected(&self) -> usize {
        self.devices().iter().filter(|d| d["conn"].as_u64().unwrap_or(0) & 1 == 1).count()
    }
}

/// A data folder with certificates and an administrator, made once and then copied.
fn template(meshcentral: &Path) -> PathBuf {
    let kept = place::kept("meshcentral-1.1.55");
    let _only_one_makes_it = place::lock(&kept);
    let ready = kept.join("ready");
    if ready.is_dir() {
        return ready;
    }
    let dir = TempDir::new().expect("a temporary folder");
    fs::create_dir_all(dir.path().join("data")).expect("a data folder");
    configure(dir.path(), free_port());
    for step in
        [["--createaccount", USER, "--pass", PASSWORD].as_slice(), ["--adminaccount", USER].as_slice()]
    {
        let mut command = node();
        command.arg(meshcentral).arg("--datapath").arg(dir.path().join("data")).args(step);
        let answer = run(command.current_dir(dir.path()), Duration::from_secs(60));
        assert!(answer.stdout.contains("Done."), "{answer:?}");
    }
    let mut first = launch(meshcentral, dir.path(), "");
    // It makes five RSA keys now.
    first.expect(0, &["MeshCentral HTTPS server running"], Duration::from_secs(180));
    drop(first);
    let half = kept.join("half");
    let _ = fs::remove_dir_all(&half);
    copy_files(&dir.path().join("data"), &half);
    fs::rename(&half, &ready).expect("a folder can be renamed");
    ready
}

fn configure(dir: &Path, port: u16) {
    let config = json!({
        "settings": {
            // A name without a dot would force LAN mode.
            "cert": "127.0.0.1",
            "port": port, "aliasPort": port, "exactPorts": true, "redirPort": 0, "mpsPort": 0,
            "WANonly": true,
            "datapath": dir.join("data"), "filespath": dir.join("files"),
            // Nothing may call home or come from outside.
            "selfUpdate": false, "agentTimeStampServer": false, "autoBackup": false,
        },
        "domains": { "": { "title": "tests" } },
    });
    fs::write(dir.join("data/config.json"), config.to_string()).expect("the configuration can be written");
}

fn launch(meshcentral: &Path, dir: &Path, node_options: &str) -> Running {
    let mut command = node();
    command.arg(meshcentral).arg("--datapath").arg(dir.join("data")).current_dir(dir);
    command.env("NODE_OPTIONS", node_options);
    Running::spawn("MeshCentral", &mut command)
}

fn copy_files(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder can be read").flatten() {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy_files(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).expect("a file can be copied");
        }
    }
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("a bound socket has an address").port()
}

const USER: &str = "admin";
const PASSWORD: &str = "correct-horse-9";
