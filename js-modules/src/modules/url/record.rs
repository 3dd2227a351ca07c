//! A parsed URL (URL standard 4.1): its parts, how it is written, and the setters of the API (6.1).

use super::parser::{self, State};
use super::percent::Set;

/// A URL.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Record {
    pub(super) scheme: String,
    pub(super) username: String,
    pub(super) password: String,
    /// As it is written; `Some("")` is the empty host.
    pub(super) host: Option<String>,
    pub(super) port: Option<u16>,
    pub(super) path: Path,
    pub(super) query: Option<String>,
    pub(super) fragment: Option<String>,
}

/// The path of a URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Path {
    /// Of a URL such as `mailto:a@b`.
    Opaque(String),
    /// Segments, each with a slash in front when written.
    Segments(Vec<String>),
}

impl Default for Path {
    fn default() -> Self {
        Path::Segments(Vec::new())
    }
}

/// The port that goes without saying, for special schemes with one.
pub fn default_port(scheme: &str) -> Option<u16> {
    Some(match scheme {
        "ftp" => 21,
        "http" | "ws" => 80,
        "https" | "wss" => 443,
        _ => return None,
    })
}

/// Whether a scheme is one of those the standard knows more about.
pub fn is_special(scheme: &str) -> bool {
    scheme == "file" || default_port(scheme).is_some()
}

impl Record {
    /// Parses a text, relative to `base` if there is one.
    pub fn parse(input: &str, base: Option<&Record>) -> Option<Record> {
        let mut url = Record::default();
        parser::run(input, base, &mut url, None).ok()?;
        Some(url)
    }

    /// The whole URL.
    pub fn href(&self) -> String {
        let mut out = format!("{}:", self.scheme);
        if let Some(host) = &self.host {
            out.push_str("//");
            if self.has_credentials() {
                out.push_str(&self.username);
                if !self.password.is_empty() {
                    out.push(':');
                    out.push_str(&self.password);
                }
                out.push('@');
            }
            out.push_str(host);
            if let Some(port) = self.port {
                out.push_str(&format!(":{port}"));
            }
        } else if let Path::Segments(all) = &self.path
            && all.len() > 1
            && all[0].is_empty()
        {
            // Else the path would read as a host.
            out.push_str("/.");
        }
        out.push_str(&self.pathname());
        for (mark, part) in [('?', &self.query), ('#', &self.fragment)] {
            if let Some(part) = part {
                out.push(mark);
                out.push_str(part);
            }
        }
        out
    }

    /// Scheme, host and port, or `null`.
    pub fn origin(&self) -> String {
        match self.scheme.as_str() {
            "blob" => match Record::parse(&self.pathname(), None) {
                Some(inner) if matches!(inner.scheme.as_str(), "http" | "https") => inner.origin(),
                _ => "null".to_owned(),
            },
            scheme if default_port(scheme).is_some() => format!("{scheme}://{}", self.host_and_port()),
            _ => "null".to_owned(),
        }
    }

    /// The scheme with its colon.
    pub fn protocol(&self) -> String {
        format!("{}:", self.scheme)
    }

    /// Host and, if it has to be said, port.
    pub fn host_and_port(&self) -> String {
        let host = self.host.as_deref().unwrap_or_default();
        self.port.map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
    }

    /// The path as it is written.
    pub fn pathname(&self) -> String {
        match &self.path {
            Path::Opaque(path) => path.clone(),
            Path::Segments(all) => all.iter().flat_map(|segment| ["/", segment]).collect(),
        }
    }

    /// The query with its question mark; nothing for an empty one.
    pub fn search(&self) -> String {
        marked('?', self.query.as_deref())
    }

    /// The fragment with its mark; nothing for an empty one.
    pub fn hash(&self) -> String {
        marked('#', self.fragment.as_deref())
    }

    pub(super) fn is_special(&self) -> bool {
        is_special(&self.scheme)
    }

    pub(super) fn is_opaque(&self) -> bool {
        matches!(self.path, Path::Opaque(_))
    }

    pub(super) fn has_credentials(&self) -> bool {
        !self.username.is_empty() || !self.password.is_empty()
    }

    fn takes_credentials(&self) -> bool {
        self.host.as_deref().is_some_and(|host| !host.is_empty()) && self.scheme != "file"
    }

    /// Runs the parser on one part. It fails before it changes that part; a host before a wrong port is taken.
    fn change(&mut self, value: &str, part: State) -> bool {
        parser::run(value, None, self, Some(part)).is_ok()
    }

    /// Sets the scheme.
    pub fn set_protocol(&mut self, value: &str) -> bool {
        self.change(&format!("{value}:"), State::SchemeStart)
    }

    /// Sets the user's name.
    pub fn set_username(&mut self, value: &str) -> bool {
        let can = self.takes_credentials();
        if can {
            self.username = Set::UserInfo.encode(value);
        }
        can
    }

    /// Sets the password.
    pub fn set_password(&mut self, value: &str) -> bool {
        let can = self.takes_credentials();
        if can {
            self.password = Set::UserInfo.encode(value);
        }
        can
    }

    /// Sets host and port.
    pub fn set_host(&mut self, value: &str) -> bool {
        !self.is_opaque() && self.change(value, State::Host)
    }

