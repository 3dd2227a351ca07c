//! Tunnels that were asked for, and tunnels that are there. Time is a parameter.
//!
//! A token is good once, for 30 s, for one tunnel id, one device and one user. It is remembered a while longer, so
//! that a client that comes late or twice is told which of the two it was.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use microstack::crypto::random_bytes;
use microstack::wire::hex;
use microstack::wire::id::NodeId;

use super::{Refusal, Target};
use crate::live::Address;
use crate::model::Via;

/// All tunnels of a server.
#[derive(Default)]
pub struct Tunnels {
    inner: Arc<Mutex<Inner>>,
}

/// A tunnel that a user asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expect {
    /// The name under which the two will meet.
    pub id: String,
    /// The device.
    pub node: NodeId,
    /// The user.
    pub user_id: String,
    /// By what he had signed in.
    pub via: Via,
    /// The kind of session.
    pub protocol: Option<u16>,
    /// A port instead.
    pub target: Option<Target>,
}

/// What a device's token proved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ticket {
    /// What was asked for.
    pub expect: Expect,
}

/// A tunnel that is there, or one end that waits.
#[derive(Clone)]
pub struct Seat {
    /// Where it is; takes a [`Refusal`] as mail, which ends it.
    pub address: Address,
    /// The user.
    pub user_id: String,
    /// By what he had signed in: it ends when that is revoked.
    pub via: Via,
    /// The device, if there is one.
    pub node: Option<NodeId>,
    /// The kind of session.
    pub protocol: Option<u16>,
    /// A port instead.
    pub target: Option<Target>,
    /// Most tunnels without a device that this user may have.
    pub own_most: usize,
}

/// Keeps a seat; dropping it frees the place.
pub struct SeatGuard {
    inner: Arc<Mutex<Inner>>,
    number: u64,
}

#[derive(Default)]
struct Inner {
    expected: HashMap<String, Expected>,
    swept: Option<Instant>,
    seats: HashMap<u64, Seat>,
    of_user: HashMap<String, usize>,
    of_node: HashMap<NodeId, usize>,
    /// Those without a device, by their users.
    own: HashMap<String, usize>,
    next: u64,
}

struct Expected {
    expect: Expect,
    token: [u8; TOKEN],
    made: Instant,
    used: bool,
}

const TOKEN: usize = 32;

impl Tunnels {
    /// How long a token is good.
    pub const LIFE: Duration = Duration::from_secs(30);
    /// How long it is remembered.
    pub const MEMORY: Duration = Duration::from_secs(120);
    /// Most tunnels on one server.
    pub const MAX: usize = 20_000;
    /// Most tunnels of one user. Each connection through a forwarded port is one.
    pub const MAX_OF_USER: usize = 4000;
    /// Most tunnels of one user between two ends of his own: any account can have those. For site administrators it is
    /// [`Tunnels::MAX_OF_USER`].
    pub const MAX_OWN: usize = 16;
    /// Most tunnels to one device.
    pub const MAX_OF_NODE: usize = 2000;
    /// Most tunnels asked for and not forgotten yet.
    pub const MAX_EXPECTED: usize = 20_000;

    /// Notes a tunnel and returns the token for its device, in hexadecimal.
    ///
    /// # Errors
    /// [`Refusal::Taken`] when the id is in use, [`Refusal::TooMany`].
    pub fn expect(&self, expect: Expect, now: Instant) -> Result<String, Refusal> {
        let mut inner = self.lock();
        inner.sweep(now);
        if inner.expected.len() >= Tunnels::MAX_EXPECTED {
            return Err(Refusal::TooMany("too many tunnels are being opened on this server"));
        }
        inner.room_for(&expect.user_id, Some(&expect.node))?;
        // Nobody takes all places. Counted only when there are so many that one user could have them.
        if inner.expected.len() >= Tunnels::MAX_OF_USER {
            let mine = |expected: &&Expected| expected.expect.user_id == expect.user_id;
            if inner.expected.values().filter(mine).count() >= Tunnels::MAX_OF_USER {
                return Err(Refusal::TooMany("this user has asked for too many tunnels within two minutes"));
            }
        }
        if inner.expected.contains_key(&expect.id) {
            return Err(Refusal::Taken);
        }
        let token = random_bytes::<TOKEN>();
        let text = hex::lower(&token);
        let id = expect.id.clone();
        inner.expected.insert(id, Expected { expect, token, made: now, used: false });
        Ok(text)
    }

