//! One tunnel: an end that waits for the other, then both, then their end.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use microstack::chain::{Cx, Link, LinkId, Wake};
use microstack::wire::id::NodeId;
use microstack::ws::{Leg, LegEnd, PairTap, Parted, Splice};

use super::door::is_forbidden;
use super::recording::{CaughtUp, Header, Room, Tape};
use super::{Ended, Guest, Refusal, Seat, SeatGuard, Side, Tunnels};
use crate::house::House;
use crate::http::Farewell;
use crate::live::Address;
use crate::model::text::clean_line;
use crate::model::time::{iso8601, now_ms};
use crate::model::{Via, node_text};

/// A connection that arrives at its tunnel.
pub struct Newcomer {
    /// The connection.
    pub parted: Parted,
    /// Who it is, or why it is refused.
    pub guest: Result<Guest, Refusal>,
}

/// The link of one tunnel. It owns both connections, so that what passes between them stays in one place.
pub struct Tunnel {
    house: Arc<House>,
    stage: Stage,
    /// The tunnels of this chain by their ids; this one is among them until it is closing.
    tunnels: Rc<RefCell<HashMap<String, LinkId>>>,
    guests: Rc<RefCell<HashSet<LinkId>>>,
    listed: Option<(String, LinkId)>,
    link: Option<LinkId>,
    seat: Option<SeatGuard>,
}

enum Stage {
    New(Box<Newcomer>),
    Alone {
        leg: Box<Leg>,
        guest: Box<Guest>,
        until: Instant,
    },
    Joined(Box<Joined>),
    /// A connection that is told why.
    Refused(Box<Leg>),
    Closing(Box<Joined>),
    Gone,
}

struct Joined {
    splice: Splice,
    tape: Option<Tape>,
    what: Ended,
    began: Instant,
    /// When what the user acts with expires.
    until: Option<Instant>,
    pings: bool,
    /// When each was last pinged; of interest only if nothing was heard since.
    pinged: [Option<Instant>; 2],
    /// What had passed when the idle time began.
    passed: [u64; 2],
    busy: Instant,
}

/// How long one end waits for the other (relay specification 3.3).
const ALONE: Duration = Duration::from_secs(15);
/// Silence after which a client is pinged, and time it has for the answer.
const PING_AFTER: Duration = Duration::from_secs(25);
const ANSWER: Duration = Duration::from_secs(60);
/// How long a client may leave unread what is there for it.
const STALLED: Duration = Duration::from_secs(300);
/// How long a tunnel may pass nothing.
const IDLE: Duration = Duration::from_secs(12 * 3600);
/// How long a client may keep us waiting for more of a message that it sends in fragments.
const UNFINISHED: Duration = Duration::from_secs(60);
/// What was there at the door and is not any more.
const TAKEN_AWAY: Refusal = Refusal::Revoked("the right to this session was taken away");
/// Idle tunnels share wake-ups.
const SLACK: Duration = Duration::from_secs(4);

impl Tunnel {
    /// For the first that arrives; add it to the chain.
    pub fn new(
        house: Arc<House>,
        first: Newcomer,
        tunnels: Rc<RefCell<HashMap<String, LinkId>>>,
        guests: Rc<RefCell<HashSet<LinkId>>>,
    ) -> Tunnel {
        let stage = Stage::New(Box::new(first));
        Tunnel { house, stage, tunnels, guests, listed: None, link: None, seat: None }
    }

    fn begin(&mut self, cx: &mut Cx<'_>) {
        let Stage::New(first) = std::mem::replace(&mut self.stage, Stage::Gone) else { return };
        self.link = Some(cx.id());
        self.guests.borrow_mut().insert(cx.id());
        if let Ok(guest) = &first.guest {
            self.listed = Some((guest.id.clone(), cx.id()));
        }
        let peer = first.parted.peer();
        let mut leg = match Leg::open(cx, first.parted, 0) {
            Ok(leg) => Box::new(leg),
            Err(error) => {
                tracing::warn!(%peer, %error, "a relay connection could not be taken over");
                return;
            }
        };
        let guest = match first.guest.and_then(|guest| self.sit(cx, &guest).map(|()| guest)) {
            Ok(guest) => Box::new(guest),
            Err(refusal) => {
                tracing::info!(%peer, code = refusal.code(), %refusal, "a relay connection was refused");
                leg.close(cx.now(), refusal.code(), refusal.reason(), true);
                self.leave();
                self.stage = Stage::Refused(leg);
                return;
            }
        };
        self.stage = Stage::Alone { leg, guest, until: cx.now() + ALONE };
    }

