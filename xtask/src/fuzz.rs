//! Coverage-guided fuzzing with cargo-fuzz, which runs on the stable compiler when told it may.

use std::ffi::OsStr;

use crate::run::{Done, output, root, step, step_with, succeeds};

const MANIFEST_DIR: &str = "fuzz/cargo-fuzz";

pub fn run(args: &[&str]) -> Done {
    let mut seconds = "60".to_owned();
    let mut chosen = None;
    let mut rest = args.iter();
    while let Some(arg) = rest.next() {
        match *arg {
            "--seconds" => {
                let n = rest.next().ok_or("--seconds takes a number")?;
                seconds = n.parse::<u32>().map_err(|_| format!("--seconds {n}: not a number"))?.to_string();
            }
            name => chosen = Some(name.to_owned()),
        }
    }
    if !succeeds("cargo", &["fuzz", "--version"]) {
        step("cargo-fuzz", "cargo", &["install", "cargo-fuzz", "--locked"])?;
    }
    let targets = match chosen {
        Some(name) => vec![name],
        None => {
            let list = output("cargo", &["fuzz", "list", "--fuzz-dir", MANIFEST_DIR])?;
            list.lines().map(str::to_owned).collect()
        }
    };
    // The compiler is stable; sanitizers need this permission.
    let allow: &[(&str, &OsStr)] = &[("RUSTC_BOOTSTRAP", OsStr::new("1"))];
    for target in targets {
        let corpus = root().join("target/fuzz-corpus").join(&target);
        std::fs::create_dir_all(&corpus).map_err(|e| format!("{}: {e}", corpus.display()))?;
        let corpus = corpus.display().to_string();
        let limit = format!("-max_total_time={seconds}");
        let args = ["fuzz", "run", "--fuzz-dir", MANIFEST_DIR, &target, &corpus, "--", &limit];
        step_with(&format!("fuzz {target}"), "cargo", &args, allow)?;
    }
    Ok(())
}
