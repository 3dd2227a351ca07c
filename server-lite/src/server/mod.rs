//! The running server: its threads, its listeners, its end.

mod certificates;
mod chains;
mod flusher;
mod options;
mod run;

pub use flusher::Flusher;
pub use options::{RunOptions, ServerError};
pub use run::{Running, run_until_signal};
