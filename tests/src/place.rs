//! Where things are: our programs, the real systems, and files kept from one test to the next.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use rustix::fs::FlockOperation;

/// The workspace's root folder.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests/ lies in the workspace").to_path_buf()
}

/// One of our programs; all of them are built when one is missing.
///
/// # Panics
/// When it cannot be built.
pub fn program(name: &str) -> PathBuf {
    static BUILT: OnceLock<()> = OnceLock::new();
    let path = profile_dir().join(name);
    BUILT.get_or_init(|| {
        let all = ["meshlite-agent", "meshlite-server", "meshlite"];
        if all.iter().all(|name| profile_dir().join(name).is_file()) {
            return;
        }
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut build = Command::new(cargo);
        build.current_dir(root()).args(["build", "-p", "agent", "-p", "server-lite", "--bins"]);
        if profile_dir().ends_with("release") {
            build.arg("--release");
        }
        assert!(build.status().expect("cargo runs").success(), "our programs cannot be built");
    });
    assert!(path.is_file(), "{} is missing: run `cargo build -p agent -p server-lite`", path.display());
    path
}

/// A folder for files that are expensive to make and may be kept between tests, such as keys.
pub fn kept(name: &str) -> PathBuf {
    let dir =
        profile_dir().parent().expect("a profile folder has a parent").join("tmp/meshlite-tests").join(name);
    fs::create_dir_all(&dir).expect("the target folder can be written");
    dir
}

/// Keeps other test processes out of a folder until the file is dropped.
pub fn lock(dir: &Path) -> File {
    let file = File::create(dir.join(".lock")).expect("a lock file can be made");
    rustix::fs::flock(&file, FlockOperation::LockExclusive).expect("a lock can be taken");
    file
}

/// Where the real systems are, or `None` when they are not installed: then the test says so and ends.
///
/// # Panics
/// On a build machine (`CI=true`), where they must be.
pub fn interop() -> Option<PathBuf> {
    let path = std::env::var_os("MESHLITE_MESHCENTRAL")
        .map_or_else(|| root().join("tests/interop/node_modules/meshcentral"), PathBuf::from);
    if path.join("meshcentral.js").is_file() {
        return Some(path);
    }
    let ci = std::env::var("CI").is_ok_and(|ci| ci == "true" || ci == "1");
    assert!(!ci, "MeshCentral is not installed in {}: run cargo xtask setup", path.display());
    println!("skipped: run cargo xtask setup");
    None
}

/// True when the long forms of the tests are wanted (`cargo xtask soak`).
pub fn soak() -> bool {
    std::env::var("MESHLITE_SOAK").is_ok_and(|v| v == "1")
}

fn profile_dir() -> PathBuf {
    // The benchmarks say where the optimised programs are.
    if let Some(dir) = std::env::var_os("MESHLITE_PROGRAMS") {
        return dir.into();
    }
    // A test runs as target/<profile>/deps/<name>.
    let exe = std::env::current_exe().expect("a process knows its program");
    exe.ancestors().nth(2).expect("a test lies in target/<profile>/deps").to_path_buf()
}
