//! One's own account: the password.

use serde_json::json;

use super::answer::{failed, gated, json_answer, refusal};
use super::call::{Ctx, Outcome};
use super::session::noted;
use crate::model::{Audit, Event, rights};
use crate::users::audit_line;

/// `POST /api/v1/account/password`: everything else that was open by the old one ends, tokens stay.
pub(super) fn password(ctx: &Ctx) -> Outcome {
    let new = ctx.text("new").unwrap_or("").to_owned();
    with_password(ctx, ctx.text("old").unwrap_or(""), move |ctx| {
        ctx.hash_password(new, |ctx, hash| {
            let user = ctx.user();
            let changed = ctx.house.data.change_user(&user.id, |user| {
                user.password = hash;
                user.must_change = false;
            });
            if let Err(error) = changed {
                return Outcome::Answer(failed("password", &error));
            }
            ctx.house.end_others(&user.id, &user.via, &ctx.session, "the password was changed");
            ctx.house.announce(&Event::of_user("passchange", &user.id, "Password changed", ctx.now_ms));
            noted(ctx, user, "password");
            ctx.durably(json_answer(200, &json!({})))
        })
    })
}

/// Goes on if this is the caller's password. Guesses count as at a sign-in.
pub(super) fn with_password(
    ctx: &Ctx,
    password: &str,
    then: impl FnOnce(&Ctx) -> Outcome + 'static,
) -> Outcome {
    let user = ctx.user();
    if user.is_restricted(rights::SITE_LOCK_SETTINGS) {
        return Outcome::Answer(settings_locked());
    }
    if let Err(error) = ctx.house.gate.attempt(ctx.ip, &user.name, ctx.now) {
        return Outcome::Answer(gated(&error));
    }
    ctx.check_password(password, Some(user.password.clone()), |ctx, right| {
        if !right {
            let line = audit_line(ctx.user(), &ctx.ip.to_string());
            ctx.house.audit(Audit { action: "password".into(), result: "wrong password".into(), ..line });
            return Outcome::Answer(refusal(403, "wrong", "this is not your password"));
        }
        ctx.house.gate.succeeded(ctx.ip, &ctx.user().name, ctx.now);
        then(ctx)
    })
}

/// The answer to whom an administrator has forbidden to change his own account.
pub(super) fn settings_locked() -> microstack::http::Response {
    refusal(403, "denied", "an administrator has locked the settings of this account")
}
