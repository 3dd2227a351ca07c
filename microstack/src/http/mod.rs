//! HTTP/1.1 for both sides: parsers without I/O, and the components that drive them.
//!
//! Parsing is strict where leniency has been abused: a message with two lengths, a folded header or a bare line
//! feed is refused, not guessed at (RFC 9112 section 11.2).
//!
//! What it is **not**: no HTTP/2, no compression, no redirects followed, no cookies.

mod body;
mod client;
mod error;
mod head;
mod opening;
mod request;
mod response;
mod server;

pub use body::{BodyDecoder, BodyError, Framing};
pub use client::{ClientConn, ClientError, ClientOptions, Event as ClientEvent};
pub use error::{HttpError, OpenError, Stage};
pub use head::{Headers, Limits};
pub use opening::{Opened, Opening, Proxy, Route};
pub use request::{Request, RequestHead, percent_decode, percent_encode};
pub use response::{Response, ResponseHead, reason_phrase};
pub use server::{ClosedWhy, Event, ServerConn, ServerOptions};

#[cfg(test)]
mod tests;
