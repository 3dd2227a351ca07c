//! A user of a MeshCentral-compatible server as the web page is one: the control channel, and tunnels to devices.

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::deadline::PATIENCE;
use crate::meshctrl::Account;
use crate::peer::{Message, Peer};

/// A signed-in user.
pub struct Operator {
    control: Peer,
    server: SocketAddr,
}

impl Operator {
    /// Opens `/control.ashx` with the account's password (user-channel specification).
    ///
    /// # Panics
    /// When the server refuses.
    #[track_caller]
    pub fn sign_in(account: &Account) -> Operator {
        let server = account.url.trim_start_matches("wss://").parse().expect("an address and a port");
        let login = format!("{},{}", STANDARD.encode(&account.user), STANDARD.encode(&account.password));
        let mut control = Peer::open_with(server, "/control.ashx", &[("x-meshauth", &login)])
            .expect("the server takes the login");
        let first = control.receive(PATIENCE).expect("the control channel is open").expect("a first message");
        assert!(
            String::from_utf8_lossy(&first).contains("serverinfo"),
            "{}",
            String::from_utf8_lossy(&first)
        );
        Operator { control, server }
    }

    /// Sends one message.
    ///
    /// # Panics
    /// When the channel is gone.
    #[track_caller]
    pub fn send(&mut self, message: &Value) {
        self.control.send_text(&message.to_string()).expect("the control channel is open");
    }

    /// The next message that `wanted` accepts; others are passed over.
    ///
    /// # Panics
    /// When none came in time; the text shows what came.
    #[track_caller]
    pub fn expect(&mut self, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let until = Instant::now() + PATIENCE;
        let mut passed = Vec::new();
        while let Ok(Some(bytes)) = self.control.receive(until.saturating_duration_since(Instant::now())) {
            let Ok(message) = serde_json::from_slice::<Value>(&bytes) else { continue };
            if wanted(&message) {
                return message;
            }
            passed.push(message.to_string().chars().take(160).collect::<String>());
        }
        panic!("waited for {what}; there came: {passed:#?}");
    }

    /// What the device's console answers to one line.
    ///
    /// # Panics
    /// When it answers nothing.
    #[track_caller]
    pub fn console(&mut self, node: &str, line: &str) -> String {
        self.send(&json!({ "action": "msg", "type": "console", "nodeid": node, "value": line }));
        let answer = self.expect(&format!("the console's answer to {line}"), |m| {
            m["action"] == "msg" && m["type"] == "console" && m["nodeid"] == node
        });
        answer["value"].as_str().unwrap_or_default().to_owned()
    }

    /// The same, for a device that may not answer: `None` when nothing came in time.
    ///
    /// # Panics
    /// When the channel is gone.
    #[track_caller]
    pub fn try_console(&mut self, node: &str, line: &str, within: Duration) -> Option<String> {
        self.send(&json!({ "action": "msg", "type": "console", "nodeid": node, "value": line }));
        let until = Instant::now() + within;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let bytes = self.control.receive(left).expect("the control channel is open")?;
            let message: Value = serde_json::from_slice(&bytes).unwrap_or_default();
            if message["action"] == "msg" && message["type"] == "console" && message["nodeid"] == node {
                return Some(message["value"].as_str().unwrap_or_default().to_owned());
            }
        }
    }

    /// A cookie for the user's ends of tunnels.
    ///
    /// # Panics
    /// When none comes.
    #[track_caller]
    pub fn cookie(&mut self) -> String {
        self.send(&json!({ "action": "authcookie" }));
        text(&self.expect("a cookie", |m| m["action"] == "authcookie")["cookie"]).to_owned()
    }

    /// Has the device connect to `target`, such as `tcpport=22&tcpaddr=127.0.0.1`: what a router's local port is
    /// (relay specification 3.4). Frames of the tunnel are the bytes, or the datagrams, from then on.
    ///
    /// # Panics
    /// When the device does not come.
    #[track_caller]
    pub fn relay(&mut self, node: &str, target: &str) -> Tunnel {
        self.send(&json!({ "action": "authcookie" }));
        let cookies = self.expect("a cookie", |m| m["action"] == "authcookie");
        let own = text(&cookies["cookie"]);
        let path = format!("/meshrelay.ashx?browser=1&nodeid={}&{target}&auth={own}", percent(node));
        let mut peer = Peer::open_with(self.server, &path, &[]).expect("the relay takes the user's side");
        match peer.receive_message(PATIENCE).expect("the relay stays open") {
            Some(Message::Text(start)) if start == "c" || start == "cr" => {}
            other => panic!("the device did not join the relay: {other:?}"),
        }
        Tunnel { peer }
    }

    /// Opens a session of this protocol number on a device: asks for the tunnel, joins it, waits for the other side.
    ///
    /// `options` is what the page sends first, such as `{"cols":80,"rows":25}` (relay specification 5 and 6.1).
    ///
    /// # Panics
    /// When the device does not come.
    #[track_caller]
    pub fn session(&mut self, node: &str, protocol: u32, options: Option<Value>) -> Tunnel {
        self.send(&json!({ "action": "authcookie" }));
        let cookies = self.expect("cookies", |m| m["action"] == "authcookie");
        let (own, theirs) = (text(&cookies["cookie"]), text(&cookies["rcookie"]));
        // Of the whole process: two users of a test must not meet in one tunnel.
        static TUNNELS: AtomicU32 = AtomicU32::new(1);
        let number = TUNNELS.fetch_add(1, Ordering::Relaxed);
        let id = format!("{number:04x}{:08x}", std::process::id());
        let value = format!("*/meshrelay.ashx?p={protocol}&nodeid={node}&id={id}&rauth={theirs}");
        self.send(&json!({
            "action": "msg", "nodeid": node, "type": "tunnel", "usage": protocol, "value": value, "responseid": "tests",
        }));
        let path =
            format!("/meshrelay.ashx?browser=1&p={protocol}&nodeid={}&id={id}&auth={own}", percent(node));
        let mut peer = Peer::open_with(self.server, &path, &[]).expect("the relay takes the user's side");
        match peer.receive_message(PATIENCE).expect("the relay stays open") {
            Some(Message::Text(start)) if start == "c" || start == "cr" => {}
            other => panic!("the device did not join the tunnel: {other:?}"),
        }
        let mut tunnel = Tunnel { peer };
        if let Some(mut options) = options {
            options["ctrlChannel"] = json!("102938");
            options["type"] = json!("options");
            tunnel.control(&options);
        }
        tunnel.peer.send_text(&protocol.to_string()).expect("the tunnel is open");
        tunnel
    }
}

