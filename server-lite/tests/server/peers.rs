//! An agent and a user written from the specifications.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use microstack::chain::{Chain, Cx, Link, LinkId, RunEnd, Wake};
use microstack::channel::agent::{self, AgentSession, Handshake, Output, Pin, Seen};
use microstack::channel::{Frame, Message};
use microstack::crypto::{Identity, random_bytes, tls_hash, tls_key_hash, verify_agent_signature};
use microstack::http::Headers;
use microstack::net::Resolver;
use microstack::tls::{ClientTrust, client_config};
use microstack::wire::id::{MeshId, ServerId};
use microstack::wire::{AuthInfo, Capabilities, Nonce, Platform, ServerUrl, TlsHash};
use microstack::ws::{ClientOptions, Conn, Event};
use serde_json::{Value, json};

use super::lab::{Lab, PASSWORD};

/// How long a test waits for what must come.
pub const SOON: Duration = Duration::from_secs(30);
/// How long a test waits for what must not come.
pub const QUIET: Duration = Duration::from_millis(400);

/// A WebSocket used step by step.
pub struct Socket {
    chain: Chain,
    link: LinkId,
    events: Rc<RefCell<VecDeque<Event>>>,
}

struct Wire {
    options: Option<ClientOptions>,
    conn: Option<Conn>,
    events: Rc<RefCell<VecDeque<Event>>>,
}

enum Order {
    Send(Message),
    Close,
}

impl Link for Wire {
    fn wake(&mut self, cx: &mut Cx<'_>, mut wake: Wake) {
        if let Some(options) = self.options.take() {
            self.conn = Some(Conn::connect(cx, options));
        }
        let Some(conn) = &mut self.conn else { return };
        conn.wake(cx, &wake);
        for order in wake.mail.drain(..).filter_map(|note| note.downcast::<Order>().ok()) {
            match *order {
                Order::Send(Message::Binary(bytes)) => drop(conn.send_binary(cx, bytes)),
                Order::Send(Message::Text(text)) => drop(conn.send_text(cx, text)),
                Order::Close => conn.close(cx, None),
            }
        }
        while let Some(event) = conn.poll(cx) {
            let over = matches!(event, Event::Closed(_));
            self.events.borrow_mut().push_back(event);
            if over {
                break;
            }
        }
        cx.set_timer(conn.deadline());
    }
}

impl Socket {
    pub fn connect(url: &str, headers: &[(&str, &str)]) -> Socket {
        let url = ServerUrl::parse_allowing_plain(url).unwrap();
        let mut options = ClientOptions::new(url, client_config(ClientTrust::AnyChain), Resolver::new());
        options.headers = Headers::new();
        for (name, value) in headers {
            options.headers.push(*name, *value);
        }
        options.max_backlog = 16 << 20;
        let chain = Chain::new().unwrap();
        let events = Rc::default();
        let link =
            chain.add("socket", Wire { options: Some(options), conn: None, events: Rc::clone(&events) });
        Socket { chain, link, events }
    }

    pub fn event(&self, within: Duration) -> Option<Event> {
        let until = Instant::now() + within;
        match self.chain.run_until(Some(until), &mut |_| !self.events.borrow().is_empty()).unwrap() {
            RunEnd::Done => self.events.borrow_mut().pop_front(),
            _ => None,
        }
    }

    pub fn send(&self, message: Message) {
        self.chain.mail(self.link, Box::new(Order::Send(message))).unwrap();
        self.chain.turn(Some(Duration::ZERO)).unwrap();
    }

    pub fn close(&self) {
        self.chain.mail(self.link, Box::new(Order::Close)).unwrap();
        self.closed();
    }

    /// Waits for the end.
    pub fn closed(&self) {
        while !matches!(self.event(SOON).expect("the connection must end"), Event::Closed(_)) {}
    }
}

/// A user on the control channel.
pub struct User {
    pub socket: Socket,
}

pub fn meshauth(name: &str, password: &str) -> String {
    format!("{},{}", STANDARD.encode(name), STANDARD.encode(password))
}

impl User {
    pub fn admin(lab: &Lab) -> User {
        User::sign_in(lab, &meshauth("admin", PASSWORD))
    }

