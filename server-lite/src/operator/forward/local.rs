//! Sockets on this machine: the ports that are listened on, and connections to them.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr};
use std::rc::Rc;

use microstack::chain::{Chain, Cx, Link, LinkId, Wake};
use microstack::net::{ListenOptions, Listener, TcpStream};
use mio::Interest;

/// A port that is listened on.
pub struct Port {
    chain: Chain,
    link: LinkId,
    address: SocketAddr,
    accepted: Rc<RefCell<VecDeque<TcpStream>>>,
}

/// One connection to a port. Reading and writing never wait.
pub struct Local {
    chain: Chain,
    link: LinkId,
    state: Rc<RefCell<Streams>>,
}

#[derive(Default)]
struct Streams {
    /// Read from the socket, not yet taken.
    incoming: VecDeque<Vec<u8>>,
    incoming_bytes: usize,
    /// To be written.
    outgoing: VecDeque<Vec<u8>>,
    outgoing_bytes: usize,
    /// The program on this side writes no more.
    ended: bool,
    /// Nothing more will be put into `outgoing`.
    finishing: bool,
    /// The socket is of no more use, and why.
    closed: bool,
}

/// Bytes that are read ahead, and written behind.
const AHEAD: usize = 128 * 1024;

/// Bytes of one read.
const BLOCK: usize = 16 * 1024;

impl Port {
    /// Listens.
    ///
    /// # Errors
    /// The system's: the port may be taken.
    pub fn listen(chain: &Chain, address: SocketAddr) -> io::Result<Port> {
        let listener = Listener::bind(address, &ListenOptions { only_v6: true, ..ListenOptions::default() })?;
        let address = listener.local_addr()?;
        let accepted: Rc<RefCell<VecDeque<TcpStream>>> = Rc::default();
        let link = chain.add("forwarded port", PortLink { listener, accepted: accepted.clone() });
        Ok(Port { chain: chain.clone(), link, address, accepted })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The next connection.
    pub fn accept(&mut self) -> Option<Local> {
        let stream = self.accepted.borrow_mut().pop_front()?;
        Some(Local::over(&self.chain, stream))
    }

    /// True when there is one.
    pub fn has_news(&self) -> bool {
        !self.accepted.borrow().is_empty()
    }
}

impl Drop for Port {
    fn drop(&mut self) {
        self.chain.remove(self.link);
    }
}

struct PortLink {
    listener: Listener,
    accepted: Rc<RefCell<VecDeque<TcpStream>>>,
}

impl Link for PortLink {
    fn wake(&mut self, cx: &mut Cx<'_>, wake: Wake) {
        if wake.start
            && let Err(error) = self.listener.start(cx, 0)
        {
            tracing::error!(%error, "a port cannot be watched");
        }
        self.listener.wake(cx, &wake);
        while let Some((stream, _)) = self.listener.poll(cx) {
            self.accepted.borrow_mut().push_back(stream);
        }
        cx.set_timer(self.listener.deadline());
    }
}

impl Local {
    fn over(chain: &Chain, stream: TcpStream) -> Local {
        let state: Rc<RefCell<Streams>> = Rc::default();
        // Small answers of interactive protocols leave at once.
        let _ = stream.set_nodelay(true);
        let link =
            chain.add("forwarded connection", LocalLink { stream, state: state.clone(), readable: true });
        Local { chain: chain.clone(), link, state }
    }

    /// What was read, if anything.
    pub fn read(&mut self) -> Option<Vec<u8>> {
        let (block, was_full) = {
            let mut state = self.state.borrow_mut();
            let was_full = state.incoming_bytes >= AHEAD;
            let block = state.incoming.pop_front()?;
            state.incoming_bytes -= block.len();
            (block, was_full)
        };
        if was_full {
            self.nudge();
        }
        Some(block)
    }

    /// Queues bytes to be written; see [`Local::has_room`].
    pub fn write(&mut self, bytes: Vec<u8>) {
        {
            let mut state = self.state.borrow_mut();
            if state.closed || state.finishing || bytes.is_empty() {
                return;
            }
            state.outgoing_bytes += bytes.len();
            state.outgoing.push_back(bytes);
        }
        self.nudge();
    }

    /// Ends this direction once everything is written.
    pub fn finish(&mut self) {
        self.state.borrow_mut().finishing = true;
        self.nudge();
    }

    /// True while more should be written.
    pub fn has_room(&self) -> bool {
        let state = self.state.borrow();
        !state.closed && state.outgoing_bytes < AHEAD
    }

    /// True when [`Local::read`] has something.
    pub fn has_data(&self) -> bool {
        !self.state.borrow().incoming.is_empty()
    }

    /// True when the program on this side writes no more and everything was read.
    pub fn has_ended(&self) -> bool {
        let state = self.state.borrow();
        (state.ended || state.closed) && state.incoming.is_empty()
    }

    /// True when nothing waits to be written, or nobody would take it.
    pub fn is_flushed(&self) -> bool {
        let state = self.state.borrow();
        state.closed || state.outgoing.is_empty()
    }

    /// True when the connection is gone in both directions.
    pub fn is_closed(&self) -> bool {
        self.state.borrow().closed
    }

    fn nudge(&self) {
        // A link that has this much mail waiting is awake already.
        let _ = self.chain.mail(self.link, Box::new(()));
    }
}

impl Drop for Local {
    fn drop(&mut self) {
        self.chain.remove(self.link);
    }
}

struct LocalLink {
    stream: TcpStream,
    state: Rc<RefCell<Streams>>,
    /// The socket may have something; edges are told once.
    readable: bool,
}

impl Link for LocalLink {
    fn wake(&mut self, cx: &mut Cx<'_>, wake: Wake) {
        let state = self.state.clone();
        let mut state = state.borrow_mut();
        if wake.start && cx.register(&mut self.stream, 0, Interest::READABLE | Interest::WRITABLE).is_err() {
            state.closed = true;
        }
        self.readable |= wake.can_read(0);
        if let Err(error) = self.flush(&mut state).and_then(|()| self.fill(&mut state)) {
            tracing::debug!(%error, "a forwarded connection broke");
            state.closed = true;
            state.outgoing.clear();
            state.outgoing_bytes = 0;
        }
    }
}

impl LocalLink {
    fn flush(&mut self, state: &mut Streams) -> io::Result<()> {
        while let Some(block) = state.outgoing.front_mut() {
            match self.stream.write(block) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(written) => {
                    state.outgoing_bytes -= written;
                    match written == block.len() {
                        true => drop(state.outgoing.pop_front()),
                        false => drop(block.drain(..written)),
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        if state.finishing && !state.closed {
            match self.stream.shutdown(Shutdown::Write) {
                Ok(()) => {}
                // Both directions have ended already.
                Err(error) if error.kind() == ErrorKind::NotConnected => {}
                Err(error) => return Err(error),
            }
            state.closed = state.ended;
        }
        Ok(())
    }

    fn fill(&mut self, state: &mut Streams) -> io::Result<()> {
        // One queue's worth in a turn: other connections have theirs.
        while self.readable && !state.ended && state.incoming_bytes < AHEAD {
            let mut block = vec![0; BLOCK];
            match self.stream.read(&mut block) {
                Ok(0) => {
                    state.ended = true;
                    state.closed = state.finishing && state.outgoing.is_empty();
                }
                Ok(length) => {
                    block.truncate(length);
                    state.incoming_bytes += length;
                    state.incoming.push_back(block);
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => self.readable = false,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}
