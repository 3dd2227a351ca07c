//! Prime numbers: the test, and the search with its conditions.

use rsa::BigUint;
use rsa::rand_core::RngCore;

use super::failure::Failure;
use super::key::Random;

/// Largest number whose primality is asked.
pub const MAX_BITS: usize = 16_384;
/// Largest prime that is searched; a safe one of this size takes about a minute of a small device.
pub const MAX_SEARCH_BITS: usize = 4096;
pub const MAX_SAFE_BITS: usize = 2048;
/// Rounds where the caller asks for none: an error is less likely than one of the memory.
pub const ROUNDS: usize = 32;

const SMALL: usize = 2048;
const SIEVE: usize = 1 << 16;
/// How many numbers are looked at from one random start.
const WINDOW: usize = 1 << 14;

/// What is searched: `bits` long, `p % add == rem` where `add` is given, and `(p - 1) / 2` prime as well for `safe`.
#[derive(Debug, Clone)]
pub struct Wanted {
    pub bits: usize,
    pub safe: bool,
    pub add: Option<BigUint>,
    pub rem: Option<BigUint>,
}

/// Tests by Miller and Rabin with random bases.
pub fn is_prime(number: &BigUint, rounds: usize) -> bool {
    let two = BigUint::from(2u32);
    if *number < two {
        return false;
    }
    for &small in &primes_below(SMALL) {
        let small = BigUint::from(small);
        if *number == small {
            return true;
        }
        if (number % &small).bits() == 0 {
            return false;
        }
    }
    survives(number, rounds.max(1))
}

/// The rounds for an odd number without small factors.
fn survives(number: &BigUint, rounds: usize) -> bool {
    let one = BigUint::from(1u32);
    let less = number - &one;
    let mut odd = less.clone();
    let mut twos = 0;
    while !bit(&odd, 0) {
        odd >>= 1;
        twos += 1;
    }
    for round in 0..rounds {
        let base = if round == 0 { BigUint::from(2u32) } else { below(&less) };
        let mut power = base.modpow(&odd, number);
        if power == one || power == less {
            continue;
        }
        let mut left = twos - 1;
        loop {
            if left == 0 {
                return false;
            }
            left -= 1;
            power = &power * &power % number;
            if power == less {
                break;
            }
        }
    }
    true
}

/// A random prime as wanted.
pub fn search(wanted: &Wanted) -> Result<BigUint, Failure> {
    let (step, offset) = progression(wanted)?;
    let primes = primes_below(SIEVE);
    let top = BigUint::from(1u32) << (wanted.bits - 1);
    loop {
        let start = start(wanted, &step, &offset);
        // Small numbers would be marked by themselves.
        let left =
            if wanted.bits > 17 { sieve(&start, &step, wanted.safe, &primes) } else { vec![true; WINDOW] };
        for (at, _) in left.iter().enumerate().filter(|(_, left)| **left) {
            let number = &start + &step * BigUint::from(at as u64);
            if number.bits() > wanted.bits {
                break;
            }
            if number >= top && accepted(&number, wanted.safe) {
                return Ok(number);
            }
        }
    }
}

/// Which of `start + n * step` have no small factor, and for `safe` their halves neither.
fn sieve(start: &BigUint, step: &BigUint, safe: bool, primes: &[u64]) -> Vec<bool> {
    let mut left = vec![true; WINDOW];
    for &prime in primes.iter().skip(1) {
        let (rest, add) = (small_rest(start, prime), small_rest(step, prime));
        if add == 0 {
            continue;
        }
        let inverse = small_power(add, prime - 2, prime);
        // The half of a number is divisible where the number leaves 1.
        for target in if safe { &[0, 1][..] } else { &[0] } {
            let first = (target + prime - rest) % prime * inverse % prime;
            for at in (first as usize..WINDOW).step_by(prime as usize) {
                left[at] = false;
            }
        }
    }
    left
}

fn small_power(base: u64, mut exponent: u64, modulus: u64) -> u64 {
    let (mut result, mut square) = (1, base % modulus);
    while exponent > 0 {
        if exponent & 1 == 1 {
            result = result * square % modulus;
        }
        square = square * square % modulus;
        exponent >>= 1;
    }
    result
}

/// Half of a safe prime is tested first by one cheap round: nearly all candidates end there.
fn accepted(number: &BigUint, safe: bool) -> bool {
    if !safe {
        return is_prime(number, ROUNDS);
    }
    let half: BigUint = number >> 1;
    is_prime(&half, 1) && is_prime(number, 1) && is_prime(&half, ROUNDS) && is_prime(number, ROUNDS)
}

