//! [`Store`] on redb: one file, no thread of its own.
//!
//! Writes gather in memory (see [`crate::pending`]) and a flush commits them all. So a writer never waits for the disk
//! while another thread flushes, although redb has one writer at a time.

use std::fmt;
use std::fs::{File, TryLockError};
use std::ops::Range;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError, RwLock};

use redb::{Database, ReadableTableMetadata};

use crate::aside::move_aside;
use crate::database::{self, Failure, Rows, guarded};
use crate::error::StoreError;
use crate::flush_mark::{FLUSH_KEY, FlushMark};
use crate::pending::Pending;
use crate::{Row, Store, Write, row};

/// How a store is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// Upper bound of the memory for cached pages, in bytes.
    pub cache_bytes: u64,
}

impl Default for Options {
    /// 512 KiB, enough for an agent; the kernel caches the file as well.
    fn default() -> Options {
        Options { cache_bytes: 512 << 10 }
    }
}

/// A store that was opened, and what had to be done for it.
#[derive(Debug)]
pub struct Opened {
    /// The store, ready for use.
    pub store: DiskStore,
    /// Where a damaged store was moved to; the open one is then new and empty. Tell the user.
    pub recovered: Option<PathBuf>,
}

/// A [`Store`] in one directory. Dropping it flushes.
///
/// After a failed read or write (disk full, say) it opens its file anew when it is next used; writes that were not
/// flushed yet are kept in memory for that time.
pub struct DiskStore {
    dir: PathBuf,
    options: Options,
    // Taken in this order: flushed, current, pending.
    flushed: Mutex<FlushMark>,
    current: RwLock<Current>,
    pending: RwLock<Pending>,
    /// Held as long as the store is open, so that no second process opens it.
    _lock: File,
}

