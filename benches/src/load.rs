//! The load generator: real TLS, real WebSocket, the true handshake, many agents on one chain.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use microstack::chain::{Chain, Cx, Link, LinkId, Wake};
use microstack::channel::agent::{self, AgentSession, Pin, ServerCommand};
use microstack::channel::{Frame, Message};
use microstack::crypto::{Identity, random_bytes, tls_hash, tls_key_hash, verify_agent_signature};
use microstack::net::Resolver;
use microstack::wire::msh::{Msh, Targets};
use microstack::wire::{
    AgentHash, AuthInfo, Capabilities, CoreHash, MeshId, Nonce, Platform, ServerId, ServerUrl,
};
use microstack::{tls, ws};

/// Where the agents go and what they say.
pub struct Target {
    pub url: ServerUrl,
    pub server: ServerId,
    pub mesh: MeshId,
    pub tls: Arc<rustls::ClientConfig>,
}

impl Target {
    /// Reads the group's settings. TLS sessions are never resumed: each connection costs its full price.
    pub fn from_msh(text: &[u8]) -> Result<Target, String> {
        let msh = Msh::parse(text).map_err(|e| e.to_string())?;
        let mesh = msh.mesh_id().map_err(|e| e.to_string())?;
        let Targets::Listed(targets) = msh.targets().map_err(|e| e.to_string())? else {
            return Err("the msh names no address".to_owned());
        };
        let (url, server) = targets.into_iter().next().ok_or("the msh names no server")?;
        Ok(Target { url, server, mesh, tls: tls::client_config(tls::ClientTrust::AnyChain) })
    }
}

/// What came of one agent.
#[derive(Debug, Clone)]
pub struct Joined {
    pub skip_path: bool,
    pub pin: Option<Pin>,
}

/// A crowd of agents. Dropping it drops their connections.
pub struct Crowd {
    chain: Chain,
    shared: Rc<RefCell<Shared>>,
    links: Vec<LinkId>,
}

struct Shared {
    waiting: VecDeque<(Arc<Identity>, Option<Pin>)>,
    in_flight: usize,
    joined: Vec<Joined>,
    failed: Vec<String>,
    gone: usize,
}

impl Crowd {
    pub fn new() -> Result<Crowd, String> {
        let shared = Shared {
            waiting: VecDeque::new(),
            in_flight: 0,
            joined: Vec::new(),
            failed: Vec::new(),
            gone: 0,
        };
        let chain = Chain::new().map_err(|e| e.to_string())?;
        Ok(Crowd { chain, shared: Rc::new(RefCell::new(shared)), links: Vec::new() })
    }

    /// Connects all of them, `width` at a time, and returns once each is ready or has failed.
    pub fn join(
        &mut self,
        target: &Rc<Target>,
        agents: impl IntoIterator<Item = (Arc<Identity>, Option<Pin>)>,
        width: usize,
        deadline: Duration,
    ) -> Result<Vec<Joined>, String> {
        self.shared.borrow_mut().waiting.extend(agents);
        let resolver = Resolver::new();
        let until = Instant::now() + deadline;
        let (shared, links) = (self.shared.clone(), &mut self.links);
        let end = self.chain.run_until(Some(until), &mut |chain| {
            loop {
                let next = {
                    let mut shared = shared.borrow_mut();
                    if shared.in_flight >= width {
                        break;
                    }
                    let Some(next) = shared.waiting.pop_front() else { break };
                    shared.in_flight += 1;
                    next
                };
                links.push(
                    chain.add("agent", Agent::new(target.clone(), next, resolver.clone(), shared.clone())),
                );
            }
            let shared = shared.borrow();
            shared.in_flight == 0 && shared.waiting.is_empty()
        });
        end.map_err(|e| e.to_string())?;
        let mut shared = self.shared.borrow_mut();
        if let Some(first) = shared.failed.first() {
            return Err(format!("{} agents failed, the first: {first}", shared.failed.len()));
        }
        if shared.in_flight > 0 || !shared.waiting.is_empty() {
            return Err(format!("{} agents were not ready in time", shared.in_flight + shared.waiting.len()));
        }
        Ok(std::mem::take(&mut shared.joined))
    }

    /// Serves the connections for a while: answers queries, keeps them open. Returns how many were lost so far.
    pub fn stay(&self, time: Duration) -> Result<usize, String> {
        self.chain.run_until(Some(Instant::now() + time), &mut |_| false).map_err(|e| e.to_string())?;
        Ok(self.shared.borrow().gone)
    }

    /// Drops all connections at once.
    pub fn leave(&mut self) {
        for link in self.links.drain(..) {
            self.chain.remove(link);
        }
    }
}

struct Agent {
    target: Rc<Target>,
    identity: Arc<Identity>,
    pin: Option<Pin>,
    resolver: Resolver,
    shared: Rc<RefCell<Shared>>,
    conn: Option<ws::Conn>,
    stage: Stage,
}

enum Stage {
    Connecting,
    Proving(agent::Handshake),
    Ready(AgentSession),
    Over,
}

