//! Builds the web console (`web/`, by npm and Vite) when its sources changed, and makes a table of its files for
//! `http::console` to embed.
//!
//! A build must work without Node and without a network: what was built before is used as it is while the sources are
//! the same, and where nothing was ever built, the server says so in place of the console.

use std::collections::hash_map::DefaultHasher;
use std::fmt::Write as _;
use std::hash::{Hash, Hasher};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use flate2::Compression;
use flate2::write::GzEncoder;

/// What the console is made of; nothing else starts the build script again.
const SOURCES: [&str; 7] =
    ["src", "public", "index.html", "package.json", "package-lock.json", "tsconfig.json", "vite.config.ts"];

fn main() {
    let web = PathBuf::from(env("CARGO_MANIFEST_DIR")).join("web");
    println!("cargo::rerun-if-changed=build.rs");
    for source in SOURCES {
        println!("cargo::rerun-if-changed={}", web.join(source).display());
    }
    println!("cargo::rerun-if-env-changed=MESHLITE_NO_CONSOLE");
    let dist = web.join("dist");
    let wanted = stamp(&web);
    let stamp_file = dist.join(".stamp");
    let fresh = std::fs::read_to_string(&stamp_file).is_ok_and(|found| found == wanted);
    if !fresh && std::env::var_os("MESHLITE_NO_CONSOLE").is_none() {
        match build(&web) {
            Ok(()) => std::fs::write(&stamp_file, &wanted).expect("web/dist can be written"),
            Err(why) => {
                match dist.join("index.html").is_file() {
                    true => println!("cargo::warning=the web console is older than its sources: {why}"),
                    false => println!("cargo::warning=the server is built without its web console: {why}"),
                }
                // What was missing, npm or the network, is no source: without this, no later build would try again.
                // Cargo takes a file that is never there as one that has changed.
                let never = PathBuf::from(env("OUT_DIR")).join("never-there");
                println!("cargo::rerun-if-changed={}", never.display());
            }
        }
    }
    embed(&dist, &PathBuf::from(env("OUT_DIR")));
}

/// A hash over names and contents of all sources: times of files mean nothing after a checkout.
fn stamp(web: &Path) -> String {
    let mut hasher = DefaultHasher::new();
    for source in SOURCES {
        let mut files = Vec::new();
        walk(&web.join(source), &mut files);
        for file in files {
            file.strip_prefix(web).unwrap_or(&file).hash(&mut hasher);
            std::fs::read(&file).unwrap_or_default().hash(&mut hasher);
        }
    }
    format!("{:016x}\n", hasher.finish())
}

/// Runs npm (when the packages are not the ones of the lock file) and Vite.
fn build(web: &Path) -> Result<(), String> {
    let lock = web.join("package-lock.json");
    let installed = web.join("node_modules/.package-lock.json");
    let stamped = web.join("node_modules/.meshlite-lock");
    let wanted = std::fs::read(&lock).map_err(|error| format!("{}: {error}", lock.display()))?;
    if !installed.is_file() || std::fs::read(&stamped).ok().as_deref() != Some(&wanted[..]) {
        run(web, "npm", &["ci", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"])?;
        std::fs::write(&stamped, &wanted).map_err(|error| format!("{}: {error}", stamped.display()))?;
    }
    run(web, "node", &["node_modules/vite/bin/vite.js", "build", "--logLevel", "error"])
}

fn run(web: &Path, program: &str, args: &[&str]) -> Result<(), String> {
    let out = Command::new(program)
        .args(args)
        .current_dir(web)
        .output()
        .map_err(|error| format!("{program} cannot be run ({error}); install Node.js 20 or newer"))?;
    if out.status.success() {
        return Ok(());
    }
    let said = [out.stderr, out.stdout].concat();
    let said = String::from_utf8_lossy(&said).trim().replace('\n', " | ");
    Err(format!("`{program} {}` failed: {said:.600}", args.join(" ")))
}

/// Writes `console.rs`: one line a file, with its path, its content type, its hash and where its gzip form lies.
fn embed(dist: &Path, out: &Path) {
    let mut files = Vec::new();
    walk(dist, &mut files);
    let mut table = String::from("&[\n");
    for (number, file) in files.iter().enumerate() {
        let path = file.strip_prefix(dist).expect("below dist").to_string_lossy().replace('\\', "/");
        let Some(kind) = content_type(&path) else { continue };
        let body = std::fs::read(file).expect("a file of web/dist can be read");
        let mut hasher = DefaultHasher::new();
        body.hash(&mut hasher);
        let packed = out.join(format!("console-{number}.gz"));
        std::fs::write(&packed, gzip(&body)).expect("OUT_DIR can be written");
        let path = if path == "index.html" { String::new() } else { path };
        writeln!(
            table,
            "    File {{ path: {:?}, kind: {kind:?}, tag: \"\\\"{:016x}\\\"\", length: {}, gzip: include_bytes!({:?}) }},",
            format!("/{path}"),
            hasher.finish(),
            body.len(),
            packed.display().to_string(),
        )
        .expect("a string takes it");
    }
    table.push_str("]\n");
    std::fs::write(out.join("console.rs"), table).expect("OUT_DIR can be written");
}

fn gzip(body: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(body).expect("a vector takes it");
    encoder.finish().expect("a vector takes it")
}

/// The types a console has; other files (the stamp) are not embedded.
fn content_type(path: &str) -> Option<&'static str> {
    Some(match path.rsplit_once('.')?.1 {
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "woff2" => "font/woff2",
        "json" => "application/json",
        "wasm" => "application/wasm",
        _ => return None,
    })
}

/// All files below a path, sorted, so that equal sources give an equal binary.
fn walk(path: &Path, into: &mut Vec<PathBuf>) {
    if path.is_file() {
        into.push(path.to_owned());
        return;
    }
    let Ok(entries) = std::fs::read_dir(path) else { return };
    let mut entries: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    entries.sort();
    for entry in entries {
        walk(&entry, into);
    }
}

fn env(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("cargo sets {name}"))
}
