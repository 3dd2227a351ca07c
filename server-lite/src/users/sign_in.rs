//! How a connection says who it is (user-channel specification 1.1).

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use microstack::http::Request;

use crate::accounts::{CallerError, Purpose, by_token, caller, check_origin, token_matches};
use crate::house::House;
use crate::model::{LoginToken, User, Via};

/// What a connection brings.
#[derive(Clone, PartialEq, Eq)]
pub enum SignIn {
    /// `x-meshauth: *`: the server proves itself first (specification 1.2).
    Inner,
    /// A cookie of `authcookie`, the cookie of a browser or an API token, checked already.
    Known {
        /// The user it stands for.
        user_id: String,
        /// By what he had signed in.
        via: Via,
    },
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
    /// Code of a second factor, if one came with it.
    pub code: Option<String>,
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
        if let Err(CallerError::ForeignOrigin(origin)) = check_origin(request, &house.facts()) {
            return SignIn::ForeignOrigin(origin);
        }
        let header = request.header("x-meshauth");
        if header == Some("*") {
            return SignIn::Inner;
        }
        // A cookie that is not good falls through to what comes next.
        if let Some(cookie) = request.query_value("auth") {
            match house.cookies.open(&cookie, peer_ip, now_s) {
                Ok(cookie) => match house.acting_by_cookie(&cookie, now_s * 1000) {
                    Some(user) if !cookie.is_for_ports() => {
                        return SignIn::Known { user_id: user.id.clone(), via: user.via.clone() };
                    }
                    _ => tracing::debug!("a cookie names no user who may act"),
                },
                Err(error) => tracing::info!(peer = peer_ip, %error, "a sign-in cookie was not accepted"),
            }
        }
        if let Some(credentials) = header.and_then(read_meshauth) {
            return SignIn::Password(credentials);
        }
        match caller(house, request, Purpose::Change, now_s * 1000) {
            Ok(user) => return SignIn::Known { user_id: user.id.clone(), via: user.via.clone() },
            Err(CallerError::Nobody) => {}
            Err(error) => tracing::info!(peer = peer_ip, %error, "a channel was not opened"),
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

/// Reads `base64(user),base64(password)[,base64(token)]`. The token is the code of a second factor.
pub fn read_meshauth(header: &str) -> Option<Credentials> {
    let parts: Vec<&str> = header.split(',').collect();
    let (2..=3, [name, password, ..]) = (parts.len(), &parts[..]) else {
        return None;
    };
    let code = parts.get(2).and_then(|code| decode(code));
    Some(Credentials { name: decode(name)?, password: decode(password)?, code })
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
    // An API token in place of the password, for programs that know nothing but names and passwords.
    if credentials.password.starts_with(LoginToken::API_PREFIX) {
        let user = by_token(house, &credentials.password, now_ms).ok();
        let named = user.filter(|user| user.id == crate::model::user_id(&credentials.name));
        return named.map_or(FirstLook::Wrong, FirstLook::Right);
    }
    if !credentials.name.starts_with(LoginToken::PREFIX) {
        return FirstLook::Check(house.data.user_named(&credentials.name));
    }
    let token = house.data.token(&credentials.name);
    let token = token.filter(|token| token_matches(token, &credentials.password, now_ms));
    let user = token.and_then(|token| {
        if let Err(error) = house.data.see_token(&token.token_user, now_ms) {
            tracing::error!(%error, "the use of a token could not be kept");
        }
        house.acting(&token.user_id, &Via::Token(token.token_user.clone()), now_ms)
    });
    user.map_or(FirstLook::Wrong, FirstLook::Right)
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
        assert_eq!(read.code, None);
        let read = read_meshauth("YWRtaW4,c2VjcmV0,MTIz").unwrap();
        assert_eq!((read.password.as_str(), read.code.as_deref()), ("secret", Some("123")));
        assert!(read_meshauth("YWRtaW4=").is_none());
        assert!(read_meshauth("a,b,c,d").is_none());
        assert!(read_meshauth("!!,c2VjcmV0").is_none());
        assert!(!format!("{read:?}").contains("secret"));
    }
}
