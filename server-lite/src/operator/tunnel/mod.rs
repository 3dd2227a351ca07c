//! Sessions with a device through the relay (relay specification 3 to 5).
//!
//! A [`Tunnel`] is the near end of one: [`Tunnel::open`] asks the server for it, joins it and starts a session of one
//! protocol; [`Tunnel::relay`] has the device connect to a TCP port or send datagrams. Sending and receiving never
//! wait: whoever waits turns the chain by [`Session::attend`], and both directions are bounded ([`wire`]).
//!
//! What it is **not**: it knows nothing of what is inside a session.

mod line;
mod secure;
mod wire;

use std::time::{Duration, Instant};

use microstack::chain::RunEnd;
use microstack::crypto::{random_bytes, tls_hash};
use microstack::http::percent_encode;
use microstack::tls::{ClientTrust, client_config};
use microstack::wire::ServerUrl;
use microstack::wire::hex;
use microstack::ws::CloseWhy;
use serde_json::{Value, json};

use super::arguments::E2e;
use super::directory::Device;
use super::error::OperatorError;
use super::escape::escape_line;
use super::output::Output;
use super::session::{ANSWER, Session};
use line::Line;
use secure::SecureLine;
pub use wire::Frame;
use wire::Wire;

/// What a tunnel brings.
#[derive(Debug, Clone, PartialEq)]
pub enum Arrival {
    /// Session data.
    Data(Vec<u8>),
    /// A text that is no control message: some answers of a files session.
    Text(String),
    /// A control message that the session may care about (relay specification 5.1).
    Control(Value),
}

/// The near end of a session with a device.
pub struct Tunnel {
    line: Line,
    device: String,
    /// The other side is there.
    begun: bool,
    /// The other side said that it closes.
    ending: bool,
}

/// What the device is to connect to (relay specification 3.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    /// Bytes.
    Tcp,
    /// One frame for each datagram.
    Udp,
}

/// For the device to join. The server gives up after 15 s.
const JOIN: Duration = Duration::from_secs(30);

impl Tunnel {
    /// Opens a session: `options` goes first, as the page has it (relay specification 6.1).
    ///
    /// # Errors
    /// Refusals of the server, [`OperatorError::Tunnel`] when the device does not come, or what ends the connection.
    pub fn open(
        session: &mut Session,
        device: &Device,
        protocol: u32,
        options: Option<Value>,
        e2e: E2e,
        output: &Output,
    ) -> Result<Tunnel, OperatorError> {
        let line = match e2e {
            E2e::Auto | E2e::Required if device.secure => {
                Line::Secure(Box::new(SecureLine::open(session, device, protocol, *output)?))
            }
            E2e::Required => {
                return Err(OperatorError::Refused(format!(
                    "{} offers no end-to-end encryption; --e2e auto lets the server read the session",
                    escape_line(&device.name)
                )));
            }
            E2e::Auto | E2e::Off => Line::Plain(join(session, device, protocol)?.0),
        };
        match line.is_secure() {
            true => output.note("end-to-end encrypted"),
            false if e2e == E2e::Auto => {
                output.note("not end-to-end encrypted: the server can read this session");
            }
            false => {}
        }
        let mut tunnel = Tunnel { line, device: device.name.clone(), begun: true, ending: false };
        tunnel.start(protocol, options);
        Ok(tunnel)
    }

    /// Has the device connect to `host` and `port`. Comes back at once: see [`Tunnel::has_begun`].
    ///
    /// # Errors
    /// When there are no cookies to be had.
    pub fn relay(
        session: &mut Session,
        device: &Device,
        transport: Transport,
        host: &str,
        port: u16,
    ) -> Result<Tunnel, OperatorError> {
        let cookies = session.cookies()?;
        let name = match transport {
            Transport::Tcp => "tcp",
            Transport::Udp => "udp",
        };
        let query = format!(
            "browser=1&nodeid={}&{name}port={port}&{name}addr={}&auth={}",
            percent_encode(&device.full_id),
            percent_encode(host),
            percent_encode(&cookies.own)
        );
        let line = Line::Plain(dial(session, &query));
        Ok(Tunnel { line, device: device.name.clone(), begun: false, ending: false })
    }

