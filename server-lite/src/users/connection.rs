//! One connection of a user, from sign-in to its end.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use microstack::chain::Cx;
use microstack::crypto::pool::{Job, Outcome};
use microstack::crypto::random_bytes;
use microstack::ws::Conn;
use serde_json::{Value, json};

use super::effect::{Asker, Change, Effect};
use super::inner::{Challenge, proof, read_challenge, read_credentials, signed_data};
use super::sign_in::{Credentials, FirstLook, SignIn, first_look};
use super::tunnel::ask_for;
use super::{Request, decide, server_info, user_info};
use crate::accounts::PasswordError;
use crate::house::House;
use crate::live::{Address, Ask, PasswordVerdict, ToAgent, ToUser, UserSeat};
use crate::model::rights::SITE_NO_TOOLS;
use crate::model::time::now_ms;
use crate::model::{Event, User};

/// A user on one WebSocket. The link owns the socket and passes it in.
pub struct Session {
    house: Arc<House>,
    address: Address,
    peer: SocketAddr,
    ip: String,
    state: State,
    started: Instant,
    /// Answers that wait for the disk.
    unconfirmed: HashMap<u64, Value>,
    /// New users whose passwords are being hashed, each with its answer.
    newcomers: HashMap<u64, (User, Option<Value>)>,
    next_ticket: u64,
    /// When the client was last pinged; of interest only if nothing was heard since.
    pinged_at: Option<Instant>,
}

/// How the link makes a [`Session`].
pub struct SessionLink {
    /// Shared by all.
    pub house: Arc<House>,
    /// Where mail for this connection goes.
    pub address: Address,
    /// The client.
    pub peer: SocketAddr,
}

enum State {
    /// The password is being checked; what the client sends meanwhile waits in the socket.
    Checking,
    /// The inner authentication waits for `serverAuth`.
    AwaitChallenge,
    /// The proof is being signed with this nonce.
    Proving([u8; 48]),
    /// The proof is out; waits for `userAuth`.
    AwaitCredentials,
    Open {
        user_id: String,
        session: String,
    },
    Ended,
}

/// How a user signed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum By {
    Password,
    /// By a token or a cookie.
    Program,
}

/// Time for signing in: a person may be typing the password.
const SIGN_IN: Duration = Duration::from_secs(90);
/// Silence after which the client is pinged, and after which it is given up.
const PING_AFTER: Duration = Duration::from_secs(120);
const GONE_AFTER: Duration = Duration::from_secs(180);
/// Most bytes of a message after sign-in: a core of 4 MiB, escaped.
const MAX_MESSAGE: usize = 10 << 20;
const MAX_UNCONFIRMED: usize = 1024;

impl Session {
    /// Starts on an open WebSocket.
    pub fn start(link: SessionLink, cx: &mut Cx<'_>, conn: &mut Conn, sign_in: SignIn) -> Session {
        let mut session = Session {
            house: link.house,
            address: link.address,
            ip: link.peer.ip().to_string(),
            peer: link.peer,
            state: State::Checking,
            started: cx.now(),
            unconfirmed: HashMap::new(),
            newcomers: HashMap::new(),
            next_ticket: 0,
            pinged_at: None,
        };
        match sign_in {
            SignIn::Inner => session.state = State::AwaitChallenge,
            SignIn::Cookie(user_id) => match session.house.data.user(&user_id) {
                Some(user) => session.open(cx, conn, &user, By::Program),
                None => session.refuse(cx, conn, "noauth", "noauth-2a"),
            },
            SignIn::Password(credentials) => session.check(cx, conn, &credentials),
            SignIn::Nothing => session.refuse(cx, conn, "noauth", "noauth"),
            SignIn::ForeignOrigin(origin) => {
                tracing::warn!(peer = %session.peer, origin, "a page of another site was kept out");
                session.refuse(cx, conn, "invalidorigin", "invalidorigin");
            }
        }
        session
    }

