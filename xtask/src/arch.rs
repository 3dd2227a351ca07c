//! Checks that dependencies between our crates point down only (design, "the house").

use serde_json::Value;

use crate::run::{Done, output};

/// Each crate with the crates of ours it may depend on, tests and build scripts included.
const ALLOWED: &[(&str, &[&str])] = &[
    ("microstack-wire", &[]),
    ("microstack-store", &[]),
    ("microstack-crypto", &["microstack-wire"]),
    ("microstack-channel", &["microstack-wire", "microstack-crypto"]),
    ("microstack-session", &["microstack-crypto"]),
    (
        "microstack",
        &[
            "microstack-wire",
            "microstack-crypto",
            "microstack-store",
            "microstack-channel",
            "microstack-session",
        ],
    ),
    ("microstack-screen", &[]),
    ("js-modules", &["microstack", "microstack-screen"]),
    ("recovery-core", &["microstack", "microstack-wire"]),
    ("agent", &["microstack", "js-modules", "recovery-core"]),
    ("server-lite", &["microstack", "recovery-core"]),
    ("meshlite-fuzz", &["microstack", "microstack-wire", "recovery-core", "server-lite"]),
    ("meshlite-bench", &["microstack", "meshlite-tests"]),
    // A test assembles the core that the server pushes, to change what it says of itself.
    ("meshlite-tests", &["microstack", "server-lite"]),
    ("xtask", &[]),
];

pub fn check() -> Done {
    let text = output("cargo", &["metadata", "--format-version", "1", "--no-deps", "--offline"])
        .or_else(|_| output("cargo", &["metadata", "--format-version", "1", "--no-deps"]))?;
    let metadata: Value = serde_json::from_str(&text).map_err(|e| format!("cargo metadata: {e}"))?;
    let wrong = violations(&metadata)?;
    if wrong.is_empty() {
        println!("arch: dependencies point down only");
        return Ok(());
    }
    Err(format!("dependencies point the wrong way:\n{}", wrong.join("\n")))
}

fn violations(metadata: &Value) -> Result<Vec<String>, String> {
    let packages = metadata["packages"].as_array().ok_or("cargo metadata lists no packages")?;
    let mut wrong = Vec::new();
    for package in packages {
        let name = package["name"].as_str().unwrap_or_default();
        let Some((_, allowed)) = ALLOWED.iter().find(|(known, _)| *known == name) else {
            wrong.push(format!(
                "  {name} is not in the table of xtask/src/arch.rs: decide where it stands and add it"
            ));
            continue;
        };
        for dependency in package["dependencies"].as_array().into_iter().flatten() {
            let on = dependency["name"].as_str().unwrap_or_default();
            let ours = ALLOWED.iter().any(|(known, _)| *known == on);
            if ours && !allowed.contains(&on) {
                wrong.push(format!("  {name} depends on {on}; it may depend on: {}", list(allowed)));
            }
        }
    }
    Ok(wrong)
}

fn list(names: &[&str]) -> String {
    if names.is_empty() { "none of ours".to_owned() } else { names.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_arrow_that_points_up_is_named() {
        let metadata = json!({ "packages": [
            { "name": "microstack", "dependencies": [{ "name": "js-modules" }, { "name": "mio" }] },
            { "name": "agent", "dependencies": [{ "name": "js-modules" }] },
        ]});
        let wrong = violations(&metadata).unwrap();
        assert_eq!(wrong.len(), 1);
        assert!(wrong[0].contains("microstack depends on js-modules"), "{wrong:?}");
    }

    #[test]
    fn an_unknown_crate_is_named() {
        let wrong = violations(&json!({ "packages": [{ "name": "newcomer", "dependencies": [] }]})).unwrap();
        assert!(wrong[0].contains("newcomer"));
    }

    #[test]
    fn this_tree_keeps_the_rule() {
        check().unwrap();
    }
}
