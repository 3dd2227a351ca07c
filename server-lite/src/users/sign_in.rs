//! How a connection says who it is (user-channel specification 1.1).

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use microstack::http::Request;

use crate::accounts::token_matches;
use crate::house::House;
use crate::model::{LoginToken, User};

/// What a connection brings.
#[derive(Clone, PartialEq, Eq)]
pub enum SignIn {
    /// `x-meshauth: *`: the server proves itself first (specification 1.2).
    Inner,
    /// A cookie of `authcookie`, checked already: the user it names.
    Cookie(String),
    /// Name and password, or name and secret of a login token.
    Password(Credentials),
    /// Nothing that could be used.
    Nothing,
    /// A page of another site tries to use the user's browser.
    ForeignOrigin(String),
}

/// A name and what goes with it.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// As typed.
    pub name: String,
    /// Never shown or logged.
    pub password: String,
}

/// What is known of credentials without a slow hash.
pub(crate) enum FirstLook {
    /// A login token with the right secret.
    Right(Arc<User>),
    /// A login token that is not, or is no longer, right.
    Wrong,
    /// A password that must be checked against this hash, if there is such a user.
    Check(Option<Arc<User>>),
}

impl SignIn {
    /// Reads the upgrade request. Passwords in the address are not taken: addresses end up in logs.
    pub fn read(house: &House, request: &Request, peer_ip: &str, now_s: u64) -> SignIn {
        if let Some(origin) = request.header("origin")
            && !same_site(origin, request.header("host"), &house.facts().name)
        {
            return SignIn::ForeignOrigin(origin.chars().take(256).collect());
        }
        let header = request.header("x-meshauth");
        if header == Some("*") {
            return SignIn::Inner;
        }
        // A cookie that is not good falls through to what comes next.
        if let Some(cookie) = request.query_value("auth") {
            match house.cookies.open(&cookie, peer_ip, now_s) {
                Ok(cookie) if !cookie.is_for_ports() && house.data.user(&cookie.userid).is_some() => {
                    return SignIn::Cookie(cookie.userid);
                }
                Ok(_) => tracing::debug!("a cookie names no user"),
                Err(error) => tracing::info!(peer = peer_ip, %error, "a sign-in cookie was not accepted"),
            }
        }
        if let Some(credentials) = header.and_then(read_meshauth) {
            return SignIn::Password(credentials);
        }
        if request.query_value("pass").is_some() {
            tracing::info!(
                peer = peer_ip,
                "a password in the address was ignored; send it in the x-meshauth header"
            );
        }
        SignIn::Nothing
    }
}

/// Reads `base64(user),base64(password)[,base64(token)]`. The token, a second factor, is not used here.
pub fn read_meshauth(header: &str) -> Option<Credentials> {
    let parts: Vec<&str> = header.split(',').collect();
    let (2..=3, [name, password, ..]) = (parts.len(), &parts[..]) else {
        return None;
    };
    Some(Credentials { name: decode(name)?, password: decode(password)? })
}

/// Base64 with or without padding, as text.
pub(super) fn decode(text: &str) -> Option<String> {
    String::from_utf8(decode_bytes(text)?).ok()
}

/// Base64 with or without padding.
pub(super) fn decode_bytes(text: &str) -> Option<Vec<u8>> {
    STANDARD_NO_PAD.decode(text.trim().trim_end_matches('=')).ok()
}

/// Base64 with padding.
pub(super) fn encode_bytes(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// Looks at credentials as far as it can be done at once.
pub(crate) fn first_look(house: &House, credentials: &Credentials, now_ms: u64) -> FirstLook {
    if !credentials.name.starts_with(LoginToken::PREFIX) {
        return FirstLook::Check(house.data.user_named(&credentials.name));
    }
    let token = house.data.token(&credentials.name);
    let user = token
        .filter(|token| token_matches(token, &credentials.password, now_ms))
        .and_then(|token| house.data.user(&token.user_id));
    user.map_or(FirstLook::Wrong, FirstLook::Right)
}

/// True when a page of `origin` may use this server: it comes from the host it was asked for, or from our name.
fn same_site(origin: &str, host: Option<&str>, name: &str) -> bool {
    let Some(from) = origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://")) else {
        return false;
    };
    host == Some(from) || without_port(from) == name
}

fn without_port(authority: &str) -> &str {
    match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|b| b.is_ascii_digit()) => host.trim_matches(['[', ']']),
        _ => authority,
    }
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credentials").field("name", &self.name).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_has_two_or_three_parts() {
        let read = read_meshauth("YWRtaW4=,c2VjcmV0").unwrap();
        assert_eq!((read.name.as_str(), read.password.as_str()), ("admin", "secret"));
        assert_eq!(read_meshauth("YWRtaW4,c2VjcmV0,MTIz").unwrap().password, "secret");
        assert!(read_meshauth("YWRtaW4=").is_none());
        assert!(read_meshauth("a,b,c,d").is_none());
        assert!(read_meshauth("!!,c2VjcmV0").is_none());
        assert!(!format!("{read:?}").contains("secret"));
    }

    #[test]
    fn only_our_own_pages_may_use_the_channel() {
        assert!(same_site("https://mesh.example", Some("mesh.example"), "other"));
        assert!(same_site("https://mesh.example:8443", Some("mesh.example:8443"), "other"));
        assert!(same_site("https://mesh.example:8443", Some("10.0.0.1"), "mesh.example"));
        assert!(same_site("https://[2001:db8::1]:8443", None, "2001:db8::1"));
        assert!(!same_site("https://evil.example", Some("mesh.example"), "mesh.example"));
        assert!(!same_site("https://mesh.example.evil.example", Some("mesh.example"), "mesh.example"));
        assert!(!same_site("null", Some("mesh.example"), "mesh.example"));
    }
}
