//! Natives of the Diffie-Hellman exchange over the integers, and of prime numbers.
//!
//! The arithmetic does not take the same time for all secrets; who needs that takes one of the curves.

use boa_engine::object::builtins::JsArray;
use boa_engine::{Context, JsArgs, JsResult, JsString, JsValue};
use rsa::BigUint;

use super::failure::Failure;
use super::primes::{self, Wanted};
use super::work::{self, Outcome};
use crate::host::bytes::{ByteView, buffer};
use crate::host::native::text;

/// Largest prime of an exchange, as in OpenSSL.
const MAX_BITS: usize = 10_000;

/// The known groups, RFC 2409 and 3526: the bits, and the number that makes the prime of pi's digits.
const GROUPS: &[(&str, usize, u32)] = &[
    ("modp1", 768, 149_686),
    ("modp2", 1024, 129_093),
    ("modp5", 1536, 741_804),
    ("modp14", 2048, 124_476),
    ("modp15", 3072, 1_690_314),
    ("modp16", 4096, 240_904),
    ("modp17", 6144, 929_484),
    ("modp18", 8192, 4_743_158),
];

fn number(args: &[JsValue], at: usize, ctx: &mut Context) -> JsResult<BigUint> {
    let bytes = ByteView::expect(args.get_or_undefined(at), "input", ctx)?.to_vec();
    if bytes.len() > primes::MAX_BITS / 8 {
        let text = format!("a number has at most {} bits here", primes::MAX_BITS);
        return Err(Failure::of_range("ERR_OUT_OF_RANGE", text).error(ctx));
    }
    Ok(BigUint::from_bytes_be(&bytes))
}

fn optional(args: &[JsValue], at: usize, ctx: &mut Context) -> JsResult<Option<BigUint>> {
    if args.get_or_undefined(at).is_undefined() { Ok(None) } else { number(args, at, ctx).map(Some) }
}

/// `groupPrime(name) -> prime`, `undefined` for an unknown one. Each has the generator 2.
pub(super) fn group_prime(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let name = text(args, 0, ctx)?;
    match GROUPS.iter().find(|(known, ..)| *known == name) {
        Some(&(_, bits, number)) => Ok(buffer(&group(bits, number).to_bytes_be(), ctx)?.into()),
        None => Ok(JsValue::undefined()),
    }
}

/// `power(base, exponent, modulus) -> bytes`, as long as the modulus.
pub(super) fn power(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let (base, exponent, modulus) = (number(args, 0, ctx)?, number(args, 1, ctx)?, number(args, 2, ctx)?);
    if modulus.bits() > MAX_BITS || modulus.bits() == 0 {
        let (code, reason) = ("ERR_OSSL_DH_MODULUS_TOO_LARGE", "modulus too large");
        return Err(
            Failure::new(code, format!("error:02800067:Diffie-Hellman routines::{reason}")).error(ctx)
        );
    }
    let bytes = base.modpow(&exponent, &modulus).to_bytes_be();
    let mut padded = vec![0; modulus.bits().div_ceil(8).saturating_sub(bytes.len())];
    padded.extend(bytes);
    Ok(buffer(&padded, ctx)?.into())
}

/// `compare(a, b, less) -> -1 | 0 | 1`: how `a` stands to `b - less`.
pub(super) fn compare(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let (a, b) = (number(args, 0, ctx)?, number(args, 1, ctx)?);
    let less = BigUint::from(args.get_or_undefined(2).to_u32(ctx)?);
    Ok(JsValue::from((a + less).cmp(&b) as i32))
}

/// `checkDh(prime, generator) -> [primeIsPrime, primeIsSafe, generatorFits]`.
pub(super) fn check(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let (prime, generator) = (number(args, 0, ctx)?, number(args, 1, ctx)?);
    let known = GROUPS.iter().any(|&(_, bits, number)| prime.bits() == bits && prime == group(bits, number));
    let one = BigUint::from(1u32);
    let fits = generator > one && &generator + &one < prime;
    let is_prime = known || primes::is_prime(&prime, primes::ROUNDS);
    let safe = known || primes::is_prime(&(&prime >> 1), primes::ROUNDS);
    Ok(JsArray::from_iter([is_prime, safe, fits].map(JsValue::from), ctx).into())
}

