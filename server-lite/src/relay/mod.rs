//! The relay `/meshrelay.ashx`: joins an operator's WebSocket with a device's, and passes messages.
//!
//! 1. An operator asks for a tunnel on the user channel ([`crate::users`]). The server checks the rights, notes what
//!    it expects in the [`Tunnels`] register and tells the agent where to come, with a token that is good once.
//! 2. Both open a WebSocket. [`admit`] says who each of them is, or why not ([`Refusal`]).
//! 3. The connection is handed to the chain that its tunnel id belongs to, so that both ends meet on one thread;
//!    there the [`Meeting`] joins them, and a [`Tunnel`] passes their messages until one of them ends.
//!
//! Who may use which kind of session is decided in [`forbidden`]. Nothing here looks into what is passed.

mod door;
mod end;
mod link;
mod meeting;
mod protocol;
pub mod recording;
mod refusal;
mod register;
mod url;

pub use door::{Admission, Guest, Side, admit, admit_user, end_forbidden};
pub use end::{Ended, kind_of};
pub use link::{Newcomer, Tunnel};
pub use meeting::{Handover, Meeting, hand_over};
pub use protocol::{Target, allowed, forbidden};
pub use refusal::Refusal;
pub use register::{Expect, Seat, SeatGuard, Ticket, Tunnels};
pub(crate) use url::check_host;
pub use url::{RelayUrl, UrlFault, is_tunnel_id};
