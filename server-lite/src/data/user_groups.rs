//! Groups of users.

use std::sync::Arc;

use super::{Data, DataError, MAX_USERS, USER_GROUPS, encode, read, write};
use crate::model::UserGroup;

impl Data {
    /// The group of users with this id.
    pub fn user_group(&self, id: &str) -> Option<Arc<UserGroup>> {
        read(&self.user_groups).get(id).cloned()
    }

    /// All groups of users.
    pub fn user_groups(&self) -> Vec<Arc<UserGroup>> {
        read(&self.user_groups).values().cloned().collect()
    }

    /// The ids of the groups a user is in.
    pub fn user_groups_of(&self, user_id: &str) -> Vec<String> {
        let groups = read(&self.user_groups);
        groups
            .values()
            .filter(|group| group.members.contains(user_id))
            .map(|group| group.id.clone())
            .collect()
    }

    /// Keeps a new group of users.
    ///
    /// # Errors
    /// [`DataError::Exists`] for a used name, [`DataError::Full`], or the store's.
    pub fn add_user_group(&self, group: UserGroup) -> Result<(), DataError> {
        let mut groups = write(&self.user_groups);
        if groups.values().any(|other| other.name == group.name) {
            return Err(DataError::Exists { what: "group of users", name: group.name });
        }
        if groups.len() >= MAX_USERS {
            return Err(DataError::Full { what: "groups of users", limit: MAX_USERS });
        }
        self.store.put(USER_GROUPS, group.id.as_bytes(), &encode(&group)?)?;
        groups.insert(group.id.clone(), Arc::new(group));
        Ok(())
    }

    /// Changes a group of users.
    ///
    /// # Errors
    /// [`DataError::Missing`], [`DataError::Full`] over 1000 members, or the store's.
    pub fn change_user_group(&self, id: &str, change: impl FnOnce(&mut UserGroup)) -> Result<(), DataError> {
        let mut groups = write(&self.user_groups);
        let missing = || DataError::Missing { what: "group of users", name: id.to_owned() };
        let mut group = UserGroup::clone(groups.get(id).ok_or_else(missing)?);
        change(&mut group);
        if group.members.len() > UserGroup::MAX_MEMBERS {
            return Err(DataError::Full { what: "members of this group", limit: UserGroup::MAX_MEMBERS });
        }
        self.store.put(USER_GROUPS, id.as_bytes(), &encode(&group)?)?;
        groups.insert(id.to_owned(), Arc::new(group));
        Ok(())
    }

    /// Removes a group of users, with its rights everywhere.
    ///
    /// # Errors
    /// [`DataError::Missing`] or the store's.
    pub fn remove_user_group(&self, id: &str) -> Result<(), DataError> {
        if write(&self.user_groups).remove(id).is_none() {
            return Err(DataError::Missing { what: "group of users", name: id.to_owned() });
        }
        self.store.delete(USER_GROUPS, id.as_bytes())?;
        self.forget_rights_of(id)
    }
}
