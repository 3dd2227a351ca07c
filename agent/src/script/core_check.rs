//! `core-check FILE`: what can be said about a core without running it.
//!
//! Errors (exit code 1): the manifest, the syntax. Warnings: modules that nothing here has, and modules whose use needs
//! a permission that the manifest does not grant. The scan for `require('…')` reads the text only; names that a core
//! computes are not seen.

use std::collections::BTreeSet;
use std::path::Path;

use js_modules::host::manifest::Manifest;
use js_modules::host::{Allow, Host, HostOptions, Permissions, ScriptError, loader, on_big_stack};
use js_modules::meshagent::LAYER;
use microstack::chain::Chain;

use crate::exit;

/// Prints what is found, one line each, and returns the exit code.
pub fn check_core(file: &Path) -> i32 {
    let name = file.display().to_string();
    let text = match std::fs::read_to_string(file) {
        Ok(text) => text,
        Err(error) => {
            eprintln!("{name}: error: {error}");
            return exit::FAILED;
        }
    };
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let mut errors = Vec::new();
    let manifest = match Manifest::find(text) {
        Ok(manifest) => manifest,
        Err(error) => {
            errors.push(format!("{name}: error: {error}"));
            None
        }
    };
    let names = match on_big_stack(|| parse(&name, text)) {
        Ok(Ok((names, None))) => names,
        Ok(Ok((names, Some(error)))) => {
            errors.push(format!(
                "{name}:{}:{}: error: {}: {}",
                error.line, error.column, error.name, error.message
            ));
            names
        }
        Ok(Err(error)) => {
            eprintln!("{name}: error: {error}");
            return exit::FAILED;
        }
        Err(error) => {
            eprintln!("{name}: error: {error}");
            return exit::FAILED;
        }
    };
    for error in &errors {
        println!("{error}");
    }
    let mut warnings = 0;
    for (line, module) in required(text) {
        if !names.contains(module.strip_prefix("node:").unwrap_or(module)) {
            println!("{name}:{line}: warning: there is no module '{module}' unless the core adds it");
            warnings += 1;
        }
        let granted = manifest.as_ref().map(|manifest| &manifest.permissions);
        if let (Some(permission), Some(granted)) = (needs(module), granted)
            && !grants(granted, permission)
        {
            println!(
                "{name}:{line}: warning: '{module}' needs `{permission}`, which the manifest does not grant"
            );
            warnings += 1;
        }
    }
    match (&errors[..], &manifest) {
        ([], Some(manifest)) => {
            println!("{name}: {} {}: {warnings} warnings", manifest.name, manifest.version)
        }
        ([], None) => println!("{name}: no manifest, so it may do everything: {warnings} warnings"),
        _ => return exit::FAILED,
    }
    exit::DONE
}

type Parsed = (BTreeSet<String>, Option<ScriptError>);

/// The names of all modules a core can require, and the syntax error.
fn parse(name: &str, text: &str) -> Result<Parsed, String> {
    let chain = Chain::new().map_err(|error| error.to_string())?;
    let options = HostOptions { permissions: Permissions::none(), ..HostOptions::default() };
    let mut host = Host::new(chain, options).map_err(|error| error.to_string())?;
    let names =
        host.enter("core-check", |ctx| Ok(loader::module_names(ctx))).map_err(|error| error.to_string())?;
    let ours = LAYER.builtins.iter().filter(|builtin| !builtin.is_internal());
    let names = names.into_iter().chain(ours.map(|builtin| builtin.name().to_owned())).collect();
    let outcome = host.enter("core-check", |ctx| loader::check_syntax(ctx, text, name));
    Ok((names, outcome.err()))
}

/// Each `require('NAME')` with its line; comments are left out line by line.
fn required(text: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    for (at, line) in text.lines().enumerate() {
        let code =
            if line.trim_start().starts_with("//") || line.trim_start().starts_with('*') { "" } else { line };
        for part in code.split("require(").skip(1) {
            let part = part.trim_start();
            let Some(quote) = part.chars().next().filter(|c| matches!(c, '\'' | '"')) else { continue };
            if let Some((module, _)) = part[1..].split_once(quote) {
                found.push((at + 1, module));
            }
        }
    }
    found
}

fn needs(module: &str) -> Option<&'static str> {
    Some(match module.strip_prefix("node:").unwrap_or(module) {
        "fs" | "fs/promises" => "fs.read",
        "net" | "tls" | "http" | "https" | "dgram" | "dns" | "dns/promises" => "net",
        "child_process" => "exec",
        "ffi" | "_GenericMarshal" => "ffi",
        "SimpleDataStore" => "store",
        _ => return None,
    })
}

fn grants(permissions: &Permissions, name: &str) -> bool {
    // An empty list of a manifest grants nothing.
    let some = |allow: &Allow| *allow != Allow::Nothing && *allow != Allow::only([""; 0]);
    match name {
        "fs.read" => some(&permissions.fs_read) || some(&permissions.fs_write),
        "net" => some(&permissions.net),
        "exec" => some(&permissions.exec),
        "ffi" => some(&permissions.ffi),
        _ => permissions.store,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn required_names_have_their_line() {
        let text =
            "var a = require('fs'), b = require( \"net\" );\n// require('x')\nrequire(name); require('os')";
        assert_eq!(required(text), [(1, "fs"), (1, "net"), (3, "os")]);
    }

    #[test]
    fn a_core_that_does_not_parse_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("core.js");
        std::fs::write(&file, "var a = 1;\nvar = 2;\n").unwrap();
        assert_eq!(check_core(&file), exit::FAILED);
        std::fs::write(&file, "/* meshlite-core { \"nme\": 1 } */").unwrap();
        assert_eq!(check_core(&file), exit::FAILED);
        std::fs::write(&file, "var fs = require('fs');").unwrap();
        assert_eq!(check_core(&file), exit::DONE);
    }
}
