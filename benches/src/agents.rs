//! The agent's figures: start, idle memory, wake-ups, reconnect.

use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

use meshlite_tests::deadline::PATIENCE;
use meshlite_tests::server::Options;
use meshlite_tests::{Agent, RealAgent, Server};

use crate::cut::Wire;
use crate::proc;
use crate::servers::Scale;
use crate::table::{Row, mb, median, ms};

/// The server's log line when an agent has been accepted.
const ACCEPTED: &str = "INFO connected device=";

/// After this an agent takes a lost connection up again at once.
const SETTLED: Duration = Duration::from_secs(11);

/// Either agent.
trait Subject {
    fn stop(&mut self);
    fn start(&mut self);
    fn pid(&mut self) -> u32;
}

impl Subject for Agent {
    fn stop(&mut self) {
        Agent::stop(self);
    }
    fn start(&mut self) {
        self.restart();
    }
    fn pid(&mut self) -> u32 {
        self.supervisor()
    }
}

impl Subject for RealAgent {
    fn stop(&mut self) {
        self.process().kill9();
    }
    fn start(&mut self) {
        self.restart();
    }
    fn pid(&mut self) -> u32 {
        self.process().pid()
    }
}

struct Figures {
    start: Duration,
    start_cpu: Duration,
    reconnect: Duration,
    idle_kb: u64,
    wake_ups: u64,
    idle_cpu: Duration,
}

/// All rows about agents. Both idle at the same time, under the same server.
pub fn measure(real: Option<&Path>, scale: Scale) -> Result<Vec<Row>, String> {
    let mut server = Server::with(Options { full_keys: true, ..Options::default() });
    let wire = Wire::to(server.address()).map_err(|e| e.to_string())?;
    server.add_group("bench");
    let msh = server.msh_via("bench", wire.address());
    println!("our agent");
    let mut agent = Agent::start(&msh);
    server.process().expect(0, &[ACCEPTED], PATIENCE);
    let mut ours = active(&mut agent, &mut server, &wire, scale);
    let mut theirs = None;
    if let Some(dir) = real {
        println!("MeshAgent");
        Agent::stop(&mut agent);
        let mark = server.process().mark();
        let mut real_agent = RealAgent::start(dir, &msh);
        server.process().expect(mark, &[ACCEPTED], PATIENCE);
        theirs = Some((active(&mut real_agent, &mut server, &wire, scale), real_agent));
        agent.restart();
    }
    println!("idle for {} s", scale.idle.as_secs());
    sleep(Duration::from_secs(20));
    let begun = usage(&mut agent);
    let begun_real = theirs.as_mut().map(|(_, agent)| usage(agent));
    sleep(scale.idle);
    idle(&mut ours, &mut agent, begun);
    if let (Some((figures, agent)), Some(begun)) = (&mut theirs, begun_real) {
        idle(figures, agent, begun);
    }
    let theirs = theirs.map(|(figures, _)| figures);
    let beside = |read: fn(&Figures) -> String| theirs.as_ref().map(read);
    let seconds = scale.idle.as_secs();
    Ok(vec![
        Row::new("agent start to accepted by the server", ms(ours.start), "").beside(beside(|f| ms(f.start))),
        Row::new("agent, first 3 s of a later start, CPU", ms(ours.start_cpu), "60 ms before the core runs")
            .beside(beside(|f| ms(f.start_cpu))),
        Row::new("reconnect after a dropped socket", ms(ours.reconnect), "50 ms")
            .beside(beside(|f| ms(f.reconnect))),
        Row::new("agent memory, idle, supervisor included", mb(ours.idle_kb), "16 MB with the real meshcore")
            .beside(beside(|f| mb(f.idle_kb))),
        Row::new(format!("agent wake-ups in {seconds} s idle"), ours.wake_ups.to_string(), "10 in 300 s")
            .beside(beside(|f| f.wake_ups.to_string())),
        Row::new(format!("agent CPU in {seconds} s idle"), ms(ours.idle_cpu), "5 ms in 300 s")
            .beside(beside(|f| ms(f.idle_cpu))),
    ])
}

fn active(agent: &mut dyn Subject, server: &mut Server, wire: &Wire, scale: Scale) -> Figures {
    let mut starts = Vec::new();
    let mut cpus = Vec::new();
    for _ in 0..scale.starts {
        agent.stop();
        let mark = server.process().mark();
        let begun = Instant::now();
        agent.start();
        server.process().expect(mark, &[ACCEPTED], PATIENCE);
        starts.push(begun.elapsed());
        sleep(Duration::from_secs(3).saturating_sub(begun.elapsed()));
        cpus.push(proc::cpu_of_tree(agent.pid()));
    }
    let mut reconnects = Vec::new();
    for _ in 0..scale.starts {
        // A connection that was short-lived makes agents wait before the next: that is not what is measured.
        sleep(SETTLED);
        let mark = server.process().mark();
        let begun = Instant::now();
        wire.cut();
        server.process().expect(mark, &[ACCEPTED], PATIENCE);
        reconnects.push(begun.elapsed());
    }
    Figures {
        start: median(starts),
        start_cpu: median(cpus),
        reconnect: median(reconnects),
        idle_kb: 0,
        wake_ups: 0,
        idle_cpu: Duration::ZERO,
    }
}

fn usage(agent: &mut dyn Subject) -> (u64, Duration) {
    let pid = agent.pid();
    (proc::wake_ups_of_tree(pid), proc::cpu_of_tree(pid))
}

fn idle(figures: &mut Figures, agent: &mut dyn Subject, begun: (u64, Duration)) {
    let (wake_ups, cpu) = usage(agent);
    figures.wake_ups = wake_ups.saturating_sub(begun.0);
    figures.idle_cpu = cpu.saturating_sub(begun.1);
    figures.idle_kb = proc::pss_of_tree(agent.pid());
}
