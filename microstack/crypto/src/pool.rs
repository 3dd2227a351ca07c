//! RSA work off the chain: a few threads behind a bounded queue.
//!
//! An RSA-3072 signature takes milliseconds, long enough to hold up every other connection of a
//! chain. When thousands of agents return at once the queue fills; then [`SigningPool::submit`]
//! says how long the queue will take, so that the owner can send the agent away for that time
//! instead of letting everybody wait too long.

use std::collections::VecDeque;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::identity::{SignError, Signer};
use crate::verify::{VerifyError, verify_agent_signature};

/// One piece of work.
pub enum Job {
    /// Sign `data`.
    Sign {
        /// Who signs.
        signer: Arc<dyn Signer>,
        /// What is signed, 144 bytes on the agent channel.
        data: Vec<u8>,
    },
    /// Check a signature in either form of command 2.
    Verify {
        /// Certificate whose key must have signed.
        cert_der: Vec<u8>,
        /// What was signed.
        data: Vec<u8>,
        /// Raw RSA value or PKCS#7 structure.
        signature: Vec<u8>,
    },
}

/// The result of a [`Job`].
#[derive(Debug)]
pub enum Outcome {
    /// Answer to [`Job::Sign`].
    Signed(Result<Vec<u8>, SignError>),
    /// Answer to [`Job::Verify`].
    Verified(Result<(), VerifyError>),
    /// The pool was dropped, or the job failed inside, before there was a result.
    Stopped,
}

/// Receives an [`Outcome`] on a pool thread; usually posts it to a chain's mailbox.
pub type Reply = Box<dyn FnOnce(Outcome) + Send>;

/// The queue is full.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Busy {
    /// Estimated time until the present queue is worked off.
    pub retry_after: Duration,
}

/// Threads that sign and verify. Dropping it answers waiting jobs with [`Outcome::Stopped`].
pub struct SigningPool {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

impl SigningPool {
    /// Starts `threads` threads (at least one) with room for `queue_cap` waiting jobs.
    pub fn new(threads: usize, queue_cap: usize) -> SigningPool {
        let shared = Arc::new(Shared {
            state: Mutex::new(State {
                waiting: VecDeque::new(),
                stopping: false,
                // A first guess, replaced by measurements: RSA-3072 on a small machine.
                job_time: Duration::from_millis(4),
                refused: 0,
            }),
            wake: Condvar::new(),
            queue_cap,
        });
        let threads = (0..threads.max(1))
            .filter_map(|index| {
                let shared = Arc::clone(&shared);
                std::thread::Builder::new().name(format!("sign-{index}")).spawn(move || shared.work()).ok()
            })
            .collect();
        SigningPool { shared, threads }
    }

    /// Queues a job. `reply` is called once, on a pool thread, unless this returns [`Busy`].
    pub fn submit(&self, job: Job, reply: Reply) -> Result<(), Busy> {
        let mut state = self.shared.lock();
        if state.waiting.len() >= self.shared.queue_cap || self.threads.is_empty() {
            state.refused += 1;
            let rounds = state.waiting.len().div_ceil(self.threads.len().max(1)).max(1);
            let estimate = state.job_time * u32::try_from(rounds).unwrap_or(u32::MAX);
            return Err(Busy { retry_after: estimate.clamp(MIN_RETRY, MAX_RETRY) });
        }
        state.waiting.push_back((job, reply));
        drop(state);
        self.shared.wake.notify_one();
        Ok(())
    }

    /// Jobs that wait for a thread.
    pub fn waiting(&self) -> usize {
        self.shared.lock().waiting.len()
    }

    /// Jobs refused as [`Busy`] since the start.
    pub fn refused(&self) -> u64 {
        self.shared.lock().refused
    }
}

impl Drop for SigningPool {
    fn drop(&mut self) {
        self.shared.lock().stopping = true;
        self.shared.wake.notify_all();
        let here = std::thread::current().id();
        for thread in self.threads.drain(..) {
            // A reply may own the last handle of the pool; a thread cannot wait for itself.
            if thread.thread().id() != here {
                // A worker catches panics of jobs, so there is nothing to learn from the result.
                let _ = thread.join();
            }
        }
        let left = std::mem::take(&mut self.shared.lock().waiting);
        for (_, reply) in left {
            let _ = catch_unwind(AssertUnwindSafe(|| reply(Outcome::Stopped)));
        }
    }
}

impl fmt::Debug for SigningPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningPool({} threads, {} waiting)", self.threads.len(), self.waiting())
    }
}

impl fmt::Display for Busy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the signing queue is full; try again in {} ms", self.retry_after.as_millis())
    }
}

impl std::error::Error for Busy {}

struct Shared {
    state: Mutex<State>,
    wake: Condvar,
    queue_cap: usize,
}

struct State {
    waiting: VecDeque<(Job, Reply)>,
    stopping: bool,
    job_time: Duration,
    refused: u64,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        // No code that can panic runs under the lock, so a poisoned state is still whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn work(&self) {
        loop {
            let mut state = self.lock();
            let (job, reply) = loop {
                if state.stopping {
                    return;
                }
                match state.waiting.pop_front() {
                    Some(entry) => break entry,
                    None => {
                        state = self.wake.wait(state).unwrap_or_else(PoisonError::into_inner);
                    }
                }
            };
            drop(state);

            let started = Instant::now();
            let outcome = catch_unwind(AssertUnwindSafe(|| job.run())).unwrap_or(Outcome::Stopped);
            let took = started.elapsed();
            let mut state = self.lock();
            state.job_time = (state.job_time * 7 + took) / 8;
            drop(state);
            // A failing reply must not cost a thread.
            let _ = catch_unwind(AssertUnwindSafe(|| reply(outcome)));
        }
    }
}

impl Job {
    fn run(self) -> Outcome {
        match self {
            Job::Sign { signer, data } => Outcome::Signed(signer.sign(&data)),
            Job::Verify { cert_der, data, signature } => {
                Outcome::Verified(verify_agent_signature(&cert_der, &data, &signature))
            }
        }
    }
}

const MIN_RETRY: Duration = Duration::from_millis(100);
const MAX_RETRY: Duration = Duration::from_secs(60);
