//! The device's embedded store: one redb file behind the common [`Store`] trait.
//!
//! Servers use sled; its seven I/O threads wake once a second each for as long as the process lives, which an idle
//! device must not do (`docs/decisions`: measured 2100 wake-ups in 300 s, where 10 are allowed). redb has no threads,
//! needs less memory, and makes each batch durable by itself.
//!
//! redb does not verify its checksums on ordinary reads, so each value carries one of ours:
//!
//! ```text
//! key    u8 length of the table name | table name | key
//! value  first 16 bytes of SHA-384 over (u16 length of the full key | full key | content) | content
//! ```

use std::fs;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use microstack::crypto::sha384;
use microstack::store::{MAX_KEY_BYTES, MAX_VALUE_BYTES, Row, Store, StoreError, Write};
use redb::{Database, DatabaseError, ReadableDatabase, StorageError, TableDefinition};

use crate::log::now_unix_s;

/// The store of one device.
pub struct DeviceStore {
    db: Database,
    path: PathBuf,
}

/// A store that was opened.
pub struct Opened {
    /// Ready for use.
    pub store: DeviceStore,
    /// Where a damaged one was moved to; the open one is then new and empty.
    pub damaged: Option<PathBuf>,
}

impl DeviceStore {
    /// Opens the store in a directory, making both where needed. A damaged one is moved aside and a new one begun.
    ///
    /// # Errors
    /// Another process has it open, or the file system refuses.
    pub fn open(dir: &Path) -> Result<Opened, StoreError> {
        let io = |what, path: &Path, error| StoreError::Io { what, path: path.to_owned(), error };
        fs::DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(|e| io("make", dir, e))?;
        let path = dir.join("device.redb");
        // A damaged file may also trip an assertion inside the database.
        let opened = std::panic::catch_unwind(|| DeviceStore::open_whole(&path))
            .unwrap_or_else(|_| Err(StoreError::Corrupt("the database gave up on it".into())));
        match opened {
            Ok(store) => Ok(Opened { store, damaged: None }),
            Err(error) if error.is_damage() => {
                let aside = dir.join(format!("device.redb.damaged-{}", now_unix_s()));
                fs::rename(&path, &aside).map_err(|e| io("move aside", &path, e))?;
                let store = DeviceStore::open_whole(&path)?;
                Ok(Opened { store, damaged: Some(aside) })
            }
            Err(error) => Err(error),
        }
    }

    /// Opens the file and reads every value once: damage is found at start, not in the middle of work.
    fn open_whole(path: &Path) -> Result<DeviceStore, StoreError> {
        // Made here so that its mode is right from the first moment.
        fs::OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(path)
            .map_err(|error| StoreError::Io { what: "open", path: path.to_owned(), error })?;
        let mut builder = Database::builder();
        builder.set_cache_size(CACHE_BYTES);
        let db = builder.create(path).map_err(|error| opening(path, error))?;
        let store = DeviceStore { db, path: path.to_owned() };
        store.walk(&[], None, |full, content| {
            open_value(full, content)?;
            Ok(true)
        })?;
        Ok(store)
    }

    /// Calls `each` with every stored row from `from` on, until it says no.
    fn walk(
        &self,
        from: &[u8],
        to: Option<&[u8]>,
        mut each: impl FnMut(&[u8], &[u8]) -> Result<bool, StoreError>,
    ) -> Result<(), StoreError> {
        let read = self.db.begin_read().map_err(|e| self.failed(e.into()))?;
        let table = match read.open_table(ROWS) {
            Ok(table) => table,
            Err(redb::TableError::TableDoesNotExist(_)) => return Ok(()),
            Err(error) => return Err(self.failed(error.into())),
        };
        let rows = match to {
            Some(to) => table.range::<&[u8]>(from..to),
            None => table.range::<&[u8]>(from..),
        };
        for row in rows.map_err(|e| self.failed(e.into()))? {
            let (key, value) = row.map_err(|e| self.failed(e.into()))?;
            if !each(key.value(), value.value())? {
                break;
            }
        }
        Ok(())
    }

    fn failed(&self, error: redb::Error) -> StoreError {
        match error {
            redb::Error::Io(error) => StoreError::Io { what: "use", path: self.path.clone(), error },
            other => StoreError::Corrupt(other.to_string()),
        }
    }
}

