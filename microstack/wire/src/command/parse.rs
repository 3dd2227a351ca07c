//! From bytes to [`Command`].

use std::borrow::Cow;

use super::reader::{Reader, lenient_text};
use super::{
    AuthInfo, Command, MAX_AFTER_AUTH, MAX_CERT, MAX_SIGNATURE, MAX_TAG, MAX_TEXT, MAX_UPDATE_BLOCK, number,
};
use crate::error::Side;
use crate::{AgentHash, CoreHash, Nonce, ServerId, TlsHash, WireError};

pub(super) fn from_agent(message: &[u8]) -> Result<Command<'_>, WireError> {
    let mut reader = open(message)?;
    if message[0] == b'{' {
        return Ok(json(message));
    }
    match reader.command() {
        number::AUTH_REQUEST => auth_request(&mut reader),
        number::AUTH_VERIFY => auth_verify(&mut reader),
        number::AUTH_INFO => AuthInfo::parse(&mut reader).map(Command::AuthInfo),
        number::AUTH_CONFIRM => reader.exactly(2).map(|()| Command::AuthConfirm),
        number::SERVER_ID => {
            reader.exactly(50)?;
            Ok(Command::ServerId(ServerId(reader.array()?)))
        }
        number::AGENT_COMMIT_DATE => {
            let bytes = reader.rest("commit date", MAX_TEXT)?;
            Ok(Command::AgentCommitDate(lenient_text(bytes, MAX_TEXT - 1)))
        }
        number::HOST_INFO => {
            let bytes = reader.rest("host description", MAX_TEXT)?;
            Ok(Command::HostInfo(lenient_text(bytes, MAX_TEXT)))
        }
        number::CORE_HASH => {
            let hash = optional_hash(&mut reader)?;
            Ok(Command::CoreHashReply { request: hash.0, hash: hash.1.map(CoreHash) })
        }
        number::AGENT_HASH => {
            reader.exactly(52)?;
            Ok(Command::UpdateReply { request: reader.u16()?, hash: AgentHash(reader.array()?) })
        }
        number::UPDATE_BLOCK => bare(&mut reader, |request| Command::UpdateAck { request }),
        number::TAG => reader.rest("tag", MAX_TAG).map(Command::Tag),
        command @ (number::CORE | number::CORE_DEFLATED | number::CORE_OK | number::UPDATE) => {
            Err(WireError::WrongDirection { command, from: Side::Agent })
        }
        _ => custom(&mut reader),
    }
}

pub(super) fn from_server(message: &[u8]) -> Result<Command<'_>, WireError> {
    let mut reader = open(message)?;
    if message[0] == b'{' {
        return Ok(json(message));
    }
    match reader.command() {
        number::AUTH_REQUEST => auth_request(&mut reader),
        number::AUTH_VERIFY => auth_verify(&mut reader),
        number::AUTH_CONFIRM => reader.exactly(2).map(|()| Command::AuthConfirm),
        number::CORE if message.len() <= 4 => bare(&mut reader, |request| Command::CoreClear { request }),
        number::CORE => {
            // The body begins with four bytes that are skipped, so a shorter one is cut off.
            reader.at_least(56)?;
            let (request, hash) = (reader.u16()?, CoreHash(reader.array()?));
            Ok(Command::Core { request, hash, body: reader.rest("core", MAX_AFTER_AUTH)? })
        }
        number::CORE_DEFLATED => {
            reader.at_least(53)?;
            let (request, hash) = (reader.u16()?, CoreHash(reader.array()?));
            Ok(Command::CoreDeflated { request, hash, body: reader.rest("core", MAX_AFTER_AUTH)? })
        }
        number::CORE_HASH => bare(&mut reader, |request| Command::CoreHashQuery { request }),
        number::CORE_OK => bare(&mut reader, |request| Command::CoreOk { request }),
        number::AGENT_HASH => bare(&mut reader, |request| Command::UpdateQuery { request }),
        number::UPDATE => match optional_hash(&mut reader)? {
            (request, None) => Ok(Command::UpdateStart { request }),
            (request, Some(hash)) => Ok(Command::UpdateEnd { request, hash: AgentHash(hash) }),
        },
        number::UPDATE_BLOCK => {
            let request = reader.u16()?;
            Ok(Command::UpdateBlock { request, block: reader.rest("block", MAX_UPDATE_BLOCK)? })
        }
        command @ (number::AUTH_INFO
        | number::SERVER_ID
        | number::AGENT_COMMIT_DATE
        | number::HOST_INFO
        | number::TAG) => Err(WireError::WrongDirection { command, from: Side::Server }),
        _ => custom(&mut reader),
    }
}

pub(super) fn text(message: &str) -> Result<Command<'_>, WireError> {
    open(message.as_bytes())?;
    match message.starts_with('{') {
        true => Ok(Command::Json(Cow::Borrowed(message))),
        false => Err(WireError::NotJson),
    }
}

/// The cap here is the widest; the owner of the connection applies the one of its phase while it receives.
fn open(message: &[u8]) -> Result<Reader<'_>, WireError> {
    match message.len() {
        got if got > MAX_AFTER_AUTH => Err(WireError::MessageTooLong { limit: MAX_AFTER_AUTH, got }),
        _ => Reader::new(message),
    }
}

fn auth_request<'a>(reader: &mut Reader<'a>) -> Result<Command<'a>, WireError> {
    reader.exactly(98)?;
    Ok(Command::AuthRequest { hash: TlsHash(reader.array()?), nonce: Nonce(reader.array()?) })
}

fn auth_verify<'a>(reader: &mut Reader<'a>) -> Result<Command<'a>, WireError> {
    reader.at_least(9)?;
    let length = usize::from(reader.u16()?);
    if length > MAX_CERT {
        let (command, field) = (reader.command(), "certificate");
        return Err(WireError::FieldTooLong { command, field, limit: MAX_CERT, got: length });
    }
    // Reads the certificate only when a first byte of the signature is there too.
    reader.at_least(4 + length + 1)?;
    let certificate = reader.take(length)?;
    if certificate.is_empty() {
        return Err(WireError::EmptyField { command: reader.command(), field: "certificate" });
    }
    Ok(Command::AuthVerify { certificate, signature: reader.rest("signature", MAX_SIGNATURE)? })
}

/// A message of four bytes: command and request id.
fn bare<'a>(
    reader: &mut Reader<'a>,
    make: impl FnOnce(u16) -> Command<'a>,
) -> Result<Command<'a>, WireError> {
    reader.exactly(4)?;
    reader.u16().map(make)
}

/// Four bytes, or 52 with a hash.
fn optional_hash(reader: &mut Reader<'_>) -> Result<(u16, Option<[u8; 48]>), WireError> {
    reader.at_least(4)?;
    let request = reader.u16()?;
    if reader.len() == 4 {
        return Ok((request, None));
    }
    reader.exactly(52)?;
    Ok((request, Some(reader.array()?)))
}

fn custom<'a>(reader: &mut Reader<'a>) -> Result<Command<'a>, WireError> {
    match reader.command() {
        command if number::is_custom(command) => {
            Ok(Command::Custom { command, body: reader.rest("body", MAX_AFTER_AUTH)? })
        }
        command => Err(WireError::UnknownCommand { command }),
    }
}

/// JSON in a binary frame is UTF-8 by intent; what is not is read as Latin-1, as the real server does with all of it.
fn json(message: &[u8]) -> Command<'_> {
    Command::Json(match std::str::from_utf8(message) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => Cow::Owned(message.iter().map(|byte| char::from(*byte)).collect()),
    })
}
