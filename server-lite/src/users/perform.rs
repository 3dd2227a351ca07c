//! Changing what is stored, in the name of a user or of the command line.

use crate::data::DataError;
use crate::house::House;
use crate::model::{Device, Membership, UserGroup};
use crate::relay::end_forbidden;
use crate::users::effect::Change;

impl House {
    /// Makes one change. Everybody sees it at once; it is on the disk after the next flush.
    ///
    /// # Errors
    /// Why it was not made; nothing is half done.
    pub fn apply(&self, change: Change) -> Result<(), DataError> {
        // Whose tunnels may have lost what allows them.
        let (node, user) = match &change {
            Change::MoveDevice { node, .. } | Change::RemoveDevice(node) => (Some(*node), None),
            Change::SetMember { user_id, .. } if user_id.starts_with(UserGroup::PREFIX) => (None, None),
            Change::SetMember { user_id, .. } | Change::RemoveUser(user_id) => (None, Some(user_id.clone())),
            Change::SetUserGroupMember { user_id, .. } => (None, Some(user_id.clone())),
            Change::EditUser { id, .. } => (None, Some(id.clone())),
            Change::SetDeviceLink { node, .. } => (Some(*node), None),
            Change::RemoveTokens { user_id, .. } => (None, Some(user_id.clone())),
            Change::RemoveGroup(_) | Change::RemoveUserGroup(_) | Change::RemoveWebSession(_) => (None, None),
            _ => return self.make(change),
        };
        self.make(change)?;
        end_forbidden(self, node.as_ref(), user.as_deref());
        Ok(())
    }

    fn make(&self, change: Change) -> Result<(), DataError> {
        match change {
            Change::AddGroup(group) => self.data.add_group(group),
            Change::EditGroup { id, edit } => {
                self.data.change_group(&id, |group| group.edit(edit)).map(|_| ())
            }
            Change::SetMember { id, user_id, name, rights } => {
                let edited = self.data.change_group(&id, |group| match rights {
                    Some(rights) if rights != 0 => {
                        group.members.insert(user_id, Membership { name, rights });
                    }
                    _ => {
                        group.members.remove(&user_id);
                    }
                });
                edited.map(|_| ())
            }
            Change::RemoveGroup(id) => self.data.remove_group(&id).map(|_| ()),
            Change::EditDevice { node, edit } => {
                let edited = self.data.change_device(&node, |device| {
                    device.map(|mut device| {
                        device.edit(&edit);
                        device
                    })
                })?;
                edited.map(|_| ()).ok_or_else(|| missing(&node))
            }
            Change::MoveDevice { node, group } => {
                let moved = self
                    .data
                    .change_device(&node, |device| device.map(|device| Device { group, ..device }))?;
                self.live.moved(&node, group);
                moved.map(|_| ()).ok_or_else(|| missing(&node))
            }
            Change::RemoveDevice(node) => {
                self.data.remove_device(&node)?.map(|_| ()).ok_or_else(|| missing(&node))
            }
            Change::AddUser(user) => self.data.add_user(user),
            Change::RemoveUser(id) => self.data.remove_user(&id),
            Change::AddCore(framed) => self.data.put_core(&framed).map(|_| ()),
            Change::AddToken(token) => {
                let now_ms = token.created_ms;
                self.data.add_token(token, now_ms)
            }
            Change::SetPassword { id, hash, must_change } => self.data.change_user(&id, |user| {
                user.password = hash;
                user.must_change = must_change;
            }),
            Change::EditUser { id, edit } => self.data.change_user(&id, |user| user.edit(&edit)),
            Change::AddUserGroup(group) => self.data.add_user_group(group),
            Change::SetUserGroupMember { id, user_id, member } => {
                self.data.change_user_group(&id, |group| match member {
                    true => drop(group.members.insert(user_id)),
                    false => drop(group.members.remove(&user_id)),
                })
            }
            Change::RemoveUserGroup(id) => self.data.remove_user_group(&id),
            Change::SetDeviceLink { node, who, rights } => {
                let edited = self.data.change_device(&node, |device| {
                    device.map(|mut device| {
                        match rights {
                            Some(rights) if rights != 0 => drop(device.links.insert(who, rights)),
                            _ => drop(device.links.remove(&who)),
                        }
                        device
                    })
                })?;
                edited.map(|_| ()).ok_or_else(|| missing(&node))
            }
            Change::RemoveWebSession(number) => self.data.remove_web_session(&number).map(|_| ()),
            Change::RemoveTokens { user_id, token_users } => {
                for token in token_users {
                    self.data.remove_token(&user_id, &token)?;
                }
                Ok(())
            }
        }
    }
}

fn missing(node: &microstack::wire::id::NodeId) -> DataError {
    DataError::Missing { what: "device", name: node.to_text64() }
}
