//! News from the kernel about links, addresses and routes (rtnetlink), so that an agent need not poll.

use std::collections::BTreeMap;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::time::{Duration, Instant};

use mio::Interest;
use mio::unix::SourceFd;
use rustix::net::netlink::SocketAddrNetlink;
use rustix::net::{AddressFamily, RecvFlags, SocketFlags, SocketType};

use crate::chain::{Cx, Wake};

/// What a [`Watch`] reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// Links, addresses or routes of this machine changed, and have been quiet since.
    Changed,
}

/// A component that tells when the machine's network changed.
///
/// A burst of changes is reported once, when [`Watch::QUIET`] passed without another, or after [`Watch::LONGEST`].
pub struct Watch {
    socket: OwnedFd,
    sub: u8,
    ready: bool,
    changed_at: Option<Instant>,
    since: Option<Instant>,
    seen: Seen,
}

impl Watch {
    /// How long the network must be quiet before a change is reported.
    pub const QUIET: Duration = Duration::from_secs(1);
    /// How long a report may be put off by further changes.
    pub const LONGEST: Duration = Duration::from_secs(3);

    /// Subscribes to the kernel's groups LINK, IPV4_IFADDR, IPV6_IFADDR, IPV4_ROUTE and IPV6_ROUTE.
    ///
    /// # Errors
    /// The system's; some sandboxes allow no netlink socket, and the owner then does without.
    pub fn start(cx: &mut Cx<'_>, sub: u8) -> io::Result<Watch> {
        let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
        let socket = rustix::net::socket_with(AddressFamily::NETLINK, SocketType::RAW, flags, None)?;
        rustix::net::bind(&socket, &SocketAddrNetlink::new(0, GROUPS))?;
        cx.register(&mut SourceFd(&socket.as_raw_fd()), sub, Interest::READABLE)?;
        Ok(Watch { socket, sub, ready: false, changed_at: None, since: None, seen: Seen::default() })
    }

    /// Takes in what happened.
    pub fn wake(&mut self, cx: &mut Cx<'_>, wake: &Wake) {
        self.ready |= wake.can_read(self.sub);
        let mut buf = [0u8; 8192];
        let mut left = 16;
        while self.ready {
            if left == 0 {
                cx.again();
                return;
            }
            left -= 1;
            let changed = match rustix::net::recv(&self.socket, &mut buf, RecvFlags::empty()) {
                Ok((_, got)) => self.seen.take(&buf[..got.min(buf.len())]),
                Err(rustix::io::Errno::AGAIN) => {
                    self.ready = false;
                    false
                }
                // The kernel dropped news because we were slow: something did change.
                Err(rustix::io::Errno::NOBUFS) => true,
                Err(rustix::io::Errno::INTR) => false,
                Err(_) => {
                    self.ready = false;
                    false
                }
            };
            if changed {
                self.changed_at = Some(cx.now());
                self.since.get_or_insert(cx.now());
            }
        }
    }

    /// The next report.
    pub fn poll(&mut self, cx: &mut Cx<'_>) -> Option<Event> {
        if cx.now() < self.deadline()? {
            return None;
        }
        self.changed_at = None;
        self.since = None;
        Some(Event::Changed)
    }

    /// When a wake is needed at the latest.
    pub fn deadline(&self) -> Option<Instant> {
        Some((self.changed_at? + Self::QUIET).min(self.since? + Self::LONGEST))
    }
}

// linux/rtnetlink.h: RTMGRP_LINK, RTMGRP_IPV4_IFADDR, RTMGRP_IPV4_ROUTE, RTMGRP_IPV6_IFADDR, RTMGRP_IPV6_ROUTE.
const GROUPS: u32 = 0x1 | 0x10 | 0x40 | 0x100 | 0x400;

// linux/rtnetlink.h, message types.
const RTM_NEWLINK: u16 = 16;
const RTM_DELLINK: u16 = 17;
const RTM_NEWADDR: u16 = 20;
const RTM_DELADDR: u16 = 21;
const RTM_NEWROUTE: u16 = 24;
const RTM_DELROUTE: u16 = 25;

/// linux/rtnetlink.h: a route copied from another one, of no interest.
const RTM_F_CLONED: u32 = 0x200;

/// linux/if.h: IFF_UP, IFF_RUNNING, IFF_LOWER_UP, what decides whether a link carries anything.
const CARRIES: u32 = 0x1 | 0x40 | 0x1_0000;

/// Links remembered.
const MAX_LINKS: usize = 256;

/// Addresses remembered.
const MAX_ADDRESSES: usize = 1024;

/// Tells changes from repetitions: wireless drivers report signal strength as link news, and each router
/// advertisement renews addresses that are there already.
#[derive(Default)]
struct Seen {
    links: BTreeMap<u32, u32>,
    addresses: std::collections::BTreeSet<(u32, Vec<u8>)>,
}

impl Seen {
    /// Reads one datagram of netlink messages (linux/netlink.h) and says whether any is a change.
    fn take(&mut self, mut data: &[u8]) -> bool {
        let mut changed = false;
        while let Some(len) = ne_u32(data, 0) {
            let len = len as usize;
            if len < 16 || len > data.len() {
                break;
            }
            let kind = u16::from_ne_bytes([data[4], data[5]]);
            changed |= self.message(kind, &data[16..len]);
            // Messages are aligned to four bytes.
            data = data.get(len.next_multiple_of(4)..).unwrap_or(&[]);
        }
        changed
    }

