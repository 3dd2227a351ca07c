//! `meshlite-agent`: the device's end of the agent channel.
//!
//! `run` is two processes of one program ([`supervisor`] and [`worker`]). The supervisor knows no JavaScript, no TLS
//! and no network; it starts the worker, waits without ever waking by itself, and decides what follows when the
//! worker ends. The worker holds the chain, the identity, the channel and the cores.
//!
//! **What it is not yet:** it does not install itself, update itself or use a TPM; see `docs/src/agent.md` for what
//! exists.
#![deny(unsafe_code)]

mod channel;
mod cli;
mod control;
mod cores;
mod facts;
mod identity;
mod log;
pub mod memory;
mod script;
mod settings;
mod state;
mod status;
mod supervisor;
mod worker;

use std::ffi::OsString;

pub use cli::main;

/// Exit codes of all commands (design 9).
pub mod exit {
    /// Done.
    pub const DONE: i32 = 0;
    /// Failed.
    pub const FAILED: i32 = 1;
    /// Faulty arguments or configuration.
    pub const USAGE: i32 = 2;
}

/// The arguments after the program's name.
type Args = [OsString];
