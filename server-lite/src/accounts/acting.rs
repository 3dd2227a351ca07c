//! What a user may do at this moment: the account as it is now, narrowed by what he acts with.
//!
//! Every decision about rights goes through here: memberships of the user, of his groups of users, rights in single
//! devices, and the limits of a token.

use std::sync::Arc;

use microstack::wire::id::NodeId;

use crate::house::House;
use crate::live::UserSeat;
use crate::model::{Device, Group, Scope, User, Via, rights};

impl House {
    /// The account of a user who acts by `via`; `None` once the account, the session or the token is gone, ended or
    /// locked.
    pub fn acting(&self, user_id: &str, via: &Via, now_ms: u64) -> Option<Arc<User>> {
        let user = self.data.user(user_id).filter(|user| !user.is_locked())?;
        let limit = match via {
            Via::Password => return Some(user),
            Via::Web(number) => {
                self.data.web_session(number, now_ms).filter(|session| session.user_id == user_id)?;
                None
            }
            Via::Token(name) => {
                let token = self.data.token(name)?;
                (token.user_id == user_id && token.is_valid_at(now_ms)).then(|| token.limit())?
            }
        };
        // A token of single groups is for those: what its owner may do on the whole site is not in it.
        let site = match &limit {
            Some(limit) if !limit.groups.is_empty() && user.is_site_admin() => 0,
            Some(limit) if !limit.groups.is_empty() => user.site & rights::SITE_RESTRICTIONS,
            _ => user.site,
        };
        Some(Arc::new(User { site, via: via.clone(), limit: limit.map(Arc::new), ..User::clone(&user) }))
    }

    /// When a token may end that is made by `via`, 0 for never: not after the token it is made with.
    pub fn capped_expiry(&self, via: &Via, expires_ms: u64) -> u64 {
        let Via::Token(name) = via else { return expires_ms };
        // A maker that was revoked this moment leaves a token that is over already.
        match self.data.token(name).map_or(1, |token| token.expires_ms) {
            0 => expires_ms,
            own if expires_ms == 0 => own,
            own => own.min(expires_ms),
        }
    }

    /// What a user may do in a group: what he was given, and what his groups of users were.
    pub fn rights_in(&self, user: &User, group: &Group) -> u32 {
        if user.limit.as_ref().is_some_and(|limit| !limit.covers(&group.id)) {
            return 0;
        }
        self.given_in(&user.id, group)
    }

    /// What a user may do with a device: what he may in its group, and what he was given in the device alone.
    pub fn rights_over(&self, user: &User, device: &Device, group: &Group) -> u32 {
        if user.limit.as_ref().is_some_and(|limit| !limit.covers(&group.id)) {
            return 0;
        }
        self.given_in(&user.id, group) | self.given_over(&user.id, device)
    }

    /// The groups in which a user may do something.
    pub fn groups_for(&self, user: &User) -> Vec<Arc<Group>> {
        self.data.groups().into_iter().filter(|group| self.rights_in(user, group) != 0).collect()
    }

    /// Devices in which a user was given rights although he has none in their groups, with those groups.
    ///
    /// # Errors
    /// The store's.
    pub fn single_devices_for(
        &self,
        user: &User,
    ) -> Result<Vec<(Device, Arc<Group>)>, crate::data::DataError> {
        let mut found: Vec<(Device, Arc<Group>)> = Vec::new();
        let mut whose = self.data.user_groups_of(&user.id);
        whose.push(user.id.clone());
        for who in whose {
            for node in self.data.linked_devices(&who)? {
                let Some(device) = self.data.device(&node)? else { continue };
                let Some(group) = self.data.group(&device.group) else { continue };
                let known = found.iter().any(|(other, _)| other.id == device.id);
                if !known && self.rights_in(user, &group) == 0 && self.rights_over(user, &device, &group) != 0
                {
                    found.push((device, group));
                }
            }
        }
        Ok(found)
    }

    /// True when a session may be told what happens in a group, or to one device of it.
    pub fn may_be_told(&self, seat: &UserSeat, group: &Group, node: Option<&NodeId>) -> bool {
        seat.allows(Scope::EventsRead) && self.rights_of_seat(seat, group, node) != 0
    }

    /// The rights of a session in a group, or over one device of it.
    pub fn rights_of_seat(&self, seat: &UserSeat, group: &Group, node: Option<&NodeId>) -> u32 {
        if seat.limit.as_ref().is_some_and(|limit| !limit.covers(&group.id)) {
            return 0;
        }
        let given = self.given_in(&seat.user_id, group);
        match node.filter(|_| given == 0).map(|node| self.data.device(node)) {
            Some(Ok(Some(device))) => self.given_over(&seat.user_id, &device),
            _ => given,
        }
    }

    fn given_in(&self, user_id: &str, group: &Group) -> u32 {
        let shared = self.data.user_groups_of(user_id);
        shared.iter().fold(group.rights_of(user_id), |rights, id| rights | group.rights_of(id))
    }

    fn given_over(&self, user_id: &str, device: &Device) -> u32 {
        if device.links.is_empty() {
            return 0;
        }
        let own = |id: &str| device.links.get(id).copied().unwrap_or(0);
        self.data.user_groups_of(user_id).iter().fold(own(user_id), |rights, id| rights | own(id))
    }
}
