//! The tag file an agent sends after each authentication (agent-channel specification 4.5).

use crate::model::text::clean_line;

/// What a tag file says. Lines with `~` that would rename the device are not obeyed: names are the operator's.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TagFile {
    /// The first line without `~`.
    pub tag: String,
}

/// Reads the content of command 15.
pub fn read_tag(content: &[u8]) -> TagFile {
    let text = String::from_utf8_lossy(content);
    let text = text.trim_end_matches('\0');
    let line = text.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with('~'));
    TagFile { tag: clean_line(line.unwrap_or(""), 256) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_plain_line_is_the_tag() {
        assert_eq!(read_tag(b"~ServerName:evil\r\n\r\n room 5 \r\nmore\0\0").tag, "room 5");
        assert_eq!(read_tag(b"").tag, "");
        assert_eq!(read_tag(&[0xFF, 0xFE]).tag, "\u{FFFD}\u{FFFD}");
    }
}
