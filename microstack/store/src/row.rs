//! How a row lies in the store.
//!
//! ```text
//! key    u8 length of the table name | table name | key
//! value  0x01 | first 8 bytes of SHA-256 over (u16 length of the full key | full key | content) | content
//! ```
//!
//! All tables share one tree, so that a batch over several tables is atomic. The checksum covers the key, so that a
//! value that turns up under another key is found out too.

use ring::digest::{Context, SHA256};

use crate::error::StoreError;
use crate::{MAX_KEY_BYTES, MAX_VALUE_BYTES};

/// Longest table name in bytes.
const MAX_TABLE_BYTES: usize = 64;

const VERSION: u8 = 0x01;
const HEAD_BYTES: usize = 9;

/// The full key of a row.
pub(crate) fn key(table: &str, key: &[u8]) -> Result<Vec<u8>, StoreError> {
    if !(1..=MAX_TABLE_BYTES).contains(&table.len()) {
        return Err(StoreError::TooLarge { what: "table name", limit: MAX_TABLE_BYTES, got: table.len() });
    }
    if key.len() > MAX_KEY_BYTES {
        return Err(StoreError::TooLarge { what: "key", limit: MAX_KEY_BYTES, got: key.len() });
    }
    let mut full = Vec::with_capacity(1 + table.len() + key.len());
    full.push(table.len() as u8); // at most 64
    full.extend_from_slice(table.as_bytes());
    full.extend_from_slice(key);
    Ok(full)
}

/// The first full key behind all keys of the table.
pub(crate) fn end_of(table: &str) -> Result<Vec<u8>, StoreError> {
    let mut end = key(table, b"")?;
    // The text of a table name is UTF-8, whose bytes never reach 0xFF, and the length is at most 64: the last
    // byte can always be raised.
    if let Some(last) = end.last_mut() {
        *last += 1;
    }
    Ok(end)
}

/// Bytes of a full key before the key itself.
pub(crate) fn head_of_table(table: &str) -> usize {
    1 + table.len()
}

/// Takes the table name and the key out of a full key.
fn split(full: &[u8]) -> Option<(&str, &[u8])> {
    let (&length, rest) = full.split_first()?;
    let (table, key) = rest.split_at_checked(usize::from(length))?;
    Some((std::str::from_utf8(table).ok()?, key))
}

/// Checks that a content is within the cap.
pub(crate) fn fits(content: &[u8]) -> Result<(), StoreError> {
    if content.len() > MAX_VALUE_BYTES {
        return Err(StoreError::TooLarge { what: "value", limit: MAX_VALUE_BYTES, got: content.len() });
    }
    Ok(())
}

/// What stands before the content in a stored value.
pub(crate) fn head(full_key: &[u8], content: &[u8]) -> Result<[u8; HEAD_BYTES], StoreError> {
    fits(content)?;
    let mut head = [VERSION; HEAD_BYTES];
    head[1..].copy_from_slice(&checksum(full_key, content));
    Ok(head)
}

/// Puts the head before the content.
pub(crate) fn seal(full_key: &[u8], content: &[u8]) -> Result<Vec<u8>, StoreError> {
    let mut value = head(full_key, content)?.to_vec();
    value.extend_from_slice(content);
    Ok(value)
}

/// Checks a stored value and gives its content.
pub(crate) fn open<'a>(full_key: &[u8], value: &'a [u8]) -> Result<&'a [u8], StoreError> {
    let damaged = || StoreError::Damaged {
        table: split(full_key).map_or_else(|| "?".to_owned(), |(table, _)| table.to_owned()),
    };
    let (head, content) = value.split_at_checked(HEAD_BYTES).ok_or_else(damaged)?;
    if head[0] != VERSION || head[1..] != checksum(full_key, content) {
        return Err(damaged());
    }
    Ok(content)
}

fn checksum(full_key: &[u8], content: &[u8]) -> [u8; 8] {
    let mut context = Context::new(&SHA256);
    context.update(&(full_key.len() as u16).to_be_bytes()); // at most 1 + 64 + 1024
    context.update(full_key);
    context.update(content);
    let mut out = [0u8; 8];
    out.copy_from_slice(&context.finish().as_ref()[..8]);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_name_is_not_a_prefix_of_another_tables_rows() {
        let a = key("a", b"bc").unwrap();
        assert!(a < end_of("a").unwrap());
        assert!(key("ab", b"c").unwrap() >= end_of("a").unwrap());
        assert!(key("b", b"").unwrap() >= end_of("a").unwrap());
        assert_eq!(split(&a), Some(("a", &b"bc"[..])));
        assert!(key("", b"x").is_err());
        assert!(key(&"t".repeat(65), b"x").is_err());
        assert!(key("t", &[0; MAX_KEY_BYTES + 1]).is_err());
    }

    #[test]
    fn every_flipped_bit_is_found_out() {
        let full = key("t", b"key").unwrap();
        let sealed = seal(&full, b"some content").unwrap();
        assert_eq!(open(&full, &sealed).unwrap(), b"some content");
        for bit in 0..sealed.len() * 8 {
            let mut flipped = sealed.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(matches!(open(&full, &flipped), Err(StoreError::Damaged { table }) if table == "t"));
        }
        for cut in 0..sealed.len() {
            assert!(open(&full, &sealed[..cut]).is_err());
        }
        assert!(open(&key("t", b"other").unwrap(), &sealed).is_err(), "a value under another key");
    }
}
