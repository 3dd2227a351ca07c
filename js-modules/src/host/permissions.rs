//! What a script may touch. Each native states what it needs; a refusal names it.

use std::collections::BTreeSet;
use std::fmt;
use std::path::{Component, Path, PathBuf};

use super::net_pattern::NetPattern;

/// A set of names: everything, nothing, or a list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Allow {
    /// Refuse every name.
    #[default]
    Nothing,
    /// Accept every name.
    Everything,
    /// Accept the listed names; for paths also what lies below them.
    Only(BTreeSet<String>),
    /// Accept what each of these accepts: see [`Permissions::intersect`].
    Each(Vec<Allow>),
}

impl Allow {
    /// Accepts the given names.
    pub fn only<S: Into<String>>(names: impl IntoIterator<Item = S>) -> Self {
        Allow::Only(names.into_iter().map(Into::into).collect())
    }

    /// Accepts what both accept.
    pub fn intersect(&self, other: &Allow) -> Allow {
        match (self, other) {
            (Allow::Nothing, _) | (_, Allow::Nothing) => Allow::Nothing,
            (Allow::Everything, rest) | (rest, Allow::Everything) => rest.clone(),
            (a, b) if a == b => a.clone(),
            (a, b) => Allow::Each(vec![a.clone(), b.clone()]),
        }
    }

    /// True when some entry of the list fits.
    fn any(&self, fits: &dyn Fn(&str) -> bool) -> bool {
        match self {
            Allow::Nothing => false,
            Allow::Everything => true,
            Allow::Only(names) => names.iter().any(|name| fits(name)),
            Allow::Each(all) => all.iter().all(|allow| allow.any(fits)),
        }
    }

    fn name(&self, name: &str) -> bool {
        self.any(&|granted| granted == name)
    }

    /// Compared after `..` is resolved in the text; natives resolve links before they ask.
    fn path(&self, path: &Path) -> bool {
        let path = plain(path);
        let (root, own) = (Path::new("/"), is_process_inside(&path));
        self.any(&|granted| {
            let granted = plain(Path::new(granted));
            path.starts_with(&granted) && (!own || granted == root || is_process_inside(&granted))
        })
    }

    fn net(&self, need: &str) -> bool {
        self.any(&|granted| NetPattern::parse(granted).is_ok_and(|pattern| pattern.covers(need)))
    }

    /// Programs are compared with the links of their folder resolved, so that `/bin/sh` and `/usr/bin/sh` are one where
    /// `/bin` is a link; the last part is not resolved, because one file may be many programs.
    fn program(&self, program: &str) -> bool {
        if !program.contains('/') {
            return self.name(program);
        }
        let wanted = in_real_folder(Path::new(program));
        self.any(&|granted| granted.contains('/') && in_real_folder(Path::new(granted)) == wanted)
    }
}

fn in_real_folder(path: &Path) -> PathBuf {
    let path = plain(path);
    match (path.parent().map(Path::canonicalize), path.file_name()) {
        (Some(Ok(folder)), Some(name)) => folder.join(name),
        _ => path,
    }
}

/// Removes `.` and `..` from a path without asking the file system.
fn plain(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                out.pop();
            }
            other => out.push(other),
        }
    }
    out
}

/// True for the files of `/proc` that show the inside of a process: its memory holds the agent's key, its descriptors
/// and root lead anywhere. A grant of `/proc` is meant for the figures beside them.
fn is_process_inside(path: &Path) -> bool {
    const INSIDE: &[&str] =
        &["mem", "environ", "fd", "fdinfo", "root", "cwd", "exe", "map_files", "auxv", "stack", "syscall"];
    let mut parts = path.components().skip(1).map(|part| part.as_os_str().to_string_lossy());
    if parts.next().as_deref() != Some("proc") {
        return false;
    }
    let is_process =
        |name: &str| name == "self" || name == "thread-self" || name.bytes().all(|b| b.is_ascii_digit());
    if !parts.next().is_some_and(|name| is_process(&name)) {
        return false;
    }
    parts.any(|name| INSIDE.contains(&&*name))
}

