//! The agent's end after authentication: the only place where commands from 10 up exist.

use std::borrow::Cow;

use microstack_wire::command::MAX_AFTER_AUTH;
use microstack_wire::{AgentHash, Command, CoreHash, ServerId};

use crate::error::SessionError;
use crate::frame::{Frame, Message};

/// A channel on which the server is proven and the agent is confirmed.
///
/// Made by [`Handshake`](super::Handshake) only. It holds no socket: it reads frames and builds messages.
#[derive(Debug, PartialEq, Eq)]
pub struct AgentSession {
    server: ServerId,
    skipped: bool,
}

/// What a server may ask of an agent (agent-channel specification 4, 5 and 6).
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ServerCommand<'a> {
    /// 10: run this core. The body begins with four bytes to skip.
    Core { request: u16, hash: CoreHash, body: &'a [u8] },
    /// 20: the same, as raw DEFLATE.
    CoreDeflated { request: u16, hash: CoreHash, body: &'a [u8] },
    /// 10 without a body: delete the core and stop it.
    CoreClear { request: u16 },
    /// 11: which core do you run?
    CoreHashQuery { request: u16 },
    /// 16: the reported core is the right one.
    CoreOk { request: u16 },
    /// 12: which program are you?
    UpdateQuery { request: u16 },
    /// 13 without a hash: a program follows.
    UpdateStart { request: u16 },
    /// 14: a part of the program.
    UpdateBlock { request: u16, block: &'a [u8] },
    /// 13 with a hash: the program is complete.
    UpdateEnd { request: u16, hash: AgentHash },
    /// A JSON object for the core or for ourselves.
    Json(Cow<'a, str>),
    /// From 1000 up: the whole message goes to the core as a buffer.
    Custom { command: u16, body: &'a [u8] },
}

impl AgentSession {
    pub(super) fn new(server: ServerId, skipped: bool) -> AgentSession {
        AgentSession { server, skipped }
    }

    /// The server that this channel leads to.
    pub fn server(&self) -> ServerId {
        self.server
    }

    /// Whether the pin stood in for the server's signature.
    pub fn skip_path(&self) -> bool {
        self.skipped
    }

    /// Reads one message of the server.
    ///
    /// # Errors
    ///
    /// The message was not understood; log it and go on.
    pub fn parse<'a>(&self, frame: Frame<'a>) -> Result<ServerCommand<'a>, SessionError> {
        Ok(match frame.parse_from_server()? {
            Command::Core { request, hash, body } => ServerCommand::Core { request, hash, body },
            Command::CoreDeflated { request, hash, body } => {
                ServerCommand::CoreDeflated { request, hash, body }
            }
            Command::CoreClear { request } => ServerCommand::CoreClear { request },
            Command::CoreHashQuery { request } => ServerCommand::CoreHashQuery { request },
            Command::CoreOk { request } => ServerCommand::CoreOk { request },
            Command::UpdateQuery { request } => ServerCommand::UpdateQuery { request },
            Command::UpdateStart { request } => ServerCommand::UpdateStart { request },
            Command::UpdateBlock { request, block } => ServerCommand::UpdateBlock { request, block },
            Command::UpdateEnd { request, hash } => ServerCommand::UpdateEnd { request, hash },
            Command::Json(text) => ServerCommand::Json(text),
            Command::Custom { command, body } => ServerCommand::Custom { command, body },
            other => {
                return Err(SessionError::HandshakeOver { command: other.number().unwrap_or_default() });
            }
        })
    }

    /// Answers a core query: this core, none, or [`CoreHash::LOCAL`].
    pub fn core_hash(&self, request: u16, hash: Option<CoreHash>) -> Message {
        Message::Binary(Command::CoreHashReply { request, hash }.to_vec())
    }

    /// Answers a program query.
    pub fn agent_hash(&self, request: u16, hash: AgentHash) -> Message {
        Message::Binary(Command::UpdateReply { request, hash }.to_vec())
    }

    /// Acknowledges a program block after it was written.
    pub fn update_ack(&self, request: u16) -> Message {
        Message::Binary(Command::UpdateAck { request }.to_vec())
    }

    /// Sends a JSON object, as text.
    ///
    /// # Errors
    ///
    /// [`SessionError::Wire`] if it is no object, [`SessionError::TooLarge`] over 16 MiB.
    pub fn json(&self, object: impl Into<String>) -> Result<Message, SessionError> {
        json_message(object.into())
    }

    /// Sends a command of the core's own, from 1000 up.
    ///
    /// # Errors
    ///
    /// [`SessionError::Wire`] for a reserved number, [`SessionError::TooLarge`] over 16 MiB.
    pub fn custom(&self, command: u16, body: &[u8]) -> Result<Message, SessionError> {
        custom_message(command, body)
    }
}

pub(crate) fn json_message(text: String) -> Result<Message, SessionError> {
    Command::parse_text(&text)?;
    Ok(Message::Text(text))
}

pub(crate) fn custom_message(command: u16, body: &[u8]) -> Result<Message, SessionError> {
    let command = Command::custom(command, body)?;
    let got = body.len() + 2;
    if got > MAX_AFTER_AUTH {
        return Err(SessionError::TooLarge { limit: MAX_AFTER_AUTH, got });
    }
    Ok(Message::Binary(command.to_vec()))
}
