//! From [`Command`] to bytes.

use super::reader::cut;
use super::{Command, MAX_TAG, MAX_TEXT};

pub(super) fn append(command: &Command<'_>, out: &mut Vec<u8>) {
    if let Some(number) = command.number() {
        out.extend_from_slice(&number.to_be_bytes());
    }
    match command {
        Command::AuthRequest { hash, nonce } => {
            out.extend_from_slice(&hash.0);
            out.extend_from_slice(&nonce.0);
        }
        Command::AuthVerify { certificate, signature } => {
            let length = u16::try_from(certificate.len());
            assert!(length.is_ok(), "an identity certificate over 64 KiB cannot be sent; make a smaller one");
            out.extend_from_slice(&length.unwrap_or(0).to_be_bytes());
            out.extend_from_slice(certificate);
            out.extend_from_slice(signature);
        }
        Command::AuthInfo(info) => info.emit(out),
        Command::AuthConfirm => {}
        Command::ServerId(id) => out.extend_from_slice(&id.0),
        Command::AgentCommitDate(text) => {
            out.extend_from_slice(cut(text, MAX_TEXT - 1).as_bytes());
            out.push(0);
        }
        Command::HostInfo(text) => out.extend_from_slice(cut(text, MAX_TEXT).as_bytes()),
        Command::Core { request, hash, body } | Command::CoreDeflated { request, hash, body } => {
            out.extend_from_slice(&request.to_be_bytes());
            out.extend_from_slice(&hash.0);
            out.extend_from_slice(body);
        }
        Command::CoreHashReply { request, hash } => {
            out.extend_from_slice(&request.to_be_bytes());
            if let Some(hash) = hash {
                out.extend_from_slice(&hash.0);
            }
        }
        Command::UpdateReply { request, hash } | Command::UpdateEnd { request, hash } => {
            out.extend_from_slice(&request.to_be_bytes());
            out.extend_from_slice(&hash.0);
        }
        Command::UpdateBlock { request, block } => {
            out.extend_from_slice(&request.to_be_bytes());
            out.extend_from_slice(block);
        }
        Command::CoreClear { request }
        | Command::CoreHashQuery { request }
        | Command::CoreOk { request }
        | Command::UpdateQuery { request }
        | Command::UpdateStart { request }
        | Command::UpdateAck { request } => out.extend_from_slice(&request.to_be_bytes()),
        Command::Tag(content) => out.extend_from_slice(&content[..content.len().min(MAX_TAG)]),
        Command::Json(text) => out.extend_from_slice(text.as_bytes()),
        Command::Custom { body, .. } => out.extend_from_slice(body),
    }
}
