//! Cores that mean harm once they run, pushed to our agent: each is ended or refused, the server is told, and the device
//! stays manageable. What fails while it loads is in `agent_cores.rs`.

use std::time::Duration;

use meshlite_tests::desk::{Desk, HARMLESS, Said};
use meshlite_tests::{PATIENCE, eventually, procfs};

/// How soon an agent is back whose worker ended. On an idle machine it takes a tenth of a second and the target is
/// three; build machines are not idle.
const BACK: Duration = Duration::from_secs(10);

/// A core that starts well and does this a moment later, from a timer.
fn later(harm: &str) -> String {
    format!("{HARMLESS}\nsetTimeout(function harm() {{ {harm} }}, 300);")
}

/// The worker ends each time; the third time the core is locked away, and the device answers with another one.
fn ends_the_worker(harm: &str, reasons: &[&str], extra: &[&str]) {
    let desk = Desk::open();
    let mut agent = desk.agent(extra);
    let supervisor = agent.supervisor();
    desk.here(PATIENCE);
    let hash = desk.push(&later(harm));
    desk.confirms(hash);
    for round in 1..=3 {
        let (reason, next, away) = desk.crash_and_return(hash);
        println!("round {round}: away for {away:?}: {reason}; {next}");
        assert!(!away.is_zero(), "round {round}: the worker did not end");
        assert!(away < BACK, "round {round}: back only after {away:?}");
        assert!(reasons.iter().any(|part| reason.contains(part)), "round {round}: {reason}");
        assert_eq!(round == 3, next.contains("quarantine"), "round {round}: {next}");
        // A real server insists on its core.
        desk.send(vec![0, 16, 0, 0]);
    }
    answers_with_another_core(&desk);
    assert_eq!(agent.supervisor(), supervisor, "the supervisor never ended");
}

fn answers_with_another_core(desk: &Desk) {
    let good = desk.push(HARMLESS);
    desk.confirms(good);
    assert_eq!(desk.console("after all"), "heard after all");
}

#[test]
fn an_endless_loop_in_a_timer_is_ended_and_quarantined() {
    ends_the_worker("while (true) { }", &["hang", "turn", "time"], &["--turn-budget", "1"]);
}

#[test]
fn an_overflow_of_the_native_stack_is_reported_and_quarantined() {
    // The engine walks a chain of proxies by recursion that no limit of its own counts.
    let harm = "var p = {}; for (var i = 0; i < 400000; i++) { p = new Proxy(p, {}); } p.missing;";
    ends_the_worker(harm, &["stack", "aborted"], &["--turn-budget", "60"]);
}

#[test]
fn a_core_that_eats_memory_turn_by_turn_is_ended_and_its_memory_returns() {
    let desk = Desk::open();
    let mut agent = desk.agent(&["--memory-limit", "128"]);
    desk.here(PATIENCE);
    let good = desk.push(HARMLESS);
    desk.confirms(good);
    assert_eq!(desk.console("before"), "heard before");
    let before = procfs::anonymous_kib(agent.worker());
    let hash = desk.push(&format!(
        "{HARMLESS}\nvar all = []; setInterval(function () {{ all.push(Buffer.alloc(1 << 20, all.length + 1)); }}, 1);"
    ));
    desk.confirms(hash);
    let (reason, _) = desk.crash(hash);
    assert!(reason.contains("memory") || reason.contains("heap") || reason.contains("Memory"), "{reason}");
    answers_with_another_core(&desk);
    eventually("the memory as before", PATIENCE, || {
        (procfs::anonymous_kib(agent.worker()) < before + (8 << 10)).then_some(())
    });
}

/// A core with a manifest that may start one program, with at most eight handles, and does so without end.
fn forks(program: &str, granted: &str) -> String {
    format!(
        "/* meshlite-core\n{{ \"name\": \"forks\", \"version\": \"1\", \
         \"permissions\": {{ \"exec\": [{granted}] }}, \"budget\": {{ \"handles\": 8 }} }}\n*/\n\
         var tries = 0, started = 0, refused = 'nothing';\n\
         setInterval(function () {{\n\
           for (var i = 0; i < 5; i++) {{ tries++; try {{ \
             var child = require('child_process').execFile('{program}', ['sleep', '1000']); \
             child.stdout.on('data', function () {{ }}); started++; }} \
           catch (e) {{ refused = e.code + ' ' + e.message; }} }}\n\
         }}, 1);\n\
         var agent = require('MeshAgent');\n\
         agent.AddCommandHandler(function (c) {{ if (c.action == 'msg' && c.type == 'console') \
           agent.SendCommand({{ action: 'msg', type: 'console', sessionid: c.sessionid, \
             value: tries + ' ' + started + ' ' + refused }}); }});"
    )
}

