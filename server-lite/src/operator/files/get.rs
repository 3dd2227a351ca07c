//! `get`: files from a device.
//!
//! A file is written beside its final name and renamed when its hash was compared. Names come from the device: only
//! those that stay in the folder are taken.

use std::fs::{File, OpenOptions, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use microstack::wire::hex;
use ring::digest::{Context, SHA384};
use serde_json::{Value, json};

use super::place::{LocalPlace, PART, RemotePlace, below, safe_name};
use super::progress::Progress;
use super::put::hash_of;
use super::talk::{Entry, Kind, LOOK, STALLED, Said, Talk};
use super::{Tally, stamp};
use crate::operator::arguments::CopyArguments;
use crate::operator::error::OperatorError;
use crate::operator::escape::quoted;
use crate::operator::output::Output;
use crate::operator::session::Session;

/// Blocks the device may send ahead; older cores send one for each acknowledgement.
const WINDOW: u32 = 32;

/// Folders inside folders: links on the device may lead in circles.
const MAX_DEPTH: usize = 64;

/// Copies what is named to where the last place says.
pub fn get(session: &mut Session, how: &CopyArguments, output: &Output) -> Result<(), OperatorError> {
    let Some((to, sources)) = how.places.split_last() else {
        return Err(OperatorError::Usage("say what to copy, and where to: get ID:PATH… LOCAL".into()));
    };
    let to = LocalPlace::parse(to);
    let places = sources.iter().map(|text| RemotePlace::parse(text)).collect::<Result<Vec<_>, _>>()?;
    if !matches!(to, LocalPlace::Into(_)) && places.len() > 1 {
        return Err(OperatorError::Usage("several files need a folder to go to".into()));
    }
    if to == LocalPlace::Stdout && (how.recursive || how.resume) {
        return Err(OperatorError::Usage("standard output takes one file, from its beginning".into()));
    }
    let mut tally = Tally::default();
    for place in &places {
        let mut talk = Talk::open(session, &place.id, how.e2e, output)?;
        let mut work = Get { talk: &mut talk, how, output, tally: &mut tally };
        let done = work.place(place, &to);
        talk.end();
        done?;
    }
    if to != LocalPlace::Stdout {
        tally.tell(how.quiet, "received", output)?;
    }
    match tally.missed {
        0 => Ok(()),
        missed => Err(OperatorError::Failed(format!(
            "the copy is incomplete: {missed} names were not listed, for there are too many in one folder"
        ))),
    }
}

struct Get<'w, 'a> {
    talk: &'w mut Talk<'a>,
    how: &'w CopyArguments,
    output: &'w Output,
    tally: &'w mut Tally,
}

impl Get<'_, '_> {
    fn place(&mut self, place: &RemotePlace, to: &LocalPlace) -> Result<(), OperatorError> {
        let Some(entry) = self.talk.entry(&place.path)? else {
            return Err(self.talk.failed(&place.path, "is not there, or cannot be read"));
        };
        let (_, name) = place.split();
        let target = match to {
            LocalPlace::Stdout if entry.kind == Kind::File => return self.onto_stdout(&place.path, &entry),
            LocalPlace::Stdout => return Err(self.talk.failed(&place.path, "is a folder")),
            LocalPlace::As(path) => path.clone(),
            LocalPlace::Into(folder) => {
                std::fs::create_dir_all(folder).map_err(|error| failed("make", folder, error))?;
                match safe_name(name) {
                    Some(name) => folder.join(name),
                    None => folder.clone(),
                }
            }
        };
        match entry.kind {
            Kind::File => self.file(&place.path, &entry, &target),
            Kind::Folder if self.how.recursive => self.folder(&place.path, &target),
            Kind::Folder => {
                Err(OperatorError::Usage(format!("{} is a folder; copy it with -r", quoted(&place.path))))
            }
        }
    }

    fn folder(&mut self, remote: &str, local: &Path) -> Result<(), OperatorError> {
        let mut open: Vec<(String, PathBuf, usize)> = vec![(remote.to_owned(), local.to_owned(), 0)];
        while let Some((remote, local, depth)) = open.pop() {
            if depth > MAX_DEPTH {
                return Err(self.talk.failed(&remote, "is too deep; links may lead in circles there"));
            }
            std::fs::create_dir_all(&local).map_err(|error| failed("make", &local, error))?;
            let Some(listing) = self.talk.list(&remote)? else {
                self.output.note(&format!("{} cannot be read; passed over", quoted(&remote)));
                continue;
            };
            if listing.more > 0 {
                self.output.note(&format!(
                    "{} has {} names more than the device lists; they are passed over",
                    quoted(&remote),
                    listing.more
                ));
                self.tally.missed = self.tally.missed.saturating_add(listing.more);
            }
            for entry in listing.entries {
                let Some(name) = safe_name(&entry.name) else {
                    self.output
                        .note(&format!("{} is no name of a file here; passed over", quoted(&entry.name)));
                    continue;
                };
                let (from, to) = (below(&remote, name), local.join(name));
                match entry.kind {
                    Kind::Folder => open.push((from, to, depth + 1)),
                    Kind::File => self.file(&from, &entry, &to)?,
                }
            }
        }
        Ok(())
    }

    fn onto_stdout(&mut self, remote: &str, entry: &Entry) -> Result<(), OperatorError> {
        let mut progress = Progress::new(self.output, remote, Some(entry.size), 0, true);
        let mut out = io::stdout().lock();
        let (ours, _) = self.receive(remote, 0, &mut |block| Ok(out.write_all(block)?), &mut progress)?;
        out.flush()?;
        self.compare(remote, &ours)
    }

    fn file(&mut self, remote: &str, entry: &Entry, local: &Path) -> Result<(), OperatorError> {
        if local.is_dir() {
            return Err(OperatorError::Usage(format!(
                "{} is a folder here and a file there",
                local.display()
            )));
        }
        if self.how.no_clobber && local.symlink_metadata().is_ok() {
            self.tally.skipped += 1;
            return Ok(());
        }
        if self.how.resume && self.is_here(remote, entry, local)? {
            self.tally.skipped += 1;
            return Ok(());
        }
        let part = PathBuf::from(format!("{}{PART}", local.display()));
        let mut resume = self.how.resume;
        loop {
            let (taken, resumed) = self.attempt(remote, entry, &part, resume)?;
            let compared = self.compare(remote, &taken.hash);
            // The beginning may be of another version of the file: once more, from the start.
            if compared.is_err() && resumed {
                resume = false;
                continue;
            }
            if compared.is_err() {
                // What is known to be wrong is not to be resumed.
                let _ = std::fs::remove_file(&part);
            }
            compared?;
            settle(&part, local, entry)?;
            let value = json!({
                "device": self.talk.device.id(), "path": remote, "local": local.display().to_string(),
                "bytes": taken.bytes, "received": taken.received, "sha384": taken.hash,
                "seconds": taken.took.as_secs_f64(),
            });
            return self.tally.file(value, taken.received, taken.took, self.how.quiet, self.output);
        }
    }

    /// True when this very file is here already.
    fn is_here(&mut self, remote: &str, entry: &Entry, local: &Path) -> Result<bool, OperatorError> {
        // Looked at before it is opened: a pipe would wait for its other end.
        match std::fs::metadata(local) {
            Ok(meta) if meta.is_file() && meta.len() == entry.size => {}
            _ => return Ok(false),
        }
        let mut file = File::open(local).map_err(|error| failed("read", local, error))?;
        let ours = hash_of(&mut file, entry.size, &local.display().to_string())?;
        Ok(self.talk.hash(remote)?.is_some_and(|theirs| theirs == hex::lower(ours.finish().as_ref())))
    }

    /// Receives into the unfinished file; says whether it went on from an earlier beginning.
    fn attempt(
        &mut self,
        remote: &str,
        entry: &Entry,
        part: &Path,
        resume: bool,
    ) -> Result<(Taken, bool), OperatorError> {
        let error = |error| failed("write", part, error);
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(!resume)
            .mode(0o600)
            .custom_flags(libc::O_NOFOLLOW)
            .open(part)
            .map_err(error)?;
        // Nobody else reads it before it has the bits that it is to have; it may be left from an earlier transfer.
        file.set_permissions(Permissions::from_mode(0o600)).map_err(error)?;
        let mut sink = Sink { offset: 0, hash: Context::new(&SHA384), file: &mut file };
        if resume {
            sink.take_in().map_err(error)?;
            if sink.offset > entry.size {
                sink.restart().map_err(error)?;
            }
        }
        let offset = sink.offset;
        let name = below("", &entry.name);
        let mut progress = Progress::new(
            self.output,
            name.trim_start_matches('/'),
            Some(entry.size),
            offset,
            self.how.quiet,
        );
        let began = self.begin(remote, offset)?;
        if began != offset {
            sink.restart().map_err(error)?;
        }
        let id = self.id();
        let received = self.blocks(&id, &mut |block| sink.put(block).map_err(error), &mut progress)?;
        progress.stage("checking");
        sink.file.sync_all().map_err(error)?;
        let hash = hex::lower(sink.hash.finish().as_ref());
        let took = progress.end();
        Ok((Taken { hash, bytes: began + received, received, took }, began > 0))
    }

    fn receive(
        &mut self,
        remote: &str,
        offset: u64,
        put: &mut dyn FnMut(&[u8]) -> Result<(), OperatorError>,
        progress: &mut Progress<'_>,
    ) -> Result<(String, u64), OperatorError> {
        self.begin(remote, offset)?;
        let id = self.id();
        let mut hash = Context::new(&SHA384);
        let received = self.blocks(
            &id,
            &mut |block| {
                hash.update(block);
                put(block)
            },
            progress,
        )?;
        Ok((hex::lower(hash.finish().as_ref()), received))
    }

    /// Asks for a file; where the device begins. Cores that know no offset begin at 0.
    fn begin(&mut self, remote: &str, offset: u64) -> Result<u64, OperatorError> {
        self.talk.next_id();
        let id = self.id();
        let mut start = json!({ "action": "download", "sub": "start", "id": id, "path": remote });
        if offset > 0 {
            start["offset"] = json!(offset);
        }
        self.talk.send(&start);
        loop {
            let Said::Json(answer) = self.talk.hear("a file", LOOK)? else { continue };
            if answer["action"] != "download" || answer["id"] != id {
                continue;
            }
            match answer["sub"].as_str() {
                Some("start") => {
                    let began = answer["offset"].as_u64().filter(|began| *began == offset).unwrap_or(0);
                    self.talk
                        .send(&json!({ "action": "download", "sub": "startack", "id": id, "ack": WINDOW }));
                    return Ok(began);
                }
                Some("cancel") => {
                    let why = self.talk.reason(&answer, "it cannot be read").to_string();
                    return Err(self.talk.failed(remote, &why));
                }
                _ => {}
            }
        }
    }

    /// Takes blocks until the last one; how many bytes came.
    fn blocks(
        &mut self,
        id: &Value,
        put: &mut dyn FnMut(&[u8]) -> Result<(), OperatorError>,
        progress: &mut Progress<'_>,
    ) -> Result<u64, OperatorError> {
        let mut received = 0u64;
        loop {
            let block = match self.talk.hear("a block", STALLED)? {
                Said::Block(block) => block,
                Said::Json(answer) if answer["action"] == "download" && answer["sub"] == "cancel" => {
                    return Err(self.talk.reason(&answer, "the file could not be read to its end"));
                }
                Said::Json(_) => continue,
            };
            let Some((header, data)) = block.split_first_chunk::<4>() else { continue };
            put(data)?;
            received += data.len() as u64;
            progress.advance(data.len() as u64)?;
            if header[3] & 1 != 0 {
                return Ok(received);
            }
            self.talk.send(&json!({ "action": "download", "sub": "ack", "id": id }));
        }
    }

    fn compare(&mut self, remote: &str, ours: &str) -> Result<(), OperatorError> {
        match self.talk.hash(remote)? {
            Some(theirs) if theirs == ours => Ok(()),
            Some(_) => Err(self
                .talk
                .failed(remote, "what arrived differs from what is there; did it change meanwhile?")),
            None => {
                self.output.note(&format!("{} cannot be compared: the device gives no hash", quoted(remote)));
                Ok(())
            }
        }
    }

    fn id(&self) -> Value {
        json!(self.talk.last_id())
    }
}

struct Taken {
    hash: String,
    bytes: u64,
    received: u64,
    took: std::time::Duration,
}

/// An unfinished file, with the hash of what is in it.
struct Sink<'f> {
    file: &'f mut File,
    hash: Context,
    offset: u64,
}

