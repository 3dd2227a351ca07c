//! The host: one engine, its queues, its limits, and the ways into script.
//!
//! A [`Host`] owns a Boa context on the chain's thread. Nothing else ever holds the engine: links and modules push a
//! [`Task`] on [`HostShared`] and the host runs it between turns of the chain, or inside [`block_on`] when script
//! itself waits. See `README.md` in this folder for how to write a native module.
//!
//! # Contract
//!
//! * The owner runs the chain with [`Chain::run_until`] and calls [`Host::drain`] in `between`.
//! * Every entry into script is guarded: a panic, a reached limit or a full queue ends the context and becomes
//!   [`HostEvent::CoreCrashed`]; any other uncaught error is [`HostEvent::UncaughtException`].
//! * After the end nothing of the script runs any more. Drop the host and make a new one.

pub(crate) mod boot;
mod budget;
mod builtins;
pub mod bytes;
pub mod descriptors;
mod enter;
mod error;
pub(crate) mod esm;
mod hooks;
mod jobs;
mod link;
pub mod loader;
pub mod manifest;
pub mod memory;
mod mend;
pub mod native;
pub mod nesting;
mod net_pattern;
mod permissions;
mod real_path;
mod shared;
mod sort;
mod timers;
pub mod uses;
mod wait;

use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::Instant;

use boa_engine::context::ContextBuilder;
use boa_engine::{Context, JsResult, JsString, JsValue, NativeFunction, js_string};
use microstack::chain::Chain;

pub use boot::lazy;
pub use budget::{Budget, NATIVE_STACK_BYTES};
pub use error::{Frame, ScriptError, ScriptErrorKind};
pub use net_pattern::{BadNetPattern, NetPattern};
pub use permissions::{Allow, Need, Permissions, Refused};
pub use real_path::PathUse;
pub(crate) use shared::Tick;
pub use shared::{Hold, HostShared, ProcessHooks, Task};
pub(crate) use timers::Immediate;
pub use timers::{TimerId, TimerSpec};
pub use wait::{MAX_WAITS, Waited, block_on};

pub(crate) use enter::unwind;
use hooks::{Hooks, Rejections};
use jobs::Jobs;
use link::HostLink;
use shared::End;

/// Which language layer a context has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Dialect {
    /// Node's modules and behaviour; scripts are files or texts run as Node would.
    #[default]
    Node,
    /// Node's modules below, the MeshAgent dialect on top; the script is a core.
    MeshAgent,
}

/// What a dialect adds to a context.
#[derive(Debug, Clone, Copy)]
pub struct Layer {
    /// Modules that come before Node's of the same name.
    pub builtins: &'static [loader::Builtin],
    /// Called once, after the host's own globals are there.
    pub install: fn(&mut Context) -> JsResult<()>,
}

/// How much a console line matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ConsoleLevel {
    /// `console.debug`, `console.trace`
    Debug,
    /// `console.log`, `console.info`
    Info,
    /// `console.warn`
    Warn,
    /// `console.error`
    Error,
}

/// Where `process.stdout.write` and its kind write to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StandardStream {
    /// Standard output.
    Output,
    /// Standard error.
    Error,
}

/// Who takes what scripts print.
pub trait Sink {
    /// Takes one console line without its line end. False hands it on as [`HostEvent::ConsoleLine`].
    fn console(&self, level: ConsoleLevel, text: &str) -> bool;

    /// Takes bytes that a script wrote to a standard stream.
    fn write(&self, to: StandardStream, bytes: &[u8]);

    /// True when the script is what the process runs, as with `node`: it may read standard input, ask about the
    /// terminal and receive the process's signals.
    fn owns_process(&self) -> bool {
        false
    }
}

/// Console lines become events; bytes written to a stream are dropped. For cores without a terminal.
#[derive(Debug, Clone, Copy, Default)]
pub struct EventSink;

impl Sink for EventSink {
    fn console(&self, _level: ConsoleLevel, _text: &str) -> bool {
        false
    }

    fn write(&self, _to: StandardStream, _bytes: &[u8]) {}
}

/// Prints to the process's own streams, as `node` does.
#[derive(Debug, Clone, Copy, Default)]
pub struct TerminalSink;

impl Sink for TerminalSink {
    fn console(&self, level: ConsoleLevel, text: &str) -> bool {
        let to = if level >= ConsoleLevel::Warn { StandardStream::Error } else { StandardStream::Output };
        self.write(to, format!("{text}\n").as_bytes());
        true
    }

