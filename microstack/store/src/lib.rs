//! The embedded key-value store behind one small trait.
//!
//! Agent and server keep everything in one directory: tables of byte keys and byte values, ordered by key.
//! [`DiskStore`] is the store used; the [`Store`] trait is what the rest of the program knows.
//!
//! Three promises:
//!
//! - **A wrong value is never returned.** Every value carries a checksum over its table, key and content. What
//!   does not fit is an error, never data.
//! - **Damage does not end the program.** [`DiskStore::open`] checks the store, up to 64 MiB the whole of it; a damaged
//!   one is moved aside whole, a new one is started, and [`Opened::recovered`] says where the old one lies.
//! - **Nothing is promised by accident.** A write is seen by all at once, and durable after [`Store::flush`] and not
//!   before. Flush before you confirm anything to a peer.
//!
//! What this crate is **not**: a database with queries, a cache, or a place for private keys: those live in files
//! of their own, see [`secret_file`].
//!
//! ```
//! use microstack_store::{Options, DiskStore, Store, Write};
//!
//! # let dir = tempfile::tempdir()?;
//! let opened = DiskStore::open(dir.path().join("store"), Options::default())?;
//! assert!(opened.recovered.is_none(), "nothing was damaged");
//! let store = opened.store;
//!
//! store.apply(&[Write::put("groups", "1", "lab"), Write::put("names", "lab", "1")])?;
//! store.flush()?;
//! assert_eq!(store.get("groups", b"1")?.as_deref(), Some(&b"lab"[..]));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![forbid(unsafe_code)]

mod aside;
mod capped;
mod database;
mod disk_store;
mod error;
mod flush_mark;
mod pending;
mod row;
pub mod secret_file;

pub use capped::{Capped, Entry, Limits};
pub use disk_store::{DiskStore, Opened, Options};
pub use error::StoreError;

/// A key with its value.
pub type Row = (Vec<u8>, Vec<u8>);

/// Tables of ordered byte keys and byte values.
///
/// All methods may block for the time of a disk access. Table names have 1 to 64 bytes, keys up to
/// [`MAX_KEY_BYTES`], values up to [`MAX_VALUE_BYTES`].
pub trait Store: Send + Sync {
    /// Reads one value.
    ///
    /// # Errors
    ///
    /// [`StoreError::Damaged`] if the stored value is not the one that was written.
    fn get(&self, table: &str, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError>;

    /// Writes one value.
    fn put(&self, table: &str, key: &[u8], value: &[u8]) -> Result<(), StoreError> {
        self.apply(&[Write::put(table, key, value)])
    }

    /// Removes one value; an absent one is no error.
    fn delete(&self, table: &str, key: &[u8]) -> Result<(), StoreError> {
        self.apply(&[Write::delete(table, key)])
    }

    /// Makes several changes, over any tables, all or none.
    fn apply(&self, writes: &[Write]) -> Result<(), StoreError>;

    /// Reads up to `limit` rows with `from <= key` and `key < to`, in the order of the keys.
    fn scan(&self, table: &str, from: &[u8], to: Option<&[u8]>, limit: usize)
    -> Result<Vec<Row>, StoreError>;

    /// The row with the greatest key.
    fn last(&self, table: &str) -> Result<Option<Row>, StoreError>;

    /// Counts the rows of a table by walking over them.
    fn len(&self, table: &str) -> Result<usize, StoreError>;

    /// Whether a table has no row.
    fn is_empty(&self, table: &str) -> Result<bool, StoreError> {
        self.last(table).map(|row| row.is_none())
    }

    /// Makes all earlier writes survive a power cut. Returns when they do.
    fn flush(&self) -> Result<(), StoreError>;
}

/// One change of [`Store::apply`].
#[derive(Clone, PartialEq, Eq)]
pub enum Write {
    /// Writes a value.
    Put {
        /// Where.
        table: String,
        /// Under which key.
        key: Vec<u8>,
        /// What.
        value: Vec<u8>,
    },
    /// Removes a value.
    Delete {
        /// Where.
        table: String,
        /// Which.
        key: Vec<u8>,
    },
}

impl Write {
    /// Writes `value` under `key`.
    pub fn put(table: &str, key: impl AsRef<[u8]>, value: impl AsRef<[u8]>) -> Write {
        Write::Put { table: table.to_owned(), key: key.as_ref().to_vec(), value: value.as_ref().to_vec() }
    }

    /// Removes what is under `key`.
    pub fn delete(table: &str, key: impl AsRef<[u8]>) -> Write {
        Write::Delete { table: table.to_owned(), key: key.as_ref().to_vec() }
    }
}

impl std::fmt::Debug for Write {
    /// Shows lengths only: values may be password hashes or tokens.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Write::Put { table, key, value } => {
                write!(f, "Put({table}, {} byte key, {} byte value)", key.len(), value.len())
            }
            Write::Delete { table, key } => write!(f, "Delete({table}, {} byte key)", key.len()),
        }
    }
}

/// Longest key in bytes.
pub const MAX_KEY_BYTES: usize = 1024;

/// Longest value in bytes: a core of 16 MiB and some room.
pub const MAX_VALUE_BYTES: usize = 17 * 1024 * 1024;
