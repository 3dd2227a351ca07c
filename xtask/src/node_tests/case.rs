//! Runs one test file and says how it ended.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::run::root;

/// How long one file may take. Node's own limit is two minutes on slow machines; the tests are far quicker.
const SECONDS: &str = "20";
/// How much of what a test prints is looked at.
const OUTPUT: u64 = 256 * 1024;
/// How long a recorded reason may be.
const REASON: usize = 140;

/// Flags of a test's first lines that change nothing that the test needs here.
const HARMLESS: &[&str] = &[
    "--no-warnings",
    "--pending-deprecation",
    "--zero-fill-buffers",
    "--test-udp-no-try-send",
    "--noconcurrent_recompilation",
    "--no-concurrent-array-buffer-sweeping",
    "--stack-trace-limit=10",
    "--throw-deprecation",
    "--no-deprecation",
    "--trace-warnings",
    "--unhandled-rejections=strict",
    "--expose-gc",
    "--expose_gc",
];

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    Passed,
    Failed(String),
    Skipped(String),
}

/// Where the programs and folders of a run lie.
pub struct Bench {
    pub agent: PathBuf,
    pub tests: PathBuf,
    pub scratch: PathBuf,
}

impl Bench {
    /// Runs a file as worker `number`, which has a temporary folder and ports of its own.
    pub fn run(&self, file: &str, number: usize) -> Outcome {
        let path = self.tests.join("parallel").join(file);
        let text = fs::read_to_string(&path).unwrap_or_default();
        let flags = flags(&text);
        let unknown = |flag: &&String| !HARMLESS.contains(&flag.as_str()) && !is_internals(flag);
        if let Some(flag) = flags.iter().find(unknown) {
            return Outcome::Skipped(format!("needs {flag}"));
        }
        match self.start(&path, &flags, number) {
            Ok(outcome) => outcome,
            Err(error) => Outcome::Failed(format!("cannot be run: {error}")),
        }
    }

    fn start(&self, path: &Path, flags: &[String], number: usize) -> std::io::Result<Outcome> {
        let printed = self.scratch.join(format!("output-{number}"));
        let complained = self.scratch.join(format!("errors-{number}"));
        // `timeout` ends the test's whole process group, children that it forgot included; the limit on the size of
        // files keeps an endless printer off the disk.
        let status = Command::new("sh")
            .args(["-c", "ulimit -f 600000; exec timeout -s KILL \"$@\"", "sh", SECONDS])
            .arg(&self.agent)
            .arg("script")
            .arg(root().join("tests/node/run.js"))
            .arg(path)
            .args(flags)
            .current_dir(self.tests.join("parallel"))
            .env("NODE_TEST_DIR", &self.scratch)
            .env("TEST_THREAD_ID", number.to_string())
            .env("NODE_SKIP_FLAG_CHECK", "1")
            .env("NO_COLOR", "1")
            .stdin(Stdio::null())
            .stdout(File::create(&printed)?)
            .stderr(File::create(&complained)?)
            .status()?;
        let (printed, complained) = (head(&printed)?, head(&complained)?);
        if let Some(reason) = printed.lines().find_map(|line| line.strip_prefix("1..0 # Skipped: ")) {
            return Ok(Outcome::Skipped(self.plain(reason)));
        }
        Ok(match status.code() {
            Some(0) => Outcome::Passed,
            // `timeout` ends itself with the group.
            None | Some(137) => Outcome::Failed(format!("did not end within {SECONDS} s")),
            code => {
                let all = format!("{complained}\n{printed}");
                let end = code.map_or_else(|| status.to_string(), |code| format!("exit code {code}"));
                Outcome::Failed(first_error(&all).map_or(end, |line| self.plain(&line)))
            }
        })
    }

    /// A reason without what differs from run to run or from machine to machine.
    fn plain(&self, line: &str) -> String {
        let line = line.replace(&*self.tests.to_string_lossy(), "test");
        let line = line.replace(&*self.scratch.to_string_lossy(), "tmp").replace('\t', " ");
        match line.char_indices().nth(REASON) {
            Some((end, _)) => format!("{}…", &line[..end]),
            None => line,
        }
    }
}

/// `run.js` gives the tests what the host has of the internals that they ask for, and skips those that need more.
fn is_internals(flag: &str) -> bool {
    flag.replace('_', "-") == "--expose-internals"
}

/// The words of a `// Flags:` line.
fn flags(text: &str) -> Vec<String> {
    let line = text.lines().take(40).find_map(|line| line.strip_prefix("// Flags:"));
    line.unwrap_or_default().split_whitespace().map(str::to_owned).collect()
}

fn head(path: &Path) -> std::io::Result<String> {
    let mut bytes = Vec::new();
    File::open(path)?.take(OUTPUT).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// What went wrong, in one line: the report of the uncaught error without its place, else the first lines.
fn first_error(text: &str) -> Option<String> {
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    // A report of `node:test` names the error below the line of the test.
    let uncaught = lines.iter().position(|line| line.starts_with("Uncaught ") || line.starts_with("error: "));
    let mut lines = lines.into_iter().skip(uncaught.unwrap_or(0)).take_while(|line| !line.starts_with("at "));
    let first = lines.next()?;
    let first = first.strip_prefix("Uncaught ").unwrap_or(first);
    let first = match first.split_once(' ') {
        Some((place, rest)) if place.contains(':') && !place.ends_with(':') => rest,
        _ => first,
    };
    let rest: Vec<&str> = lines.take(6).collect();
    Some(format!("{first} {}", rest.join(" ")).trim_end().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_are_the_words_after_the_mark() {
        assert_eq!(
            flags("'use strict';\n// Flags: --expose-gc --no-warnings\n"),
            ["--expose-gc", "--no-warnings"]
        );
        assert!(flags("// no flags").is_empty());
    }

    #[test]
    fn the_reason_is_the_uncaught_error_without_its_place() {
        let text = "warning\nUncaught node:internal/errors:6:19 Error: no\n    at x";
        assert_eq!(first_error(text), Some("Error: no".to_owned()));
        assert_eq!(first_error("\nUncaught TypeError: no"), Some("TypeError: no".to_owned()));
        assert_eq!(first_error("\nhello\nyou"), Some("hello you".to_owned()));
        assert_eq!(first_error(""), None);
    }
}
