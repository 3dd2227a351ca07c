//! Short-lived sign-in cookies (user-channel specification 1.1 and 4.4).
//!
//! `base64(iv ‖ tag ‖ AES-256-GCM(json))` with `@ $` for `+ /`, the form other programs of this protocol expect.
//! The key is made once and kept in the store; a cookie lives an hour and names the address it was given to.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use microstack::crypto::{random_bytes, sha384};
use microstack::wire::hex;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use serde::{Deserialize, Serialize};

use crate::house::House;
use crate::model::{User, Via};

/// What a cookie says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cookie {
    /// Who signed in.
    pub userid: String,
    /// Always empty here.
    #[serde(default)]
    pub domainid: String,
    /// The address it was given to; a cookie without one is good for every address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ip: Option<String>,
    /// Seconds since 1970.
    pub time: u64,
    /// By what its owner had signed in ([`Via::to_text`]): the cookie is worth no more than that, and nothing once that
    /// is revoked.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub via: String,
    /// Which password, and which second factor if any, its owner had signed in with: changing either ends
    /// it. Empty when he had signed in with something else.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub epoch: String,
    /// The only device it is good for, and only for ports behind it; such a cookie signs nobody in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nodeid: Option<String>,
    /// The only port it is good for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tcpport: Option<u16>,
    /// Where that port is, as the device reaches it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tcpaddr: Option<String>,
}

impl Cookie {
    /// A cookie that signs a user in, by what he acts with himself.
    pub fn of_user(user: &User, ip: Option<String>, now_s: u64) -> Cookie {
        let epoch = if user.via == Via::Password { epoch(user) } else { String::new() };
        Cookie { userid: user.id.clone(), ip, via: user.via.to_text(), epoch, ..Cookie::of_nobody(now_s) }
    }

    /// A cookie that signs nobody in.
    pub fn of_nobody(now_s: u64) -> Cookie {
        Cookie {
            userid: String::new(),
            domainid: String::new(),
            ip: None,
            time: now_s,
            via: String::new(),
            epoch: String::new(),
            nodeid: None,
            tcpport: None,
            tcpaddr: None,
        }
    }

    /// True for a cookie that is good for ports of one device only.
    pub fn is_for_ports(&self) -> bool {
        self.nodeid.is_some()
    }
}

impl House {
    /// The account of a cookie's owner as he acts by it; `None` when nobody may act by it any more: one got by a
    /// password ends with that password, with a change of the second factor, and while another must be chosen.
    pub fn acting_by_cookie(&self, cookie: &Cookie, now_ms: u64) -> Option<Arc<User>> {
        let via = Via::parse(&cookie.via)?;
        let user = self.acting(&cookie.userid, &via, now_ms)?;
        let stands = via != Via::Password || (cookie.epoch == epoch(&user) && !user.must_change);
        stands.then_some(user)
    }
}

/// A short name of the password and the second factor an account has now. Nothing can be learnt from it: what it is
/// made of is a salted hash, and only 64 bits of the result are told.
fn epoch(user: &User) -> String {
    let second = user.second.as_ref().map_or("", |second| second.secret.as_str());
    let text = format!("meshlite cookie epoch\n{}\n{second}", user.password);
    hex::lower(&sha384(text.as_bytes())[..8])
}

/// The key that seals cookies.
pub struct CookieKey(LessSafeKey);

/// Why a cookie is not accepted.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CookieError {
    /// Not base64, too short or too long.
    Malformed,
    /// Not sealed by this server.
    Forged,
    /// Over an hour old, or from the future.
    Expired,
    /// Given to another address.
    Address,
}

impl CookieKey {
    /// Bytes of key material.
    pub const LEN: usize = 32;

    /// Uses key material from the store.
    pub fn new(material: &[u8; CookieKey::LEN]) -> Option<CookieKey> {
        UnboundKey::new(&AES_256_GCM, material).ok().map(|key| CookieKey(LessSafeKey::new(key)))
    }

    /// Seals a cookie; `None` only if the cipher refuses, which it does for messages of gigabytes.
    pub fn seal(&self, cookie: &Cookie) -> Option<String> {
        let iv = random_bytes::<IV>();
        let mut text = serde_json::to_vec(cookie).ok()?;
        let nonce = Nonce::assume_unique_for_key(iv);
        let tag = self.0.seal_in_place_separate_tag(nonce, Aad::empty(), &mut text).ok()?;
        let bytes = [&iv[..], tag.as_ref(), &text].concat();
        Some(STANDARD.encode(bytes).replace('+', "@").replace('/', "$"))
    }

