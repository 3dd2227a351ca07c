//! Ends a test run in which a core (or a test) computes without end.
//!
//! In the agent the supervisor's hang timer does this. Here a thread waits while a turn lasts, and only then.

use std::io;
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use microstack::chain::TurnWatch;

/// How long a turn may take, as in the agent.
const TURN: Duration = Duration::from_secs(10);

#[derive(Default)]
struct State {
    /// When the present turn is too long; `None` between turns.
    until: Option<Instant>,
    core: String,
}

/// The thread's other end.
pub(super) struct Watchdog {
    shared: Arc<(Mutex<State>, Condvar)>,
}

impl Watchdog {
    /// Starts the thread; it ends with the process.
    pub fn start() -> io::Result<Watchdog> {
        let shared: Arc<(Mutex<State>, Condvar)> = Arc::default();
        let theirs = shared.clone();
        std::thread::Builder::new().name("watchdog".into()).spawn(move || watch(&theirs))?;
        Ok(Watchdog { shared })
    }

    /// Names the core that started last, for the message.
    pub fn runs(&self, core: &str) {
        self.change(|state| core.clone_into(&mut state.core));
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        let (state, changed) = &*self.shared;
        // Nobody panics with the lock held.
        let Ok(mut state) = state.lock() else { return };
        change(&mut state);
        changed.notify_one();
    }
}

impl TurnWatch for Watchdog {
    fn turn_begins(&self) {
        self.change(|state| state.until = Some(Instant::now() + TURN));
    }

    fn turn_ends(&self) {
        self.change(|state| state.until = None);
    }
}

fn watch(shared: &(Mutex<State>, Condvar)) {
    let (state, changed) = shared;
    let Ok(mut state) = state.lock() else { return };
    loop {
        let outcome = match state.until {
            None => changed.wait(state).map_err(drop),
            Some(until) => {
                let left = until.saturating_duration_since(Instant::now());
                if left.is_zero() {
                    println!(
                        "Bail out! a turn took longer than {} s: a loop without end in {} or its test?",
                        TURN.as_secs(),
                        if state.core.is_empty() { "the test" } else { &state.core }
                    );
                    std::process::exit(1);
                }
                changed.wait_timeout(state, left).map(|(state, _)| state).map_err(drop)
            }
        };
        let Ok(next) = outcome else { return };
        state = next;
    }
}
