//! What a link may do while it is being called.

use std::any::Any;
use std::io;
use std::time::{Duration, Instant};

use mio::Interest;
use mio::event::Source;

use super::{Chain, Link, LinkId, Mailbox};

/// The chain as seen by the link under dispatch.
pub struct Cx<'a> {
    chain: &'a Chain,
    id: LinkId,
}

impl<'a> Cx<'a> {
    pub(super) fn new(chain: &'a Chain, id: LinkId) -> Self {
        Cx { chain, id }
    }

    /// Starts watching a source under the number `sub` (0 to 15), by which [`super::Wake`] reports it.
    ///
    /// # Errors
    /// Fails when the descriptor cannot be polled.
    ///
    /// # Panics
    /// When `sub` is over 15: a programming error.
    pub fn register(&self, source: &mut impl Source, sub: u8, interest: Interest) -> io::Result<()> {
        self.chain.inner.registry.register(source, self.id.token(sub), interest)
    }

    /// Changes what a registered source is watched for.
    ///
    /// # Errors
    /// Fails when the source is not registered.
    pub fn reregister(&self, source: &mut impl Source, sub: u8, interest: Interest) -> io::Result<()> {
        self.chain.inner.registry.reregister(source, self.id.token(sub), interest)
    }

    /// Stops watching a source. Dropping a socket does the same.
    ///
    /// # Errors
    /// Fails when the source is not registered.
    pub fn deregister(&self, source: &mut impl Source) -> io::Result<()> {
        self.chain.inner.registry.deregister(source)
    }

    /// Sets or clears the link's one timer. An instant in the past fires in the next turn.
    pub fn set_timer(&self, at: Option<Instant>) {
        self.set_timer_with_slack(at, Duration::ZERO);
    }

    /// Like [`Cx::set_timer`], but may fire up to `slack` late, so that timers of many links share a wake-up.
    pub fn set_timer_with_slack(&self, at: Option<Instant>, slack: Duration) {
        if !self.chain.contains(self.id) {
            return;
        }
        let mut timers = self.chain.inner.timers.borrow_mut();
        match at {
            Some(at) => timers.set(self.id, at, slack),
            None => timers.clear(self.id),
        }
    }

    /// Asks for another call in the next turn: the budget of this one is used up, but not the work.
    pub fn again(&self) {
        self.chain.pend(self.id, |wake| wake.again = true);
    }

    /// Adds another link to the chain.
    pub fn add(&self, name: &'static str, link: impl Link) -> LinkId {
        self.chain.add(name, link)
    }

    /// Sends mail to a link of this chain. See [`Chain::mail`].
    ///
    /// # Errors
    /// Hands the message back when the receiver is gone or its queue is full.
    pub fn mail(&self, to: LinkId, message: Box<dyn Any>) -> Result<(), Box<dyn Any>> {
        self.chain.mail(to, message)
    }

    /// The handle for other threads; combine it with [`Cx::id`].
    pub fn mailbox(&self) -> Mailbox {
        self.chain.mailbox()
    }

    /// Removes the calling link once it has returned.
    pub fn remove_self(&self) {
        self.chain.remove(self.id);
    }

    /// The time of this turn.
    pub fn now(&self) -> Instant {
        self.chain.now()
    }

    /// The calling link.
    pub fn id(&self) -> LinkId {
        self.id
    }

    /// The chain, for nested runs and for what outlives the call.
    pub fn chain(&self) -> &'a Chain {
        self.chain
    }
}
