//! The device's end: all sessions of an agent, with and without a link.

mod limits;
mod session;

use std::collections::{BTreeMap, VecDeque};
use std::time::Instant;

use session::{Phase, Session};

pub use limits::{Context, DeviceRandom, EndedBy, Limits};

use crate::envelope::Envelope;
use crate::error::{Error, HelloError, Refusal, SendError};
use crate::hello::{ClientHello, DeviceHello, Resume, SessionId};
use crate::keys::{LinkKey, LinkSecrets, Transcript};
use crate::record::CloseCode;
use crate::seal::{Opener, Sealer};
use crate::stream::{Message, Taken};

/// What the owner has to do. Links are numbers of the owner's choice.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DeviceOutput {
    /// Sign with the node key (RSASSA-PKCS1-v1_5, SHA-384) and call [`Device::signed`].
    Sign {
        /// For this link.
        link: u64,
        /// The text to sign, 84 bytes.
        data: Vec<u8>,
    },
    /// Send this text frame.
    Text {
        /// Over this link.
        link: u64,
        /// The frame.
        text: String,
    },
    /// Send this binary frame.
    Binary {
        /// Over this link.
        link: u64,
        /// The frame.
        frame: Vec<u8>,
    },
    /// Close this link; it is forgotten here.
    Drop {
        /// The link.
        link: u64,
        /// Why, for the log.
        why: String,
    },
    /// The client has proved that it has the keys: begin.
    Opened {
        /// The new session.
        session: SessionId,
        /// Its first link.
        link: u64,
        /// The protocol number that the client bound into the handshake.
        protocol: u16,
    },
    /// The session goes on over this link.
    Resumed {
        /// The session.
        session: SessionId,
        /// Its new link.
        link: u64,
    },
    /// The session has no link and waits.
    Parked {
        /// The session.
        session: SessionId,
    },
    /// The client sent this.
    Message {
        /// In this session.
        session: SessionId,
        /// The frame of the session protocol.
        message: Message,
    },
    /// There is room for messages again after [`SendError::Full`].
    Room {
        /// In this session.
        session: SessionId,
    },
    /// The session is over and forgotten.
    Ended {
        /// The session.
        session: SessionId,
        /// Who ended it.
        by: EndedBy,
        /// For the log; hostile text when the client ended it.
        why: String,
    },
}

/// All sessions of a device. See the contract in the crate's documentation.
pub struct Device {
    node: [u8; 48],
    key: Vec<u8>,
    limits: Limits,
    sessions: BTreeMap<SessionId, Session>,
    links: BTreeMap<u64, LinkState>,
    ready: VecDeque<SessionId>,
    out: VecDeque<DeviceOutput>,
}

enum LinkState {
    /// The node key is asked for a signature.
    Signing {
        hello: Vec<u8>,
        session: SessionId,
        made: Box<Session>,
        sealer: Sealer,
        opener: Opener,
        until: Instant,
    },
    /// A resumed session waits for a first record under the new keys; its old link still counts.
    Trying { session: SessionId, received: u64, told: u64, sealer: Sealer, opener: Opener, until: Instant },
    /// The link of a session.
    On(SessionId),
}

impl Device {
    /// A device without sessions. `key` is its public key as PKCS#1 DER, whose SHA-384 is `node`.
    pub fn new(node: [u8; 48], key: Vec<u8>, limits: Limits) -> Device {
        Device {
            node,
            key,
            limits,
            sessions: BTreeMap::new(),
            links: BTreeMap::new(),
            ready: VecDeque::new(),
            out: VecDeque::new(),
        }
    }

    /// A client's hello came over a link that has none yet. Refusals are answered and drop the link.
    pub fn hello(&mut self, now: Instant, link: u64, context: Context, text: &str, random: DeviceRandom) {
        if let Err(refusal) = self.greet(now, link, context, text, random) {
            self.out.push_back(DeviceOutput::Text { link, text: Envelope::Refused(refusal).emit() });
            self.drop_link(link, format!("an encrypted session was refused: {}", refusal.word()));
        }
    }

