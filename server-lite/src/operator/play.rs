//! `play`: recorded terminals (asciicast version 2).
//!
//! A recording is played as it was: with its escape sequences. Play only what you would have watched.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::arguments::PlayArguments;
use super::error::OperatorError;
use super::output::Output;
use super::shell::screen_size;

/// Longest line of a recording, in bytes.
const MAX_LINE: u64 = 16 * 1024 * 1024;

/// A moment of a recording.
#[derive(Debug, PartialEq)]
struct Moment {
    at: f64,
    output: String,
}

/// Plays a recording with its own pauses.
pub fn play(how: &PlayArguments, output: &Output) -> Result<(), OperatorError> {
    if !(how.speed.is_finite() && how.speed > 0.0) {
        return Err(OperatorError::Usage("--speed takes a number above 0".into()));
    }
    let failed = |error| OperatorError::File { what: "read", path: how.file.clone(), error };
    let mut lines = Lines { from: BufReader::new(File::open(&how.file).map_err(failed)?) };
    let head = lines.next().map_err(failed)?.unwrap_or_default();
    let (width, height) = header(&head).ok_or_else(|| {
        OperatorError::Failed(format!("{} is no recording in asciicast version 2", how.file.display()))
    })?;
    if let Some((columns, rows)) = screen_size()
        && (u64::from(columns) < width || u64::from(rows) < height)
    {
        output.note(&format!("recorded on {width} x {height}; this window is smaller"));
    }
    let mut out = io::stdout().lock();
    // Pauses that were cut short move everything behind them.
    let (mut began, mut last) = (Instant::now(), 0.0f64);
    while let Some(line) = lines.next().map_err(failed)? {
        let Some(moment) = moment(&line) else { continue };
        let pause = (moment.at - last).max(0.0);
        let cut = how.idle.map_or(0.0, |most| (pause - most.max(0.0)).max(0.0));
        last = moment.at;
        began = began.checked_sub(seconds(cut / how.speed)).unwrap_or(began);
        let due = began + seconds(moment.at / how.speed);
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
        out.write_all(moment.output.as_bytes())?;
        out.flush()?;
    }
    Ok(())
}

/// The size of the recorded terminal.
fn header(line: &str) -> Option<(u64, u64)> {
    let head: Value = serde_json::from_str(line).ok()?;
    let size = (head["width"].as_u64()?, head["height"].as_u64()?);
    (head["version"] == 2).then_some(size)
}

/// Output; what was typed, resized or marked is passed over.
fn moment(line: &str) -> Option<Moment> {
    let event: Value = serde_json::from_str(line).ok()?;
    let at = event[0].as_f64().filter(|at| at.is_finite() && *at >= 0.0)?;
    let output = event[2].as_str().filter(|_| event[1] == "o")?;
    Some(Moment { at, output: output.to_owned() })
}

fn seconds(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds).unwrap_or(Duration::ZERO)
}

struct Lines {
    from: BufReader<File>,
}

impl Lines {
    fn next(&mut self) -> io::Result<Option<String>> {
        let mut line = Vec::new();
        let length = (&mut self.from).take(MAX_LINE).read_until(b'\n', &mut line)?;
        match length as u64 {
            0 => Ok(None),
            MAX_LINE => Err(io::Error::other("a line is too long")),
            _ => Ok(Some(String::from_utf8_lossy(&line).into_owned())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recording_is_told_from_other_files() {
        assert_eq!(header(r#"{"version":2,"width":80,"height":24,"env":{}}"#), Some((80, 24)));
        for other in [r#"{"version":1,"width":80,"height":24}"#, "", "[]", r#"{"version":2}"#] {
            assert_eq!(header(other), None, "{other}");
        }
    }

    #[test]
    fn only_output_is_played() {
        assert_eq!(moment(r#"[1.5,"o","hi"]"#), Some(Moment { at: 1.5, output: "hi".into() }));
        for other in [r#"[1,"i","x"]"#, r#"[-1,"o","x"]"#, r#"["a","o","x"]"#, "{}", r#"[1,"o",7]"#] {
            assert_eq!(moment(other), None, "{other}");
        }
    }
}
