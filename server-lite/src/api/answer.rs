//! Answers, and the one form of all refusals: `{"error":{"code","message"}}`.

use microstack::http::Response;
use serde_json::{Value, json};

use crate::accounts::{CallerError, GateError};

/// An answer of JSON.
pub(super) fn json_answer(status: u16, body: &Value) -> Response {
    Response::json(status, body.to_string())
}

/// A refusal: `code` for programs, `message` for people.
pub(super) fn refusal(status: u16, code: &str, message: &str) -> Response {
    json_answer(status, &json!({ "error": { "code": code, "message": message } }))
}

/// Nothing under this name, or nothing the caller may know of.
pub(super) fn not_found(what: &str) -> Response {
    refusal(404, "not-found", &format!("there is no {what} of this name, or you may not see it"))
}

/// Too many attempts.
pub(super) fn too_many(seconds: u64, message: &str) -> Response {
    refusal(429, "too-many", message).with("Retry-After", seconds.to_string())
}

/// As [`too_many`], with the gate's words.
pub(super) fn gated(error: &GateError) -> Response {
    too_many(error.retry_after.as_secs() + 1, &error.to_string())
}

/// The checking thread or the store cannot take more now.
pub(super) fn busy(message: &str) -> Response {
    refusal(503, "busy", message).with("Retry-After", "5")
}

/// A failure of ours; the log says more.
pub(super) fn failed(what: &str, error: &dyn std::fmt::Display) -> Response {
    tracing::error!(%error, what, "a request failed");
    refusal(500, "failed", "the server could not do this; its log says why")
}

/// Why there is no caller.
pub(super) fn no_caller(error: &CallerError) -> Response {
    let (status, code) = match error {
        CallerError::Nobody => (401, "not-signed-in"),
        CallerError::Token => (401, "token"),
        CallerError::Session => (401, "session-ended"),
        CallerError::NoTools => (403, "no-tools"),
        CallerError::ForeignOrigin(_) | CallerError::NoOrigin => (403, "origin"),
    };
    refusal(status, code, &error.to_string())
}

/// The refusal in an answer of the user channel, if it is one: its `result` is anything but `ok`.
pub(super) fn refused(answer: &Value) -> Option<Response> {
    let result = answer.get("result").and_then(Value::as_str)?;
    if result.eq_ignore_ascii_case("ok") {
        return None;
    }
    // The words are those of the user channel, where programs print them; here their kind is a status too.
    let lower = result.to_lowercase();
    let any = |words: &[&str]| words.iter().any(|word| lower.contains(word));
    let (status, code) = if any(&["lacks the scope"]) {
        (403, "scope")
    } else if any(&["denied"]) {
        (403, "denied")
    } else if any(&["exists already", "already exists"]) {
        (409, "exists")
    } else if any(&[
        "unknown",
        "does not exist",
        "there is no",
        "invalid device id",
        "invalid group id",
        "not in group",
    ]) {
        (404, "not-found")
    } else if any(&["not connected", "disconnected", "unable to route"]) {
        (409, "offline")
    } else if any(&["not supported"]) {
        (501, "not-supported")
    } else if any(&["server error"]) {
        (500, "failed")
    } else if any(&["too many", "the limit"]) {
        (409, "limit")
    } else {
        (400, "refused")
    };
    Some(refusal(status, code, result))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_in_words_become_statuses() {
        let status = |result: &str| refused(&json!({ "result": result })).map(|answer| answer.status);
        assert_eq!(status("OK"), None);
        assert_eq!(status("Access denied"), Some(403));
        assert_eq!(status("Access denied: the token lacks the scope run"), Some(403));
        assert_eq!(status("User already exists"), Some(409));
        assert_eq!(status("Unknown device group"), Some(404));
        assert_eq!(status("Agent not connected"), Some(409));
        assert_eq!(status("Not supported"), Some(501));
        assert_eq!(status("A password is needed"), Some(400));
        assert!(refused(&json!({ "nodes": {} })).is_none());
    }
}
