//! Signed-in browsers. Few, and asked for at every request: kept in memory as well.

use std::sync::Arc;

use super::{Data, DataError, WEB_SESSIONS, encode, read, write};
use crate::model::WebSession;

/// Browsers one user may be signed in with; one more signs the least used one out.
const MAX_EACH: usize = 32;
/// Browsers altogether.
const MAX_ALL: usize = 20_000;

impl Data {
    /// The session with this public number, if it has not ended.
    pub fn web_session(&self, number: &str, now_ms: u64) -> Option<Arc<WebSession>> {
        read(&self.web_sessions).get(number).filter(|session| session.is_valid_at(now_ms)).cloned()
    }

    /// The sessions of a user that have not ended.
    pub fn web_sessions_of(&self, user_id: &str, now_ms: u64) -> Vec<Arc<WebSession>> {
        let sessions = read(&self.web_sessions);
        let mine =
            sessions.values().filter(|session| session.user_id == user_id && session.is_valid_at(now_ms));
        mine.cloned().collect()
    }

    /// How many there are, ended ones included.
    pub fn web_session_count(&self) -> usize {
        read(&self.web_sessions).len()
    }

    /// Keeps a session. Those that ended make room, and over 32 of one user the least used one; its number is
    /// returned.
    ///
    /// # Errors
    /// [`DataError::Full`] with 20,000 that have not ended, or the store's.
    pub fn add_web_session(&self, session: WebSession) -> Result<Option<String>, DataError> {
        let now_ms = session.created_ms;
        let mut sessions = write(&self.web_sessions);
        let ended: Vec<String> =
            sessions.values().filter(|old| !old.is_valid_at(now_ms)).map(|old| old.number.clone()).collect();
        for number in ended {
            sessions.remove(&number);
            self.store.delete(WEB_SESSIONS, number.as_bytes())?;
        }
        let mine = || sessions.values().filter(|old| old.user_id == session.user_id);
        let crowded = mine().count() >= MAX_EACH;
        let out = mine().min_by_key(|old| old.seen_ms).filter(|_| crowded).map(|old| old.number.clone());
        if let Some(number) = &out {
            sessions.remove(number);
            self.store.delete(WEB_SESSIONS, number.as_bytes())?;
        }
        if sessions.len() >= MAX_ALL {
            return Err(DataError::Full { what: "signed-in browsers", limit: MAX_ALL });
        }
        self.store.put(WEB_SESSIONS, session.number.as_bytes(), &encode(&session)?)?;
        sessions.insert(session.number.clone(), Arc::new(session));
        Ok(out)
    }

    /// Notes a use, if the last one noted is five minutes old.
    ///
    /// # Errors
    /// The store's.
    pub fn see_web_session(&self, number: &str, now_ms: u64) -> Result<(), DataError> {
        let due = |session: &Arc<WebSession>| now_ms >= session.seen_ms + WebSession::SEEN_EVERY_MS;
        if !read(&self.web_sessions).get(number).is_some_and(due) {
            return Ok(());
        }
        let mut sessions = write(&self.web_sessions);
        let Some(session) = sessions.get(number) else { return Ok(()) };
        let seen = WebSession { seen_ms: now_ms, ..WebSession::clone(session) };
        self.store.put(WEB_SESSIONS, number.as_bytes(), &encode(&seen)?)?;
        sessions.insert(number.to_owned(), Arc::new(seen));
        Ok(())
    }

    /// Removes a session; `false` when there was none.
    ///
    /// # Errors
    /// The store's.
    pub fn remove_web_session(&self, number: &str) -> Result<bool, DataError> {
        let mut sessions = write(&self.web_sessions);
        if sessions.remove(number).is_none() {
            return Ok(false);
        }
        self.store.delete(WEB_SESSIONS, number.as_bytes())?;
        Ok(true)
    }

    /// Removes all sessions of a user but one.
    ///
    /// # Errors
    /// The store's.
    pub fn remove_web_sessions_of(&self, user_id: &str, but: Option<&str>) -> Result<(), DataError> {
        let numbers: Vec<String> = {
            let sessions = read(&self.web_sessions);
            let mine = sessions.values().filter(|session| session.user_id == user_id);
            mine.filter(|session| Some(session.number.as_str()) != but)
                .map(|session| session.number.clone())
                .collect()
        };
        for number in numbers {
            self.remove_web_session(&number)?;
        }
        Ok(())
    }
}
