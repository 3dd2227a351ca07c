//! `core-test FOLDER`: runs the tests of a core, each core on a bench in the agent's place.

use std::io;
use std::path::{Path, PathBuf};

use js_modules::host::on_big_stack;
use js_modules::meshagent::run_tests;

use super::dialect::ended;
use crate::channel::build;
use crate::exit;

/// Runs the tests of a folder, or one file of tests, and returns the exit code: 0 when all passed.
pub fn test_core(place: &Path) -> i32 {
    match find(place) {
        Ok((folder, files)) if files.is_empty() => {
            eprintln!(
                "meshlite-agent: there are no tests in {0}; write them as {0}/test/NAME.test.js",
                folder.display()
            );
            exit::FAILED
        }
        Ok((folder, files)) => ended(on_big_stack(|| run_tests(&folder, &files, build()))),
        Err(error) => {
            eprintln!("meshlite-agent: cannot read {}: {error}", place.display());
            exit::FAILED
        }
    }
}

/// The folder of the cores, and the files of tests in order.
fn find(place: &Path) -> io::Result<(PathBuf, Vec<PathBuf>)> {
    let place = place.canonicalize()?;
    if place.is_file() {
        let beside = place.parent().unwrap_or(Path::new("/"));
        let folder = match beside.file_name() {
            Some(name) if name == FOLDER => beside.parent().unwrap_or(beside),
            _ => beside,
        };
        return Ok((folder.to_owned(), vec![place]));
    }
    let mut files = Vec::new();
    for folder in [place.clone(), place.join(FOLDER)] {
        let entries = match std::fs::read_dir(&folder) {
            Err(error) if folder != place && error.kind() == io::ErrorKind::NotFound => continue,
            other => other?,
        };
        for entry in entries {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            if ENDINGS.iter().any(|ending| name.ends_with(ending)) && path.is_file() {
                files.push(path);
            }
        }
    }
    files.sort();
    Ok((place, files))
}

/// Where tests are kept, beside the core.
const FOLDER: &str = "test";
const ENDINGS: [&str; 3] = [".test.js", ".test.mjs", ".test.cjs"];
