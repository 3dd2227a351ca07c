//! Every target under mutated inputs, for a second each at most, and the files of cargo-fuzz beside the table.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use meshlite_fuzz::smoke::{Effort, known_inputs, run};
use meshlite_fuzz::{TARGETS, Target};

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// A number from the environment, decimal or `0x…`.
fn number(name: &str, default: u64) -> u64 {
    let Ok(text) = std::env::var(name) else { return default };
    let parsed = match text.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16),
        None => text.parse(),
    };
    parsed.unwrap_or_else(|_| panic!("{name} must be a number, not {text:?}"))
}

#[test]
fn no_target_panics_on_mutated_inputs() {
    let seed = number("MESHLITE_FUZZ_SEED", 0x4D65_7368);
    let iterations = number("MESHLITE_FUZZ_ITERATIONS", 20_000) as u32;
    let time = Duration::from_secs(number("MESHLITE_FUZZ_SECONDS", 1));
    println!("seed {seed:#x}; give another in MESHLITE_FUZZ_SEED");
    for target in TARGETS {
        let known = known_inputs(&folder().join("regressions"), target).unwrap();
        match run(target, &known, Effort { seed, iterations, time }) {
            Ok(report) => {
                println!("{}: {} known inputs, {} mutations", target.name, report.known, report.mutations);
                assert!(report.mutations > 0, "{}: the known inputs alone took {time:?}", target.name);
            }
            Err(failure) => panic!("{failure}"),
        }
    }
}

#[test]
fn every_target_has_seeds_and_a_name_of_its_own() {
    let names: BTreeSet<_> = TARGETS.iter().map(|target| target.name).collect();
    assert_eq!(names.len(), TARGETS.len());
    for target in TARGETS {
        assert!(!(target.seeds)().is_empty(), "{} has no seeds", target.name);
        assert!(target.path.ends_with(target.name));
    }
}

#[test]
fn known_inputs_belong_to_a_target() {
    for entry in fs::read_dir(folder().join("regressions")).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        let belongs = name == "README.md" || TARGETS.iter().any(|target| target.name == name);
        assert!(belongs, "regressions/{name} belongs to no target");
    }
}

/// The binaries and the manifest of cargo-fuzz follow from the table; with `MESHLITE_BLESS=1` this writes them.
#[test]
fn the_files_of_cargo_fuzz_follow_from_the_table() {
    let folder = folder();
    let bless = std::env::var_os("MESHLITE_BLESS").is_some();
    let mut expected = vec![(folder.join("cargo-fuzz/Cargo.toml"), manifest())];
    for target in TARGETS {
        expected.push((folder.join(format!("fuzz_targets/{}.rs", target.name)), binary(target)));
    }
    for (path, content) in &expected {
        if bless {
            fs::write(path, content).unwrap();
        }
        let found = fs::read_to_string(path).unwrap_or_default();
        assert_eq!(
            &found,
            content,
            "{} is stale; run MESHLITE_BLESS=1 cargo test -p meshlite-fuzz",
            path.display()
        );
    }
    for entry in fs::read_dir(folder.join("fuzz_targets")).unwrap() {
        let path = entry.unwrap().path();
        assert!(is_listed(&expected, &path), "{} belongs to no target; remove it", path.display());
    }
}

fn is_listed(expected: &[(PathBuf, String)], path: &Path) -> bool {
    expected.iter().any(|(listed, _)| listed == path)
}

fn binary(target: &Target) -> String {
    format!(
        "#![no_main]\n\nlibfuzzer_sys::fuzz_target!(|data: &[u8]| meshlite_fuzz::{}(data));\n",
        target.path
    )
}

fn manifest() -> String {
    let mut text = String::from(
        "# Written by the test of meshlite-fuzz from its table of targets; see ../README.md.\n\
         [package]\n\
         name = \"meshlite-cargo-fuzz\"\n\
         version = \"0.1.0\"\n\
         edition = \"2024\"\n\
         license = \"Apache-2.0\"\n\
         publish = false\n\
         \n\
         [package.metadata]\n\
         cargo-fuzz = true\n\
         \n\
         # A workspace of its own: it needs a nightly compiler and instrumented dependencies.\n\
         [workspace]\n\
         \n\
         [dependencies]\n\
         libfuzzer-sys = \"0.4\"\n\
         meshlite-fuzz = { path = \"..\" }\n",
    );
    for target in TARGETS {
        text.push_str(&format!(
            "\n[[bin]]\nname = \"{0}\"\npath = \"../fuzz_targets/{0}.rs\"\ntest = false\ndoc = false\nbench = false\n",
            target.name
        ));
    }
    text
}