    /// Takes one message.
    pub fn text(&mut self, cx: &mut Cx<'_>, conn: &mut Conn, text: &str) {
        let message: Value = match serde_json::from_str(text) {
            Ok(message) => message,
            Err(error) => {
                tracing::debug!(peer = %self.peer, %error, "a message of a user cannot be read");
                return;
            }
        };
        let Some(request) = Request::read(&message) else {
            tracing::debug!(peer = %self.peer, "a message of a user has no action");
            return;
        };
        match &self.state {
            State::Open { user_id, session } => {
                let Some(user) = self.house.data.user(user_id) else {
                    return self.refuse(cx, conn, "noauth", "noauth-4");
                };
                let session = session.clone();
                let asker = Asker { user: &user, session: &session, address: &self.ip, now_ms: now_ms() };
                let effects = decide(&self.house, &asker, &request);
                self.perform(cx, conn, effects);
            }
            State::AwaitChallenge if request.action() == "serverAuth" => {
                match read_challenge(&request, &self.house.trust.handshake()) {
                    Ok(challenge) => self.prove(cx, conn, &challenge),
                    Err(error) => self.refuse(cx, conn, "noauth", error.text()),
                }
            }
            State::AwaitCredentials if request.action() == "userAuth" => match read_credentials(&request) {
                Ok(credentials) => self.check(cx, conn, &credentials),
                Err(error) => self.refuse(cx, conn, "noauth", error.text()),
            },
            // Before sign-in nothing else has a meaning.
            _ => {}
        }
    }

    /// Takes mail.
    pub fn note(&mut self, cx: &mut Cx<'_>, conn: &mut Conn, note: ToUser) {
        match note {
            ToUser::Text(text) => self.send(cx, conn, &text),
            ToUser::Password(verdict) => self.judged(cx, conn, &verdict),
            ToUser::Hashed { ticket, hash } => self.hashed(cx, conn, ticket, hash),
            ToUser::Signed(outcome) => self.proved(cx, conn, outcome),
            ToUser::Durable { ticket, written } => {
                if let Some(mut answer) = self.unconfirmed.remove(&ticket) {
                    if !written {
                        answer["result"] = json!("Server error: the change could not be written to the disk");
                    }
                    self.send(cx, conn, &answer.to_string());
                }
            }
            ToUser::Close(why) => {
                tracing::info!(peer = %self.peer, why, "a user session is closed");
                self.closed();
                conn.close(cx, Some((1000, "")));
            }
        }
    }

    /// Takes the passing of time.
    pub fn tick(&mut self, cx: &mut Cx<'_>, conn: &mut Conn) {
        let (now, heard) = (cx.now(), conn.last_received());
        match self.state {
            State::Open { .. } if now >= heard + GONE_AFTER => {
                tracing::info!(peer = %self.peer, "a user session was silent for too long");
                self.closed();
                conn.close(cx, None);
            }
            State::Open { .. } if now >= heard + PING_AFTER && !self.is_pinged(heard) => {
                self.pinged_at = Some(now);
                conn.ping(cx);
            }
            State::Open { .. } => {}
            State::Ended if now >= self.started + SIGN_IN + SIGN_IN => conn.close(cx, None),
            State::Ended => {}
            _ if now >= self.started + SIGN_IN => self.refuse(cx, conn, "noauth", "noauth"),
            _ => {}
        }
    }

    /// When [`Session::tick`] is needed.
    pub fn deadline(&self, conn: &Conn) -> Instant {
        let heard = conn.last_received();
        match self.state {
            State::Open { .. } if self.is_pinged(heard) => heard + GONE_AFTER,
            State::Open { .. } => heard + PING_AFTER,
            State::Ended => self.started + SIGN_IN + SIGN_IN,
            _ => self.started + SIGN_IN,
        }
    }

