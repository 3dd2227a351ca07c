//! `cargo xtask bench`: measures our programs, and the real ones beside them in the same run.
#![forbid(unsafe_code)]

mod agents;
mod cut;
mod identities;
mod load;
mod proc;
mod servers;
mod table;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use servers::Scale;

const USAGE: &str = "usage: meshlite-bench --report FILE [--meshcentral DIR] [--quick] [server|agent]\n\
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
    let (mut report, mut real, mut quick, mut only) = (None, None, false, None);
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--report" => report = args.next().map(PathBuf::from),
            "--meshcentral" => real = args.next().map(PathBuf::from),
            "--quick" => quick = true,
            "server" | "agent" => only = Some(arg),
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
