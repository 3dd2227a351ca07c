//! Running other programs, with errors that say which one failed and how.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

/// What every command returns: nothing, or a sentence for the person at the terminal.
pub type Done = Result<(), String>;

/// The workspace's root folder.
pub fn root() -> PathBuf {
    // The manifest of xtask lies one folder below the root; a built binary is only ever run from the tree.
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().map(Path::to_path_buf).unwrap_or_default()
}

/// The folder of build results, wherever the user has put it.
pub fn target_dir() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

/// Prints a step's name, runs it in the root folder, says how long it took.
pub fn step(what: &str, program: &str, args: &[&str]) -> Done {
    step_with(what, program, args, &[])
}

/// Like [`step`], with extra environment variables.
pub fn step_with(what: &str, program: &str, args: &[&str], env: &[(&str, &OsStr)]) -> Done {
    println!("== {what}");
    let begun = Instant::now();
    let mut command = Command::new(program);
    command.args(args).current_dir(root());
    for (key, value) in env {
        command.env(key, value);
    }
    let status = command.status().map_err(|e| format!("{what}: cannot run {program}: {e}"))?;
    if !status.success() {
        return Err(format!("{what} failed ({status}): {program} {}", args.join(" ")));
    }
    println!("   {what}: {:.0} s", begun.elapsed().as_secs_f32());
    Ok(())
}

/// True when a program can be found on the path.
pub fn has(program: &str) -> bool {
    let Some(path) = std::env::var_os("PATH") else {
        return false;
    };
    std::env::split_paths(&path).any(|dir| dir.join(program).is_file())
}

/// True when a program runs and ends well.
pub fn succeeds(program: &str, args: &[&str]) -> bool {
    Command::new(program)
        .args(args)
        .current_dir(root())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// What a program prints on its standard output.
pub fn output(program: &str, args: &[&str]) -> Result<String, String> {
    let out = Command::new(program)
        .args(args)
        .current_dir(root())
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .map_err(|e| format!("cannot run {program}: {e}"))?;
    if !out.status.success() {
        return Err(format!("{program} {} failed ({})", args.join(" "), out.status));
    }
    String::from_utf8(out.stdout).map_err(|_| format!("{program} printed something that is not UTF-8"))
}
