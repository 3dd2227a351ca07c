//! The URL standard's basic parser (4.4), one state per state of the standard.

use super::host;
use super::percent::Set;
use super::record::{Path, Record, default_port, is_special};

/// Where the parser is. Setters start it in the state of their part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    SchemeStart,
    Scheme,
    NoScheme,
    SpecialRelativeOrAuthority,
    PathOrAuthority,
    Relative,
    RelativeSlash,
    SpecialAuthoritySlashes,
    SpecialAuthorityIgnoreSlashes,
    Authority,
    Host,
    Hostname,
    Port,
    File,
    FileSlash,
    FileHost,
    PathStart,
    Path,
    OpaquePath,
    Query,
    Fragment,
}

/// The text is no URL, or no such part of one.
#[derive(Debug, PartialEq, Eq)]
pub struct Failure;

/// What a state says about the character it looked at.
enum Then {
    /// It is done with.
    Next(State),
    /// The next state looks at it again.
    Again(State),
    /// A setter's part is complete.
    Stop,
}

/// Parses `input` into `url`: a whole URL, or with `only` the part that a setter changes.
///
/// # Errors
/// [`Failure`]; a whole URL is then half made and must be dropped.
pub fn run(input: &str, base: Option<&Record>, url: &mut Record, only: Option<State>) -> Result<(), Failure> {
    let input = if only.is_none() { input.trim_matches(|c| c <= ' ') } else { input };
    let chars: Vec<char> = input.chars().filter(|c| !matches!(c, '\t' | '\n' | '\r')).collect();
    let mut parser =
        Parser { chars, at: 0, buffer: String::new(), base, url, only, at_sign: false, in_password: false };
    let mut state = only.unwrap_or(State::SchemeStart);
    loop {
        let c = parser.chars.get(parser.at).copied();
        match parser.step(state, c)? {
            Stop => return Ok(()),
            Again(next) => state = next,
            Next(next) => {
                state = next;
                if c.is_none() {
                    return Ok(());
                }
                parser.at += 1;
            }
        }
    }
}

use Then::{Again, Next, Stop};

struct Parser<'a> {
    chars: Vec<char>,
    at: usize,
    buffer: String,
    base: Option<&'a Record>,
    url: &'a mut Record,
    only: Option<State>,
    at_sign: bool,
    in_password: bool,
}

