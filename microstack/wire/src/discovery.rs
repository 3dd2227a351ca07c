//! Finding a server on the local network (agent-channel spec 2.4): the packets, in clear and encrypted.
//!
//! A packet proves nothing. Encryption keeps strangers from reading it; only the handshake on the channel decides.

use std::fmt;
use std::net::IpAddr;

use aes::Aes256;
use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockModeDecrypt, BlockModeEncrypt, KeyIvInit};

use crate::id::sha384;
use crate::{IdError, ServerId, ServerUrl, UrlError, hex};

/// UDP port a server listens on.
pub const SERVER_PORT: u16 = 16989;
/// UDP port an agent listens on.
pub const AGENT_PORT: u16 = 16990;
/// IPv4 multicast group.
pub const GROUP_V4: std::net::Ipv4Addr = std::net::Ipv4Addr::new(239, 255, 255, 235);
/// IPv6 multicast group.
pub const GROUP_V6: std::net::Ipv6Addr = std::net::Ipv6Addr::new(0xFF02, 0, 0, 0, 0, 0, 0, 0xFE);
/// Cap on a packet in clear, in bytes; real agents ignore longer ones.
pub const MAX_PACKET: usize = 1023;

/// One packet in clear.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Packet {
    /// From an agent: is the server with this identity here?
    Query(ServerId),
    /// From another tool: which servers are here?
    Scan,
    /// From a server: here I am.
    Announcement(Announcement),
}

/// Where a server says it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Announcement {
    /// Its identity.
    pub server: ServerId,
    /// Its address with `%s` where the receiver puts the sender's address: `wss://%s:443/agent.ashx`.
    pub url_template: String,
    /// Name and remark, only in the answer to a scan.
    pub label: Option<Label>,
}

/// What a server adds in its answer to a scan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// Display name.
    pub name: String,
    /// Remark.
    pub info: String,
}

impl Packet {
    /// Reads a packet in clear.
    ///
    /// # Errors
    /// [`DiscoveryError`]; a stranger's packet on the same port is the usual cause, so log it quietly.
    pub fn parse(packet: &[u8]) -> Result<Packet, DiscoveryError> {
        if packet.len() > MAX_PACKET {
            return Err(DiscoveryError::TooLong { limit: MAX_PACKET, got: packet.len() });
        }
        let text = std::str::from_utf8(packet).map_err(|_| DiscoveryError::NotText)?;
        if text == SCAN {
            return Ok(Packet::Scan);
        }
        match text.strip_prefix(ANNOUNCEMENT) {
            Some(rest) => Announcement::parse(rest).map(Packet::Announcement),
            None if text.len() == 96 => {
                ServerId::from_hex(text).map(Packet::Query).map_err(DiscoveryError::BadServerId)
            }
            None => Err(DiscoveryError::Unknown),
        }
    }

    /// Writes the packet in clear. Identities are upper case: real agents compare them letter by letter.
    pub fn emit(&self) -> Vec<u8> {
        match self {
            Packet::Query(server) => hex::upper(server.as_bytes()),
            Packet::Scan => SCAN.to_owned(),
            Packet::Announcement(announcement) => announcement.text(),
        }
        .into_bytes()
    }
}

impl Announcement {
    /// The announcement of a server that listens on `port`, for receivers that reach it by IPv6 or by IPv4.
    ///
    /// `path` begins with `/` and is `/agent.ashx` or has the domain in front.
    pub fn new(server: ServerId, port: u16, path: &str, ipv6: bool) -> Announcement {
        let host = if ipv6 { "[%s]" } else { "%s" };
        Announcement { server, url_template: format!("wss://{host}:{port}{path}"), label: None }
    }

    /// The address to connect to if the packet came from `sender`.
    ///
    /// # Errors
    /// [`UrlError`] if that gives no address with TLS.
    pub fn url_for(&self, sender: IpAddr) -> Result<ServerUrl, UrlError> {
        // A dual-stack socket reports IPv4 senders as mapped IPv6 addresses.
        let host = match sender.to_canonical() {
            IpAddr::V4(address) => address.to_string(),
            IpAddr::V6(address) => format!("[{address}]"),
        };
        let placeholder = if self.url_template.contains("[%s]") { "[%s]" } else { "%s" };
        ServerUrl::parse(&self.url_template.replacen(placeholder, &host, 1))
    }

