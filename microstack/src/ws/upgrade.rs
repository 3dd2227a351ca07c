//! The opening handshake (RFC 6455 section 4), on our own HTTP.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use tungstenite::handshake::derive_accept_key;

use super::CloseWhy;
use crate::crypto::random_bytes;
use crate::http::{Headers, HttpError, Limits, ResponseHead};
use crate::wire::ServerUrl;

/// A fresh `Sec-WebSocket-Key`.
pub(super) fn new_key() -> String {
    STANDARD.encode(random_bytes::<16>())
}

/// The client's request.
pub(super) fn request(url: &ServerUrl, key: &str, headers: &Headers) -> Vec<u8> {
    let mut all = Headers::new();
    for (name, value) in [
        ("Host", url.authority().as_str()),
        ("Upgrade", "websocket"),
        ("Connection", "Upgrade"),
        ("Sec-WebSocket-Key", key),
        ("Sec-WebSocket-Version", "13"),
    ]
    .into_iter()
    .chain(headers.iter())
    {
        all.push(name, value);
    }
    let target = url.path_and_query.replace(|c: char| c.is_ascii_control() || c == ' ', "");
    let mut out = format!("GET {target} HTTP/1.1\r\n").into_bytes();
    all.write_to(&mut out);
    out.extend_from_slice(b"\r\n");
    out
}

/// The server's agreement.
pub(super) fn acceptance(key: &str, protocol: Option<&str>, headers: &Headers) -> Vec<u8> {
    let mut all = Headers::new();
    all.push("Upgrade", "websocket");
    all.push("Connection", "Upgrade");
    all.push("Sec-WebSocket-Accept", derive_accept_key(key.as_bytes()));
    if let Some(protocol) = protocol {
        all.push("Sec-WebSocket-Protocol", protocol);
    }
    for (name, value) in headers.iter() {
        all.push(name, value);
    }
    let mut out = b"HTTP/1.1 101 Switching Protocols\r\n".to_vec();
    all.write_to(&mut out);
    out.extend_from_slice(b"\r\n");
    out
}

/// Reads the server's answer: its header fields and where they end, or `None` while incomplete.
pub(super) fn check_answer(
    answer: &[u8],
    searched: usize,
    key: &str,
    asked_protocol: bool,
) -> Result<Option<(Headers, usize)>, CloseWhy> {
    let refused = |e: HttpError| CloseWhy::Upgrade { status: 0, text: e.to_string() };
    let Some((head, len)) = ResponseHead::parse(answer, searched, &Limits::default()).map_err(refused)?
    else {
        return Ok(None);
    };
    let ResponseHead { status, reason, headers, .. } = head;
    if status != 101 {
        return Err(CloseWhy::Upgrade { status, text: reason });
    }
    let wrong = |text: &str| Err(CloseWhy::Protocol(text.to_owned()));
    if !headers.has_token("upgrade", "websocket") || !headers.has_token("connection", "upgrade") {
        return wrong("the answer to the upgrade request names no WebSocket");
    }
    if headers.get("sec-websocket-accept").map(str::trim) != Some(&derive_accept_key(key.as_bytes())) {
        return wrong("the answer to the upgrade request belongs to another one");
    }
    // RFC 6455 section 4.1: what was not asked for must not be granted.
    if headers.get("sec-websocket-extensions").is_some_and(|v| !v.trim().is_empty()) {
        return wrong("the server uses an extension that was not asked for");
    }
    if headers.get("sec-websocket-protocol").is_some() && !asked_protocol {
        return wrong("the server chose a subprotocol that was not asked for");
    }
    Ok(Some((headers, len)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_request_is_what_real_servers_see_from_agents() {
        let url = ServerUrl::parse("wss://host/agent.ashx").unwrap();
        let text = String::from_utf8(request(&url, "KEY", &Headers::new())).unwrap();
        assert_eq!(
            text,
            "GET /agent.ashx HTTP/1.1\r\nHost: host\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Key: KEY\r\nSec-WebSocket-Version: 13\r\n\r\n"
        );
        let url = ServerUrl::parse("wss://[::1]:8443/x?y=z").unwrap();
        let text = String::from_utf8(request(&url, "KEY", &Headers::new())).unwrap();
        assert!(text.starts_with("GET /x?y=z HTTP/1.1\r\nHost: [::1]:8443\r\n"), "{text}");
    }

    #[test]
    fn the_example_of_rfc_6455_agrees() {
        let key = "dGhlIHNhbXBsZSBub25jZQ==";
        let answer = acceptance(key, None, &Headers::new());
        assert!(
            String::from_utf8_lossy(&answer)
                .contains("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n")
        );
        assert_eq!(check_answer(&answer, 0, key, false).unwrap().unwrap().1, answer.len());
        assert_eq!(check_answer(&answer[..answer.len() - 1], 0, key, false).unwrap(), None);
        assert!(matches!(check_answer(&answer, 0, &new_key(), false), Err(CloseWhy::Protocol(_))));
    }

    #[test]
    fn other_answers_are_told_apart() {
        let status = |answer: &str| match check_answer(answer.as_bytes(), 0, "k", false) {
            Err(CloseWhy::Upgrade { status, .. }) => status,
            other => panic!("{other:?}"),
        };
        assert_eq!(status("HTTP/1.1 404 Not Found\r\n\r\n"), 404);
        assert_eq!(status("SSH-2.0-OpenSSH_9.2\r\n"), 0);
        let key = "dGhlIHNhbXBsZSBub25jZQ==";
        for extra in ["Sec-WebSocket-Extensions: permessage-deflate", "Sec-WebSocket-Protocol: chat"] {
            let mut answer = acceptance(key, None, &Headers::new());
            answer.truncate(answer.len() - 2);
            answer.extend_from_slice(format!("{extra}\r\n\r\n").as_bytes());
            assert!(matches!(check_answer(&answer, 0, key, false), Err(CloseWhy::Protocol(_))), "{extra}");
        }
    }
}
