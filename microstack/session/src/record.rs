//! One record, opened: `docs/secure-sessions.md`, "Records".

use crate::error::Error;

/// Most bytes of a message in one record.
pub const MAX_PAYLOAD: usize = 64 * 1024;
/// Most bytes of the text behind a close code.
pub const MAX_REASON: usize = 200;

/// Why a session is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum CloseCode {
    /// It is done.
    Done = 0,
    /// The device does not allow it, or no longer.
    Refused = 1,
    /// Something failed.
    Failed = 2,
}

/// A record that counts: it is kept until acknowledged and sent again on a new link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Numbered {
    /// A message or a part of one.
    Data {
        /// A text frame of the session protocol, else a binary one.
        text: bool,
        /// More of the same message follows.
        more: bool,
        /// The bytes.
        payload: Vec<u8>,
    },
    /// The end, after everything before it.
    Close {
        /// Why.
        code: CloseCode,
        /// Why, in words.
        reason: String,
    },
}

/// Any record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Record {
    /// Data or close.
    Numbered(Numbered),
    /// Numbered records before this one were taken.
    Ack(u64),
    /// An ack is asked for.
    Ping,
}

impl Numbered {
    /// What it counts in the window: its bytes and something for its existence.
    pub fn weight(&self) -> usize {
        match self {
            Numbered::Data { payload, .. } => payload.len(),
            Numbered::Close { reason, .. } => reason.len(),
        }
    }

    /// Writes the record, with room left for the tag.
    pub fn emit(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(2 + self.weight() + super::seal::TAG_LEN);
        match self {
            Numbered::Data { text, more, payload } => {
                out.extend_from_slice(&[DATA, u8::from(*text) | u8::from(*more) << 1]);
                out.extend_from_slice(payload);
            }
            Numbered::Close { code, reason } => {
                out.extend_from_slice(&[CLOSE, *code as u8]);
                out.extend_from_slice(reason.as_bytes());
            }
        }
        out
    }
}

impl Record {
    /// Writes the record.
    pub fn emit(&self) -> Vec<u8> {
        match self {
            Record::Numbered(numbered) => numbered.emit(),
            Record::Ack(number) => [&[ACK][..], &number.to_be_bytes()].concat(),
            Record::Ping => vec![PING],
        }
    }

    /// Reads an opened record.
    ///
    /// # Errors
    /// [`Error::Record`]: the peer has our key and writes nonsense, so it is broken.
    pub fn parse(bytes: &[u8]) -> Result<Record, Error> {
        match bytes {
            [DATA, flags @ 0..=3, payload @ ..] => {
                if payload.len() > MAX_PAYLOAD {
                    return Err(Error::Record("a record is too long"));
                }
                let (text, more) = (flags & 1 != 0, flags & 2 != 0);
                Ok(Record::Numbered(Numbered::Data { text, more, payload: payload.to_vec() }))
            }
            [CLOSE, code @ 0..=2, reason @ ..] if reason.len() <= MAX_REASON => {
                let code = [CloseCode::Done, CloseCode::Refused, CloseCode::Failed][usize::from(*code)];
                let reason = String::from_utf8_lossy(reason).into_owned();
                Ok(Record::Numbered(Numbered::Close { code, reason }))
            }
            [ACK, number @ ..] => match number.try_into() {
                Ok(number) => Ok(Record::Ack(u64::from_be_bytes(number))),
                Err(_) => Err(Error::Record("an acknowledgement has not 9 bytes")),
            },
            [PING] => Ok(Record::Ping),
            _ => Err(Error::Record("a record of no known kind")),
        }
    }
}

/// The start of a text, cut between characters to fit a close record.
pub fn short_reason(reason: &str) -> String {
    let mut end = reason.len().min(MAX_REASON);
    while !reason.is_char_boundary(end) {
        end -= 1;
    }
    reason[..end].to_owned()
}

const DATA: u8 = 0x01;
const ACK: u8 = 0x02;
const CLOSE: u8 = 0x03;
const PING: u8 = 0x04;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn whatever_parses_is_written_back_the_same(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            if let Ok(record) = Record::parse(&bytes) {
                let lossy = matches!(&record, Record::Numbered(Numbered::Close { reason, .. }) if reason.contains('\u{FFFD}'));
                prop_assert!(lossy || record.emit() == bytes);
            }
        }
    }

    #[test]
    fn records_are_those_of_the_table() {
        let data = Record::Numbered(Numbered::Data { text: true, more: true, payload: vec![9] });
        assert_eq!(data.emit(), [1, 3, 9]);
        assert_eq!(Record::Ack(258).emit(), [2, 0, 0, 0, 0, 0, 0, 1, 2]);
        let close = Numbered::Close { code: CloseCode::Failed, reason: "x".into() };
        assert_eq!(close.emit(), [3, 2, b'x']);
        assert_eq!(Record::Ping.emit(), [4]);
        for wrong in [&[][..], &[0], &[1], &[1, 4], &[2, 0], &[3, 3], &[4, 0], &[5]] {
            assert!(matches!(Record::parse(wrong), Err(Error::Record(_))), "{wrong:?}");
        }
    }

    #[test]
    fn reasons_are_cut_between_characters() {
        let cut = short_reason(&"ä".repeat(150));
        assert_eq!(cut.len(), 200);
        assert_eq!(short_reason(&format!("x{}", "ä".repeat(150))).len(), 199);
    }
}