    /// Opens a cookie presented from `address` at `now_s` seconds since 1970.
    ///
    /// # Errors
    /// [`CookieError`] says which check failed.
    pub fn open(&self, text: &str, address: &str, now_s: u64) -> Result<Cookie, CookieError> {
        if text.len() > MAX_TEXT {
            return Err(CookieError::Malformed);
        }
        let plain = text.replace('@', "+").replace('$', "/");
        let bytes =
            STANDARD_NO_PAD.decode(plain.trim_end_matches('=')).map_err(|_| CookieError::Malformed)?;
        let (head, sealed) = bytes.split_at_checked(IV + TAG).ok_or(CookieError::Malformed)?;
        let iv: [u8; IV] = head[..IV].try_into().map_err(|_| CookieError::Malformed)?;
        let mut turned = [sealed, &head[IV..]].concat();
        let opened = self
            .0
            .open_in_place(Nonce::assume_unique_for_key(iv), Aad::empty(), &mut turned)
            .map_err(|_| CookieError::Forged)?;
        let cookie: Cookie = serde_json::from_slice(opened).map_err(|_| CookieError::Malformed)?;
        if cookie.time > now_s + CLOCK_SLACK_S || now_s > cookie.time + LIFE_S {
            return Err(CookieError::Expired);
        }
        match &cookie.ip {
            Some(ip) if ip != address => Err(CookieError::Address),
            _ => Ok(cookie),
        }
    }
}

const IV: usize = 12;
const TAG: usize = 16;
const MAX_TEXT: usize = 2048;
const LIFE_S: u64 = 3600;
const CLOCK_SLACK_S: u64 = 60;

impl std::fmt::Display for CookieError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            CookieError::Malformed => "the cookie cannot be read",
            CookieError::Forged => "the cookie was not made by this server",
            CookieError::Expired => "the cookie is over an hour old; sign in again",
            CookieError::Address => "the cookie was given to another address",
        })
    }
}

impl std::error::Error for CookieError {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::SecondFactor;

    fn cookie() -> Cookie {
        Cookie::of_user(&User::new("a", 0, 0), Some("192.0.2.1".into()), 5000)
    }

    #[test]
    fn a_cookie_opens_in_time_at_its_address_only() {
        let key = CookieKey::new(&[7; 32]).unwrap();
        let text = key.seal(&cookie()).unwrap();
        assert!(!text.contains(['+', '/']));
        assert_eq!(key.open(&text, "192.0.2.1", 5001), Ok(cookie()));
        assert_eq!(key.open(&text, "192.0.2.2", 5001), Err(CookieError::Address));
        assert_eq!(key.open(&text, "192.0.2.1", 8601), Err(CookieError::Expired));
        assert_eq!(key.open(&text, "192.0.2.1", 4000), Err(CookieError::Expired));
    }

    #[test]
    fn a_cookie_by_password_ends_with_password_or_second_factor() {
        let (house, _dir) = crate::house::tests::house();
        let change = |edit: &dyn Fn(&mut User)| house.data.change_user("user//anna", edit).unwrap();
        let made = || Cookie::of_user(&house.data.user("user//anna").unwrap(), None, 1);
        let good = |cookie: &Cookie| house.acting_by_cookie(cookie, 1000).is_some();
        let first = made();
        assert!(good(&first) && first.epoch.len() == 16);
        assert!(!good(&Cookie { epoch: String::new(), ..first.clone() }));
        change(&|user| user.password = "another".into());
        let second = made();
        assert!(!good(&first) && good(&second));
        change(&|user| {
            user.second = Some(SecondFactor { secret: "00".into(), last_step: 0, recovery: Vec::new() });
        });
        let third = made();
        assert!(!good(&second) && good(&third));
        // A code that was used is no other second factor.
        change(&|user| user.second.as_mut().unwrap().last_step = 7);
        assert!(good(&third));
        change(&|user| user.must_change = true);
        assert!(!good(&third));
        assert!(!good(&Cookie::of_nobody(1)));
    }

    #[test]
    fn any_changed_character_is_noticed() {
        let key = CookieKey::new(&[7; 32]).unwrap();
        let text = key.seal(&cookie()).unwrap();
        for at in 0..text.trim_end_matches('=').len() - 1 {
            let mut bytes = text.clone().into_bytes();
            bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(bytes).unwrap();
            assert!(key.open(&changed, "192.0.2.1", 5001).is_err(), "at {at}");
        }
        assert_eq!(key.open("short", "192.0.2.1", 5001), Err(CookieError::Malformed));
        let other = CookieKey::new(&[8; 32]).unwrap();
        assert_eq!(other.open(&text, "192.0.2.1", 5001), Err(CookieError::Forged));
    }
}
