//! Packages from npm, unchanged, on our script host: each does its work, and what it prints is what real Node prints.
//!
//! The scripts are `tests/npm/*.js`; `cargo xtask setup` installs the packages beside them.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use meshlite_tests::place::{program, root};

/// A debug build needs a while for the large packages; a hang must still end.
const SECONDS: &str = "120";

/// The folder of the scripts, or `None` when the packages are not installed.
fn packages() -> Option<PathBuf> {
    let folder = root().join("tests/npm");
    if folder.join("node_modules/.package-lock.json").is_file() {
        return Some(folder);
    }
    let ci = std::env::var("CI").is_ok_and(|ci| ci == "true" || ci == "1");
    assert!(!ci, "the packages are not installed in {}: run cargo xtask setup", folder.display());
    println!("skipped: run cargo xtask setup");
    None
}

fn printed(program: &[&str], folder: &Path, script: &str, args: &[String]) -> String {
    let mut command = Command::new("timeout");
    command.arg(SECONDS).args(program).arg(script).args(args).current_dir(folder).stdin(Stdio::null());
    let output = command.output().expect("timeout runs");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{script}: {}\n{text}\n{errors}", output.status);
    assert!(!text.is_empty(), "{script} printed nothing");
    text
}

fn same(script: &str, args: &[String]) {
    let Some(folder) = packages() else { return };
    let agent = program("meshlite-agent").display().to_string();
    let node = printed(&["node", "--no-warnings"], &folder, script, args);
    let ours = printed(&[&agent, "script"], &folder, script, args);
    assert!(ours == node, "{script} printed\n{ours}\nbut with Node\n{node}");
}

macro_rules! scripts {
    ($($test:ident $file:literal)*) => {
        $(#[test] fn $test() { same($file, &[]); })*
        const NAMED: &[&str] = &[$($file),*];
    };
}

scripts! {
    ajv_compiles_schemas_and_validates "ajv.js"
    commander_reads_a_command_line "commander.js"
    dayjs_counts_days "dayjs.js"
    iconv_lite_converts_texts "iconv-lite.js"
    lodash_works_on_collections "lodash.js"
    minimist_reads_arguments "minimist.js"
    moment_formats_times "moment.js"
    semver_compares_versions "semver.js"
    xml2js_reads_and_writes_xml "xml2js.js"
    yaml_reads_and_writes_documents "yaml.js"
}

/// The broker is the package `aedes` on Node: what is tested is the client on our host.
struct Broker {
    child: Child,
    port: String,
}

impl Broker {
    fn start(folder: &Path) -> Broker {
        let mut child = Command::new("node")
            .arg("mqtt-broker.js")
            .current_dir(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("node runs");
        let mut port = String::new();
        let stdout = child.stdout.take().expect("it is piped");
        BufReader::new(stdout).read_line(&mut port).expect("the broker says its port");
        Broker { child, port: port.trim().to_owned() }
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn express_serves_requests() {
    same("express.js", &[]);
}

#[test]
fn uuid_makes_ids() {
    same("uuid.js", &[]);
}

#[test]
fn ws_echoes_messages() {
    same("ws.js", &[]);
}

#[test]
fn mqtt_speaks_with_a_broker() {
    let Some(folder) = packages() else { return };
    let broker = Broker::start(&folder);
    same("mqtt.js", std::slice::from_ref(&broker.port));
}

#[test]
fn every_script_is_run() {
    let folder = root().join("tests/npm");
    for entry in std::fs::read_dir(folder).expect("the folder is there") {
        let name = entry.expect("it can be read").file_name().to_string_lossy().into_owned();
        let special =
            ["express.js", "uuid.js", "ws.js", "mqtt.js", "mqtt-broker.js"].contains(&name.as_str());
        assert!(
            !name.ends_with(".js") || special || NAMED.contains(&name.as_str()),
            "{name} is run by no test"
        );
    }
}
