//! Header fields, and the limits under which heads are read.

use super::HttpError;

/// What a peer may send before it is cut off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Start line and header fields together, in bytes.
    pub head_bytes: usize,
    /// Header fields.
    pub headers: usize,
    /// Body, in bytes after decoding.
    pub body_bytes: usize,
}

impl Default for Limits {
    /// 16 KiB of head with 64 fields at most, and 64 KiB of body.
    fn default() -> Self {
        Limits { head_bytes: 16 * 1024, headers: MAX_HEADERS, body_bytes: 64 * 1024 }
    }
}

/// The parser's own bound; [`Limits::headers`] may lower it.
pub(super) const MAX_HEADERS: usize = 64;

/// Header fields in the order they came, names compared without regard to case.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Headers {
    list: Vec<(String, String)>,
}

impl Headers {
    /// No fields.
    pub fn new() -> Self {
        Self::default()
    }

    /// The value of the first field of that name.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.list.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.as_str())
    }

    /// The values of all fields of that name.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> + 'a {
        self.list.iter().filter(move |(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.as_str())
    }

    /// True when a field of that name lists `token`, as in `Connection: keep-alive, Upgrade`.
    pub fn has_token(&self, name: &str, token: &str) -> bool {
        self.all(name).any(|value| value.split(',').any(|part| part.trim().eq_ignore_ascii_case(token)))
    }

    /// Adds a field. Line breaks and other control characters become blanks, so that no value can smuggle in a field.
    pub fn push(&mut self, name: impl Into<String>, value: impl Into<String>) {
        let clean = |text: String| match text.bytes().any(|b| b.is_ascii_control()) {
            true => text.replace(|c: char| c.is_ascii_control(), " "),
            false => text,
        };
        self.list.push((clean(name.into()), clean(value.into())));
    }

    /// All fields in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.list.iter().map(|(n, v)| (n.as_str(), v.as_str()))
    }

    /// How many fields there are.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// True when there is none.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    pub(super) fn from_parsed(parsed: &[httparse::Header<'_>], limit: usize) -> Result<Self, HttpError> {
        if parsed.len() > limit {
            return Err(HttpError::TooManyHeaders { limit });
        }
        let list = parsed
            .iter()
            .map(|h| (h.name.to_owned(), String::from_utf8_lossy(h.value).into_owned()))
            .collect();
        Ok(Headers { list })
    }

    pub(crate) fn write_to(&self, out: &mut Vec<u8>) {
        for (name, value) in self.iter() {
            for part in [name, ": ", value, "\r\n"] {
                out.extend_from_slice(part.as_bytes());
            }
        }
    }
}

impl<N: Into<String>, V: Into<String>> FromIterator<(N, V)> for Headers {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(fields: I) -> Self {
        let mut headers = Headers::new();
        for (name, value) in fields {
            headers.push(name, value);
        }
        headers
    }
}

/// Where a head ends in `buf`: just after its empty line. `None` when it is not complete.
///
/// `searched` bytes were looked at in vain before; a slow sender must not make us read everything again each time.
pub(super) fn end_of_head(buf: &[u8], searched: usize, limit: usize) -> Result<Option<usize>, HttpError> {
    let from = searched.saturating_sub(3);
    let end = buf[from..].windows(4).position(|four| four == b"\r\n\r\n").map(|at| from + at + 4);
    match end {
        Some(end) if end <= limit => Ok(Some(end)),
        None if buf.len() <= limit => {
            // An empty line in the other convention would make us wait for ever.
            match buf[from..].windows(2).any(|two| two == b"\n\n") {
                true => Err(HttpError::Malformed("lines must end with CR LF")),
                false => Ok(None),
            }
        }
        _ => Err(HttpError::HeadTooLong { limit }),
    }
}

/// Refuses line feeds without carriage return: readers disagree about them.
pub(super) fn check_line_ends(head: &[u8]) -> Result<(), HttpError> {
    let mut before = 0;
    for &byte in head {
        if byte == b'\n' && before != b'\r' {
            return Err(HttpError::Malformed("lines must end with CR LF"));
        }
        before = byte;
    }
    Ok(())
}

pub(super) fn malformed(e: httparse::Error, limits: &Limits) -> HttpError {
    match e {
        httparse::Error::TooManyHeaders => HttpError::TooManyHeaders { limit: limits.headers },
        httparse::Error::HeaderName => HttpError::Malformed("a header name"),
        httparse::Error::HeaderValue => HttpError::Malformed("a header value"),
        httparse::Error::NewLine => HttpError::Malformed("a line end"),
        httparse::Error::Status => HttpError::Malformed("the status"),
        httparse::Error::Token => HttpError::Malformed("the start line"),
        httparse::Error::Version => HttpError::UnknownVersion,
    }
}
