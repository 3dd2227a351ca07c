//! How far a transfer is: a bar for people, lines for programs, nothing when nobody looks.

use std::io::{IsTerminal, stderr};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;

use crate::operator::error::OperatorError;
use crate::operator::escape::escape_line;
use crate::operator::output::Output;

/// The progress of one file.
pub struct Progress<'a> {
    output: &'a Output,
    name: String,
    size: Option<u64>,
    bytes: u64,
    bar: Option<ProgressBar>,
    began: Instant,
    told: Instant,
    quiet: bool,
}

/// Between two lines for programs.
const EVERY: Duration = Duration::from_millis(500);

impl<'a> Progress<'a> {
    /// For a file of `size` bytes, if that is known, of which `done` are there already.
    pub fn new(output: &'a Output, name: &str, size: Option<u64>, done: u64, quiet: bool) -> Progress<'a> {
        let bar = (!quiet && !output.is_json() && stderr().is_terminal()).then(|| {
            let (bar, template) = match size {
                Some(size) => (ProgressBar::new(size), BAR),
                None => (ProgressBar::no_length(), SPINNER),
            };
            // A template that does not parse is a slip of ours, and a bar without one is better than none.
            let style = ProgressStyle::with_template(template).map(|style| style.progress_chars("=> "));
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
            bar.set_message(escape_line(name));
            bar.set_position(done);
            bar.reset_eta();
            bar
        });
        let now = Instant::now();
        Progress { output, name: name.to_owned(), size, bytes: done, bar, began: now, told: now, quiet }
    }

    /// So many more bytes are across.
    ///
    /// # Errors
    /// When a line for programs cannot be written.
    pub fn advance(&mut self, bytes: u64) -> Result<(), OperatorError> {
        self.bytes += bytes;
        if let Some(bar) = &self.bar {
            bar.set_position(self.bytes);
        }
        if self.output.is_json() && !self.quiet && self.told.elapsed() >= EVERY {
            self.told = Instant::now();
            let line = json!({ "progress": { "file": self.name, "bytes": self.bytes, "size": self.size } });
            self.output.item(&line, String::new)?;
        }
        Ok(())
    }

    /// What is being done now, beside the bar.
    pub fn stage(&self, what: &str) {
        if let Some(bar) = &self.bar {
            bar.set_message(format!("{} ({what})", escape_line(&self.name)));
        }
    }

    /// Takes the bar away; how long it took.
    pub fn end(self) -> Duration {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
        self.began.elapsed()
    }
}

impl Drop for Progress<'_> {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

const BAR: &str = "{msg}  [{bar:30}] {bytes}/{total_bytes}  {bytes_per_sec}  {eta}";
const SPINNER: &str = "{msg}  {bytes}  {bytes_per_sec}";
