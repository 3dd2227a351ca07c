//! The gate against password guessing: a budget of failures per address and per user.
//!
//! An attempt takes from both budgets before its password is looked at and gives back when it was right, so that
//! many attempts at once cannot overdraw. Budgets refill with time; nothing is locked for good, and a guesser at
//! one address cannot shut a user out elsewhere for long.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Counts failures. Time is a parameter.
pub struct Gate {
    inner: Mutex<Inner>,
}

/// Too many failures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GateError {
    /// When the next attempt will be looked at.
    pub retry_after: Duration,
}

impl Default for Gate {
    fn default() -> Self {
        Gate { inner: Mutex::new(Inner { budgets: HashMap::new(), refused: 0 }) }
    }
}

impl Gate {
    /// Takes one attempt from the budgets of the address and the user name.
    ///
    /// # Errors
    /// [`GateError`] when one of them is empty; nothing is taken then.
    pub fn attempt(&self, address: IpAddr, user: &str, now: Instant) -> Result<(), GateError> {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        inner.forget_full_ones(now);
        let keys = Key::both(address, user);
        for key in &keys {
            let (_, refill) = key.size();
            let left = inner.left(key, now);
            if left < 1.0 {
                inner.refused += 1;
                return Err(GateError { retry_after: refill.mul_f64(1.0 - left) });
            }
        }
        for key in keys {
            let left = inner.left(&key, now) - 1.0;
            inner.budgets.insert(key, (left, now));
        }
        Ok(())
    }

    /// Gives back what an attempt took: the password was right.
    pub fn succeeded(&self, address: IpAddr, user: &str, now: Instant) {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        for key in Key::both(address, user) {
            let left = (inner.left(&key, now) + 1.0).min(key.size().0);
            inner.budgets.insert(key, (left, now));
        }
    }

    /// Takes one attempt from the budget for second factors of a user: ten wrong codes, then one each five minutes.
    /// Whoever gets here has the password, so nobody else can use the budget up.
    ///
    /// # Errors
    /// [`GateError`] when it is empty; nothing is taken then.
    pub fn attempt_code(&self, user: &str, now: Instant) -> Result<(), GateError> {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        inner.forget_full_ones(now);
        let key = Key::Code(user.to_owned());
        let left = inner.left(&key, now);
        if left < 1.0 {
            inner.refused += 1;
            return Err(GateError { retry_after: key.size().1.mul_f64(1.0 - left) });
        }
        inner.budgets.insert(key, (left - 1.0, now));
        Ok(())
    }

    /// Gives back what [`Gate::attempt_code`] took: the code was right.
    pub fn code_was_right(&self, user: &str, now: Instant) {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let key = Key::Code(user.to_owned());
        let left = (inner.left(&key, now) + 1.0).min(key.size().0);
        inner.budgets.insert(key, (left, now));
    }

    /// Attempts refused since the start.
    pub fn refused(&self) -> u64 {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner).refused
    }
}

struct Inner {
    budgets: HashMap<Key, (f64, Instant)>,
    refused: u64,
}

#[derive(Clone, PartialEq, Eq, Hash)]
enum Key {
    Address(IpAddr),
    User(String),
    Code(String),
}

impl Key {
    fn both(address: IpAddr, user: &str) -> [Key; 2] {
        let name: String = user.chars().take(64).collect::<String>().to_lowercase();
        [Key::Address(network(address)), Key::User(name)]
    }

    /// Failures in a row, and the time after which one more is allowed.
    fn size(&self) -> (f64, Duration) {
        match self {
            Key::Address(_) => (20.0, Duration::from_secs(15)),
            Key::User(_) => (30.0, Duration::from_secs(10)),
            Key::Code(_) => (10.0, Duration::from_secs(300)),
        }
    }
}

/// An IPv6 site has 2^64 addresses of its own: it counts as one.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => {
            let mut segments = v6.segments();
            segments[4..].fill(0);
            IpAddr::V6(segments.into())
        }
        v4 => v4,
    }
}