    fn sit(&mut self, cx: &Cx<'_>, guest: &Guest) -> Result<(), Refusal> {
        let side = &guest.side;
        let user = self.house.acting(side.user_id(), side.via(), now_ms()).ok_or(TAKEN_AWAY)?;
        let seat = Seat {
            address: Address::new(cx.mailbox(), cx.id()),
            user_id: side.user_id().to_owned(),
            via: side.via().clone(),
            node: side.node(),
            protocol: side.protocol(),
            target: side.target().cloned(),
            own_most: if user.is_site_admin() { Tunnels::MAX_OF_USER } else { Tunnels::MAX_OWN },
        };
        self.seat = Some(self.house.live.tunnels.sit(seat)?);
        // Rights that were taken on the way from the door to this seat have ended nothing.
        if self.is_taken_away(side.via(), side, side.node()) { Err(TAKEN_AWAY) } else { Ok(()) }
    }

    /// True when what a user acts with gives no right any more to what `side` is for.
    fn is_taken_away(&self, via: &Via, side: &Side, node: Option<NodeId>) -> bool {
        is_forbidden(&self.house, side.user_id(), via, node.as_ref(), side.protocol(), side.target())
    }

    /// Somebody comes with the id of this tunnel.
    fn newcomer(&mut self, cx: &mut Cx<'_>, newcomer: Newcomer) {
        let Newcomer { parted, guest } = newcomer;
        let fits = match (&self.stage, &guest) {
            (Stage::Alone { guest: first, .. }, Ok(second)) => {
                first.side.fits(&second.side).and_then(|()| match &self.seat {
                    Some(seat) if device_of(&first.side, &second.side).is_none() => seat.is_to_himself(),
                    _ => Ok(()),
                })
            }
            (_, Ok(_)) => Err(Refusal::Taken),
            (_, Err(refusal)) => Err(*refusal),
        };
        let (Ok(()), Ok(second)) = (fits, &guest) else {
            // It is refused by a link of its own; the one that waits, waits on.
            let refusal = fits.err().or(guest.err()).unwrap_or(Refusal::Taken);
            let refused = Newcomer { parted, guest: Err(refusal) };
            let other = Tunnel::new(
                Arc::clone(&self.house),
                refused,
                Rc::clone(&self.tunnels),
                Rc::clone(&self.guests),
            );
            cx.add("refused tunnel", other);
            return;
        };
        let peer = parted.peer();
        let new_leg = match Leg::open(cx, parted, 1) {
            Ok(leg) => leg,
            Err(error) => {
                tracing::warn!(%peer, %error, "a relay connection could not be taken over");
                return;
            }
        };
        let Stage::Alone { leg, guest: first, .. } = std::mem::replace(&mut self.stage, Stage::Gone) else {
            return;
        };
        // Not the sockets' peers: those may be a terminator.
        let peers = [first.peer, second.peer].map(|peer| peer.ip().to_string());
        let what = Ended::new(&first.id, &first.side, &second.side, peers);
        let device = device_of(&first.side, &second.side);
        if let (Some(seat), Some(node)) = (&self.seat, device.and_then(Side::node)) {
            seat.is_to(node, what.protocol, what.target.clone());
        }
        tracing::info!(user = what.user_id, id = what.id, kind = what.kind(), "a tunnel begins");
        what.announce_start(&self.house, now_ms());
        let user_leg = usize::from(matches!(second.side, Side::User { .. }));
        let vias = [first.side.via(), second.side.via()];
        // Only now the seat says what it is to, and the second has come by a way of its own.
        let for_what = device.unwrap_or(&first.side);
        let is_taken_away =
            vias.into_iter().any(|via| self.is_taken_away(via, for_what, device.and_then(Side::node)));
        let until = vias.into_iter().filter_map(|via| self.expiry(via, cx.now())).min();
        let tape = self.tape(cx, &what, user_leg);
        let greeting = if tape.is_some() { "cr" } else { "c" };
        self.stage = Stage::Joined(Box::new(Joined {
            splice: Splice::join(cx, *leg, new_leg, greeting),
            tape,
            until,
            what,
            began: cx.now(),
            pings: !first.noping && !second.noping,
            pinged: [None; 2],
            passed: [0; 2],
            busy: cx.now(),
        }));
        if is_taken_away {
            self.end(cx, TAKEN_AWAY);
        }
    }

    /// When a login token ends, and with it what was opened by it.
    fn expiry(&self, via: &Via, now: Instant) -> Option<Instant> {
        let Via::Token(name) = via else { return None };
        let expires_ms = self.house.data.token(name)?.expires_ms;
        (expires_ms != 0).then(|| now + Duration::from_millis(expires_ms.saturating_sub(now_ms())))
    }

