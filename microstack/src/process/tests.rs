use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::{Duration, Instant};

use super::*;
use crate::chain::{Chain, Link, RunEnd};

/// What a child did, as its owner saw it.
#[derive(Default)]
struct Seen {
    out: Vec<u8>,
    err: Vec<u8>,
    out_bytes: usize,
    ends: u32,
    exit: Option<Exit>,
    exit_after_bytes: usize,
    stdin_error: Option<Option<io::ErrorKind>>,
    finished: bool,
    max_backlog: usize,
}

type Act = Box<dyn FnOnce(&mut Child, &Cx<'_>)>;

/// Owns one child, feeds `input`, and collects.
struct Owner {
    spawn: Spawn,
    child: Option<Child>,
    input: Vec<u8>,
    sent: usize,
    keep: bool,
    threaded: bool,
    act: Option<Act>,
    seen: Rc<RefCell<Seen>>,
}

impl Owner {
    fn new(spawn: Spawn) -> Self {
        Owner {
            spawn,
            child: None,
            input: Vec::new(),
            sent: 0,
            keep: true,
            threaded: false,
            act: None,
            seen: Rc::default(),
        }
    }

    fn input(mut self, input: Vec<u8>) -> Self {
        self.input = input;
        self
    }

    fn feed(&mut self, cx: &Cx<'_>) {
        let child = self.child.as_mut().unwrap();
        if self.sent < self.input.len() {
            self.sent += child.write_stdin(cx, &self.input[self.sent..]);
            let mut seen = self.seen.borrow_mut();
            seen.max_backlog = seen.max_backlog.max(child.stdin_backlog());
        }
        if self.sent == self.input.len() && child.stdin_is_open() {
            child.close_stdin(cx);
        }
    }
}

impl Link for Owner {
    fn wake(&mut self, cx: &mut Cx<'_>, wake: Wake) {
        if wake.start {
            self.child = Some(Child::spawn(cx, &self.spawn, 0).unwrap());
            if self.threaded {
                let pid = self.child.as_ref().unwrap().pid;
                self.child.as_mut().unwrap().watcher = Watcher::start_thread(cx, pid).unwrap();
            }
            if let Some(act) = self.act.take() {
                act(self.child.as_mut().unwrap(), cx);
            }
            self.feed(cx);
        }
        self.child.as_mut().unwrap().wake(cx, &wake);
        while let Some(event) = self.child.as_mut().unwrap().poll(cx) {
            let mut seen = self.seen.borrow_mut();
            match event {
                Event::Stdout(bytes) => {
                    seen.out_bytes += bytes.len();
                    if self.keep {
                        seen.out.extend(bytes);
                    }
                }
                Event::Stderr(bytes) => seen.err.extend(bytes),
                Event::StdoutEnd | Event::StderrEnd => seen.ends += 1,
                Event::Exit(exit) => {
                    assert!(seen.exit.is_none(), "an exit comes once");
                    seen.exit_after_bytes = seen.out_bytes;
                    seen.exit = Some(exit);
                }
                Event::StdinDrained => {
                    drop(seen);
                    self.feed(cx);
                }
                Event::StdinClosed(error) => seen.stdin_error = Some(error.map(|e| e.kind())),
            }
        }
        self.seen.borrow_mut().finished = self.child.as_ref().unwrap().is_finished();
    }
}

fn run(owner: Owner) -> (Chain, Rc<RefCell<Seen>>) {
    let chain = Chain::new().unwrap();
    let seen = owner.seen.clone();
    chain.add("owner", owner);
    let done = seen.clone();
    let end =
        chain.run_until(Some(Instant::now() + Duration::from_secs(60)), &mut |_| done.borrow().finished);
    assert_eq!(end.unwrap(), RunEnd::Done, "the child did not finish");
    (chain, seen)
}

fn sh(script: &str) -> Spawn {
    Spawn::new("/bin/sh").argv0("sh").arg("-c").arg(script)
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn the_child_sees_the_given_argv0() {
    let (_, seen) = run(Owner::new(
        Spawn::new("/bin/sh").argv0("another-name").arg("-c").arg("tr '\\0' ' ' < /proc/$$/cmdline"),
    ));
    assert!(text(&seen.borrow().out).starts_with("another-name -c "), "{}", text(&seen.borrow().out));
}

#[test]
fn a_replaced_environment_holds_nothing_else() {
    let variables = vec![("ONE".into(), "1".into()), ("TWO".into(), "2 3".into())];
    let spawn = Spawn::new("/usr/bin/env").environment(Environment::Replace(variables));
    let (_, seen) = run(Owner::new(spawn));
    assert_eq!(text(&seen.borrow().out), "ONE=1\nTWO=2 3\n");
}

#[test]
fn an_inherited_environment_is_ours() {
    let (_, seen) = run(Owner::new(sh("echo \"$PATH\"")));
    assert_eq!(text(&seen.borrow().out).trim_end(), std::env::var("PATH").unwrap());
}

#[test]
fn it_starts_in_the_given_folder() {
    let (_, seen) = run(Owner::new(sh("pwd").folder("/usr")));
    assert_eq!(text(&seen.borrow().out), "/usr\n");
}

#[test]
fn the_exit_code_is_reported_after_all_output() {
    let (_, seen) = run(Owner::new(sh("head -c 300000 /dev/zero; echo bad >&2; exit 7")));
    let seen = seen.borrow();
    assert_eq!(seen.exit, Some(Exit { code: Some(7), signal: None }));
    assert_eq!(seen.exit_after_bytes, 300_000);
    assert_eq!((text(&seen.err).as_str(), seen.ends), ("bad\n", 2));
}

#[test]
fn a_signal_is_reported_as_such() {
    let (_, seen) = run(Owner::new(sh("kill -TERM $$; sleep 9")));
    assert_eq!(seen.borrow().exit, Some(Exit { code: None, signal: Some(15) }));
}

#[test]
fn kill_reaches_the_child_and_says_when_it_is_gone() {
    let mut owner = Owner::new(Spawn::new("/bin/sleep").arg("60"));
    owner.act = Some(Box::new(|child, _| {
        assert!(matches!(child.kill(99), Err(KillError::NoSuchSignal(99))));
        child.kill(15).unwrap();
    }));
    let (_, seen) = run(owner);
    assert_eq!(seen.borrow().exit, Some(Exit { code: None, signal: Some(15) }));
}

#[test]
fn a_group_is_killed_whole() {
    // The inner sleep holds the pipe: the stream ends only if it dies too.
    let mut owner = Owner::new(sh("sleep 60 & wait").own_group());
    owner.act = Some(Box::new(|child, _| child.kill(9).unwrap()));
    let started = Instant::now();
    let (_, seen) = run(owner);
    assert_eq!(seen.borrow().exit.unwrap().signal, Some(9));
    assert!(started.elapsed() < Duration::from_secs(20));
}

#[test]
fn without_a_pidfd_the_end_is_noticed_too() {
    let mut owner = Owner::new(sh("echo x; exit 4"));
    owner.threaded = true;
    let (_, seen) = run(owner);
    assert_eq!(seen.borrow().exit, Some(Exit { code: Some(4), signal: None }));
    assert_eq!(text(&seen.borrow().out), "x\n");
}

#[test]
fn fifty_megabytes_go_through_both_pipes_without_deadlock() {
    let size = 50_000_000;
    let input: Vec<u8> = (0..size).map(|i| (i / 7) as u8).collect();
    let (_, seen) = run(Owner::new(Spawn::new("/bin/cat")).input(input.clone()));
    let seen = seen.borrow();
    assert_eq!(seen.out_bytes, size);
    assert!(seen.out == input, "the bytes changed on their way");
    assert_eq!(seen.exit.unwrap().code, Some(0));
    assert_eq!(seen.stdin_error, Some(None));
    assert!(seen.max_backlog <= MAX_STDIN_BACKLOG, "{}", seen.max_backlog);
}

#[test]
fn a_child_that_does_not_read_keeps_the_queue_at_its_bound() {
    let mut owner = Owner::new(Spawn::new("/bin/sleep").arg("60").max_stdin_backlog(10_000));
    owner.act = Some(Box::new(|child, cx| {
        let chunk = vec![0; 1 << 20];
        let mut taken = 0;
        for _ in 0..100 {
            taken += child.write_stdin(cx, &chunk);
        }
        assert_eq!(child.stdin_backlog(), 10_000);
        // The pipe itself takes 64 KiB.
        assert!(taken <= 10_000 + (64 << 10), "{taken}");
        child.kill(9).unwrap();
    }));
    run(owner);
}

#[test]
fn a_paused_stream_stops_the_child_not_the_memory() {
    let chain = Chain::new().unwrap();
    let mut owner = Owner::new(sh("exec cat /dev/zero"));
    owner.keep = false;
    owner.act = Some(Box::new(|child, _| child.pause(Stream::Stdout)));
    let seen = owner.seen.clone();
    let id = chain.add("owner", owner);
    chain.run_until(Some(Instant::now() + Duration::from_millis(300)), &mut |_| false).unwrap();
    assert_eq!(seen.borrow().out_bytes, 0);
    let before = chain.stats().turns;
    chain.run_until(Some(Instant::now() + Duration::from_millis(100)), &mut |_| false).unwrap();
    assert!(chain.stats().turns - before < 5, "a paused child does not keep the chain busy");
    chain.remove(id);
}

#[test]
fn a_resumed_stream_goes_on_where_it_was() {
    let resumed = Rc::new(Cell::new(false));
    struct Pausing {
        child: Option<Child>,
        resumed: Rc<Cell<bool>>,
        bytes: Rc<Cell<usize>>,
        done: Rc<Cell<bool>>,
    }
    impl Link for Pausing {
        fn wake(&mut self, cx: &mut Cx<'_>, wake: Wake) {
            if wake.start {
                let mut child = Child::spawn(cx, &sh("head -c 500000 /dev/zero"), 4).unwrap();
                child.pause(Stream::Stdout);
                self.child = Some(child);
                cx.set_timer(Some(cx.now() + Duration::from_millis(50)));
            }
            let child = self.child.as_mut().unwrap();
            if wake.timer {
                assert_eq!(self.bytes.get(), 0);
                self.resumed.set(true);
                child.resume(cx, Stream::Stdout);
            }
            child.wake(cx, &wake);
            while let Some(event) = child.poll(cx) {
                if let Event::Stdout(bytes) = event {
                    self.bytes.set(self.bytes.get() + bytes.len());
                }
            }
            self.done.set(child.is_finished());
        }
    }
    let (bytes, done) = (Rc::new(Cell::new(0)), Rc::new(Cell::new(false)));
    let chain = Chain::new().unwrap();
    chain.add(
        "pausing",
        Pausing { child: None, resumed: resumed.clone(), bytes: bytes.clone(), done: done.clone() },
    );
    chain.run_until(Some(Instant::now() + Duration::from_secs(20)), &mut |_| done.get()).unwrap();
    assert!(resumed.get());
    assert_eq!(bytes.get(), 500_000);
}

#[test]
fn writing_to_a_child_that_closed_its_input_is_an_event() {
    let input = vec![b'x'; 1_000_000];
    let (_, seen) = run(Owner::new(sh("exec <&-; echo closed; sleep 0.2")).input(input));
    assert_eq!(seen.borrow().stdin_error, Some(Some(io::ErrorKind::BrokenPipe)));
    assert_eq!(seen.borrow().exit.unwrap().code, Some(0));
}

#[test]
fn a_grandchild_that_keeps_the_pipe_does_not_hold_the_exit_back() {
    let chain = Chain::new().unwrap();
    let owner = Owner::new(sh("echo first; sleep 30 & exit 5").own_group());
    let seen = owner.seen.clone();
    let id = chain.add("owner", owner);
    let end = chain
        .run_until(Some(Instant::now() + Duration::from_secs(10)), &mut |_| seen.borrow().exit.is_some())
        .unwrap();
    assert_eq!(end, RunEnd::Done);
    assert_eq!(seen.borrow().exit.unwrap().code, Some(5));
    assert_eq!(text(&seen.borrow().out), "first\n");
    assert!(!seen.borrow().finished);
    chain.remove(id);
}

#[test]
fn faults_at_the_start_name_the_culprit() {
    struct Try(Rc<RefCell<Vec<String>>>);
    impl Link for Try {
        fn wake(&mut self, cx: &mut Cx<'_>, _: Wake) {
            for spawn in [
                Spawn::new("/no/such/program"),
                Spawn::new("no-such-program-by-name"),
                Spawn::new("/etc/passwd"),
                Spawn::new("/bin/true").folder("/no/such/folder"),
                Spawn::new("/bin/true").arg("a\0b"),
                Spawn::new(""),
            ] {
                let error = Child::spawn(cx, &spawn, 0).err().expect("must not start");
                self.0.borrow_mut().push(error.to_string());
            }
        }
    }
    let chain = Chain::new().unwrap();
    let texts = Rc::new(RefCell::new(Vec::new()));
    chain.add("try", Try(texts.clone()));
    chain.turn(Some(Duration::ZERO)).unwrap();
    let texts = texts.borrow();
    assert_eq!(texts[0], "program `/no/such/program` was not found; check the path, or PATH for a bare name");
    assert!(texts[1].contains("`no-such-program-by-name` was not found"));
    assert!(texts[2].contains("`/etc/passwd` may not be run"), "{}", texts[2]);
    assert!(texts[3].contains("cannot start in `/no/such/folder`"));
    assert!(texts[4].contains("NUL byte"));
    assert!(texts[5].contains("empty"));
}

#[test]
fn another_user_is_used_when_we_may() {
    if !rustix::process::geteuid().is_root() {
        println!("skipped: only root may change the user");
        return;
    }
    let (_, seen) = run(Owner::new(sh("id -u; id -g; id -G").uid(65534).gid(65534)));
    assert_eq!(text(&seen.borrow().out), "65534\n65534\n65534\n");
}

fn on_terminal(script: &str) -> Spawn {
    sh(script).terminal(Terminal { size: Size { rows: 31, columns: 97 }, ..Terminal::default() })
}

#[test]
fn a_terminal_has_a_size_a_session_and_an_end() {
    let (_, seen) = run(Owner::new(on_terminal(
        "stty size; test -t 0 -a -t 1 -a -t 2 && echo all; ps -o sid= -p $$ | grep -q $$ && echo leader; exit 5",
    )));
    let seen = seen.borrow();
    assert_eq!(text(&seen.out), "31 97\r\nall\r\nleader\r\n");
    assert_eq!(seen.exit, Some(Exit { code: Some(5), signal: None }));
}

#[test]
fn the_given_modes_are_the_first_ones() {
    let modes = Modes { output: Some(0), ..Modes::default() };
    let spawn = sh("echo plain").terminal(Terminal { modes, ..Terminal::default() });
    let (_, seen) = run(Owner::new(spawn));
    assert_eq!(text(&seen.borrow().out), "plain\n");
}

/// Types one thing when it sees another, then goes on to the next pair.
struct Typist {
    spawn: Spawn,
    child: Option<Child>,
    shown: Vec<u8>,
    script: Vec<(&'static str, &'static [u8])>,
    resize: Option<Size>,
    exit: Rc<Cell<Option<Exit>>>,
}

impl Link for Typist {
    fn wake(&mut self, cx: &mut Cx<'_>, wake: Wake) {
        if wake.start {
            self.child = Some(Child::spawn(cx, &self.spawn, 0).unwrap());
        }
        let child = self.child.as_mut().unwrap();
        child.wake(cx, &wake);
        while let Some(event) = child.poll(cx) {
            match event {
                Event::Stdout(bytes) => self.shown.extend(bytes),
                Event::Exit(exit) => self.exit.set(Some(exit)),
                _ => {}
            }
            if let Some((wanted, keys)) = self.script.first().copied()
                && String::from_utf8_lossy(&self.shown).contains(wanted)
            {
                self.script.remove(0);
                if let (true, Some(size)) = (keys.is_empty(), self.resize) {
                    child.resize(size).unwrap();
                }
                assert_eq!(child.write_stdin(cx, keys), keys.len());
            }
        }
    }
}

fn type_at(script: &str, keys: Vec<(&'static str, &'static [u8])>, resize: Option<Size>) -> Option<Exit> {
    let exit = Rc::new(Cell::new(None));
    let spawn = on_terminal(script);
    let chain = Chain::new().unwrap();
    let typist = Typist { spawn, child: None, shown: Vec::new(), script: keys, resize, exit: exit.clone() };
    chain.add("typist", typist);
    chain.run_until(Some(Instant::now() + Duration::from_secs(20)), &mut |_| exit.get().is_some()).unwrap();
    exit.get()
}

#[test]
fn control_c_interrupts_what_runs_on_a_terminal() {
    let exit = type_at(
        "trap 'exit 42' INT; echo ready; while :; do sleep 0.1; done",
        vec![("ready", b"\x03")],
        None,
    );
    assert_eq!(exit, Some(Exit { code: Some(42), signal: None }));
}

#[test]
fn a_new_size_is_told_to_the_programs() {
    let script = "trap 'stty size | grep -q \"^50 120$\" && exit 7; exit 1' WINCH; echo ready; while :; do sleep 0.1; done";
    let exit = type_at(script, vec![("ready", b"")], Some(Size { rows: 50, columns: 120 }));
    assert_eq!(exit, Some(Exit { code: Some(7), signal: None }));
}

#[test]
fn a_hundred_megabytes_go_each_way_through_a_terminal() {
    let size = 100 << 20;
    let mut owner = Owner::new(on_terminal(&format!(
        "stty raw -echo; echo go; head -c {size} | md5sum; head -c {size} /dev/zero"
    )));
    owner.keep = false;
    let chain = Chain::new().unwrap();
    struct Feeder {
        inner: Owner,
        go: bool,
    }
    impl Link for Feeder {
        fn wake(&mut self, cx: &mut Cx<'_>, wake: Wake) {
            // Not before the terminal passes everything on as it is.
            if wake.start {
                self.inner.child = Some(Child::spawn(cx, &self.inner.spawn, 0).unwrap());
            }
            let child = self.inner.child.as_mut().unwrap();
            child.wake(cx, &wake);
            while let Some(event) = child.poll(cx) {
                let mut seen = self.inner.seen.borrow_mut();
                match event {
                    Event::Stdout(bytes) => {
                        seen.out_bytes += bytes.len();
                        self.go = true;
                    }
                    Event::Exit(exit) => seen.exit = Some(exit),
                    _ => {}
                }
            }
            if self.go && self.inner.sent < 100 << 20 {
                let piece = [7u8; 64 << 10];
                let left = (100 << 20) - self.inner.sent;
                self.inner.sent += child.write_stdin(cx, &piece[..left.min(piece.len())]);
                let mut seen = self.inner.seen.borrow_mut();
                seen.max_backlog = seen.max_backlog.max(child.stdin_backlog());
            }
            self.inner.seen.borrow_mut().finished = child.is_finished();
        }
    }
    let seen = owner.seen.clone();
    chain.add("feeder", Feeder { inner: owner, go: false });
    let done = seen.clone();
    let end =
        chain.run_until(Some(Instant::now() + Duration::from_secs(120)), &mut |_| done.borrow().finished);
    assert_eq!(end.unwrap(), RunEnd::Done);
    let seen = seen.borrow();
    assert!(seen.out_bytes > size, "{}", seen.out_bytes);
    assert_eq!(seen.exit.unwrap().code, Some(0));
    assert!(seen.max_backlog <= MAX_STDIN_BACKLOG, "{}", seen.max_backlog);
}

#[test]
fn descriptors_arrive_under_their_numbers() {
    let (ours, theirs) = std::os::unix::net::UnixStream::pair().unwrap();
    let spawn = sh("echo three >&3; echo nine >&9; cat <&3")
        .descriptor(3, OwnedFd::from(theirs.try_clone().unwrap()));
    let spawn = spawn.descriptor(9, OwnedFd::from(theirs));
    io::Write::write_all(&mut &ours, b"back").unwrap();
    ours.shutdown(std::net::Shutdown::Write).unwrap();
    let (_, seen) = run(Owner::new(spawn));
    let mut got = String::new();
    ours.set_nonblocking(true).unwrap();
    let mut bytes = [0; 64];
    let count = io::Read::read(&mut &ours, &mut bytes).unwrap();
    got.push_str(&text(&bytes[..count]));
    assert_eq!((got.as_str(), text(&seen.borrow().out).as_str()), ("three\nnine\n", "back"));
    let bad = Spawn::new("/bin/true")
        .descriptor(MAX_DESCRIPTORS, std::fs::File::open("/dev/null").map(OwnedFd::from).unwrap());
    assert!(Child::start(&bad).is_err());
    // A program that is not there is still reported.
    let missing =
        Spawn::new("/no/such").descriptor(9, std::fs::File::open("/dev/null").map(OwnedFd::from).unwrap());
    assert!(matches!(Child::start(&missing), Err(SpawnError::NotFound { .. })));
}
