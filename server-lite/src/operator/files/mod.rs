//! Files of devices: `put`, `get`, `ls`, `rm`, `mkdir`, `mv`.

mod get;
mod names;
mod place;
mod progress;
mod put;
mod stamp;
mod talk;

use std::time::Duration;

use serde_json::{Value, json};

pub use get::get;
pub use names::{list, make, remove, rename};
pub use put::put;

use super::error::OperatorError;
use super::escape::escape_line;
use super::output::Output;

/// What a transfer of several files came to.
#[derive(Debug, Default)]
struct Tally {
    files: u64,
    bytes: u64,
    skipped: u64,
    /// Names that a device did not list, for there were too many in one folder.
    missed: u64,
}

impl Tally {
    /// One file is across.
    fn file(
        &mut self,
        value: Value,
        moved: u64,
        took: Duration,
        quiet: bool,
        output: &Output,
    ) -> Result<(), OperatorError> {
        self.files += 1;
        self.bytes += moved;
        if quiet && !output.is_json() {
            return Ok(());
        }
        output.item(&value, || {
            let path = escape_line(value["path"].as_str().unwrap_or(""));
            let hash = value["sha384"].as_str().unwrap_or("");
            format!("{path}  {} in {:.1} s  sha384 {hash}\n", amount(moved), took.as_secs_f64())
        })
    }

    /// The last line.
    fn tell(&self, quiet: bool, verb: &str, output: &Output) -> Result<(), OperatorError> {
        if output.is_json() {
            let done =
                json!({ "done": { "files": self.files, "bytes": self.bytes, "skipped": self.skipped } });
            return output.item(&done, String::new);
        }
        if !quiet && (self.files != 1 || self.skipped > 0) {
            let skipped = match self.skipped {
                0 => String::new(),
                count => format!(", {count} left as they are"),
            };
            output.note(&format!("{} files, {} {verb}{skipped}", self.files, amount(self.bytes)));
        }
        Ok(())
    }
}

/// Bytes for people.
fn amount(bytes: u64) -> String {
    match bytes {
        0..10_000 => format!("{bytes} bytes"),
        10_000..10_000_000 => format!("{} kB", bytes / 1000),
        10_000_000..10_000_000_000 => format!("{} MB", bytes / 1_000_000),
        _ => format!("{} GB", bytes / 1_000_000_000),
    }
}
