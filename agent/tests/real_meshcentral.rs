//! The agent against a real MeshCentral.
//!
//! Runs when `MESHLITE_MESHCENTRAL` names the folder of an installed npm package `meshcentral`, and says that it was
//! skipped when not.

mod support;

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use support::{Agent, wait_for};

struct MeshCentral {
    package: PathBuf,
    data: PathBuf,
    port: u16,
    child: Option<Child>,
}

const USER: &str = "admin";
const PASSWORD: &str = "T3st-only-Passw0rd";

impl MeshCentral {
    fn new(package: &Path, dir: &Path) -> MeshCentral {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let data = dir.join("data");
        std::fs::create_dir_all(&data).unwrap();
        let config = serde_json::json!({
            "settings": {
                "WANonly": true, "cert": "127.0.0.1", "port": port, "aliasPort": port, "redirPort": 0, "mpsPort": 0,
                "exactPorts": true, "selfUpdate": false,
            },
            "domains": { "": {} },
        });
        std::fs::write(data.join("config.json"), config.to_string()).unwrap();
        let server = MeshCentral { package: package.to_owned(), data, port, child: None };
        for args in [
            &["--createaccount", USER, "--pass", PASSWORD, "--email", "a@example.org"][..],
            &["--adminaccount", USER],
        ] {
            let output = server.node().args(args).output().expect("node starts");
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
        }
        server
    }

    fn node(&self) -> Command {
        let mut command = Command::new("node");
        command.arg(&self.package).arg("--datapath").arg(&self.data).stdin(Stdio::null());
        command
    }

    fn start(&mut self) {
        let child = self.node().stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("node starts");
        self.child = Some(child);
        wait_for("the server's port", Duration::from_secs(180), || {
            std::net::TcpStream::connect(("127.0.0.1", self.port)).ok()
        });
    }

    /// MeshCentral is two processes: ends the inner one as well.
    fn stop(&mut self) {
        let Some(mut child) = self.child.take() else { return };
        let children =
            std::fs::read_to_string(format!("/proc/{0}/task/{0}/children", child.id())).unwrap_or_default();
        let _ = child.kill();
        let _ = child.wait();
        for pid in children.split_whitespace() {
            let _ = Command::new("kill").args(["-9", pid]).status();
        }
        wait_for("a free port", Duration::from_secs(30), || {
            TcpListener::bind(("127.0.0.1", self.port)).ok().map(drop)
        });
    }

    fn meshctrl(&self, args: &[&str]) -> String {
        let output = Command::new("node")
            .env("NODE_TLS_REJECT_UNAUTHORIZED", "0")
            .env("NODE_NO_WARNINGS", "1")
            .arg(self.package.join("meshctrl.js"))
            .args(args)
            .args(["--url", &format!("wss://127.0.0.1:{}", self.port)])
            .args(["--loginuser", USER, "--loginpass", PASSWORD])
            .stdin(Stdio::null())
            .output()
            .expect("node starts");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// Fetches the .msh file of a group, as a person would with a browser.
    fn msh(&self, group: &str, dir: &Path) -> PathBuf {
        let file = dir.join("real.msh");
        let script = "const [url, file] = process.argv.slice(1); require('https').get(url, { rejectUnauthorized: false }, \
                      r => r.pipe(require('fs').createWriteStream(file)));";
        let id = group.trim_start_matches("mesh//").replace('@', "%40").replace('$', "%24");
        let url = format!("https://127.0.0.1:{}/meshsettings?id={id}", self.port);
        let status = Command::new("node").args(["-e", script, &url]).arg(&file).status().unwrap();
        assert!(status.success());
        file
    }

    /// True when exactly one device exists and is connected.
    fn device_is_connected(&self) -> bool {
        let devices: serde_json::Value =
            serde_json::from_str(&self.meshctrl(&["ListDevices", "--json"])).unwrap_or_default();
        let list = devices.as_array().cloned().unwrap_or_default();
        list.len() == 1 && list[0]["conn"] == 1
    }
}

impl Drop for MeshCentral {
    fn drop(&mut self) {
        self.stop();
    }
}

#[test]
fn a_real_server_shows_the_agent_and_sees_it_come_back_by_the_skip_path() {
    let Some(package) = std::env::var_os("MESHLITE_MESHCENTRAL").map(PathBuf::from) else {
        eprintln!("skipped: MESHLITE_MESHCENTRAL does not name an installed MeshCentral");
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    let mut server = MeshCentral::new(&package, dir.path());
    server.start();
    let made = wait_for("a group", Duration::from_secs(120), || {
        let text = server.meshctrl(&["AddDeviceGroup", "--name", "lab"]);
        text.contains("mesh//").then_some(text)
    });
    let group = made.split_whitespace().find(|word| word.starts_with("mesh//")).unwrap().to_owned();
    let msh = server.msh(&group, dir.path());
    let state = dir.path().join("state");
    std::fs::create_dir(&state).unwrap();

    let agent = Agent::start(&msh, &state, &[]);
    agent.wait_log_within("path=\"full\"", Duration::from_secs(60));
    wait_for("the device in ListDevices", Duration::from_secs(60), || {
        server.device_is_connected().then_some(())
    });
    // Whatever becomes of the server's own core, the device stays.
    std::thread::sleep(Duration::from_secs(10));
    assert!(server.device_is_connected(), "{}", agent.log());
    assert!(!agent.log().contains("disconnected"), "{}", agent.log());

    server.stop();
    agent.wait_log_within("disconnected", Duration::from_secs(60));
    server.start();
    agent.wait_log_within("path=\"skip\"", Duration::from_secs(180));
    wait_for("the device again", Duration::from_secs(60), || server.device_is_connected().then_some(()));
    agent.stop();
}
