//! Cores that operators pushed, by the hash of their framed body.

use std::collections::BTreeSet;

use microstack::wire::core_hash;
use microstack::wire::id::CoreHash;

use super::{CORES, Data, DataError, PAGE};
use crate::model::CoreChoice;

/// Most bytes of a pushed core; the largest known one has 600 KB.
pub const MAX_CORE_BYTES: usize = 4 << 20;

/// Most pushed cores at a time.
const MAX_CORES: usize = 64;

impl Data {
    /// The framed body with this hash.
    ///
    /// # Errors
    /// The store's.
    pub fn core(&self, hash: &CoreHash) -> Result<Option<Vec<u8>>, DataError> {
        Ok(self.store.get(CORES, hash.as_bytes())?)
    }

    /// Keeps a framed body. Cores that no device and no group wants any more make room when there are too many.
    ///
    /// # Errors
    /// [`DataError::Full`] when all 64 are in use or the body is over 4 MiB, or the store's.
    pub fn put_core(&self, framed: &[u8]) -> Result<CoreHash, DataError> {
        if framed.len() > MAX_CORE_BYTES {
            return Err(DataError::Full { what: "bytes in one core", limit: MAX_CORE_BYTES });
        }
        let hash = core_hash(framed);
        if self.store.get(CORES, hash.as_bytes())?.is_some() {
            return Ok(hash);
        }
        if self.store.len(CORES)? >= MAX_CORES {
            self.drop_unused_cores()?;
        }
        if self.store.len(CORES)? >= MAX_CORES {
            return Err(DataError::Full { what: "pushed cores in use", limit: MAX_CORES });
        }
        self.store.put(CORES, hash.as_bytes(), framed)?;
        Ok(hash)
    }

    fn drop_unused_cores(&self) -> Result<(), DataError> {
        let mut used = BTreeSet::new();
        for group in self.groups() {
            if let CoreChoice::Custom(hash) = group.core {
                used.insert(hash);
            }
            for node in self.devices_of(&group.id)? {
                let choices = self.device(&node)?.map(|device| [device.core, device.trial]);
                for choice in choices.into_iter().flatten() {
                    if let CoreChoice::Custom(hash) = choice {
                        used.insert(hash);
                    }
                }
            }
        }
        for (key, _) in self.store.scan(CORES, &[], None, PAGE)? {
            if !used.iter().any(|hash| hash.as_bytes()[..] == key[..]) {
                self.store.delete(CORES, &key)?;
            }
        }
        Ok(())
    }
}
