//! `cargo xtask demo`: a server and an agent on this machine, and a device doing something.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use crate::run::{Done, root, step, target_dir};

const USER: &str = "admin";

pub fn run(args: &[&str]) -> Done {
    let once = match args {
        [] => false,
        ["--once"] => true,
        _ => return Err(format!("demo takes --once or nothing, not: {}", args.join(" "))),
    };
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM] {
        signal_hook::flag::register(signal, stop.clone()).map_err(|e| format!("signals: {e}"))?;
    }
    step("building (some minutes the first time)", "cargo", &["build", "--workspace", "--bins"])?;
    let stage = Stage::set_up()?;
    let shown = stage.show(&stop);
    if shown.is_ok() {
        stage.say_where_to_look(if once { "until this ends, which is now" } else { "until Ctrl-C" });
    }
    if shown.is_ok() && !once {
        while !stop.load(Ordering::Relaxed) {
            std::thread::sleep(Duration::from_millis(200));
        }
        println!("\nstopping");
    }
    shown
}

/// The running programs and their folder; all gone when dropped.
struct Stage {
    folder: PathBuf,
    url: String,
    password: String,
    server: Running,
    agent: Running,
}

impl Stage {
    fn set_up() -> Result<Stage, String> {
        let folder = std::env::temp_dir().join(format!("meshlite-demo-{}", std::process::id()));
        make_private_folder(&folder)?;
        let password = random_password()?;
        let password_file = folder.join("password");
        std::fs::write(&password_file, &password).map_err(|e| format!("{}: {e}", password_file.display()))?;
        let data = folder.join("server");

        println!("== a server");
        let init =
            ["init", "--data", &text(&data), "--admin", USER, "--password-file", &text(&password_file)];
        // Reached by address, so that the demo does not depend on this machine's name being known anywhere.
        finish("meshlite-server", &[&init[..], &["--name", "127.0.0.1"]].concat())?;
        let mut server = Running::start(
            "meshlite-server",
            &["run", "--data", &text(&data), "--listen", "127.0.0.1:0"],
            &folder.join("server.log"),
        )?;
        let url = server.ready_line("listening on ", Duration::from_secs(30))?;
        println!("   {url}");

        println!("== a group, its settings, and an agent with them");
        finish("meshlite-server", &["group", "add", "Demo", "--data", &text(&data)])?;
        let agent_url = format!("{}/agent.ashx", url.replacen("https://", "wss://", 1));
        let msh = finish(
            "meshlite-server",
            &["group", "msh", "Demo", "--data", &text(&data), "--url", &agent_url],
        )?;
        let msh_file = folder.join("demo.msh");
        std::fs::write(&msh_file, msh).map_err(|e| format!("{}: {e}", msh_file.display()))?;
        let agent = Running::start(
            "meshlite-agent",
            &["run", "--msh", &text(&msh_file), "--state", &text(&folder.join("agent"))],
            &folder.join("agent.log"),
        )?;
        Ok(Stage { folder, url, password, server, agent })
    }

    /// The device list, the answer of a command, the answer of a console line.
    fn show(&self, stop: &AtomicBool) -> Done {
        let password_file = text(&self.folder.join("password"));
        self.operator(&["login", &self.url, "--user", USER, "--password-file", &password_file])?;
        let deadline = Instant::now() + Duration::from_secs(60);
        let id = loop {
            if let Some(id) = self.connected_device()? {
                break id;
            }
            if stop.load(Ordering::Relaxed) {
                return Err("interrupted".to_owned());
            }
            if Instant::now() > deadline {
                return Err(format!(
                    "no device connected in 60 s; see the logs in {}",
                    self.folder.display()
                ));
            }
            std::thread::sleep(Duration::from_millis(200));
        };
        println!("\n$ meshlite devices");
        print!("{}", self.operator(&["devices"])?);
        println!("\n$ meshlite run {id:.8} 'uname -sm; uptime'");
        print!("{}", self.operator(&["run", &id, "uname -sm; uptime"])?);
        println!("\n$ meshlite console {id:.8} info");
        print!("{}", self.operator(&["console", &id, "info"])?);
        println!(
            "\n$ meshlite shell {id:.8} -- 'id -un; pwd'    (through the relay, encrypted to the device)"
        );
        print!("{}", self.operator(&["shell", &id, "--", "id -un; pwd"])?);
        Ok(())
    }

