//! A checked walk through one message: every step names the command and the bytes it needed.

use std::borrow::Cow;

use crate::WireError;

/// Position inside one message.
pub(crate) struct Reader<'a> {
    command: u16,
    message: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    /// Starts behind the two bytes of the command number.
    pub(crate) fn new(message: &'a [u8]) -> Result<Reader<'a>, WireError> {
        match message {
            [high, low, ..] => Ok(Reader { command: u16::from_be_bytes([*high, *low]), message, at: 2 }),
            _ => Err(WireError::Empty { got: message.len() }),
        }
    }

    pub(crate) fn command(&self) -> u16 {
        self.command
    }

    pub(crate) fn len(&self) -> usize {
        self.message.len()
    }

    /// Refuses a message shorter than `need` bytes in all.
    pub(crate) fn at_least(&self, need: usize) -> Result<(), WireError> {
        if self.message.len() < need { Err(self.truncated(need)) } else { Ok(()) }
    }

    /// Refuses a message of another length than `len` bytes in all.
    pub(crate) fn exactly(&self, len: usize) -> Result<(), WireError> {
        self.at_least(len)?;
        match self.message.len() {
            got if got > len => Err(WireError::TooLong { command: self.command, limit: len, got }),
            _ => Ok(()),
        }
    }

    pub(crate) fn take(&mut self, count: usize) -> Result<&'a [u8], WireError> {
        let end = self.at.saturating_add(count);
        let bytes = self.message.get(self.at..end).ok_or_else(|| self.truncated(end))?;
        self.at = end;
        Ok(bytes)
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], WireError> {
        let mut bytes = [0; N];
        bytes.copy_from_slice(self.take(N)?);
        Ok(bytes)
    }

    pub(crate) fn u16(&mut self) -> Result<u16, WireError> {
        self.array().map(u16::from_be_bytes)
    }

    pub(crate) fn u32(&mut self) -> Result<u32, WireError> {
        self.array().map(u32::from_be_bytes)
    }

    /// Everything to the end of the message, at most `limit` bytes.
    pub(crate) fn rest(&mut self, field: &'static str, limit: usize) -> Result<&'a [u8], WireError> {
        let bytes = &self.message[self.at.min(self.message.len())..];
        self.at = self.message.len();
        self.capped(bytes, field, limit)
    }

    /// Refuses a field over its cap.
    pub(crate) fn capped(
        &self,
        bytes: &'a [u8],
        field: &'static str,
        limit: usize,
    ) -> Result<&'a [u8], WireError> {
        match bytes.len() {
            got if got > limit => Err(WireError::FieldTooLong { command: self.command, field, limit, got }),
            _ => Ok(bytes),
        }
    }

    fn truncated(&self, need: usize) -> WireError {
        WireError::Truncated { command: self.command, need, got: self.message.len() }
    }
}

/// Text of a peer up to its first NUL: bad UTF-8 is replaced, and the result is at most `limit` bytes.
///
/// The second cap matters because a replacement character is three bytes long.
pub(crate) fn lenient_text(bytes: &[u8], limit: usize) -> Cow<'_, str> {
    let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
    match String::from_utf8_lossy(&bytes[..end]) {
        Cow::Borrowed(text) => Cow::Borrowed(cut(text, limit)),
        Cow::Owned(text) => Cow::Owned(cut(&text, limit).to_owned()),
    }
}

/// The longest head of `text` of at most `limit` bytes that ends between two characters and has no NUL.
pub(crate) fn cut(text: &str, limit: usize) -> &str {
    let text = text.split('\0').next().unwrap_or("");
    &text[..text.floor_char_boundary(limit)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replaced_bytes_do_not_outgrow_the_limit() {
        let text = lenient_text(&[0xFF; 10], 10);
        assert_eq!(text, "\u{FFFD}\u{FFFD}\u{FFFD}");
        assert_eq!(lenient_text(b"vm\0rest", 10), "vm");
        assert_eq!(cut("aé", 2), "a");
    }
}
