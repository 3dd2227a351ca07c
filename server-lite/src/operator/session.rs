//! A server that proved who it is, and a session of a user on it.
//!
//! The order is in the types: only a [`Known`] server has a method that takes a secret, and only
//! [`Stranger::prove`] makes one.

use std::collections::VecDeque;
use std::path::Path;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use microstack::chain::Chain;
use microstack::crypto::random_bytes;
use microstack::http::Headers;
use microstack::wire::ServerUrl;
use microstack::wire::hex;
use microstack::wire::id::{Nonce, ServerId};
use serde_json::{Value, json};

use super::connection::{Connection, Incoming};
use super::directory::Directory;
use super::error::OperatorError;
use super::escape::escape_line;
use super::proof::{Challenge, Proved};

/// A server that has proved nothing yet.
pub struct Stranger {
    connection: Connection,
}

/// A server that proved its identity on this connection.
pub struct Known {
    connection: Connection,
    id: ServerId,
}

/// A signed-in user.
pub struct Session {
    connection: Connection,
    asked: u64,
    /// What came while an answer was waited for, oldest first; kept for those who watch.
    aside: VecDeque<Heard>,
    watches: bool,
    /// Makes the names of our answers unlike those of other sessions: the real server gives a device's answer to
    /// every session that watches (user-channel specification 4.3).
    mark: String,
    cookies: Option<(Instant, Cookies)>,
    again: Again,
    /// The account's name, as the server says it.
    pub user: String,
    /// The server's name, as it says it.
    pub server_name: String,
    /// It is a server of ours, and understands what we added to the channel.
    pub is_meshlite: bool,
}

/// What a session brings besides answers.
#[derive(Debug)]
pub enum Heard {
    /// A message of the server.
    Message(Value),
    /// A line of standard input.
    Line(String),
    /// Standard input ended.
    LinesEnd,
    /// The watched file was written.
    Saved,
    /// Ctrl-C, or another wish that this program ends.
    Interrupted,
    /// Nothing came in time.
    Nothing,
}

/// What opens a relay connection (user-channel specification 4.4).
#[derive(Debug, Clone)]
pub struct Cookies {
    /// For this side; signs in as the user.
    pub own: String,
    /// For the agent's side.
    pub agents: String,
}

/// What opens another session like the one it is of: for links that outlive the control channel.
#[derive(Clone)]
pub struct Again {
    url: ServerUrl,
    id: ServerId,
    name: String,
    secret: String,
}

impl Again {
    /// Connects, has the server prove that it is the same, and signs in.
    ///
    /// # Errors
    /// As [`Stranger::connect_on`], [`Stranger::prove`] and [`Known::sign_in`].
    pub fn open(&self, chain: &Chain) -> Result<Session, OperatorError> {
        Stranger::connect_on(chain, &self.url)?.prove(Some(&self.id))?.sign_in(&self.name, &self.secret, None)
    }
}

/// Servers take cookies for 60 minutes.
const COOKIE_LIFE: Duration = Duration::from_secs(20 * 60);

/// What is kept while an answer is waited for.
const MAX_ASIDE: usize = 4096;

/// Waiting for an answer that needs no device.
pub const ANSWER: Duration = Duration::from_secs(20);

impl Stranger {
    /// Connects for inner authentication (user-channel specification 1.2).
    ///
    /// # Errors
    /// [`OperatorError::Unreachable`].
    pub fn connect(url: &ServerUrl) -> Result<Stranger, OperatorError> {
        Stranger::connect_on(&Chain::new()?, url)
    }

    /// The same on a chain where links work already.
    ///
    /// # Errors
    /// [`OperatorError::Unreachable`].
    pub fn connect_on(chain: &Chain, url: &ServerUrl) -> Result<Stranger, OperatorError> {
        let mut headers = Headers::new();
        headers.push("x-meshauth", "*");
        Ok(Stranger { connection: Connection::open(chain, url, headers)? })
    }

