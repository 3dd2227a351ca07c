//! The way to a server: connect, pass a proxy, shake hands with TLS.

use std::fmt;
use std::io::{ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::{Limits, OpenError, ResponseHead, Stage};
use crate::chain::{Cx, Wake};
use crate::net::{Dial, DialEvent, DialOptions, Resolver, TcpStream};
use crate::tls::{Stream, TlsError, server_name};

/// An HTTP proxy that is asked to `CONNECT`.
#[derive(Clone, PartialEq, Eq)]
pub struct Proxy {
    /// Name or address.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// User name and password, sent as Basic credentials.
    pub credentials: Option<(String, String)>,
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let user = self.credentials.as_ref().map(|(user, _)| user);
        // Never the password.
        f.debug_struct("Proxy")
            .field("host", &self.host)
            .field("port", &self.port)
            .field("user", &user)
            .finish()
    }
}

/// Where to go, and by which way.
pub struct Route {
    /// Name or address of the server.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// TLS, unless the server speaks plainly.
    pub tls: Option<Arc<rustls::ClientConfig>>,
    /// A proxy in between.
    pub proxy: Option<Proxy>,
    /// Who resolves names.
    pub resolver: Resolver,
    /// Addresses of the server (not of the proxy) known from before, for when its name cannot be resolved.
    pub fallback: Vec<SocketAddr>,
    /// When to give up.
    pub deadline: Instant,
    /// First of [`crate::net::DIAL_SUBS`] `sub` numbers; the stream keeps the first.
    pub sub: u8,
}

/// How an [`Opening`] ended. It comes once.
pub enum Opened {
    /// Ready to speak. The stream is registered; the address is the server's or the proxy's.
    Ready(Stream, SocketAddr),
    /// It failed.
    Failed(OpenError),
}

/// A component that opens a [`Stream`] to a server.
pub struct Opening {
    route: Route,
    step: Step,
}

enum Step {
    Dial(Dial),
    Proxy { stream: Stream, peer: SocketAddr, request: Vec<u8>, answer: Vec<u8> },
    Tls { stream: Stream, peer: SocketAddr },
    Over,
}

impl Opening {
    /// Sets out.
    pub fn start(cx: &mut Cx<'_>, mut route: Route) -> Opening {
        let (host, port, fallback) = match &route.proxy {
            Some(proxy) => (proxy.host.clone(), proxy.port, Vec::new()),
            None => (route.host.clone(), route.port, std::mem::take(&mut route.fallback)),
        };
        let mut options = DialOptions::new(host, port, route.resolver.clone(), route.deadline);
        options.sub = route.sub;
        options.fallback = fallback;
        Opening { step: Step::Dial(Dial::start(cx, options)), route }
    }

    /// Takes in what happened.
    pub fn wake(&mut self, cx: &mut Cx<'_>, wake: &Wake) {
        match &mut self.step {
            Step::Dial(dial) => dial.wake(cx, wake),
            Step::Proxy { stream, .. } | Step::Tls { stream, .. } => stream.wake(wake),
            Step::Over => {}
        }
    }

    /// Goes on; the outcome comes once.
    pub fn poll(&mut self, cx: &mut Cx<'_>) -> Option<Opened> {
        loop {
            match self.advance(cx) {
                Ok(Some((stream, peer))) => return Some(Opened::Ready(stream, peer)),
                Ok(None) => {}
                Err(None) => break,
                Err(Some(e)) => {
                    self.step = Step::Over;
                    return Some(Opened::Failed(e));
                }
            }
        }
        // A dial watches the deadline itself.
        let stage = match &self.step {
            Step::Proxy { .. } => Stage::Proxy,
            Step::Tls { .. } => Stage::Tls,
            Step::Dial(_) | Step::Over => return None,
        };
        if cx.now() < self.route.deadline {
            return None;
        }
        self.step = Step::Over;
        Some(Opened::Failed(OpenError::Deadline(stage)))
    }

    /// When a wake is needed at the latest.
    pub fn deadline(&self) -> Option<Instant> {
        match &self.step {
            Step::Dial(dial) => dial.deadline(),
            Step::Proxy { .. } | Step::Tls { .. } => Some(self.route.deadline),
            Step::Over => None,
        }
    }

