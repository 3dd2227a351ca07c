//! A wire that is encrypted to the device, and goes on over new tunnels when one is lost (docs/secure-sessions.md).
//!
//! The protocol is `microstack::session`; here are the tunnels under it. The server proves itself anew on each way
//! back, and the device by the session's key.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use microstack::chain::{Chain, Cx, Link, LinkId, Wake};
use microstack::crypto::random_bytes;
use microstack::session::{
    Client, ClientOptions, ClientRandom, DeviceFacts, Error, MAX_MESSAGE, Message, Output as Event, SendError,
};
use microstack::wire::NodeId;
use microstack::ws::CloseWhy;

use super::wire::{Frame, Wire};
use crate::operator::directory::Device;
use crate::operator::error::OperatorError;
use crate::operator::escape::escape_line;
use crate::operator::output::Output;
use crate::operator::session::{Again, Session};

/// Has the shape of a [`Wire`].
pub struct SecureLine {
    client: Client,
    chain: Chain,
    alarm: LinkId,
    /// `None` between two tunnels.
    wire: Option<Wire>,
    again: Again,
    device: Device,
    protocol: u32,
    facts: Option<DeviceFacts>,
    incoming: VecDeque<Frame>,
    /// What was sent while the window was full.
    outgoing: VecDeque<Message>,
    cut: Option<Cut>,
    /// Our side has said goodbye.
    leaving: bool,
    end: Option<End>,
    output: Output,
}

/// A tunnel was lost.
struct Cut {
    since: Instant,
    /// When the next one is tried.
    next: Instant,
    pause: Duration,
    why: CloseWhy,
}

enum End {
    /// The device closed the session.
    Closed(String),
    /// No way back was found in time.
    Lost(CloseWhy),
    /// It cannot go on.
    Broken(Error),
}

const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(3);
/// For the device's answer to the first hello.
const GREETING: Duration = Duration::from_secs(15);

impl SecureLine {
    /// Opens a tunnel and has the device prove who it is.
    ///
    /// # Errors
    /// Those of tunnels, and [`OperatorError::NotSecure`].
    pub fn open(
        session: &mut Session,
        device: &Device,
        protocol: u32,
        output: Output,
    ) -> Result<SecureLine, OperatorError> {
        let node = device.full_id.rsplit('/').next().unwrap_or_default();
        let node = NodeId::from_text64(node)
            .map_err(|error| OperatorError::Failed(format!("the device's id cannot be read: {error}")))?;
        let options = ClientOptions { node: node.0, protocol: u16::try_from(protocol).unwrap_or(u16::MAX) };
        let (wire, tunnel) = super::join(session, device, protocol)?;
        let chain = session.chain().clone();
        let mut line = SecureLine {
            client: Client::new(options),
            alarm: chain.add("alarm", Alarm),
            chain,
            wire: None,
            again: session.again(),
            device: device.clone(),
            protocol,
            facts: None,
            incoming: VecDeque::new(),
            outgoing: VecDeque::new(),
            cut: None,
            leaving: false,
            end: None,
            output,
        };
        line.greet(wire, &tunnel);
        let until = Instant::now() + GREETING;
        while !line.client.is_up() {
            let came = session.attend(Some(until), &mut || line.has_news())?;
            line.feed();
            match line.end.take() {
                Some(End::Broken(error)) => return Err(line.not_secure(error)),
                Some(End::Closed(_)) => return Err(line.not_secure(Error::Ended)),
                Some(End::Lost(why)) => {
                    return Err(OperatorError::Tunnel { device: device.name.clone(), begun: true, why });
                }
                None if !came => return Err(line.not_secure(Error::Silent)),
                None => {}
            }
        }
        Ok(line)
    }

    /// The next message, if one has come. Finds a new tunnel when the old one is lost.
    pub fn receive(&mut self) -> Option<Frame> {
        if self.incoming.is_empty() {
            self.feed();
        }
        self.incoming.pop_front()
    }

