//! Who stands at the door of the relay (relay specification 3.2).

use std::net::SocketAddr;
use std::time::Instant;

use microstack::crypto::random_bytes;
use microstack::http::Request;
use microstack::wire::hex;
use microstack::wire::id::NodeId;
use serde_json::{Map, Value, json};

use super::{Expect, Refusal, RelayUrl, Target, Ticket, forbidden};
use crate::accounts::Cookie;
use crate::house::House;
use crate::model::time::now_ms;
use crate::model::{Audit, Scope, Via, parse_node, rights};
use crate::users::{Credentials, SignIn, ask_for, audit_line, complete, put_port};

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
        /// By what he signed in.
        via: Via,
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
        let Expect { node, user_id, via, protocol, target, .. } = &ticket.expect;
        if is_forbidden(house, user_id, via, Some(node), *protocol, target.as_ref()) {
            return Err(Refusal::Revoked("the right to this session was taken away"));
        }
        let side = Side::Device(ticket);
        return Ok(Admission::Guest(Guest { id: id.to_owned(), side, noping: url.noping, peer }));
    }
    let ip = peer.ip().to_string();
    if let Some(Ok(cookie)) = request.query_value("auth").map(|auth| house.cookies.open(&auth, &ip, now_s))
        && cookie.is_for_ports()
    {
        let url = limited(url, &cookie)?;
        let user = house.acting_by_cookie(&cookie, now_s * 1000).ok_or(Refusal::NotSignedIn)?;
        return admit_user(house, &user.id, &user.via, url, peer, now).map(Admission::Guest);
    }
    match SignIn::read(house, request, &ip, now_s) {
        SignIn::Known { user_id, via } => {
            admit_user(house, &user_id, &via, url, peer, now).map(Admission::Guest)
        }
        SignIn::Password(credentials) => Ok(Admission::Password(credentials)),
        SignIn::ForeignOrigin(_) => Err(Refusal::Origin),
        SignIn::Inner | SignIn::Nothing => Err(Refusal::NotSignedIn),
    }
}

/// Lets a user in who has proved that he is one. If he names a port of a device, the device is asked (spec 3.4).
///
/// # Errors
/// Why he is refused all the same.
pub fn admit_user(
    house: &House,
    user_id: &str,
    via: &Via,
    mut url: RelayUrl,
    peer: SocketAddr,
    now: Instant,
) -> Result<Guest, Refusal> {
    let user = house.acting(user_id, via, now_ms()).ok_or(Refusal::NotSignedIn)?;
    if !user.allows(Scope::Sessions) {
        return Err(Refusal::Rights("this token lacks the scope sessions"));
    }
    if user.is_restricted(rights::SITE_NO_TOOLS) && !matches!(via, Via::Web(_)) {
        return Err(Refusal::Rights("this account may not be used by programs"));
    }
    let mut routed = None;
    if let Some(node) = &url.node {
        let (device, group) =
            house.device_for(&user, node, 0).ok_or(Refusal::Rights("no such device, or no right over it"))?;
        let own = house.rights_over(&user, &device, &group);
        if let Some(why) = forbidden(url.protocol, url.target.as_ref(), own) {
            return Err(Refusal::Rights(why));
        }
        routed = url.target.clone().map(|target| (target, own, device.consent | group.consent, device.id));
    }
    if routed.is_some() && url.id.is_none() {
        url.id = Some(hex::lower(&random_bytes::<12>()));
    }
    let id = url.id.clone().ok_or(Refusal::Request("an id is needed"))?;
    match (house.live.tunnels.expected(&id), routed) {
        (Some(expected), _)
            if expected.user_id != user.id
                || url.node.is_some_and(|node| node != expected.node)
                || url.target.as_ref().is_some_and(|target| Some(target) != expected.target.as_ref())
                || url.protocol.zip(expected.protocol).is_some_and(|(named, asked)| named != asked) =>
        {
            return Err(Refusal::Mismatch);
        }
        // This end is judged by what was asked for, not by what its address leaves out.
        (Some(expected), _) => {
            (url.node, url.protocol, url.target) = (Some(expected.node), expected.protocol, expected.target);
        }
        (None, Some((target, own, consent, node))) => {
            let mut message = Map::new();
            message.insert("action".into(), json!("msg"));
            message.insert("type".into(), json!("tunnel"));
            match &target {
                Target::Tcp { host, port } => put_port(&mut message, "tcp", host.as_deref(), *port),
                Target::Udp { host, port } => put_port(&mut message, "udp", host.as_deref(), *port),
            }
            message.insert("rights".into(), json!(own));
            message.insert("consent".into(), json!(consent));
            message.insert("username".into(), json!(user.name));
            message.insert("userid".into(), json!(user.id));
            message.insert("remoteaddr".into(), json!(peer.ip().to_string()));
            complete(house, &mut message, own);
            let protocol = url.protocol;
            let user_id = user.id.clone();
            let expect =
                Expect { id: id.clone(), node, user_id, via: via.clone(), protocol, target: Some(target) };
            ask_for(house, expect, &url, Value::Object(message), now)?;
            house.audit(Audit {
                action: "port".into(),
                target: crate::model::node_text(&node),
                result: Audit::OK.into(),
                ..audit_line(&user, &peer.ip().to_string())
            });
        }
        _ => {}
    }
    let side = Side::User {
        user_id: user.id.clone(),
        via: via.clone(),
        node: url.node,
        protocol: url.protocol,
        target: url.target,
    };
    Ok(Guest { id, side, noping: url.noping, peer })
}

