//! The link of one connection: connects, writes what is queued, reads when script wants.

use std::cell::RefCell;
use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::path::PathBuf;
use std::rc::Rc;

use microstack::chain::{Cx, Link, Wake};
use microstack::net::{DIAL_SUBS, Dial, DialEvent, DialOptions, UnixStream};
use microstack::tls::Stream;

use super::failure::Failure;
use super::state::{Ending, State, WRITE_BACKLOG, write_now};
use crate::host::{HostShared, bytes};
use crate::modules::tls;

/// How a connection begins.
pub(super) enum Start {
    /// It is connected already.
    Accepted,
    /// To a host by name or address.
    Dial(Box<DialOptions>),
    /// To a Unix socket; the path as script gave it stands in errors.
    Unix(PathBuf, String),
}

/// The most that script gets in one piece.
const PIECE_BYTES: usize = 64 << 10;

/// After the numbers that a [`Dial`] uses.
const SUB: u8 = DIAL_SUBS;

thread_local! {
    // Shared, so that an idle connection holds no buffer.
    static PIECE: RefCell<Box<[u8]>> = RefCell::new(vec![0; PIECE_BYTES].into_boxed_slice());
}

/// Serves one connection.
pub(super) struct SocketLink {
    state: Rc<State>,
    shared: Rc<HostShared>,
    start: Option<Start>,
    dial: Option<(Dial, String)>,
}

impl SocketLink {
    pub fn new(state: Rc<State>, shared: Rc<HostShared>, start: Start) -> Self {
        SocketLink { state, shared, start: Some(start), dial: None }
    }
}

impl Drop for SocketLink {
    fn drop(&mut self) {
        // Script may keep the handle, and a core that is cleared may have kept it for good; the socket goes with the link.
        if let Ok(mut stream) = self.state.stream.try_borrow_mut() {
            *stream = None;
        }
        self.state.forget_script(&self.shared);
    }
}

impl Link for SocketLink {
    fn wake(&mut self, cx: &mut Cx<'_>, wake: Wake) {
        self.state.poked.set(false);
        if self.state.closed.get() {
            cx.remove_self();
            return;
        }
        if let Some(start) = self.start.take() {
            self.begin(cx, start);
        }
        if self.dial.is_some() {
            self.connect(cx, &wake);
        }
        if self.state.failed.get() {
            return;
        }
        let mut slot = self.state.stream.borrow_mut();
        let Some(stream) = slot.as_mut() else { return };
        stream.wake(&wake);
        if let Err(failure) = tls::advance(&self.state, &self.shared, stream) {
            drop(slot);
            self.state.fail(&self.shared, failure);
            return;
        }
        if let Err(error) = self.send(stream) {
            drop(slot);
            self.state.fail(&self.shared, Failure::system(&error, "write"));
            return;
        }
        if let Err(error) = self.receive(stream) {
            drop(slot);
            self.state.fail(&self.shared, Failure::system(&error, "read"));
        }
    }
}

impl SocketLink {
    fn begin(&mut self, cx: &mut Cx<'_>, start: Start) {
        match start {
            Start::Accepted => {
                let mut slot = self.state.stream.borrow_mut();
                let registered = slot.as_mut().map(|stream| stream.register(cx, SUB));
                drop(slot);
                if let Some(Err(error)) = registered {
                    self.state.fail(&self.shared, Failure::system(&error, "read"));
                }
            }
            Start::Dial(options) => {
                let host = options.host.clone();
                self.dial = Some((Dial::start(cx, *options), host));
            }
            Start::Unix(path, shown) => match UnixStream::connect(&path) {
                Ok(unix) => self.connected(cx, Stream::plain(unix)),
                Err(error) => {
                    let failure = Failure::system(&error, "connect").at(Some(shown), None);
                    self.state.fail(&self.shared, failure);
                }
            },
        }
    }

    fn connect(&mut self, cx: &mut Cx<'_>, wake: &Wake) {
        let Some((dial, host)) = &mut self.dial else { return };
        dial.wake(cx, wake);
        match dial.poll(cx) {
            None => cx.set_timer(dial.deadline()),
            Some(DialEvent::Connected(tcp, _)) => {
                cx.set_timer(None);
                self.dial = None;
                self.connected(cx, Stream::plain(tcp));
            }
            Some(DialEvent::Failed(error)) => {
                cx.set_timer(None);
                let failure = Failure::dial(&error, host);
                self.dial = None;
                self.state.fail(&self.shared, failure);
            }
        }
    }

