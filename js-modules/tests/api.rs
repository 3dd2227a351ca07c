//! `API.md`, the typings and the live modules name the same things.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use boa_engine::{JsResult, JsString};
use js_modules::host::{Dialect, Host, HostEvent, HostOptions, on_big_stack};
use microstack::chain::Chain;

type Names = BTreeMap<String, BTreeSet<String>>;

/// Modules whose typings are compared name by name.
const TYPED: &[&str] = &[
    "assert",
    "buffer",
    "child_process",
    "console",
    "dgram",
    "dns",
    "dns/promises",
    "events",
    "ffi",
    "fs",
    "fs/promises",
    "http",
    "http2",
    "https",
    "module",
    "net",
    "os",
    "path",
    "perf_hooks",
    "process",
    "punycode",
    "querystring",
    "readline",
    "readline/promises",
    "stream",
    "stream/promises",
    "string_decoder",
    "timers",
    "timers/promises",
    "tls",
    "tty",
    "url",
    "util",
    "util/types",
    "v8",
];

fn live() -> Names {
    let text = on_big_stack(|| {
        let chain = Chain::new().unwrap();
        let mut host = Host::new(chain, HostOptions::default()).unwrap();
        host.run_script(
            "names.js",
            "
            const lines = [];
            const skip = new Set(['length', 'name', 'prototype', 'arguments', 'caller']);
            const add = (title, object) => {
                for (const key of Reflect.ownKeys(object)) {
                    if (typeof key !== 'string' || key.startsWith('_')) continue;
                    if (typeof object === 'function' && skip.has(key)) continue;
                    lines.push(`${title} ${key}`);
                }
            };
            for (const name of require('module').builtinModules) {
                // Node's old names for parts of http; `http` exports what is public of them.
                if (!name.startsWith('_')) add(name, require(name));
            }
            for (const name of Object.getOwnPropertyNames(Buffer.prototype)) {
                if (name !== 'constructor') lines.push(`Buffer.prototype ${name}`);
            }
            console.log(lines.join('\\n'));
            ",
        );
        host.events()
            .into_iter()
            .map(|event| match event {
                HostEvent::ConsoleLine { text, .. } => text,
                other => panic!("{other:?}"),
            })
            .collect::<String>()
    })
    .unwrap();
    let mut names = Names::new();
    for line in text.lines() {
        let (module, name) = line.split_once(' ').unwrap();
        names.entry(module.to_owned()).or_default().insert(name.to_owned());
    }
    names
}

