//! DER, as far as keys and PKCS#12 files need it.

/// Elements that one container may hold; ours hold a handful.
const MAX_ELEMENTS: usize = 4096;

pub const INTEGER: u8 = 0x02;
pub const BIT_STRING: u8 = 0x03;
pub const OCTET_STRING: u8 = 0x04;
pub const NULL: u8 = 0x05;
pub const OID: u8 = 0x06;
pub const SEQUENCE: u8 = 0x30;
pub const SET: u8 = 0x31;
/// `[0]`, constructed.
pub const CONTEXT_0: u8 = 0xa0;
/// `[1]`, constructed.
pub const CONTEXT_1: u8 = 0xa1;

/// A cursor over consecutive elements.
#[derive(Clone)]
pub struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub fn new(bytes: &'a [u8]) -> Reader<'a> {
        Reader(bytes)
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The tag of the next element.
    pub fn peek(&self) -> Option<u8> {
        self.0.first().copied()
    }

    /// The next element: tag and content.
    pub fn next(&mut self) -> Option<(u8, &'a [u8])> {
        let (&tag, rest) = self.0.split_first()?;
        let (&first, rest) = rest.split_first()?;
        let (length, rest) = match first {
            0..=0x7f => (usize::from(first), rest),
            // Up to 16 MiB: the input is capped far below.
            0x81..=0x83 => {
                let (head, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
                (head.iter().fold(0usize, |value, &byte| value << 8 | usize::from(byte)), rest)
            }
            _ => return None,
        };
        let (content, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        Some((tag, content))
    }

    /// The content of the next element, which must have this tag.
    pub fn take(&mut self, tag: u8) -> Option<&'a [u8]> {
        if self.peek()? != tag {
            return None;
        }
        self.next().map(|(_, content)| content)
    }

    /// A cursor inside the next element, which must have this tag.
    pub fn inside(&mut self, tag: u8) -> Option<Reader<'a>> {
        self.take(tag).map(Reader)
    }

    /// The next element with its tag and length.
    pub fn raw(&mut self) -> Option<&'a [u8]> {
        let before = self.0;
        self.next()?;
        Some(&before[..before.len() - self.0.len()])
    }

    /// A number that is not negative, without leading zeros.
    pub fn number(&mut self) -> Option<&'a [u8]> {
        let mut bytes = self.take(INTEGER)?;
        if bytes.first()? & 0x80 != 0 {
            return None;
        }
        while let [0, rest @ ..] = bytes {
            bytes = rest;
        }
        Some(bytes)
    }

    /// A small number.
    pub fn small(&mut self) -> Option<u32> {
        let bytes = self.number()?;
        (bytes.len() <= 4).then(|| bytes.iter().fold(0, |value, &byte| value << 8 | u32::from(byte)))
    }

    /// The content of a bit string of whole bytes.
    pub fn bits(&mut self) -> Option<&'a [u8]> {
        match self.take(BIT_STRING)? {
            [0, bytes @ ..] => Some(bytes),
            _ => None,
        }
    }

    /// Cursors inside all elements left, which must have this tag.
    pub fn all(mut self, tag: u8) -> Option<Vec<Reader<'a>>> {
        let mut list = Vec::new();
        while !self.is_empty() {
            if list.len() >= MAX_ELEMENTS {
                return None;
            }
            list.push(self.inside(tag)?);
        }
        Some(list)
    }
}

/// One element.
pub fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut out = vec![tag];
    let length = content.len();
    if length < 0x80 {
        out.push(length as u8);
    } else {
        let bytes = length.to_be_bytes();
        let used = &bytes[bytes.iter().take_while(|byte| **byte == 0).count()..];
        out.push(0x80 | used.len() as u8);
        out.extend_from_slice(used);
    }
    out.extend_from_slice(content);
    out
}

/// A sequence of elements.
pub fn sequence(parts: &[&[u8]]) -> Vec<u8> {
    element(SEQUENCE, &parts.concat())
}

/// A number that is not negative.
pub fn integer(bytes: &[u8]) -> Vec<u8> {
    let bytes = &bytes[bytes.iter().take_while(|byte| **byte == 0).count()..];
    let mut content = Vec::with_capacity(bytes.len() + 1);
    if bytes.first().is_none_or(|first| first & 0x80 != 0) {
        content.push(0);
    }
    content.extend_from_slice(bytes);
    element(INTEGER, &content)
}

/// A bit string of whole bytes.
pub fn bit_string(bytes: &[u8]) -> Vec<u8> {
    element(BIT_STRING, &[&[0], bytes].concat())
}

/// An algorithm identifier; `parameters` is an encoded element or nothing.
pub fn algorithm(oid: &[u8], parameters: &[u8]) -> Vec<u8> {
    sequence(&[&element(OID, oid), parameters])
}

/// `NULL`.
pub const ENCODED_NULL: &[u8] = &[NULL, 0];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        for length in [0, 1, 0x7f, 0x80, 0xff, 0x100, 0x1_0000] {
            let content = vec![7; length];
            let bytes = element(OCTET_STRING, &content);
            let mut reader = Reader::new(&bytes);
            assert_eq!(reader.take(OCTET_STRING), Some(&content[..]));
            assert!(reader.is_empty());
            assert!(Reader::new(&bytes[..bytes.len() - 1]).next().is_none());
        }
        assert_eq!(Reader::new(&integer(&[0x80])).number(), Some(&[0x80][..]));
        assert_eq!(integer(&[]), [INTEGER, 1, 0]);
    }
}