    /// Makes the server prove its identity; when one is expected, that one.
    ///
    /// # Errors
    /// [`OperatorError::OtherServer`], [`OperatorError::NoProof`], or what ends the connection.
    pub fn prove(mut self, expected: Option<&ServerId>) -> Result<Known, OperatorError> {
        let challenge = Challenge::new(Nonce(random_bytes()), self.connection.certificate_der());
        self.connection.send(challenge.message().to_string())?;
        let until = Instant::now() + ANSWER;
        let answer = loop {
            let message = match hear(&mut self.connection, until)? {
                Heard::Message(message) => message,
                Heard::Nothing => return Err(silent("proof of the server's identity", ANSWER)),
                _ => continue,
            };
            if message["action"] == "serverAuth" {
                break message;
            }
        };
        let proved: Proved = challenge.check(&answer).map_err(OperatorError::NoProof)?;
        match expected {
            Some(expected) if !proved.is(expected) => Err(OperatorError::OtherServer {
                server: self.connection.server().to_owned(),
                expected: *expected,
                proved: proved.id,
            }),
            _ => Ok(Known { connection: self.connection, id: proved.id }),
        }
    }
}

impl Known {
    /// The identity that was proved.
    pub fn id(&self) -> ServerId {
        self.id
    }

    /// False when the server has hung up meanwhile.
    pub fn is_alive(&mut self) -> bool {
        self.connection.is_alive()
    }

    /// Signs in with an account's name and password, or a token's; `code` is that of a second factor.
    ///
    /// # Errors
    /// [`OperatorError::Closed`] when the server refuses.
    pub fn sign_in(mut self, name: &str, secret: &str, code: Option<&str>) -> Result<Session, OperatorError> {
        let mut message = json!({
            "action": "userAuth", "username": STANDARD.encode(name), "password": STANDARD.encode(secret),
        });
        let url = self.connection.url().clone();
        if let Some(code) = code {
            message["token"] = json!(code);
        }
        self.connection.send(message.to_string())?;
        let until = Instant::now() + ANSWER;
        let (mut server_name, mut is_meshlite) = (String::new(), false);
        loop {
            let message = match hear(&mut self.connection, until)? {
                Heard::Message(message) => message,
                Heard::Nothing => return Err(silent("the login", ANSWER)),
                _ => continue,
            };
            let text = |value: &Value| value.as_str().unwrap_or("").to_owned();
            if message["action"] == "serverinfo" {
                server_name = text(&message["serverinfo"]["name"]);
                is_meshlite = message["serverinfo"]["product"] == "Meshlite";
            } else if message["action"] == "userinfo" {
                let user = text(&message["userinfo"]["name"]);
                let mark = hex::lower(&random_bytes::<6>());
                return Ok(Session {
                    connection: self.connection,
                    asked: 0,
                    aside: VecDeque::new(),
                    watches: false,
                    mark,
                    cookies: None,
                    again: Again { url, id: self.id, name: name.to_owned(), secret: secret.to_owned() },
                    user,
                    server_name,
                    is_meshlite,
                });
            }
        }
    }
}

impl Session {
    /// Sends a command and waits for its answer, which `is_answer` recognises besides by its `responseid`.
    ///
    /// # Errors
    /// [`OperatorError::Silent`], or what ends the connection.
    pub fn ask(
        &mut self,
        mut command: Value,
        patience: Duration,
        is_answer: impl Fn(&Value) -> bool,
    ) -> Result<Value, OperatorError> {
        let responseid = self.new_responseid();
        command["responseid"] = json!(responseid);
        let asked = command["action"].as_str().unwrap_or("the command").to_owned();
        self.connection.send(command.to_string())?;
        let until = Instant::now() + patience;
        loop {
            match hear(&mut self.connection, until)? {
                Heard::Message(message)
                    if message["responseid"] == responseid.as_str() || is_answer(&message) =>
                {
                    return Ok(message);
                }
                Heard::Nothing => return Err(silent(&asked, patience)),
                // A watcher must not miss what comes while it asks.
                other if self.watches && self.aside.len() < MAX_ASIDE => self.aside.push_back(other),
                _ => {}
            }
        }
    }

