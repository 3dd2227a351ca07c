//! Sessions between an operator's client and a device: encrypted from end to end, and alive over cuts of the way.
//!
//! [`Client`] is one session of an operator, [`Device`] all sessions of an agent. Wire format, threat model and reasons are
//! in `docs/secure-sessions.md`.
//!
//! What this crate is **not**: it opens no socket, reads no clock, draws no random numbers and holds no key of a device:
//! all of that are parameters or outputs. It does not decide who may do what, and it knows nothing of what the messages
//! inside mean.
//!
//! **Contract:** after each input drain `poll` until it gives `None`. An error means that the link is of no more use:
//! drop it. Whether a new one helps is in [`Error::ends_session`].
//!
//! ```
//! use std::time::Instant;
//! use microstack_session::{Client, ClientOptions, ClientRandom, Output};
//!
//! let now = Instant::now();
//! let mut client = Client::new(ClientOptions { node: [7; 48], protocol: 1 });
//! // After the relay's `c` on a new tunnel. Real random numbers, please.
//! client.attach(now, "tunnel-1", ClientRandom { key: [1; 32], nonce: [2; 32] })?;
//! let Some(Output::SendText(hello)) = client.poll()? else { panic!("a hello comes first") };
//! assert!(hello.contains("\"secure\""));
//! # Ok::<(), microstack_session::Error>(())
//! ```
#![forbid(unsafe_code)]

mod client;
pub mod device;
pub mod envelope;
mod error;
pub mod hello;
pub mod keys;
pub mod record;
pub mod seal;
pub mod stream;

pub use client::{Client, ClientOptions, ClientRandom, DeviceFacts, Output};
pub use device::{Context, Device, DeviceOutput, DeviceRandom, EndedBy, Limits};
pub use envelope::Envelope;
pub use error::{Error, HelloError, Refusal, SendError};
pub use hello::SessionId;
pub use record::CloseCode;
pub use stream::{MAX_MESSAGE, Message, WINDOW_BYTES};
