//! Who may sign in: password hashes, the gate against guessing, cookies, and the thread that does the slow part.

mod checker;
mod cookie;
mod gate;
mod password;
mod token;

pub use checker::{CheckBusy, PasswordChecker};
pub use cookie::{Cookie, CookieError, CookieKey};
pub use gate::{Gate, GateError};
pub use password::{PasswordError, hash_password, verify_password};
pub use token::{NewToken, new_token, token_matches};
