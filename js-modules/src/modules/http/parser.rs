//! An incremental HTTP/1.1 reader for both roles. No I/O, no engine: bytes in, events out.
//!
//! Stricter than RFC 9112 asks wherever two readers could disagree: one length only, CR LF only, no folded fields in
//! requests, no transfer coding that does not end with `chunked`. The codes of [`Fault`] are those that Node's users know.

use super::head::{self, Body, Fields, Head, Start};

/// Whose messages are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Requests, on a server.
    Requests,
    /// Responses, on a client.
    Responses,
}

/// What was read.
#[derive(Debug, PartialEq, Eq)]
pub enum Event {
    /// The head of a message.
    Head(Box<Head>),
    /// A piece of its body.
    Body(Vec<u8>),
    /// The fields after a chunked body, names and values in turn.
    Trailers(Fields),
    /// The message is complete.
    End,
    /// What follows is no HTTP any more; the bytes after the head.
    Upgrade(Vec<u8>),
}

/// The peer broke the protocol; the connection cannot be used again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fault {
    /// For example `HPE_INVALID_METHOD`.
    pub code: &'static str,
    /// For people.
    pub reason: &'static str,
    /// Bytes of the present input before the fault.
    pub at: usize,
}

/// What the owner knows about the next message and the bytes do not tell.
#[derive(Debug, Clone, Copy, Default)]
pub struct Expect {
    /// Server: somebody wants upgrades. Without, a request to upgrade is an ordinary one.
    pub upgrades: bool,
    /// Client: the request was HEAD, so there is no body whatever the head says.
    pub no_body: bool,
    /// Client: the request was CONNECT, so whatever follows the head is not HTTP.
    pub connect: bool,
}

/// Reads the messages of one connection.
#[derive(Debug)]
pub struct Parser {
    role: Role,
    max_head: usize,
    state: State,
    /// The present line, without its end.
    line: Vec<u8>,
    saw_cr: bool,
    /// Bytes of the present head or trailer.
    head_bytes: usize,
    start: Option<Start>,
    fields: Fields,
    /// Whether the connection may carry another message after this one.
    keeps_alive: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Start,
    Fields,
    Length(u64),
    UntilClose,
    ChunkSize,
    ChunkData(u64),
    ChunkEnd,
    Trailers,
    Upgraded,
    /// Not reusable: the peer closes, or should have.
    Closed,
    Broken(Fault),
}

/// The extensions of one chunk, in bytes.
const MAX_CHUNK_LINE: usize = 16 * 1024;

/// Events of one `feed` after which pieces of a body are joined: a hostile peer sends chunks of one byte.
const MANY_EVENTS: usize = 128;

impl Parser {
    /// A reader that refuses heads over `max_head` bytes.
    pub fn new(role: Role, max_head: usize) -> Self {
        Parser {
            role,
            max_head,
            state: State::Start,
            line: Vec::new(),
            saw_cr: false,
            head_bytes: 0,
            start: None,
            fields: Vec::new(),
            keeps_alive: true,
        }
    }

    /// Reads `input`; what was complete is added to `out`, also before a fault.
    ///
    /// # Errors
    /// The peer broke the protocol. Every later call gives the same fault.
    pub fn feed(&mut self, input: &[u8], expect: Expect, out: &mut Vec<Event>) -> Result<(), Fault> {
        let mut at = 0;
        while at < input.len() {
            match self.step(&input[at..], expect, out) {
                Ok(used) => at += used,
                Err(fault) => return self.fail(Fault { at: at + fault.at, ..fault }),
            }
        }
        Ok(())
    }

    /// The connection ended.
    ///
    /// # Errors
    /// A message was not complete.
    pub fn finish(&mut self, out: &mut Vec<Event>) -> Result<(), Fault> {
        match self.state {
            State::UntilClose => {
                self.state = State::Closed;
                out.push(Event::End);
                Ok(())
            }
            State::Start if self.line.is_empty() && !self.saw_cr => Ok(()),
            State::Closed | State::Upgraded => Ok(()),
            State::Broken(fault) => Err(fault),
            _ => self.fail(fault("HPE_INVALID_EOF_STATE", "Invalid EOF state")),
        }
    }

    /// True between two messages.
    pub fn is_between(&self) -> bool {
        matches!(self.state, State::Start) && self.line.is_empty()
    }

    fn fail(&mut self, fault: Fault) -> Result<(), Fault> {
        self.state = State::Broken(fault);
        self.line = Vec::new();
        self.fields = Vec::new();
        Err(fault)
    }

    fn step(&mut self, rest: &[u8], expect: Expect, out: &mut Vec<Event>) -> Result<usize, Fault> {
        match self.state {
            State::Length(left) | State::ChunkData(left) => {
                let n = left.min(rest.len() as u64) as usize;
                piece(&rest[..n], out);
                let left = left - n as u64;
                self.state = match (self.state, left) {
                    (State::Length(_), 0) => {
                        self.end(out);
                        return Ok(n);
                    }
                    (State::Length(_), left) => State::Length(left),
                    (_, 0) => State::ChunkEnd,
                    (_, left) => State::ChunkData(left),
                };
                Ok(n)
            }
            State::UntilClose => {
                piece(rest, out);
                Ok(rest.len())
            }
            State::Upgraded => {
                match out.last_mut() {
                    Some(Event::Upgrade(after)) => after.extend_from_slice(rest),
                    _ => out.push(Event::Upgrade(rest.to_vec())),
                }
                Ok(rest.len())
            }
            // Line ends after the last message are forgiven.
            State::Closed if matches!(rest[0], b'\r' | b'\n') => Ok(1),
            State::Closed => Err(fault("HPE_CLOSED_CONNECTION", "Data after `Connection: close`")),
            State::Broken(broken) => Err(Fault { at: 0, ..broken }),
            State::Start | State::Fields | State::ChunkSize | State::ChunkEnd | State::Trailers => {
                self.line_step(rest, expect, out)
            }
        }
    }

