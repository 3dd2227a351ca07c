//! `meshlite core new`, `check`, `test` and `dev` with the real programs, as a developer of a core meets them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use meshlite_tests::meshctrl::run;
use meshlite_tests::{Agent, Answer, PATIENCE, Server, place};
use rustix::process::Signal;
use tempfile::TempDir;

/// `meshlite core ARGS`, without a server.
fn core(args: &[&str]) -> Answer {
    let mut command = Command::new(place::program("meshlite"));
    run(command.arg("core").args(args), Duration::from_secs(60))
}

/// A new core named `blink` in a folder that goes with the test.
fn scaffold() -> (TempDir, PathBuf) {
    let dir = TempDir::new().unwrap();
    let folder = dir.path().join("blink");
    core(&["new", &folder.display().to_string()]).ok();
    (dir, folder)
}

fn text(path: &Path) -> String {
    path.display().to_string()
}

#[test]
fn a_new_core_is_sound_and_passes_its_own_tests() {
    let (_dir, folder) = scaffold();
    let file = text(&folder.join("core.js"));
    assert_eq!(core(&["check", &file]).ok(), format!("{file}: blink 0.1.0, no errors, 0 warnings\n"));
    let tested = core(&["test", &text(&folder)]);
    assert_eq!(tested.code, Some(0), "{tested:?}");
    assert!(tested.stdout.starts_with("TAP version 13\n"), "{tested:?}");
    assert_eq!(tested.stdout.lines().filter(|line| line.starts_with("ok ")).count(), 2, "{tested:?}");
    assert!(folder.join("types/meshagent.d.ts").is_file());

    let again = core(&["new", &text(&folder)]);
    assert_eq!(again.code, Some(1));
    assert!(again.stderr.contains("choose another name"), "{again:?}");
}

#[test]
fn a_check_says_where_and_what_to_do() {
    let (_dir, folder) = scaffold();
    let file = folder.join("core.js");
    let sound = fs::read_to_string(&file).unwrap();

    fs::write(&file, sound.replace("'/proc/loadavg')", "'/etc/hostname')")).unwrap();
    let warned = core(&["check", &text(&file)]);
    assert_eq!(warned.code, Some(0), "{warned:?}");
    assert!(
        warned.stdout.contains("core.js:14:17: warning: fs.readFileSync needs `fs.read` for `/etc/hostname`")
    );

    fs::write(&file, format!("{sound}\nvar = 1;")).unwrap();
    let broken = core(&["check", "--json", &text(&file)]);
    assert_eq!(broken.code, Some(1));
    let found = &broken.json()["findings"][0];
    let line = sound.lines().count() + 2;
    assert_eq!((found["line"].as_u64(), found["column"].as_u64()), (Some(line as u64), Some(5)), "{found}");

    fs::write(&file, sound.replace("\"budget\"", "\"bugdet\"")).unwrap();
    let mistyped = core(&["check", &text(&file)]);
    assert_eq!(mistyped.code, Some(1));
    assert!(mistyped.stdout.contains("bugdet"), "{mistyped:?}");
}

#[test]
fn a_failing_test_and_a_core_that_hangs_fail_the_run() {
    let (_dir, folder) = scaffold();
    let file = folder.join("core.js");
    let sound = fs::read_to_string(&file).unwrap();
    fs::write(&file, sound.replace("Try: help", "Try harder")).unwrap();
    let failed = core(&["test", &text(&folder)]);
    assert_eq!(failed.code, Some(1), "{failed:?}");
    assert!(failed.stdout.contains("not ok 2 - the console answers"), "{failed:?}");
    assert!(
        failed.stdout.contains("'Try harder'") && failed.stdout.contains("core.test.js:16"),
        "{failed:?}"
    );

    fs::write(&file, format!("{sound}\nthrow new TypeError('half way');")).unwrap();
    let thrown = core(&["test", &text(&folder)]);
    let line = sound.lines().count() + 2;
    assert!(thrown.stdout.contains(&format!("core.js:{line}:")), "{thrown:?}");
    assert!(thrown.stdout.contains("TypeError: half way"), "{thrown:?}");

    fs::write(&file, format!("{sound}\nfor (;;) {{}}")).unwrap();
    let hung = core(&["test", &text(&folder)]);
    assert_eq!(hung.code, Some(1), "{hung:?}");
    assert!(hung.stdout.contains("Bail out!") && hung.stdout.contains("core.js"), "{hung:?}");

    fs::remove_dir_all(folder.join("test")).unwrap();
    let none = core(&["test", &text(&folder)]);
    assert_eq!(none.code, Some(1));
    assert!(none.stderr.contains("test/NAME.test.js"), "{none:?}");
}

