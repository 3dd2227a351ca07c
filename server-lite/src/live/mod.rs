//! Who is connected right now, on whichever chain: agents in shards, user sessions in one list.
//!
//! This is the only thing that chains share while they work. It holds addresses, not connections: what is to be
//! done at a connection is mailed there as a [`ToAgent`] or [`ToUser`].

mod asks;
mod crash_guard;
mod holds;
mod notes;
mod sessions;
mod users;

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use microstack::chain::{LinkId, Mailbox};
use microstack::wire::id::{MeshId, NodeId};

pub use asks::{Ask, Asks};
pub use crash_guard::CrashGuard;
pub use holds::{HoldLimit, HoldTicket, Holds};
pub use notes::{CoreOrder, PasswordVerdict, ToAgent, ToUser};
pub use sessions::Sessions;
pub use users::{UserSeat, UserSeats};

use crate::relay::Tunnels;

/// The place of one connection: a chain and a link on it.
#[derive(Clone)]
pub struct Address {
    mailbox: Mailbox,
    link: LinkId,
}

/// One connected agent.
#[derive(Clone)]
pub struct AgentSeat {
    /// Where it is.
    pub address: Address,
    /// Number of the connection, rising: tells an old connection of a device from its successor.
    pub serial: u64,
    /// When it was confirmed, milliseconds since 1970.
    pub connected_ms: u64,
    /// The group of the device.
    pub group: MeshId,
    /// Whether command 4 has gone out and the agent takes commands.
    pub ready: bool,
}

/// Everything live.
pub struct Live {
    shards: Vec<Mutex<HashMap<NodeId, AgentSeat>>>,
    serials: AtomicU64,
    /// Signed-in user sessions.
    pub users: UserSeats,
    /// Commands whose answers users wait for.
    pub asks: Asks,
    /// Silent refused connections.
    pub holds: Holds,
    /// Sessions that devices say they have.
    pub sessions: Sessions,
    /// Tunnels of the relay.
    pub tunnels: Tunnels,
    /// The hosts of all chains, once they run: they take connections over.
    pub chains: OnceLock<Vec<Address>>,
    /// Devices that lose their connection too often.
    pub crash_guard: CrashGuard,
    /// Mail that found its chain overloaded.
    lost_mail: AtomicU64,
}

impl Address {
    /// The link `link` of the chain behind `mailbox`.
    pub fn new(mailbox: Mailbox, link: LinkId) -> Address {
        Address { mailbox, link }
    }

    /// Mails something to the connection; `false` when its chain is overloaded. Mail to a connection that is gone
    /// is lost without notice: its owner has left the registry, or is about to.
    #[must_use]
    pub fn post(&self, note: impl Send + 'static) -> bool {
        self.mailbox.post(self.link, note).is_ok()
    }
}

impl Default for Live {
    fn default() -> Self {
        Live {
            shards: (0..SHARDS).map(|_| Mutex::new(HashMap::new())).collect(),
            serials: AtomicU64::new(1),
            users: UserSeats::default(),
            asks: Asks::default(),
            holds: Holds::default(),
            sessions: Sessions::default(),
            tunnels: Tunnels::default(),
            chains: OnceLock::new(),
            crash_guard: CrashGuard::default(),
            lost_mail: AtomicU64::new(0),
        }
    }
}

impl Live {
    /// A number for a new connection, higher than all before.
    pub fn next_serial(&self) -> u64 {
        self.serials.fetch_add(1, Ordering::Relaxed)
    }

    /// Takes the device's place for a new connection and returns who had it (spec 7, rule 5: the newest wins).
    pub fn sit(&self, node: NodeId, seat: AgentSeat) -> Option<AgentSeat> {
        self.shard(&node).insert(node, seat)
    }

    /// Leaves the place if it is still this connection's; `true` if it was.
    pub fn leave(&self, node: &NodeId, serial: u64) -> bool {
        let mut shard = self.shard(node);
        let mine = shard.get(node).is_some_and(|seat| seat.serial == serial);
        if mine {
            shard.remove(node);
        }
        mine
    }

    /// Changes the seat of a connection, if it still has it.
    pub fn with_seat(&self, node: &NodeId, serial: u64, change: impl FnOnce(&mut AgentSeat)) {
        if let Some(seat) = self.shard(node).get_mut(node).filter(|seat| seat.serial == serial) {
            change(seat);
        }
    }

    /// Says that a device is in another group now.
    pub fn moved(&self, node: &NodeId, group: MeshId) {
        if let Some(seat) = self.shard(node).get_mut(node) {
            seat.group = group;
        }
    }

