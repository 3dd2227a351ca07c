//! The cores in memory: one copy of each, shared by all connections that send it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use microstack::wire::id::CoreHash;
use microstack::wire::{Command, core_hash, deflate_raw, frame_core};
use microstack::ws::Bytes;

use super::own_core::own_core;
use crate::data::{Data, DataError};

/// Cores by hash. The server's own is always there; pushed ones while somebody uses them.
pub struct Shelf {
    default: Arc<CoreBody>,
    pushed: Mutex<HashMap<CoreHash, Weak<CoreBody>>>,
    data: Arc<Data>,
}

/// One core, ready to send.
pub struct CoreBody {
    hash: CoreHash,
    framed: Vec<u8>,
    /// Whole messages by (request id, compressed): connections with the same request id share one.
    messages: Mutex<HashMap<(u16, bool), Bytes>>,
}

/// Request ids are small: a first push has number 2 or 3. Messages with higher ones are built for one use.
const SHARED_REQUESTS: u16 = 8;

impl Shelf {
    /// A shelf with the server's own core on it.
    pub fn new(data: Arc<Data>) -> Shelf {
        let default = Arc::new(CoreBody::new(frame_core(&own_core())));
        Shelf { default, pushed: Mutex::new(HashMap::new()), data }
    }

    /// Hash of the server's own core.
    pub fn default_hash(&self) -> CoreHash {
        self.default.hash
    }

    /// The core with this hash; pushed ones are read from the store when nobody holds them.
    ///
    /// # Errors
    /// [`DataError`] of the store, or [`DataError::Missing`].
    pub fn core(&self, hash: &CoreHash) -> Result<Arc<CoreBody>, DataError> {
        if *hash == self.default.hash {
            return Ok(Arc::clone(&self.default));
        }
        let mut pushed = self.pushed.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(core) = pushed.get(hash).and_then(Weak::upgrade) {
            return Ok(core);
        }
        let framed = self.data.core(hash)?;
        let missing = || DataError::Missing { what: "core", name: hash.to_hex() };
        let core = Arc::new(CoreBody::new(framed.ok_or_else(missing)?));
        pushed.retain(|_, core| core.strong_count() > 0);
        pushed.insert(*hash, Arc::downgrade(&core));
        Ok(core)
    }
}

impl CoreBody {
    fn new(framed: Vec<u8>) -> CoreBody {
        CoreBody { hash: core_hash(&framed), framed, messages: Mutex::new(HashMap::new()) }
    }

    /// The whole message that pushes this core: command 10, or 20 for agents that inflate.
    pub fn message(&self, request: u16, deflated: bool) -> Bytes {
        let mut messages = self.messages.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(message) = messages.get(&(request, deflated)) {
            return message.clone();
        }
        let built: Bytes = if deflated {
            let body = deflate_raw(&self.framed);
            Command::CoreDeflated { request, hash: self.hash, body: &body }.to_vec().into()
        } else {
            Command::Core { request, hash: self.hash, body: &self.framed }.to_vec().into()
        };
        if request <= SHARED_REQUESTS {
            messages.insert((request, deflated), built.clone());
        }
        built
    }

    /// Bytes of the uncompressed body.
    pub fn len(&self) -> usize {
        self.framed.len()
    }

    /// True for a core without a program.
    pub fn is_empty(&self) -> bool {
        self.framed.len() <= microstack::wire::core::PREFIX_LEN
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::tests::data;

    #[test]
    fn connections_share_one_copy_of_a_message() {
        let (data, _dir) = data();
        let shelf = Shelf::new(Arc::new(data));
        let core = shelf.core(&shelf.default_hash()).unwrap();
        let (one, two) = (core.message(2, false), core.message(2, false));
        assert_eq!(one.as_ptr(), two.as_ptr());
        assert!(core.message(2, true).len() < one.len() / 2, "the compressed form is much smaller");
        assert_ne!(core.message(900, false).as_ptr(), core.message(900, false).as_ptr());
        match Command::parse_from_server(&one).unwrap() {
            Command::Core { request: 2, hash, body } => assert_eq!(core_hash(body), hash),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn pushed_cores_come_from_the_store_and_are_shared_while_used() {
        let (data, _dir) = data();
        let hash = data.put_core(&frame_core("// mine")).unwrap();
        let shelf = Shelf::new(Arc::new(data));
        let one = shelf.core(&hash).unwrap();
        assert!(Arc::ptr_eq(&one, &shelf.core(&hash).unwrap()));
        assert!(matches!(shelf.core(&CoreHash([1; 48])), Err(DataError::Missing { .. })));
    }
}
