//! One message of the agent channel, in either direction (agent-channel spec 3.2, 4 and 5).
//!
//! [`Command::parse_from_agent`] and [`Command::parse_from_server`] give a view that borrows from the message;
//! [`Command::emit`] is their inverse. The direction matters: the same number means different things from each side.

pub mod number;

mod auth_info;
mod emit;
mod parse;
mod reader;

use std::borrow::Cow;

pub use auth_info::{AuthInfo, Platform};

use crate::{AgentHash, CoreHash, Nonce, ServerId, Side, TlsHash, WireError};

/// One message of the agent channel.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command<'a> {
    /// 1, both ways: the TLS certificate the sender sees (the server echoes the agent's), and a fresh nonce.
    AuthRequest { hash: TlsHash, nonce: Nonce },
    /// 2, both ways: the sender's identity certificate (DER) and its signature.
    AuthVerify { certificate: &'a [u8], signature: &'a [u8] },
    /// 3, from the agent: what it says about itself.
    AuthInfo(AuthInfo),
    /// 4. From the agent: the server need not sign. From the server: the agent is authenticated.
    AuthConfirm,
    /// 5, from the agent: the server identity it expects.
    ServerId(ServerId),
    /// 30, from the agent: commit date of its program.
    AgentCommitDate(Cow<'a, str>),
    /// 31, from the agent: name of its operating system. Real servers ignore it.
    HostInfo(Cow<'a, str>),
    /// 10, from the server: run this core. The body is four bytes to skip and UTF-8 JavaScript.
    Core { request: u16, hash: CoreHash, body: &'a [u8] },
    /// 10 of four bytes, from the server: delete the stored core and stop it.
    CoreClear { request: u16 },
    /// 20, from the server: as [`Command::Core`], the body in raw DEFLATE, the hash of the inflated body.
    CoreDeflated { request: u16, hash: CoreHash, body: &'a [u8] },
    /// 11, from the server: which core do you run?
    CoreHashQuery { request: u16 },
    /// 11, from the agent: this one; none; or [`CoreHash::LOCAL`] for one of its own.
    CoreHashReply { request: u16, hash: Option<CoreHash> },
    /// 16, from the server: the reported core is the right one.
    CoreOk { request: u16 },
    /// 15, from the agent after every authentication: content of its tag file, at most [`MAX_TAG`] bytes.
    Tag(&'a [u8]),
    /// 12, from the server: which program are you?
    UpdateQuery { request: u16 },
    /// 12, from the agent: this one, or [`AgentHash::NEVER_UPDATE`] or [`AgentHash::FORCE_UPDATE`].
    UpdateReply { request: u16, hash: AgentHash },
    /// 13 of four bytes, from the server: a program follows.
    UpdateStart { request: u16 },
    /// 13, from the server: the program is complete and has this hash.
    UpdateEnd { request: u16, hash: AgentHash },
    /// 14, from the server: the next part of the program, at most [`MAX_UPDATE_BLOCK`] bytes. `request` is 1.
    UpdateBlock { request: u16, block: &'a [u8] },
    /// 14 of four bytes, from the agent: the part is written. `request` is that of the block; other than 1 stops.
    UpdateAck { request: u16 },
    /// A JSON object, at any time and in a text or a binary frame; not checked beyond its first character.
    Json(Cow<'a, str>),
    /// From 1000 up, for the core. Make it with [`Command::custom`].
    Custom { command: u16, body: &'a [u8] },
}

impl<'a> Command<'a> {
    /// Reads a binary frame an agent sent.
    ///
    /// # Errors
    /// [`WireError`] if the message breaks the layout of its command; nothing is allocated in proportion to it.
    pub fn parse_from_agent(message: &'a [u8]) -> Result<Command<'a>, WireError> {
        parse::from_agent(message)
    }

    /// Reads a binary frame a server sent.
    ///
    /// # Errors
    /// As [`Command::parse_from_agent`].
    pub fn parse_from_server(message: &'a [u8]) -> Result<Command<'a>, WireError> {
        parse::from_server(message)
    }

    /// Reads a binary frame of the given side.
    ///
    /// # Errors
    /// As [`Command::parse_from_agent`].
    pub fn parse(from: Side, message: &'a [u8]) -> Result<Command<'a>, WireError> {
        match from {
            Side::Agent => parse::from_agent(message),
            Side::Server => parse::from_server(message),
        }
    }

    /// Reads a text frame of either side: only JSON travels in those.
    ///
    /// # Errors
    /// [`WireError::NotJson`] if it does not begin with `{`, [`WireError::MessageTooLong`] over the cap.
    pub fn parse_text(message: &'a str) -> Result<Command<'a>, WireError> {
        parse::text(message)
    }

    /// A command of a core's own.
    ///
    /// # Errors
    /// [`WireError::NotCustom`] below 1000 and for 31488 to 31743, which would read as JSON.
    pub fn custom(command: u16, body: &'a [u8]) -> Result<Command<'a>, WireError> {
        match number::is_custom(command) {
            true => Ok(Command::Custom { command, body }),
            false => Err(WireError::NotCustom { command }),
        }
    }

    /// Appends the message to `out`. Texts over their caps are cut, as is a tag.
    ///
    /// # Panics
    /// If this program itself made a certificate over 64 KiB: such a one cannot be written down.
    pub fn emit(&self, out: &mut Vec<u8>) {
        emit::append(self, out);
    }

    /// The message as bytes of its own.
    pub fn to_vec(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.emit(&mut out);
        out
    }

    /// The number on the wire; none for JSON.
    pub fn number(&self) -> Option<u16> {
        Some(match self {
            Command::AuthRequest { .. } => number::AUTH_REQUEST,
            Command::AuthVerify { .. } => number::AUTH_VERIFY,
            Command::AuthInfo(_) => number::AUTH_INFO,
            Command::AuthConfirm => number::AUTH_CONFIRM,
            Command::ServerId(_) => number::SERVER_ID,
            Command::AgentCommitDate(_) => number::AGENT_COMMIT_DATE,
            Command::HostInfo(_) => number::HOST_INFO,
            Command::Core { .. } | Command::CoreClear { .. } => number::CORE,
            Command::CoreDeflated { .. } => number::CORE_DEFLATED,
            Command::CoreHashQuery { .. } | Command::CoreHashReply { .. } => number::CORE_HASH,
            Command::CoreOk { .. } => number::CORE_OK,
            Command::Tag(_) => number::TAG,
            Command::UpdateQuery { .. } | Command::UpdateReply { .. } => number::AGENT_HASH,
            Command::UpdateStart { .. } | Command::UpdateEnd { .. } => number::UPDATE,
            Command::UpdateBlock { .. } | Command::UpdateAck { .. } => number::UPDATE_BLOCK,
            Command::Custom { command, .. } => *command,
            Command::Json(_) => return None,
        })
    }

    /// The name for logs.
    pub fn name(&self) -> &'static str {
        self.number().map_or("JSON", number::name)
    }

    /// When the command may be used (agent-channel spec 3.1).
    pub fn phase(&self) -> Phase {
        match self.number() {
            None => Phase::Any,
            Some(0..=9 | number::AGENT_COMMIT_DATE | number::HOST_INFO) => Phase::BeforeAuthentication,
            Some(_) => Phase::AfterAuthentication,
        }
    }
}

/// When a command may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Commands 0 to 9, 30 and 31.
    BeforeAuthentication,
    /// All other binary commands.
    AfterAuthentication,
    /// JSON. Before authentication only `agentName` has a meaning.
    Any,
}

/// Cap on a message before authentication, in bytes (agent-channel spec 7).
pub const MAX_BEFORE_AUTH: usize = 16 * 1024;
/// Cap on a message after authentication, in bytes.
pub const MAX_AFTER_AUTH: usize = 16 * 1024 * 1024;
/// Cap on a certificate in command 2, in bytes.
pub const MAX_CERT: usize = 16 * 1024;
/// Cap on a signature in command 2, in bytes.
pub const MAX_SIGNATURE: usize = 4 * 1024;
/// Cap on the content of a tag file, in bytes; real agents read no more of it.
pub const MAX_TAG: usize = 4096;
/// Cap on a block of a program update, in bytes: a message of 65535 bytes less its head.
pub const MAX_UPDATE_BLOCK: usize = 65531;
/// Cap on the texts of commands 30 and 31, in bytes.
pub const MAX_TEXT: usize = 1024;
