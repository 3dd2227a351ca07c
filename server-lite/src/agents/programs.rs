//! The agents' programs that the server hands out: which there are, and reading them off the chains.
//!
//! They lie in one folder, each named by the number of its agent type, a dash, and the name under which it is
//! downloaded: `26-meshlite-agent`. For the machine's own type the `meshlite-agent` beside the server's program serves
//! when the folder has none.

use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread;
use std::time::SystemTime;

use microstack::wire::msh::Msh;
use microstack::wire::{agent_hash, agent_type, trailer};
use microstack::ws::Bytes;

/// Hands out programs. A handle; the reading thread ends with the last one.
#[derive(Clone)]
pub struct Programs {
    queue: SyncSender<Work>,
    downloads: Arc<AtomicUsize>,
}

/// One program there is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Agent type number (agent-channel specification 3.2).
    pub number: u32,
    /// Name for the download.
    pub name: String,
    /// Bytes, without settings that lie behind the program.
    pub length: u64,
    /// SHA-384 of these bytes, hexadecimal.
    pub sha384: String,
    /// The loader that the program needs; none for one that is linked statically.
    pub loader: Option<String>,
}

/// A program that is open for reading.
#[derive(Debug)]
pub struct Opened {
    /// The file. What replaces it on the disk meanwhile is another file.
    pub file: Arc<File>,
    /// Name for the download.
    pub name: String,
    /// Bytes, without settings that lie behind the program.
    pub length: u64,
    /// A Windows program: settings behind it would break its signature.
    pub is_windows: bool,
}

/// A place among the downloads that run at once; given back when dropped.
pub struct Slot(Arc<AtomicUsize>);

/// The reading thread has too much to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadersBusy;

type Answer<T> = Box<dyn FnOnce(T) + Send>;

enum Work {
    List(Answer<Vec<Listed>>),
    Open(u32, Answer<io::Result<Opened>>),
    Read(Arc<File>, u64, usize, Answer<io::Result<Bytes>>),
}

/// What the reading thread knows.
struct Reader {
    folder: PathBuf,
    beside: Option<(u32, PathBuf)>,
    /// Hashes by file, age and length: a program is hashed once.
    hashes: HashMap<(PathBuf, SystemTime, u64), (String, Option<String>)>,
}

/// Jobs that may wait; each is a read of one piece, or a look into the folder.
const MAX_WAITING: usize = 256;
/// Downloads at once.
const MAX_DOWNLOADS: usize = 64;
/// Programs looked at in the folder.
const MAX_PROGRAMS: usize = 64;
/// Bytes of a program.
const MAX_LENGTH: u64 = 1 << 30;

impl Programs {
    /// Starts the reading thread for a folder, which need not exist, and perhaps a program of the machine's own type.
    ///
    /// # Errors
    /// Fails when the operating system refuses a thread.
    pub fn start(folder: PathBuf, beside: Option<PathBuf>) -> io::Result<Programs> {
        let (queue, work) = sync_channel::<Work>(MAX_WAITING);
        let beside = OWN_TYPE.zip(beside);
        let mut reader = Reader { folder, beside, hashes: HashMap::new() };
        thread::Builder::new().name("programs".into()).spawn(move || {
            for work in work {
                match work {
                    Work::List(answer) => answer(reader.list()),
                    Work::Open(number, answer) => answer(reader.open(number)),
                    Work::Read(file, at, most, answer) => answer(read_piece(&file, at, most)),
                }
            }
        })?;
        Ok(Programs { queue, downloads: Arc::default() })
    }

    /// A place for one more download; `None` when 64 run.
    pub fn slot(&self) -> Option<Slot> {
        let taken = self.downloads.fetch_add(1, Ordering::Relaxed);
        let slot = Slot(Arc::clone(&self.downloads));
        (taken < MAX_DOWNLOADS).then_some(slot)
    }

    /// All programs, by number; `answer` is called on the reading thread, as with the others.
    ///
    /// # Errors
    /// [`ReadersBusy`] when too many jobs wait.
    pub fn list(&self, answer: impl FnOnce(Vec<Listed>) + Send + 'static) -> Result<(), ReadersBusy> {
        self.submit(Work::List(Box::new(answer)))
    }

    /// Opens the program of an agent type. [`io::ErrorKind::NotFound`] when there is none.
    ///
    /// # Errors
    /// As [`Programs::list`].
    pub fn open(
        &self,
        number: u32,
        answer: impl FnOnce(io::Result<Opened>) + Send + 'static,
    ) -> Result<(), ReadersBusy> {
        self.submit(Work::Open(number, Box::new(answer)))
    }

    /// Reads up to `most` bytes from the place `at` on; nothing at the end of the file.
    ///
    /// # Errors
    /// As [`Programs::list`].
    pub fn read(
        &self,
        file: &Arc<File>,
        at: u64,
        most: usize,
        answer: impl FnOnce(io::Result<Bytes>) + Send + 'static,
    ) -> Result<(), ReadersBusy> {
        self.submit(Work::Read(Arc::clone(file), at, most, Box::new(answer)))
    }

