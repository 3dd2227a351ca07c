//! The number of the last flush, kept outside the database.
//!
//! When the last commit cannot be read, redb goes back to the one before it: that is how it undoes a commit which a
//! power cut tore. It cannot tell a torn commit from a finished one that was damaged later, so a damaged page may
//! take confirmed rows away without a word. Hence every flush is numbered, in the database and in a small file
//! beside it. A database whose number is behind that file has lost something.

use std::fs::File;
use std::io::Read;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use crate::error::StoreError;
use crate::row;

/// The key of the flush number in the database; no table has an empty name.
pub(crate) const FLUSH_KEY: &[u8] = b"\0flush";

/// The file with the number of the last flush that succeeded.
///
/// It is not synced itself: after a power cut it may be behind the database, which says nothing, but never before it.
pub(crate) struct FlushMark {
    path: PathBuf,
    file: File,
    number: u64,
}

impl FlushMark {
    /// Opens the file in the directory of the store, or makes it.
    pub(crate) fn open(dir: &Path) -> Result<FlushMark, StoreError> {
        let path = dir.join("store.flushed");
        let failed = |error| StoreError::io("open", &path, error);
        let mut file = File::options()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .mode(0o600)
            .open(&path)
            .map_err(failed)?;
        let mut content = Vec::new();
        (&mut file).take(64).read_to_end(&mut content).map_err(failed)?;
        // Empty, torn or damaged: then it says nothing.
        let number = number_of(&content).unwrap_or(0);
        Ok(FlushMark { path, file, number })
    }

    /// The number of the last flush.
    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    /// Takes over the number of the database, where the file is behind it.
    pub(crate) fn catch_up(&mut self, number: u64) {
        self.number = self.number.max(number);
    }

    /// Writes down that this flush succeeded.
    pub(crate) fn write(&mut self, number: u64) -> Result<(), StoreError> {
        // The database has it, whether or not the file takes it.
        self.number = number;
        let sealed = sealed(number)?;
        self.file.write_all_at(&sealed, 0).map_err(|error| StoreError::io("write", &self.path, error))
    }
}

/// The row of the database that holds this number.
pub(crate) fn sealed(number: u64) -> Result<Vec<u8>, StoreError> {
    row::seal(FLUSH_KEY, &number.to_be_bytes())
}

/// Reads a number out of its row.
pub(crate) fn number_of(sealed: &[u8]) -> Result<u64, StoreError> {
    row::open(FLUSH_KEY, sealed)?
        .try_into()
        .map(u64::from_be_bytes)
        .map_err(|_| StoreError::Damaged { table: String::new() })
}
