//! Cores that misbehave, pushed to our agent by a server that a test plays: the device must stay manageable.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

use meshlite_tests::certificate::Certificate;
use meshlite_tests::fake_server::{FakeServer, Link};
use meshlite_tests::peer::identities;
use meshlite_tests::{Agent, PATIENCE, eventually, interop, procfs};
use microstack::crypto::{Identity, sha384};
use microstack::wire::{CoreHash, core_hash, deflate_raw, frame_core};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

fn certificate() -> &'static Certificate {
    static ONE: OnceLock<Certificate> = OnceLock::new();
    ONE.get_or_init(|| Certificate::p256("a core pusher"))
}

fn server() -> &'static Identity {
    identities(1)[0]
}

/// What an agent under [`Desk`] did.
#[derive(Debug)]
enum Said {
    /// It came through the handshake, for the n-th time.
    Here(Instant),
    /// Command 11: the core it has.
    Core(Option<CoreHash>),
    /// JSON.
    Json(Value),
}

/// A server with one agent: the test puts messages in, and takes out what the agent says.
struct Desk {
    fake: FakeServer,
    orders: Arc<Mutex<Vec<Vec<u8>>>>,
    heard: Receiver<Said>,
}

impl Desk {
    fn open() -> Desk {
        let (tell, heard) = channel();
        let tell = Mutex::new(tell);
        let orders: Arc<Mutex<Vec<Vec<u8>>>> = Arc::default();
        let todo = orders.clone();
        let fake = FakeServer::start(certificate(), move |link| {
            let tell = tell.lock().unwrap().clone();
            if link.accept(server(), certificate()) {
                let _ = tell.send(Said::Here(Instant::now()));
                serve(link, &tell, &todo);
            }
        });
        Desk { fake, orders, heard }
    }

    fn agent(&self, extra: &[&str]) -> Agent {
        Agent::with_identity(&self.fake.msh(server()), 0, extra)
    }

    fn send(&self, message: Vec<u8>) {
        self.orders.lock().unwrap().push(message);
    }

    fn send_json(&self, value: Value) {
        self.send(value.to_string().into_bytes());
    }

    fn push(&self, script: &str) -> CoreHash {
        let body = frame_core(script);
        let hash = core_hash(&body);
        self.send([&[0, 10, 0, 1][..], &hash.0, &body].concat());
        hash
    }

    /// Waits for something the agent says; the rest is dropped.
    #[track_caller]
    fn hear<T>(&self, what: &str, within: Duration, mut pick: impl FnMut(Said) -> Option<T>) -> T {
        eventually(what, within, || self.heard.try_iter().find_map(&mut pick))
    }

    #[track_caller]
    fn here(&self, within: Duration) -> Instant {
        self.hear("an agent through the handshake", within, |said| match said {
            Said::Here(when) => Some(when),
            _ => None,
        })
    }

    #[track_caller]
    fn confirms(&self, hash: CoreHash) {
        self.hear("command 11 with the pushed core's hash", PATIENCE, |said| match said {
            Said::Core(Some(core)) if core == hash => Some(()),
            _ => None,
        });
    }

    /// Waits for the report of a failed core and gives its reason and what follows.
    #[track_caller]
    fn crash(&self, hash: CoreHash) -> (String, String) {
        self.hear("coreCrashed", PATIENCE, |said| match said {
            Said::Json(v) if v["action"] == "coreCrashed" && v["hash"] == hash.to_hex() => {
                Some((v["reason"].as_str()?.to_owned(), v["next"].as_str()?.to_owned()))
            }
            _ => None,
        })
    }

    #[track_caller]
    fn console(&self, line: &str) -> String {
        self.send_json(json!({ "action": "msg", "type": "console", "value": line, "sessionid": "user//a/1",
            "rights": 4_294_967_295u32, "consent": 0, "username": "a", "userid": "user//a" }));
        self.hear(&format!("an answer to {line}"), PATIENCE, |said| match said {
            Said::Json(v)
                if v["action"] == "msg" && v["type"] == "console" && v["sessionid"] == "user//a/1" =>
            {
                Some(v["value"].as_str()?.to_owned())
            }
            _ => None,
        })
    }
}

