//! The MeshAgent dialect from outside: a port that records, cores that run, scripts under `tests/core`.
//!
//! The unmodified cores of MeshCentral are read from `$MESHLITE_MESHCENTRAL` (the package's folder); without it those
//! tests say "skipped" and pass.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use js_modules::host::{Allow, Budget, Permissions, ScriptErrorKind, on_big_stack};
use js_modules::meshagent::{
    AgentPort, AgentRequest, BuildInfo, CoreEvent, CoreFeed, CoreRuntime, CoreSource, DataStore, FeedFull,
    LogLevel, MAX_UNDONE, NOT_CONNECTED, ServerView,
};
use microstack::chain::{Chain, Cx, Link, Wake};

#[path = "support/merge.rs"]
mod merge;

/// An agent that writes down what its core does.
#[derive(Default)]
struct Agent {
    online: Cell<bool>,
    texts: RefCell<Vec<String>>,
    binaries: RefCell<Vec<Vec<u8>>>,
    requests: RefCell<Vec<AgentRequest>>,
    log: RefCell<Vec<(LogLevel, String)>>,
    store: Rc<Rows>,
}

#[derive(Default)]
struct Rows(RefCell<BTreeMap<String, Vec<u8>>>);

impl DataStore for Rows {
    fn value(&self, key: &str) -> Option<Vec<u8>> {
        self.0.borrow().get(key).cloned()
    }
    fn put(&self, key: &str, value: &[u8]) -> Result<(), String> {
        self.0.borrow_mut().insert(key.into(), value.into());
        Ok(())
    }
    fn delete(&self, key: &str) -> Result<bool, String> {
        Ok(self.0.borrow_mut().remove(key).is_some())
    }
    fn keys(&self) -> Vec<String> {
        self.0.borrow().keys().cloned().collect()
    }
}

impl AgentPort for Agent {
    fn send_text(&self, text: &str) -> i32 {
        if !self.online.get() {
            return NOT_CONNECTED;
        }
        self.texts.borrow_mut().push(text.to_owned());
        0
    }
    fn send_binary(&self, data: &[u8]) -> i32 {
        if !self.online.get() {
            return NOT_CONNECTED;
        }
        self.binaries.borrow_mut().push(data.to_vec());
        0
    }
    fn server(&self) -> Option<ServerView> {
        self.online.get().then(|| ServerView {
            url: "wss://127.0.0.1:443/agent.ashx".into(),
            ip: "127.0.0.1".into(),
            tls_hash_hex: "AB".repeat(48),
            tls_key_hash_hex: "CD".repeat(48),
        })
    }
    fn core_hash(&self) -> Option<[u8; 48]> {
        Some([0xab; 48])
    }
    fn arch_id(&self) -> u32 {
        6
    }
    fn msh(&self) -> Vec<(String, String)> {
        vec![("MeshName".into(), "Office".into()), ("MeshID".into(), "0x0A".into())]
    }
    fn mesh_id_hex(&self) -> String {
        "0A".repeat(48)
    }
    fn server_id_hex(&self) -> String {
        "0B".repeat(48)
    }
    fn build(&self) -> BuildInfo {
        BuildInfo {
            version: "0.1.0".into(),
            commit_date: "2026-01-02T03:04:05Z".into(),
            commit_hash: "f".repeat(40),
            compiled_unix_s: 1_669_042_731,
        }
    }
    fn data_store(&self) -> Option<Rc<dyn DataStore>> {
        Some(self.store.clone())
    }
    fn request(&self, request: AgentRequest) {
        self.requests.borrow_mut().push(request);
    }
    fn log(&self, level: LogLevel, text: &str) {
        self.log.borrow_mut().push((level, text.to_owned()));
    }
}

/// A core with its chain and its agent.
struct Bench {
    chain: Chain,
    agent: Rc<Agent>,
    core: CoreRuntime,
    events: Vec<CoreEvent>,
}

impl Bench {
    fn start(name: &str, text: &str) -> Bench {
        Self::try_start(name, text, Budget::default(), Permissions::full()).unwrap()
    }

    fn try_start(
        name: &str,
        text: &str,
        budget: Budget,
        permissions: Permissions,
    ) -> Result<Bench, js_modules::host::ScriptError> {
        let chain = Chain::new().unwrap();
        let agent = Rc::new(Agent::default());
        agent.online.set(true);
        let core = CoreRuntime::start(&chain, agent.clone(), CoreSource { name, text }, budget, permissions)?;
        Ok(Bench { chain, agent, core, events: Vec::new() })
    }

    /// Runs until the condition holds; panics with what was seen when it does not within ten seconds.
    fn until(&mut self, what: &str, mut done: impl FnMut(&Agent) -> bool) {
        let deadline = Instant::now() + Duration::from_secs(10);
        let (core, events, agent) = (&mut self.core, &mut self.events, &self.agent);
        self.chain
            .run_until(Some(deadline), &mut |_| {
                core.drain();
                events.extend(core.take_events());
                done(agent)
            })
            .unwrap();
        assert!(
            done(&self.agent),
            "{what} did not happen; sent {:#?}, log {:#?}, events {:?}",
            self.agent.texts.borrow(),
            self.agent.log.borrow(),
            self.events
        );
    }

