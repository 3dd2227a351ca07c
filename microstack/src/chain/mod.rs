//! The chain: one `mio` poll, links, coalesced timers, a bounded mailbox and nested runs.
//!
//! # Contract
//!
//! * A link never blocks. It is called with a [`Wake`] that holds *everything* that happened since its last call,
//!   does a bounded amount of work, and returns. A link that has more to do calls [`Cx::again`].
//! * `mio` is edge-triggered: after a readable wake a link reads until it would block, or calls [`Cx::again`].
//! * A link never holds a pointer to another link. It sends mail ([`Chain::mail`]); other threads use a
//!   [`Mailbox`].
//! * Adding and removing links while one is being dispatched is legal; removing twice is legal.
//! * [`Chain::run_until`] may be called from inside a link. The calling link is *not* dispatched again until it
//!   returns (what happens to it is kept), every other link is served. Nesting is bounded by [`MAX_DEPTH`].
//!
//! # Example
//!
//! ```
//! use microstack::chain::{Chain, Cx, Link, Wake};
//! use std::time::Duration;
//!
//! struct Once;
//! impl Link for Once {
//!     fn wake(&mut self, cx: &mut Cx<'_>, wake: Wake) {
//!         if wake.start {
//!             cx.set_timer(Some(cx.now() + Duration::from_millis(1)));
//!         }
//!         if wake.timer {
//!             cx.chain().stop();
//!         }
//!     }
//! }
//!
//! let chain = Chain::new().unwrap();
//! chain.add("once", Once);
//! chain.run().unwrap();
//! ```

mod cx;
mod mailbox;
mod slots;
mod timers;
mod watch;

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::io;
use std::rc::Rc;
use std::time::{Duration, Instant};

pub use cx::Cx;
pub use mailbox::{Mailbox, MailboxFull};
pub use slots::LinkId;
pub use watch::{SlowLink, Stats, TurnWatch};

use slots::Slots;
use timers::Timers;

/// How deep [`Chain::run_until`] may nest before it refuses.
///
/// Each level holds a native stack frame of whoever waits; a core whose timers wait inside waits would otherwise
/// exhaust the stack.
pub const MAX_DEPTH: usize = 16;

/// Messages one link may have waiting before [`Chain::mail`] refuses more.
pub const MAX_LOCAL_MAIL: usize = 4096;

/// Everything that happened to a link since it was last called.
#[derive(Default)]
pub struct Wake {
    /// The link was just added; sources may be registered now.
    pub start: bool,
    /// Bit `n` is set when the source registered as `sub` n became readable (or reached its end).
    pub readable: u16,
    /// Bit `n` is set when the source registered as `sub` n became writable.
    pub writable: u16,
    /// The link's timer fired. It is unset; set it again if needed.
    pub timer: bool,
    /// The link asked to be called again by [`Cx::again`].
    pub again: bool,
    /// Messages from other links and threads, oldest first.
    pub mail: VecDeque<Box<dyn Any>>,
}

impl Wake {
    /// True when the source registered as `sub` may have something to read.
    pub fn can_read(&self, sub: u8) -> bool {
        self.readable & (1 << sub) != 0
    }

    /// True when the source registered as `sub` may take more bytes.
    pub fn can_write(&self, sub: u8) -> bool {
        self.writable & (1 << sub) != 0
    }

    fn is_empty(&self) -> bool {
        !self.start
            && self.readable == 0
            && self.writable == 0
            && !self.timer
            && !self.again
            && self.mail.is_empty()
    }
}

/// Anything with a descriptor or a deadline.
pub trait Link: 'static {
    /// Handles everything in `wake` without blocking. See the [module contract](self).
    fn wake(&mut self, cx: &mut Cx<'_>, wake: Wake);
}

/// Why [`Chain::run_until`] came back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunEnd {
    /// The condition was met.
    Done,
    /// The deadline passed first.
    TimedOut,
    /// The chain was stopped.
    Stopped,
}

/// Why a nested run did not start or broke off.
#[derive(Debug)]
#[non_exhaustive]
pub enum RunError {
    /// The wait would be nested deeper than [`MAX_DEPTH`].
    TooDeep,
    /// The operating system's poll failed; the chain cannot go on.
    Poll(io::Error),
}

