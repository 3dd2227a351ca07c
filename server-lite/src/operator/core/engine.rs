//! `core check` and `core test`: the script engine is in `meshlite-agent`, which this tool starts.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use serde_json::Value;

use crate::operator::error::OperatorError;

/// Checks files; the worst exit code counts.
pub fn check(files: &[PathBuf], json: bool) -> Result<ExitCode, OperatorError> {
    let program = program()?;
    let mut worst = 0;
    for file in files {
        let mut command = Command::new(&program);
        command.arg("core-check");
        if json {
            command.arg("--json");
        }
        worst = worst.max(run(command.arg(file))?);
    }
    Ok(ExitCode::from(worst))
}

/// Runs the tests of a core.
pub fn test(place: &Path) -> Result<ExitCode, OperatorError> {
    run(Command::new(program()?).arg("core-test").arg(place)).map(ExitCode::from)
}

/// What a check found, as `core-check --json` says it; `None` without an engine on this machine.
pub fn findings(file: &Path) -> Option<Value> {
    let output = Command::new(program().ok()?)
        .args([OsStr::new("core-check"), OsStr::new("--json")])
        .arg(file)
        .output();
    serde_json::from_slice(&output.ok()?.stdout).ok()
}

fn run(command: &mut Command) -> Result<u8, OperatorError> {
    let status = command.status().map_err(|error| OperatorError::File {
        what: "start",
        path: command.get_program().into(),
        error,
    })?;
    // Ended by a signal: failed.
    Ok(status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1))
}

/// `meshlite-agent`: where the environment says, beside this program, or on the path.
fn program() -> Result<PathBuf, OperatorError> {
    if let Some(said) = std::env::var_os("MESHLITE_AGENT") {
        return Ok(said.into());
    }
    let beside = std::env::current_exe().ok().and_then(|own| Some(own.parent()?.to_owned()));
    let path = std::env::var_os("PATH").unwrap_or_default();
    beside
        .into_iter()
        .chain(std::env::split_paths(&path))
        .map(|folder| folder.join(NAME))
        .find(|program| program.is_file())
        .ok_or_else(|| {
            OperatorError::Failed(format!(
                "the script engine, {NAME}, is neither beside this program nor on the path; install it, or say where \
                 it is with MESHLITE_AGENT=/path/to/{NAME}"
            ))
        })
}

const NAME: &str = "meshlite-agent";