    fn settle(&mut self) {
        let until = Instant::now() + Duration::from_millis(60);
        let (core, events) = (&mut self.core, &mut self.events);
        self.chain
            .run_until(Some(until), &mut |_| {
                core.drain();
                events.extend(core.take_events());
                false
            })
            .unwrap();
    }

    /// Sends a console line and waits for the answer.
    fn console(&mut self, line: &str) -> String {
        let before = self.agent.texts.borrow().len();
        let command = format!(
            r#"{{"action":"msg","type":"console","value":{},"sessionid":"s1","rights":4294967295}}"#,
            quoted(line)
        );
        self.core.deliver_json(&command).unwrap();
        self.until(line, |agent| agent.texts.borrow().len() > before);
        self.agent.texts.borrow()[before].clone()
    }
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

fn on_stack(body: impl FnOnce() + Send) {
    on_big_stack(body).unwrap();
}

/// The folder of the real package, or `None` with a line that says so.
fn meshcentral() -> Option<PathBuf> {
    let folder = std::env::var_os("MESHLITE_MESHCENTRAL").map(PathBuf::from);
    match folder {
        Some(folder) if folder.join("agents/tinycore.js").is_file() => Some(folder),
        _ => {
            println!("skipped: set MESHLITE_MESHCENTRAL to the folder of MeshCentral 1.1.55 to run this");
            None
        }
    }
}

fn real_core(name: &str) -> Option<String> {
    let path = meshcentral()?.join("agents").join(name);
    // The server reads its modules as Latin-1.
    Some(std::fs::read(path).unwrap().iter().map(|b| char::from(*b)).collect())
}

#[test]
fn the_unmodified_tinycore_answers_its_console() {
    let Some(text) = real_core("tinycore.js") else { return };
    on_stack(move || {
        let mut bench = Bench::start("tinycore.js", &text);
        let sent = bench.agent.texts.borrow().clone();
        assert_eq!(sent[0], r#"{"action":"msg","type":"console","value":"TinyCore Started..."}"#);
        // Connected already when the handler was added.
        assert_eq!(sent[1], r#"{"action":"coreinfo","value":"TinyCore v1"}"#);
        assert_eq!(sent[2], r#"{"action":"coreinfo","value":"TinyCore","caps":0}"#);
        let answer = |bench: &mut Bench, line: &str| {
            let text = bench.console(line);
            assert!(text.contains(r#""sessionid":"s1""#), "{text}");
            text
        };
        let help = answer(&mut bench, "help");
        assert!(help.contains("Available commands are: eval, osinfo, setdebug, versions."), "{help}");
        let versions = answer(&mut bench, "versions");
        assert!(versions.contains("14:58:51, Nov 21 2022"), "{versions}");
        assert!(answer(&mut bench, r#"eval "6*7""#).contains(r#""value":"42""#));
        let osinfo = answer(&mut bench, "osinfo");
        assert!(osinfo.contains(r#""value":"OS: "#), "{osinfo}");
        let failed = answer(&mut bench, r#"eval "nothing.here""#);
        assert!(failed.contains("Command returned an exception error: ReferenceError"), "{failed}");
        let unknown = answer(&mut bench, "dance");
        assert!(unknown.contains(r#"Unknown command \"dance\""#), "{unknown}");
        assert!(bench.events.is_empty(), "{:?}", bench.events);
    });
}

/// Sends a console line to a meshcore and waits for the text it answers with; it logs each line on the server first.
fn answer(bench: &mut Bench, line: &str) -> String {
    let before = bench.agent.texts.borrow().len();
    let command = format!(
        r#"{{"action":"msg","type":"console","value":{},"sessionid":"s1","rights":4294967295}}"#,
        quoted(line)
    );
    bench.core.deliver_json(&command).unwrap();
    let of = |agent: &Agent| {
        agent.texts.borrow()[before..].iter().find(|text| text.contains(r#""type":"console""#)).cloned()
    };
    bench.until(line, |agent| of(agent).is_some());
    of(&bench.agent).unwrap()
}

/// What a core sent, by action.
fn sent(agent: &Agent, action: &str) -> Vec<String> {
    let wanted = format!(r#""action":"{action}""#);
    agent.texts.borrow().iter().filter(|text| text.contains(&wanted)).cloned().collect()
}

#[test]
fn the_unmodified_meshcore_boots_reports_and_answers_its_console() {
    let Some(package) = meshcentral() else { return };
    on_stack(move || {
        let text = merge::meshcore(&package, false);
        let mut bench = Bench::start("meshcore.js", &text);
        bench.until("coreinfo with its capabilities", |agent| {
            sent(agent, "coreinfo")
                .iter()
                .any(|text| text.contains(r#""caps":"#) && text.contains(r#""osdesc":"#))
        });
        bench.until("netinfo", |agent| !sent(agent, "netinfo").is_empty());
        // The core asks for nothing else than the BIOS tables: boards without them have no hardware page.
        if Path::new("/sys/class/dmi/id").exists() {
            bench.core.deliver_json(r#"{"action":"sysinfo","sessionid":"s1"}"#).unwrap();
            bench.until("sysinfo", |agent| !sent(agent, "sysinfo").is_empty());
        }
        let lines: Vec<String> = std::env::var("JS_CONSOLE").map_or_else(
            |_| vec!["help".into(), r#"eval "6*7""#.into(), "versions".into(), "osinfo".into(), "ps".into()],
            |lines| lines.split(';').map(str::to_owned).collect(),
        );
        for line in lines {
            let answer = answer(&mut bench, &line);
            println!("{line}: {answer}");
            assert!(!answer.contains("exception error"), "{line}: {answer}");
        }
        assert!(bench.events.is_empty(), "{:?}", bench.events);
    });
}

/// What the comments at the top of a script under `tests/core` want.
struct Script {
    path: PathBuf,
    text: String,
    prints: Vec<String>,
    /// The real agent prints the same.
    real: bool,
    /// What it prints depends on the machine: only compare with the real agent.
    same: bool,
}

fn scripts() -> Vec<Script> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/core");
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    paths.sort();
    assert!(paths.len() > 20);
    let chosen = std::env::var("JS_CASE").unwrap_or_default();
    paths.retain(|p| p.to_string_lossy().contains(&chosen));
    let read = |path: PathBuf| {
        let text = std::fs::read_to_string(&path).unwrap();
        let (mut prints, mut real, mut same) = (Vec::new(), false, false);
        for line in text.lines().map_while(|l| l.strip_prefix("//: ")) {
            match line.split_once(' ') {
                Some(("prints", rest)) => prints.push(rest.to_owned()),
                _ if line == "real" => real = true,
                _ if line == "same" => same = true,
                _ => panic!("{}: unknown line {line}", path.display()),
            }
        }
        assert!(same || !prints.is_empty(), "{} wants nothing", path.display());
        Script { path, text, prints, real, same }
    };
    paths.into_iter().map(read).collect()
}

/// Runs a script as a core until it printed `count` lines, and a little longer.
fn printed(script: &Script, count: usize) -> Vec<String> {
    let name = script.path.file_name().unwrap().to_string_lossy().into_owned();
    let mut bench = match Bench::try_start(&name, &script.text, Budget::default(), Permissions::full()) {
        Ok(bench) => bench,
        Err(error) => return vec![format!("failed to start: {error}")],
    };
    let deadline = Instant::now() + Duration::from_secs(15);
    while bench.agent.log.borrow().len() < count && bench.events.is_empty() && Instant::now() < deadline {
        bench.settle();
    }
    bench.settle();
    let mut lines: Vec<String> = bench.agent.log.borrow().iter().map(|(_, text)| text.clone()).collect();
    lines.extend(bench.events.iter().map(|event| format!("{event:?}")));
    lines
}

#[test]
fn scripts_of_the_dialect_do_what_they_say() {
    let failed = on_big_stack(|| {
        let mut failed = String::new();
        for script in scripts().iter().filter(|s| !s.same) {
            let lines = printed(script, script.prints.len());
            if lines != script.prints {
                let name = script.path.file_name().unwrap().to_string_lossy();
                failed.push_str(&format!("\n--- {name}\nprinted {lines:#?}\nnot {:#?}\n", script.prints));
            }
        }
        failed
    })
    .unwrap();
    assert!(failed.is_empty(), "{failed}");
}

/// What the real agent prints for a script, as lines; it is ended once it printed what we want.
fn printed_by_the_real_agent(program: &Path, script: &Script) -> Vec<String> {
    use std::io::Read;
    use std::process::{Command, Stdio};
    let folder = program.parent().unwrap();
    let name = format!("case-{}.js", script.path.file_stem().unwrap().to_string_lossy());
    std::fs::write(folder.join(&name), &script.text).unwrap();
    let mut child = Command::new(program)
        .arg(&name)
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut pipe = child.stdout.take().unwrap();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let sink = seen.clone();
    let reader = std::thread::spawn(move || {
        let mut part = [0; 4096];
        while let Ok(n @ 1..) = pipe.read(&mut part) {
            sink.lock().unwrap().extend_from_slice(&part[..n]);
        }
    });
    let lines =
        || String::from_utf8_lossy(&seen.lock().unwrap()).lines().map(str::to_owned).collect::<Vec<_>>();
    // It never ends by itself: once it printed what we want, a moment more for what it should not print.
    let wanted = if script.same { usize::MAX } else { script.prints.len() };
    let patience = Duration::from_secs(if script.same { 3 } else { 10 });
    let (mut complete, mut deadline) = (false, Instant::now() + patience);
    while child.try_wait().unwrap().is_none() && Instant::now() < deadline {
        if lines().len() >= wanted && !complete {
            complete = true;
            deadline = Instant::now() + Duration::from_millis(100);
        }
        std::thread::park_timeout(Duration::from_millis(5));
    }
    let _ = child.kill();
    child.wait().unwrap();
    reader.join().unwrap();
    lines()
}

/// A copy of the real agent that may be run, in a folder of its own.
fn real_agent() -> Option<PathBuf> {
    use std::os::unix::fs::PermissionsExt;
    if !cfg!(all(target_arch = "x86_64", target_os = "linux")) {
        println!("skipped: the shipped agent runs on x86-64 only");
        return None;
    }
    let source = meshcentral()?.join("agents/meshagent_x86-64");
    let folder = std::env::temp_dir().join(format!("meshlite-real-agent-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let program = folder.join("meshagent");
    std::fs::copy(source, &program).unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    Some(program)
}

#[test]
fn the_real_agent_agrees() {
    let Some(program) = real_agent() else { return };
    let mut failed = String::new();
    for script in scripts().iter().filter(|s| s.real) {
        let mut theirs = printed_by_the_real_agent(&program, script);
        // It collects timers that nobody holds, at times: ask again before calling it a difference.
        for _ in 0..2 {
            if script.same || theirs == script.prints {
                break;
            }
            theirs = printed_by_the_real_agent(&program, script);
        }
        let ours = if script.same {
            on_big_stack(|| printed(script, theirs.len())).unwrap()
        } else {
            script.prints.clone()
        };
        if theirs != ours {
            let name = script.path.file_name().unwrap().to_string_lossy();
            failed.push_str(&format!("\n--- {name}\nreal {theirs:#?}\nours {ours:#?}\n"));
        }
    }
    std::fs::remove_dir_all(program.parent().unwrap()).unwrap();
    assert!(failed.is_empty(), "{failed}");
}

#[test]
fn a_native_call_that_outlives_its_core_writes_into_memory_that_stays() {
    use std::io::{Read, Write};
    use std::os::fd::AsRawFd;
    on_stack(|| {
        let (theirs, mut ours) = std::os::unix::net::UnixStream::pair().unwrap();
        let text = format!(
            "var GM = require('_GenericMarshal'), libc = GM.CreateNativeProxy('libc.so.6'); \
             libc.CreateMethod({{ method: 'read', threadDispatch: true }}); libc.CreateMethod('write'); \
             libc.read({0}, GM.CreateVariable(65536), 65536); libc.write({0}, GM.CreateVariable('called'), 6);",
            theirs.as_raw_fd()
        );
        let bench = Bench::start("core.js", &text);
        let mut called = [0; 6];
        ours.read_exact(&mut called).unwrap();
        assert_eq!(&called, b"called");
        drop(bench); // the engine and its memory go while C waits for bytes
        boa_gc::force_collect();
        ours.write_all(&[0xaa; 64]).unwrap();
        let deadline = Instant::now() + Duration::from_secs(10);
        while rustix::io::ioctl_fionread(&theirs).unwrap() > 0 {
            assert!(Instant::now() < deadline, "the call never read its bytes");
            std::thread::yield_now();
        }
    });
}

/// A display of its own, ended with the test; `None` with a line that says so where there is no Xvfb.
struct Display {
    server: std::process::Child,
    name: String,
}

impl Display {
    fn start() -> Option<Display> {
        use std::io::{BufRead, BufReader};
        use std::process::{Command, Stdio};
        let started = Command::new("Xvfb")
            .args(["-displayfd", "1", "-screen", "0", "800x600x24", "-nolisten", "tcp", "-noreset"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn();
        let Ok(mut server) = started else {
            println!("skipped: no Xvfb");
            return None;
        };
        let mut line = String::new();
        let read = BufReader::new(server.stdout.take().unwrap()).read_line(&mut line);
        let display = Display { server, name: format!(":{}", line.trim()) };
        if read.is_err() || line.trim().is_empty() {
            println!("skipped: Xvfb gave no display");
            return None;
        }
        Some(display)
    }

    fn end(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

impl Drop for Display {
    fn drop(&mut self) {
        self.end();
    }
}

/// Xlib keeps its error handlers for the whole process: one test for all of it.
#[test]
fn a_display_tells_its_size_and_its_end_is_survived() {
    let Some(mut display) = Display::start() else { return };
    on_stack(move || {
        let text =
            format!("process.setenv('DISPLAY', '{}');\n{}", display.name, include_str!("support/display.js"));
        let mut bench = Bench::start("display.js", &text);
        let logged =
            |agent: &Agent| -> Vec<String> { agent.log.borrow().iter().map(|l| l.1.clone()).collect() };
        if bench.agent.log.borrow().first().is_some_and(|line| line.1 == "no libX11") {
            println!("skipped: no libX11");
            return;
        }
        bench.until("the display", |agent| {
            logged(agent).len() >= 5 || logged(agent).iter().any(|l| l.contains("rejected"))
        });
        let expected = [
            "1 800x600",
            "hints 5 01000000000000002000000000000000",
            "no workspace: Error fetching current workspace",
            "bad window: true",
            "workspace 3",
        ];
        assert_eq!(logged(&bench.agent), expected);
        display.end();
        bench.until("the end of the display", |agent| {
            logged(agent).iter().any(|line| line == "not watched any more")
        });
        bench.core.deliver_json(r#"{"action":"ping"}"#).unwrap();
        bench.until("an answer", |agent| logged(agent).iter().any(|line| line == "alive"));
        assert!(bench.events.is_empty(), "{:?}", bench.events);
    });
}

#[test]
fn a_command_reaches_the_core_parsed_as_text_or_as_bytes() {
    on_stack(|| {
        let text = "require('MeshAgent').AddCommandHandler(function (c) { \
            console.log(typeof c + ' ' + (Buffer.isBuffer(c) ? c.toString('hex') : typeof c == 'object' ? c.action : c)); });
            require('MeshAgent').AddCommandHandler(null);";
        let mut bench = Bench::start("core.js", text);
        bench.core.deliver_json(r#"{"action":"ping"}"#).unwrap();
        bench.core.deliver_json("not json").unwrap();
        bench.core.deliver_binary(&[3, 0xe8, 0xff]).unwrap();
        bench.until("three commands", |agent| agent.log.borrow().len() == 3);
        let lines: Vec<String> = bench.agent.log.borrow().iter().map(|l| l.1.clone()).collect();
        assert_eq!(lines, ["object ping", "string not json", "object 03E8FF"]);
    });
}

#[test]
fn send_command_picks_the_frame_and_says_when_off_line() {
    on_stack(|| {
        let text = "var M = require('MeshAgent'); var r = [M.SendCommand({ action: 'a' }), M.SendCommand('text'), \
            M.SendCommand(Buffer.from('{\"b\":1}')), M.SendCommand(Buffer.from([3, 232, 1]))]; console.log(r.join()); \
            M.on('Connected', function (s) { console.log(s + ' ' + M.SendCommand({ late: 1 }) + ' ' + M.ServerInfo.ControlChannelCertificate); });";
        let mut bench = Bench::start("core.js", text);
        assert_eq!(*bench.agent.texts.borrow(), [r#"{"action":"a"}"#, "text", r#"{"b":1}"#, r#"{"late":1}"#]);
        assert_eq!(*bench.agent.binaries.borrow(), [vec![3, 232, 1]]);
        bench.agent.online.set(false);
        bench.core.deliver_connected(false).unwrap();
        bench.until("the loss", |agent| agent.log.borrow().len() == 3);
        let lines: Vec<String> = bench.agent.log.borrow().iter().map(|l| l.1.clone()).collect();
        assert_eq!(lines, ["0,0,0,0", "1 0 [object Object]", "0 -4 null"]);
    });
}

#[test]
fn a_data_ping_resolves_with_the_answer_and_fails_with_the_channel() {
    on_stack(|| {
        let text = "var M = require('MeshAgent'); function ping() { M.DataPing().then(function () { console.log('pong'); }, \
            function (e) { console.log('' + e); }); } ping(); ping(); ping();";
        let mut bench = Bench::start("core.js", text);
        assert_eq!(bench.agent.texts.borrow().len(), 3);
        bench.core.deliver_json(r#"{"action":"pong"}"#).unwrap();
        bench.core.deliver_connected(false).unwrap();
        bench.until("three answers", |agent| agent.log.borrow().len() == 3);
        let lines: Vec<String> = bench.agent.log.borrow().iter().map(|l| l.1.clone()).collect();
        assert_eq!(lines, ["pong", "not connected", "not connected"]);
    });
}

#[test]
fn console_text_beyond_the_rate_is_dropped_and_counted() {
    on_stack(|| {
        let text = "var M = require('MeshAgent'); var last; for (var i = 0; i < 100; i++) { \
            last = M.SendCommand({ action: 'msg', type: 'console', value: 'x' + i }); } console.log('' + last); \
            setTimeout(function () { M.SendCommand({ action: 'msg', type: 'console', value: 'later' }); }, 1100);";
        let mut bench = Bench::start("core.js", text);
        let sent = bench.agent.texts.borrow().len();
        // Two rates when the second turned meanwhile.
        assert!(sent == 10 || sent == 20, "{sent}");
        assert_eq!(bench.agent.log.borrow()[0].1, "undefined");
        bench.until("the later text", |agent| agent.texts.borrow().last().unwrap().contains("later"));
        let log = bench.agent.log.borrow();
        let told = log
            .iter()
            .find(|l| l.1.contains("console texts of the core were dropped"))
            .expect("a line in the log");
        assert_eq!(told.0, LogLevel::Warn);
    });
}

#[test]
fn an_exception_in_a_handler_is_an_event_with_its_place_and_the_core_lives_on() {
    on_stack(|| {
        let text = "require('MeshAgent').AddCommandHandler(function handle(c) {\n  if (c.action == 'boom') {\n    throw new TypeError('no');\n  }\n  console.log('got ' + c.action);\n});";
        let mut bench = Bench::start("core.js", text);
        bench.core.deliver_json(r#"{"action":"boom"}"#).unwrap();
        bench.core.deliver_json(r#"{"action":"fine"}"#).unwrap();
        bench.until("the second command", |agent| agent.log.borrow().len() == 1);
        let [CoreEvent::Exception(error)] = &bench.events[..] else { panic!("{:?}", bench.events) };
        assert_eq!((error.file.as_deref(), error.line), (Some("core.js"), 3), "{error}");
        assert!(error.message.contains("TypeError"), "{error}");
    });
}

#[test]
fn a_core_that_throws_while_loading_is_an_error_with_its_place() {
    on_stack(|| {
        let start =
            |text| Bench::try_start("core.js", text, Budget::default(), Permissions::full()).err().unwrap();
        let thrown = start("var a = 1;\nthrow new Error('bad core');");
        assert_eq!((thrown.kind, thrown.line), (ScriptErrorKind::Exception, 2), "{thrown}");
        assert!(thrown.to_string().contains("bad core"));
        let syntax = start("var a = ;\n");
        assert_eq!((syntax.kind, syntax.line), (ScriptErrorKind::Syntax, 1), "{syntax}");
        assert_eq!(syntax.file.as_deref(), Some("core.js"));
        assert_eq!(start("(function f() { f(); })();").kind, ScriptErrorKind::Limit);
        assert_eq!(start(&"[".repeat(100_000)).kind, ScriptErrorKind::Nesting);
    });
}

#[test]
fn a_loop_over_the_budget_is_a_crash_and_nothing_runs_after_it() {
    on_stack(|| {
        let budget = Budget { loop_iterations: Some(10_000), ..Budget::default() };
        let text = "require('MeshAgent').AddCommandHandler(function () { while (true) { } }); setInterval(function () { }, 1);";
        let mut bench = Bench::try_start("core.js", text, budget, Permissions::full()).unwrap();
        let feed: CoreFeed = bench.core.feed();
        feed.command_json("{}").unwrap();
        bench.settle();
        let [CoreEvent::Crashed(reason)] = &bench.events[..] else { panic!("{:?}", bench.events) };
        assert_eq!(reason.kind, ScriptErrorKind::Limit);
        assert_eq!(bench.core.deadline(), None);
        assert_eq!(feed.command_json("{}"), Ok(()), "a dead core takes and forgets");
        bench.core.stop();
        assert_eq!(feed.connected(true), Ok(()));
    });
}

#[test]
fn a_flood_of_commands_meets_a_bound() {
    on_stack(|| {
        let bench = Bench::start("core.js", "");
        let mut taken = 0;
        let refused = loop {
            match bench.core.deliver_json("{}") {
                Ok(()) => taken += 1,
                Err(refused) => break refused,
            }
        };
        assert_eq!((refused, taken), (FeedFull, MAX_UNDONE));
    });
}

#[test]
fn exits_and_requests_reach_the_agent() {
    on_stack(|| {
        let text = "var M = require('MeshAgent'); M.restartCore(); M.disconnect(); M.ExecPowerState(3, true); M.forceExit(4); \
            setTimeout(function () { process.exit(5); console.log('not reached'); }, 1);";
        let mut bench = Bench::start("core.js", text);
        bench.until("the exit", |agent| agent.requests.borrow().len() == 5);
        assert_eq!(
            *bench.agent.requests.borrow(),
            [
                AgentRequest::RestartCore,
                AgentRequest::Disconnect,
                AgentRequest::Power { state: 3, force: true },
                AgentRequest::ForceExit(4),
                AgentRequest::Exit(5),
            ]
        );
        assert_eq!(bench.events, [CoreEvent::Exited(5)]);
        assert!(bench.agent.log.borrow().is_empty());
    });
}

/// A link that ticks: the rest of the agent while a core waits.
struct Ticker(Rc<Cell<u32>>, CoreFeed);

impl Link for Ticker {
    fn wake(&mut self, cx: &mut Cx<'_>, wake: Wake) {
        if wake.timer {
            self.0.set(self.0.get() + 1);
            if self.0.get() == 10 {
                self.1.command_json(r#"{"action":"during the wait"}"#).unwrap();
            }
        }
        cx.set_timer(Some(cx.now() + Duration::from_millis(5)));
    }
}

#[test]
fn a_wait_serves_links_timers_and_commands() {
    on_stack(|| {
        let text = "require('MeshAgent').AddCommandHandler(function (c) {\n\
            console.log('begin ' + c.action);\n\
            if (c.action == 'wait') { require('child_process').execFile('/bin/sleep', ['sleep', '0.5']).waitExit(); }\n\
            console.log('end ' + c.action); });";
        let mut bench = Bench::start("core.js", text);
        let ticks = Rc::new(Cell::new(0));
        bench.chain.add("ticker", Ticker(ticks.clone(), bench.core.feed()));
        bench.core.deliver_json(r#"{"action":"wait"}"#).unwrap();
        bench.until("all", |agent| agent.log.borrow().len() == 4);
        let lines: Vec<String> = bench.agent.log.borrow().iter().map(|l| l.1.clone()).collect();
        assert_eq!(lines, ["begin wait", "begin during the wait", "end during the wait", "end wait"]);
        assert!(ticks.get() > 20, "{}", ticks.get());
    });
}

#[test]
fn waits_nested_too_deep_are_refused_not_fatal() {
    on_stack(|| {
        let text = "var depth = 0, refused;\n\
            function dive() { depth++; try { setTimeout(dive, 1); require('child_process').execFile('/bin/sleep', ['sleep', '1']).waitExit(); }\n\
            catch (e) { if (!refused) { refused = e; console.log(depth + ' ' + e.code); } } }\n\
            setTimeout(dive, 1);";
        let mut bench = Bench::start("core.js", text);
        bench.until("the refusal", |agent| !agent.log.borrow().is_empty());
        let line = bench.agent.log.borrow()[0].1.clone();
        assert!(line.ends_with("ERR_WAIT_TOO_DEEP"), "{line}");
    });
}

#[test]
fn stopping_a_core_kills_its_children() {
    on_stack(|| {
        let text = "console.log('' + require('child_process').execFile('/bin/sleep', ['sleep', '600']).pid);";
        let bench = Bench::start("core.js", text);
        let pid = bench.agent.log.borrow()[0].1.clone();
        let stat = format!("/proc/{pid}/stat");
        assert!(Path::new(&stat).exists());
        bench.core.stop();
        let deadline = Instant::now() + Duration::from_secs(10);
        let gone = || std::fs::read_to_string(&stat).map_or(true, |s| s.contains(") Z "));
        while !gone() && Instant::now() < deadline {
            std::thread::yield_now();
        }
        assert!(gone(), "process {pid} lives on");
    });
}

#[test]
fn a_core_without_permissions_is_told_which_it_lacks() {
    on_stack(|| {
        let text = "function tell(f) { try { f(); console.log('allowed'); } catch (e) { console.log(e.code + ' ' + e.permission); } }\n\
            tell(function () { require('fs').readFileSync('/etc/passwd'); });\n\
            tell(function () { require('child_process').execFile('/bin/sh', ['sh']); });\n\
            tell(function () { require('SimpleDataStore').Shared(); });\n\
            tell(function () { getSHA384FileHash('/etc/passwd'); });\n\
            tell(function () { resolve('localhost'); });\n\
            tell(function () { require('SimpleDataStore').Create('/tmp/x.db'); });";
        let bench = Bench::try_start("core.js", text, Budget::default(), Permissions::none()).unwrap();
        let lines: Vec<String> = bench.agent.log.borrow().iter().map(|l| l.1.clone()).collect();
        let want = ["fs.read", "exec", "store", "fs.read", "net", "fs.read"]
            .map(|p| format!("ERR_ACCESS_DENIED {p}"));
        assert_eq!(lines, want);
    });
}

#[test]
fn names_are_resolved_while_the_chain_runs() {
    on_stack(|| {
        let bench = Bench::start(
            "core.js",
            "console.log(resolve('127.0.0.1').join()); console.log(resolve('no.such.invalid').length + '');",
        );
        let lines: Vec<String> = bench.agent.log.borrow().iter().map(|l| l.1.clone()).collect();
        assert_eq!(lines, ["127.0.0.1", "0"]);
    });
}

/// The other real cores: what this version lacks is said by an error with its place, and the agent goes on.
#[test]
fn the_other_real_cores_load_or_fail_in_bounds() {
    if meshcentral().is_none() {
        return;
    }
    for name in ["recoverycore.js", "meshcore.js", "meshcore_diagnostic.js"] {
        let text = real_core(name).unwrap();
        on_stack(move || {
            let started = Instant::now();
            match Bench::try_start(name, &text, Budget::default(), Permissions::full()) {
                Ok(mut bench) => {
                    bench.settle();
                    println!("{name}: loaded in {:?}; events {:?}", started.elapsed(), bench.events);
                    println!("  sent {:?}", bench.agent.texts.borrow());
                }
                Err(error) => {
                    println!("{name}: {:?} after {:?}", error.headline(), started.elapsed());
                    assert_eq!(error.kind, ScriptErrorKind::Exception, "{error}");
                    assert!(error.message.contains("(NOT FOUND)"), "{error}");
                    assert_eq!(error.file.as_deref(), Some(name));
                }
            }
        });
    }
}

/// Resident memory of this process in KiB.
fn resident_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|l| l.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

#[test]
fn restarted_cores_leave_no_memory() {
    // Memory is the whole process's: measured in one of its own.
    if std::env::var_os("MESHLITE_ALONE").is_none() {
        let output = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "restarted_cores_leave_no_memory", "--nocapture"])
            .env("MESHLITE_ALONE", "1")
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        return;
    }
    on_stack(|| {
        let text = "var M = require('MeshAgent'), keep = []; M.AddCommandHandler(function (c) { keep.push(c); });\n\
            setInterval(function () { keep.length; }, 1000); require('promise').resolve(1); require('os').name();\n\
            var c = require('child_process').execFile('/bin/true', ['true']); c.stdout.on('data', function () { }); c.waitExit();\n\
            for (var i = 0; i < 2000; i++) { keep.push({ i: i, self: keep }); }";
        let round = || {
            let mut bench = Bench::start("core.js", text);
            bench.core.deliver_json("{}").unwrap();
            bench.settle();
            bench.core.stop();
        };
        (0..5).for_each(|_| round());
        let before = resident_kib();
        (0..20).for_each(|_| round());
        let grown = resident_kib().saturating_sub(before);
        assert!(grown < 2 * 1024, "20 cores left {grown} KiB");
    });
}

/// The names behind `Names:` and `Events:` of each `## Core: …` section of `API.md`.
fn documented() -> BTreeMap<String, Vec<String>> {
    let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("API.md")).unwrap();
    let mut names: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let (mut section, mut inside) = (None, false);
    for line in text.lines() {
        if let Some(title) = line.strip_prefix("## ") {
            (section, inside) = (title.strip_prefix("Core: ").map(str::to_owned), false);
        } else if let Some(section) = &section {
            inside =
                !line.is_empty() && (inside || line.starts_with("Names: ") || line.starts_with("Events: "));
            if inside {
                let spans = line.split('`').skip(1).step_by(2).map(str::to_owned);
                names.entry(section.clone()).or_default().extend(spans);
            }
        }
    }
    names
}

#[test]
fn tinycore_sends_its_console_to_the_session_that_asked() {
    let Some(text) = real_core("tinycore.js") else { return };
    on_stack(move || {
        let mut bench = Bench::start("tinycore.js", &text);
        let answer = bench.console("setdebug");
        assert!(answer.contains("Proper usage: setdebug"), "{answer}");
        bench
            .core
            .deliver_json(r#"{"action":"msg","type":"console","value":"setdebug 2","sessionid":"s7"}"#)
            .unwrap();
        bench.core.deliver_json(r#"{"action":"something else"}"#).unwrap();
        bench.until("the line", |agent| agent.texts.borrow().iter().any(|t| t.contains("something else")));
        let last = bench.agent.texts.borrow().last().unwrap().clone();
        assert!(last.starts_with(r#"{"action":"msg","type":"console","value":"{"#), "{last}");
        assert!(last.ends_with(r#""sessionid":"s7"}"#), "{last}");
        assert!(bench.agent.log.borrow().is_empty(), "nothing went to the log");
    });
}

#[test]
fn a_program_is_permitted_by_its_absolute_path() {
    on_stack(|| {
        let permissions = Permissions { exec: Allow::only(["/bin/echo"]), ..Permissions::none() };
        let text = "function tell(path) { try { console.log(path + ' ' + require('child_process').execFile(path, ['x']).pid > 0); } \
            catch (e) { console.log(e.code + ' ' + e.resource); } }\n\
            process.setenv('PATH', '/bin'); tell('/bin/echo'); tell('echo'); tell('/bin/sh'); tell('/bin/../bin/sh');";
        let permissions = Permissions { env: Allow::Everything, ..permissions };
        let bench = Bench::try_start("core.js", text, Budget::default(), permissions).unwrap();
        let lines: Vec<String> = bench.agent.log.borrow().iter().map(|l| l.1.clone()).collect();
        assert_eq!(lines[2..], ["ERR_ACCESS_DENIED /bin/sh", "ERR_ACCESS_DENIED /bin/../bin/sh"]);
        assert!(!lines[0].contains("DENIED") && !lines[1].contains("DENIED"), "{lines:?}");
    });
}

#[test]
fn api_md_names_what_a_core_has() {
    on_stack(|| {
        let documented = documented();
        assert!(documented.len() > 8, "{documented:?}");
        for (module, mut names) in documented {
            let list = "function names(o, less) { return Object.getOwnPropertyNames(o).filter(function (n) { return less.indexOf(n) < 0; }); }\n\
                var emitter = {}; require('events').EventEmitter.call(emitter);\n\
                var usual = Object.getOwnPropertyNames(emitter).concat('_ObjectID');\n";
            let live = match module.as_str() {
                "globals" => "var fresh = names(globalThis, ['usual', 'emitter', 'names']); console.log(WANT.filter(function (n) { return fresh.indexOf(n) >= 0; }).join());".to_owned(),
                "os" => "var os = require('os'), node = require('node:os'); console.log(names(os, ['_ObjectID']).filter(function (n) { return n == 'Name' || os[n] !== node[n]; }).join());".to_owned(),
                "events" => "console.log(names(require('events'), ['_ObjectID', 'fail', 'hide']).join());".to_owned(),
                "promise" => "console.log(names(require('promise'), ['length', 'name', 'prototype']).join());".to_owned(),
                "stream" => "console.log(names(require('stream'), ['_ObjectID', 'readable', 'writable']).join());".to_owned(),
                other => format!("console.log(names(require('{other}'), usual).join());"),
            };
            let live = live.replace("WANT", &format!("{names:?}"));
            let bench = Bench::start("names.js", &format!("{list}{live}"));
            let line = bench.agent.log.borrow()[0].1.clone();
            let mut live: Vec<String> = line.split(',').map(str::to_owned).collect();
            live.sort();
            names.sort();
            assert_eq!(live, names, "{module}");
        }
    });
}