impl std::fmt::Display for RunError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            RunError::TooDeep => {
                write!(f, "waits are nested {MAX_DEPTH} deep; finish one wait before starting another")
            }
            RunError::Poll(e) => write!(f, "polling for events failed: {e}"),
        }
    }
}

impl std::error::Error for RunError {}

impl From<RunError> for io::Error {
    fn from(e: RunError) -> Self {
        match e {
            RunError::Poll(e) => e,
            RunError::TooDeep => io::Error::other(e.to_string()),
        }
    }
}

/// The event chain of one thread. Clones share it.
#[derive(Clone)]
pub struct Chain {
    inner: Rc<Inner>,
}

struct Inner {
    poll: RefCell<mio::Poll>,
    registry: mio::Registry,
    // Taken out while events are collected, so that no borrow lives across a dispatch.
    events: RefCell<Option<mio::Events>>,
    slots: RefCell<Slots>,
    timers: RefCell<Timers>,
    run_queue: RefCell<VecDeque<LinkId>>,
    mailbox: Mailbox,
    now: Cell<Instant>,
    depth: Cell<usize>,
    stopped: Cell<bool>,
    nudged: Cell<bool>,
    // The mailbox keeps mail that a link had no room for.
    mail_is_held: Cell<bool>,
    watch: RefCell<Option<Rc<dyn TurnWatch>>>,
    stats: Cell<Stats>,
}

impl Chain {
    /// Makes an empty chain with a mailbox of 65,536 messages.
    ///
    /// # Errors
    /// Fails when the operating system refuses a poll descriptor.
    pub fn new() -> io::Result<Self> {
        let poll = mio::Poll::new()?;
        let registry = poll.registry().try_clone()?;
        let waker = mio::Waker::new(&registry, slots::WAKER)?;
        Ok(Chain {
            inner: Rc::new(Inner {
                poll: RefCell::new(poll),
                registry,
                events: RefCell::new(Some(mio::Events::with_capacity(256))),
                slots: RefCell::new(Slots::default()),
                timers: RefCell::new(Timers::new(Instant::now())),
                run_queue: RefCell::new(VecDeque::new()),
                mailbox: Mailbox::new(waker, mailbox::CAPACITY),
                now: Cell::new(Instant::now()),
                depth: Cell::new(0),
                stopped: Cell::new(false),
                nudged: Cell::new(false),
                mail_is_held: Cell::new(false),
                watch: RefCell::new(None),
                stats: Cell::new(Stats::default()),
            }),
        })
    }

    /// Adds a link; its first wake has `start` set and comes in the next turn.
    ///
    /// `name` appears in reports about slow links.
    pub fn add(&self, name: &'static str, link: impl Link) -> LinkId {
        let id = self.inner.slots.borrow_mut().insert(name, Box::new(link));
        self.pend(id, |wake| wake.start = true);
        id
    }

    /// Removes a link. Its sources close when it is dropped, which is at once unless it is being dispatched.
    pub fn remove(&self, id: LinkId) {
        let removed = self.inner.slots.borrow_mut().remove(id);
        self.inner.timers.borrow_mut().clear(id);
        // Dropped here, with no borrow held: a link's destructor may use the chain.
        drop(removed);
    }

    /// True while the link exists and was not removed.
    pub fn contains(&self, id: LinkId) -> bool {
        self.inner.slots.borrow().contains(id)
    }

    /// Puts a message into a link's mail; it is delivered in the next turn.
    ///
    /// # Errors
    /// Hands the message back when the link is gone or has [`MAX_LOCAL_MAIL`] messages waiting.
    pub fn mail(&self, to: LinkId, message: Box<dyn Any>) -> Result<(), Box<dyn Any>> {
        {
            let mut slots = self.inner.slots.borrow_mut();
            match slots.pending(to) {
                Some(wake) if wake.mail.len() < MAX_LOCAL_MAIL => wake.mail.push_back(message),
                _ => return Err(message),
            }
        }
        self.enqueue(to);
        Ok(())
    }

    /// The handle by which other threads send mail to this chain's links.
    pub fn mailbox(&self) -> Mailbox {
        self.inner.mailbox.clone()
    }

