//! `ls`, `rm`, `mkdir`, `mv`: what folders of a device hold.

use serde_json::{Value, json};

use super::place::{RemotePlace, split};
use super::talk::{Entry, Kind, Talk};
use crate::operator::arguments::{E2e, LsArguments, RmArguments};
use crate::operator::error::OperatorError;
use crate::operator::escape::escape_line;
use crate::operator::output::Output;
use crate::operator::session::Session;
use crate::operator::table::Table;

/// Lists a folder, or one file.
pub fn list(session: &mut Session, how: &LsArguments, output: &Output) -> Result<(), OperatorError> {
    let place = RemotePlace::parse(&how.place)?;
    let mut talk = Talk::open(session, &place.id, E2e::Auto, &Output::silent())?;
    let mut entries = match talk.list(&place.path)? {
        Some(listing) => {
            if listing.more > 0 {
                output.note(&format!("{} names more are not shown", listing.more));
            }
            listing.entries
        }
        None => match talk.entry(&place.path)? {
            Some(entry) if entry.kind == Kind::File => vec![entry],
            Some(_) => return Err(talk.failed(&place.path, "cannot be read")),
            None => return Err(talk.failed(&place.path, "is not there, or cannot be read")),
        },
    };
    talk.end();
    entries.sort_by(|a, b| a.name.cmp(&b.name));
    let kind = |kind: Kind| if kind == Kind::Folder { "folder" } else { "file" };
    let values: Vec<Value> = entries
        .iter()
        .map(|entry| {
            json!({
                "name": entry.name, "kind": kind(entry.kind), "size": entry.size, "changed": entry.changed,
                "mode": entry.mode,
            })
        })
        .collect();
    output.result(&json!(values), || {
        let shown = |entry: &Entry| {
            let mark = if entry.kind == Kind::Folder { "/" } else { "" };
            escape_line(&entry.name) + mark
        };
        if !how.long {
            return entries.iter().map(|entry| shown(entry) + "\n").collect();
        }
        let mut table = Table::new(&["SIZE", "CHANGED", "NAME"]);
        for entry in &entries {
            let size = if entry.kind == Kind::Folder { String::new() } else { entry.size.to_string() };
            table.row(&[&size, &entry.changed, &shown(entry)]);
        }
        table.render()
    })
}

/// Removes files, and folders if that is wanted.
pub fn remove(session: &mut Session, how: &RmArguments, output: &Output) -> Result<(), OperatorError> {
    for text in &how.places {
        let place = RemotePlace::parse(text)?;
        let (folder, name) = place.split();
        if name.is_empty() {
            return Err(OperatorError::Usage("the root of a device is not removed".into()));
        }
        let mut talk = Talk::open(session, &place.id, E2e::Auto, &Output::silent())?;
        match talk.entry(&place.path)? {
            None => return Err(talk.failed(&place.path, "is not there, or cannot be read")),
            Some(entry) if entry.kind == Kind::Folder && !how.recursive => {
                return Err(OperatorError::Usage(format!(
                    "{} is a folder; remove it with -r",
                    escape_line(text)
                )));
            }
            Some(_) => {}
        }
        let order = json!({ "action": "rm", "path": folder, "delfiles": [name], "rec": how.recursive });
        if !talk.act(order, folder, |there| !there.iter().any(|entry| entry.name == name))? {
            return Err(talk.failed(&place.path, "could not be removed"));
        }
        let value = json!({ "device": talk.device.id(), "removed": place.path });
        talk.end();
        output.item(&value, String::new)?;
    }
    Ok(())
}

/// Makes a folder.
pub fn make(session: &mut Session, text: &str, output: &Output) -> Result<(), OperatorError> {
    let place = RemotePlace::parse(text)?;
    let (folder, name) = place.split();
    let mut talk = Talk::open(session, &place.id, E2e::Auto, &Output::silent())?;
    // Ours says it by itself, also in a folder with too many names to list.
    if !talk.device.is_ours() && talk.entry(&place.path)?.is_some() {
        return Err(talk.failed(&place.path, "is there already"));
    }
    let made = talk.act(json!({ "action": "mkdir", "path": place.path }), folder, |there| {
        there.iter().any(|entry| entry.name == name && entry.kind == Kind::Folder)
    })?;
    if !made {
        return Err(talk.failed(&place.path, "could not be made"));
    }
    let value = json!({ "device": talk.device.id(), "made": place.path });
    talk.end();
    output.result(&value, String::new)
}

/// Renames a file, or moves it into another folder of the same device.
pub fn rename(session: &mut Session, from: &str, to: &str, output: &Output) -> Result<(), OperatorError> {
    let place = RemotePlace::parse(from)?;
    let to = match to.split_once(':') {
        Some((id, path)) if id == place.id => path,
        Some((_, path)) if path.starts_with('/') && !to.starts_with('/') => {
            return Err(OperatorError::Usage("both names must be on the same device".into()));
        }
        _ => to,
    };
    if !to.starts_with('/') {
        return Err(OperatorError::Usage(format!(
            "{} is no path from the root; write /FOLDER/NAME",
            escape_line(to)
        )));
    }
    let mut talk = Talk::open(session, &place.id, E2e::Auto, &Output::silent())?;
    if talk.entry(&place.path)?.is_none() {
        return Err(talk.failed(&place.path, "is not there, or cannot be read"));
    }
    let (folder, name) = place.split();
    let (to_folder, to_name) = if to.ends_with('/') { (to, name) } else { split(to) };
    let to_folder = if to_folder.len() > 1 { to_folder.trim_end_matches('/') } else { to_folder };
    let is_there = |there: &[Entry]| there.iter().any(|entry| entry.name == to_name);
    let renamed = match to_folder == folder {
        true => {
            let order = json!({ "action": "rename", "path": folder, "oldname": name, "newname": to_name });
            talk.act(order, folder, is_there)?
        }
        false if to_name == name => {
            let order = json!({ "action": "move", "scpath": folder, "dspath": to_folder, "names": [name] });
            talk.act(order, to_folder, is_there)?
        }
        false => {
            return Err(OperatorError::Usage(
                "a file can get another name or another folder; do one after the other".into(),
            ));
        }
    };
    if !renamed {
        return Err(talk.failed(&place.path, "could not be renamed"));
    }
    let value = json!({ "device": talk.device.id(), "from": place.path, "to": super::place::below(to_folder, to_name) });
    talk.end();
    output.result(&value, String::new)
}