    fn start(&mut self, protocol: u32, options: Option<Value>) {
        if let Some(mut options) = options {
            options["type"] = json!("options");
            self.control(options);
        }
        self.send_text(protocol.to_string());
    }

    /// True once the other side is there.
    pub fn has_begun(&mut self) -> bool {
        if let (false, Line::Plain(wire)) = (self.begun, &mut self.line) {
            self.begun = has_begun(wire);
        }
        self.begun
    }

    /// What [`Tunnel::has_begun`] said last.
    pub fn is_ready(&self) -> bool {
        self.begun
    }

    /// The next thing that came.
    pub fn receive(&mut self) -> Option<Arrival> {
        while self.has_begun() {
            match self.line.receive()? {
                Frame::Binary(bytes) => return Some(Arrival::Data(bytes)),
                Frame::Text(text) => {
                    let Some(control) = control_message(&text) else { return Some(Arrival::Text(text)) };
                    match control["type"].as_str() {
                        Some("ping") => self.control(json!({ "type": "pong" })),
                        Some("pong" | "rtt") => {}
                        Some("close") => self.ending = true,
                        _ => return Some(Arrival::Control(control)),
                    }
                }
            }
        }
        None
    }

    /// Queues session data. See [`Tunnel::has_room`].
    pub fn send(&mut self, bytes: Vec<u8>) {
        self.line.send(Frame::Binary(bytes));
    }

    /// Queues a text.
    pub fn send_text(&mut self, text: String) {
        self.line.send(Frame::Text(text));
    }

    /// Queues a control message.
    pub fn control(&mut self, mut message: Value) {
        message["ctrlChannel"] = json!("102938");
        self.send_text(message.to_string());
    }

    /// True while more should be sent; else wait until it is.
    pub fn has_room(&self) -> bool {
        self.line.has_room()
    }

    /// True when [`Tunnel::receive`] or [`Tunnel::closed`] has something to say.
    pub fn has_news(&self) -> bool {
        self.line.has_news()
    }

    /// Turns the chain until `ready`, without looking after the control channel. `false` when time ran out.
    ///
    /// # Errors
    /// The chain's own.
    pub fn wait(
        &self,
        until: Option<Instant>,
        ready: &mut dyn FnMut() -> bool,
    ) -> Result<bool, OperatorError> {
        let end = self.line.chain().run_until(until, &mut |_| ready());
        end.map(|end| end == RunEnd::Done).map_err(|error| OperatorError::System(error.into()))
    }

    /// True when it has ended, though something may be left to receive.
    pub fn is_over(&self) -> bool {
        self.line.is_over()
    }

    /// Why it ended, once it has and everything was received.
    pub fn closed(&self) -> Option<CloseWhy> {
        self.line.closed()
    }

    /// True when it ended because the other side was done, and not by a fault on the way that is known here: the relay
    /// closes alike when the device said goodbye and when it was lost.
    pub fn ended_well(&self) -> bool {
        let by_peer = |why: CloseWhy| matches!(why, CloseWhy::Peer { code: None | Some(1000 | 1005), .. });
        self.ending || self.line.closed().is_some_and(by_peer)
    }

    /// Says goodbye behind what waits to be sent.
    pub fn close(&mut self) {
        self.control(json!({ "type": "close" }));
        self.line.close();
    }

    /// The error of a tunnel that ended for `why`.
    pub fn over(&self, why: CloseWhy) -> OperatorError {
        OperatorError::Tunnel { device: self.device.clone(), begun: self.begun, why }
    }
}

