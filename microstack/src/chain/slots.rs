//! Where links live, and what has happened to each since it was last called.

use mio::Token;

use super::{Link, Wake};

/// Names a link of a chain. A number is used again only under another generation.
///
/// The generation is wide because ids are kept, in registries and in mail under way, while thousands of connections
/// come and go in one slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LinkId {
    index: u32,
    generation: u32,
}

/// The token of the mailbox's waker; no link can have it.
pub(super) const WAKER: Token = Token(u32::MAX as usize);

// A token is 32 bits, for the sake of 32-bit targets: index 20, generation 8, sub 4. Eight bits of the generation are
// enough there: a stale event is at most as old as one poll.
const INDEX_BITS: u32 = 20;
const MAX_LINKS: usize = (1 << INDEX_BITS) - 1;

impl LinkId {
    pub(super) fn token(self, sub: u8) -> Token {
        assert!(sub < 16, "a link has sixteen sources at most");
        let packed = self.index | (self.generation & 0xFF) << INDEX_BITS | u32::from(sub) << (INDEX_BITS + 8);
        Token(packed as usize)
    }
}

#[derive(Default)]
pub(super) struct Slots {
    slots: Vec<Slot>,
    free: Vec<u32>,
    live: usize,
}

struct Slot {
    generation: u32,
    name: &'static str,
    state: State,
    pending: Wake,
    queued: bool,
}

/// A link that is gone, with what it was not told; dropped by the caller, when nothing is borrowed.
type Removed = (Box<dyn Link>, Wake);

enum State {
    Free,
    Here(Box<dyn Link>),
    /// Under dispatch, perhaps in an outer run.
    Busy,
    /// Removed while under dispatch; dropped when it is put back.
    Doomed,
}

impl Slots {
    pub(super) fn insert(&mut self, name: &'static str, link: Box<dyn Link>) -> LinkId {
        self.live += 1;
        let index = self.free.pop().unwrap_or_else(|| {
            assert!(self.slots.len() < MAX_LINKS, "a chain holds {MAX_LINKS} links at most");
            self.slots.push(Slot {
                generation: 0,
                name,
                state: State::Free,
                pending: Wake::default(),
                queued: false,
            });
            (self.slots.len() - 1) as u32
        });
        let slot = &mut self.slots[index as usize];
        slot.name = name;
        slot.state = State::Here(link);
        LinkId { index, generation: slot.generation }
    }

    /// Frees the slot. The link is returned unless it is under dispatch.
    pub(super) fn remove(&mut self, id: LinkId) -> Option<Removed> {
        let slot = self.live_slot(id)?;
        self.live -= 1;
        let slot = &mut self.slots[slot];
        let pending = std::mem::take(&mut slot.pending);
        match std::mem::replace(&mut slot.state, State::Doomed) {
            State::Here(link) => {
                self.release(id.index);
                Some((link, pending))
            }
            // Its messages go with the link, in put_back.
            _ => {
                slot.pending = pending;
                None
            }
        }
    }

    /// The link a source was registered for, if it is still there, and the source's number.
    pub(super) fn of_token(&self, token: Token) -> Option<(LinkId, u8)> {
        let packed = token.0 as u32;
        let index = packed & ((1 << INDEX_BITS) - 1);
        let generation = self.slots.get(index as usize)?.generation;
        let same = generation & 0xFF == (packed >> INDEX_BITS) & 0xFF;
        same.then_some((LinkId { index, generation }, (packed >> (INDEX_BITS + 8)) as u8))
    }

    pub(super) fn contains(&self, id: LinkId) -> bool {
        self.live_slot(id).is_some()
    }

    pub(super) fn pending(&mut self, id: LinkId) -> Option<&mut Wake> {
        self.live_slot(id).map(|slot| &mut self.slots[slot].pending)
    }

    /// True when the link must be put on the run queue now.
    pub(super) fn mark_queued(&mut self, id: LinkId) -> bool {
        let Some(slot) = self.live_slot(id) else {
            return false;
        };
        let slot = &mut self.slots[slot];
        // A busy link is queued when it is put back.
        let queue = !slot.queued && matches!(slot.state, State::Here(_));
        slot.queued |= queue;
        queue
    }

    /// Takes a link out for its call, with all that happened to it.
    pub(super) fn take(&mut self, id: LinkId) -> Option<(Box<dyn Link>, Wake, &'static str)> {
        let slot = self.live_slot(id)?;
        let slot = &mut self.slots[slot];
        slot.queued = false;
        match std::mem::replace(&mut slot.state, State::Busy) {
            State::Here(link) => Some((link, std::mem::take(&mut slot.pending), slot.name)),
            other => {
                slot.state = other;
                None
            }
        }
    }

    /// Puts a link back after its call: `(what to drop, whether it must be queued again)`.
    pub(super) fn put_back(&mut self, id: LinkId, link: Box<dyn Link>) -> (Option<Removed>, bool) {
        let slot = &mut self.slots[id.index as usize];
        if matches!(slot.state, State::Doomed) {
            let pending = std::mem::take(&mut slot.pending);
            self.release(id.index);
            return (Some((link, pending)), false);
        }
        slot.state = State::Here(link);
        (None, !slot.pending.is_empty())
    }

    pub(super) fn len(&self) -> usize {
        self.live
    }

    pub(super) fn names(&self) -> Vec<&'static str> {
        let live = self.slots.iter().filter(|slot| matches!(slot.state, State::Here(_) | State::Busy));
        live.map(|slot| slot.name).collect()
    }

    fn live_slot(&self, id: LinkId) -> Option<usize> {
        let slot = self.slots.get(id.index as usize)?;
        let live = slot.generation == id.generation && matches!(slot.state, State::Here(_) | State::Busy);
        live.then_some(id.index as usize)
    }

    fn release(&mut self, index: u32) {
        let slot = &mut self.slots[index as usize];
        slot.state = State::Free;
        slot.queued = false;
        slot.generation = slot.generation.wrapping_add(1);
        self.free.push(index);
    }
}
