//! Cores on disk: the current one and the good ones, deflated, each under its hash.

use microstack::channel::agent::MAX_CORE_BYTES;
use microstack::store::{Store, StoreError, Write};
use microstack::wire::{CoreHash, core_hash, deflate_raw, inflate_raw};

/// Reads and writes cores in the embedded store.
pub struct CoreStore<'a>(pub &'a dyn Store);

impl CoreStore<'_> {
    /// The hash of the core the server wants to run.
    ///
    /// # Errors
    /// The store's.
    pub fn current(&self) -> Result<Option<CoreHash>, StoreError> {
        let hash = self.0.get(TABLE, CURRENT)?;
        Ok(hash.and_then(|bytes| <[u8; 48]>::try_from(bytes).ok()).map(CoreHash))
    }

    /// The body of a core, its four leading bytes included; `None` when it is not there or not what it should be.
    ///
    /// # Errors
    /// The store's.
    pub fn body(&self, hash: CoreHash) -> Result<Option<Vec<u8>>, StoreError> {
        let Some(deflated) = self.0.get(TABLE, hash.as_bytes())? else {
            return Ok(None);
        };
        Ok(inflate_raw(&deflated, MAX_CORE_BYTES).ok().filter(|body| core_hash(body) == hash))
    }

    /// Makes a core the current one, durably, and drops all bodies but this and those in `keep`.
    ///
    /// # Errors
    /// The store's; nothing has changed then.
    pub fn set_current(&self, hash: CoreHash, body: &[u8], keep: &[CoreHash]) -> Result<(), StoreError> {
        let mut writes = self.stale(|old| old == hash || keep.contains(&old))?;
        writes.push(Write::put(TABLE, hash.as_bytes(), deflate_raw(body)));
        writes.push(Write::put(TABLE, CURRENT, hash.as_bytes()));
        self.0.apply(&writes)?;
        self.0.flush()
    }

    /// Forgets the current core, durably; bodies in `keep` stay.
    ///
    /// # Errors
    /// The store's.
    pub fn clear(&self, keep: &[CoreHash]) -> Result<(), StoreError> {
        let mut writes = self.stale(|old| keep.contains(&old))?;
        writes.push(Write::delete(TABLE, CURRENT));
        self.0.apply(&writes)?;
        self.0.flush()
    }

    fn stale(&self, keep: impl Fn(CoreHash) -> bool) -> Result<Vec<Write>, StoreError> {
        let rows = self.0.scan(TABLE, b"", None, 64)?;
        let hashes = rows.iter().filter_map(|(key, _)| <[u8; 48]>::try_from(&key[..]).ok()).map(CoreHash);
        Ok(hashes.filter(|hash| !keep(*hash)).map(|hash| Write::delete(TABLE, hash.as_bytes())).collect())
    }
}

const TABLE: &str = "cores";
/// Shorter than a hash, so it is none.
const CURRENT: &[u8] = b"current";

#[cfg(test)]
mod tests {
    use super::*;
    use microstack::store::{DiskStore, Options};
    use microstack::wire::frame_core;

    #[test]
    fn only_the_current_core_and_the_good_ones_are_kept() {
        let dir = tempfile::tempdir().unwrap();
        let store = DiskStore::open(dir.path(), Options::default()).unwrap().store;
        let cores = CoreStore(&store);
        assert_eq!(cores.current().unwrap(), None);
        let bodies: Vec<Vec<u8>> = ["1", "22", "333"].iter().map(|text| frame_core(text)).collect();
        let hashes: Vec<CoreHash> = bodies.iter().map(|body| core_hash(body)).collect();
        cores.set_current(hashes[0], &bodies[0], &[]).unwrap();
        cores.set_current(hashes[1], &bodies[1], &[hashes[0]]).unwrap();
        assert_eq!(cores.body(hashes[0]).unwrap().as_ref(), Some(&bodies[0]));
        cores.set_current(hashes[2], &bodies[2], &[hashes[1]]).unwrap();
        assert_eq!(cores.current().unwrap(), Some(hashes[2]));
        assert_eq!(cores.body(hashes[0]).unwrap(), None, "neither current nor good");
        assert_eq!(cores.body(hashes[1]).unwrap().as_ref(), Some(&bodies[1]));
        cores.clear(&[hashes[1]]).unwrap();
        assert_eq!(cores.current().unwrap(), None);
        assert_eq!(cores.body(hashes[2]).unwrap(), None);
        assert!(cores.body(hashes[1]).unwrap().is_some());
    }

    #[test]
    fn a_body_that_is_not_what_its_hash_says_is_none() {
        let dir = tempfile::tempdir().unwrap();
        let store = DiskStore::open(dir.path(), Options::default()).unwrap().store;
        let cores = CoreStore(&store);
        cores.set_current(CoreHash([1; 48]), b"\0\0\0\0x", &[]).unwrap();
        assert_eq!(cores.body(CoreHash([1; 48])).unwrap(), None);
    }
}