    /// The connection is over.
    pub fn closed(&mut self) {
        if let State::Open { session, .. } = std::mem::replace(&mut self.state, State::Ended) {
            self.house.live.users.leave(&session);
            self.house.live.asks.forget_session(&session);
        }
    }

    fn is_pinged(&self, heard: Instant) -> bool {
        self.pinged_at.is_some_and(|at| at >= heard)
    }

    fn check(&mut self, cx: &mut Cx<'_>, conn: &mut Conn, credentials: &Credentials) {
        let house = Arc::clone(&self.house);
        if let Err(error) = house.gate.attempt(self.peer.ip(), &credentials.name, cx.now()) {
            tracing::warn!(peer = %self.peer, user = loggable(&credentials.name), %error, "sign-in refused");
            return self.refuse(cx, conn, "noauth", "noauth-2d");
        }
        match first_look(&house, credentials, now_ms()) {
            FirstLook::Right(user) => {
                house.gate.succeeded(self.peer.ip(), &credentials.name, cx.now());
                self.open(cx, conn, &user, By::Program);
            }
            FirstLook::Wrong => {
                tracing::warn!(peer = %self.peer, user = loggable(&credentials.name), "wrong or expired login token");
                self.refuse(cx, conn, "noauth", "noauth-2d");
            }
            FirstLook::Check(user) => {
                // Until the answer is there, what the client sends stays in its socket (specification 1.4).
                conn.pause_reading(cx);
                self.state = State::Checking;
                let address = self.address.clone();
                let name = credentials.name.clone();
                let hash = user.map(|user| user.password.clone());
                let queued = house.checker.check(credentials.password.clone(), hash, move |right| {
                    let user_id = crate::model::user_id(&name);
                    let _ = address.post(ToUser::Password(PasswordVerdict { user_id, right }));
                });
                if let Err(busy) = queued {
                    tracing::warn!(peer = %self.peer, %busy, "sign-in refused");
                    self.refuse(cx, conn, "noauth", "noauth-2d");
                }
            }
        }
    }

    fn judged(&mut self, cx: &mut Cx<'_>, conn: &mut Conn, verdict: &PasswordVerdict) {
        if !matches!(self.state, State::Checking) {
            return;
        }
        conn.resume_reading(cx);
        let name = verdict.user_id.trim_start_matches("user//");
        match self.house.data.user(&verdict.user_id).filter(|_| verdict.right) {
            Some(user) => {
                self.house.gate.succeeded(self.peer.ip(), name, cx.now());
                self.open(cx, conn, &user, By::Password);
            }
            None => {
                tracing::warn!(peer = %self.peer, user = loggable(name), "wrong user name or password");
                self.refuse(cx, conn, "noauth", "noauth-2d");
            }
        }
    }

    fn open(&mut self, cx: &mut Cx<'_>, conn: &mut Conn, user: &User, by: By) {
        if user.is_restricted(SITE_NO_TOOLS) {
            return self.refuse(cx, conn, "notools", "notools");
        }
        let time = now_ms();
        let suffix: String = random_bytes::<8>().iter().map(|byte| format!("{byte:02x}")).collect();
        let session = format!("{}/{suffix}", user.id);
        conn.set_max_message(MAX_MESSAGE);
        self.house.live.users.sit(UserSeat {
            address: self.address.clone(),
            user_id: user.id.clone(),
            session: session.clone(),
        });
        self.state = State::Open { user_id: user.id.clone(), session };
        tracing::info!(peer = %self.peer, user = user.name, "signed in");
        if let Err(error) = self.house.data.change_user(&user.id, |user| user.signed_in_ms = time) {
            tracing::error!(%error, "the time of a sign-in could not be kept");
        }
        self.send(cx, conn, &server_info(&self.house, time).to_string());
        self.send(cx, conn, &user_info(&self.house, user).to_string());
        let message = format!("Signed in from {}", self.ip);
        let event = Event::of_user("login", &user.id, &message, time);
        // Tokens and cookies are used by programs at each call: kept, they would drown everything else.
        self.house.announce(&if by == By::Program { event.transient() } else { event });
    }