    /// The answer to [`DeviceOutput::Sign`]; `None` when there is no signature. Late ones are ignored.
    pub fn signed(&mut self, now: Instant, link: u64, signature: Option<Vec<u8>>) {
        match self.links.remove(&link) {
            Some(LinkState::Signing { hello, session, made, sealer, opener, .. }) => {
                let Some(signature) = signature else {
                    let text = Envelope::Refused(Refusal::Signature).emit();
                    self.out.push_back(DeviceOutput::Text { link, text });
                    return self.drop_link(link, "the node key gave no signature".into());
                };
                let text = Envelope::New { hello, key: self.key.clone(), signature }.emit();
                self.out.push_back(DeviceOutput::Text { link, text });
                let mut made = *made;
                made.link = Some((link, sealer, opener));
                made.phase = Phase::Unproved { until: now + self.limits.handshake };
                self.sessions.insert(session, made);
                self.links.insert(link, LinkState::On(session));
            }
            Some(other) => drop(self.links.insert(link, other)),
            None => {}
        }
    }

    /// A binary frame came over a link.
    pub fn binary(&mut self, now: Instant, link: u64, frame: &[u8]) {
        if matches!(self.links.get(&link), Some(LinkState::Trying { .. })) {
            return self.first_record(now, link, frame);
        }
        let Some(LinkState::On(id)) = self.links.get(&link) else {
            return self.fail_link(now, link, &Error::Unexpected("a record before the keys are agreed"));
        };
        let id = *id;
        let Some(session) = self.sessions.get_mut(&id) else { return };
        let Some((_, _, opener)) = &mut session.link else { return };
        let result = opener.open(frame).and_then(|plain| session.stream.record(&plain));
        if result.is_ok() {
            session.extend_closing(now + self.limits.kept);
            if matches!(session.phase, Phase::Unproved { .. }) {
                session.phase = Phase::Live;
                let protocol = session.protocol;
                self.out.push_back(DeviceOutput::Opened { session: id, link, protocol });
            }
        }
        match result {
            Ok(()) => self.is_ready(id),
            Err(error) => self.fail_link(now, link, &error),
        }
    }

    /// A link is lost or was closed by its owner. Its session waits for another.
    pub fn lost(&mut self, now: Instant, link: u64) {
        if let Some(LinkState::On(id)) = self.links.remove(&link) {
            self.park(now, id);
        }
    }

    /// Sends a frame of the session protocol; also without a link. A caller whose [`Device::room`] is 0 afterwards waits
    /// for [`DeviceOutput::Room`]; what he sends nevertheless is taken up to a bound.
    ///
    /// # Errors
    /// [`SendError`]; the message is not taken then.
    pub fn send(&mut self, session: SessionId, message: &Message) -> Result<(), SendError> {
        let state = self.sessions.get_mut(&session).ok_or(SendError::Ended)?;
        match message {
            Message::Text(text) => state.stream.send_beyond(true, text.as_bytes())?,
            Message::Binary(bytes) => state.stream.send_beyond(false, bytes)?,
        }
        self.is_ready(session);
        Ok(())
    }

    /// Bytes that [`Device::send`] takes now.
    pub fn room(&self, session: SessionId) -> usize {
        self.sessions.get(&session).map_or(0, |state| state.stream.room())
    }

    /// Stops or goes on with giving a session's messages; its client waits meanwhile.
    pub fn pause(&mut self, session: SessionId, paused: bool) {
        if let Some(state) = self.sessions.get_mut(&session) {
            state.stream.pause(paused);
            self.is_ready(session);
        }
    }

    /// Ends a session behind everything that was sent. It is over when the client has taken that, or when nothing was
    /// heard of the client for the time of a parked session, counted anew from a cut.
    pub fn close(&mut self, now: Instant, session: SessionId, code: CloseCode, reason: &str) {
        if let Some(state) = self.sessions.get_mut(&session) {
            state.stream.close(code, reason);
            state.stream.pause(false);
            if matches!(state.phase, Phase::Live) {
                state.phase = Phase::Closing { until: now + self.limits.kept };
            }
            self.is_ready(session);
        }
    }

