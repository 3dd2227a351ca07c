//! Waiting inside a native call while everything else goes on: `waitExit` and its kind.

use std::rc::Rc;
use std::time::Instant;

use boa_engine::{Context, JsResult};
use microstack::chain::{RunEnd, RunError};

use super::enter::{round, unwind};
use super::native::{ErrorClass, node_error};
use super::shared::HostShared;

/// How a wait ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Waited {
    /// The condition was met.
    Done,
    /// The deadline passed first.
    TimedOut,
}

/// Waits inside present waits before another one is refused. The chain counts its own outer run as well.
pub const MAX_WAITS: usize = 15;

/// Runs the chain until `until` is true: links are served, and their tasks, due timers, ticks and promise jobs run
/// with the borrowed engine. `until` is asked before the first turn and after each round.
///
/// The caller must hold no borrow of anything script or a link can reach.
///
/// # Errors
/// A script `Error` with code `ERR_WAIT_TOO_DEEP` when waits are nested deeper than [`MAX_WAITS`]; an error that
/// scripts cannot catch when the context ended during the wait, or the chain was stopped.
pub fn block_on(
    ctx: &mut Context,
    deadline: Option<Instant>,
    until: &mut dyn FnMut() -> bool,
) -> JsResult<Waited> {
    let shared = HostShared::of(ctx);
    if shared.ended() {
        return Err(unwind());
    }
    let depth = shared.waits.get();
    if depth >= MAX_WAITS {
        return Err(too_deep(ctx));
    }
    shared.waits.set(depth + 1);
    let _restore = Restore(&shared, depth);
    let chain = shared.chain().clone();
    let ended = chain.run_until(deadline, &mut |_| {
        if until() {
            return true;
        }
        round(ctx, &shared);
        shared.ended() || until()
    });
    if shared.ended() {
        return Err(unwind());
    }
    match ended {
        Ok(RunEnd::Done) => Ok(Waited::Done),
        Ok(RunEnd::TimedOut) => Ok(Waited::TimedOut),
        // The process is going down: nothing of this script shall run any more.
        Ok(RunEnd::Stopped) => Err(unwind()),
        Err(RunError::TooDeep) => Err(too_deep(ctx)),
        Err(error) => Err(node_error(ErrorClass::Error, "ERR_WAIT_FAILED", &error.to_string(), ctx)),
    }
}

fn too_deep(ctx: &mut Context) -> boa_engine::JsError {
    let text = format!("waits are nested more than {MAX_WAITS} deep; finish one before starting another");
    node_error(ErrorClass::Error, "ERR_WAIT_TOO_DEEP", &text, ctx)
}

struct Restore<'a>(&'a Rc<HostShared>, usize);

impl Drop for Restore<'_> {
    fn drop(&mut self) {
        self.0.waits.set(self.1);
    }
}
