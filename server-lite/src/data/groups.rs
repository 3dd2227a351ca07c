//! Device groups.

use std::sync::Arc;

use microstack::wire::id::{MeshId, NodeId};

use super::{Data, DataError, GROUPS, MAX_USERS, encode, read, write};
use crate::model::Group;

impl Data {
    /// The group with this id.
    pub fn group(&self, id: &MeshId) -> Option<Arc<Group>> {
        read(&self.groups).get(id).cloned()
    }

    /// The group with this name.
    pub fn group_named(&self, name: &str) -> Option<Arc<Group>> {
        read(&self.groups).values().find(|group| group.name == name).cloned()
    }

    /// All groups, by id.
    pub fn groups(&self) -> Vec<Arc<Group>> {
        read(&self.groups).values().cloned().collect()
    }

    /// The groups a user is a member of.
    pub fn groups_of(&self, user_id: &str) -> Vec<Arc<Group>> {
        read(&self.groups).values().filter(|group| group.rights_of(user_id) != 0).cloned().collect()
    }

    /// Adds a group.
    ///
    /// # Errors
    /// [`DataError::Exists`] for a used name, [`DataError::Full`], or the store's.
    pub fn add_group(&self, group: Group) -> Result<(), DataError> {
        let mut groups = write(&self.groups);
        if groups.contains_key(&group.id) || groups.values().any(|other| other.name == group.name) {
            return Err(DataError::Exists { what: "group", name: group.name });
        }
        if groups.len() >= MAX_USERS {
            return Err(DataError::Full { what: "groups", limit: MAX_USERS });
        }
        self.store.put(GROUPS, group.id.as_bytes(), &encode(&group)?)?;
        groups.insert(group.id, Arc::new(group));
        Ok(())
    }

    /// Changes a group; its id cannot be changed.
    ///
    /// # Errors
    /// [`DataError::Missing`], [`DataError::Exists`] when it would take another's name, or the store's.
    pub fn change_group(
        &self,
        id: &MeshId,
        change: impl FnOnce(&mut Group),
    ) -> Result<Arc<Group>, DataError> {
        let mut groups = write(&self.groups);
        let missing = || DataError::Missing { what: "group", name: id.to_text64() };
        let mut group = Group::clone(groups.get(id).ok_or_else(missing)?);
        change(&mut group);
        group.id = *id;
        if groups.values().any(|other| other.name == group.name && other.id != *id) {
            return Err(DataError::Exists { what: "group", name: group.name });
        }
        self.store.put(GROUPS, id.as_bytes(), &encode(&group)?)?;
        let group = Arc::new(group);
        groups.insert(*id, Arc::clone(&group));
        Ok(group)
    }

    /// Removes a group with its devices, whose ids are returned.
    ///
    /// # Errors
    /// [`DataError::Missing`] or the store's.
    pub fn remove_group(&self, id: &MeshId) -> Result<Vec<NodeId>, DataError> {
        // The group goes first: from here on no agent can enrol in it.
        if write(&self.groups).remove(id).is_none() {
            return Err(DataError::Missing { what: "group", name: id.to_text64() });
        }
        self.store.delete(GROUPS, id.as_bytes())?;
        let devices = self.devices_of(id)?;
        for node in &devices {
            self.remove_device(node)?;
        }
        Ok(devices)
    }
}
