//! Refused agents that are kept waiting in silence (agent-channel specification 7, rule 4).
//!
//! Closing them makes real agents come back within seconds. Held sockets cost memory, so they are counted: over
//! the caps a refused socket is closed after all.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

/// Counts held sockets, altogether and per address.
#[derive(Default, Clone)]
pub struct Holds {
    by_address: Arc<Mutex<Counts>>,
}

#[derive(Default)]
struct Counts {
    total: usize,
    each: HashMap<IpAddr, usize>,
    refused: u64,
}

/// Which cap was reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HoldLimit {
    /// Too many on this server.
    Total(usize),
    /// Too many from this address.
    Address(usize),
}

/// One held socket; dropping it frees its place.
pub struct HoldTicket {
    holds: Holds,
    address: IpAddr,
}

impl Holds {
    /// Most held sockets on one server.
    pub const MAX: usize = 1000;
    /// Most held sockets from one address. Many devices behind one router may share it.
    pub const MAX_EACH: usize = 100;

    /// Takes a place.
    ///
    /// # Errors
    /// [`HoldLimit`]: close the socket instead.
    pub fn hold(&self, address: IpAddr) -> Result<HoldTicket, HoldLimit> {
        let mut counts = self.lock();
        let each = counts.each.get(&address).copied().unwrap_or(0);
        if counts.total >= Holds::MAX || each >= Holds::MAX_EACH {
            counts.refused += 1;
            return Err(if each >= Holds::MAX_EACH {
                HoldLimit::Address(Holds::MAX_EACH)
            } else {
                HoldLimit::Total(Holds::MAX)
            });
        }
        counts.total += 1;
        counts.each.insert(address, each + 1);
        Ok(HoldTicket { holds: self.clone(), address })
    }

    /// Sockets held now.
    pub fn len(&self) -> usize {
        self.lock().total
    }

    /// True when none is held.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Counts> {
        self.by_address.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for HoldTicket {
    fn drop(&mut self) {
        let mut counts = self.holds.lock();
        counts.total = counts.total.saturating_sub(1);
        if let Some(each) = counts.each.get_mut(&self.address) {
            *each -= 1;
            if *each == 0 {
                counts.each.remove(&self.address);
            }
        }
    }
}

impl std::fmt::Display for HoldLimit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            HoldLimit::Total(limit) => write!(f, "{limit} refused agents are waiting already"),
            HoldLimit::Address(limit) => {
                write!(f, "{limit} refused agents from this address are waiting already")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_counted_capped_and_given_back() {
        let holds = Holds::default();
        let address = |n: u8| IpAddr::from([192, 0, 2, n]);
        let mut tickets: Vec<HoldTicket> = (0..300).filter_map(|_| holds.hold(address(1)).ok()).collect();
        assert_eq!(tickets.len(), Holds::MAX_EACH);
        for n in 2..200 {
            tickets.extend((0..50).filter_map(|_| holds.hold(address(n)).ok()));
        }
        assert_eq!(holds.len(), Holds::MAX);
        assert_eq!(holds.hold(address(250)).err(), Some(HoldLimit::Total(Holds::MAX)));
        assert_eq!(holds.hold(address(1)).err(), Some(HoldLimit::Address(Holds::MAX_EACH)));
        drop(tickets);
        assert!(holds.is_empty() && holds.lock().each.is_empty());
    }
}