    /// As [`Session::ask`], for commands that are answered by `result`: "ok" or a reason.
    ///
    /// # Errors
    /// Also [`OperatorError::Refused`] and [`OperatorError::Failed`] by the result.
    pub fn order(&mut self, command: Value) -> Result<(), OperatorError> {
        let answer = self.ask(command, ANSWER, |_| false)?;
        match answer["result"].as_str() {
            Some(result) if result.eq_ignore_ascii_case("ok") => Ok(()),
            Some(result) => Err(OperatorError::of_result(result)),
            None => Err(OperatorError::Failed("the server's answer has no result".into())),
        }
    }

    /// A name for an answer, unlike that of any other.
    pub fn new_responseid(&mut self) -> String {
        self.asked += 1;
        format!("meshlite-{}-{}", self.mark, self.asked)
    }

    /// Sends without waiting.
    ///
    /// # Errors
    /// [`OperatorError::Unreachable`] when the connection is over.
    pub fn send(&mut self, command: &Value) -> Result<(), OperatorError> {
        self.connection.send(command.to_string())
    }

    /// What comes next, unasked messages included.
    ///
    /// # Errors
    /// What ends the connection.
    pub fn hear(&mut self, until: Instant) -> Result<Heard, OperatorError> {
        if let Some(heard) = self.aside.pop_front() {
            return Ok(heard);
        }
        hear(&mut self.connection, until)
    }

    /// Delivers lines of standard input too, from now on.
    pub fn read_lines(&mut self) {
        self.connection.read_lines();
    }

    /// Delivers Ctrl-C as [`Heard::Interrupted`] from now on; the second one ends the program.
    ///
    /// # Errors
    /// What the system says.
    pub fn watch_interrupts(&mut self) -> Result<(), OperatorError> {
        self.connection.watch_interrupts()
    }

    /// Delivers each save of a file as [`Heard::Saved`] from now on.
    ///
    /// # Errors
    /// What the system says.
    pub fn watch_file(&mut self, file: &Path) -> Result<(), OperatorError> {
        self.watches = true;
        self.connection.watch_file(file)
    }

    /// Turns the chain until `ready`; what the server says meanwhile is answered or passed over. `false` when time ran
    /// out first.
    ///
    /// # Errors
    /// What ends the control connection, if that comes before `ready`.
    pub fn attend(
        &mut self,
        until: Option<Instant>,
        ready: &mut dyn FnMut() -> bool,
    ) -> Result<bool, OperatorError> {
        loop {
            let came = self.connection.attend(until, ready)?;
            while let Some(incoming) = self.connection.received() {
                let Some(heard) = understand(&mut self.connection, incoming)? else { continue };
                if self.watches && self.aside.len() < MAX_ASIDE {
                    self.aside.push_back(heard);
                }
            }
            if ready() {
                return Ok(true);
            }
            if !came || self.watches && !self.aside.is_empty() {
                return Ok(false);
            }
        }
    }

    /// Waits without listening.
    ///
    /// # Errors
    /// What ends the connection.
    pub fn pause(&mut self, time: Duration) -> Result<(), OperatorError> {
        let until = Instant::now() + time;
        while self.attend(Some(until), &mut || Instant::now() >= until)? {
            if Instant::now() >= until {
                break;
            }
        }
        Ok(())
    }

    /// Keeps what comes while answers are waited for, from now on: for those who watch.
    pub fn watch(&mut self) {
        self.watches = true;
    }

    /// What comes next, if something has.
    ///
    /// # Errors
    /// What ends the connection.
    pub fn heard(&mut self) -> Result<Option<Heard>, OperatorError> {
        while self.aside.is_empty() {
            let Some(incoming) = self.connection.received() else { return Ok(None) };
            self.aside.extend(understand(&mut self.connection, incoming)?);
        }
        Ok(self.aside.pop_front())
    }

