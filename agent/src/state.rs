//! The state directory: where it is, what is in it, and who may use it now.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::FlockOperation;

/// The directory that holds everything an agent must keep.
#[derive(Debug, Clone)]
pub struct StateDir(PathBuf);

/// Why the state directory cannot be used.
#[derive(Debug)]
#[non_exhaustive]
pub enum StateError {
    /// Nobody said where, and there is no home directory.
    NoPlace,
    /// It could not be made, read or written.
    Io { path: PathBuf, error: io::Error },
    /// Another agent uses it.
    InUse { path: PathBuf, pid: Option<u32> },
}

impl StateDir {
    /// The directory to use: `given`, else `$STATE_DIRECTORY` (systemd), else `/var/lib/meshlite` for root and
    /// `$XDG_STATE_HOME/meshlite` or `~/.local/state/meshlite` for others.
    ///
    /// # Errors
    /// [`StateError::NoPlace`] when none of these can be found.
    pub fn choose(given: Option<&Path>) -> Result<StateDir, StateError> {
        let variable = |name: &str| std::env::var_os(name).filter(|v| !v.is_empty()).map(PathBuf::from);
        let path = if let Some(given) = given {
            given.to_owned()
        } else if let Some(path) = variable("STATE_DIRECTORY") {
            path
        } else if rustix::process::geteuid().is_root() {
            PathBuf::from("/var/lib/meshlite")
        } else if let Some(path) = variable("XDG_STATE_HOME") {
            path.join("meshlite")
        } else {
            variable("HOME").ok_or(StateError::NoPlace)?.join(".local/state/meshlite")
        };
        // The worker must find the same place whatever its working directory becomes.
        let path = std::path::absolute(&path).map_err(|error| StateError::Io { path, error })?;
        Ok(StateDir(path))
    }

    /// Makes the directory, mode 0700, with its parents, if it is not there.
    ///
    /// # Errors
    /// [`StateError::Io`] names the path.
    pub fn create(&self) -> Result<(), StateError> {
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&self.0)
            .map_err(|error| StateError::Io { path: self.0.clone(), error })
    }

    /// Claims the directory until the returned file is dropped or the process ends.
    ///
    /// # Errors
    /// [`StateError::InUse`] with the other agent's process id.
    pub fn lock(&self) -> Result<File, StateError> {
        let path = self.0.join("lock");
        let fail = |error| StateError::Io { path: path.clone(), error };
        let mut file = fs::OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&path)
            .map_err(fail)?;
        match rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(rustix::io::Errno::WOULDBLOCK) => {
                return Err(StateError::InUse { path: self.0.clone(), pid: read_pid(&mut file) });
            }
            Err(error) => return Err(fail(error.into())),
        }
        file.set_len(0).and_then(|()| writeln!(file, "{}", std::process::id())).map_err(fail)?;
        Ok(file)
    }

    /// The process id of the agent that uses the directory now.
    pub fn user(&self) -> Option<u32> {
        let mut file = File::open(self.0.join("lock")).ok()?;
        match rustix::fs::flock(&file, FlockOperation::NonBlockingLockShared) {
            Ok(()) => None,
            Err(_) => read_pid(&mut file),
        }
    }

    /// The directory.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// The identity, mode 0600.
    pub fn identity_file(&self) -> PathBuf {
        self.0.join("identity.key")
    }

    /// The embedded store.
    pub fn store(&self) -> PathBuf {
        self.0.join("store")
    }

    /// Failures and good cores.
    pub fn history_file(&self) -> PathBuf {
        self.0.join("core-history")
    }

    /// What `status` shows.
    pub fn status_file(&self) -> PathBuf {
        self.0.join("status.json")
    }

    /// The one crash report that is kept.
    pub fn crash_report(&self) -> PathBuf {
        self.0.join("crash-report.txt")
    }
}

impl fmt::Display for StateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StateError::NoPlace => {
                f.write_str("there is no state directory: HOME is not set; give one with --state DIR")
            }
            StateError::Io { path, error } => write!(
                f,
                "the state directory cannot be used: {}: {error}; give another with --state DIR or mend its permissions",
                path.display()
            ),
            StateError::InUse { path, pid } => {
                write!(f, "another agent")?;
                if let Some(pid) = pid {
                    write!(f, " (process {pid})")?;
                }
                write!(
                    f,
                    " uses the state directory {}; stop it, or give another directory with --state DIR",
                    path.display()
                )
            }
        }
    }
}

impl std::error::Error for StateError {}

/// Replaces a file in one step; after a power cut either the old or the new content is there.
pub fn replace_file(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut new = path.as_os_str().to_owned();
    new.push(".new");
    let new = PathBuf::from(new);
    let mut file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&new)?;
    file.write_all(bytes)?;
    file.sync_data()?;
    drop(file);
    fs::rename(&new, path)
}

/// Reads a file of at most `limit` bytes; a longer one is an error, not a surprise.
pub fn read_bounded(path: &Path, limit: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(limit as u64 + 1).read_to_end(&mut bytes)?;
    if bytes.len() > limit {
        let text = format!("the file is larger than {limit} bytes; is it the right file?");
        return Err(io::Error::new(io::ErrorKind::InvalidData, text));
    }
    Ok(bytes)
}

fn read_pid(file: &mut File) -> Option<u32> {
    let mut text = String::new();
    file.rewind().ok()?;
    file.take(20).read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_agent_at_a_time_and_the_other_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let state = StateDir::choose(Some(&dir.path().join("a/b"))).unwrap();
        state.create().unwrap();
        assert_eq!(state.user(), None);
        let held = state.lock().unwrap();
        match state.lock() {
            Err(StateError::InUse { pid, .. }) => assert_eq!(pid, Some(std::process::id())),
            other => panic!("{other:?}"),
        }
        assert_eq!(state.user(), Some(std::process::id()));
        drop(held);
        assert!(state.lock().is_ok());
    }

    #[test]
    fn a_file_is_replaced_whole_and_read_within_its_bound() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x");
        replace_file(&path, b"first").unwrap();
        replace_file(&path, b"second").unwrap();
        assert_eq!(read_bounded(&path, 6).unwrap(), b"second");
        assert!(read_bounded(&path, 5).is_err());
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "no rest is left behind");
    }
}
