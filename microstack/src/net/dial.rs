//! Connecting to a host by name: the first address that answers wins (RFC 8305, "Happy Eyeballs").

use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use mio::Interest;
use mio::net::TcpStream;
use socket2::{Domain, Protocol, Socket, Type};

use super::{Asked, DnsError, Lookup, Resolver};
use crate::chain::{Cx, Wake};

/// How many `sub` numbers a [`Dial`] uses, from the one it is given: one for each attempt that may be under way.
pub const DIAL_SUBS: u8 = 4;

/// What to connect to, and how patiently.
pub struct DialOptions {
    /// A name or an address; IPv6 with or without brackets.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// First of [`DIAL_SUBS`] numbers under which attempts are registered.
    pub sub: u8,
    /// Who is asked for addresses.
    pub resolver: Resolver,
    /// When to give up, the look-up included.
    pub deadline: Instant,
    /// Addresses known from before, tried when the name cannot be resolved.
    pub fallback: Vec<SocketAddr>,
    /// How long an attempt has the field to itself (RFC 8305 section 5 recommends 250 ms).
    pub attempt_delay: Duration,
    /// How long one attempt may take.
    pub attempt_timeout: Duration,
    /// Which addresses are tried.
    pub family: Family,
    /// The address and port to connect from; addresses of the other family fail then.
    pub local: Option<SocketAddr>,
}

/// Which of a host's addresses are tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Family {
    /// All.
    #[default]
    Any,
    /// IPv4 only.
    V4,
    /// IPv6 only.
    V6,
}

impl DialOptions {
    /// Options with the recommended delays: 250 ms between attempts, 10 s for each.
    pub fn new(host: impl Into<String>, port: u16, resolver: Resolver, deadline: Instant) -> Self {
        DialOptions {
            host: host.into(),
            port,
            sub: 0,
            resolver,
            deadline,
            fallback: Vec::new(),
            attempt_delay: Duration::from_millis(250),
            attempt_timeout: Duration::from_secs(10),
            family: Family::Any,
            local: None,
        }
    }
}

/// How a [`Dial`] ended. It comes once.
pub enum DialEvent {
    /// Connected. The stream is not registered with the chain.
    Connected(TcpStream, SocketAddr),
    /// No address could be reached.
    Failed(DialError),
}

/// The kind of failure of one attempt, as people look for its cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConnectFault {
    /// The machine is there and nothing listens on that port, or a firewall says so.
    Refused,
    /// No answer at all. Usual cause: a firewall that drops packets, or a machine that is off.
    TimedOut,
    /// No route there from this machine.
    Unreachable,
    /// Anything else; the text says what.
    Other,
}

/// One address that was tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// Where.
    pub addr: SocketAddr,
    /// What kind of failure.
    pub fault: ConnectFault,
    /// The system's own words.
    pub text: String,
    /// The system's number of the error, where it gave one.
    pub errno: Option<i32>,
}

/// Why no connection came about.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum DialError {
    /// The name gave no address.
    Dns(DnsError),
    /// The name servers did not answer before the deadline.
    DnsTimedOut {
        /// The name.
        host: String,
    },
    /// Each address failed or was given up; never empty.
    Connect {
        /// All of them, in the order of their failure.
        tried: Vec<Attempt>,
    },
}

impl DialError {
    /// The fault that tells most: a refusal before silence, silence before no route.
    pub fn fault(&self) -> Option<ConnectFault> {
        let DialError::Connect { tried } = self else { return None };
        [ConnectFault::Refused, ConnectFault::TimedOut, ConnectFault::Unreachable, ConnectFault::Other]
            .into_iter()
            .find(|fault| tried.iter().any(|attempt| attempt.fault == *fault))
    }
}

impl fmt::Display for DialError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DialError::Dns(e) => e.fmt(f),
            DialError::DnsTimedOut { host } => {
                write!(f, "no name server answered for {host} in time; check this machine's DNS")
            }
            DialError::Connect { tried } => {
                for (n, attempt) in tried.iter().enumerate() {
                    let comma = if n == 0 { "" } else { ", " };
                    write!(f, "{comma}{} {}", attempt.addr, attempt.text)?;
                }
                Ok(())
            }
        }
    }
}

impl std::error::Error for DialError {}

/// A component that connects to a host by name.
///
/// Addresses of both families are tried in turn, [`DialOptions::attempt_delay`] apart or as soon as one fails; the
/// first that connects wins and the others are closed.
pub struct Dial {
    options: DialOptions,
    lookup: Option<Lookup>,
    waiting: VecDeque<SocketAddr>,
    running: Vec<Running>,
    next_at: Option<Instant>,
    tried: Vec<Attempt>,
    outcome: Option<DialEvent>,
    over: bool,
}

struct Running {
    sub: u8,
    stream: TcpStream,
    addr: SocketAddr,
    until: Instant,
}

