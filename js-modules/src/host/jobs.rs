//! The engine's job queues: promise jobs after each callback, the rest once a turn.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Poll, Waker};

use boa_engine::context::Context;
use boa_engine::job::{GenericJob, Job, JobExecutor, NativeAsyncJob, PromiseJob};
use boa_engine::{JsNativeError, JsResult, JsValue};

/// Holds jobs until the host runs them; [`JobExecutor::run_jobs`] exists for the engine's own calls only.
#[derive(Default)]
pub(crate) struct Jobs {
    micro: RefCell<VecDeque<PromiseJob>>,
    generic: RefCell<VecDeque<GenericJob>>,
    futures: RefCell<VecDeque<NativeAsyncJob>>,
    closed: Cell<bool>,
}

impl Jobs {
    pub fn is_empty(&self) -> bool {
        self.micro.borrow().is_empty() && self.generic.borrow().is_empty() && self.futures.borrow().is_empty()
    }

    /// Runs the next promise job; `None` when there is none.
    pub fn run_micro(&self, ctx: &mut Context) -> Option<JsResult<JsValue>> {
        let job = self.micro.borrow_mut().pop_front()?;
        Some(job.call(ctx))
    }

    pub fn has_micro(&self) -> bool {
        !self.micro.borrow().is_empty()
    }

    /// Runs the next job that is no promise job.
    pub fn run_other(&self, ctx: &mut Context) -> Option<JsResult<JsValue>> {
        if let Some(job) = self.generic.borrow_mut().pop_front() {
            return Some(job.call(ctx));
        }
        self.run_load(ctx)
    }

    /// Runs the next job that loads a module: `require()` of one cannot wait for its turn.
    pub fn run_load(&self, ctx: &mut Context) -> Option<JsResult<JsValue>> {
        let job = self.futures.borrow_mut().pop_front()?;
        Some(run_future(job, ctx))
    }

    /// Drops all jobs and takes no more: jobs are roots, so this comes before the context is dropped.
    pub fn clear(&self) {
        self.closed.set(true);
        let micro = std::mem::take(&mut *self.micro.borrow_mut());
        let generic = std::mem::take(&mut *self.generic.borrow_mut());
        let futures = std::mem::take(&mut *self.futures.borrow_mut());
        drop((micro, generic, futures));
    }
}

/// An async job of the engine borrows the context for its whole life, so it cannot wait over turns. Ours never need
/// to: the module loader answers at once.
fn run_future(job: NativeAsyncJob, ctx: &mut Context) -> JsResult<JsValue> {
    let cell = RefCell::new(ctx);
    let mut future = job.call(&cell);
    match Pin::new(&mut future).poll(&mut std::task::Context::from_waker(Waker::noop())) {
        Poll::Ready(result) => result,
        Poll::Pending => Err(JsNativeError::error()
            .with_message("an asynchronous engine job would have to wait, which this host does not support")
            .into()),
    }
}

impl JobExecutor for Jobs {
    fn enqueue_job(self: Rc<Self>, job: Job, _ctx: &mut Context) {
        if self.closed.get() {
            return;
        }
        match job {
            Job::PromiseJob(job) => self.micro.borrow_mut().push_back(job),
            Job::GenericJob(job) => self.generic.borrow_mut().push_back(job),
            Job::AsyncJob(job) => self.futures.borrow_mut().push_back(job),
            // Such a job waits for the collector for ever. Callbacks of a FinalizationRegistry are a hint that a
            // conforming host may leave out; nothing in the cores uses one.
            Job::FinalizationRegistryCleanupJob(_) => {}
            // Only the engine's own timer functions make these, and this host installs its own.
            other => tracing::debug!(?other, "an engine job of an unknown kind was dropped"),
        }
    }

    fn run_jobs(self: Rc<Self>, ctx: &mut Context) -> JsResult<()> {
        while let Some(done) = self.run_micro(ctx) {
            done?;
        }
        Ok(())
    }
}
