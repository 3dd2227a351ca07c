//! What `/proc` says about a process from outside.

use std::fs;

/// Proportional set size in KiB: memory of its own plus its share of what others use too.
///
/// # Panics
/// When the process is gone.
pub fn pss_kib(pid: u32) -> u64 {
    let text = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).expect("the process runs");
    number_after(&text, "Pss:")
}

/// Memory of this process that is no copy of a file, in KiB: what its own data take.
///
/// # Panics
/// When the process is gone.
pub fn anonymous_kib(pid: u32) -> u64 {
    let text = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).expect("the process runs");
    number_after(&text, "Anonymous:")
}

/// Memory that belongs to this process alone, in KiB, program pages it was first to use included.
///
/// # Panics
/// When the process is gone.
pub fn private_kib(pid: u32) -> u64 {
    let text = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).expect("the process runs");
    number_after(&text, "Private_Clean:") + number_after(&text, "Private_Dirty:")
}

/// The part of it that was written to, in KiB: what cannot be read again from a file.
///
/// # Panics
/// When the process is gone.
pub fn private_dirty_kib(pid: u32) -> u64 {
    let text = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).expect("the process runs");
    number_after(&text, "Private_Dirty:")
}

/// Resident set size in KiB.
///
/// # Panics
/// When the process is gone.
pub fn rss_kib(pid: u32) -> u64 {
    number_after(&status(pid), "VmRSS:")
}

/// How often the process has gone to sleep by itself, all threads together: one more for each wake-up.
///
/// # Panics
/// When the process is gone.
pub fn wake_ups(pid: u32) -> u64 {
    let tasks = fs::read_dir(format!("/proc/{pid}/task")).expect("the process runs");
    tasks
        .filter_map(|task| fs::read_to_string(task.ok()?.path().join("status")).ok())
        .map(|text| number_after(&text, "voluntary_ctxt_switches:"))
        .sum()
}

/// The threads of a process with their names and how often each went to sleep by itself.
pub fn threads(pid: u32) -> Vec<(String, u64)> {
    let Ok(tasks) = fs::read_dir(format!("/proc/{pid}/task")) else { return Vec::new() };
    tasks
        .filter_map(|task| fs::read_to_string(task.ok()?.path().join("status")).ok())
        .map(|text| {
            let name = text.lines().next().unwrap_or_default().trim_start_matches("Name:").trim().to_owned();
            (name, number_after(&text, "voluntary_ctxt_switches:"))
        })
        .collect()
}

/// Open file descriptors.
///
/// # Panics
/// When the process is gone.
pub fn descriptors(pid: u32) -> usize {
    fs::read_dir(format!("/proc/{pid}/fd")).expect("the process runs").count()
}

/// The processes a process has started and that still run.
pub fn children(pid: u32) -> Vec<u32> {
    let all = fs::read_dir("/proc").expect("there is a /proc");
    all.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<u32>().ok())
        .filter(|candidate| parent(*candidate) == Some(pid))
        .collect()
}

/// Children, their children, and so on.
pub fn descendants(pid: u32) -> Vec<u32> {
    let mut found = children(pid);
    let mut next = 0;
    while next < found.len() {
        found.extend(children(found[next]));
        next += 1;
    }
    found
}

/// True while a process with this id runs and is no zombie.
pub fn alive(pid: u32) -> bool {
    let Ok(text) = fs::read_to_string(format!("/proc/{pid}/status")) else { return false };
    !text.contains("State:\tZ")
}

fn parent(pid: u32) -> Option<u32> {
    // Threads and processes may vanish between listing and reading.
    let text = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    text.lines().find_map(|line| line.strip_prefix("PPid:"))?.trim().parse().ok()
}

fn status(pid: u32) -> String {
    fs::read_to_string(format!("/proc/{pid}/status")).expect("the process runs")
}

fn number_after(text: &str, key: &str) -> u64 {
    text.lines()
        // "voluntary_…" must not find "nonvoluntary_…".
        .find_map(|line| line.strip_prefix(key))
        .and_then(|rest| rest.split_whitespace().next())
        .and_then(|number| number.parse().ok())
        .unwrap_or_else(|| panic!("{key} is missing"))
}