impl Parser<'_> {
    fn step(&mut self, state: State, c: Option<char>) -> Result<Then, Failure> {
        match state {
            State::SchemeStart => match c {
                Some(c) if c.is_ascii_alphabetic() => {
                    self.buffer.push(c.to_ascii_lowercase());
                    Ok(Next(State::Scheme))
                }
                _ if self.only.is_none() => Ok(Again(State::NoScheme)),
                _ => Err(Failure),
            },
            State::Scheme => self.scheme(c),
            State::NoScheme => self.no_scheme(c),
            State::SpecialRelativeOrAuthority => Ok(match (c, self.peek()) {
                (Some('/'), Some('/')) => {
                    self.at += 1;
                    Next(State::SpecialAuthorityIgnoreSlashes)
                }
                _ => Again(State::Relative),
            }),
            State::PathOrAuthority => {
                Ok(if c == Some('/') { Next(State::Authority) } else { Again(State::Path) })
            }
            State::Relative => self.relative(c),
            State::RelativeSlash => Ok(self.relative_slash(c)),
            State::SpecialAuthoritySlashes => Ok(match (c, self.peek()) {
                (Some('/'), Some('/')) => {
                    self.at += 1;
                    Next(State::SpecialAuthorityIgnoreSlashes)
                }
                _ => Again(State::SpecialAuthorityIgnoreSlashes),
            }),
            State::SpecialAuthorityIgnoreSlashes => Ok(match c {
                Some('/' | '\\') => Next(state),
                _ => Again(State::Authority),
            }),
            State::Authority => self.authority(c),
            State::Host | State::Hostname => self.host(state, c),
            State::Port => self.port(c),
            State::File => Ok(self.file(c)),
            State::FileSlash => Ok(self.file_slash(c)),
            State::FileHost => self.file_host(c),
            State::PathStart => Ok(self.path_start(c)),
            State::Path => Ok(self.path(c)),
            State::OpaquePath => Ok(match c {
                Some('?') => self.begin_query(),
                Some('#') => self.begin_fragment(),
                Some(c) => {
                    if let Path::Opaque(path) = &mut self.url.path {
                        Set::Control.push(path, c);
                    }
                    Next(state)
                }
                None => Next(state),
            }),
            State::Query => Ok(match c {
                Some('#') if self.only.is_none() => self.begin_fragment(),
                Some(c) => {
                    let set = if self.url.is_special() { Set::SpecialQuery } else { Set::Query };
                    set.push(self.url.query.get_or_insert_default(), c);
                    Next(state)
                }
                None => Next(state),
            }),
            State::Fragment => {
                if let Some(c) = c {
                    Set::Fragment.push(self.url.fragment.get_or_insert_default(), c);
                }
                Ok(Next(state))
            }
        }
    }

    fn peek(&self) -> Option<char> {
        self.chars.get(self.at + 1).copied()
    }

    /// A slash, or a backslash where it counts as one.
    fn is_slash(&self, c: Option<char>) -> bool {
        c == Some('/') || (c == Some('\\') && self.url.is_special())
    }

    /// The end of the host's part.
    fn ends_authority(&self, c: Option<char>) -> bool {
        matches!(c, None | Some('?' | '#')) || self.is_slash(c)
    }

    fn begin_query(&mut self) -> Then {
        self.url.query = Some(String::new());
        Next(State::Query)
    }

    fn begin_fragment(&mut self) -> Then {
        self.url.fragment = Some(String::new());
        Next(State::Fragment)
    }

    fn scheme(&mut self, c: Option<char>) -> Result<Then, Failure> {
        match c {
            Some(c) if c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.') => {
                self.buffer.push(c.to_ascii_lowercase());
                Ok(Next(State::Scheme))
            }
            Some(':') => Ok(self.after_scheme()),
            _ if self.only.is_none() => {
                self.buffer.clear();
                self.at = 0;
                Ok(Again(State::NoScheme))
            }
            _ => Err(Failure),
        }
    }

    fn after_scheme(&mut self) -> Then {
        let scheme = std::mem::take(&mut self.buffer);
        let url = &mut *self.url;
        if self.only.is_some() {
            let other_kind = is_special(&scheme) != url.is_special();
            let no_file = scheme == "file" && (url.has_credentials() || url.port.is_some());
            let hostless = url.scheme == "file" && url.host.as_deref().is_none_or(str::is_empty);
            if !other_kind && !no_file && !hostless {
                url.scheme = scheme;
                url.port = url.port.filter(|port| default_port(&url.scheme) != Some(*port));
            }
            return Stop;
        }
        url.scheme = scheme;
        if url.scheme == "file" {
            return Next(State::File);
        }
        if url.is_special() {
            let same = self.base.is_some_and(|base| base.scheme == url.scheme);
            return Next(if same {
                State::SpecialRelativeOrAuthority
            } else {
                State::SpecialAuthoritySlashes
            });
        }
        if self.peek() == Some('/') {
            self.at += 1;
            return Next(State::PathOrAuthority);
        }
        self.url.path = Path::Opaque(String::new());
        Next(State::OpaquePath)
    }

    fn no_scheme(&mut self, c: Option<char>) -> Result<Then, Failure> {
        let Some(base) = self.base else { return Err(Failure) };
        if base.is_opaque() {
            if c != Some('#') {
                return Err(Failure);
            }
            *self.url = Record { fragment: None, ..base.clone() };
            return Ok(self.begin_fragment());
        }
        Ok(Again(if base.scheme == "file" { State::File } else { State::Relative }))
    }

    fn relative(&mut self, c: Option<char>) -> Result<Then, Failure> {
        let Some(base) = self.base else { return Err(Failure) };
        self.url.scheme.clone_from(&base.scheme);
        if self.is_slash(c) {
            return Ok(Next(State::RelativeSlash));
        }
        *self.url = Record { fragment: None, ..base.clone() };
        Ok(match c {
            Some('?') => self.begin_query(),
            Some('#') => self.begin_fragment(),
            None => Next(State::Relative),
            Some(_) => {
                self.url.query = None;
                self.url.shorten();
                Again(State::Path)
            }
        })
    }

    fn relative_slash(&mut self, c: Option<char>) -> Then {
        if self.is_slash(c) {
            let special = self.url.is_special();
            return Next(if special { State::SpecialAuthorityIgnoreSlashes } else { State::Authority });
        }
        if let Some(base) = self.base {
            let scheme = std::mem::take(&mut self.url.scheme);
            *self.url = Record { scheme, path: Path::default(), query: None, fragment: None, ..base.clone() };
        }
        Again(State::Path)
    }

    fn authority(&mut self, c: Option<char>) -> Result<Then, Failure> {
        if c == Some('@') {
            let buffer = std::mem::take(&mut self.buffer);
            let buffer = if self.at_sign { format!("%40{buffer}") } else { buffer };
            // A second @ belongs to what came before it; the first colon of all ends the name.
            self.at_sign = true;
            for c in buffer.chars() {
                if c == ':' && !self.in_password {
                    self.in_password = true;
                    continue;
                }
                let part = if self.in_password { &mut self.url.password } else { &mut self.url.username };
                Set::UserInfo.push(part, c);
            }
            return Ok(Next(State::Authority));
        }
        if self.ends_authority(c) {
            if self.at_sign && self.buffer.is_empty() {
                return Err(Failure);
            }
            self.at -= self.buffer.chars().count();
            self.buffer.clear();
            return Ok(Again(State::Host));
        }
        self.buffer.extend(c);
        Ok(Next(State::Authority))
    }

    fn host(&mut self, state: State, c: Option<char>) -> Result<Then, Failure> {
        if self.only.is_some() && self.url.scheme == "file" {
            return Ok(Again(State::FileHost));
        }
        let in_brackets = self.buffer.contains('[') && !self.buffer.contains(']');
        if c == Some(':') && !in_brackets {
            if self.buffer.is_empty() || self.only == Some(State::Hostname) {
                return Err(Failure);
            }
            self.take_host()?;
            return Ok(Next(State::Port));
        }
        if self.ends_authority(c) {
            let loses = self.only.is_some() && (self.url.has_credentials() || self.url.port.is_some());
            if self.buffer.is_empty() && (self.url.is_special() || loses) {
                return Err(Failure);
            }
            self.take_host()?;
            return Ok(if self.only.is_some() { Stop } else { Again(State::PathStart) });
        }
        self.buffer.extend(c);
        Ok(Next(state))
    }

    fn take_host(&mut self) -> Result<(), Failure> {
        let host = host::parse(&self.buffer, !self.url.is_special()).ok_or(Failure)?;
        self.url.host = Some(host);
        self.buffer.clear();
        Ok(())
    }

    fn port(&mut self, c: Option<char>) -> Result<Then, Failure> {
        if let Some(digit) = c.filter(char::is_ascii_digit) {
            self.buffer.push(digit);
            return Ok(Next(State::Port));
        }
        if !self.ends_authority(c) && self.only.is_none() {
            return Err(Failure);
        }
        if !self.buffer.is_empty() {
            let port: u16 = self
                .buffer
                .trim_start_matches('0')
                .parse()
                .or_else(|_| if self.buffer.bytes().all(|b| b == b'0') { Ok(0) } else { Err(Failure) })?;
            self.url.port = Some(port).filter(|port| default_port(&self.url.scheme) != Some(*port));
            self.buffer.clear();
            if self.only.is_some() {
                return Ok(Stop);
            }
        }
        // A host that came with a colon alone has been set already.
        match self.only {
            Some(State::Port) => Err(Failure),
            Some(_) => Ok(Stop),
            None => Ok(Again(State::PathStart)),
        }
    }

    fn file(&mut self, c: Option<char>) -> Then {
        "file".clone_into(&mut self.url.scheme);
        self.url.host = Some(String::new());
        if matches!(c, Some('/' | '\\')) {
            return Next(State::FileSlash);
        }
        let Some(base) = self.base.filter(|base| base.scheme == "file") else {
            return Again(State::Path);
        };
        self.url.host.clone_from(&base.host);
        self.url.path.clone_from(&base.path);
        self.url.query.clone_from(&base.query);
        match c {
            Some('?') => self.begin_query(),
            Some('#') => self.begin_fragment(),
            None => Next(State::File),
            Some(_) => {
                self.url.query = None;
                if self.drive_follows() {
                    self.url.path = Path::default();
                } else {
                    self.url.shorten();
                }
                Again(State::Path)
            }
        }
    }

    fn file_slash(&mut self, c: Option<char>) -> Then {
        if matches!(c, Some('/' | '\\')) {
            return Next(State::FileHost);
        }
        if let Some(base) = self.base.filter(|base| base.scheme == "file") {
            self.url.host.clone_from(&base.host);
            if let Path::Segments(all) = &base.path
                && let Some(drive) = all.first().filter(|first| is_drive(first, &[':']))
                && !self.drive_follows()
            {
                self.url.push_segment(drive.clone());
            }
        }
        Again(State::Path)
    }

    fn file_host(&mut self, c: Option<char>) -> Result<Then, Failure> {
        if !matches!(c, None | Some('/' | '\\' | '?' | '#')) {
            self.buffer.extend(c);
            return Ok(Next(State::FileHost));
        }
        if self.only.is_none() && is_drive(&self.buffer, &[':', '|']) {
            // It is the first segment of the path, and stays in the buffer for it.
            return Ok(Again(State::Path));
        }
        let mut host = String::new();
        if !self.buffer.is_empty() {
            host = host::parse(&self.buffer, false).ok_or(Failure)?;
            if host == "localhost" {
                host.clear();
            }
        }
        self.url.host = Some(host);
        self.buffer.clear();
        Ok(if self.only.is_some() { Stop } else { Again(State::PathStart) })
    }

    fn path_start(&mut self, c: Option<char>) -> Then {
        if self.url.is_special() {
            return if self.is_slash(c) { Next(State::Path) } else { Again(State::Path) };
        }
        match c {
            Some('?') if self.only.is_none() => self.begin_query(),
            Some('#') if self.only.is_none() => self.begin_fragment(),
            Some('/') => Next(State::Path),
            Some(_) => Again(State::Path),
            None => {
                if self.only.is_some() && self.url.host.is_none() {
                    self.url.push_segment(String::new());
                }
                Stop
            }
        }
    }

    fn path(&mut self, c: Option<char>) -> Then {
        let ends = self.is_slash(c) || c.is_none() || (self.only.is_none() && matches!(c, Some('?' | '#')));
        if let (false, Some(c)) = (ends, c) {
            Set::Path.push(&mut self.buffer, c);
            return Next(State::Path);
        }
        let mut segment = std::mem::take(&mut self.buffer);
        let dots = dots(&segment);
        if dots == 2 {
            self.url.shorten();
        }
        if dots > 0 {
            if !self.is_slash(c) {
                self.url.push_segment(String::new());
            }
        } else {
            let first = self.url.path == Path::default();
            if first && self.url.scheme == "file" && is_drive(&segment, &[':', '|']) {
                segment.replace_range(1..2, ":");
            }
            self.url.push_segment(segment);
        }
        match c {
            Some('?') => self.begin_query(),
            Some('#') => self.begin_fragment(),
            _ => Next(State::Path),
        }
    }

    /// Whether the rest of the text begins with a drive letter.
    fn drive_follows(&self) -> bool {
        let rest = &self.chars[self.at..];
        let drive: String = rest.iter().take(2).collect();
        is_drive(&drive, &[':', '|']) && matches!(rest.get(2), None | Some('/' | '\\' | '?' | '#'))
    }
}

/// A letter and one of `marks`.
pub fn is_drive(text: &str, marks: &[char]) -> bool {
    let mut chars = text.chars();
    chars.next().is_some_and(|c| c.is_ascii_alphabetic())
        && chars.next().is_some_and(|c| marks.contains(&c))
        && chars.next().is_none()
}

/// 1 or 2 for a segment that means this folder or the one above.
fn dots(segment: &str) -> usize {
    match segment.to_ascii_lowercase().as_str() {
        "." | "%2e" => 1,
        ".." | ".%2e" | "%2e." | "%2e%2e" => 2,
        _ => 0,
    }
}