impl Store for DeviceStore {
    fn get(&self, table: &str, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let full = full_key(table, key)?;
        let mut found = None;
        self.walk(&full, None, |stored, content| {
            if stored == full {
                found = Some(open_value(stored, content)?);
            }
            Ok(false)
        })?;
        Ok(found)
    }

    fn apply(&self, writes: &[Write]) -> Result<(), StoreError> {
        let txn = self.db.begin_write().map_err(|e| self.failed(e.into()))?;
        {
            let mut rows = txn.open_table(ROWS).map_err(|e| self.failed(e.into()))?;
            for write in writes {
                match write {
                    Write::Put { table, key, value } => {
                        let full = full_key(table, key)?;
                        let sealed = seal(&full, value)?;
                        rows.insert(full.as_slice(), sealed.as_slice()).map_err(|e| self.failed(e.into()))?;
                    }
                    Write::Delete { table, key } => {
                        let full = full_key(table, key)?;
                        rows.remove(full.as_slice()).map_err(|e| self.failed(e.into()))?;
                    }
                }
            }
        }
        txn.commit().map_err(|e| self.failed(e.into()))
    }

    fn scan(
        &self,
        table: &str,
        from: &[u8],
        to: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<Row>, StoreError> {
        let head = 1 + table.len();
        let (first, end) = (
            full_key(table, from)?,
            match to {
                Some(to) => full_key(table, to)?,
                None => end_of(table)?,
            },
        );
        let mut found = Vec::new();
        if first >= end || limit == 0 {
            return Ok(found);
        }
        self.walk(&first, Some(&end), |full, content| {
            found.push((full[head..].to_vec(), open_value(full, content)?));
            Ok(found.len() < limit)
        })?;
        Ok(found)
    }

    fn last(&self, table: &str) -> Result<Option<Row>, StoreError> {
        // The tables of a device have a few rows; walking them is as quick as looking for the end.
        Ok(self.scan(table, b"", None, usize::MAX)?.pop())
    }

    fn len(&self, table: &str) -> Result<usize, StoreError> {
        let mut count = 0;
        self.walk(&full_key(table, b"")?, Some(&end_of(table)?), |_, _| {
            count += 1;
            Ok(true)
        })?;
        Ok(count)
    }

    /// Nothing to do: each batch is durable when [`Store::apply`] returns.
    fn flush(&self) -> Result<(), StoreError> {
        Ok(())
    }
}

fn opening(path: &Path, error: DatabaseError) -> StoreError {
    match error {
        DatabaseError::DatabaseAlreadyOpen => {
            StoreError::InUse { dir: path.parent().unwrap_or(path).to_owned() }
        }
        // A file that is no database, or one cut short, is reported as an I/O error of these kinds.
        DatabaseError::Storage(StorageError::Io(error))
            if !matches!(
                error.kind(),
                std::io::ErrorKind::InvalidData | std::io::ErrorKind::UnexpectedEof
            ) =>
        {
            StoreError::Io { what: "open", path: path.to_owned(), error }
        }
        other => StoreError::Corrupt(other.to_string()),
    }
}

fn full_key(table: &str, key: &[u8]) -> Result<Vec<u8>, StoreError> {
    if !(1..=MAX_TABLE_BYTES).contains(&table.len()) {
        return Err(StoreError::TooLarge { what: "table name", limit: MAX_TABLE_BYTES, got: table.len() });
    }
    if key.len() > MAX_KEY_BYTES {
        return Err(StoreError::TooLarge { what: "key", limit: MAX_KEY_BYTES, got: key.len() });
    }
    // At most 64.
    Ok([&[table.len() as u8], table.as_bytes(), key].concat())
}

/// The first key behind those of a table: UTF-8 never ends in 0xFF, so the last byte can be raised.
fn end_of(table: &str) -> Result<Vec<u8>, StoreError> {
    let mut end = full_key(table, b"")?;
    if let Some(last) = end.last_mut() {
        *last += 1;
    }
    Ok(end)
}

fn checksum(full: &[u8], content: &[u8]) -> [u8; SUM] {
    // Keys are capped far below 64 KiB.
    let whole = sha384(&[&(full.len() as u16).to_be_bytes(), full, content].concat());
    let mut sum = [0; SUM];
    sum.copy_from_slice(&whole[..SUM]);
    sum
}

fn seal(full: &[u8], content: &[u8]) -> Result<Vec<u8>, StoreError> {
    if content.len() > MAX_VALUE_BYTES {
        return Err(StoreError::TooLarge { what: "value", limit: MAX_VALUE_BYTES, got: content.len() });
    }
    Ok([checksum(full, content).as_slice(), content].concat())
}

fn open_value(full: &[u8], value: &[u8]) -> Result<Vec<u8>, StoreError> {
    match value.split_first_chunk::<SUM>() {
        Some((sum, content)) if *sum == checksum(full, content) => Ok(content.to_vec()),
        _ => {
            let table = full.get(1..).and_then(|rest| rest.get(..usize::from(full[0]))).unwrap_or(b"?");
            Err(StoreError::Damaged { table: String::from_utf8_lossy(table).into_owned() })
        }
    }
}

const ROWS: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("rows");
const MAX_TABLE_BYTES: usize = 64;
const SUM: usize = 16;
/// The tables are a few kilobytes and two or three cores; the kernel caches the file as well.
const CACHE_BYTES: usize = 256 << 10;

#[cfg(test)]
mod tests {
    use super::*;

