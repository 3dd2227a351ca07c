//! Gets the tests of Node from Debian's source package, by the machine's own apt and its mirror.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::run::{Done, has, output, step, target_dir};

/// The suite whose Node is the one that the host imitates.
const SUITE: &str = "trixie";
const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";

/// The folder that holds `parallel`, `common` and `fixtures`. `MESHLITE_NODE_TESTS` names another copy.
pub fn folder() -> PathBuf {
    std::env::var_os("MESHLITE_NODE_TESTS").map_or_else(|| home().join("test"), PathBuf::from)
}

fn home() -> PathBuf {
    target_dir().join("node-tests")
}

/// Fetches the tests where they are missing. An error says why they cannot be had on this machine.
pub fn fetch() -> Done {
    if folder().join("parallel").is_dir() {
        return Ok(());
    }
    if !has("apt-get") || !has("tar") || !has("xz") {
        return Err("apt-get, tar and xz are needed to get Node's tests".to_owned());
    }
    let home = home();
    // A folder of its own for all that apt keeps: the machine's configuration stays as it is, and nobody needs root.
    for part in ["apt/lists/partial", "apt/cache/archives/partial", "apt/parts", "apt/src"] {
        fs::create_dir_all(home.join(part)).map_err(|e| format!("{}: {e}", home.join(part).display()))?;
    }
    let source = source_line(&mirror()?);
    fs::write(home.join("apt/parts/node.sources"), source).map_err(|e| format!("apt source: {e}"))?;
    apt(&home, &["update", "-qq"])?;
    // Only the main tarball: the packaging part is not needed, and mirrors may lack it for a while after an update.
    apt(&home, &["source", "-qq", "--download-only", "--tar-only", "nodejs"])?;
    let tarball = newest(&home.join("apt/src"))?;
    let (tarball, to) = (tarball.display().to_string(), home.display().to_string());
    step(
        "unpack Node's tests",
        "tar",
        &[
            "-xf",
            &tarball,
            "-C",
            &to,
            "--strip-components=1",
            "--wildcards",
            "*/test/parallel/*",
            "*/test/common/*",
            "*/test/fixtures/*",
        ],
    )
}

/// The Debian mirror that this machine's apt uses.
fn mirror() -> Result<String, String> {
    let targets = output("apt-get", &["indextargets", "--format", "$(ORIGIN) $(LABEL) $(REPO_URI)"])?;
    targets
        .lines()
        .find_map(|line| line.strip_prefix("Debian Debian "))
        .map(str::to_owned)
        .ok_or_else(|| "this machine's apt knows no Debian mirror".to_owned())
}

fn source_line(mirror: &str) -> String {
    let mut text = format!("Types: deb-src\nURIs: {mirror}\nSuites: {SUITE}\nComponents: main\n");
    if Path::new(KEYRING).is_file() {
        text.push_str(&format!("Signed-By: {KEYRING}\n"));
    }
    text
}

fn apt(home: &Path, args: &[&str]) -> Done {
    let apt = home.join("apt");
    let mut command = Command::new("apt-get");
    for (key, value) in [
        ("Dir::Etc::SourceList", "/dev/null".into()),
        ("Dir::Etc::SourceParts", apt.join("parts")),
        ("Dir::State::Lists", apt.join("lists")),
        ("Dir::Cache", apt.join("cache")),
    ] {
        command.arg("-o").arg(format!("{key}={}", value.display()));
    }
    // apt would hand the download to a user who may not write here.
    command.args([
        "-o",
        "APT::Sandbox::User=root",
        "-o",
        "Acquire::Retries=2",
        "-o",
        "Acquire::http::Timeout=30",
    ]);
    command.args(args).current_dir(apt.join("src")).stdin(Stdio::null());
    let status = command.status().map_err(|e| format!("apt-get: {e}"))?;
    if status.success() { Ok(()) } else { Err(format!("apt-get {} failed ({status})", args.join(" "))) }
}

fn newest(folder: &Path) -> Result<PathBuf, String> {
    let entries = fs::read_dir(folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.to_string_lossy().ends_with(".orig.tar.xz"))
        .max()
        .ok_or_else(|| "apt brought no tarball of Node".to_owned())
}