    fn submit(&self, work: Work) -> Result<(), ReadersBusy> {
        self.queue.try_send(work).map_err(|_| ReadersBusy)
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Reader {
    /// Files by number; the folder comes before what lies beside the server.
    fn files(&self) -> Vec<(u32, String, PathBuf)> {
        let mut found: Vec<(u32, String, PathBuf)> = Vec::new();
        let entries = std::fs::read_dir(&self.folder).into_iter().flatten().flatten();
        for entry in entries.take(MAX_PROGRAMS) {
            let name = entry.file_name();
            let parts = name.to_str().and_then(|name| name.split_once('-'));
            let Some((number, shown)) = parts.filter(|(_, shown)| is_plain(shown)) else { continue };
            let Some(number) = number.parse().ok().filter(|number| agent_type::lookup(*number).is_some())
            else {
                continue;
            };
            found.push((number, shown.to_owned(), entry.path()));
        }
        if let Some((number, path)) = &self.beside
            && path.is_file()
            && found.iter().all(|(other, ..)| other != number)
        {
            found.push((*number, "meshlite-agent".to_owned(), path.clone()));
        }
        found.sort();
        found.dedup_by_key(|(number, ..)| *number);
        found
    }

    fn open(&self, number: u32) -> io::Result<Opened> {
        let files = self.files();
        let found = files.into_iter().find(|(other, ..)| *other == number);
        let (_, name, path) = found.ok_or(io::ErrorKind::NotFound)?;
        let file = File::open(&path)?;
        let length = program_length(&file)?;
        let mut start = [0; 2];
        let is_windows = file.read_exact_at(&mut start, 0).is_ok() && start == *b"MZ";
        Ok(Opened { file: Arc::new(file), name, length, is_windows })
    }

    fn list(&mut self) -> Vec<Listed> {
        let mut listed = Vec::new();
        for (number, name, path) in self.files() {
            match self.look_at(&path) {
                Ok((length, (sha384, loader))) => {
                    listed.push(Listed { number, name, length, sha384, loader })
                }
                Err(error) => {
                    tracing::warn!(path = %path.display(), %error, "a program of agents cannot be read")
                }
            }
        }
        listed
    }

    fn look_at(&mut self, path: &Path) -> io::Result<(u64, (String, Option<String>))> {
        let mut file = File::open(path)?;
        let about = file.metadata()?;
        let length = program_length(&file)?;
        let key = (path.to_owned(), about.modified()?, about.len());
        if let Some(known) = self.hashes.get(&key) {
            return Ok((length, known.clone()));
        }
        let known = (agent_hash(&mut file)?.to_hex(), loader(&file));
        if self.hashes.len() >= MAX_PROGRAMS {
            self.hashes.clear();
        }
        self.hashes.insert(key, known.clone());
        Ok((length, known))
    }
}

/// The length without settings behind the program, which are another server's or another group's.
fn program_length(file: &File) -> io::Result<u64> {
    let about = file.metadata()?;
    if !about.is_file() || about.len() > MAX_LENGTH {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "no program: not a file, or over 1 GiB"));
    }
    let mut tail = vec![0; usize::try_from(about.len().min(TAIL)).unwrap_or(0)];
    let start = about.len() - tail.len() as u64;
    file.read_exact_at(&mut tail, start)?;
    // The place of the trailer is counted from the end: what lies before the tail is not looked at.
    let own = trailer::find(&tail).filter(|found| found.kind == trailer::Kind::Msh);
    Ok(own.map_or(about.len(), |found| start + found.content.start))
}

/// The interpreter an ELF program names: without that file the system says only "not found".
fn loader(file: &File) -> Option<String> {
    let mut head = [0; 4096];
    let mut got = 0;
    while got < head.len() {
        match file.read_at(&mut head[got..], got as u64) {
            Ok(0) | Err(_) => break,
            Ok(n) => got += n,
        }
    }
    let head = &head[..got];
    if !head.starts_with(b"\x7fELF") {
        return None;
    }
    let wide = *head.get(4)? == 2;
    let number = |at: usize, bytes: usize| -> Option<u64> {
        let field = head.get(at..at + bytes)?;
        match *head.get(5)? {
            1 => Some(field.iter().rev().fold(0, |all, byte| all << 8 | u64::from(*byte))),
            _ => Some(field.iter().fold(0, |all, byte| all << 8 | u64::from(*byte))),
        }
    };
    let at = |text: u64| usize::try_from(text).ok();
    let (table, entry, count) = match wide {
        true => (at(number(32, 8)?)?, at(number(54, 2)?)?, at(number(56, 2)?)?),
        false => (at(number(28, 4)?)?, at(number(42, 2)?)?, at(number(44, 2)?)?),
    };
    for index in 0..count.min(64) {
        let start = table.checked_add(index.checked_mul(entry)?)?;
        if number(start, 4)? == PT_INTERP {
            let (offset, length) = match wide {
                true => (number(start + 8, 8)?, number(start + 32, 8)?),
                false => (number(start + 4, 4)?, number(start + 16, 4)?),
            };
            let text = head.get(at(offset)?..at(offset)?.checked_add(at(length)?)?)?;
            let text = std::str::from_utf8(text).ok()?.trim_end_matches('\0');
            let is_path = text.starts_with('/') && text[1..].split('/').all(is_plain);
            return is_path.then(|| text.to_owned());
        }
    }
    None
}

