//! `core-check FILE`: what can be said about a core without running it.
//!
//! Errors (exit code 1): the manifest, the syntax. Warnings: modules that nothing here has, and permissions that the
//! text shows to be needed and the manifest does not grant (see [`js_modules::host::uses`]).

use std::collections::BTreeSet;
use std::path::Path;

use js_modules::host::manifest::Manifest;
use js_modules::host::uses::{Use, Wants, uses};
use js_modules::host::{Allow, Host, HostOptions, Permissions, ScriptError, loader, on_big_stack};
use js_modules::meshagent::LAYER;
use microstack::chain::Chain;
use microstack::channel::agent::MAX_CORE_BYTES;
use serde_json::json;

use crate::exit;

/// What was found in a core.
#[derive(Debug, Default)]
struct Report {
    /// Name and version of the manifest.
    manifest: Option<(String, String)>,
    findings: Vec<Finding>,
}

#[derive(Debug, PartialEq, Eq)]
struct Finding {
    /// From 1; 0 when it concerns the whole file.
    line: u32,
    column: u32,
    error: bool,
    message: String,
}

/// Prints what is found, one line each or as JSON, and returns the exit code.
pub fn check_core(file: &Path, as_json: bool) -> i32 {
    let name = file.display().to_string();
    let report = match std::fs::read(file) {
        Ok(bytes) => {
            on_big_stack(|| report(&name, &bytes)).and_then(|outcome| outcome.map_err(std::io::Error::other))
        }
        Err(error) => Err(error),
    };
    let report = report.unwrap_or_else(|error| Report {
        findings: vec![Finding { line: 0, column: 0, error: true, message: error.to_string() }],
        ..Report::default()
    });
    print!("{}", if as_json { format!("{:#}\n", report.json(&name)) } else { report.text(&name) });
    if report.count(true) > 0 { exit::FAILED } else { exit::DONE }
}

impl Report {
    fn count(&self, errors: bool) -> usize {
        self.findings.iter().filter(|one| one.error == errors).count()
    }

    fn text(&self, file: &str) -> String {
        let mut text = String::new();
        for Finding { line, column, error, message } in &self.findings {
            let place = if *line > 0 { format!("{file}:{line}:{column}") } else { file.to_owned() };
            let kind = if *error { "error" } else { "warning" };
            text.push_str(&format!("{place}: {kind}: {message}\n"));
        }
        let (errors, warnings) = (self.count(true), self.count(false));
        let what = match &self.manifest {
            _ if errors > 0 => format!("{}, it would not run", counted(errors, "error")),
            Some((name, version)) => format!("{name} {version}, no errors"),
            None => "no manifest, so it may do everything; no errors".to_owned(),
        };
        text + &format!("{file}: {what}, {}\n", counted(warnings, "warning"))
    }

    fn json(&self, file: &str) -> serde_json::Value {
        let findings = self.findings.iter().map(|one| {
            json!({ "line": one.line, "column": one.column, "message": one.message,
                "severity": if one.error { "error" } else { "warning" } })
        });
        json!({ "file": file, "name": self.manifest.as_ref().map(|(name, _)| name),
            "version": self.manifest.as_ref().map(|(_, version)| version),
            "errors": self.count(true), "warnings": self.count(false), "findings": findings.collect::<Vec<_>>() })
    }
}

