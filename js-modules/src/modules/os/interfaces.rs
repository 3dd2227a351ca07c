//! Network interfaces, their addresses and default gateways, read by rtnetlink dumps.

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType};

/// One interface, also without addresses.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Interface {
    /// The kernel's number for it.
    pub index: u32,
    /// Such as `eth0`.
    pub name: String,
    /// Hardware address, six bytes for the usual kinds, empty when it has none.
    pub mac: Vec<u8>,
    /// Administratively up.
    pub up: bool,
    /// Up and with a carrier.
    pub running: bool,
    /// The loopback.
    pub loopback: bool,
    /// `ARPHRD_*`: 1 is Ethernet, 772 loopback.
    pub kind: u16,
    /// Its addresses in the kernel's order.
    pub addresses: Vec<Address>,
    /// The gateway of the IPv4 default route through it, lowest metric first.
    pub gateway: Option<Ipv4Addr>,
}

/// One address of an interface.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// The address.
    pub ip: IpAddr,
    /// Bits of the network part.
    pub prefix: u8,
    /// IPv6 link-local: it needs the interface's number to be used.
    pub link_local: bool,
}

impl Address {
    /// The network mask as an address.
    pub fn netmask(&self) -> IpAddr {
        match self.ip {
            IpAddr::V4(_) => {
                let bits = u32::MAX.checked_shl(32 - u32::from(self.prefix.min(32))).unwrap_or(0);
                IpAddr::V4(Ipv4Addr::from(bits))
            }
            IpAddr::V6(_) => {
                let bits = u128::MAX.checked_shl(128 - u32::from(self.prefix.min(128))).unwrap_or(0);
                IpAddr::V6(Ipv6Addr::from(bits))
            }
        }
    }
}

/// All interfaces, in the kernel's order.
///
/// # Errors
/// What the system says when it gives no netlink socket or answers with an error.
pub fn interfaces() -> io::Result<Vec<Interface>> {
    let mut by_index: BTreeMap<u32, Interface> = BTreeMap::new();
    dump(RTM_GETLINK, 16, |body| {
        if let Some(interface) = link(body) {
            by_index.insert(interface.index, interface);
        }
    })?;
    dump(RTM_GETADDR, 8, |body| {
        if let Some((index, address)) = address(body)
            && let Some(interface) = by_index.get_mut(&index)
        {
            interface.addresses.push(address);
        }
    })?;
    let mut best: BTreeMap<u32, u32> = BTreeMap::new();
    dump(RTM_GETROUTE, 12, |body| {
        if let Some((index, metric, gateway)) = default_route(body)
            && let Some(interface) = by_index.get_mut(&index)
            && best.get(&index).is_none_or(|known| metric < *known)
        {
            best.insert(index, metric);
            interface.gateway = Some(gateway);
        }
    })?;
    Ok(by_index.into_values().collect())
}

// linux/rtnetlink.h, linux/netlink.h, linux/if_link.h, linux/if_addr.h
const RTM_GETLINK: u16 = 0x12;
const RTM_GETADDR: u16 = 0x16;
const RTM_GETROUTE: u16 = 0x1a;
const NLM_F_REQUEST: u16 = 0x01;
const NLM_F_DUMP: u16 = 0x300;
const NLMSG_ERROR: u16 = 0x02;
const NLMSG_DONE: u16 = 0x03;
const HEADER: usize = 16;
const IFLA_ADDRESS: u16 = 1;
const IFLA_IFNAME: u16 = 3;
const IFF_UP: u32 = 0x1;
const IFF_LOOPBACK: u32 = 0x8;
const IFF_RUNNING: u32 = 0x40;
const IFA_ADDRESS: u16 = 1;
const IFA_LOCAL: u16 = 2;
const RTA_OIF: u16 = 4;
const RTA_GATEWAY: u16 = 5;
const RTA_PRIORITY: u16 = 6;
const RT_TABLE_MAIN: u8 = 254;
const AF_INET: u8 = 2;
const AF_INET6: u8 = 10;
const SCOPE_LINK: u8 = 253;

/// The kernel's dumps come in parts of at most this; the documented safe size.
const PART: usize = 32 << 10;
/// A dump larger than this is not from a machine we know.
const MAX_PARTS: usize = 4096;

/// Asks for a dump and hands each message's body (of at least `family_header` bytes) to `each`.
fn dump(request: u16, family_header: usize, mut each: impl FnMut(&[u8])) -> io::Result<()> {
    let socket =
        rustix::net::socket_with(AddressFamily::NETLINK, SocketType::RAW, SocketFlags::CLOEXEC, None)?;
    let mut message = vec![0u8; HEADER + family_header];
    let length = message.len() as u32;
    message[0..4].copy_from_slice(&length.to_ne_bytes());
    message[4..6].copy_from_slice(&request.to_ne_bytes());
    message[6..8].copy_from_slice(&(NLM_F_REQUEST | NLM_F_DUMP).to_ne_bytes());
    rustix::net::send(&socket, &message, SendFlags::empty())?;
    let mut part = vec![0u8; PART];
    for _ in 0..MAX_PARTS {
        let (got, _) = rustix::net::recv(&socket, &mut part[..], RecvFlags::empty())?;
        let mut rest = &part[..got];
        while let (Some(length), Some(kind)) = (word(rest, 0), half(rest, 4)) {
            let length = length as usize;
            if length < HEADER || length > rest.len() {
                break;
            }
            let body = &rest[HEADER..length];
            match kind {
                NLMSG_DONE => return Ok(()),
                NLMSG_ERROR => {
                    let errno = word(body, 0).map_or(libc::EIO, |n| (n as i32).wrapping_neg());
                    return Err(io::Error::from_raw_os_error(errno));
                }
                _ if body.len() >= family_header => each(body),
                _ => {}
            }
            rest = &rest[aligned(length).min(rest.len())..];
        }
    }
    Err(io::Error::other("the kernel's answer does not end"))
}

