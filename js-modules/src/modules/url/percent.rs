//! Percent-encoding and `application/x-www-form-urlencoded` (URL standard 1.3 and 5).

/// Which characters are written as `%XX`; each set holds the ones before it where the standard says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Set {
    /// Controls and all beyond ASCII.
    Control,
    /// What a fragment may not hold.
    Fragment,
    /// What a query may not hold.
    Query,
    /// What the query of a special URL may not hold.
    SpecialQuery,
    /// What a path segment may not hold. Node 20's set: the circumflex was added to the standard later.
    Path,
    /// What a user name or password may not hold.
    UserInfo,
}

impl Set {
    fn holds(self, byte: u8) -> bool {
        if byte <= 0x1F || byte > 0x7E {
            return true;
        }
        let query = matches!(byte, b' ' | b'"' | b'#' | b'<' | b'>');
        let path = query || matches!(byte, b'?' | b'`' | b'{' | b'}');
        match self {
            Set::Control => false,
            Set::Fragment => matches!(byte, b' ' | b'"' | b'<' | b'>' | b'`'),
            Set::Query => query,
            Set::SpecialQuery => query || byte == b'\'',
            Set::Path => path,
            Set::UserInfo => {
                path || matches!(byte, b'/' | b':' | b';' | b'=' | b'@' | b'[' | b'\\' | b']' | b'^' | b'|')
            }
        }
    }

    /// Appends one character, encoded where the set holds it.
    pub fn push(self, to: &mut String, c: char) {
        for &byte in c.encode_utf8(&mut [0; 4]).as_bytes() {
            if self.holds(byte) { push_encoded(to, byte) } else { to.push(byte as char) }
        }
    }

    /// Encodes a text.
    pub fn encode(self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        text.chars().for_each(|c| self.push(&mut out, c));
        out
    }
}

fn push_encoded(to: &mut String, byte: u8) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    to.push('%');
    to.push(DIGITS[usize::from(byte >> 4)] as char);
    to.push(DIGITS[usize::from(byte & 15)] as char);
}

/// Bytes with each `%XX` taken back; other percent signs stay.
pub fn decode(bytes: &[u8]) -> Vec<u8> {
    let digit = |at: usize| bytes.get(at).and_then(|b| (*b as char).to_digit(16));
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        match (byte, digit(at + 1), digit(at + 2)) {
            (b'%', Some(high), Some(low)) => {
                out.push((high * 16 + low) as u8);
                at += 3;
            }
            _ => {
                out.push(byte);
                at += 1;
            }
        }
    }
    out
}

/// Names and values of a query, in order, one after the other.
pub fn parse_form(query: &str) -> Vec<String> {
    let part = |text: &str| String::from_utf8_lossy(&decode(text.replace('+', " ").as_bytes())).into_owned();
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    pairs
        .flat_map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            [part(name), part(value)]
        })
        .collect()
}

/// Appends a name or value as forms write it.
pub fn push_form(to: &mut String, text: &str) {
    for &byte in text.as_bytes() {
        match byte {
            b' ' => to.push('+'),
            b'*' | b'-' | b'.' | b'_' | b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' => to.push(byte as char),
            _ => push_encoded(to, byte),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decode_takes_back_what_encode_wrote() {
        let text: String = (0..0x250).filter_map(char::from_u32).filter(|c| *c != '%').collect();
        for set in [Set::Control, Set::Fragment, Set::Query, Set::SpecialQuery, Set::Path, Set::UserInfo] {
            let encoded = set.encode(&text);
            assert!(encoded.is_ascii());
            assert_eq!(String::from_utf8(decode(encoded.as_bytes())).unwrap(), text, "{set:?}");
        }
        assert_eq!(decode(b"%%41%4%zz%"), b"%A%4%zz%");
    }

    #[test]
    fn forms_come_back() {
        let list = ["a b", "&=+%", "", "ü€", "*-._~'", "\u{1F600}"];
        let mut query = String::new();
        for (at, one) in list.iter().enumerate() {
            if at > 0 {
                query.push(if at % 2 == 0 { '&' } else { '=' });
            }
            push_form(&mut query, one);
        }
        assert_eq!(parse_form(&query), list);
        assert_eq!(parse_form("&&a&=b&c=d=e"), ["a", "", "", "b", "c", "d=e"]);
    }
}
