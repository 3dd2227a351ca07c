//! A files session with a device (relay specification 6.2): requests and answers.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::operator::arguments::E2e;
use crate::operator::directory::Device;
use crate::operator::error::OperatorError;
use crate::operator::escape::{escape_line, quoted};
use crate::operator::output::Output;
use crate::operator::session::Session;
use crate::operator::shell::{Act, Desk};
use crate::operator::tunnel::{Arrival, Tunnel};

/// An open files session.
pub struct Talk<'a> {
    session: &'a mut Session,
    tunnel: Tunnel,
    desk: Desk,
    /// The device, for messages.
    pub device: Device,
    asked: u64,
}

/// What a device sends.
#[derive(Debug)]
pub enum Said {
    /// An answer.
    Json(Value),
    /// A block of a download, header included.
    Block(Vec<u8>),
}

/// An entry of a folder. The name is the device's: hostile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Name.
    pub name: String,
    /// What it is.
    pub kind: Kind,
    /// Bytes.
    pub size: u64,
    /// Last change, as the device wrote it (ISO, UTC).
    pub changed: String,
    /// Permission bits, where the core tells them.
    pub mode: Option<u32>,
}

/// What a device says of a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing {
    /// What it lists.
    pub entries: Vec<Entry>,
    /// How many names it left out, for there are too many.
    pub more: u64,
}

/// What an entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A drive or a folder.
    Folder,
    /// Anything else.
    File,
}

/// The protocol's number.
const FILES: u32 = 5;

/// For an answer that needs a look into a file system.
pub const LOOK: Duration = Duration::from_secs(60);

/// For a whole file to be hashed: a memory card reads 20 MB/s.
const HASH: Duration = Duration::from_secs(3600);

/// For a tree of folders to be moved or removed.
const TREE: Duration = Duration::from_secs(3600);

/// Without a block or an acknowledgement for so long a transfer is given up.
pub const STALLED: Duration = Duration::from_secs(120);

