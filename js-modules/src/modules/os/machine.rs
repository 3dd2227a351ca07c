//! What the kernel and the distribution say about the machine.

use std::fs;
use std::path::Path;

/// One processor's line of `/proc/stat` and `/proc/cpuinfo`. Times in milliseconds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Cpu {
    pub model: String,
    pub speed_mhz: u64,
    pub user_ms: u64,
    pub nice_ms: u64,
    pub system_ms: u64,
    pub idle_ms: u64,
    pub irq_ms: u64,
}

/// Linux counts these in hundredths of a second on every platform we build for.
const TICK_MS: u64 = 10;

pub(super) fn cpus() -> Vec<Cpu> {
    parse_cpus(
        &fs::read_to_string("/proc/stat").unwrap_or_default(),
        &fs::read_to_string("/proc/cpuinfo").unwrap_or_default(),
    )
}

fn parse_cpus(stat: &str, info: &str) -> Vec<Cpu> {
    let mut all: Vec<Cpu> = stat
        .lines()
        .filter(|line| line.starts_with("cpu") && !line.starts_with("cpu "))
        .map(|line| {
            let mut n = line.split_whitespace().skip(1).map(|n| n.parse().unwrap_or(0) * TICK_MS);
            let mut next = || n.next().unwrap_or(0);
            let (user_ms, nice_ms, system_ms, idle_ms) = (next(), next(), next(), next());
            let _iowait = next();
            let irq_ms = next();
            Cpu { user_ms, nice_ms, system_ms, idle_ms, irq_ms, model: "unknown".into(), speed_mhz: 0 }
        })
        .collect();
    let (mut models, mut speeds) = (0, 0);
    for line in info.lines() {
        let Some((key, value)) = line.split_once(':') else { continue };
        match key.trim() {
            "model name" | "Processor" => {
                if let Some(cpu) = all.get_mut(models) {
                    cpu.model = value.trim().to_owned();
                }
                models += 1;
            }
            "cpu MHz" => {
                if let Some(cpu) = all.get_mut(speeds) {
                    cpu.speed_mhz = value.trim().parse::<f64>().unwrap_or(0.0) as u64;
                }
                speeds += 1;
            }
            _ => {}
        }
    }
    all
}

/// The distribution's name as people know it, else kernel and release.
pub(super) fn os_name() -> String {
    for file in ["/etc/os-release", "/usr/lib/os-release"] {
        if let Ok(text) = fs::read_to_string(file)
            && let Some(name) = release_value(&text, "PRETTY_NAME")
        {
            return name;
        }
    }
    let uname = rustix::system::uname();
    format!("{} {}", uname.sysname().to_string_lossy(), uname.release().to_string_lossy())
}

fn release_value(text: &str, key: &str) -> Option<String> {
    let line = text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('='))?;
    let value = line.trim().trim_matches(['"', '\'']);
    (!value.is_empty()).then(|| value.replace("\\\"", "\""))
}

/// Bytes of memory that new work could use.
pub(super) fn available_memory() -> Option<u64> {
    let text = fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    Some(line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()? * 1024)
}

/// A line of `/etc/passwd`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Login name.
    pub name: String,
    /// User id.
    pub uid: u32,
    /// Primary group.
    pub gid: u32,
    /// Home folder.
    pub home: String,
    /// Login shell.
    pub shell: String,
}

/// The entry of a user id.
pub fn user(uid: u32) -> Option<User> {
    let text = fs::read_to_string(Path::new("/etc/passwd")).ok()?;
    text.lines().filter_map(parse_user).find(|user| user.uid == uid)
}

fn parse_user(line: &str) -> Option<User> {
    let mut parts = line.split(':');
    let name = parts.next()?.to_owned();
    let uid = parts.nth(1)?.parse().ok()?;
    let gid = parts.next()?.parse().ok()?;
    let home = parts.nth(1)?.to_owned();
    Some(User { name, uid, gid, home, shell: parts.next().unwrap_or("").to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processors_are_matched_with_their_models() {
        let stat = "cpu  9 9 9 9 9 9 9\ncpu0 1 2 3 4 5 6 7\ncpu1 10 0 0 0 0 0 0\nintr 1\n";
        let info = "processor : 0\nmodel name : A B\ncpu MHz : 2400.5\n\nprocessor : 1\nmodel name : C\n";
        let all = parse_cpus(stat, info);
        assert_eq!(all.len(), 2);
        assert_eq!((all[0].model.as_str(), all[0].speed_mhz, all[0].irq_ms), ("A B", 2400, 60));
        assert_eq!((all[1].model.as_str(), all[1].user_ms), ("C", 100));
    }

    #[test]
    fn the_release_name_loses_its_quotes() {
        let text = "NAME=x\nPRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\n";
        assert_eq!(release_value(text, "PRETTY_NAME").unwrap(), "Debian GNU/Linux 12 (bookworm)");
        assert_eq!(release_value("PRETTY_NAME=\n", "PRETTY_NAME"), None);
    }

    #[test]
    fn a_passwd_line_is_read() {
        let user = parse_user("daemon:x:1:2:daemon,,:/usr/sbin:/usr/sbin/nologin").unwrap();
        assert_eq!((user.uid, user.gid, user.home.as_str()), (1, 2, "/usr/sbin"));
        assert_eq!(user.shell, "/usr/sbin/nologin");
        assert_eq!(parse_user("broken"), None);
    }
}
