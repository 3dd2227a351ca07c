//! The cookie of a signed-in browser.

use microstack::crypto::{random_bytes, sha384};
use microstack::http::Request;
use microstack::wire::hex;

use crate::model::WebSession;
use crate::model::text::clean_line;

/// A fresh session: what is stored, and the header field that carries its secret.
pub struct NewWebSession {
    /// What is stored.
    pub record: WebSession,
    /// The value of `Set-Cookie`.
    pub set_cookie: String,
}

/// Makes a session for a user who has just proved who he is.
pub fn new_web_session(user_id: &str, address: &str, program: &str, now_ms: u64) -> NewWebSession {
    let (number, secret) = (hex::lower(&random_bytes::<8>()), hex::lower(&random_bytes::<24>()));
    let record = WebSession {
        secret_sha384: hex::lower(&sha384(secret.as_bytes())),
        user_id: user_id.to_owned(),
        created_ms: now_ms,
        seen_ms: now_ms,
        address: clean_line(address, 64),
        program: clean_line(program, 128),
        number: number.clone(),
    };
    let age = WebSession::LIFE_MS / 1000;
    // `__Host-`: browsers take it from this very host over TLS only, and no other host can set it.
    let set_cookie = format!("{NAME}={number}.{secret}; {ATTRIBUTES}; Max-Age={age}");
    NewWebSession { record, set_cookie }
}

/// The `Set-Cookie` that makes the browser forget.
pub fn forget_cookie() -> String {
    format!("{NAME}=; {ATTRIBUTES}; Max-Age=0")
}

/// The number and secret in a request's cookie, if there is one of ours.
pub fn read_cookie(request: &Request) -> Option<(String, String)> {
    let pairs = request.headers.all("cookie").flat_map(|field| field.split(';'));
    let value = pairs.filter_map(|pair| pair.trim().split_once('=')).find(|(name, _)| *name == NAME)?.1;
    let (number, secret) = value.split_once('.')?;
    (number.len() == 16 && secret.len() == 48).then(|| (number.to_owned(), secret.to_owned()))
}

/// True when `secret` is that of the session. Hashes are compared, so the time it takes tells nothing useful.
pub fn secret_matches(session: &WebSession, secret: &str) -> bool {
    session.secret_sha384 == hex::lower(&sha384(secret.as_bytes()))
}

/// Name of the cookie.
pub const NAME: &str = "__Host-meshlite";
const ATTRIBUTES: &str = "Path=/; Secure; HttpOnly; SameSite=Strict";

#[cfg(test)]
mod tests {
    use super::*;
    use microstack::http::Headers;

    fn request(cookies: &[&str]) -> Request {
        let mut headers = Headers::new();
        for cookie in cookies {
            headers.push("Cookie", *cookie);
        }
        Request { method: "GET".into(), target: "/".into(), is_http_1_1: true, headers, body: Vec::new() }
    }

    #[test]
    fn the_cookie_comes_back_among_others() {
        let made = new_web_session("user//a", "192.0.2.1", "Browser\u{1b}[0m", 5);
        assert!(made.set_cookie.ends_with("; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=604800"));
        let pair = made.set_cookie.split(';').next().unwrap();
        let (number, secret) = read_cookie(&request(&["a=b", &format!("x=y; {pair};z=1")])).unwrap();
        assert_eq!(number, made.record.number);
        assert!(secret_matches(&made.record, &secret) && !secret_matches(&made.record, &number));
        assert!(!made.record.program.contains('\u{1b}'));
        for none in ["", "__Host-meshlite=", "__Host-meshlite=a.b", "meshlite=0123456789abcdef.x"] {
            assert!(read_cookie(&request(&[none])).is_none(), "{none}");
        }
    }
}