    /// The id of a device that is connected and whose core has reported.
    fn connected_device(&self) -> Result<Option<String>, String> {
        let listing = self.operator(&["devices", "--json"])?;
        let listing: serde_json::Value =
            serde_json::from_str(&listing).map_err(|e| format!("meshlite devices --json: {e}"))?;
        let devices =
            listing.as_array().or_else(|| listing["devices"].as_array()).cloned().unwrap_or_default();
        let ready = devices.iter().find(|d| {
            d["connected"].as_bool() == Some(true) && d["core"].as_str().is_some_and(|core| !core.is_empty())
        });
        Ok(ready.and_then(|d| d["id"].as_str()).map(str::to_owned))
    }

    fn operator(&self, args: &[&str]) -> Result<String, String> {
        let config = text(&self.folder.join("operator"));
        let mut all = vec!["--config", &config];
        all.extend(args);
        finish("meshlite", &all)
    }

    fn say_where_to_look(&self, how_long: &str) {
        let config = self.folder.join("operator");
        println!("\nThe server, the agent and you, on this machine, {how_long}:");
        println!("  console   {}   (the browser will warn: the certificate is the server's own)", self.url);
        println!("  login     {USER} / {}", self.password);
        println!("  operator  {} --config {} help", program("meshlite").display(), config.display());
        println!("  logs      {0}/server.log  {0}/agent.log", self.folder.display());
        println!("  processes server {}, agent {}", self.server.child.id(), self.agent.child.id());
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.agent.end();
        self.server.end();
        if let Err(e) = std::fs::remove_dir_all(&self.folder) {
            eprintln!("xtask: {} is left behind: {e}", self.folder.display());
        }
    }
}

/// A program that runs beside us; its log goes to a file.
struct Running {
    child: Child,
    lines: mpsc::Receiver<String>,
}

impl Running {
    fn start(name: &str, args: &[&str], log: &Path) -> Result<Running, String> {
        let log = std::fs::File::create(log).map_err(|e| format!("{}: {e}", log.display()))?;
        let mut child = Command::new(program(name))
            .args(args)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .map_err(|e| format!("cannot start {name}: {e}"))?;
        let stdout = child.stdout.take().ok_or("no standard output")?;
        let (send, lines) = mpsc::channel();
        // Reads to the end, so that the program never blocks on a full pipe.
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                let _ = send.send(line);
            }
        });
        Ok(Running { child, lines })
    }

    /// Waits for a line with this beginning and returns its rest.
    fn ready_line(&mut self, prefix: &str, patience: Duration) -> Result<String, String> {
        let deadline = Instant::now() + patience;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let line = self
                .lines
                .recv_timeout(left)
                .map_err(|_| format!("the server did not say `{prefix}…` within {} s", patience.as_secs()))?;
            if let Some(rest) = line.strip_prefix(prefix) {
                return Ok(rest.trim().to_owned());
            }
        }
    }

    fn end(&mut self) {
        let pid = self.child.id().to_string();
        let asked = Command::new("kill").arg(&pid).status().is_ok_and(|s| s.success());
        let deadline = Instant::now() + Duration::from_secs(5);
        while asked && Instant::now() < deadline {
            if matches!(self.child.try_wait(), Ok(Some(_))) {
                return;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn program(name: &str) -> PathBuf {
    target_dir().join("debug").join(name)
}

/// Runs one of our programs to its end and returns what it printed.
fn finish(name: &str, args: &[&str]) -> Result<String, String> {
    let out = Command::new(program(name))
        .args(args)
        .current_dir(root())
        .stdin(Stdio::null())
        .stderr(Stdio::piped())
        .output()
        .map_err(|e| format!("cannot run {name}: {e}"))?;
    if out.status.success() {
        return String::from_utf8(out.stdout)
            .map_err(|_| format!("{name} printed something that is not UTF-8"));
    }
    let said = String::from_utf8_lossy(&out.stderr);
    Err(format!("{name} {} failed ({}): {}", args.first().unwrap_or(&""), out.status, said.trim()))
}

fn make_private_folder(folder: &Path) -> Done {
    use std::os::unix::fs::DirBuilderExt;
    std::fs::DirBuilder::new()
        .mode(0o700)
        .create(folder)
        .map_err(|e| format!("cannot make {}: {e}", folder.display()))
}

/// Sixteen characters for the demo's account, different each time.
fn random_password() -> Result<String, String> {
    use std::io::Read;
    let mut bytes = [0u8; 16];
    std::fs::File::open("/dev/urandom")
        .and_then(|mut f| f.read_exact(&mut bytes))
        .map_err(|e| format!("/dev/urandom: {e}"))?;
    const LETTERS: &[u8] = b"abcdefghijkmnpqrstuvwxyz23456789";
    Ok(bytes.iter().map(|b| char::from(LETTERS[usize::from(*b) % LETTERS.len()])).collect())
}

fn text(path: &Path) -> String {
    path.display().to_string()
}
