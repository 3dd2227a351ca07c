//! The event chain and everything that moves bytes.
//!
//! One thread, one [`chain::Chain`], many [`chain::Link`]s: sockets, timers, child processes and whatever else
//! waits for something. This crate knows no JavaScript, no device and no user; the crates above it do.
//!
//! **What it is not:** a general async runtime. There are no futures and no tasks. A link says what it waits for,
//! is woken with everything that happened since, does a bounded piece of work and returns.
//!
//! The wire formats, cryptography, store and handshake cores live in crates of their own, so that fuzzers and
//! simulations can use them without sockets; they are re-exported here under the names the design uses.
#![deny(unsafe_code)] // allowed, with a proof, where a child becomes another program

pub mod chain;
pub mod http;
pub mod net;
pub mod process;
pub mod tls;
pub mod ws;

pub use microstack_channel as channel;
pub use microstack_crypto as crypto;
pub use microstack_session as session;
pub use microstack_store as store;
pub use microstack_wire as wire;
