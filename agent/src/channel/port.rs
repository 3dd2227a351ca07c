//! The agent as its core sees it.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;

use js_modules::host::ScriptWatch;
use js_modules::meshagent::{
    AgentPort, AgentRequest, BuildInfo, DataStore, LogLevel, NOT_CONNECTED, ServerView,
};
use microstack::channel::Message;
use microstack::channel::agent::CoreKeeper;
use microstack::crypto::{Identity, Signer};
use microstack::store::{Store, Write};
use microstack::wire::msh::Value;
use microstack::wire::{Msh, ServerId, hex};
use recovery_core::restart::EXIT_AGAIN;

use super::{NotQueued, Outbox, ToChannel};
use crate::cores::{Order, Orders, Reports};
use crate::facts;
use crate::worker::last_words;

/// What cores reach of the agent.
pub struct Port {
    pub outbox: Rc<Outbox>,
    pub reports: Rc<Reports>,
    pub keeper: Rc<RefCell<CoreKeeper>>,
    pub orders: Orders,
    pub store: Rc<dyn Store>,
    pub msh: Msh,
    pub start_options: Vec<(String, String)>,
    pub mesh_id_hex: String,
    pub node_id_hex: String,
    pub server: ServerId,
    /// Signs for sessions, off the chain.
    pub identity: Arc<Identity>,
    /// Set when the worker shall end with this code.
    pub exit: Rc<Cell<Option<i32>>>,
}

impl Port {
    fn queue(&self, message: Message) -> i32 {
        match self.outbox.send(message) {
            Ok(()) => 0,
            Err(NotQueued::NoServer) => NOT_CONNECTED,
            Err(NotQueued::Full) => BACKLOGGED,
        }
    }
}

impl AgentPort for Port {
    fn send_text(&self, text: &str) -> i32 {
        self.reports.overhear(text);
        self.queue(Message::Text(text.to_owned()))
    }

    fn send_binary(&self, data: &[u8]) -> i32 {
        match data {
            // Commands below 1000 are the agent's own; a core must not speak in its name.
            [high, low, ..] if u16::from_be_bytes([*high, *low]) < 1000 => FORBIDDEN,
            [_, _, ..] => self.queue(Message::Binary(data.to_vec())),
            _ => FORBIDDEN,
        }
    }

    fn server(&self) -> Option<ServerView> {
        self.outbox.server()
    }

    fn core_hash(&self) -> Option<[u8; 48]> {
        self.keeper.borrow().stored().map(|hash| hash.0)
    }

    fn arch_id(&self) -> u32 {
        facts::agent_type()
    }

    fn msh(&self) -> Vec<(String, String)> {
        let mut pairs: Vec<(String, String)> = self
            .msh
            .entries()
            .filter_map(|(key, value)| {
                let text = match value {
                    Value::Text(text) => text.clone(),
                    Value::Bytes(bytes) => format!("0x{}", hex::upper(bytes)),
                    Value::Delete => return None,
                };
                Some((key.to_owned(), text))
            })
            .collect();
        pairs.extend(self.start_options.iter().cloned());
        pairs
    }

    fn startup_options(&self) -> Vec<(String, String)> {
        self.start_options.clone()
    }

    fn mesh_id_hex(&self) -> String {
        self.mesh_id_hex.clone()
    }

    fn server_id_hex(&self) -> String {
        self.server.to_hex()
    }

    fn node_id_hex(&self) -> Option<String> {
        Some(self.node_id_hex.clone())
    }

    fn signer(&self) -> Option<Arc<dyn Signer>> {
        Some(self.identity.clone())
    }

    fn build(&self) -> BuildInfo {
        super::build()
    }

    fn data_store(&self) -> Option<Rc<dyn DataStore>> {
        Some(Rc::new(ScriptStore(self.store.clone())))
    }

    fn script_watch(&self) -> Option<Rc<dyn ScriptWatch>> {
        Some(Rc::new(Marking::default()))
    }

    fn request(&self, request: AgentRequest) {
        match request {
            // The supervisor starts the next worker: a core cannot take the device away from its operator.
            AgentRequest::Exit(code) => {
                tracing::info!(code, "the core asked the agent to exit; the worker restarts");
                self.exit.set(Some(EXIT_AGAIN));
            }
            AgentRequest::ForceExit(code) => {
                tracing::warn!(code, "the core ended the worker at once");
                std::process::exit(EXIT_AGAIN);
            }
            AgentRequest::RestartCore => self.orders.borrow_mut().push_back(Order::Restart),
            AgentRequest::Disconnect => self.outbox.tell(ToChannel::Reconnect),
            AgentRequest::Power { state, force } => power(state, force),
            other => tracing::warn!("the core asked for something this agent does not know: {other:?}"),
        }
    }

