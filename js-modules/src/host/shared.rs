//! What the host, its natives and its links share. No engine pointer lives here.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::path::PathBuf;
use std::rc::{Rc, Weak};
use std::time::Instant;

use boa_engine::object::builtins::JsFunction;
use boa_engine::{Context, JsObject, JsResult, JsValue};
use microstack::chain::{Chain, Link, LinkId};

use super::budget::Budget;
use super::descriptors;
use super::error::{ScriptError, ScriptErrorKind};
use super::hooks::AsyncFrame;
use super::jobs::Jobs;
use super::link::Rearm;
use super::loader::Loader;
use super::native::{self, ErrorClass};
use super::permissions::{Need, Permissions};
use super::timers::{Immediate, Timers};
use super::{ConsoleLevel, Dialect, HostEvent, HostOptions, ScriptWatch, Sink};

/// A piece of work that needs the engine: the only way from a link or another module back into script.
pub type Task = Box<dyn FnOnce(&mut Context) -> JsResult<()>>;

/// A callback for `process.nextTick`.
pub(crate) struct Tick {
    pub callback: JsFunction,
    pub args: Vec<JsValue>,
}

/// Why no more script runs in this context.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum End {
    /// `process.exit` or an uncaught exception of a Node script.
    Exit(i32),
    /// The engine or the budget gave out.
    Crashed(ScriptError),
}

/// Callbacks that the `process` module registers; `None` until it is loaded.
#[derive(Default, Clone)]
pub struct ProcessHooks {
    /// `(error, origin) -> bool`: true when a listener took it.
    pub uncaught: Option<JsFunction>,
    /// `(reason, promise) -> bool`: true when a listener took it.
    pub unhandled_rejection: Option<JsFunction>,
    /// `(code) -> code`: runs the `exit` listeners.
    pub exit: Option<JsFunction>,
    /// `()`: runs the `beforeExit` listeners when nothing is left to do.
    pub before_exit: Option<JsFunction>,
}

/// The state of one host. Natives reach it by [`HostShared::of`], links keep a clone of the `Rc`.
pub struct HostShared {
    chain: Chain,
    pub(crate) link: Cell<Option<LinkId>>,
    pub(crate) armed: Cell<Option<Instant>>,
    pub(crate) dialect: Dialect,
    pub(crate) budget: Budget,
    permissions: Permissions,
    argv: Vec<String>,
    exec_path: String,
    cwd: RefCell<PathBuf>,
    env: RefCell<Vec<(String, String)>>,
    sink: Rc<dyn Sink>,
    pub(crate) watch: Option<Rc<dyn ScriptWatch>>,
    pub(crate) tasks: RefCell<VecDeque<Task>>,
    pub(crate) ticks: RefCell<VecDeque<Tick>>,
    pub(crate) immediates: RefCell<VecDeque<Immediate>>,
    pub(crate) timers: RefCell<Timers>,
    pub(crate) jobs: Rc<Jobs>,
    pub(crate) frame: Rc<AsyncFrame>,
    pub(crate) loader: RefCell<Loader>,
    pub(crate) end: RefCell<Option<End>>,
    pub(crate) entries: Cell<usize>,
    pub(crate) waits: Cell<usize>,
    pub(crate) hooks: RefCell<ProcessHooks>,
    pub(crate) exit_code: Cell<i32>,
    pub(crate) charged: Cell<usize>,
    pub(crate) buffer_prototype: RefCell<Option<JsObject>>,
    events: RefCell<VecDeque<HostEvent>>,
    events_lost: Cell<u64>,
    holds: Cell<usize>,
    links: RefCell<Vec<LinkId>>,
}

/// Host events kept for the owner; the oldest console lines go first when it does not read them.
const MAX_EVENTS: usize = 4096;

impl HostShared {
    pub(crate) fn new(chain: Chain, options: HostOptions, jobs: Rc<Jobs>) -> Rc<Self> {
        Rc::new(HostShared {
            chain,
            link: Cell::new(None),
            armed: Cell::new(None),
            dialect: options.dialect,
            budget: options.budget,
            permissions: options.permissions,
            argv: options.argv,
            exec_path: options.exec_path,
            cwd: RefCell::new(options.cwd),
            env: RefCell::new(options.env),
            sink: options.sink,
            watch: options.watch,
            tasks: RefCell::default(),
            ticks: RefCell::default(),
            immediates: RefCell::default(),
            timers: RefCell::default(),
            jobs,
            frame: Rc::default(),
            loader: RefCell::default(),
            end: RefCell::default(),
            entries: Cell::new(0),
            waits: Cell::new(0),
            hooks: RefCell::default(),
            exit_code: Cell::new(0),
            charged: Cell::new(0),
            buffer_prototype: RefCell::default(),
            events: RefCell::default(),
            events_lost: Cell::new(0),
            holds: Cell::new(0),
            links: RefCell::default(),
        })
    }

    /// The host of a context.
    ///
    /// # Panics
    /// When the context was not made by [`super::Host::new`]; natives of this crate exist in no other.
    pub fn of(ctx: &Context) -> Rc<HostShared> {
        ctx.get_data::<Rc<HostShared>>().expect("contexts with our natives are made by Host::new").clone()
    }

