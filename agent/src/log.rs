//! Log lines on standard error: one line each, bounded, and never a flood.
//!
//! The worker's `tracing` events go through [`init`]; the supervisor, which must stay tiny, writes the same form with
//! [`say`]. Lines look like `2026-11-21T08:00:00.123Z WARN  text key=value`.

use std::fmt::{self, Write as _};
use std::io::Write as _;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use tracing::field::{Field, Visit};
use tracing::span;
use tracing::{Event, Level, Metadata, Subscriber};

/// Sends all events up to `level` to standard error, from now on and for the whole process.
pub fn init(level: Level) {
    // A second call, as in tests, keeps the first one.
    let _ = tracing::subscriber::set_global_default(Lines { level, flood: Mutex::new(Flood::new()) });
}

/// Reads a level's name.
pub fn level(name: &str) -> Option<Level> {
    Some(match name {
        "error" => Level::ERROR,
        "warn" => Level::WARN,
        "info" => Level::INFO,
        "debug" => Level::DEBUG,
        "trace" => Level::TRACE,
        _ => return None,
    })
}

/// Writes one line without any subscriber.
pub fn say(level: &str, text: &str) {
    put(&format!("{} {level:5} {text}", now_text()));
}

/// The present time as RFC 3339 with milliseconds, UTC.
pub fn now_text() -> String {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    time_text(since)
}

/// Seconds since 1970.
pub fn now_unix_s() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

/// A time in seconds since 1970 as text; times before that are rare enough to be told by their number.
pub fn unix_text(seconds: i64) -> String {
    match u64::try_from(seconds) {
        Ok(seconds) => time_text(Duration::from_secs(seconds)).replace(".000Z", "Z"),
        Err(_) => format!("{seconds} s before 1970"),
    }
}

fn time_text(since: Duration) -> String {
    let (days, second) = (since.as_secs() / 86_400, since.as_secs() % 86_400);
    // Civil date from days since 1970-01-01, with years that begin in March (so that leap days come last).
    let z = days + 719_468;
    let (era, day_of_era) = (z / 146_097, z % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    format!(
        "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}.{:03}Z",
        second / 3600,
        second / 60 % 60,
        second % 60,
        since.subsec_millis()
    )
}

/// Writes a line in one call, cut and with its control characters made harmless: parts of it come from peers.
fn put(text: &str) {
    let mut line = String::with_capacity(text.len() + 1);
    for c in text.chars() {
        match c {
            '\n' => line.push_str("\n    "),
            '\t' => line.push(' '),
            c if c.is_control() => line.push('\u{FFFD}'),
            c => line.push(c),
        }
        if line.len() > MAX_LINE {
            line.push('…');
            break;
        }
    }
    line.push('\n');
    // A closed standard error must not end the agent.
    let _ = std::io::stderr().write_all(line.as_bytes());
}

/// The subscriber.
struct Lines {
    level: Level,
    flood: Mutex<Flood>,
}

impl Subscriber for Lines {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.is_event() && *metadata.level() <= self.level
    }

    fn max_level_hint(&self) -> Option<tracing::level_filters::LevelFilter> {
        Some(self.level.into())
    }

    fn event(&self, event: &Event<'_>) {
        let dropped = match self
            .flood
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .admit(Instant::now())
        {
            Admit::Drop => return,
            Admit::Write { dropped } => dropped,
        };
        if dropped > 0 {
            say("WARN", &format!("{dropped} log lines were dropped because there were too many"));
        }
        let mut fields = Fields::default();
        event.record(&mut fields);
        put(&format!("{} {:5} {}{}", now_text(), event.metadata().level(), fields.message, fields.others));
    }

    // Spans are not used; the trait wants answers.
    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        span::Id::from_u64(NEXT.fetch_add(1, Ordering::Relaxed).max(1))
    }
    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}
    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}
    fn enter(&self, _: &span::Id) {}
    fn exit(&self, _: &span::Id) {}
}

#[derive(Default)]
struct Fields {
    message: String,
    others: String,
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        // Writing to a string cannot fail.
        let _ = match field.name() {
            "message" => write!(self.message, "{value:?}"),
            name => write!(self.others, " {name}={value:?}"),
        };
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        let _ = match field.name() {
            "message" => write!(self.message, "{value}"),
            name => write!(self.others, " {name}={value:?}"),
        };
    }
}

/// At most [`Flood::LINES`] lines in [`Flood::WINDOW`]: a loop that logs must not fill a disk.
struct Flood {
    window: Instant,
    lines: u32,
    dropped: u64,
}

#[derive(Debug, PartialEq, Eq)]
enum Admit {
    Drop,
    Write { dropped: u64 },
}

impl Flood {
    const LINES: u32 = 500;
    const WINDOW: Duration = Duration::from_secs(10);

    fn new() -> Flood {
        Flood { window: Instant::now(), lines: 0, dropped: 0 }
    }

    fn admit(&mut self, now: Instant) -> Admit {
        if now.saturating_duration_since(self.window) >= Flood::WINDOW {
            (self.window, self.lines) = (now, 0);
        }
        self.lines += 1;
        if self.lines > Flood::LINES {
            self.dropped += 1;
            return Admit::Drop;
        }
        Admit::Write { dropped: std::mem::take(&mut self.dropped) }
    }
}

const MAX_LINE: usize = 8 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_those_of_the_calendar() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_399, "2000-02-28T23:59:59.000Z"),
            (951_782_400, "2000-02-29T00:00:00.000Z"),
            (1_709_251_199, "2024-02-29T23:59:59.000Z"),
            (4_102_444_800, "2100-01-01T00:00:00.000Z"),
        ] {
            assert_eq!(time_text(Duration::from_secs(seconds)), text);
        }
    }

    #[test]
    fn a_flood_is_cut_and_counted() {
        let mut flood = Flood::new();
        let now = Instant::now();
        for _ in 0..Flood::LINES {
            assert_eq!(flood.admit(now), Admit::Write { dropped: 0 });
        }
        assert_eq!(flood.admit(now), Admit::Drop);
        assert_eq!(flood.admit(now), Admit::Drop);
        assert_eq!(flood.admit(now + Flood::WINDOW), Admit::Write { dropped: 2 });
    }
}
