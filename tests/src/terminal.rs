//! A program on a terminal, as a person at a keyboard has it.

use std::fs::File;
use std::io::{Read, Write};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};

use rustix::fs::{Mode, OFlags};
use rustix::process::{Pid, Signal, kill_process};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, Winsize, tcgetattr, tcsetwinsize};

use crate::deadline::{PATIENCE, eventually};

/// The program and its terminal. It is killed when this is dropped.
pub struct Terminal {
    child: Child,
    keys: File,
    said: Arc<Mutex<String>>,
    reader: std::thread::JoinHandle<()>,
}

impl Terminal {
    /// Starts a program whose input and output are a new terminal of 93 columns and 31 rows.
    ///
    /// # Panics
    /// When that cannot be had.
    pub fn spawn(command: &mut Command) -> Terminal {
        let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a terminal");
        grantpt(&ours).and_then(|()| unlockpt(&ours)).expect("a terminal can be unlocked");
        let name = ptsname(&ours, Vec::new()).expect("a terminal has a name");
        let theirs =
            rustix::fs::open(&*name, OFlags::RDWR | OFlags::NOCTTY, Mode::empty()).expect("its other end");
        let theirs = File::from(theirs);
        tcsetwinsize(&ours, size(93, 31)).expect("a terminal has a size");
        let end = || Stdio::from(theirs.try_clone().expect("a descriptor"));
        let child = command.stdin(end()).stdout(end()).stderr(end()).spawn().expect("a program");
        let keys = File::from(ours);
        let mut screen = keys.try_clone().expect("a descriptor");
        let said: Arc<Mutex<String>> = Arc::default();
        let shown = said.clone();
        let reader = std::thread::spawn(move || {
            let mut block = [0; 4096];
            // The last one who has the other end is gone: an error on Linux.
            while let Ok(length @ 1..) = screen.read(&mut block) {
                shown.lock().unwrap().push_str(&String::from_utf8_lossy(&block[..length]));
            }
        });
        Terminal { child, keys, said, reader }
    }

    /// Presses keys.
    ///
    /// # Panics
    /// When the terminal is gone.
    #[track_caller]
    pub fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).expect("the terminal takes keys");
    }

    /// Makes the window another size.
    ///
    /// # Panics
    /// When the terminal is gone.
    #[track_caller]
    pub fn resize(&mut self, columns: u16, rows: u16) {
        tcsetwinsize(&self.keys, size(columns, rows)).expect("a terminal has a size");
        // The kernel tells only whose controlling terminal it is.
        let pid = Pid::from_raw(self.child.id() as i32).expect("a process id is not zero");
        kill_process(pid, Signal::WINCH).expect("the program is there");
    }

    /// Waits until the screen has shown this.
    ///
    /// # Panics
    /// When it does not in time; the text shows what it has.
    #[track_caller]
    pub fn shows(&mut self, wanted: &str) {
        eventually(&format!("{wanted:?} on the terminal"), PATIENCE, || {
            let complete = self.reader.is_finished();
            // A copy: a failing assertion must leave the lock usable for the report.
            let said = self.said.lock().unwrap().clone();
            // The last words of a program are read after its end.
            let ended = complete && self.child.try_wait().expect("a child can be waited for").is_some();
            assert!(!ended || said.contains(wanted), "the program has ended; the terminal shows {said:?}");
            said.contains(wanted).then_some(())
        });
    }

    /// Whether the screen has shown this.
    pub fn has_shown(&self, wanted: &str) -> bool {
        self.said.lock().unwrap().contains(wanted)
    }

    /// Sends the program a signal.
    ///
    /// # Panics
    /// When it is gone.
    #[track_caller]
    pub fn signal(&self, signal: Signal) {
        let pid = Pid::from_raw(self.child.id() as i32).expect("a process id is not zero");
        kill_process(pid, signal).expect("the program is there");
    }

    /// Whether the terminal shows what is typed and collects lines, as it did when the program was started.
    pub fn echoes(&self) -> bool {
        tcgetattr(&self.keys).is_ok_and(|now| now.local_modes.contains(LocalModes::ECHO | LocalModes::ICANON))
    }

    /// Waits for the end of the program and gives its exit code.
    ///
    /// # Panics
    /// When it does not end in time.
    #[track_caller]
    pub fn ends(&mut self) -> Option<i32> {
        eventually("the end of the program on the terminal", PATIENCE, || {
            self.child.try_wait().expect("a child can be waited for")
        })
        .code()
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            eprintln!("---- the terminal showed: {:?}", self.said.lock().unwrap());
        }
    }
}

const fn size(columns: u16, rows: u16) -> Winsize {
    Winsize { ws_col: columns, ws_row: rows, ws_xpixel: 0, ws_ypixel: 0 }
}
