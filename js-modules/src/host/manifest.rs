//! The manifest at the head of a core: who it is, what it may do, how much it may use.
//!
//! It is the first comment of the core's text, so that it travels with the core and is covered by its hash:
//!
//! ```js
//! /* meshlite-core
//! { "name": "tail-journal", "version": "1.0.0",
//!   "permissions": { "fs.read": ["/var/log"], "net": ["example.com:443"], "exec": ["id"] },
//!   "budget": { "turn_ms": 5000, "memory_mb": 64, "timers": 1000, "handles": 256 } }
//! */
//! ```
//!
//! What is not listed is not granted. A core without a manifest is one of MeshCentral's and gets everything.

use std::fmt;
use std::path::Path;
use std::time::Duration;

use serde::Deserialize;

use super::net_pattern::NetPattern;
use super::{Allow, Budget, Permissions, memory};

/// The word that begins the comment.
pub const MARK: &str = "meshlite-core";

/// The largest manifest, in bytes.
pub const MAX_BYTES: usize = 64 << 10;

/// Entries of one list.
pub const MAX_ENTRIES: usize = 256;

/// Where bare program names are looked for, in this order.
const PROGRAM_FOLDERS: &[&str] =
    &["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];

/// A core's manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest {
    /// The core's name: letters, digits, `.`, `_` and `-`.
    pub name: String,
    /// The core's version, for people.
    pub version: String,
    /// What it may do.
    pub permissions: Permissions,
    /// What it limits itself to.
    pub limits: Limits,
}

/// Limits of a manifest; each only lowers what the agent gives.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Time for one turn, in milliseconds.
    pub turn_ms: Option<u64>,
    /// Memory beyond what the agent holds when the core starts, in MiB.
    pub memory_mb: Option<u64>,
    /// Live timers.
    pub timers: Option<usize>,
    /// Sockets, children and other handles; and open files.
    pub handles: Option<usize>,
}

/// Why a manifest is refused. The core does not run then.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ManifestError {
    /// A manifest that is not the first comment would be overlooked, and the core granted everything.
    NotFirst,
    /// The comment has no end.
    Unfinished,
    /// Larger than [`MAX_BYTES`].
    TooLarge,
    /// No JSON, an unknown key, a key twice or a wrong type; the text names place and choice.
    Json(String),
    /// A value that cannot be meant.
    Value {
        /// Where, such as `permissions.net`.
        key: String,
        /// What is wrong and what to write.
        problem: String,
    },
}

impl fmt::Display for ManifestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the core's manifest: ")?;
        match self {
            ManifestError::NotFirst => {
                write!(f, "`/* {MARK}` must be the first comment of the core; move it to the top")
            }
            ManifestError::Unfinished => {
                f.write_str("the comment has no `*/`; add it behind the JSON object")
            }
            ManifestError::TooLarge => write!(f, "it is larger than {MAX_BYTES} bytes; shorten its lists"),
            ManifestError::Json(text) => write!(f, "{text}; correct the JSON object behind `{MARK}`"),
            ManifestError::Value { key, problem } => write!(f, "`{key}`: {problem}"),
        }
    }
}

impl std::error::Error for ManifestError {}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    name: String,
    version: String,
    #[serde(default)]
    permissions: Grants,
    #[serde(default)]
    budget: Limits,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Grants {
    #[serde(default, rename = "fs.read")]
    fs_read: Vec<String>,
    #[serde(default, rename = "fs.write")]
    fs_write: Vec<String>,
    #[serde(default)]
    net: Vec<String>,
    #[serde(default)]
    exec: Vec<String>,
    #[serde(default)]
    ffi: Vec<String>,
    #[serde(default)]
    env: Vec<String>,
    #[serde(default)]
    store: bool,
    #[serde(default)]
    identity: bool,
}

impl Manifest {
    /// Finds the manifest in a core's text; `None` when it has none.
    ///
    /// # Errors
    /// [`ManifestError`] says what to change.
    pub fn find(core: &str) -> Result<Option<Manifest>, ManifestError> {
        match comment(core)? {
            Some(json) => Self::parse(json).map(Some),
            None => Ok(None),
        }
    }

    /// Reads the JSON object alone.
    ///
    /// # Errors
    /// As [`Manifest::find`].
    pub fn parse(json: &str) -> Result<Manifest, ManifestError> {
        if json.len() > MAX_BYTES {
            return Err(ManifestError::TooLarge);
        }
        let written: Written =
            serde_json::from_str(json).map_err(|error| ManifestError::Json(error.to_string()))?;
        let word = |text: &str, extra: &str| {
            let fits = |c: char| c.is_ascii_alphanumeric() || extra.contains(c);
            (1..=64).contains(&text.len()) && text.chars().all(fits)
        };
        if !word(&written.name, "._-") {
            return Err(value("name", "write 1 to 64 letters, digits, `.`, `_` or `-`"));
        }
        if !word(&written.version, "._-+") {
            return Err(value("version", "write a version such as `1.0.0`"));
        }
        written.budget.check()?;
        let grants = written.permissions;
        let permissions = Permissions {
            fs_read: list("fs.read", grants.fs_read, |path| folder(&path))?,
            fs_write: list("fs.write", grants.fs_write, |path| folder(&path))?,
            net: list("net", grants.net, |host| match NetPattern::parse(&host) {
                Ok(_) => Ok(vec![host]),
                Err(error) => Err(error.to_string()),
            })?,
            exec: list("exec", grants.exec, program)?,
            ffi: list("ffi", grants.ffi, |library| {
                if library.starts_with('/') || !library.contains('/') {
                    Ok(vec![library])
                } else {
                    Err(format!("{library:?} is relative; write a library's name or its absolute path"))
                }
            })?,
            env: list("env", grants.env, |name| {
                if name.contains('=') {
                    Err(format!("{name:?} has a `=`; list names only"))
                } else {
                    Ok(vec![name])
                }
            })?,
            store: grants.store,
            identity: grants.identity,
        };
        Ok(Manifest { name: written.name, version: written.version, permissions, limits: written.budget })
    }