/// What an address means when it comes with a cookie for ports of one device.
fn limited(mut url: RelayUrl, cookie: &Cookie) -> Result<RelayUrl, Refusal> {
    let node = cookie.nodeid.as_deref().and_then(parse_node).ok_or(Refusal::NotSignedIn)?;
    if url.node.is_some_and(|named| named != node) {
        return Err(Refusal::Rights("this cookie is for another device"));
    }
    url.node = Some(node);
    if let Some(port) = cookie.tcpport {
        let own = Target::Tcp { host: cookie.tcpaddr.clone(), port };
        if url.target.as_ref().is_some_and(|target| *target != own) {
            return Err(Refusal::Rights("this cookie is for another port"));
        }
        url.target = Some(own);
    }
    if url.target.is_none() {
        return Err(Refusal::Rights("this cookie is for ports only: tcpport or udpport is needed"));
    }
    Ok(url)
}

/// Ends tunnels whose users have no right to them any more, of one device or user or of all. Call it after each
/// change of accounts, members, groups and devices.
pub fn end_forbidden(house: &House, node: Option<&NodeId>, user_id: Option<&str>) {
    house.live.tunnels.end_where("the right to this session was taken away", |seat| {
        let concerned = (node.is_none() || seat.node.as_ref() == node)
            && user_id.is_none_or(|user_id| seat.user_id == user_id);
        concerned
            && is_forbidden(
                house,
                &seat.user_id,
                &seat.via,
                seat.node.as_ref(),
                seat.protocol,
                seat.target.as_ref(),
            )
    });
}

/// True when a user has no right to this any more.
pub(super) fn is_forbidden(
    house: &House,
    user_id: &str,
    via: &Via,
    node: Option<&NodeId>,
    protocol: Option<u16>,
    target: Option<&Target>,
) -> bool {
    let Some(user) = house.acting(user_id, via, now_ms()) else { return true };
    node.is_some_and(|node| {
        let found = house.device_for(&user, node, 0);
        found.is_none_or(|(device, group)| {
            forbidden(protocol, target, house.rights_over(&user, &device, &group)).is_some()
        })
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

    /// By what that user signed in.
    pub fn via(&self) -> &Via {
        match self {
            Side::User { via, .. } => via,
            Side::Device(ticket) => &ticket.expect.via,
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
