//! The MeshAgent dialect from outside: a port that records, cores that run, scripts under `tests/core`.
//!
//! The unmodified cores of MeshCentral are read from `$MESHLITE_MESHCENTRAL` (the package's folder); without it those
//! tests say "skipped" and pass.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::{Duration, Instant};

use js_modules::host::{Budget, Permissions, ScriptErrorKind, on_big_stack};
use js_modules::meshagent::{
    AgentPort, AgentRequest, BuildInfo, CoreEvent, CoreFeed, CoreRuntime, CoreSource, DataStore, FeedFull,
    LogLevel, MAX_UNDONE, NOT_CONNECTED, ServerView,
};
use microstack::chain::{Chain, Cx, Link, Wake};

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
