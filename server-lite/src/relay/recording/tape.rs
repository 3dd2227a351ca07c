//! What is recorded of one tunnel while its messages pass.

use std::sync::Arc;

use microstack::ws::PairTap;
use serde_json::Value;

use super::vault::Spool;
use super::{Entry, Kind, Room};

/// The recorder of one tunnel.
pub struct Tape {
    spool: Arc<Spool>,
    /// Which leg is the user's.
    user_leg: usize,
    now_ms: u64,
    /// A message that has not ended yet, from each leg.
    open: [Vec<u8>; 2],
    user_messages: u32,
    encrypted: bool,
}

/// A message longer than this becomes several records.
const MAX_RECORD: usize = 1 << 20;
/// A client begins an encrypted session with its first message.
const LOOK_AT: u32 = 4;

impl Tape {
    pub(super) fn new(spool: Arc<Spool>, user_leg: usize) -> Tape {
        Tape {
            spool,
            user_leg,
            now_ms: 0,
            open: [Vec::new(), Vec::new()],
            user_messages: 0,
            encrypted: false,
        }
    }

    /// Says what time it is: call it before messages pass.
    pub fn set_time(&mut self, now_ms: u64) {
        self.now_ms = now_ms;
    }

    /// Whether more may pass now.
    pub fn room(&self) -> Room {
        self.spool.room()
    }

    /// True when the user has begun to encrypt: what follows would say nothing to a viewer.
    pub fn is_encrypted(&self) -> bool {
        self.encrypted
    }

    /// Ends the file.
    pub fn end(&mut self, now_ms: u64) {
        self.spool.end(Entry::end(now_ms).emit());
    }
}

impl PairTap for Tape {
    fn piece(&mut self, from: usize, is_text: bool, piece: &[u8], ends: bool) {
        let message = &mut self.open[from];
        message.extend_from_slice(piece);
        if !ends && message.len() < MAX_RECORD {
            return;
        }
        let data = std::mem::take(message);
        if data.is_empty() {
            return; // MeshCentral's tools never come past an empty record
        }
        let from_user = from == self.user_leg;
        if from_user && is_text && self.user_messages < LOOK_AT {
            self.user_messages += 1;
            self.encrypted |= is_secure_hello(&data);
        }
        let entry = Entry { kind: Kind::Data, binary: !is_text, from_user, time_ms: self.now_ms, data };
        self.spool.put(entry.emit());
    }
}

impl Drop for Tape {
    fn drop(&mut self) {
        // Without an end record the file says that it is not whole.
        self.spool.close();
    }
}

/// The first message of `docs/secure-sessions.md`.
fn is_secure_hello(message: &[u8]) -> bool {
    let parsed: Option<Value> = serde_json::from_slice(message).ok();
    parsed.is_some_and(|message| message["type"] == "secure" && message["hello"].is_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_beginning_of_an_encrypted_session_is_known() {
        assert!(is_secure_hello(br#"{"ctrlChannel":"102938","type":"secure","v":1,"hello":"AAAA"}"#));
        assert!(!is_secure_hello(br#"{"ctrlChannel":"102938","type":"options","cols":80}"#));
        assert!(!is_secure_hello(b"1") && !is_secure_hello(b""));
    }
}
