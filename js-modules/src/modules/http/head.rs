//! Lines of a head: the start line, fields, what they say of the body.

use super::parser::{Expect, Fault, Role, fault};

/// Field names and values in turn, as bytes.
pub type Fields = Vec<Vec<u8>>;

/// The first line of a message.
#[derive(Debug, PartialEq, Eq)]
pub enum Start {
    /// A request.
    Request {
        /// One of [`METHODS`].
        method: &'static str,
        /// As sent.
        target: Vec<u8>,
        /// The minor version; the major one is 1.
        minor: u8,
    },
    /// A response.
    Response {
        /// For example 200.
        status: u16,
        /// May be empty.
        reason: Vec<u8>,
        /// The minor version; the major one is 1.
        minor: u8,
    },
}

/// How the end of a body is found (RFC 9112 section 6.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Body {
    /// There is none.
    None,
    /// So many bytes.
    Length(u64),
    /// Chunks with a length each.
    Chunked,
    /// It ends with the connection.
    UntilClose,
}

/// A complete head.
#[derive(Debug, PartialEq, Eq)]
pub struct Head {
    /// The first line.
    pub start: Start,
    /// The fields in order.
    pub fields: Fields,
    /// Where the body ends.
    pub body: Body,
    /// What follows is no HTTP.
    pub upgrades: bool,
    /// The head asks to change the protocol, whether or not anybody agreed.
    pub asks_upgrade: bool,
    /// The connection can carry another message.
    pub keeps_alive: bool,
}

/// The methods that are read.
pub const METHODS: &[&str] = &[
    "ACL",
    "BIND",
    "CHECKOUT",
    "CONNECT",
    "COPY",
    "DELETE",
    "GET",
    "HEAD",
    "LINK",
    "LOCK",
    "M-SEARCH",
    "MERGE",
    "MKACTIVITY",
    "MKCALENDAR",
    "MKCOL",
    "MOVE",
    "NOTIFY",
    "OPTIONS",
    "PATCH",
    "POST",
    "PROPFIND",
    "PROPPATCH",
    "PURGE",
    "PUT",
    "REBIND",
    "REPORT",
    "SEARCH",
    "SOURCE",
    "SUBSCRIBE",
    "TRACE",
    "UNBIND",
    "UNLINK",
    "UNLOCK",
    "UNSUBSCRIBE",
];

impl Head {
    pub(super) fn new(start: Start, fields: Fields, expect: Expect) -> Result<Head, Fault> {
        let has = |name: &str, token: &str| {
            values(&fields, name).any(|v| {
                v.split(|&b| b == b',').any(|t| t.trim_ascii().eq_ignore_ascii_case(token.as_bytes()))
            })
        };
        let closes = has("connection", "close");
        let asks = has("connection", "upgrade") && values(&fields, "upgrade").next().is_some();
        let (minor, is_request) = match &start {
            Start::Request { minor, .. } => (*minor, true),
            Start::Response { minor, .. } => (*minor, false),
        };
        let declared = declared(&fields, is_request, minor)?;
        let (body, asks_upgrade, upgrades) = match &start {
            Start::Request { method, .. } => {
                let connect = *method == "CONNECT";
                let upgrades = connect || (asks && expect.upgrades);
                (declared.unwrap_or(Body::None), connect || asks, upgrades)
            }
            Start::Response { status, .. } => {
                let bare = expect.no_body || matches!(status, 100..=199 | 204 | 304);
                let upgrades = expect.connect || (asks && *status == 101);
                let body = if bare { Body::None } else { declared.unwrap_or(Body::UntilClose) };
                (body, upgrades, upgrades)
            }
        };
        let wants = if minor == 0 { has("connection", "keep-alive") } else { !closes };
        let keeps_alive = wants && body != Body::UntilClose;
        Ok(Head { start, fields, body, upgrades, asks_upgrade, keeps_alive })
    }
}

