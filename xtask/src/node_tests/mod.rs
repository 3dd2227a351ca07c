//! `cargo xtask node-tests`: Node's own tests on our host, against a recorded table.

mod case;
mod groups;
mod source;
mod table;

use std::collections::BTreeMap;
use std::fs;
use std::sync::Mutex;
use std::time::Instant;

use self::case::{Bench, Outcome};
use self::groups::GROUPS;
use self::table::Table;
use crate::run::{Done, step, target_dir};

pub use self::source::fetch;

const WORKERS: usize = 2;
/// In CI a group runs at most this many of its recorded files, spread evenly: all groups in under five minutes.
const SAMPLE: usize = 20;

pub fn run(args: &[&str]) -> Done {
    let update = args.contains(&"--update");
    let full = args.contains(&"--full") || update;
    if let Err(reason) = fetch() {
        println!("== Node's tests: skipped, {reason}; the recorded table stays");
        return Ok(());
    }
    let bench = bench()?;
    let recorded = table::read()?;
    let (mut wanted, chosen) = wanted(args, &bench)?;
    if !update && chosen.is_empty() {
        wanted = passed_before(&recorded, &wanted, full);
    }
    let begun = Instant::now();
    let mut results = run_all(&bench, &wanted);
    // Some of Node's tests depend on timing: what did not pass as recorded gets a second try, alone.
    for file in regressions(&recorded, &results) {
        results.insert(file.clone(), bench.run(&file, 0));
    }
    if !chosen.is_empty() || update {
        report(&results);
    }
    println!("   {} files in {:.0} s", results.len(), begun.elapsed().as_secs_f32());
    if update {
        let mut all: Table = recorded;
        all.extend(results);
        return table::write(&all);
    }
    let lost = regressions(&recorded, &results);
    for file in &lost {
        if let Some(Outcome::Failed(reason) | Outcome::Skipped(reason)) = results.get(file) {
            eprintln!("   {file} passed before: {reason}");
        }
    }
    if lost.is_empty() {
        Ok(())
    } else {
        Err(format!("{} of Node's tests passed before and do not now", lost.len()))
    }
}

fn bench() -> Result<Bench, String> {
    // `MESHLITE_AGENT` names another program to test.
    let agent = match std::env::var_os("MESHLITE_AGENT") {
        Some(program) => program.into(),
        None => {
            // All of it: a package alone has other features, and the engine would be built once more.
            step("program", "cargo", &["build", "--workspace", "--bins"])?;
            target_dir().join("debug/meshlite-agent")
        }
    };
    // Short: tests make sockets in it, whose paths have a small limit.
    let scratch = std::env::temp_dir().join(format!("node-tests-{}", std::process::id()));
    fs::create_dir_all(&scratch).map_err(|e| format!("{}: {e}", scratch.display()))?;
    Ok(Bench { agent, tests: source::folder(), scratch })
}

impl Drop for Bench {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.scratch);
    }
}

/// The files of the groups or file names that were given, else of all groups; and what was given.
fn wanted<'a>(args: &[&'a str], bench: &Bench) -> Result<(Vec<String>, Vec<&'a str>), String> {
    let chosen: Vec<&str> = args.iter().copied().filter(|arg| !arg.starts_with("--")).collect();
    let mut files = Vec::new();
    for group in GROUPS {
        if chosen.is_empty() || chosen.contains(&group.name) {
            files.extend(group.files(&bench.tests)?);
        }
    }
    for &name in &chosen {
        if name.starts_with("test-") {
            files.push(name.to_owned());
        } else if !GROUPS.iter().any(|group| group.name == name) {
            let names: Vec<&str> = GROUPS.iter().map(|group| group.name).collect();
            return Err(format!("no group {name}; there are: {}", names.join(", ")));
        }
    }
    Ok((files, chosen))
}

fn passed_before(recorded: &Table, files: &[String], full: bool) -> Vec<String> {
    let mut by_group: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for file in files {
        if recorded.get(file) == Some(&Outcome::Passed) {
            by_group.entry(groups::of(file).map_or("", |g| g.name)).or_default().push(file.clone());
        }
    }
    let sample = if full { usize::MAX } else { SAMPLE };
    by_group.into_values().flat_map(|files| spread(files, sample)).collect()
}

/// At most `most` of the files, the same ones each time, evenly spread.
fn spread(files: Vec<String>, most: usize) -> Vec<String> {
    let step = files.len().div_ceil(most).max(1);
    files.into_iter().step_by(step).collect()
}

fn run_all(bench: &Bench, files: &[String]) -> Table {
    let left = Mutex::new(files.iter());
    let results = Mutex::new(Table::new());
    std::thread::scope(|scope| {
        for number in 1..=WORKERS {
            let (left, results) = (&left, &results);
            scope.spawn(move || {
                loop {
                    let Some(file) = left.lock().ok().and_then(|mut left| left.next()) else { return };
                    let outcome = bench.run(file, number);
                    if let Ok(mut results) = results.lock() {
                        results.insert(file.clone(), outcome);
                    }
                }
            });
        }
    });
    results.into_inner().unwrap_or_default()
}

fn regressions(recorded: &Table, results: &Table) -> Vec<String> {
    let passed = |table: &Table, file: &String| table.get(file) == Some(&Outcome::Passed);
    results.keys().filter(|file| passed(recorded, file) && !passed(results, file)).cloned().collect()
}

/// Each failure with its reason, the most frequent reasons last, then the figures.
fn report(results: &Table) {
    let mut reasons: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (file, outcome) in results {
        if let Outcome::Failed(reason) = outcome {
            reasons.entry(reason).or_default().push(file);
        }
    }
    let mut reasons: Vec<(&str, Vec<&str>)> = reasons.into_iter().collect();
    reasons.sort_by_key(|(_, files)| files.len());
    for (reason, files) in reasons {
        println!("{:4}  {reason}\n        {}", files.len(), files.join(" "));
    }
    for (group, count) in table::count(results) {
        println!(
            "{group}: {} of {} passed ({} %), {} failed, {} skipped",
            count.passed,
            count.all(),
            count.share(),
            count.failed,
            count.skipped
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_is_spread_and_bounded() {
        let files: Vec<String> = (0..10).map(|n| n.to_string()).collect();
        assert_eq!(spread(files.clone(), 5), ["0", "2", "4", "6", "8"]);
        assert_eq!(spread(files.clone(), 20), files);
        assert!(spread(files, 4).len() <= 4);
    }

    #[test]
    fn only_what_passed_before_can_be_lost() {
        let row = |outcome: Outcome| Table::from([("a".to_owned(), outcome)]);
        let failed = || Outcome::Failed(String::new());
        assert_eq!(regressions(&row(Outcome::Passed), &row(failed())), ["a"]);
        assert!(regressions(&row(failed()), &row(failed())).is_empty());
        assert!(regressions(&Table::new(), &row(failed())).is_empty());
    }
}
