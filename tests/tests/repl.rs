//! The agent's read-eval-print loop on a real terminal.

use std::path::Path;
use std::process::Command;

use meshlite_tests::place;
use meshlite_tests::terminal::Terminal;

/// Its history stays below `home`.
fn start(home: &Path) -> Terminal {
    let mut command = Command::new(place::program("meshlite-agent"));
    command.arg("repl").env("HOME", home).env("TERM", "xterm").env_remove("XDG_STATE_HOME");
    let mut terminal = Terminal::spawn(&mut command);
    terminal.shows("> ");
    terminal
}

#[test]
fn lines_are_edited_completed_and_run_and_errors_end_nothing() {
    let home = tempfile::tempdir().unwrap();
    let mut terminal = start(home.path());
    terminal.press("({ sum: [20 + 1, 2] })\r");
    // In colours, each line at the left edge.
    terminal.shows("\u{1b}[33m21\u{1b}[39m");
    terminal.press("_.sum[1] + '-last'\r");
    terminal.shows("2-last");
    terminal.press("function twice(n) {\r");
    terminal.shows("... ");
    terminal.press("return n * 2\r}\rtwice(21) + '-twice'\r");
    terminal.shows("42-twice");
    terminal.press("await Promise.resolve('late-' + 7)\r");
    terminal.shows("late-7");
    // A tab in the middle of pasted text is a tab, as in Node: so it comes alone.
    terminal.press("Array.isAr\t");
    terminal.shows("isArray");
    terminal.press("([]) + '-completed'\r");
    terminal.shows("true-completed");
    terminal.press("throw new TypeError('on ' + 'purpose')\r");
    terminal.shows("Uncaught TypeError: on purpose\r\n    at <main> (REPL:1:7)\r\n");
    terminal.press("'not closed\r");
    terminal.shows("Uncaught SyntaxError: unterminated string literal");
    // Ctrl-C leaves what was begun.
    terminal.press("var begun = [\r\u{3}'after-' + 'it'\r");
    terminal.shows("after-it");
    terminal.press("setTimeout(function () { throw new Error('in a ' + 'timer') }, 1); 0\r");
    terminal.shows("Uncaught Error: in a timer");
    terminal.press(".editor\rlet x = 5\rx * x + '-edited'\r\u{4}");
    terminal.shows("25-edited");
    terminal.press(".exit\r");
    assert_eq!(terminal.ends(), Some(0));
}

#[test]
fn the_history_is_kept_for_the_next_time() {
    let home = tempfile::tempdir().unwrap();
    let mut terminal = start(home.path());
    terminal.press("'kept-' + 3\r");
    terminal.shows("kept-3");
    terminal.press("\u{4}");
    assert_eq!(terminal.ends(), Some(0));
    let mut terminal = start(home.path());
    terminal.press("\u{1b}[A\r");
    terminal.shows("kept-3");
    terminal.press("\u{3}\u{3}");
    assert_eq!(terminal.ends(), Some(0));
}
