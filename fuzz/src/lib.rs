//! Fuzz targets: one function for each parser that reads what a stranger sent.
//!
//! The same functions run twice: in every `cargo test` under a small mutator of our own ([`smoke`]), for seconds, and
//! under `cargo fuzz` with coverage, for hours. The README of this folder tells how to add one.
//!
//! This crate is **not** a place for logic: a target calls a parser and asserts what must hold for any input.
//!
//! ```
//! let target = meshlite_fuzz::TARGETS.iter().find(|target| target.name == "server_url").unwrap();
//! (target.run)(b"wss://[::1]:443/agent.ashx");
//! ```
#![forbid(unsafe_code)]

pub mod crypto;
pub mod cut;
pub mod fixture;
pub mod handshake;
pub mod http;
pub mod mutate;
pub mod recovery;
pub mod seeds;
pub mod server;
pub mod session;
pub mod smoke;
pub mod wire;

/// One parser under test.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// Name of the function and of its cargo-fuzz binary.
    pub name: &'static str,
    /// Module and function, as a program names them behind `meshlite_fuzz::`.
    pub path: &'static str,
    /// Runs the parser once; panics if something is wrong.
    pub run: fn(&[u8]),
    /// Inputs to start from; at least one.
    pub seeds: fn() -> Vec<Vec<u8>>,
}

/// Writes the table from lines `module::function <- seeds`.
macro_rules! targets {
    ($($module:ident :: $function:ident <- $seeds:path),+ $(,)?) => {
        /// Every target.
        pub const TARGETS: &[Target] = &[$(Target {
            name: stringify!($function),
            path: concat!(stringify!($module), "::", stringify!($function)),
            run: $module::$function,
            seeds: $seeds,
        }),+];
    };
}

targets! {
    wire::agent_command <- seeds::frames_of_agents,
    wire::server_command <- seeds::frames_of_servers,
    wire::text_command <- seeds::text_frames,
    wire::auth_info <- seeds::auth_infos,
    wire::msh <- seeds::msh_files,
    wire::trailer <- seeds::programs,
    wire::discovery <- seeds::discovery_packets,
    wire::discovery_encrypted <- seeds::discovery_encrypted,
    wire::server_url <- seeds::server_urls,
    wire::core_frame <- seeds::core_bodies,
    wire::core_deflated <- seeds::core_deflated,
    wire::id_text <- seeds::id_texts,
    crypto::certificate <- crypto::certificates,
    crypto::agent_signature <- crypto::signatures,
    handshake::agent_handshake <- handshake::scripts_for_agents,
    handshake::server_handshake <- handshake::scripts_for_servers,
    session::agent_session <- session::messages_of_servers,
    session::server_session <- session::messages_of_agents,
    session::core_keeper <- session::scripts_for_keepers,
    session::core_sync <- session::scripts_for_syncs,
    http::http_request <- http::requests,
    http::http_response <- http::responses,
    http::chunked_body <- http::bodies,
    recovery::crash_marker <- recovery::markers,
    recovery::core_history <- recovery::histories,
    server::agent_json <- server::messages,
}