    fn prove(&mut self, cx: &mut Cx<'_>, conn: &mut Conn, challenge: &Challenge) {
        let nonce = random_bytes::<48>();
        let Some(signer) = self.house.signers.first() else {
            return self.refuse(cx, conn, "noauth", "noauth");
        };
        let job = Job::Sign { signer: Arc::clone(signer), data: signed_data(challenge, &nonce) };
        let address = self.address.clone();
        let reply = Box::new(move |outcome| {
            let _ = address.post(ToUser::Signed(outcome));
        });
        match self.house.pool.submit(job, reply) {
            Ok(()) => self.state = State::Proving(nonce),
            Err(busy) => {
                tracing::warn!(peer = %self.peer, %busy, "an inner authentication was refused");
                self.refuse(cx, conn, "noauth", "noauth");
            }
        }
    }

    fn proved(&mut self, cx: &mut Cx<'_>, conn: &mut Conn, outcome: Outcome) {
        let State::Proving(nonce) = self.state else { return };
        match (outcome, self.house.signers.first()) {
            (Outcome::Signed(Ok(signature)), Some(signer)) => {
                let proof = proof(signer.cert_der(), &nonce, &signature);
                self.state = State::AwaitCredentials;
                self.send(cx, conn, &proof.to_string());
            }
            _ => self.refuse(cx, conn, "noauth", "noauth"),
        }
    }

    fn perform(&mut self, cx: &mut Cx<'_>, conn: &mut Conn, effects: Vec<Effect>) {
        let house = Arc::clone(&self.house);
        for effect in effects {
            match effect {
                Effect::Reply(answer) => self.send(cx, conn, &answer.to_string()),
                Effect::Confirm(answer) => self.confirm(cx, conn, answer),
                Effect::Change { change, then, refusal } => match house.apply(change) {
                    Ok(()) => self.perform(cx, conn, then),
                    Err(error) => {
                        tracing::warn!(%error, "a change was not made");
                        self.answer_with(cx, conn, refusal, &error.to_string());
                    }
                },
                Effect::Announce(event) => house.announce(&event),
                Effect::AnnounceTo { event, users } => house.announce_to(&event, &users),
                Effect::ToAgent { node, message, sent, absent } => {
                    let routed = house.live.tell_agent(&node, ToAgent::Json(message.to_string().into()));
                    if let Some(answer) = if routed { sent } else { absent } {
                        self.send(cx, conn, &answer.to_string());
                    }
                }
                Effect::Ask { node, mut message, responseid, absent } => {
                    let State::Open { session, .. } = &self.state else { return };
                    let opened = house.live.asks.open(Ask { session: session.clone(), responseid, node });
                    let routed = opened.is_some_and(|id| {
                        message["responseid"] = json!(id);
                        let routed = house.live.tell_agent(&node, ToAgent::Json(message.to_string().into()));
                        if !routed {
                            house.live.asks.answered(&id, &node);
                        }
                        routed
                    });
                    if !routed {
                        self.send(cx, conn, &absent.to_string());
                    }
                }
                Effect::TellUsers { message, user_id } => {
                    let text: Arc<str> = message.to_string().into();
                    house
                        .live
                        .users
                        .tell_all(&text, |other| user_id.as_ref().is_none_or(|user| other == user));
                }
                Effect::WakeFromHere(macs) => house.wake_from_here(&macs),
                Effect::Tunnel { expect, url, message, sent, refusal } => {
                    match ask_for(&house, expect, &url, message, cx.now()) {
                        Ok(()) => self.answer_with_ready(cx, conn, sent),
                        Err(why) => {
                            tracing::info!(peer = %self.peer, %why, "a tunnel was not opened");
                            self.answer_with(cx, conn, refusal, why.reason());
                        }
                    }
                }
                Effect::Core { node, order } => {
                    house.live.tell_agent(&node, ToAgent::Core(order));
                }
                Effect::Disconnect { node, why } => {
                    house.live.tell_agent(&node, ToAgent::Close(why));
                }
                Effect::AddUser { user, password, answer } => {
                    self.next_ticket += 1;
                    let (ticket, address) = (self.next_ticket, self.address.clone());
                    let queued = house.checker.hash(password, move |hash| {
                        let _ = address.post(ToUser::Hashed { ticket, hash });
                    });
                    match queued {
                        Ok(()) => drop(self.newcomers.insert(ticket, (user, answer))),
                        Err(busy) => self.answer_with(cx, conn, answer, &busy.to_string()),
                    }
                }
                Effect::EndSessions { user_id, why } => house.live.users.close_all_of(&user_id, why),
                Effect::RefreshUser(user_id) => {
                    if let Some(user) = house.data.user(&user_id) {
                        let text: Arc<str> = user_info(&house, &user).to_string().into();
                        house.live.users.tell_all(&text, |other| other == user_id);
                    }
                }
            }
        }
    }