    /// The chain this host runs on.
    pub fn chain(&self) -> &Chain {
        &self.chain
    }

    /// Which language layer the context has.
    pub fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// The budget of the context.
    pub fn budget(&self) -> &Budget {
        &self.budget
    }

    /// `process.argv` as the owner gave it.
    pub fn argv(&self) -> &[String] {
        &self.argv
    }

    /// The path of the running program.
    pub fn exec_path(&self) -> &str {
        &self.exec_path
    }

    /// The working directory of this context. It is its own: contexts do not share `chdir`.
    pub fn cwd(&self) -> PathBuf {
        self.cwd.borrow().clone()
    }

    /// Changes the working directory of this context.
    pub fn set_cwd(&self, to: PathBuf) {
        *self.cwd.borrow_mut() = to;
    }

    /// Makes a path of a script absolute.
    pub fn absolute(&self, path: &str) -> PathBuf {
        self.cwd.borrow().join(path)
    }

    /// The environment of this context, in order.
    pub fn env(&self) -> Vec<(String, String)> {
        self.env.borrow().clone()
    }

    /// Sets or, with `None`, removes a variable of this context's environment.
    pub fn set_env(&self, key: &str, value: Option<String>) {
        let mut env = self.env.borrow_mut();
        let at = env.iter().position(|(k, _)| k == key);
        match (at, value) {
            (Some(at), Some(value)) => env[at].1 = value,
            (Some(at), None) => {
                env.remove(at);
            }
            (None, Some(value)) => env.push((key.to_owned(), value)),
            (None, None) => {}
        }
    }

    /// Where console lines and `process.stdout` go.
    pub fn sink(&self) -> &dyn Sink {
        &*self.sink
    }

    /// Sends a console line to the sink, or to the owner as an event when the sink does not want it.
    pub fn console(&self, level: ConsoleLevel, text: &str) {
        if !self.sink.console(level, text) {
            self.emit(HostEvent::ConsoleLine { level, text: text.to_owned() });
        }
    }

    /// The permission manifest of the context.
    pub fn permissions(&self) -> &Permissions {
        &self.permissions
    }

    /// Checks a permission for a native.
    ///
    /// # Errors
    /// A script `Error` with code `ERR_ACCESS_DENIED`, `permission` and `resource`.
    pub fn require_permission(&self, need: Need<'_>, ctx: &mut Context) -> JsResult<()> {
        self.permissions.check(need).map_err(|refused| native::access_denied(&refused, ctx))
    }

    /// Queues work that needs the engine. It runs after the present turn of the chain, or in the present wait.
    ///
    /// A full queue ([`Budget::max_queue`]) ends the context: whoever pushes so much ignores back-pressure.
    pub fn push(&self, task: Task) {
        if self.ended() {
            return; // dropped outside of any borrow
        }
        if self.tasks.borrow().len() >= self.budget.max_queue {
            self.crash(ScriptError::new(
                ScriptErrorKind::Limit,
                "QueueOverflow",
                format!("more than {} tasks wait for the script", self.budget.max_queue),
            ));
            return;
        }
        self.tasks.borrow_mut().push_back(task);
        self.chain.nudge();
    }

    /// As [`HostShared::push`], for senders that can wait: refuses when `room` tasks or more wait already.
    ///
    /// # Errors
    /// Hands the task back.
    pub fn try_push(&self, task: Task, room: usize) -> Result<(), Task> {
        if !self.ended() && self.tasks.borrow().len() >= room.min(self.budget.max_queue) {
            return Err(task);
        }
        self.push(task);
        Ok(())
    }

    /// Tasks that wait for the script.
    pub fn waiting_tasks(&self) -> usize {
        self.tasks.borrow().len()
    }

    /// Queues a callback for after the running script and before promise jobs.
    pub(crate) fn push_tick(&self, tick: Tick) -> bool {
        let mut ticks = self.ticks.borrow_mut();
        if ticks.len() >= self.budget.max_queue {
            return false;
        }
        ticks.push_back(tick);
        true
    }

    /// Checks that the context may have one more link, before a native makes a socket, a child or the like.
    ///
    /// # Errors
    /// `ERR_TOO_MANY_HANDLES` beyond [`Budget::max_handles`]; `EMFILE` when the process is short of descriptors: some are
    /// kept for the agent's own channel.
    pub fn require_handle(&self, syscall: &str, ctx: &mut Context) -> JsResult<()> {
        let limit = self.budget.max_handles;
        if self.live_links() >= limit {
            let text = format!("more than {limit} sockets, children and other handles; close some first");
            return Err(native::node_error(ErrorClass::Error, "ERR_TOO_MANY_HANDLES", &text, ctx));
        }
        descriptors::require_room().map_err(|error| native::system_error(&error, syscall, None, ctx))
    }

    /// Links of this context that have not ended.
    pub fn live_links(&self) -> usize {
        let mut links = self.links.borrow_mut();
        links.retain(|id| self.chain.contains(*id));
        links.len()
    }

