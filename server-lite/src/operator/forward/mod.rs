//! `forward`: ports of this machine that lead through a device, and a SOCKS5 proxy that does.
//!
//! Each connection is a tunnel of its own. The relay has no half-close: a core of ours is told the end of our side by
//! a control message; other cores are given a minute to answer before the connection is ended.

mod bridge;
mod local;
mod socks;
mod spec;
mod udp;

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use microstack::chain::Chain;
use serde_json::json;

use super::arguments::ForwardArguments;
use super::directory::Device;
use super::error::OperatorError;
use super::escape::escape_line;
use super::output::Output;
use super::session::Session;
use super::shell::Desk;
use bridge::{Bridge, Notice, Target};
use local::Port;
use spec::Forward;
use udp::Datagrams;

/// Connections at the same time; the next ones wait in the kernel.
const MAX_BRIDGES: usize = 500;

/// Without a sign of life servers and proxies end the control connection.
const SIGN_OF_LIFE: Duration = Duration::from_secs(60);

/// Between two proofs of a server that shows another certificate.
const PROOF_PAUSE: Duration = Duration::from_secs(5);

/// How a session is opened, on a chain where links work already.
pub type Open<'a> = &'a dyn Fn(&Chain) -> Result<Session, OperatorError>;

/// Forwards until it is interrupted, or with `--once` until the first connection has ended.
pub fn forward(open: Open<'_>, how: &ForwardArguments, output: &Output) -> Result<(), OperatorError> {
    let plan = Plan::read(how)?;
    let chain = Chain::new()?;
    let mut session = open(&chain)?;
    let directory = session.directory()?;
    let device = directory.device(&how.id)?.clone();
    if !device.connected {
        return Err(OperatorError::Failed(format!("{} is not connected", escape_line(&device.name))));
    }
    let mut work = Work::listen(&chain, plan, &device, output)?;
    let mut desk = Desk::new(&chain)?;
    while let Err(error) = work.run(&mut session, &device, &mut desk, how.once, output) {
        match error {
            OperatorError::Unreachable { .. } | OperatorError::Silent { .. } => {}
            _ => return Err(error),
        }
        output.note(&format!("{error}; connections go on, new ones wait until the server is there again"));
        let Some(again) = work.reopen(open, &chain, &mut desk, how.once, output)? else { return Ok(()) };
        session = again;
        output.note("the server is there again");
    }
    Ok(())
}

/// Between two attempts to reach the server again.
const MAX_PAUSE: Duration = Duration::from_secs(30);

/// What the command line asks for.
struct Plan {
    ports: Vec<(SocketAddr, Target)>,
    datagrams: Vec<Forward>,
}

impl Plan {
    fn read(how: &ForwardArguments) -> Result<Plan, OperatorError> {
        let mut ports = Vec::new();
        for text in &how.forwards {
            let forward = Forward::parse(text)?;
            ports.push((forward.listen, Target::Fixed(forward.host, forward.port)));
        }
        for text in &how.socks {
            ports.push((spec::parse_listen(text)?, Target::Socks));
        }
        let datagrams = how.udp.iter().map(|text| Forward::parse(text)).collect::<Result<Vec<_>, _>>()?;
        match ports.is_empty() && datagrams.is_empty() {
            true => Err(OperatorError::Usage(
                "say what to forward: PORT:HOST:HOSTPORT, --udp PORT:HOST:HOSTPORT or --socks PORT".into(),
            )),
            false => Ok(Plan { ports, datagrams }),
        }
    }
}

struct Work {
    ports: Vec<(Port, Target)>,
    datagrams: Vec<Datagrams>,
    bridges: Vec<Bridge>,
    begun: u64,
    /// When the server last had to prove itself anew.
    proved_at: Option<Instant>,
}

impl Work {
    fn listen(chain: &Chain, plan: Plan, device: &Device, output: &Output) -> Result<Work, OperatorError> {
        let mut work =
            Work { ports: Vec::new(), datagrams: Vec::new(), bridges: Vec::new(), begun: 0, proved_at: None };
        for (address, target) in plan.ports {
            let port = Port::listen(chain, address).map_err(|error| busy(address, &error))?;
            let to = match &target {
                Target::Fixed(host, to) => json!({ "host": host, "port": to }),
                Target::Socks => json!("socks5"),
            };
            tell(port.address(), "tcp", &to, device, output)?;
            work.ports.push((port, target));
        }
        for forward in plan.datagrams {
            let Forward { listen, host, port } = forward;
            let datagrams =
                Datagrams::listen(chain, listen, &host, port).map_err(|error| busy(listen, &error))?;
            tell(datagrams.address(), "udp", &json!({ "host": host, "port": port }), device, output)?;
            work.datagrams.push(datagrams);
        }
        Ok(work)
    }

