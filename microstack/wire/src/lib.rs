//! The wire formats of the agent channel: views and values for everything an agent and a server say to each other.
//!
//! This crate turns bytes into types that cannot be wrong and back, and computes the hashes the protocol names.
//! It has **no** sockets, clock or random numbers, holds no state of a connection and checks no signature: the order
//! of messages and the decisions are the business of `microstack-channel`.
//!
//! ```
//! use microstack_wire::{Command, ServerId};
//!
//! let expected = Command::ServerId(ServerId([0x4C; 48]));
//! let message = expected.to_vec();
//! assert_eq!(Command::parse_from_agent(&message), Ok(expected));
//! assert!(Command::parse_from_agent(&message[..49]).is_err());
//! ```
#![forbid(unsafe_code)]

pub mod agent_type;
pub mod capability;
pub mod command;
pub mod core;
pub mod discovery;
pub mod error;
pub mod hex;
pub mod id;
pub mod msh;
pub mod trailer;
pub mod url;

pub use self::core::{CoreError, core_hash, core_text, deflate_raw, frame_core, inflate_raw};
pub use capability::Capabilities;
pub use command::{
    AuthInfo, Command, MAX_AFTER_AUTH, MAX_BEFORE_AUTH, MAX_CERT, MAX_SIGNATURE, MAX_TAG, MAX_UPDATE_BLOCK,
    Phase, Platform,
};
pub use error::{Side, WireError};
pub use id::{AgentHash, CoreHash, IdError, MeshId, NodeId, Nonce, ServerId, TlsHash};
pub use msh::{Msh, MshBuilder, MshError};
pub use trailer::agent_hash;
pub use url::{ServerUrl, UrlError};
