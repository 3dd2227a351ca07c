//! The server's figures: start, idle memory, handshakes, memory per agent.

use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;
use std::thread::sleep;
use std::time::{Duration, Instant};

use meshlite_tests::server::Options;
use meshlite_tests::{RealServer, Server};
use microstack::channel::agent::Pin;
use microstack::crypto::Identity;

use crate::load::{Crowd, Target};
use crate::proc;
use crate::table::{Row, mb, median, ms};

/// How much to measure.
#[derive(Debug, Clone, Copy)]
pub struct Scale {
    pub starts: usize,
    pub handshakes: usize,
    pub crowd: usize,
    pub idle: Duration,
}

/// Either server, as far as the measurements care.
trait Subject {
    fn restart(&mut self);
    fn pid(&mut self) -> u32;
    fn target(&mut self) -> Result<Target, String>;
}

impl Subject for Server {
    fn restart(&mut self) {
        self.stop();
        Server::restart(self);
    }
    fn pid(&mut self) -> u32 {
        self.process().pid()
    }
    fn target(&mut self) -> Result<Target, String> {
        Target::from_msh(&self.group("load"))
    }
}

impl Subject for RealServer {
    fn restart(&mut self) {
        RealServer::restart(self);
    }
    fn pid(&mut self) -> u32 {
        RealServer::pid(self)
    }
    fn target(&mut self) -> Result<Target, String> {
        Target::from_msh(&self.group("load"))
    }
}

/// What was read off one server.
struct Figures {
    start: Duration,
    start_cpu: Duration,
    idle_kb: u64,
    full: Duration,
    skip: Duration,
    per_agent_kb: f64,
}

/// All rows about servers.
pub fn measure(real: Option<&Path>, scale: Scale) -> Result<Vec<Row>, String> {
    println!("identities for the load");
    let agents: Vec<Arc<Identity>> =
        crate::identities::make(scale.crowd.max(scale.handshakes), 2048)?.into_iter().map(Arc::new).collect();
    println!("our server, RSA-3072 certificate");
    let rsa = figures(&mut Server::with(Options { full_keys: true, ..Options::default() }), &agents, scale)?;
    println!("our server, P-256 certificate");
    let init = vec!["--web-cert".to_owned(), "p256".to_owned()];
    let ec =
        figures(&mut Server::with(Options { full_keys: true, init, ..Options::default() }), &agents, scale)?;
    let theirs = match real {
        Some(dir) => {
            println!("MeshCentral");
            Some(figures(&mut RealServer::start(dir), &agents, scale)?)
        }
        None => None,
    };
    let beside = |read: fn(&Figures) -> String| theirs.as_ref().map(read);
    let kb = |f: &Figures| format!("{:.1} kB", f.per_agent_kb);
    Ok(vec![
        Row::new("server start to listening, keys present", ms(rsa.start), "40 ms")
            .beside(beside(|f| ms(f.start))),
        Row::new("the same, CPU", ms(rsa.start_cpu), "").beside(beside(|f| ms(f.start_cpu))),
        Row::new("server memory, idle", mb(rsa.idle_kb), "10 MB").beside(beside(|f| mb(f.idle_kb))),
        Row::new("full handshake, server CPU, RSA-3072", ms(rsa.full), "4.2 ms")
            .beside(beside(|f| ms(f.full))),
        Row::new("skip path, server CPU, RSA-3072", ms(rsa.skip), "2.4 ms").beside(beside(|f| ms(f.skip))),
        Row::new("full handshake, server CPU, P-256", ms(ec.full), "3 ms"),
        Row::new("skip path, server CPU, P-256", ms(ec.skip), "1 ms"),
        Row::new(format!("memory per agent at {}", scale.crowd), kb(&rsa), "16 kB")
            .beside(beside(|f| format!("{:.1} kB", f.per_agent_kb))),
    ])
}

fn figures(server: &mut dyn Subject, agents: &[Arc<Identity>], scale: Scale) -> Result<Figures, String> {
    let mut starts = Vec::new();
    let mut cpus = Vec::new();
    for _ in 0..scale.starts {
        let begun = Instant::now();
        server.restart();
        starts.push(begun.elapsed());
        cpus.push(proc::cpu_of_tree(server.pid()));
    }
    sleep(Duration::from_secs(3));
    let idle_kb = proc::pss_of_tree(server.pid());
    let target = Rc::new(server.target()?);

    let mut pins: Vec<Option<Pin>> = vec![None; scale.handshakes];
    let full = handshakes(server.pid(), &target, agents, &mut pins)?;
    let skip = handshakes(server.pid(), &target, agents, &mut pins)?;

    server.restart();
    sleep(Duration::from_secs(3));
    let before = proc::pss_of_tree(server.pid());
    let mut crowd = Crowd::new()?;
    let all = agents.iter().take(scale.crowd).map(|a| (a.clone(), None));
    crowd.join(&target, all, 16, Duration::from_secs(600))?;
    let lost = crowd.stay(Duration::from_secs(5))?;
    if lost > 0 {
        return Err(format!("{lost} of {} agents lost their connection", scale.crowd));
    }
    let after = proc::pss_of_tree(server.pid());
    let per_agent_kb = (after as f64 - before as f64) / scale.crowd as f64;
    Ok(Figures { start: median(starts), start_cpu: median(cpus), idle_kb, full, skip, per_agent_kb })
}

/// Server CPU per handshake; fills the pins on the first round and uses them on the second.
fn handshakes(
    pid: u32,
    target: &Rc<Target>,
    agents: &[Arc<Identity>],
    pins: &mut [Option<Pin>],
) -> Result<Duration, String> {
    let expect_skip = pins.first().is_some_and(Option::is_some);
    let mut crowd = Crowd::new()?;
    let before = proc::cpu_of_tree(pid);
    let joining = agents.iter().cloned().zip(pins.iter().copied());
    let joined = crowd.join(target, joining, 8, Duration::from_secs(300))?;
    let spent = proc::cpu_of_tree(pid).saturating_sub(before);
    if joined.iter().any(|j| j.skip_path != expect_skip) {
        return Err(format!(
            "not all handshakes took the {} path",
            if expect_skip { "skip" } else { "full" }
        ));
    }
    // Every agent met the same certificate, so any of the pins is that of all.
    for (pin, joined) in pins.iter_mut().zip(&joined) {
        *pin = joined.pin;
    }
    crowd.leave();
    Ok(spent / joined.len() as u32)
}