    /// What opens another session like this one.
    pub fn again(&self) -> Again {
        self.again.clone()
    }

    /// The chain that waiting turns.
    pub fn chain(&self) -> &Chain {
        self.connection.chain()
    }

    /// The control channel's address; the relay is beside it.
    pub fn url(&self) -> &ServerUrl {
        self.connection.url()
    }

    /// The certificate on which the server proved who it is.
    pub fn certificate_der(&self) -> &[u8] {
        self.connection.certificate_der()
    }

    /// Cookies for the relay, renewed when they are old.
    ///
    /// # Errors
    /// As [`Session::ask`].
    pub fn cookies(&mut self) -> Result<Cookies, OperatorError> {
        if let Some((made, cookies)) = &self.cookies
            && made.elapsed() < COOKIE_LIFE
        {
            return Ok(cookies.clone());
        }
        let asked = json!({ "action": "authcookie" });
        let answer = self.ask(asked, ANSWER, |message| message["action"] == "authcookie")?;
        let text = |name: &str| answer[name].as_str().filter(|text| text.len() <= 4096).map(str::to_owned);
        let (Some(own), Some(agents)) = (text("cookie"), text("rcookie")) else {
            return Err(OperatorError::of_result(
                answer["result"].as_str().unwrap_or("no cookie in the answer"),
            ));
        };
        let cookies = Cookies { own, agents };
        self.cookies = Some((Instant::now(), cookies.clone()));
        Ok(cookies)
    }

    /// Everything the account may see.
    ///
    /// # Errors
    /// As [`Session::ask`].
    pub fn directory(&mut self) -> Result<Directory, OperatorError> {
        // The real server's answer to `meshes` does not repeat the responseid.
        let meshes = self.ask(json!({ "action": "meshes" }), ANSWER, |message| {
            message["action"] == "meshes" && message["meshes"].is_array()
        })?;
        let nodes = self.ask(json!({ "action": "nodes" }), ANSWER, |_| false)?;
        match nodes["result"].as_str() {
            Some(result) => Err(OperatorError::of_result(result)),
            None => Ok(Directory::read(&meshes, &nodes)),
        }
    }
}

/// The next message, with what every connection answers by itself.
fn hear(connection: &mut Connection, until: Instant) -> Result<Heard, OperatorError> {
    loop {
        let Some(incoming) = connection.receive(until)? else { return Ok(Heard::Nothing) };
        if let Some(heard) = understand(connection, incoming)? {
            return Ok(heard);
        }
    }
}

/// `None` for what is answered here and for what makes no sense.
fn understand(connection: &mut Connection, incoming: Incoming) -> Result<Option<Heard>, OperatorError> {
    let text = match incoming {
        Incoming::Line(line) => return Ok(Some(Heard::Line(line))),
        Incoming::LinesEnd => return Ok(Some(Heard::LinesEnd)),
        Incoming::Saved => return Ok(Some(Heard::Saved)),
        Incoming::Interrupted => return Ok(Some(Heard::Interrupted)),
        Incoming::Text(text) => text,
    };
    let Ok(message) = serde_json::from_str::<Value>(&text) else {
        tracing::debug!("the server sent something that is no JSON");
        return Ok(None);
    };
    match message["action"].as_str() {
        Some("close") => {
            let words = |name: &str| escape_line(message[name].as_str().unwrap_or("unknown"));
            Err(OperatorError::Closed { cause: words("cause"), text: words("msg") })
        }
        Some("ping") => {
            connection.send(json!({ "action": "pong" }).to_string())?;
            Ok(None)
        }
        Some(_) => Ok(Some(Heard::Message(message))),
        None => Ok(None),
    }
}

fn silent(asked: &str, patience: Duration) -> OperatorError {
    OperatorError::Silent { asked: asked.to_owned(), seconds: patience.as_secs() }
}
