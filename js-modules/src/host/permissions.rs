//! What a script may touch. Each native states what it needs; a refusal names it.

use std::collections::BTreeSet;
use std::fmt;
use std::path::{Component, Path, PathBuf};

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
}

impl Allow {
    /// Accepts the given names.
    pub fn only<S: Into<String>>(names: impl IntoIterator<Item = S>) -> Self {
        Allow::Only(names.into_iter().map(Into::into).collect())
    }

    fn name(&self, name: &str) -> bool {
        match self {
            Allow::Nothing => false,
            Allow::Everything => true,
            Allow::Only(names) => names.contains(name),
        }
    }

    fn path(&self, path: &Path) -> bool {
        match self {
            Allow::Nothing => false,
            Allow::Everything => true,
            // Compared after `..` is resolved in the text; natives resolve links before they ask.
            Allow::Only(names) => {
                let path = plain(path);
                names.iter().any(|root| path.starts_with(plain(Path::new(root))))
            }
        }
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

/// What a native is about to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Need<'a> {
    /// Read this absolute path.
    FsRead(&'a Path),
    /// Create, change or remove this absolute path.
    FsWrite(&'a Path),
    /// Talk to this host.
    Net(&'a str),
    /// Start this program.
    Exec(&'a str),
    /// Call into this native library.
    Ffi(&'a str),
    /// Read or write this environment variable.
    Env(&'a str),
    /// Use the agent's store.
    Store,
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
        }
    }

    /// What it is wanted for.
    pub fn resource(&self) -> String {
        match self {
            Need::FsRead(path) | Need::FsWrite(path) => path.display().to_string(),
            Need::Net(name) | Need::Exec(name) | Need::Ffi(name) | Need::Env(name) => (*name).to_owned(),
            Need::Store => String::new(),
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
    /// Hosts that may be reached.
    pub net: Allow,
    /// Programs that may be started.
    pub exec: Allow,
    /// Native libraries that may be called.
    pub ffi: Allow,
    /// Environment variables that may be seen.
    pub env: Allow,
    /// Whether the agent's store may be used.
    pub store: bool,
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
        }
    }

    /// Nothing but computing.
    pub fn none() -> Self {
        Permissions::default()
    }

    /// Says whether `need` is granted.
    ///
    /// # Errors
    /// [`Refused`] names the missing permission.
    pub fn check(&self, need: Need<'_>) -> Result<(), Refused> {
        let granted = match need {
            Need::FsRead(path) => self.fs_read.path(path),
            Need::FsWrite(path) => self.fs_write.path(path),
            Need::Net(host) => self.net.name(host),
            Need::Exec(program) => self.exec.name(program),
            Need::Ffi(library) => self.ffi.name(library),
            Need::Env(name) => self.env.name(name),
            Need::Store => self.store,
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
    fn a_refusal_names_permission_and_resource() {
        let text = Permissions::none().check(Need::Exec("/bin/sh")).unwrap_err().to_string();
        assert_eq!(
            text,
            "Permission denied: this script lacks `exec` for `/bin/sh`; grant `exec` in its manifest"
        );
    }
}