    /// Forgets a tunnel whose device could not be told.
    pub fn forget(&self, id: &str) {
        self.lock().expected.remove(id);
    }

    /// Takes a device's token.
    ///
    /// # Errors
    /// Only who has the token learns that it was used or is too old.
    pub fn redeem(&self, id: &str, token: &str, now: Instant) -> Result<Ticket, Refusal> {
        let mut inner = self.lock();
        let expected = inner.expected.get_mut(id).ok_or(Refusal::Token)?;
        let given = from_hex(token).ok_or(Refusal::Token)?;
        if !same(&given, &expected.token) {
            return Err(Refusal::Token);
        }
        if expected.used {
            return Err(Refusal::TokenUsed);
        }
        if now.saturating_duration_since(expected.made) >= Tunnels::LIFE {
            return Err(Refusal::TokenExpired);
        }
        expected.used = true;
        Ok(Ticket { expect: expected.expect.clone() })
    }

    /// The tunnel that was asked for under this id, while its token is remembered.
    pub fn expected(&self, id: &str) -> Option<Expect> {
        self.lock().expected.get(id).map(|expected| expected.expect.clone())
    }

    /// Takes a place.
    ///
    /// # Errors
    /// [`Refusal::TooMany`].
    pub fn sit(&self, seat: Seat) -> Result<SeatGuard, Refusal> {
        let mut inner = self.lock();
        inner.room_for(&seat.user_id, seat.node.as_ref())?;
        if seat.node.is_none() {
            inner.room_for_own(&seat)?;
        }
        inner.next += 1;
        let number = inner.next;
        inner.count(&seat, true);
        inner.seats.insert(number, seat);
        Ok(SeatGuard { inner: Arc::clone(&self.inner), number })
    }

    /// Tunnels that are there, ends that wait included.
    pub fn len(&self) -> usize {
        self.lock().seats.len()
    }

    /// True when there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Ends all tunnels of a user, and what he asked for.
    pub fn close_all_of(&self, user_id: &str, why: &'static str) {
        self.lock().expected.retain(|_, expected| expected.expect.user_id != user_id || expected.used);
        self.end_where(why, |seat| seat.user_id == user_id);
    }

    /// Ends all tunnels to a device, and what was asked of it.
    pub fn close_all_to(&self, node: &NodeId, why: &'static str) {
        self.lock().expected.retain(|_, expected| expected.expect.node != *node || expected.used);
        self.end_where(why, |seat| seat.node.as_ref() == Some(node));
    }

