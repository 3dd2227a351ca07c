//! One connection of an agent, from its first frame to its end.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use microstack::chain::Cx;
use microstack::channel::core_sync::{self, CoreSync, Inputs, Wanted};
use microstack::channel::server::{AgentCommand, AgentHello, Handshake, Output, ServerSession};
use microstack::channel::{Frame, HandshakeError, Message, PolicyHold};
use microstack::crypto::pool::{Job, Outcome, Reply};
use microstack::crypto::random_bytes;
use microstack::wire::id::CoreHash;
use microstack::wire::{Capabilities, MAX_AFTER_AUTH, Nonce, agent_type};
use microstack::ws::Conn;
use serde_json::json;

use super::report::{EventBudget, with_group};
use super::{MAX_AGENTS, enrol, read_tag};
use crate::house::House;
use crate::live::{Address, AgentSeat, HoldTicket, ToAgent};
use crate::model::time::now_ms;
use crate::model::{Device, Event, Group, node_text, parse_bounded};
use crate::users::show;

/// An agent on one WebSocket. The link owns the socket and passes it in.
pub struct Agent {
    pub(super) house: Arc<House>,
    address: Address,
    peer: SocketAddr,
    pub(super) state: State,
    /// Work that the signing pool had no room for, and when to ask again.
    retry: Option<(Instant, Work)>,
    /// JSON that may lead to stored events: so many per minute and connection.
    pub(super) budget: EventBudget,
}

pub(super) enum State {
    Handshake(Box<Handshake>),
    /// A new device is being brought to the disk before it is confirmed.
    Enrolling(Box<Handshake>, Box<AgentHello>),
    Open(Box<Open>),
    /// Refused; kept in silence. The ticket frees the place when the connection ends.
    Held(#[allow(dead_code, reason = "held for its Drop")] HoldTicket),
    /// Closing.
    Ended,
}

pub(super) struct Open {
    pub(super) session: ServerSession,
    sync: CoreSync,
    wanted: Wanted,
    /// What the agent last said it runs.
    reported: Option<CoreHash>,
    serial: u64,
    capabilities: Capabilities,
    /// `serverInfo` and the questions after it go out once.
    greeted: bool,
}

#[derive(Clone)]
enum Work {
    Sign { identity: usize, data: [u8; 144] },
    Verify { cert_der: Vec<u8>, data: [u8; 144], signature: Vec<u8> },
}

/// Silence after which a connection is closed, held or not (agent-channel specification 3.1).
pub const IDLE: Duration = Duration::from_secs(150);
/// Most bytes of one JSON message.
const MAX_JSON: usize = 4 << 20;
/// Most values in it: more than in the longest list of processes or services that passes through to users.
const MAX_VALUES: usize = 60_000;

impl Agent {
    /// Starts on an open WebSocket.
    pub fn start(house: Arc<House>, address: Address, peer: SocketAddr, now: Instant) -> Agent {
        let handshake = Handshake::start(house.trust.handshake(), Nonce(random_bytes()), now);
        Agent {
            house,
            address,
            peer,
            state: State::Handshake(Box::new(handshake)),
            retry: None,
            budget: EventBudget::new(now),
        }
    }

    /// Takes one message.
    pub fn frame(&mut self, cx: &mut Cx<'_>, conn: &mut Conn, frame: Frame<'_>) {
        match &mut self.state {
            State::Handshake(handshake) | State::Enrolling(handshake, _) => {
                if let Err(error) = handshake.handle(cx.now(), frame) {
                    tracing::debug!(peer = %self.peer, %error, "a message before authentication was ignored");
                }
                self.drive_handshake(cx, conn);
            }
            State::Open(_) => self.command(cx, conn, frame),
            State::Held(_) | State::Ended => {}
        }
    }

