//! One running core, as the agent holds it.

use std::path::PathBuf;
use std::rc::{Rc, Weak};
use std::time::Instant;

use boa_engine::object::builtins::JsFunction;
use boa_engine::{Context, JsResult, JsString, JsValue, js_string};
use microstack::chain::Chain;

use super::port::{AgentPort, AgentRequest, LogLevel};
use super::{LAYER, PortSlot};
use crate::host::{
    Budget, ConsoleLevel, Dialect, Host, HostEvent, HostOptions, HostShared, Permissions, ScriptError, bytes,
    loader,
};

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
    /// The core called `process.exit`; also passed to [`AgentPort::request`]. Nothing of it runs any more.
    Exited(i32),
}

/// The core has so much undone work that it takes no more now. The message is lost unless the caller keeps it and
/// stops reading from the server until the next drain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FeedFull;

impl std::fmt::Display for FeedFull {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{MAX_UNDONE} messages wait for the core already; stop reading until it has caught up")
    }
}

impl std::error::Error for FeedFull {}

/// Messages of the server that may wait for the core.
pub const MAX_UNDONE: usize = 1024;

/// A core in an engine of its own. Dropping it ends everything the core started.
///
/// The owner calls [`CoreRuntime::drain`] between turns of the chain (in the `between` of [`Chain::run_until`]), and
/// sets no timer for it: a link of the runtime wakes the chain at [`CoreRuntime::deadline`].
///
/// The thread needs [`Budget::native_stack_bytes`] of stack.
pub struct CoreRuntime {
    host: Host,
    port: Rc<dyn AgentPort>,
}

impl CoreRuntime {
    /// Makes an engine with the dialect, runs the core's top level and the jobs it queued.
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
    ) -> Result<CoreRuntime, ScriptError> {
        let mut runtime = Self::empty(chain, port, budget, permissions)?;
        runtime.host.load_core(core.name, core.text)?;
        Ok(runtime)
    }

    /// As [`CoreRuntime::start`] without a core: an engine with the dialect, for consoles and tests.
    ///
    /// # Errors
    /// What the engine says when it does not start.
    pub fn empty(
        chain: &Chain,
        port: Rc<dyn AgentPort>,
        budget: Budget,
        permissions: Permissions,
    ) -> Result<CoreRuntime, ScriptError> {
        let exec_path = std::env::current_exe().unwrap_or_default();
        let options = HostOptions {
            budget,
            dialect: Dialect::MeshAgent,
            layer: Some(LAYER),
            argv: port.argv(),
            exec_path: exec_path.display().to_string(),
            cwd: port.folder().or_else(|| std::env::current_dir().ok()).unwrap_or_else(|| PathBuf::from("/")),
            env: std::env::vars_os()
                .filter_map(|(k, v)| Some((k.into_string().ok()?, v.into_string().ok()?)))
                .collect(),
            sink: port.sink(),
            watch: port.script_watch(),
            permissions,
        };
        let slot = PortSlot(port.clone());
        let mut host = Host::new(chain.clone(), options)?;
        // Read when a script first asks for the agent, which no script has done yet.
        host.enter("dialect", |ctx| {
            ctx.insert_data(slot);
            Ok(())
        })?;
        Ok(CoreRuntime { host, port })
    }

    /// The handle by which links hand the core what arrived. It stays valid, and does nothing, after the end.
    pub fn feed(&self) -> CoreFeed {
        CoreFeed { shared: Rc::downgrade(self.host.shared()) }
    }

    /// Same as [`CoreFeed::command_json`].
    ///
    /// # Errors
    /// [`FeedFull`].
    pub fn deliver_json(&self, text: &str) -> Result<(), FeedFull> {
        self.feed().command_json(text)
    }

    /// Same as [`CoreFeed::command_binary`].
    ///
    /// # Errors
    /// [`FeedFull`].
    pub fn deliver_binary(&self, data: &[u8]) -> Result<(), FeedFull> {
        self.feed().command_binary(data)
    }

    /// Same as [`CoreFeed::connected`].
    ///
    /// # Errors
    /// [`FeedFull`].
    pub fn deliver_connected(&self, connected: bool) -> Result<(), FeedFull> {
        self.feed().connected(connected)
    }

    /// Runs everything that is due: tasks, timers, jobs. Returns true when something may have run.
    pub fn drain(&mut self) -> bool {
        self.host.drain()
    }

    /// When the next timer of the core is due.
    pub fn deadline(&self) -> Option<Instant> {
        self.host.deadline()
    }

    /// What happened since the last call, oldest first. Console lines go to [`AgentPort::log`] meanwhile.
    pub fn take_events(&mut self) -> Vec<CoreEvent> {
        let mut out = Vec::new();
        for event in self.host.events() {
            match event {
                HostEvent::UncaughtException(error) | HostEvent::UnhandledRejection(error) => {
                    out.push(CoreEvent::Exception(error));
                }
                HostEvent::CoreCrashed { reason } => out.push(CoreEvent::Crashed(reason)),
                HostEvent::Exit(code) => {
                    self.port.request(AgentRequest::Exit(code));
                    out.push(CoreEvent::Exited(code));
                }
                HostEvent::ConsoleLine { level, text } => {
                    let level = match level {
                        ConsoleLevel::Debug => LogLevel::Debug,
                        ConsoleLevel::Info => LogLevel::Info,
                        ConsoleLevel::Warn => LogLevel::Warn,
                        ConsoleLevel::Error => LogLevel::Error,
                    };
                    self.port.log(level, &text);
                }
            }
        }
        out
    }

    /// The host below, for tools that look into a running core.
    pub fn host(&mut self) -> &mut Host {
        &mut self.host
    }

    /// Ends the core: no more callbacks, its children are killed, its memory is given back.
    pub fn stop(mut self) {
        self.host.shutdown();
    }
}

