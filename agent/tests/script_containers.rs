//! Scripts of the dialect from the command line, and containers: scripts in a process of their own.

use std::fs;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

/// Runs a script of the dialect; fails when it takes longer than half a minute.
fn run(script: &str, args: &[&str]) -> Output {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("script.js");
    fs::write(&file, script).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_meshlite-agent"));
    command.args(["script", "--meshagent"]).arg(&file).args(args);
    let mut child =
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let deadline = Instant::now() + Duration::from_secs(30);
    while child.try_wait().unwrap().is_none() {
        if Instant::now() > deadline {
            let _ = child.kill();
            panic!("still running: {:?}", child.wait_with_output());
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    child.wait_with_output().unwrap()
}

fn lines(output: &Output) -> Vec<String> {
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(!text.is_empty(), "nothing printed: {}", String::from_utf8_lossy(&output.stderr));
    text.lines().map(str::to_owned).collect()
}

#[test]
fn a_script_of_the_dialect_has_its_modules_arguments_and_exit_code() {
    let output = run(
        "console.log('a', typeof require('user-sessions').minUid(), process.argv[1]); process.exit(3);",
        &["word"],
    );
    assert_eq!(lines(&output), ["a, number, word"]);
    assert_eq!(output.status.code(), Some(3));
    let output = run("throw new Error('top level');", &[]);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("top level"));
}

#[test]
fn a_container_runs_in_its_own_process_and_talks_both_ways() {
    let output = run(
        "var c = require('ScriptContainer').Create({ processIsolation: true }), seen = [];
         c.on('ready', function () {
           c.addModule('twice', 'module.exports = function (n) { return 2 * n; };');
           c.ExecuteString('var s = require(\"ScriptContainer\"); s.on(\"data\", function (d) { \
             s.send({ pid: process.pid, got: d, twice: require(\"twice\")(d.n) }); }); s.send(\"up\");');
           c.send({ n: 21, text: 'a\\u0000\\u00e9' });
         });
         c.on('data', function (d) {
           if (d === 'up') { return; }
           console.log([d.pid !== process.pid, d.pid === c.pid, d.twice, JSON.stringify(d.got)].join(' '));
           c.exit(7);
         });
         c.on('exit', function (code) { console.log('exit ' + code); process.exit(); });",
        &[],
    );
    assert_eq!(lines(&output), ["true true 42 {\"n\":21,\"text\":\"a\\u0000é\"}", "exit 7"]);
}

#[test]
fn a_container_that_throws_or_loops_is_told_and_ended() {
    let output = run(
        "var c = require('ScriptContainer').Create({ processIsolation: true });
         c.on('error', function (e) { console.log(e); c.ExecuteString('process.kill(process.pid, 9);'); });
         c.on('exit', function (code) { console.log('exit ' + (code !== 0)); process.exit(); });
         c.ExecuteString('throw new Error(\"inside\");');",
        &[],
    );
    assert_eq!(lines(&output), ["Error: inside", "exit true"]);
}

#[test]
fn a_container_ends_with_the_script_that_made_it() {
    let output = run(
        "var c = require('ScriptContainer').Create({ processIsolation: true });
         c.on('ready', function () { console.log(c.pid); process.exit(); });",
        &[],
    );
    let pid = lines(&output).remove(0);
    let deadline = Instant::now() + Duration::from_secs(10);
    // Gone, or a zombie of whoever adopted it.
    let alive = || fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| !stat.contains(") Z "));
    while alive() && Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(10));
    }
    assert!(!alive(), "the container {pid} lives on");
}