    /// Takes mail.
    pub fn note(&mut self, cx: &mut Cx<'_>, conn: &mut Conn, note: ToAgent) {
        match note {
            ToAgent::Json(text) => self.send_text(cx, conn, &text),
            ToAgent::Core(order) => {
                if let State::Open(open) = &mut self.state {
                    self.house.live.crash_guard.forgive(&open.session.node());
                    open.wanted = order.wanted;
                    open.sync.want(&open.session, order.wanted, cx.now());
                    let node = open.session.node();
                    self.keep(&node, |device| Device {
                        core_trouble: String::new(),
                        core_trouble_of: String::new(),
                        ..device
                    });
                    self.drive_core(cx, conn);
                }
            }
            ToAgent::Close(why) => {
                tracing::info!(peer = %self.peer, why, "an agent's connection is closed");
                self.end(cx, conn);
            }
            ToAgent::Replaced(newer) => {
                tracing::warn!(
                    node = self.node_name(), old = %self.peer, new = newer,
                    "a second connection proved the same identity; the older one is closed. If this repeats, two \
                     machines share one identity: give one of them a new one"
                );
                self.end(cx, conn);
            }
            ToAgent::Signed(outcome) => self.signed(cx, conn, outcome),
            ToAgent::Checked(outcome) => self.checked(cx, conn, outcome),
            ToAgent::Durable(written) => self.enrolled(cx, conn, written),
        }
    }

    /// Takes the passing of time.
    pub fn tick(&mut self, cx: &mut Cx<'_>, conn: &mut Conn) {
        let now = cx.now();
        if now >= conn.last_received() + IDLE {
            tracing::info!(peer = %self.peer, node = self.node_name(), "an agent was silent for {} s", IDLE.as_secs());
            self.end(cx, conn);
            return;
        }
        if let Some((at, _)) = &self.retry
            && now >= *at
            && let Some((_, work)) = self.retry.take()
        {
            self.submit(now, work);
        }
        match &mut self.state {
            State::Handshake(handshake) => {
                handshake.handle_timeout(now);
                self.drive_handshake(cx, conn);
            }
            State::Open(open) => {
                open.sync.handle_timeout(now);
                self.drive_core(cx, conn);
            }
            _ => {}
        }
    }

    /// When [`Agent::tick`] is needed.
    pub fn deadline(&self, conn: &Conn) -> Instant {
        let idle = conn.last_received() + IDLE;
        let own = match &self.state {
            State::Handshake(handshake) => handshake.deadline(),
            State::Open(open) => open.sync.deadline(),
            _ => None,
        };
        [own, self.retry.as_ref().map(|(at, _)| *at)].into_iter().flatten().fold(idle, Instant::min)
    }

    /// The connection is over.
    pub fn closed(&mut self, now: Instant) {
        let State::Open(open) = std::mem::replace(&mut self.state, State::Ended) else { return };
        let node = open.session.node();
        let left = self.house.live.leave(&node, open.serial);
        // Our own agent keeps broken cores away by itself and reports each crash, which is counted there: that its link
        // was cut says nothing of its core, and its sessions go on (docs/secure-sessions.md).
        let resumes =
            || matches!(self.house.data.device(&node), Ok(Some(device)) if device.features.resume > 0);
        if !left || !resumes() {
            self.house.live.crash_guard.disconnected(node, now);
        }
        if !left {
            return; // a newer connection has the seat: the device is not away
        }
        let time = now_ms();
        self.house.live.sessions.forget(&node);
        for ask in self.house.live.asks.abandon(&node) {
            // `lost` is ours: people read the result, and programs must not take it for output.
            let lost = json!({
                "action": "msg", "type": "runcommands", "result": "Agent disconnected before it answered", "lost": true,
            });
            self.answer(&ask, lost);
        }
        let device = self
            .house
            .data
            .change_device(&node, |device| device.map(|device| Device { disconnected_ms: time, ..device }));
        match device {
            Ok(Some(device)) => {
                tracing::info!(device = device.name, node = node_text(&node), "disconnected");
                self.tell_connection(&device, 0, time);
                let forgotten = self
                    .house
                    .data
                    .group(&device.group)
                    .map_or(0, |group| group.flags & Group::REMOVE_ON_DISCONNECT);
                if open.capabilities.contains(Capabilities::TEMPORARY) || forgotten != 0 {
                    self.remove_temporary(&device, time);
                }
            }
            Ok(None) => {} // removed while connected
            Err(error) => tracing::error!(%error, "the end of a connection could not be kept"),
        }
    }

    fn drive_handshake(&mut self, cx: &mut Cx<'_>, conn: &mut Conn) {
        loop {
            let (State::Handshake(handshake) | State::Enrolling(handshake, _)) = &mut self.state else {
                return;
            };
            match handshake.poll() {
                Output::Send(bytes) => self.send(cx, conn, Message::Binary(bytes)),
                Output::Sign { identity, data } => self.submit(cx.now(), Work::Sign { identity, data }),
                Output::Verify { cert_der, data, signature } => {
                    self.submit(cx.now(), Work::Verify { cert_der, data, signature });
                }
                Output::Hold(error) => return self.hold(cx, conn, &error),
                Output::Verified(hello) => self.decide(cx, conn, hello),
                Output::Wait(_) => return,
            }
        }
    }

