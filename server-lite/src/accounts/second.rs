//! What follows a right password: the second factor, and a password that must be changed.

use std::time::Instant;

use super::totp::{CodeCheck, check};
use crate::house::House;
use crate::model::User;

/// Where a sign-in stands after its password was found right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecondLook {
    /// Nothing more is needed.
    Through,
    /// The account has a second factor and no code was given.
    CodeRequired,
    /// The code is wrong, or was used already.
    CodeWrong,
    /// Too many wrong codes; seconds until the next is looked at.
    TooMany(u64),
    /// The password must be replaced by its owner first.
    MustChange,
    /// An administrator locked the account.
    Locked,
}

impl SecondLook {
    /// Why it goes no further, for the logs.
    pub fn why(self) -> &'static str {
        match self {
            SecondLook::Through => "nothing is missing",
            SecondLook::CodeRequired => "the code of the second factor is missing",
            SecondLook::CodeWrong => "wrong code of the second factor",
            SecondLook::TooMany(_) => "too many wrong codes",
            SecondLook::MustChange => "the password must be changed first, in the console",
            SecondLook::Locked => "the account is locked",
        }
    }
}

/// Looks at everything but the password. A right code is used up when this returns.
pub fn second_look(house: &House, user: &User, code: Option<&str>, now_ms: u64, now: Instant) -> SecondLook {
    if user.is_locked() {
        return SecondLook::Locked;
    }
    let found = use_code(house, user, code, now_ms, now);
    if found == SecondLook::Through && user.must_change { SecondLook::MustChange } else { found }
}

/// Looks at the code alone: [`SecondLook::Through`] for an account without a second factor.
pub fn use_code(house: &House, user: &User, code: Option<&str>, now_ms: u64, now: Instant) -> SecondLook {
    if user.second.is_none() {
        return SecondLook::Through;
    }
    let Some(code) = code.filter(|code| !code.is_empty()) else {
        return SecondLook::CodeRequired;
    };
    if let Err(error) = house.gate.attempt_code(&user.id, now) {
        return SecondLook::TooMany(error.retry_after.as_secs() + 1);
    }
    let mut right = false;
    // Checked where it is stored: two connections cannot use one code.
    let stored = house.data.change_user(&user.id, |user| {
        if let Some(second) = &user.second
            && let CodeCheck::Right(after) = check(second, code, now_ms / 1000)
        {
            user.second = Some(after);
            right = true;
        }
    });
    match stored {
        Ok(()) if right => {
            house.gate.code_was_right(&user.id, now);
            SecondLook::Through
        }
        Ok(()) => SecondLook::CodeWrong,
        Err(error) => {
            tracing::error!(%error, "the use of a code could not be kept, so it does not count");
            SecondLook::CodeWrong
        }
    }
}