    /// Queues a message. See [`SecureLine::has_room`].
    pub fn send(&mut self, frame: Frame) {
        let message = match frame {
            Frame::Text(text) => Message::Text(text),
            Frame::Binary(bytes) => Message::Binary(bytes),
        };
        self.outgoing.push_back(message);
        self.drain();
    }

    /// True while more should be sent.
    pub fn has_room(&self) -> bool {
        self.end.is_none() && self.outgoing.is_empty() && self.client.room() > 0
    }

    /// True when [`SecureLine::receive`] or [`SecureLine::closed`] has something to say or to do.
    pub fn has_news(&self) -> bool {
        !self.incoming.is_empty()
            || self.end.is_some()
            || self.wire.as_ref().is_some_and(Wire::has_news)
            || self.deadline().is_some_and(|deadline| deadline <= Instant::now())
    }

    /// True when nothing can come any more, read or not.
    pub fn is_over(&self) -> bool {
        self.end.is_some() || self.leaving && self.wire.as_ref().is_none_or(Wire::is_over)
    }

    /// The chain it is on.
    pub fn chain(&self) -> &Chain {
        &self.chain
    }

    /// Why it ended, once it has and everything was received.
    pub fn closed(&self) -> Option<CloseWhy> {
        match &self.end {
            _ if !self.incoming.is_empty() => None,
            None => None,
            Some(End::Closed(reason)) => Some(CloseWhy::Peer { code: None, reason: reason.clone() }),
            Some(End::Lost(why)) => Some(why.clone()),
            Some(End::Broken(error)) => Some(CloseWhy::Protocol(error.to_string())),
        }
    }

    /// Says goodbye behind what waits to be sent.
    pub fn close(&mut self) {
        self.client.close("the operator left");
        self.leaving = true;
        self.drain();
        if let Some(wire) = &mut self.wire {
            wire.close();
        }
    }

    /// Takes what has come until there is a message, and does what it is time for.
    fn feed(&mut self) {
        self.drain();
        while self.incoming.is_empty() && self.end.is_none() {
            let now = Instant::now();
            if self.client.deadline().is_some_and(|deadline| deadline <= now)
                && let Err(error) = self.client.handle_time(now)
            {
                self.failed(error);
            }
            let Some(wire) = &mut self.wire else {
                if self.leaving || self.cut.as_ref().is_some_and(|cut| now < cut.next) {
                    break;
                }
                self.mend();
                continue;
            };
            let heard = match wire.receive() {
                Some(Frame::Text(text)) if is_of_the_relay(&text) => Ok(()),
                Some(Frame::Text(text)) => self.client.handle_text(now, &text),
                Some(Frame::Binary(bytes)) => self.client.handle_binary(now, &bytes),
                None => match wire.closed() {
                    Some(why) => {
                        self.lost(why);
                        continue;
                    }
                    None => break,
                },
            };
            if let Err(error) = heard {
                self.failed(error);
            }
            self.drain();
        }
        if let Some(deadline) = self.deadline() {
            // A chain whose mailbox is full is awake.
            let _ = self.chain.mail(self.alarm, Box::new(deadline));
        }
    }

    /// When something has to be done though nothing comes.
    fn deadline(&self) -> Option<Instant> {
        match &self.cut {
            Some(cut) if self.wire.is_none() => Some(cut.next),
            _ => self.client.deadline(),
        }
    }

