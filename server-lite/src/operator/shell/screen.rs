//! The operator's own terminal: raw while a shell runs, and itself again whatever happens.

use std::io::{self, IsTerminal};

use rustix::termios::{OptionalActions, Termios, tcgetattr, tcgetwinsize, tcsetattr};

/// A terminal without lines, echo and signals of its own, until dropped. What ends the program by a panic drops it;
/// signals that end programs are events here ([`super::desk`]) and end the session first.
pub struct Raw {
    before: Termios,
}

impl Raw {
    /// Makes standard input raw; `None` when it is no terminal.
    ///
    /// # Errors
    /// The system's.
    pub fn start() -> io::Result<Option<Raw>> {
        let stdin = io::stdin();
        if !stdin.is_terminal() {
            return Ok(None);
        }
        let before = tcgetattr(&stdin)?;
        let mut raw = before.clone();
        raw.make_raw();
        tcsetattr(&stdin, OptionalActions::Drain, &raw)?;
        Ok(Some(Raw { before }))
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        // Nothing better can be done about a terminal that is gone.
        let _ = tcsetattr(io::stdin(), OptionalActions::Drain, &self.before);
    }
}

/// Columns and rows of the terminal that is written to; `None` when there is none.
pub fn size() -> Option<(u16, u16)> {
    let size = tcgetwinsize(io::stdout()).or_else(|_| tcgetwinsize(io::stdin())).ok()?;
    (size.ws_col > 0 && size.ws_row > 0).then_some((size.ws_col, size.ws_row))
}