    fn log(&self, level: LogLevel, text: &str) {
        let name = match level {
            LogLevel::Debug => "debug",
            LogLevel::Info => "info",
            LogLevel::Warn => "warn",
            LogLevel::Error => "error",
        };
        self.reports.console_line(name, text);
        match level {
            LogLevel::Debug => tracing::debug!("core: {text}"),
            LogLevel::Info => tracing::info!("core: {text}"),
            LogLevel::Warn => tracing::warn!("core: {text}"),
            LogLevel::Error => tracing::error!("core: {text}"),
        }
    }
}

/// Keeps the crash marker told of what script runs; entries nest when script waits.
#[derive(Default)]
struct Marking(RefCell<Vec<String>>);

impl ScriptWatch for Marking {
    fn on_enter(&self, what: &str) {
        last_words::entering(what);
        self.0.borrow_mut().push(what.to_owned());
    }

    fn on_leave(&self) {
        let mut entries = self.0.borrow_mut();
        entries.pop();
        last_words::entering(entries.last().map_or("", String::as_str));
    }
}

/// `SimpleDataStore.Shared()`: a table of the embedded store.
struct ScriptStore(Rc<dyn Store>);

impl DataStore for ScriptStore {
    fn value(&self, key: &str) -> Option<Vec<u8>> {
        self.0.get(SCRIPT_TABLE, key.as_bytes()).unwrap_or_else(|error| {
            tracing::error!("the script store cannot be read: {error}");
            None
        })
    }

    fn put(&self, key: &str, value: &[u8]) -> Result<(), String> {
        // A core that fills the disk would take the device with it.
        if value.len() > MAX_SCRIPT_VALUE {
            return Err(format!("a value may have {MAX_SCRIPT_VALUE} bytes at most"));
        }
        let rows = self.0.len(SCRIPT_TABLE).map_err(|e| e.to_string())?;
        if rows >= MAX_SCRIPT_ROWS && self.value(key).is_none() {
            return Err(format!("the store holds {MAX_SCRIPT_ROWS} keys at most; delete some first"));
        }
        self.0
            .apply(&[Write::put(SCRIPT_TABLE, key.as_bytes(), value)])
            .and_then(|()| self.0.flush())
            .map_err(|e| e.to_string())
    }

    fn delete(&self, key: &str) -> Result<bool, String> {
        let there = self.value(key).is_some();
        if there {
            self.0
                .delete(SCRIPT_TABLE, key.as_bytes())
                .and_then(|()| self.0.flush())
                .map_err(|e| e.to_string())?;
        }
        Ok(there)
    }

    fn keys(&self) -> Vec<String> {
        let rows = self.0.scan(SCRIPT_TABLE, b"", None, MAX_SCRIPT_ROWS).unwrap_or_default();
        rows.into_iter().filter_map(|(key, _)| String::from_utf8(key).ok()).collect()
    }
}

/// Hands the request to the system's own tools, on a thread: they may take a while.
fn power(state: u32, force: bool) {
    let command: &[&str] = match (state, force) {
        (1, _) => &["loginctl", "terminate-seat", "seat0"],
        (2, false) => &["shutdown", "-h", "now"],
        (2, true) => &["poweroff", "-f"],
        (3, false) => &["shutdown", "-r", "now"],
        (3, true) => &["reboot", "-f"],
        (4, _) => &["systemctl", "suspend"],
        (5, _) => &["systemctl", "hibernate"],
        _ => {
            tracing::warn!(state, "the core asked for an unknown power state");
            return;
        }
    };
    tracing::warn!("power action asked for by the core: {}", command.join(" "));
    let run = move || match std::process::Command::new(command[0]).args(&command[1..]).status() {
        Ok(status) if status.success() => {}
        Ok(status) => tracing::error!("{} failed: {status}", command[0]),
        Err(error) => tracing::error!("{} could not be started: {error}", command[0]),
    };
    if let Err(error) = std::thread::Builder::new().name("power".into()).spawn(run) {
        tracing::error!("no thread for the power action: {error}");
    }
}

/// The outbox is full: try again later.
const BACKLOGGED: i32 = -1;
/// The message is not one that a core may send.
const FORBIDDEN: i32 = -2;

const SCRIPT_TABLE: &str = "script";
const MAX_SCRIPT_ROWS: usize = 4096;
const MAX_SCRIPT_VALUE: usize = 1 << 20;
