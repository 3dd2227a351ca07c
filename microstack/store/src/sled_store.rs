//! [`Store`] on sled 0.34.7.
//!
//! sled has had no release for years, so it is pinned, kept behind the trait, and watched: every value is checked on
//! every read, and panics inside it while it opens a damaged directory are caught.
//!
//! One fault of sled no checksum can show: when it finds damage while it reads its log, it takes the place for the
//! torn end of an interrupted write and silently forgets everything behind it. So every flush is numbered, in the
//! store and in a small file beside it. A store whose number is behind that file has forgotten something.

use std::fmt;
use std::fs::{File, TryLockError};
use std::io::Read;
use std::os::unix::fs::{DirBuilderExt, FileExt, OpenOptionsExt};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::error::StoreError;
use crate::{Row, Store, Write, row};

/// How a store is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// Upper bound of the memory for cached pages, in bytes.
    pub cache_bytes: u64,
}

impl Default for Options {
    /// 8 MiB, enough for an agent.
    fn default() -> Options {
        Options { cache_bytes: 8 << 20 }
    }
}

/// A store that was opened, and what had to be done for it.
#[derive(Debug)]
pub struct Opened {
    /// The store, ready for use.
    pub store: SledStore,
    /// Where a damaged store was moved to; the open one is then new and empty. Tell the user.
    pub recovered: Option<PathBuf>,
}

/// A [`Store`] in one directory. Dropping it flushes.
pub struct SledStore {
    dir: PathBuf,
    db: sled::Db,
    /// Whether something was written since the last flush began.
    dirty: AtomicBool,
    flushed: Mutex<FlushMark>,
    /// Held as long as the store is open, so that no second process opens it.
    _lock: File,
}

impl SledStore {
    /// Opens the store in `dir` and checks every row; creates it, for this user only, if there is none.
    ///
    /// Several processes must not share a store; a second one is refused.
    ///
    /// # Errors
    ///
    /// [`StoreError::InUse`], or [`StoreError::Io`] when the file system refuses. Damage is no error: see
    /// [`Opened::recovered`].
    pub fn open(dir: impl AsRef<Path>, options: Options) -> Result<Opened, StoreError> {
        let dir = dir.as_ref();
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(dir)
            .map_err(|error| StoreError::io("create the directory", dir, error))?;
        let lock = lock(dir)?;
        let mark = FlushMark::open(dir)?;
        let why = match open_checked(dir, options, mark.number) {
            Ok(db) => {
                return Ok(Opened { store: SledStore::new(dir, db, mark, lock), recovered: None });
            }
            Err(error) if error.is_damage() => error,
            Err(error) => return Err(error),
        };
        let aside = move_aside(dir)?;
        tracing::error!(
            "the store in {} was damaged ({why}); it now lies in {} and a new one was started",
            dir.display(),
            aside.display()
        );
        // Only now: if this is interrupted, the next start must still see that something is missing.
        let mark = mark.reset()?;
        let db = open_checked(dir, options, 0)?;
        Ok(Opened { store: SledStore::new(dir, db, mark, lock), recovered: Some(aside) })
    }

    fn new(dir: &Path, db: sled::Db, mark: FlushMark, lock: File) -> SledStore {
        let dirty = AtomicBool::new(false);
        SledStore { dir: dir.to_owned(), db, dirty, flushed: Mutex::new(mark), _lock: lock }
    }

    /// The directory of the store.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Reads and checks every row. Returns their number.
    ///
    /// # Errors
    ///
    /// The first damage found.
    pub fn verify(&self) -> Result<usize, StoreError> {
        verify(&self.db, &self.dir)
    }

    /// Bytes that the store takes on disk.
    pub fn size_on_disk(&self) -> Result<u64, StoreError> {
        self.db.size_on_disk().map_err(|error| self.error(error))
    }

    fn error(&self, error: sled::Error) -> StoreError {
        sled_error(error, &self.dir)
    }