    /// The connected agent of a device that takes commands.
    pub fn agent(&self, node: &NodeId) -> Option<AgentSeat> {
        self.shard(node).get(node).filter(|seat| seat.ready).cloned()
    }

    /// How many agents are connected.
    pub fn agent_count(&self) -> usize {
        self.shards.iter().map(|shard| locked(shard).len()).sum()
    }

    /// Mails something to a device's agent; `false` when it is not connected or its chain is overloaded.
    pub fn tell_agent(&self, node: &NodeId, note: ToAgent) -> bool {
        self.agent(node).is_some_and(|seat| self.count_loss(seat.address.post(note)))
    }

    /// Counts mail that could not be delivered.
    pub fn count_loss(&self, delivered: bool) -> bool {
        if !delivered {
            self.lost_mail.fetch_add(1, Ordering::Relaxed);
        }
        delivered
    }

    /// Mail lost since the start because a chain was overloaded.
    pub fn lost_mail(&self) -> u64 {
        self.lost_mail.load(Ordering::Relaxed)
    }

    fn shard(&self, node: &NodeId) -> MutexGuard<'_, HashMap<NodeId, AgentSeat>> {
        locked(&self.shards[usize::from(node.as_bytes()[0]) % SHARDS])
    }
}

/// A lock that outlives a panic: each critical section is one map operation.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

const SHARDS: usize = 64;

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use microstack::chain::{Chain, Cx, Link, Wake};
    use std::any::Any;
    use std::cell::RefCell;
    use std::rc::Rc;

    /// A link that keeps its mail, and the chain it lives on.
    pub(crate) struct Letterbox {
        chain: Chain,
        link: LinkId,
        mail: Rc<RefCell<Vec<Box<dyn Any>>>>,
    }

    struct Keeper(Rc<RefCell<Vec<Box<dyn Any>>>>);

    impl Link for Keeper {
        fn wake(&mut self, _: &mut Cx<'_>, wake: Wake) {
            self.0.borrow_mut().extend(wake.mail);
        }
    }

    impl Letterbox {
        pub(crate) fn new() -> Letterbox {
            let chain = Chain::new().unwrap();
            let mail = Rc::default();
            let link = chain.add("letterbox", Keeper(Rc::clone(&mail)));
            Letterbox { chain, link, mail }
        }

        pub(crate) fn address(&self) -> Address {
            Address::new(self.chain.mailbox(), self.link)
        }

        /// Everything that arrived so far, as one kind of note.
        pub(crate) fn open<T: 'static>(&self) -> Vec<T> {
            self.chain.turn(Some(std::time::Duration::ZERO)).unwrap();
            self.chain.turn(Some(std::time::Duration::ZERO)).unwrap();
            self.mail.borrow_mut().drain(..).map(|note| *note.downcast::<T>().unwrap()).collect()
        }
    }

    pub(crate) fn seat(live: &Live, address: Address, group: MeshId) -> AgentSeat {
        AgentSeat { address, serial: live.next_serial(), connected_ms: 77, group, ready: true }
    }

    #[test]
    fn the_newest_connection_has_the_seat_and_the_old_one_cannot_take_it_away() {
        let (live, post) = (Live::default(), Letterbox::new());
        let (node, group) = (NodeId([1; 48]), MeshId([2; 48]));
        let first = seat(&live, post.address(), group);
        let second = seat(&live, post.address(), group);
        assert!(live.sit(node, first.clone()).is_none());
        assert_eq!(live.sit(node, second.clone()).unwrap().serial, first.serial);
        assert!(!live.leave(&node, first.serial));
        assert_eq!(live.agent(&node).unwrap().serial, second.serial);
        assert!(live.leave(&node, second.serial));
        assert_eq!(live.agent_count(), 0);
    }

    #[test]
    fn an_agent_that_is_not_confirmed_yet_takes_no_commands() {
        let (live, post) = (Live::default(), Letterbox::new());
        let node = NodeId([1; 48]);
        let mut waiting = seat(&live, post.address(), MeshId([2; 48]));
        waiting.ready = false;
        let serial = waiting.serial;
        live.sit(node, waiting);
        assert!(!live.tell_agent(&node, ToAgent::Json("{}".into())));
        live.with_seat(&node, serial, |seat| seat.ready = true);
        assert!(live.tell_agent(&node, ToAgent::Json("{}".into())));
        assert!(matches!(&post.open::<ToAgent>()[..], [ToAgent::Json(text)] if &**text == "{}"));
    }
}
