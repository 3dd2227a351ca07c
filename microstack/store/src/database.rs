//! The redb file: how it is opened and checked, and what its errors mean to us.

use std::fs::{File, Metadata};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use redb::{Database, ReadOnlyTable, ReadableDatabase, TableDefinition, TableError};

use crate::error::StoreError;
use crate::flush_mark::{FLUSH_KEY, number_of};
use crate::pending::Change;
use crate::{flush_mark, row};

/// The name of the file in the directory of the store.
pub(crate) const FILE: &str = "store.redb";

/// All rows of all our tables; the form of keys and values is in [`row`].
const ROWS: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("rows");

/// A view of the rows at one moment.
pub(crate) type Rows = ReadOnlyTable<&'static [u8], &'static [u8]>;

/// Opens the file in `dir`, makes it if there is none, and checks it. Returns it with the number of its last flush.
///
/// # Errors
///
/// Damage, also when its flush number is behind `flushed`.
pub(crate) fn open(dir: &Path, cache_bytes: u64, flushed: u64) -> Result<(Database, u64), StoreError> {
    let path = dir.join(FILE);
    let file = File::options()
        .create(true)
        .truncate(false)
        .read(true)
        .write(true)
        .mode(0o600)
        .open(&path)
        .map_err(|error| StoreError::io("open", &path, error))?;
    let about = file.metadata().map_err(|error| StoreError::io("look at", &path, error))?;
    let is_new = about.len() == 0;
    let opened = guarded(|| {
        let db = open_checked(file, &about, cache_bytes)?;
        let number = flush_number(&db)?;
        Ok((db, number))
    });
    let (db, number) = opened.map_err(|failure| failure.sort(dir))?;
    if number < flushed {
        return Err(StoreError::Corrupt(format!("it ends at flush {number} of {flushed}")));
    }
    if is_new {
        // The name of the new file must survive a power cut as well.
        File::open(dir)
            .and_then(|dir| dir.sync_all())
            .map_err(|error| StoreError::io("bring to the disk", dir, error))?;
    }
    Ok((db, number))
}

fn open_checked(file: File, about: &Metadata, cache_bytes: u64) -> Result<Database, Failure> {
    let mended = Arc::new(AtomicBool::new(false));
    let told = Arc::clone(&mended);
    let mut builder = Database::builder();
    builder.set_cache_size(usize::try_from(cache_bytes).unwrap_or(usize::MAX));
    builder.set_repair_callback(move |_| told.store(true, Ordering::Relaxed));
    let mut db = builder.create_file(file)?;
    // Not its length: the file grows by doubling and has holes where nothing was written yet.
    let bytes = bytes_on_disk(about);
    // After an unclean end the file was read whole and checked already.
    let checked = mended.load(Ordering::Relaxed) || about.len() == 0;
    if !checked && bytes <= CHECKED_BYTES && !db.check_integrity()? {
        // Only the book about free pages was wrong. Damaged rows would have been an error, and rows that went lost
        // with a commit that was undone show in the flush number.
        tracing::warn!("the store was mended while it was opened");
    }
    if (COMPACTED_FROM_BYTES..=CHECKED_BYTES).contains(&bytes) {
        give_back(&mut db, bytes)?;
    }
    Ok(db)
}

/// Makes a file smaller that is mostly empty. Free pages are used again, but the few that are in use may lie at its end.
fn give_back(db: &mut Database, bytes: u64) -> Result<(), Failure> {
    let txn = db.begin_write()?;
    let stats = txn.stats()?;
    txn.abort()?;
    if stats.allocated_pages() * (stats.page_size() as u64) < bytes / 4 {
        db.compact()?;
    }
    Ok(())
}

/// What a file takes on the disk: blocks of 512 bytes (POSIX, sys/stat.h).
pub(crate) fn bytes_on_disk(about: &Metadata) -> u64 {
    about.blocks() * 512
}

/// Files up to this size are read whole and checked whenever they are opened.
///
/// In larger ones a damaged value is found out when it is read.
const CHECKED_BYTES: u64 = 64 << 20;

