//! The server's end after authentication: the only place where commands from 10 up exist.

use std::borrow::Cow;

use microstack_wire::command::{MAX_AFTER_AUTH, MAX_UPDATE_BLOCK};
use microstack_wire::{AgentHash, Command, CoreHash, NodeId};

use crate::agent::{custom_message, json_message};
use crate::error::SessionError;
use crate::frame::{Frame, Message};

/// A channel to an agent that is proven and confirmed.
///
/// Made by [`Handshake::confirm`](super::Handshake::confirm) only. It holds no socket.
#[derive(Debug, PartialEq, Eq)]
pub struct ServerSession {
    node: NodeId,
}

/// What an agent may say after authentication (agent-channel specification 4, 5 and 6).
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AgentCommand<'a> {
    /// 11: this core; none; or [`CoreHash::LOCAL`].
    CoreHash { request: u16, hash: Option<CoreHash> },
    /// 12: this program.
    AgentHash { request: u16, hash: AgentHash },
    /// 14: the program block is written. Any `request` but 1 stops the update.
    UpdateAck { request: u16 },
    /// 15: content of the tag file.
    Tag(&'a [u8]),
    /// A JSON object of the core.
    Json(Cow<'a, str>),
    /// From 1000 up.
    Custom { command: u16, body: &'a [u8] },
}

impl ServerSession {
    pub(super) fn new(node: NodeId) -> ServerSession {
        ServerSession { node }
    }

    /// The device that this channel leads to.
    pub fn node(&self) -> NodeId {
        self.node
    }

    /// Reads one message of the agent.
    ///
    /// # Errors
    ///
    /// The message was not understood; log it and go on.
    pub fn parse<'a>(&self, frame: Frame<'a>) -> Result<AgentCommand<'a>, SessionError> {
        Ok(match frame.parse_from_agent()? {
            Command::CoreHashReply { request, hash } => AgentCommand::CoreHash { request, hash },
            Command::UpdateReply { request, hash } => AgentCommand::AgentHash { request, hash },
            Command::UpdateAck { request } => AgentCommand::UpdateAck { request },
            Command::Tag(tag) => AgentCommand::Tag(tag),
            Command::Json(text) => AgentCommand::Json(text),
            Command::Custom { command, body } => AgentCommand::Custom { command, body },
            other => {
                return Err(SessionError::HandshakeOver { command: other.number().unwrap_or_default() });
            }
        })
    }

    /// Pushes a core: `body` is four zero bytes and JavaScript, `hash` its SHA-384.
    ///
    /// # Errors
    ///
    /// [`SessionError::TooLarge`] over 16 MiB.
    pub fn core(&self, request: u16, hash: CoreHash, body: &[u8]) -> Result<Message, SessionError> {
        within(body.len() + 52, MAX_AFTER_AUTH)?;
        Ok(Message::Binary(Command::Core { request, hash, body }.to_vec()))
    }

    /// Pushes a core as raw DEFLATE; `hash` is that of the inflated body. For agents with capability 0x100.
    ///
    /// # Errors
    ///
    /// [`SessionError::TooLarge`] over 16 MiB.
    pub fn core_deflated(&self, request: u16, hash: CoreHash, body: &[u8]) -> Result<Message, SessionError> {
        within(body.len() + 52, MAX_AFTER_AUTH)?;
        Ok(Message::Binary(Command::CoreDeflated { request, hash, body }.to_vec()))
    }

    /// Deletes and stops the agent's core.
    pub fn core_clear(&self, request: u16) -> Message {
        Message::Binary(Command::CoreClear { request }.to_vec())
    }

    /// Asks which core the agent runs.
    pub fn core_query(&self, request: u16) -> Message {
        Message::Binary(Command::CoreHashQuery { request }.to_vec())
    }

    /// Says that the reported core is the right one.
    pub fn core_ok(&self, request: u16) -> Message {
        Message::Binary(Command::CoreOk { request }.to_vec())
    }

    /// Asks which program the agent is.
    pub fn update_query(&self, request: u16) -> Message {
        Message::Binary(Command::UpdateQuery { request }.to_vec())
    }

    /// Announces a program.
    pub fn update_start(&self, request: u16) -> Message {
        Message::Binary(Command::UpdateStart { request }.to_vec())
    }

    /// Sends one block of a program.
    ///
    /// # Errors
    ///
    /// [`SessionError::TooLarge`] over 65531 bytes.
    pub fn update_block(&self, block: &[u8]) -> Result<Message, SessionError> {
        within(block.len(), MAX_UPDATE_BLOCK)?;
        // The request id of a block is always 1 (agent-channel specification 5.3).
        Ok(Message::Binary(Command::UpdateBlock { request: 1, block }.to_vec()))
    }

    /// Ends a program with its hash.
    pub fn update_end(&self, request: u16, hash: AgentHash) -> Message {
        Message::Binary(Command::UpdateEnd { request, hash }.to_vec())
    }

    /// Sends a JSON object, as text; agents take it in either kind of message.
    ///
    /// # Errors
    ///
    /// [`SessionError::Wire`] if it is no object, [`SessionError::TooLarge`] over 16 MiB.
    pub fn json(&self, object: impl Into<String>) -> Result<Message, SessionError> {
        json_message(object.into())
    }

    /// Sends a command for the agent's core, from 1000 up.
    ///
    /// # Errors
    ///
    /// [`SessionError::Wire`] for a reserved number, [`SessionError::TooLarge`] over 16 MiB.
    pub fn custom(&self, command: u16, body: &[u8]) -> Result<Message, SessionError> {
        custom_message(command, body)
    }
}

fn within(got: usize, limit: usize) -> Result<(), SessionError> {
    if got > limit { Err(SessionError::TooLarge { limit, got }) } else { Ok(()) }
}