    /// The password of a new user is hashed: now he can be kept.
    fn hashed(&mut self, cx: &mut Cx<'_>, conn: &mut Conn, ticket: u64, hash: Result<String, PasswordError>) {
        let Some((mut user, answer)) = self.newcomers.remove(&ticket) else { return };
        match hash {
            Ok(hash) => {
                user.password = hash;
                let message = format!("Account created: {}", user.name);
                let event = Event::of_user("accountcreate", &user.id, &message, user.created_ms);
                let effect = Effect::change(Change::AddUser(user), answer, vec![Effect::Announce(event)]);
                self.perform(cx, conn, vec![effect]);
            }
            Err(error) => self.answer_with(cx, conn, answer, &error.to_string()),
        }
    }

    fn answer_with(&mut self, cx: &mut Cx<'_>, conn: &mut Conn, answer: Option<Value>, result: &str) {
        if let Some(mut answer) = answer {
            answer["result"] = json!(result);
            self.send(cx, conn, &answer.to_string());
        }
    }

    fn answer_with_ready(&mut self, cx: &mut Cx<'_>, conn: &mut Conn, answer: Option<Value>) {
        if let Some(answer) = answer {
            self.send(cx, conn, &answer.to_string());
        }
    }

    fn confirm(&mut self, cx: &mut Cx<'_>, conn: &mut Conn, mut answer: Value) {
        if self.unconfirmed.len() >= MAX_UNCONFIRMED {
            answer["result"] = json!("Too many changes wait for the disk");
            return self.send(cx, conn, &answer.to_string());
        }
        self.next_ticket += 1;
        let (ticket, address) = (self.next_ticket, self.address.clone());
        self.unconfirmed.insert(ticket, answer);
        self.house.flusher.flush_then(move |written| {
            let _ = address.post(ToUser::Durable { ticket, written });
        });
    }

    fn send(&mut self, cx: &mut Cx<'_>, conn: &mut Conn, text: &str) {
        if let Err(error) = conn.send_text(cx, text) {
            // A client that misses an answer would wait for ever; one that is cut off comes again.
            tracing::warn!(peer = %self.peer, %error, "a user session is closed");
            self.closed();
            conn.close(cx, None);
        }
    }

    fn refuse(&mut self, cx: &mut Cx<'_>, conn: &mut Conn, cause: &str, message: &str) {
        self.closed();
        let close = json!({ "action": "close", "cause": cause, "msg": message });
        if conn.send_text(cx, close.to_string()).is_err() {
            tracing::debug!(peer = %self.peer, "a refusal could not be told");
        }
        conn.close(cx, Some((1000, "")));
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.closed();
    }
}

/// A name from outside, fit for a log line.
fn loggable(name: &str) -> String {
    crate::model::text::clean_line(name, 64)
}
