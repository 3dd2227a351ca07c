//! The query of a relay address, as clients send it and as `value` of a tunnel message has it (spec 3.1).

use std::fmt;

use microstack::http::Request;
use microstack::wire::id::NodeId;

use super::Target;
use crate::model::parse_node;

/// What an address says. Cookies and tokens are kept as they stand; nothing is proved by being here.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct RelayUrl {
    /// The name under which two meet.
    pub id: Option<String>,
    /// `p`, the kind of session.
    pub protocol: Option<u16>,
    /// The device.
    pub node: Option<NodeId>,
    /// A device's token.
    pub rauth: Option<String>,
    /// `noping=1`: no pings to this pair.
    pub noping: bool,
    /// A port behind the device instead of a session.
    pub target: Option<Target>,
}

/// What is wrong with an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UrlFault(pub &'static str);

/// Longest id, in bytes.
const MAX_ID: usize = 128;
/// Longest name of a target, in bytes (RFC 1035).
const MAX_HOST: usize = 253;

/// True for a name under which two may meet: it goes into addresses as it stands.
pub fn is_tunnel_id(id: &str) -> bool {
    (1..=MAX_ID).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || b"@$_-.".contains(&b))
}

impl RelayUrl {
    /// Reads a request for `/meshrelay.ashx`.
    ///
    /// # Errors
    /// [`UrlFault`] says what is wrong.
    pub fn of_request(request: &Request) -> Result<RelayUrl, UrlFault> {
        RelayUrl::of_pairs(request.query())
    }

    /// Reads the `value` of a tunnel message: `*/meshrelay.ashx?…`, an address on the agent's own server.
    ///
    /// # Errors
    /// [`UrlFault`] says what is wrong.
    pub fn of_value(value: &str) -> Result<RelayUrl, UrlFault> {
        let Some(target) = value.strip_prefix("*/meshrelay.ashx") else {
            return Err(UrlFault("the address must begin with */meshrelay.ashx"));
        };
        let request = Request {
            method: "GET".into(),
            target: format!("/meshrelay.ashx{target}"),
            is_http_1_1: true,
            headers: microstack::http::Headers::new(),
            body: Vec::new(),
        };
        RelayUrl::of_request(&request)
    }

    /// The address for an agent, with a token.
    pub fn value_for_agent(&self, id: &str, node: &str, token: &str) -> String {
        let protocol = self.protocol.map(|p| format!("p={p}&")).unwrap_or_default();
        let noping = if self.noping { "&noping=1" } else { "" };
        format!("*/meshrelay.ashx?{protocol}nodeid={node}&id={id}&rauth={token}{noping}")
    }

    fn of_pairs(pairs: Vec<(String, String)>) -> Result<RelayUrl, UrlFault> {
        let mut url = RelayUrl::default();
        let (mut tcp, mut udp, mut host) = (None, None, None);
        for (name, value) in pairs {
            match name.as_str() {
                "id" if !is_tunnel_id(&value) => {
                    return Err(UrlFault("id must have 1 to 128 letters, digits, or @ $ _ - ."));
                }
                "id" => url.id = Some(value),
                "p" => url.protocol = Some(value.parse().map_err(|_| UrlFault("p must be a number"))?),
                "nodeid" => {
                    url.node = Some(parse_node(&value).ok_or(UrlFault("nodeid must name a device"))?);
                }
                "rauth" => url.rauth = Some(value),
                "noping" => url.noping = value == "1",
                "tcpport" => tcp = Some(port(&value)?),
                "udpport" => udp = Some(port(&value)?),
                "tcpaddr" | "udpaddr" => host = Some(check_host(value)?),
                _ => {}
            }
        }
        url.target = match (tcp, udp) {
            (Some(_), Some(_)) => return Err(UrlFault("tcpport and udpport exclude each other")),
            (Some(port), None) => Some(Target::Tcp { host, port }),
            (None, Some(port)) => Some(Target::Udp { host, port }),
            (None, None) => None,
        };
        Ok(url)
    }
}

/// A port other than 0.
pub(crate) fn port(text: &str) -> Result<u16, UrlFault> {
    let port = text.parse().map_err(|_| UrlFault("a port is a number from 1 to 65535"))?;
    if port == 0 { Err(UrlFault("a port is a number from 1 to 65535")) } else { Ok(port) }
}

/// A host name or an address, of harmless characters.
pub(crate) fn check_host(host: String) -> Result<String, UrlFault> {
    let fits = (1..=MAX_HOST).contains(&host.len())
        && host.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._:[]%".contains(&b));
    if fits { Ok(host) } else { Err(UrlFault("the address of a port must be a host name or an IP address")) }
}

impl fmt::Debug for RelayUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RelayUrl")
            .field("id", &self.id)
            .field("protocol", &self.protocol)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::node_text;

    #[test]
    fn addresses_of_all_programs_are_read() {
        let node = NodeId([0xFB; 48]);
        let name = node_text(&node);
        let coded = name.replace('$', "%24").replace('@', "%40").replace('/', "%2F");
        for name in [name.clone(), coded, node.to_text64()] {
            let value = format!("*/meshrelay.ashx?browser=1&p=5&nodeid={name}&id=ff9f411924ef&rauth=a@b%24=");
            let url = RelayUrl::of_value(&value).unwrap();
            assert_eq!(
                (url.id.as_deref(), url.protocol, url.node),
                (Some("ff9f411924ef"), Some(5), Some(node))
            );
            assert_eq!(url.rauth.as_deref(), Some("a@b$="));
        }
        let url = RelayUrl::of_value("*/meshrelay.ashx?id=a@b$c&tcpport=22&tcpaddr=10.0.0.1").unwrap();
        assert_eq!(url.target, Some(Target::Tcp { host: Some("10.0.0.1".into()), port: 22 }));
        let again = RelayUrl::of_value(&url.value_for_agent("a@b$c", &name, "00ff")).unwrap();
        assert_eq!((again.id.as_deref(), again.rauth.as_deref()), (Some("a@b$c"), Some("00ff")));
    }

    #[test]
    fn other_places_and_odd_values_are_refused() {
        for value in [
            "https://elsewhere/meshrelay.ashx?id=a",
            "*/control.ashx?id=a",
            "*/meshrelay.ashx?id=",
            "*/meshrelay.ashx?id=a%20b",
            "*/meshrelay.ashx?id=a&p=x",
            "*/meshrelay.ashx?id=a&nodeid=node//short",
            "*/meshrelay.ashx?id=a&tcpport=0",
            "*/meshrelay.ashx?id=a&tcpport=70000",
            "*/meshrelay.ashx?id=a&tcpport=1&udpport=1",
            "*/meshrelay.ashx?id=a&tcpport=1&tcpaddr=a%0Ab",
        ] {
            assert!(RelayUrl::of_value(value).is_err(), "{value}");
        }
    }
}
