//! The worker: chain, identity, channel and cores, in a process that may die.

mod control_link;
mod hang;
pub mod last_words;
mod limits;
mod panic_report;

use std::cell::{Cell, RefCell};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use js_modules::host::{Budget, NATIVE_STACK_BYTES};
use js_modules::meshagent::AgentPort;
use microstack::chain::Chain;
use microstack::channel::agent::{CoreKeeper, KeeperConfig};
use microstack::channel::ping::Patience;
use microstack::crypto::{Identity, random_bytes};
use microstack::store::{DiskStore, Options, Store};
use microstack::wire::{AuthInfo, Capabilities, MAX_TAG};
use recovery_core::history::{FailureReason, History};
use recovery_core::marker::{Activity, Marker};
use recovery_core::quarantine::{Policy, Verdict};
use recovery_core::restart::{EXIT_AGAIN, EXIT_USAGE};

use crate::channel::{Channel, Inbox, Outbox, Parts, Port, Proxies, Servers, ToChannel};
use crate::cli::RunOptions;
use crate::control::{self, Word};
use crate::cores::{self, CoreStore, Cores, Orders, Reports};
use crate::log::now_unix_s;
use crate::settings::Settings;
use crate::state::{self, StateDir};
use crate::status::Status;
use crate::{exit, facts, identity, log, memory};

pub use control_link::{Alarm, SupervisorLine};

use control_link::ControlLink;
pub use hang::HangTimer;

/// The hidden command: runs until stopped and returns the exit code.
pub fn main(options: &RunOptions) -> i32 {
    let Some((socket, record)) = take_socket() else {
        eprintln!("meshlite-agent: this command is for the agent itself; use: meshlite-agent run");
        return exit::USAGE;
    };
    limits::die_with_supervisor();
    log::init(options.log);
    limits::no_core_dumps();
    limits::raise_descriptors();
    let history = match record.history() {
        Ok(Ok(history)) => history,
        Ok(Err(error)) => {
            tracing::warn!("{error}");
            History::default()
        }
        Err(error) => {
            tracing::warn!("the core history cannot be read: {error}");
            History::default()
        }
    };
    last_words::open(record);
    last_words::update(&Marker::without_core(Activity::Starting, now_unix_s()));
    memory::set_limit(options.memory_limit);
    match Prepared::new(options, socket, history) {
        Ok(prepared) => prepared.run_on_its_thread(),
        Err(Unprepared { code, text }) => {
            eprintln!("meshlite-agent: {text}");
            code
        }
    }
}

/// Everything that can fail or block before the chain runs.
struct Prepared {
    options: RunOptions,
    settings: Settings,
    state: StateDir,
    store: DiskStore,
    identity: Identity,
    socket: OwnedFd,
    history: History,
}

struct Unprepared {
    code: i32,
    text: String,
}

impl Unprepared {
    fn failed(error: impl ToString) -> Unprepared {
        Unprepared { code: exit::FAILED, text: error.to_string() }
    }
}

impl Prepared {
    fn new(options: &RunOptions, socket: OwnedFd, history: History) -> Result<Prepared, Unprepared> {
        let settings = Settings::load(options.msh.as_deref())
            .map_err(|error| Unprepared { code: EXIT_USAGE, text: error.to_string() })?;
        for line in settings.msh.skipped() {
            tracing::warn!("{}: {line}", settings.file.display());
        }
        let state = StateDir::choose(options.state.as_deref()).map_err(Unprepared::failed)?;
        state.create().map_err(Unprepared::failed)?;
        panic_report::install(state.crash_report());
        let opened = DiskStore::open(state.store(), Options::default()).map_err(Unprepared::failed)?;
        if let Some(damaged) = opened.recovered {
            tracing::error!(
                "the store was damaged and a new one was started; the old one is kept in {}. The identity is safe in \
                 its own file; the server sends the core again",
                damaged.display()
            );
        }
        let (identity, _) = identity::load_or_make(&state.identity_file(), Some(&opened.store))
            .map_err(Unprepared::failed)?;
        Ok(Prepared {
            options: options.clone(),
            settings,
            state,
            store: opened.store,
            identity,
            socket,
            history,
        })
    }