/// Asks the server for a tunnel and waits for the device: both sides are there, nothing has been said. Gives the
/// tunnel's id, too.
///
/// # Errors
/// As [`Tunnel::open`].
fn join(session: &mut Session, device: &Device, protocol: u32) -> Result<(Wire, String), OperatorError> {
    let cookies = session.cookies()?;
    let id = hex::lower(&random_bytes::<16>());
    let node = &device.full_id;
    let value = format!("*/meshrelay.ashx?p={protocol}&nodeid={node}&id={id}&rauth={}", cookies.agents);
    let order = json!({
        "action": "msg", "type": "tunnel", "nodeid": node, "value": value, "usage": protocol,
    });
    let answer = session.ask(order, ANSWER, |_| false)?;
    match answer["result"].as_str() {
        Some(result) if result.eq_ignore_ascii_case("ok") => {}
        Some("Unable to route") => {
            return Err(OperatorError::Failed(format!("{} is not connected", escape_line(&device.name))));
        }
        result => return Err(OperatorError::of_result(result.unwrap_or("the answer has no result"))),
    }
    let query = format!(
        "browser=1&p={protocol}&nodeid={}&id={id}&auth={}",
        percent_encode(node),
        percent_encode(&cookies.own)
    );
    let mut wire = dial(session, &query);
    let until = Instant::now() + JOIN;
    loop {
        let came = session.attend(Some(until), &mut || wire.has_news())?;
        if has_begun(&mut wire) {
            return Ok((wire, id));
        }
        if let Some(why) = wire.closed() {
            return Err(OperatorError::Tunnel { device: device.name.clone(), begun: false, why });
        }
        if !came {
            let asked = format!("the session by {}", escape_line(&device.name));
            return Err(OperatorError::Silent { asked, seconds: JOIN.as_secs() });
        }
    }
}

/// Looks for the relay's start. Everything before it is not for us (relay specification 3.3).
fn has_begun(wire: &mut Wire) -> bool {
    while let Some(frame) = wire.receive() {
        if matches!(&frame, Frame::Text(text) if text == "c" || text == "cr") {
            return true;
        }
    }
    false
}

fn dial(session: &Session, query: &str) -> Wire {
    let url = relay_url(session.url(), query);
    // The address holds a cookie that signs in, and there is no proof inside a tunnel: only the certificate on which the
    // control channel proved the server may see it.
    let tls = client_config(ClientTrust::Pinned(tls_hash(session.certificate_der())));
    Wire::dial(session.chain(), url, tls, session.is_meshlite)
}

/// A text of the control channel inside a session; the mark is a string or a number (relay specification 5.1).
fn control_message(text: &str) -> Option<Value> {
    if !text.starts_with('{') || text.len() > MAX_CONTROL {
        return None;
    }
    let message: Value = serde_json::from_str(text).ok()?;
    let mark = &message["ctrlChannel"];
    (mark == "102938" || mark == 102_938).then_some(message)
}

/// Control messages are short; what is longer is session data.
const MAX_CONTROL: usize = 64 * 1024;

/// The relay beside the control channel.
fn relay_url(control: &ServerUrl, query: &str) -> ServerUrl {
    let path = control.path_and_query.split('?').next().unwrap_or("");
    let folder = path.strip_suffix("control.ashx").unwrap_or("/");
    ServerUrl { path_and_query: format!("{folder}meshrelay.ashx?{query}"), ..control.clone() }
}

/// A value in a query.
#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_relay_is_beside_the_control_channel() {
        let relay = |control: &str| relay_url(&ServerUrl::parse(control).unwrap(), "id=1").to_string();
        assert_eq!(relay("wss://a.example/control.ashx"), "wss://a.example/meshrelay.ashx?id=1");
        assert_eq!(
            relay("wss://a.example:99/shop/control.ashx?key=x"),
            "wss://a.example:99/shop/meshrelay.ashx?id=1"
        );
    }

    #[test]
    fn values_are_safe_in_a_query() {
        assert_eq!(percent_encode("node//a@b$"), "node%2F%2Fa%40b%24");
        assert_eq!(percent_encode("::1&p=2 ü"), "%3A%3A1%26p%3D2%20%C3%BC");
    }

    #[test]
    fn control_messages_carry_the_mark_in_either_form() {
        assert!(control_message(r#"{"ctrlChannel":"102938","type":"ping"}"#).is_some());
        assert!(control_message(r#"{"ctrlChannel":102938,"type":"rtt"}"#).is_some());
        for other in [r#"{"action":"download"}"#, "5", "c", "{", r#"{"ctrlChannel":"1"}"#] {
            assert!(control_message(other).is_none(), "{other}");
        }
    }
}
