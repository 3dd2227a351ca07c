//! The folder of recordings, and the thread that writes them: no chain waits for a disk.

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::SystemTime;

use super::{Entry, Header, Tape};
use crate::live::Address;

/// Where recordings go, and how much may.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// The folder.
    pub dir: PathBuf,
    /// Most bytes of one recording; the session ends there.
    pub file_bytes: u64,
    /// Most bytes of all; the oldest go.
    pub folder_bytes: u64,
    /// Record all groups, not only those with the flag.
    pub all: bool,
}

/// The writer of all recordings.
pub struct Vault {
    limits: Limits,
    jobs: Sender<Job>,
}

/// Whether more of a session may pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Room {
    /// Yes.
    Yes,
    /// Not before the disk has caught up; a [`CaughtUp`] is mailed.
    Wait,
    /// The recording is full, or the disk refuses: the session must end.
    Never,
}

/// Mail to a tunnel whose recording had fallen behind.
#[derive(Debug, Clone, Copy)]
pub struct CaughtUp;

/// What a tunnel and the writer share of one recording.
pub(super) struct Spool {
    jobs: Sender<Job>,
    path: PathBuf,
    owner: Address,
    waiting: AtomicUsize,
    asked: AtomicBool,
    over: AtomicBool,
    ended: AtomicBool,
}

enum Job {
    Open(Arc<Spool>, Vec<u8>),
    Put(Arc<Spool>, Vec<u8>),
    Close(Arc<Spool>),
}

/// Bytes of one recording that may wait for the disk. What passes in one turn of the chain comes on top.
const MAX_WAITING: usize = 1 << 20;
/// The folder is measured after so many bytes.
const MEASURE_EVERY: u64 = 16 << 20;
const SUFFIX: &str = "mcrec";

impl Vault {
    /// Makes the folder if need be, and starts the writer.
    ///
    /// # Errors
    /// The system's.
    pub fn open(limits: Limits) -> io::Result<Vault> {
        if !limits.dir.is_dir() {
            fs::DirBuilder::new().recursive(true).mode(0o700).create(&limits.dir)?;
        }
        // Bounded by its users: a tunnel passes nothing while much of its own waits here.
        let (jobs, received) = channel();
        let writer = Writer { limits: limits.clone(), open: HashMap::new(), since: MEASURE_EVERY };
        thread::Builder::new().name("recordings".into()).spawn(move || writer.run(&received))?;
        Ok(Vault { limits, jobs })
    }

    /// What is allowed.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Begins the recording of a tunnel; `owner` is the tunnel, `user_leg` its leg that is the user's.
    pub fn record(&self, header: &Header, now_ms: u64, owner: Address, user_leg: usize) -> Tape {
        let spool = Arc::new(Spool {
            jobs: self.jobs.clone(),
            path: self.limits.dir.join(file_name(header, now_ms)),
            owner,
            waiting: AtomicUsize::new(0),
            asked: AtomicBool::new(false),
            over: AtomicBool::new(false),
            ended: AtomicBool::new(false),
        });
        let first = Entry::start(header, now_ms).emit();
        if self.jobs.send(Job::Open(Arc::clone(&spool), first)).is_err() {
            spool.over.store(true, Ordering::Release);
        }
        Tape::new(spool, user_leg)
    }
}

/// Recordings of a folder, oldest first.
///
/// # Errors
/// The system's.
pub fn list(dir: &Path) -> io::Result<Vec<(PathBuf, u64)>> {
    let mut found: Vec<(SystemTime, PathBuf, u64)> = Vec::new();
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        let path = entry.path();
        if path.extension().is_some_and(|suffix| suffix == SUFFIX)
            && let Ok(meta) = entry.metadata()
            && meta.is_file()
        {
            found.push((meta.modified().unwrap_or(SystemTime::UNIX_EPOCH), path, meta.len()));
        }
    }
    found.sort();
    Ok(found.into_iter().map(|(_, path, bytes)| (path, bytes)).collect())
}