fn link(body: &[u8]) -> Option<Interface> {
    let flags = word(body, 8)?;
    let mut interface = Interface {
        kind: half(body, 2)?,
        index: word(body, 4)?,
        up: flags & IFF_UP != 0,
        running: flags & IFF_RUNNING != 0,
        loopback: flags & IFF_LOOPBACK != 0,
        ..Interface::default()
    };
    for (kind, value) in attributes(&body[16..]) {
        match kind {
            IFLA_ADDRESS => interface.mac = value.to_vec(),
            IFLA_IFNAME => {
                let end = value.iter().position(|b| *b == 0).unwrap_or(value.len());
                interface.name = String::from_utf8_lossy(&value[..end]).into_owned();
            }
            _ => {}
        }
    }
    (!interface.name.is_empty()).then_some(interface)
}

fn address(body: &[u8]) -> Option<(u32, Address)> {
    let (family, prefix, scope) = (body[0], body[1], body[3]);
    let index = word(body, 4)?;
    let mut found = None;
    for (kind, value) in attributes(&body[8..]) {
        // IFA_LOCAL wins: on point-to-point links IFA_ADDRESS is the other end.
        if kind == IFA_LOCAL || (kind == IFA_ADDRESS && found.is_none()) {
            found = ip(family, value);
        }
    }
    let link_local = family == AF_INET6 && scope == SCOPE_LINK;
    Some((index, Address { ip: found?, prefix, link_local }))
}

fn default_route(body: &[u8]) -> Option<(u32, u32, Ipv4Addr)> {
    let (family, destination_bits, table) = (body[0], body[1], body[4]);
    if family != AF_INET || destination_bits != 0 || table != RT_TABLE_MAIN {
        return None;
    }
    let (mut index, mut gateway, mut metric) = (None, None, 0);
    for (kind, value) in attributes(&body[12..]) {
        match kind {
            RTA_OIF => index = word(value, 0),
            RTA_PRIORITY => metric = word(value, 0)?,
            RTA_GATEWAY => {
                if let Some(IpAddr::V4(v4)) = ip(AF_INET, value) {
                    gateway = Some(v4);
                }
            }
            _ => {}
        }
    }
    Some((index?, metric, gateway?))
}

fn ip(family: u8, value: &[u8]) -> Option<IpAddr> {
    match family {
        AF_INET => Some(IpAddr::V4(Ipv4Addr::from(<[u8; 4]>::try_from(value).ok()?))),
        AF_INET6 => Some(IpAddr::V6(Ipv6Addr::from(<[u8; 16]>::try_from(value).ok()?))),
        _ => None,
    }
}

/// The attributes of a message; a broken one ends the walk.
fn attributes(mut rest: &[u8]) -> impl Iterator<Item = (u16, &[u8])> {
    std::iter::from_fn(move || {
        let (length, kind) = (usize::from(half(rest, 0)?), half(rest, 2)?);
        if length < 4 || length > rest.len() {
            return None;
        }
        let value = &rest[4..length];
        rest = &rest[aligned(length).min(rest.len())..];
        // The two high bits are flags.
        Some((kind & 0x3fff, value))
    })
}

fn aligned(length: usize) -> usize {
    (length + 3) & !3
}

fn half(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_ne_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_ne_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_loopback_is_found() {
        let all = interfaces().unwrap();
        let lo = all.iter().find(|i| i.loopback).expect("every Linux has a loopback");
        assert_eq!((lo.name.as_str(), lo.kind), ("lo", 772));
        assert!(lo.addresses.iter().any(|a| a.ip == IpAddr::V4(Ipv4Addr::LOCALHOST) && a.prefix == 8));
    }

    #[test]
    fn masks_of_all_lengths() {
        let mask =
            |ip: &str, prefix| Address { ip: ip.parse().unwrap(), prefix, link_local: false }.netmask();
        assert_eq!(mask("10.0.0.1", 0).to_string(), "0.0.0.0");
        assert_eq!(mask("10.0.0.1", 20).to_string(), "255.255.240.0");
        assert_eq!(mask("10.0.0.1", 32).to_string(), "255.255.255.255");
        assert_eq!(mask("::1", 128).to_string(), "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
        assert_eq!(mask("::1", 0).to_string(), "::");
        assert_eq!(mask("::1", 64).to_string(), "ffff:ffff:ffff:ffff::");
    }

    #[test]
    fn a_broken_attribute_ends_the_walk() {
        assert_eq!(attributes(&[3, 0, 1, 0]).count(), 0);
        assert_eq!(attributes(&[200, 0, 1, 0, 9]).count(), 0);
        assert_eq!(attributes(&[5, 0, 1, 0, 9]).collect::<Vec<_>>(), [(1u16, &[9u8][..])]);
    }
}
