//! Where the engine asks the host.

use std::cell::RefCell;
use std::rc::Rc;

use boa_engine::builtins::promise::{OperationType, Promise};
use boa_engine::context::HostHooks;
use boa_engine::job::JobCallback;
use boa_engine::object::builtins::JsFunction;
use boa_engine::realm::Realm;
use boa_engine::{Context, Finalize, JsData, JsObject, JsResult, JsString, JsValue, Trace};

use super::budget::Budget;
use super::{memory, native, nesting};

/// Promises that were rejected and have no handler yet.
#[derive(Default)]
pub(crate) struct Rejections(pub RefCell<Vec<JsObject>>);

pub(crate) struct Hooks {
    pub budget: Budget,
    pub rejections: Rc<Rejections>,
    pub frame: Rc<AsyncFrame>,
}

/// What `AsyncLocalStorage` carries from the place that made a callback to its call; undefined when nobody uses it.
#[derive(Default)]
pub(crate) struct AsyncFrame(RefCell<JsValue>);

impl AsyncFrame {
    pub fn get(&self) -> JsValue {
        self.0.borrow().clone()
    }

    /// Sets the frame and gives back the one before.
    pub fn swap(&self, frame: JsValue) -> JsValue {
        self.0.replace(frame)
    }
}

/// The frame in which a promise reaction was made.
#[derive(Trace, Finalize, JsData)]
struct MadeIn(JsValue);

/// More unhandled promises than this in one turn are not remembered one by one.
const MAX_REJECTIONS: usize = 1024;

impl HostHooks for Hooks {
    fn make_job_callback(&self, callback: JsFunction, _ctx: &mut Context) -> JobCallback {
        let frame = self.frame.get();
        if frame.is_undefined() {
            JobCallback::new(callback, ())
        } else {
            JobCallback::new(callback, MadeIn(frame))
        }
    }

    fn call_job_callback(
        &self,
        job: &JobCallback,
        this: &JsValue,
        args: &[JsValue],
        ctx: &mut Context,
    ) -> JsResult<JsValue> {
        let frame = job.host_defined().downcast_ref::<MadeIn>().map(|made| made.0.clone());
        let before = self.frame.swap(frame.unwrap_or_default());
        let result = job.callback().call(this, args, ctx);
        self.frame.swap(before);
        result
    }

    fn promise_rejection_tracker(
        &self,
        promise: &JsObject<Promise>,
        operation: OperationType,
        _ctx: &mut Context,
    ) {
        let promise: JsObject = promise.clone().upcast();
        let mut waiting = self.rejections.0.borrow_mut();
        match operation {
            OperationType::Reject if waiting.len() < MAX_REJECTIONS => waiting.push(promise),
            OperationType::Reject => {}
            OperationType::Handle => waiting.retain(|known| !JsObject::equals(known, &promise)),
        }
    }

    fn ensure_can_compile_strings(
        &self,
        _realm: Realm,
        parameters: &[JsString],
        body: &JsString,
        _direct: bool,
        ctx: &mut Context,
    ) -> JsResult<()> {
        for text in parameters.iter().chain([body]) {
            nesting::check(&text.to_std_string_lossy(), self.budget.native_stack_bytes)
                .map_err(|deep| native::too_deep(&deep, None, ctx))?;
        }
        Ok(())
    }

    fn max_buffer_size(&self, ctx: &mut Context) -> u64 {
        // Asked before each array buffer is made: the place to keep an eye on memory the engine does not count.
        memory::watch_allocation(ctx);
        self.budget.max_buffer_bytes
    }
}
