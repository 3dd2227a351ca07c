//! How long a body is, and decoding it.

use std::fmt;

use super::{Headers, HttpError};

/// How a message says where its body ends (RFC 9112 section 6.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framing {
    /// So many bytes; zero means no body.
    Length(u64),
    /// Chunks, each with its own length.
    Chunked,
    /// Everything until the connection ends; responses only.
    UntilClose,
}

impl Framing {
    /// The framing of a request.
    ///
    /// # Errors
    /// [`HttpError::AmbiguousLength`] and its kin: whatever two readers could understand differently.
    pub fn of_request(headers: &Headers, is_http_1_0: bool) -> Result<Framing, HttpError> {
        Ok(Self::declared(headers, is_http_1_0)?.unwrap_or(Framing::Length(0)))
    }

    /// The framing of a response to `method`.
    ///
    /// # Errors
    /// As for [`Framing::of_request`].
    pub fn of_response(
        headers: &Headers,
        is_http_1_0: bool,
        status: u16,
        method: &str,
    ) -> Result<Framing, HttpError> {
        let declared = Self::declared(headers, is_http_1_0)?;
        if method == "HEAD" || status == 204 || status == 304 || (100..200).contains(&status) {
            return Ok(Framing::Length(0));
        }
        Ok(declared.unwrap_or(Framing::UntilClose))
    }

    fn declared(headers: &Headers, is_http_1_0: bool) -> Result<Option<Framing>, HttpError> {
        let mut lengths = headers.all("content-length");
        let length = lengths.next();
        // Even two equal ones: what comes before us may read them as one list.
        if lengths.next().is_some() {
            return Err(HttpError::AmbiguousLength);
        }
        let mut codings = headers.all("transfer-encoding");
        let coding = codings.next();
        match (coding, length) {
            (None, None) => Ok(None),
            (Some(_), Some(_)) => Err(HttpError::AmbiguousLength),
            (Some(_), None) if is_http_1_0 || codings.next().is_some() => Err(HttpError::AmbiguousLength),
            (Some(coding), None) if coding.trim().eq_ignore_ascii_case("chunked") => {
                Ok(Some(Framing::Chunked))
            }
            (Some(_), None) => Err(HttpError::UnknownTransferCoding),
            (None, Some(text)) => {
                let digits = !text.is_empty() && text.len() <= 18 && text.bytes().all(|b| b.is_ascii_digit());
                match text.parse() {
                    Ok(length) if digits => Ok(Some(Framing::Length(length))),
                    _ => Err(HttpError::Malformed("the content length")),
                }
            }
        }
    }
}

/// Why a body broke off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum BodyError {
    /// A chunk does not begin or end as it must.
    BadChunk,
    /// The trailer after the last chunk is too long.
    TrailerTooLong,
}

impl fmt::Display for BodyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            BodyError::BadChunk => "a chunk of the HTTP body is damaged",
            BodyError::TrailerTooLong => "the trailer of the HTTP body is too long",
        })
    }
}

impl std::error::Error for BodyError {}

/// Decodes one body, piece by piece.
#[derive(Debug)]
pub struct BodyDecoder {
    state: State,
}

#[derive(Debug)]
enum State {
    Length(u64),
    /// In a chunk's first line: digits read, value so far, bytes of the line so far.
    Size {
        digits: u8,
        value: u64,
        line: u16,
        past_digits: bool,
        saw_cr: bool,
    },
    Data(u64),
    /// The CR LF after a chunk: how much of it was seen.
    DataEnd(u8),
    /// After the last chunk: bytes of the present line and of all lines.
    Trailer {
        line: u16,
        all: u16,
        saw_cr: bool,
    },
    UntilClose,
    Done,
}

/// A chunk's first line with its extensions, in bytes.
const MAX_CHUNK_LINE: u16 = 256;

/// Trailer fields, in bytes; they are skipped.
const MAX_TRAILER: u16 = 4096;

impl State {
    fn size() -> State {
        State::Size { digits: 0, value: 0, line: 0, past_digits: false, saw_cr: false }
    }
}

