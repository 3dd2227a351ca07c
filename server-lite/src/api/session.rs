//! Signing in and out, and who is signed in.

use std::sync::Arc;

use serde_json::{Value, json};

use super::answer::{failed, gated, json_answer, refusal, too_many};
use super::call::{Ctx, Outcome};
use crate::accounts::{SecondLook, forget_cookie, new_web_session, second_look};
use crate::model::{Audit, Event, User, UserEdit, Via, WebSession, user_id};
use crate::users::audit_line;

/// `POST /api/v1/sign-in`. Says nothing of who exists: an unknown name takes as long, and is as wrong.
pub(super) fn sign_in(ctx: &Ctx) -> Outcome {
    let name = ctx.text("user").unwrap_or("").to_owned();
    if let Err(error) = ctx.house.gate.attempt(ctx.ip, &name, ctx.now) {
        tracing::warn!(peer = %ctx.ip, user = loggable(&name), %error, "sign-in refused");
        return Outcome::Answer(gated(&error));
    }
    let user = ctx.house.data.user(&user_id(&name));
    let hash = user.map(|user| user.password.clone());
    let against = hash.clone();
    ctx.check_password(ctx.text("password").unwrap_or(""), hash, move |ctx, right| {
        // It may have been changed during the check.
        let still = |user: &Arc<User>| right && against.as_deref() == Some(user.password.as_str());
        match ctx.house.data.user(&user_id(&name)).filter(still) {
            Some(user) => password_was_right(ctx, &name, &user),
            None => turned_away(ctx, &name, 401, "wrong", "wrong user name or password"),
        }
    })
}

/// `POST /api/v1/sign-out`: of this browser.
pub(super) fn sign_out(ctx: &Ctx) -> Outcome {
    let user = ctx.user();
    if let Via::Web(number) = &user.via {
        if let Err(error) = ctx.house.data.remove_web_session(number) {
            return Outcome::Answer(failed("sign-out", &error));
        }
        ctx.house.end_via(&user.id, &user.via, "its browser was signed out");
        noted(ctx, user, "sign-out");
    }
    ctx.durably(json_answer(200, &json!({})).with("Set-Cookie", forget_cookie()))
}

/// `GET /api/v1/session`.
pub(super) fn session(ctx: &Ctx) -> Outcome {
    let user = ctx.user();
    let expires = match &user.via {
        Via::Web(number) => {
            ctx.house.data.web_session(number, ctx.now_ms).map_or(0, |session| session.ends_ms())
        }
        Via::Token(name) => ctx.house.data.token(name).map_or(0, |token| token.expires_ms),
        Via::Password => 0,
    };
    Outcome::Answer(json_answer(200, &shown(user, expires)))
}

fn password_was_right(ctx: &Ctx, name: &str, user: &User) -> Outcome {
    let look = second_look(&ctx.house, user, ctx.text("code"), ctx.now_ms, ctx.now);
    if matches!(look, SecondLook::Through | SecondLook::CodeRequired | SecondLook::MustChange) {
        ctx.house.gate.succeeded(ctx.ip, name, ctx.now);
    }
    match look {
        SecondLook::Through => open(ctx, user),
        SecondLook::CodeRequired => {
            let message = "this account has a second factor: send its code as well";
            Outcome::Answer(refusal(401, "code-required", message))
        }
        SecondLook::CodeWrong => {
            turned_away(ctx, name, 401, "code-wrong", "wrong code, or one that was used already")
        }
        SecondLook::TooMany(seconds) => {
            Outcome::Answer(too_many(seconds, "too many wrong codes; try again later"))
        }
        SecondLook::Locked => {
            turned_away(ctx, name, 401, "locked", "this account is locked; ask an administrator")
        }
        SecondLook::MustChange => match ctx.text("newPassword") {
            Some(new) if Some(new) != ctx.text("password") => {
                let id = user.id.clone();
                ctx.hash_password(new.to_owned(), move |ctx, hash| {
                    let changed = ctx.house.data.change_user(&id, |user| {
                        user.password = hash;
                        user.edit(&UserEdit { must_change: Some(false), ..UserEdit::default() });
                    });
                    match (changed, ctx.house.data.user(&id)) {
                        (Ok(()), Some(user)) => {
                            ctx.house.end_user(&id, "the password was changed");
                            noted(ctx, &user, "password");
                            open(ctx, &user)
                        }
                        (Err(error), _) => Outcome::Answer(failed("password", &error)),
                        (Ok(()), None) => Outcome::Answer(refusal(401, "wrong", "this account was removed")),
                    }
                })
            }
            _ => {
                let message = "the password was set by somebody else: send a new one as newPassword as well";
                Outcome::Answer(refusal(401, "password-change-required", message))
            }
        },
    }
}

