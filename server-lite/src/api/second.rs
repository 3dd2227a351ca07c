//! One's own second factor: proposing, confirming, new recovery codes, removing.

use serde_json::json;

use super::account::{settings_locked, with_password};
use super::answer::{failed, json_answer, refusal, too_many};
use super::call::{Ctx, Outcome};
use super::session::noted;
use crate::accounts::{SecondLook, totp, use_code};
use crate::model::{SecondEdit, SecondFactor, UserEdit, rights};

/// `POST /api/v1/account/totp`: a fresh secret. Nothing changes until a code of it was shown.
pub(super) fn propose(ctx: &Ctx) -> Outcome {
    with_password(ctx, ctx.text("password").unwrap_or(""), |ctx| {
        let user = ctx.user();
        if user.second.is_some() {
            let message = "there is a second factor already; remove it first";
            return Outcome::Answer(refusal(409, "exists", message));
        }
        let secret = totp::new_secret();
        let facts = ctx.house.facts();
        let (Some(typed), Some(url)) =
            (totp::secret_for_people(&secret), totp::otpauth_url(&secret, &facts.name, &user.name))
        else {
            unreachable!("a fresh secret is hexadecimal");
        };
        edited(ctx, SecondEdit::Propose(secret), json!({ "secret": typed, "url": url }))
    })
}

/// `POST /api/v1/account/totp/confirm`: from here on it is asked for. The recovery codes are shown this once.
pub(super) fn confirm(ctx: &Ctx) -> Outcome {
    let user = ctx.user();
    if user.is_restricted(rights::SITE_LOCK_SETTINGS) {
        return Outcome::Answer(settings_locked());
    }
    let Some(secret) = user.second_pending.clone().filter(|_| user.second.is_none()) else {
        return Outcome::Answer(refusal(
            409,
            "not-proposed",
            "ask for a secret first: POST /api/v1/account/totp",
        ));
    };
    let code = ctx.text("code").unwrap_or("");
    let Some(last_step) = totp::confirm(&secret, code, ctx.now_ms / 1000) else {
        return Outcome::Answer(refusal(
            403,
            "code-wrong",
            "this is not the code of now; is the clock right?",
        ));
    };
    let (codes, recovery) = totp::recovery_codes();
    noted(ctx, user, "second factor added");
    let second = SecondFactor { secret, last_step, recovery };
    edited(ctx, SecondEdit::Confirm(second), json!({ "recoveryCodes": codes }))
}

/// `POST /api/v1/account/totp/recovery`: ten new recovery codes instead of those that are left.
pub(super) fn recovery(ctx: &Ctx) -> Outcome {
    with_code(ctx, |ctx| {
        let (codes, hashes) = totp::recovery_codes();
        noted(ctx, ctx.user(), "new recovery codes");
        edited(ctx, SecondEdit::Recovery(hashes), json!({ "recoveryCodes": codes }))
    })
}

/// `POST /api/v1/account/totp/remove`: by the password, or by a code.
pub(super) fn remove(ctx: &Ctx) -> Outcome {
    let remove = |ctx: &Ctx| {
        noted(ctx, ctx.user(), "second factor removed");
        edited(ctx, SecondEdit::Remove, json!({}))
    };
    match ctx.text("password") {
        Some(password) => with_password(ctx, password, remove),
        None => with_code(ctx, remove),
    }
}

fn with_code(ctx: &Ctx, then: impl FnOnce(&Ctx) -> Outcome) -> Outcome {
    let user = ctx.user();
    if user.is_restricted(rights::SITE_LOCK_SETTINGS) {
        return Outcome::Answer(settings_locked());
    }
    if user.second.is_none() {
        return Outcome::Answer(refusal(409, "no-second-factor", "this account has no second factor"));
    }
    match use_code(&ctx.house, user, ctx.text("code"), ctx.now_ms, ctx.now) {
        SecondLook::Through => then(ctx),
        SecondLook::TooMany(seconds) => {
            Outcome::Answer(too_many(seconds, "too many wrong codes; try again later"))
        }
        _ => Outcome::Answer(refusal(403, "code-wrong", "wrong code, or one that was used already")),
    }
}

fn edited(ctx: &Ctx, second: SecondEdit, answer: serde_json::Value) -> Outcome {
    let edit = UserEdit { second: Some(second), ..UserEdit::default() };
    match ctx.house.data.change_user(&ctx.user().id, |user| user.edit(&edit)) {
        Ok(()) => ctx.durably(json_answer(200, &answer)),
        Err(error) => Outcome::Answer(failed("second factor", &error)),
    }
}
