//! Scripts with the dialect of MeshAgent, and the process behind a `ScriptContainer`.

use std::ffi::OsString;
use std::io;
use std::path::Path;

use js_modules::host::{on_big_stack, read_script};
use js_modules::meshagent;

use crate::channel::build;
use crate::exit;

/// Runs a file with the dialect of MeshAgent and returns the script's exit code.
pub fn run_dialect(file: &Path, args: &[OsString]) -> i32 {
    let args: Vec<String> = args.iter().map(|arg| arg.to_string_lossy().into_owned()).collect();
    match read_script(file) {
        Ok(source) => {
            let name = file.display().to_string();
            ended(on_big_stack(|| meshagent::run_script(&name, &source, &args, build())))
        }
        Err(text) => {
            eprintln!("meshlite-agent: {text}");
            exit::FAILED
        }
    }
}

/// Serves a `ScriptContainer` of another process and returns the exit code.
pub fn run_container() -> i32 {
    ended(on_big_stack(|| meshagent::run_container(build())))
}

/// The exit code, after a failure of the host itself was told.
pub(super) fn ended(outcome: io::Result<io::Result<i32>>) -> i32 {
    match outcome {
        Ok(Ok(code)) => code,
        Ok(Err(error)) | Err(error) => {
            eprintln!("meshlite-agent: {error}");
            exit::FAILED
        }
    }
}
