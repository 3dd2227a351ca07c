//! Node's string encodings.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use boa_engine::string::JsStrVariant;
use boa_engine::{JsStr, JsString};

/// An encoding of text as bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// UTF-8; lone surrogates and wrong bytes become U+FFFD.
    Utf8,
    /// UTF-16, little end first.
    Utf16,
    /// One byte per code unit, the high byte is lost.
    Latin1,
    /// As Latin-1, but the top bit is cleared when read.
    Ascii,
    /// Base64 with `+/`, padded; reading accepts both alphabets.
    Base64,
    /// Base64 with `-_`, not padded; reading accepts both alphabets.
    Base64Url,
    /// Two hexadecimal digits per byte.
    Hex,
}

impl Encoding {
    /// Finds an encoding by any of its names, in any case.
    pub fn named(name: &str) -> Option<Encoding> {
        Some(match name.to_ascii_lowercase().as_str() {
            "utf8" | "utf-8" => Encoding::Utf8,
            "utf16le" | "utf-16le" | "ucs2" | "ucs-2" => Encoding::Utf16,
            "latin1" | "binary" => Encoding::Latin1,
            "ascii" => Encoding::Ascii,
            "base64" => Encoding::Base64,
            "base64url" => Encoding::Base64Url,
            "hex" => Encoding::Hex,
            _ => return None,
        })
    }

    /// The canonical name.
    pub fn name(self) -> &'static str {
        match self {
            Encoding::Utf8 => "utf8",
            Encoding::Utf16 => "utf16le",
            Encoding::Latin1 => "latin1",
            Encoding::Ascii => "ascii",
            Encoding::Base64 => "base64",
            Encoding::Base64Url => "base64url",
            Encoding::Hex => "hex",
        }
    }

    /// Bytes that the text has in this encoding; for base64 what a well-formed text would have, as in Node.
    pub fn encoded_length(self, text: &JsString) -> usize {
        match self {
            Encoding::Utf8 => utf8_length(text),
            Encoding::Utf16 => text.len() * 2,
            Encoding::Latin1 | Encoding::Ascii => text.len(),
            Encoding::Hex => text.len() / 2,
            Encoding::Base64 | Encoding::Base64Url => {
                let units = text.to_vec();
                let padding = units.iter().rev().take(2).take_while(|u| **u == u16::from(b'=')).count();
                (units.len() - padding) * 3 / 4
            }
        }
    }

    /// Text to bytes. Hexadecimal stops at the first wrong pair, base64 skips what is no digit.
    pub fn encode(self, text: &JsString) -> Vec<u8> {
        match self {
            Encoding::Utf8 => match text.as_str().variant() {
                JsStrVariant::Latin1(bytes) if bytes.is_ascii() => bytes.to_vec(),
                _ => text.to_std_string_lossy().into_bytes(),
            },
            Encoding::Utf16 => text.to_vec().into_iter().flat_map(u16::to_le_bytes).collect(),
            Encoding::Latin1 | Encoding::Ascii => match text.as_str().variant() {
                JsStrVariant::Latin1(bytes) => bytes.to_vec(),
                JsStrVariant::Utf16(units) => units.iter().map(|u| *u as u8).collect(),
            },
            Encoding::Hex => hex_bytes(text),
            Encoding::Base64 | Encoding::Base64Url => base64_bytes(text),
        }
    }

    /// Bytes to text.
    pub fn decode(self, bytes: &[u8]) -> JsString {
        match self {
            Encoding::Utf8 if bytes.is_ascii() => JsString::from(JsStr::latin1(bytes)),
            Encoding::Utf8 => JsString::from(String::from_utf8_lossy(bytes).as_ref()),
            Encoding::Utf16 => {
                let units = bytes.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]]));
                JsString::from(JsStr::utf16(&units.collect::<Vec<u16>>()))
            }
            Encoding::Latin1 => JsString::from(JsStr::latin1(bytes)),
            Encoding::Ascii => {
                JsString::from(JsStr::latin1(&bytes.iter().map(|b| b & 0x7F).collect::<Vec<u8>>()))
            }
            Encoding::Base64 => JsString::from(STANDARD.encode(bytes)),
            Encoding::Base64Url => JsString::from(URL_SAFE_NO_PAD.encode(bytes)),
            Encoding::Hex => {
                const DIGITS: &[u8; 16] = b"0123456789abcdef";
                let mut text = Vec::with_capacity(bytes.len() * 2);
                for byte in bytes {
                    text.push(DIGITS[usize::from(byte >> 4)]);
                    text.push(DIGITS[usize::from(byte & 15)]);
                }
                JsString::from(JsStr::latin1(&text))
            }
        }
    }

    /// How many of the encoded bytes fit into `room` without cutting a character.
    pub fn whole(self, bytes: &[u8], room: usize) -> usize {
        if bytes.len() <= room {
            return bytes.len();
        }
        match self {
            Encoding::Utf8 => {
                let mut end = room;
                while end > 0 && bytes[end] & 0xC0 == 0x80 {
                    end -= 1;
                }
                end
            }
            Encoding::Utf16 => room & !1,
            _ => room,
        }
    }
}