    /// Begins a recording, if sessions of this device are recorded.
    fn tape(&self, cx: &Cx<'_>, what: &Ended, user_leg: usize) -> Option<Tape> {
        let device = self.house.data.device(&what.node?).ok()??;
        let vault = self.house.recorded(&*self.house.data.group(&device.group)?)?;
        if what.target.is_some() {
            return None; // bytes of a port are nobody's session
        }
        let time = now_ms();
        let header = Header {
            magic: Header::MAGIC.to_owned(),
            ver: 1,
            userid: what.user_id.clone(),
            username: self.house.data.user(&what.user_id)?.name.clone(),
            sessionid: what.id.clone(),
            ipaddr1: what.peers[user_leg].clone(),
            ipaddr2: what.peers[1 - user_leg].clone(),
            time: iso8601(time),
            protocol: what.protocol.unwrap_or(0),
            nodeid: node_text(&device.id),
        };
        Some(vault.record(&header, time, Address::new(cx.mailbox(), cx.id()), user_leg))
    }

    /// Moves on whatever can be moved on.
    fn advance(&mut self, cx: &mut Cx<'_>) {
        let now = cx.now();
        match &mut self.stage {
            Stage::Alone { leg, until, .. } => {
                if !leg.settle(now) {
                    self.leave();
                    self.stage = Stage::Gone;
                } else if now >= *until {
                    self.end(cx, Refusal::Alone);
                }
            }
            Stage::Joined(joined) => match joined.pass(cx) {
                Ok(()) => {
                    if let Some(refusal) = joined.unrecorded().or_else(|| joined.overdue(cx)) {
                        self.end(cx, refusal);
                    }
                }
                Err((which, end)) => {
                    let why = match &end {
                        LegEnd::Fault { text, .. } => {
                            tracing::warn!(peer = %joined.splice.leg(which).peer(), fault = text, "a relay client is cut off");
                            "one end broke the protocol"
                        }
                        _ => "the other end closed",
                    };
                    self.close(cx, 1000, why, &format!("the {} {end}", ["first", "second"][which]));
                }
            },
            _ => {}
        }
        let over = match &mut self.stage {
            Stage::Refused(leg) => leg.wind_up(now),
            Stage::Closing(joined) => joined.splice.wind_up(now),
            _ => false,
        };
        if over {
            self.stage = Stage::Gone;
        }
    }

    /// Ends the tunnel for a reason of ours.
    fn end(&mut self, cx: &mut Cx<'_>, refusal: Refusal) {
        match std::mem::replace(&mut self.stage, Stage::Gone) {
            Stage::Alone { mut leg, guest, .. } => {
                tracing::info!(peer = %leg.peer(), user = guest.side.user_id(), %refusal, "a relay connection ends");
                leg.close(cx.now(), refusal.code(), refusal.reason(), true);
                self.leave();
                self.stage = Stage::Refused(leg);
            }
            Stage::Joined(joined) => {
                self.stage = Stage::Joined(joined);
                self.close(cx, refusal.code(), refusal.reason(), refusal.reason());
            }
            stage => self.stage = stage,
        }
    }

    fn close(&mut self, cx: &mut Cx<'_>, code: u16, reason: &str, why: &str) {
        let Stage::Joined(mut joined) = std::mem::replace(&mut self.stage, Stage::Gone) else { return };
        let lasted = cx.now().saturating_duration_since(joined.began);
        let (passed, why) = (joined.splice.passed(), clean_line(why, 200));
        tracing::info!(user = joined.what.user_id, id = joined.what.id, why, ?passed, "a tunnel ends");
        joined.what.announce_end(&self.house, lasted, passed, &why, now_ms());
        if let Some(mut tape) = joined.tape.take() {
            tape.end(now_ms());
        }
        joined.splice.close(cx.now(), code, reason);
        self.leave();
        self.stage = Stage::Closing(joined);
    }

    /// Gives back the id and the place.
    fn leave(&mut self) {
        if let Some((id, link)) = self.listed.take() {
            let mut tunnels = self.tunnels.borrow_mut();
            if tunnels.get(&id) == Some(&link) {
                tunnels.remove(&id);
            }
        }
        self.seat = None;
    }

    fn mail(&mut self, cx: &mut Cx<'_>, note: Box<dyn std::any::Any>) {
        let note = match note.downcast::<Newcomer>() {
            Ok(newcomer) => return self.newcomer(cx, *newcomer),
            Err(note) => note,
        };
        match note.downcast::<Refusal>() {
            Ok(refusal) => self.end(cx, *refusal),
            Err(note) if note.is::<Farewell>() => self.end(cx, Refusal::Farewell),
            // What had to wait for the disk passes now, in this wake.
            Err(note) if note.is::<CaughtUp>() => {}
            Err(_) => {}
        }
    }

    fn deadline(&self) -> (Option<Instant>, Duration) {
        match &self.stage {
            Stage::Alone { until, .. } => (Some(*until), Duration::ZERO),
            Stage::Joined(joined) => (Some(joined.deadline()), SLACK),
            Stage::Refused(leg) => (leg.deadline(), Duration::ZERO),
            Stage::Closing(joined) => (joined.splice.deadline(), Duration::ZERO),
            Stage::New(_) | Stage::Gone => (None, Duration::ZERO),
        }
    }
}

