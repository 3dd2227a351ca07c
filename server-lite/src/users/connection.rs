//! One connection of a user, from sign-in to its end.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use microstack::chain::Cx;
use microstack::crypto::pool::{Job, Outcome};
use microstack::crypto::random_bytes;
use microstack::wire::hex;
use microstack::wire::id::NodeId;
use microstack::ws::Conn;
use serde_json::{Value, json};

use super::audit::{audit_of, failed_sign_in, good_sign_in, result_of};
use super::carry::{Desk, Newcomer, answer_with, carry_out, hashed, open_question};
use super::effect::{Asker, Effect};
use super::inner::{Challenge, proof, read_challenge, read_credentials, signed_data};
use super::sign_in::{Credentials, FirstLook, SignIn, first_look};
use super::{Request, decide, server_info, user_info};
use crate::accounts::{PasswordError, SecondLook, second_look};
use crate::house::House;
use crate::live::{Address, PasswordVerdict, ToUser, UserSeat};
use crate::model::rights::SITE_NO_TOOLS;
use crate::model::time::now_ms;
use crate::model::{Audit, Event, User, Via};

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
    newcomers: HashMap<u64, Newcomer>,
    next_ticket: u64,
    /// Signed in by a cookie, which was given out at a sign-in that was noted.
    by_cookie: bool,
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
    /// The password is being checked, with the code of a second factor that came with it; what the client sends
    /// meanwhile waits in the socket.
    Checking(Option<String>),
    /// The inner authentication waits for `serverAuth`.
    AwaitChallenge,
    /// The proof is being signed with this nonce.
    Proving([u8; 48]),
    /// The proof is out; waits for `userAuth`.
    AwaitCredentials,
    Open {
        user_id: String,
        session: String,
        via: Via,
        /// The hash of the password as it was then: a session by password is good for as long as that one is.
        password: String,
    },
    Ended,
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
            state: State::Checking(None),
            started: cx.now(),
            unconfirmed: HashMap::new(),
            newcomers: HashMap::new(),
            next_ticket: 0,
            by_cookie: matches!(sign_in, SignIn::Known { .. }),
            pinged_at: None,
        };
        match sign_in {
            SignIn::Inner => session.state = State::AwaitChallenge,
            SignIn::Known { user_id, via } => match session.house.acting(&user_id, &via, now_ms()) {
                Some(user) => session.open(cx, conn, &user),
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
            State::Open { user_id, session, via, password } => {
                // Another password ends sessions by mail; what comes before that mail is not done either.
                let acting = self.house.acting(user_id, via, now_ms());
                let stands = |user: &Arc<User>| *via != Via::Password || user.password == *password;
                let Some(user) = acting.filter(stands) else {
                    return self.refuse(cx, conn, "noauth", "noauth-4");
                };
                if let Via::Web(number) = via
                    && let Err(error) = self.house.data.see_web_session(number, now_ms())
                {
                    tracing::error!(%error, "the use of a web session could not be kept");
                }
                let session = session.clone();
                let asker = Asker { user: &user, session: &session, address: &self.ip, now_ms: now_ms() };
                let effects = decide(&self.house, &asker, &request);
                let line = audit_of(&asker, &request);
                let refused = result_of(&effects);
                let done = self.perform(cx, conn, effects);
                // A password that is being checked or hashed has no result yet: its line waits with it.
                match self.newcomers.get_mut(&self.next_ticket).filter(|newcomer| newcomer.line.is_none()) {
                    Some(newcomer) => newcomer.line = line,
                    None => self.note_down(line, refused.or(done.err())),
                }
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
            // Who only listens sends nothing at which an expiry would be noticed.
            State::Open { ref user_id, ref via, .. }
                if now >= heard + PING_AFTER && self.house.acting(user_id, via, now_ms()).is_none() =>
            {
                tracing::info!(peer = %self.peer, "a user session is over: what it was opened by has expired");
                // Its tunnels too.
                self.house.end_via(user_id, via, "what it was opened by has expired");
                self.refuse(cx, conn, "noauth", "noauth-4");
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
                self.open(cx, conn, &user);
            }
            FirstLook::Wrong => {
                tracing::warn!(peer = %self.peer, user = loggable(&credentials.name), "wrong or expired token");
                self.failed(&credentials.name, "wrong or expired token");
                self.refuse(cx, conn, "noauth", "noauth-2d");
            }
            FirstLook::Check(user) => {
                // Until the answer is there, what the client sends stays in its socket (specification 1.4).
                conn.pause_reading(cx);
                self.state = State::Checking(credentials.code.clone());
                let address = self.address.clone();
                let name = credentials.name.clone();
                let hash = user.map(|user| user.password.clone());
                let against = hash.clone();
                let queued = house.checker.check(credentials.password.clone(), hash, move |right| {
                    let user_id = crate::model::user_id(&name);
                    let _ = address.post(ToUser::Password(PasswordVerdict { user_id, right, against }));
                });
                if let Err(busy) = queued {
                    tracing::warn!(peer = %self.peer, %busy, "sign-in refused");
                    self.refuse(cx, conn, "noauth", "noauth-2d");
                }
            }
        }
    }

    fn judged(&mut self, cx: &mut Cx<'_>, conn: &mut Conn, verdict: &PasswordVerdict) {
        let State::Checking(code) = &self.state else { return };
        let code = code.clone();
        conn.resume_reading(cx);
        let name = verdict.user_id.trim_start_matches("user//");
        let user = self.house.data.user(&verdict.user_id);
        let Some(user) = user.filter(|user| verdict.stands_for(user)) else {
            tracing::warn!(peer = %self.peer, user = loggable(name), "wrong user name or password");
            self.failed(name, "wrong user name or password");
            return self.refuse(cx, conn, "noauth", "noauth-2d");
        };
        let look = second_look(&self.house, &user, code.as_deref(), now_ms(), cx.now());
        if matches!(look, SecondLook::Through | SecondLook::CodeRequired) {
            self.house.gate.succeeded(self.peer.ip(), name, cx.now());
        }
        let told = match look {
            SecondLook::Through => return self.open(cx, conn, &user),
            // Clients ask for the code then, and come again with it (specification 1.3).
            SecondLook::CodeRequired => return self.refuse(cx, conn, "noauth", "tokenrequired"),
            SecondLook::CodeWrong | SecondLook::TooMany(_) => "tokenrequired",
            SecondLook::MustChange | SecondLook::Locked => "noauth-2d",
        };
        let why = look.why();
        tracing::warn!(peer = %self.peer, user = loggable(name), why, "sign-in refused");
        self.failed(name, why);
        self.refuse(cx, conn, "noauth", told);
    }

    /// A failed sign-in, for the audit log.
    fn failed(&self, name: &str, why: &str) {
        failed_sign_in(&self.house, name, &self.ip, why);
    }

    fn open(&mut self, cx: &mut Cx<'_>, conn: &mut Conn, user: &User) {
        // The console in a browser is no tool.
        if user.is_restricted(SITE_NO_TOOLS) && !matches!(user.via, Via::Web(_)) {
            self.failed(&user.name, "the account may not be used by programs");
            return self.refuse(cx, conn, "notools", "notools");
        }
        let time = now_ms();
        let suffix = hex::lower(&random_bytes::<8>());
        let session = format!("{}/{suffix}", user.id);
        conn.set_max_message(MAX_MESSAGE);
        self.house.live.users.sit(UserSeat {
            address: self.address.clone(),
            user_id: user.id.clone(),
            session: session.clone(),
            via: user.via.clone(),
            limit: user.limit.clone(),
            quiet: false,
        });
        self.state = State::Open {
            user_id: user.id.clone(),
            session,
            via: user.via.clone(),
            password: user.password.clone(),
        };
        tracing::info!(peer = %self.peer, user = user.name, via = user.via.kind(), "signed in");
        if let Err(error) = self.house.data.change_user(&user.id, |user| user.signed_in_ms = time) {
            tracing::error!(%error, "the time of a sign-in could not be kept");
        }
        self.send(cx, conn, &server_info(&self.house, time).to_string());
        self.send(cx, conn, &user_info(&self.house, user).to_string());
        let message = format!("Signed in from {}", self.ip);
        let event = Event::of_user("login", &user.id, &message, time);
        // Tokens and cookies are used by programs at each call, and a browser has signed in before: kept, they
        // would drown everything else.
        let by_hand = user.via == Via::Password && !self.by_cookie;
        self.house.announce(&if by_hand { event } else { event.transient() });
        if by_hand {
            good_sign_in(&self.house, user, &self.ip);
        }
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

    fn perform(&mut self, cx: &mut Cx<'_>, conn: &mut Conn, effects: Vec<Effect>) -> Result<(), String> {
        let house = Arc::clone(&self.house);
        carry_out(&house, &mut AtSocket { session: self, cx, conn }, effects)
    }

    /// The password of a new user is hashed: now he can be kept.
    fn hashed(&mut self, cx: &mut Cx<'_>, conn: &mut Conn, ticket: u64, hash: Result<String, PasswordError>) {
        let Some(mut newcomer) = self.newcomers.remove(&ticket) else { return };
        if newcomer.old.is_some() && hash.is_ok() {
            self.house.gate.succeeded(self.peer.ip(), &newcomer.user.name, cx.now());
        }
        let line = newcomer.line.take();
        let own = newcomer.old.is_some();
        let done = match hash {
            Ok(hash) => {
                let done = self.perform(cx, conn, hashed(newcomer, hash.clone()));
                // Who changed his own password here goes on by the new one.
                if let State::Open { password, .. } = &mut self.state
                    && own
                    && done.is_ok()
                {
                    *password = hash;
                }
                done
            }
            Err(error) => {
                answer_with(&mut AtSocket { session: self, cx, conn }, newcomer.answer, &error.to_string());
                Err(error.to_string())
            }
        };
        self.note_down(line, done.err());
    }

    /// A line of the audit log, with why it failed if it did.
    fn note_down(&self, line: Option<Audit>, failed: Option<String>) {
        if let Some(line) = line {
            let result = failed.unwrap_or_else(|| Audit::OK.to_owned());
            self.house.audit(Audit { result, ..line });
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

/// A session with its socket, as the place to which outcomes go.
struct AtSocket<'a, 'c, 'x> {
    session: &'a mut Session,
    cx: &'a mut Cx<'x>,
    conn: &'c mut Conn,
}

impl Desk for AtSocket<'_, '_, '_> {
    fn reply(&mut self, answer: Value) {
        self.session.send(self.cx, self.conn, &answer.to_string());
    }

    fn confirm(&mut self, answer: Value) {
        self.session.confirm(self.cx, self.conn, answer);
    }

    fn hash(&mut self, password: String, newcomer: Newcomer) {
        self.session.next_ticket += 1;
        let (ticket, address) = (self.session.next_ticket, self.session.address.clone());
        let told = move |hash| {
            let _ = address.post(ToUser::Hashed { ticket, hash });
        };
        let house = &self.session.house;
        let queued = match &newcomer.old {
            None => house.checker.hash(password, told),
            Some(old) => {
                // Guesses count as at a sign-in.
                let (peer, name) = (self.session.peer.ip(), &newcomer.user.name);
                if let Err(error) = house.gate.attempt(peer, name, self.cx.now()) {
                    return answer_with(self, newcomer.answer, &error.to_string());
                }
                house.checker.replace(old.clone(), newcomer.user.password.clone(), password, told)
            }
        };
        match queued {
            Ok(()) => drop(self.session.newcomers.insert(ticket, newcomer)),
            Err(busy) => answer_with(self, newcomer.answer, &busy.to_string()),
        }
    }

    fn ask(&mut self, responseid: String, node: NodeId) -> Option<String> {
        let State::Open { session, .. } = &self.session.state else { return None };
        open_question(&self.session.house, session, responseid, node)
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