impl<'a> Talk<'a> {
    /// Opens a files session.
    ///
    /// # Errors
    /// As [`Tunnel::open`].
    pub fn open(
        session: &'a mut Session,
        id: &str,
        e2e: E2e,
        output: &Output,
    ) -> Result<Talk<'a>, OperatorError> {
        let directory = session.directory()?;
        let device = directory.device(id)?.clone();
        if !device.connected {
            return Err(OperatorError::Failed(format!("{} is not connected", escape_line(&device.name))));
        }
        let tunnel = Tunnel::open(session, &device, FILES, None, e2e, output)?;
        let desk = Desk::new(session.chain())?;
        Ok(Talk { session, tunnel, desk, device, asked: 0 })
    }

    /// A name for the next request's answer.
    pub fn next_id(&mut self) -> u64 {
        self.asked += 1;
        self.asked
    }

    /// The name that was given last.
    pub fn last_id(&self) -> u64 {
        self.asked
    }

    /// Sends a request.
    pub fn send(&mut self, request: &Value) {
        self.tunnel.send(request.to_string().into_bytes());
    }

    /// Sends a block of an upload, escaped as the protocol needs it.
    pub fn send_block(&mut self, mut block: Vec<u8>) {
        if matches!(block.first(), Some(0 | b'{')) {
            block.insert(0, 0);
        }
        self.tunnel.send(block);
    }

    /// The next thing the device says.
    ///
    /// # Errors
    /// The end of the session, of the operator's patience, or of this program.
    pub fn hear(&mut self, what: &str, patience: Duration) -> Result<Said, OperatorError> {
        let until = Instant::now() + patience;
        loop {
            while let Some(arrival) = self.tunnel.receive() {
                match arrival {
                    Arrival::Data(bytes) if bytes.first() != Some(&b'{') => return Ok(Said::Block(bytes)),
                    Arrival::Data(bytes) => {
                        if let Ok(answer) = serde_json::from_slice(&bytes) {
                            return Ok(Said::Json(answer));
                        }
                    }
                    Arrival::Text(text) => {
                        if let Ok(answer) = serde_json::from_str(&text) {
                            return Ok(Said::Json(answer));
                        }
                    }
                    Arrival::Control(message) if message["type"] == "console" => {
                        if let (Some(text), Some(2)) = (message["msg"].as_str(), message["msgid"].as_u64()) {
                            return Err(OperatorError::Refused(escape_line(text)));
                        }
                    }
                    Arrival::Control(_) => {}
                }
            }
            if let Some(why) = self.tunnel.closed() {
                return Err(self.tunnel.over(why));
            }
            if self.desk.take_signal().is_some() {
                return Err(OperatorError::Failed(
                    "interrupted; the same command with --resume goes on".into(),
                ));
            }
            let (tunnel, desk) = (&self.tunnel, &self.desk);
            let news = &mut || tunnel.has_news() || desk.has_signal();
            let came = match self.session.attend(Some(until), news) {
                Ok(came) => came,
                // Without the control channel the session itself goes on.
                Err(_) => tunnel.wait(Some(until), news)?,
            };
            if !came {
                let device = escape_line(&self.device.name);
                return Err(OperatorError::Silent {
                    asked: format!("{what} by {device}"),
                    seconds: patience.as_secs(),
                });
            }
        }
    }

    /// Asks, and waits for the answer with the request's `reqid` or one that `also` takes.
    ///
    /// # Errors
    /// As [`Talk::hear`]; an `error` action of our core with this `reqid` is its reason.
    pub fn ask(
        &mut self,
        mut request: Value,
        patience: Duration,
        also: impl Fn(&Value) -> bool,
    ) -> Result<Value, OperatorError> {
        let id = self.next_id();
        request["reqid"] = json!(id);
        let what = format!("an answer to {}", request["action"].as_str().unwrap_or("a request"));
        self.send(&request);
        loop {
            if let Said::Json(answer) = self.hear(&what, patience)?
                && (answer["reqid"] == id || also(&answer))
            {
                return match answer["action"].as_str() {
                    Some("error") => Err(self.reason(&answer, "the device refused")),
                    _ => Ok(answer),
                };
            }
        }
    }

    /// What a folder holds; `None` when it is none, or cannot be read.
    ///
    /// # Errors
    /// As [`Talk::hear`].
    pub fn list(&mut self, path: &str) -> Result<Option<Listing>, OperatorError> {
        let answer = self.ask(json!({ "action": "ls", "path": path }), LOOK, |_| false)?;
        Ok(Listing::read(&answer))
    }

    /// Whether there is a folder of this name.
    ///
    /// # Errors
    /// As [`Talk::entry`].
    pub fn is_folder(&mut self, path: &str) -> Result<bool, OperatorError> {
        match self.list(path)? {
            // MeshCentral's core lists a plain file as a folder without anything in it.
            Some(listing) if listing.entries.is_empty() && !self.device.is_ours() => {
                Ok(self.entry(path)?.is_some_and(|entry| entry.kind == Kind::Folder))
            }
            listing => Ok(listing.is_some()),
        }
    }

    /// The entry of a file or folder; `None` when it is not there.
    ///
    /// # Errors
    /// As [`Talk::hear`], and when the device does not list all names of its folder, and this one is not among them.
    pub fn entry(&mut self, path: &str) -> Result<Option<Entry>, OperatorError> {
        let (folder, name) = super::place::split(path);
        if name.is_empty() {
            let root =
                Entry { name: "/".into(), kind: Kind::Folder, size: 0, changed: String::new(), mode: None };
            return Ok(Some(root));
        }
        let Some(listing) = self.list(folder)? else { return Ok(None) };
        let found = listing.entries.into_iter().find(|entry| entry.name == name);
        if found.is_none() && listing.more > 0 {
            return Err(self.failed(path, "its folder has too many names to look it up"));
        }
        Ok(found)
    }

    /// SHA-384 of a file in lower-case hexadecimal digits; `None` when the device cannot read it.
    ///
    /// # Errors
    /// As [`Talk::hear`].
    pub fn hash(&mut self, path: &str) -> Result<Option<String>, OperatorError> {
        let answer = self.ask(json!({ "action": "uploadhash", "path": path }), HASH, |_| false)?;
        Ok(answer["hash"].as_str().map(str::to_ascii_lowercase))
    }

    /// Acts on a folder; whether it was done. Ours says when it is done or why not; real cores do not answer, and what
    /// came of it is what `done` sees in a listing behind it.
    ///
    /// # Errors
    /// The device's reason, or as [`Talk::hear`].
    pub fn act(
        &mut self,
        mut request: Value,
        folder: &str,
        done: impl Fn(&[Entry]) -> bool,
    ) -> Result<bool, OperatorError> {
        if self.device.is_ours() {
            let of = request["action"].clone();
            let answer =
                self.ask(request, TREE, |answer| answer["action"] == "error" && answer["of"] == of)?;
            tracing::debug!(%answer, "the device has done it");
            return Ok(true);
        }
        let id = self.next_id();
        request["reqid"] = json!(id);
        self.send(&request);
        let answer = self.ask(json!({ "action": "ls", "path": folder }), LOOK, |answer| {
            answer["reqid"] == id && answer["action"] == "error"
        })?;
        Ok(done(&Listing::read(&answer).map(|listing| listing.entries).unwrap_or_default()))
    }

    /// The reason in an answer, or else `otherwise`.
    pub fn reason(&self, answer: &Value, otherwise: &str) -> OperatorError {
        let why = ["error", "msg", "why"].iter().find_map(|name| answer[*name].as_str());
        OperatorError::Failed(format!(
            "{}: {}",
            escape_line(&self.device.name),
            why.map_or(otherwise.into(), escape_line)
        ))
    }

    /// An error about a path on the device.
    pub fn failed(&self, path: &str, why: &str) -> OperatorError {
        OperatorError::Failed(format!("{}: {}: {why}", escape_line(&self.device.name), quoted(path)))
    }

    /// Reads standard input from now on, for [`Talk::input_block`].
    pub fn read_input(&mut self) {
        self.desk.read_input();
    }

    /// What comes from standard input next; empty at its end.
    ///
    /// # Errors
    /// The end of the session, or of this program.
    pub fn input_block(&mut self) -> Result<Vec<u8>, OperatorError> {
        loop {
            match self.desk.take() {
                Some(Act::Bytes(bytes)) => return Ok(bytes),
                Some(Act::End) => return Ok(Vec::new()),
                Some(Act::Signal(_)) => return Err(OperatorError::Failed("interrupted".into())),
                Some(Act::Resized) => continue,
                None => {}
            }
            if let Some(why) = self.tunnel.closed() {
                return Err(self.tunnel.over(why));
            }
            let (tunnel, desk) = (&self.tunnel, &self.desk);
            let news = &mut || desk.has_news() || tunnel.is_over();
            if self.session.attend(None, news).is_err() {
                tunnel.wait(None, news)?;
            }
        }
    }

    /// Ends the session and lets what waits leave.
    pub fn end(mut self) {
        self.tunnel.close();
        let tunnel = &self.tunnel;
        // Nothing can be done for a session that cannot even be ended.
        let _ = self.session.attend(Some(Instant::now() + Duration::from_secs(3)), &mut || tunnel.is_over());
    }
}

