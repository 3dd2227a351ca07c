//! What a process and all it has started use.

use std::fs;
use std::time::Duration;

use meshlite_tests::procfs;

/// CPU time (user and system) of a process; its threads included, its children not.
pub fn cpu(pid: u32) -> Duration {
    let Ok(stat) = fs::read_to_string(format!("/proc/{pid}/stat")) else {
        return Duration::ZERO;
    };
    // The command name may hold blanks and brackets: fields are counted from the last bracket.
    let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
    let ticks: u64 = fields.skip(11).take(2).filter_map(|f| f.parse::<u64>().ok()).sum();
    Duration::from_millis(ticks * 10) // USER_HZ is 100 on every Linux we measure on
}

/// CPU time of a process and all its descendants.
pub fn cpu_of_tree(pid: u32) -> Duration {
    tree(pid).into_iter().map(cpu).sum()
}

/// Proportional set size of a process and all its descendants, kB.
pub fn pss_of_tree(pid: u32) -> u64 {
    tree(pid).into_iter().map(procfs::pss_kib).sum()
}

/// Wake-ups of a process and all its descendants so far.
pub fn wake_ups_of_tree(pid: u32) -> u64 {
    tree(pid).into_iter().map(procfs::wake_ups).sum()
}

/// The process and all its descendants that run.
pub fn tree(pid: u32) -> Vec<u32> {
    let mut all = vec![pid];
    all.extend(procfs::descendants(pid).into_iter().filter(|p| procfs::alive(*p)));
    all
}
