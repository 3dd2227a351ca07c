//! `put`: files to a device.
//!
//! A file is written beside its final name and renamed when its hash was compared, so that neither an interrupted
//! transfer nor a broken one leaves something under the final name.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use microstack::wire::hex;
use ring::digest::{Context, SHA384};
use serde_json::{Value, json};

use super::Tally;
use super::place::{PART, RemotePlace, below};
use super::progress::Progress;
use super::talk::{Kind, LOOK, STALLED, Said, Talk};
use crate::operator::arguments::CopyArguments;
use crate::operator::error::OperatorError;
use crate::operator::escape::quoted;
use crate::operator::output::Output;
use crate::operator::session::Session;

/// Bytes of a block.
const BLOCK: usize = 64 * 1024;

/// Blocks under way without an acknowledgement; the page has 8, `meshctrl` 16.
const WINDOW: usize = 16;

/// Folders inside folders.
const MAX_DEPTH: usize = 128;

/// Copies what is named to where the last place says.
pub fn put(session: &mut Session, how: &CopyArguments, output: &Output) -> Result<(), OperatorError> {
    let Some((to, sources)) = how.places.split_last() else {
        return Err(OperatorError::Usage("say what to copy, and where to: put LOCAL… ID:PATH".into()));
    };
    let to = RemotePlace::parse(to)?;
    // What is wrong on this side is found before anything is connected to.
    for source in sources.iter().filter(|source| *source != "-") {
        let meta = std::fs::metadata(source).map_err(|error| file_error("read", Path::new(source), error))?;
        if meta.is_dir() && !how.recursive {
            return Err(OperatorError::Usage(format!("{source} is a folder; copy it with -r")));
        }
    }
    let mut talk = Talk::open(session, &to.id, how.e2e, output)?;
    let is_folder = to.path.ends_with('/') || talk.is_folder(&to.path)?;
    if !is_folder && sources.len() > 1 {
        return Err(talk.failed(&to.path, "is no folder, and there is more than one file to copy"));
    }
    let mut work = Put { talk: &mut talk, how, output, tally: Tally::default() };
    let done = sources.iter().try_for_each(|source| {
        if source == "-" {
            if is_folder {
                return Err(OperatorError::Usage("standard input has no name; write ID:/FOLDER/NAME".into()));
            }
            return work.stdin(&to.path);
        }
        let path = Path::new(source);
        let target = match (is_folder, name_of(path)) {
            (true, Some(name)) => below(&to.path, &name),
            (true, None) => to.path.clone(),
            (false, _) => to.path.clone(),
        };
        match path.is_dir() {
            true => work.folder(path, &target),
            false => work.file(path, &target),
        }
    });
    let tally = work.tally;
    talk.end();
    done?;
    tally.tell(how.quiet, "sent", output)
}

struct Put<'w, 'a> {
    talk: &'w mut Talk<'a>,
    how: &'w CopyArguments,
    output: &'w Output,
    tally: Tally,
}

impl Put<'_, '_> {
    /// A folder with all that is in it. Links to folders and what is no file are passed over, and said.
    fn folder(&mut self, local: &Path, remote: &str) -> Result<(), OperatorError> {
        let mut open: Vec<(PathBuf, String, usize)> = vec![(local.to_owned(), remote.to_owned(), 0)];
        while let Some((local, remote, depth)) = open.pop() {
            self.make(&remote)?;
            let mut all: Vec<_> = std::fs::read_dir(&local)
                .and_then(Iterator::collect::<io::Result<Vec<_>>>)
                .map_err(|error| file_error("read", &local, error))?;
            all.sort_by_key(std::fs::DirEntry::file_name);
            for entry in all {
                let path = entry.path();
                let Some(name) = name_of(&path) else {
                    self.output.note(&format!("{}: its name is no UTF-8; passed over", path.display()));
                    continue;
                };
                let is_link = entry.file_type().is_ok_and(|kind| kind.is_symlink());
                match std::fs::metadata(&path) {
                    Ok(meta) if meta.is_dir() && !is_link && depth < MAX_DEPTH => {
                        open.push((path, below(&remote, &name), depth + 1));
                    }
                    Ok(meta) if meta.is_file() => self.file(&path, &below(&remote, &name))?,
                    _ => self.output.note(&format!("{}: no file, no folder; passed over", path.display())),
                }
            }
        }
        Ok(())
    }

