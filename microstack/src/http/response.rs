//! Responses: writing them on a server, reading their heads on a client.

use tungstenite::Bytes;

use super::head::{MAX_HEADERS, check_line_ends, end_of_head, malformed};
use super::{Headers, HttpError, Limits};

/// A response to send. Length and connection fields are added when it is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// For example 200.
    pub status: u16,
    /// Header fields.
    pub headers: Headers,
    /// The whole body; cheap to clone, and may be shared among connections.
    pub body: Bytes,
}

impl Response {
    /// A response without body.
    pub fn new(status: u16) -> Self {
        Response { status, headers: Headers::new(), body: Bytes::new() }
    }

    /// A response of plain text.
    pub fn text(status: u16, text: impl Into<String>) -> Self {
        Response::new(status).with("Content-Type", "text/plain; charset=utf-8").with_body(text.into())
    }

    /// A response of JSON.
    pub fn json(status: u16, json: impl Into<String>) -> Self {
        Response::new(status).with("Content-Type", "application/json").with_body(json.into())
    }

    /// A response that sends the client elsewhere.
    pub fn redirect(status: u16, location: impl Into<String>) -> Self {
        Response::new(status).with("Location", location)
    }

    /// Adds a header field.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push(name, value);
        self
    }

    /// Sets the body.
    #[must_use]
    pub fn with_body(mut self, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self
    }

    /// The bytes of the head. `is_head` leaves the length of a body that is not sent (RFC 9110 section 9.3.2).
    pub(super) fn head_bytes(&self, keeps_alive: bool, is_http_1_0: bool) -> Vec<u8> {
        let mut out = Vec::with_capacity(256);
        out.extend_from_slice(
            format!("HTTP/1.1 {} {}\r\n", self.status, reason_phrase(self.status)).as_bytes(),
        );
        self.headers.write_to(&mut out);
        if !self.has_no_body() && self.headers.get("content-length").is_none() {
            out.extend_from_slice(format!("Content-Length: {}\r\n", self.body.len()).as_bytes());
        }
        match (keeps_alive, is_http_1_0) {
            (false, _) => out.extend_from_slice(b"Connection: close\r\n"),
            (true, true) => out.extend_from_slice(b"Connection: keep-alive\r\n"),
            (true, false) => {}
        }
        out.extend_from_slice(b"\r\n");
        out
    }

    /// True for statuses that never carry a body.
    pub(super) fn has_no_body(&self) -> bool {
        self.status == 204 || self.status == 304 || (100..200).contains(&self.status)
    }
}

/// The head of a response as a client received it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResponseHead {
    /// For example 200.
    pub status: u16,
    /// The words after the status; may be empty.
    pub reason: String,
    /// False for HTTP/1.0.
    pub is_http_1_1: bool,
    /// Header fields.
    pub headers: Headers,
}

impl ResponseHead {
    /// Reads a head from the beginning of `buf`, of which `searched` bytes were looked at before in vain.
    ///
    /// Gives the head and its length in bytes, or `None` while it is incomplete.
    ///
    /// # Errors
    /// Why it is refused.
    pub fn parse(
        buf: &[u8],
        searched: usize,
        limits: &Limits,
    ) -> Result<Option<(ResponseHead, usize)>, HttpError> {
        // Something that is no HTTP at all should not have to send an empty line before we say so.
        let start = &buf[..buf.len().min(5)];
        if start != &b"HTTP/"[..start.len()] {
            return Err(HttpError::Malformed("the answer does not begin with HTTP/"));
        }
        let Some(end) = end_of_head(buf, searched, limits.head_bytes)? else { return Ok(None) };
        let head = &buf[..end];
        check_line_ends(head)?;
        let mut fields = [httparse::EMPTY_HEADER; MAX_HEADERS];
        let mut parsed = httparse::Response::new(&mut fields);
        match parsed.parse(head).map_err(|e| malformed(e, limits))? {
            httparse::Status::Complete(n) if n == end => {}
            _ => return Err(HttpError::Malformed("the head")),
        }
        let (Some(status), Some(version)) = (parsed.code, parsed.version) else {
            return Err(HttpError::Malformed("the start line"));
        };
        // Below 100 there is no class to treat it by (RFC 9110 section 15), and 0 means "no HTTP" in our errors.
        if status < 100 {
            return Err(HttpError::Malformed("the status"));
        }
        let reason = parsed.reason.unwrap_or("").to_owned();
        let headers = Headers::from_parsed(parsed.headers, limits.headers)?;
        Ok(Some((ResponseHead { status, reason, is_http_1_1: version == 1, headers }, end)))
    }
}

/// The usual words for a status (RFC 9110 section 15).
pub fn reason_phrase(status: u16) -> &'static str {
    match status {
        100 => "Continue",
        101 => "Switching Protocols",
        200 => "OK",
        201 => "Created",
        202 => "Accepted",
        204 => "No Content",
        206 => "Partial Content",
        301 => "Moved Permanently",
        302 => "Found",
        303 => "See Other",
        304 => "Not Modified",
        307 => "Temporary Redirect",
        308 => "Permanent Redirect",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        408 => "Request Timeout",
        409 => "Conflict",
        413 => "Content Too Large",
        415 => "Unsupported Media Type",
        417 => "Expectation Failed",
        426 => "Upgrade Required",
        429 => "Too Many Requests",
        431 => "Request Header Fields Too Large",
        500 => "Internal Server Error",
        501 => "Not Implemented",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        505 => "HTTP Version Not Supported",
        _ => "",
    }
}
