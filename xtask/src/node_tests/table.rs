//! The recorded results: `tests/node/results.tsv` for the harness, `docs/node-tests.md` for people.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use super::case::Outcome;
use super::groups::{self, GROUPS};
use crate::run::{Done, root};

/// File name to outcome.
pub type Table = BTreeMap<String, Outcome>;

fn file() -> PathBuf {
    root().join("tests/node/results.tsv")
}

/// The table of the repository; empty when there is none yet.
pub fn read() -> Result<Table, String> {
    let Ok(text) = fs::read_to_string(file()) else {
        return Ok(Table::new());
    };
    text.lines().filter(|line| !line.starts_with('#')).map(parse).collect()
}

fn parse(line: &str) -> Result<(String, Outcome), String> {
    let mut cells = line.splitn(3, '\t');
    let (Some(file), Some(result)) = (cells.next(), cells.next()) else {
        return Err(format!("tests/node/results.tsv: not a row: {line}"));
    };
    let reason = cells.next().unwrap_or_default().to_owned();
    let outcome = match result {
        "passed" => Outcome::Passed,
        "failed" => Outcome::Failed(reason),
        "skipped" => Outcome::Skipped(reason),
        other => return Err(format!("tests/node/results.tsv: no such result: {other}")),
    };
    Ok((file.to_owned(), outcome))
}

pub fn write(table: &Table) -> Done {
    let mut text =
        String::from("# Node's test files on our host. Written by `cargo xtask node-tests --update`.\n");
    for (file, outcome) in table {
        let (result, reason) = match outcome {
            Outcome::Passed => ("passed", ""),
            Outcome::Failed(reason) => ("failed", reason.as_str()),
            Outcome::Skipped(reason) => ("skipped", reason.as_str()),
        };
        let _ = writeln!(text, "{}", format!("{file}\t{result}\t{reason}").trim_end());
    }
    fs::write(file(), text).map_err(|e| format!("tests/node/results.tsv: {e}"))?;
    let page = root().join("docs/node-tests.md");
    fs::write(&page, summary(table)).map_err(|e| format!("{}: {e}", page.display()))
}

/// Passed, failed and skipped files of a group.
#[derive(Default, Clone, Copy)]
pub struct Count {
    pub passed: usize,
    pub failed: usize,
    pub skipped: usize,
}

impl Count {
    fn add(&mut self, outcome: &Outcome) {
        match outcome {
            Outcome::Passed => self.passed += 1,
            Outcome::Failed(_) => self.failed += 1,
            Outcome::Skipped(_) => self.skipped += 1,
        }
    }

    pub fn all(self) -> usize {
        self.passed + self.failed + self.skipped
    }

    /// Passed of all files, in per cent; skipped files count as not passed.
    pub fn share(self) -> usize {
        self.passed * 100 / self.all().max(1)
    }

    /// Passed of the files that were not skipped, in per cent.
    fn share_of_run(self) -> usize {
        self.passed * 100 / (self.passed + self.failed).max(1)
    }
}

/// How many files of each group ended how.
pub fn count(table: &Table) -> BTreeMap<&'static str, Count> {
    let mut counts: BTreeMap<&'static str, Count> = BTreeMap::new();
    for (file, outcome) in table {
        if let Some(group) = groups::of(file) {
            counts.entry(group.name).or_default().add(outcome);
        }
    }
    counts
}

fn summary(table: &Table) -> String {
    let counts = count(table);
    let mut text = String::from(INTRODUCTION);
    for group in GROUPS {
        let Some(count) = counts.get(group.name) else { continue };
        let goal = group.goal.map_or(String::from("none"), |goal| format!("{goal} %"));
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {} | {} % | {} % | {goal} |",
            group.name,
            count.all(),
            count.passed,
            count.failed,
            count.skipped,
            count.share(),
            count.share_of_run()
        );
    }
    text.push_str(&skips(table));
    text
}

/// Why files are skipped, the most frequent reasons first.
fn skips(table: &Table) -> String {
    let mut reasons: BTreeMap<&str, usize> = BTreeMap::new();
    for outcome in table.values() {
        if let Outcome::Skipped(reason) = outcome {
            *reasons.entry(reason).or_default() += 1;
        }
    }
    let mut reasons: Vec<(&str, usize)> = reasons.into_iter().collect();
    reasons.sort_by_key(|&(reason, files)| (std::cmp::Reverse(files), reason));
    let mut text = String::from("\n## Why files are skipped\n\n| files | reason |\n|---|---|\n");
    for (reason, files) in reasons.iter().take(25) {
        let _ = writeln!(text, "| {files} | {} |", reason.replace('|', "\\|"));
    }
    text
}

const INTRODUCTION: &str = "\
# Node's own tests

`cargo xtask node-tests` runs files of `test/parallel` of Node 20 (fetched from Debian's source package, not kept here)
on `meshlite-agent script`. [`tests/node/results.tsv`](../tests/node/results.tsv) holds the result of each file, with
the reason where it failed or was skipped; this page is its summary. Both are written by
`cargo xtask node-tests --update`. A file that is recorded as passed and does not pass any more fails CI.

A run without arguments, as in CI, takes a fixed sample of what is recorded as passed: at most 20 files of a group,
spread evenly over the sorted names. `--full` takes all of them; a group's or file's name runs just that. A file that
did not pass gets a second try, alone.

The host has none of Node's internal modules. Files with `--expose-internals` run where `tests/node/run.js` can give
them the host's own equivalent of what they ask for; the others are skipped.

\"of all\" is passed files of all files of a group, skipped ones count against us; \"of run\" leaves those out. The goals
are of all.

| group | files | passed | failed | skipped | of all | of run | goal |
|---|---|---|---|---|---|---|---|
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_read_as_they_are_written() {
        assert_eq!(parse("a.js\tpassed"), Ok(("a.js".to_owned(), Outcome::Passed)));
        assert_eq!(parse("a.js\tfailed\tx y"), Ok(("a.js".to_owned(), Outcome::Failed("x y".to_owned()))));
        assert!(parse("a.js").is_err());
        assert!(parse("a.js\tperhaps").is_err());
    }
}
