//! One running core, as the agent holds it.

use std::rc::Rc;
use std::time::Instant;

use microstack::chain::Chain;

use super::AgentPort;
use crate::host::{Budget, Permissions, ScriptError};

/// A core's source text, as the server pushed it (without the four-byte prefix).
#[derive(Debug, Clone, Copy)]
pub struct CoreSource<'a> {
    /// The name that stack traces show.
    pub name: &'a str,
    /// The JavaScript.
    pub text: &'a str,
}

/// What a running core came to; drained with [`CoreRuntime::take_events`].
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum CoreEvent {
    /// An exception nobody caught, with file and line. The core lives on.
    Exception(ScriptError),
    /// A limit was reached or the engine failed. Nothing of the core runs any more: drop the runtime.
    Crashed(ScriptError),
    /// The core called `process.exit`; also passed to [`AgentPort::request`].
    Exited(i32),
}

/// A core in an engine of its own. Dropping it ends everything the core started.
///
/// The owner calls [`CoreRuntime::drain`] between turns of the chain, from outside of any link's dispatch or from
/// the `between` of [`Chain::run_until`], and sets no timer of its own for it: a link of the runtime wakes the
/// chain at [`CoreRuntime::deadline`].
pub struct CoreRuntime {
    _private: (),
}

impl CoreRuntime {
    /// Makes an engine with the dialect, runs the core's top level, and drains what it queued.
    ///
    /// The port is called while this runs: cores send their first message from their top level.
    ///
    /// # Errors
    /// The exception, syntax error or limit that ended the core's top level. The half-started core is gone then.
    pub fn start(
        chain: &Chain,
        port: Rc<dyn AgentPort>,
        core: CoreSource<'_>,
        budget: Budget,
        permissions: Permissions,
    ) -> Result<CoreRuntime, ScriptError>;

    /// The handle by which links hand the core what arrived. It stays valid, and does nothing, after the end.
    pub fn feed(&self) -> CoreFeed;

    /// Same as [`CoreFeed::command_json`].
    pub fn deliver_json(&self, text: &str) -> Result<(), FeedFull>;
    /// Same as [`CoreFeed::command_binary`].
    pub fn deliver_binary(&self, data: &[u8]) -> Result<(), FeedFull>;
    /// Same as [`CoreFeed::connected`].
    pub fn deliver_connected(&self, connected: bool) -> Result<(), FeedFull>;

    /// Runs everything that is due: tasks, timers, jobs. Returns true when something ran.
    pub fn drain(&mut self) -> bool;

    /// When the next timer of the core is due.
    pub fn deadline(&self) -> Option<Instant>;

    /// What happened since the last call, oldest first.
    pub fn take_events(&mut self) -> Vec<CoreEvent>;

    /// Ends the core: no more callbacks, its children are killed, its memory is given back.
    pub fn stop(self);
}

/// A clonable way into a core. Each call queues a task; nothing of the script runs inside it.
#[derive(Clone)]
pub struct CoreFeed {}

impl CoreFeed {
    /// A JSON (or other) text frame of the server, after authentication.
    ///
    /// # Errors
    /// [`FeedFull`] when the core is so far behind that its queue is at its bound.
    pub fn command_json(&self, text: &str) -> Result<(), FeedFull>;
    /// A binary command of 1000 or more, number included.
    pub fn command_binary(&self, data: &[u8]) -> Result<(), FeedFull>;
    /// The channel became authenticated (true) or was lost (false).
    pub fn connected(&self, connected: bool) -> Result<(), FeedFull>;
}
