//! What goes wrong, sorted by who is at fault.

use std::fmt;

/// A message of the handshake that cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum HelloError {
    /// It has a version that we do not speak. Usual cause: one end is much newer.
    Version(u8),
    /// It has not the form of the documentation. Usual cause: something else speaks on this tunnel.
    Form(&'static str),
}

/// Why a device did not begin or resume a session. Not authenticated: a relay can say so too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// The device does not speak this version.
    Version,
    /// The hello was unreadable, or meant for another device or tunnel.
    Hello,
    /// The device does not know the session. Usual cause: it was without a link for too long.
    UnknownSession,
    /// User or rights are not those of the session.
    Rights,
    /// The proof does not fit.
    Proof,
    /// The device has as many sessions as it takes.
    Busy,
    /// The device could not sign.
    Signature,
    /// A word that we do not know.
    Other,
}

impl Refusal {
    /// The word on the wire.
    pub fn word(self) -> &'static str {
        match self {
            Refusal::Version => "version",
            Refusal::Hello => "hello",
            Refusal::UnknownSession => "unknown-session",
            Refusal::Rights => "rights",
            Refusal::Proof => "proof",
            Refusal::Busy => "busy",
            Refusal::Signature => "signature",
            Refusal::Other => "other",
        }
    }

    /// The refusal behind a word.
    pub fn from_word(word: &str) -> Refusal {
        match word {
            "version" => Refusal::Version,
            "hello" => Refusal::Hello,
            "unknown-session" => Refusal::UnknownSession,
            "rights" => Refusal::Rights,
            "proof" => Refusal::Proof,
            "busy" => Refusal::Busy,
            "signature" => Refusal::Signature,
            _ => Refusal::Other,
        }
    }
}

/// Why a link, or the whole session, is given up. [`Error::ends_session`] says which.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// The handshake cannot be read.
    Hello(HelloError),
    /// The key belongs to another device than the one that was meant: somebody stands in between.
    OtherDevice,
    /// The signature does not fit the key: somebody stands in between.
    Signature,
    /// The proof of a resumed session does not fit: somebody stands in between.
    Proof,
    /// The device refuses.
    Refused(Refusal),
    /// A point of the handshake is none.
    Point,
    /// A record does not open: it was changed, repeated, moved or left out.
    Sealed,
    /// A record opened but makes no sense. The peer is broken.
    Record(&'static str),
    /// Numbers of both sides leave a gap: records were lost for good.
    Gap,
    /// A frame that has no place here.
    Unexpected(&'static str),
    /// The peer did not answer in time.
    Silent,
    /// The session has ended.
    Ended,
}

impl Error {
    /// Whether a new link is of no use.
    pub fn ends_session(&self) -> bool {
        match self {
            Error::OtherDevice
            | Error::Signature
            | Error::Proof
            | Error::Record(_)
            | Error::Gap
            | Error::Ended => true,
            Error::Hello(HelloError::Version(_)) => true,
            Error::Refused(refusal) => !matches!(refusal, Refusal::Busy | Refusal::Signature),
            _ => false,
        }
    }
}

/// A message was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SendError {
    /// The window is full: wait for `Room`.
    Full,
    /// The message has more than [`crate::MAX_MESSAGE`] bytes.
    TooLong,
    /// The session is closing or has ended, or there is none with this name.
    Ended,
}

impl From<HelloError> for Error {
    fn from(error: HelloError) -> Error {
        Error::Hello(error)
    }
}

impl fmt::Display for HelloError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            HelloError::Version(version) => write!(
                f,
                "the other end speaks version {version} of encrypted sessions, this one {}; update the older one",
                crate::hello::VERSION
            ),
            HelloError::Form(what) => write!(f, "the handshake cannot be read: {what}"),
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Refusal::Version => "it speaks another version of encrypted sessions; update the older end",
            Refusal::Hello => "it says the greeting is not for it or not for this tunnel",
            Refusal::UnknownSession => "it no longer has the session; start a new one",
            Refusal::Rights => "user or rights changed since the session began; start a new one",
            Refusal::Proof => "it does not accept the proof of the session; start a new one",
            Refusal::Busy => "it has too many sessions; close some, or try again in two minutes",
            Refusal::Signature => "its key gave no signature; look into the agent's log",
            Refusal::Other => "it gives a reason that this version does not know",
        })
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Hello(error) => error.fmt(f),
            Error::OtherDevice => f.write_str(
                "the key at the other end is not the one of this device: somebody may stand in between, so nothing \
                 was sent. If the device was set up anew, it has a new node id",
            ),
            Error::Signature => f.write_str(
                "the device's signature does not fit this session: somebody may stand in between, so nothing was sent",
            ),
            Error::Proof => f.write_str(
                "the other end does not know this session's key: somebody may stand in between; the session is over",
            ),
            Error::Refused(refusal) => write!(f, "the device refused an encrypted session: {refusal}"),
            Error::Point => f.write_str("the key of the other end is no point of the curve"),
            Error::Sealed => f.write_str("a record was changed, repeated or left out on the way; the link is given up"),
            Error::Record(what) => write!(f, "the other end breaks the protocol: {what}"),
            Error::Gap => f.write_str("records were lost for good; start a new session"),
            Error::Unexpected(what) => write!(f, "out of place: {what}"),
            Error::Silent => f.write_str("the other end does not answer"),
            Error::Ended => f.write_str("the session has ended"),
        }
    }
}

impl fmt::Display for SendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SendError::Full => f.write_str("the other end has not taken what was sent before; wait for room"),
            SendError::TooLong => write!(f, "a message may have {} bytes at most", crate::MAX_MESSAGE),
            SendError::Ended => f.write_str("the session has ended"),
        }
    }
}

impl std::error::Error for HelloError {}
impl std::error::Error for Error {}
impl std::error::Error for SendError {}