    /// Ends a session at once, whatever is under way: its user lost his rights.
    pub fn revoke(&mut self, session: SessionId, why: &str) {
        self.end(session, EndedBy::Device, why);
    }

    /// The time of [`Device::deadline`] has come.
    pub fn handle_time(&mut self, now: Instant) {
        let late: Vec<u64> = self
            .links
            .iter()
            .filter(|(_, state)| match state {
                LinkState::Signing { until, .. } | LinkState::Trying { until, .. } => *until <= now,
                LinkState::On(_) => false,
            })
            .map(|(link, _)| *link)
            .collect();
        for link in late {
            self.drop_link(link, "the handshake was not finished in time".into());
        }
        let over: Vec<SessionId> = self
            .sessions
            .iter()
            .filter(|(_, s)| s.phase.until().is_some_and(|t| t <= now))
            .map(|(id, _)| *id)
            .collect();
        for id in over {
            self.end(id, EndedBy::Time, "no link came back in time");
        }
    }

    /// When [`Device::handle_time`] wants to be called.
    pub fn deadline(&self) -> Option<Instant> {
        let links = self.links.values().filter_map(|state| match state {
            LinkState::Signing { until, .. } | LinkState::Trying { until, .. } => Some(*until),
            LinkState::On(_) => None,
        });
        links.chain(self.sessions.values().filter_map(|session| session.phase.until())).min()
    }

    /// The next thing to do; drain it after each input.
    pub fn poll(&mut self) -> Option<DeviceOutput> {
        loop {
            if let Some(output) = self.out.pop_front() {
                return Some(output);
            }
            let id = *self.ready.front()?;
            if let Some(output) = self.poll_session(id) {
                return Some(output);
            }
            if self.out.is_empty() {
                self.ready.pop_front();
                if let Some(session) = self.sessions.get_mut(&id) {
                    session.is_ready = false;
                }
            }
        }
    }

    /// Sessions with and without a link.
    pub fn sessions(&self) -> usize {
        self.sessions.len()
    }

    fn greet(
        &mut self,
        now: Instant,
        link: u64,
        context: Context,
        text: &str,
        random: DeviceRandom,
    ) -> Result<(), Refusal> {
        let unreadable = |error: HelloError| match error {
            HelloError::Version(_) => Refusal::Version,
            _ => Refusal::Hello,
        };
        if self.links.contains_key(&link) {
            return Err(Refusal::Hello);
        }
        let Envelope::Client { hello: bytes } = Envelope::parse(text).map_err(unreadable)? else {
            return Err(Refusal::Hello);
        };
        let hello = ClientHello::parse(&bytes).map_err(unreadable)?;
        if hello.node != self.node || hello.tunnel != context.tunnel {
            return Err(Refusal::Hello);
        }
        let key = LinkKey::from_random(random.key);
        let ecdh = key.agree(&hello.point).ok_or(Refusal::Hello)?;
        let mut answer = DeviceHello {
            resumed: hello.resume.is_some(),
            point: key.point(),
            nonce: random.nonce,
            session: SessionId(random.session),
            received: 0,
            kept_s: u16::try_from(self.limits.kept.as_secs()).unwrap_or(u16::MAX),
            rights: context.rights,
            user: context.user.clone(),
        };
        if let Some(resume) = &hello.resume {
            return self.greet_again(now, link, &context, &hello, resume, &bytes, &ecdh, answer);
        }
        let signing = self.links.values().filter(|state| matches!(state, LinkState::Signing { .. })).count();
        if self.sessions.len() + signing >= self.limits.sessions {
            return Err(Refusal::Busy);
        }
        if self.sessions.contains_key(&answer.session) {
            return Err(Refusal::Busy); // the generator repeats itself, or a test does
        }
        answer.kept_s = answer.kept_s.max(1);
        let answered = answer.emit();
        let transcript = Transcript::of(&bytes, &answered, &self.key);
        let secrets = LinkSecrets::derive(&ecdh, None, &transcript);
        self.out.push_back(DeviceOutput::Sign { link, data: transcript.to_sign() });
        let made = Session::new(context, hello.protocol, secrets.resumption);
        self.links.insert(
            link,
            LinkState::Signing {
                hello: answered,
                session: answer.session,
                made: Box::new(made),
                sealer: Sealer::new(secrets.to_client),
                opener: Opener::new(secrets.to_device),
                until: now + self.limits.handshake,
            },
        );
        Ok(())
    }