    /// Takes bytes up to the end of the line, and acts on a whole one.
    fn line_step(&mut self, rest: &[u8], expect: Expect, out: &mut Vec<Event>) -> Result<usize, Fault> {
        if self.saw_cr {
            if rest[0] != b'\n' {
                return Err(fault("HPE_LF_EXPECTED", "Missing expected LF after CR"));
            }
            self.saw_cr = false;
            self.count(1)?;
            let line = std::mem::take(&mut self.line);
            self.whole_line(&line, expect, out)?;
            // Its room is used again for the next line.
            if self.line.is_empty() {
                self.line = line;
                self.line.clear();
            }
            return Ok(1);
        }
        let end = rest.iter().position(|&b| matches!(b, b'\r' | b'\n')).unwrap_or(rest.len());
        self.count(end + 1)?;
        self.line.extend_from_slice(&rest[..end]);
        match rest.get(end) {
            None => {
                // What is no HTTP at all should not be waited for.
                if self.state == State::Start {
                    head::check_beginning(self.role, &self.line)?;
                }
                Ok(end)
            }
            Some(b'\r') => {
                self.saw_cr = true;
                Ok(end + 1)
            }
            Some(_) if self.state == State::Start && self.line.is_empty() => Ok(end + 1),
            Some(_) => {
                if self.state == State::Start {
                    head::check_beginning(self.role, &self.line)?;
                }
                Err(fault("HPE_CR_EXPECTED", "Missing expected CR before LF"))
            }
        }
    }

    fn count(&mut self, n: usize) -> Result<(), Fault> {
        match self.state {
            State::ChunkSize | State::ChunkEnd if self.line.len() + n > MAX_CHUNK_LINE => {
                Err(fault("HPE_CHUNK_EXTENSIONS_OVERFLOW", "Chunk extensions overflow"))
            }
            State::ChunkSize | State::ChunkEnd => Ok(()),
            _ => {
                self.head_bytes += n;
                match self.head_bytes > self.max_head {
                    true => Err(fault("HPE_HEADER_OVERFLOW", "Header overflow")),
                    false => Ok(()),
                }
            }
        }
    }

    fn whole_line(&mut self, line: &[u8], expect: Expect, out: &mut Vec<Event>) -> Result<(), Fault> {
        match self.state {
            // Empty lines before a message are tolerated (RFC 9112 section 2.2); the head's cap counts them.
            State::Start if line.is_empty() => {}
            State::Start => {
                self.start = Some(head::start_line(self.role, line)?);
                self.state = State::Fields;
            }
            State::Fields if line.is_empty() => return self.head_done(expect, out),
            State::Fields => head::field(self.role, line, &mut self.fields)?,
            State::ChunkSize => {
                self.state = match head::chunk_size(line)? {
                    0 => {
                        self.head_bytes = 0;
                        State::Trailers
                    }
                    n => State::ChunkData(n),
                };
            }
            State::ChunkEnd if line.is_empty() => self.state = State::ChunkSize,
            State::ChunkEnd => return Err(fault("HPE_STRICT", "Expected LF after chunk data")),
            State::Trailers if line.is_empty() => {
                if !self.fields.is_empty() {
                    out.push(Event::Trailers(std::mem::take(&mut self.fields)));
                }
                self.end(out);
            }
            // Lengths and codings have no meaning here (RFC 9110 section 6.5.1): they are data like any other.
            State::Trailers => head::field(self.role, line, &mut self.fields)?,
            // Only states that read lines come here.
            _ => unreachable!("a line in state {:?}", self.state),
        }
        Ok(())
    }

    fn head_done(&mut self, expect: Expect, out: &mut Vec<Event>) -> Result<(), Fault> {
        // Set when the state became `Fields`.
        let Some(start) = self.start.take() else { unreachable!("fields without a start line") };
        let fields = std::mem::take(&mut self.fields);
        let head = Head::new(start, fields, expect)?;
        self.keeps_alive = head.keeps_alive;
        let (body, upgrades) = (head.body, head.upgrades);
        out.push(Event::Head(Box::new(head)));
        self.head_bytes = 0;
        if upgrades {
            self.state = State::Upgraded;
            out.push(Event::Upgrade(Vec::new()));
            return Ok(());
        }
        match body {
            Body::None | Body::Length(0) => self.end(out),
            Body::Length(n) => self.state = State::Length(n),
            Body::Chunked => self.state = State::ChunkSize,
            Body::UntilClose => self.state = State::UntilClose,
        }
        Ok(())
    }

    fn end(&mut self, out: &mut Vec<Event>) {
        out.push(Event::End);
        self.head_bytes = 0;
        self.state = if self.keeps_alive { State::Start } else { State::Closed };
    }
}

/// Adds a piece of a body.
fn piece(bytes: &[u8], out: &mut Vec<Event>) {
    let many = out.len() > MANY_EVENTS;
    match out.last_mut() {
        Some(Event::Body(before)) if many => before.extend_from_slice(bytes),
        _ => out.push(Event::Body(bytes.to_vec())),
    }
}

pub(super) fn fault(code: &'static str, reason: &'static str) -> Fault {
    Fault { code, reason, at: 0 }
}
