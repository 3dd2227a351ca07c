//! Pseudo-terminals: what a shell believes to be a screen and a keyboard.

use std::fs::OpenOptions;
use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd, RawFd};
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::process::CommandExt;
use std::process::Command;

use rustix::fs::{Gid, Uid};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{
    InputModes, LocalModes, OptionalActions, OutputModes, Winsize, tcgetattr, tcsetattr, tcsetwinsize,
};

/// Rows and columns of a terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// Lines.
    pub rows: u16,
    /// Characters in a line.
    pub columns: u16,
}

impl Default for Size {
    fn default() -> Self {
        Size { rows: 24, columns: 80 }
    }
}

/// The bits of `struct termios` that replace the system's defaults.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Modes {
    /// `c_iflag`
    pub input: Option<u32>,
    /// `c_oflag`
    pub output: Option<u32>,
    /// `c_lflag`
    pub local: Option<u32>,
}

/// The terminal a child gets.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Terminal {
    /// Its first size.
    pub size: Size,
    /// Its first modes.
    pub modes: Modes,
}

impl Terminal {
    /// Makes one: our side, and the child's. A user who is not ours becomes the owner, as `login` would have it.
    pub(super) fn open(&self, uid: Option<u32>) -> io::Result<(Master, OwnedFd)> {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)?;
        grantpt(&master)?;
        unlockpt(&master)?;
        let path = ptsname(&master, Vec::new())?.to_string_lossy().into_owned();
        // NOCTTY: a supervisor without a terminal must not get this one.
        let slave = OpenOptions::new().read(true).write(true).custom_flags(libc::O_NOCTTY).open(&path)?;
        if let Some(uid) = uid {
            // Without the right to do so, the child still has the descriptors.
            let _ = rustix::fs::fchown(&slave, Some(Uid::from_raw(uid)), None::<Gid>);
        }
        let mut attributes = tcgetattr(&slave)?;
        attributes.input_modes |= InputModes::IUTF8;
        if let Some(bits) = self.modes.input {
            attributes.input_modes = InputModes::from_bits_retain(bits);
        }
        if let Some(bits) = self.modes.output {
            attributes.output_modes = OutputModes::from_bits_retain(bits);
        }
        if let Some(bits) = self.modes.local {
            attributes.local_modes = LocalModes::from_bits_retain(bits);
        }
        tcsetattr(&slave, OptionalActions::Now, &attributes)?;
        let master = Master { fd: master, path };
        master.resize(self.size)?;
        Ok((master, slave.into()))
    }
}

/// Our side of a terminal.
pub(super) struct Master {
    fd: OwnedFd,
    path: String,
}

impl Master {
    /// Descriptors for the keyboard and the screen: one each, so that they are watched apart.
    pub(super) fn halves(&self) -> io::Result<(OwnedFd, OwnedFd)> {
        Ok((self.fd.try_clone()?, self.fd.try_clone()?))
    }

    pub(super) fn resize(&self, size: Size) -> io::Result<()> {
        let size = Winsize { ws_row: size.rows, ws_col: size.columns, ws_xpixel: 0, ws_ypixel: 0 };
        Ok(tcsetwinsize(&self.fd, size)?)
    }

    pub(super) fn path(&self) -> &str {
        &self.path
    }
}

/// Makes the child the leader of a new session, and its standard input the terminal of that session.
#[expect(unsafe_code, reason = "there is no safe way to run code between fork and exec")]
pub(super) fn control(command: &mut Command) {
    let begin = || {
        rustix::process::setsid()?;
        rustix::process::ioctl_tiocsctty(rustix::stdio::stdin())?;
        Ok(())
    };
    // SAFETY: the closure makes two system calls and touches no memory but its own; it takes no lock and allocates
    // nothing, so it may run in the child of a process with other threads. Descriptor 0 is open: the standard library
    // has put the terminal there before.
    unsafe { command.pre_exec(begin) };
}

/// Puts descriptors under the numbers the child expects them.
#[expect(unsafe_code, reason = "there is no safe way to run code between fork and exec")]
pub(super) fn place(command: &mut Command, moves: Vec<(OwnedFd, RawFd)>) {
    let begin = move || {
        for (fd, number) in &moves {
            // SAFETY: `dup2` is async-signal-safe. What it closes is nobody's: all numbers that are covered were
            // occupied by fillers of the caller, and the child is about to become another program.
            if unsafe { libc::dup2(fd.as_fd().as_raw_fd(), *number) } < 0 {
                return Err(io::Error::last_os_error());
            }
        }
        Ok(())
    };
    // SAFETY: the closure makes system calls only; it takes no lock and allocates nothing.
    unsafe { command.pre_exec(begin) };
}
