//! Runs every script under `tests/js` on a real chain: one behaviour per file, the file name says which.
//!
//! A script passes when it ends with exit code 0. Comments at its top change that:
//!
//! * `//: exit N` it must end with this code
//! * `//: uncaught TEXT` it must end by an uncaught error whose report contains the text
//! * `//: crash TEXT` the context must end by a crash whose report contains the text
//! * `//: prints LINE` the console lines must be exactly these, in order
//! * `//: loops N` budget: iterations of one loop
//! * `//: turn MS` budget: processor time of one turn of jobs
//! * `//: handles N` budget: links and open files
//! * `//: manifest JSON` the script has this manifest; `$DIR` in it is an empty folder of its own, also `argv[3]`
//! * `//: permissions none` the script may do nothing but compute
//!
//! Scripts under `hostile` run in a process of their own each, because what they try could end it.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use js_modules::host::manifest::Manifest;
use js_modules::host::{Budget, Host, HostEvent, HostOptions, Permissions, on_big_stack, read_script};
use microstack::chain::Chain;

const TIME: Duration = Duration::from_secs(60);

fn root() -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/js");
    // Without links, as the paths that scripts see.
    folder.canonicalize().unwrap()
}

#[derive(Default)]
struct Wanted {
    exit: Option<i32>,
    uncaught: Option<String>,
    crash: Option<String>,
    prints: Vec<String>,
    loops: Option<u64>,
    turn_ms: Option<u64>,
    handles: Option<usize>,
    manifest: Option<String>,
    no_permissions: bool,
}

impl Wanted {
    fn read(source: &str) -> Result<Wanted, String> {
        let mut wanted = Wanted::default();
        for line in source.lines() {
            let Some(line) = line.strip_prefix("//: ") else { break };
            let (key, value) = line.split_once(' ').unwrap_or((line, ""));
            match key {
                "exit" => wanted.exit = Some(value.parse().map_err(|_| format!("bad line {line}"))?),
                "uncaught" => wanted.uncaught = Some(value.to_owned()),
                "crash" => wanted.crash = Some(value.to_owned()),
                "prints" => wanted.prints.push(value.to_owned()),
                "loops" => wanted.loops = Some(value.parse().map_err(|_| format!("bad line {line}"))?),
                "turn" => wanted.turn_ms = Some(value.parse().map_err(|_| format!("bad line {line}"))?),
                "handles" => wanted.handles = Some(value.parse().map_err(|_| format!("bad line {line}"))?),
                "manifest" => wanted.manifest = Some(value.to_owned()),
                "permissions" if value == "none" => wanted.no_permissions = true,
                _ => return Err(format!("unknown line {line}")),
            }
        }
        Ok(wanted)
    }
}

/// Runs one script; an error says how it differs from what its comments want.
fn run(path: &Path) -> Result<(), String> {
    let source = read_script(path)?;
    let wanted = Wanted::read(&source)?;
    let chain = Chain::new().map_err(|e| e.to_string())?;
    let folder = path.parent().unwrap_or(Path::new("/")).to_path_buf();
    let mut budget = Budget { loop_iterations: wanted.loops, ..Budget::default() };
    budget.turn = wanted.turn_ms.map(Duration::from_millis);
    budget.max_handles = wanted.handles.unwrap_or(budget.max_handles);
    let mut permissions = if wanted.no_permissions { Permissions::none() } else { Permissions::full() };
    let mut own = None;
    let mut argv = vec!["/usr/bin/meshlite-agent".into(), path.display().to_string(), "one".into()];
    if let Some(manifest) = &wanted.manifest {
        let folder = tempfile::tempdir().map_err(|e| e.to_string())?;
        let place = folder.path().canonicalize().map_err(|e| e.to_string())?.display().to_string();
        let manifest = Manifest::parse(&manifest.replace("$DIR", &place)).map_err(|e| e.to_string())?;
        budget = manifest.budget(budget);
        permissions = manifest.permissions;
        argv.push(place);
        own = Some(folder);
    }
    let options = HostOptions {
        argv,
        exec_path: "/usr/bin/meshlite-agent".into(),
        cwd: folder,
        env: vec![("HOME".into(), "/home/tester".into()), ("PATH".into(), "/usr/bin:/bin".into())],
        budget,
        permissions,
        ..HostOptions::default()
    };
    let mut host = Host::new(chain.clone(), options).map_err(|e| e.to_string())?;
    host.run_script(&path.display().to_string(), &source);
    let deadline = Instant::now() + TIME;
    let mut code = host.exit_code();
    while code.is_none() {
        let end = chain.run_until(Some(deadline), &mut |_| {
            host.drain();
            host.is_idle()
        });
        end.map_err(|e| e.to_string())?;
        if Instant::now() >= deadline {
            return Err("did not end in time".into());
        }
        code = host.finish();
    }
    drop(own);
    let mut lines = Vec::new();
    let mut problems = Vec::new();
    let mut seen = (false, false);
    for event in host.events() {
        match event {
            HostEvent::ConsoleLine { text, .. } => lines.push(text),
            HostEvent::UncaughtException(error) => match &wanted.uncaught {
                Some(text) if error.to_string().contains(text) => seen.0 = true,
                _ => problems.push(format!("uncaught {error}")),
            },
            HostEvent::CoreCrashed { reason } => match &wanted.crash {
                Some(text) if reason.to_string().contains(text) => seen.1 = true,
                _ => problems.push(format!("crashed: {reason}")),
            },
            HostEvent::UnhandledRejection(error) => problems.push(format!("rejection {error}")),
            _ => {}
        }
    }
    if wanted.uncaught.is_some() && !seen.0 {
        problems.push("no uncaught error came".into());
    }
    if wanted.crash.is_some() && !seen.1 {
        problems.push("no crash came".into());
    }
    let expected = match (&wanted.uncaught, &wanted.crash) {
        _ if wanted.exit.is_some() => wanted.exit,
        (Some(_), _) => Some(1),
        (_, Some(_)) => Some(70),
        _ => Some(0),
    };
    if code != expected {
        problems.push(format!("ended with {code:?}, not {expected:?}; printed {lines:?}"));
    }
    if !wanted.prints.is_empty() && wanted.prints != lines {
        problems.push(format!("printed {lines:#?}, not {:#?}", wanted.prints));
    }
    if std::env::var_os("JS_SHOW").is_some() {
        println!("{lines:#?}");
    }
    if problems.is_empty() { Ok(()) } else { Err(problems.join("\n")) }
}

