//! The conformance tests of ECMAScript for the built-ins that the host replaces: what passes on the bare engine must
//! pass in the host.
//!
//! `MESHLITE_TEST262` names a checkout of <https://github.com/tc39/test262>; without it nothing is run.
//! `MESHLITE_TEST262_ONLY` picks the files whose path contains it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use boa_engine::object::builtins::{JsArrayBuffer, JsFunction};
use boa_engine::{
    Context, JsArgs, JsError, JsNativeError, JsObject, JsResult, JsValue, NativeFunction, Source, js_string,
};
use js_modules::host::{Host, HostOptions, on_big_stack};
use microstack::chain::Chain;

/// Folders of the replaced functions, below `test/built-ins`.
const FOLDERS: &[&str] = &[
    "JSON",
    "String/prototype/split",
    "String/prototype/indexOf",
    "String/prototype/lastIndexOf",
    "String/prototype/includes",
    "String/prototype/replaceAll",
    "String/prototype/repeat",
    "String/prototype/padStart",
    "String/prototype/padEnd",
    "Array/prototype/sort",
    "Array/prototype/toSorted",
    "Array/prototype/splice",
    "Array/prototype/unshift",
    "Array/prototype/flat",
    "Array/prototype/join",
    "Array/prototype/toString",
    "TypedArray/prototype/fill",
    "TypedArray/prototype/sort",
    "TypedArray/prototype/toSorted",
];

struct Case {
    source: String,
    includes: Vec<String>,
    strict: Vec<bool>,
    negative: Option<String>,
}

/// Reads the head of a test; `None` for what this harness does not do (modules, async tests, other realms).
fn read(path: &Path) -> Option<Case> {
    let source = std::fs::read_to_string(path).ok()?;
    let head = source.split_once("/*---")?.1.split_once("---*/")?.0;
    let list = |name: &str| -> Vec<String> {
        let Some((_, rest)) = head.split_once(&format!("\n{name}:")) else { return Vec::new() };
        let inline = rest.lines().next().unwrap_or_default().trim();
        if let Some(items) = inline.strip_prefix('[') {
            let items = rest.split_once('[').and_then(|(_, r)| r.split_once(']')).map_or(items, |(i, _)| i);
            return items.split(',').map(|item| item.trim().to_owned()).collect();
        }
        let lines = rest.lines().skip(1).map(str::trim).take_while(|line| line.starts_with("- "));
        lines.map(|line| line[2..].trim().to_owned()).collect()
    };
    let flags = list("flags");
    let has = |flag: &str| flags.iter().any(|f| f == flag);
    if has("module") || has("async") || has("raw") || source.contains("$262.createRealm") {
        return None;
    }
    let negative = head.split_once("\nnegative:").and_then(|(_, rest)| {
        rest.lines().find_map(|line| line.trim().strip_prefix("type:").map(|t| t.trim().to_owned()))
    });
    let strict = match (has("onlyStrict"), has("noStrict")) {
        (true, _) => vec![true],
        (_, true) => vec![false],
        _ => vec![false, true],
    };
    Some(Case { includes: list("includes"), strict, negative, source })
}

fn detach(_: &JsValue, args: &[JsValue], _: &mut Context) -> JsResult<JsValue> {
    let object = args.get_or_undefined(0).as_object();
    let object = object.ok_or_else(|| JsError::from(JsNativeError::typ().with_message("no buffer")))?;
    JsArrayBuffer::from_object(object)?.detach(&JsValue::undefined())?;
    Ok(JsValue::null())
}

fn run(case: &Case, strict: bool, root: &Path, ctx: &mut Context) -> Result<(), String> {
    let host = JsObject::with_object_proto(ctx.intrinsics());
    let detach: JsFunction = NativeFunction::from_fn_ptr(detach).to_js_function(ctx.realm());
    let show = |e: JsError| e.to_string();
    host.set(js_string!("detachArrayBuffer"), detach, true, ctx).map_err(show)?;
    ctx.global_object().set(js_string!("$262"), host, true, ctx).map_err(show)?;
    let common = ["assert.js".to_owned(), "sta.js".to_owned()];
    for name in common.iter().chain(&case.includes) {
        let text = std::fs::read_to_string(root.join("harness").join(name)).map_err(|e| e.to_string())?;
        ctx.eval(Source::from_bytes(&text)).map_err(show)?;
    }
    let text = format!("{}{}", if strict { "\"use strict\";\n" } else { "" }, case.source);
    match (ctx.eval(Source::from_bytes(&text)), &case.negative) {
        (Ok(_), None) => Ok(()),
        (Ok(_), Some(wanted)) => Err(format!("no {wanted}")),
        (Err(error), Some(wanted)) if error.to_string().contains(wanted) => Ok(()),
        (Err(error), _) => Err(error.to_string()),
    }
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for path in entries.filter_map(|entry| Some(entry.ok()?.path())) {
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|e| e == "js") {
            found.push(path);
        }
    }
}

#[test]
fn the_host_passes_what_the_engine_passes() {
    let Some(root) = std::env::var_os("MESHLITE_TEST262").map(PathBuf::from) else {
        println!("skipped: MESHLITE_TEST262 names no checkout of test262");
        return;
    };
    let only = std::env::var("MESHLITE_TEST262_ONLY").unwrap_or_default();
    let worse = on_big_stack(|| compare(&root, &only)).unwrap();
    assert!(worse.is_empty(), "the host fails where the engine passes:\n{}", worse.join("\n"));
}

fn compare(root: &Path, only: &str) -> Vec<String> {
    let mut worse = Vec::new();
    let mut counts: BTreeMap<&str, [usize; 4]> = BTreeMap::new();
    for &folder in FOLDERS {
        let mut found = Vec::new();
        files(&root.join("test/built-ins").join(folder), &mut found);
        assert!(!found.is_empty(), "no test in {folder}");
        found.sort();
        for path in found.iter().filter(|path| path.to_string_lossy().contains(only)) {
            let count = counts.entry(folder).or_default();
            let Some(case) = read(path) else {
                count[3] += 1;
                continue;
            };
            for &strict in &case.strict {
                let engine = run(&case, strict, root, &mut Context::default());
                let chain = Chain::new().unwrap();
                let mut host = Host::new(chain, HostOptions::default()).unwrap();
                let ours = host.enter("test262", |ctx| Ok(run(&case, strict, root, ctx)));
                let ours = ours.map_err(|e| e.to_string()).and_then(|result| result);
                count[0] += 1;
                count[1] += usize::from(engine.is_ok());
                count[2] += usize::from(ours.is_ok());
                let name = path.strip_prefix(root).unwrap().display();
                match (engine, ours) {
                    (Ok(()), Err(problem)) => worse.push(format!("{name} (strict {strict}): {problem}")),
                    (Err(_), Ok(())) => println!("better: {name} (strict {strict})"),
                    _ => {}
                }
            }
        }
    }
    println!("runs / passed on the engine / passed in the host / files skipped");
    let mut total = [0; 4];
    for (folder, count) in counts {
        println!("{folder}: {count:?}");
        total.iter_mut().zip(count).for_each(|(sum, n)| *sum += n);
    }
    println!("total: {total:?}");
    worse
}