impl Inner {
    fn left(&self, key: &Key, now: Instant) -> f64 {
        let (size, refill) = key.size();
        self.budgets.get(key).map_or(size, |(left, since)| {
            let refilled = now.saturating_duration_since(*since).as_secs_f64() / refill.as_secs_f64();
            (left + refilled).min(size)
        })
    }

    /// Keeps the table small: a full budget is the same as none. When an attack fills it all the same, it is
    /// emptied but for the exhausted ones.
    fn forget_full_ones(&mut self, now: Instant) {
        if self.budgets.len() < MAX_BUDGETS {
            return;
        }
        let mut kept = std::mem::take(&mut self.budgets);
        kept.retain(|key, (left, since)| {
            let (size, refill) = key.size();
            let refilled = now.saturating_duration_since(*since).as_secs_f64() / refill.as_secs_f64();
            *left + refilled < size
        });
        if kept.len() >= MAX_BUDGETS {
            kept.retain(|_, (left, _)| *left < 1.0);
        }
        if kept.len() >= MAX_BUDGETS {
            kept.clear();
        }
        self.budgets = kept;
    }
}

const MAX_BUDGETS: usize = 20_000;

impl std::fmt::Display for GateError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "too many failed sign-ins; try again in {} s", self.retry_after.as_secs() + 1)
    }
}

impl std::error::Error for GateError {}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(last: u8) -> IpAddr {
        IpAddr::from([192, 0, 2, last])
    }

    #[test]
    fn an_address_runs_out_and_recovers() {
        let (gate, start) = (Gate::default(), Instant::now());
        for n in 0..20 {
            assert_eq!(gate.attempt(address(1), &format!("user{n}"), start), Ok(()));
        }
        let refused = gate.attempt(address(1), "another", start).unwrap_err();
        assert!(refused.retry_after <= Duration::from_secs(15));
        assert_eq!(gate.attempt(address(2), "another", start), Ok(()), "others are not concerned");
        assert_eq!(gate.attempt(address(1), "another", start + Duration::from_secs(16)), Ok(()));
        assert_eq!(gate.refused(), 1);
    }

    #[test]
    fn codes_have_a_small_budget_of_their_own() {
        let (gate, start) = (Gate::default(), Instant::now());
        for _ in 0..50 {
            gate.attempt_code("user//a", start).unwrap();
            gate.code_was_right("user//a", start);
        }
        assert_eq!((0..50).filter(|_| gate.attempt_code("user//a", start).is_ok()).count(), 10);
        assert!(gate.attempt_code("user//b", start).is_ok());
        assert!(gate.attempt_code("user//a", start + Duration::from_secs(301)).is_ok());
        assert!(gate.attempt_code("user//a", start + Duration::from_secs(301)).is_err());
    }

    #[test]
    fn right_passwords_cost_nothing() {
        let (gate, now) = (Gate::default(), Instant::now());
        for _ in 0..1000 {
            gate.attempt(address(1), "anna", now).unwrap();
            gate.succeeded(address(1), "Anna", now);
        }
    }

    #[test]
    fn a_user_guessed_from_many_addresses_is_guarded() {
        let (gate, now) = (Gate::default(), Instant::now());
        let passed = (0..200).filter(|n| gate.attempt(address(*n), "anna", now).is_ok()).count();
        assert_eq!(passed, 30);
    }

    #[test]
    fn one_ipv6_network_counts_as_one() {
        let (gate, now) = (Gate::default(), Instant::now());
        let passed = (0..50u16)
            .filter(|n| {
                let ip = IpAddr::from([0x2001, 0xdb8, 0, 1, 0, 0, 0, *n]);
                gate.attempt(ip, &format!("user{n}"), now).is_ok()
            })
            .count();
        assert_eq!(passed, 20);
    }

    #[test]
    fn the_table_is_bounded() {
        let (gate, now) = (Gate::default(), Instant::now());
        for n in 0..30_000u32 {
            let ip = IpAddr::from((0x0A00_0000 + n).to_be_bytes());
            let _ = gate.attempt(ip, &format!("user{n}"), now);
        }
        assert!(gate.inner.lock().unwrap().budgets.len() <= MAX_BUDGETS + 2);
    }
}
