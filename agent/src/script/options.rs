//! The command lines of `script`, `eval` and `repl`.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use js_modules::host::Permissions;
use js_modules::host::manifest::Manifest;

use super::Program;
use crate::cli::UsageError;

/// What to run, with what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScriptOptions {
    /// What is run.
    pub program: Program,
    /// `process.argv` after the program.
    pub args: Vec<OsString>,
    /// A manifest whose permissions are all that the script has.
    pub permissions: Option<PathBuf>,
}

impl ScriptOptions {
    /// Without arguments or limits.
    pub fn of(program: Program) -> Self {
        ScriptOptions { program, args: Vec::new(), permissions: None }
    }

    /// `script [--permissions FILE] FILE.js|- [args…]`
    ///
    /// # Errors
    /// The file is missing.
    pub fn of_script(rest: &[OsString]) -> Result<Self, UsageError> {
        let (permissions, rest) = switches(rest)?;
        match rest.split_first() {
            Some((file, args)) => Ok(ScriptOptions {
                program: Program::File(PathBuf::from(file)),
                args: args.to_vec(),
                permissions,
            }),
            None => Err(UsageError::new("script needs a file: meshlite-agent script FILE.js|- [args…]")),
        }
    }

    /// `eval [--permissions FILE] CODE [args…]`
    ///
    /// # Errors
    /// The text is missing or no UTF-8.
    pub fn of_eval(rest: &[OsString], program: fn(String) -> Program) -> Result<Self, UsageError> {
        let (permissions, rest) = switches(rest)?;
        match rest.split_first() {
            Some((code, args)) => {
                Ok(ScriptOptions { program: program(text(code)?), args: args.to_vec(), permissions })
            }
            None => Err(UsageError::new("the code is missing: meshlite-agent eval '6 * 7'")),
        }
    }

    /// `repl [--permissions FILE]`
    ///
    /// # Errors
    /// There is more.
    pub fn of_repl(rest: &[OsString]) -> Result<Self, UsageError> {
        let (permissions, rest) = switches(rest)?;
        match rest.first() {
            None => Ok(ScriptOptions { permissions, ..Self::of(Program::Repl) }),
            Some(extra) => Err(UsageError::new(format!("unexpected argument {extra:?}"))),
        }
    }
}

/// A text of the command line.
///
/// # Errors
/// It is no UTF-8.
pub(super) fn text(text: &OsString) -> Result<String, UsageError> {
    text.to_str().map(str::to_owned).ok_or_else(|| UsageError::new("the script is not UTF-8"))
}

fn switches(rest: &[OsString]) -> Result<(Option<PathBuf>, &[OsString]), UsageError> {
    match rest {
        [switch, file, rest @ ..] if switch == "--permissions" => Ok((Some(PathBuf::from(file)), rest)),
        [switch] if switch == "--permissions" => {
            Err(UsageError::new("--permissions needs a manifest: --permissions FILE.json"))
        }
        [switch, rest @ ..] if switch == "--" => Ok((None, rest)),
        [switch, ..] if switch.to_str().is_some_and(|s| s.starts_with("--")) => Err(UsageError::new(
            format!("there is no option {switch:?}; options of the script come after its file"),
        )),
        rest => Ok((None, rest)),
    }
}

/// Largest manifest.
const MAX_MANIFEST: u64 = 64 << 10;

/// Reads the permissions of a manifest file: a JSON object, as in a core's first comment.
///
/// # Errors
/// A text that says what is wrong and where.
pub(super) fn permissions(file: &Path) -> Result<Permissions, String> {
    let failed = |why: String| format!("{}: {why}", file.display());
    let size = std::fs::metadata(file).map_err(|e| failed(e.to_string()))?.len();
    if size > MAX_MANIFEST {
        return Err(failed(format!("a manifest is at most {MAX_MANIFEST} bytes")));
    }
    let text = std::fs::read_to_string(file).map_err(|e| failed(e.to_string()))?;
    match Manifest::parse(&text) {
        Ok(manifest) => Ok(manifest.permissions),
        Err(error) => Err(failed(error.to_string())),
    }
}