    fn parse(rest: &str) -> Result<Announcement, DiscoveryError> {
        let mut fields = rest.splitn(4, '|');
        let id = fields.next().unwrap_or("");
        let server = match id.len() {
            96 => ServerId::from_hex(id).map_err(DiscoveryError::BadServerId)?,
            got => {
                return Err(DiscoveryError::BadServerId(IdError::Length {
                    what: "a ServerID",
                    expected: 96,
                    got,
                }));
            }
        };
        let url_template =
            fields.next().filter(|url| !url.is_empty()).ok_or(DiscoveryError::NoAddress)?.to_owned();
        let label = match (fields.next(), fields.next()) {
            (Some(name), info) => Some(Label { name: name.to_owned(), info: info.unwrap_or("").to_owned() }),
            _ => None,
        };
        Ok(Announcement { server, url_template, label })
    }

    fn text(&self) -> String {
        // `|` separates the fields, so it cannot stand in those in front.
        let plain = |text: &str| text.replace('|', " ");
        let mut text =
            format!("{ANNOUNCEMENT}{}|{}", hex::upper(self.server.as_bytes()), plain(&self.url_template));
        if let Some(Label { name, info }) = &self.label {
            text.push_str(&format!("|{}", plain(name)));
            if !info.is_empty() {
                text.push_str(&format!("|{info}"));
            }
        }
        text
    }
}

/// The shared secret of encrypted discovery (`DiscoveryKey` in the `.msh` file).
#[derive(Clone)]
pub struct DiscoveryKey([u8; 32]);

impl DiscoveryKey {
    /// Derives the key from its text.
    pub fn new(text: &str) -> DiscoveryKey {
        let mut key = [0; 32];
        key.copy_from_slice(&sha384(text.as_bytes())[..32]);
        DiscoveryKey(key)
    }

    /// Encrypts a packet. `iv` must be drawn anew for every packet.
    pub fn encrypt(&self, iv: [u8; 16], packet: &[u8]) -> Vec<u8> {
        let mut out = vec![0; 16 + (packet.len() / 16 + 1) * 16];
        out[..16].copy_from_slice(&iv);
        out[16..16 + packet.len()].copy_from_slice(packet);
        let cipher = cbc::Encryptor::<Aes256>::new((&self.0).into(), (&iv).into());
        let encrypted = cipher.encrypt_padded::<Pkcs7>(&mut out[16..], packet.len());
        assert!(encrypted.is_ok(), "the buffer has room for the padding by its construction");
        out
    }

    /// Decrypts a packet.
    ///
    /// # Errors
    /// [`DiscoveryError::TooLong`], or [`DiscoveryError::WrongKey`] if the packet is not made with this key.
    pub fn decrypt(&self, packet: &[u8]) -> Result<Vec<u8>, DiscoveryError> {
        let limit = 16 + MAX_PACKET + 16;
        if packet.len() > limit {
            return Err(DiscoveryError::TooLong { limit, got: packet.len() });
        }
        let (iv, body) = packet.split_first_chunk::<16>().ok_or(DiscoveryError::WrongKey)?;
        let mut body = body.to_vec();
        let cipher = cbc::Decryptor::<Aes256>::new((&self.0).into(), iv.into());
        let len = cipher.decrypt_padded::<Pkcs7>(&mut body).map_err(|_| DiscoveryError::WrongKey)?.len();
        body.truncate(len);
        Ok(body)
    }
}

impl fmt::Debug for DiscoveryKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DiscoveryKey(secret)")
    }
}

/// Why a packet is not used.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DiscoveryError {
    /// Longer than any packet of this protocol.
    TooLong { limit: usize, got: usize },
    /// Not UTF-8. Usual cause: the other side encrypts and this one does not.
    NotText,
    /// None of the three packets. Usual cause: another program uses the port.
    Unknown,
    /// The identity in it is malformed.
    BadServerId(IdError),
    /// An announcement without an address.
    NoAddress,
    /// Not encrypted with this key.
    WrongKey,
}

impl fmt::Display for DiscoveryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DiscoveryError::TooLong { limit, got } => {
                write!(f, "a discovery packet of {got} bytes; the limit is {limit}")
            }
            DiscoveryError::NotText => {
                f.write_str("a discovery packet that is no text; does the sender have a DiscoveryKey set?")
            }
            DiscoveryError::Unknown => f.write_str("a packet that is none of the discovery protocol"),
            DiscoveryError::BadServerId(why) => write!(f, "a discovery packet with a bad identity: {why}"),
            DiscoveryError::NoAddress => f.write_str("a server's announcement without an address"),
            DiscoveryError::WrongKey => f.write_str(
                "a discovery packet that this DiscoveryKey does not open; set the same key on both sides",
            ),
        }
    }
}

impl std::error::Error for DiscoveryError {}

