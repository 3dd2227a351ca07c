//! The cores of `examples/`: each is sound, and each does what its own test in `examples/test` says.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use meshlite_tests::meshctrl::run;
use meshlite_tests::{Answer, place};

fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples")
}

/// `meshlite core ARGS`.
fn core(args: &[&str]) -> Answer {
    let mut command = Command::new(place::program("meshlite"));
    run(command.arg("core").args(args), Duration::from_secs(120))
}

#[test]
fn every_example_is_sound_small_and_listed() {
    let listed = fs::read_to_string(examples().join("README.md")).unwrap();
    let mut seen = 0;
    for entry in fs::read_dir(examples().join("cores")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let checked = core(&["check", &path.display().to_string()]);
        assert_eq!(checked.code, Some(0), "{checked:?}");
        assert!(checked.stdout.ends_with("no errors, 0 warnings\n"), "{checked:?}");
        assert!(fs::read_to_string(&path).unwrap().lines().count() <= 80, "{name} is long for an example");
        assert!(listed.contains(&format!("(cores/{name})")), "{name} is not in the README");
        seen += 1;
    }
    assert!(seen >= 11, "{seen} examples");
}

/// Runs the tests of one example; the output shows which failed and why.
#[track_caller]
fn passes(name: &str, tests: usize) {
    let file = examples().join(format!("test/{name}.test.js"));
    let tested = core(&["test", &file.display().to_string()]);
    assert_eq!(tested.code, Some(0), "{}{}", tested.stdout, tested.stderr);
    assert!(tested.stdout.contains(&format!("# tests {tests}\n# fail 0\n")), "{}", tested.stdout);
}

#[test]
fn blink_switches_a_line() {
    passes("blink", 1);
}

#[test]
fn watch_folder_reports_changes() {
    passes("watch-folder", 2);
}

#[test]
fn tail_journal_follows_a_file() {
    passes("tail-journal", 1);
}

#[test]
fn sensor_ffi_calls_c() {
    passes("sensor-ffi", 1);
}

#[test]
fn serve_http_serves() {
    passes("serve-http", 1);
}

#[test]
fn poll_http_reports_changes() {
    passes("poll-http", 1);
}

#[test]
fn mqtt_speaks_to_a_broker() {
    passes("mqtt", 1);
}

#[test]
fn pipeline_joins_programs() {
    passes("pipeline", 1);
}