/// What a native is about to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Need<'a> {
    /// Read this absolute path.
    FsRead(&'a Path),
    /// Create, change or remove this absolute path.
    FsWrite(&'a Path),
    /// Talk to this `host:port`, or listen at this `address:port`.
    Net(&'a str),
    /// Start this program.
    Exec(&'a str),
    /// Call into this native library.
    Ffi(&'a str),
    /// Read or write this environment variable.
    Env(&'a str),
    /// Use the agent's store.
    Store,
    /// Prove by the agent's node key who the device is.
    Identity,
}

impl Need<'_> {
    /// The permission's name as a manifest spells it.
    pub fn permission(&self) -> &'static str {
        match self {
            Need::FsRead(_) => "fs.read",
            Need::FsWrite(_) => "fs.write",
            Need::Net(_) => "net",
            Need::Exec(_) => "exec",
            Need::Ffi(_) => "ffi",
            Need::Env(_) => "env",
            Need::Store => "store",
            Need::Identity => "identity",
        }
    }

    /// What it is wanted for.
    pub fn resource(&self) -> String {
        match self {
            Need::FsRead(path) | Need::FsWrite(path) => path.display().to_string(),
            Need::Net(name) | Need::Exec(name) | Need::Ffi(name) | Need::Env(name) => (*name).to_owned(),
            Need::Store | Need::Identity => String::new(),
        }
    }
}

/// A native was called without the permission it needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// The permission's name, such as `fs.read`.
    pub permission: &'static str,
    /// The path, host, program, library or variable.
    pub resource: String,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Refused { permission, resource } = self;
        write!(f, "Permission denied: this script lacks `{permission}`")?;
        if !resource.is_empty() {
            write!(f, " for `{resource}`")?;
        }
        write!(f, "; grant `{permission}` in its manifest")
    }
}

impl std::error::Error for Refused {}

/// The permission manifest of one context.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Permissions {
    /// Folders and files that may be read.
    pub fs_read: Allow,
    /// Folders and files that may be written.
    pub fs_write: Allow,
    /// Hosts that may be reached and addresses that may be listened at, as [`NetPattern`]s.
    pub net: Allow,
    /// Programs that may be started: absolute paths, and names for what has no path (`kill`).
    pub exec: Allow,
    /// Native libraries that may be called.
    pub ffi: Allow,
    /// Environment variables that may be seen.
    pub env: Allow,
    /// Whether the agent's store may be used.
    pub store: bool,
    /// Whether the agent's node key may sign sessions.
    pub identity: bool,
}

impl Permissions {
    /// Everything: what MeshCentral's own cores get.
    pub fn full() -> Self {
        Permissions {
            fs_read: Allow::Everything,
            fs_write: Allow::Everything,
            net: Allow::Everything,
            exec: Allow::Everything,
            ffi: Allow::Everything,
            env: Allow::Everything,
            store: true,
            identity: true,
        }
    }

    /// Nothing but computing.
    pub fn none() -> Self {
        Permissions::default()
    }

    /// What both grant: a core's own manifest under the cap of whoever runs it.
    pub fn intersect(&self, cap: &Permissions) -> Permissions {
        Permissions {
            fs_read: self.fs_read.intersect(&cap.fs_read),
            fs_write: self.fs_write.intersect(&cap.fs_write),
            net: self.net.intersect(&cap.net),
            exec: self.exec.intersect(&cap.exec),
            ffi: self.ffi.intersect(&cap.ffi),
            env: self.env.intersect(&cap.env),
            store: self.store && cap.store,
            identity: self.identity && cap.identity,
        }
    }

