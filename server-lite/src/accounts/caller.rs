//! Who makes an HTTP request, as far as it can be said at once: by an API token, or by the cookie of a browser.

use std::sync::Arc;

use microstack::http::Request;

use super::{read_cookie, secret_matches, split_api_token, token_matches};
use crate::house::{Facts, House};
use crate::model::rights::SITE_NO_TOOLS;
use crate::model::{User, Via};

/// Why a request has no caller.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CallerError {
    /// Neither a token nor a cookie.
    Nobody,
    /// A token that is unknown, wrong, expired or of an account that is locked.
    Token,
    /// A cookie of a session that ended or was revoked.
    Session,
    /// The account may not be used by programs.
    NoTools,
    /// A page of another site tries to use the user's browser.
    ForeignOrigin(String),
    /// A cookie alone, without `Origin`, changes nothing.
    NoOrigin,
}

/// What a request is about to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// It only looks.
    Look,
    /// It changes something, or opens a channel on which that is possible.
    Change,
}

/// Finds the caller of a request. The use of his token or session is noted.
///
/// # Errors
/// [`CallerError`] says why there is none.
pub fn caller(
    house: &House,
    request: &Request,
    purpose: Purpose,
    now_ms: u64,
) -> Result<Arc<User>, CallerError> {
    check_origin(request, &house.facts())?;
    if let Some(field) = request.header("authorization") {
        return by_token(house, bearer(field).ok_or(CallerError::Token)?, now_ms);
    }
    let (number, secret) = read_cookie(request).ok_or(CallerError::Nobody)?;
    let session = house.data.web_session(&number, now_ms).filter(|session| secret_matches(session, &secret));
    let session = session.ok_or(CallerError::Session)?;
    if purpose == Purpose::Change && request.header("origin").is_none() {
        return Err(CallerError::NoOrigin);
    }
    let user =
        house.acting(&session.user_id, &Via::Web(number.clone()), now_ms).ok_or(CallerError::Session)?;
    if let Err(error) = house.data.see_web_session(&number, now_ms) {
        tracing::error!(%error, "the use of a web session could not be kept");
    }
    Ok(user)
}

/// Checks an API token.
///
/// # Errors
/// [`CallerError::Token`] or [`CallerError::NoTools`].
pub fn by_token(house: &House, text: &str, now_ms: u64) -> Result<Arc<User>, CallerError> {
    let (name, secret) = split_api_token(text).ok_or(CallerError::Token)?;
    let token = house.data.token(name).filter(|token| token_matches(token, secret, now_ms));
    let token = token.ok_or(CallerError::Token)?;
    let user =
        house.acting(&token.user_id, &Via::Token(name.to_owned()), now_ms).ok_or(CallerError::Token)?;
    if user.is_restricted(SITE_NO_TOOLS) {
        return Err(CallerError::NoTools);
    }
    if let Err(error) = house.data.see_token(name, now_ms) {
        tracing::error!(%error, "the use of a token could not be kept");
    }
    Ok(user)
}

/// A request with a foreign `Origin` is refused whatever else it carries.
///
/// # Errors
/// [`CallerError::ForeignOrigin`].
pub fn check_origin(request: &Request, facts: &Facts) -> Result<(), CallerError> {
    match request.header("origin") {
        Some(origin) if !is_own_origin(origin, request.header("host"), facts) => {
            Err(CallerError::ForeignOrigin(origin.chars().take(256).collect()))
        }
        _ => Ok(()),
    }
}

/// True when `origin` is this server's: the host that was asked, or our own name and port. The scheme is always
/// HTTPS, also behind a terminator: that is what browsers see.
pub fn is_own_origin(origin: &str, host: Option<&str>, facts: &Facts) -> bool {
    let Some(from) = origin.strip_prefix("https://") else { return false };
    let from = from.strip_suffix(":443").unwrap_or(from);
    if host.is_some_and(|host| host.strip_suffix(":443").unwrap_or(host).eq_ignore_ascii_case(from)) {
        return true;
    }
    let name = if facts.name.contains(':') { format!("[{}]", facts.name) } else { facts.name.clone() };
    let own = if facts.port == 443 { name } else { format!("{name}:{}", facts.port) };
    own.eq_ignore_ascii_case(from)
}

fn bearer(field: &str) -> Option<&str> {
    let (scheme, token) = field.trim().split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

impl std::fmt::Display for CallerError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            CallerError::Nobody => "sign in, or send an API token as \"Authorization: Bearer mlt_…\"",
            CallerError::Token => "this API token is not, or no longer, valid",
            CallerError::Session => "this session has ended; sign in again",
            CallerError::NoTools => "this account may not be used by programs",
            CallerError::ForeignOrigin(_) => "this request comes from a page of another site",
            CallerError::NoOrigin => "a request by cookie that changes something needs an Origin field",
        })
    }
}

impl std::error::Error for CallerError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_pages_are_ours() {
        let (house, _dir) = crate::house::tests::house();
        let facts = house.facts(); // mesh.example, port 8443
        let own = |origin: &str, host: Option<&str>| is_own_origin(origin, host, &facts);
        assert!(own("https://mesh.example:8443", Some("10.0.0.1:8443")));
        assert!(own("https://10.0.0.1:8443", Some("10.0.0.1:8443")));
        assert!(own("https://other.example", Some("other.example:443")));
        assert!(own("https://MESH.example:8443", None));
        for foreign in [
            "https://mesh.example",
            "https://mesh.example:9999",
            "http://mesh.example:8443",
            "https://evil.example",
            "https://mesh.example:8443.evil.example",
            "null",
            "",
        ] {
            assert!(!own(foreign, Some("10.0.0.1:8443")), "{foreign}");
        }
    }
}
