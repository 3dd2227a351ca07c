//! Requests: reading them on a server, asking them questions.

use super::head::{MAX_HEADERS, check_line_ends, end_of_head, malformed};
use super::{Framing, Headers, HttpError, Limits};

/// A request as a server received it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// `GET`, `POST` and so on.
    pub method: String,
    /// Path and query as sent, percent-encoded; begins with `/`, or is `*`.
    pub target: String,
    /// False for HTTP/1.0.
    pub is_http_1_1: bool,
    /// The header fields.
    pub headers: Headers,
    /// The whole body, decoded.
    pub body: Vec<u8>,
}

impl Request {
    /// The path, percent-encoded as sent.
    pub fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or("")
    }

    /// The query's pairs in order, decoded; a name without `=` has an empty value.
    pub fn query(&self) -> Vec<(String, String)> {
        let Some((_, query)) = self.target.split_once('?') else { return Vec::new() };
        let pairs = query.split('&').filter(|pair| !pair.is_empty());
        pairs
            .map(|pair| {
                let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
                (percent_decode(name, true), percent_decode(value, true))
            })
            .collect()
    }

    /// The decoded value of the first query pair of that name.
    pub fn query_value(&self, name: &str) -> Option<String> {
        self.query().into_iter().find(|(n, _)| n == name).map(|(_, value)| value)
    }

    /// The value of the first header field of that name, in any case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)
    }

    /// True when the client asks for a WebSocket by the rules of RFC 6455 section 4.2.1.
    pub fn is_websocket(&self) -> bool {
        self.websocket_key().is_some()
    }

    /// The client's `Sec-WebSocket-Key`, if this is a proper request for a WebSocket.
    pub fn websocket_key(&self) -> Option<&str> {
        let key = self.header("sec-websocket-key")?.trim();
        let is_proper = self.method == "GET"
            && self.is_http_1_1
            && self.headers.has_token("upgrade", "websocket")
            && self.headers.has_token("connection", "upgrade")
            && self.header("sec-websocket-version").is_some_and(|v| v.trim() == "13")
            && is_websocket_key(key);
        is_proper.then_some(key)
    }

    /// True when the connection stays open after the answer.
    pub fn keeps_alive(&self) -> bool {
        match self.is_http_1_1 {
            true => !self.headers.has_token("connection", "close"),
            false => self.headers.has_token("connection", "keep-alive"),
        }
    }
}

/// True for 16 bytes in base64. Real agents leave spare bits set in the last digit, which is no reason to refuse them:
/// the key is hashed as it stands.
fn is_websocket_key(key: &str) -> bool {
    let Some(digits) = key.strip_suffix("==") else { return false };
    digits.len() == 22 && digits.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'+' || b == b'/')
}

/// A request's head with what it says of its body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestHead {
    /// The request, its body still empty.
    pub request: Request,
    /// Where the body ends.
    pub framing: Framing,
    /// The client waits for `100 Continue` before it sends the body.
    pub expects_continue: bool,
}

impl RequestHead {
    /// Reads a head from the beginning of `buf`, of which `searched` bytes were looked at before in vain.
    ///
    /// Gives the head and its length in bytes, or `None` while it is incomplete.
    ///
    /// # Errors
    /// Why it is refused; [`HttpError::status`] is the answer.
    pub fn parse(
        buf: &[u8],
        searched: usize,
        limits: &Limits,
    ) -> Result<Option<(RequestHead, usize)>, HttpError> {
        // A few empty lines before a request are tolerated (RFC 9112 section 2.2).
        let blank = buf.chunks_exact(2).take(MAX_BLANK + 1).take_while(|two| two == b"\r\n").count() * 2;
        if blank > MAX_BLANK * 2 {
            return Err(HttpError::Malformed("there are too many empty lines before the request"));
        }
        // What is no HTTP at all, TLS for example, should not be waited for.
        if buf
            .get(blank)
            .is_some_and(|first| !first.is_ascii_alphanumeric() && !b"\r!#$%&'*+-.^_`|~".contains(first))
        {
            return Err(HttpError::Malformed(
                "a request begins with its method; use http:// here, not https://",
            ));
        }
        let Some(end) = end_of_head(&buf[blank..], searched.saturating_sub(blank), limits.head_bytes)? else {
            return Ok(None);
        };
        let head = &buf[blank..blank + end];
        check_line_ends(head)?;
        let mut fields = [httparse::EMPTY_HEADER; MAX_HEADERS];
        let mut parsed = httparse::Request::new(&mut fields);
        match parsed.parse(head).map_err(|e| malformed(e, limits))? {
            httparse::Status::Complete(n) if n == head.len() => {}
            _ => return Err(HttpError::Malformed("the head")),
        }
        // httparse sets all three when it says Complete.
        let (Some(method), Some(target), Some(version)) = (parsed.method, parsed.path, parsed.version) else {
            return Err(HttpError::Malformed("the start line"));
        };
        let headers = Headers::from_parsed(parsed.headers, limits.headers)?;
        let is_http_1_1 = version == 1;
        let hosts = headers.all("host").count();
        if hosts > 1 || (is_http_1_1 && hosts == 0) {
            return Err(HttpError::Malformed("there must be one Host field"));
        }
        let framing = Framing::of_request(&headers, !is_http_1_1)?;
        if matches!(framing, Framing::Length(n) if n > limits.body_bytes as u64) {
            return Err(HttpError::BodyTooLong { limit: limits.body_bytes });
        }
        let expects_continue = match headers.get("expect") {
            None => false,
            Some(what) if what.eq_ignore_ascii_case("100-continue") => is_http_1_1,
            Some(_) => return Err(HttpError::UnknownExpectation),
        };
        let target = origin_form(target)?;
        let method = method.to_owned();
        let request = Request { method, target, is_http_1_1, headers, body: Vec::new() };
        Ok(Some((RequestHead { request, framing, expects_continue }, blank + end)))
    }
}

/// Empty lines before a request.
const MAX_BLANK: usize = 4;

/// Reduces `http://host/path`, which clients send to proxies, to the path.
fn origin_form(target: &str) -> Result<String, HttpError> {
    if target.starts_with('/') || target == "*" {
        return Ok(target.to_owned());
    }
    let rest = ["http://", "https://"]
        .iter()
        .find_map(|scheme| {
            let (head, rest) = target.split_at_checked(scheme.len())?;
            head.eq_ignore_ascii_case(scheme).then_some(rest)
        })
        .ok_or(HttpError::Malformed("the request target"))?;
    match rest.find(['/', '?']) {
        Some(at) if rest[at..].starts_with('/') => Ok(rest[at..].to_owned()),
        Some(at) => Ok(format!("/{}", &rest[at..])),
        None => Ok("/".to_owned()),
    }
}

/// Encodes all but the unreserved characters of RFC 3986 section 2.3.
pub fn percent_encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => out.push(char::from(byte)),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

/// Decodes `%41` to `A`, and in a query `+` to a blank. Broken escapes stay as they are; bytes that are not UTF-8
/// become replacement characters.
pub fn percent_decode(text: &str, plus_is_blank: bool) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let hex = |n: usize| bytes.get(at + n).and_then(|b| char::from(*b).to_digit(16));
        match (bytes[at], hex(1), hex(2)) {
            (b'%', Some(high), Some(low)) => {
                out.push((high << 4 | low) as u8);
                at += 3;
                continue;
            }
            (b'+', ..) if plus_is_blank => out.push(b' '),
            (byte, ..) => out.push(byte),
        }
        at += 1;
    }
    String::from_utf8(out).unwrap_or_else(|e| String::from_utf8_lossy(e.as_bytes()).into_owned())
}
