//! The address of a server's agent endpoint, as `MeshServer` and relay commands give it.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

/// Where to open a WebSocket.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ServerUrl {
    /// True for `wss`. [`ServerUrl::parse`] gives nothing else.
    pub tls: bool,
    /// Host name in lower case, or an address; an IPv6 address stands here without brackets.
    pub host: String,
    /// TCP port, never 0.
    pub port: u16,
    /// What goes into the request line; begins with `/`.
    pub path_and_query: String,
}

impl ServerUrl {
    /// Cap on the text, in bytes.
    pub const MAX_LEN: usize = 4096;

    /// Reads `wss://host[:port][/path][?query]`; `https` means the same.
    ///
    /// # Errors
    /// [`UrlError::NotEncrypted`] for `ws://`: without a TLS certificate neither side can prove anything
    /// (agent-channel spec 3.1). Otherwise what is wrong with the text.
    pub fn parse(text: &str) -> Result<ServerUrl, UrlError> {
        let url = ServerUrl::parse_allowing_plain(text)?;
        match url.tls {
            true => Ok(url),
            false => Err(UrlError::NotEncrypted),
        }
    }

    /// As [`ServerUrl::parse`], and takes `ws://` and `http://` too: for loopback and for what stands behind a proxy.
    ///
    /// # Errors
    /// What is wrong with the text.
    pub fn parse_allowing_plain(text: &str) -> Result<ServerUrl, UrlError> {
        if text.len() > ServerUrl::MAX_LEN {
            return Err(UrlError::TooLong { limit: ServerUrl::MAX_LEN, got: text.len() });
        }
        // Blanks and control characters would end up in a request line.
        if let Some(at) = text.bytes().position(|byte| !byte.is_ascii_graphic()) {
            return Err(UrlError::BadCharacter { at });
        }
        let (scheme, rest) = text.split_once("://").ok_or(UrlError::NoScheme)?;
        let tls = match scheme.to_ascii_lowercase().as_str() {
            "wss" | "https" => true,
            "ws" | "http" => false,
            _ => return Err(UrlError::OtherScheme { scheme: scheme.to_owned() }),
        };
        let rest = rest.split('#').next().unwrap_or("");
        let (authority, target) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        let (host, port) = authority_parts(authority, if tls { 443 } else { 80 })?;
        let path_and_query = match target.starts_with('/') {
            true => target.to_owned(),
            false => format!("/{target}"),
        };
        Ok(ServerUrl { tls, host, port, path_and_query })
    }

    /// Reads an address a server gave on its channel: `*/path` means this url's scheme, host and port.
    ///
    /// # Errors
    /// As [`ServerUrl::parse`]; plain addresses are refused unless this one is plain.
    pub fn join(&self, text: &str) -> Result<ServerUrl, UrlError> {
        match text.strip_prefix('*') {
            Some(path) if path.starts_with('/') => {
                ServerUrl::parse_allowing_plain(&format!("{}://{}{path}", self.scheme(), self.authority()))
            }
            Some(_) => Err(UrlError::NoScheme),
            None if self.tls => ServerUrl::parse(text),
            None => ServerUrl::parse_allowing_plain(text),
        }
    }

    /// Host and port for the `Host` header: the port only if it is not the scheme's own.
    pub fn authority(&self) -> String {
        let host = match self.host.contains(':') {
            true => format!("[{}]", self.host),
            false => self.host.clone(),
        };
        match (self.tls, self.port) {
            (true, 443) | (false, 80) => host,
            (_, port) => format!("{host}:{port}"),
        }
    }

    /// The address, if the host is one and no name.
    pub fn address(&self) -> Option<IpAddr> {
        self.host.parse().ok()
    }

    fn scheme(&self) -> &'static str {
        if self.tls { "wss" } else { "ws" }
    }
}

impl fmt::Display for ServerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}{}", self.scheme(), self.authority(), self.path_and_query)
    }
}