    fn open(dir: &Path) -> Opened {
        DeviceStore::open(dir).unwrap()
    }

    #[test]
    fn tables_are_kept_apart_and_ordered() {
        let dir = tempfile::tempdir().unwrap();
        let store = open(dir.path()).store;
        assert_eq!(store.get("a", b"k").unwrap(), None);
        assert_eq!(store.len("a").unwrap(), 0);
        store
            .apply(&[
                Write::put("a", b"2", b"two"),
                Write::put("a", b"1", b"one"),
                Write::put("ab", b"1", b"other"),
                Write::put("b", b"", b"empty key"),
            ])
            .unwrap();
        assert_eq!(store.get("a", b"1").unwrap().as_deref(), Some(&b"one"[..]));
        assert_eq!(store.get("a", b"").unwrap(), None, "a prefix is no match");
        assert_eq!(store.len("a").unwrap(), 2);
        assert_eq!(store.last("a").unwrap(), Some((b"2".to_vec(), b"two".to_vec())));
        assert_eq!(store.scan("a", b"", None, 1).unwrap(), [(b"1".to_vec(), b"one".to_vec())]);
        assert_eq!(store.scan("a", b"1", Some(b"2"), 9).unwrap().len(), 1);
        assert_eq!(store.scan("b", b"", None, 9).unwrap(), [(Vec::new(), b"empty key".to_vec())]);
        store.delete("a", b"1").unwrap();
        store.delete("a", b"absent").unwrap();
        assert_eq!(store.len("a").unwrap(), 1);
        assert!(matches!(store.put("", b"k", b"v"), Err(StoreError::TooLarge { .. })));
        assert!(matches!(store.put("t", &[0; MAX_KEY_BYTES + 1], b"v"), Err(StoreError::TooLarge { .. })));
    }

    #[test]
    fn what_was_written_is_there_after_a_new_start() {
        let dir = tempfile::tempdir().unwrap();
        open(dir.path()).store.put("t", b"k", &vec![7; 300_000]).unwrap();
        let opened = open(dir.path());
        assert_eq!(opened.damaged, None);
        assert_eq!(opened.store.get("t", b"k").unwrap(), Some(vec![7; 300_000]));
        assert!(matches!(DeviceStore::open(dir.path()), Err(StoreError::InUse { .. })));
    }

    #[test]
    fn a_damaged_store_is_moved_aside_and_never_returns_a_wrong_value() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("device.redb");
        let written = |n: u8| vec![n; 5000];
        {
            let store = open(dir.path()).store;
            for n in 0..40u8 {
                store.put("t", &[n], &written(n)).unwrap();
            }
        }
        let whole = fs::read(&path).unwrap();
        for round in 0..60usize {
            let mut bytes = whole.clone();
            if round % 6 == 5 {
                bytes.truncate(bytes.len() / 2 + round * 100);
            } else {
                let at = (round * 7919 * 31) % bytes.len();
                bytes[at] ^= 0x41;
            }
            fs::write(&path, &bytes).unwrap();
            // A panic inside the database must not get out either.
            let opened = open(dir.path());
            for n in 0..40u8 {
                match opened.store.get("t", &[n]) {
                    Ok(None) | Err(_) => {}
                    Ok(Some(value)) => assert_eq!(value, written(n), "round {round}"),
                }
            }
        }
    }

    #[test]
    fn the_file_is_for_its_owner_only() {
        use std::os::unix::fs::PermissionsExt as _;
        let dir = tempfile::tempdir().unwrap();
        let _store = open(dir.path()).store;
        let mode = fs::metadata(dir.path().join("device.redb")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}