    /// Runs the chain on a thread with the stack that the engine needs.
    fn run_on_its_thread(self) -> i32 {
        let thread = std::thread::Builder::new().name("chain".into()).stack_size(NATIVE_STACK_BYTES).spawn(
            move || {
                self.run().unwrap_or_else(|error| {
                    eprintln!("meshlite-agent: {error}");
                    exit::FAILED
                })
            },
        );
        match thread.map(std::thread::JoinHandle::join) {
            Ok(Ok(code)) => code,
            // The hook has written the report; the code is the one Rust uses.
            Ok(Err(_)) => 101,
            Err(error) => {
                eprintln!("meshlite-agent: no thread for the chain: {error}");
                exit::FAILED
            }
        }
    }

    fn run(self) -> io::Result<i32> {
        let chain = Chain::new()?;
        let hang = Rc::new(HangTimer::for_this_thread(self.options.turn_budget)?);
        chain.set_watch(hang.clone());
        let exit_code: Rc<Cell<Option<i32>>> = Rc::default();
        let line = Rc::new(SupervisorLine::new(self.socket));
        chain.add("control", ControlLink::new(line.clone(), exit_code.clone())?);

        let node = self.identity.node_id();
        tracing::info!(
            version = env!("CARGO_PKG_VERSION"),
            node = %node,
            msh = %self.settings.file.display(),
            state = %self.state.path().display(),
            "agent started"
        );
        let status = Rc::new(Status::new(&self.state, &node.to_hex()));
        let store: Rc<dyn Store> = Rc::new(self.store);
        let stored = CoreStore(&*store).current().unwrap_or_else(|error| {
            tracing::error!("the stored core cannot be read: {error}");
            None
        });
        let keeper = Rc::new(RefCell::new(CoreKeeper::start(
            KeeperConfig {
                stored,
                local: self.settings.msh.get("noUpdateCoreModule").is_some(),
                quarantined: cores::quarantined(&self.history),
            },
            Instant::now(),
        )));
        let outbox = Rc::new(Outbox::new(chain.clone()));
        let inbox = Rc::new(Inbox::default());
        let orders = Orders::default();
        let reports = Rc::new(Reports::new(outbox.clone()));
        report_last_crash(&self.history, self.options.after_crash, &reports);
        let history = Rc::new(RefCell::new(self.history));
        let identity = Arc::new(self.identity);
        let port: Rc<dyn AgentPort> = Rc::new(Port {
            identity: identity.clone(),
            outbox: outbox.clone(),
            reports: reports.clone(),
            keeper: keeper.clone(),
            orders: orders.clone(),
            store: store.clone(),
            msh: self.settings.msh.clone(),
            start_options: self.options.start_options.clone(),
            mesh_id_hex: self.settings.mesh.to_hex(),
            node_id_hex: node.to_hex(),
            server: self.settings.servers[0].1,
            exit: exit_code.clone(),
        });
        let proxies = Proxies::find(&self.settings.msh, |name| std::env::var(name).ok());
        if let Some(proxy) = proxies.describe() {
            tracing::info!("{proxy}");
        }
        let parts = Parts {
            info: auth_info(&self.settings, self.options.temporary),
            host_info: facts::host_info(),
            agent_name: self.settings.msh.get("agentName").map(str::to_owned),
            tag: tag(),
            patience: patience(&self.settings),
            pace: self.options.pace,
            servers: Servers::new(self.settings.servers, u64::from_ne_bytes(random_bytes())),
            proxies,
            identity,
            store: store.clone(),
            outbox: outbox.clone(),
            inbox: inbox.clone(),
            keeper: keeper.clone(),
            history: history.clone(),
            orders: orders.clone(),
            reports: reports.clone(),
            supervisor: line.clone(),
            status: status.clone(),
        };
        let channel = chain.add("channel", Channel::new(parts));
        outbox.set_link(channel);
        let mut cores = Cores::new(cores::Parts {
            chain: chain.clone(),
            port,
            store: store.clone(),
            keeper,
            history,
            inbox,
            orders,
            reports,
            supervisor: line.clone(),
            status: status.clone(),
            hang,
            budget: Budget {
                // The context ends well before the allocator has to refuse.
                memory_bytes: self.options.memory_limit.map(|limit| limit as u64 / 4 * 3),
                turn: Some(self.options.turn_budget),
                ..Budget::default()
            },
        });
        last_words::update(&Marker::without_core(Activity::Idle, now_unix_s()));
        line.say(&Word::Up);

        let stop = exit_code.clone();
        let end = chain.run_until(None, &mut |_| {
            cores.between();
            stop.get().is_some()
        });
        if let Err(error) = end {
            tracing::error!("{error}");
        }
        let code = exit_code.get().unwrap_or(EXIT_AGAIN);
        cores.stop();
        outbox.tell(ToChannel::Stop);
        // The close frame leaves, and nothing else is waited for. Single turns, because the chain may be stopped.
        let until = Instant::now() + FAREWELL;
        while let Some(left) = until.checked_duration_since(Instant::now()).filter(|left| !left.is_zero()) {
            chain.turn(Some(left))?;
        }
        status.channel("stopped", "", "");
        if let Err(error) = store.flush() {
            tracing::error!("the store could not be written: {error}");
        }
        Ok(code)
    }
}

