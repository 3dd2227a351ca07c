//! What waits to be sent to the server, and the way into the running core.
//!
//! Scripts run between turns of the chain; the channel's link runs inside them. They meet in these two queues, which
//! are borrowed only for the moment of a push or a pop.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;

use js_modules::meshagent::{CoreFeed, ServerView};
use microstack::chain::{Chain, LinkId};
use microstack::channel::Message;

/// Messages for the server.
pub struct Outbox {
    chain: Chain,
    link: Cell<Option<LinkId>>,
    queue: RefCell<VecDeque<Message>>,
    bytes: Cell<usize>,
    /// What the socket itself still holds; the link keeps it up to date.
    socket_bytes: Cell<usize>,
    server: RefCell<Option<ServerView>>,
    dropped: Cell<u64>,
}

/// Why a message was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotQueued {
    /// There is no authenticated server.
    NoServer,
    /// The server takes less than the core produces.
    Full,
}

/// The link should look at its outbox, at its keeper, or do what it says.
pub enum ToChannel {
    /// There is something to send.
    Flush,
    /// Drop the connection and start over.
    Reconnect,
    /// Close in order: the agent stops.
    Stop,
}

impl Outbox {
    /// An empty one; messages are refused until a server is set.
    pub fn new(chain: Chain) -> Outbox {
        Outbox {
            chain,
            link: Cell::new(None),
            queue: RefCell::default(),
            bytes: Cell::new(0),
            socket_bytes: Cell::new(0),
            server: RefCell::new(None),
            dropped: Cell::new(0),
        }
    }

    /// The link that empties it.
    pub fn set_link(&self, link: LinkId) {
        self.link.set(Some(link));
    }

    /// Queues a message for the authenticated server.
    ///
    /// # Errors
    /// [`NotQueued`]; the message is gone.
    pub fn send(&self, message: Message) -> Result<(), NotQueued> {
        if self.server.borrow().is_none() {
            return Err(NotQueued::NoServer);
        }
        let len = message.as_frame().len();
        let waiting = self.bytes.get() + self.socket_bytes.get();
        // One message of any allowed size passes when nothing waits: otherwise it never could.
        if waiting > 0 && waiting + len > MAX_BYTES || self.queue.borrow().len() >= MAX_MESSAGES {
            self.dropped.set(self.dropped.get() + 1);
            return Err(NotQueued::Full);
        }
        self.bytes.set(self.bytes.get() + len);
        let first = self.queue.borrow().is_empty();
        self.queue.borrow_mut().push_back(message);
        if first {
            self.tell(ToChannel::Flush);
        }
        Ok(())
    }

    /// Sends word to the link. Without a link, or with 4096 words waiting, there is nothing to tell it.
    pub fn tell(&self, word: ToChannel) {
        if let Some(link) = self.link.get() {
            let _ = self.chain.mail(link, Box::new(word));
        }
    }

    /// The next message to send.
    pub fn pop(&self) -> Option<Message> {
        let message = self.queue.borrow_mut().pop_front()?;
        self.bytes.set(self.bytes.get() - message.as_frame().len());
        Some(message)
    }

    /// Notes what the socket still holds, in bytes.
    pub fn set_socket_bytes(&self, bytes: usize) {
        self.socket_bytes.set(bytes);
    }

    /// A server is authenticated now, or is gone; what was meant for the old one is dropped.
    pub fn set_server(&self, server: Option<ServerView>) {
        if server.is_none() {
            self.queue.borrow_mut().clear();
            self.bytes.set(0);
            self.socket_bytes.set(0);
        }
        *self.server.borrow_mut() = server;
    }

    /// The authenticated server.
    pub fn server(&self) -> Option<ServerView> {
        self.server.borrow().clone()
    }

    /// Messages dropped since the last call because the server was too slow.
    pub fn take_dropped(&self) -> u64 {
        self.dropped.take()
    }
}

/// What is on its way to the core.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Inbound {
    /// JSON of the server.
    Json(String),
    /// A binary command from 1000 up, number included.
    Binary(Vec<u8>),
    /// The channel became authenticated or was lost.
    Connected(bool),
}