impl std::str::FromStr for ServerUrl {
    type Err = UrlError;

    fn from_str(text: &str) -> Result<ServerUrl, UrlError> {
        ServerUrl::parse(text)
    }
}

/// Why a text is not the address of a server.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UrlError {
    /// `ws://`. Usual cause: a server behind a TLS terminator wrote its inner address.
    NotEncrypted,
    /// There is no `scheme://`.
    NoScheme,
    /// The scheme is not one for WebSockets.
    OtherScheme { scheme: String },
    /// Longer than any sensible address.
    TooLong { limit: usize, got: usize },
    /// A blank, a control character or a letter outside ASCII.
    BadCharacter { at: usize },
    /// User name and password in front of the host.
    Credentials,
    /// The host is empty, or not a host name or an address.
    BadHost { host: String },
    /// The port is not a number from 1 to 65535.
    BadPort { port: String },
}

impl fmt::Display for UrlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            UrlError::NotEncrypted => f.write_str(
                "the address begins with ws://; an agent needs wss:// because it proves itself by the TLS certificate",
            ),
            UrlError::NoScheme => f.write_str("the address must look like wss://host:port/agent.ashx"),
            UrlError::OtherScheme { scheme } => {
                write!(f, "the address begins with {scheme:?}://, but must begin with wss://")
            }
            UrlError::TooLong { limit, got } => write!(f, "the address has {got} characters; the limit is {limit}"),
            UrlError::BadCharacter { at } => write!(
                f,
                "character {} of the address is a blank or not plain ASCII; write names of other scripts as xn--…",
                at + 1
            ),
            UrlError::Credentials => f.write_str("the address must not hold a user name or a password (the part before @)"),
            UrlError::BadHost { host } => write!(f, "{host:?} is neither a host name nor an address"),
            UrlError::BadPort { port } => write!(f, "{port:?} is not a port; give a number from 1 to 65535"),
        }
    }
}

impl std::error::Error for UrlError {}

