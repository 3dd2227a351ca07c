//! Why the store gave no answer.

use std::fmt;
use std::path::PathBuf;

/// Why the store gave no answer.
#[non_exhaustive]
#[derive(Debug)]
pub enum StoreError {
    /// Another process has the store open.
    InUse {
        /// The directory.
        dir: PathBuf,
    },
    /// The file system refused. Usual causes: disk full, wrong owner.
    Io {
        /// What was attempted.
        what: &'static str,
        /// Where.
        path: PathBuf,
        /// What the system said.
        error: std::io::Error,
    },
    /// A value is not the one that was written; opening the store anew moves the damage aside.
    Damaged {
        /// The table it is in.
        table: String,
    },
    /// The structure of the store is damaged; opening it anew moves it aside.
    Corrupt(String),
    /// A table name is empty or over 64 bytes, or a key or value over its cap.
    TooLarge {
        /// Table name, key or value.
        what: &'static str,
        /// The cap in bytes.
        limit: usize,
        /// Bytes given.
        got: usize,
    },
}

impl StoreError {
    pub(crate) fn io(what: &'static str, path: impl Into<PathBuf>, error: std::io::Error) -> StoreError {
        StoreError::Io { what, path: path.into(), error }
    }

    /// Whether the content of the store is at fault, not its surroundings.
    pub fn is_damage(&self) -> bool {
        matches!(self, StoreError::Damaged { .. } | StoreError::Corrupt(_))
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StoreError::InUse { dir } => write!(
                f,
                "the store in {} is in use by another process; stop that one, or choose another directory",
                dir.display()
            ),
            StoreError::Io { what, path, error } => write!(
                f,
                "cannot {what} {}: {error}; check free space, owner and mount options",
                path.display()
            ),
            StoreError::Damaged { table } => write!(
                f,
                "a value in the table \"{table}\" is damaged and was not used; restart the program, it will \
                 move the store aside and begin a new one"
            ),
            StoreError::Corrupt(why) => write!(
                f,
                "the store is damaged ({why}); restart the program, it will move the store aside and begin a \
                 new one"
            ),
            StoreError::TooLarge { what, limit, got } => {
                write!(f, "a {what} of {got} bytes cannot be stored; 1 to {limit} are possible")
            }
        }
    }
}

impl std::error::Error for StoreError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            StoreError::Io { error, .. } => Some(error),
            _ => None,
        }
    }
}