    /// Runs until [`Chain::stop`].
    ///
    /// # Errors
    /// Fails only when polling fails.
    pub fn run(&self) -> io::Result<()> {
        self.inner.stopped.set(false);
        while !self.inner.stopped.get() {
            self.turn(None)?;
        }
        Ok(())
    }

    /// Runs turns until `between` says it is done, the deadline passes, or the chain is stopped.
    ///
    /// `between` is called before the first turn and after each one; it may do work of its own (the JavaScript
    /// host drains its queue there, with the engine handle passed down to it). It must leave nothing undone that
    /// no event will bring back, or call [`Chain::nudge`].
    ///
    /// # Errors
    /// [`RunError::TooDeep`] beyond [`MAX_DEPTH`] nested calls; [`RunError::Poll`] when polling fails.
    pub fn run_until(
        &self,
        deadline: Option<Instant>,
        between: &mut dyn FnMut(&Chain) -> bool,
    ) -> Result<RunEnd, RunError> {
        let depth = self.inner.depth.get();
        if depth >= MAX_DEPTH {
            return Err(RunError::TooDeep);
        }
        self.inner.depth.set(depth + 1);
        let _restore = RestoreDepth(&self.inner.depth, depth);
        loop {
            if between(self) {
                return Ok(RunEnd::Done);
            }
            if self.inner.stopped.get() {
                return Ok(RunEnd::Stopped);
            }
            let wait = match deadline {
                Some(at) => match at.checked_duration_since(Instant::now()) {
                    Some(left) if !left.is_zero() => Some(left),
                    _ => return Ok(RunEnd::TimedOut),
                },
                None => None,
            };
            self.turn(wait).map_err(RunError::Poll)?;
        }
    }

    /// One turn: wait at most `max_wait` for something, then call each link that something happened to, once.
    ///
    /// # Errors
    /// Fails only when polling fails.
    pub fn turn(&self, max_wait: Option<Duration>) -> io::Result<()> {
        self.wait(max_wait)?;
        self.dispatch();
        Ok(())
    }

    /// Makes [`Chain::run`] and every [`Chain::run_until`] return after the present turn.
    pub fn stop(&self) {
        self.inner.stopped.set(true);
    }

    /// True after [`Chain::stop`].
    pub fn is_stopped(&self) -> bool {
        self.inner.stopped.get()
    }

    /// Lets the next turn poll without waiting.
    pub fn nudge(&self) {
        self.inner.nudged.set(true);
    }

    /// The time at which the present turn's events were collected.
    pub fn now(&self) -> Instant {
        self.inner.now.get()
    }

    /// How many nested runs are active.
    pub fn depth(&self) -> usize {
        self.inner.depth.get()
    }

    /// How many links there are.
    pub fn len(&self) -> usize {
        self.inner.slots.borrow().len()
    }

    /// The names of the links, in no particular order, and when the next timer of any of them is due.
    pub fn snapshot(&self) -> (Vec<&'static str>, Option<Instant>) {
        (self.inner.slots.borrow().names(), self.inner.timers.borrow().next())
    }

    /// True when there is no link.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Counters since the chain was made.
    pub fn stats(&self) -> Stats {
        self.inner.stats.get()
    }

    /// Sets who is told when a turn begins and ends and when a link was slow.
    pub fn set_watch(&self, watch: Rc<dyn TurnWatch>) {
        *self.inner.watch.borrow_mut() = Some(watch);
    }

