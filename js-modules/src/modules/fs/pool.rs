//! Where the asynchronous forms do their work: a few threads per context, started when there is work and gone after
//! ten idle seconds. Answers come back as mail.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::rc::Rc;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use boa_engine::object::builtins::JsFunction;
use boa_engine::{Context, JsData, JsResult, JsValue};
use boa_gc::{Finalize, Trace};
use microstack::chain::{Cx, Link, LinkId, Mailbox, Wake};

use super::answer::{Answer, Fault, Shape};
use crate::host::{Hold, HostShared};

/// Threads of one context; Node has as many.
const MAX_THREADS: usize = 4;

/// Operations of one context that may be under way; more are an error, `EAGAIN`.
const MAX_UNDER_WAY: usize = 16_384;

const LINGER: Duration = Duration::from_secs(10);
const STACK_BYTES: usize = 256 << 10;

/// The work of one operation.
pub(super) type Work = Box<dyn FnOnce() -> Result<Answer, Fault> + Send>;

struct Job {
    number: u64,
    work: Work,
    mailbox: Mailbox,
    link: LinkId,
}

/// Mail: an operation is done.
struct Done {
    number: u64,
    result: Mutex<Option<Result<Answer, Fault>>>,
}

#[derive(Default)]
struct Queue {
    jobs: VecDeque<Job>,
    threads: usize,
    idle: usize,
    closed: bool,
}

#[derive(Default)]
struct Shared {
    queue: Mutex<Queue>,
    work: Condvar,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Waiting {
    callback: JsFunction,
    shape: Shape,
    _hold: Hold,
}

type UnderWay = Rc<RefCell<BTreeMap<u64, Waiting>>>;

/// The pool of a context; its data.
#[derive(Trace, Finalize, JsData)]
pub(super) struct Pool {
    #[unsafe_ignore_trace]
    shared: Owner,
    #[unsafe_ignore_trace]
    under_way: UnderWay,
    #[unsafe_ignore_trace]
    link: LinkId,
    #[unsafe_ignore_trace]
    next: Cell<u64>,
}

/// Ends the threads when the context goes.
struct Owner(Arc<Shared>);

impl Drop for Owner {
    fn drop(&mut self) {
        let mut queue = self.0.lock();
        queue.closed = true;
        queue.jobs.clear();
        drop(queue);
        self.0.work.notify_all();
    }
}

/// Starts an operation; `callback(error, value)` is called in a later turn.
pub(super) fn start(work: Work, shape: Shape, callback: JsFunction, ctx: &mut Context) -> JsResult<()> {
    let host = HostShared::of(ctx);
    if !ctx.has_data::<Pool>() {
        let under_way = UnderWay::default();
        let link = PoolLink { under_way: under_way.clone(), host: host.clone() };
        let link = host.add_link("file operations", link);
        let shared = Owner(Arc::default());
        ctx.insert_data(Pool { shared, under_way, link, next: Cell::new(0) });
    }
    let Some(pool) = ctx.get_data::<Pool>() else { return Ok(()) };
    let number = pool.next.get();
    pool.next.set(number + 1);
    let job = Job { number, work, mailbox: host.chain().mailbox(), link: pool.link };
    let full = pool.under_way.borrow().len() >= MAX_UNDER_WAY;
    let queued = if full { Err(io::Error::from_raw_os_error(libc::EAGAIN)) } else { pool.enqueue(job) };
    match queued {
        Ok(()) => {
            let waiting = Waiting { callback, shape, _hold: host.hold() };
            pool.under_way.borrow_mut().insert(number, waiting);
        }
        Err(error) => host.push(Box::new(move |ctx| answer(&callback, &shape, Err(error.into()), ctx))),
    }
    Ok(())
}

impl Pool {
    fn enqueue(&self, job: Job) -> io::Result<()> {
        let mut queue = self.shared.0.lock();
        queue.jobs.push_back(job);
        if queue.idle >= queue.jobs.len() || queue.threads >= MAX_THREADS {
            self.shared.0.work.notify_one();
            return Ok(());
        }
        let shared = self.shared.0.clone();
        let started = std::thread::Builder::new()
            .name("files".into())
            .stack_size(STACK_BYTES)
            .spawn(move || serve(&shared));
        match started {
            Ok(_) => queue.threads += 1,
            // One that runs already will come to it; without any, nobody would.
            Err(error) if queue.threads == 0 => {
                queue.jobs.pop_back();
                return Err(error);
            }
            Err(_) => {}
        }
        Ok(())
    }
}

fn serve(shared: &Shared) {
    while let Some(job) = next_job(shared) {
        let result = Mutex::new(Some((job.work)()));
        let mut done = Done { number: job.number, result };
        // The mailbox is far larger than what may be under way; should others have filled it, wait for room.
        while let Err(full) = job.mailbox.post(job.link, done) {
            if shared.lock().closed {
                return;
            }
            match full.0.downcast::<Done>() {
                Ok(back) => done = *back,
                Err(_) => break,
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

fn next_job(shared: &Shared) -> Option<Job> {
    let mut queue = shared.lock();
    loop {
        if let Some(job) = queue.jobs.pop_front() {
            return Some(job);
        }
        if queue.closed {
            queue.threads -= 1;
            return None;
        }
        queue.idle += 1;
        let (back, waited) = shared.work.wait_timeout(queue, LINGER).unwrap_or_else(PoisonError::into_inner);
        queue = back;
        queue.idle -= 1;
        if waited.timed_out() && queue.jobs.is_empty() {
            queue.threads -= 1;
            return None;
        }
    }
}

fn answer(
    callback: &JsFunction,
    shape: &Shape,
    done: Result<Answer, Fault>,
    ctx: &mut Context,
) -> JsResult<()> {
    let args = match shape.show(done, ctx) {
        Ok(value) => [JsValue::null(), value],
        Err(error) => [error.into_opaque(ctx)?, JsValue::undefined()],
    };
    callback.call(&JsValue::undefined(), &args, ctx).map(|_| ())
}

struct PoolLink {
    under_way: UnderWay,
    host: Rc<HostShared>,
}

impl Link for PoolLink {
    fn wake(&mut self, _: &mut Cx<'_>, wake: Wake) {
        for mail in &wake.mail {
            let Some(done) = mail.downcast_ref::<Done>() else { continue };
            let result = done.result.lock().unwrap_or_else(PoisonError::into_inner).take();
            let waiting = self.under_way.borrow_mut().remove(&done.number);
            if let (Some(result), Some(waiting)) = (result, waiting) {
                self.host.push(Box::new(move |ctx| answer(&waiting.callback, &waiting.shape, result, ctx)));
            }
        }
    }
}

impl Drop for PoolLink {
    fn drop(&mut self) {
        // They root functions of a context that is going.
        let all = std::mem::take(&mut *self.under_way.borrow_mut());
        drop(all);
    }
}
