//! Commands with an answer: which session asked what of which device.
//!
//! The answer to `runcommands` carries no session, only the `responseid` the agent was given. Agents therefore get
//! one of ours, and the answer goes to the session that asked and to nobody else (user-channel spec 4.3).

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use microstack::wire::id::NodeId;

/// One open question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ask {
    /// Who asked.
    pub session: String,
    /// The `responseid` of the asker.
    pub responseid: String,
    /// Of whom.
    pub node: NodeId,
}

/// All open questions of the server.
#[derive(Default)]
pub struct Asks {
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    next: u64,
    open: HashMap<u64, Ask>,
}

impl Asks {
    /// Most open questions on one server.
    pub const MAX: usize = 4096;
    /// Most open questions of one session.
    pub const MAX_EACH: usize = 256;

    /// Notes a question and returns the `responseid` for the agent; `None` when there are too many.
    pub fn open(&self, ask: Ask) -> Option<String> {
        let mut inner = self.lock();
        let mine = inner.open.values().filter(|open| open.session == ask.session).count();
        if inner.open.len() >= Asks::MAX || mine >= Asks::MAX_EACH {
            return None;
        }
        inner.next += 1;
        let number = inner.next;
        inner.open.insert(number, ask);
        Some(format!("{PREFIX}{number}"))
    }

    /// The question that an answer of `node` belongs to; it is closed.
    pub fn answered(&self, responseid: &str, node: &NodeId) -> Option<Ask> {
        let number = responseid.strip_prefix(PREFIX)?.parse().ok()?;
        let mut inner = self.lock();
        // Another device must not answer in this one's place, nor close the question.
        if inner.open.get(&number)?.node != *node {
            return None;
        }
        inner.open.remove(&number)
    }

    /// Closes the questions of a session that ended.
    pub fn forget_session(&self, session: &str) {
        self.lock().open.retain(|_, ask| ask.session != session);
    }

    /// Closes the questions to a device that went away, and returns them.
    pub fn abandon(&self, node: &NodeId) -> Vec<Ask> {
        let mut inner = self.lock();
        let gone: Vec<u64> =
            inner.open.iter().filter(|(_, ask)| ask.node == *node).map(|(number, _)| *number).collect();
        gone.iter().filter_map(|number| inner.open.remove(number)).collect()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

const PREFIX: &str = "meshlite-";

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(session: &str, node: u8) -> Ask {
        Ask { session: session.into(), responseid: "meshctrl".into(), node: NodeId([node; 48]) }
    }

    #[test]
    fn only_the_asked_device_answers_and_only_once() {
        let asks = Asks::default();
        let id = asks.open(ask("a", 1)).unwrap();
        assert_eq!(asks.answered(&id, &NodeId([2; 48])), None);
        assert_eq!(asks.answered(&id, &NodeId([1; 48])), Some(ask("a", 1)));
        assert_eq!(asks.answered(&id, &NodeId([1; 48])), None);
        assert_eq!(asks.answered("meshctrl", &NodeId([1; 48])), None);
    }

    #[test]
    fn a_device_that_leaves_gives_its_questions_back() {
        let asks = Asks::default();
        asks.open(ask("a", 1)).unwrap();
        asks.open(ask("b", 2)).unwrap();
        assert_eq!(asks.abandon(&NodeId([1; 48])), [ask("a", 1)]);
        asks.forget_session("b");
        assert!(asks.abandon(&NodeId([2; 48])).is_empty());
    }

    #[test]
    fn one_session_cannot_take_all_places() {
        let asks = Asks::default();
        let taken = (0..1000).filter(|_| asks.open(ask("a", 1)).is_some()).count();
        assert_eq!(taken, Asks::MAX_EACH);
        assert!(asks.open(ask("b", 1)).is_some());
    }
}