    fn row(&self, table: &str, entry: sled::Result<(sled::IVec, sled::IVec)>) -> Result<Row, StoreError> {
        let (full, value) = entry.map_err(|error| self.error(error))?;
        let content = row::open(&full, &value)?;
        let (_, key) = row::split(&full).ok_or_else(|| StoreError::Damaged { table: table.to_owned() })?;
        Ok((key.to_vec(), content.to_vec()))
    }
}

impl Store for SledStore {
    fn get(&self, table: &str, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let full = row::key(table, key)?;
        match self.db.get(&full).map_err(|error| self.error(error))? {
            Some(value) => row::open(&full, &value).map(|content| Some(content.to_vec())),
            None => Ok(None),
        }
    }

    fn apply(&self, writes: &[Write]) -> Result<(), StoreError> {
        let mut batch = sled::Batch::default();
        for write in writes {
            match write {
                Write::Put { table, key, value } => {
                    let full = row::key(table, key)?;
                    let sealed = row::seal(&full, value)?;
                    batch.insert(full, sealed);
                }
                Write::Delete { table, key } => batch.remove(row::key(table, key)?),
            }
        }
        self.db.apply_batch(batch).map_err(|error| self.error(error))?;
        self.dirty.store(true, Ordering::Release);
        Ok(())
    }

    fn scan(
        &self,
        table: &str,
        from: &[u8],
        to: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<Row>, StoreError> {
        let start = row::key(table, from)?;
        let end = match to {
            Some(to) => row::key(table, to)?,
            None => row::end_of(table)?,
        };
        if start >= end {
            return Ok(Vec::new());
        }
        self.db.range(start..end).take(limit).map(|entry| self.row(table, entry)).collect()
    }

    fn last(&self, table: &str) -> Result<Option<Row>, StoreError> {
        let range = row::key(table, b"")?..row::end_of(table)?;
        self.db.range(range).next_back().map(|entry| self.row(table, entry)).transpose()
    }

    fn len(&self, table: &str) -> Result<usize, StoreError> {
        let range = row::key(table, b"")?..row::end_of(table)?;
        let mut count = 0;
        for entry in self.db.range(range) {
            entry.map_err(|error| self.error(error))?;
            count += 1;
        }
        Ok(count)
    }

    fn flush(&self) -> Result<(), StoreError> {
        // Threads that flush at the same time queue here; who finds nothing dirty was served by the one before.
        let mut mark = self.flushed.lock().unwrap_or_else(PoisonError::into_inner);
        if !self.dirty.swap(false, Ordering::AcqRel) {
            return Ok(());
        }
        let next = mark.number + 1;
        let done = row::seal(FLUSH_KEY, &next.to_be_bytes())
            .and_then(|value| self.db.insert(FLUSH_KEY, value).map_err(|error| self.error(error)))
            .and_then(|_| self.db.flush().map_err(|error| self.error(error)));
        match done {
            Ok(_) => mark.write(next),
            Err(error) => {
                self.dirty.store(true, Ordering::Release);
                Err(error)
            }
        }
    }
}

impl Drop for SledStore {
    fn drop(&mut self) {
        if let Err(error) = self.flush() {
            tracing::error!("the last writes to the store in {} may be lost: {error}", self.dir.display());
        }
    }
}

impl fmt::Debug for SledStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SledStore({})", self.dir.display())
    }
}

/// The subdirectory that sled has for itself; the lock lies beside it.
const DATA: &str = "data";
const LOCK: &str = "lock";

/// Holds the number of the last flush; no table has an empty name.
const FLUSH_KEY: &[u8] = b"\0flush";

/// The file with the number of the last flush that succeeded.
///
/// It is not synced itself: after a power cut it may be behind the store, which says nothing, but never before it.
struct FlushMark {
    path: PathBuf,
    file: File,
    number: u64,
}

impl FlushMark {
    fn open(dir: &Path) -> Result<FlushMark, StoreError> {
        let path = dir.join("flushed");
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
        let number = row::open(FLUSH_KEY, &content)
            .ok()
            .and_then(|number| number.try_into().ok())
            .map_or(0, u64::from_be_bytes);
        Ok(FlushMark { path, file, number })
    }