impl Listing {
    fn read(answer: &Value) -> Option<Listing> {
        let all = answer["dir"].as_array()?;
        let entries = all.iter().filter_map(Entry::read).collect();
        Some(Listing { entries, more: answer["more"].as_u64().unwrap_or(0) })
    }
}

impl Entry {
    fn read(value: &Value) -> Option<Entry> {
        let name = value["n"].as_str()?;
        let kind = match value["t"].as_u64()? {
            1 | 2 => Kind::Folder,
            _ => Kind::File,
        };
        Some(Entry {
            name: name.to_owned(),
            kind,
            size: value["s"].as_u64().unwrap_or(0),
            changed: value["d"].as_str().unwrap_or("").to_owned(),
            mode: value["m"].as_u64().and_then(|mode| u32::try_from(mode & 0o7777).ok()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listing_says_how_many_names_are_missing() {
        let cut = json!({ "dir": [{ "n": "a", "t": 3, "s": 5, "m": 0o100640 }, { "t": 3 }], "more": 7 });
        let cut = Listing::read(&cut).unwrap();
        assert_eq!((cut.more, cut.entries.len()), (7, 1));
        assert_eq!((cut.entries[0].size, cut.entries[0].mode), (5, Some(0o640)));
        assert_eq!(Listing::read(&json!({ "dir": [] })), Some(Listing { entries: vec![], more: 0 }));
        assert_eq!(Listing::read(&json!({ "dir": null, "more": 7 })), None);
    }
}