/// `isPrime(number, rounds, callback)`.
pub(super) fn is_prime(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let number = number(args, 0, ctx)?;
    let rounds = args.get_or_undefined(1).to_u32(ctx)?.min(256) as usize;
    let rounds = if rounds == 0 { primes::ROUNDS } else { rounds };
    let job = move || Ok(Outcome::Flag(primes::is_prime(&number, rounds)));
    work::run(Box::new(job), args.get_or_undefined(2).as_function(), ctx)
}

/// `findPrime(bits, safe, add, rem, callback)`.
pub(super) fn find_prime(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let bits = args.get_or_undefined(0).to_u32(ctx)? as usize;
    let safe = args.get_or_undefined(1).to_boolean();
    let most = if safe { primes::MAX_SAFE_BITS } else { primes::MAX_SEARCH_BITS };
    if bits > most {
        let text = format!("a prime of this kind is searched up to {most} bits");
        return Err(Failure::of_range("ERR_OUT_OF_RANGE", text).error(ctx));
    }
    let wanted = Wanted { bits, safe, add: optional(args, 2, ctx)?, rem: optional(args, 3, ctx)? };
    if bits < 2 || (safe && bits < 3) {
        let (code, text) = ("ERR_OSSL_BN_BITS_TOO_SMALL", "error:0180007B:bignum routines::bits too small");
        return Err(Failure::new(code, text).error(ctx));
    }
    let job = move || primes::search(&wanted).map(|prime| Outcome::Bytes(prime.to_bytes_be()));
    work::run(Box::new(job), args.get_or_undefined(4).as_function(), ctx)
}

/// `groups() -> names`.
pub(super) fn groups(_: &JsValue, _: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let names = GROUPS.iter().map(|(name, ..)| JsValue::from(JsString::from(*name)));
    Ok(JsArray::from_iter(names, ctx).into())
}

/// RFC 3526: 2^n - 2^(n-64) - 1 + 2^64 * ([2^(n-130) pi] + k).
fn group(bits: usize, k: u32) -> BigUint {
    let one = || BigUint::from(1u32);
    let middle = pi(bits - 130) + BigUint::from(k);
    (one() << bits) - (one() << (bits - 64)) - one() + (middle << 64)
}

/// The whole part of `2^bits * pi`, by Machin's formula with bits to spare.
fn pi(bits: usize) -> BigUint {
    const SPARE: usize = 64;
    let scale = BigUint::from(1u32) << (bits + SPARE);
    let sum =
        arc_cotangent(5, &scale) * BigUint::from(16u32) - arc_cotangent(239, &scale) * BigUint::from(4u32);
    sum >> SPARE
}

fn arc_cotangent(of: u32, scale: &BigUint) -> BigUint {
    let square = BigUint::from(of * of);
    let mut term = scale / BigUint::from(of);
    let (mut plus, mut minus) = (term.clone(), BigUint::default());
    let mut odd = 3u32;
    while term.bits() > 0 {
        term /= &square;
        let part = &term / BigUint::from(odd);
        if odd % 4 == 3 {
            minus += part
        } else {
            plus += part
        }
        odd += 2;
    }
    plus - minus
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_groups_are_those_of_the_standard() {
        // The first and last digits of RFC 2409's second group, and the sum of all for the largest.
        let prime = group(1024, 129_093).to_str_radix(16);
        assert!(prime.starts_with("ffffffffffffffffc90fdaa22168c234c4c6628b80dc1cd1"), "{prime}");
        assert!(
            prime.ends_with("ee386bfb5a899fa5ae9f24117c4b1fe649286651ece65381ffffffffffffffff"),
            "{prime}"
        );
        for &(name, bits, k) in GROUPS.iter().take(4) {
            let prime = group(bits, k);
            assert!(primes::is_prime(&prime, 2) && primes::is_prime(&(&prime >> 1), 2), "{name}");
        }
    }
}