/// Tells the server what the previous worker died of, if a core is to blame.
fn report_last_crash(history: &History, after_crash: bool, reports: &Reports) {
    let (true, Some(failure)) = (after_crash, history.failures().last()) else {
        return;
    };
    if failure.reason == FailureReason::Limit {
        return; // its worker lived on and has told it
    }
    let (policy, now) = (Policy::default(), now_unix_s());
    let next = match policy.verdict(history, failure.core, now) {
        Verdict::Run => "the worker was restarted".to_owned(),
        Verdict::Quarantined(entry) => match policy.fallback(history, failure.core, now) {
            Some(good) => format!(
                "it failed {} times and is in quarantine; the last good core {good} runs instead",
                entry.failures
            ),
            None => format!("it failed {} times and is in quarantine; no core runs", entry.failures),
        },
    };
    reports.crashed(failure.core, &failure.reason.to_string(), &next);
}

fn auth_info(settings: &Settings, temporary: bool) -> AuthInfo {
    let mut capabilities = Capabilities::CONSOLE | Capabilities::JAVASCRIPT | Capabilities::COMPRESSION;
    if temporary {
        capabilities |= Capabilities::TEMPORARY;
    }
    if let Some(microstack::wire::msh::Value::Bytes(bytes)) = settings.msh.value("AgentCapabilities")
        && let Ok(word) = <[u8; 4]>::try_from(bytes.as_slice())
    {
        capabilities |= Capabilities(u32::from_be_bytes(word));
    }
    AuthInfo {
        info_version: 1,
        agent_type: facts::agent_type(),
        agent_version: 0,
        platform: facts::platform(),
        mesh: settings.mesh,
        capabilities,
        name: facts::computer_name(),
    }
}

fn patience(settings: &Settings) -> Patience {
    let default = Patience::default();
    let seconds = settings.msh.get("controlChannelIdleTimeout").and_then(|text| text.parse().ok());
    match seconds {
        Some(seconds @ 5..=86_400) => Patience { idle: Duration::from_secs(seconds), ..default },
        _ => default,
    }
}

/// The content of `<program>.tag`.
fn tag() -> Vec<u8> {
    let Ok(program) = std::env::current_exe() else {
        return Vec::new();
    };
    let mut name = program.into_os_string();
    name.push(".tag");
    state::read_bounded(&PathBuf::from(name), MAX_TAG).unwrap_or_default()
}

/// The control socket, which is our standard input, and the record that waits in it. `None` when we were not started
/// by a supervisor.
fn take_socket() -> Option<(OwnedFd, control::Record)> {
    let stdin = io::stdin();
    rustix::net::sockopt::socket_type(stdin.as_fd()).ok()?;
    let record = control::receive_record(&stdin.as_fd()).ok()?;
    let socket = stdin.as_fd().try_clone_to_owned().ok()?;
    // Scripts and commands must not find the socket as their standard input.
    let null = std::fs::File::open("/dev/null").ok()?;
    rustix::stdio::dup2_stdin(&null).ok()?;
    Some((socket, record))
}

const FAREWELL: Duration = Duration::from_millis(100);