    /// Says whether `need` is granted.
    ///
    /// # Errors
    /// [`Refused`] names the missing permission.
    pub fn check(&self, need: Need<'_>) -> Result<(), Refused> {
        let granted = match need {
            Need::FsRead(path) => self.fs_read.path(path),
            Need::FsWrite(path) => self.fs_write.path(path),
            Need::Net(host) => self.net.net(host),
            Need::Exec(program) => self.exec.program(program),
            Need::Ffi(library) => self.ffi.name(library),
            Need::Env(name) => self.env.name(name),
            Need::Store => self.store,
            Need::Identity => self.identity,
        };
        if granted {
            Ok(())
        } else {
            Err(Refused { permission: need.permission(), resource: need.resource() })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listed_folder_covers_what_lies_below_and_nothing_beside() {
        let p = Permissions { fs_read: Allow::only(["/var/lib/agent"]), ..Permissions::none() };
        assert!(p.check(Need::FsRead(Path::new("/var/lib/agent/a/b"))).is_ok());
        assert!(p.check(Need::FsRead(Path::new("/var/lib/agent2"))).is_err());
        assert!(p.check(Need::FsRead(Path::new("/var/lib/agent/../secret"))).is_err());
        assert!(p.check(Need::FsWrite(Path::new("/var/lib/agent/a"))).is_err());
    }

    #[test]
    fn a_grant_of_proc_does_not_cover_the_inside_of_processes() {
        let p = Permissions { fs_read: Allow::only(["/proc"]), ..Permissions::none() };
        assert!(p.check(Need::FsRead(Path::new("/proc/meminfo"))).is_ok());
        assert!(p.check(Need::FsRead(Path::new("/proc/17/status"))).is_ok());
        for inside in [
            "/proc/self/mem",
            "/proc/17/environ",
            "/proc/17/task/18/mem",
            "/proc/17/root/etc",
            "/proc/1/fd/3",
        ] {
            assert!(p.check(Need::FsRead(Path::new(inside))).is_err(), "{inside}");
        }
        let all = Permissions { fs_read: Allow::only(["/"]), ..Permissions::none() };
        assert!(all.check(Need::FsRead(Path::new("/proc/17/environ"))).is_ok());
    }

    #[test]
    fn a_program_is_the_same_behind_a_linked_folder_and_no_other_in_it() {
        let p = Permissions { exec: Allow::only(["/usr/bin/id", "kill"]), ..Permissions::none() };
        assert!(p.check(Need::Exec("/usr/bin/../bin/id")).is_ok());
        assert!(p.check(Need::Exec("kill")).is_ok());
        for other in ["/usr/bin/env", "/tmp/id", "id", "/kill"] {
            assert!(p.check(Need::Exec(other)).is_err(), "{other}");
        }
        if std::fs::read_link("/bin").is_ok() {
            assert!(p.check(Need::Exec("/bin/id")).is_ok());
        }
    }

    #[test]
    fn an_intersection_grants_what_both_grant() {
        let wide = Permissions {
            fs_read: Allow::only(["/var"]),
            net: Allow::only(["*:443"]),
            store: true,
            ..Permissions::none()
        };
        let cap = Permissions {
            fs_read: Allow::only(["/var/log", "/etc"]),
            net: Allow::only(["*.example.com"]),
            env: Allow::Everything,
            ..Permissions::none()
        };
        let both = wide.intersect(&cap);
        assert!(both.check(Need::FsRead(Path::new("/var/log/x"))).is_ok());
        assert!(both.check(Need::FsRead(Path::new("/var/lib"))).is_err());
        assert!(both.check(Need::FsRead(Path::new("/etc/x"))).is_err());
        assert!(both.check(Need::Net("a.example.com:443")).is_ok());
        assert!(both.check(Need::Net("a.example.com:80")).is_err());
        assert!(both.check(Need::Net("other.org:443")).is_err());
        assert!(both.check(Need::Store).is_err() && both.check(Need::Env("HOME")).is_err());
        assert_eq!(wide.intersect(&Permissions::full()), wide);
    }

    #[test]
    fn a_refusal_names_permission_and_resource() {
        let text = Permissions::none().check(Need::Exec("/bin/sh")).unwrap_err().to_string();
        assert_eq!(
            text,
            "Permission denied: this script lacks `exec` for `/bin/sh`; grant `exec` in its manifest"
        );
    }
}