#[test]
fn a_saved_core_runs_on_the_device_at_once_and_ctrl_c_gives_it_its_former_core_back() {
    let mut server = Server::start();
    let mut agent = Agent::start(&server.group("Lab"));
    agent.connected(0);
    let id = server.wait_connected(1)[0]["id"].as_str().unwrap().to_owned();
    server.process().expect(0, &["core confirmed"], PATIENCE);
    let (_dir, folder) = scaffold();
    let former = folder.join("former.js");
    fs::write(&former, answering("former")).unwrap();
    server.meshlite(&["core", "push", &id, &text(&former)]).ok();
    console(&server, &id, "former heard x");

    // From the first push on everything the core says is here.
    let file = folder.join("blink.js");
    fs::write(&file, answering("first")).unwrap();
    let mut dev = server.meshlite_started(&["core", "dev", &id, &text(&file)]);
    dev.expect(0, &["[pushed]", "blink.js"], PATIENCE);
    dev.expect(0, &["first is up"], PATIENCE);
    console(&server, &id, "first heard x");

    // A save: the new text runs, by writing and by replacing the file.
    let mark = dev.mark();
    fs::write(&file, answering("second")).unwrap();
    let saved = Instant::now();
    dev.expect(mark, &["[pushed]"], PATIENCE);
    // A second on a quiet machine; this one may be busy with other tests.
    assert!(saved.elapsed() < Duration::from_secs(6), "pushed after {:?}", saved.elapsed());
    dev.expect(mark, &["second is up"], PATIENCE);
    let mark = dev.mark();
    fs::write(folder.join("new"), answering("third")).unwrap();
    fs::rename(folder.join("new"), &file).unwrap();
    dev.expect(mark, &["third is up"], PATIENCE);
    console(&server, &id, "third heard x");

    // What does not parse is not pushed.
    let mark = dev.mark();
    fs::write(&file, "var a = 1;\nvar = 2;\n").unwrap();
    dev.expect(mark, &["[error]", "blink.js:2:5", "SyntaxError"], PATIENCE);
    dev.expect(mark, &["not pushed"], PATIENCE);
    console(&server, &id, "third heard x");

    // An exception, and then a crash, with file, line and message.
    let mark = dev.mark();
    fs::write(
        &file,
        format!(
            "{}\nsetTimeout(function () {{\n  var lamp;\n  throw new TypeError('no lamp');\n}}, 1);",
            answering("fourth")
        ),
    )
    .unwrap();
    let line = answering("fourth").lines().count() + 3;
    dev.expect(mark, &["[exception]", &format!("blink.js:{line}:"), "TypeError: no lamp"], PATIENCE);
    let mark = dev.mark();
    fs::write(&file, format!("{}\nfunction deep() {{ deep(); }}\ndeep();", answering("fifth"))).unwrap();
    dev.expect(mark, &["failed", "blink.js:"], PATIENCE);

    let mark = dev.mark();
    dev.signal(Signal::INT);
    dev.expect(mark, &["[restored]"], PATIENCE);
    let status = meshlite_tests::eventually("the end of core dev", PATIENCE, || dev.exited());
    assert!(status.success(), "{status:?}");
    console(&server, &id, "former heard x");
    agent.process().assert_no_panic();
}

#[test]
fn a_tool_that_was_killed_leaves_a_trial_that_can_be_ended() {
    let mut server = Server::start();
    let mut agent = Agent::start(&server.group("Lab"));
    agent.connected(0);
    let id = server.wait_connected(1)[0]["id"].as_str().unwrap().to_owned();
    server.process().expect(0, &["core confirmed"], PATIENCE);
    let (_dir, folder) = scaffold();
    let file = folder.join("blink.js");
    fs::write(&file, answering("tried")).unwrap();
    let mut dev = server.meshlite_started(&["core", "dev", &id, &text(&file)]);
    dev.expect(0, &["tried is up"], PATIENCE);
    dev.kill9();
    console(&server, &id, "tried heard x");
    server.meshlite(&["core", "restore", &id]).ok();
    meshlite_tests::eventually("the server's own core", PATIENCE, || {
        server
            .devices()
            .into_iter()
            .find(|device| device["core"].as_str().is_some_and(|core| core.contains("Meshlite")))
    });
}

fn answering(name: &str) -> String {
    format!(
        "var agent = require('MeshAgent');\n\
         agent.AddCommandHandler(function (c) {{\n\
           if (c.action == 'msg' && c.type == 'console')\n\
             agent.SendCommand({{ action: 'msg', type: 'console', value: '{name} heard ' + c.value, sessionid: c.sessionid }});\n\
         }});\n\
         agent.SendCommand({{ action: 'coreinfo', value: '{name}', caps: 24 }});\n\
         console.log('{name} is up');"
    )
}

/// Asks the console until it answers so: a core may just be starting.
#[track_caller]
fn console(server: &Server, id: &str, expected: &str) {
    meshlite_tests::eventually(&format!("a console that answers {expected:?}"), PATIENCE, || {
        let answer = server.meshlite(&["console", id, "x", "--timeout", "5"]);
        answer.stdout.lines().any(|line| line == expected).then_some(())
    });
}
