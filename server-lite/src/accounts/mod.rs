//! Who may sign in, and as whom he acts then: passwords, second factors, tokens, browsers, the gate against
//! guessing, and the thread that does the slow part.

mod acting;
mod caller;
mod checker;
mod cookie;
mod ending;
mod gate;
mod password;
mod second;
mod token;
pub mod totp;
mod web;

pub use caller::{CallerError, Purpose, by_token, caller, check_origin, is_own_origin};
pub use checker::{CheckBusy, PasswordChecker};
pub use cookie::{Cookie, CookieError, CookieKey};
pub use gate::{Gate, GateError};
pub use password::{PasswordError, hash_password, verify_password};
pub use second::{SecondLook, second_look, use_code};
pub use token::{NewToken, new_api_token, new_token, split_api_token, token_matches};
pub use web::{
    NAME as WEB_COOKIE, NewWebSession, forget_cookie, new_web_session, read_cookie, secret_matches,
};
