//! Installs what the tests need: Debian packages (as root) and the npm packages of the interop tests.

use std::path::PathBuf;

use crate::node_tests;
use crate::run::{Done, has, root, step, succeeds};

/// A program the tests run, and the Debian package that brings it.
const DEBIAN: &[(&str, &str)] = &[
    ("ip", "iproute2"),
    ("openssl", "openssl"),
    ("cc", "gcc"),
    ("curl", "curl"),
    ("chromium", "chromium"),
    ("Xvfb", "xvfb"),
    ("xterm", "xterm"),
    ("xdotool", "xdotool"),
    ("xsetroot", "x11-xserver-utils"),
    ("import", "imagemagick"),
];

pub fn install() -> Done {
    for needed in ["node", "npm"] {
        if !has(needed) {
            return Err(format!(
                "{needed} is missing: install Node.js 20 or newer, it is needed for the interop tests"
            ));
        }
    }
    debian()?;
    npm()?;
    // Without a Debian mirror everything else still runs.
    if let Err(reason) = node_tests::fetch() {
        println!("== Node's tests: not fetched, {reason}");
    }
    Ok(())
}

/// Where the real MeshCentral lies after [`install`].
pub fn meshcentral() -> PathBuf {
    interop().join("node_modules/meshcentral")
}

fn interop() -> PathBuf {
    root().join("tests/interop")
}

fn debian() -> Done {
    let missing: Vec<&str> = DEBIAN
        .iter()
        .filter(|(program, _)| !has(program) && !sbin(program))
        .map(|(_, package)| *package)
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    if !has("apt-get") {
        return Err(format!("please install: {}", missing.join(", ")));
    }
    if !succeeds("sh", &["-c", "[ $(id -u) = 0 ]"]) {
        return Err(format!("please run: sudo apt-get install {}", missing.join(" ")));
    }
    step("apt-get update", "apt-get", &["update", "-qq"])?;
    let mut args = vec!["install", "-y", "-qq", "--no-install-recommends"];
    args.extend(&missing);
    step("apt-get install", "apt-get", &args)
}

fn sbin(program: &str) -> bool {
    ["/sbin", "/usr/sbin"].iter().any(|dir| std::path::Path::new(dir).join(program).is_file())
}

fn npm() -> Done {
    packages(&interop(), "node_modules/meshcentral/package.json", "npm packages for the interop tests")?;
    packages(
        &root().join("server-lite/web"),
        "node_modules/vite/package.json",
        "npm packages of the web console",
    )?;
    packages(&root().join("tests/npm"), "node_modules/ws/package.json", "npm packages for the script host")
}

/// Installs what a lock file lists; `proof` is a file that is there afterwards.
fn packages(folder: &std::path::Path, proof: &str, what: &str) -> Done {
    let lock = folder.join("package-lock.json");
    let installed = folder.join("node_modules/.package-lock.json");
    if is_newer(&installed, &lock) && folder.join(proof).is_file() {
        return Ok(());
    }
    let prefix = folder.display().to_string();
    let args = ["ci", "--prefix", &prefix, "--no-audit", "--no-fund", "--ignore-scripts"];
    step(what, "npm", &args)
}

fn is_newer(a: &std::path::Path, b: &std::path::Path) -> bool {
    let time = |p: &std::path::Path| p.metadata().and_then(|m| m.modified()).ok();
    matches!((time(a), time(b)), (Some(a), Some(b)) if a >= b)
}
