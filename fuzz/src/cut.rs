//! Cutting an input into a script: the bytes say what happens next, and what with.

/// Takes an input apart from its front. At its end everything reads as zero or empty, so that each input is a script.
#[derive(Debug, Clone, Copy)]
pub struct Cut<'a> {
    rest: &'a [u8],
}

impl<'a> Cut<'a> {
    /// Starts at the front of `data`.
    pub fn new(data: &'a [u8]) -> Cut<'a> {
        Cut { rest: data }
    }

    /// Whether nothing is left.
    pub fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// The next byte.
    pub fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.rest.split_first() else { return 0 };
        self.rest = rest;
        *first
    }

    /// A frame: two bytes of length, big-endian, and so many bytes or what is left of them.
    pub fn frame(&mut self) -> &'a [u8] {
        let length = usize::from(u16::from_be_bytes([self.byte(), self.byte()]));
        let (frame, rest) = self.rest.split_at(length.min(self.rest.len()));
        self.rest = rest;
        frame
    }

    /// All that is left.
    pub fn rest(self) -> &'a [u8] {
        self.rest
    }
}

/// A frame as [`Cut::frame`] reads it, for seeds.
pub fn framed(frame: &[u8]) -> Vec<u8> {
    let length = u16::try_from(frame.len()).expect("seeds hold short frames only");
    [&length.to_be_bytes(), frame].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_comes_back_and_a_short_input_is_no_fault() {
        let mut input = framed(b"abc");
        input.push(7);
        let mut cut = Cut::new(&input);
        assert_eq!((cut.frame(), cut.byte(), cut.is_empty()), (&b"abc"[..], 7, true));
        assert_eq!((cut.byte(), cut.frame()), (0, &b""[..]));
        assert_eq!(Cut::new(b"\0\x09ab").frame(), b"ab");
    }
}
