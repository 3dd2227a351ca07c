//! Gives back the memory that starting up needed.
//!
//! Most of what a sleeping supervisor would occupy is program code that ran once. Its pages are clean copies of the
//! file; the kernel reads them again should they be needed.
#![allow(unsafe_code)]

use std::ffi::c_void;

use rustix::mm::{Advice, madvise};

/// Drops the resident pages of code and constants.
pub fn give_back() {
    let Ok(smaps) = std::fs::read_to_string("/proc/self/smaps") else {
        return; // without /proc nothing is lost but thrift
    };
    for (from, to) in droppable(&smaps) {
        // SAFETY: `droppable` lists mappings of files that are private, not writable, and hold no page that differs
        // from its file (`Anonymous` is 0; nothing can make one afterwards, as they are not writable and the
        // supervisor has one thread). Discarding such pages changes nothing that a program can see: the next access
        // reads the same bytes from the file again.
        let _ = unsafe { madvise(from as *mut c_void, to - from, Advice::LinuxDontNeed) };
    }
}

/// Mappings whose pages can all be read again from a file, as address ranges.
fn droppable(smaps: &str) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    let mut candidate = None;
    for line in smaps.lines() {
        let mut words = line.split_ascii_whitespace();
        let first = words.next().unwrap_or("");
        if !first.ends_with(':') {
            // A head line: `from-to perms offset device inode path`.
            let perms = words.next().unwrap_or("");
            let path = words.nth(3).unwrap_or("");
            let range = first.split_once('-').and_then(|(from, to)| {
                Some((usize::from_str_radix(from, 16).ok()?, usize::from_str_radix(to, 16).ok()?))
            });
            let plain = matches!(perms, "r-xp" | "r--p") && path.starts_with('/');
            candidate = range.filter(|(from, to)| plain && to > from);
        } else if first == "Anonymous:" {
            if words.next() == Some("0") {
                found.extend(candidate);
            }
            candidate = None;
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMAPS: &str = "\
00400000-00420000 r--p 00000000 08:01 77 /usr/bin/x\nRss: 8 kB\nAnonymous:             0 kB\n\
00420000-00480000 r-xp 00020000 08:01 77 /usr/bin/x\nAnonymous:             0 kB\n\
00480000-00490000 r--p 00080000 08:01 77 /usr/bin/x\nAnonymous:            64 kB\n\
00490000-00491000 rw-p 00090000 08:01 77 /usr/bin/x\nAnonymous:             0 kB\n\
00500000-00520000 rw-p 00000000 00:00 0 [heap]\nAnonymous:           100 kB\n\
7ff000000000-7ff000001000 r-xp 00000000 00:00 0 [vdso]\nAnonymous:             0 kB\n";

    #[test]
    fn only_what_equals_its_file_is_dropped() {
        assert_eq!(droppable(SMAPS), [(0x40_0000, 0x42_0000), (0x42_0000, 0x48_0000)]);
    }

    #[test]
    fn the_program_runs_on_after_its_code_was_dropped() {
        give_back();
        assert!(!droppable(&std::fs::read_to_string("/proc/self/smaps").unwrap()).is_empty());
    }
}
