//! How other threads reach the links of a chain.

use std::any::Any;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::LinkId;

pub(super) const CAPACITY: usize = 65_536;

/// A bounded queue into a chain, for other threads. Clones share it.
#[derive(Clone)]
pub struct Mailbox {
    shared: Arc<Shared>,
}

struct Shared {
    queue: Mutex<Queue>,
    capacity: usize,
    waker: mio::Waker,
}

pub(super) type Letters = VecDeque<(LinkId, Box<dyn Any + Send>)>;

#[derive(Default)]
struct Queue {
    letters: Letters,
    /// The chain was woken since it last looked; once is enough.
    woken: bool,
}

/// The mailbox was full; the message is handed back.
pub struct MailboxFull(pub Box<dyn Any + Send>);

impl std::fmt::Debug for MailboxFull {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("MailboxFull")
    }
}

impl std::fmt::Display for MailboxFull {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the chain's mailbox is full: its thread is overloaded or stuck; try again later")
    }
}

impl std::error::Error for MailboxFull {}

impl Mailbox {
    pub(super) fn new(waker: mio::Waker, capacity: usize) -> Self {
        Mailbox { shared: Arc::new(Shared { queue: Mutex::new(Queue::default()), capacity, waker }) }
    }

    /// Sends a message to a link and wakes its chain. Mail to a link that is gone is dropped on arrival.
    ///
    /// # Errors
    /// [`MailboxFull`] hands the message back when the queue is at its bound.
    pub fn post(&self, to: LinkId, message: impl Any + Send) -> Result<(), MailboxFull> {
        let was_woken = {
            let mut queue = self.lock();
            if queue.letters.len() >= self.shared.capacity {
                return Err(MailboxFull(Box::new(message)));
            }
            queue.letters.push_back((to, Box::new(message)));
            std::mem::replace(&mut queue.woken, true)
        };
        if !was_woken {
            // Failing to wake means the chain's poll is gone; the mail then has no reader either.
            let _ = self.shared.waker.wake();
        }
        Ok(())
    }

    /// How many messages wait.
    pub fn len(&self) -> usize {
        self.lock().letters.len()
    }

    /// True when no message waits.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(super) fn take(&self) -> Letters {
        let mut queue = self.lock();
        queue.woken = false;
        std::mem::take(&mut queue.letters)
    }

    /// Gives back what could not be delivered yet, to be taken first next time.
    pub(super) fn put_back(&self, mut undelivered: Letters) {
        let mut queue = self.lock();
        undelivered.append(&mut queue.letters);
        queue.letters = undelivered;
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.shared.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