/// Sorts by time; holds only harmless characters.
fn file_name(header: &Header, now_ms: u64) -> String {
    let clean = |text: &str, most: usize| -> String {
        let kept = text.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-' || *c == '_');
        kept.take(most).collect()
    };
    let time = clean(&crate::model::time::iso8601(now_ms), 32);
    let node = header.nodeid.rsplit('/').next().unwrap_or("");
    format!(
        "{time}-{}-{}-{}-{}.{SUFFIX}",
        header.protocol,
        clean(&header.username, 32),
        clean(node, 12),
        clean(&header.sessionid, 32)
    )
}

impl Spool {
    pub(super) fn put(self: &Arc<Self>, bytes: Vec<u8>) {
        if self.over.load(Ordering::Acquire) || self.ended.load(Ordering::Acquire) {
            return;
        }
        self.waiting.fetch_add(bytes.len(), Ordering::AcqRel);
        let _ = self.jobs.send(Job::Put(Arc::clone(self), bytes));
    }

    pub(super) fn room(&self) -> Room {
        if self.over.load(Ordering::Acquire) {
            return Room::Never;
        }
        if self.waiting.load(Ordering::Acquire) < MAX_WAITING {
            return Room::Yes;
        }
        self.asked.store(true, Ordering::SeqCst);
        // The writer may have caught up between the two looks: then nobody would tell.
        if self.waiting.load(Ordering::SeqCst) < MAX_WAITING { Room::Yes } else { Room::Wait }
    }

    pub(super) fn end(self: &Arc<Self>, last: Vec<u8>) {
        self.put(last);
        self.ended.store(true, Ordering::Release);
    }

    pub(super) fn close(self: &Arc<Self>) {
        let _ = self.jobs.send(Job::Close(Arc::clone(self)));
    }
}

struct Writer {
    limits: Limits,
    /// Recordings that are being written, with their bytes so far.
    open: HashMap<PathBuf, (File, u64)>,
    since: u64,
}

impl Writer {
    fn run(mut self, jobs: &Receiver<Job>) {
        for job in jobs {
            let (spool, done) = match job {
                Job::Open(spool, first) => {
                    self.measure();
                    let done = self.create(&spool.path, &first);
                    (spool, done)
                }
                Job::Put(spool, bytes) => {
                    let done = self.put(&spool.path, &bytes);
                    let before = spool.waiting.fetch_sub(bytes.len(), Ordering::SeqCst);
                    if before - bytes.len() < MAX_WAITING && spool.asked.swap(false, Ordering::SeqCst) {
                        let _ = spool.owner.post(CaughtUp);
                    }
                    (spool, done)
                }
                Job::Close(spool) => {
                    self.open.remove(&spool.path);
                    continue;
                }
            };
            if let Err(error) = done {
                tracing::error!(file = %spool.path.display(), %error, "a recording ends, and its session with it");
                spool.over.store(true, Ordering::Release);
                let _ = spool.owner.post(CaughtUp);
            }
            if self.since >= MEASURE_EVERY {
                self.measure();
            }
        }
    }

    fn create(&mut self, path: &Path, first: &[u8]) -> io::Result<()> {
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
        self.open.insert(path.to_owned(), (file, 0));
        self.put(path, first)
    }

    fn put(&mut self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let Some((file, written)) = self.open.get_mut(path) else {
            return Ok(()); // it has failed before
        };
        if *written + bytes.len() as u64 > self.limits.file_bytes {
            let limit = self.limits.file_bytes;
            self.open.remove(path);
            return Err(io::Error::other(format!("it has reached {limit} bytes")));
        }
        let done = file.write_all(bytes);
        *written += bytes.len() as u64;
        self.since += bytes.len() as u64;
        if done.is_err() {
            self.open.remove(path);
        }
        done
    }