fn values<'a>(fields: &'a Fields, name: &'a str) -> impl Iterator<Item = &'a [u8]> + 'a {
    fields
        .chunks_exact(2)
        .filter(move |pair| pair[0].eq_ignore_ascii_case(name.as_bytes()))
        .map(|pair| pair[1].as_slice())
}

/// The body that the fields announce. Whatever two readers could understand differently is refused.
fn declared(fields: &Fields, is_request: bool, minor: u8) -> Result<Option<Body>, Fault> {
    let mut lengths = values(fields, "content-length");
    let length = lengths.next();
    if lengths.next().is_some() {
        return Err(fault("HPE_UNEXPECTED_CONTENT_LENGTH", "Content-Length already present"));
    }
    let mut codings = values(fields, "transfer-encoding").peekable();
    if codings.peek().is_some() {
        if length.is_some() {
            let reason = "Content-Length can't be present with Transfer-Encoding";
            return Err(fault("HPE_INVALID_TRANSFER_ENCODING", reason));
        }
        if minor == 0 && is_request {
            let reason = "Transfer-Encoding can't be present in HTTP/1.0";
            return Err(fault("HPE_INVALID_TRANSFER_ENCODING", reason));
        }
        let all: Vec<&[u8]> = codings.flat_map(|v| v.split(|&b| b == b',')).map(<[u8]>::trim_ascii).collect();
        let chunked = all.iter().filter(|c| c.eq_ignore_ascii_case(b"chunked")).count();
        let last = all.last().is_some_and(|c| c.eq_ignore_ascii_case(b"chunked"));
        return match (last, chunked) {
            (true, 1) => Ok(Some(Body::Chunked)),
            (false, 0) if !is_request => Ok(Some(Body::UntilClose)),
            _ => Err(fault("HPE_INVALID_TRANSFER_ENCODING", "Request has invalid `Transfer-Encoding`")),
        };
    }
    let Some(text) = length else { return Ok(None) };
    let digits = !text.is_empty() && text.len() <= 18 && text.iter().all(u8::is_ascii_digit);
    let number = std::str::from_utf8(text).ok().and_then(|t| t.parse().ok());
    match number {
        Some(number) if digits => Ok(Some(Body::Length(number))),
        _ => Err(fault("HPE_INVALID_CONTENT_LENGTH", "Invalid character in Content-Length")),
    }
}

/// Refuses the beginning of a line that cannot become a start line.
pub(super) fn check_beginning(role: Role, line: &[u8]) -> Result<(), Fault> {
    match role {
        Role::Responses => {
            let n = line.len().min(5);
            match line[..n] == b"HTTP/"[..n] {
                true => Ok(()),
                false => Err(fault("HPE_INVALID_CONSTANT", "Expected HTTP/")),
            }
        }
        Role::Requests => {
            let word = line.split(|&b| b == b' ').next().unwrap_or(line);
            let whole = word.len() < line.len();
            let known = METHODS.iter().any(|m| match whole {
                true => m.as_bytes() == word,
                false => m.as_bytes().starts_with(word),
            });
            match known {
                true => Ok(()),
                false => Err(fault("HPE_INVALID_METHOD", "Invalid method encountered")),
            }
        }
    }
}

pub(super) fn start_line(role: Role, line: &[u8]) -> Result<Start, Fault> {
    check_beginning(role, line)?;
    match role {
        Role::Requests => request_line(line),
        Role::Responses => status_line(line),
    }
}

fn request_line(line: &[u8]) -> Result<Start, Fault> {
    let mut parts = line.splitn(2, |&b| b == b' ');
    let word = parts.next().unwrap_or(&[]);
    let Some(&method) = METHODS.iter().find(|m| m.as_bytes() == word) else {
        return Err(fault("HPE_INVALID_METHOD", "Invalid method encountered"));
    };
    let rest = parts.next().unwrap_or(&[]);
    let (target, version) = match rest.iter().position(|&b| b == b' ') {
        Some(at) => (&rest[..at], &rest[at + 1..]),
        None => return Err(fault("HPE_INVALID_VERSION", "Invalid HTTP version")),
    };
    let begins = match target.first() {
        Some(b'/' | b'*') => true,
        Some(b) => b.is_ascii_alphanumeric() || method == "CONNECT",
        None => false,
    };
    if !begins || target.iter().any(|&b| b <= b' ' || b == 0x7F) {
        return Err(fault("HPE_INVALID_URL", "Invalid characters in url"));
    }
    let Some(digits) = version.strip_prefix(b"HTTP/") else {
        return Err(fault("HPE_INVALID_CONSTANT", "Expected HTTP/"));
    };
    Ok(Start::Request { method, target: target.to_vec(), minor: minor_version(digits)? })
}