    #[allow(clippy::too_many_arguments)] // one step of `greet`, apart for its length only
    fn greet_again(
        &mut self,
        now: Instant,
        link: u64,
        context: &Context,
        hello: &ClientHello,
        resume: &Resume,
        bytes: &[u8],
        ecdh: &[u8; 32],
        mut answer: DeviceHello,
    ) -> Result<(), Refusal> {
        let session = self.sessions.get_mut(&resume.session).ok_or(Refusal::UnknownSession)?;
        if matches!(session.phase, Phase::Unproved { .. }) {
            return Err(Refusal::UnknownSession);
        }
        if !session.resumption.is_client_proof(ClientHello::proven(bytes), &resume.proof) {
            return Err(Refusal::Proof);
        }
        if session.user != context.user
            || session.rights != context.rights
            || session.protocol != hello.protocol
        {
            self.end(resume.session, EndedBy::Device, "user or rights changed");
            return Err(Refusal::Rights);
        }
        // An old hello that somebody repeats names records that are long gone; the session does not suffer from it.
        session.stream.can_attach(resume.received).map_err(|_| Refusal::Proof)?;
        answer.session = resume.session;
        answer.received = session.stream.received();
        let answered = answer.emit();
        let transcript = Transcript::of(bytes, &answered, b"");
        let secrets = LinkSecrets::derive(ecdh, Some(&session.resumption), &transcript);
        let proof = session.resumption.device_proof(&transcript).to_vec();
        self.out.push_back(DeviceOutput::Text {
            link,
            text: Envelope::Resumed { hello: answered, proof }.emit(),
        });
        // One try at a time: the last one counts.
        let older = self.links.iter().find(
            |(_, state)| matches!(state, LinkState::Trying { session, .. } if *session == resume.session),
        );
        if let Some(older) = older.map(|(older, _)| *older) {
            self.drop_link(older, "another link of the same session came".into());
        }
        self.links.insert(
            link,
            LinkState::Trying {
                session: resume.session,
                received: resume.received,
                told: answer.received,
                sealer: Sealer::new(secrets.to_client),
                opener: Opener::new(secrets.to_device),
                until: now + self.limits.handshake,
            },
        );
        Ok(())
    }

    /// The first record over the new link of a session: it replaces the old one.
    fn first_record(&mut self, now: Instant, link: u64, frame: &[u8]) {
        let Some(LinkState::Trying { session: id, received, told, sealer, mut opener, .. }) =
            self.links.remove(&link)
        else {
            return;
        };
        let plain = match opener.open(frame) {
            Ok(plain) => plain,
            Err(error) => return self.drop_link(link, error.to_string()),
        };
        let Some(session) = self.sessions.get_mut(&id) else {
            return self.drop_link(link, "the session ended meanwhile".into());
        };
        if let Err(error) = session.stream.attach(received, told) {
            return self.drop_link(link, error.to_string());
        }
        session.stream.owe_ack();
        let old = session.link.replace((link, sealer, opener)).map(|(old, ..)| old);
        let until = now + self.limits.kept;
        if matches!(session.phase, Phase::Parked { .. }) {
            let closing = session.stream.is_closing(); // its owner ended it while there was no link
            session.phase = if closing { Phase::Closing { until } } else { Phase::Live };
        }
        session.extend_closing(until);
        self.links.insert(link, LinkState::On(id));
        if let Some(old) = old {
            self.drop_link(old, "another link of the same session came".into());
        }
        self.out.push_back(DeviceOutput::Resumed { session: id, link });
        let Some(session) = self.sessions.get_mut(&id) else { return };
        match session.stream.record(&plain) {
            Ok(()) => self.is_ready(id),
            Err(error) => self.fail_link(now, link, &error),
        }
    }

