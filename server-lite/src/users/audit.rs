//! The line of the audit log that a command leaves.

use serde_json::Value;

use super::Request;
use super::effect::{Asker, Effect};
use super::scopes::only_looks;
use crate::house::House;
use crate::model::time::now_ms;
use crate::model::{Audit, LoginToken, User, Via};

/// The line of a command, its result still open; `None` for one that only looks.
pub(crate) fn audit_of(asker: &Asker<'_>, request: &Request<'_>) -> Option<Audit> {
    let action = request.action();
    let looks = only_looks(action) || action == "loginTokens" && request.value("remove").is_none();
    if looks {
        return None;
    }
    // What a command is about is in one of these; texts and secrets of commands are not for the log.
    let mut target: Vec<String> = Vec::new();
    for key in ["nodeid", "meshid", "meshname", "meshidname", "userid", "username", "ugrpid", "name"] {
        if let Some(text) = request.text(key) {
            target.push(text.to_owned());
        }
    }
    for key in ["nodeids", "usernames", "userids", "remove"] {
        let texts = request.texts(key).unwrap_or_default();
        target.extend(texts.iter().take(8).map(|text| (*text).to_owned()));
        if texts.len() > 8 {
            target.push(format!("and {} more", texts.len() - 8));
        }
    }
    let action = match (action, request.text("type")) {
        ("msg", Some(kind)) => format!("msg {kind}"),
        _ => action.to_owned(),
    };
    let base = line(asker.user, asker.address);
    Some(Audit { time_ms: asker.now_ms, action, target: target.join(" "), ..base })
}

/// What is known of the caller; the rest is empty.
pub(crate) fn line(user: &User, address: &str) -> Audit {
    Audit {
        time_ms: now_ms(),
        user: user.id.clone(),
        via: user.via.kind().to_owned(),
        via_name: match &user.via {
            Via::Password => String::new(),
            Via::Web(name) | Via::Token(name) => name.clone(),
        },
        address: address.to_owned(),
        action: String::new(),
        target: String::new(),
        result: String::new(),
    }
}

/// Keeps that a sign-in failed; `name` is what was typed.
pub(crate) fn failed_sign_in(house: &House, name: &str, address: &str, why: &str) {
    house.audit(Audit {
        time_ms: now_ms(),
        user: name.to_owned(),
        via: if name.starts_with(LoginToken::PREFIX) { "token" } else { "password" }.to_owned(),
        via_name: String::new(),
        address: address.to_owned(),
        action: "sign-in".to_owned(),
        target: String::new(),
        result: why.to_owned(),
    });
}

/// Keeps that a user signed in by hand.
pub(crate) fn good_sign_in(house: &House, user: &User, address: &str) {
    let line = line(user, address);
    house.audit(Audit { action: "sign-in".to_owned(), result: Audit::OK.to_owned(), ..line });
}

/// Why a command was refused, if all it led to is such an answer.
pub(crate) fn result_of(effects: &[Effect]) -> Option<String> {
    match effects {
        [Effect::Reply(answer)] => {
            let result = answer.get("result").and_then(Value::as_str)?;
            (!result.eq_ignore_ascii_case("ok")).then(|| result.to_owned())
        }
        [] => Some("refused".to_owned()),
        _ => None,
    }
}
