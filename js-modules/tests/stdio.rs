//! Standard streams and signals of a script that owns its process.
//!
//! Each case runs this test program again as the script's process, with the descriptors the case is about.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, Output, Stdio};
use std::rc::Rc;
use std::time::{Duration, Instant};

use js_modules::host::{Host, HostEvent, HostOptions, TerminalSink, on_big_stack};
use microstack::chain::Chain;
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

const TIME: Duration = Duration::from_secs(30);
/// The test runner prints before the script does; what is ours comes behind this.
const MARK: &str = "\n--script--\n";

/// The process of a script; alone it has nothing to do.
#[test]
fn child() {
    let Ok(source) = std::env::var("MESHLITE_JS_SCRIPT") else { return };
    print!("{MARK}");
    std::io::stdout().flush().unwrap();
    let code = on_big_stack(move || {
        let chain = Chain::new().unwrap();
        let options = HostOptions {
            sink: Rc::new(TerminalSink),
            env: std::env::vars().collect(),
            argv: vec!["meshlite-agent".into(), "script.js".into()],
            ..HostOptions::default()
        };
        let mut host = Host::new(chain.clone(), options).unwrap();
        host.run_script("/script.js", &source);
        let mut code = None;
        let end = chain.run_until(Some(Instant::now() + TIME), &mut |_| {
            host.drain();
            for event in host.events() {
                if let HostEvent::UncaughtException(error) = event {
                    eprintln!("Uncaught {error}");
                }
            }
            code = host.exit_code();
            if code.is_none() && host.is_idle() {
                code = host.finish();
            }
            code.is_some()
        });
        end.unwrap();
        host.shutdown();
        code.unwrap_or(99)
    })
    .unwrap();
    std::process::exit(code);
}

fn command(source: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", "child", "--nocapture", "--quiet"])
        .env("MESHLITE_JS_SCRIPT", source)
        .env("TERM", "xterm-256color")
        .env_remove("NO_COLOR")
        .env_remove("FORCE_COLOR")
        .env_remove("COLORTERM")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

fn script_output(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes).replace("\r\n", "\n");
    text.split_once(MARK).unwrap_or_else(|| panic!("no mark in {text}")).1.to_owned()
}