fn scripts(folder: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(root().join(folder)).unwrap_or_else(|e| panic!("{folder}: {e}"));
    let mut found: Vec<PathBuf> = entries.map(|e| e.unwrap().path()).collect();
    found.retain(|path| path.extension().is_some_and(|e| e == "js" || e == "mjs"));
    found.sort();
    assert!(!found.is_empty(), "no script in {folder}");
    found
}

fn report(folder: &str, failed: &[(PathBuf, String)], count: usize) {
    let mut text = String::new();
    for (path, problem) in failed {
        text.push_str(&format!("\n--- {}\n{problem}\n", path.strip_prefix(root()).unwrap().display()));
    }
    assert!(failed.is_empty(), "{} of {count} scripts failed in {folder}:{text}", failed.len());
}

/// `JS_CASE=part-of-a-name` runs only the scripts whose name contains it; `JS_SHOW=1` shows what they print.
fn chosen(path: &Path) -> bool {
    std::env::var("JS_CASE").map_or(true, |part| path.to_string_lossy().contains(&part))
}

fn folder(name: &str) {
    let all = scripts(name);
    let failed = on_big_stack(|| {
        let cases = all.iter().filter(|path| chosen(path));
        cases.filter_map(|path| run(path).err().map(|e| (path.clone(), e))).collect::<Vec<_>>()
    })
    .unwrap();
    report(name, &failed, all.len());
}

macro_rules! folders {
    ($($name:ident),*) => {
        $(#[test] fn $name() { folder(stringify!($name)); })*
        const NAMED: &[&str] = &[$(stringify!($name)),*];
    };
}

folders!(
    abort,
    assert,
    buffer,
    builtins,
    child_process,
    clone,
    console,
    crypto,
    dgram,
    dns,
    encoding,
    esm,
    events,
    fetch,
    ffi,
    fs,
    host,
    http,
    modules,
    net,
    os,
    path,
    performance,
    permissions,
    process,
    querystring,
    readline,
    stream,
    string_decoder,
    timers,
    tls,
    url,
    util,
    vm,
    zlib
);

#[test]
fn hostile() {
    let all = scripts("hostile");
    let failed = in_children(&all, 64);
    report("hostile", &failed, all.len());
}

/// The recursion limit must hold with half of the stack: builds and machines differ.
#[test]
fn endless_recursion_of_each_kind_ends_on_half_the_stack() {
    let mut all = scripts("hostile");
    all.retain(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("endless-")));
    let failed = in_children(&all, 32);
    report("hostile", &failed, all.len());
}

fn in_children(all: &[PathBuf], stack_mib: usize) -> Vec<(PathBuf, String)> {
    let exe = std::env::current_exe().unwrap();
    let mut failed = Vec::new();
    for path in all.iter().filter(|path| chosen(path)) {
        let output = Command::new(&exe)
            .args(["--exact", "child", "--nocapture"])
            .env("MESHLITE_JS_CHILD", path)
            .env("MESHLITE_JS_STACK_MIB", stack_mib.to_string())
            .env("RUST_BACKTRACE", "0")
            .output()
            .unwrap();
        if !output.status.success() {
            let text = format!(
                "{}\n{}{}",
                output.status,
                String::from_utf8_lossy(&output.stdout),
                String::from_utf8_lossy(&output.stderr)
            );
            failed.push((path.clone(), text));
        }
    }
    failed
}

/// What [`hostile`] runs in processes of their own; alone it has nothing to do.
#[test]
fn child() {
    let Ok(path) = std::env::var("MESHLITE_JS_CHILD") else { return };
    let stack = std::env::var("MESHLITE_JS_STACK_MIB").ok().and_then(|n| n.parse().ok()).unwrap_or(64);
    let thread = std::thread::Builder::new().stack_size(stack << 20).spawn(move || run(Path::new(&path)));
    if let Err(problem) = thread.unwrap().join().unwrap() {
        panic!("{problem}");
    }
}

/// Folders that nobody named above would never run.
#[test]
fn every_folder_is_run() {
    for entry in std::fs::read_dir(root()).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().to_string_lossy().into_owned();
        if entry.path().is_dir() && !NAMED.contains(&name.as_str()) && name != "hostile" {
            folder(&name);
        }
    }
}
