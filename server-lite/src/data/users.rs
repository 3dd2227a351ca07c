//! Accounts and login tokens.

use std::sync::Arc;

use super::{Data, DataError, MAX_USERS, TOKENS, USERS, encode, read, write};
use crate::model::{LoginToken, User, user_id};

/// Login tokens one user may have.
const MAX_TOKENS_EACH: usize = 64;

impl Data {
    /// The user with this id (`user//name`).
    pub fn user(&self, id: &str) -> Option<Arc<User>> {
        read(&self.users).get(id).cloned()
    }

    /// The user who signs in as `name`, in any case.
    pub fn user_named(&self, name: &str) -> Option<Arc<User>> {
        self.user(&user_id(name))
    }

    /// All users, by id.
    pub fn users(&self) -> Vec<Arc<User>> {
        read(&self.users).values().cloned().collect()
    }

    /// Adds a user.
    ///
    /// # Errors
    /// [`DataError::Exists`], [`DataError::Full`], or the store's.
    pub fn add_user(&self, user: User) -> Result<(), DataError> {
        let mut users = write(&self.users);
        if users.contains_key(&user.id) {
            return Err(DataError::Exists { what: "user", name: user.name });
        }
        if users.len() >= MAX_USERS {
            return Err(DataError::Full { what: "users", limit: MAX_USERS });
        }
        self.store.put(USERS, user.id.as_bytes(), &encode(&user)?)?;
        users.insert(user.id.clone(), Arc::new(user));
        Ok(())
    }

    /// Changes a user.
    ///
    /// # Errors
    /// [`DataError::Missing`] or the store's.
    pub fn change_user(&self, id: &str, change: impl FnOnce(&mut User)) -> Result<(), DataError> {
        let mut users = write(&self.users);
        let missing = || DataError::Missing { what: "user", name: id.to_owned() };
        let mut user = User::clone(users.get(id).ok_or_else(missing)?);
        change(&mut user);
        self.store.put(USERS, id.as_bytes(), &encode(&user)?)?;
        users.insert(id.to_owned(), Arc::new(user));
        Ok(())
    }

    /// Removes a user with tokens, web sessions and memberships.
    ///
    /// # Errors
    /// [`DataError::Missing`] or the store's.
    pub fn remove_user(&self, id: &str) -> Result<(), DataError> {
        if write(&self.users).remove(id).is_none() {
            return Err(DataError::Missing { what: "user", name: id.to_owned() });
        }
        self.store.delete(USERS, id.as_bytes())?;
        for token in self.tokens_of(id) {
            self.remove_token(id, &token.token_user)?;
        }
        self.remove_web_sessions_of(id, None)?;
        for group in self.user_groups_of(id) {
            self.change_user_group(&group, |group| {
                group.members.remove(id);
            })?;
        }
        self.forget_rights_of(id)
    }

    /// Takes a user, or a group of users, out of all device groups and devices.
    ///
    /// # Errors
    /// The store's.
    pub(super) fn forget_rights_of(&self, id: &str) -> Result<(), DataError> {
        for group in self.groups() {
            if group.members.contains_key(id) {
                self.change_group(&group.id, |group| {
                    group.members.remove(id);
                })?;
            }
        }
        for node in self.linked_devices(id)? {
            self.change_device(&node, |device| {
                device.map(|mut device| {
                    device.links.remove(id);
                    device
                })
            })?;
        }
        Ok(())
    }

    /// The token that signs in as `token_user`.
    pub fn token(&self, token_user: &str) -> Option<Arc<LoginToken>> {
        read(&self.tokens).get(token_user).cloned()
    }

    /// A user's tokens.
    pub fn tokens_of(&self, user_id: &str) -> Vec<Arc<LoginToken>> {
        read(&self.tokens).values().filter(|token| token.user_id == user_id).cloned().collect()
    }

    /// Keeps a token; those of the same user that expired before `now_ms` make room.
    ///
    /// # Errors
    /// [`DataError::Full`] over 64 tokens of one user, or the store's.
    pub fn add_token(&self, token: LoginToken, now_ms: u64) -> Result<(), DataError> {
        for old in self.tokens_of(&token.user_id) {
            if !old.is_valid_at(now_ms) {
                self.remove_token(&old.user_id, &old.token_user)?;
            }
        }
        if self.tokens_of(&token.user_id).len() >= MAX_TOKENS_EACH {
            return Err(DataError::Full { what: "login tokens of this user", limit: MAX_TOKENS_EACH });
        }
        let mut tokens = write(&self.tokens);
        self.store.put(TOKENS, token.token_user.as_bytes(), &encode(&token)?)?;
        tokens.insert(token.token_user.clone(), Arc::new(token));
        Ok(())
    }

    /// All tokens, of all users.
    pub fn tokens(&self) -> Vec<Arc<LoginToken>> {
        read(&self.tokens).values().cloned().collect()
    }

    /// Notes that a token was used, if the last use noted is a minute old.
    ///
    /// # Errors
    /// The store's.
    pub fn see_token(&self, token_user: &str, now_ms: u64) -> Result<(), DataError> {
        if read(&self.tokens).get(token_user).is_none_or(|token| now_ms < token.used_ms + 60_000) {
            return Ok(());
        }
        let mut tokens = write(&self.tokens);
        let Some(token) = tokens.get(token_user) else { return Ok(()) };
        let seen = LoginToken { used_ms: now_ms, ..LoginToken::clone(token) };
        self.store.put(TOKENS, token_user.as_bytes(), &encode(&seen)?)?;
        tokens.insert(token_user.to_owned(), Arc::new(seen));
        Ok(())
    }

    /// Removes a token of this user; `false` when there is none.
    ///
    /// # Errors
    /// The store's.
    pub fn remove_token(&self, user_id: &str, token_user: &str) -> Result<bool, DataError> {
        let mut tokens = write(&self.tokens);
        if tokens.get(token_user).is_none_or(|token| token.user_id != user_id) {
            return Ok(false);
        }
        tokens.remove(token_user);
        self.store.delete(TOKENS, token_user.as_bytes())?;
        Ok(true)
    }
}
