//! What agents report about hardware and network, kept as bounded JSON.

use microstack::wire::id::NodeId;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Data, DataError, NETINFO, SYSINFO, decode, encode};

/// One report.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Inventory {
    /// When it came, milliseconds since 1970.
    pub time_ms: u64,
    /// What it says.
    pub value: Value,
}

/// Most bytes of one stored report.
const MAX_BYTES: usize = 256 * 1024;

impl Data {
    /// Network interfaces of a device.
    ///
    /// # Errors
    /// The store's.
    pub fn netinfo(&self, node: &NodeId) -> Result<Option<Inventory>, DataError> {
        let row = self.store.get(NETINFO, node.as_bytes())?;
        row.map(|bytes| decode(NETINFO, &bytes)).transpose()
    }

    /// Keeps network interfaces.
    ///
    /// # Errors
    /// [`DataError::Full`] over 256 KiB, or the store's.
    pub fn put_netinfo(&self, node: &NodeId, report: &Inventory) -> Result<(), DataError> {
        self.put_inventory(NETINFO, node, report)
    }

    /// Hardware of a device.
    ///
    /// # Errors
    /// The store's.
    pub fn sysinfo(&self, node: &NodeId) -> Result<Option<Inventory>, DataError> {
        let row = self.store.get(SYSINFO, node.as_bytes())?;
        row.map(|bytes| decode(SYSINFO, &bytes)).transpose()
    }

    /// Keeps hardware.
    ///
    /// # Errors
    /// [`DataError::Full`] over 256 KiB, or the store's.
    pub fn put_sysinfo(&self, node: &NodeId, report: &Inventory) -> Result<(), DataError> {
        self.put_inventory(SYSINFO, node, report)
    }

    fn put_inventory(&self, table: &'static str, node: &NodeId, report: &Inventory) -> Result<(), DataError> {
        let bytes = encode(report)?;
        if bytes.len() > MAX_BYTES {
            return Err(DataError::Full { what: "bytes in one inventory", limit: MAX_BYTES });
        }
        Ok(self.store.put(table, node.as_bytes(), &bytes)?)
    }
}