    fn write(&self, to: StandardStream, bytes: &[u8]) {
        use std::io::Write;
        // A reader that went away is no reason to end: nobody is left to tell.
        let _ = match to {
            StandardStream::Output => {
                std::io::stdout().write_all(bytes).and_then(|()| std::io::stdout().flush())
            }
            StandardStream::Error => std::io::stderr().write_all(bytes),
        };
    }

    fn owns_process(&self) -> bool {
        true
    }
}

/// Told around each entry into script, for crash markers. Entries nest when script waits.
pub trait ScriptWatch {
    /// Script starts; `what` says why (`timer`, `task`, `core.js` …).
    fn on_enter(&self, what: &str);

    /// Script returned.
    fn on_leave(&self);
}

/// What a host tells its owner; taken with [`Host::events`].
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum HostEvent {
    /// An error nobody caught. A Node script ends by it, a core lives on.
    UncaughtException(ScriptError),
    /// A promise was rejected and has no handler (dialect contexts; in Node contexts it is an exception).
    UnhandledRejection(ScriptError),
    /// The engine failed or a limit of the budget was reached. The context has ended.
    CoreCrashed {
        /// Why, with the place where known.
        reason: ScriptError,
    },
    /// A console line that the sink did not want.
    ConsoleLine {
        /// How much it matters.
        level: ConsoleLevel,
        /// The line, without its end.
        text: String,
    },
    /// The script called `process.exit`, or ended by an exception. The context has ended.
    Exit(i32),
}

/// How to set a context up. The default is a Node context that may do everything and reports console lines as
/// events.
#[derive(Clone)]
pub struct HostOptions {
    /// Limits.
    pub budget: Budget,
    /// Which language layer.
    pub dialect: Dialect,
    /// What the dialect adds. In a Node context its modules come after Node's, and `install` runs too.
    pub layer: Option<Layer>,
    /// `process.argv`, complete.
    pub argv: Vec<String>,
    /// `process.execPath`.
    pub exec_path: String,
    /// The first working directory, absolute.
    pub cwd: PathBuf,
    /// `process.env`.
    pub env: Vec<(String, String)>,
    /// Who takes what is printed.
    pub sink: Rc<dyn Sink>,
    /// Who is told when script runs.
    pub watch: Option<Rc<dyn ScriptWatch>>,
    /// What natives may do for the script.
    pub permissions: Permissions,
}

impl Default for HostOptions {
    fn default() -> Self {
        HostOptions {
            budget: Budget::default(),
            dialect: Dialect::Node,
            layer: None,
            argv: Vec::new(),
            exec_path: String::new(),
            cwd: PathBuf::from("/"),
            env: Vec::new(),
            sink: Rc::new(EventSink),
            watch: None,
            permissions: Permissions::full(),
        }
    }
}

/// One engine and everything that belongs to it. Dropping it ends the script.
pub struct Host {
    ctx: Option<Context>,
    shared: Rc<HostShared>,
}

impl Host {
    /// Makes a context and its link in the chain.
    ///
    /// The thread must have [`Budget::native_stack_bytes`] of stack; see [`on_big_stack`].
    ///
    /// # Errors
    /// What the engine says when it cannot build a context, or what the layer's `install` throws.
    pub fn new(chain: Chain, options: HostOptions) -> Result<Host, ScriptError> {
        let jobs = Rc::new(Jobs::default());
        let rejections = Rc::new(Rejections::default());
        let budget = options.budget;
        let layer = options.layer;
        let shared = HostShared::new(chain.clone(), options, jobs.clone());
        let built = ContextBuilder::new()
            .job_executor(jobs)
            .host_hooks(Rc::new(Hooks {
                budget,
                rejections: rejections.clone(),
                frame: shared.frame.clone(),
            }))
            .module_loader(Rc::new(esm::Modules))
            .build();
        let mut ctx = built.map_err(|e| {
            ScriptError::new(ScriptErrorKind::Panic, "EngineError", format!("the engine did not start: {e}"))
        })?;
        ctx.insert_data(shared.clone());
        ctx.insert_data(rejections);
        let limits = ctx.runtime_limits_mut();
        limits.set_recursion_limit(budget.recursion);
        limits.set_stack_size_limit(budget.value_stack);
        if let Some(iterations) = budget.loop_iterations {
            limits.set_loop_iteration_limit(iterations);
        }
        let link = chain.add("javascript", HostLink { shared: Rc::downgrade(&shared) });
        shared.link.set(Some(link));
        let mut host = Host { ctx: Some(ctx), shared };
        host.enter("boot", |ctx| {
            boot::install(ctx)?;
            if HostShared::of(ctx).dialect() == Dialect::MeshAgent {
                let global = ctx.global_object();
                let require = NativeFunction::from_fn_ptr(loader::public_require);
                native::hidden_function(&global, "require", 1, require, ctx);
            }
            if let Some(layer) = layer {
                HostShared::of(ctx).loader.borrow_mut().layer = layer.builtins;
                (layer.install)(ctx)?;
            }
            Ok(())
        })?;
        Ok(host)
    }

