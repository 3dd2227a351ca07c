//! `cargo xtask test`: everything that must pass, in the order that fails fastest.

use std::ffi::OsStr;

use crate::run::{Done, has, step, step_with, succeeds};
use crate::{arch, docs, node_tests, setup};

pub fn test() -> Done {
    setup::install()?;
    step("formatting", "cargo", &["fmt", "--all", "--check"])?;
    arch::check()?;
    docs::check()?;
    if succeeds("cargo", &["deny", "--version"]) {
        step("licences and bans", "cargo", &["deny", "check", "bans", "licenses", "sources"])?;
    } else {
        println!("== licences and bans: skipped, cargo-deny is not installed");
    }
    step("lints", "cargo", &["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"])?;
    // The end-to-end tests start the real programs; building them first keeps that out of their deadlines.
    step("programs", "cargo", &["build", "--workspace", "--bins"])?;
    let web = ["--prefix", "server-lite/web", "--silent"];
    step("types of the web console", "npm", &[&["run", "check"], &web[..]].concat())?;
    step("unit tests of the web console", "npm", &[&["run", "test"], &web[..]].concat())?;
    let meshcentral = setup::meshcentral();
    let env: &[(&str, &OsStr)] = &[("MESHLITE_MESHCENTRAL", meshcentral.as_os_str())];
    if has("cargo-nextest") {
        let args = ["nextest", "run", "--workspace", "--no-fail-fast", "--profile", "ci"];
        step_with("tests", "cargo", &args, env)?;
    } else {
        step_with(
            "tests",
            "cargo",
            &["test", "--workspace", "--lib", "--bins", "--tests", "--no-fail-fast"],
            env,
        )?;
    }
    println!("== Node's own tests, those that passed before");
    node_tests::run(&[])?;
    step_with("doc tests", "cargo", &["test", "--workspace", "--doc", "--quiet"], env)
}
