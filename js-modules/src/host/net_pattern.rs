//! Which hosts and ports a manifest's `net` entry covers.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// One entry of `net`: `host`, `host:port`, `*.domain`, `*.domain:port`, `*:port`, `*`, `10.0.0.0/8`,
/// `10.0.0.0/8:443`, `[fd00::/8]:443`. Without a port every port is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NetPattern {
    host: HostPattern,
    port: Option<u16>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum HostPattern {
    Any,
    Name(String),
    /// Below this domain; the domain itself is not meant.
    Below(String),
    /// Addresses written as such. A name that leads there is not covered: its grant is by name.
    Network(IpAddr, u8),
}

/// A `net` entry that is no pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadNetPattern(String);

impl fmt::Display for BadNetPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:?} is no host pattern; write `host`, `host:port`, `*.domain`, `*:port` or `10.0.0.0/8:443`",
            self.0
        )
    }
}

impl std::error::Error for BadNetPattern {}

impl NetPattern {
    /// Reads an entry.
    ///
    /// # Errors
    /// [`BadNetPattern`] lists the forms.
    pub fn parse(text: &str) -> Result<NetPattern, BadNetPattern> {
        let bad = || BadNetPattern(text.to_owned());
        let (host, port) = split(text).ok_or_else(bad)?;
        let host = match host {
            "*" => HostPattern::Any,
            host => match host.split_once('/') {
                Some((address, bits)) => {
                    let address: IpAddr = address.parse().map_err(|_| bad())?;
                    let bits: u8 = bits.parse().map_err(|_| bad())?;
                    if bits > if address.is_ipv4() { 32 } else { 128 } {
                        return Err(bad());
                    }
                    HostPattern::Network(address, bits)
                }
                None => match host.parse::<IpAddr>() {
                    Ok(address) => HostPattern::Network(plain(address), full(plain(address))),
                    Err(_) => match host.strip_prefix("*.") {
                        Some(domain) if is_name(domain) => HostPattern::Below(name(domain)),
                        None if is_name(host) => HostPattern::Name(name(host)),
                        _ => return Err(bad()),
                    },
                },
            },
        };
        Ok(NetPattern { host, port })
    }

    /// True when `need`, a `host:port` or a host without port, is covered.
    pub fn covers(&self, need: &str) -> bool {
        let Some((host, port)) = split(need) else { return false };
        // A need without a port is a look-up: whoever may talk to the host may know where it is.
        if let (Some(granted), Some(wanted)) = (self.port, port)
            && granted != wanted
        {
            return false;
        }
        match (&self.host, host.parse::<IpAddr>()) {
            (HostPattern::Any, _) => true,
            (HostPattern::Network(network, bits), Ok(address)) => inside(plain(address), *network, *bits),
            (HostPattern::Name(granted), Err(_)) => *granted == name(host),
            (HostPattern::Below(domain), Err(_)) => name(host)
                .strip_suffix(domain.as_str())
                .is_some_and(|rest| rest.len() > 1 && rest.ends_with('.')),
            _ => false,
        }
    }
}

/// Host and port; the brackets of an IPv6 address are taken off. `None` when the port is no number.
fn split(text: &str) -> Option<(&str, Option<u16>)> {
    if let Some(rest) = text.strip_prefix('[') {
        let (host, rest) = rest.split_once(']')?;
        return match rest.strip_prefix(':') {
            Some(port) => Some((host, Some(port.parse().ok()?))),
            None if rest.is_empty() => Some((host, None)),
            None => None,
        };
    }
    match text.split_once(':') {
        // More than one colon without brackets: an IPv6 address and no port.
        Some((_, rest)) if rest.contains(':') => Some((text, None)),
        Some((host, port)) if !host.is_empty() => Some((host, Some(port.parse().ok()?))),
        Some(_) => None,
        None if text.is_empty() => None,
        None => Some((text, None)),
    }
}

fn is_name(host: &str) -> bool {
    let ok = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_');
    !host.is_empty() && host.len() <= 253 && host.bytes().all(ok)
}

/// Names are compared in lower case and without the dot of the root.
fn name(host: &str) -> String {
    host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase()
}

/// An IPv4 address in IPv6 form is the IPv4 address: the kernel connects to the same host.
fn plain(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V6(six) => six.to_ipv4_mapped().map_or(address, IpAddr::V4),
        four => four,
    }
}

fn full(address: IpAddr) -> u8 {
    if address.is_ipv4() { 32 } else { 128 }
}

fn inside(address: IpAddr, network: IpAddr, bits: u8) -> bool {
    match (address, network) {
        (IpAddr::V4(a), IpAddr::V4(n)) => {
            let mask = u32::MAX.checked_shl(32 - u32::from(bits)).unwrap_or(0);
            Ipv4Addr::to_bits(a) & mask == Ipv4Addr::to_bits(n) & mask
        }
        (IpAddr::V6(a), IpAddr::V6(n)) => {
            let mask = u128::MAX.checked_shl(128 - u32::from(bits)).unwrap_or(0);
            Ipv6Addr::to_bits(a) & mask == Ipv6Addr::to_bits(n) & mask
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::NetPattern;

    fn covers(pattern: &str, need: &str) -> bool {
        NetPattern::parse(pattern).unwrap().covers(need)
    }

    #[test]
    fn each_form_covers_what_it_says_and_nothing_else() {
        for (pattern, yes, no) in [
            (
                "example.com",
                &["example.com:1", "EXAMPLE.com.:2", "example.com"][..],
                &["a.example.com:1"][..],
            ),
            ("example.com:443", &["example.com:443", "example.com"], &["example.com:80", "example.org"]),
            (
                "*.example.com",
                &["a.example.com:1", "b.a.example.com:2"],
                &["example.com:1", "badexample.com:1"],
            ),
            ("*.example.com:80", &["a.example.com:80"], &["a.example.com:81"]),
            ("*:53", &["anything:53", "1.2.3.4:53", "[::1]:53"], &["anything:54"]),
            ("*", &["anything:1", "[::]:0"], &[]),
            (
                "10.0.0.0/8:443",
                &["10.1.2.3:443", "[::ffff:10.1.2.3]:443"],
                &["11.0.0.1:443", "10.1.2.3:80", "ten.example:443"],
            ),
            ("127.0.0.1", &["127.0.0.1:9"], &["127.0.0.2:9", "localhost:9"]),
            ("0.0.0.0/0", &["8.8.8.8:1"], &["[::1]:1", "dns.google:1"]),
            ("[fd00::/8]:443", &["[fd12::1]:443"], &["[fe80::1]:443", "[fd12::1]:80"]),
            ("::1", &["[::1]:7", "::1"], &["[::2]:7"]),
        ] {
            for need in yes {
                assert!(covers(pattern, need), "{pattern} should cover {need}");
            }
            for need in no {
                assert!(!covers(pattern, need), "{pattern} should not cover {need}");
            }
        }
    }

    #[test]
    fn what_is_no_pattern_is_refused_with_the_forms() {
        for text in
            ["", ":80", "a b", "host:port", "host:70000", "10.0.0.0/33", "*x.com", "http://x", "a/8", "[::1"]
        {
            let error = NetPattern::parse(text).unwrap_err().to_string();
            assert!(error.contains("*.domain"), "{text}: {error}");
        }
    }
}
