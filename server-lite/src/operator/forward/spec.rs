//! What `forward` is told to listen on, and where to lead it.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use crate::operator::error::OperatorError;

/// One `[ADDR:]PORT:HOST:HOSTPORT`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Forward {
    /// Where to listen.
    pub listen: SocketAddr,
    /// What the device connects to, by its own names.
    pub host: String,
    /// The port there.
    pub port: u16,
}

impl Forward {
    /// Reads `[ADDR:]PORT:HOST:HOSTPORT`; addresses of IPv6 stand in brackets. Port 0 is any free one.
    ///
    /// # Errors
    /// [`OperatorError::Usage`].
    pub fn parse(text: &str) -> Result<Forward, OperatorError> {
        let wrong = || {
            OperatorError::Usage(format!(
                "{text:?} is not [ADDR:]PORT:HOST:HOSTPORT, as in 8080:localhost:80 or [::1]:8080:[fd00::1]:80"
            ))
        };
        let parts = parts(text).ok_or_else(wrong)?;
        let (listen, host, port) = match parts.as_slice() {
            [port, host, to] => (listen(None, port), host, to),
            [address, port, host, to] => (listen(Some(address), port), host, to),
            _ => return Err(wrong()),
        };
        let port: u16 = port.parse().ok().filter(|port| *port != 0).ok_or_else(wrong)?;
        if host.is_empty() || host.len() > MAX_HOST {
            return Err(wrong());
        }
        Ok(Forward { listen: listen.ok_or_else(wrong)?, host: host.clone(), port })
    }
}

/// Reads `[ADDR:]PORT` of a proxy.
///
/// # Errors
/// [`OperatorError::Usage`].
pub fn parse_listen(text: &str) -> Result<SocketAddr, OperatorError> {
    let parts = parts(text);
    let found = match parts.as_deref() {
        Some([port]) => listen(None, port),
        Some([address, port]) => listen(Some(address), port),
        _ => None,
    };
    found.ok_or_else(|| {
        OperatorError::Usage(format!("{text:?} is not [ADDR:]PORT, as in 1080 or 127.0.0.1:1080"))
    })
}

/// Longest name of a host.
const MAX_HOST: usize = 255;

fn listen(address: Option<&String>, port: &str) -> Option<SocketAddr> {
    let port = port.parse().ok()?;
    let address = match address.map(String::as_str) {
        None | Some("localhost") => IpAddr::V4(Ipv4Addr::LOCALHOST),
        Some("*" | "") => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        Some(text) => text.parse().ok()?,
    };
    Some(SocketAddr::new(address, port))
}

/// Splits at colons outside of brackets; the brackets go.
fn parts(text: &str) -> Option<Vec<String>> {
    let mut parts = vec![String::new()];
    let mut inside = false;
    for c in text.chars() {
        match (c, inside) {
            ('[', false) => inside = true,
            (']', true) => inside = false,
            (':', false) => parts.push(String::new()),
            ('[', true) | (']', false) => return None,
            (c, _) => parts.last_mut()?.push(c),
        }
    }
    (!inside).then_some(parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forwards_are_read_as_ssh_reads_them() {
        let read = |text: &str| {
            let forward = Forward::parse(text).unwrap();
            (forward.listen.to_string(), forward.host, forward.port)
        };
        assert_eq!(read("8080:localhost:80"), ("127.0.0.1:8080".into(), "localhost".into(), 80));
        assert_eq!(read("0.0.0.0:0:10.0.0.1:22"), ("0.0.0.0:0".into(), "10.0.0.1".into(), 22));
        assert_eq!(read("[::1]:8080:[fd00::1]:443"), ("[::1]:8080".into(), "fd00::1".into(), 443));
        assert_eq!(read("*:1:h:2").0, "0.0.0.0:1");
        for bad in
            ["", "80", "80:host", "80:host:0", "80:host:x", "70000:h:1", "x:80:h:1", "80::1", "[::1:80:h:1"]
        {
            assert!(matches!(Forward::parse(bad), Err(OperatorError::Usage(_))), "{bad}");
        }
    }

    #[test]
    fn a_proxy_listens_on_this_machine_alone() {
        assert_eq!(parse_listen("1080").unwrap().to_string(), "127.0.0.1:1080");
        assert_eq!(parse_listen("[::]:1080").unwrap().to_string(), "[::]:1080");
        assert!(parse_listen("a:b:c").is_err() && parse_listen("").is_err());
    }
}