    /// What natives and links of this context share.
    pub fn shared(&self) -> &Rc<HostShared> {
        &self.shared
    }

    /// Runs a text as the main module of a Node script. `name` is its path; `require` starts in its folder.
    ///
    /// Everything that happens, syntax errors included, is told by [`Host::events`].
    pub fn run_script(&mut self, name: &str, source: &str) {
        let shared = self.shared.clone();
        let Some(ctx) = &mut self.ctx else { return };
        enter::enter(ctx, &shared, name, |ctx| {
            let cjs = loader::require_internal(ctx, "internal/cjs")?;
            let Some(cjs) = cjs.as_object() else { return Ok(()) };
            let path = shared.absolute(name);
            // As Node: the main file is known by its path without links.
            let path = std::fs::canonicalize(&path).unwrap_or(path).display().to_string();
            if loader::call_export(ctx, &cjs, "_isModule", &[JsString::from(path.as_str()).into()])?
                .to_boolean()
            {
                return esm::run_main(ctx, &path, source);
            }
            let run = cjs.get(js_string!("runMain"), ctx)?;
            let args = [JsString::from(path).into(), JsString::from(source).into()];
            if let Some(run) = run.as_function() {
                run.call(&JsValue::undefined(), &args, ctx)?;
            }
            Ok(())
        });
        enter::after_callback(ctx, &shared);
        self.settle();
    }

    /// Calls a function of a built-in module with texts: the ways to run script that are written in script
    /// (`internal/eval`, `repl`).
    pub fn run_builtin(&mut self, module: &str, function: &str, texts: &[&str]) {
        let shared = self.shared.clone();
        let Some(ctx) = &mut self.ctx else { return };
        enter::enter(ctx, &shared, module, |ctx| {
            let exports = loader::require_internal(ctx, module)?;
            let args: Vec<JsValue> = texts.iter().map(|text| JsString::from(*text).into()).collect();
            match exports.as_object() {
                Some(exports) => loader::call_export(ctx, &exports, function, &args),
                None => Ok(exports),
            }
        });
        enter::after_callback(ctx, &shared);
        self.settle();
    }

    /// Runs a core's top level in the global scope.
    ///
    /// # Errors
    /// What the top level threw, or why the context ended. After an exception the context lives on half-started;
    /// the owner decides whether to keep it.
    pub fn load_core(&mut self, name: &str, source: &str) -> Result<(), ScriptError> {
        let result = self.enter(name, |ctx| {
            let script = loader::parse(ctx, source, name, 0)?;
            script.evaluate(ctx)?;
            Ok(())
        });
        let shared = self.shared.clone();
        if let Some(ctx) = &mut self.ctx {
            enter::after_callback(ctx, &shared);
        }
        self.settle();
        memory::trim();
        result
    }

    /// Calls into the context from outside, with all guards.
    ///
    /// # Errors
    /// What `body` threw, or why the context has ended.
    pub fn enter<T>(
        &mut self,
        what: &str,
        body: impl FnOnce(&mut Context) -> JsResult<T>,
    ) -> Result<T, ScriptError> {
        let shared = self.shared.clone();
        let outcome = match &mut self.ctx {
            Some(ctx) => match enter::enter_quietly(ctx, &shared, what, body) {
                Some(Ok(value)) => return Ok(value),
                Some(Err(error)) => {
                    enter::enter_quietly(ctx, &shared, what, |ctx| Ok(ScriptError::from_js(error, ctx)))
                }
                None => None,
            },
            None => None,
        };
        match outcome {
            Some(Ok(error)) => Err(error),
            _ => Err(self.why_ended()),
        }
    }

    fn why_ended(&self) -> ScriptError {
        match &*self.shared.end.borrow() {
            Some(End::Crashed(reason)) => reason.clone(),
            Some(End::Exit(code)) => ScriptError::new(
                ScriptErrorKind::Exception,
                "Exit",
                format!("the script exited with code {code}"),
            ),
            None => ScriptError::new(ScriptErrorKind::Exception, "Ended", "the context is gone"),
        }
    }

