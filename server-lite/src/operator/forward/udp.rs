//! Forwarded datagrams: one tunnel for each program that sends, as long as it does.

use std::cell::RefCell;
use std::collections::{HashMap, VecDeque};
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};

use microstack::chain::{Chain, Cx, Link, LinkId, Wake};
use mio::Interest;
use mio::net::UdpSocket;

use super::bridge::Notice;
use crate::operator::directory::Device;
use crate::operator::error::OperatorError;
use crate::operator::session::Session;
use crate::operator::tunnel::{Arrival, Transport, Tunnel};

/// A port for datagrams and the tunnels of those who send to it.
pub struct Datagrams {
    chain: Chain,
    link: LinkId,
    address: SocketAddr,
    queues: Rc<RefCell<Queues>>,
    host: String,
    port: u16,
    tunnels: HashMap<SocketAddr, Flow>,
}

struct Flow {
    tunnel: Tunnel,
    /// Before the device is there.
    early: VecDeque<Vec<u8>>,
    used: Instant,
}

#[derive(Default)]
struct Queues {
    incoming: VecDeque<(SocketAddr, Vec<u8>)>,
    outgoing: VecDeque<(SocketAddr, Vec<u8>)>,
}

/// Datagrams that wait in one direction; more are lost, as they may be.
const MAX_WAITING: usize = 256;

/// Datagrams that wait for the device to come.
const MAX_EARLY: usize = 32;

/// Programs that send at the same time.
const MAX_FLOWS: usize = 64;

/// Without a datagram for so long a tunnel is ended.
const IDLE: Duration = Duration::from_secs(60);

impl Datagrams {
    /// Listens.
    ///
    /// # Errors
    /// The system's: the port may be taken.
    pub fn listen(chain: &Chain, address: SocketAddr, host: &str, port: u16) -> io::Result<Datagrams> {
        let socket = UdpSocket::bind(address)?;
        let address = socket.local_addr()?;
        let queues: Rc<RefCell<Queues>> = Rc::default();
        let link =
            chain.add("forwarded datagrams", DatagramLink { socket, queues: queues.clone(), readable: true });
        Ok(Datagrams {
            chain: chain.clone(),
            link,
            address,
            queues,
            host: host.to_owned(),
            port,
            tunnels: HashMap::new(),
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// True when [`Datagrams::turn`] would do something.
    pub fn has_news(&self) -> bool {
        let can_send =
            |flow: &Flow| flow.tunnel.is_ready() && flow.tunnel.has_room() && !flow.early.is_empty();
        !self.queues.borrow().incoming.is_empty()
            || self.tunnels.values().any(|flow| flow.tunnel.has_news() || can_send(flow))
    }

    /// When it has to be looked after at the latest.
    pub fn deadline(&self) -> Option<Instant> {
        self.tunnels.values().map(|flow| flow.used + IDLE).min()
    }

    /// Moves datagrams.
    ///
    /// # Errors
    /// When the session gives no tunnel.
    pub fn turn(
        &mut self,
        session: &mut Session,
        device: &Device,
        now: Instant,
    ) -> Result<Option<Notice>, OperatorError> {
        let arrived: Vec<_> = self.queues.borrow_mut().incoming.drain(..).collect();
        for (from, datagram) in arrived {
            if !self.tunnels.contains_key(&from) {
                if self.tunnels.len() >= MAX_FLOWS {
                    continue;
                }
                let tunnel = Tunnel::relay(session, device, Transport::Udp, &self.host, self.port)?;
                self.tunnels.insert(from, Flow { tunnel, early: VecDeque::new(), used: now });
            }
            let Some(flow) = self.tunnels.get_mut(&from) else { continue };
            flow.used = now;
            if flow.early.len() < MAX_EARLY {
                flow.early.push_back(datagram);
            }
        }
        let mut notice = None;
        let mut answers = Vec::new();
        self.tunnels.retain(|from, flow| {
            let begun = flow.tunnel.has_begun();
            while begun && flow.tunnel.has_room() {
                let Some(datagram) = flow.early.pop_front() else { break };
                flow.tunnel.send(datagram);
            }
            while let Some(arrival) = flow.tunnel.receive() {
                if let Arrival::Data(datagram) = arrival {
                    flow.used = now;
                    answers.push((*from, datagram));
                }
            }
            if let Some(why) = flow.tunnel.closed() {
                // One notice for all; what has to be acted on is not written over.
                if !begun && !matches!(notice, Some(Notice::Stale(_))) {
                    let target = format!("{}:{}", self.host, self.port);
                    notice = Some(Notice::of(&target, &flow.tunnel, why));
                }
                return false;
            }
            now < flow.used + IDLE
        });
        if !answers.is_empty() {
            let mut queues = self.queues.borrow_mut();
            let room = MAX_WAITING.saturating_sub(queues.outgoing.len());
            queues.outgoing.extend(answers.into_iter().take(room));
            // A link that has this much mail waiting is awake already.
            let _ = self.chain.mail(self.link, Box::new(()));
        }
        Ok(notice)
    }
}

impl Drop for Datagrams {
    fn drop(&mut self) {
        self.chain.remove(self.link);
    }
}

struct DatagramLink {
    socket: UdpSocket,
    queues: Rc<RefCell<Queues>>,
    readable: bool,
}

impl Link for DatagramLink {
    fn wake(&mut self, cx: &mut Cx<'_>, wake: Wake) {
        if wake.start
            && let Err(error) = cx.register(&mut self.socket, 0, Interest::READABLE | Interest::WRITABLE)
        {
            tracing::error!(%error, "a port cannot be watched");
        }
        self.readable |= wake.can_read(0);
        let mut queues = self.queues.borrow_mut();
        let mut datagram = [0; 65_536];
        // One queue's worth in a turn; what does not fit is lost, as datagrams may be.
        for _ in 0..MAX_WAITING {
            if !self.readable {
                break;
            }
            match self.socket.recv_from(&mut datagram) {
                Ok((length, from)) if queues.incoming.len() < MAX_WAITING => {
                    queues.incoming.push_back((from, datagram[..length].to_vec()));
                }
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.readable = false,
                // A refusal of an earlier datagram is told here.
                Err(_) => {}
            }
        }
        if self.readable {
            cx.again();
        }
        while let Some((to, datagram)) = queues.outgoing.front() {
            match self.socket.send_to(datagram, *to) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                // Sent, or lost.
                _ => drop(queues.outgoing.pop_front()),
            }
        }
    }
}
