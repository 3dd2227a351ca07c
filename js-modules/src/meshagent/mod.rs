//! The MeshAgent dialect: what the JavaScript cores of MeshCentral expect of the agent that runs them.
//!
//! A thin layer over the Node-like modules, installed only in the contexts that ask for it. The agent uses it
//! through [`CoreRuntime`]:
//!
//! ```ignore
//! let core = CoreRuntime::start(&chain, port, CoreSource { name: "core.js", text }, budget, permissions)?;
//! let feed = core.feed();                  // clonable; the channel's link keeps one
//! feed.connected(true);                    // a task; runs in the next drain
//! feed.command_json("{\"action\":\"msg\"}");
//! core.drain();                            // between turns of the chain
//! for event in core.take_events() { /* log, tell the server, restart */ }
//! core.stop();
//! ```
//!
//! **What it is not:** the agent. Identity, channel, updates and the life cycle of cores are the agent's; this
//! module reaches them through [`AgentPort`].

mod port;

pub use port::{
    AgentPort, AgentRequest, BuildInfo, DataStore, LogLevel, NOT_CONNECTED, ServerView,
};