    /// Adds a link that belongs to this context; it is removed with it.
    pub fn add_link(&self, name: &'static str, link: impl Link) -> LinkId {
        let id = self.chain.add(name, link);
        let mut links = self.links.borrow_mut();
        if links.len() >= 64 && links.len().is_power_of_two() {
            links.retain(|id| self.chain.contains(*id));
        }
        links.push(id);
        id
    }

    /// Keeps a Node script alive until the [`Hold`] is dropped or released: one per active handle.
    pub fn hold(self: &Rc<Self>) -> Hold {
        self.holds.set(self.holds.get() + 1);
        Hold { shared: Rc::downgrade(self), counted: Cell::new(true) }
    }

    /// Tells the owner of the host something.
    pub fn emit(&self, event: HostEvent) {
        let mut events = self.events.borrow_mut();
        if events.len() >= MAX_EVENTS {
            let line = events.iter().position(|e| matches!(e, HostEvent::ConsoleLine { .. }));
            events.remove(line.unwrap_or(0));
            self.events_lost.set(self.events_lost.get() + 1);
        }
        events.push_back(event);
    }

    /// Ends the context: no more script runs in it, and the owner is told why.
    pub fn crash(&self, reason: ScriptError) {
        if self.ended() {
            return;
        }
        *self.end.borrow_mut() = Some(End::Crashed(reason.clone()));
        self.emit(HostEvent::CoreCrashed { reason });
    }

    /// Ends the context as `process.exit` does.
    pub fn exit(&self, code: i32) {
        if self.ended() {
            return;
        }
        *self.end.borrow_mut() = Some(End::Exit(code));
        self.emit(HostEvent::Exit(code));
    }

    /// True once the context was ended; nothing may call into script any more.
    pub fn ended(&self) -> bool {
        self.end.borrow().is_some()
    }

    /// True when nothing is left that could ever call into script again.
    pub fn is_idle(&self) -> bool {
        self.ended()
            || (self.holds.get() == 0
                && self.tasks.borrow().is_empty()
                && self.ticks.borrow().is_empty()
                && self.jobs.is_empty()
                && !self.timers.borrow().holds()
                && !self.immediates.borrow().iter().any(|i| i.counted))
    }

    /// True when work is ready that waits for no event.
    pub(crate) fn is_pressing(&self) -> bool {
        !self.ended()
            && (!self.tasks.borrow().is_empty()
                || !self.ticks.borrow().is_empty()
                || !self.jobs.is_empty()
                || !self.immediates.borrow().is_empty())
    }

    /// Makes the chain come back in time for what waits.
    pub(crate) fn rearm(&self) {
        if self.is_pressing() {
            self.chain.nudge();
        }
        let next = self.timers.borrow().next();
        let late = match (self.armed.get(), next) {
            (_, None) => false, // an early wake-up arms anew
            (None, Some(_)) => true,
            (Some(armed), Some(next)) => next < armed,
        };
        if let (true, Some(link)) = (late, self.link.get()) {
            self.armed.set(next);
            // Only a removed link refuses one message; then the host is being shut down.
            let _ = self.chain.mail(link, Box::new(Rearm));
        }
    }

    pub(crate) fn take_events(&self) -> (VecDeque<HostEvent>, u64) {
        (std::mem::take(&mut *self.events.borrow_mut()), self.events_lost.replace(0))
    }

    /// Drops everything that roots script values, and the links of this context.
    pub(crate) fn clear(&self) {
        let links = std::mem::take(&mut *self.links.borrow_mut());
        for id in links.into_iter().chain(self.link.take()) {
            self.chain.remove(id);
        }
        // Taken first, dropped after: a destructor may push or cancel.
        let tasks = std::mem::take(&mut *self.tasks.borrow_mut());
        let ticks = std::mem::take(&mut *self.ticks.borrow_mut());
        let immediates = std::mem::take(&mut *self.immediates.borrow_mut());
        let timers = std::mem::take(&mut *self.timers.borrow_mut());
        let loader = std::mem::take(&mut *self.loader.borrow_mut());
        let hooks = std::mem::take(&mut *self.hooks.borrow_mut());
        let buffer = self.buffer_prototype.borrow_mut().take();
        self.frame.swap(JsValue::undefined());
        drop((tasks, ticks, immediates, timers, loader, hooks, buffer));
        self.jobs.clear();
    }
}

/// Keeps a Node script alive, as an open socket or a running child does.
pub struct Hold {
    shared: Weak<HostShared>,
    counted: Cell<bool>,
}

impl Hold {
    /// Counts again (`ref`).
    pub fn count(&self) {
        if !self.counted.replace(true)
            && let Some(shared) = self.shared.upgrade()
        {
            shared.holds.set(shared.holds.get() + 1);
        }
    }

    /// Stops counting (`unref`).
    pub fn release(&self) {
        if self.counted.replace(false)
            && let Some(shared) = self.shared.upgrade()
        {
            shared.holds.set(shared.holds.get() - 1);
        }
    }

    /// True while it counts (`hasRef`).
    pub fn is_counted(&self) -> bool {
        self.counted.get()
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.release();
    }
}
