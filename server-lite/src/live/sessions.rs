//! Which sessions each device says it has: counts of users by kind, as agents report them.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use microstack::wire::id::NodeId;
use serde_json::{Map, Value};

/// Sessions of all connected devices. Kinds and sizes are checked where agents are heard.
#[derive(Default)]
pub struct Sessions {
    of: Mutex<HashMap<NodeId, Map<String, Value>>>,
}

impl Sessions {
    /// Takes a report: each kind in it replaces what was said of this kind before.
    pub fn report(&self, node: NodeId, report: &Map<String, Value>) {
        let mut all = self.of.lock().unwrap_or_else(PoisonError::into_inner);
        let own = all.entry(node).or_default();
        for (kind, users) in report {
            if users.as_object().is_some_and(|users| !users.is_empty()) {
                own.insert(kind.clone(), users.clone());
            } else {
                own.remove(kind);
            }
        }
        if own.is_empty() {
            all.remove(&node);
        }
    }

    /// The device has left, and its sessions with it.
    pub fn forget(&self, node: &NodeId) {
        self.of.lock().unwrap_or_else(PoisonError::into_inner).remove(node);
    }

    /// Sessions of a device; `None` when it has none.
    pub fn of(&self, node: &NodeId) -> Option<Map<String, Value>> {
        self.of.lock().unwrap_or_else(PoisonError::into_inner).get(node).cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_last_report_of_each_kind_counts() {
        let (sessions, node) = (Sessions::default(), NodeId([1; 48]));
        let report = |value: Value| sessions.report(node, value.as_object().unwrap());
        report(json!({ "terminal": { "user//anna": 2 } }));
        report(json!({ "files": { "user//bert": 1 } }));
        report(json!({ "terminal": {} }));
        assert_eq!(sessions.of(&node).map(Value::Object), Some(json!({ "files": { "user//bert": 1 } })));
        report(json!({ "files": {} }));
        assert_eq!(sessions.of(&node), None);
        report(json!({ "files": { "user//bert": 1 } }));
        sessions.forget(&node);
        assert_eq!(sessions.of(&node), None);
    }
}
