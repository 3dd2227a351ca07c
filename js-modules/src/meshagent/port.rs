//! What a core asks of the agent that runs it.
//!
//! The agent implements [`AgentPort`]; the `MeshAgent` module and `SimpleDataStore` call it. All methods take
//! `&self` and are called on the chain's thread while script is on the stack, also while [`CoreRuntime::start`]
//! runs: an implementation must not call back into the runtime and must hold no borrow that a nested run of the
//! chain needs. Sending means to queue: the port mails the channel's link and returns.
//!
//! [`CoreRuntime::start`]: super::CoreRuntime::start

use std::rc::Rc;
use std::sync::Arc;

use microstack::crypto::Signer;

use crate::host::{EventSink, ScriptWatch, Sink};

/// The value [`AgentPort::send_text`] gives when there is no authenticated server (agent-channel specification 4.4).
pub const NOT_CONNECTED: i32 = -4;

/// The agent as its core sees it.
pub trait AgentPort: 'static {
    /// Queues one text frame for the server: 0 when queued, [`NOT_CONNECTED`] or another negative number when not.
    fn send_text(&self, text: &str) -> i32;

    /// Queues one binary frame for the server. Same values as [`AgentPort::send_text`].
    fn send_binary(&self, data: &[u8]) -> i32;

    /// The authenticated server, `None` while there is none.
    fn server(&self) -> Option<ServerView>;

    /// SHA-384 of the stored core, prefix included, `None` when there is no core.
    fn core_hash(&self) -> Option<[u8; 48]>;

    /// The agent's number in the server's table of agent types (6 is Linux x86-64).
    fn arch_id(&self) -> u32;

    /// Keys and values of the `.msh` file followed by the start options, first value wins (`_MSH()`).
    fn msh(&self) -> Vec<(String, String)>;

    /// The start options alone (`getStartupOptions()`).
    fn startup_options(&self) -> Vec<(String, String)> {
        Vec::new()
    }

    /// Group id as upper-case hex, as the `.msh` file gives it; `ServerInfo.MeshID` needs it off line too.
    fn mesh_id_hex(&self) -> String;

    /// Id of the expected server as upper-case hex.
    fn server_id_hex(&self) -> String;

    /// The agent's node id as upper-case hex, `None` for a script without an agent.
    fn node_id_hex(&self) -> Option<String> {
        None
    }

    /// Who signs with the node key, `None` for a script without an agent. Signing may block: it runs off the chain.
    fn signer(&self) -> Option<Arc<dyn Signer>> {
        None
    }

    /// What `process.versions` shows.
    fn build(&self) -> BuildInfo;

    /// The agent's own store (`SimpleDataStore.Shared()`), `None` when scripts get none.
    fn data_store(&self) -> Option<Rc<dyn DataStore>>;

    /// True when a service manager runs the agent, with the service's name.
    fn service(&self) -> Option<String> {
        None
    }

    /// The name under which the agent shows itself to people.
    fn display_name(&self) -> String {
        "Meshlite Agent".into()
    }

    /// Seconds without traffic before a tunnel is pinged.
    fn idle_timeout_s(&self) -> u32 {
        120
    }

    /// The folder that scripts start in; the process's own when `None`.
    fn folder(&self) -> Option<std::path::PathBuf> {
        None
    }

    /// `process.argv`: empty for a core, the script and its arguments for a script.
    fn argv(&self) -> Vec<String> {
        Vec::new()
    }

    /// Who takes what is written to the standard streams. A core's console lines go to [`AgentPort::log`].
    fn sink(&self) -> Rc<dyn Sink> {
        Rc::new(EventSink)
    }

    /// Who is told around each entry into script: the keeper of the crash marker.
    fn script_watch(&self) -> Option<Rc<dyn ScriptWatch>> {
        None
    }

    /// A core asks for something that ends or changes the present run. Carry it out after the call returned.
    fn request(&self, request: AgentRequest);

    /// One line for the agent's log, from `console` or `MeshAgent.log`.
    fn log(&self, level: LogLevel, text: &str);
}

/// What a core may ask the agent to do once the running script has returned.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum AgentRequest {
    /// `process.exit(code)`: end the worker in order.
    Exit(i32),
    /// `MeshAgent.forceExit(code)` or `process._exit(code)`: end the worker at once.
    ForceExit(i32),
    /// `MeshAgent.restartCore()`: stop the core and start the stored one.
    RestartCore,
    /// `MeshAgent.disconnect()`: drop the control channel; it reconnects by its own rules.
    Disconnect,
    /// `MeshAgent.ExecPowerState(state, force)`: 1 log off, 2 shut down, 3 reboot, 4 sleep, 5 hibernate.
    Power {
        /// The wanted state.
        state: u32,
        /// Do not ask running programs.
        force: bool,
    },
}

/// How much a log line matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LogLevel {
    /// `console.info1..3` and diagnostics.
    Debug,
    /// `console.log`, `console.info`.
    Info,
    /// `console.warn`.
    Warn,
    /// `console.error`, uncaught exceptions.
    Error,
}

/// The server at the other end of the authenticated channel.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ServerView {
    /// The address the agent connected to, `wss://host:port/agent.ashx`.
    pub url: String,
    /// Its IP address.
    pub ip: String,
    /// SHA-384 of the outer certificate, upper-case hex (`ControlChannelCertificate.digest`).
    pub tls_hash_hex: String,
    /// SHA-384 of the outer certificate's public key, upper-case hex (`.fingerprint`).
    pub tls_key_hash_hex: String,
}

/// What `process.versions` shows of the agent program.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BuildInfo {
    /// Version of the agent program.
    pub version: String,
    /// Time of the commit, RFC 3339.
    pub commit_date: String,
    /// The commit, hex.
    pub commit_hash: String,
    /// Seconds since 1970 of the build; shown as `HH:MM:SS, Mon DD YYYY`, which MeshCentral's core splits at `, `.
    pub compiled_unix_s: u64,
}

/// A small key-value store for scripts.
///
/// Values written by [`DataStore::put`] are durable when it returns.
pub trait DataStore {
    /// The value of a key.
    fn value(&self, key: &str) -> Option<Vec<u8>>;

    /// Writes a value.
    ///
    /// # Errors
    /// A sentence for the script when the value could not be written.
    fn put(&self, key: &str, value: &[u8]) -> Result<(), String>;

    /// Removes a key; true when it was there.
    ///
    /// # Errors
    /// A sentence for the script when the store could not be changed.
    fn delete(&self, key: &str) -> Result<bool, String>;

    /// All keys.
    fn keys(&self) -> Vec<String>;

    /// Gives space back. What that means is the store's affair.
    fn compact(&self) {}
}
