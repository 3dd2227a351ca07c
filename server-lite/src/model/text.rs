//! Text and JSON that came from an agent: hostile until typed and capped (pain 22).
//!
//! Nothing here escapes anything. Whoever shows a text escapes it for where it is shown; what is done here is to
//! keep it bounded, and free of characters that reorder or hide what a reader sees in a terminal or a log.

use serde_json::{Map, Value};

/// Bounds for JSON of free shape.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// Objects and arrays inside each other.
    pub depth: usize,
    /// Values altogether.
    pub values: usize,
    /// Bytes of each string.
    pub text: usize,
    /// Strings are cut but otherwise left as they are: output of commands, which must arrive as it was printed.
    /// Whoever shows it escapes it.
    pub verbatim: bool,
}

/// What an inventory (`sysinfo`, `netinfo`) may have.
pub const INVENTORY: Bounds = Bounds { depth: 12, values: 4096, text: 1024, verbatim: false };

/// Cuts `text` to `max` bytes at a character boundary and drops control and direction-changing characters.
///
/// Tabs and line ends stay: console answers need them.
pub fn clean(text: &str, max: usize) -> String {
    cut(text.chars(), max)
}

/// As [`clean`], and on one line: for names.
pub fn clean_line(text: &str, max: usize) -> String {
    let trimmed = text.trim_matches(|c: char| c.is_whitespace() || c.is_control());
    let cleaned = cut(trimmed.chars().map(|c| if c.is_control() { ' ' } else { c }), max);
    cleaned.trim_end().to_owned()
}

/// Takes no more than it needs: a name may come with megabytes behind it.
fn cut(text: impl Iterator<Item = char>, max: usize) -> String {
    let mut out = String::new();
    let mut looked_at = 0;
    for c in text {
        looked_at += c.len_utf8();
        if out.len() + c.len_utf8() > max || looked_at > max * 4 + 64 {
            break;
        }
        if !hides(c) {
            out.push(c);
        }
    }
    out
}

/// A copy of `value` within `bounds`, or `None` when it is too deep or has too many values.
///
/// Keys named `__proto__` are dropped: consoles put these objects into JavaScript.
pub fn bounded(value: &Value, bounds: Bounds) -> Option<Value> {
    let mut left = bounds.values;
    copy(value, bounds, bounds.depth, &mut left)
}

fn copy(value: &Value, bounds: Bounds, depth: usize, left: &mut usize) -> Option<Value> {
    *left = left.checked_sub(1)?;
    Some(match value {
        Value::String(text) if bounds.verbatim => {
            let mut end = text.len().min(bounds.text);
            while !text.is_char_boundary(end) {
                end -= 1;
            }
            Value::String(text[..end].to_owned())
        }
        Value::String(text) => Value::String(clean(text, bounds.text)),
        Value::Array(items) => {
            let depth = depth.checked_sub(1)?;
            Value::Array(items.iter().map(|v| copy(v, bounds, depth, left)).collect::<Option<_>>()?)
        }
        Value::Object(fields) => {
            let depth = depth.checked_sub(1)?;
            let mut out = Map::new();
            for (key, value) in fields {
                // Compared as it will stand there: cleaning can make one out of another.
                let key = clean_line(key, 256);
                let value = copy(value, bounds, depth, left)?;
                if key != "__proto__" {
                    out.insert(key, value);
                }
            }
            Value::Object(out)
        }
        plain => plain.clone(),
    })
}

/// Control characters but tab and line ends, and the characters that turn reading direction.
fn hides(c: char) -> bool {
    (c.is_control() && !matches!(c, '\t' | '\n' | '\r'))
        || matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{200E}' | '\u{200F}' | '\u{061C}')
        // Ends of lines and pages that are no control characters, and marks nobody sees.
        || matches!(c, '\u{2028}' | '\u{2029}' | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}' | '\u{E0000}'..='\u{E007F}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn text_is_cut_between_characters() {
        assert_eq!(clean("aäb", 2), "a");
        assert_eq!(clean("aäb", 3), "aä");
    }

    #[test]
    fn escape_sequences_and_direction_tricks_vanish() {
        assert_eq!(clean("a\u{1b}[31mb\u{202e}c\n", 99), "a[31mbc\n");
        assert_eq!(clean_line(" two\nlines ", 99), "two lines");
        assert_eq!(clean_line("\u{1b}\n a\u{61c}b\u{2028}c \u{7}", 99), "abc");
        let mostly_hidden = "\u{202e}".repeat(1 << 20) + "end";
        assert_eq!(clean(&mostly_hidden, 10), "", "what is hidden is not searched for ever");
    }

    #[test]
    fn free_json_is_bounded_in_depth_and_number() {
        let bounds = Bounds { depth: 2, values: 4, text: 3, verbatim: false };
        assert_eq!(bounded(&json!({"a": ["longer"]}), bounds), Some(json!({"a": ["lon"]})));
        assert_eq!(bounded(&json!({"a": [[1]]}), bounds), None);
        assert_eq!(bounded(&json!([1, 2, 3, 4]), bounds), None);
        assert_eq!(bounded(&json!({"__proto__": 1, "b": 2}), bounds), Some(json!({"b": 2})));
        for key in [" __proto__", "__proto__\u{200e}", "\n__proto__ ", "__pro\u{202e}to__"] {
            assert_eq!(bounded(&json!({ key: 1 }), bounds), Some(json!({})), "{key:?}");
        }
        let verbatim = Bounds { verbatim: true, ..bounds };
        assert_eq!(bounded(&json!("\u{1b}ä"), verbatim), Some(json!("\u{1b}ä")));
        assert_eq!(bounded(&json!("abä"), verbatim), Some(json!("ab")));
    }
}