fn counted(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

fn report(name: &str, bytes: &[u8]) -> Result<Report, String> {
    let mut report = Report::default();
    let mut error =
        |line, column, message| report.findings.push(Finding { line, column, error: true, message });
    if bytes.len() + 4 > MAX_CORE_BYTES {
        error(0, 0, format!("it has {} bytes; agents take {} at most", bytes.len(), MAX_CORE_BYTES - 4));
        return Ok(report);
    }
    let Ok(text) = std::str::from_utf8(bytes) else {
        error(0, 0, "it is not UTF-8 text".into());
        return Ok(report);
    };
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let manifest = match Manifest::find(text) {
        Ok(manifest) => manifest,
        Err(why) => {
            error(0, 0, why.to_string());
            None
        }
    };
    let (names, syntax) = parse(name, text)?;
    if let Some(why) = syntax {
        error(why.line, why.column, format!("{}: {}", why.name, why.message));
    }
    let own = added(text);
    let granted = manifest.as_ref().map(|manifest| &manifest.permissions);
    let found = uses(text);
    for one in &found {
        let message = match &one.wants {
            Wants::Module(module) if !names.contains(module) && !own.contains(module.as_str()) => {
                Some(format!("there is no module '{module}' unless the core adds it"))
            }
            Wants::Module(module) => granted.and_then(|granted| idle(module, &found, granted)),
            Wants::Permission { .. } => granted.and_then(|granted| lacks(&one.wants, granted)),
        };
        report.findings.extend(message.map(|message| Finding {
            line: one.line,
            column: one.column,
            error: false,
            message,
        }));
    }
    report.manifest = manifest.map(|manifest| (manifest.name, manifest.version));
    Ok(report)
}

/// What a use lacks, if anything.
fn lacks(wants: &Wants, granted: &Permissions) -> Option<String> {
    let Wants::Permission { permission, resource, by } = wants else { return None };
    match wants.need() {
        Some(need) => granted.check(need).is_err().then(|| {
            let name = resource.as_deref().unwrap_or("true");
            format!("{by} needs `{permission}` for `{name}`; add it to the manifest's \"{permission}\"")
        }),
        None => (!some(granted, permission))
            .then(|| format!("{by} needs `{permission}`, of which the manifest grants nothing")),
    }
}

/// A module of which no use was recognised, and whose permission is not granted at all.
fn idle(module: &str, found: &[Use], granted: &Permissions) -> Option<String> {
    let permission = match module {
        "fs" | "fs/promises" => "fs.read",
        "net" | "tls" | "http" | "https" | "dgram" => "net",
        "child_process" => "exec",
        "ffi" | "_GenericMarshal" => "ffi",
        "SimpleDataStore" => "store",
        _ => return None,
    };
    let used = found.iter().any(
        |one| matches!(&one.wants, Wants::Permission { by, .. } if by.strip_prefix(module).is_some_and(|by| by.starts_with('.'))),
    );
    let writes = permission == "fs.read" && some(granted, "fs.write");
    (!used && !writes && !some(granted, permission)).then(|| {
        format!("'{module}' is of use with `{permission}` only, of which the manifest grants nothing")
    })
}

fn some(granted: &Permissions, permission: &str) -> bool {
    // An empty list of a manifest grants nothing.
    let some = |allow: &Allow| *allow != Allow::Nothing && *allow != Allow::only([""; 0]);
    match permission {
        "fs.read" => some(&granted.fs_read),
        "fs.write" => some(&granted.fs_write),
        "net" => some(&granted.net),
        "exec" => some(&granted.exec),
        "ffi" => some(&granted.ffi),
        "env" => some(&granted.env),
        _ => granted.store,
    }
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

/// Names that the core adds with `addModule('NAME', …)`.
fn added(text: &str) -> BTreeSet<&str> {
    let calls = text
        .split("addModule(")
        .chain(text.split("addModuleObject("))
        .chain(text.split("addCompressedModule("));
    calls
        .filter_map(|rest| {
            let rest = rest.trim_start();
            let quote = rest.chars().next().filter(|c| matches!(c, '\'' | '"'))?;
            rest[1..].split_once(quote).map(|(name, _)| name)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str) -> Report {
        on_big_stack(|| report("core.js", text.as_bytes())).unwrap().unwrap()
    }

    fn lines(text: &str) -> Vec<String> {
        check(text).text("core.js").lines().map(str::to_owned).collect()
    }

    #[test]
    fn a_core_that_does_not_parse_is_refused_with_its_place() {
        let found = lines("var a = 1;\nvar = 2;\n");
        assert!(found[0].starts_with("core.js:2:5: error: SyntaxError: "), "{found:?}");
        assert_eq!(found[1], "core.js: 1 error, it would not run, 0 warnings");
        assert_eq!(check("/* meshlite-core { \"nme\": 1 } */").count(true), 1);
        assert_eq!(
            lines("var fs = require('fs');"),
            ["core.js: no manifest, so it may do everything; no errors, 0 warnings"]
        );
        let latin = on_big_stack(|| report("core.js", b"// \xff")).unwrap().unwrap();
        assert_eq!(latin.count(true), 1);
    }

    #[test]
    fn what_is_used_and_not_granted_is_told_with_line_and_column() {
        let manifest = r#"/* meshlite-core { "name": "a", "version": "1",
          "permissions": { "fs.read": ["/var/log"], "net": ["a.example:443"] } } */"#;
        let core = "
            var fs = require('fs'), https = require('https'), cp = require('child_process');
            fs.readFileSync('/var/log/x'); https.get('https://a.example/');
            fs.readFileSync('/etc/passwd');
            fs.writeFileSync(name, '');
            https.get('https://b.example/');
            cp.execFile('/bin/ls', ['ls']);
            require('no-such'); addModule('own', ''); require('own');";
        let found = lines(&format!("{manifest}{core}"));
        let expected = [
            "core.js:5:13: warning: fs.readFileSync needs `fs.read` for `/etc/passwd`; add it to the manifest's \"fs.read\"",
            "core.js:6:13: warning: fs.writeFileSync needs `fs.write`, of which the manifest grants nothing",
            "core.js:7:13: warning: https.get needs `net` for `b.example:443`; add it to the manifest's \"net\"",
            "core.js:8:13: warning: child_process.execFile needs `exec` for `/bin/ls`; add it to the manifest's \"exec\"",
            "core.js:9:13: warning: there is no module 'no-such' unless the core adds it",
            "core.js: a 1, no errors, 5 warnings",
        ];
        assert_eq!(found, expected);
    }
}