    fn submit(&mut self, now: Instant, work: Work) {
        let address = self.address.clone();
        let (job, reply): (Job, Reply) = match work.clone() {
            Work::Sign { identity, data } => {
                let Some(signer) = self.house.signers.get(identity) else { return };
                let job = Job::Sign { signer: Arc::clone(signer), data: data.to_vec() };
                (
                    job,
                    Box::new(move |outcome| {
                        let _ = address.post(ToAgent::Signed(outcome));
                    }),
                )
            }
            Work::Verify { cert_der, data, signature } => {
                let job = Job::Verify { cert_der, data: data.to_vec(), signature };
                (
                    job,
                    Box::new(move |outcome| {
                        let _ = address.post(ToAgent::Checked(outcome));
                    }),
                )
            }
        };
        if let Err(busy) = self.house.pool.submit(job, reply) {
            // The protocol has no word for "come back later": the agent waits, and so do we.
            self.retry = Some((now + busy.retry_after, work));
        }
    }

    fn signed(&mut self, cx: &mut Cx<'_>, conn: &mut Conn, outcome: Outcome) {
        let (State::Handshake(handshake) | State::Enrolling(handshake, _)) = &mut self.state else { return };
        match outcome {
            Outcome::Signed(Ok(signature)) => {
                if let Err(error) = handshake.signed(signature) {
                    tracing::debug!(%error, "a signature came too late");
                }
            }
            Outcome::Signed(Err(error)) => handshake.sign_failed(error),
            Outcome::Verified(_) | Outcome::Stopped => return self.end(cx, conn),
        }
        self.drive_handshake(cx, conn);
    }

    fn checked(&mut self, cx: &mut Cx<'_>, conn: &mut Conn, outcome: Outcome) {
        let (State::Handshake(handshake) | State::Enrolling(handshake, _)) = &mut self.state else { return };
        match outcome {
            Outcome::Verified(result) => {
                if let Err(error) = handshake.checked(result) {
                    tracing::debug!(%error, "the result of a check came too late");
                }
            }
            Outcome::Signed(_) | Outcome::Stopped => return self.end(cx, conn),
        }
        self.drive_handshake(cx, conn);
    }

    /// The agent has proved who it is. Let it in, or hold it (agent-channel specification 3.3).
    fn decide(&mut self, cx: &mut Cx<'_>, conn: &mut Conn, hello: AgentHello) {
        let house = Arc::clone(&self.house);
        let node = hello.node;
        let disconnects = house.live.crash_guard.disconnects(&node, cx.now());
        let old = match house.data.device(&node) {
            Ok(old) => old,
            Err(error) => return self.refuse(PolicyHold::Other(error.to_string())),
        };
        let group = old.as_ref().map_or(hello.info.mesh, |device| device.group);
        let hold = if !core_sync::admits(disconnects) {
            Some(PolicyHold::CrashLoop { disconnects })
        } else if house.live.agent_count() >= MAX_AGENTS {
            Some(PolicyHold::Full { limit: MAX_AGENTS })
        } else if house.data.group(&group).is_none() {
            Some(PolicyHold::UnknownGroup(group))
        } else if hello.info.capabilities.contains(Capabilities::RECOVERY) {
            Some(PolicyHold::Other("recovery agents are not served by this version".into()))
        } else {
            None
        };
        if let Some(reason) = hold {
            return self.refuse(reason);
        }
        let (time, peer) = (now_ms(), self.peer.to_string());
        match house.data.change_device(&node, |old| Some(enrol(old, &hello, &peer, time))) {
            Err(error) => self.refuse(PolicyHold::Other(error.to_string())),
            // A known device needs no wait: losing the time of its last connection loses nothing promised.
            Ok(_) if old.is_some() => self.confirm(cx, conn, hello, false),
            Ok(_) => {
                let State::Handshake(handshake) = std::mem::replace(&mut self.state, State::Ended) else {
                    return;
                };
                self.state = State::Enrolling(handshake, Box::new(hello));
                let address = self.address.clone();
                house.flusher.flush_then(move |written| {
                    let _ = address.post(ToAgent::Durable(written));
                });
            }
        }
    }

