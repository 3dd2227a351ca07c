//! The file format: records of a 16-byte head and data, all numbers big-endian.
//!
//! | at | bytes | |
//! |---|---|---|
//! | 0 | 2 | 1 start, 2 data, 3 end, 4 index |
//! | 2 | 2 | bit 0: binary; bit 1: from the user |
//! | 4 | 4 | length of the data |
//! | 8 | 8 | milliseconds since 1970 |
//!
//! The first record is a JSON object about the session, the last the text `MeshCentralMCREC`.

use std::fmt;
use std::io::{self, Read};

use serde::{Deserialize, Serialize};

/// What a record is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The session's description.
    Start,
    /// A message.
    Data,
    /// The end of a whole file.
    End,
    /// What MeshCentral's tool adds so that its player can seek; not a part of the session.
    Index,
}

/// One record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// What it is.
    pub kind: Kind,
    /// A binary message.
    pub binary: bool,
    /// Sent by the user; otherwise by the device.
    pub from_user: bool,
    /// Milliseconds since 1970.
    pub time_ms: u64,
    /// The message.
    pub data: Vec<u8>,
}

/// The first record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// [`Header::MAGIC`].
    pub magic: String,
    /// 1.
    pub ver: u32,
    /// `user//name`.
    #[serde(default)]
    pub userid: String,
    /// Shown name.
    #[serde(default)]
    pub username: String,
    /// The id of the tunnel.
    #[serde(default)]
    pub sessionid: String,
    /// Address of the user.
    #[serde(default)]
    pub ipaddr1: String,
    /// Address of the device.
    #[serde(default)]
    pub ipaddr2: String,
    /// When it began, in words.
    #[serde(default)]
    pub time: String,
    /// The kind of session.
    #[serde(default)]
    pub protocol: u16,
    /// The device.
    #[serde(default)]
    pub nodeid: String,
}

/// Why a file cannot be read on.
#[derive(Debug)]
pub enum FormatError {
    /// The system's.
    Io(io::Error),
    /// It is no recording, or it is damaged.
    Malformed(&'static str),
}

/// Reads a file record by record.
pub struct Reader<R> {
    from: R,
}

const HEAD: usize = 16;
/// Most bytes of a record that is read.
const MAX_DATA: u32 = 64 << 20;
const END: &[u8] = b"MeshCentralMCREC";

impl Header {
    /// What every file begins with.
    pub const MAGIC: &'static str = "MeshCentralRelaySession";
}

impl Entry {
    /// The last record of a whole file.
    pub fn end(time_ms: u64) -> Entry {
        Entry { kind: Kind::End, binary: false, from_user: false, time_ms, data: END.to_vec() }
    }

    /// The first record.
    pub fn start(header: &Header, time_ms: u64) -> Entry {
        let data = serde_json::to_vec(header).unwrap_or_default();
        Entry { kind: Kind::Start, binary: false, from_user: false, time_ms, data }
    }

    /// Its bytes in the file.
    pub fn emit(&self) -> Vec<u8> {
        let kind: u16 = match self.kind {
            Kind::Start => 1,
            Kind::Data => 2,
            Kind::End => 3,
            Kind::Index => 4,
        };
        let flags = u16::from(self.binary) | u16::from(self.from_user) << 1;
        let mut out = Vec::with_capacity(HEAD + self.data.len());
        out.extend_from_slice(&kind.to_be_bytes());
        out.extend_from_slice(&flags.to_be_bytes());
        out.extend_from_slice(&(self.data.len() as u32).to_be_bytes());
        out.extend_from_slice(&self.time_ms.to_be_bytes());
        out.extend_from_slice(&self.data);
        out
    }
}

impl<R: Read> Reader<R> {
    /// Reads the first record.
    ///
    /// # Errors
    /// [`FormatError`], when it is no recording.
    pub fn open(from: R) -> Result<(Reader<R>, Header, u64), FormatError> {
        let mut reader = Reader { from };
        let first = reader.next()?.ok_or(FormatError::Malformed("the file is empty"))?;
        let header: Option<Header> = serde_json::from_slice(&first.data).ok();
        match header.filter(|header| first.kind == Kind::Start && header.magic == Header::MAGIC) {
            Some(header) => Ok((reader, header, first.time_ms)),
            None => Err(FormatError::Malformed("this is no recording of a session")),
        }
    }