impl Dial {
    /// Starts to connect. The outcome comes from [`Dial::poll`].
    pub fn start(cx: &mut Cx<'_>, options: DialOptions) -> Dial {
        let mut dial = Dial {
            lookup: None,
            waiting: VecDeque::new(),
            running: Vec::new(),
            next_at: None,
            tried: Vec::new(),
            outcome: None,
            over: false,
            options,
        };
        match dial.options.resolver.lookup(cx, &dial.options.host, dial.options.port) {
            Ok(Asked::Known(addrs)) => dial.begin(cx, &addrs),
            Ok(Asked::Pending(lookup)) => dial.lookup = Some(lookup),
            Err(e) => dial.without_dns(cx, DialError::Dns(e)),
        }
        if dial.outcome.is_some() {
            cx.again();
        }
        dial
    }

    /// Takes in what happened.
    pub fn wake(&mut self, cx: &mut Cx<'_>, wake: &Wake) {
        if self.over || self.outcome.is_some() {
            return;
        }
        if let Some(answer) = self.lookup.as_ref().and_then(|lookup| lookup.answer(wake)).cloned() {
            self.lookup = None;
            match answer {
                Ok(addrs) => self.begin(cx, &addrs),
                Err(e) => self.without_dns(cx, DialError::Dns(e)),
            }
        }
        self.check(cx, wake);
        self.advance(cx);
    }

    /// The outcome, once.
    pub fn poll(&mut self, cx: &mut Cx<'_>) -> Option<DialEvent> {
        let mut outcome = self.outcome.take()?;
        self.over = true;
        self.running.clear();
        if let DialEvent::Connected(stream, _) = &mut outcome {
            // Its new owner registers it under a number of its own. Failing only means it was not registered.
            let _ = cx.deregister(stream);
        }
        Some(outcome)
    }

    /// When a wake is needed at the latest.
    pub fn deadline(&self) -> Option<Instant> {
        if self.over {
            return None;
        }
        let attempts = self.running.iter().map(|running| running.until);
        attempts.chain(self.next_at).chain([self.options.deadline]).min()
    }

    fn without_dns(&mut self, cx: &mut Cx<'_>, error: DialError) {
        if self.options.fallback.is_empty() {
            self.outcome = Some(DialEvent::Failed(error));
            return;
        }
        let known = std::mem::take(&mut self.options.fallback);
        tracing::info!(host = %self.options.host, error = %error, "connecting to the last good address");
        self.begin(cx, &known);
    }

    fn begin(&mut self, cx: &mut Cx<'_>, addrs: &[SocketAddr]) {
        self.waiting = interleave(addrs);
        match self.options.family {
            Family::Any => {}
            Family::V4 => self.waiting.retain(SocketAddr::is_ipv4),
            Family::V6 => self.waiting.retain(SocketAddr::is_ipv6),
        }
        if self.waiting.is_empty() {
            let (host, text) = (self.options.host.clone(), "it has no address of this family".to_owned());
            self.outcome = Some(DialEvent::Failed(DialError::Dns(DnsError::Failed { host, text })));
            return;
        }
        self.next_at = Some(cx.now());
        self.advance(cx);
    }

    /// Looks at attempts whose sockets have news.
    fn check(&mut self, cx: &mut Cx<'_>, wake: &Wake) {
        let mut n = 0;
        while n < self.running.len() {
            let running = &self.running[n];
            if !wake.can_write(running.sub) && !wake.can_read(running.sub) {
                n += 1;
                continue;
            }
            let failed = match running.stream.take_error() {
                Ok(Some(e)) | Err(e) => Some(e),
                Ok(None) => match running.stream.peer_addr() {
                    Ok(_) => None,
                    Err(e) if e.kind() == io::ErrorKind::NotConnected => {
                        n += 1;
                        continue; // a stale event
                    }
                    Err(e) => Some(e),
                },
            };
            let running = self.running.swap_remove(n);
            match failed {
                Some(e) => self.failed(cx, running.addr, &e),
                None => {
                    self.outcome = Some(DialEvent::Connected(running.stream, running.addr));
                    return;
                }
            }
        }
    }

    /// Gives up what is late and starts what is due.
    fn advance(&mut self, cx: &mut Cx<'_>) {
        if self.outcome.is_some() {
            return;
        }
        let now = cx.now();
        let out_of_time = now >= self.options.deadline;
        while let Some(n) = self.running.iter().position(|running| out_of_time || now >= running.until) {
            let running = self.running.swap_remove(n);
            self.failed(cx, running.addr, &io::ErrorKind::TimedOut.into());
        }
        if out_of_time {
            let error = match (self.lookup.take(), self.tried.is_empty()) {
                (Some(_), _) => DialError::DnsTimedOut { host: self.options.host.clone() },
                (None, false) => DialError::Connect { tried: std::mem::take(&mut self.tried) },
                (None, true) => DialError::DnsTimedOut { host: self.options.host.clone() },
            };
            self.outcome = Some(DialEvent::Failed(error));
            return;
        }
        while self.next_at.is_some_and(|at| now >= at) && self.running.len() < usize::from(DIAL_SUBS) {
            let Some(addr) = self.waiting.pop_front() else {
                self.next_at = None;
                break;
            };
            match self.attempt(cx, addr) {
                Ok(()) => self.next_at = Some(now + self.options.attempt_delay),
                Err(e) => self.failed(cx, addr, &e),
            }
        }
        if self.running.len() == usize::from(DIAL_SUBS) || self.waiting.is_empty() {
            // The next one starts when an attempt ends.
            self.next_at = None;
        }
        if self.lookup.is_none() && self.running.is_empty() && self.waiting.is_empty() {
            let tried = std::mem::take(&mut self.tried);
            self.outcome = Some(DialEvent::Failed(DialError::Connect { tried }));
        }
    }

