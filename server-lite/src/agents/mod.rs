//! The agent channel `/agent.ashx`: handshake, enrolment, cores, and what agents say.
//!
//! The handshake and the decisions about cores are sans-I/O machines of `microstack::channel`; [`hear`] decides
//! what a JSON message leads to, without touching anything. [`Agent`] carries all of it out on one connection.

mod connection;
mod enrol;
mod hear;
mod own_core;
pub mod programs;
mod report;
mod shelf;
mod tag;

pub use connection::Agent;
pub use enrol::enrol;
pub use hear::{Heard, hear};
pub use own_core::{OWN_CORE, OWN_CORE_FILES, own_core};
pub use shelf::{CoreBody, Shelf};
pub use tag::{TagFile, read_tag};

/// Most agents connected at a time; more are held.
pub const MAX_AGENTS: usize = 200_000;
