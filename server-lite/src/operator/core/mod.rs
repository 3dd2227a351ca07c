//! `core …`: which core devices run (`push`, `clear`, `default`, `inherit`), and making one (`new`, `check`, `test`,
//! `dev`).

mod dev;
mod engine;
mod new;

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::process::ExitCode;

use serde_json::{Value, json};

use crate::operator::arguments::CoreAction;
use crate::operator::directory::Target;
use crate::operator::error::OperatorError;
use crate::operator::escape::escape_line;
use crate::operator::output::Output;
use crate::operator::session::Session;

/// Largest core, in bytes: the server's limit, less the four bytes that go in front on the wire.
const MAX_CORE: u64 = 4 * 1024 * 1024 - 4;

/// Does what `action` says. The file is read before anything is connected to.
pub fn perform(
    open: impl FnOnce() -> Result<Session, OperatorError>,
    action: &CoreAction,
    output: &Output,
) -> Result<ExitCode, OperatorError> {
    match action {
        CoreAction::New { folder } => new::new(folder, output),
        CoreAction::Check { files } => return engine::check(files, output.is_json()),
        CoreAction::Test { place } => return engine::test(place),
        CoreAction::Dev { target, file } => dev::dev(open, target, file, output),
        CoreAction::Restore { target } => dev::restore(&mut open()?, target, output),
        CoreAction::Push { .. }
        | CoreAction::Clear { .. }
        | CoreAction::Default { .. }
        | CoreAction::Inherit { .. } => choose(open, action, output),
    }
    .map(|()| ExitCode::SUCCESS)
}

fn choose(
    open: impl FnOnce() -> Result<Session, OperatorError>,
    action: &CoreAction,
    output: &Output,
) -> Result<(), OperatorError> {
    let (target, mut order, done) = match action {
        CoreAction::New { .. }
        | CoreAction::Check { .. }
        | CoreAction::Test { .. }
        | CoreAction::Dev { .. }
        | CoreAction::Restore { .. } => unreachable!("these choose no core"),
        CoreAction::Push { target, file } => {
            let text = read_core(file)?;
            let name = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            (target, json!({ "type": "custom", "name": name, "core": text }), "runs the pushed core")
        }
        CoreAction::Clear { target } => (target, json!({ "type": "clear" }), "runs no core"),
        CoreAction::Default { target } => {
            (target, json!({ "type": "default" }), "runs the server's own core")
        }
        CoreAction::Inherit { target } => (target, json!({ "type": "inherit" }), "follows its group"),
    };
    let mut session = open()?;
    let directory = session.directory()?;
    let (value, text) = match directory.target(target)? {
        Target::Device(device) => {
            order["nodeids"] = json!([device.full_id]);
            let when = if device.connected { "from now on" } else { "when it connects" };
            let text = format!("{} {done} {when}.\n", escape_line(&device.name));
            (json!({ "device": device.id(), "core": order["type"] }), text)
        }
        Target::Group(group) if matches!(action, CoreAction::Inherit { .. }) => {
            return Err(OperatorError::Usage(format!(
                "{} is a group; only a device can follow one",
                escape_line(&group.name)
            )));
        }
        Target::Group(group) => {
            order["meshid"] = json!(group.full_id);
            let text = format!(
                "Each device of {} {done}, unless it has a choice of its own.\n",
                escape_line(&group.name)
            );
            (json!({ "group": group.id(), "core": order["type"] }), text)
        }
    };
    if !session.is_meshlite && needs_ours(&order) {
        return Err(OperatorError::Failed(
            "this is another kind of server: it takes cores only from its own files, and only for devices"
                .into(),
        ));
    }
    order["action"] = json!("uploadagentcore");
    if session.is_meshlite {
        session.order(order)?;
    } else {
        // The real server never answers this one (user-channel specification 4.6).
        session.send(&order)?;
        session.directory()?;
    }
    output.result(&value, || text)
}

/// What only servers of ours understand.
fn needs_ours(order: &Value) -> bool {
    order.get("meshid").is_some() || order["type"] == "custom" || order["type"] == "inherit"
}

fn read_core(path: &Path) -> Result<String, OperatorError> {
    let failed = |error| OperatorError::File { what: "read", path: path.to_owned(), error };
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(failed)?;
    file.take(MAX_CORE + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > MAX_CORE {
        return Err(OperatorError::Failed(format!("{} is over {MAX_CORE} bytes", path.display())));
    }
    let text = String::from_utf8(bytes)
        .map_err(|_| OperatorError::Failed(format!("{} is not UTF-8 text", path.display())))?;
    let text = text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text);
    match text.trim().is_empty() {
        true => Err(OperatorError::Failed(format!(
            "{} is empty; to run no core use: meshlite core clear",
            path.display()
        ))),
        false => Ok(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_text_that_fits_is_a_core() {
        let folder = tempfile::tempdir().unwrap();
        let written = |bytes: &[u8]| {
            let path = folder.path().join("core.js");
            std::fs::write(&path, bytes).unwrap();
            read_core(&path)
        };
        assert_eq!(written("\u{feff}var ä = 1;\n".as_bytes()).unwrap(), "var ä = 1;\n");
        assert_eq!(written(&[b' '; 10]).unwrap_err().exit_code(), 1);
        assert_eq!(written(b"\xff").unwrap_err().exit_code(), 1);
        assert_eq!(written(&vec![b'x'; MAX_CORE as usize + 1]).unwrap_err().exit_code(), 1);
        assert!(written(&vec![b'x'; MAX_CORE as usize]).is_ok());
        assert!(matches!(read_core(Path::new("/nonexistent.js")), Err(OperatorError::File { .. })));
    }

    #[test]
    fn other_servers_are_not_asked_for_what_they_lack() {
        assert!(needs_ours(&json!({ "type": "custom", "nodeids": [] })));
        assert!(needs_ours(&json!({ "type": "clear", "meshid": "mesh//x" })));
        assert!(!needs_ours(&json!({ "type": "clear", "nodeids": [] })));
    }
}