    fn wait(&self, max_wait: Option<Duration>) -> io::Result<()> {
        let inner = &*self.inner;
        let idle = inner.run_queue.borrow().is_empty() && !inner.nudged.replace(false);
        let timeout = if !idle {
            Some(Duration::ZERO)
        } else {
            let next = inner.timers.borrow().next();
            let until_timer = next.map(|at| at.saturating_duration_since(Instant::now()));
            match (until_timer, max_wait) {
                (Some(a), Some(b)) => Some(a.min(b)),
                (a, b) => a.or(b),
            }
        };
        // One event buffer is enough: a nested wait starts only from a dispatch, when no event is unread.
        let mut events = inner.events.borrow_mut().take().unwrap_or_else(|| mio::Events::with_capacity(256));
        let watch = inner.watch.borrow().clone();
        if let Some(watch) = &watch {
            watch.turn_ends();
        }
        let polled = inner.poll.borrow_mut().poll(&mut events, timeout);
        if let Some(watch) = &watch {
            watch.turn_begins();
        }
        match polled {
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
            Ok(()) => {}
        }
        inner.now.set(Instant::now());
        let mut stats = inner.stats.get();
        stats.turns += 1;
        if timeout != Some(Duration::ZERO) {
            stats.wake_ups += 1;
        }
        inner.stats.set(stats);
        for event in events.iter() {
            if event.token() == slots::WAKER {
                continue; // the mailbox is drained below in any case
            }
            let source = inner.slots.borrow().of_token(event.token());
            let Some((id, sub)) = source else {
                continue; // its link is gone
            };
            self.pend(id, |wake| {
                if event.is_readable() || event.is_read_closed() || event.is_error() {
                    wake.readable |= 1 << sub;
                }
                if event.is_writable() || event.is_write_closed() || event.is_error() {
                    wake.writable |= 1 << sub;
                }
            });
        }
        *inner.events.borrow_mut() = Some(events);
        self.deliver();
        while let Some(id) = inner.timers.borrow_mut().pop_due(inner.now.get()) {
            self.pend(id, |wake| wake.timer = true);
        }
        Ok(())
    }

    /// Moves mail to its links. What a link that is busy in an outer run has no room for stays in the mailbox, so
    /// that senders feel it.
    fn deliver(&self) {
        let mut undelivered = mailbox::Letters::new();
        for (id, message) in self.inner.mailbox.take() {
            let is_full = self
                .inner
                .slots
                .borrow_mut()
                .pending(id)
                .is_some_and(|wake| wake.mail.len() >= MAX_LOCAL_MAIL);
            match is_full {
                true => undelivered.push_back((id, message)),
                false => self.pend(id, |wake| wake.mail.push_back(message)),
            }
        }
        self.inner.mail_is_held.set(!undelivered.is_empty());
        if !undelivered.is_empty() {
            self.inner.mailbox.put_back(undelivered);
        }
    }

    fn dispatch(&self) {
        // Only what is queued now: links woken by this dispatch wait for the next turn, so none can starve poll.
        let mut left = self.inner.run_queue.borrow().len();
        while left > 0 {
            left -= 1;
            let Some(id) = self.inner.run_queue.borrow_mut().pop_front() else {
                return; // a nested run served the rest
            };
            self.dispatch_one(id);
        }
    }

    fn dispatch_one(&self, id: LinkId) {
        let Some((mut link, wake, name)) = self.inner.slots.borrow_mut().take(id) else {
            return; // gone, or busy in an outer run: what happened stays pending
        };
        let started = Instant::now();
        link.wake(&mut Cx::new(self, id), wake);
        let took = started.elapsed();
        if took >= watch::SLOW {
            let mut stats = self.inner.stats.get();
            stats.slow += 1;
            self.inner.stats.set(stats);
            let watch = self.inner.watch.borrow().clone();
            if let Some(watch) = watch {
                watch.slow_link(SlowLink { name, took });
            } else {
                tracing::warn!(link = name, ms = took.as_millis() as u64, "a link held the chain");
            }
        }
        let (dropped, has_more) = self.inner.slots.borrow_mut().put_back(id, link);
        drop(dropped);
        if has_more {
            self.enqueue(id);
        }
        if self.inner.mail_is_held.get() {
            self.nudge(); // there may be room for it now, and nothing else would bring it
        }
    }

    fn pend(&self, id: LinkId, change: impl FnOnce(&mut Wake)) {
        {
            let mut slots = self.inner.slots.borrow_mut();
            let Some(wake) = slots.pending(id) else {
                return;
            };
            change(wake);
        }
        self.enqueue(id);
    }

    fn enqueue(&self, id: LinkId) {
        if self.inner.slots.borrow_mut().mark_queued(id) {
            self.inner.run_queue.borrow_mut().push_back(id);
        }
    }
}

struct RestoreDepth<'a>(&'a Cell<usize>, usize);

impl Drop for RestoreDepth<'_> {
    fn drop(&mut self) {
        self.0.set(self.1);
    }
}

#[cfg(test)]
mod tests;
