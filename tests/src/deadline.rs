//! Waiting: poll a condition until a deadline, never sleep for a fixed time and hope.

use std::time::{Duration, Instant};

/// How long a test waits for something that should happen soon. Generous: the machine may be busy.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Asks `probe` again and again until it gives a value.
///
/// # Panics
/// When `within` has passed; the text says what was waited for.
#[track_caller]
pub fn eventually<T>(what: &str, within: Duration, mut probe: impl FnMut() -> Option<T>) -> T {
    let started = Instant::now();
    let mut pause = Duration::from_millis(5);
    loop {
        if let Some(value) = probe() {
            return value;
        }
        assert!(started.elapsed() < within, "waited {} s for: {what}", within.as_secs());
        std::thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(200));
    }
}

/// Asks `probe` again and again for a whole time: something must stay true.
///
/// # Panics
/// At the first `false`; the text says what broke and when.
#[track_caller]
pub fn holds_for(what: &str, time: Duration, mut probe: impl FnMut() -> bool) {
    let started = Instant::now();
    while started.elapsed() < time {
        assert!(probe(), "no longer true after {:.1} s: {what}", started.elapsed().as_secs_f32());
        std::thread::sleep(Duration::from_millis(250));
    }
}