/// Files from this size on are made smaller at opening when they are mostly empty.
const COMPACTED_FROM_BYTES: u64 = 1 << 20;

/// The rows as they are on the disk now.
pub(crate) fn rows(db: &Database) -> Result<Rows, Failure> {
    Ok(db.begin_read()?.open_table(ROWS)?)
}

/// Brings changes to the disk under the number of this flush; returns when they are there.
pub(crate) fn commit(db: &Database, changes: &[Change], number: u64) -> Result<(), Failure> {
    let txn = db.begin_write()?;
    {
        let mut rows = txn.open_table(ROWS)?;
        for (key, content) in changes {
            match content {
                Some(content) => {
                    // Written in place: a value may have 17 MiB.
                    let head = row::head(key, content)?;
                    let mut place = rows.insert_reserve(&key[..], head.len() + content.len())?;
                    let (to_head, to_content) = place.as_mut().split_at_mut(head.len());
                    to_head.copy_from_slice(&head);
                    to_content.copy_from_slice(content);
                }
                None => {
                    rows.remove(&key[..])?;
                }
            }
        }
        rows.insert(FLUSH_KEY, flush_mark::sealed(number)?.as_slice())?;
    }
    Ok(txn.commit()?)
}

/// The number of the last flush; makes the table in a new database.
fn flush_number(db: &Database) -> Result<u64, Failure> {
    match db.begin_read()?.open_table(ROWS) {
        Ok(rows) => match rows.get(FLUSH_KEY)? {
            Some(sealed) => Ok(number_of(sealed.value())?),
            None => Ok(0),
        },
        Err(TableError::TableDoesNotExist(_)) => {
            let txn = db.begin_write()?;
            txn.open_table(ROWS)?;
            txn.commit()?;
            Ok(0)
        }
        Err(error) => Err(error.into()),
    }
}

/// Runs a piece of work on the database. redb asserts where it meets an impossible state, and a damaged file holds
/// such states; that must not end the program.
pub(crate) fn guarded<T>(work: impl FnOnce() -> Result<T, Failure>) -> Result<T, Failure> {
    // What the work leaves behind is either dropped by the caller or judged by redb itself at the next use.
    catch_unwind(AssertUnwindSafe(work))
        .unwrap_or_else(|_| Err(StoreError::Corrupt("it holds an impossible state".to_owned()).into()))
}

/// Why a piece of work on the database failed, before it is sorted.
pub(crate) enum Failure {
    /// What redb said.
    Redb(redb::Error),
    /// What we found out ourselves.
    Found(StoreError),
}

impl Failure {
    /// Whether this database answers nothing more until it is opened anew.
    ///
    /// After one failed read or write redb trusts nothing it has in memory.
    pub(crate) fn is_final(&self) -> bool {
        matches!(self, Failure::Redb(redb::Error::PreviousIo | redb::Error::DatabaseClosed))
    }

    /// Sorts by fault: what the operating system refused is not damage.
    pub(crate) fn sort(self, dir: &Path) -> StoreError {
        match self {
            Failure::Found(error) => error,
            Failure::Redb(redb::Error::DatabaseAlreadyOpen) => StoreError::InUse { dir: dir.to_owned() },
            Failure::Redb(redb::Error::Io(error)) if error.raw_os_error().is_some() => {
                StoreError::io("use the store in", dir, error)
            }
            Failure::Redb(error @ (redb::Error::PreviousIo | redb::Error::DatabaseClosed)) => {
                StoreError::io("use the store in", dir, std::io::Error::other(error))
            }
            // A short or strange file comes as an I/O error that no system call returned.
            Failure::Redb(error) => StoreError::Corrupt(error.to_string()),
        }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Failure {
        Failure::Found(error)
    }
}

macro_rules! failure_from {
    ($($error:ident),*) => {$(
        impl From<redb::$error> for Failure {
            fn from(error: redb::$error) -> Failure {
                Failure::Redb(error.into())
            }
        }
    )*};
}

failure_from!(CommitError, CompactionError, DatabaseError, StorageError, TableError, TransactionError);
