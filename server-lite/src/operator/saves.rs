//! A file that an editor saves.
//!
//! Some editors write the file, others put another in its place, so the folder is watched and the name compared.

use std::ffi::OsString;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::inotify::{self, CreateFlags, ReadFlags, Reader, WatchFlags};

/// Waits for saves of one file.
pub struct Saves {
    watch: OwnedFd,
    name: OsString,
}

/// An editor's several steps are one save when they are no further apart.
const SETTLED: Duration = Duration::from_millis(60);

impl Saves {
    /// Watches from now on.
    ///
    /// # Errors
    /// There is no such folder, or the system has no watches left.
    pub fn of(file: &Path) -> io::Result<Saves> {
        let name = file.file_name().ok_or_else(|| io::Error::other("not the name of a file"))?.to_owned();
        let folder = match file.parent() {
            Some(folder) if folder != Path::new("") => folder,
            _ => Path::new("."),
        };
        let watch = inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK)?;
        inotify::add_watch(&watch, folder, WatchFlags::CLOSE_WRITE | WatchFlags::MOVED_TO)?;
        Ok(Saves { watch, name })
    }

    /// Waits until the file was saved and nothing more comes for a moment.
    ///
    /// # Errors
    /// What the system says.
    pub fn next(&mut self) -> io::Result<()> {
        self.wait(None)?;
        while !self.read()? {
            self.wait(None)?;
        }
        while self.wait(Some(SETTLED))? {
            self.read()?;
        }
        Ok(())
    }

    fn wait(&self, most: Option<Duration>) -> io::Result<bool> {
        let most =
            most.map(|most| Timespec { tv_sec: most.as_secs() as i64, tv_nsec: most.subsec_nanos().into() });
        loop {
            let mut watched = [PollFd::from_borrowed_fd(self.watch.as_fd(), PollFlags::IN)];
            match poll(&mut watched, most.as_ref()) {
                Err(rustix::io::Errno::INTR) => {}
                other => return Ok(other? > 0),
            }
        }
    }

    /// Takes what has come; true when our file is concerned.
    fn read(&mut self) -> io::Result<bool> {
        let mut space = [MaybeUninit::uninit(); 4096];
        let mut events = Reader::new(&self.watch, &mut space);
        let mut ours = false;
        loop {
            match events.next() {
                Ok(event) => {
                    let lost = event.events().contains(ReadFlags::QUEUE_OVERFLOW);
                    ours |=
                        lost || event.file_name().is_some_and(|name| name.to_bytes() == self.name.as_bytes());
                }
                Err(rustix::io::Errno::AGAIN) => return Ok(ours),
                Err(error) => return Err(error.into()),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writing_and_replacing_are_saves_and_other_files_are_not() {
        let folder = tempfile::tempdir().unwrap();
        let (file, other) = (folder.path().join("core.js"), folder.path().join("other.js"));
        std::fs::write(&file, "1").unwrap();
        let mut saves = Saves::of(&file).unwrap();
        std::fs::write(&other, "x").unwrap();
        assert!(saves.wait(Some(Duration::from_secs(5))).unwrap());
        assert!(!saves.read().unwrap());
        std::fs::write(&file, "2").unwrap();
        saves.next().unwrap();
        std::fs::rename(&other, &file).unwrap();
        saves.next().unwrap();
        assert!(!saves.wait(Some(Duration::ZERO)).unwrap());
    }
}