    fn refuse(&mut self, reason: PolicyHold) {
        if let State::Handshake(handshake) | State::Enrolling(handshake, _) = &mut self.state {
            handshake.hold(reason);
        }
    }

    /// The record of a new device is on the disk: only now it hears that it is enrolled.
    fn enrolled(&mut self, cx: &mut Cx<'_>, conn: &mut Conn, written: bool) {
        let State::Enrolling(handshake, hello) = std::mem::replace(&mut self.state, State::Ended) else {
            return;
        };
        self.state = State::Handshake(handshake);
        if written {
            self.confirm(cx, conn, *hello, true);
        } else {
            self.refuse(PolicyHold::Other("the new device could not be brought to the disk".into()));
        }
        self.drive_handshake(cx, conn);
    }

    fn confirm(&mut self, cx: &mut Cx<'_>, conn: &mut Conn, hello: AgentHello, new: bool) {
        let house = Arc::clone(&self.house);
        let State::Handshake(mut handshake) = std::mem::replace(&mut self.state, State::Ended) else {
            return;
        };
        let node = hello.node;
        let (Ok(session), Ok(Some(device))) = (handshake.confirm(), house.data.device(&node)) else {
            return self.end(cx, conn); // removed in this very moment
        };
        while let Output::Send(bytes) = handshake.poll() {
            self.send(cx, conn, Message::Binary(bytes));
        }
        let Some(group) = house.data.group(&device.group) else { return self.end(cx, conn) };
        conn.set_max_message(MAX_AFTER_AUTH);
        let serial = house.live.next_serial();
        let seat = AgentSeat {
            address: self.address.clone(),
            serial,
            connected_ms: device.connected_ms,
            group: device.group,
            ready: true,
        };
        if let Some(older) = house.live.sit(node, seat) {
            let _ = older.address.post(ToAgent::Replaced(self.peer.to_string()));
        }
        tracing::info!(
            device = device.name, node = node_text(&node), peer = %self.peer, new, skip = hello.skip,
            group = group.name, "connected"
        );
        let wanted = house.wanted_core(device.agent_type, device.chosen_core(), &group);
        let inputs = Inputs {
            disconnects: house.live.crash_guard.disconnects(&node, cx.now()),
            type_known: agent_type::lookup(hello.info.agent_type).is_some(),
            capabilities: hello.info.capabilities,
            wanted,
            program: None,
        };
        let sync = CoreSync::start(&session, inputs, cx.now());
        let capabilities = hello.info.capabilities;
        self.state = State::Open(Box::new(Open {
            session,
            sync,
            wanted,
            reported: None,
            serial,
            capabilities,
            greeted: false,
        }));
        if new {
            let event = Event::of_node(
                "addnode",
                &node,
                &device.group,
                &format!("Added device {} to group {}", device.name, group.name),
                device.connected_ms,
            );
            house.announce(&event.with("node", with_group(show(&house, &device), &device)));
        }
        self.tell_connection(&device, 1, device.connected_ms);
        self.drive_core(cx, conn);
    }

    /// Keeps a refused agent in silence, or closes when too many are kept.
    fn hold(&mut self, cx: &mut Cx<'_>, conn: &mut Conn, error: &HandshakeError) {
        if let HandshakeError::OuterCertificate { .. } = error {
            // The agent's own line names the certificate it sees; here is the one it should see.
            let shown = &self.house.facts().cert_summary;
            tracing::warn!(peer = %self.peer, %error, shown, "an agent was refused");
        } else {
            tracing::warn!(peer = %self.peer, %error, "an agent was refused");
        }
        match self.house.live.holds.hold(self.peer.ip()) {
            Ok(ticket) => self.state = State::Held(ticket),
            Err(limit) => {
                tracing::warn!(peer = %self.peer, %limit, "so this one is closed");
                self.end(cx, conn);
            }
        }
    }

