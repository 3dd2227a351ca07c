//! One WebSocket to the relay, as a link with two bounded queues.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use microstack::chain::{Chain, Cx, Link, LinkId, Wake};
use microstack::net::Resolver;
use microstack::wire::ServerUrl;
use microstack::ws::{ClientOptions, CloseWhy, Conn, Event};
use rustls::ClientConfig;

/// A message of a tunnel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Frame {
    /// Session data.
    Binary(Vec<u8>),
    /// Control messages, and answers of some commands.
    Text(String),
}

impl Frame {
    fn len(&self) -> usize {
        match self {
            Frame::Binary(bytes) => bytes.len(),
            Frame::Text(text) => text.len(),
        }
    }
}

/// The near end of a relay connection. Sending and receiving never wait; the chain has to be turned in between.
pub struct Wire {
    chain: Chain,
    link: LinkId,
    queues: Rc<RefCell<Queues>>,
}

/// What the link and its owner share; the chain runs them in turn.
#[derive(Default)]
struct Queues {
    incoming: VecDeque<Frame>,
    incoming_bytes: usize,
    outgoing: VecDeque<Frame>,
    /// Waiting here and in the WebSocket.
    outgoing_bytes: usize,
    closed: Option<CloseWhy>,
}

/// Bytes that wait to be read by the tool before the relay is held back.
const MAX_INCOMING: usize = 512 * 1024;

/// Bytes that wait to leave before the tool is held back.
const MAX_OUTGOING: usize = 256 * 1024;

/// Cap on a message from the relay; real agents send up to about 1 MiB (a folder with many names).
const MAX_MESSAGE: usize = 16 * 1024 * 1024;

/// Connecting, with name look-up, TLS and the upgrade.
const CONNECT: Duration = Duration::from_secs(20);

/// A server of ours sends something every 30 s at the latest. Three times that means the link is dead.
const SILENCE: Duration = Duration::from_secs(90);

impl Wire {
    /// Sets out to the relay. `heart_beats` says whether the server is known to send them.
    pub fn dial(chain: &Chain, url: ServerUrl, tls: Arc<ClientConfig>, heart_beats: bool) -> Wire {
        let queues = Rc::new(RefCell::new(Queues::default()));
        let mut options = ClientOptions::new(url, tls, Resolver::new());
        options.connect_timeout = CONNECT;
        options.max_message = MAX_MESSAGE;
        options.max_backlog = MAX_OUTGOING;
        let link = RelayLink {
            options: Some(options),
            conn: None,
            queues: queues.clone(),
            paused: false,
            patience: heart_beats.then_some(SILENCE),
        };
        Wire { chain: chain.clone(), link: chain.add("relay", link), queues }
    }

    /// The next message, if one has come.
    pub fn receive(&mut self) -> Option<Frame> {
        let (frame, was_full) = {
            let mut queues = self.queues.borrow_mut();
            let was_full = queues.incoming_bytes >= MAX_INCOMING;
            let frame = queues.incoming.pop_front()?;
            queues.incoming_bytes -= frame.len();
            (frame, was_full)
        };
        if was_full {
            self.nudge();
        }
        Some(frame)
    }

    /// Queues a message. One of any length is taken; see [`Wire::has_room`]. On a closed wire it is dropped.
    pub fn send(&mut self, frame: Frame) {
        {
            let mut queues = self.queues.borrow_mut();
            if queues.closed.is_some() {
                return;
            }
            queues.outgoing_bytes += frame.len();
            queues.outgoing.push_back(frame);
        }
        self.nudge();
    }

    /// True while more should be sent.
    pub fn has_room(&self) -> bool {
        let queues = self.queues.borrow();
        queues.closed.is_none() && queues.outgoing_bytes < MAX_OUTGOING
    }

    /// True when [`Wire::receive`] or [`Wire::closed`] has something to say.
    pub fn has_news(&self) -> bool {
        let queues = self.queues.borrow();
        !queues.incoming.is_empty() || queues.closed.is_some()
    }

    /// True when nothing can come any more, read or not.
    pub fn is_over(&self) -> bool {
        self.queues.borrow().closed.is_some()
    }

    /// The chain it is on.
    pub fn chain(&self) -> &Chain {
        &self.chain
    }

    /// Why it ended, once it has and everything that came before was received.
    pub fn closed(&self) -> Option<CloseWhy> {
        let queues = self.queues.borrow();
        queues.closed.clone().filter(|_| queues.incoming.is_empty())
    }

    /// Says goodbye behind what waits to be sent.
    pub fn close(&mut self) {
        // A link that is gone has said it.
        let _ = self.chain.mail(self.link, Box::new(Goodbye));
    }

    fn nudge(&self) {
        // A link that has this much mail waiting is awake already.
        let _ = self.chain.mail(self.link, Box::new(Nudge));
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.chain.remove(self.link);
    }
}

struct Nudge;
struct Goodbye;

struct RelayLink {
    options: Option<ClientOptions>,
    conn: Option<Conn>,
    queues: Rc<RefCell<Queues>>,
    paused: bool,
    patience: Option<Duration>,
}

impl Link for RelayLink {
    fn wake(&mut self, cx: &mut Cx<'_>, mut wake: Wake) {
        if let Some(options) = self.options.take() {
            self.conn = Some(Conn::connect(cx, options));
        }
        let Some(conn) = &mut self.conn else { return };
        conn.wake(cx, &wake);
        let leaving = wake.mail.drain(..).any(|mail| mail.is::<Goodbye>());
        let mut queues = self.queues.borrow_mut();
        if self.paused && queues.incoming_bytes < MAX_INCOMING {
            self.paused = false;
            conn.resume_reading(cx);
        }
        while let Some(event) = conn.poll(cx) {
            let frame = match event {
                Event::Binary(bytes) => Frame::Binary(bytes),
                Event::Text(text) => Frame::Text(text),
                Event::Closed(info) => {
                    queues.closed.get_or_insert(info.why);
                    queues.outgoing.clear();
                    break;
                }
                Event::Open(_) | Event::Ping | Event::Pong | Event::Drained => continue,
            };
            queues.incoming_bytes += frame.len();
            queues.incoming.push_back(frame);
            if queues.incoming_bytes >= MAX_INCOMING && !self.paused {
                self.paused = true;
                conn.pause_reading(cx);
            }
        }
        // Below its limit the WebSocket takes a message of any length, and at it `Drained` will come.
        while conn.is_open() && conn.backlog() < MAX_OUTGOING {
            let sent = match queues.outgoing.pop_front() {
                Some(Frame::Binary(bytes)) => conn.send_binary(cx, bytes),
                Some(Frame::Text(text)) => conn.send_text(cx, text),
                None => break,
            };
            if let Err(error) = sent {
                // The end of the connection will be reported; a broken link takes nothing more.
                tracing::debug!(%error, "a tunnel's message was not sent");
                break;
            }
        }
        queues.outgoing_bytes = conn.backlog() + queues.outgoing.iter().map(Frame::len).sum::<usize>();
        if leaving {
            conn.close(cx, Some((1000, "")));
        }
        // While we do not read, silence proves nothing.
        let silent_at = match (self.patience, self.paused, conn.is_open()) {
            (Some(patience), false, true) => Some(conn.last_received() + patience),
            _ => None,
        };
        if silent_at.is_some_and(|at| cx.now() >= at) && queues.closed.is_none() {
            queues.closed = Some(CloseWhy::Reset("nothing came from the server for 90 s".into()));
            conn.close(cx, None);
        }
        cx.set_timer([conn.deadline(), silent_at].into_iter().flatten().min());
    }
}