impl Sink<'_> {
    fn put(&mut self, block: &[u8]) -> io::Result<()> {
        self.hash.update(block);
        self.offset += block.len() as u64;
        self.file.write_all(block)
    }

    /// Reads what is there; writing goes on behind it.
    fn take_in(&mut self) -> io::Result<()> {
        let mut block = vec![0; 64 * 1024];
        loop {
            match self.file.read(&mut block)? {
                0 => return Ok(()),
                length => {
                    self.hash.update(&block[..length]);
                    self.offset += length as u64;
                }
            }
        }
    }

    fn restart(&mut self) -> io::Result<()> {
        self.hash = Context::new(&SHA384);
        self.offset = 0;
        self.file.set_len(0)?;
        io::Seek::rewind(self.file)
    }
}

/// Gives a complete file its time, its mode and its name.
fn settle(part: &Path, local: &Path, entry: &Entry) -> Result<(), OperatorError> {
    let error = |error| failed("write", local, error);
    let file = OpenOptions::new().write(true).open(part).map_err(error)?;
    // Never the bits that lend an owner's rights.
    let mode = entry.mode.map_or_else(|| 0o666 & !umask(), |mode| mode & 0o777);
    file.set_permissions(Permissions::from_mode(mode)).map_err(error)?;
    if let Some(time) = stamp::parse(&entry.changed) {
        file.set_modified(time).map_err(error)?;
    }
    std::fs::rename(part, local).map_err(error)
}

/// The bits that new files here are not to have. It can only be read by setting it.
fn umask() -> u32 {
    let before = rustix::process::umask(rustix::fs::Mode::RWXG | rustix::fs::Mode::RWXO);
    rustix::process::umask(before);
    before.bits()
}

fn failed(what: &'static str, path: &Path, error: io::Error) -> OperatorError {
    OperatorError::File { what, path: path.to_owned(), error }
}
