//! The long forms of the tests that kill, cut and refuse.

use std::ffi::OsStr;

use crate::run::{Done, step, step_with};
use crate::setup;

pub fn run(args: &[&str]) -> Done {
    let short = match args {
        [] => false,
        ["--short"] => true,
        _ => return Err(format!("soak takes --short or nothing, not: {}", args.join(" "))),
    };
    setup::install()?;
    step("programs", "cargo", &["build", "--workspace", "--bins"])?;
    let meshcentral = setup::meshcentral();
    let mut env: Vec<(&str, &OsStr)> = vec![("MESHLITE_MESHCENTRAL", meshcentral.as_os_str())];
    if !short {
        env.push(("MESHLITE_SOAK", OsStr::new("1")));
    }
    let args = ["test", "--package", "meshlite-tests", "--tests", "--", "--test-threads=1", "--nocapture"];
    step_with("soak", "cargo", &args, &env)
}
