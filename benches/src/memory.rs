//! Where the agent's memory goes: from an empty script to MeshCentral's own core under a real server, in steps.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use meshlite_tests::{Agent, PATIENCE, RealAgent, RealServer, Running, eventually, place, procfs};
use tempfile::TempDir;

use crate::proc;

/// After its reports a core and the collector come to rest.
const SETTLE: Duration = Duration::from_secs(40);

/// Memory of one process tree, kB.
#[derive(Debug, Clone, Copy, Default)]
struct Held {
    /// Proportional set size: what the device loses by it.
    pss: u64,
    /// Pages that it alone uses and has written to.
    dirty: u64,
}

/// The section of the page; empty without the real programs, whose core it is about.
///
/// # Errors
/// When a program cannot be started.
pub fn section(real: Option<&Path>) -> Result<String, String> {
    let Some(real) = real else { return Ok(String::new()) };
    let folder = TempDir::new().map_err(|e| e.to_string())?;
    let core = fs::read_to_string(real.join("agents/meshcore.js")).map_err(|e| e.to_string())?;
    // Compiled and never called: what the text costs before it does anything.
    let compiled = format!("var core = function () {{\n{core}\n}};\n");
    let program = place::program("meshlite-agent");
    let theirs = folder.path().join("meshagent");
    fs::copy(real.join("agents/meshagent_x86-64"), &theirs).map_err(|e| e.to_string())?;
    fs::set_permissions(&theirs, fs::Permissions::from_mode(0o755)).map_err(|e| e.to_string())?;
    let steps = [
        ("an empty script, Node layer", "", false),
        ("an empty script, MeshAgent dialect", "", true),
        ("the same with meshcore compiled, not run", compiled.as_str(), true),
    ];
    let mut out = String::from(HEAD);
    for (name, text, dialect) in steps {
        let path = folder.path().join("held.js");
        fs::write(&path, format!("{text}setTimeout(function () {{}}, 1e8); console.log('READY');"))
            .map_err(|e| e.to_string())?;
        let mut ours = Command::new(&program);
        ours.arg("script").args(dialect.then_some("--meshagent")).arg(&path);
        let mut beside = Command::new(&theirs);
        beside.arg(&path);
        let ours = scripted(&mut ours)?;
        // It knows one layer only.
        let beside = if dialect { Some(scripted(&mut beside)?) } else { None };
        row(&mut out, name, ours, beside);
    }
    let server = RealServer::start(real);
    let msh = server.group("memory");
    let mut agent = Agent::start(&msh);
    let mut real_agent = RealAgent::start(real, &msh);
    eventually("both cores' reports", PATIENCE * 2, || {
        let ready = |d: &&serde_json::Value| d["osdesc"].is_string() && d["agent"]["caps"].as_u64() > Some(6);
        (server.devices().iter().filter(ready).count() == 2).then_some(())
    });
    sleep(SETTLE);
    let (supervisor, worker) = (agent.supervisor(), agent.worker());
    row(
        &mut out,
        "under a real server, meshcore at work: all processes",
        held(&proc::tree(supervisor)),
        Some(held(&proc::tree(real_agent.process().pid()))),
    );
    row(&mut out, "of these, the supervisor", held(&[supervisor]), None);
    out.push_str(PARTS);
    for (part, kb) in parts(worker)? {
        let _ = writeln!(out, "| {part} | {} |", mb(kb));
    }
    agent.stop();
    Ok(out)
}

fn scripted(command: &mut Command) -> Result<Held, String> {
    command.stdin(Stdio::null());
    let mut running = Running::spawn("held", command);
    running.expect(0, &["READY"], PATIENCE);
    sleep(Duration::from_secs(2));
    let held = held(&[running.pid()]);
    running.kill9();
    Ok(held)
}

fn held(pids: &[u32]) -> Held {
    pids.iter().fold(Held::default(), |sum, pid| Held {
        pss: sum.pss + procfs::pss_kib(*pid),
        dirty: sum.dirty + procfs::private_dirty_kib(*pid),
    })
}

/// The worker's proportional set size by kind of mapping, largest first.
fn parts(pid: u32) -> Result<Vec<(&'static str, u64)>, String> {
    let text = fs::read_to_string(format!("/proc/{pid}/smaps")).map_err(|e| e.to_string())?;
    let mut sums: BTreeMap<&'static str, u64> = BTreeMap::new();
    let mut kind = "other";
    for line in text.lines() {
        let mut words = line.split_whitespace();
        let Some(first) = words.next() else { continue };
        if first == "Pss:" {
            *sums.entry(kind).or_default() += words.next().and_then(|kb| kb.parse().ok()).unwrap_or(0);
        } else if !first.ends_with(':') {
            let access = words.next().unwrap_or_default().to_owned();
            kind = mapping(&access, words.nth(3).unwrap_or_default());
        }
    }
    let mut parts: Vec<_> = sums.into_iter().filter(|(_, kb)| *kb > 0).collect();
    parts.sort_by_key(|(_, kb)| std::cmp::Reverse(*kb));
    Ok(parts)
}

fn mapping(access: &str, name: &str) -> &'static str {
    match name {
        "" | "[heap]" => "heap: script objects, compiled code, buffers",
        "[stack]" => "stack",
        name if name.contains("meshlite-agent") && access.contains('x') => "program: code in use",
        name if name.contains("meshlite-agent") => "program: constants, tables, module sources in use",
        name if name.contains(".so") => "C library",
        name if name.starts_with('/') => "files",
        _ => "other",
    }
}

fn row(out: &mut String, name: &str, ours: Held, beside: Option<Held>) {
    let show = |held: Held| format!("{} ({})", mb(held.pss), mb(held.dirty));
    let _ = writeln!(out, "| {name} | {} | {} |", show(ours), beside.map_or_else(|| "-".to_owned(), show));
}

fn mb(kb: u64) -> String {
    format!("{:.1} MB", kb as f64 / 1000.0)
}

const HEAD: &str = "
## Memory, up to MeshCentral's whole core

Proportional set size, and in brackets the part that the process alone uses and has written to. Each line contains the
ones above it.

| step | Meshlite | MeshAgent |
|---|---|---|
";

const PARTS: &str = "
What the worker of the last step consists of:

| part | PSS |
|---|---|
";
