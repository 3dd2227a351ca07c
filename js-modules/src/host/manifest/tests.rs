use super::*;
use crate::host::Need;

const WHOLE: &str = r#"/* meshlite-core
{ "name": "tail-journal", "version": "1.0.0",
  "permissions": { "fs.read": ["/var/log"], "fs.write": [], "net": ["example.com:443"], "exec": ["sh", "/usr/bin/id"],
    "ffi": ["libc.so.6"], "env": ["PATH"], "store": true },
  "budget": { "turn_ms": 5000, "memory_mb": 64, "timers": 1000, "handles": 256 } }
*/
var x = 1; /* another comment */"#;

fn problem(text: &str) -> String {
    Manifest::find(text).expect_err(text).to_string()
}

#[test]
fn a_manifest_grants_what_it_lists_and_nothing_else() {
    let manifest = Manifest::find(WHOLE).unwrap().unwrap();
    assert_eq!((manifest.name.as_str(), manifest.version.as_str()), ("tail-journal", "1.0.0"));
    let granted = |need: Need<'_>| manifest.permissions.check(need).is_ok();
    assert!(granted(Need::FsRead(Path::new("/var/log/syslog"))));
    assert!(granted(Need::Net("example.com:443")));
    assert!(granted(Need::Exec("/usr/bin/id")));
    assert!(granted(Need::Exec("/bin/sh")) || granted(Need::Exec("/usr/bin/sh")));
    assert!(granted(Need::Ffi("libc.so.6")) && granted(Need::Env("PATH")) && granted(Need::Store));
    for need in [
        Need::FsRead(Path::new("/etc/shadow")),
        Need::FsWrite(Path::new("/var/log/syslog")),
        Need::Net("example.com:80"),
        Need::Exec("/usr/bin/env"),
        Need::Ffi("libm.so.6"),
        Need::Env("HOME"),
    ] {
        assert!(!granted(need), "{need:?}");
    }
}

#[test]
fn limits_only_lower_the_agents_budget() {
    let manifest = Manifest::find(WHOLE).unwrap().unwrap();
    let budget = manifest.budget(Budget::default());
    assert_eq!((budget.turn, budget.max_timers), (Some(Duration::from_millis(5000)), 1000));
    assert_eq!(budget.max_handles, 256);
    assert!(budget.memory_bytes.unwrap() >= 64 << 20);
    let tight = Budget {
        turn: Some(Duration::from_millis(100)),
        max_timers: 5,
        max_handles: 6,
        memory_bytes: Some(7),
        ..Budget::default()
    };
    assert_eq!(manifest.budget(tight), tight);
}

#[test]
fn a_core_without_a_manifest_has_none() {
    for text in [
        "",
        "var a;",
        "/* Apache licence */ 'meshlite-core'",
        "// meshlite-core {}\n",
        "/* meshlite-cores */",
    ] {
        assert_eq!(Manifest::find(text), Ok(None), "{text}");
    }
}

#[test]
fn a_manifest_may_follow_line_comments_and_a_mark_of_order() {
    let text = "\u{feff}#!/usr/bin/env meshlite-agent\n// a\n  // b\n/**\n * meshlite-core {\"name\":\"a\",\"version\":\"1\"}*/";
    assert_eq!(Manifest::find(text).unwrap().unwrap().permissions, Permissions::none());
}

#[test]
fn a_manifest_that_would_be_overlooked_is_refused() {
    assert!(problem("var a;\n/* meshlite-core {} */").contains("first comment"));
    assert!(problem("/* licence */\n/* meshlite-core {} */").contains("first comment"));
    assert!(problem("/* meshlite-core {").contains("*/"));
}

#[test]
fn unknown_keys_wrong_types_and_doubles_say_what_to_do() {
    let core = |json: &str| format!("/* meshlite-core {json} */");
    for (json, part) in [
        ("", "EOF"),
        ("{}", "missing field `name`"),
        (r#"{"name":"a","version":"1","permission":{}}"#, "expected one of `name`"),
        (r#"{"name":"a","version":"1","permissions":{"fs":[]}}"#, "`fs.read`"),
        (r#"{"name":"a","version":"1","permissions":{"net":"x"}}"#, "expected a sequence"),
        (r#"{"name":"a","version":"1","permissions":{"store":1}}"#, "expected a boolean"),
        (r#"{"name":"a","name":"b","version":"1"}"#, "duplicate field `name`"),
        (r#"{"name":"a b","version":"1"}"#, "letters"),
        (r#"{"name":"a","version":""}"#, "1.0.0"),
        (r#"{"name":"a","version":"1","budget":{"turn_ms":1}}"#, "between 10"),
        (r#"{"name":"a","version":"1","budget":{"handles":-1}}"#, "invalid value"),
        (r#"{"name":"a","version":"1","permissions":{"fs.read":["var"]}}"#, "full path"),
        (r#"{"name":"a","version":"1","permissions":{"fs.read":["/a/../b"]}}"#, "full path"),
        (r#"{"name":"a","version":"1","permissions":{"net":["http://a"]}}"#, "*.domain"),
        (r#"{"name":"a","version":"1","permissions":{"exec":["bin/x"]}}"#, "absolute path"),
        (r#"{"name":"a","version":"1","permissions":{"ffi":["./x.so"]}}"#, "absolute path"),
        (r#"{"name":"a","version":"1","permissions":{"env":["A=1"]}}"#, "names only"),
        (r#"{"name":"a","version":"1","permissions":{"env":["*","A"]}}"#, "stands alone"),
        (r#"{"name":"a","version":"1","permissions":{"env":[""]}}"#, "empty"),
        (r#"{"name":"a","version":"1"} x"#, "trailing"),
    ] {
        let problem = problem(&core(json));
        assert!(problem.contains(part), "{json}: {problem}");
    }
    let many = vec!["\"A\""; MAX_ENTRIES + 1].join(",");
    assert!(
        problem(&core(&format!(r#"{{"name":"a","version":"1","permissions":{{"env":[{many}]}}}}"#)))
            .contains("256")
    );
    assert!(problem(&core(&" ".repeat(MAX_BYTES + 1))).contains("larger"));
}
