//! Where the two ends of a tunnel meet: one chain for each id, whichever chain they were accepted on.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher, RandomState};
use std::rc::Rc;
use std::sync::{Arc, OnceLock};

use microstack::chain::{Cx, LinkId};
use microstack::ws::Parted;

use super::{Guest, Newcomer, Refusal, Tunnel};
use crate::house::House;

/// A connection on its way to the chain of its tunnel.
pub struct Handover {
    /// The connection; its WebSocket is not open yet.
    pub parted: Parted,
    /// Who it is, or why it is refused: that can be said there as well.
    pub guest: Result<Guest, Refusal>,
}

/// The tunnels of one chain by their ids.
pub struct Meeting {
    house: Arc<House>,
    tunnels: Rc<RefCell<HashMap<String, LinkId>>>,
    /// All connections of this chain, for the end.
    guests: Rc<RefCell<HashSet<LinkId>>>,
}

/// Sends a connection to the chain of its tunnel; `false` when that chain is overloaded or the server starts or
/// stops, and the connection is gone.
pub fn hand_over(house: &House, handover: Handover) -> bool {
    static HASHER: OnceLock<RandomState> = OnceLock::new();
    let Some(hosts) = house.live.chains.get().filter(|hosts| !hosts.is_empty()) else { return false };
    // Keyed, so that nobody can choose ids that all land on one chain.
    let hasher = HASHER.get_or_init(RandomState::new);
    let hash = match &handover.guest {
        Ok(guest) => hasher.hash_one(&guest.id),
        Err(_) => hasher.hash_one(handover.parted.peer()),
    };
    let at = usize::try_from(hash % hosts.len() as u64).unwrap_or(0);
    hosts[at].post(handover)
}

impl Meeting {
    /// For one chain.
    pub fn new(house: Arc<House>, guests: Rc<RefCell<HashSet<LinkId>>>) -> Meeting {
        Meeting { house, tunnels: Rc::default(), guests }
    }

    /// Takes a connection that was handed over.
    pub fn arrive(&self, cx: &mut Cx<'_>, handover: Handover) {
        let mut newcomer = Newcomer { parted: handover.parted, guest: handover.guest };
        let waiting = match &newcomer.guest {
            Ok(guest) => self.tunnels.borrow().get(&guest.id).copied(),
            Err(_) => None,
        };
        if let Some(link) = waiting {
            match cx.mail(link, Box::new(newcomer)) {
                Ok(()) => return,
                // It ended in this very turn.
                Err(back) => match back.downcast::<Newcomer>() {
                    Ok(back) => newcomer = *back,
                    Err(_) => return,
                },
            }
        }
        let id = newcomer.guest.as_ref().ok().map(|guest| guest.id.clone());
        let tunnel =
            Tunnel::new(Arc::clone(&self.house), newcomer, Rc::clone(&self.tunnels), Rc::clone(&self.guests));
        let link = cx.add("tunnel", tunnel);
        // Before its first wake: the other end may be the next letter.
        if let Some(id) = id {
            self.tunnels.borrow_mut().insert(id, link);
        }
    }
}