    /// Sets the host alone.
    pub fn set_hostname(&mut self, value: &str) -> bool {
        !self.is_opaque() && self.change(value, State::Hostname)
    }

    /// Sets the port; empty takes it away.
    pub fn set_port(&mut self, value: &str) -> bool {
        if !self.takes_credentials() {
            return false;
        }
        if value.is_empty() {
            self.port = None;
            return true;
        }
        self.change(value, State::Port)
    }

    /// Sets the path.
    pub fn set_pathname(&mut self, value: &str) -> bool {
        if self.is_opaque() {
            return false;
        }
        self.path = Path::default();
        self.change(value, State::PathStart)
    }

    /// Sets the query; empty takes it and its mark away.
    pub fn set_search(&mut self, value: &str) -> bool {
        if value.is_empty() {
            self.set_query(None);
            return true;
        }
        self.query = Some(String::new());
        self.change(value.strip_prefix('?').unwrap_or(value), State::Query)
    }

    /// Sets the query as it is to be written.
    pub fn set_query(&mut self, query: Option<String>) {
        self.query = query;
        self.strip_opaque_path();
    }

    /// Sets the fragment; empty takes it and its mark away.
    pub fn set_hash(&mut self, value: &str) -> bool {
        if value.is_empty() {
            self.fragment = None;
            self.strip_opaque_path();
            return true;
        }
        self.fragment = Some(String::new());
        self.change(value.strip_prefix('#').unwrap_or(value), State::Fragment)
    }

    /// Spaces at the end of the text would be lost by the next parser.
    fn strip_opaque_path(&mut self) {
        if let (Path::Opaque(path), None, None) = (&mut self.path, &self.query, &self.fragment) {
            path.truncate(path.trim_end_matches(' ').len());
        }
    }

    /// Takes the last segment away, but not a drive letter.
    pub(super) fn shorten(&mut self) {
        if let Path::Segments(all) = &mut self.path {
            let drive = self.scheme == "file" && all.len() == 1 && parser::is_drive(&all[0], &[':']);
            if !drive {
                all.pop();
            }
        }
    }

    pub(super) fn push_segment(&mut self, segment: String) {
        if let Path::Segments(all) = &mut self.path {
            all.push(segment);
        }
    }
}

fn marked(mark: char, part: Option<&str>) -> String {
    match part {
        None | Some("") => String::new(),
        Some(part) => format!("{mark}{part}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Record {
        Record::parse(text, None).unwrap_or_else(|| panic!("{text}"))
    }

    #[test]
    fn writing_and_parsing_are_inverse() {
        for text in [
            "https://u:p@example.com:8443/a/b?q=1#f",
            "file:///C:/x",
            "mailto:a@b",
            "foo:/.//p",
            "http://h/?#",
            "foo://h?x",
            "data:x%20?q",
            "http://[::1]:8/",
        ] {
            assert_eq!(url(text).href(), text);
            assert_eq!(url(&url(text).href()), url(text));
        }
    }

    #[test]
    fn setters_refuse_what_does_not_fit() {
        let mut mail = url("mailto:a");
        assert!(
            !mail.set_host("h") && !mail.set_pathname("p") && !mail.set_username("u") && !mail.set_port("1")
        );
        assert_eq!(mail.href(), "mailto:a");
        let mut web = url("http://h:8/");
        assert!(!web.set_port("x") && !web.set_host("") && !web.set_hostname("a b"));
        assert!(web.set_port("80"));
        assert_eq!(web.href(), "http://h/", "a default port is left out");
        assert!(web.set_protocol("foo"));
        assert_eq!(web.href(), "http://h/", "a special scheme stays special");
    }

    /// Texts of what the parser has states for.
    fn text() -> impl proptest::strategy::Strategy<Value = String> {
        let part = proptest::sample::select(vec![
            "http:",
            "file:",
            "foo:",
            "//",
            "/",
            "\\",
            ":",
            "@",
            "?",
            "#",
            "[::1]",
            "[",
            "]",
            "1.2",
            "0x",
            "C|",
            "c:",
            "..",
            ".",
            "%2e",
            "%",
            "a",
            "ü",
            " ",
            "\t",
            "\0",
            "xn--",
            "\u{ad}",
            "80",
            "\u{1F600}",
        ]);
        proptest::strategy::Strategy::prop_map(proptest::collection::vec(part, 0..9), |parts| parts.concat())
    }

    proptest::proptest! {
        #[test]
        fn no_text_upsets_the_parser_and_what_it_writes_it_reads(
            input in text(), base in text(), value in text(), any in "\\PC*",
        ) {
            let base = Record::parse(&base, None);
            let _ = Record::parse(&any, base.as_ref());
            if let Some(mut url) = Record::parse(&input, base.as_ref()) {
                let again = Record::parse(&url.href(), None).map(|url| url.href());
                proptest::prop_assert_eq!(again, Some(url.href()));
                let setters = [
                    Record::set_protocol, Record::set_username, Record::set_password, Record::set_host,
                    Record::set_hostname, Record::set_port, Record::set_pathname, Record::set_search, Record::set_hash,
                ];
                for set in setters {
                    set(&mut url, &value);
                    proptest::prop_assert!(Record::parse(&url.href(), None).is_some(), "{}", url.href());
                }
            }
        }
    }
}
