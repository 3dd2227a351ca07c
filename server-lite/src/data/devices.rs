//! Devices, and the index by which a group finds its own.

use std::sync::MutexGuard;
use std::sync::atomic::{AtomicUsize, Ordering};

use microstack::store::Write;
use microstack::wire::id::{MeshId, NodeId};

use super::{
    DEVICES, Data, DataError, GROUP_DEVICES, LINKED_DEVICES, MAX_DEVICES, NETINFO, PAGE, SYSINFO, decode,
    encode, lock,
};
use crate::model::Device;

/// Which part of a group's devices is wanted.
#[derive(Debug, Clone, Copy)]
pub struct NodeQuery {
    /// Devices to pass over.
    pub skip: usize,
    /// Most devices.
    pub limit: usize,
}

impl Data {
    /// The record of a device.
    ///
    /// # Errors
    /// The store's.
    pub fn device(&self, node: &NodeId) -> Result<Option<Device>, DataError> {
        let row = self.store.get(DEVICES, node.as_bytes())?;
        row.map(|bytes| decode(DEVICES, &bytes)).transpose()
    }

    /// How many devices there are.
    ///
    /// # Errors
    /// The store's.
    pub fn device_count(&self) -> Result<usize, DataError> {
        if let Some(count) = self.device_count.get() {
            return Ok(count.load(Ordering::Relaxed));
        }
        let counted = self.store.len(DEVICES)?;
        Ok(self.device_count.get_or_init(|| AtomicUsize::new(counted)).load(Ordering::Relaxed))
    }

    /// Reads, changes and writes one device. `change` gets `None` for an unknown device and returns what shall be
    /// kept, or `None` to leave everything as it is. Nobody else changes the device meanwhile.
    ///
    /// # Errors
    /// [`DataError::Full`] when a new device is one too many, or the store's.
    pub fn change_device(
        &self,
        node: &NodeId,
        change: impl FnOnce(Option<Device>) -> Option<Device>,
    ) -> Result<Option<Device>, DataError> {
        let _guard = self.guard(node);
        let old = self.device(node)?;
        let old_group = old.as_ref().map(|device| device.group);
        let before = old.clone();
        let Some(device) = change(old) else {
            return Ok(before);
        };
        if before.as_ref() == Some(&device) {
            return Ok(before);
        }
        if old_group.is_none() && self.device_count()? >= MAX_DEVICES {
            return Err(DataError::Full { what: "devices", limit: MAX_DEVICES });
        }
        let mut batch = vec![Write::put(DEVICES, node.as_bytes(), encode(&device)?)];
        if old_group != Some(device.group) {
            if let Some(group) = old_group {
                batch.push(Write::delete(GROUP_DEVICES, index_key(&group, node)));
            }
            batch.push(Write::put(GROUP_DEVICES, index_key(&device.group, node), []));
        }
        let linked = before.as_ref().map(|device| &device.links);
        for who in
            linked.into_iter().flat_map(|links| links.keys()).filter(|who| !device.links.contains_key(*who))
        {
            batch.push(Write::delete(LINKED_DEVICES, link_key(who, node)));
        }
        for who in device.links.keys().filter(|who| !linked.is_some_and(|links| links.contains_key(*who))) {
            batch.push(Write::put(LINKED_DEVICES, link_key(who, node), []));
        }
        self.store.apply(&batch)?;
        if let (None, Some(count)) = (old_group, self.device_count.get()) {
            count.fetch_add(1, Ordering::Relaxed);
        }
        Ok(Some(device))
    }

    /// Removes a device and its inventories; `None` when it was not there.
    ///
    /// # Errors
    /// The store's.
    pub fn remove_device(&self, node: &NodeId) -> Result<Option<Device>, DataError> {
        let _guard = self.guard(node);
        let Some(device) = self.device(node)? else {
            return Ok(None);
        };
        let mut batch = vec![
            Write::delete(DEVICES, node.as_bytes()),
            Write::delete(GROUP_DEVICES, index_key(&device.group, node)),
            Write::delete(NETINFO, node.as_bytes()),
            Write::delete(SYSINFO, node.as_bytes()),
        ];
        batch.extend(device.links.keys().map(|who| Write::delete(LINKED_DEVICES, link_key(who, node))));
        self.store.apply(&batch)?;
        if let Some(count) = self.device_count.get() {
            count.fetch_sub(1, Ordering::Relaxed);
        }
        Ok(Some(device))
    }

    /// The ids of a group's devices, in order.
    ///
    /// # Errors
    /// The store's.
    pub fn devices_of(&self, group: &MeshId) -> Result<Vec<NodeId>, DataError> {
        self.devices_page(group, NodeQuery { skip: 0, limit: usize::MAX })
    }

    /// Part of the ids of a group's devices, in order.
    ///
    /// # Errors
    /// The store's.
    pub fn devices_page(&self, group: &MeshId, query: NodeQuery) -> Result<Vec<NodeId>, DataError> {
        let mut found = Vec::new();
        let mut skip = query.skip;
        let mut from = index_key(group, &NodeId([0; 48])).to_vec();
        let mut end = index_key(group, &NodeId([0xFF; 48])).to_vec();
        end.push(0);
        while found.len() < query.limit {
            let rows = self.store.scan(GROUP_DEVICES, &from, Some(&end), PAGE)?;
            let Some((last, _)) = rows.last() else { break };
            from.clone_from(last);
            from.push(0);
            let full_page = rows.len() == PAGE;
            for (key, _) in rows {
                if skip > 0 {
                    skip -= 1;
                } else if found.len() < query.limit
                    && let Some(node) = key.get(48..).and_then(|id| <[u8; 48]>::try_from(id).ok())
                {
                    found.push(NodeId(node));
                }
            }
            if !full_page {
                break;
            }
        }
        Ok(found)
    }

    /// The devices in which a user, or a group of users, has rights of its own.
    ///
    /// # Errors
    /// The store's.
    pub fn linked_devices(&self, who: &str) -> Result<Vec<NodeId>, DataError> {
        let mut found = Vec::new();
        let mut from = link_key(who, &NodeId([0; 48]));
        let mut end = link_key(who, &NodeId([0xFF; 48]));
        end.push(0);
        loop {
            let rows = self.store.scan(LINKED_DEVICES, &from, Some(&end), PAGE)?;
            let ids =
                rows.iter().filter_map(|(key, _)| key.get(key.len().checked_sub(48)?..)?.try_into().ok());
            found.extend(ids.map(NodeId));
            match rows.last() {
                Some((last, _)) if rows.len() == PAGE => {
                    from.clone_from(last);
                    from.push(0);
                }
                _ => return Ok(found),
            }
        }
    }

    /// Keeps two chains from changing one device at a time.
    fn guard(&self, node: &NodeId) -> MutexGuard<'_, ()> {
        lock(&self.device_locks[usize::from(node.as_bytes()[0]) % self.device_locks.len()])
    }
}

fn index_key(group: &MeshId, node: &NodeId) -> [u8; 96] {
    let mut key = [0; 96];
    key[..48].copy_from_slice(group.as_bytes());
    key[48..].copy_from_slice(node.as_bytes());
    key
}

/// Ids of users have no zero byte, so none is the beginning of another's keys.
fn link_key(who: &str, node: &NodeId) -> Vec<u8> {
    [who.as_bytes(), &[0], &node.as_bytes()[..]].concat()
}