    /// Carries out what the protocol wants.
    fn drain(&mut self) {
        while let Some(message) = self.outgoing.pop_front() {
            match self.client.send(&message) {
                Ok(()) => {}
                Err(SendError::Full) => {
                    self.outgoing.push_front(message);
                    break;
                }
                // The caller looks at `closed`.
                Err(error) => tracing::debug!(%error, most = MAX_MESSAGE, "a message was not sent"),
            }
        }
        loop {
            let output = match self.client.poll() {
                Ok(Some(output)) => output,
                Ok(None) => return,
                Err(error) => return self.failed(error),
            };
            let frame = match output {
                Event::SendText(text) => Frame::Text(text),
                Event::SendBinary(bytes) => Frame::Binary(bytes),
                Event::Message(Message::Text(text)) => {
                    self.incoming.push_back(Frame::Text(text));
                    continue;
                }
                Event::Message(Message::Binary(bytes)) => {
                    self.incoming.push_back(Frame::Binary(bytes));
                    continue;
                }
                Event::Opened(facts) => {
                    self.facts = Some(facts);
                    continue;
                }
                Event::Resumed => {
                    self.cut = None;
                    self.output.note("the link is there again\r");
                    continue;
                }
                Event::Closed { reason, .. } => {
                    self.end = Some(End::Closed(reason));
                    if let Some(wire) = &mut self.wire {
                        wire.close();
                    }
                    continue;
                }
                // `Room`: the outgoing queue goes on below, when it is this function's turn again.
                _ => {
                    if !self.outgoing.is_empty() {
                        return self.drain();
                    }
                    continue;
                }
            };
            if let Some(wire) = &mut self.wire {
                wire.send(frame);
            }
        }
    }

    fn greet(&mut self, wire: Wire, tunnel: &str) {
        self.wire = Some(wire);
        let random = ClientRandom { key: random_bytes(), nonce: random_bytes() };
        match self.client.attach(Instant::now(), tunnel, random) {
            Ok(()) => self.drain(),
            Err(error) => self.failed(error),
        }
    }

    fn failed(&mut self, error: Error) {
        if error.ends_session() || !self.client.is_resumable() {
            self.wire = None;
            self.end.get_or_insert(End::Broken(error));
        } else {
            self.lost(CloseWhy::Protocol(error.to_string()));
        }
    }

    /// The tunnel is gone. The session is not, if it had begun.
    fn lost(&mut self, why: CloseWhy) {
        self.wire = None;
        self.client.detach();
        if self.leaving || self.client.is_closed_and_taken() {
            self.end.get_or_insert(End::Closed(String::new()));
        } else if !self.client.is_resumable() {
            self.end.get_or_insert(End::Lost(why));
        } else if let Some(cut) = &mut self.cut {
            cut.why = why;
        } else {
            // In a raw terminal a line break alone makes stairs.
            self.output
                .note(&format!("the link is lost ({}); trying again\r", escape_line(&why.to_string())));
            let now = Instant::now();
            self.cut = Some(Cut { since: now, next: now, pause: FIRST_PAUSE, why });
        }
    }

    /// Tries once to find a new tunnel. Takes as long as connecting takes.
    fn mend(&mut self) {
        let Some(cut) = &mut self.cut else { return };
        let kept = self.facts.as_ref().map_or(Duration::ZERO, |facts| facts.kept);
        if cut.since.elapsed() > kept {
            self.end = Some(End::Lost(cut.why.clone()));
            return;
        }
        let tried = self.again.open(&self.chain).and_then(|mut session| {
            // The control channel was for this only.
            super::join(&mut session, &self.device, self.protocol)
        });
        cut.next = Instant::now() + cut.pause;
        cut.pause = (cut.pause * 2).min(LONGEST_PAUSE);
        match tried {
            Ok((wire, tunnel)) => self.greet(wire, &tunnel),
            Err(error) => tracing::info!(%error, "no way back yet"),
        }
    }

    fn not_secure(&self, error: Error) -> OperatorError {
        OperatorError::NotSecure { device: self.device.name.clone(), error }
    }
}

impl Drop for SecureLine {
    fn drop(&mut self) {
        self.chain.remove(self.alarm);
    }
}

/// Wakes the chain at a time, so that whoever waits looks again.
struct Alarm;

impl Link for Alarm {
    fn wake(&mut self, cx: &mut Cx<'_>, mut wake: Wake) {
        if let Some(at) = wake.mail.drain(..).filter_map(|mail| mail.downcast::<Instant>().ok()).next_back() {
            cx.set_timer(Some(*at));
        }
    }
}

/// Pings of relays stand outside of the encryption, and say nothing.
fn is_of_the_relay(text: &str) -> bool {
    super::control_message(text).is_some_and(|message| message["type"] == "ping" || message["type"] == "pong")
}
