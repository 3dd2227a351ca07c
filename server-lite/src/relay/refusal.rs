//! Why a connection is not let in, or a tunnel is ended, and the close code that says so (`docs/relay.md`).

use std::fmt;

/// A reason of the server's. Both the code and the words go to the client that is concerned.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// No `auth`, no `rauth`, nothing else that says who it is.
    NotSignedIn,
    /// A page of another site.
    Origin,
    /// A token that was not given out for this tunnel, or a tunnel nobody asked for.
    Token,
    /// The token was used before.
    TokenUsed,
    /// The token is older than 30 s.
    TokenExpired,
    /// The user lacks the right; the text says which.
    Rights(&'static str),
    /// The request cannot be read; the text says what is wrong.
    Request(&'static str),
    /// Two have met under this id already.
    Taken,
    /// The other end waits for somebody else: another user, another device, no device, or another kind of session.
    Mismatch,
    /// Nobody came within 15 s.
    Alone,
    /// Too many tunnels; the text says of what.
    TooMany(&'static str),
    /// The device is not connected.
    Absent,
    /// What allowed the tunnel is gone: account, right, device, token.
    Revoked(&'static str),
    /// Nothing passed for too long.
    Idle,
    /// A client stopped answering.
    Silent,
    /// A client stopped reading.
    Stalled,
    /// The login token by which it was opened has expired.
    TimeOver,
    /// The recording is full, or the disk refuses it.
    Unrecorded,
    /// A recorded session was to be encrypted.
    Encrypted,
    /// A client began a message in fragments and did not go on with it.
    Unfinished,
    /// The server stops.
    Farewell,
}

impl Refusal {
    /// The WebSocket close code.
    pub fn code(self) -> u16 {
        match self {
            Refusal::Farewell => 1001,
            Refusal::NotSignedIn => 4001,
            Refusal::Token => 4002,
            Refusal::TokenUsed => 4003,
            Refusal::TokenExpired => 4004,
            Refusal::Rights(_) => 4005,
            Refusal::Request(_) => 4006,
            Refusal::Taken => 4007,
            Refusal::Mismatch => 4008,
            Refusal::Alone => 4009,
            Refusal::TooMany(_) => 4010,
            Refusal::Origin => 4011,
            Refusal::Absent => 4012,
            Refusal::Revoked(_) => 4013,
            Refusal::Idle => 4014,
            Refusal::Silent => 4015,
            Refusal::Stalled => 4016,
            Refusal::TimeOver => 4017,
            Refusal::Unrecorded => 4018,
            Refusal::Encrypted => 4019,
            Refusal::Unfinished => 4020,
        }
    }

    /// The words that go with the code; at most 123 bytes.
    pub fn reason(self) -> &'static str {
        match self {
            Refusal::Farewell => "the server stops",
            Refusal::NotSignedIn => "not signed in: use a fresh cookie of authcookie",
            Refusal::Token => "this token does not open this tunnel",
            Refusal::TokenUsed => "this token was used already: ask for a new tunnel",
            Refusal::TokenExpired => "this token is over 30 s old: ask for a new tunnel",
            Refusal::Taken => "two have met under this id already: choose another id",
            Refusal::Mismatch => "the other end waits for another user, device or kind of session",
            Refusal::Alone => "the other end did not come within 15 s",
            Refusal::Origin => "pages of other sites are not let in",
            Refusal::Absent => "the device is not connected",
            Refusal::Idle => "nothing was sent for too long",
            Refusal::Silent => "no answer to pings",
            Refusal::Stalled => "one end stopped reading",
            Refusal::Unrecorded => "the recording of this session is full or cannot be written",
            Refusal::Encrypted => "this session is recorded and cannot be encrypted end to end",
            Refusal::Unfinished => "a message in fragments was not gone on with for 60 s",
            Refusal::TimeOver => "the login token has expired",
            Refusal::Rights(why) | Refusal::Request(why) | Refusal::TooMany(why) | Refusal::Revoked(why) => {
                why
            }
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.reason())
    }
}

impl std::error::Error for Refusal {}
