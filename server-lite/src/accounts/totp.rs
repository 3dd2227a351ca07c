//! Time-based codes (RFC 6238, HMAC-SHA-1, 30 seconds, six digits), as every authenticator program makes them.
//!
//! No clock: the time is a parameter. One code is good once, and one step before and after the present one counts.

use microstack::crypto::{random_bytes, sha384};
use microstack::http::percent_encode;
use microstack::wire::hex;
use ring::hmac;

use crate::model::SecondFactor;

/// Seconds of one step.
pub const STEP_S: u64 = 30;

/// Recovery codes that are made at a time.
pub const RECOVERY_CODES: usize = 10;

/// What a given code was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CodeCheck {
    /// Right; what is to be stored from now on, so that it is not right again.
    Right(SecondFactor),
    /// Neither a code of these minutes nor a recovery code left, or used already.
    Wrong,
}

/// A fresh shared secret of 20 bytes, the length RFC 4226 recommends, in hexadecimal.
pub fn new_secret() -> String {
    hex::lower(&random_bytes::<20>())
}

/// The secret as people type it into a program.
pub fn secret_for_people(secret: &str) -> Option<String> {
    Some(base32(&hex::read(secret).ok()?))
}

/// The address that a QR code carries (the Key URI format).
pub fn otpauth_url(secret: &str, issuer: &str, user: &str) -> Option<String> {
    let (issuer, user) = (percent_encode(issuer), percent_encode(user));
    let secret = secret_for_people(secret)?;
    Some(format!(
        "otpauth://totp/{issuer}:{user}?secret={secret}&issuer={issuer}&algorithm=SHA1&digits=6&period={STEP_S}"
    ))
}

/// The step in which a code of a fresh secret is right, if it is.
pub fn confirm(secret: &str, code: &str, now_s: u64) -> Option<u64> {
    matching_step(secret, code, now_s, None)
}

/// Fresh recovery codes: what the user keeps, and what is stored.
pub fn recovery_codes() -> (Vec<String>, Vec<String>) {
    let codes: Vec<String> = (0..RECOVERY_CODES)
        .map(|_| {
            let text = base32(&random_bytes::<10>()).to_lowercase();
            format!("{}-{}-{}-{}", &text[..4], &text[4..8], &text[8..12], &text[12..16])
        })
        .collect();
    let hashes = codes.iter().map(|code| recovery_hash(code)).collect();
    (codes, hashes)
}

/// Looks at a code of an account that has a second factor.
pub fn check(second: &SecondFactor, code: &str, now_s: u64) -> CodeCheck {
    let code: String = code.chars().filter(|c| !c.is_whitespace()).take(64).collect();
    if let Some(step) = matching_step(&second.secret, &code, now_s, Some(second.last_step)) {
        return CodeCheck::Right(SecondFactor { last_step: step, ..second.clone() });
    }
    let hash = recovery_hash(&code);
    if !second.recovery.contains(&hash) {
        return CodeCheck::Wrong;
    }
    let mut left = second.clone();
    left.recovery.retain(|kept| *kept != hash);
    CodeCheck::Right(left)
}

/// The step of now, the one before or the one after, whose code this is; only steps after `used` count.
fn matching_step(secret: &str, code: &str, now_s: u64, used: Option<u64>) -> Option<u64> {
    if code.len() != 6 || !code.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &hex::read(secret).ok()?);
    let now = now_s / STEP_S;
    let wanted: u32 = code.parse().ok()?;
    // All three are computed whatever the first says: time tells nothing about which one it was.
    let matching =
        [now.saturating_sub(1), now, now + 1].map(|step| (step, truncated(&key, step) % 1_000_000 == wanted));
    matching
        .into_iter()
        .find(|(step, right)| *right && used.is_none_or(|used| *step > used))
        .map(|(step, _)| step)
}

/// HOTP's dynamic truncation (RFC 4226 section 5.3): 31 bits.
fn truncated(key: &hmac::Key, step: u64) -> u32 {
    let tag = hmac::sign(key, &step.to_be_bytes());
    let bytes = tag.as_ref();
    let at = usize::from(bytes[bytes.len() - 1] & 0x0F);
    u32::from_be_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]) & 0x7FFF_FFFF
}

/// Recovery codes are compared without case and hyphens: they are read from paper.
fn recovery_hash(code: &str) -> String {
    let plain: String = code.chars().filter(|c| *c != '-').take(64).collect::<String>().to_lowercase();
    hex::lower(&sha384(plain.as_bytes()))
}

/// RFC 4648 base32 without padding.
fn base32(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let (mut out, mut held, mut bits) = (String::new(), 0u32, 0);
    for byte in bytes {
        held = held << 8 | u32::from(*byte);
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            out.push(char::from(LETTERS[(held >> bits & 31) as usize]));
        }
    }
    if bits > 0 {
        out.push(char::from(LETTERS[(held << (5 - bits) & 31) as usize]));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The SHA-1 key of RFC 6238 appendix B: "12345678901234567890".
    const RFC_KEY: &str = "3132333435363738393031323334353637383930";

    fn second() -> SecondFactor {
        SecondFactor { secret: RFC_KEY.into(), last_step: 0, recovery: Vec::new() }
    }

    /// The table of RFC 6238 appendix B has eight digits; the last six of them are the six-digit code.
    #[test]
    fn codes_of_the_rfc() {
        for (time, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            assert_eq!(confirm(RFC_KEY, code, time), Some(time / 30), "at {time}");
            assert_ne!(check(&second(), code, time), CodeCheck::Wrong);
            assert_eq!(confirm(RFC_KEY, code, time + 61), None, "two steps later");
            assert!(
                confirm(RFC_KEY, code, time + 30).is_some() && confirm(RFC_KEY, code, time - 30).is_some()
            );
        }
    }

    #[test]
    fn a_code_is_good_once_and_never_an_older_one_after_it() {
        let CodeCheck::Right(after) = check(&second(), "287082", 59) else { panic!() };
        assert_eq!(after.last_step, 1);
        assert_eq!(check(&after, "287082", 59), CodeCheck::Wrong);
        let earlier =
            truncated(&hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &hex::read(RFC_KEY).unwrap()), 0)
                % 1_000_000;
        assert_eq!(check(&after, &format!("{earlier:06}"), 59), CodeCheck::Wrong);
        for wrong in ["28708", "2870822", "28708a", "", "+87082"] {
            assert_eq!(check(&second(), wrong, 59), CodeCheck::Wrong, "{wrong:?}");
        }
    }

    #[test]
    fn recovery_codes_are_good_once_in_any_case_with_and_without_hyphens() {
        let (codes, recovery) = recovery_codes();
        assert_eq!((codes.len(), recovery.len()), (10, 10));
        let second = SecondFactor { recovery, ..second() };
        let CodeCheck::Right(left) = check(&second, &codes[3].to_uppercase().replace('-', ""), 59) else {
            panic!()
        };
        assert_eq!(left.recovery.len(), 9);
        assert_eq!(check(&left, &codes[3], 59), CodeCheck::Wrong);
        assert!(matches!(check(&left, &codes[4], 59), CodeCheck::Right(_)));
    }

    #[test]
    fn the_address_for_programs() {
        assert_eq!(
            otpauth_url(RFC_KEY, "mesh.example:1", "anna b").unwrap(),
            "otpauth://totp/mesh.example%3A1:anna%20b?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=mesh.example%3A1&algorithm=SHA1&digits=6&period=30"
        );
        assert_eq!(base32(b"foobar"), "MZXW6YTBOI");
        assert_eq!(new_secret().len(), 40);
    }
}
