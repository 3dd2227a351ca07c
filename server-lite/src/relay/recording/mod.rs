//! Recordings of sessions: `.mcrec` files as MeshCentral's player reads them (relay specification 3.3).
//!
//! Off unless the server has a folder for them. A session is recorded as it passes the relay, so that a recorded one
//! cannot be encrypted end to end: devices whose sessions are recorded do not offer it, and a client that tries is
//! cut off. A session that cannot be recorded to its end is ended, not continued unseen.

mod asciicast;
mod format;
mod tape;
mod vault;

pub use asciicast::asciicast;
pub use format::{Entry, FormatError, Header, Kind, Reader};
pub use tape::Tape;
pub use vault::{CaughtUp, Limits, Room, Vault, list};
