//! What arrives and what leaves: one WebSocket message each.

use microstack_wire::{Command, WireError};

/// One received message, as the WebSocket delivered it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Frame<'a> {
    /// A binary message: a command, or JSON as servers send it.
    Binary(&'a [u8]),
    /// A text message: JSON.
    Text(&'a str),
}

impl Frame<'_> {
    /// Size of the message in bytes.
    pub fn len(&self) -> usize {
        match self {
            Frame::Binary(bytes) => bytes.len(),
            Frame::Text(text) => text.len(),
        }
    }

    /// Whether the message has no byte at all.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<'a> Frame<'a> {
    pub(crate) fn parse_from_agent(self) -> Result<Command<'a>, WireError> {
        match self {
            Frame::Binary(bytes) => Command::parse_from_agent(bytes),
            Frame::Text(text) => Command::parse_text(text),
        }
    }

    pub(crate) fn parse_from_server(self) -> Result<Command<'a>, WireError> {
        match self {
            Frame::Binary(bytes) => Command::parse_from_server(bytes),
            Frame::Text(text) => Command::parse_text(text),
        }
    }
}

/// One message to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    /// Send as one binary message.
    Binary(Vec<u8>),
    /// Send as one text message. JSON in a binary message is read as Latin-1 by real servers
    /// (agent-channel specification 3.1), so JSON always leaves as text.
    Text(String),
}

impl Message {
    /// The message as a received one, for tests and simulations.
    pub fn as_frame(&self) -> Frame<'_> {
        match self {
            Message::Binary(bytes) => Frame::Binary(bytes),
            Message::Text(text) => Frame::Text(text),
        }
    }
}
