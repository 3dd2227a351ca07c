//! Which files of Node's tests are run, by module.

use std::fs;
use std::path::Path;

/// A module and how the names of its test files begin.
pub struct Group {
    pub name: &'static str,
    prefixes: &'static [&'static str],
    /// The share of files that must pass, in per cent; none where the group only informs.
    pub goal: Option<u32>,
}

const fn group(name: &'static str, prefixes: &'static [&'static str], goal: u32) -> Group {
    Group { name, prefixes, goal: Some(goal) }
}

const fn extra(name: &'static str, prefixes: &'static [&'static str]) -> Group {
    Group { name, prefixes, goal: None }
}

pub const GROUPS: &[Group] = &[
    group("events", &["test-event"], 60),
    group("path", &["test-path"], 60),
    group("url", &["test-url", "test-whatwg-url"], 60),
    group("querystring", &["test-querystring"], 60),
    group("string-decoder", &["test-string-decoder"], 60),
    group("buffer", &["test-buffer"], 60),
    group("assert", &["test-assert"], 60),
    group("util", &["test-util"], 60),
    group("timers", &["test-timers"], 60),
    group("fs", &["test-fs"], 40),
    group("net", &["test-net-"], 40),
    group("http", &["test-http-"], 40),
    group("child-process", &["test-child-process"], 40),
    group("stream", &["test-stream"], 40),
    group("zlib", &["test-zlib"], 40),
    group("dgram", &["test-dgram"], 40),
    group("crypto", &["test-crypto"], 40),
    extra("https", &["test-https"]),
    extra("tls", &["test-tls"]),
    extra("dns", &["test-dns"]),
    extra("readline", &["test-readline"]),
    extra("process", &["test-process"]),
    extra("next-tick", &["test-next-tick", "test-microtask", "test-promise"]),
    extra("async-local", &["test-async-local", "test-diagnostics-channel"]),
    extra("vm", &["test-vm"]),
    extra("abort", &["test-abort"]),
];

impl Group {
    pub fn holds(&self, file: &str) -> bool {
        self.prefixes.iter().any(|prefix| file.starts_with(prefix))
    }

    /// The group's test files, sorted.
    pub fn files(&self, tests: &Path) -> Result<Vec<String>, String> {
        let folder = tests.join("parallel");
        let entries = fs::read_dir(&folder).map_err(|e| format!("{}: {e}", folder.display()))?;
        let mut files: Vec<String> = entries
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            .filter(|name| self.holds(name) && [".js", ".mjs"].iter().any(|end| name.ends_with(end)))
            .collect();
        files.sort();
        Ok(files)
    }
}

/// The group of a recorded file.
pub fn of(file: &str) -> Option<&'static Group> {
    GROUPS.iter().find(|group| group.holds(file))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_file_has_one_group() {
        for file in
            ["test-http-agent.js", "test-https-agent.js", "test-http2-ping.js", "test-event-target.js"]
        {
            let found: Vec<&str> = GROUPS.iter().filter(|g| g.holds(file)).map(|g| g.name).collect();
            let expected = usize::from(!file.contains("http2"));
            assert_eq!(found.len(), expected, "{file} is in {found:?}");
        }
    }
}