    /// Signs in to a server in another process.
    pub fn admin_at(port: u16) -> User {
        let url = format!("wss://127.0.0.1:{port}/control.ashx");
        let socket = Socket::connect(&url, &[("x-meshauth", &meshauth("admin", PASSWORD))]);
        assert!(matches!(socket.event(SOON), Some(Event::Open(_))));
        let user = User { socket };
        assert_eq!(user.next()["action"], "serverinfo");
        assert_eq!(user.next()["action"], "userinfo");
        user
    }

    /// Signs in and takes the two greetings.
    pub fn sign_in(lab: &Lab, header: &str) -> User {
        let user = User::connect(lab, &[("x-meshauth", header)]);
        assert_eq!(user.next()["action"], "serverinfo");
        assert_eq!(user.next()["action"], "userinfo");
        user
    }

    pub fn connect(lab: &Lab, headers: &[(&str, &str)]) -> User {
        let url = format!("wss://127.0.0.1:{}/control.ashx", lab.port());
        let socket = Socket::connect(&url, headers);
        match socket.event(SOON) {
            Some(Event::Open(_)) => User { socket },
            other => panic!("{other:?}"),
        }
    }

    pub fn send(&self, message: &Value) {
        self.socket.send(Message::Text(message.to_string()));
    }

    pub fn message(&self, within: Duration) -> Option<Value> {
        match self.socket.event(within)? {
            Event::Text(text) => Some(serde_json::from_str(&text).unwrap()),
            other => panic!("{other:?}"),
        }
    }

    pub fn next(&self) -> Value {
        self.message(SOON).expect("a message must come")
    }

    /// The next message of this action; others are passed over.
    pub fn wait(&self, wanted: impl Fn(&Value) -> bool) -> Value {
        let until = Instant::now() + SOON;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let message = self.message(left).expect("the message must come");
            if wanted(&message) {
                return message;
            }
        }
    }

    /// The next live event of this action.
    pub fn wait_event(&self, action: &str) -> Value {
        self.wait(|m| m["action"] == "event" && m["event"]["action"] == action)["event"].clone()
    }

    pub fn ask(&self, mut message: Value) -> Value {
        let id = "r-17";
        message["responseid"] = json!(id);
        self.send(&message);
        self.wait(|m| m["responseid"] == id)
    }

    /// The only device the user sees.
    pub fn device(&self) -> Option<Value> {
        let nodes = self.ask(json!({ "action": "nodes" }));
        let mut all =
            nodes["nodes"].as_object().unwrap().values().flat_map(|list| list.as_array().unwrap().clone());
        all.next()
    }
}

/// An agent on the agent channel.
pub struct Agent {
    pub socket: Socket,
    pub session: AgentSession,
    pub pin: Option<Pin>,
    pub skipped: bool,
}

/// How an agent connects.
pub struct Plan {
    pub url: String,
    pub server: ServerId,
    pub mesh: MeshId,
    pub identity: &'static Identity,
    pub name: String,
    pub capabilities: u32,
    pub pin: Option<Pin>,
    /// Instead of the hash of the certificate seen.
    pub claimed: Option<TlsHash>,
    pub headers: Vec<(&'static str, &'static str)>,
}

/// Two identities for all tests.
pub fn identity(number: usize) -> &'static Identity {
    static IDENTITIES: [OnceLock<Identity>; 3] = [const { OnceLock::new() }; 3];
    IDENTITIES[number].get_or_init(|| Identity::new_agent(2048).unwrap())
}

impl Plan {
    pub fn new(lab: &Lab) -> Plan {
        Plan {
            url: format!("wss://127.0.0.1:{}/agent.ashx", lab.port()),
            server: lab.server_id,
            mesh: lab.mesh,
            identity: identity(0),
            name: "host-a".into(),
            capabilities: 0x118,
            pin: None,
            claimed: None,
            headers: Vec::new(),
        }
    }

