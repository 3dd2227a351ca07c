//! One forwarded connection: a socket here, a tunnel to the device, bytes between them.

use std::time::{Duration, Instant};

use microstack::ws::CloseWhy;
use serde_json::json;

use super::local::Local;
use super::socks::{self, Outcome, Socks, Step};
use crate::operator::directory::Device;
use crate::operator::error::OperatorError;
use crate::operator::session::Session;
use crate::operator::tunnel::{Arrival, Transport, Tunnel};

/// A forwarded connection, from accepting to the end.
pub struct Bridge {
    local: Local,
    state: State,
    /// A SOCKS client is waiting for the outcome.
    owes_outcome: bool,
    /// Bytes that were there before the tunnel.
    early: Vec<Vec<u8>>,
    /// Our side's end was told to the device, when.
    ended_at: Option<Instant>,
    /// Of both directions.
    bytes: u64,
    /// Where it leads, for messages.
    target: String,
}

enum State {
    /// The client says where to.
    Asking {
        socks: Socks,
        until: Instant,
    },
    /// The device connects, or data flows.
    Joined(Tunnel),
    /// The last bytes leave.
    Leaving {
        tunnel: Option<Tunnel>,
        until: Instant,
    },
    Over,
}

/// Where an accepted connection leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// Always there.
    Fixed(String, u16),
    /// Where the client says.
    Socks,
}

/// What a round came to, for messages.
#[derive(Debug, PartialEq, Eq)]
pub enum Notice {
    /// The device could not connect, or did not come; the text is for people.
    Failed(String),
    /// As before, because the server shows another certificate than the one on which it proved who it is.
    Stale(String),
}

impl Notice {
    /// Of a tunnel to `target` that ended before it began.
    pub fn of(target: &str, tunnel: &Tunnel, why: CloseWhy) -> Notice {
        let stale = matches!(why, CloseWhy::Tls(_));
        let text = format!("{target}: {}", tunnel.over(why));
        if stale { Notice::Stale(text) } else { Notice::Failed(text) }
    }
}

/// For a client to say where to, and for last bytes to leave.
const HANDSHAKE: Duration = Duration::from_secs(30);

/// Older cores do not know that our side has ended: they are given this long to answer.
const AFTER_END: Duration = Duration::from_secs(60);

impl Bridge {
    /// Begins one.
    ///
    /// # Errors
    /// When the session gives no tunnel.
    pub fn begin(
        session: &mut Session,
        device: &Device,
        local: Local,
        target: &Target,
    ) -> Result<Bridge, OperatorError> {
        let (state, name) = match target {
            Target::Fixed(host, port) => {
                let tunnel = Tunnel::relay(session, device, Transport::Tcp, host, *port)?;
                (State::Joined(tunnel), format!("{host}:{port}"))
            }
            Target::Socks => (State::asking(Instant::now()), "a SOCKS client's wish".to_owned()),
        };
        Ok(Bridge::of(local, state, name))
    }

    fn of(local: Local, state: State, target: String) -> Bridge {
        Bridge { local, state, owes_outcome: false, early: Vec::new(), ended_at: None, bytes: 0, target }
    }

    /// True when [`Bridge::turn`] would do something.
    pub fn has_news(&self) -> bool {
        match &self.state {
            State::Asking { .. } => self.local.has_data() || self.local.has_ended(),
            State::Joined(tunnel) => {
                tunnel.has_news() && self.local.has_room()
                    || tunnel.closed().is_some()
                    || self.local.is_closed()
                    || tunnel.is_ready() && tunnel.has_room() && self.local.has_data()
                    || tunnel.is_ready() && self.local.has_ended() && self.ended_at.is_none()
            }
            State::Leaving { tunnel, .. } => {
                self.local.is_flushed() && tunnel.as_ref().is_none_or(Tunnel::is_over)
            }
            State::Over => true,
        }
    }

    /// When it has to be looked after at the latest.
    pub fn deadline(&self) -> Option<Instant> {
        match &self.state {
            State::Asking { until, .. } | State::Leaving { until, .. } => Some(*until),
            State::Joined(_) => self.ended_at.map(|at| at + AFTER_END),
            State::Over => None,
        }
    }

    /// True when [`Bridge::turn`] is due.
    pub fn needs_turn(&self, now: Instant) -> bool {
        self.has_news() || self.deadline().is_some_and(|at| now >= at)
    }

    /// True when [`Bridge::carry`] would do something.
    pub fn needs_carrying(&self, now: Instant) -> bool {
        match &self.state {
            State::Asking { until, .. } => now >= *until,
            _ => self.needs_turn(now),
        }
    }

    /// True when nothing is left to do.
    pub fn is_over(&self) -> bool {
        matches!(self.state, State::Over)
    }

    /// Moves what can be moved.
    ///
    /// # Errors
    /// When the session gives no tunnel.
    pub fn turn(
        &mut self,
        session: &mut Session,
        device: &Device,
        now: Instant,
    ) -> Result<Option<Notice>, OperatorError> {
        match &self.state {
            State::Asking { until, .. } if now < *until => self.ask(session, device),
            _ => Ok(self.carry(now)),
        }
    }

