//! Cores: pushed, run, restarted, failing, and what becomes of the device then.

mod support;

use std::time::{Duration, Instant};

use serde_json::Value;
use support::{Agent, Order, SOON, Seen, Server, ServerOptions, wait_for};

/// A core that answers console lines and says hello when it starts.
fn good(name: &str) -> String {
    format!(
        "var agent = require('MeshAgent');\n\
         agent.SendCommand({{ action: 'coreinfo', value: '{name}', caps: 8 }});\n\
         agent.AddCommandHandler(function (c) {{\n\
           if (c.action == 'msg' && c.type == 'console') agent.SendCommand(\n\
             {{ action: 'msg', type: 'console', value: '{name} heard ' + c.value, sessionid: c.sessionid }});\n\
         }});\n"
    )
}

fn start(core: &str, more: &[&str]) -> (tempfile::TempDir, Server, Agent) {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(ServerOptions { core: Some(core.to_owned()), ..ServerOptions::default() });
    let agent = Agent::start(&server.msh(dir.path()), dir.path(), more);
    (dir, server, agent)
}

fn console(server: &Server, line: &str, answer: &str) {
    server.order(Order::Json(format!(
        r#"{{"action":"msg","type":"console","value":"{line}","sessionid":"s"}}"#
    )));
    server.wait_console(answer);
}

fn json(server: &Server, what: &str, limit: Duration, fits: impl Fn(&Value) -> bool) -> Value {
    server.wait_within(what, limit, |seen| match seen {
        Seen::Json(json) if fits(json) => Some(json.clone()),
        _ => None,
    })
}

#[test]
fn a_pushed_core_runs_answers_survives_a_restart_and_is_cleared() {
    let (dir, server, agent) = start(&good("first"), &[]);
    json(&server, "coreinfo", SOON, |j| j["action"] == "coreinfo");
    console(&server, "one", "first heard one");
    let log = agent.stop();
    assert!(!log.contains("ERROR"), "{log}");

    // The stored core waits for the server's word, which comes at once, and is not sent again.
    let agent = Agent::start(&dir.path().join("agent.msh"), dir.path(), &[]);
    server.wait_connections(2, SOON);
    // Until that word came, the agent truly says that no core is running.
    wait_for("the core's second start", SOON, || {
        let starts = server
            .seen()
            .iter()
            .filter(|seen| matches!(seen, Seen::Json(j) if j["action"] == "coreinfo"))
            .count();
        (starts == 2).then_some(())
    });
    console(&server, "two", "first heard two");
    let pushes = server.seen().iter().filter(|seen| **seen == Seen::CoreHash(None)).count();
    assert_eq!(pushes, 1, "only the first query found none");

    server.order(Order::Core(good("second")));
    console(&server, "three", "second heard three");
    server.order(Order::Clear);
    server.wait("none", |seen| (*seen == Seen::CoreHash(None)).then_some(()));
    console(&server, "four", "No core is running");
    agent.stop();
}

#[test]
fn an_exception_is_reported_with_file_and_line_and_the_core_lives_on() {
    let core = format!("{}setTimeout(function () {{\n  null.nothing;\n}}, 10);\n", good("thrower"));
    let (_dir, server, agent) = start(&core, &[]);
    // Line 8 of the source: seven lines of the good part before it, of which the last is empty.
    let line = core.lines().position(|line| line.contains("null.nothing")).unwrap() + 1;
    let text = server.wait_console(&format!("core.js:{line}"));
    assert!(text.contains("TypeError"), "{text}");
    let event = json(&server, "a log event", SOON, |j| j["action"] == "log");
    assert!(event["msg"].as_str().unwrap().contains("core.js:"));
    wait_for("the log line", SOON, || agent.log().contains(&format!("core.js:{line}")).then_some(()));
    console(&server, "still", "thrower heard still");
    agent.stop();
}

#[test]
fn a_core_that_throws_while_loading_is_reported_and_the_device_stays() {
    let (_dir, server, agent) = start("var a = 1;\nthrow new Error('no good');\n", &[]);
    let text = server.wait_console("core.js:2");
    assert!(text.contains("no good"), "{text}");
    json(&server, "coreCrashed", SOON, |j| j["action"] == "coreCrashed");
    console(&server, "x", "No core is running");
    server.order(Order::Core(good("better")));
    console(&server, "y", "better heard y");
    assert_eq!(server.connections(), 1);
    agent.stop();
}