    /// Connects and goes as far as the server lets it: `Err` with the open socket when the server falls silent.
    pub fn connect(&self, patience: Duration) -> Result<Agent, Socket> {
        let socket = Socket::connect(&self.url, &self.headers);
        let Some(Event::Open(info)) = socket.event(SOON) else { panic!("no WebSocket") };
        let seen = match (&self.claimed, &info.peer_cert_der) {
            (Some(claimed), _) => Seen { tls_hash: *claimed, tls_key_hash: *claimed },
            (None, Some(leaf)) => {
                Seen { tls_hash: tls_hash(leaf), tls_key_hash: tls_key_hash(leaf).unwrap() }
            }
            (None, None) => panic!("no certificate"),
        };
        let info = AuthInfo {
            info_version: 1,
            agent_type: 6,
            agent_version: 0,
            platform: Platform::Server,
            mesh: self.mesh,
            capabilities: Capabilities(self.capabilities),
            name: self.name.clone(),
        };
        let config = agent::Config::new(self.server, self.identity.cert_der.clone(), info);
        let nonce = Nonce(random_bytes());
        let mut handshake = Handshake::start(config, seen, nonce, self.pin, Instant::now());
        let (mut pin, until) = (self.pin, Instant::now() + patience);
        loop {
            match handshake.poll() {
                Output::Send(bytes) => socket.send(Message::Binary(bytes)),
                Output::SendText(text) => socket.send(Message::Text(text)),
                Output::Sign { data } => handshake.signed(self.identity.key.sign_sha384(&data)).unwrap(),
                Output::Verify { cert_der, data, signature } => {
                    handshake.checked(verify_agent_signature(&cert_der, &data, &signature)).unwrap();
                }
                Output::Pin(new) => pin = Some(new),
                Output::Hold(error) => panic!("the agent refused: {error}"),
                Output::Overdue(_) => {}
                Output::Ready(session) => {
                    let skipped = session.skip_path();
                    return Ok(Agent { socket, session, pin, skipped });
                }
                Output::Wait(_) => match socket.event(until.saturating_duration_since(Instant::now())) {
                    Some(Event::Binary(bytes)) => {
                        handshake.handle(Instant::now(), Frame::Binary(&bytes)).unwrap();
                    }
                    Some(Event::Closed(info)) => panic!("closed: {info:?}"),
                    Some(_) => {}
                    None => return Err(socket),
                },
            }
        }
    }

    pub fn join(&self) -> Agent {
        self.connect(SOON).unwrap_or_else(|_| panic!("the server must let this agent in"))
    }

    /// Connects and sees that the server stays silent and keeps the socket.
    pub fn held(&self) -> Socket {
        match self.connect(Duration::from_secs(1)) {
            Ok(_) => panic!("the server must not let this agent in"),
            Err(socket) => socket,
        }
    }
}

impl Agent {
    pub fn send(&self, object: &Value) {
        self.socket.send(self.session.json(object.to_string()).unwrap());
    }

    pub fn frame(&self, within: Duration) -> Option<Message> {
        match self.socket.event(within)? {
            Event::Binary(bytes) => Some(Message::Binary(bytes)),
            Event::Text(text) => Some(Message::Text(text)),
            other => panic!("{other:?}"),
        }
    }

    /// The next command that `pick` takes; others are passed over.
    pub fn wait<T>(&self, pick: impl Fn(agent::ServerCommand<'_>) -> Option<T>) -> T {
        let until = Instant::now() + SOON;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let message = self.frame(left).expect("the command must come");
            if let Some(found) = pick(self.session.parse(message.as_frame()).unwrap()) {
                return found;
            }
        }
    }

    /// The next JSON of this action.
    pub fn wait_json(&self, action: &str) -> Value {
        self.wait(|command| match command {
            agent::ServerCommand::Json(text) => {
                let value: Value = serde_json::from_str(&text).unwrap();
                (value["action"] == action).then_some(value)
            }
            _ => None,
        })
    }

    /// Answers the hash query as an agent that has its own core: nothing is pushed.
    pub fn keep_own_core(&self) {
        let request = self.wait(|command| match command {
            agent::ServerCommand::CoreHashQuery { request } => Some(request),
            _ => None,
        });
        self.socket.send(self.session.core_hash(request, Some(microstack::wire::id::CoreHash::LOCAL)));
        self.wait(|command| matches!(command, agent::ServerCommand::CoreOk { .. }).then_some(()));
        self.wait_json("sysinfo");
    }
}
