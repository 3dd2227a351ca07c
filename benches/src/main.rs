//! `cargo xtask bench`: measures our programs, and the real ones beside them in the same run.
#![forbid(unsafe_code)]

mod agents;
mod cut;
mod identities;
mod load;
mod memory;
mod proc;
mod relay;
mod scripts;
mod servers;
mod table;
mod tunnels;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use servers::Scale;

const USAGE: &str = "usage: meshlite-bench --report FILE [--meshcentral DIR] [--quickjs DIR] [--quick] [server|agent|js|relay]\n\
    MESHLITE_PROGRAMS must name the folder of our programs.";

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("bench: {message}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), String> {
    let (mut report, mut real, mut quickjs, mut quick, mut only) = (None, None, None, false, None);
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--report" => report = args.next().map(PathBuf::from),
            "--meshcentral" => real = args.next().map(PathBuf::from),
            "--quickjs" => quickjs = args.next().map(PathBuf::from),
            "--quick" => quick = true,
            "server" | "agent" | "js" | "relay" => only = Some(arg),
            _ => return Err(format!("{arg}: not understood\n{USAGE}")),
        }
    }
    let report = report.ok_or(USAGE)?;
    raise_descriptor_limit()?;
    let scale = if quick {
        Scale { starts: 3, handshakes: 100, crowd: 300, idle: Duration::from_secs(30) }
    } else {
        Scale { starts: 7, handshakes: 500, crowd: 2000, idle: Duration::from_secs(300) }
    };
    if only.as_deref().is_none_or(|only| only == "js") {
        let rounds = if quick { 3 } else { 7 };
        let mut page = scripts::page(&machine(), real.as_deref(), quickjs.as_deref(), rounds)?;
        page.push_str(&memory::section(real.as_deref())?);
        print!("{page}");
        let path = report.with_file_name("benchmarks-js.md");
        std::fs::write(&path, page).map_err(|e| format!("{}: {e}", path.display()))?;
    }
    if only.as_deref().is_none_or(|only| only == "relay") {
        let extent = if quick {
            relay::Extent { bytes: 64 << 20, echo: Duration::from_secs(3), open: 100 }
        } else {
            relay::Extent { bytes: 1 << 30, echo: Duration::from_secs(20), open: 1000 }
        };
        let page = relay::page(&machine(), real.as_deref(), extent)?;
        print!("{page}");
        let path = report.with_file_name("benchmarks-relay.md");
        std::fs::write(&path, page).map_err(|e| format!("{}: {e}", path.display()))?;
    }
    if matches!(only.as_deref(), Some("js" | "relay")) {
        return Ok(());
    }
    let mut rows = Vec::new();
    if only.as_deref() != Some("agent") {
        rows.extend(servers::measure(real.as_deref(), scale)?);
    }
    if only.as_deref() != Some("server") {
        rows.extend(agents::measure(real.as_deref(), scale)?);
    }
    let page = table::page(&machine(), &rows);
    print!("{page}");
    std::fs::write(&report, page).map_err(|e| format!("{}: {e}", report.display()))
}

/// Two descriptors for each agent of the crowd: this process's, and the server's, which inherits the limit.
fn raise_descriptor_limit() -> Result<(), String> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum })
        .map_err(|e| format!("the limit of open files cannot be raised: {e}"))
}

/// What the machine is, for the reader of the table.
fn machine() -> String {
    let cpus = std::thread::available_parallelism().map_or(0, usize::from);
    let model = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model =
        model.lines().find_map(|l| l.strip_prefix("model name")?.split(": ").nth(1).map(str::to_owned));
    format!("This run: {cpus} cores, {}.", model.unwrap_or_else(|| "unknown processor".to_owned()))
}