impl BodyDecoder {
    /// A decoder for one body.
    pub fn new(framing: Framing) -> Self {
        let state = match framing {
            Framing::Length(0) => State::Done,
            Framing::Length(n) => State::Length(n),
            Framing::Chunked => State::size(),
            Framing::UntilClose => State::UntilClose,
        };
        BodyDecoder { state }
    }

    /// True when the body is complete; what follows belongs to the next message.
    pub fn is_done(&self) -> bool {
        matches!(self.state, State::Done)
    }

    /// True when the end of the connection is a legal end of the body.
    pub fn may_end(&self) -> bool {
        matches!(self.state, State::Done | State::UntilClose)
    }

    /// Decodes from `input`, adding at most `room` bytes to `out`; says how much of `input` was used.
    ///
    /// # Errors
    /// The body is damaged; the connection cannot be used again.
    pub fn decode(&mut self, input: &[u8], out: &mut Vec<u8>, room: usize) -> Result<usize, BodyError> {
        let mut used = 0;
        let mut room = room;
        while used < input.len() {
            let rest = &input[used..];
            match &mut self.state {
                State::Done => break,
                State::Length(left) | State::Data(left) => {
                    let n = (*left).min(rest.len().min(room) as u64) as usize;
                    if n == 0 {
                        break; // no room
                    }
                    out.extend_from_slice(&rest[..n]);
                    (used, room) = (used + n, room - n);
                    *left -= n as u64;
                    if *left == 0 {
                        self.state = match self.state {
                            State::Data(_) => State::DataEnd(0),
                            _ => State::Done,
                        };
                    }
                }
                State::UntilClose => {
                    let n = rest.len().min(room);
                    if n == 0 {
                        break;
                    }
                    out.extend_from_slice(&rest[..n]);
                    (used, room) = (used + n, room - n);
                }
                _ => {
                    self.line_byte(rest[0])?;
                    used += 1;
                }
            }
        }
        Ok(used)
    }

    /// The parts of the chunked coding around the data, a byte at a time.
    fn line_byte(&mut self, byte: u8) -> Result<(), BodyError> {
        match &mut self.state {
            State::Size { digits, value, line, past_digits, saw_cr } => {
                *line += 1;
                if *line > MAX_CHUNK_LINE {
                    return Err(BodyError::BadChunk);
                }
                match byte {
                    b'\n' if *saw_cr && *digits > 0 => {
                        self.state = match *value {
                            0 => State::Trailer { line: 0, all: 0, saw_cr: false },
                            n => State::Data(n),
                        };
                    }
                    _ if *saw_cr => return Err(BodyError::BadChunk),
                    b'\r' => *saw_cr = true,
                    _ if byte.is_ascii_hexdigit() && !*past_digits => {
                        *digits += 1;
                        // Eight digits are 4 GiB; more is a trick.
                        if *digits > 8 {
                            return Err(BodyError::BadChunk);
                        }
                        let digit = char::from(byte).to_digit(16).unwrap_or(0);
                        *value = *value << 4 | u64::from(digit);
                    }
                    b';' | b' ' | b'\t' if *digits > 0 => *past_digits = true,
                    _ if *past_digits && byte >= b' ' => {}
                    _ => return Err(BodyError::BadChunk),
                }
            }
            State::DataEnd(seen) => match (*seen, byte) {
                (0, b'\r') => *seen = 1,
                (1, b'\n') => self.state = State::size(),
                _ => return Err(BodyError::BadChunk),
            },
            State::Trailer { line, all, saw_cr } => {
                *all += 1;
                if *all > MAX_TRAILER {
                    return Err(BodyError::TrailerTooLong);
                }
                match byte {
                    b'\n' if *saw_cr && *line == 0 => self.state = State::Done,
                    b'\n' if *saw_cr => (*line, *saw_cr) = (0, false),
                    b'\n' => return Err(BodyError::BadChunk),
                    _ if *saw_cr => return Err(BodyError::BadChunk),
                    b'\r' => *saw_cr = true,
                    _ => *line += 1,
                }
            }
            // Data and ends are handled by the caller.
            State::Length(_) | State::Data(_) | State::UntilClose | State::Done => {}
        }
        Ok(())
    }
}