    /// Ends the tunnels that are `gone`.
    pub fn end_where(&self, why: &'static str, gone: impl Fn(&Seat) -> bool) {
        // The question may look into the store: it is not asked under the lock.
        let seats: Vec<Seat> = self.lock().seats.values().cloned().collect();
        for seat in seats.iter().filter(|seat| gone(seat)) {
            if !seat.address.post(Refusal::Revoked(why)) {
                tracing::error!(
                    user = seat.user_id,
                    "a tunnel could not be told to end: its chain is overloaded"
                );
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl SeatGuard {
    /// Says which device it turned out to be, and which kind.
    pub fn is_to(&self, node: NodeId, protocol: Option<u16>, target: Option<Target>) {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(mut seat) = inner.seats.remove(&self.number) else { return };
        inner.count(&seat, false);
        (seat.node, seat.protocol, seat.target) = (Some(node), protocol, target);
        inner.count(&seat, true);
        inner.seats.insert(self.number, seat);
    }

    /// Says that there is no device at the other end, whichever this end named.
    ///
    /// # Errors
    /// [`Refusal::TooMany`]; nothing has changed then.
    pub fn is_to_himself(&self) -> Result<(), Refusal> {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(mut seat) = inner.seats.remove(&self.number) else { return Ok(()) };
        inner.count(&seat, false);
        let named = seat.node.take();
        let room = inner.room_for_own(&seat);
        if room.is_err() {
            seat.node = named;
        }
        inner.count(&seat, true);
        inner.seats.insert(self.number, seat);
        room
    }
}

impl Drop for SeatGuard {
    fn drop(&mut self) {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(seat) = inner.seats.remove(&self.number) {
            inner.count(&seat, false);
        }
    }
}

impl Inner {
    fn room_for(&self, user_id: &str, node: Option<&NodeId>) -> Result<(), Refusal> {
        let of_user = self.of_user.get(user_id).copied().unwrap_or(0);
        let of_node = node.and_then(|node| self.of_node.get(node)).copied().unwrap_or(0);
        if self.seats.len() >= Tunnels::MAX {
            Err(Refusal::TooMany("too many tunnels are open on this server"))
        } else if of_user >= Tunnels::MAX_OF_USER {
            Err(Refusal::TooMany("too many tunnels of this user are open"))
        } else if of_node >= Tunnels::MAX_OF_NODE {
            Err(Refusal::TooMany("too many tunnels to this device are open"))
        } else {
            Ok(())
        }
    }

    fn room_for_own(&self, seat: &Seat) -> Result<(), Refusal> {
        let own = self.own.get(&seat.user_id).copied().unwrap_or(0);
        if own >= seat.own_most {
            return Err(Refusal::TooMany("too many tunnels of this user without a device are open"));
        }
        Ok(())
    }

    fn count(&mut self, seat: &Seat, comes: bool) {
        step(&mut self.of_user, &seat.user_id, comes);
        match &seat.node {
            Some(node) => step(&mut self.of_node, node, comes),
            None => step(&mut self.own, &seat.user_id, comes),
        }
    }

    /// Forgets old tokens, at most once a second.
    fn sweep(&mut self, now: Instant) {
        if self.swept.is_some_and(|at| now.saturating_duration_since(at) < Duration::from_secs(1)) {
            return;
        }
        self.swept = Some(now);
        self.expected.retain(|_, expected| now.saturating_duration_since(expected.made) < Tunnels::MEMORY);
    }
}

fn step<K: Clone + Eq + std::hash::Hash>(counts: &mut HashMap<K, usize>, key: &K, comes: bool) {
    if comes {
        *counts.entry(key.clone()).or_insert(0) += 1;
    } else if let Some(count) = counts.get_mut(key) {
        *count -= 1;
        if *count == 0 {
            counts.remove(key);
        }
    }
}

/// Compares in a time that does not tell where they differ.
fn same(a: &[u8; TOKEN], b: &[u8; TOKEN]) -> bool {
    a.iter().zip(b).fold(0, |differs, (a, b)| differs | (a ^ b)) == 0
}

fn from_hex(text: &str) -> Option<[u8; TOKEN]> {
    let digits = text.as_bytes();
    if digits.len() != 2 * TOKEN {
        return None;
    }
    let mut token = [0; TOKEN];
    for (byte, two) in token.iter_mut().zip(digits.chunks_exact(2)) {
        let digit = |c: u8| char::from(c).to_digit(16);
        *byte = u8::try_from(digit(two[0])? << 4 | digit(two[1])?).ok()?;
    }
    Some(token)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::tests::Letterbox;

    fn expect(id: &str, user: &str) -> Expect {
        let user_id = format!("user//{user}");
        Expect {
            id: id.into(),
            node: NodeId([1; 48]),
            user_id,
            via: Via::Password,
            protocol: Some(1),
            target: None,
        }
    }

    #[test]
    fn a_token_opens_its_tunnel_once_and_in_time() {
        let (tunnels, start) = (Tunnels::default(), Instant::now());
        let token = tunnels.expect(expect("a", "anna"), start).unwrap();
        let other = tunnels.expect(expect("b", "anna"), start).unwrap();
        assert_ne!(token, other);
        for (id, token) in
            [("b", &token), ("a", &other), ("c", &token), ("a", &"00".repeat(32)), ("a", &String::new())]
        {
            assert_eq!(tunnels.redeem(id, token, start), Err(Refusal::Token));
        }
        let late = start + Tunnels::LIFE - Duration::from_millis(1);
        assert_eq!(tunnels.redeem("a", &token, late), Ok(Ticket { expect: expect("a", "anna") }));
        assert_eq!(tunnels.redeem("a", &token, late), Err(Refusal::TokenUsed));
        assert_eq!(tunnels.redeem("b", &other, start + Tunnels::LIFE), Err(Refusal::TokenExpired));
    }

    #[test]
    fn an_id_is_not_asked_for_twice_until_it_is_forgotten() {
        let (tunnels, start) = (Tunnels::default(), Instant::now());
        tunnels.expect(expect("a", "anna"), start).unwrap();
        assert_eq!(tunnels.expect(expect("a", "bert"), start + Duration::from_secs(40)), Err(Refusal::Taken));
        assert!(tunnels.expect(expect("a", "bert"), start + Tunnels::MEMORY).is_ok());
        tunnels.forget("a");
        assert_eq!(tunnels.expected("a"), None);
    }

    #[test]
    fn one_user_cannot_ask_for_all_there_is() {
        let (tunnels, now) = (Tunnels::default(), Instant::now());
        let asked = (0..5000).filter(|n| tunnels.expect(expect(&n.to_string(), "anna"), now).is_ok()).count();
        assert_eq!(asked, Tunnels::MAX_OF_USER);
        assert!(tunnels.expect(expect("b", "bert"), now).is_ok());
        assert!(tunnels.expect(expect("a", "anna"), now + Tunnels::MEMORY).is_ok());
    }

    #[test]
    fn places_are_counted_and_given_back() {
        let (tunnels, post) = (Tunnels::default(), Letterbox::new());
        let seat = |user: usize, node: u8| Seat {
            address: post.address(),
            user_id: format!("user//{user}"),
            via: Via::Password,
            node: Some(NodeId([node; 48])),
            protocol: Some(1),
            target: None,
            own_most: 0,
        };
        let all: Vec<SeatGuard> = (0..3000).filter_map(|_| tunnels.sit(seat(1, 1)).ok()).collect();
        assert_eq!(all.len(), Tunnels::MAX_OF_NODE);
        let more: Vec<SeatGuard> = (0..3000).filter_map(|_| tunnels.sit(seat(1, 2)).ok()).collect();
        assert_eq!(all.len() + more.len(), Tunnels::MAX_OF_USER);
        assert!(tunnels.sit(seat(2, 3)).is_ok());
        drop((all, more));
        assert!(tunnels.is_empty());
        let inner = tunnels.lock();
        assert!(inner.of_user.is_empty() && inner.of_node.is_empty());
    }

    #[test]
    fn tunnels_without_a_device_are_few() {
        let (tunnels, post) = (Tunnels::default(), Letterbox::new());
        let seat = |user: &str, node: Option<u8>| Seat {
            address: post.address(),
            user_id: format!("user//{user}"),
            via: Via::Password,
            node: node.map(|node| NodeId([node; 48])),
            protocol: None,
            target: None,
            own_most: 2,
        };
        let one = tunnels.sit(seat("anna", None)).unwrap();
        let two = tunnels.sit(seat("anna", Some(1))).unwrap();
        let three = tunnels.sit(seat("anna", Some(1))).unwrap();
        // What it named did not come.
        assert_eq!(two.is_to_himself(), Ok(()));
        assert_eq!(two.is_to_himself(), Ok(()));
        let too_many = Refusal::TooMany("too many tunnels of this user without a device are open");
        assert_eq!(three.is_to_himself(), Err(too_many));
        assert_eq!(tunnels.sit(seat("anna", None)).err(), Some(too_many));
        assert!(tunnels.sit(seat("bert", None)).is_ok());
        one.is_to(NodeId([1; 48]), Some(1), None);
        assert_eq!(three.is_to_himself(), Ok(()));
        drop((one, two, three));
        let inner = tunnels.lock();
        assert!(inner.of_user.is_empty() && inner.of_node.is_empty() && inner.own.is_empty());
    }

    #[test]
    fn a_revoked_user_loses_tunnels_and_tokens() {
        let (tunnels, post, now) = (Tunnels::default(), Letterbox::new(), Instant::now());
        let token = tunnels.expect(expect("a", "anna"), now).unwrap();
        let seat = |user: &str| Seat {
            address: post.address(),
            user_id: format!("user//{user}"),
            via: Via::Password,
            node: None,
            protocol: None,
            target: None,
            own_most: 1,
        };
        let guards = [tunnels.sit(seat("anna")).unwrap(), tunnels.sit(seat("bert")).unwrap()];
        tunnels.close_all_of("user//anna", "the account was removed");
        assert_eq!(post.open::<Refusal>(), [Refusal::Revoked("the account was removed")]);
        assert_eq!(tunnels.redeem("a", &token, now), Err(Refusal::Token));
        guards[1].is_to(NodeId([7; 48]), Some(1), None);
        tunnels.close_all_to(&NodeId([7; 48]), "the device was removed");
        assert_eq!(post.open::<Refusal>().len(), 1);
    }
}
