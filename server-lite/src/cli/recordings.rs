//! `meshlite-server recordings`, and the switches that turn recording on.

use std::fs::File;
use std::io::{BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde_json::json;

use super::Failure;
use crate::model::text::clean_line;
use crate::model::time::iso8601;
use crate::relay::recording::{Header, Kind, Limits, Reader, asciicast, list};

/// Switches of `run`.
#[derive(Debug, Args)]
pub(super) struct RecordArgs {
    /// Record the sessions of groups that ask for it (feature flag 4) in this folder.
    #[arg(long, value_name = "DIR")]
    recordings: Option<PathBuf>,
    /// Record the sessions of all groups.
    #[arg(long, requires = "recordings")]
    record_all: bool,
    /// Most megabytes of one recording; its session ends there.
    #[arg(long, value_name = "MB", default_value_t = 512, requires = "recordings")]
    recording_mb: u64,
    /// Most megabytes of all recordings; the oldest are removed.
    #[arg(long, value_name = "MB", default_value_t = 10_240, requires = "recordings")]
    recordings_mb: u64,
}

#[derive(Debug, Subcommand)]
pub(super) enum RecordingsCommand {
    /// List the recordings of a folder, oldest first.
    List {
        /// The folder given to run --recordings.
        dir: PathBuf,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Say what a recording holds, message by message.
    Show {
        /// The recording.
        file: PathBuf,
    },
    /// Convert a recording for other players.
    Export {
        /// The recording.
        file: PathBuf,
        /// As asciicast version 2, for terminal players; the only form so far.
        #[arg(long, required = true)]
        asciicast: bool,
        /// Include what the user typed, passwords and all.
        #[arg(long)]
        with_input: bool,
        /// Write to a file instead of standard output.
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
}

impl RecordArgs {
    /// What the server is told; nothing when it shall not record.
    pub(super) fn limits(self) -> Option<Limits> {
        Some(Limits {
            dir: self.recordings?,
            file_bytes: self.recording_mb.saturating_mul(1_000_000),
            folder_bytes: self.recordings_mb.saturating_mul(1_000_000),
            all: self.record_all,
        })
    }
}

impl RecordingsCommand {
    pub(super) fn run(self) -> Result<(), Failure> {
        match self {
            RecordingsCommand::List { dir, json } => list_all(&dir, json),
            RecordingsCommand::Show { file } => show(&file),
            RecordingsCommand::Export { file, with_input, out, .. } => {
                let from = BufReader::new(open(&file)?);
                let done = match &out {
                    Some(path) => {
                        let to = File::create(path).map_err(|error| about(path, error))?;
                        asciicast(from, BufWriter::new(to), with_input)
                    }
                    None => asciicast(from, std::io::stdout().lock(), with_input),
                };
                done.map_err(|error| about(&file, error))
            }
        }
    }
}

fn list_all(dir: &Path, as_json: bool) -> Result<(), Failure> {
    let mut rows = Vec::new();
    for (path, bytes) in list(dir).map_err(|error| about(dir, error))? {
        // One damaged file must not hide the others.
        match open(&path).map(|file| Reader::open(BufReader::new(file))) {
            Ok(Ok((_, header, began_ms))) => rows.push((path, bytes, began_ms, header)),
            Ok(Err(error)) => eprintln!("{}: {error}", path.display()),
            Err(failure) => eprintln!("{}", failure.message),
        }
    }
    if as_json {
        let all: Vec<_> = rows
            .iter()
            .map(|(path, bytes, began_ms, header)| {
                json!({ "file": path, "bytes": bytes, "time": iso8601(*began_ms), "session": header })
            })
            .collect();
        return print(&format!("{}\n", json!(all)));
    }
    for (path, bytes, began_ms, header) in rows {
        print(&format!("{}  {:>10}  {}  {}\n", iso8601(began_ms), bytes, summary(&header), path.display()))?;
    }
    Ok(())
}

fn show(path: &Path) -> Result<(), Failure> {
    let (mut reader, header, began_ms) =
        Reader::open(BufReader::new(open(path)?)).map_err(|error| about(path, error))?;
    print(&format!("{}  {}\n", iso8601(began_ms), summary(&header)))?;
    let mut is_whole = false;
    while let Some(entry) = reader.next().map_err(|error| about(path, error))? {
        let seconds = entry.time_ms.saturating_sub(began_ms) as f64 / 1000.0;
        if entry.kind == Kind::End {
            is_whole = true;
            print(&format!("{seconds:>9.3}  the end\n"))?;
            continue;
        }
        if entry.kind != Kind::Data {
            continue;
        }
        let who = if entry.from_user { "user" } else { "device" };
        let what = if entry.binary { "binary" } else { "text" };
        let beginning = String::from_utf8_lossy(&entry.data[..entry.data.len().min(256)]);
        let beginning = clean_line(&beginning, 100);
        print(&format!("{seconds:>9.3}  {who:<6}  {what:<6}  {:>8}  {beginning}\n", entry.data.len()))?;
    }
    if !is_whole {
        print("the recording has no end: the session goes on, was too long, or the server stopped\n")?;
    }
    Ok(())
}

fn summary(header: &Header) -> String {
    let kind = crate::relay::kind_of(Some(header.protocol), None);
    let line = format!("{} of {} on {} from {}", kind, header.userid, header.nodeid, header.ipaddr1);
    clean_line(&line, 300)
}

fn open(path: &Path) -> Result<File, Failure> {
    File::open(path).map_err(|error| about(path, error))
}

fn about(path: &Path, error: impl std::fmt::Display) -> Failure {
    Failure::failed(format!("{}: {error}", path.display()))
}

/// A reader that has seen enough is no failure.
fn print(text: &str) -> Result<(), Failure> {
    match std::io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(Failure::failed(error)),
        _ => Ok(()),
    }
}