    /// One step: done, go on, or (`Err`) wait or fail.
    fn advance(&mut self, cx: &mut Cx<'_>) -> Result<Option<(Stream, SocketAddr)>, Option<OpenError>> {
        match std::mem::replace(&mut self.step, Step::Over) {
            Step::Over => Err(None),
            Step::Dial(mut dial) => match dial.poll(cx) {
                None => {
                    self.step = Step::Dial(dial);
                    Err(None)
                }
                Some(DialEvent::Failed(e)) if self.route.proxy.is_some() => {
                    Err(Some(OpenError::ProxyDial(e)))
                }
                Some(DialEvent::Failed(e)) => Err(Some(OpenError::Dial(e))),
                Some(DialEvent::Connected(tcp, peer)) => {
                    self.step = self.connected(cx, tcp, peer).map_err(|e| Some(OpenError::Tls(e)))?;
                    Ok(None)
                }
            },
            Step::Proxy { mut stream, peer, mut request, mut answer } => {
                match ask_proxy(&mut stream, &mut request, &mut answer) {
                    Ok(true) => {
                        let stream = self.begin_tls(stream).map_err(|e| Some(OpenError::Tls(e)))?;
                        self.step = Step::Tls { stream, peer };
                        Ok(None)
                    }
                    Ok(false) => {
                        self.step = Step::Proxy { stream, peer, request, answer };
                        Err(None)
                    }
                    Err(e) => Err(Some(e)),
                }
            }
            Step::Tls { mut stream, peer } => match stream.handshake() {
                Ok(true) => Ok(Some((stream, peer))),
                Ok(false) => {
                    self.step = Step::Tls { stream, peer };
                    Err(None)
                }
                Err(e) => Err(Some(OpenError::Tls(e))),
            },
        }
    }

    fn connected(&self, cx: &Cx<'_>, tcp: TcpStream, peer: SocketAddr) -> Result<Step, TlsError> {
        let mut stream = Stream::plain(tcp);
        stream.register(cx, self.route.sub).map_err(TlsError::Io)?;
        let Some(proxy) = &self.route.proxy else {
            return Ok(Step::Tls { stream: self.begin_tls(stream)?, peer });
        };
        let request = connect_request(&self.route.host, self.route.port, proxy);
        Ok(Step::Proxy { stream, peer, request, answer: Vec::new() })
    }

    fn begin_tls(&self, stream: Stream) -> Result<Stream, TlsError> {
        match &self.route.tls {
            Some(config) => stream.start_tls(config.clone(), server_name(&self.route.host)?),
            None => Ok(stream),
        }
    }
}

/// The request of RFC 9110 section 9.3.6.
fn connect_request(host: &str, port: u16, proxy: &Proxy) -> Vec<u8> {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let authority = match bare.contains(':') {
        true => format!("[{bare}]:{port}"),
        false => format!("{bare}:{port}"),
    };
    let mut request = format!("CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n");
    if let Some((user, password)) = &proxy.credentials {
        let basic = STANDARD.encode(format!("{user}:{password}"));
        request.push_str(&format!("Proxy-Authorization: Basic {basic}\r\n"));
    }
    request.push_str("\r\n");
    request.into_bytes()
}

/// Sends the request and reads the answer's head: `true` when the proxy has connected us.
fn ask_proxy(stream: &mut Stream, request: &mut Vec<u8>, answer: &mut Vec<u8>) -> Result<bool, OpenError> {
    let unusable = |text: String| OpenError::Proxy { status: 0, text };
    while !request.is_empty() {
        match stream.write(request) {
            Ok(n) => drop(request.drain(..n)),
            Err(e) if e.kind() == ErrorKind::WouldBlock => return Ok(false),
            Err(e) => return Err(unusable(e.to_string())),
        }
    }
    let mut buf = [0; 1024];
    loop {
        let n = match stream.read(&mut buf) {
            Ok(0) => return Err(unusable("it hung up".into())),
            Ok(n) => n,
            Err(e) if e.kind() == ErrorKind::WouldBlock => return Ok(false),
            Err(e) => return Err(unusable(e.to_string())),
        };
        let searched = answer.len();
        answer.extend_from_slice(&buf[..n]);
        let head = ResponseHead::parse(answer, searched, &Limits::default());
        match head.map_err(|e| unusable(e.to_string()))? {
            None => {}
            // We speak first, in TLS and in HTTP: more than a head now is not the server's.
            Some((head, len)) if head.status / 100 == 2 && len == answer.len() => return Ok(true),
            Some((head, _)) if head.status / 100 == 2 => {
                return Err(unusable("it sent data of its own".into()));
            }
            Some((head, _)) => return Err(OpenError::Proxy { status: head.status, text: head.reason }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connect_request_names_the_server_and_carries_credentials() {
        let mut proxy = Proxy { host: "p".into(), port: 3128, credentials: None };
        let plain = String::from_utf8(connect_request("server", 443, &proxy)).unwrap();
        assert_eq!(plain, "CONNECT server:443 HTTP/1.1\r\nHost: server:443\r\n\r\n");
        proxy.credentials = Some(("user".into(), "pass".into()));
        let with = String::from_utf8(connect_request("::1", 443, &proxy)).unwrap();
        assert!(with.starts_with("CONNECT [::1]:443 HTTP/1.1\r\n"), "{with}");
        assert!(with.contains("\r\nProxy-Authorization: Basic dXNlcjpwYXNz\r\n"), "{with}");
        assert!(!format!("{proxy:?}").contains("pass"));
    }
}
