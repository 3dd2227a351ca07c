//! The command line of `meshlite-server`: arguments, messages, exit codes.

mod password;
mod recordings;
pub mod server;

use std::io::IsTerminal;
use std::process::ExitCode;

use tracing_subscriber::EnvFilter;

pub use password::{PasswordSourceError, read_password_file};

/// An end that is not success: what to say, and the exit code.
///
/// Codes: 1 failed, 2 usage, 3 unreachable, 4 refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// For people; says what to do.
    pub message: String,
    /// Of the process.
    pub code: u8,
}

impl Failure {
    /// Something went wrong here.
    pub fn failed(message: impl ToString) -> Failure {
        Failure { message: message.to_string(), code: 1 }
    }

    /// The arguments make no sense.
    pub fn usage(message: impl ToString) -> Failure {
        Failure { message: message.to_string(), code: 2 }
    }
}

/// Says how it ended.
fn finish(program: &str, result: Result<(), Failure>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("{program}: {}", failure.message);
            ExitCode::from(failure.code)
        }
    }
}

/// Logs go to standard error; `MESHLITE_LOG` chooses what, as in `info,server_lite=debug`.
fn start_logging(default: &str) {
    let filter = EnvFilter::try_from_env("MESHLITE_LOG").unwrap_or_else(|_| EnvFilter::new(default));
    let colours = std::io::stderr().is_terminal();
    // A second start, as in tests, keeps the first logger.
    let _ = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(colours)
        .with_target(false)
        .try_init();
}
