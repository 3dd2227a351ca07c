//! The web console in a real Chromium, driven by Playwright: the tests are `server-lite/web/test/browser/*.test.mjs`,
//! which start the real server and agents themselves.
//!
//! `MESHLITE_PICTURES=FOLDER` keeps pictures of the pages, for a person to look at.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use meshlite_tests::{agent, meshctrl, place};

#[test]
fn an_operator_works_with_devices() {
    play("console.test.mjs");
}

#[test]
fn what_devices_say_stays_text() {
    play("hostile.test.mjs");
}

/// Runs one file of browser tests. Without Node's packages or Chromium there is nothing to run, which a build machine
/// does not get away with.
fn play(file: &str) {
    let web = place::root().join("server-lite/web");
    let has_all =
        web.join("node_modules/playwright-core").is_dir() && Path::new("/usr/bin/chromium").is_file();
    if !has_all {
        assert!(
            std::env::var("CI").is_err(),
            "run `cargo xtask setup`: the browser tests need Chromium and npm packages"
        );
        println!("skipped: no Chromium, or no npm packages in {}", web.display());
        return;
    }
    let bin = place::program("meshlite-server");
    let keys = [agent::identity(0), agent::identity(1)].map(|key| key.display().to_string()).join(":");
    let mut node = Command::new("node");
    node.args(["--test", "--test-reporter=spec"])
        .arg(web.join("test/browser").join(file))
        .current_dir(&web)
        .env("MESHLITE_BIN", bin.parent().expect("a program lies in a folder"))
        .env("MESHLITE_KEYS", keys);
    let answer = meshctrl::run(&mut node, Duration::from_secs(240));
    assert_eq!(answer.code, Some(0), "{answer:?}");
}