impl DiskStore {
    /// Opens the store in `dir` and checks it; creates it, for this user only, if there is none.
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
        let mut mark = FlushMark::open(dir)?;
        let mut recovered = None;
        let (db, number) = match database::open(dir, options.cache_bytes, mark.number()) {
            Err(error) if error.is_damage() => {
                let aside = move_aside(&dir.join(database::FILE))?;
                tracing::error!(
                    "the store in {} was damaged ({error}); it is now {} and a new one was started",
                    dir.display(),
                    aside.display()
                );
                // Only now: if this is interrupted, the next start must still see that something is missing.
                mark.write(0)?;
                recovered = Some(aside);
                database::open(dir, options.cache_bytes, 0)?
            }
            other => other?,
        };
        mark.catch_up(number);
        let store = DiskStore {
            dir: dir.to_owned(),
            options,
            flushed: Mutex::new(mark),
            current: RwLock::new(Current { db: Some(db), opened: 1 }),
            pending: RwLock::default(),
            _lock: lock,
        };
        Ok(Opened { store, recovered })
    }

    /// The directory of the store.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Flushes, then reads and checks the whole file and every row. Returns the number of rows.
    ///
    /// Nothing else can use the store meanwhile.
    ///
    /// # Errors
    ///
    /// The first damage found.
    pub fn verify(&self) -> Result<usize, StoreError> {
        self.flush()?;
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        let Some(db) = &mut current.db else { return Err(closed().sort(&self.dir)) };
        guarded(|| {
            if !db.check_integrity()? {
                return Err(StoreError::Corrupt("its pages did not fit their checksums".to_owned()).into());
            }
            let rows = database::rows(db)?;
            let (mut count, mut all) = (0, 0);
            for entry in rows.range::<&[u8]>(..)? {
                let (full, value) = entry?;
                row::open(full.value(), value.value())?;
                all += 1;
                count += usize::from(full.value() != FLUSH_KEY);
            }
            if rows.len()? != all {
                return Err(StoreError::Corrupt("rows are missing".to_owned()).into());
            }
            Ok(count)
        })
        .map_err(|failure| failure.sort(&self.dir))
    }

    /// Bytes that the store takes on disk.
    pub fn size_on_disk(&self) -> Result<u64, StoreError> {
        let path = self.dir.join(database::FILE);
        std::fs::metadata(&path)
            .map(|about| database::bytes_on_disk(&about))
            .map_err(|error| StoreError::io("look at", path, error))
    }

    /// Runs work on the database, and once more on one opened anew where that is what it takes.
    fn on<T>(&self, work: impl Fn(&Database) -> Result<T, Failure>) -> Result<T, StoreError> {
        let mut again = true;
        loop {
            let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
            let done = match &current.db {
                Some(db) => guarded(|| work(db)),
                None => Err(closed()),
            };
            let opened = current.opened;
            drop(current);
            match done {
                Err(failure) if failure.is_final() && again => self.reopen(opened)?,
                other => return other.map_err(|failure| failure.sort(&self.dir)),
            }
            again = false;
        }
    }

    /// Opens the database anew, unless another thread has done so since the `opened`-th time.
    fn reopen(&self, opened: u64) -> Result<(), StoreError> {
        // The number on the disk: a flush that is under way may hold the lock of `flushed`.
        let flushed = FlushMark::open(&self.dir)?.number();
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        if current.opened != opened {
            return Ok(());
        }
        // First the old one goes: two at a time are refused.
        current.db = None;
        let (db, _) = database::open(&self.dir, self.options.cache_bytes, flushed)?;
        *current = Current { db: Some(db), opened: opened + 1 };
        tracing::info!("the store in {} was opened anew after a failed read or write", self.dir.display());
        Ok(())
    }

    /// Takes what is needed from the pending changes, and the rows of the database that belong to the same moment.
    fn moment<T>(&self, db: &Database, take: impl FnOnce(&Pending) -> T) -> Result<(T, Rows), Failure> {
        // A flush forgets pending changes only after they are in the database, and cannot do so while this is held.
        let pending = self.pending.read().unwrap_or_else(PoisonError::into_inner);
        Ok((take(&pending), database::rows(db)?))
    }

    fn commit(&self, mark: &mut FlushMark) -> Result<(), StoreError> {
        let number = mark.number() + 1;
        let (changes, serial) = self.pending.read().unwrap_or_else(PoisonError::into_inner).all();
        if changes.is_empty() {
            return Ok(());
        }
        self.on(|db| database::commit(db, &changes, number))?;
        drop(changes);
        self.pending.write().unwrap_or_else(PoisonError::into_inner).settle(serial);
        mark.write(number)
    }
}

impl Store for DiskStore {
    fn get(&self, table: &str, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let full = row::key(table, key)?;
        if let Some(change) = self.pending.read().unwrap_or_else(PoisonError::into_inner).get(&full) {
            return Ok(change.map(|content| content.to_vec()));
        }
        // A change that is flushed between these two lines is found in the database.
        self.on(|db| match database::rows(db)?.get(full.as_slice())? {
            Some(value) => Ok(Some(row::open(&full, value.value())?.to_vec())),
            None => Ok(None),
        })
    }

