//! Who stands at the door of the relay (relay specification 3.2).

use std::net::SocketAddr;
use std::time::Instant;

use microstack::http::Request;
use microstack::wire::id::NodeId;

use super::{Expect, Refusal, RelayUrl, Target, Ticket, forbidden};
use crate::house::House;
use crate::users::{Credentials, SignIn};

/// One end of a tunnel to be, with what is known of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Guest {
    /// The name under which it wants to meet the other.
    pub id: String,
    /// Who it is.
    pub side: Side,
    /// It asked for no pings.
    pub noping: bool,
    /// Where it comes from.
    pub peer: SocketAddr,
}

/// Who an end is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Side {
    /// A user, signed in.
    User {
        /// `user//name`.
        user_id: String,
        /// The device he named; he has the rights over it.
        node: Option<NodeId>,
        /// The kind of session he named.
        protocol: Option<u16>,
        /// The port he named.
        target: Option<Target>,
    },
    /// A device that has a user's tunnel from us.
    Device(Ticket),
}

/// What is known at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Admission {
    /// Who it is.
    Guest(Guest),
    /// Who it is if the password is right; ask [`admit_user`] then.
    Password(Credentials),
}

/// Says who a request comes from.
///
/// # Errors
/// Why it is refused; the caller opens the WebSocket to say so.
pub fn admit(
    house: &House,
    request: &Request,
    peer: SocketAddr,
    now: Instant,
    now_s: u64,
) -> Result<Admission, Refusal> {
    let url = RelayUrl::of_request(request).map_err(|fault| Refusal::Request(fault.0))?;
    if let Some(token) = &url.rauth {
        let id = url.id.as_deref().ok_or(Refusal::Request("an id is needed"))?;
        let ticket = house.live.tunnels.redeem(id, token, now)?;
        let Expect { node, user_id, protocol, target, .. } = &ticket.expect;
        if is_forbidden(house, user_id, Some(node), *protocol, target.as_ref()) {
            return Err(Refusal::Revoked("the right to this session was taken away"));
        }
        let side = Side::Device(ticket);
        return Ok(Admission::Guest(Guest { id: id.to_owned(), side, noping: url.noping, peer }));
    }
    match SignIn::read(house, request, &peer.ip().to_string(), now_s) {
        SignIn::Cookie(user_id) => admit_user(house, &user_id, url, peer).map(Admission::Guest),
        SignIn::Password(credentials) => Ok(Admission::Password(credentials)),
        SignIn::ForeignOrigin(_) => Err(Refusal::Origin),
        SignIn::Inner | SignIn::Nothing => Err(Refusal::NotSignedIn),
    }
}

/// Lets a user in who has proved that he is one.
///
/// # Errors
/// Why he is refused all the same.
pub fn admit_user(house: &House, user_id: &str, url: RelayUrl, peer: SocketAddr) -> Result<Guest, Refusal> {
    let user = house.data.user(user_id).ok_or(Refusal::NotSignedIn)?;
    let id = url.id.ok_or(Refusal::Request("an id is needed"))?;
    if let Some(node) = &url.node {
        let (_, group) =
            house.device_for(&user, node, 0).ok_or(Refusal::Rights("no such device, or no right over it"))?;
        if let Some(why) = forbidden(url.protocol, url.target.as_ref(), group.rights_of(&user.id)) {
            return Err(Refusal::Rights(why));
        }
    }
    if let Some(expected) = house.live.tunnels.expected(&id)
        && (expected.user_id != user.id || url.node.is_some_and(|node| node != expected.node))
    {
        return Err(Refusal::Mismatch);
    }
    let side =
        Side::User { user_id: user.id.clone(), node: url.node, protocol: url.protocol, target: url.target };
    Ok(Guest { id, side, noping: url.noping, peer })
}

/// Ends tunnels whose users have no right to them any more, of one device or user or of all. Call it after each
/// change of accounts, members, groups and devices.
pub fn end_forbidden(house: &House, node: Option<&NodeId>, user_id: Option<&str>) {
    house.live.tunnels.end_where("the right to this session was taken away", |seat| {
        let concerned = (node.is_none() || seat.node.as_ref() == node)
            && user_id.is_none_or(|user_id| seat.user_id == user_id);
        concerned
            && is_forbidden(house, &seat.user_id, seat.node.as_ref(), seat.protocol, seat.target.as_ref())
    });
}

fn is_forbidden(
    house: &House,
    user_id: &str,
    node: Option<&NodeId>,
    protocol: Option<u16>,
    target: Option<&Target>,
) -> bool {
    let Some(user) = house.data.user(user_id) else { return true };
    node.is_some_and(|node| {
        let found = house.device_for(&user, node, 0);
        found.is_none_or(|(_, group)| forbidden(protocol, target, group.rights_of(&user.id)).is_some())
    })
}

impl Side {
    /// The user whose tunnel it is.
    pub fn user_id(&self) -> &str {
        match self {
            Side::User { user_id, .. } => user_id,
            Side::Device(ticket) => &ticket.expect.user_id,
        }
    }

    /// The device at the other end, as far as it is known.
    pub fn node(&self) -> Option<NodeId> {
        match self {
            Side::User { node, .. } => *node,
            Side::Device(ticket) => Some(ticket.expect.node),
        }
    }

    /// The kind of session, as far as it is known.
    pub fn protocol(&self) -> Option<u16> {
        match self {
            Side::User { protocol, .. } => *protocol,
            Side::Device(ticket) => ticket.expect.protocol,
        }
    }

    /// The port, if it is one.
    pub fn target(&self) -> Option<&Target> {
        match self {
            Side::User { target, .. } => target.as_ref(),
            Side::Device(ticket) => ticket.expect.target.as_ref(),
        }
    }

    /// Whether these two may be joined: one user, at least one end of it signed in, and the device he named.
    ///
    /// # Errors
    /// [`Refusal::Mismatch`].
    pub fn fits(&self, other: &Side) -> Result<(), Refusal> {
        let devices = [self, other].into_iter().filter(|side| matches!(side, Side::Device(_))).count();
        let nodes = (self.node(), other.node());
        let same_node = nodes.0.is_none() || nodes.1.is_none() || nodes.0 == nodes.1;
        if devices == 2 || self.user_id() != other.user_id() || !same_node {
            return Err(Refusal::Mismatch);
        }
        Ok(())
    }
}