impl Agent {
    fn new(
        target: Rc<Target>,
        (identity, pin): (Arc<Identity>, Option<Pin>),
        resolver: Resolver,
        shared: Rc<RefCell<Shared>>,
    ) -> Agent {
        Agent { target, identity, pin, resolver, shared, conn: None, stage: Stage::Connecting }
    }

    fn on_event(&mut self, cx: &mut Cx<'_>, event: ws::Event) -> Result<(), String> {
        match event {
            ws::Event::Open(info) => {
                let leaf = info.peer_cert_der.ok_or("no TLS certificate")?;
                let seen = agent::Seen {
                    tls_hash: tls_hash(&leaf),
                    tls_key_hash: tls_key_hash(&leaf).map_err(|e| e.to_string())?,
                };
                let info = AuthInfo {
                    info_version: 1,
                    agent_type: 6,
                    agent_version: 0,
                    platform: Platform::Server,
                    mesh: self.target.mesh,
                    capabilities: Capabilities(0x118),
                    name: format!("load-{:.8}", self.identity.node_id().to_hex()),
                };
                let config = agent::Config::new(self.target.server, self.identity.cert_der.clone(), info);
                let nonce = Nonce(random_bytes());
                self.stage = Stage::Proving(agent::Handshake::start(config, seen, nonce, self.pin, cx.now()));
            }
            ws::Event::Binary(bytes) => self.on_frame(cx, Frame::Binary(&bytes))?,
            ws::Event::Text(text) => self.on_frame(cx, Frame::Text(&text))?,
            ws::Event::Closed(info) => return Err(format!("closed: {:?}", info.why)),
            _ => {}
        }
        self.drain_handshake(cx)
    }

    fn on_frame(&mut self, cx: &mut Cx<'_>, frame: Frame<'_>) -> Result<(), String> {
        match &mut self.stage {
            Stage::Proving(handshake) => handshake.handle(cx.now(), frame).map_err(|e| e.to_string()),
            Stage::Ready(session) => {
                let answer = match session.parse(frame) {
                    Ok(ServerCommand::CoreHashQuery { request }) => {
                        Some(session.core_hash(request, Some(CoreHash::LOCAL)))
                    }
                    Ok(ServerCommand::UpdateQuery { request }) => {
                        Some(session.agent_hash(request, AgentHash::NEVER_UPDATE))
                    }
                    _ => None,
                };
                match answer {
                    Some(Message::Binary(bytes)) => self.send(cx, bytes),
                    _ => Ok(()),
                }
            }
            _ => Ok(()),
        }
    }

    fn drain_handshake(&mut self, cx: &mut Cx<'_>) -> Result<(), String> {
        loop {
            let Stage::Proving(handshake) = &mut self.stage else { return Ok(()) };
            match handshake.poll() {
                agent::Output::Send(bytes) => self.send(cx, bytes)?,
                agent::Output::Sign { data } => {
                    let signature = self.identity.key.sign_sha384(&data);
                    handshake.signed(signature).map_err(|e| e.to_string())?;
                }
                agent::Output::Verify { cert_der, data, signature } => {
                    let checked = verify_agent_signature(&cert_der, &data, &signature);
                    handshake.checked(checked).map_err(|e| e.to_string())?;
                }
                agent::Output::Pin(pin) => self.pin = Some(pin),
                agent::Output::Ready(session) => {
                    let mut shared = self.shared.borrow_mut();
                    shared.in_flight -= 1;
                    let skip_path = session.skip_path();
                    shared.joined.push(Joined { skip_path, pin: self.pin });
                    self.stage = Stage::Ready(session);
                }
                agent::Output::Hold(e) => return Err(e.to_string()),
                agent::Output::Wait(_) => return Ok(()),
                _ => {}
            }
        }
    }

    fn send(&mut self, cx: &mut Cx<'_>, bytes: Vec<u8>) -> Result<(), String> {
        let conn = self.conn.as_mut().ok_or("not connected")?;
        conn.send_binary(cx, bytes).map_err(|e| e.to_string())
    }

    fn fail(&mut self, cx: &mut Cx<'_>, why: String) {
        let mut shared = self.shared.borrow_mut();
        match self.stage {
            Stage::Ready(_) => shared.gone += 1,
            Stage::Over => return,
            _ => {
                shared.in_flight -= 1;
                shared.failed.push(why);
            }
        }
        self.stage = Stage::Over;
        cx.remove_self();
    }
}

impl Link for Agent {
    fn wake(&mut self, cx: &mut Cx<'_>, wake: Wake) {
        if wake.start {
            let options = ws::ClientOptions::new(
                self.target.url.clone(),
                self.target.tls.clone(),
                self.resolver.clone(),
            );
            self.conn = Some(ws::Conn::connect(cx, options));
        }
        if let Some(conn) = &mut self.conn {
            conn.wake(cx, &wake);
        }
        while let Some(event) = self.conn.as_mut().and_then(|conn| conn.poll(cx)) {
            if let Err(why) = self.on_event(cx, event) {
                return self.fail(cx, why);
            }
        }
        cx.set_timer(self.conn.as_ref().and_then(ws::Conn::deadline));
    }
}