    /// Until the operator has enough, or the control channel ends.
    fn run(
        &mut self,
        session: &mut Session,
        device: &Device,
        desk: &mut Desk,
        once: bool,
        output: &Output,
    ) -> Result<(), OperatorError> {
        let mut sign_at = Instant::now() + SIGN_OF_LIFE;
        while !self.is_done(once) {
            let until = self.deadline().map_or(sign_at, |at| at.min(sign_at));
            session.attend(Some(until), &mut || desk.has_signal() || self.has_news())?;
            let now = Instant::now();
            if desk.take_signal().is_some() {
                return Ok(());
            }
            if now >= sign_at {
                session.send(&json!({ "action": "ping" }))?;
                sign_at = now + SIGN_OF_LIFE;
            }
            self.accept(session, device)?;
            let mut stale = false;
            for bridge in self.bridges.iter_mut().filter(|bridge| bridge.needs_turn(now)) {
                let notice = bridge.turn(session, device, now)?;
                stale |= warn(notice, output);
            }
            for datagrams in &mut self.datagrams {
                let notice = datagrams.turn(session, device, now)?;
                stale |= warn(notice, output);
            }
            self.bridges.retain(|bridge| !bridge.is_over());
            if stale {
                self.prove_anew(session, output);
            }
        }
        Ok(())
    }

    /// True when `--once` has had its connections.
    fn is_done(&self, once: bool) -> bool {
        once && self.begun > 0 && self.bridges.is_empty()
    }

    /// Replaces the session by one on the certificate that the server shows now, if it proves on it that it is the
    /// same. If it does not, the session stays as it is: a stranger in between must not end what works.
    fn prove_anew(&mut self, session: &mut Session, output: &Output) {
        let now = Instant::now();
        if self.proved_at.is_some_and(|at| now < at + PROOF_PAUSE) {
            return;
        }
        let opened = session.again().open(session.chain());
        self.proved_at = Some(Instant::now());
        match opened {
            Ok(fresh) => {
                *session = fresh;
                output.note("the server has another certificate and proved that it is the same; new connections go on");
            }
            Err(error) => output.note(&format!("the server did not prove that it is the same: {error}")),
        }
    }

    /// Tries until it succeeds, and serves open connections meanwhile; `None` when the operator has enough.
    fn reopen(
        &mut self,
        open: Open<'_>,
        chain: &Chain,
        desk: &mut Desk,
        once: bool,
        output: &Output,
    ) -> Result<Option<Session>, OperatorError> {
        let mut pause = Duration::from_secs(1);
        loop {
            let until = Instant::now() + pause;
            loop {
                let now = Instant::now();
                for bridge in self.bridges.iter_mut().filter(|bridge| bridge.needs_carrying(now)) {
                    // Whichever it is, the server will prove itself anyway.
                    let _ = warn(bridge.carry(now), output);
                }
                self.bridges.retain(|bridge| !bridge.is_over());
                if desk.has_signal() || self.is_done(once) {
                    return Ok(None);
                }
                if now >= until {
                    break;
                }
                let wake_at = self.bridges.iter().filter_map(Bridge::deadline).fold(until, Instant::min);
                let bridges = &self.bridges;
                let end = chain.run_until(Some(wake_at), &mut |_| {
                    desk.has_signal() || bridges.iter().any(|bridge| bridge.needs_carrying(now))
                });
                end.map_err(|error| OperatorError::System(error.into()))?;
            }
            match open(chain) {
                Ok(session) => return Ok(Some(session)),
                Err(OperatorError::Unreachable { .. } | OperatorError::Silent { .. }) => {
                    pause = (pause * 2).min(MAX_PAUSE);
                }
                Err(error) => return Err(error),
            }
        }
    }

    fn accept(&mut self, session: &mut Session, device: &Device) -> Result<(), OperatorError> {
        for (port, target) in &mut self.ports {
            while self.bridges.len() < MAX_BRIDGES {
                let Some(local) = port.accept() else { break };
                self.bridges.push(Bridge::begin(session, device, local, target)?);
                self.begun += 1;
            }
        }
        Ok(())
    }

    fn has_news(&self) -> bool {
        self.bridges.len() < MAX_BRIDGES && self.ports.iter().any(|(port, _)| port.has_news())
            || self.bridges.iter().any(Bridge::has_news)
            || self.datagrams.iter().any(Datagrams::has_news)
    }

    fn deadline(&self) -> Option<Instant> {
        let bridges = self.bridges.iter().filter_map(Bridge::deadline);
        bridges.chain(self.datagrams.iter().filter_map(Datagrams::deadline)).min()
    }
}

/// Says where it listens, and warns when others than this machine's programs may connect.
fn tell(
    address: SocketAddr,
    transport: &str,
    to: &serde_json::Value,
    device: &Device,
    output: &Output,
) -> Result<(), OperatorError> {
    let value = json!({ "listening": { "address": address.to_string(), "transport": transport, "to": to } });
    output.item(&value, || {
        let to = match to.as_str() {
            Some(_) => "wherever a SOCKS5 client wants".to_owned(),
            None => format!("{}:{}", to["host"].as_str().unwrap_or(""), to["port"]),
        };
        format!("{transport} {address} -> {} -> {}\n", escape_line(&device.name), escape_line(&to))
    })?;
    if !address.ip().is_loopback() {
        output.note(&format!(
            "everybody who reaches {address} can use this; leave the address out for this machine alone"
        ));
    }
    Ok(())
}

/// Tells a notice; true when the server has to prove itself anew.
fn warn(notice: Option<Notice>, output: &Output) -> bool {
    let (text, stale) = match notice {
        Some(Notice::Failed(text)) => (text, false),
        Some(Notice::Stale(text)) => (text, true),
        None => return false,
    };
    output.note(&escape_line(&text));
    stale
}

fn busy(address: SocketAddr, error: &std::io::Error) -> OperatorError {
    OperatorError::Failed(format!("cannot listen on {address}: {error}; choose another port"))
}
