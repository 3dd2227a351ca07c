//! A text that grows: one byte per character until a wide one comes.

use boa_engine::string::JsStrVariant;
use boa_engine::{JsStr, JsString};

/// Builds a long text in linear time.
#[derive(Default)]
pub(super) struct Text {
    narrow: Vec<u8>,
    /// Everything, once there was a wide character.
    wide: Option<Vec<u16>>,
}

impl Text {
    pub(super) fn len(&self) -> usize {
        self.wide.as_ref().map_or(self.narrow.len(), Vec::len)
    }

    /// Adds ASCII.
    pub(super) fn ascii(&mut self, text: &str) {
        self.bytes(text.as_bytes());
    }

    pub(super) fn push(&mut self, text: JsStr<'_>) {
        match text.variant() {
            JsStrVariant::Latin1(bytes) => self.bytes(bytes),
            JsStrVariant::Utf16(units) => self.units(units),
        }
    }

    /// Adds a text as JSON shows it: `QuoteJSONString`.
    pub(super) fn quoted(&mut self, text: JsStr<'_>) {
        self.bytes(b"\"");
        match text.variant() {
            JsStrVariant::Latin1(bytes) => {
                let mut copied = 0;
                for (at, &byte) in bytes.iter().enumerate() {
                    if byte < 0x20 || byte == b'"' || byte == b'\\' {
                        self.bytes(&bytes[copied..at]);
                        self.escaped(u16::from(byte));
                        copied = at + 1;
                    }
                }
                self.bytes(&bytes[copied..]);
            }
            JsStrVariant::Utf16(units) => {
                let mut copied = 0;
                let mut at = 0;
                while let Some(&unit) = units.get(at) {
                    let pair = (0xd800..0xdc00).contains(&unit)
                        && units.get(at + 1).is_some_and(|next| (0xdc00..0xe000).contains(next));
                    if pair {
                        at += 2;
                        continue;
                    }
                    let lone = (0xd800..0xe000).contains(&unit);
                    if lone || unit < 0x20 || unit == u16::from(b'"') || unit == u16::from(b'\\') {
                        self.units(&units[copied..at]);
                        self.escaped(unit);
                        copied = at + 1;
                    }
                    at += 1;
                }
                self.units(&units[copied..]);
            }
        }
        self.bytes(b"\"");
    }

    pub(super) fn finish(self) -> JsString {
        match self.wide {
            Some(units) => JsString::from(JsStr::utf16(&units)),
            None => JsString::from(JsStr::latin1(&self.narrow)),
        }
    }

    fn escaped(&mut self, unit: u16) {
        match unit {
            0x08 => self.ascii("\\b"),
            0x09 => self.ascii("\\t"),
            0x0a => self.ascii("\\n"),
            0x0c => self.ascii("\\f"),
            0x0d => self.ascii("\\r"),
            0x22 => self.ascii("\\\""),
            0x5c => self.ascii("\\\\"),
            _ => self.ascii(&format!("\\u{unit:04x}")),
        }
    }

    fn bytes(&mut self, bytes: &[u8]) {
        match &mut self.wide {
            Some(wide) => wide.extend(bytes.iter().map(|&byte| u16::from(byte))),
            None => self.narrow.extend_from_slice(bytes),
        }
    }

    fn units(&mut self, units: &[u16]) {
        if self.wide.is_none() && units.iter().all(|&unit| unit < 0x100) {
            self.narrow.extend(units.iter().map(|&unit| unit as u8));
            return;
        }
        let narrow = &mut self.narrow;
        let wide = self.wide.get_or_insert_with(|| narrow.drain(..).map(u16::from).collect());
        wide.extend_from_slice(units);
    }
}