fn status_line(line: &[u8]) -> Result<Start, Fault> {
    let rest = &line["HTTP/".len().min(line.len())..];
    let (version, rest) = rest.split_at(rest.len().min(3));
    let minor = minor_version(version)?;
    let Some(rest) = rest.strip_prefix(b" ") else {
        return Err(fault("HPE_INVALID_VERSION", "Expected space after version"));
    };
    let (digits, reason) = rest.split_at(rest.len().min(3));
    let separated = reason.is_empty() || reason[0] == b' ';
    if digits.len() < 3 || !digits.iter().all(u8::is_ascii_digit) || !separated {
        return Err(fault("HPE_INVALID_STATUS", "Invalid status code"));
    }
    let status = digits.iter().fold(0, |n, &d| n * 10 + u16::from(d - b'0'));
    Ok(Start::Response { status, reason: reason.get(1..).unwrap_or(&[]).to_vec(), minor })
}

fn minor_version(text: &[u8]) -> Result<u8, Fault> {
    match text {
        b"1.1" => Ok(1),
        b"1.0" => Ok(0),
        _ => Err(fault("HPE_INVALID_VERSION", "Invalid HTTP version")),
    }
}

pub(super) fn field(role: Role, line: &[u8], fields: &mut Fields) -> Result<(), Fault> {
    if matches!(line[0], b' ' | b'\t') {
        // A folded field; servers refuse it (RFC 9112 section 5.2).
        return match (role, fields.last_mut()) {
            (Role::Responses, Some(value)) => {
                check_value(line)?;
                value.push(b' ');
                value.extend_from_slice(line.trim_ascii());
                Ok(())
            }
            _ => Err(fault("HPE_INVALID_HEADER_TOKEN", "Unexpected whitespace before a header name")),
        };
    }
    let Some(colon) = line.iter().position(|&b| b == b':') else {
        return Err(fault("HPE_INVALID_HEADER_TOKEN", "Invalid header token"));
    };
    let (name, value) = (&line[..colon], &line[colon + 1..]);
    if name.is_empty() || !name.iter().all(|&b| is_token(b)) {
        return Err(fault("HPE_INVALID_HEADER_TOKEN", "Invalid header token"));
    }
    check_value(value)?;
    fields.push(name.to_vec());
    fields.push(value.trim_ascii().to_vec());
    Ok(())
}

fn check_value(value: &[u8]) -> Result<(), Fault> {
    match value.iter().any(|&b| (b < b' ' && b != b'\t') || b == 0x7F) {
        true => Err(fault("HPE_INVALID_HEADER_TOKEN", "Invalid header value char")),
        false => Ok(()),
    }
}

/// A character of names and methods (RFC 9110 section 5.6.2).
pub fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

pub(super) fn chunk_size(line: &[u8]) -> Result<u64, Fault> {
    let bad = fault("HPE_INVALID_CHUNK_SIZE", "Invalid character in chunk size");
    let digits = line.iter().take_while(|b| b.is_ascii_hexdigit()).count();
    // Twelve digits are 256 TiB; more is a trick.
    if digits == 0 || digits > 12 {
        return Err(bad);
    }
    let rest = line[digits..].trim_ascii_start();
    if !rest.is_empty() && (rest[0] != b';' || check_value(rest).is_err()) {
        return Err(bad);
    }
    let hex = line[..digits].iter().filter_map(|&b| char::from(b).to_digit(16));
    Ok(hex.fold(0, |n, d| n << 4 | u64::from(d)))
}