    fn write(&mut self, number: u64) -> Result<(), StoreError> {
        let sealed = row::seal(FLUSH_KEY, &number.to_be_bytes())?;
        self.file.write_all_at(&sealed, 0).map_err(|error| StoreError::io("write", &self.path, error))?;
        self.number = number;
        Ok(())
    }

    fn reset(mut self) -> Result<FlushMark, StoreError> {
        self.write(0)?;
        Ok(self)
    }
}

fn lock(dir: &Path) -> Result<File, StoreError> {
    let path = dir.join(LOCK);
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .mode(0o600)
        .open(&path)
        .map_err(|error| StoreError::io("open", &path, error))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StoreError::InUse { dir: dir.to_owned() }),
        Err(TryLockError::Error(error)) => Err(StoreError::io("lock", &path, error)),
    }
}

fn open_checked(dir: &Path, options: Options, flushed: u64) -> Result<sled::Db, StoreError> {
    let config = sled::Config::new()
        .path(dir.join(DATA))
        .cache_capacity(options.cache_bytes)
        // Durability is our own business: see `Store::flush`.
        .flush_every_ms(None);
    // sled asserts where it does not expect damage. Nothing outlives the closure when it panics.
    let opened = catch_unwind(AssertUnwindSafe(|| {
        let db = config.open().map_err(|error| sled_error(error, dir))?;
        verify(&db, dir)?;
        let number = flush_number(&db, dir)?;
        if number < flushed {
            let why = format!("it ends at flush {number} of {flushed}");
            return Err(StoreError::Corrupt(why));
        }
        Ok(db)
    }));
    opened.unwrap_or_else(|_| Err(StoreError::Corrupt("an assertion failed while opening it".to_owned())))
}

fn verify(db: &sled::Db, dir: &Path) -> Result<usize, StoreError> {
    let mut rows = 0;
    for entry in db.iter() {
        let (full, value) = entry.map_err(|error| sled_error(error, dir))?;
        row::open(&full, &value)?;
        rows += usize::from(full != FLUSH_KEY);
    }
    Ok(rows)
}

fn flush_number(db: &sled::Db, dir: &Path) -> Result<u64, StoreError> {
    match db.get(FLUSH_KEY).map_err(|error| sled_error(error, dir))? {
        Some(value) => row::open(FLUSH_KEY, &value)?
            .try_into()
            .map(u64::from_be_bytes)
            .map_err(|_| StoreError::Damaged { table: String::new() }),
        None => Ok(0),
    }
}

fn move_aside(dir: &Path) -> Result<PathBuf, StoreError> {
    let data = dir.join(DATA);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    for attempt in 0..1000 {
        let aside = dir.join(format!("damaged-{}", stamp(now.as_secs() + attempt)));
        if aside.exists() {
            continue;
        }
        std::fs::rename(&data, &aside).map_err(|error| StoreError::io("move aside", &data, error))?;
        return Ok(aside);
    }
    Err(StoreError::Corrupt(format!("there are too many damaged stores in {}", dir.display())))
}

/// A moment in UTC as it stands in file names, for example `20261121T080000Z`.
fn stamp(unix_seconds: u64) -> String {
    let (days, seconds) = (unix_seconds / 86_400, unix_seconds % 86_400);
    // Days to a date by the era method (Hinnant, "chrono-compatible low-level date algorithms").
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_index = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_index + 2) / 5 + 1;
    let month = if month_index < 10 { month_index + 3 } else { month_index - 9 };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    format!("{year:04}{month:02}{day:02}T{:02}{:02}{:02}Z", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

/// Sorts sled's errors: what the operating system refused is not damage.
fn sled_error(error: sled::Error, dir: &Path) -> StoreError {
    match error {
        sled::Error::Io(error) if error.raw_os_error().is_some() => {
            StoreError::io("use the store in", dir, error)
        }
        sled::Error::Io(error) => StoreError::Corrupt(error.to_string()),
        other => StoreError::Corrupt(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_written_as_people_read_it() {
        assert_eq!(stamp(0), "19700101T000000Z");
        assert_eq!(stamp(951_827_696), "20000229T123456Z");
        assert_eq!(stamp(1_795_248_000), "20261121T080000Z");
    }
}
