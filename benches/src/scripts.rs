//! The JavaScript suite: the same scripts on our host, in MeshAgent (Duktape), in QuickJS and in Node, in turn.

use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use meshlite_tests::meshctrl::{Answer, node, run};
use meshlite_tests::place;
use tempfile::TempDir;

/// A script of the suite takes this long at most on one engine; what takes longer is shown as such.
const PATIENCE: Duration = Duration::from_secs(120);

/// What runs scripts.
struct Engine {
    name: &'static str,
    /// The program and what stands before the script's path.
    command: Vec<PathBuf>,
    /// It has no `console` and no `Buffer`: the script's value is printed by the runner.
    bare: bool,
}

/// Milliseconds of each round, or why there are none.
type Times = Result<Vec<u64>, String>;

/// Runs the suite and gives the page of the documentation.
///
/// # Errors
/// When the scripts cannot be read.
pub fn page(
    machine: &str,
    real: Option<&Path>,
    quickjs: Option<&Path>,
    rounds: usize,
) -> Result<String, String> {
    let folder = TempDir::new().map_err(|e| e.to_string())?;
    let engines = engines(folder.path(), real, quickjs)?;
    let mut out = String::from(HEAD);
    let _ = writeln!(out, "{machine} {rounds} rounds.\n");
    let _ = write!(out, "| script |");
    for engine in &engines {
        let _ = write!(out, " {} |", engine.name);
    }
    let _ = write!(out, " ours / MeshAgent |\n|---|");
    let _ = writeln!(out, "{}---|", "---|".repeat(engines.len()));
    for script in scripts()? {
        let times = measure(&script, &engines, folder.path(), rounds)?;
        let name = script.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        println!("{name}: {times:?}");
        row(&mut out, &name, &times, &engines);
    }
    let (starts, peaks) = start_up(&engines, folder.path(), rounds)?;
    row(&mut out, "start, an empty script (ms)", &starts, &engines);
    row(&mut out, "peak memory of an empty script (kB)", &peaks, &engines);
    out.push_str(FOOT);
    Ok(out)
}

fn engines(folder: &Path, real: Option<&Path>, quickjs: Option<&Path>) -> Result<Vec<Engine>, String> {
    let mut engines = vec![Engine {
        name: "Meshlite (Boa)",
        command: vec![place::program("meshlite-agent"), "script".into()],
        bare: false,
    }];
    if let Some(real) = real {
        let program = folder.join("meshagent");
        fs::copy(real.join("agents/meshagent_x86-64"), &program).map_err(|e| e.to_string())?;
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).map_err(|e| e.to_string())?;
        engines.push(Engine { name: "MeshAgent (Duktape)", command: vec![program], bare: false });
    }
    if let Some(quickjs) = quickjs {
        let runner = folder.join("quickjs-runner.py");
        fs::write(&runner, QUICKJS).map_err(|e| e.to_string())?;
        engines.push(Engine {
            name: "QuickJS",
            command: vec!["python3".into(), runner, quickjs.to_owned()],
            bare: true,
        });
    }
    engines.push(Engine { name: "Node", command: vec!["node".into()], bare: false });
    engines.push(Engine {
        name: "Node, no JIT",
        command: vec!["node".into(), "--jitless".into()],
        bare: false,
    });
    Ok(engines)
}