/// The numbers that are looked at: each `step`-th from `offset`.
fn progression(wanted: &Wanted) -> Result<(BigUint, BigUint), Failure> {
    let one = BigUint::from(1u32);
    let Some(add) = &wanted.add else {
        // Safe primes above 7 leave 3 when divided by 4.
        let (step, offset) = if wanted.safe && wanted.bits > 3 { (4u32, 3u32) } else { (2, 1) };
        return Ok((BigUint::from(step), BigUint::from(offset)));
    };
    let out_of_range = |what: &str| Failure::of_range("ERR_OUT_OF_RANGE", format!("invalid options.{what}"));
    if add.bits() == 0 || add.bits() > wanted.bits {
        return Err(out_of_range("add"));
    }
    let rem =
        wanted.rem.clone().unwrap_or_else(|| if wanted.safe { BigUint::from(3u32) } else { one.clone() });
    if rem >= *add {
        return Err(out_of_range("rem"));
    }
    // Only odd numbers, where the condition allows both kinds.
    match (bit(add, 0), bit(&rem, 0)) {
        (true, true) => Ok((add << 1, rem)),
        (true, false) => Ok((add << 1, rem + add)),
        (false, true) => Ok((add.clone(), rem)),
        (false, false) => Err(out_of_range("rem")),
    }
}

/// A random member of the progression with the two highest bits set, as far as the size leaves room for it.
fn start(wanted: &Wanted, step: &BigUint, offset: &BigUint) -> BigUint {
    let mut bytes = vec![0; wanted.bits.div_ceil(8)];
    Random.fill_bytes(&mut bytes);
    let mut number = BigUint::from_bytes_be(&bytes) % (BigUint::from(1u32) << wanted.bits);
    if wanted.add.is_none() {
        let high =
            if wanted.bits > 2 { BigUint::from(3u32) << (wanted.bits - 2) } else { BigUint::from(2u32) };
        number |= high;
    } else {
        number |= BigUint::from(1u32) << (wanted.bits - 1);
    }
    let rest = &number % step;
    number -= rest;
    number + offset
}

/// A random number from 2 on and below `end`.
fn below(end: &BigUint) -> BigUint {
    let two = BigUint::from(2u32);
    let mut bytes = vec![0; end.bits().div_ceil(8) + 8];
    Random.fill_bytes(&mut bytes);
    if *end <= two {
        return two;
    }
    BigUint::from_bytes_be(&bytes) % (end - &two) + two
}

fn bit(number: &BigUint, at: usize) -> bool {
    let shifted: BigUint = number >> at;
    shifted.to_bytes_le().first().is_some_and(|byte| byte & 1 == 1)
}

fn small_rest(number: &BigUint, prime: u64) -> u64 {
    let rest = number % BigUint::from(prime);
    rest.to_bytes_le().iter().rev().fold(0, |sum, &byte| sum << 8 | u64::from(byte))
}

fn primes_below(end: usize) -> Vec<u64> {
    let mut marked = vec![false; end];
    let mut primes = Vec::new();
    for n in 2..end {
        if !marked[n] {
            primes.push(n as u64);
            (n * n..end).step_by(n).for_each(|multiple| marked[multiple] = true);
        }
    }
    primes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(n: u64) -> BigUint {
        BigUint::from(n)
    }

    #[test]
    fn the_test_agrees_with_division() {
        for n in 0..5000u64 {
            let divides = |d: u64| n.is_multiple_of(d);
            let expected = n > 1 && !(2..n).take_while(|d| d * d <= n).any(divides);
            assert_eq!(is_prime(&number(n), 8), expected, "{n}");
        }
        // A product of two primes that fools a test by Fermat's theorem, and one without small factors.
        assert!(!is_prime(&number(561), 8));
        assert!(!is_prime(&(number(4_294_967_291) * number(4_294_967_279)), 8));
    }

    #[test]
    fn what_is_found_has_the_size_and_the_form() {
        for (bits, safe) in [(3, false), (3, true), (8, false), (32, true), (80, false), (128, true)] {
            let found = search(&Wanted { bits, safe, add: None, rem: None });
            let found = found.unwrap_or_default();
            assert_eq!(found.bits(), bits);
            assert!(is_prime(&found, 8));
            assert!(!safe || is_prime(&(&found >> 1), 8), "{found}");
        }
    }

    #[test]
    fn conditions_hold_or_are_refused() {
        let wanted = |bits, add, rem: Option<u64>| Wanted {
            bits,
            safe: false,
            add: Some(number(add)),
            rem: rem.map(number),
        };
        let found = search(&wanted(32, 12, Some(11))).unwrap_or_default();
        assert_eq!(&found % number(12), number(11));
        assert_eq!(search(&wanted(4, 15, Some(13))), Ok(number(13)));
        assert!(search(&wanted(3, 8, Some(7))).is_err());
        assert!(search(&wanted(64, 7, Some(7))).is_err());
    }
}
