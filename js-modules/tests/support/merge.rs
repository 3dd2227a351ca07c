//! Packs a core of MeshCentral with its modules, as the server does for Linux (js-host specification 9.1).

use std::path::Path;

/// The text the server sends behind its four zero bytes: the core `meshcore.js` of a package's folder with the
/// modules of Linux, those of AMT among them when `amt`.
pub fn meshcore(package: &Path, amt: bool) -> String {
    let agents = package.join("agents");
    let mut text = String::from("var addedModules = [];\r\n");
    let mut names: Vec<String> = std::fs::read_dir(agents.join("modules_meshcore"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    for file in names {
        let source = latin1(&agents.join("modules_meshcore").join(&file));
        if let Some(name) = file.strip_suffix(".json") {
            text.push_str(&format!("var {name} = JSON.parse('{}');\r\n", escaped(&source)));
        } else if let Some(name) = file.strip_suffix(".js") {
            let of_amt = name.starts_with("amt-") || name == "smbios";
            if name.starts_with("win-") || (of_amt && !amt) {
                continue;
            }
            let source = escaped(&source);
            text.push_str(&format!(
                "try {{ addModule(\"{name}\", \"{source}\"); addedModules.push(\"{name}\"); }} catch (ex) {{ }}\r\n"
            ));
        }
    }
    text.push_str(&latin1(&agents.join("meshcore.js")));
    text
}

fn latin1(path: &Path) -> String {
    std::fs::read(path).unwrap().iter().map(|byte| char::from(*byte)).collect()
}

/// Characters that are not printable ASCII are lost, as with the server.
fn escaped(source: &str) -> String {
    let mut out = String::with_capacity(source.len() + source.len() / 8);
    for c in source.chars() {
        match c {
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '"' | '\'' | '\\' => out.extend(['\\', c]),
            ' '..='~' => out.push(c),
            _ => {}
        }
    }
    out
}
