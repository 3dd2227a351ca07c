//! Long computations off the chain: key generation, password hashing.
//!
//! At most two threads, started when there is work and gone after ten idle seconds. A result comes back as mail to a
//! link, which pushes the callback.

use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use boa_engine::object::builtins::JsFunction;
use boa_engine::{Context, JsResult, JsValue};
use microstack::chain::{Cx, Link, LinkId, Mailbox, Wake};

use super::failure::Failure;
use super::key::{self, Key};
use crate::host::bytes::buffer;
use crate::host::native::{ErrorClass, node_error};
use crate::host::{Hold, HostShared};

/// What a computation gives.
pub enum Outcome {
    Bytes(Vec<u8>),
    Key(Key),
    Flag(bool),
}

/// A computation that may run on another thread.
pub type Job = Box<dyn FnOnce() -> Result<Outcome, Failure> + Send>;

/// Runs `job` here, or, with a callback, elsewhere: then `callback(error, result)` is called later.
pub fn run(job: Job, callback: Option<JsFunction>, ctx: &mut Context) -> JsResult<JsValue> {
    let Some(callback) = callback else {
        return match job() {
            Ok(outcome) => value(outcome, ctx),
            Err(failure) => Err(failure.error(ctx)),
        };
    };
    let shared = HostShared::of(ctx);
    if lock().jobs.len() >= MAX_WAITING {
        let text = format!("{MAX_WAITING} computations wait already; wait for some of them first");
        return Err(node_error(ErrorClass::Error, "ERR_CRYPTO_OPERATION_FAILED", &text, ctx));
    }
    let hold = shared.hold();
    shared.add_link(
        "crypto",
        Waiting { job: Some(job), callback: Some(callback), shared: shared.clone(), _hold: hold },
    );
    Ok(JsValue::undefined())
}

fn value(outcome: Outcome, ctx: &mut Context) -> JsResult<JsValue> {
    Ok(match outcome {
        Outcome::Bytes(bytes) => buffer(&bytes, ctx)?.into(),
        Outcome::Key(key) => key::handle(key, ctx).into(),
        Outcome::Flag(flag) => flag.into(),
    })
}

struct Waiting {
    job: Option<Job>,
    callback: Option<JsFunction>,
    shared: Rc<HostShared>,
    _hold: Hold,
}

impl Link for Waiting {
    fn wake(&mut self, cx: &mut Cx<'_>, mut wake: Wake) {
        if let Some(job) = self.job.take() {
            submit(Order { job, mailbox: cx.mailbox(), to: cx.id() });
        }
        let done = wake.mail.drain(..).find_map(|mail| mail.downcast::<Result<Outcome, Failure>>().ok());
        let Some(done) = done else { return };
        let Some(callback) = self.callback.take() else { return };
        self.shared.push(Box::new(move |ctx| {
            let undefined = JsValue::undefined();
            let args = match *done {
                Ok(outcome) => [JsValue::null(), value(outcome, ctx)?],
                Err(failure) => [failure.error(ctx).into_opaque(ctx)?, undefined.clone()],
            };
            callback.call(&undefined, &args, ctx).map(|_| ())
        }));
        cx.remove_self();
    }
}

const MAX_WAITING: usize = 256;
const MAX_THREADS: usize = 2;
const IDLE: Duration = Duration::from_secs(10);

struct Order {
    job: Job,
    mailbox: Mailbox,
    to: LinkId,
}

#[derive(Default)]
struct Pool {
    jobs: VecDeque<Order>,
    threads: usize,
    idle: usize,
}

static POOL: Mutex<Pool> = Mutex::new(Pool { jobs: VecDeque::new(), threads: 0, idle: 0 });
static MORE: Condvar = Condvar::new();

fn lock() -> MutexGuard<'static, Pool> {
    // A computation that panics poisons nothing: it runs outside the lock.
    POOL.lock().unwrap_or_else(PoisonError::into_inner)
}

fn submit(order: Order) {
    let mut pool = lock();
    pool.jobs.push_back(order);
    if pool.idle >= pool.jobs.len() {
        MORE.notify_one();
        return;
    }
    if pool.threads < MAX_THREADS {
        pool.threads += 1;
        if std::thread::Builder::new().name("crypto".into()).spawn(serve).is_err() {
            pool.threads -= 1;
            if pool.threads == 0
                && let Some(order) = pool.jobs.pop_back()
            {
                // No thread can be had: late is better than never.
                drop(pool);
                finish(order);
            }
        }
    }
}

fn serve() {
    let mut pool = lock();
    loop {
        if let Some(order) = pool.jobs.pop_front() {
            drop(pool);
            finish(order);
            pool = lock();
            continue;
        }
        pool.idle += 1;
        let (back, waited) = MORE.wait_timeout(pool, IDLE).unwrap_or_else(PoisonError::into_inner);
        pool = back;
        pool.idle -= 1;
        if waited.timed_out() && pool.jobs.is_empty() {
            pool.threads -= 1;
            return;
        }
    }
}

fn run_job(job: std::panic::AssertUnwindSafe<Job>) -> Result<Outcome, Failure> {
    (job.0)()
}

fn finish(order: Order) {
    // The job owns all it touches: nothing half-done is left behind.
    let job = std::panic::AssertUnwindSafe(order.job);
    let done = std::panic::catch_unwind(move || run_job(job))
        .unwrap_or_else(|_| Err(Failure::new("ERR_CRYPTO_OPERATION_FAILED", "the computation failed")));
    let mut message = done;
    // The chain is busy when its mailbox is full; nothing else waits for this thread.
    while let Err(full) = order.mailbox.post(order.to, message) {
        match full.0.downcast::<Result<Outcome, Failure>>() {
            Ok(back) => message = *back,
            Err(_) => return,
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}
