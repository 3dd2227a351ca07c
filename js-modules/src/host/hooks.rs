//! Where the engine asks the host.

use std::cell::RefCell;
use std::rc::Rc;

use boa_engine::builtins::promise::{OperationType, Promise};
use boa_engine::context::HostHooks;
use boa_engine::realm::Realm;
use boa_engine::{Context, JsObject, JsResult, JsString};

use super::budget::Budget;
use super::{memory, native, nesting};

/// Promises that were rejected and have no handler yet.
#[derive(Default)]
pub(crate) struct Rejections(pub RefCell<Vec<JsObject>>);

pub(crate) struct Hooks {
    pub budget: Budget,
    pub rejections: Rc<Rejections>,
}

/// More unhandled promises than this in one turn are not remembered one by one.
const MAX_REJECTIONS: usize = 1024;

impl HostHooks for Hooks {
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