/// The one of two ends that is a device.
fn device_of<'a>(first: &'a Side, second: &'a Side) -> Option<&'a Side> {
    [first, second].into_iter().find(|side| matches!(side, Side::Device(_)))
}

impl Joined {
    /// Passes what can be passed; nothing while the recording has fallen behind.
    fn pass(&mut self, cx: &mut Cx<'_>) -> Result<(), (usize, LegEnd)> {
        let Some(tape) = &mut self.tape else { return self.splice.pump(cx, None) };
        match tape.room() {
            Room::Yes => {
                tape.set_time(now_ms());
                self.splice.pump(cx, Some(tape as &mut dyn PairTap))
            }
            Room::Wait | Room::Never => Ok(()),
        }
    }

    /// Why a recorded tunnel must end.
    fn unrecorded(&self) -> Option<Refusal> {
        let tape = self.tape.as_ref()?;
        match tape.room() {
            Room::Never => Some(Refusal::Unrecorded),
            _ if tape.is_encrypted() => Some(Refusal::Encrypted),
            _ => None,
        }
    }

    /// Pings whom it is time to ping, and says why the tunnel must end.
    fn overdue(&mut self, cx: &mut Cx<'_>) -> Option<Refusal> {
        let now = cx.now();
        if self.until.is_some_and(|until| now >= until) {
            return Some(Refusal::TimeOver);
        }
        let passed = self.splice.passed();
        if passed != self.passed {
            (self.passed, self.busy) = (passed, now);
        } else if now >= self.busy + IDLE {
            return Some(Refusal::Idle);
        }
        for at in [0, 1] {
            if self.unfinished_until(at).is_some_and(|until| now >= until) {
                return Some(Refusal::Unfinished);
            }
            let leg = self.splice.leg(at);
            if leg.backlog() > 0 {
                // It does not read, so that it cannot answer either.
                if now >= leg.last_sent() + STALLED {
                    return Some(Refusal::Stalled);
                }
                continue;
            }
            // What waits for the other end is not read from this one: its answers may be among it.
            if !self.pings || self.splice.leg(1 - at).backlog() > 0 {
                continue;
            }
            let heard = leg.last_received();
            match self.pinged[at].filter(|pinged| *pinged >= heard) {
                Some(pinged) if now >= pinged + ANSWER => return Some(Refusal::Silent),
                Some(_) => {}
                None if now >= heard + PING_AFTER => {
                    self.pinged[at] = Some(now);
                    self.splice.ping(cx, at);
                }
                None => {}
            }
        }
        None
    }

    /// When a message that one has begun in fragments must have gone on; nothing is due while it is not read.
    fn unfinished_until(&self, at: usize) -> Option<Instant> {
        let since = self.splice.unfinished_since(at)?;
        (self.splice.leg(1 - at).backlog() == 0).then(|| since + UNFINISHED)
    }

    fn deadline(&self) -> Instant {
        let each = [0, 1].map(|at| {
            let leg = self.splice.leg(at);
            let heard = leg.last_received();
            match self.pinged[at].filter(|pinged| *pinged >= heard) {
                _ if leg.backlog() > 0 => leg.last_sent() + STALLED,
                _ if !self.pings || self.splice.leg(1 - at).backlog() > 0 => self.busy + IDLE,
                Some(pinged) => pinged + ANSWER,
                None => heard + PING_AFTER,
            }
        });
        let last = self.until.map_or(self.busy + IDLE, |until| until.min(self.busy + IDLE));
        let unfinished = [0, 1].into_iter().filter_map(|at| self.unfinished_until(at)).min();
        each[0].min(each[1]).min(unfinished.unwrap_or(last)).min(last)
    }
}

impl Link for Tunnel {
    fn wake(&mut self, cx: &mut Cx<'_>, mut wake: Wake) {
        if wake.start {
            self.begin(cx);
        }
        let mail = std::mem::take(&mut wake.mail);
        match &mut self.stage {
            Stage::Alone { leg, .. } | Stage::Refused(leg) => leg.wake(&wake),
            Stage::Joined(joined) | Stage::Closing(joined) => joined.splice.wake(&wake),
            Stage::New(_) | Stage::Gone => {}
        }
        for note in mail {
            self.mail(cx, note);
        }
        self.advance(cx);
        if matches!(self.stage, Stage::Gone) {
            cx.remove_self();
        } else {
            let (at, slack) = self.deadline();
            cx.set_timer_with_slack(at, slack);
        }
    }
}

impl Drop for Tunnel {
    fn drop(&mut self) {
        self.leave();
        if let Some(link) = self.link {
            self.guests.borrow_mut().remove(&link);
        }
    }
}