/// Everything was right: a browser is signed in.
fn open(ctx: &Ctx, user: &User) -> Outcome {
    let made = new_web_session(&user.id, &ctx.ip.to_string(), &ctx.program, ctx.now_ms);
    let number = made.record.number.clone();
    let ends = made.record.ends_ms();
    match ctx.house.data.add_web_session(made.record) {
        Ok(None) => {}
        Ok(Some(out)) => ctx.house.end_via(&user.id, &Via::Web(out), "too many browsers are signed in"),
        Err(error) => return Outcome::Answer(refusal(503, "busy", &error.to_string())),
    }
    if let Err(error) = ctx.house.data.change_user(&user.id, |user| user.signed_in_ms = ctx.now_ms) {
        tracing::error!(%error, "the time of a sign-in could not be kept");
    }
    let user = User { via: Via::Web(number), ..user.clone() };
    tracing::info!(peer = %ctx.ip, user = user.name, via = "web", "signed in");
    let message = format!("Signed in from {}", ctx.ip);
    ctx.house.announce(&Event::of_user("login", &user.id, &message, ctx.now_ms));
    noted(ctx, &user, "sign-in");
    ctx.durably(json_answer(200, &shown(&user, ends)).with("Set-Cookie", made.set_cookie))
}

fn turned_away(ctx: &Ctx, name: &str, status: u16, code: &str, message: &str) -> Outcome {
    tracing::warn!(peer = %ctx.ip, user = loggable(name), why = message, "sign-in refused");
    let nobody = User::new(name, 0, 0);
    let line = audit_line(&nobody, &ctx.ip.to_string());
    ctx.house.audit(Audit {
        user: name.to_owned(),
        action: "sign-in".into(),
        result: message.into(),
        ..line
    });
    Outcome::Answer(refusal(status, code, message))
}

/// A line of the audit log about something that was done.
pub(super) fn noted(ctx: &Ctx, user: &User, action: &str) {
    let line = audit_line(user, &ctx.ip.to_string());
    ctx.house.audit(Audit { action: action.to_owned(), result: Audit::OK.to_owned(), ..line });
}

fn shown(user: &User, expires_ms: u64) -> Value {
    let mut shown = json!({
        "user": { "id": user.id, "name": user.name, "site": user.site },
        "expires": expires_ms,
        "via": user.via.kind(),
        "totp": user.second.is_some(),
        "recoveryCodesLeft": user.second.as_ref().map_or(0, |second| second.recovery.len()),
    });
    if let Some(limit) = &user.limit {
        shown["scopes"] = json!(limit.scopes);
    }
    shown
}

/// The signed-in browsers of the caller.
pub(super) fn list(ctx: &Ctx) -> Outcome {
    let user = ctx.user();
    let row = |session: &WebSession| {
        json!({
            "number": session.number, "created": session.created_ms, "seen": session.seen_ms,
            "expires": session.ends_ms(), "address": session.address, "program": session.program,
            "current": user.via == Via::Web(session.number.clone()),
        })
    };
    let sessions = ctx.house.data.web_sessions_of(&user.id, ctx.now_ms);
    let rows: Vec<Value> = sessions.iter().map(|session| row(session)).collect();
    Outcome::Answer(json_answer(200, &json!({ "sessions": rows })))
}

/// Signs a browser of the caller out.
pub(super) fn close(ctx: &Ctx) -> Outcome {
    let (user, number) = (ctx.user(), &ctx.path[0]);
    let session = ctx.house.data.web_session(number, ctx.now_ms).filter(|session| session.user_id == user.id);
    if session.is_none() {
        return Outcome::Answer(super::answer::not_found("session"));
    }
    if let Err(error) = ctx.house.data.remove_web_session(number) {
        return Outcome::Answer(failed("closing a session", &error));
    }
    ctx.house.end_via(&user.id, &Via::Web(number.clone()), "its browser was signed out");
    noted(ctx, user, "close session");
    ctx.durably(json_answer(200, &json!({})))
}

fn loggable(name: &str) -> String {
    crate::model::text::clean_line(name, 64)
}