fn utf8_length(text: &JsString) -> usize {
    match text.as_str().variant() {
        JsStrVariant::Latin1(bytes) => bytes.iter().map(|b| 1 + usize::from(*b >= 0x80)).sum(),
        JsStrVariant::Utf16(units) => char::decode_utf16(units.iter().copied())
            // A lone surrogate becomes U+FFFD, which has three bytes.
            .map(|c| c.map_or(3, char::len_utf8))
            .sum(),
    }
}

fn hex_bytes(text: &JsString) -> Vec<u8> {
    let units = text.to_vec();
    let digit = |unit: u16| char::from_u32(u32::from(unit)).and_then(|c| c.to_digit(16));
    let mut bytes = Vec::with_capacity(units.len() / 2);
    for pair in units.chunks_exact(2) {
        match (digit(pair[0]), digit(pair[1])) {
            (Some(high), Some(low)) => bytes.push((high << 4 | low) as u8),
            _ => break,
        }
    }
    bytes
}

fn base64_bytes(text: &JsString) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len() * 3 / 4);
    let (mut bits, mut count) = (0u32, 0u32);
    for unit in text.iter() {
        let value = match u8::try_from(unit) {
            Ok(c @ b'A'..=b'Z') => c - b'A',
            Ok(c @ b'a'..=b'z') => c - b'a' + 26,
            Ok(c @ b'0'..=b'9') => c - b'0' + 52,
            Ok(b'+' | b'-') => 62,
            Ok(b'/' | b'_') => 63,
            Ok(b'=') => break,
            _ => continue,
        };
        bits = bits << 6 | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count) as u8);
            bits &= (1 << count) - 1;
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_encoding_reads_what_it_wrote() {
        let bytes: Vec<u8> = (0..=255).collect();
        for encoding in
            [Encoding::Latin1, Encoding::Hex, Encoding::Base64, Encoding::Base64Url, Encoding::Utf16]
        {
            assert_eq!(encoding.encode(&encoding.decode(&bytes)), bytes, "{encoding:?}");
        }
    }

    #[test]
    fn lengths_agree_with_the_bytes() {
        let lone = JsString::from(JsStr::utf16(&[0x61, 0xD800, 0x62]));
        for text in [JsString::from("a€😀é"), lone] {
            for encoding in [Encoding::Utf8, Encoding::Utf16, Encoding::Latin1] {
                assert_eq!(encoding.encoded_length(&text), encoding.encode(&text).len(), "{encoding:?}");
            }
        }
    }

    #[test]
    fn a_character_is_never_cut() {
        let bytes = "a€".as_bytes();
        assert_eq!(Encoding::Utf8.whole(bytes, 3), 1);
        assert_eq!(Encoding::Utf8.whole(bytes, 4), 4);
        assert_eq!(Encoding::Utf16.whole(&[0; 6], 5), 4);
    }
}