    /// Makes a folder that is not there.
    fn make(&mut self, remote: &str) -> Result<(), OperatorError> {
        match self.talk.entry(remote)? {
            Some(entry) if entry.kind == Kind::Folder => return Ok(()),
            Some(_) => return Err(self.talk.failed(remote, "is no folder")),
            None => {}
        }
        let (folder, name) = super::place::split(remote);
        let made = self.talk.act(json!({ "action": "mkdir", "path": remote }), folder, |there| {
            there.iter().any(|entry| entry.name == name && entry.kind == Kind::Folder)
        })?;
        match made {
            true => Ok(()),
            false => Err(self.talk.failed(remote, "the folder could not be made")),
        }
    }

    fn stdin(&mut self, remote: &str) -> Result<(), OperatorError> {
        if self.how.resume {
            return Err(OperatorError::Usage("what comes from standard input cannot be resumed".into()));
        }
        self.talk.read_input();
        self.send("-", &mut |talk| talk.input_block(), None, remote, 0, Context::new(&SHA384), None)
    }

    fn file(&mut self, local: &Path, remote: &str) -> Result<(), OperatorError> {
        let failed = |error| file_error("read", local, error);
        let mut file = File::open(local).map_err(failed)?;
        let meta = file.metadata().map_err(failed)?;
        let mut hash = Context::new(&SHA384);
        let mut offset = 0;
        if self.how.resume {
            if self.is_there(&mut file, meta.len(), remote)? {
                self.tally.skipped += 1;
                return Ok(());
            }
            file.seek(SeekFrom::Start(0)).map_err(failed)?;
            if let Some((from, begun)) = self.part(&mut file, meta.len(), remote)? {
                (offset, hash) = (from, begun);
            }
            file.seek(SeekFrom::Start(offset)).map_err(failed)?;
        }
        let name = local.display().to_string();
        let mut blocks = |_: &mut Talk<'_>| {
            let mut block = vec![0; BLOCK];
            let length = fill(&mut file, &mut block).map_err(failed)?;
            block.truncate(length);
            Ok(block)
        };
        self.send(&name, &mut blocks, Some(meta.len()), remote, offset, hash, Some(&meta))
    }

    /// True when the device has this very file already.
    fn is_there(&mut self, file: &mut File, size: u64, remote: &str) -> Result<bool, OperatorError> {
        match self.talk.entry(remote)? {
            Some(there) if there.kind == Kind::File && there.size == size => {
                let ours = hash_of(file, size, remote)?;
                Ok(self.talk.hash(remote)?.is_some_and(|theirs| theirs == hex::lower(ours.finish().as_ref())))
            }
            _ => Ok(false),
        }
    }

    /// How much of an interrupted transfer is there, and the hash so far, if it is the beginning of this file.
    fn part(
        &mut self,
        file: &mut File,
        size: u64,
        remote: &str,
    ) -> Result<Option<(u64, Context)>, OperatorError> {
        let part = format!("{remote}{PART}");
        let Some(there) = self.talk.entry(&part)? else { return Ok(None) };
        if there.kind != Kind::File || there.size == 0 || there.size > size {
            return Ok(None);
        }
        let begun = hash_of(file, there.size, remote)?;
        let same = self
            .talk
            .hash(&part)?
            .is_some_and(|theirs| theirs == hex::lower(begun.clone().finish().as_ref()));
        Ok(same.then_some((there.size, begun)))
    }

    /// Sends what `next` gives, up to an empty block; `offset` bytes with this `hash` are there already.
    #[expect(clippy::too_many_arguments, reason = "one place calls it with a file, one without")]
    fn send(
        &mut self,
        name: &str,
        next: &mut dyn FnMut(&mut Talk<'_>) -> Result<Vec<u8>, OperatorError>,
        size: Option<u64>,
        remote: &str,
        offset: u64,
        mut hash: Context,
        meta: Option<&std::fs::Metadata>,
    ) -> Result<(), OperatorError> {
        let (folder, last) = super::place::split(remote);
        if last.is_empty() {
            return Err(OperatorError::Usage("say under which name: ID:/FOLDER/NAME".into()));
        }
        if self.how.no_clobber && self.talk.entry(remote)?.is_some() {
            self.tally.skipped += 1;
            return Ok(());
        }
        let part = format!("{last}{PART}");
        let mut begin = json!({ "action": "upload", "path": folder, "name": part });
        if let Some(size) = size {
            begin["size"] = json!(size);
        }
        if offset > 0 {
            begin["append"] = json!(true);
        }
        if let Some(meta) = meta {
            // Ours keep them; others do not look.
            begin["mode"] = json!(meta.permissions().mode() & 0o777);
            begin["mtime"] = json!(meta.mtime());
        }
        let begun = self.talk.ask(begin, LOOK, |answer| answer["action"] == "uploaderror")?;
        if begun["action"] != "uploadstart" {
            let why =
                self.talk.reason(&begun, "the file cannot be written there; are folder and rights right?");
            return Err(why);
        }
        let id = begun["reqid"].clone();
        let mut progress = Progress::new(self.output, name, size, offset, self.how.quiet);
        let mut flight: std::collections::VecDeque<u64> = std::collections::VecDeque::new();
        let (mut sent, mut over) = (0u64, false);
        while !over || !flight.is_empty() {
            while !over && flight.len() < WINDOW {
                let block = next(self.talk)?;
                over = block.is_empty();
                if !over {
                    hash.update(&block);
                    sent += block.len() as u64;
                    flight.push_back(block.len() as u64);
                    self.talk.send_block(block);
                }
            }
            if flight.is_empty() {
                break;
            }
            if let Said::Json(answer) = self.talk.hear("an acknowledgement", STALLED)? {
                match answer["action"].as_str() {
                    Some("uploadack") => progress.advance(flight.pop_front().unwrap_or(0))?,
                    Some("uploaderror") => {
                        return Err(self
                            .talk
                            .reason(&answer, "the file could not be written; is the disk full?"));
                    }
                    _ => {}
                }
            }
        }
        progress.stage("checking");
        self.finish(&id)?;
        let ours = hex::lower(hash.finish().as_ref());
        let theirs = self.talk.hash(&below(folder, &part))?;
        if theirs.as_deref() != Some(ours.as_str()) {
            return Err(self.talk.failed(remote, "what arrived differs from what was sent; copy it again"));
        }
        self.rename(folder, &part, last, meta.map(|meta| meta.permissions().mode() & 0o777))?;
        let took = progress.end();
        let value = json!({
            "local": name, "device": self.talk.device.id(), "path": remote, "bytes": offset + sent,
            "sent": sent, "sha384": ours, "seconds": took.as_secs_f64(),
        });
        self.tally.file(value, sent, took, self.how.quiet, self.output)
    }

    /// The device closes the file.
    fn finish(&mut self, id: &Value) -> Result<(), OperatorError> {
        self.talk.send(&json!({ "action": "uploaddone", "reqid": id }));
        loop {
            if let Said::Json(answer) = self.talk.hear("the end of the file", STALLED)? {
                match answer["action"].as_str() {
                    Some("uploaddone") => return Ok(()),
                    Some("uploaderror") => {
                        return Err(self.talk.reason(&answer, "the file could not be closed"));
                    }
                    _ => {}
                }
            }
        }
    }

    /// Gives a complete file its name. Ours leaves a file of that name alone unless told to replace it, and then gives
    /// the new one its owner, and its permission bits if there is no `mode`; other cores always replace.
    fn rename(
        &mut self,
        folder: &str,
        part: &str,
        name: &str,
        mode: Option<u32>,
    ) -> Result<(), OperatorError> {
        let replace = !self.how.no_clobber;
        let mut order = json!({
            "action": "rename", "path": folder, "oldname": part, "newname": name, "replace": replace,
        });
        if let Some(mode) = mode {
            order["mode"] = json!(mode);
        }
        let renamed = self.talk.act(order, folder, |there| {
            let has = |wanted: &str| there.iter().any(|entry| entry.name == wanted);
            has(name) && !has(part)
        })?;
        match renamed {
            true => Ok(()),
            false => Err(self.talk.failed(
                &below(folder, part),
                &format!("is complete, but could not be renamed to {}", quoted(name)),
            )),
        }
    }
}

