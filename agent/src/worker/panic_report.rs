//! A panic becomes one bounded report file and one log line (pain 8), never a growing heap of traces.

use std::panic::PanicHookInfo;
use std::path::PathBuf;

use recovery_core::marker::Cause;

use super::last_words;
use crate::{log, state};

/// Installs the hook for the whole process. The newest report replaces the one before.
pub fn install(file: PathBuf) {
    std::panic::set_hook(Box::new(move |panic| {
        // A panic inside the engine is caught and ends the core only; the cause is overwritten then.
        last_words::stamp(Cause::Panic);
        let report = report(panic);
        tracing::error!(report = %file.display(), "the agent panicked: {}", report.lines().next().unwrap_or(""));
        if let Err(error) = state::replace_file(&file, report.as_bytes()) {
            tracing::error!("the crash report could not be written: {error}");
        }
    }));
}

fn report(panic: &PanicHookInfo<'_>) -> String {
    let text = panic
        .payload()
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.payload().downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no text");
    let place = panic.location().map_or_else(|| "unknown place".to_owned(), ToString::to_string);
    let thread = std::thread::current();
    let mut report = format!(
        "{text} at {place}\nthread: {}\nversion: {}\ntime: {}\n",
        thread.name().unwrap_or("unnamed"),
        env!("CARGO_PKG_VERSION"),
        log::now_text(),
    );
    // The text may quote data of a core.
    let mut end = report.len().min(MAX_REPORT);
    while !report.is_char_boundary(end) {
        end -= 1;
    }
    report.truncate(end);
    report
}

const MAX_REPORT: usize = 16 * 1024;
