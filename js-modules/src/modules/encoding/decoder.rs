//! Decoding in pieces, as the Encoding standard's decoders of UTF-8, UTF-16 and (as Node 20 does it) Latin-1.

use boa_engine::{JsStr, JsString};

/// The encodings we decode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// UTF-8
    Utf8,
    /// UTF-16, low byte first
    Utf16Le,
    /// UTF-16, high byte first
    Utf16Be,
    /// The standard's windows-1252; each byte is the character of its number, as in Node 20.
    Latin1,
}

impl Encoding {
    /// The encoding of a label, by the standard's table (Encoding standard 4.2).
    pub fn labelled(label: &str) -> Option<Encoding> {
        let label = label.trim_matches(['\t', '\n', '\x0C', '\r', ' ']).to_ascii_lowercase();
        Some(match label.as_str() {
            "unicode-1-1-utf-8" | "unicode11utf8" | "unicode20utf8" | "utf-8" | "utf8"
            | "x-unicode20utf8" => Encoding::Utf8,
            "csunicode" | "iso-10646-ucs-2" | "ucs-2" | "unicode" | "unicodefeff" | "utf-16" | "utf-16le" => {
                Encoding::Utf16Le
            }
            "unicodefffe" | "utf-16be" => Encoding::Utf16Be,
            "ansi_x3.4-1968" | "ascii" | "cp1252" | "cp819" | "csisolatin1" | "ibm819" | "iso-8859-1"
            | "iso-ir-100" | "iso8859-1" | "iso88591" | "iso_8859-1" | "iso_8859-1:1987" | "l1"
            | "latin1" | "us-ascii" | "windows-1252" | "x-cp1252" => Encoding::Latin1,
            _ => return None,
        })
    }

    /// The standard's name, in lower case.
    pub fn name(self) -> &'static str {
        match self {
            Encoding::Utf8 => "utf-8",
            Encoding::Utf16Le => "utf-16le",
            Encoding::Utf16Be => "utf-16be",
            Encoding::Latin1 => "windows-1252",
        }
    }
}

/// Bytes in pieces become text; a character cut by the end of a piece waits for the next one.
pub struct Decoder {
    encoding: Encoding,
    fatal: bool,
    keep_mark: bool,
    mark_passed: bool,
    /// Bytes of a character that is not complete; at most three.
    rest: Vec<u8>,
}

impl Decoder {
    /// Starts anew. `fatal` makes wrong bytes an error, `keep_mark` keeps a byte order mark.
    pub fn new(encoding: Encoding, fatal: bool, keep_mark: bool) -> Self {
        Decoder { encoding, fatal, keep_mark, mark_passed: false, rest: Vec::new() }
    }

    /// Decodes the next piece; the last one unless `stream`, and then the decoder starts anew.
    ///
    /// # Errors
    /// The encoding's name when bytes are wrong and the decoder is fatal; it starts anew.
    pub fn decode(&mut self, bytes: &[u8], stream: bool) -> Result<JsString, &'static str> {
        let joined;
        let all = if self.rest.is_empty() {
            bytes
        } else {
            joined = [self.rest.as_slice(), bytes].concat();
            &joined
        };
        let decoded = match self.encoding {
            Encoding::Utf8 => utf8(all, stream, self.fatal),
            Encoding::Utf16Le => utf16(all, stream, self.fatal, u16::from_le_bytes),
            Encoding::Utf16Be => utf16(all, stream, self.fatal, u16::from_be_bytes),
            Encoding::Latin1 => Some((JsString::from(JsStr::latin1(all)), all.len())),
        };
        let Some((mut text, used)) = decoded else {
            self.start_anew();
            return Err(self.encoding.name());
        };
        let rest = all[used..].to_vec();
        if !self.mark_passed && !text.is_empty() {
            self.mark_passed = true;
            if !self.keep_mark && self.encoding != Encoding::Latin1 && text.iter().next() == Some(0xFEFF) {
                text = text.get(1..).unwrap_or_default();
            }
        }
        self.rest = rest;
        if !stream {
            self.start_anew();
        }
        Ok(text)
    }

    fn start_anew(&mut self) {
        self.rest.clear();
        self.mark_passed = false;
    }
}

