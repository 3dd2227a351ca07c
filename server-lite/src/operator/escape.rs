//! Text from devices and servers, made fit for a terminal.
//!
//! A device chooses its own name and prints what it likes. Escape sequences in it could rewrite the screen, set the
//! window title, or put text into the input line of some terminals; direction marks could make one name look like
//! another. All such characters are shown as `\u{…}`.

use std::fmt::Write;

/// For one line: a table cell, an error. Line breaks and tabs are shown as `\n` and `\t`.
pub fn escape_line(text: &str) -> String {
    escaped(text, |_, _| false)
}

/// For text of several lines: line breaks and tabs stay, and a carriage return before a line break goes.
pub fn escape_text(text: &str) -> String {
    escaped(&text.replace("\r\n", "\n"), |c, _| c == '\n' || c == '\t')
}

/// Something that a person typed or a device is called, in quotes.
pub fn quoted(text: &str) -> String {
    format!("\"{}\"", escape_line(text))
}

fn escaped(text: &str, keep: impl Fn(char, usize) -> bool) -> String {
    let mut out = String::with_capacity(text.len());
    for (at, c) in text.char_indices() {
        match c {
            _ if keep(c, at) => out.push(c),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            _ if is_hidden(c) => {
                // Writing to a String cannot fail.
                let _ = write!(out, "\\u{{{:x}}}", c as u32);
            }
            _ => out.push(c),
        }
    }
    out
}

/// Controls, and what changes the look of other characters without being seen.
fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escape_sequences_are_shown_not_obeyed() {
        assert_eq!(escape_line("a\u{1b}]0;owned\u{7}b"), r"a\u{1b}]0;owned\u{7}b");
        assert_eq!(escape_line("\u{9b}31m"), r"\u{9b}31m");
        assert_eq!(escape_line("one\ntwo\tthree\r"), r"one\ntwo\tthree\r");
    }

    #[test]
    fn direction_marks_cannot_disguise_a_name() {
        assert_eq!(escape_line("exe\u{202e}txt\u{200b}"), r"exe\u{202e}txt\u{200b}");
    }

    #[test]
    fn text_keeps_its_lines_and_its_letters() {
        assert_eq!(escape_text("größe\tÄ\r\nnext\rbell\u{7}"), "größe\tÄ\nnext\\rbell\\u{7}");
        assert_eq!(escape_line("日本 ✓ 🙂"), "日本 ✓ 🙂");
    }
}