/// A clonable way into a core. Each call queues a task; nothing of the script runs inside it, so links may call it.
#[derive(Clone)]
pub struct CoreFeed {
    shared: Weak<HostShared>,
}

impl CoreFeed {
    /// A JSON (or other) text frame of the server, after authentication.
    ///
    /// # Errors
    /// [`FeedFull`] when the core is so far behind that its queue is at its bound.
    pub fn command_json(&self, text: &str) -> Result<(), FeedFull> {
        let text = text.to_owned();
        self.push("text", move |_| Ok(JsString::from(text).into()))
    }

    /// A binary command of 1000 or more, number included.
    ///
    /// # Errors
    /// [`FeedFull`] as above.
    pub fn command_binary(&self, data: &[u8]) -> Result<(), FeedFull> {
        let data = data.to_vec();
        self.push("binary", move |ctx| Ok(bytes::buffer(&data, ctx)?.into()))
    }

    /// The channel became authenticated (true) or was lost (false).
    ///
    /// # Errors
    /// [`FeedFull`] as above.
    pub fn connected(&self, connected: bool) -> Result<(), FeedFull> {
        self.push("connected", move |_| Ok(JsValue::from(i32::from(connected))))
    }

    fn push(
        &self,
        kind: &'static str,
        argument: impl FnOnce(&mut Context) -> JsResult<JsValue> + 'static,
    ) -> Result<(), FeedFull> {
        let Some(shared) = self.shared.upgrade() else {
            return Ok(());
        };
        let task = move |ctx: &mut Context| {
            let argument = argument(ctx)?;
            match receiver(kind, ctx)? {
                Some(receiver) => receiver.call(&JsValue::undefined(), &[argument], ctx).map(|_| ()),
                None => Ok(()),
            }
        };
        shared.try_push(Box::new(task), MAX_UNDONE).map_err(|_| FeedFull)
    }
}

/// The function of `internal/mesh` that takes this kind of message.
fn receiver(kind: &'static str, ctx: &mut Context) -> JsResult<Option<JsFunction>> {
    let mesh = loader::require_internal(ctx, "internal/mesh")?;
    let Some(mesh) = mesh.as_object() else {
        return Ok(None);
    };
    Ok(mesh.get(js_string!(kind), ctx)?.as_function())
}
