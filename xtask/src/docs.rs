//! Checks the book: every page is listed, every relative link leads somewhere.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::run::{Done, has, root, step};

pub fn check() -> Done {
    let root = root();
    let mut wrong = Vec::new();
    let mut pages = Vec::new();
    collect(&root.join("docs"), &mut pages);
    for name in ["README.md", "ARCHITECTURE.md", "SECURITY.md", "CONTRIBUTING.md", "CHANGELOG.md"] {
        pages.push(root.join(name));
    }
    for page in &pages {
        wrong.extend(broken_links(page)?);
    }
    let listed = listed(&root.join("docs/SUMMARY.md"))?;
    for page in pages.iter().filter(|p| p.starts_with(root.join("docs"))) {
        if !page.ends_with("SUMMARY.md") && !listed.contains(page) {
            wrong.push(format!("  {} is not listed in docs/SUMMARY.md", page.display()));
        }
    }
    if !wrong.is_empty() {
        return Err(format!("the documentation has loose ends:\n{}", wrong.join("\n")));
    }
    println!("docs: {} pages, no broken link", pages.len());
    if has("mdbook") {
        step("book", "mdbook", &["build", "docs", "--dest-dir", "../target/book"])?;
    }
    Ok(())
}

fn collect(dir: &Path, into: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(dir).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect(&path, into);
        } else if path.extension().is_some_and(|e| e == "md") {
            into.push(path);
        }
    }
}

fn listed(summary: &Path) -> Result<BTreeSet<PathBuf>, String> {
    let folder = summary.parent().unwrap_or(Path::new("."));
    Ok(links(&read(summary)?).into_iter().map(|link| folder.join(link)).collect())
}

fn broken_links(page: &Path) -> Result<Vec<String>, String> {
    let folder = page.parent().unwrap_or(Path::new("."));
    let mut wrong = Vec::new();
    for link in links(&read(page)?) {
        let file = link.split('#').next().unwrap_or_default();
        if !file.is_empty() && !folder.join(file).exists() {
            wrong.push(format!("  {}: {link} leads nowhere", page.display()));
        }
    }
    Ok(wrong)
}

/// The relative targets of `[text](target)` outside code blocks.
fn links(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut in_code = false;
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            in_code = !in_code;
        }
        if in_code {
            continue;
        }
        for part in line.split("](").skip(1) {
            let target = part.split(')').next().unwrap_or_default();
            if !target.is_empty() && !target.contains("://") && !target.starts_with("mailto:") {
                found.push(target.to_owned());
            }
        }
    }
    found
}

fn read(path: &Path) -> Result<String, String> {
    std::fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_outside_code_are_found() {
        let text = "see [a](b.md) and [c](https://x/y)\n```\n[no](code.md)\n```\n[d](e.md#part)";
        assert_eq!(links(text), ["b.md", "e.md#part"]);
    }
}
