//! Tables that cannot grow without bound: events, logs, power history.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::error::StoreError;
use crate::{Row, Store, Write};

/// The bounds of a [`Capped`] table; the oldest entries go first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Most entries kept; at least one is.
    pub rows: usize,
    /// Most bytes of content kept.
    pub bytes: usize,
    /// Longest time an entry is kept.
    pub retention: Duration,
}

/// One entry of a [`Capped`] table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Position, counted from the first entry ever; never used twice.
    pub number: u64,
    /// When it was appended, Unix milliseconds.
    pub at_ms: u64,
    /// What was appended.
    pub content: Vec<u8>,
}

/// A table of entries in the order of their arrival, within [`Limits`].
///
/// One owner per table: it keeps the counts in memory.
pub struct Capped {
    store: Arc<dyn Store>,
    table: String,
    limits: Limits,
    next: u64,
    rows: usize,
    bytes: usize,
    dropped: u64,
}

impl Capped {
    /// Opens a table and counts what is in it.
    pub fn open(store: Arc<dyn Store>, table: &str, limits: Limits) -> Result<Capped, StoreError> {
        let mut capped = Capped {
            next: 0,
            rows: 0,
            bytes: 0,
            dropped: 0,
            table: table.to_owned(),
            limits: Limits { rows: limits.rows.max(1), ..limits },
            store,
        };
        let mut from = 0u64;
        loop {
            let page = capped.store.scan(table, &from.to_be_bytes(), None, PAGE_ROWS)?;
            let short = page.len() < PAGE_ROWS;
            for row in page {
                let entry = capped.entry(row)?;
                capped.rows += 1;
                capped.bytes += entry.content.len();
                capped.next = entry.number.saturating_add(1);
            }
            if short {
                return Ok(capped);
            }
            from = capped.next;
        }
    }

    /// Appends an entry and drops what is then beyond the limits, in one atomic change. Returns its number.
    ///
    /// # Errors
    ///
    /// [`StoreError::TooLarge`] if the entry alone exceeds the limit of bytes.
    pub fn append(&mut self, now_ms: u64, content: &[u8]) -> Result<u64, StoreError> {
        if content.len() > self.limits.bytes {
            let (limit, got) = (self.limits.bytes, content.len());
            return Err(StoreError::TooLarge { what: "log entry", limit, got });
        }
        let number = self.next;
        let mut value = now_ms.to_be_bytes().to_vec();
        value.extend_from_slice(content);
        let mut writes = vec![Write::put(&self.table, number.to_be_bytes(), value)];
        let gone = self.surplus(now_ms, 1, content.len(), &mut writes)?;
        self.store.apply(&writes)?;
        self.next += 1;
        self.rows = self.rows + 1 - gone.rows;
        self.bytes = self.bytes + content.len() - gone.bytes;
        self.dropped += gone.rows as u64;
        Ok(number)
    }

    /// Drops what is older than the retention. Call it now and then for tables with few new entries.
    pub fn expire(&mut self, now_ms: u64) -> Result<(), StoreError> {
        let mut writes = Vec::new();
        let gone = self.surplus(now_ms, 0, 0, &mut writes)?;
        self.store.apply(&writes)?;
        self.rows -= gone.rows;
        self.bytes -= gone.bytes;
        self.dropped += gone.rows as u64;
        Ok(())
    }

    /// The newest entries, at most `limit`, oldest of them first.
    pub fn recent(&self, limit: usize) -> Result<Vec<Entry>, StoreError> {
        let from = self.next.saturating_sub(limit.min(self.rows) as u64);
        self.after(from, limit)
    }

    /// Entries from this number on, at most `limit`.
    pub fn after(&self, from: u64, limit: usize) -> Result<Vec<Entry>, StoreError> {
        let rows = self.store.scan(&self.table, &from.to_be_bytes(), None, limit)?;
        rows.into_iter().map(|row| self.entry(row)).collect()
    }

    /// Number of entries.
    pub fn len(&self) -> usize {
        self.rows
    }

    /// Whether there is no entry.
    pub fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// Bytes of content.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Entries dropped by the limits since the table was opened.
    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    /// Finds the entries to delete so that `more_rows` and `more_bytes` fit.
    fn surplus(
        &self,
        now_ms: u64,
        more_rows: usize,
        more_bytes: usize,
        writes: &mut Vec<Write>,
    ) -> Result<Gone, StoreError> {
        let retention_ms = u64::try_from(self.limits.retention.as_millis()).unwrap_or(u64::MAX);
        let oldest_allowed = now_ms.saturating_sub(retention_ms);
        let mut gone = Gone { rows: 0, bytes: 0 };
        let mut from = self.next.saturating_sub(self.rows as u64);
        loop {
            // Most often nothing or one entry goes: do not read a whole page of large entries for that.
            let page_rows = (2 * gone.rows + 1).min(PAGE_ROWS);
            let page = self.store.scan(&self.table, &from.to_be_bytes(), None, page_rows)?;
            if page.is_empty() {
                return Ok(gone);
            }
            for row in page {
                let entry = self.entry(row)?;
                let too_many = self.rows + more_rows - gone.rows > self.limits.rows;
                let too_large = self.bytes + more_bytes - gone.bytes > self.limits.bytes;
                if !too_many && !too_large && entry.at_ms >= oldest_allowed {
                    return Ok(gone);
                }
                writes.push(Write::delete(&self.table, entry.number.to_be_bytes()));
                gone.rows += 1;
                gone.bytes += entry.content.len();
                from = entry.number.saturating_add(1);
            }
        }
    }

    fn entry(&self, (key, value): Row) -> Result<Entry, StoreError> {
        let damaged = || StoreError::Damaged { table: self.table.clone() };
        let number = <[u8; 8]>::try_from(key.as_slice()).map_err(|_| damaged())?;
        let (at_ms, content) = value.split_first_chunk::<8>().ok_or_else(damaged)?;
        Ok(Entry {
            number: u64::from_be_bytes(number),
            at_ms: u64::from_be_bytes(*at_ms),
            content: content.to_vec(),
        })
    }
}

impl fmt::Debug for Capped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Capped({}, {} rows, {} bytes)", self.table, self.rows, self.bytes)
    }
}

struct Gone {
    rows: usize,
    bytes: usize,
}

/// Rows read at a time.
const PAGE_ROWS: usize = 256;