fn authority_parts(authority: &str, default_port: u16) -> Result<(String, u16), UrlError> {
    if authority.contains('@') {
        return Err(UrlError::Credentials);
    }
    let bad_host = || UrlError::BadHost { host: authority.to_owned() };
    let (host, port) = match authority.strip_prefix('[') {
        Some(rest) => {
            let (inner, after) = rest.split_once(']').ok_or_else(bad_host)?;
            let address: Ipv6Addr = inner.parse().map_err(|_| bad_host())?;
            let port = match after {
                "" => None,
                after => Some(after.strip_prefix(':').ok_or_else(bad_host)?),
            };
            (address.to_string(), port)
        }
        None => {
            let (name, port) = match authority.split_once(':') {
                Some((name, port)) => (name, Some(port)),
                None => (authority, None),
            };
            let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
            if name.is_empty() || name.len() > 253 || !name.bytes().all(fits) {
                return Err(bad_host());
            }
            (name.to_ascii_lowercase(), port)
        }
    };
    let port = match port {
        None => default_port,
        Some(text) => match text.parse() {
            Ok(port) if port != 0 && text.bytes().all(|byte| byte.is_ascii_digit()) => port,
            _ => return Err(UrlError::BadPort { port: text.to_owned() }),
        },
    };
    Ok((host, port))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn url(host: &str, port: u16, path_and_query: &str) -> ServerUrl {
        ServerUrl { tls: true, host: host.into(), port, path_and_query: path_and_query.into() }
    }

    #[test]
    fn addresses_seen_in_msh_files() {
        for (text, expected) in [
            ("wss://127.0.0.1:21001/agent.ashx", url("127.0.0.1", 21001, "/agent.ashx")),
            ("wss://mesh.example.com:443/agent.ashx", url("mesh.example.com", 443, "/agent.ashx")),
            (
                "wss://Mesh.Example.com/dom/agent.ashx?key=a/b",
                url("mesh.example.com", 443, "/dom/agent.ashx?key=a/b"),
            ),
            ("wss://[fe80::1]:4433/agent.ashx", url("fe80::1", 4433, "/agent.ashx")),
            ("https://h?q=1#part", url("h", 443, "/?q=1")),
            ("WSS://h", url("h", 443, "/")),
        ] {
            assert_eq!(ServerUrl::parse(text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn plain_websockets_are_refused_with_the_reason() {
        let error = ServerUrl::parse("ws://h/agent.ashx").unwrap_err();
        assert_eq!(error, UrlError::NotEncrypted);
        assert!(error.to_string().contains("needs wss://"));
        assert!(!ServerUrl::parse_allowing_plain("ws://h:80/x").unwrap().tls);
    }

    #[test]
    fn bad_addresses_say_what_is_bad() {
        use UrlError::*;
        for (text, expected) in [
            ("", NoScheme),
            ("mesh.example.com", NoScheme),
            ("ftp://h", OtherScheme { scheme: "ftp".into() }),
            ("wss://", BadHost { host: "".into() }),
            ("wss://:443/", BadHost { host: ":443".into() }),
            ("wss://h:0/", BadPort { port: "0".into() }),
            ("wss://h:65536/", BadPort { port: "65536".into() }),
            ("wss://h:+80/", BadPort { port: "+80".into() }),
            ("wss://h:/", BadPort { port: "".into() }),
            ("wss://a:b:1/", BadPort { port: "b:1".into() }),
            ("wss://[::1/", BadHost { host: "[::1".into() }),
            ("wss://[::1]443/", BadHost { host: "[::1]443".into() }),
            ("wss://user:word@h/", Credentials),
            ("wss://h/a b", BadCharacter { at: 9 }),
            ("wss://h/a\r\nX: y", BadCharacter { at: 9 }),
            ("wss://bücher.example/", BadCharacter { at: 7 }),
        ] {
            assert_eq!(ServerUrl::parse(text), Err(expected), "{text}");
        }
        let long = format!("wss://h/{}", "a".repeat(5000));
        assert_eq!(ServerUrl::parse(&long), Err(TooLong { limit: 4096, got: 5008 }));
    }

    #[test]
    fn a_star_means_the_channels_own_server() {
        let channel = url("fe80::1", 4433, "/agent.ashx");
        let relay = channel.join("*/meshrelay.ashx?id=1").unwrap();
        assert_eq!(relay, url("fe80::1", 4433, "/meshrelay.ashx?id=1"));
        assert_eq!(channel.join("wss://other/x"), Ok(url("other", 443, "/x")));
        assert_eq!(channel.join("ws://other/x"), Err(UrlError::NotEncrypted));
        assert_eq!(channel.join("*.example.com/x"), Err(UrlError::NoScheme));
    }

    proptest! {
        #[test]
        fn display_is_the_inverse_of_parse(
            tls in any::<bool>(),
            host in prop_oneof!["[a-z0-9]{1,10}(\\.[a-z0-9-]{1,10}){0,3}", any::<[u8; 4]>().prop_map(|a| IpAddr::from(a).to_string()),
                any::<[u8; 16]>().prop_map(|a| IpAddr::from(a).to_string())],
            port in 1u16..,
            path_and_query in "/[a-zA-Z0-9/._-]{0,20}(\\?[a-z=&%0-9]{0,20})?",
        ) {
            let url = ServerUrl { tls, host, port, path_and_query };
            prop_assert_eq!(ServerUrl::parse_allowing_plain(&url.to_string()), Ok(url));
        }

        #[test]
        fn what_parses_once_parses_again(text in "(wss?://)?[a-z0-9.:/?#@\\[\\]%*-]{0,40}") {
            if let Ok(url) = ServerUrl::parse_allowing_plain(&text) {
                prop_assert_eq!(ServerUrl::parse_allowing_plain(&url.to_string()), Ok(url));
            }
        }
    }
}
