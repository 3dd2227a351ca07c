//! Single values: keys, and the certificates of the grace window.

use microstack::crypto::random_bytes;
use serde::{Serialize, de::DeserializeOwned};

use super::{Data, DataError, META, decode, encode};

impl Data {
    /// A single value.
    ///
    /// # Errors
    /// The store's.
    pub fn meta<V: DeserializeOwned>(&self, name: &str) -> Result<Option<V>, DataError> {
        let row = self.store.get(META, name.as_bytes())?;
        row.map(|bytes| decode(META, &bytes)).transpose()
    }

    /// Keeps a single value.
    ///
    /// # Errors
    /// The store's.
    pub fn put_meta<V: Serialize>(&self, name: &str, value: &V) -> Result<(), DataError> {
        Ok(self.store.put(META, name.as_bytes(), &encode(value)?)?)
    }

    /// 32 bytes made at the first call and kept.
    ///
    /// # Errors
    /// The store's.
    pub fn secret(&self, name: &str) -> Result<[u8; 32], DataError> {
        if let Some(kept) = self.meta(name)? {
            return Ok(kept);
        }
        let fresh = random_bytes::<32>();
        self.put_meta(name, &fresh)?;
        Ok(fresh)
    }
}