    fn connected(&mut self, cx: &mut Cx<'_>, mut stream: Stream) {
        if let Err(error) = stream.register(cx, SUB) {
            self.state.fail(&self.shared, Failure::system(&error, "connect"));
            return;
        }
        *self.state.stream.borrow_mut() = Some(stream);
        self.state.open.set(true);
        self.state.tell(&self.shared, "connect", |_| Ok(boa_engine::JsValue::undefined()));
    }

    /// Moves the queue to the socket; then the end, if it is wanted.
    fn send(&self, stream: &mut Stream) -> io::Result<()> {
        let state = &self.state;
        if stream.wants_write() {
            match stream.flush() {
                Err(e) if e.kind() != io::ErrorKind::WouldBlock => return Err(e),
                _ => {}
            }
        }
        if !state.open.get() {
            return Ok(());
        }
        let mut queue = state.queue.borrow_mut();
        while !queue.is_empty() {
            let (front, _) = queue.as_slices();
            let taken = write_now(stream, front)?;
            if taken == 0 {
                break;
            }
            queue.drain(..taken);
        }
        if queue.is_empty() {
            queue.shrink_to(0);
        }
        let (room, empty) = (queue.len() <= WRITE_BACKLOG / 2, queue.is_empty());
        drop(queue);
        if room && state.starved.replace(false) {
            state.tell(&self.shared, "drain", |_| Ok(boa_engine::JsValue::undefined()));
        } else if empty {
            self.finish(stream)?;
        }
        Ok(())
    }

    fn finish(&self, stream: &mut Stream) -> io::Result<()> {
        let state = &self.state;
        if state.ending.get() == Ending::Wanted {
            stream.close_notify();
            state.ending.set(Ending::Notified);
        }
        if state.ending.get() == Ending::Notified {
            match stream.flush() {
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(e) => return Err(e),
                Ok(()) => {}
            }
            state.ending.set(Ending::Done);
            // ENOTCONN: the peer was quicker, and so it has ended as well.
            match stream.transport().shutdown(Shutdown::Write) {
                Err(e) if e.raw_os_error() != Some(libc::ENOTCONN) => return Err(e),
                _ => {}
            }
            state.tell(&self.shared, "shutdown", |_| Ok(boa_engine::JsValue::undefined()));
        }
        Ok(())
    }

    /// Reads one piece when script wants it and has none.
    fn receive(&self, stream: &mut Stream) -> io::Result<()> {
        let state = &self.state;
        if !state.open.get() || !state.reading.get() || state.piece_out.get() || state.saw_end.get() {
            return Ok(());
        }
        let (piece, end) = PIECE.with_borrow_mut(|room| {
            let mut filled = 0;
            let mut end = Ok(false);
            while filled < room.len() {
                match stream.read(&mut room[filled..]) {
                    Ok(0) => {
                        end = Ok(true);
                        break;
                    }
                    Ok(n) => filled += n,
                    Err(e) if e.kind() == io::ErrorKind::WouldBlock => break,
                    Err(e) => {
                        end = Err(e);
                        break;
                    }
                }
            }
            (room[..filled].to_vec(), end)
        });
        if !piece.is_empty() {
            state.piece_out.set(true);
            let (told, shared) = (state.clone(), self.shared.clone());
            self.shared.push(Box::new(move |ctx| {
                let data = bytes::buffer(&piece, ctx)?;
                drop(piece);
                let called = told.call("data", data.into(), ctx);
                told.piece_out.set(false);
                if told.reading.get() && !told.closed.get() {
                    told.poke(&shared);
                }
                called
            }));
        }
        match end {
            Ok(false) => Ok(()),
            Ok(true) => {
                state.saw_end.set(true);
                state.tell(&self.shared, "end", |_| Ok(boa_engine::JsValue::undefined()));
                Ok(())
            }
            Err(e) => Err(e),
        }
    }
}
