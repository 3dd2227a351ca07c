//! Measures our programs, and the real ones beside them where they are installed.

use std::ffi::OsStr;

use crate::run::{Done, root, step, step_with, target_dir};
use crate::setup;

/// A release build without fat LTO: the code that ships to within a few per cent, in a quarter of the build time.
const PROFILE: &str = "bench";

pub fn run(args: &[&str]) -> Done {
    let real = setup::install().map_err(|e| println!("the real programs are left out: {e}")).is_ok();
    let build =
        ["build", "--profile", PROFILE, "-p", "agent", "-p", "server-lite", "-p", "meshlite-bench", "--bins"];
    step("programs (optimised, takes minutes the first time)", "cargo", &build)?;
    // Cargo puts the bench profile's results where release results go.
    let programs = target_dir().join("release");
    let report = root().join("docs/benchmarks.md");
    let report_arg = report.display().to_string();
    let meshcentral = setup::meshcentral().display().to_string();
    let mut all = vec!["--report", &report_arg];
    if real {
        all.extend(["--meshcentral", &meshcentral]);
    }
    let quickjs = target_dir().join("quickjs");
    let quickjs_arg = quickjs.display().to_string();
    if install_quickjs(&quickjs_arg) {
        all.extend(["--quickjs", &quickjs_arg]);
    }
    if args.iter().all(|arg| arg.starts_with("--")) || args.contains(&"relay") {
        install_proxies();
    }
    all.extend(args);
    let env: &[(&str, &OsStr)] = &[("MESHLITE_PROGRAMS", programs.as_os_str())];
    step_with("measurements", &programs.join("meshlite-bench").display().to_string(), &all, env)
}

/// nginx with its stream module, and HAProxy, for the relay's figures; without them their columns stay empty.
fn install_proxies() {
    let module = std::path::Path::new("/usr/lib/nginx/modules/ngx_stream_module.so");
    if module.exists() && std::path::Path::new("/usr/sbin/haproxy").exists() {
        return;
    }
    let packages =
        ["install", "-y", "-qq", "--no-install-recommends", "nginx-light", "libnginx-mod-stream", "haproxy"];
    if step("nginx and HAProxy, for comparison", "apt-get", &packages).is_err() {
        println!("nginx and HAProxy are left out: apt-get install nginx-light libnginx-mod-stream haproxy");
    }
}

/// QuickJS as a Python package, below the target folder; false when it cannot be had.
fn install_quickjs(folder: &str) -> bool {
    let ready = std::path::Path::new(folder).join("quickjs").is_dir();
    let args = ["-m", "pip", "install", "--quiet", "--target", folder, "quickjs==1.19.4"];
    if ready || step("QuickJS, for comparison", "python3", &args).is_ok() {
        return true;
    }
    println!("QuickJS is left out: python3 with pip is needed to install it");
    false
}