    /// Runs what is ready: timers, tasks, immediates, promise jobs. Call it in `between` of [`Chain::run_until`].
    ///
    /// Returns true when something may have run.
    pub fn drain(&mut self) -> bool {
        let busy = self.shared.is_pressing() || self.deadline().is_some_and(|at| at <= Instant::now());
        let shared = self.shared.clone();
        if let (true, Some(ctx)) = (busy, &mut self.ctx) {
            enter::round(ctx, &shared);
        } else if !shared.ended() {
            shared.rearm();
        }
        self.settle();
        busy
    }

    /// When the next timer is due. The host's link wakes the chain by itself; this is for owners without one.
    pub fn deadline(&self) -> Option<Instant> {
        self.shared.timers.borrow().next()
    }

    /// What happened since the last call, oldest first.
    pub fn events(&mut self) -> Vec<HostEvent> {
        let (events, lost) = self.shared.take_events();
        if lost > 0 {
            tracing::warn!(lost, "events of a script were dropped because nobody read them");
        }
        events.into()
    }

    /// True when nothing is left that could ever run: a Node script ends then.
    pub fn is_idle(&self) -> bool {
        self.shared.is_idle()
    }

    /// The exit code once the script has ended; 70 (internal software error) after a crash.
    pub fn exit_code(&self) -> Option<i32> {
        match &*self.shared.end.borrow() {
            Some(End::Exit(code)) => Some(*code),
            Some(End::Crashed(_)) => Some(70),
            None => None,
        }
    }

    /// Ends an idle Node script as Node does: `beforeExit`, which may start new work, then `exit`.
    ///
    /// Returns the exit code, or `None` when there is work again.
    pub fn finish(&mut self) -> Option<i32> {
        let shared = self.shared.clone();
        if let (false, Some(ctx)) = (shared.ended(), &mut self.ctx) {
            let hook = shared.hooks.borrow().before_exit.clone();
            if let Some(hook) = hook {
                enter::enter(ctx, &shared, "beforeExit", |ctx| hook.call(&JsValue::undefined(), &[], ctx));
                enter::after_callback(ctx, &shared);
            }
            if !shared.is_idle() {
                shared.rearm();
                return None;
            }
            let code = match shared.exit_code.get() {
                // As Node: the main module waits at its top level for what nothing will ever settle.
                0 if esm::main_is_pending(&shared) => 13,
                code => code,
            };
            enter::finish(ctx, &shared, code);
        }
        self.settle();
        self.exit_code()
    }

    /// Ends the context: queues first, then links, then the engine; memory goes back to the system.
    pub fn shutdown(&mut self) {
        if !self.shared.ended() {
            *self.shared.end.borrow_mut() = Some(End::Exit(0));
        }
        self.settle();
    }

    /// Drops the engine once the context has ended.
    fn settle(&mut self) {
        if self.ctx.is_none() {
            return;
        }
        if !self.shared.ended() {
            self.shared.rearm();
            return;
        }
        self.shared.clear();
        if let Some(mut ctx) = self.ctx.take() {
            // The context's own handle on the queues goes first: the cycle would keep both alive.
            drop(ctx.remove_data::<Rc<HostShared>>());
            if let Some(rejections) = ctx.remove_data::<Rc<Rejections>>() {
                rejections.0.borrow_mut().clear();
            }
            drop(ctx);
        }
        memory::trim();
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        self.shutdown();
    }
}

/// Runs `body` on a new thread with the stack that [`Budget::default`] assumes, and waits for it.
///
/// # Errors
/// Fails when the system gives no thread.
///
/// # Panics
/// Passes on a panic of `body`.
pub fn on_big_stack<T: Send>(body: impl FnOnce() -> T + Send) -> std::io::Result<T> {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new()
            .name("javascript".to_owned())
            .stack_size(NATIVE_STACK_BYTES)
            .spawn_scoped(scope, body)?;
        match thread.join() {
            Ok(value) => Ok(value),
            Err(payload) => std::panic::resume_unwind(payload),
        }
    })
}

/// Reads a script file for [`Host::run_script`].
///
/// # Errors
/// What the system says, with the path in the text.
pub fn read_script(path: &Path) -> Result<String, String> {
    let bytes = std::fs::read(path).map_err(|e| format!("cannot read {}: {e}", path.display()))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