fn serve(link: &mut Link, tell: &Sender<Said>, todo: &Mutex<Vec<Vec<u8>>>) {
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(300) {
        for message in todo.lock().unwrap().drain(..) {
            link.send(&message);
        }
        let Some(message) = link.receive_or_end(Duration::from_millis(20)) else { return };
        let said = match message.as_slice() {
            [] => continue,
            [0, 11, _, _, hash @ ..] => Said::Core(hash.try_into().ok().map(CoreHash)),
            [b'{', ..] => match serde_json::from_slice(&message) {
                Ok(value) => Said::Json(value),
                Err(_) => continue,
            },
            _ => continue,
        };
        let _ = tell.send(said);
    }
}

const HARMLESS: &str = "
    var agent = require('MeshAgent');
    agent.AddCommandHandler(function (c) {
        if (c.action == 'msg' && c.type == 'console')
            agent.SendCommand({ action: 'msg', type: 'console', value: 'heard ' + c.value, sessionid: c.sessionid });
    });
    agent.SendCommand({ action: 'coreinfo', value: 'Harmless v1', caps: 14 });";

#[test]
fn a_pushed_core_is_confirmed_runs_at_once_and_survives_a_restart() {
    let desk = Desk::open();
    let mut agent = desk.agent(&[]);
    desk.here(PATIENCE);
    let hash = desk.push(HARMLESS);
    desk.confirms(hash);
    assert_eq!(desk.console("one"), "heard one");

    assert!(agent.stop().success());
    agent.restart();
    desk.here(PATIENCE);
    desk.send(vec![0, 11, 0, 7]);
    desk.confirms(hash);
    desk.send(vec![0, 16, 0, 0]);
    assert_eq!(desk.console("two"), "heard two");

    desk.send(vec![0, 10, 0, 0]);
    desk.hear("an empty command 11 after the core was cleared", PATIENCE, |said| match said {
        Said::Core(None) => Some(()),
        _ => None,
    });
    agent.process().assert_no_panic();
}

#[test]
fn a_compressed_core_is_taken_and_a_damaged_one_is_not() {
    let desk = Desk::open();
    let mut agent = desk.agent(&[]);
    desk.here(PATIENCE);
    let body = frame_core(&format!("{HARMLESS} // compressed"));
    let hash = core_hash(&body);
    desk.send([&[0, 20, 0, 2][..], &hash.0, &deflate_raw(&body)].concat());
    desk.confirms(hash);
    assert_eq!(desk.console("three"), "heard three");

    desk.send([&[0, 10, 0, 3][..], &sha384(b"something else"), &frame_core("throw 1")].concat());
    agent.process().expect(0, &["core of the server was refused"], PATIENCE);
    agent.process().assert_no_panic();
}

#[test]
fn the_real_tinycore_runs_unmodified_and_answers() {
    let Some(meshcentral) = interop() else { return };
    let tiny = std::fs::read_to_string(meshcentral.join("agents/tinycore.js")).unwrap();
    let desk = Desk::open();
    let mut agent = desk.agent(&[]);
    desk.here(PATIENCE);
    let hash = desk.push(&tiny);
    desk.confirms(hash);
    assert!(desk.console("help").contains("eval"), "help lists the commands");
    assert!(desk.console("eval \"6*7\"").contains("42"));
    assert!(desk.console("versions").contains('{'), "versions is an object");
    assert!(!desk.console("osinfo").is_empty());
    agent.process().assert_no_panic();
}

#[test]
fn an_exception_in_a_core_is_reported_with_file_and_line_and_the_core_goes_on() {
    let desk = Desk::open();
    let mut agent = desk.agent(&[]);
    desk.here(PATIENCE);
    let hash = desk.push(&format!("{HARMLESS}\nsetTimeout(function () {{\n  undefined_thing.x();\n}}, 10);"));
    desk.confirms(hash);
    let line = agent.process().expect(0, &["exception", "core.js:"], PATIENCE);
    assert!(line.contains("undefined_thing"), "{line}");
    desk.hear("the exception on the wire", PATIENCE, |said| match said {
        Said::Json(v) if v.to_string().contains("undefined_thing") => Some(()),
        _ => None,
    });
    assert_eq!(desk.console("still"), "heard still");
}