fn read(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// The names behind `Exports:` of each section.
fn documented() -> Names {
    let mut names = Names::new();
    let (mut section, mut inside) = (String::new(), false);
    for line in read("API.md").lines() {
        if let Some(title) = line.strip_prefix("## ").or(line.strip_prefix("### ")) {
            section = title.to_owned();
            inside = false;
        } else if line.is_empty() {
            inside = false;
        } else if inside || line.starts_with("Exports: ") {
            inside = true;
            let spans = line.split('`').skip(1).step_by(2);
            names.entry(section.clone()).or_default().extend(spans.map(str::to_owned));
        }
    }
    names
}

/// The exported names of each `declare module`, and the globals.
fn typed() -> Names {
    let mut names = Names::new();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("types");
    for entry in std::fs::read_dir(folder).unwrap() {
        let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        let (mut module, mut class) = (String::new(), String::new());
        for line in text.lines() {
            if let Some(rest) = line.strip_prefix("declare module '") {
                module = rest.split('\'').next().unwrap().to_owned();
            } else if let Some(rest) = line.strip_prefix("declare var ") {
                names.entry("Globals".into()).or_default().insert(word(rest));
            } else if let Some(rest) = line.strip_prefix("    export ") {
                let (kind, rest) = rest.split_once(' ').unwrap();
                if !["function", "const", "let", "class"].contains(&kind) {
                    continue;
                }
                names.entry(module.clone()).or_default().insert(word(rest));
                class = if kind == "class" { word(rest) } else { String::new() };
            } else if let (true, Some(rest)) = (class == "Buffer", line.strip_prefix("        ")) {
                let rest = rest.strip_prefix("readonly ").unwrap_or(rest);
                if !rest.starts_with("static ") && !rest.starts_with('/') && !rest.starts_with("constructor")
                {
                    names.entry("Buffer.prototype".into()).or_default().insert(word(rest));
                }
            }
        }
    }
    names
}

fn word(text: &str) -> String {
    text.chars().take_while(|c| c.is_alphanumeric() || *c == '_' || *c == '$').collect()
}

fn difference(left: &BTreeSet<String>, right: &BTreeSet<String>) -> String {
    left.symmetric_difference(right).cloned().collect::<Vec<_>>().join(" ")
}

#[test]
fn api_md_lists_exactly_what_exists() {
    let (live, documented) = (live(), documented());
    let mut wrong = Vec::new();
    let empty = BTreeSet::new();
    for module in live.keys().chain(documented.keys().filter(|k| *k != "Globals")).collect::<BTreeSet<_>>() {
        let a = live.get(module).unwrap_or(&empty);
        let b = documented.get(module).unwrap_or(&empty);
        if a != b {
            wrong.push(format!("{module}: {}", difference(a, b)));
        }
    }
    assert!(wrong.is_empty(), "API.md differs from the live modules:\n{}", wrong.join("\n"));
}

#[test]
fn typings_list_exactly_what_exists() {
    let (live, typed, documented) = (live(), typed(), documented());
    let wrappers = ["require", "module", "exports", "__filename", "__dirname"].map(str::to_owned);
    let globals = typed["Globals"].difference(&BTreeSet::from(wrappers)).cloned().collect();
    assert_eq!(difference(&documented["Globals"], &globals), "", "globals");
    for module in TYPED.iter().copied().chain(["Buffer.prototype"]) {
        let names = typed.get(module).unwrap_or_else(|| panic!("{module} has no typings"));
        assert_eq!(difference(&live[module], names), "", "{module}");
    }
}

#[test]
fn every_documented_global_exists() {
    let names: Vec<String> = documented().remove("Globals").unwrap().into_iter().collect();
    on_big_stack(|| {
        let mut host = Host::new(Chain::new().unwrap(), HostOptions::default()).unwrap();
        let list = names.iter().map(|n| format!("'{n}'")).collect::<Vec<_>>().join(",");
        host.run_script(
            "globals.js",
            &format!("for (const n of [{list}]) if (globalThis[n] === undefined) console.log(n)"),
        );
        assert_eq!(host.events(), []);
    })
    .unwrap();
}

/// The real agent has none of the web's globals, and cores ask for them to tell where they run.
#[test]
fn a_core_sees_no_global_of_the_web() {
    const WEB: &[&str] = &[
        "AbortController",
        "AbortSignal",
        "Crypto",
        "CustomEvent",
        "DOMException",
        "Event",
        "EventTarget",
        "PerformanceEntry",
        "PerformanceMark",
        "PerformanceMeasure",
        "URL",
        "URLSearchParams",
        "crypto",
        "performance",
        "structuredClone",
    ];
    for (dialect, there) in [(Dialect::Node, true), (Dialect::MeshAgent, false)] {
        on_big_stack(move || {
            let options = HostOptions { dialect, ..HostOptions::default() };
            let mut host = Host::new(Chain::new().unwrap(), options).unwrap();
            let seen = host.enter("names", |ctx| {
                let global = ctx.global_object();
                WEB.iter()
                    .map(|name| global.has_property(JsString::from(*name), ctx))
                    .collect::<JsResult<Vec<_>>>()
            });
            assert_eq!(seen.unwrap(), vec![there; WEB.len()], "{dialect:?}");
        })
        .unwrap();
    }
}