    fn apply(&self, writes: &[Write]) -> Result<(), StoreError> {
        let mut batch = Vec::with_capacity(writes.len());
        for write in writes {
            match write {
                Write::Put { table, key, value } => {
                    row::fits(value)?;
                    batch.push((row::key(table, key)?.into(), Some(value.as_slice().into())));
                }
                Write::Delete { table, key } => batch.push((row::key(table, key)?.into(), None)),
            }
        }
        if self.pending.read().unwrap_or_else(PoisonError::into_inner).bytes() > MAX_PENDING_BYTES {
            self.flush()?;
        }
        self.pending.write().unwrap_or_else(PoisonError::into_inner).apply(batch);
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
        let keys = start..end;
        let head = row::head_of_table(table);
        self.on(|db| {
            let (changes, rows) = self.moment(db, |pending| pending.range(&keys, limit))?;
            let mut changes = changes.into_iter().peekable();
            let mut stored = rows.range(slices(&keys))?;
            let mut next = stored.next().transpose()?;
            let mut found = Vec::new();
            while found.len() < limit {
                let pending_first = match (changes.peek(), &next) {
                    (Some((changed, _)), Some((full, _))) => changed.as_ref() <= full.value(),
                    (Some(_), None) => true,
                    (None, Some(_)) => false,
                    (None, None) => break,
                };
                if !pending_first && let Some((full, value)) = next.take() {
                    let content = row::open(full.value(), value.value())?;
                    found.push((full.value()[head..].to_vec(), content.to_vec()));
                    next = stored.next().transpose()?;
                } else if let Some((changed, content)) = changes.next() {
                    if next.as_ref().is_some_and(|(full, _)| full.value() == changed.as_ref()) {
                        next = stored.next().transpose()?;
                    }
                    found.extend(content.map(|content| (changed[head..].to_vec(), content.to_vec())));
                }
            }
            Ok(found)
        })
    }

    fn last(&self, table: &str) -> Result<Option<Row>, StoreError> {
        let keys = row::key(table, b"")?..row::end_of(table)?;
        let head = row::head_of_table(table);
        self.on(|db| {
            let (changes, rows) = self.moment(db, |pending| pending.tail(&keys))?;
            // Deletions, from the greatest key downwards, and at the end the one row that may be the last.
            let put = changes.iter().find_map(|(key, content)| Some((key, content.as_ref()?)));
            for entry in rows.range(slices(&keys))?.rev() {
                let (full, value) = entry?;
                if put.is_some_and(|(key, _)| key.as_ref() >= full.value()) {
                    break;
                }
                if changes.iter().all(|(key, _)| key.as_ref() != full.value()) {
                    let content = row::open(full.value(), value.value())?;
                    return Ok(Some((full.value()[head..].to_vec(), content.to_vec())));
                }
            }
            Ok(put.map(|(key, content)| (key[head..].to_vec(), content.to_vec())))
        })
    }

    fn len(&self, table: &str) -> Result<usize, StoreError> {
        let keys = row::key(table, b"")?..row::end_of(table)?;
        self.on(|db| {
            let (changes, rows) = self.moment(db, |pending| pending.range(&keys, usize::MAX))?;
            let mut count = 0;
            for entry in rows.range(slices(&keys))? {
                entry?;
                count += 1;
            }
            for (key, content) in changes {
                match (rows.get(key.as_ref())?.is_some(), content.is_some()) {
                    (true, false) => count -= 1,
                    (false, true) => count += 1,
                    _ => {}
                }
            }
            Ok(count)
        })
    }

    fn flush(&self) -> Result<(), StoreError> {
        // Threads that flush at the same time queue here; who finds nothing pending was served by the one before.
        let mut mark = self.flushed.lock().unwrap_or_else(PoisonError::into_inner);
        self.commit(&mut mark)
    }
}

impl Drop for DiskStore {
    fn drop(&mut self) {
        if let Err(error) = self.flush() {
            tracing::error!("the last writes to the store in {} are lost: {error}", self.dir.display());
        }
    }
}

impl fmt::Debug for DiskStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DiskStore({})", self.dir.display())
    }
}

/// The database in use.
struct Current {
    /// Absent after it could not be opened anew; the next use tries again.
    db: Option<Database>,
    /// How often a database was opened.
    opened: u64,
}

const LOCK: &str = "store.lock";

/// With more memory in pending changes than this, the next write flushes first. One batch may go beyond it.
const MAX_PENDING_BYTES: usize = 4 << 20;

fn closed() -> Failure {
    Failure::Redb(redb::Error::DatabaseClosed)
}

fn slices(keys: &Range<Vec<u8>>) -> Range<&[u8]> {
    keys.start.as_slice()..keys.end.as_slice()
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
