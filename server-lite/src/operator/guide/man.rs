//! Manual pages: one for the tool and one for each command.

use std::path::Path;

use clap::CommandFactory;
use clap_mangen::Man;
use serde_json::json;

use crate::operator::arguments::Arguments;
use crate::operator::error::OperatorError;
use crate::operator::output::Output;

/// Writes `meshlite.1`, `meshlite-shell.1` and so on into a folder.
pub fn man(folder: &Path, output: &Output) -> Result<(), OperatorError> {
    let failed = |error| OperatorError::File { what: "write", path: folder.to_owned(), error };
    std::fs::create_dir_all(folder).map_err(failed)?;
    let mut command = Arguments::command().disable_help_subcommand(true);
    command.build();
    let mut files = Vec::new();
    pages(&command, "meshlite", &mut |name, page| {
        std::fs::write(folder.join(name), page).map_err(failed)?;
        files.push(name.to_owned());
        Ok(())
    })?;
    output.result(&json!({ "folder": folder.display().to_string(), "files": files }), || {
        format!("{} pages in {}\n", files.len(), folder.display())
    })
}

/// Takes a page: its file name and its text.
type Write<'a> = dyn FnMut(&str, &[u8]) -> Result<(), OperatorError> + 'a;

fn pages(command: &clap::Command, name: &str, write: &mut Write<'_>) -> Result<(), OperatorError> {
    let mut page = Vec::new();
    Man::new(command.clone().display_name(name)).render(&mut page)?;
    // Not every roff reads UTF-8.
    let page = String::from_utf8_lossy(&page).replace('\u{2026}', "...");
    write(&format!("{name}.1"), page.as_bytes())?;
    for inner in command.get_subcommands().filter(|inner| !inner.is_hide_set()) {
        pages(inner, &format!("{name}-{}", inner.get_name()), write)?;
    }
    Ok(())
}