    /// The next record; `None` at the end of the file. A file of a session that goes on may end in the middle of one.
    ///
    /// # Errors
    /// [`FormatError`].
    #[allow(clippy::should_implement_trait, reason = "reading may fail")]
    pub fn next(&mut self) -> Result<Option<Entry>, FormatError> {
        let mut head = [0; HEAD];
        if !self.fill(&mut head)? {
            return Ok(None);
        }
        let kind = match u16::from_be_bytes([head[0], head[1]]) {
            1 => Kind::Start,
            2 => Kind::Data,
            3 => Kind::End,
            4 => Kind::Index,
            _ => return Err(FormatError::Malformed("a record of an unknown kind")),
        };
        let length = u32::from_be_bytes([head[4], head[5], head[6], head[7]]);
        if length > MAX_DATA {
            return Err(FormatError::Malformed("a record of an impossible length"));
        }
        let mut time = [0; 8];
        time.copy_from_slice(&head[8..]);
        let mut data = Vec::new();
        (&mut self.from).take(length.into()).read_to_end(&mut data).map_err(FormatError::Io)?;
        if data.len() < length as usize {
            return Ok(None);
        }
        Ok(Some(Entry {
            kind,
            binary: head[3] & 1 != 0,
            from_user: head[3] & 2 != 0,
            time_ms: u64::from_be_bytes(time),
            data,
        }))
    }

    fn fill(&mut self, mut buf: &mut [u8]) -> Result<bool, FormatError> {
        while !buf.is_empty() {
            match self.from.read(buf) {
                Ok(0) => return Ok(false),
                Ok(n) => buf = &mut buf[n..],
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(FormatError::Io(e)),
            }
        }
        Ok(true)
    }
}

impl fmt::Display for FormatError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FormatError::Io(error) => error.fmt(f),
            FormatError::Malformed(why) => f.write_str(why),
        }
    }
}

impl std::error::Error for FormatError {}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(crate) fn header() -> Header {
        Header {
            magic: Header::MAGIC.into(),
            ver: 1,
            userid: "user//anna".into(),
            username: "anna".into(),
            sessionid: "a1".into(),
            ipaddr1: "192.0.2.1".into(),
            ipaddr2: "192.0.2.2".into(),
            time: "1970-01-01T00:00:05Z".into(),
            protocol: 1,
            nodeid: "node//x".into(),
        }
    }

    pub(crate) fn data(time_ms: u64, from_user: bool, binary: bool, data: &[u8]) -> Entry {
        Entry { kind: Kind::Data, binary, from_user, time_ms, data: data.to_vec() }
    }

    #[test]
    fn bytes_stand_where_the_format_has_them() {
        let bytes = data(0x0102_0304, true, true, b"ab").emit();
        assert_eq!(bytes, [0, 2, 0, 3, 0, 0, 0, 2, 0, 0, 0, 0, 1, 2, 3, 4, b'a', b'b']);
        assert_eq!(Entry::end(0).emit()[16..], *END);
    }

    #[test]
    fn reading_is_the_inverse_of_writing_at_any_cut() {
        let entries = [data(6, true, false, b"ls\r"), data(7, false, true, &[0, 255]), Entry::end(9)];
        let mut bytes = Entry::start(&header(), 5).emit();
        let first = bytes.len();
        bytes.extend(entries.iter().flat_map(Entry::emit));
        for cut in first..=bytes.len() {
            let (mut reader, read, time_ms) = Reader::open(&bytes[..cut]).unwrap();
            assert_eq!((read, time_ms), (header(), 5));
            let mut all = Vec::new();
            while let Some(entry) = reader.next().unwrap() {
                all.push(entry);
            }
            assert!(entries.starts_with(&all));
            assert_eq!(all.len() == 3, cut == bytes.len());
        }
    }

    #[test]
    fn a_file_with_an_index_is_read_as_well() {
        let mut bytes = Entry::start(&header(), 5).emit();
        bytes.extend(Entry { kind: Kind::Index, ..data(7, false, false, b"{}") }.emit());
        bytes.extend(Entry { kind: Kind::End, ..data(40, false, false, b"MeshCentralMCNDX") }.emit());
        let (mut reader, ..) = Reader::open(&bytes[..]).unwrap();
        assert_eq!(reader.next().unwrap().map(|entry| entry.kind), Some(Kind::Index));
        assert_eq!(reader.next().unwrap().map(|entry| entry.kind), Some(Kind::End));
    }

    #[test]
    fn other_files_and_damaged_ones_are_named() {
        assert!(Reader::open(&b""[..]).is_err());
        assert!(Reader::open(&b"PK\x03\x04 something else that is long enough"[..]).is_err());
        let mut bytes = Entry::start(&header(), 5).emit();
        bytes.extend([0, 2, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0, 0, 0, 0, 0]);
        assert!(Reader::open(&bytes[..]).unwrap().0.next().is_err());
    }
}