/// One session with a device through the relay.
pub struct Tunnel {
    peer: Peer,
}

impl Tunnel {
    /// Sends session data.
    ///
    /// # Panics
    /// When the tunnel is gone.
    #[track_caller]
    pub fn send(&mut self, bytes: &[u8]) {
        self.peer.send(bytes).expect("the tunnel is open");
    }

    /// Sends a control message or a command as text.
    ///
    /// # Panics
    /// When the tunnel is gone.
    #[track_caller]
    pub fn control(&mut self, message: &Value) {
        self.peer.send_text(&message.to_string()).expect("the tunnel is open");
    }

    /// The next message; `None` when nothing came in time.
    ///
    /// # Errors
    /// The tunnel has ended.
    pub fn receive(&mut self, within: Duration) -> io::Result<Option<Message>> {
        self.peer.receive_message(within)
    }

    /// Reads terminal output until `done` accepts what has come so far.
    ///
    /// # Panics
    /// When it does not in time; the text shows the end of what came.
    #[track_caller]
    pub fn output_until(&mut self, what: &str, done: impl Fn(&str) -> bool) -> String {
        let until = Instant::now() + PATIENCE;
        let mut all = String::new();
        while !done(&all) {
            let left = until.saturating_duration_since(Instant::now());
            match self.receive(left) {
                Ok(Some(Message::Binary(bytes))) => all.push_str(&String::from_utf8_lossy(&bytes)),
                Ok(Some(_)) => {}
                Ok(None) | Err(_) => {
                    let tail: String =
                        all.chars().rev().take(2000).collect::<Vec<_>>().into_iter().rev().collect();
                    panic!("waited for {what}; the terminal said: …{tail:?}");
                }
            }
        }
        all
    }

    /// Asks and waits for the JSON answer that `wanted` accepts.
    ///
    /// # Panics
    /// When none comes in time.
    #[track_caller]
    pub fn ask(&mut self, message: &Value, wanted: impl Fn(&Value) -> bool) -> Value {
        self.control(message);
        self.answer(&message.to_string(), wanted)
    }

    /// Waits for a JSON message that `wanted` accepts, in either frame type.
    ///
    /// # Panics
    /// When none comes in time.
    #[track_caller]
    pub fn answer(&mut self, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let until = Instant::now() + PATIENCE;
        loop {
            let message = self.receive(until.saturating_duration_since(Instant::now()));
            let bytes = match message {
                Ok(Some(message)) => message.into_bytes(),
                other => panic!("waited for the answer to {what}: {other:?}"),
            };
            match serde_json::from_slice::<Value>(&bytes) {
                Ok(value) if wanted(&value) => return value,
                _ => {}
            }
        }
    }
}

fn text(value: &Value) -> &str {
    value.as_str().expect("a text")
}

/// Percent-codes what a query must not hold as it is (RFC 3986 section 3.4).
fn percent(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.~".contains(c);
    text.chars().map(|c| if plain(c) { c.to_string() } else { format!("%{:02X}", c as u32) }).collect()
}