#[test]
fn a_core_that_throws_all_the_time_is_no_flood() {
    let core = format!("{}setInterval(function () {{ throw new Error('again'); }}, 1);\n", good("storm"));
    let (_dir, server, agent) = start(&core, &[]);
    server.wait_console("again");
    std::thread::sleep(Duration::from_secs(3));
    let count =
        server.seen().iter().filter(|seen| matches!(seen, Seen::Json(j) if j["action"] == "log")).count();
    assert!((1..=11).contains(&count), "{count} events");
    console(&server, "calm", "storm heard calm");
    agent.stop();
}

/// A core that first proves itself to nobody, and fails when told to.
fn fails_on_command(how: &str) -> String {
    format!("{}setTimeout(function () {{ {how} }}, 50);\n", good("bad"))
}

#[test]
fn a_core_that_loops_is_ended_three_times_and_then_the_last_good_one_runs() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(ServerOptions::default());
    // Two seconds for a turn. The good core has to run for a moment to count.
    let msh = server.msh(dir.path());
    let agent = Agent::start(&msh, dir.path(), &["--turn-budget", "2"]);
    server.wait_connections(1, SOON);
    server.order(Order::Core(good("good")));
    console(&server, "a", "good heard a");
    agent.wait_log("the core has proved good");

    let bad = fails_on_command("while (true) {}");
    server.order(Order::Core(bad.clone()));
    let connections = server.connections();
    let since = Instant::now();
    let last = json(&server, "the quarantine", Duration::from_secs(60), |j| {
        j["action"] == "coreCrashed" && j["next"].as_str().is_some_and(|next| next.contains("quarantine"))
    });
    assert_eq!(last["hash"], Server::core(&bad).to_hex());
    assert!(last["reason"].as_str().unwrap().contains("did not end"), "{last}");
    assert_eq!(server.connections(), connections + 3, "one restart for each failure");
    console(&server, "b", "good heard b");
    assert!(since.elapsed() < Duration::from_secs(40), "{:?}", since.elapsed());
    agent.stop();
}

#[test]
fn a_looping_top_level_a_deep_nest_and_a_greedy_core_do_not_take_the_device() {
    let nested = format!("var x = {}1{};\n", "(".repeat(100_000), ")".repeat(100_000));
    for (name, core) in [
        ("loop", "while (true) {}".to_owned()),
        ("regexp", "/^(a+)+$/.test('a'.repeat(60) + 'b')".to_owned()),
        ("nest", nested),
        ("functions", format!("{}{}", "function f(){".repeat(100_000), "}".repeat(100_000))),
        ("arrays", "var a = []; while (true) { a.push(new Array(100000).fill(7)); }".to_owned()),
        ("strings", "var s = 'x'; while (true) { s = s + s; }".to_owned()),
        ("join", "new Array(2147483648).join('abc')".to_owned()),
        ("recursion", "function f() { return f() + 1; } f()".to_owned()),
    ] {
        let dir = tempfile::tempdir().unwrap();
        let server = Server::start(ServerOptions::default());
        let agent = Agent::start(
            &server.msh(dir.path()),
            dir.path(),
            &["--turn-budget", "2", "--memory-limit", "256"],
        );
        server.wait_connections(1, SOON);
        server.order(Order::Core(core));
        json(&server, name, Duration::from_secs(60), |j| j["action"] == "coreCrashed");
        // Whatever happened, another core can be pushed and runs.
        server.order(Order::Core(good(name)));
        let until = Instant::now() + Duration::from_secs(60);
        loop {
            server.order(Order::Json(
                r#"{"action":"msg","type":"console","value":"?","sessionid":"s"}"#.into(),
            ));
            std::thread::sleep(Duration::from_millis(200));
            let heard = server.seen().iter().any(|seen| match seen {
                Seen::Json(j) => j["value"].as_str().is_some_and(|text| text.contains("heard ?")),
                _ => false,
            });
            if heard {
                break;
            }
            if server.seen().iter().filter(|seen| matches!(seen, Seen::Connected { .. })).count() > 1 {
                server.order(Order::Core(good(name)));
            }
            assert!(Instant::now() < until, "{name}: {:#?}\n{}", server.seen(), agent.log());
        }
        agent.stop();
    }
}

#[test]
fn a_worker_that_aborts_is_back_within_three_seconds_and_says_why() {
    // Allocation beyond the limit inside the engine cannot be caught: the process aborts.
    let core = fails_on_command("var a = []; while (true) { a.push('x'.repeat(1000000)); }");
    let (_dir, server, agent) = start(&core, &["--memory-limit", "128"]);
    server.wait_connections(1, SOON);
    let crash = json(&server, "the report", Duration::from_secs(60), |j| j["action"] == "coreCrashed");
    assert_eq!(crash["hash"], Server::core(&core).to_hex());
    assert!(!crash["reason"].as_str().unwrap().is_empty());
    agent.stop();
}
