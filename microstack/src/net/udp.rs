//! Datagrams, with what local discovery needs of multicast.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use mio::Interest;
use socket2::{Domain, InterfaceIndexOrAddress, Protocol, Socket, Type};

use crate::chain::{Cx, Wake};

/// How to open a datagram socket.
#[derive(Debug, Clone)]
pub struct UdpOptions {
    /// Share the port with other sockets, as listeners of one multicast group do.
    pub reuse_address: bool,
    /// May send to broadcast addresses.
    pub broadcast: bool,
    /// Hear multicasts this machine sends.
    pub multicast_loop: bool,
    /// An IPv6 socket does not take IPv4 as well, so that both families can hold the same port.
    pub v6_only: bool,
    /// Datagrams handed out in one turn.
    pub budget: u32,
}

impl Default for UdpOptions {
    fn default() -> Self {
        UdpOptions { reuse_address: false, broadcast: false, multicast_loop: true, v6_only: true, budget: 64 }
    }
}

/// A component that sends and receives datagrams.
pub struct UdpSocket {
    inner: mio::net::UdpSocket,
    is_v6: bool,
    sub: u8,
    budget: u32,
    left: u32,
    ready: bool,
}

impl UdpSocket {
    /// Binds a socket.
    ///
    /// # Errors
    /// The system's, for example `AddrInUse`.
    pub fn bind(addr: SocketAddr, options: &UdpOptions) -> io::Result<UdpSocket> {
        let socket = Socket::new(Domain::for_address(addr), Type::DGRAM.nonblocking(), Some(Protocol::UDP))?;
        if options.reuse_address {
            socket.set_reuse_address(true)?;
        }
        if options.broadcast {
            socket.set_broadcast(true)?;
        }
        match addr {
            SocketAddr::V4(_) => socket.set_multicast_loop_v4(options.multicast_loop)?,
            SocketAddr::V6(_) => {
                socket.set_only_v6(options.v6_only)?;
                socket.set_multicast_loop_v6(options.multicast_loop)?;
            }
        }
        socket.bind(&addr.into())?;
        let inner = mio::net::UdpSocket::from_std(socket.into());
        let budget = options.budget.max(1);
        Ok(UdpSocket { inner, is_v6: addr.is_ipv6(), sub: 0, budget, left: budget, ready: false })
    }

    /// Begins to watch, under the number `sub`.
    ///
    /// # Errors
    /// Fails when the descriptor cannot be polled.
    pub fn start(&mut self, cx: &mut Cx<'_>, sub: u8) -> io::Result<()> {
        self.sub = sub;
        cx.register(&mut self.inner, sub, Interest::READABLE)
    }

    /// Takes in what happened.
    pub fn wake(&mut self, wake: &Wake) {
        self.left = self.budget;
        self.ready |= wake.can_read(self.sub);
    }

    /// The next datagram: its length in `buf`, which must hold the largest one expected, and its sender.
    ///
    /// Errors of earlier sends (a port that is closed) come back here from the system and are skipped.
    pub fn poll(&mut self, cx: &mut Cx<'_>, buf: &mut [u8]) -> Option<(usize, SocketAddr)> {
        while self.ready {
            if self.left == 0 {
                cx.again();
                return None;
            }
            self.left -= 1;
            match self.inner.recv_from(buf) {
                Ok(got) => return Some(got),
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => self.ready = false,
                Err(_) => {}
            }
        }
        None
    }

    /// Sends one datagram. A full socket buffer loses it (`WouldBlock`), as the network might.
    ///
    /// # Errors
    /// The system's.
    pub fn send_to(&self, data: &[u8], to: SocketAddr) -> io::Result<usize> {
        self.inner.send_to(data, to)
    }

    /// Joins a multicast group on one interface, named by its index (see [`interfaces`]).
    ///
    /// # Errors
    /// `InvalidInput` when the group is of the other family; else the system's.
    pub fn join(&self, group: IpAddr, interface: u32) -> io::Result<()> {
        let socket = socket2::SockRef::from(&self.inner);
        match group {
            IpAddr::V4(group) if !self.is_v6 => {
                socket.join_multicast_v4_n(&group, &InterfaceIndexOrAddress::Index(interface))
            }
            IpAddr::V6(group) if self.is_v6 => socket.join_multicast_v6(&group, interface),
            _ => Err(io::Error::new(io::ErrorKind::InvalidInput, "the group is of the other address family")),
        }
    }

    /// Joins a group on every interface that allows it, and says on how many. Joining again is harmless.
    pub fn join_everywhere(&self, group: IpAddr) -> usize {
        interfaces()
            .into_iter()
            .filter(|index| match self.join(group, *index) {
                Ok(()) => true,
                Err(e) => e.kind() == io::ErrorKind::AddrInUse, // a member already
            })
            .count()
    }

    /// Sends one datagram to a multicast group through one interface.
    ///
    /// # Errors
    /// The system's.
    pub fn send_multicast(&self, data: &[u8], group: SocketAddr, interface: u32) -> io::Result<usize> {
        match group {
            SocketAddr::V6(mut group) => {
                group.set_scope_id(interface);
                self.inner.send_to(data, group.into())
            }
            SocketAddr::V4(_) => {
                let any = Ipv4Addr::UNSPECIFIED;
                rustix::net::sockopt::set_ip_multicast_if_with_ifindex(&self.inner, &any, &any, interface)?;
                self.inner.send_to(data, group)
            }
        }
    }

    /// The socket itself, for options that have no method here.
    pub fn raw(&self) -> socket2::SockRef<'_> {
        socket2::SockRef::from(&self.inner)
    }

    /// Forgets the peer of a connected socket.
    ///
    /// # Errors
    /// The system's: `NotConnected` when there is none.
    pub fn disconnect(&self) -> io::Result<()> {
        self.inner.peer_addr()?;
        Ok(rustix::net::connect_unspec(&self.inner)?)
    }

    /// The address bound, with the true port where 0 was asked for.
    ///
    /// # Errors
    /// The system's.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.inner.local_addr()
    }
}

/// The indexes of this machine's network interfaces, in order; at most 256.
pub fn interfaces() -> Vec<u32> {
    let Ok(entries) = std::fs::read_dir("/sys/class/net") else { return Vec::new() };
    let mut found: Vec<u32> = entries
        .take(256)
        .filter_map(|entry| {
            std::fs::read_to_string(entry.ok()?.path().join("ifindex")).ok()?.trim().parse().ok()
        })
        .collect();
    found.sort_unstable();
    found
}
