//! A process under guard: its output is kept, and it dies with the test.

use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal};

use crate::deadline::eventually;
use crate::procfs;

/// A started program, in a process group of its own.
pub struct Running {
    name: String,
    child: Child,
    log: Arc<Mutex<Log>>,
    readers: Vec<JoinHandle<()>>,
    status: Option<ExitStatus>,
}

#[derive(Default)]
struct Log {
    lines: Vec<String>,
    dropped: usize,
}

impl Running {
    /// Starts a program; what it prints is collected line by line.
    ///
    /// # Panics
    /// When it cannot be started.
    pub fn spawn(name: &str, command: &mut Command) -> Running {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
        // SAFETY: the closure runs between fork and exec and makes one system call; it touches no memory of ours.
        unsafe {
            // A test that is killed cannot run its guards. (The signal follows the thread that spawns: the test's.)
            command.pre_exec(|| Ok(rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?));
        }
        let mut child = command.spawn().unwrap_or_else(|e| panic!("{name} cannot be started: {e}"));
        let log = Arc::new(Mutex::new(Log::default()));
        let stdout = child.stdout.take().expect("stdout is piped");
        let stderr = child.stderr.take().expect("stderr is piped");
        let readers = vec![collect(stdout, log.clone()), collect(stderr, log.clone())];
        Running { name: name.to_owned(), child, log, readers, status: None }
    }

    /// Process id of the started program itself.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// How many lines there are now; a place from which to look for later ones.
    pub fn mark(&self) -> usize {
        self.log.lock().unwrap().lines.len()
    }

    /// All lines from a place on.
    pub fn lines_from(&self, mark: usize) -> Vec<String> {
        self.log.lock().unwrap().lines.iter().skip(mark).cloned().collect()
    }

    /// The first line from a place on that contains all of `parts`.
    pub fn find(&self, mark: usize, parts: &[&str]) -> Option<String> {
        self.log
            .lock()
            .unwrap()
            .lines
            .iter()
            .skip(mark)
            .find(|l| parts.iter().all(|p| l.contains(p)))
            .cloned()
    }

    /// Waits for a line with all of `parts`.
    ///
    /// # Panics
    /// When it does not come in time, or the program has ended without it.
    #[track_caller]
    pub fn expect(&mut self, mark: usize, parts: &[&str], within: Duration) -> String {
        let name = self.name.clone();
        eventually(&format!("a line of {name} with {parts:?}"), within, || {
            let ended = self.exited();
            let found = self.find(mark, parts);
            assert!(
                found.is_some() || ended.is_none(),
                "{name} ended ({ended:?}) without a line with {parts:?}"
            );
            found
        })
    }

    /// The exit status once the program has ended by itself.
    pub fn exited(&mut self) -> Option<ExitStatus> {
        if self.status.is_none() {
            self.status = self.child.try_wait().expect("a child can be waited for");
            // Its last words may still be in the pipes; a child of its own may hold them open, so not for ever.
            let until = Instant::now() + LAST_WORDS;
            while self.status.is_some()
                && Instant::now() < until
                && !self.readers.iter().all(JoinHandle::is_finished)
            {
                std::thread::sleep(Duration::from_millis(5));
            }
        }
        self.status
    }

    /// Sends a signal to the program alone.
    pub fn signal(&self, signal: Signal) {
        // Gone already is as good.
        let _ = rustix::process::kill_process(pid(self.pid()), signal);
    }

    /// `kill -9` for the program and everything it has started.
    pub fn kill9(&mut self) {
        let descendants = procfs::descendants(self.pid());
        let _ = rustix::process::kill_process_group(pid(self.pid()), Signal::KILL);
        for process in descendants {
            let _ = rustix::process::kill_process(pid(process), Signal::KILL);
        }
        if self.status.is_none() {
            self.status = self.child.wait().ok();
        }
    }

    /// Asks the program to stop and waits for its end.
    ///
    /// # Panics
    /// When it does not end in time.
    #[track_caller]
    pub fn stop(&mut self, within: Duration) -> ExitStatus {
        self.signal(Signal::TERM);
        let name = self.name.clone();
        eventually(&format!("the end of {name} after SIGTERM"), within, || self.exited())
    }

    /// Asserts that nothing in the log looks like a panic or an abort.
    #[track_caller]
    pub fn assert_no_panic(&self) {
        for sign in ["panicked at", "RUST_BACKTRACE", "stack overflow", "memory allocation of"] {
            if let Some(line) = self.find(0, &[sign]) {
                panic!("{} panicked: {line}", self.name);
            }
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let before = self.exited();
        self.kill9();
        if std::thread::panicking() {
            let log = self.log.lock().unwrap();
            let state = match before {
                Some(status) => format!("had ended: code {:?}, signal {:?}", status.code(), status.signal()),
                None => "was running".to_owned(),
            };
            let total = log.lines.len();
            eprintln!("---- last lines of {} ({state}; {total} lines, {} dropped)", self.name, log.dropped);
            for line in &log.lines[total.saturating_sub(TAIL)..] {
                eprintln!("{}", line.chars().take(400).collect::<String>());
            }
        }
    }
}

fn collect(pipe: impl Read + Send + 'static, log: Arc<Mutex<Log>>) -> JoinHandle<()> {
    std::thread::spawn(move || {
        for line in BufReader::new(pipe).split(b'\n') {
            let Ok(line) = line else { return };
            let mut log = log.lock().unwrap();
            if log.lines.len() < MAX_LINES {
                log.lines.push(String::from_utf8_lossy(&line).trim_end().to_owned());
            } else {
                log.dropped += 1;
            }
        }
    })
}

fn pid(id: u32) -> Pid {
    Pid::from_raw(id as i32).expect("a process id is not zero")
}

/// How long the output of an ended process is waited for.
const LAST_WORDS: Duration = Duration::from_secs(1);
/// Lines kept of one process.
const MAX_LINES: usize = 50_000;
/// Lines shown of each process when a test fails.
const TAIL: usize = 40;
