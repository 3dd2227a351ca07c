//! The server of the mesh: agents on one side, users on the other.
//!
//! One process with N chains, one per core; agents and users are spread over them by the kernel. What they share
//! is in [`house::House`]: the store ([`data`]), the registry of who is connected ([`live`]), certificates
//! ([`certs`]) and the cores that agents run ([`agents::Shelf`]).
//!
//! Commands are decided by functions that read and return effects ([`users::decide`], [`agents::hear`]); the
//! connections carry the effects out. The binaries are [`cli::server`] (`meshlite-server`) and [`operator`]
//! (`meshlite`).
//!
//! **What it is not yet:** no Intel AMT, no agent updates, no
//! cluster.
#![forbid(unsafe_code)]

pub mod accounts;
pub mod admin;
pub mod agents;
pub mod api;
pub mod certs;
pub mod cli;
pub mod data;
pub mod house;
pub mod http;
pub mod live;
pub mod model;
pub mod operator;
pub mod relay;
pub mod server;
pub mod users;
