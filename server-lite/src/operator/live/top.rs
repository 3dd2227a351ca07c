//! `top`: all devices on one screen, as they come and go.

mod state;

use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

use serde_json::json;

use crate::operator::error::OperatorError;
use crate::operator::output::Output;
use crate::operator::session::{Heard, Session};
use crate::operator::shell::{Act, Desk, Raw, screen_size};
use state::Board;

/// Devices that are asked for load and memory in one round.
const MAX_ASKED: usize = 200;

/// For the answers of a first round.
const FIRST: Duration = Duration::from_secs(3);

/// Between two drawings, whatever comes.
const REDRAW: Duration = Duration::from_millis(200);

/// Shows the devices of a group, or all, until `q` or Ctrl-C; `once` prints them and ends.
pub fn top(
    session: &mut Session,
    group: Option<&str>,
    once: bool,
    interval_s: u64,
    output: &Output,
) -> Result<(), OperatorError> {
    session.watch();
    let directory = session.directory()?;
    let group = group.map(|text| directory.group(text).map(|group| group.full_id.clone())).transpose()?;
    let mut board = Board::new(&directory, group);
    ask_all(session, &board)?;
    let until = Instant::now() + FIRST;
    while !board.is_complete() {
        match session.hear(until)? {
            Heard::Message(message) => drop(board.take(&message)),
            Heard::Nothing => break,
            _ => {}
        }
    }
    if once {
        return output.result(&board.value(), || board.table(None));
    }
    let live = !output.is_json() && io::stdout().is_terminal();
    let mut desk = Desk::new(session.chain())?;
    let screen = if live { Some(Screen::start()?) } else { None };
    if screen.is_some() {
        desk.read_input();
    }
    follow(session, &mut board, &mut desk, Duration::from_secs(interval_s), live, output)
}

fn follow(
    session: &mut Session,
    board: &mut Board,
    desk: &mut Desk,
    interval: Duration,
    live: bool,
    output: &Output,
) -> Result<(), OperatorError> {
    let mut ask_at = Instant::now() + interval;
    let mut draw_at = Instant::now();
    let mut changed = true;
    loop {
        let now = Instant::now();
        if changed && now >= draw_at {
            changed = false;
            draw_at = now + REDRAW;
            match live {
                true => draw(board)?,
                false => output.item(&board.value(), || board.table(None) + "\n")?,
            }
        }
        if now >= ask_at {
            ask_at = now + interval;
            ask_all(session, board)?;
        }
        let until = if changed { draw_at.min(ask_at) } else { ask_at };
        session.attend(Some(until), &mut || desk.has_news())?;
        while let Some(heard) = session.heard()? {
            if let Heard::Message(message) = heard {
                changed |= board.take(&message);
            }
        }
        while let Some(act) = desk.take() {
            match act {
                Act::Bytes(keys) if keys.iter().any(|key| matches!(key, b'q' | b'Q' | 3 | 4 | 27)) => {
                    return Ok(());
                }
                Act::Signal(_) | Act::End => return Ok(()),
                Act::Resized | Act::Bytes(_) => changed = true,
            }
        }
    }
}

/// Asks every connected device for its load. Cores that do not know the question stay silent.
fn ask_all(session: &mut Session, board: &Board) -> Result<(), OperatorError> {
    for node in board.connected().take(MAX_ASKED) {
        session.send(&json!({ "action": "msg", "type": "cpuinfo", "nodeid": node }))?;
    }
    Ok(())
}

fn draw(board: &Board) -> Result<(), OperatorError> {
    let (columns, rows) = screen_size().unwrap_or((80, 24));
    let mut text = String::from("\x1b[H");
    for line in board.table(Some((columns, rows))).lines() {
        text.push_str(line);
        // What an older, longer line left behind it.
        text.push_str("\x1b[K\r\n");
    }
    text.push_str("\x1b[J");
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    Ok(out.flush()?)
}

/// The terminal's other screen, until dropped.
struct Screen {
    _raw: Option<Raw>,
}

impl Screen {
    fn start() -> io::Result<Screen> {
        let raw = Raw::start()?;
        let mut out = io::stdout().lock();
        out.write_all(b"\x1b[?1049h\x1b[?25l\x1b[2J")?;
        out.flush()?;
        Ok(Screen { _raw: raw })
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        let mut out = io::stdout().lock();
        // Nothing better can be done about a terminal that is gone.
        let _ = out.write_all(b"\x1b[?25h\x1b[?1049l");
        let _ = out.flush();
    }
}