    fn message(&mut self, kind: u16, body: &[u8]) -> bool {
        match kind {
            // struct ifinfomsg: family u8, pad u8, type u16, index i32, flags u32, change u32
            RTM_NEWLINK => match (ne_u32(body, 4), ne_u32(body, 8)) {
                (Some(index), Some(flags)) => {
                    if self.links.len() >= MAX_LINKS {
                        self.links.clear();
                    }
                    let before = self.links.insert(index, flags & CARRIES);
                    // The first report of a link may be a repetition; a link that carries nothing is no news.
                    before.map_or(flags & CARRIES == CARRIES, |before| before != flags & CARRIES)
                }
                _ => false,
            },
            RTM_DELLINK => {
                if let Some(index) = ne_u32(body, 4) {
                    self.links.remove(&index);
                }
                true
            }
            // struct ifaddrmsg: family, prefix length, flags, scope (u8 each), index u32, then attributes
            RTM_NEWADDR | RTM_DELADDR => {
                let (Some(index), Some(address)) = (ne_u32(body, 4), attribute(body.get(8..), 1)) else {
                    return true;
                };
                let key = (index, address.to_vec());
                if kind == RTM_DELADDR {
                    self.addresses.remove(&key);
                    return true;
                }
                if self.addresses.len() >= MAX_ADDRESSES {
                    self.addresses.clear();
                }
                self.addresses.insert(key)
            }
            // struct rtmsg: eight u8 fields, then flags u32
            RTM_NEWROUTE | RTM_DELROUTE => ne_u32(body, 8).is_some_and(|flags| flags & RTM_F_CLONED == 0),
            _ => false,
        }
    }
}

/// The value of the first attribute of a kind (struct rtattr: length u16, kind u16, value, padded to four).
fn attribute(data: Option<&[u8]>, wanted: u16) -> Option<&[u8]> {
    let mut data = data?;
    while data.len() >= 4 {
        let len = usize::from(u16::from_ne_bytes([data[0], data[1]]));
        let kind = u16::from_ne_bytes([data[2], data[3]]);
        if len < 4 || len > data.len() {
            return None;
        }
        if kind == wanted {
            return Some(&data[4..len]);
        }
        data = data.get(len.next_multiple_of(4)..)?;
    }
    None
}

fn ne_u32(data: &[u8], at: usize) -> Option<u32> {
    data.get(at..at + 4)?.try_into().ok().map(u32::from_ne_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(kind: u16, body: &[u8]) -> Vec<u8> {
        let len = 16 + body.len();
        let mut out = Vec::new();
        out.extend_from_slice(&(len as u32).to_ne_bytes());
        out.extend_from_slice(&kind.to_ne_bytes());
        out.resize(16, 0);
        out.extend_from_slice(body);
        out.resize(len.next_multiple_of(4), 0);
        out
    }

    fn link(index: u32, flags: u32) -> Vec<u8> {
        let mut body = vec![0; 4];
        body.extend_from_slice(&index.to_ne_bytes());
        body.extend_from_slice(&flags.to_ne_bytes());
        body.extend_from_slice(&0u32.to_ne_bytes());
        message(RTM_NEWLINK, &body)
    }

    fn address(kind: u16, index: u32, ip: [u8; 4]) -> Vec<u8> {
        let mut body = vec![2, 24, 0, 0];
        body.extend_from_slice(&index.to_ne_bytes());
        body.extend_from_slice(&8u16.to_ne_bytes());
        body.extend_from_slice(&1u16.to_ne_bytes());
        body.extend_from_slice(&ip);
        message(kind, &body)
    }

    #[test]
    fn repetitions_are_no_change() {
        let mut seen = Seen::default();
        assert!(seen.take(&link(3, CARRIES)));
        assert!(!seen.take(&link(3, CARRIES)), "signal strength");
        assert!(seen.take(&link(3, 0x1)), "the cable was pulled");
        assert!(seen.take(&link(3, CARRIES)));
        assert!(seen.take(&address(RTM_NEWADDR, 3, [10, 0, 0, 1])));
        assert!(!seen.take(&address(RTM_NEWADDR, 3, [10, 0, 0, 1])), "a lease renewed");
        assert!(seen.take(&address(RTM_DELADDR, 3, [10, 0, 0, 1])));
        assert!(seen.take(&address(RTM_NEWADDR, 3, [10, 0, 0, 1])));
    }

    #[test]
    fn several_messages_in_one_datagram_are_all_read() {
        let mut seen = Seen::default();
        let mut data = link(3, CARRIES);
        data.extend(address(RTM_NEWADDR, 3, [10, 0, 0, 1]));
        assert!(seen.take(&data));
        assert_eq!((seen.links.len(), seen.addresses.len()), (1, 1));
    }

    #[test]
    fn damaged_messages_end_the_datagram() {
        let mut seen = Seen::default();
        for len in 0..40 {
            let mut data = link(3, CARRIES);
            data.truncate(len);
            seen.take(&data);
        }
        let mut endless = link(3, CARRIES);
        endless[..4].copy_from_slice(&0u32.to_ne_bytes());
        assert!(!seen.take(&endless));
        assert_eq!(attribute(Some(&[0, 0, 1, 0]), 1), None);
    }
}