/// What the forking core says of itself once it has tried often enough: programs started, and the last refusal.
fn tally(desk: &Desk) -> (u32, String) {
    eventually("a hundred tries", PATIENCE, || {
        let said = desk.console("tally");
        let mut parts = said.splitn(3, ' ');
        let mut number = || parts.next()?.parse::<u32>().ok();
        let (tries, started) = (number()?, number()?);
        (tries > 100).then(|| (started, parts.next().unwrap_or_default().to_owned()))
    })
}

fn sleep_program() -> &'static str {
    ["/usr/bin/sleep", "/bin/sleep"]
        .into_iter()
        .find(|path| std::path::Path::new(path).exists())
        .expect("sleep")
}

fn clear(desk: &Desk) {
    desk.send(vec![0, 10, 0, 0]);
    desk.hear("an empty command 11", PATIENCE, |said| matches!(said, Said::Core(None)).then_some(()));
}

#[test]
fn a_fork_loop_ends_at_the_handles_of_its_manifest_and_its_children_go_with_it() {
    let desk = Desk::open();
    let mut agent = desk.agent(&[]);
    desk.here(PATIENCE);
    let program = sleep_program();
    let hash = desk.push(&forks(program, &format!("\"{program}\"")));
    desk.confirms(hash);
    let (started, refused) = tally(&desk);
    assert!(started <= 8, "{started} started");
    assert!(refused.starts_with("ERR_TOO_MANY_HANDLES"), "{refused}");
    let worker = agent.worker();
    assert!(procfs::descendants(worker).len() <= 8, "{:?}", procfs::descendants(worker));
    clear(&desk);
    eventually("the children's end", PATIENCE, || procfs::descendants(worker).is_empty().then_some(()));
    answers_with_another_core(&desk);
}

#[test]
fn a_fork_loop_without_the_permission_starts_nothing_and_is_told_which_one() {
    let desk = Desk::open();
    let mut agent = desk.agent(&[]);
    desk.here(PATIENCE);
    let hash = desk.push(&forks(sleep_program(), "\"/nonexistent/program\""));
    desk.confirms(hash);
    let (started, refused) = tally(&desk);
    assert_eq!(started, 0);
    assert!(refused.contains("ERR_ACCESS_DENIED") && refused.contains("exec"), "{refused}");
    assert!(procfs::descendants(agent.worker()).is_empty());
}

#[test]
fn a_core_that_opens_descriptors_without_end_leaves_the_channel_its_own() {
    let desk = Desk::open();
    let mut agent = desk.agent(&[]);
    desk.here(PATIENCE);
    let good = desk.push(HARMLESS);
    desk.confirms(good);
    assert_eq!(desk.console("before"), "heard before");
    let before = procfs::descriptors(agent.worker());
    let hash = desk.push(&format!(
        "{HARMLESS}\nvar open = [], fs = require('fs'), net = require('net'), why;\n\
         setInterval(function () {{ for (var i = 0; i < 50; i++) {{\n\
           try {{ open.push(fs.openSync('/dev/null', 'r')); }} catch (e) {{ why = e; }}\n\
           try {{ var s = net.createServer(); s.listen({{ port: 0, host: '127.0.0.1' }}); open.push(s); }} catch (e) {{ why = e; }}\n\
         }} if (why) {{ agent.SendCommand({{ action: 'full', why: '' + why, count: open.length }}); why = null; }} }}, 1);"
    ));
    desk.confirms(hash);
    desk.hear("the core's refusal", PATIENCE, |said| match said {
        Said::Json(v) if v["action"] == "full" => Some(()),
        _ => None,
    });
    assert_eq!(desk.console("still"), "heard still");
    // The channel breaks at the worst moment and must find a descriptor to come again.
    desk.hang_up();
    desk.here(PATIENCE);
    assert_eq!(desk.console("again"), "heard again");
    assert_eq!(agent.status()["core"]["hash"], hash.to_hex(), "{}", agent.status());
    clear(&desk);
    answers_with_another_core(&desk);
    eventually("descriptors as before", PATIENCE, || {
        (procfs::descriptors(agent.worker()) <= before + 4).then_some(())
    });
}
