//! TLS 1.2 and 1.3 on the chain, by rustls and ring.
//!
//! [`Stream`] carries bytes over one TCP connection, encrypted or plain, and never blocks. The configurations here
//! suit the agent channel: a client takes any certificate and remembers which, because the channel's own handshake
//! decides whom to trust (agent-channel specification 3.1 and 3.3); a server asks for no client certificate and
//! tolerates an address in the server name, as real agents send it.
//!
//! What it is **not**: it builds no chains of trust, and it serves no TLS below 1.2.

mod client;
mod error;
mod server;
mod stream;

pub use client::{ClientTrust, client_config, server_name};
pub use error::TlsError;
pub use server::{Served, server_config};
pub use stream::Stream;
