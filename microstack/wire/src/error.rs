//! Why a message of the agent channel was not understood.

use std::fmt;

use crate::command::number;

/// The side a message came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The managed device.
    Agent,
    /// The server.
    Server,
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Side::Agent => "agent",
            Side::Server => "server",
        })
    }
}

/// The peer broke the protocol: a message is malformed.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WireError {
    /// The message has fewer than the two bytes every message has. Real servers ignore such a message.
    Empty { got: usize },
    /// The message is larger than any this protocol has. Usual cause: the peer speaks another protocol.
    MessageTooLong { limit: usize, got: usize },
    /// The message is shorter than its command needs. Usual cause: a proxy or the peer cut it.
    Truncated { command: u16, need: usize, got: usize },
    /// The message is longer than its command allows.
    TooLong { command: u16, limit: usize, got: usize },
    /// One field of the message exceeds its cap.
    FieldTooLong { command: u16, field: &'static str, limit: usize, got: usize },
    /// A field that must not be empty is.
    EmptyField { command: u16, field: &'static str },
    /// No such command exists. Usual cause: the peer is newer than this program.
    UnknownCommand { command: u16 },
    /// The command exists but only the other side may send it.
    WrongDirection { command: u16, from: Side },
    /// A text message is not a JSON object.
    NotJson,
    /// A number that cannot be a custom command: below 1000, or read as JSON because its first byte is `{`.
    NotCustom { command: u16 },
}

impl fmt::Display for WireError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = |command: &u16| number::name(*command);
        match self {
            WireError::Empty { got } => write!(f, "a message of {got} bytes; the shortest has 2"),
            WireError::MessageTooLong { limit, got } => {
                write!(f, "a message of {got} bytes; the limit is {limit}")
            }
            WireError::Truncated { command, need, got } => {
                write!(f, "command {command} ({}) needs {need} bytes and has {got}", name(command))
            }
            WireError::TooLong { command, limit, got } => {
                write!(
                    f,
                    "command {command} ({}) has at most {limit} bytes, this one has {got}",
                    name(command)
                )
            }
            WireError::FieldTooLong { command, field, limit, got } => write!(
                f,
                "the {field} in command {command} ({}) has {got} bytes; the limit is {limit}",
                name(command)
            ),
            WireError::EmptyField { command, field } => {
                write!(f, "the {field} in command {command} ({}) is empty", name(command))
            }
            WireError::UnknownCommand { command } => {
                write!(f, "command {command} is unknown; check that the peer's version fits")
            }
            WireError::WrongDirection { command, from } => {
                write!(f, "command {command} ({}) must not come from the {from}", name(command))
            }
            WireError::NotJson => f.write_str("a text message that is not a JSON object"),
            WireError::NotCustom { command } => write!(
                f,
                "{command} cannot be a custom command; choose one from 1000 up, but none from 31488 to 31743"
            ),
        }
    }
}

impl std::error::Error for WireError {}