    fn command(&mut self, cx: &mut Cx<'_>, conn: &mut Conn, frame: Frame<'_>) {
        let State::Open(open) = &mut self.state else { return };
        let command = match open.session.parse(frame) {
            Ok(command) => command,
            Err(error) => {
                tracing::debug!(peer = %self.peer, %error, "a message of an agent was not understood");
                return;
            }
        };
        match command {
            AgentCommand::Json(text) if text.len() > MAX_JSON => {
                tracing::warn!(peer = %self.peer, bytes = text.len(), "JSON of an agent is too long and was ignored");
            }
            AgentCommand::Json(text) => match parse_bounded(&text, MAX_VALUES) {
                Ok(message) => self.json(cx, conn, &message),
                Err(error) => tracing::debug!(peer = %self.peer, %error, "JSON of an agent cannot be read"),
            },
            AgentCommand::Tag(content) => {
                let (node, tag) = (open.session.node(), read_tag(content).tag);
                self.keep(&node, |device| Device { tag, ..device });
            }
            other => {
                if let AgentCommand::CoreHash { hash, .. } = other {
                    open.reported = hash;
                }
                open.sync.handle(&open.session, cx.now(), &other);
                self.drive_core(cx, conn);
            }
        }
    }

    fn drive_core(&mut self, cx: &mut Cx<'_>, conn: &mut Conn) {
        loop {
            let State::Open(open) = &mut self.state else { return };
            let node = open.session.node();
            match open.sync.poll() {
                core_sync::Output::Send(message) => self.send(cx, conn, message),
                core_sync::Output::Push { request, hash, deflated_ok } => {
                    match self.house.shelf.core(&hash) {
                        Ok(core) => {
                            tracing::info!(node = node_text(&node), core = %hash, bytes = core.len(), "core sent");
                            if conn.send_binary(cx, core.message(request, deflated_ok)).is_err() {
                                tracing::warn!(
                                    node = node_text(&node),
                                    "the agent does not read; its core was not sent"
                                );
                            }
                        }
                        Err(error) => self.core_failed(&node, &error.to_string()),
                    }
                }
                core_sync::Output::Update { .. } => open.sync.resume(&open.session, cx.now()),
                core_sync::Output::Stable => self.stable(cx, conn),
                core_sync::Output::GiveUp(why) => self.core_failed(&node, &why.to_string()),
                core_sync::Output::Wait(_) => return,
            }
        }
    }

    /// The agent runs what it should: what follows is specification 4.3.
    fn stable(&mut self, cx: &mut Cx<'_>, conn: &mut Conn) {
        let State::Open(open) = &mut self.state else { return };
        let node = open.session.node();
        let greeted = std::mem::replace(&mut open.greeted, true);
        tracing::info!(node = node_text(&node), "core confirmed");
        let cleared = open.wanted == Wanted::Nothing;
        let runs = open.reported.map(|hash| hash.to_hex()).unwrap_or_default();
        self.keep(&node, |device| Device {
            core_trouble: match device.core_trouble_of == runs && !runs.is_empty() {
                true => device.core_trouble,
                false => String::new(),
            },
            // The name was that of the core that is gone.
            core_name: if cleared { String::new() } else { device.core_name },
            features: if cleared { Default::default() } else { device.features },
            ..device
        });
        if greeted {
            return;
        }
        let known = self.house.data.sysinfo(&node).ok().flatten();
        let mut ask = json!({ "action": "sysinfo" });
        if let Some(hash) = known.as_ref().map(|known| &known.value["hash"]).filter(|hash| hash.is_string()) {
            ask["hash"] = hash.clone();
        }
        self.send_text(cx, conn, r#"{"action":"serverInfo"}"#);
        self.send_text(cx, conn, &ask.to_string());
    }

    fn send(&self, cx: &mut Cx<'_>, conn: &mut Conn, message: Message) {
        let sent = match message {
            Message::Binary(bytes) => conn.send_binary(cx, bytes),
            Message::Text(text) => conn.send_text(cx, text),
        };
        if let Err(error) = sent {
            tracing::warn!(peer = %self.peer, %error, "a message to an agent was dropped");
        }
    }

    pub(super) fn send_text(&self, cx: &mut Cx<'_>, conn: &mut Conn, text: &str) {
        if let State::Open(open) = &self.state {
            match open.session.json(text) {
                Ok(message) => self.send(cx, conn, message),
                Err(error) => tracing::warn!(%error, "JSON for an agent was not sent"),
            }
        }
    }

    pub(super) fn end(&mut self, cx: &mut Cx<'_>, conn: &mut Conn) {
        self.closed(cx.now());
        self.state = State::Ended;
        conn.close(cx, None);
    }

    fn node_name(&self) -> String {
        match &self.state {
            State::Open(open) => node_text(&open.session.node()),
            _ => "not authenticated".to_owned(),
        }
    }
}
