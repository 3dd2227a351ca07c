//! WebSockets (RFC 6455) on the chain, for clients and servers.
//!
//! Reading, control frames and the closing handshake are tungstenite's. Sending is ours, because a channel to ten
//! thousand idle agents must hold no buffers, send one shared copy of a large message, and tell its owner exactly
//! how much is waiting. Messages are never split on the way out: real agents lose or crash on fragments
//! (agent-channel specification 3.1); fragments coming in are joined up to the cap.
//!
//! [`Splice`] is another kind of owner: it joins two clients of a server and passes frames through without assembling
//! messages, for a relay.
//!
//! What it is **not**: no compression, and no judgement on who the peer is.

mod close;
mod conn;
mod incoming;
mod open;
mod options;
mod outgoing;
mod splice;
mod upgrade;

pub use close::{CloseInfo, CloseWhy};
pub use conn::Conn;
pub use options::{ClientOptions, Event, OpenInfo, SendError, WsOptions};
pub use splice::{Goodbye, Leg, LegEnd, PairTap, Parted, Splice};
pub use tungstenite::Bytes;
