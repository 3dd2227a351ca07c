//! `core new`: a folder to begin a core in.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::json;

use crate::operator::error::OperatorError;
use crate::operator::output::Output;

/// What the folder gets; `NAME` stands for the core's name.
const FILES: &[(&str, &str)] = &[
    ("core.js", include_str!("scaffold/core.js")),
    ("test/core.test.js", include_str!("scaffold/test/core.test.js")),
    ("jsconfig.json", include_str!("scaffold/jsconfig.json")),
    ("README.md", include_str!("scaffold/README.md")),
    ("types/meshlite-test.d.ts", include_str!("scaffold/meshlite-test.d.ts")),
];

macro_rules! types {
    ($($name:literal)*) => {
        &[$((
            concat!("types/", $name, ".d.ts"),
            include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../js-modules/types/", $name, ".d.ts")),
        )),*]
    };
}

/// The typings of the script host.
const TYPES: &[(&str, &str)] = types![
    "assert" "buffer" "child_process" "console" "dgram" "dns" "events" "ffi" "fs" "globals" "http" "http2" "https"
    "meshagent" "meshlite-session" "module" "net" "os" "path" "perf_hooks" "process" "punycode" "querystring" "readline" "stream"
    "string_decoder" "timers" "tls" "tty" "url" "util" "v8" "web" "zlib"
];

/// Makes the folder; nothing that exists is changed.
pub fn new(folder: &Path, output: &Output) -> Result<(), OperatorError> {
    let name = folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    if !is_name(&name) {
        return Err(OperatorError::Usage(format!(
            "{name:?} is no name for a core; use 1 to 64 letters, digits, `.`, `_` or `-`, such as: \
             meshlite core new my-core"
        )));
    }
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |error| OperatorError::File { what: "make", path, error }
    };
    if fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some()) {
        return Err(OperatorError::Failed(format!(
            "{} exists and is not empty; choose another name, or remove it first",
            folder.display()
        )));
    }
    fs::create_dir_all(folder).map_err(failed(folder))?;
    for (file, text) in FILES.iter().chain(TYPES) {
        let path: PathBuf = folder.join(file);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(failed(parent))?;
        }
        let text = if file.starts_with("types/") { (*text).to_owned() } else { text.replace("NAME", &name) };
        fs::write(&path, text).map_err(failed(&path))?;
    }
    let files: Vec<&str> = FILES.iter().map(|(file, _)| *file).collect();
    let shown = folder.display();
    output.result(&json!({ "name": name, "folder": folder, "files": files }), || {
        format!(
            "Made {shown}: core.js, test/core.test.js, typings and a README.\nNext:\n  meshlite core check \
             {shown}/core.js\n  meshlite core test {shown}\n  meshlite core dev DEVICE {shown}/core.js\n"
        )
    })
}

/// As the manifest wants it.
fn is_name(name: &str) -> bool {
    (1..=64).contains(&name.len())
        && !name.starts_with('.')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_typing_of_the_host_is_given() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../js-modules/types");
        let mut there: Vec<String> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| format!("types/{}", entry.unwrap().file_name().to_string_lossy()))
            .collect();
        there.sort();
        let given: Vec<&str> = TYPES.iter().map(|(name, _)| *name).collect();
        assert_eq!(given, there);
    }

    #[test]
    fn a_folder_with_something_in_it_is_left_alone() {
        let place = tempfile::tempdir().unwrap();
        let output = Output::new(true);
        let folder = place.path().join("blink");
        new(&folder, &output).unwrap();
        let core = fs::read_to_string(folder.join("core.js")).unwrap();
        assert!(core.contains("\"name\": \"blink\"") && !core.contains("NAME"), "{core}");
        fs::write(folder.join("core.js"), "mine").unwrap();
        assert_eq!(new(&folder, &output).unwrap_err().exit_code(), 1);
        assert_eq!(fs::read_to_string(folder.join("core.js")).unwrap(), "mine");
        assert_eq!(new(&place.path().join("a b"), &output).unwrap_err().exit_code(), 2);
    }
}
