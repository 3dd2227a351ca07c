//! Both ends of the agent channel: the handshake, the sessions it opens, and the care for cores.
//!
//! Nothing here does I/O, reads a clock or draws a random number. The owner feeds one input, then drains
//! `poll` until it answers `Wait`; time and nonces are parameters. So the same code serves the agent, the
//! server, the load generator, the fuzzers and simulations in virtual time.
//!
//! What this crate is **not**: it opens no connection, checks no TLS certificate (it is told what TLS saw)
//! and computes no signature (it asks for them, so that they can run on another thread or in a TPM).
//!
//! # Refusals
//!
//! The protocol has no refusal message. A side that refuses falls silent and keeps the socket, because
//! peers come back within seconds when it is closed (agent-channel specification 3.2 and 7). Both handshakes
//! report a refusal once, as `Hold` with the precise [`HandshakeError`], and ignore everything afterwards.
//! An `Err` from `handle` is less: that frame was *ignored*, and the handshake goes on.
//!
//! # Type states
//!
//! Only [`agent::AgentSession`] and [`server::ServerSession`] can read or build a command that exists after
//! authentication, and only a finished handshake makes one.
//!
//! # A whole handshake
//!
//! ```
//! use std::{sync::Arc, time::Instant};
//! use microstack_channel::{Frame, agent, server};
//! use microstack_channel::wire::{AuthInfo, Capabilities, MeshId, Nonce, Platform, TlsHash};
//! use microstack_crypto::{Identity, verify_agent_signature};
//!
//! let now = Instant::now();
//! let (device, host) = (Identity::new_agent(2048)?, Identity::new_agent(2048)?);
//! let tls = TlsHash([7; 48]); // both sides take it from the TLS connection
//!
//! let mut server = server::Handshake::start(
//!     Arc::new(server::Config {
//!         identities: vec![server::ServerIdentity::new(host.cert_der.clone())?],
//!         accepted_tls: vec![server::AcceptedTls { tls, key: tls }],
//!     }),
//!     Nonce([1; 48]),
//!     now,
//! );
//! let info = AuthInfo {
//!     info_version: 1, agent_type: 6, agent_version: 0, platform: Platform::Server,
//!     mesh: MeshId([3; 48]), capabilities: Capabilities::JAVASCRIPT, name: "host".into(),
//! };
//! let mut agent = agent::Handshake::start(
//!     agent::Config::new(host.server_id(), device.cert_der.clone(), info),
//!     agent::Seen { tls_hash: tls, tls_key_hash: tls },
//!     Nonce([2; 48]),
//!     None,
//!     now,
//! );
//!
//! let (mut at_agent, mut at_server) = (None, None);
//! while at_agent.is_none() || at_server.is_none() {
//!     match agent.poll() {
//!         agent::Output::Send(frame) => server.handle(now, Frame::Binary(&frame))?,
//!         agent::Output::Sign { data } => agent.signed(device.key.sign_sha384(&data))?,
//!         agent::Output::Verify { cert_der, data, signature } => {
//!             agent.checked(verify_agent_signature(&cert_der, &data, &signature))?;
//!         }
//!         agent::Output::Ready(session) => at_agent = Some(session),
//!         _ => {}
//!     }
//!     match server.poll() {
//!         server::Output::Send(frame) => agent.handle(now, Frame::Binary(&frame))?,
//!         server::Output::Sign { data, .. } => server.signed(host.key.sign_sha384(&data))?,
//!         server::Output::Verify { cert_der, data, signature } => {
//!             server.checked(verify_agent_signature(&cert_der, &data, &signature))?;
//!         }
//!         server::Output::Verified(hello) => {
//!             assert_eq!(hello.node, device.node_id());
//!             at_server = Some(server.confirm()?);
//!         }
//!         _ => {}
//!     }
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![forbid(unsafe_code)]

pub mod agent;
pub mod backoff;
mod error;
mod frame;
pub mod ping;
mod proof;
pub mod server;

pub use error::{HandshakeError, PolicyHold, SessionError};
pub use frame::{Frame, Message};
pub use microstack_wire as wire;
pub use server::core_sync;