/// The way into the core: straight when one runs, through a short queue while one is about to start.
#[derive(Default)]
pub struct Inbox {
    feed: RefCell<Option<CoreFeed>>,
    starting: Cell<bool>,
    waiting: RefCell<VecDeque<Inbound>>,
}

/// What became of an inbound message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    /// The core has it, or will when it has started.
    Taken,
    /// No core runs.
    NoCore,
    /// The core is so far behind that its queue is full; the message is dropped.
    Full,
}

impl Inbox {
    /// A core will start in a moment: keep what arrives.
    pub fn core_is_starting(&self) {
        *self.feed.borrow_mut() = None;
        self.starting.set(true);
    }

    /// A core runs, or none does any more.
    pub fn set_feed(&self, feed: Option<CoreFeed>) {
        self.starting.set(false);
        let waiting = std::mem::take(&mut *self.waiting.borrow_mut());
        *self.feed.borrow_mut() = feed;
        for message in waiting {
            self.deliver(message);
        }
    }

    /// Hands a message to the core.
    pub fn deliver(&self, message: Inbound) -> Delivery {
        if let Some(feed) = &*self.feed.borrow() {
            let fed = match &message {
                Inbound::Json(text) => feed.command_json(text),
                Inbound::Binary(data) => feed.command_binary(data),
                Inbound::Connected(yes) => feed.connected(*yes),
            };
            return if fed.is_ok() { Delivery::Taken } else { Delivery::Full };
        }
        if !self.starting.get() {
            return Delivery::NoCore;
        }
        let mut waiting = self.waiting.borrow_mut();
        if waiting.len() >= MAX_WAITING {
            return Delivery::Full;
        }
        waiting.push_back(message);
        Delivery::Taken
    }
}

/// Bytes that may wait for the server, in the queue and in the socket.
const MAX_BYTES: usize = 8 << 20;
/// Messages that may wait for the server.
const MAX_MESSAGES: usize = 8192;
/// Messages that may wait for a core that starts.
const MAX_WAITING: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;

    fn text(bytes: usize) -> Message {
        Message::Text("x".repeat(bytes))
    }

    #[test]
    fn nothing_is_queued_without_a_server_and_nothing_survives_its_loss() {
        let outbox = Outbox::new(Chain::new().unwrap());
        assert_eq!(outbox.send(text(1)), Err(NotQueued::NoServer));
        outbox.set_server(Some(ServerView::default()));
        assert_eq!(outbox.send(text(1)), Ok(()));
        outbox.set_server(None);
        outbox.set_server(Some(ServerView::default()));
        assert_eq!(outbox.pop(), None);
    }

    #[test]
    fn a_stalled_reader_does_not_grow_the_queue() {
        let outbox = Outbox::new(Chain::new().unwrap());
        outbox.set_server(Some(ServerView::default()));
        assert_eq!(outbox.send(text(MAX_BYTES + 1)), Ok(()), "one large message passes alone");
        assert_eq!(outbox.send(text(1)), Err(NotQueued::Full));
        assert!(outbox.pop().is_some());
        outbox.set_socket_bytes(MAX_BYTES);
        assert_eq!(outbox.send(text(1)), Err(NotQueued::Full));
        outbox.set_socket_bytes(0);
        for _ in 0..MAX_MESSAGES {
            assert_eq!(outbox.send(text(1)), Ok(()));
        }
        assert_eq!(outbox.send(text(1)), Err(NotQueued::Full));
        assert_eq!(outbox.take_dropped(), 3);
    }

    #[test]
    fn what_arrives_while_a_core_starts_is_kept_within_a_bound() {
        let inbox = Inbox::default();
        assert_eq!(inbox.deliver(Inbound::Connected(true)), Delivery::NoCore);
        inbox.core_is_starting();
        for _ in 0..MAX_WAITING {
            assert_eq!(inbox.deliver(Inbound::Json("{}".into())), Delivery::Taken);
        }
        assert_eq!(inbox.deliver(Inbound::Json("{}".into())), Delivery::Full);
        inbox.set_feed(None);
        assert_eq!(inbox.deliver(Inbound::Json("{}".into())), Delivery::NoCore);
    }
}
