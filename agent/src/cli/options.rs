//! Options of the commands. Read by hand: the supervisor's memory has no room for an argument library.

use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use crate::{Args, log};

/// Options of `run` and `connect`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunOptions {
    /// Where the `.msh` file is, if it was said.
    pub msh: Option<PathBuf>,
    /// The state directory, if it was said.
    pub state: Option<PathBuf>,
    /// How long a turn of the chain may take.
    pub turn_budget: Duration,
    /// Heap limit of the worker in bytes.
    pub memory_limit: Option<usize>,
    /// Upper bound of all waits of the channel, for tests that need thousands of failed connections.
    pub pace: Option<Duration>,
    /// Set by the supervisor: the worker before this one failed, and the newest entry of the history says how.
    pub after_crash: bool,
    /// `connect`: the server forgets the device when it leaves.
    pub temporary: bool,
    /// Log level.
    pub log: tracing::Level,
    /// `--key=value` pairs for scripts.
    pub start_options: Vec<(String, String)>,
}

/// Options of `id`, `status` and their old forms.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct IdOptions {
    /// The state directory, if it was said.
    pub state: Option<PathBuf>,
    /// Machine-readable output.
    pub json: bool,
}

/// Arguments that make no sense, and what to write instead.
#[derive(Debug, PartialEq, Eq)]
pub struct UsageError(String);

impl UsageError {
    /// An error with this text for the user.
    pub fn new(text: impl Into<String>) -> UsageError {
        UsageError(text.into())
    }
}

impl fmt::Display for UsageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for UsageError {}

/// The hidden option by which the supervisor tells a worker that the one before it failed.
pub const AFTER_CRASH: &str = "--after-crash";

/// Reads `run …` or `connect …`, the command's name included.
pub fn run_options(args: &Args) -> Result<RunOptions, UsageError> {
    let mut options = RunOptions {
        msh: None,
        state: None,
        turn_budget: DEFAULT_TURN_BUDGET,
        memory_limit: Some(DEFAULT_MEMORY_MIB << 20),
        pace: None,
        after_crash: false,
        temporary: args.first().is_some_and(|a| a == "connect"),
        log: tracing::Level::INFO,
        start_options: Vec::new(),
    };
    let mut words = Words::of(&args[args.len().min(1)..]);
    while let Some(word) = words.next()? {
        match word.name.as_str() {
            "--msh" => options.msh = Some(words.path(word, "a file")?),
            "--state" => options.state = Some(words.path(word, "a directory")?),
            AFTER_CRASH if word.value.is_none() => options.after_crash = true,
            "--turn-budget" => {
                let seconds = words.number(word, "seconds", 1, 3600)?;
                options.turn_budget = Duration::from_secs(seconds);
            }
            "--pace" => {
                options.pace = Some(Duration::from_millis(words.number(word, "milliseconds", 1, 600_000)?));
            }
            "--memory-limit" => {
                let mib = words.number(word, "MiB, or 0 for no limit", 0, 1 << 20)? as usize;
                options.memory_limit = match mib {
                    0 => None,
                    64.. => Some(mib << 20),
                    _ => {
                        return Err(UsageError::new(
                            "--memory-limit must be 64 MiB or more, or 0 for no limit",
                        ));
                    }
                };
            }
            "--log" => {
                let text = words.text(word, "a level")?;
                options.log = log::level(&text).ok_or_else(|| {
                    UsageError::new(format!(
                        "--log {text}: there is no such level; choose error, warn, info, debug or trace"
                    ))
                })?;
            }
            name => match (&word.value, SCRIPT_KEYS.contains(&name.trim_start_matches('-'))) {
                (Some(value), true) => {
                    let value = value.to_string_lossy().trim_matches('"').to_owned();
                    options.start_options.push((name.trim_start_matches('-').to_owned(), value));
                }
                _ => return Err(UsageError::new(format!("run does not know the argument {name}"))),
            },
        }
    }
    Ok(options)
}

/// Reads the options of `id` and `status`.
pub fn id_options(args: &Args) -> Result<IdOptions, UsageError> {
    let mut options = IdOptions::default();
    let mut words = Words::of(args);
    while let Some(word) = words.next()? {
        match (word.name.as_str(), &word.value) {
            ("--state", _) => options.state = Some(words.path(word, "a directory")?),
            ("--json", None) => options.json = true,
            (name, _) => {
                return Err(UsageError::new(format!("this command does not know the argument {name}")));
            }
        }
    }
    Ok(options)
}

/// One argument: `--name`, or `--name=value`.
struct Word {
    name: String,
    value: Option<OsString>,
}

struct Words<'a> {
    rest: &'a [OsString],
}

