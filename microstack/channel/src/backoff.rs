//! When to try again: exponential back-off with full jitter.
//!
//! The delay before try *n* is drawn evenly between zero and `min(cap, base · 2ⁿ)`. Full jitter spreads ten
//! thousand agents that lost the same server over the whole interval, where existing agents come in waves.

use std::time::Duration;

/// The delays of one agent.
#[derive(Debug, Clone)]
pub struct Backoff {
    random: SplitMix,
    tries: u32,
    at_once: bool,
}

impl Backoff {
    /// Starts; `seed` should come from the system's random generator. The first delay is zero.
    pub fn new(seed: u64) -> Backoff {
        Backoff { random: SplitMix(seed), tries: 0, at_once: true }
    }

    /// The delay before the next try.
    #[allow(clippy::should_implement_trait)] // an iterator that never ends invites collect()
    pub fn next(&mut self) -> Duration {
        if std::mem::take(&mut self.at_once) {
            return Duration::ZERO;
        }
        let ceiling = self.ceiling();
        self.tries = self.tries.saturating_add(1);
        let micros = u64::try_from(ceiling.as_micros()).unwrap_or(u64::MAX);
        Duration::from_micros(self.random.below(micros.saturating_add(1)))
    }

    /// Counts from the beginning: the server confirmed this agent.
    pub fn reset(&mut self) {
        self.tries = 0;
    }

    /// The network of this machine changed: the next try comes at once, and delays are short again.
    pub fn network_changed(&mut self) {
        self.tries = 0;
        self.at_once = true;
    }

    /// The longest delay that [`Backoff::next`] can give now.
    pub fn ceiling(&self) -> Duration {
        // 0.5 s doubled eight times is beyond the cap, so the shift never overflows.
        (BASE * 2u32.pow(self.tries.min(8))).min(CAP)
    }
}

/// The first ceiling.
pub const BASE: Duration = Duration::from_millis(500);

/// No delay is longer.
pub const CAP: Duration = Duration::from_secs(120);

/// SplitMix64 (Steele, Lea and Flood, 2014): good enough to spread load, not for secrets.
#[derive(Debug, Clone)]
struct SplitMix(u64);

impl SplitMix {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// Evenly distributed below `bound` up to a bias of 2⁻³⁶ for bounds of two minutes.
    fn below(&mut self, bound: u64) -> u64 {
        ((u128::from(self.next()) * u128::from(bound)) >> 64) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_grow_to_the_cap_and_never_beyond() {
        for seed in 0..200 {
            let mut backoff = Backoff::new(seed);
            assert_eq!(backoff.next(), Duration::ZERO, "the first try is at once");
            let mut ceiling = BASE;
            for _ in 0..50 {
                assert_eq!(backoff.ceiling(), ceiling);
                assert!(backoff.next() <= ceiling);
                ceiling = (ceiling * 2).min(CAP);
            }
        }
    }

    #[test]
    fn a_herd_is_spread_evenly() {
        // 4,000 agents whose ceiling is 120 s: each of 12 slots of 10 s should get about 333.
        let mut slots = [0u32; 12];
        for seed in 0..4000 {
            let mut backoff = Backoff::new(seed * 7919);
            for _ in 0..12 {
                backoff.next();
            }
            slots[(backoff.next().as_secs() as usize / 10).min(11)] += 1;
        }
        assert!(slots.iter().all(|&count| (250..420).contains(&count)), "{slots:?}");
    }

    #[test]
    fn success_and_a_new_network_shorten_the_delay() {
        let mut backoff = Backoff::new(1);
        for _ in 0..20 {
            backoff.next();
        }
        assert_eq!(backoff.ceiling(), CAP);
        backoff.reset();
        assert_eq!(backoff.ceiling(), BASE);
        for _ in 0..20 {
            backoff.next();
        }
        backoff.network_changed();
        assert_eq!(backoff.next(), Duration::ZERO);
        assert!(backoff.next() <= BASE);
    }

    #[test]
    fn two_seeds_give_two_rhythms() {
        let rhythm = |seed| {
            let mut backoff = Backoff::new(seed);
            (0..10).map(|_| backoff.next()).collect::<Vec<_>>()
        };
        assert_eq!(rhythm(5), rhythm(5));
        assert_ne!(rhythm(5), rhythm(6));
    }
}
