//! The supervisor: starts the worker, waits, and decides what follows its end (design 4).
//!
//! It sleeps in one `poll` without a time limit, so it never wakes by itself but to carry out a delayed restart. It
//! keeps the core history, because it is the one who survives.

mod thrift;
mod wait;
mod worker;

use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::time::{Duration, Instant};

use recovery_core::history::{self, Failure, History};
use recovery_core::marker::Marker;
use recovery_core::quarantine::Policy;
use recovery_core::restart::{Next, RestartPolicy, WorkerEnd, blame};

use crate::cli::RunOptions;
use crate::control::Word;
use crate::log::{now_unix_s, say};
use crate::state::{self, StateDir};
use crate::{Args, exit};

use wait::{Heard, Signals};
use worker::Worker;

/// `meshlite-agent run`: returns the exit code. `args` are the arguments after `run`, handed to each worker.
pub fn run(options: &RunOptions, args: &Args) -> i32 {
    match Supervisor::new(options) {
        Ok(mut supervisor) => supervisor.run(args),
        Err(text) => {
            eprintln!("meshlite-agent: {text}");
            exit::FAILED
        }
    }
}

struct Supervisor {
    state: StateDir,
    signals: Signals,
    history: History,
    restarts: RestartPolicy,
    quarantine: Policy,
    /// The worker that ended last failed, and its core is to blame.
    crashed: bool,
    // Held until the process ends.
    _lock: std::fs::File,
}

impl Supervisor {
    fn new(options: &RunOptions) -> Result<Supervisor, String> {
        let state = StateDir::choose(options.state.as_deref()).map_err(|e| e.to_string())?;
        state.create().map_err(|e| e.to_string())?;
        let lock = state.lock().map_err(|e| e.to_string())?;
        let signals = Signals::listen().map_err(|e| format!("signals cannot be received: {e}"))?;
        let history = load_history(&state);
        Ok(Supervisor {
            state,
            signals,
            history,
            restarts: RestartPolicy::default(),
            quarantine: Policy::default(),
            crashed: false,
            _lock: lock,
        })
    }

    fn run(&mut self, args: &Args) -> i32 {
        loop {
            let started = Instant::now();
            let end = match Worker::start(args, &self.history, std::mem::take(&mut self.crashed)) {
                Ok(worker) => self.attend(worker),
                Err(error) => {
                    say("ERROR", &format!("the worker could not be started: {error}"));
                    // As if it had ended at once: the same delays apply.
                    WorkerEnd::Code(exit::FAILED)
                }
            };
            match self.restarts.ended(started, Instant::now(), end) {
                Next::Leave(code) => return code,
                Next::Restart(delay) => {
                    say("INFO", &format!("starting the worker again in {} ms", delay.as_millis()));
                    if self.pause(delay) {
                        return exit::DONE;
                    }
                }
            }
        }
    }

    /// Waits until the worker has ended.
    fn attend(&mut self, mut worker: Worker) -> WorkerEnd {
        let mut kill_at: Option<Instant> = None;
        loop {
            // Each time: what hearing and deciding needed is not needed for sleeping.
            thrift::give_back();
            let wait = kill_at.map(|at| at.saturating_duration_since(Instant::now()));
            match self.signals.wait(worker.socket(), wait) {
                Heard::Stop => {
                    if kill_at.is_none() {
                        self.restarts.stop();
                        worker.ask_to_stop();
                        kill_at = Some(Instant::now() + GRACE);
                    }
                }
                Heard::Time => {
                    say("WARN", "the worker did not stop in time and is killed");
                    worker.kill();
                    kill_at = Some(Instant::now() + GRACE);
                }
                Heard::Words(words) => words.into_iter().for_each(|word| self.hear(word)),
                Heard::Closed => worker.forget_socket(),
                Heard::Child => {}
            }
            if let Some(status) = worker.ended() {
                // What it said last may still lie in the socket.
                for word in wait::words(worker.socket()).0 {
                    self.hear(word);
                }
                let end = end_of(status);
                self.examine(end, worker.last_words());
                return end;
            }
        }
    }

    /// Sleeps before a restart; true when a stop was asked for meanwhile.
    fn pause(&mut self, delay: Duration) -> bool {
        let until = Instant::now() + delay;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            if let Heard::Stop = self.signals.wait(None, Some(left)) {
                return true;
            }
        }
    }

    fn hear(&mut self, word: Word) {
        let changed = match word {
            Word::Up => {
                self.restarts.worker_is_up();
                false
            }
            Word::Failed(failure) => {
                self.note(failure);
                true
            }
            Word::Good(core) => self.history.add_good(core),
            Word::Forgiven(core) => self.history.forgive(core),
        };
        if changed {
            self.save_history();
        }
    }

    fn examine(&mut self, end: WorkerEnd, marker: Option<Marker>) {
        let how = match end {
            WorkerEnd::Code(exit::DONE) => {
                say("INFO", "the worker stopped");
                return;
            }
            WorkerEnd::Code(code) => format!("the worker left with code {code}"),
            WorkerEnd::Signal(number) => format!("the worker was ended by signal {number}"),
        };
        let Some(marker) = marker else {
            say("ERROR", &how);
            return;
        };
        let mut core = match &marker.core {
            Some(core) => format!(" {} ({core})", marker.core_name),
            None => String::new(),
        };
        if !marker.note.is_empty() {
            core.push_str(&format!(", in: {}", marker.note));
        }
        say("ERROR", &format!("{how} while {}{core}", marker.activity));
        if let (Some(reason), Some(core)) = (blame(end, &marker), marker.core) {
            self.crashed = true;
            self.note(Failure { core, at_unix_s: now_unix_s(), reason });
            self.save_history();
        }
    }

    fn note(&mut self, failure: Failure) {
        match self.quarantine.record(&mut self.history, failure) {
            Some(entry) => say(
                "ERROR",
                &format!(
                    "core {} failed {} times within {} minutes ({}): it is in quarantine",
                    failure.core,
                    entry.failures,
                    self.quarantine.window_s / 60,
                    failure.reason
                ),
            ),
            None => say("WARN", &format!("core {} failed: {}", failure.core, failure.reason)),
        }
    }

    fn save_history(&self) {
        if let Err(error) = state::replace_file(&self.state.history_file(), &self.history.emit()) {
            // It stays in memory and works until the supervisor ends.
            say("WARN", &format!("the core history could not be saved: {error}"));
        }
    }
}

fn load_history(state: &StateDir) -> History {
    let bytes = match state::read_bounded(&state.history_file(), history::MAX_LEN) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return History::default(),
        Err(error) => {
            say("WARN", &format!("the core history could not be read: {error}"));
            return History::default();
        }
    };
    History::parse(&bytes).unwrap_or_else(|error| {
        say("WARN", &error.to_string());
        History::default()
    })
}

fn end_of(status: ExitStatus) -> WorkerEnd {
    match status.code() {
        Some(code) => WorkerEnd::Code(code),
        None => WorkerEnd::Signal(status.signal().unwrap_or(0)),
    }
}

/// How long a worker may take to stop before it is killed.
const GRACE: Duration = Duration::from_secs(10);
