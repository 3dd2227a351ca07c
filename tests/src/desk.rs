//! A server played by a test, with one agent: what the server wants goes in, what the agent says comes out.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

use microstack::crypto::Identity;
use microstack::wire::{CoreHash, core_hash, frame_core};
use serde_json::{Value, json};

use crate::agent::Agent;
use crate::certificate::Certificate;
use crate::deadline::{PATIENCE, eventually};
use crate::fake_server::{FakeServer, Link};
use crate::peer::identities;

fn certificate() -> &'static Certificate {
    static ONE: OnceLock<Certificate> = OnceLock::new();
    ONE.get_or_init(|| Certificate::p256("a core pusher"))
}

fn server() -> &'static Identity {
    identities(1)[0]
}

/// What an agent under [`Desk`] did.
#[derive(Debug)]
pub enum Said {
    /// It came through the handshake, for the n-th time.
    Here(Instant),
    /// Its connection ended.
    Gone(Instant),
    /// Command 11: the core it has.
    Core(Option<CoreHash>),
    /// JSON.
    Json(Value),
}

/// A server with one agent: the test puts messages in, and takes out what the agent says.
pub struct Desk {
    fake: FakeServer,
    orders: Arc<Mutex<Vec<Vec<u8>>>>,
    heard: Receiver<Said>,
}

impl Desk {
    /// Opens it on a free port.
    pub fn open() -> Desk {
        let (tell, heard) = channel();
        let tell = Mutex::new(tell);
        let orders: Arc<Mutex<Vec<Vec<u8>>>> = Arc::default();
        let todo = orders.clone();
        let fake = FakeServer::start(certificate(), move |link| {
            let tell = tell.lock().unwrap().clone();
            if link.accept(server(), certificate()) {
                let _ = tell.send(Said::Here(Instant::now()));
                serve(link, &tell, &todo);
            }
        });
        Desk { fake, orders, heard }
    }

    /// The settings file for an agent of this server.
    pub fn msh(&self) -> Vec<u8> {
        self.fake.msh(server())
    }

    /// The certificate that it shows.
    pub fn certificate() -> &'static Certificate {
        certificate()
    }

    /// Starts an agent of this server with more arguments behind `run`.
    pub fn agent(&self, extra: &[&str]) -> Agent {
        Agent::with_identity(&self.fake.msh(server()), 0, extra)
    }

    /// Sends one message as soon as the agent is there.
    pub fn send(&self, message: Vec<u8>) {
        self.orders.lock().unwrap().push(message);
    }

    /// Ends the connection.
    pub fn hang_up(&self) {
        self.send(Vec::new());
    }

    /// Sends JSON.
    pub fn send_json(&self, value: Value) {
        self.send(value.to_string().into_bytes());
    }

    /// Pushes a core.
    pub fn push(&self, script: &str) -> CoreHash {
        let body = frame_core(script);
        let hash = core_hash(&body);
        self.send([&[0, 10, 0, 1][..], &hash.0, &body].concat());
        hash
    }

    /// Waits for something the agent says; the rest is dropped.
    ///
    /// # Panics
    /// When it does not say it in time.
    #[track_caller]
    pub fn hear<T>(&self, what: &str, within: Duration, mut pick: impl FnMut(Said) -> Option<T>) -> T {
        eventually(what, within, || self.heard.try_iter().find_map(&mut pick))
    }

    /// Waits until an agent has come through the handshake; gives the moment.
    ///
    /// # Panics
    /// When none comes in time.
    #[track_caller]
    pub fn here(&self, within: Duration) -> Instant {
        self.hear("an agent through the handshake", within, |said| match said {
            Said::Here(when) => Some(when),
            _ => None,
        })
    }

    /// Waits until the agent says that it has this core.
    ///
    /// # Panics
    /// When it does not.
    #[track_caller]
    pub fn confirms(&self, hash: CoreHash) {
        self.hear("command 11 with the pushed core's hash", PATIENCE, |said| match said {
            Said::Core(Some(core)) if core == hash => Some(()),
            _ => None,
        });
    }

    /// Waits for the report of a failed core and gives its reason and what follows.
    ///
    /// # Panics
    /// When none comes.
    #[track_caller]
    pub fn crash(&self, hash: CoreHash) -> (String, String) {
        let (reason, next, _) = self.crash_and_return(hash);
        (reason, next)
    }

    /// As [`Desk::crash`], and how long the agent was away meanwhile: nothing when its connection lived on.
    ///
    /// # Panics
    /// When none comes.
    #[track_caller]
    pub fn crash_and_return(&self, hash: CoreHash) -> (String, String, Duration) {
        let (mut gone, mut away) = (None, Duration::ZERO);
        let (reason, next) = self.hear("coreCrashed", PATIENCE, |said| match said {
            Said::Gone(when) => {
                gone = Some(when);
                None
            }
            Said::Here(when) => {
                away = gone.map_or(Duration::ZERO, |gone| when - gone);
                None
            }
            Said::Json(v) if v["action"] == "coreCrashed" && v["hash"] == hash.to_hex() => {
                Some((v["reason"].as_str()?.to_owned(), v["next"].as_str()?.to_owned()))
            }
            _ => None,
        });
        (reason, next, away)
    }

    /// What the core answers to a line of the console.
    ///
    /// # Panics
    /// When it answers nothing.
    #[track_caller]
    pub fn console(&self, line: &str) -> String {
        self.send_json(json!({ "action": "msg", "type": "console", "value": line, "sessionid": "user//a/1",
            "rights": 4_294_967_295u32, "consent": 0, "username": "a", "userid": "user//a" }));
        self.hear(&format!("an answer to {line}"), PATIENCE, |said| match said {
            Said::Json(v)
                if v["action"] == "msg" && v["type"] == "console" && v["sessionid"] == "user//a/1" =>
            {
                Some(v["value"].as_str()?.to_owned())
            }
            _ => None,
        })
    }
}

fn serve(link: &mut Link, tell: &Sender<Said>, todo: &Mutex<Vec<Vec<u8>>>) {
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(300) {
        for message in todo.lock().unwrap().drain(..) {
            if message.is_empty() {
                return; // see `Desk::hang_up`
            }
            link.send(&message);
        }
        let Some(message) = link.receive_or_end(Duration::from_millis(20)) else {
            let _ = tell.send(Said::Gone(Instant::now()));
            return;
        };
        let said = match message.as_slice() {
            [] => continue,
            [0, 11, _, _, hash @ ..] => Said::Core(hash.try_into().ok().map(CoreHash)),
            [b'{', ..] => match serde_json::from_slice(&message) {
                Ok(value) => Said::Json(value),
                Err(_) => continue,
            },
            _ => continue,
        };
        let _ = tell.send(said);
    }
}

/// A core that does what a core must, and answers its console.
pub const HARMLESS: &str = "
    var agent = require('MeshAgent');
    agent.AddCommandHandler(function (c) {
        if (c.action == 'msg' && c.type == 'console')
            agent.SendCommand({ action: 'msg', type: 'console', value: 'heard ' + c.value, sessionid: c.sessionid });
    });
    agent.SendCommand({ action: 'coreinfo', value: 'Harmless v1', caps: 14 });";