const ANNOUNCEMENT: &str = "MeshCentral2|";
const SCAN: &str = "MeshServerScan";

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn announcement() -> Announcement {
        Announcement::new(ServerId([0xAB; 48]), 443, "/agent.ashx", false)
    }

    #[test]
    fn the_text_of_an_announcement() {
        let expected = format!("MeshCentral2|{}|wss://%s:443/agent.ashx", "AB".repeat(48));
        assert_eq!(Packet::Announcement(announcement()).emit(), expected.as_bytes());
    }

    #[test]
    fn the_senders_address_becomes_the_host() {
        let v4 = announcement();
        let v6 = Announcement::new(ServerId([0xAB; 48]), 8443, "/dom/agent.ashx", true);
        let url = |announcement: &Announcement, sender: &str| {
            announcement.url_for(sender.parse().unwrap()).unwrap().to_string()
        };
        assert_eq!(url(&v4, "192.0.2.7"), "wss://192.0.2.7/agent.ashx");
        assert_eq!(url(&v6, "fe80::7"), "wss://[fe80::7]:8443/dom/agent.ashx");
        // The form of the other family, and a mapped address, still give a usable address.
        assert_eq!(url(&v4, "fe80::7"), "wss://[fe80::7]/agent.ashx");
        assert_eq!(url(&v6, "::ffff:192.0.2.7"), "wss://192.0.2.7:8443/dom/agent.ashx");
    }

    #[test]
    fn an_announcement_without_tls_is_not_followed() {
        let plain = Announcement { url_template: "ws://%s/agent.ashx".into(), ..announcement() };
        assert_eq!(plain.url_for([192, 0, 2, 7].into()), Err(UrlError::NotEncrypted));
    }

    #[test]
    fn packets_of_strangers_are_named_and_dropped() {
        assert_eq!(Packet::parse(b"M-SEARCH * HTTP/1.1"), Err(DiscoveryError::Unknown));
        assert_eq!(Packet::parse(&[0xFF]), Err(DiscoveryError::NotText));
        assert_eq!(Packet::parse(&[b'A'; 1024]), Err(DiscoveryError::TooLong { limit: 1023, got: 1024 }));
        assert!(matches!(Packet::parse(&[b'x'; 96]), Err(DiscoveryError::BadServerId(_))));
        assert!(matches!(Packet::parse(b"MeshCentral2|AB|wss://h"), Err(DiscoveryError::BadServerId(_))));
        let id = "AB".repeat(48);
        assert_eq!(Packet::parse(format!("MeshCentral2|{id}").as_bytes()), Err(DiscoveryError::NoAddress));
    }

    #[test]
    fn another_key_opens_nothing() {
        let packet = DiscoveryKey::new("secret").encrypt([7; 16], b"MeshServerScan");
        assert_eq!(DiscoveryKey::new("secret").decrypt(&packet).as_deref(), Ok(&b"MeshServerScan"[..]));
        // Wrong keys pass the padding check one time in 256; what then comes out is no packet.
        for key in 0..600 {
            match DiscoveryKey::new(&key.to_string()).decrypt(&packet) {
                Err(error) => assert_eq!(error, DiscoveryError::WrongKey),
                Ok(text) => assert!(Packet::parse(&text).is_err()),
            }
        }
        assert_eq!(DiscoveryKey::new("secret").decrypt(&packet[..20]), Err(DiscoveryError::WrongKey));
        assert_eq!(DiscoveryKey::new("secret").decrypt(&packet[..16]), Err(DiscoveryError::WrongKey));
        assert_eq!(DiscoveryKey::new("secret").decrypt(&[]), Err(DiscoveryError::WrongKey));
    }

    fn packets() -> impl Strategy<Value = Packet> {
        let id = || any::<[u8; 48]>().prop_map(ServerId);
        let label = ("[^|\0]{0,20}", ".{0,20}").prop_map(|(name, info)| Label { name, info });
        prop_oneof![
            Just(Packet::Scan),
            id().prop_map(Packet::Query),
            (id(), "wss://[%a-z:0-9/\\[\\]]{1,30}", proptest::option::of(label)).prop_map(
                |(server, url_template, label)| Packet::Announcement(Announcement {
                    server,
                    url_template,
                    label
                })
            ),
        ]
    }

    proptest! {
        #[test]
        fn parse_is_the_inverse_of_emit(packet in packets(), key in ".{0,10}", iv in any::<[u8; 16]>()) {
            let plain = packet.emit();
            prop_assert_eq!(Packet::parse(&plain), Ok(packet));
            let key = DiscoveryKey::new(&key);
            prop_assert_eq!(key.decrypt(&key.encrypt(iv, &plain)), Ok(plain));
        }

        #[test]
        fn no_packet_panics(packet in proptest::collection::vec(any::<u8>(), 0..1100)) {
            let _ = (Packet::parse(&packet), DiscoveryKey::new("k").decrypt(&packet));
        }
    }
}
