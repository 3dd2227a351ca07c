//! Names to addresses, off the chain.
//!
//! `getaddrinfo` blocks, sometimes for half a minute. It runs on at most two threads, started when there is work
//! and gone after ten idle seconds. Answers come as mail to the asking link.

use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::chain::{Cx, LinkId, Mailbox, Wake};

/// Resolves names on a few threads of its own. Clones share them.
#[derive(Clone)]
pub struct Resolver {
    shared: Arc<Shared>,
}

/// What [`Resolver::lookup`] says at once.
pub enum Asked {
    /// The host was an address; there is nothing to wait for.
    Known(Vec<SocketAddr>),
    /// The answer comes as mail; ask [`Lookup::answer`] at each wake.
    Pending(Lookup),
}

/// A question under way. Dropping it cancels what has not begun.
pub struct Lookup {
    number: u64,
    cancelled: Arc<AtomicBool>,
}

/// The mail that carries an answer. An owner with several components passes its wake to each of them.
pub struct Resolved {
    number: u64,
    result: Result<Vec<SocketAddr>, DnsError>,
}

/// Why a name has no address.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum DnsError {
    /// Not a host name at all: empty, over 253 bytes, or with blanks in it.
    BadName {
        /// What was asked.
        host: String,
    },
    /// The system's resolver said no. Usual causes: a typing error, no network, a name server that is down.
    Failed {
        /// What was asked.
        host: String,
        /// The resolver's own words.
        text: String,
    },
    /// Too many questions wait already. Usual cause: name servers that do not answer.
    Busy {
        /// How many wait.
        waiting: usize,
    },
}

impl fmt::Display for DnsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DnsError::BadName { host } => write!(f, "{host:?} is not a host name; check the address"),
            DnsError::Failed { host, text } => {
                write!(f, "the name {host} was not found ({text}); check its spelling and this machine's DNS")
            }
            DnsError::Busy { waiting } => {
                write!(f, "{waiting} name look-ups wait already; the name servers do not answer")
            }
        }
    }
}

impl std::error::Error for DnsError {}

/// Threads that may be inside `getaddrinfo` at once.
const MAX_THREADS: usize = 2;

/// Questions that may wait for a thread.
const MAX_WAITING: usize = 64;

/// Addresses taken from one answer.
const MAX_ADDRESSES: usize = 16;

/// How long a thread stays for more work.
const LINGER: Duration = Duration::from_secs(10);

/// Enough for the resolver's plug-ins, and untouched pages cost nothing.
const STACK_BYTES: usize = 512 * 1024;

type LookupFn = dyn Fn(&str, u16) -> io::Result<Vec<SocketAddr>> + Send + Sync;

struct Shared {
    state: Mutex<State>,
    work: Condvar,
    numbers: AtomicU64,
    ask: Box<LookupFn>,
}

#[derive(Default)]
struct State {
    queue: VecDeque<Job>,
    threads: usize,
    idle: usize,
}

struct Job {
    number: u64,
    host: String,
    port: u16,
    cancelled: Arc<AtomicBool>,
    mailbox: Mailbox,
    link: LinkId,
}

impl Resolver {
    /// The system's resolver. No thread runs until the first question.
    pub fn new() -> Self {
        Self::with_lookup(|host, port| Ok((host, port).to_socket_addrs()?.collect()))
    }

    /// A resolver that asks `ask`, on its threads, in place of the system: for a hosts table of one's own.
    pub fn with_lookup(
        ask: impl Fn(&str, u16) -> io::Result<Vec<SocketAddr>> + Send + Sync + 'static,
    ) -> Self {
        Resolver {
            shared: Arc::new(Shared {
                state: Mutex::new(State::default()),
                work: Condvar::new(),
                numbers: AtomicU64::new(0),
                ask: Box::new(ask),
            }),
        }
    }