/// Fills the block unless the source ends before.
fn fill(source: &mut impl Read, block: &mut [u8]) -> io::Result<usize> {
    let mut length = 0;
    while length < block.len() {
        match source.read(&mut block[length..]) {
            Ok(0) => break,
            Ok(more) => length += more,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(length)
}

/// The hash of the first `length` bytes.
pub(super) fn hash_of(file: &mut File, length: u64, name: &str) -> Result<Context, OperatorError> {
    let mut hash = Context::new(&SHA384);
    let mut block = vec![0; BLOCK];
    let mut left = length;
    while left > 0 {
        let most = usize::try_from(left).unwrap_or(BLOCK).min(BLOCK);
        let got =
            fill(file, &mut block[..most]).map_err(|error| file_error("read", Path::new(name), error))?;
        if got == 0 {
            return Err(OperatorError::Failed(format!("{} became shorter meanwhile", quoted(name))));
        }
        hash.update(&block[..got]);
        left -= got as u64;
    }
    Ok(hash)
}

fn name_of(path: &Path) -> Option<String> {
    path.file_name().and_then(|name| name.to_str()).map(str::to_owned)
}

fn file_error(what: &'static str, path: &Path, error: io::Error) -> OperatorError {
    OperatorError::File { what, path: path.to_owned(), error }
}