/// Text and how many bytes it took; `None` for wrong bytes where they are fatal.
fn utf8(bytes: &[u8], stream: bool, fatal: bool) -> Option<(JsString, usize)> {
    let cut = match std::str::from_utf8(bytes) {
        Ok(text) => return Some((JsString::from(text), bytes.len())),
        Err(error) => error,
    };
    let mut text = String::with_capacity(bytes.len());
    let (mut at, mut error) = (0, Some(cut));
    while let Some(wrong) = error {
        let end = at + wrong.valid_up_to();
        text.push_str(std::str::from_utf8(&bytes[at..end]).unwrap_or_default());
        match wrong.error_len() {
            None if stream => return Some((JsString::from(text), end)),
            _ if fatal => return None,
            length => {
                text.push(char::REPLACEMENT_CHARACTER);
                at = length.map_or(bytes.len(), |length| end + length);
            }
        }
        error = match std::str::from_utf8(&bytes[at..]) {
            Ok(rest) => {
                text.push_str(rest);
                None
            }
            Err(error) => Some(error),
        };
    }
    Some((JsString::from(text), bytes.len()))
}

fn utf16(bytes: &[u8], stream: bool, fatal: bool, unit: fn([u8; 2]) -> u16) -> Option<(JsString, usize)> {
    let whole = bytes.chunks_exact(2);
    let odd = whole.remainder().len();
    let mut units: Vec<u16> = whole.map(|pair| unit([pair[0], pair[1]])).collect();
    let lead = units.last().is_some_and(|last| (0xD800..0xDC00).contains(last));
    let unfinished = odd + if lead { 2 } else { 0 };
    if lead {
        units.pop();
    }
    let mut text: Vec<u16> = Vec::with_capacity(units.len() + 1);
    for one in char::decode_utf16(units) {
        match one {
            Ok(one) => text.extend_from_slice(one.encode_utf16(&mut [0; 2])),
            Err(_) if fatal => return None,
            Err(_) => text.push(0xFFFD),
        }
    }
    if unfinished > 0 && !stream {
        if fatal {
            return None;
        }
        text.push(0xFFFD);
    }
    let used = if stream { bytes.len() - unfinished } else { bytes.len() };
    Some((JsString::from(text.as_slice()), used))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn in_pieces(encoding: Encoding, bytes: &[u8], size: usize) -> String {
        let mut decoder = Decoder::new(encoding, false, false);
        let mut out = String::new();
        for piece in bytes.chunks(size) {
            out.push_str(&decoder.decode(piece, true).unwrap().to_std_string_lossy());
        }
        out.push_str(&decoder.decode(&[], false).unwrap().to_std_string_lossy());
        out
    }

    #[test]
    fn pieces_of_any_size_give_the_same_text() {
        let samples: &[&[u8]] = &[
            "aé€😀z".as_bytes(),
            b"\xEF\xBB\xBFmark",
            b"a\xF0\x9F\x98 b\xE2\x82 \xC0\xAF \xED\xA0\x80 \xF5\x80",
            b"\xE2\x82",
        ];
        for bytes in samples {
            let whole = String::from_utf8_lossy(bytes);
            let whole = whole.strip_prefix('\u{FEFF}').unwrap_or(&whole);
            for size in 1..=bytes.len() {
                assert_eq!(in_pieces(Encoding::Utf8, bytes, size), whole, "{bytes:x?} by {size}");
            }
        }
    }

    #[test]
    fn utf16_waits_for_the_other_half() {
        let text: Vec<u16> = "a😀b".encode_utf16().collect();
        let bytes: Vec<u8> = text.iter().flat_map(|unit| unit.to_le_bytes()).collect();
        for size in 1..=bytes.len() {
            assert_eq!(in_pieces(Encoding::Utf16Le, &bytes, size), "a😀b");
        }
        assert_eq!(in_pieces(Encoding::Utf16Be, &[0xD8, 0, 0, 0x61], 1), "\u{FFFD}a");
        assert_eq!(in_pieces(Encoding::Utf16Le, &[0, 0xD8, 0x61], 2), "\u{FFFD}");
    }

    #[test]
    fn fatal_decoders_refuse_and_start_anew() {
        let mut decoder = Decoder::new(Encoding::Utf8, true, false);
        assert!(decoder.decode(b"\xE2\x82", true).is_ok());
        assert_eq!(decoder.decode(b"a", true), Err("utf-8"));
        assert_eq!(decoder.decode(b"a", false).unwrap().to_std_string_lossy(), "a");
        assert_eq!(decoder.decode(b"\xE2", false), Err("utf-8"));
    }
}