    /// Removes the oldest recordings while the folder holds too much. Those that are being written stay.
    fn measure(&mut self) {
        self.since = 0;
        let found = match list(&self.limits.dir) {
            Ok(found) => found,
            Err(error) => {
                tracing::error!(%error, "the folder of recordings cannot be read");
                return;
            }
        };
        let mut total: u64 = found.iter().map(|(_, bytes)| bytes).sum();
        for (path, bytes) in found {
            if total <= self.limits.folder_bytes {
                return;
            }
            if self.open.contains_key(&path) {
                continue;
            }
            match fs::remove_file(&path) {
                Ok(()) => {
                    tracing::info!(file = %path.display(), "an old recording was removed to make room");
                    total -= bytes;
                }
                Err(error) => tracing::error!(file = %path.display(), %error, "an old recording stays"),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::format::tests::{data, header};
    use super::super::{Kind, Reader};
    use super::*;
    use crate::live::tests::Letterbox;
    use microstack::ws::PairTap;
    use std::time::{Duration, Instant};

    fn limits(dir: &Path, file_bytes: u64, folder_bytes: u64) -> Limits {
        Limits { dir: dir.to_owned(), file_bytes, folder_bytes, all: true }
    }

    fn eventually(mut so: impl FnMut() -> bool) {
        let until = Instant::now() + Duration::from_secs(20);
        while !so() {
            assert!(Instant::now() < until);
            thread::sleep(Duration::from_millis(2));
        }
    }

    fn entries(path: &Path) -> Vec<Entry> {
        let (mut reader, ..) = Reader::open(File::open(path).unwrap()).unwrap();
        let mut all = Vec::new();
        while let Some(entry) = reader.next().unwrap() {
            all.push(entry);
        }
        all
    }

    #[test]
    fn what_passes_is_in_the_file_message_by_message() {
        let (dir, post) = (tempfile::tempdir().unwrap(), Letterbox::new());
        let vault = Vault::open(limits(&dir.path().join("new"), 1 << 20, 1 << 30)).unwrap();
        let mut tape = vault.record(&header(), 5, post.address(), 1);
        tape.set_time(6);
        tape.piece(1, true, b"l", false);
        tape.piece(0, false, &[1, 2], true);
        tape.piece(0, false, &[], true);
        tape.piece(1, true, b"s\r", true);
        tape.end(9);
        drop(tape);
        let folder = dir.path().join("new");
        eventually(|| list(&folder).unwrap().iter().any(|(path, _)| entries(path).len() == 3));
        let wanted = [data(6, false, true, &[1, 2]), data(6, true, false, b"ls\r"), Entry::end(9)];
        assert_eq!(entries(&list(&folder).unwrap()[0].0), wanted);
    }

    #[test]
    fn a_full_recording_ends_its_session() {
        let (dir, post) = (tempfile::tempdir().unwrap(), Letterbox::new());
        let vault = Vault::open(limits(dir.path(), 3000, 1 << 30)).unwrap();
        let mut tape = vault.record(&header(), 5, post.address(), 0);
        for _ in 0..4 {
            tape.piece(0, false, &[7; 1000], true);
        }
        eventually(|| tape.room() == Room::Never);
        assert!(!post.open::<CaughtUp>().is_empty());
        let path = list(dir.path()).unwrap().remove(0).0;
        assert!(entries(&path).iter().all(|entry| entry.kind == Kind::Data), "no end: it is not whole");
    }

    #[test]
    fn the_oldest_recordings_make_room() {
        let (dir, post) = (tempfile::tempdir().unwrap(), Letterbox::new());
        for n in 0..5 {
            let path = dir.path().join(format!("{n}.mcrec"));
            fs::write(&path, vec![0; 1000]).unwrap();
            let time = SystemTime::UNIX_EPOCH + Duration::from_secs(n);
            File::options().write(true).open(&path).unwrap().set_modified(time).unwrap();
        }
        fs::write(dir.path().join("other.txt"), vec![0; 9000]).unwrap();
        let vault = Vault::open(limits(dir.path(), 1 << 20, 2500)).unwrap();
        let _tape = vault.record(&header(), 5, post.address(), 0);
        eventually(|| list(dir.path()).unwrap().len() == 3);
        assert!(dir.path().join("4.mcrec").exists() && dir.path().join("3.mcrec").exists());
        assert!(dir.path().join("other.txt").exists());
    }
}