/// A core that must end its worker: the agent is back soon, the reason is told, the third time is the last.
fn fatal(script: &str, reason_parts: &[&str], extra: &[&str]) {
    let desk = Desk::open();
    let mut agent = desk.agent(extra);
    let supervisor = agent.supervisor();
    desk.here(PATIENCE);
    let hash = desk.push(script);
    for round in 1..=3 {
        let begun = Instant::now();
        let (reason, next) = desk.crash(hash);
        let took = begun.elapsed();
        // Three seconds beyond what the core was allowed, on an idle machine; build machines are not idle.
        assert!(took < Duration::from_secs(9), "round {round}: the agent was back only after {took:?}");
        assert!(reason_parts.iter().any(|part| reason.contains(part)), "round {round}: {reason}");
        if round == 3 {
            assert!(next.contains("quarantine"), "{next}");
            break;
        }
        // The server of this test insists on its core, as a real one does.
        desk.send(vec![0, 16, 0, 0]);
    }
    // Quarantined: the same core is not run again, and the channel works.
    desk.send(vec![0, 16, 0, 0]);
    desk.send(vec![0, 11, 0, 9]);
    desk.hear("an answer to command 11", PATIENCE, |said| matches!(said, Said::Core(_)).then_some(()));
    let good = desk.push(HARMLESS);
    desk.confirms(good);
    assert_eq!(desk.console("after all"), "heard after all");
    assert_eq!(agent.supervisor(), supervisor, "the supervisor never ended");
    assert!(procfs::alive(supervisor));
}

#[test]
fn a_core_that_never_returns_is_ended_reported_and_quarantined() {
    fatal("while (true) {}", &["hang", "turn", "time"], &["--turn-budget", "2"]);
}

#[test]
fn a_core_nested_100_000_deep_does_not_end_the_management() {
    fatal(
        &format!("var x = {}1{};", "[".repeat(100_000), "]".repeat(100_000)),
        &["nest", "deep", "stack"],
        &[],
    );
}

#[test]
fn a_core_that_eats_all_memory_does_not_end_the_management() {
    let script = "var all = []; while (true) { all.push('x'.repeat(1 << 20) + all.length); }";
    fatal(script, &["memory", "heap"], &["--memory-limit", "128", "--turn-budget", "60"]);
}

#[test]
fn a_regular_expression_that_never_ends_is_a_hang() {
    let script = "/^(a+)+$/.test('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab');";
    fatal(script, &["hang", "turn", "time"], &["--turn-budget", "2"]);
}

#[test]
fn an_agent_whose_worker_crashes_is_back_within_seconds() {
    let desk = Desk::open();
    let mut agent = desk.agent(&[]);
    desk.here(PATIENCE);
    for signal in [Signal::KILL, Signal::ABORT, Signal::KILL] {
        let worker = agent.worker();
        let killed = Instant::now();
        let pid = Pid::from_raw(worker as i32).unwrap();
        kill_process(pid, signal).unwrap();
        let back = desk.here(PATIENCE).duration_since(killed);
        // Three seconds on an idle machine; build machines are not idle.
        assert!(back < Duration::from_secs(10), "back only after {back:?}");
        assert_ne!(agent.worker(), worker);
    }
}

#[test]
fn after_three_failures_the_last_good_core_runs() {
    let desk = Desk::open();
    let mut agent = desk.agent(&["--turn-budget", "1"]);
    desk.here(PATIENCE);
    let good = desk.push(HARMLESS);
    desk.confirms(good);
    assert_eq!(desk.console("good"), "heard good");
    // A core counts as good when the server has confirmed it and it has run for a moment.
    desk.send(vec![0, 16, 0, 0]);
    agent.process().expect(0, &["proved good"], PATIENCE * 2);
    let bad = desk.push("while (true) {}");
    for round in 1..=3 {
        let (_, next) = desk.crash(bad);
        if round == 3 {
            assert!(next.contains(&good.to_hex()[..16]), "the good core is named: {next}");
        }
        desk.send(vec![0, 16, 0, 0]);
    }
    agent.process().expect(0, &["the last good one runs instead"], PATIENCE);
    assert_eq!(desk.console("back"), "heard back");
}
