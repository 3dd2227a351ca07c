//! What the agent's tests share: a small server that speaks the true protocol, and the real agent as a child.
//!
//! The server is built from the same parts as ours: TLS, HTTP, WebSocket and the server's handshake core. What it
//! does wrong on purpose is said by [`Fault`].
#![allow(dead_code, unused_imports)] // each test file uses its own part

mod agent;
mod server;

pub use agent::Agent;
pub use server::{Fault, Order, Seen, Server, ServerOptions};

use std::time::{Duration, Instant};

/// Waits until `done` gives something; panics with `what` after `limit`.
pub fn wait_for<T>(what: &str, limit: Duration, mut done: impl FnMut() -> Option<T>) -> T {
    let until = Instant::now() + limit;
    loop {
        if let Some(value) = done() {
            return value;
        }
        assert!(Instant::now() < until, "not within {limit:?}: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Everything here happens on one busy machine.
pub const SOON: Duration = Duration::from_secs(40);