    /// Asks for the addresses of `host`, which may be an address itself (IPv6 with or without brackets).
    ///
    /// # Errors
    /// [`DnsError::BadName`] and [`DnsError::Busy`]; all else comes with the answer.
    pub fn lookup(&self, cx: &Cx<'_>, host: &str, port: u16) -> Result<Asked, DnsError> {
        let bare = host.strip_prefix('[').and_then(|h| h.strip_suffix(']')).unwrap_or(host);
        if let Ok(ip) = bare.parse::<IpAddr>() {
            return Ok(Asked::Known(vec![SocketAddr::new(ip, port)]));
        }
        if bare.is_empty() || bare.len() > 253 || !bare.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(DnsError::BadName { host: host.to_owned() });
        }
        let number = self.shared.numbers.fetch_add(1, Ordering::Relaxed);
        let cancelled = Arc::new(AtomicBool::new(false));
        let job = Job {
            number,
            host: bare.to_owned(),
            port,
            cancelled: cancelled.clone(),
            mailbox: cx.mailbox(),
            link: cx.id(),
        };
        self.enqueue(job)?;
        Ok(Asked::Pending(Lookup { number, cancelled }))
    }

    fn enqueue(&self, job: Job) -> Result<(), DnsError> {
        let mut state = self.shared.lock();
        state.queue.retain(|waiting| !waiting.cancelled.load(Ordering::Relaxed));
        if state.queue.len() >= MAX_WAITING {
            return Err(DnsError::Busy { waiting: state.queue.len() });
        }
        let host = job.host.clone();
        state.queue.push_back(job);
        if state.idle >= state.queue.len() || state.threads >= MAX_THREADS {
            self.shared.work.notify_one();
            return Ok(());
        }
        let shared = self.shared.clone();
        let started = std::thread::Builder::new()
            .name("resolver".into())
            .stack_size(STACK_BYTES)
            .spawn(move || serve(&shared));
        match started {
            Ok(_) => state.threads += 1,
            // One that runs already will come to it; without any, nobody would.
            Err(e) if state.threads == 0 => {
                state.queue.pop_back();
                return Err(DnsError::Failed { host, text: format!("no thread for it: {e}") });
            }
            Err(_) => {}
        }
        Ok(())
    }
}

impl Default for Resolver {
    fn default() -> Self {
        Self::new()
    }
}

impl Lookup {
    /// The answer, if this wake brought it.
    pub fn answer<'w>(&self, wake: &'w Wake) -> Option<&'w Result<Vec<SocketAddr>, DnsError>> {
        wake.mail
            .iter()
            .filter_map(|mail| mail.downcast_ref::<Resolved>())
            .find(|resolved| resolved.number == self.number)
            .map(|resolved| &resolved.result)
    }
}

impl Drop for Lookup {
    fn drop(&mut self) {
        self.cancelled.store(true, Ordering::Relaxed);
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn serve(shared: &Shared) {
    loop {
        let Some(job) = next_job(shared) else { return };
        if job.cancelled.load(Ordering::Relaxed) {
            continue;
        }
        let result = match (shared.ask)(&job.host, job.port) {
            Ok(mut found) => {
                let mut seen = Vec::with_capacity(found.len().min(MAX_ADDRESSES));
                found.retain(|addr| {
                    let fresh = !seen.contains(addr) && seen.len() < MAX_ADDRESSES;
                    if fresh {
                        seen.push(*addr);
                    }
                    fresh
                });
                match found.is_empty() {
                    true => Err(DnsError::Failed { host: job.host, text: "it has no address".into() }),
                    false => Ok(found),
                }
            }
            Err(e) => Err(DnsError::Failed { host: job.host, text: plain(&e) }),
        };
        // A full mailbox loses the answer; the asker's deadline speaks for it.
        let _ = job.mailbox.post(job.link, Resolved { number: job.number, result });
    }
}

fn next_job(shared: &Shared) -> Option<Job> {
    let mut state = shared.lock();
    loop {
        if let Some(job) = state.queue.pop_front() {
            return Some(job);
        }
        state.idle += 1;
        let (back, waited) = shared.work.wait_timeout(state, LINGER).unwrap_or_else(PoisonError::into_inner);
        state = back;
        state.idle -= 1;
        if waited.timed_out() && state.queue.is_empty() {
            state.threads -= 1;
            return None;
        }
    }
}

/// The standard library's prefix says nothing to a person.
fn plain(e: &io::Error) -> String {
    let text = e.to_string();
    text.strip_prefix("failed to lookup address information: ").unwrap_or(&text).to_owned()
}