    fn attempt(&mut self, cx: &mut Cx<'_>, addr: SocketAddr) -> io::Result<()> {
        let first = self.options.sub;
        let sub = (first..first + DIAL_SUBS)
            .find(|sub| self.running.iter().all(|running| running.sub != *sub))
            // `advance` starts an attempt only while fewer than DIAL_SUBS run.
            .ok_or(io::ErrorKind::ResourceBusy)?;
        let mut stream = match self.options.local {
            None => TcpStream::connect(addr)?,
            Some(local) => connect_from(local, addr)?,
        };
        cx.register(&mut stream, sub, Interest::READABLE | Interest::WRITABLE)?;
        let until = (cx.now() + self.options.attempt_timeout).min(self.options.deadline);
        self.running.push(Running { sub, stream, addr, until });
        Ok(())
    }

    fn failed(&mut self, cx: &Cx<'_>, addr: SocketAddr, error: &io::Error) {
        let (fault, text) = describe(error);
        let errno = error.raw_os_error().or((fault == ConnectFault::TimedOut).then_some(libc::ETIMEDOUT));
        self.tried.push(Attempt { addr, fault, text, errno });
        self.next_at = Some(cx.now());
    }
}

fn connect_from(local: SocketAddr, addr: SocketAddr) -> io::Result<TcpStream> {
    let socket = Socket::new(Domain::for_address(addr), Type::STREAM.nonblocking(), Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    socket.bind(&local.into())?;
    match socket.connect(&addr.into()) {
        Err(e) if e.raw_os_error() != Some(libc::EINPROGRESS) => Err(e),
        _ => Ok(TcpStream::from_std(socket.into())),
    }
}

fn describe(error: &io::Error) -> (ConnectFault, String) {
    use io::ErrorKind as K;
    match error.kind() {
        K::ConnectionRefused => (
            ConnectFault::Refused,
            "refused the connection (is the server running, is the port right?)".to_owned(),
        ),
        K::TimedOut => (ConnectFault::TimedOut, "did not answer in time (a firewall?)".to_owned()),
        K::NetworkUnreachable | K::HostUnreachable | K::NetworkDown | K::AddrNotAvailable => {
            (ConnectFault::Unreachable, "has no route from here".to_owned())
        }
        _ => (ConnectFault::Other, error.to_string()),
    }
}

/// Alternates the families, beginning with the one the system prefers (RFC 8305 section 4).
fn interleave(addrs: &[SocketAddr]) -> VecDeque<SocketAddr> {
    let prefers_v6 = addrs.first().is_some_and(SocketAddr::is_ipv6);
    let (mut one, mut other): (VecDeque<_>, VecDeque<_>) =
        addrs.iter().copied().partition(|addr| addr.is_ipv6() == prefers_v6);
    let mut order = VecDeque::with_capacity(addrs.len());
    while !one.is_empty() || !other.is_empty() {
        order.extend(one.pop_front());
        order.extend(other.pop_front());
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_alternate_from_the_preferred_one() {
        let parse = |list: &[&str]| list.iter().map(|a| a.parse().unwrap()).collect::<Vec<SocketAddr>>();
        let found = parse(&["[::1]:1", "[::2]:1", "[::3]:1", "1.1.1.1:1", "1.1.1.2:1"]);
        let want = parse(&["[::1]:1", "1.1.1.1:1", "[::2]:1", "1.1.1.2:1", "[::3]:1"]);
        assert_eq!(interleave(&found), want);
        let found = parse(&["1.1.1.1:1", "1.1.1.2:1", "[::1]:1"]);
        let want = parse(&["1.1.1.1:1", "[::1]:1", "1.1.1.2:1"]);
        assert_eq!(interleave(&found), want);
        assert!(interleave(&[]).is_empty());
    }

    #[test]
    fn the_fault_that_tells_most_is_named() {
        let attempt = |fault| Attempt {
            addr: "127.0.0.1:1".parse().unwrap(),
            fault,
            text: "said so".into(),
            errno: None,
        };
        let error = DialError::Connect {
            tried: vec![attempt(ConnectFault::Unreachable), attempt(ConnectFault::Refused)],
        };
        assert_eq!(error.fault(), Some(ConnectFault::Refused));
        assert_eq!(error.to_string(), "127.0.0.1:1 said so, 127.0.0.1:1 said so");
    }
}