    /// The part of [`Bridge::turn`] that needs no session: for the time in which there is none.
    pub fn carry(&mut self, now: Instant) -> Option<Notice> {
        match &self.state {
            // It would keep one of few places for ever.
            State::Asking { until, .. } => {
                if now >= *until {
                    self.state = State::Over;
                }
                None
            }
            State::Joined(_) => self.flow(now),
            State::Leaving { tunnel, until } => {
                let left = self.local.is_flushed() && tunnel.as_ref().is_none_or(Tunnel::is_over);
                if left || now >= *until {
                    self.state = State::Over;
                }
                None
            }
            State::Over => None,
        }
    }

    fn ask(&mut self, session: &mut Session, device: &Device) -> Result<Option<Notice>, OperatorError> {
        while let State::Asking { socks, .. } = &mut self.state {
            let Some(block) = self.local.read() else { break };
            match socks.handle(&block) {
                Step::Reply(reply) => self.local.write(reply),
                Step::Refuse(reply) => {
                    self.local.write(reply);
                    self.leave(None);
                }
                Step::Connect { reply, host, port, rest } => {
                    self.local.write(reply);
                    self.target = format!("{host}:{port}");
                    self.owes_outcome = true;
                    self.early.push(rest);
                    self.state = State::Joined(Tunnel::relay(session, device, Transport::Tcp, &host, port)?);
                }
            }
        }
        if matches!(self.state, State::Asking { .. }) && self.local.has_ended() {
            self.state = State::Over;
        }
        Ok(None)
    }

    fn flow(&mut self, now: Instant) -> Option<Notice> {
        let State::Joined(tunnel) = &mut self.state else { return None };
        let begun = tunnel.has_begun();
        if begun && std::mem::take(&mut self.owes_outcome) {
            self.local.write(socks::outcome(Outcome::Connected));
        }
        if begun {
            for block in self.early.drain(..).filter(|block| !block.is_empty()) {
                tunnel.send(block);
            }
        }
        while self.local.has_room() {
            match tunnel.receive() {
                Some(Arrival::Data(bytes)) => {
                    self.bytes += bytes.len() as u64;
                    // Somebody still answers.
                    self.ended_at = self.ended_at.map(|_| now);
                    self.local.write(bytes);
                }
                Some(Arrival::Control(message)) if message["type"] == "eof" => self.local.finish(),
                Some(_) => {}
                None => break,
            }
        }
        while begun && tunnel.has_room() {
            let Some(block) = self.local.read() else { break };
            self.bytes += block.len() as u64;
            tunnel.send(block);
        }
        if begun && self.local.has_ended() && self.ended_at.is_none() {
            // Our core ends its direction then; others pass it over.
            tunnel.control(json!({ "type": "eof" }));
            self.ended_at = Some(now);
        }
        if let Some(why) = tunnel.closed() {
            let failed = if begun { None } else { Some(Notice::of(&self.target, tunnel, why)) };
            if self.owes_outcome {
                self.local.write(socks::outcome(Outcome::Failed));
            }
            self.leave(None);
            return failed;
        }
        let over = self.local.is_closed() || self.ended_at.is_some_and(|at| now >= at + AFTER_END);
        if over && let State::Joined(mut tunnel) = std::mem::replace(&mut self.state, State::Over) {
            tunnel.close();
            self.leave(Some(tunnel));
        }
        None
    }

    fn leave(&mut self, tunnel: Option<Tunnel>) {
        self.local.finish();
        self.state = State::Leaving { tunnel, until: Instant::now() + HANDSHAKE };
    }
}

impl State {
    /// A client that has said nothing yet.
    fn asking(now: Instant) -> State {
        State::Asking { socks: Socks::new(), until: now + HANDSHAKE }
    }
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, TcpStream};

    use microstack::chain::Chain;

    use super::super::local::Port;
    use super::*;

    #[test]
    fn a_client_that_does_not_say_where_to_loses_its_place() {
        let chain = Chain::new().unwrap();
        let mut port = Port::listen(&chain, (Ipv4Addr::LOCALHOST, 0).into()).unwrap();
        let _client = TcpStream::connect(port.address()).unwrap();
        let until = Instant::now() + Duration::from_secs(10);
        chain.run_until(Some(until), &mut |_| port.has_news()).unwrap();
        let local = port.accept().unwrap();
        let now = Instant::now();
        let end = now + HANDSHAKE;
        let mut bridge = Bridge::of(local, State::asking(now), String::new());
        assert_eq!(bridge.deadline(), Some(end));
        assert!(!bridge.needs_turn(now) && !bridge.needs_carrying(now));
        assert!(bridge.carry(now).is_none() && !bridge.is_over());
        assert!(bridge.needs_turn(end) && bridge.needs_carrying(end));
        assert!(bridge.carry(end).is_none() && bridge.is_over());
    }
}