fn scripts() -> Result<Vec<PathBuf>, String> {
    let folder = place::root().join("benches/js/suite");
    let entries = fs::read_dir(&folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    let mut scripts: Vec<PathBuf> = entries.flatten().map(|e| e.path()).collect();
    scripts.sort();
    Ok(scripts)
}

/// All engines in turn, round by round, so that a change of the machine's speed meets them alike.
fn measure(script: &Path, engines: &[Engine], folder: &Path, rounds: usize) -> Result<Vec<Times>, String> {
    let source = fs::read_to_string(script).map_err(|e| format!("{}: {e}", script.display()))?;
    let mut all: Vec<Times> = engines.iter().map(|_| Ok(Vec::new())).collect();
    let mut check: Option<String> = None;
    for _ in 0..rounds {
        for (engine, times) in engines.iter().zip(&mut all) {
            let Ok(list) = times else { continue };
            if engine.bare && source.contains("Buffer") {
                *times = Err("-".to_owned());
                continue;
            }
            let path = folder.join("script.js");
            let tail = if engine.bare { BARE_TAIL } else { TAIL };
            fs::write(&path, format!("{source}{tail}")).map_err(|e| e.to_string())?;
            let answer = launch(engine, &path);
            match read(&answer) {
                Some((ms, value)) => {
                    // An engine that computes something else must not win.
                    let expected = check.get_or_insert_with(|| value.clone());
                    if *expected == value { list.push(ms) } else { *times = Err(format!("wrong: {value}")) }
                }
                None if answer.code.is_none() => *times = Err(format!("over {} s", PATIENCE.as_secs())),
                None => *times = Err("failed".to_owned()),
            }
        }
    }
    Ok(all)
}

/// The whole process of an empty script, and what memory it took.
fn start_up(engines: &[Engine], folder: &Path, rounds: usize) -> Result<(Vec<Times>, Vec<Times>), String> {
    let path = folder.join("empty.js");
    fs::write(&path, PEAK).map_err(|e| e.to_string())?;
    let mut starts: Vec<Times> = engines.iter().map(|_| Ok(Vec::new())).collect();
    let mut peaks = starts.clone();
    for _ in 0..rounds.max(5) {
        for ((engine, starts), peaks) in engines.iter().zip(&mut starts).zip(&mut peaks) {
            if engine.bare {
                // Its process is Python's.
                (*starts, *peaks) = (Err("-".to_owned()), Err("-".to_owned()));
                continue;
            }
            let begun = Instant::now();
            let answer = launch(engine, &path);
            let took = begun.elapsed().as_millis() as u64;
            let peak = answer.stdout.split_whitespace().find_map(|word| word.parse::<u64>().ok());
            if let (Ok(starts), Ok(peaks), Some(peak)) = (starts, peaks, peak) {
                starts.push(took);
                peaks.push(peak);
            }
        }
    }
    Ok((starts, peaks))
}

fn launch(engine: &Engine, script: &Path) -> Answer {
    let mut command =
        if engine.command[0] == Path::new("node") { node() } else { Command::new(&engine.command[0]) };
    command.args(&engine.command[1..]).arg(script).current_dir(script.parent().unwrap_or(Path::new("/")));
    run(&mut command, PATIENCE)
}

/// `MS VALUE`, whatever an engine puts around it.
fn read(answer: &Answer) -> Option<(u64, String)> {
    let line = answer.stdout.lines().find(|line| line.starts_with("RESULT "))?;
    let mut words = line.split_whitespace().skip(1);
    Some((words.next()?.parse().ok()?, words.next()?.to_owned()))
}

fn row(out: &mut String, name: &str, times: &[Times], engines: &[Engine]) {
    let medians: Vec<Option<u64>> = times.iter().map(|t| t.as_ref().ok().and_then(|t| median(t))).collect();
    let _ = write!(out, "| {name} |");
    for (time, median) in times.iter().zip(&medians) {
        let shown = match (time, median) {
            (_, Some(ms)) => ms.to_string(),
            (Err(why), None) => why.clone(),
            (Ok(_), None) => "failed".to_owned(),
        };
        let _ = write!(out, " {shown} |");
    }
    let theirs = engines.iter().position(|e| e.name.starts_with("MeshAgent")).and_then(|at| medians[at]);
    let ratio = match (medians[0], theirs) {
        (Some(ours), Some(theirs)) => format!("{:.2}", ours as f64 / theirs.max(1) as f64),
        _ => "-".to_owned(),
    };
    let _ = writeln!(out, " {ratio} |");
}

fn median(values: &[u64]) -> Option<u64> {
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    sorted.get(sorted.len() / 2).copied()
}

const TAIL: &str = "
var begun = Date.now(), value = run();
console.log('RESULT ' + (Date.now() - begun) + ' ' + value);
process.exit(0);
";

const BARE_TAIL: &str = "
var begun = Date.now(), value = run();
'RESULT ' + (Date.now() - begun) + ' ' + value;
";

const PEAK: &str = "
var lines = require('fs').readFileSync('/proc/self/status').toString().split('\\n'), i;
for (i = 0; i < lines.length; i++) { if (lines[i].indexOf('VmHWM') === 0) { console.log(lines[i].replace(/[^0-9]/g, '')); } }
process.exit(0);
";

const QUICKJS: &str = "
import sys
sys.path.insert(0, sys.argv[1])
import quickjs
print(quickjs.Context().eval(open(sys.argv[2]).read()))
";

const HEAD: &str = "\
# JavaScript benchmarks

Written by `cargo xtask bench js`: the scripts of `benches/js/suite` on our host (`meshlite-agent script`), in the real
MeshAgent as a script host (Duktape), in QuickJS (the PyPI package `quickjs`) and in Node, one after the other in each
round. Milliseconds by the script's own clock, median of the rounds; every engine must compute the same value. Machines
are noisy: read the ratios.

";

const FOOT: &str = "
How to read it:

* Boa is an interpreter, as Duktape and QuickJS are; *Node, no JIT* is the fair comparison with Node.
* `append` grows one text in 30,000 steps: engines without ropes copy it each time. Prefer an array and `join`.
* `props` deletes names from an object; that, and regular expressions, only the engine itself can do better (`patches/`).
* `json`, `sort`, `strings`, `buffer` and `hash` run on native code of the host.
";