/// The script's output; fails unless it ended well.
fn good(output: &Output) -> String {
    let text = script_output(&output.stdout);
    assert!(
        output.status.success(),
        "{}\n{text}\n{}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
    text
}

fn run(source: &str, stdin: Stdio) -> String {
    good(&command(source).stdin(stdin).output().unwrap())
}

/// Runs with a pipe, writing the parts with pauses between them, and closes it.
fn piped(source: &str, parts: &[&[u8]]) -> String {
    let mut child = command(source).stdin(Stdio::piped()).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    for part in parts {
        input.write_all(part).unwrap();
        std::thread::sleep(Duration::from_millis(30));
    }
    drop(input);
    good(&child.wait_with_output().unwrap())
}

#[test]
fn a_pipe_is_read_to_its_end() {
    let source = "
        const seen = [];
        process.stdin.setEncoding('utf8');
        process.stdin.on('data', (text) => seen.push(text));
        process.stdin.on('end', () => console.log(seen.join('|').replace('|', ''), process.stdin.fd, process.stdin.isTTY));
    ";
    assert_eq!(piped(source, &[b"a\xE2\x82", b"\xACb\n"]), "a€b\n 0 undefined\n");
}

#[test]
fn async_iteration_takes_a_megabyte() {
    let source = "
        (async () => {
            let size = 0, sum = 0;
            for await (const piece of process.stdin) {
                size += piece.length;
                sum += piece[0] + piece[piece.length - 1];
                if (size < 300000) await new Promise((done) => setTimeout(done, 2));
            }
            console.log(size, sum > 0);
        })();
    ";
    let data = vec![b'x'; 1 << 20];
    assert_eq!(piped(source, &[&data]), "1048576 true\n");
}

#[test]
fn a_file_and_nothing_are_read_too() {
    let source = "
        let size = 0;
        process.stdin.on('data', (piece) => { size += piece.length; });
        process.stdin.on('end', () => console.log(size, process.stdin.readableEnded));
    ";
    let path = std::env::temp_dir().join(format!("meshlite-stdin-{}", std::process::id()));
    std::fs::write(&path, vec![7; 200_000]).unwrap();
    let text = run(source, File::open(&path).unwrap().into());
    std::fs::remove_file(&path).unwrap();
    assert_eq!(text, "200000 true\n");
    assert_eq!(run(source, Stdio::null()), "0 true\n");
}

#[test]
fn an_input_that_is_not_read_holds_nobody() {
    // The pipe stays open all the time: only a script that does not wait for it ends.
    for source in [
        "process.stdin; console.log('done');",
        "process.stdin.on('data', () => {}); process.stdin.pause(); console.log('done');",
        "process.stdin.on('data', () => {}); setTimeout(() => { process.stdin.pause(); console.log('done'); }, 30);",
        "process.stdin.on('data', (d) => { process.stdin.pause(); console.log(String(d)); });",
        "process.stdin.on('data', () => {}).unref(); console.log('done');",
        "process.stdin.once('data', (d) => { console.log(String(d)); process.stdin.destroy(); });",
    ] {
        let mut child = command(source).stdin(Stdio::piped()).spawn().unwrap();
        let mut input = child.stdin.take().unwrap();
        // It may be gone already.
        let _ = input.write_all(b"done");
        let status = wait(&mut child);
        let mut text = Vec::new();
        child.stdout.take().unwrap().read_to_end(&mut text).unwrap();
        assert!(status.success(), "{source}");
        assert_eq!(script_output(&text), "done\n", "{source}");
        drop(input);
    }
}

fn wait(child: &mut Child) -> std::process::ExitStatus {
    let end = Instant::now() + TIME;
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status;
        }
        if Instant::now() > end {
            child.kill().unwrap();
            panic!("the script did not end");
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn outputs_are_streams() {
    let source = "
        const { Writable, Readable, pipeline } = require('stream');
        const out = process.stdout;
        const facts = [out instanceof Writable, out.fd, out.isTTY, out.columns, out.writable, process.stderr.fd, require('tty').isatty(1)];
        console.log(JSON.stringify(facts));
        out.write('caf\\u00e9 ', 'utf8', () => {
            out.write(Buffer.from('a')); out.write('6d', 'hex'); out.write(new Uint8Array([10]));
            const from = Readable.from(['x', 'y\\n']);
            from.pipe(out);
            from.on('end', () => process.stderr.write('to stderr\\n'));
        });
    ";
    let output = command(source).output().unwrap();
    assert_eq!(good(&output), "[true,1,null,null,true,2,false]\ncafé am\nxy\n");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "to stderr\n");
}

/// A terminal of 100 by 30: the side of the user, and the side of the script.
fn terminal() -> (File, OwnedFd) {
    let user = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
    grantpt(&user).unwrap();
    unlockpt(&user).unwrap();
    let name = ptsname(&user, Vec::new()).unwrap();
    let script =
        rustix::fs::open(name, rustix::fs::OFlags::RDWR | rustix::fs::OFlags::NOCTTY, 0.into()).unwrap();
    tcsetwinsize(&user, Winsize { ws_col: 100, ws_row: 30, ws_xpixel: 0, ws_ypixel: 0 }).unwrap();
    (user.into(), script)
}

/// Reads until the script has printed `text`.
fn expect(user: &mut File, seen: &mut String, text: &str) {
    let mut piece = [0; 4096];
    while !seen.contains(text) {
        let count = user.read(&mut piece).unwrap_or_else(|e| panic!("{e}; only {seen}"));
        seen.push_str(&String::from_utf8_lossy(&piece[..count]));
    }
}

#[test]
fn a_terminal_has_a_size_a_raw_mode_and_signals() {
    let source = "
        const { stdin, stdout } = process;
        console.log(JSON.stringify([stdin.isTTY, stdin.isRaw, stdout.isTTY, stdout.columns, stdout.rows, stdout.getWindowSize(),
            stdout.getColorDepth(), stdout.hasColors(), require('tty').isatty(0)]));
        stdout.clearLine(0); stdout.cursorTo(0); stdout.moveCursor(-1, 2);
        stdout.on('resize', () => console.log('resized', stdout.columns, stdout.rows));
        stdin.setRawMode(true);
        console.log('raw', stdin.isRaw);
        stdin.on('data', (key) => {
            console.log('key', JSON.stringify(String(key)));
            if (String(key) === 'q') { stdin.setRawMode(false); stdin.pause(); process.exitCode = 5; }
        });
        process.on('SIGINT', () => assert.fail('raw mode gives no signals'));
    ";
    let (mut user, script) = terminal();
    let mut command = command(source);
    command
        .stdin(script.try_clone().unwrap())
        .stdout(script.try_clone().unwrap())
        .stderr(script.try_clone().unwrap());
    drop(script);
    let mut child = command.spawn().unwrap();
    drop(command);
    let mut seen = String::new();
    expect(&mut user, &mut seen, "[true,false,true,100,30,[100,30],8,true,true]");
    expect(&mut user, &mut seen, "\x1b[2K\x1b[1G\x1b[1D\x1b[2B");
    expect(&mut user, &mut seen, "raw true");
    user.write_all(b"\x03").unwrap();
    expect(&mut user, &mut seen, r#"key "\u0003""#);
    tcsetwinsize(&user, Winsize { ws_col: 80, ws_row: 25, ws_xpixel: 0, ws_ypixel: 0 }).unwrap();
    signal(&child, rustix::process::Signal::WINCH);
    expect(&mut user, &mut seen, "resized 80 25");
    user.write_all(b"q").unwrap();
    expect(&mut user, &mut seen, r#"key "q""#);
    assert_eq!(wait(&mut child).code(), Some(5));
    assert!(!seen.contains("Uncaught"), "{seen}");
}

fn signal(child: &Child, signal: rustix::process::Signal) {
    let pid = rustix::process::Pid::from_raw(child.id() as i32).unwrap();
    rustix::process::kill_process(pid, signal).unwrap();
}

#[test]
fn signals_are_events_of_process() {
    let source = "
        const seen = [];
        const listener = (name, number) => { seen.push([name, number]); process.kill(process.pid, 'SIGUSR2'); };
        process.on('SIGHUP', listener);
        process.once('SIGUSR2', (name) => { seen.push([name]); clearInterval(wait); console.log(JSON.stringify(seen)); });
        const wait = setInterval(() => {}, 1000);
        process.kill(process.pid, 'SIGHUP');
        for (const bad of ['SIGKILL', 'SIGSTOP']) {
            try { process.on(bad, () => {}); console.log('took', bad); } catch (error) { seen.push(error.code); }
        }
    ";
    assert_eq!(run(source, Stdio::null()), "[\"EINVAL\",\"EINVAL\",[\"SIGHUP\",1],[\"SIGUSR2\"]]\n");
}

#[test]
fn a_signal_listener_holds_nobody() {
    assert_eq!(run("process.on('SIGTERM', () => {}); console.log('end');", Stdio::null()), "end\n");
}

#[test]
fn a_signal_nobody_listens_to_any_more_ends_the_process() {
    let source = "
        const listener = () => console.log('never');
        process.on('SIGTERM', listener);
        process.once('SIGTERM', listener);
        process.removeListener('SIGTERM', listener);
        process.removeAllListeners('SIGTERM');
        setInterval(() => {}, 1000);
        console.log('ready');
        process.kill(process.pid, 'SIGTERM');
    ";
    let output = command(source).process_group(0).output().unwrap();
    assert_eq!(output.status.signal(), Some(15));
    assert_eq!(script_output(&output.stdout), "ready\n");
}

#[test]
fn a_signal_can_end_a_script_in_order() {
    let source = "
        process.on('SIGTERM', () => process.exit(12));
        process.on('exit', (code) => console.log('exit', code));
        setInterval(() => {}, 1000);
        console.log('ready');
    ";
    let mut child = command(source).spawn().unwrap();
    let mut out = child.stdout.take().unwrap();
    let mut text = Vec::new();
    let mut byte = [0];
    while !String::from_utf8_lossy(&text).ends_with("ready\n") {
        assert_eq!(out.read(&mut byte).unwrap(), 1);
        text.push(byte[0]);
    }
    signal(&child, rustix::process::Signal::TERM);
    assert_eq!(wait(&mut child).code(), Some(12));
    out.read_to_end(&mut text).unwrap();
    assert_eq!(script_output(&text), "ready\nexit 12\n");
}

/// A context whose owner is not the process sees no terminal, no input and no signal.
#[test]
fn a_context_that_does_not_own_the_process_has_none_of_it() {
    let events = on_big_stack(|| {
        let chain = Chain::new().unwrap();
        let mut host = Host::new(chain.clone(), HostOptions::default()).unwrap();
        host.run_script(
            "/inner.js",
            "
            process.on('SIGUSR1', () => console.log('signal'));
            process.stdin.on('data', () => console.log('data')).on('end', () => console.log('end'));
            console.log(process.stdout.isTTY, process.stdin.isTTY, require('tty').isatty(0), process.stdout.write('x'));
            ",
        );
        let end = Some(Instant::now() + TIME);
        chain
            .run_until(end, &mut |_| {
                host.drain();
                host.is_idle()
            })
            .unwrap();
        host.events()
    })
    .unwrap();
    let lines: Vec<String> = events
        .into_iter()
        .map(|event| match event {
            HostEvent::ConsoleLine { text, .. } => text,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(lines, ["undefined undefined false true", "end"]);
}
