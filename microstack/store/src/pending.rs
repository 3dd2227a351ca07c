//! Changes that were made and are not on the disk yet.
//!
//! A write only comes here, which takes no disk access; a flush brings everything here to the database in one
//! transaction. Readers see these changes laid over the rows of the database. What a flush could not write stays,
//! so a full disk loses nothing as long as the program runs.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

/// A full key and its new content; `None` is a deletion.
pub(crate) type Change = (Arc<[u8]>, Option<Arc<[u8]>>);

/// The changes, by full key.
#[derive(Default)]
pub(crate) struct Pending {
    rows: BTreeMap<Arc<[u8]>, Latest>,
    bytes: usize,
    serial: u64,
}

impl Pending {
    /// Makes the changes of one batch.
    pub(crate) fn apply(&mut self, batch: Vec<Change>) {
        self.serial += 1;
        for (key, content) in batch {
            self.bytes += cost(&key, content.as_ref());
            let latest = Latest { content, serial: self.serial };
            // The key is kept by the map where it was there already; both have the same cost.
            if let Some(before) = self.rows.insert(key.clone(), latest) {
                self.bytes -= cost(&key, before.content.as_ref());
            }
        }
    }

    /// Memory that the changes take, in bytes, about.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// The change of one key; `Some(None)` is a deletion.
    pub(crate) fn get(&self, key: &[u8]) -> Option<Option<Arc<[u8]>>> {
        self.rows.get(key).map(|latest| latest.content.clone())
    }

    /// The changes in a range, in the order of the keys, up to the `puts`-th that is no deletion.
    ///
    /// A scan for that many rows never looks behind it.
    pub(crate) fn range(&self, keys: &Range<Vec<u8>>, puts: usize) -> Vec<Change> {
        let mut found = Vec::new();
        let mut left = puts;
        for (key, latest) in self.between(keys) {
            if left == 0 {
                break;
            }
            left -= usize::from(latest.content.is_some());
            found.push((key.clone(), latest.content.clone()));
        }
        found
    }

    /// The changes in a range from its end, down to the first that is no deletion.
    pub(crate) fn tail(&self, keys: &Range<Vec<u8>>) -> Vec<Change> {
        let mut found = Vec::new();
        for (key, latest) in self.between(keys).rev() {
            found.push((key.clone(), latest.content.clone()));
            if latest.content.is_some() {
                break;
            }
        }
        found
    }

    /// All changes, and the serial to name when they are on the disk.
    pub(crate) fn all(&self) -> (Vec<Change>, u64) {
        let changes = self.rows.iter().map(|(key, latest)| (key.clone(), latest.content.clone())).collect();
        (changes, self.serial)
    }

    /// Forgets the changes made up to `serial`: they are on the disk. What was changed since then stays.
    pub(crate) fn settle(&mut self, serial: u64) {
        self.rows.retain(|_, latest| latest.serial > serial);
        self.bytes = self.rows.iter().map(|(key, latest)| cost(key, latest.content.as_ref())).sum();
    }

    fn between(&self, keys: &Range<Vec<u8>>) -> impl DoubleEndedIterator<Item = (&Arc<[u8]>, &Latest)> {
        use std::ops::Bound::{Excluded, Included};
        self.rows.range::<[u8], _>((Included(keys.start.as_slice()), Excluded(keys.end.as_slice())))
    }
}

/// What a key holds after the newest change.
struct Latest {
    content: Option<Arc<[u8]>>,
    serial: u64,
}

/// Two counted slices and a place in the map, besides the bytes themselves.
const ROW_BYTES: usize = 96;

fn cost(key: &[u8], content: Option<&Arc<[u8]>>) -> usize {
    ROW_BYTES + key.len() + content.map_or(0, |content| content.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(key: &str, content: &str) -> Change {
        (key.as_bytes().into(), Some(content.as_bytes().into()))
    }

    fn delete(key: &str) -> Change {
        (key.as_bytes().into(), None)
    }

    fn names(changes: &[Change]) -> String {
        changes.iter().map(|(key, _)| std::str::from_utf8(key).unwrap()).collect()
    }

    #[test]
    fn what_changed_since_a_flush_began_survives_its_end() {
        let mut pending = Pending::default();
        pending.apply(vec![put("a", "1"), put("b", "1"), delete("c")]);
        let (all, serial) = pending.all();
        assert_eq!((names(&all).as_str(), pending.bytes()), ("abc", 3 * 97 + 2));
        pending.apply(vec![put("b", "22"), put("d", "2")]);
        assert_eq!(pending.bytes(), 4 * 97 + 1 + 2 + 1);
        pending.settle(serial);
        assert_eq!(pending.get(b"a"), None);
        assert_eq!(pending.get(b"b").flatten().as_deref(), Some(&b"22"[..]));
        assert_eq!((names(&pending.all().0).as_str(), pending.bytes()), ("bd", 2 * 97 + 3));
        let (_, serial) = pending.all();
        pending.settle(serial);
        assert_eq!((pending.all().0.len(), pending.bytes()), (0, 0));
    }

    #[test]
    fn ranges_end_with_the_last_row_that_can_matter() {
        let mut pending = Pending::default();
        pending.apply(vec![
            delete("a"),
            put("b", "x"),
            delete("c"),
            put("d", "x"),
            put("e", "x"),
            delete("f"),
        ]);
        let keys = b"a".to_vec()..b"g".to_vec();
        assert_eq!(names(&pending.range(&keys, 2)), "abcd");
        assert_eq!(names(&pending.range(&keys, usize::MAX)), "abcdef");
        assert_eq!(names(&pending.range(&keys, 0)), "");
        assert_eq!(names(&pending.range(&(b"b".to_vec()..b"d".to_vec()), 9)), "bc");
        assert_eq!(names(&pending.tail(&keys)), "fe");
        assert_eq!(names(&pending.tail(&(b"c".to_vec()..b"d".to_vec()))), "c");
    }
}