impl<'a> Words<'a> {
    fn of(rest: &'a [OsString]) -> Words<'a> {
        Words { rest }
    }

    fn next(&mut self) -> Result<Option<Word>, UsageError> {
        let Some((word, rest)) = self.rest.split_first() else {
            return Ok(None);
        };
        self.rest = rest;
        let bytes = word.as_encoded_bytes();
        let (name, value) = match bytes.iter().position(|b| *b == b'=') {
            Some(at) if bytes.starts_with(b"--") => {
                use std::os::unix::ffi::OsStrExt;
                (&bytes[..at], Some(std::ffi::OsStr::from_bytes(&bytes[at + 1..]).to_owned()))
            }
            _ => (bytes, None),
        };
        match std::str::from_utf8(name) {
            Ok(name) => Ok(Some(Word { name: name.to_owned(), value })),
            Err(_) => Err(UsageError::new(format!("the argument {word:?} is not understood"))),
        }
    }

    /// The value of an option: behind its `=`, or the next argument.
    fn value(&mut self, word: Word, what: &str) -> Result<OsString, UsageError> {
        let missing = || UsageError::new(format!("{} needs {what}", word.name));
        let value = match word.value {
            Some(value) => value,
            None => {
                let (value, rest) = self.rest.split_first().ok_or_else(missing)?;
                self.rest = rest;
                value.clone()
            }
        };
        if value.is_empty() { Err(missing()) } else { Ok(value) }
    }

    fn path(&mut self, word: Word, what: &str) -> Result<PathBuf, UsageError> {
        self.value(word, what).map(PathBuf::from)
    }

    fn text(&mut self, word: Word, what: &str) -> Result<String, UsageError> {
        let name = word.name.clone();
        let value = self.value(word, what)?;
        value.into_string().map_err(|_| UsageError::new(format!("{name} needs {what} in UTF-8")))
    }

    fn number(&mut self, word: Word, what: &str, least: u64, most: u64) -> Result<u64, UsageError> {
        let name = word.name.clone();
        let text = self.text(word, what)?;
        match text.parse() {
            Ok(number) if (least..=most).contains(&number) => Ok(number),
            _ => Err(UsageError::new(format!("{name} {text}: give {what}, from {least} to {most}"))),
        }
    }
}

/// Start options of MeshAgent that change nothing here but that scripts may ask for.
const SCRIPT_KEYS: [&str; 12] = [
    "configUsesCWD",
    "readonly",
    "disableUpdate",
    "forceUpdate",
    "logUpdate",
    "noUpdateCoreModule",
    "agentName",
    "meshServiceName",
    "companyName",
    "displayName",
    "WebProxy",
    "slave",
];

const DEFAULT_TURN_BUDGET: Duration = Duration::from_secs(10);
const DEFAULT_MEMORY_MIB: usize = 512;

#[cfg(test)]
mod tests {
    use super::*;

    fn args(list: &[&str]) -> Vec<OsString> {
        list.iter().map(OsString::from).collect()
    }

    #[test]
    fn both_ways_to_write_a_value_work() {
        let one = run_options(&args(&["run", "--msh", "a.msh", "--state=/s", "--turn-budget=3"])).unwrap();
        assert_eq!(one.msh, Some(PathBuf::from("a.msh")));
        assert_eq!(one.state, Some(PathBuf::from("/s")));
        assert_eq!(one.turn_budget, Duration::from_secs(3));
        assert!(!one.temporary);
        assert!(run_options(&args(&["connect"])).unwrap().temporary);
    }

    #[test]
    fn every_wrong_option_is_named() {
        for (list, part) in [
            (&["run", "--msh"][..], "--msh needs a file"),
            (&["run", "--msh="], "--msh needs a file"),
            (&["run", "--mhs=x"], "does not know the argument --mhs"),
            (&["run", "extra"], "does not know the argument extra"),
            (&["run", "--turn-budget", "0"], "from 1 to 3600"),
            (&["run", "--turn-budget", "abc"], "--turn-budget abc"),
            (&["run", "--memory-limit=5"], "64 MiB or more"),
            (&["run", "--log", "loud"], "no such level"),
        ] {
            let text = run_options(&args(list)).unwrap_err().to_string();
            assert!(text.contains(part), "{list:?}: {text}");
        }
        assert!(id_options(&args(&["--jsn"])).unwrap_err().to_string().contains("--jsn"));
    }

    #[test]
    fn values_for_scripts_lose_their_quotes() {
        let options = run_options(&args(&["run", "--meshServiceName=\"x y\""])).unwrap();
        assert_eq!(options.start_options, [("meshServiceName".to_owned(), "x y".to_owned())]);
    }
}
