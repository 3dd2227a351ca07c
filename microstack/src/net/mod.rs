//! Sockets on the chain: names, connecting, listening, datagrams, and news of the machine's own addresses.
//!
//! Everything here is a *component*: it is owned by a [`Link`](crate::chain::Link), registers its sockets under
//! `sub` numbers its owner gives it, is told of each wake by `wake`, and is then drained with `poll` until that
//! returns `None`. `deadline` says when it next wants a wake; the owner sets its one timer to the earliest.
//!
//! What it is **not**: it speaks no protocol above TCP and UDP.

mod dial;
mod listener;
pub mod netlink;
mod resolver;
mod transport;
mod udp;

pub use dial::{Attempt, ConnectFault, DIAL_SUBS, Dial, DialError, DialEvent, DialOptions, Family};
pub use listener::{ListenOptions, Listener};
pub use resolver::{Asked, DnsError, Lookup, Resolved, Resolver};
pub use transport::Transport;
pub use udp::{UdpOptions, UdpSocket, interfaces};

pub use mio::net::{TcpStream, UnixStream};

#[cfg(test)]
mod tests;