fn read_piece(file: &File, at: u64, most: usize) -> io::Result<Bytes> {
    let mut piece = vec![0; most];
    let mut got = 0;
    while got < most {
        match file.read_at(&mut piece[got..], at + got as u64) {
            Ok(0) => break,
            Ok(n) => got += n,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    piece.truncate(got);
    Ok(piece.into())
}

/// A name that needs no quoting anywhere: in a header, in a shell.
fn is_plain(name: &str) -> bool {
    let known = |c: u8| c.is_ascii_alphanumeric() || b"._-+".contains(&c);
    (1..=64).contains(&name.len()) && name.bytes().all(known) && !name.starts_with(['.', '-'])
}

/// A `.msh` at its longest, with its length and mark.
const TAIL: u64 = Msh::MAX_LEN as u64 + 20;
/// Segment type "interpreter" (ELF specification, program header).
const PT_INTERP: u64 = 3;

/// The type of agents that are built like this server.
const OWN_TYPE: Option<u32> = if cfg!(all(target_os = "linux", target_arch = "x86_64")) {
    Some(agent_type::LINUX_X86_64)
} else if cfg!(all(target_os = "linux", target_arch = "aarch64")) {
    Some(agent_type::LINUX_ARM64)
} else if cfg!(all(target_os = "linux", target_arch = "arm")) {
    Some(25)
} else if cfg!(all(target_os = "linux", target_arch = "x86")) {
    Some(5)
} else {
    None
};

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::channel;

    fn listed(programs: &Programs) -> Vec<Listed> {
        let (send, receive) = channel();
        programs.list(move |all| send.send(all).unwrap()).unwrap();
        receive.recv().unwrap()
    }

    #[test]
    fn programs_are_found_by_number_and_their_settings_are_left_out() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("agents");
        std::fs::create_dir(&folder).unwrap();
        let program = vec![7_u8; 100_000];
        std::fs::write(folder.join("26-agent"), trailer::append(&program, b"\r\nMeshName=other\r\n"))
            .unwrap();
        for name in ["26-later", "4711-unknown", "x-agent", "5-bad name", "readme", "9-.hidden"] {
            std::fs::write(folder.join(name), "x").unwrap();
        }
        let programs = Programs::start(folder, None).unwrap();
        let all = listed(&programs);
        assert_eq!(all.len(), 1, "{all:?}");
        assert_eq!((all[0].number, all[0].name.as_str(), all[0].length), (26, "agent", 100_000));
        let hash = microstack::wire::hex::upper(&microstack::crypto::sha384(&program));
        assert_eq!(all[0].sha384.to_uppercase(), hash);

        let (send, receive) = channel();
        programs.open(26, move |opened| send.send(opened).unwrap()).unwrap();
        let opened = receive.recv().unwrap().unwrap();
        assert_eq!((opened.length, opened.is_windows), (100_000, false));
        let (send, receive) = channel();
        programs.read(&opened.file, 99_990, 64, move |piece| send.send(piece.unwrap()).unwrap()).unwrap();
        let piece = receive.recv().unwrap();
        assert_eq!(piece.len(), 10 + 18 + 20, "settings are in the file, beyond the program's length");
        let (send, receive) = channel();
        programs.open(6, move |opened| send.send(opened.unwrap_err().kind()).unwrap()).unwrap();
        assert_eq!(receive.recv().unwrap(), io::ErrorKind::NotFound);
    }

    #[test]
    fn the_program_beside_the_server_is_of_its_own_type_and_names_its_loader() {
        let own = std::env::current_exe().unwrap();
        let programs = Programs::start("/nonexistent".into(), Some(own)).unwrap();
        let all = listed(&programs);
        assert_eq!(all.len(), 1);
        assert_eq!(Some(all[0].number), OWN_TYPE);
        if let Some(loader) = &all[0].loader {
            assert!(Path::new(loader).exists(), "{loader}");
        }
        assert_eq!(listed(&programs), all, "the second time from memory");
    }

    #[test]
    fn downloads_at_once_are_capped_and_places_come_back() {
        let programs = Programs::start("/nonexistent".into(), None).unwrap();
        let slots: Vec<Slot> = (0..1000).map_while(|_| programs.slot()).collect();
        assert_eq!(slots.len(), MAX_DOWNLOADS);
        assert!(programs.slot().is_none());
        drop(slots);
        assert!(programs.slot().is_some());
    }
}