    fn poll_session(&mut self, id: SessionId) -> Option<DeviceOutput> {
        let session = self.sessions.get_mut(&id)?;
        if let Some((link, sealer, _)) = &mut session.link
            && let Some(frame) = session.stream.next_frame(sealer)
        {
            return Some(DeviceOutput::Binary { link: *link, frame });
        }
        if session.stream.is_closed_and_taken() {
            self.end(id, EndedBy::Device, "closed");
            return None;
        }
        if session.stream.has_room_again() {
            return Some(DeviceOutput::Room { session: id });
        }
        let taken = loop {
            match session.stream.take() {
                // After our own end the client's messages have no reader; they are taken all the same.
                Ok(Some(Taken::Message(_))) if session.stream.is_closing() => {}
                other => break other,
            }
        };
        match taken {
            Ok(None) => None,
            Ok(Some(Taken::Message(message))) => Some(DeviceOutput::Message { session: id, message }),
            Ok(Some(Taken::Closed { reason, .. })) => {
                if let Some((link, sealer, _)) = &mut session.link
                    && let Some(frame) = session.stream.next_frame(sealer)
                {
                    self.out.push_back(DeviceOutput::Binary { link: *link, frame });
                }
                self.end(id, EndedBy::Client, &reason);
                None
            }
            Err(error) => {
                self.end(id, EndedBy::Error, &error.to_string());
                None
            }
        }
    }

    fn is_ready(&mut self, id: SessionId) {
        if let Some(session) = self.sessions.get_mut(&id)
            && !session.is_ready
        {
            session.is_ready = true;
            self.ready.push_back(id);
        }
    }

    fn fail_link(&mut self, now: Instant, link: u64, error: &Error) {
        let state = self.links.remove(&link);
        self.out.push_back(DeviceOutput::Drop { link, why: error.to_string() });
        if let Some(LinkState::On(id)) = state {
            if error.ends_session() {
                self.end(id, EndedBy::Error, &error.to_string());
            } else {
                self.park(now, id);
            }
        }
    }

    fn drop_link(&mut self, link: u64, why: String) {
        self.links.remove(&link);
        self.out.push_back(DeviceOutput::Drop { link, why });
    }

    fn park(&mut self, now: Instant, id: SessionId) {
        let Some(session) = self.sessions.get_mut(&id) else { return };
        session.link = None;
        session.extend_closing(now + self.limits.kept);
        match session.phase {
            Phase::Unproved { .. } => return drop(self.sessions.remove(&id)),
            Phase::Live => {
                session.phase = Phase::Parked { until: now + self.limits.kept };
                self.out.push_back(DeviceOutput::Parked { session: id });
            }
            Phase::Parked { .. } | Phase::Closing { .. } => {}
        }
        let parked = self.sessions.iter().filter(|(_, session)| session.link.is_none());
        let oldest = parked.clone().min_by_key(|(_, session)| session.phase.until()).map(|(id, _)| *id);
        if parked.count() > self.limits.parked
            && let Some(oldest) = oldest
        {
            self.end(oldest, EndedBy::Time, "too many sessions without a link");
        }
    }

    /// Forgets a session and drops its links.
    fn end(&mut self, id: SessionId, by: EndedBy, why: &str) {
        let Some(session) = self.sessions.remove(&id) else { return };
        self.ready.retain(|ready| *ready != id);
        if !matches!(session.phase, Phase::Unproved { .. }) {
            self.out.push_back(DeviceOutput::Ended { session: id, by, why: why.to_owned() });
        }
        if let Some((link, ..)) = session.link {
            self.drop_link(link, format!("the session ended: {why}"));
        }
        let trying = self
            .links
            .iter()
            .find(|(_, state)| matches!(state, LinkState::Trying { session, .. } if *session == id));
        if let Some(link) = trying.map(|(link, _)| *link) {
            self.drop_link(link, format!("the session ended: {why}"));
        }
    }
}