    /// The agent's budget lowered to this manifest's limits.
    pub fn budget(&self, agent: Budget) -> Budget {
        let Limits { turn_ms, memory_mb, timers, handles } = self.limits;
        let lower = |mine: Option<usize>, agents: usize| mine.map_or(agents, |n| n.min(agents));
        let turn = turn_ms.map(Duration::from_millis);
        let memory = memory_mb.map(|mib| memory::resident_bytes() + (mib << 20));
        let memory_bytes = [memory, agent.memory_bytes].into_iter().flatten().min();
        Budget {
            turn: [turn, agent.turn].into_iter().flatten().min(),
            memory_bytes,
            max_timers: lower(timers, agent.max_timers),
            max_handles: lower(handles, agent.max_handles),
            ..agent
        }
    }
}

impl Limits {
    fn check(&self) -> Result<(), ManifestError> {
        let within = |key: &str, value: Option<u64>, least: u64, most: u64| match value {
            Some(n) if !(least..=most).contains(&n) => {
                Err(self::value(&format!("budget.{key}"), &format!("{n} is not between {least} and {most}")))
            }
            _ => Ok(()),
        };
        within("turn_ms", self.turn_ms, 10, 3_600_000)?;
        within("memory_mb", self.memory_mb, 1, 65_536)?;
        within("timers", self.timers.map(|n| n as u64), 0, 1_000_000)?;
        within("handles", self.handles.map(|n| n as u64), 0, 65_536)
    }
}

/// The text of the manifest comment, if the first comment is one.
fn comment(core: &str) -> Result<Option<&str>, ManifestError> {
    let mut rest = core.strip_prefix('\u{feff}').unwrap_or(core).trim_start();
    while rest.starts_with("//") || rest.starts_with("#!") {
        rest = rest.split_once('\n').map_or("", |(_, next)| next).trim_start();
    }
    if let Some(body) = rest.strip_prefix("/*")
        && let Some(body) = marked(body)
    {
        return match body.split_once("*/") {
            Some((json, _)) => Ok(Some(json)),
            None => Err(ManifestError::Unfinished),
        };
    }
    if core.match_indices("/*").any(|(at, _)| marked(&core[at + 2..]).is_some()) {
        return Err(ManifestError::NotFirst);
    }
    Ok(None)
}

/// What follows the mark, when a comment begins with it.
fn marked(body: &str) -> Option<&str> {
    let rest = body.trim_start_matches([' ', '\t', '\r', '\n', '*']).strip_prefix(MARK)?;
    rest.starts_with(|c: char| c.is_whitespace() || c == '{').then_some(rest)
}

fn value(key: &str, problem: &str) -> ManifestError {
    ManifestError::Value { key: key.to_owned(), problem: problem.to_owned() }
}

/// Checks a list; `*` alone is everything.
fn list(
    key: &str,
    entries: Vec<String>,
    check: impl Fn(String) -> Result<Vec<String>, String>,
) -> Result<Allow, ManifestError> {
    let key = format!("permissions.{key}");
    if entries.len() > MAX_ENTRIES {
        return Err(value(
            &key,
            &format!("more than {MAX_ENTRIES} entries; list folders or patterns instead"),
        ));
    }
    if entries.is_empty() {
        return Ok(Allow::Nothing);
    }
    if entries == ["*"] {
        return Ok(Allow::Everything);
    }
    let mut names = Vec::new();
    for entry in entries {
        if entry.is_empty() || entry.len() > 4096 || entry.contains('\0') {
            return Err(value(&key, "an entry is empty, longer than 4096 bytes or has a null byte"));
        }
        if entry == "*" {
            return Err(value(&key, "`*` means everything and stands alone"));
        }
        names.extend(check(entry).map_err(|problem| value(&key, &problem))?);
    }
    Ok(Allow::only(names))
}

/// A folder as written and as it is without links: natives compare paths without links.
fn folder(path: &str) -> Result<Vec<String>, String> {
    if !path.starts_with('/') || Path::new(path).components().any(|part| part.as_os_str() == "..") {
        return Err(format!("{path:?} is not absolute or has `..`; write the full path"));
    }
    let real = Path::new(path).canonicalize().ok().and_then(|real| real.to_str().map(str::to_owned));
    Ok([Some(path.to_owned()), real].into_iter().flatten().collect())
}

/// A program by its path, or a name that is looked for now: a later file of that name elsewhere is not granted.
fn program(name: String) -> Result<Vec<String>, String> {
    if name.starts_with('/') {
        return Ok(vec![name]);
    }
    if name.contains('/') {
        return Err(format!("{name:?} is relative; write a program's name or its absolute path"));
    }
    let found = PROGRAM_FOLDERS
        .iter()
        .map(|folder| format!("{folder}/{name}"))
        .find(|path| Path::new(path).is_file());
    Ok([Some(name), found].into_iter().flatten().collect())
}

#[cfg(test)]
mod tests;
