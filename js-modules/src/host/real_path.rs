//! From a script's path to the one that is checked and then used: without links, so that none leads out of a grant.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::io;
use std::path::{Component, Path, PathBuf};

use boa_engine::{Context, JsResult};

use super::native::system_error;
use super::shared::HostShared;
use super::{Allow, Need};

/// What a call does with a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PathUse {
    /// Reads what the path leads to.
    Read,
    /// Changes what the path leads to.
    Write,
    /// Reads the entry itself, a link included.
    ReadEntry,
    /// Changes or removes the entry itself, a link included.
    WriteEntry,
}

impl PathUse {
    fn writes(self) -> bool {
        matches!(self, PathUse::Write | PathUse::WriteEntry)
    }

    fn follows(self) -> bool {
        matches!(self, PathUse::Read | PathUse::Write)
    }
}

/// Links on one way; the kernel's own bound.
const MAX_LINKS: usize = 40;

impl HostShared {
    /// The path to use for `path`, an absolute one, once the script may do so with it.
    ///
    /// Where the manifest lists folders, this is the path with all links resolved, `/proc/self/fd` and its like
    /// included: what is checked is what is used. Between check and use somebody else can still put a link there, so a
    /// manifest should not grant a folder that others may write to.
    ///
    /// # Errors
    /// `ERR_ACCESS_DENIED`, or `ELOOP` for links that lead in a circle.
    pub fn allowed_path(&self, path: &Path, how: PathUse, ctx: &mut Context) -> JsResult<PathBuf> {
        let permissions = self.permissions();
        let granted = if how.writes() { &permissions.fs_write } else { &permissions.fs_read };
        if *granted == Allow::Everything || path.as_os_str().is_empty() {
            return Ok(path.to_owned());
        }
        let real = without_links(path, how.follows())
            .map_err(|error| system_error(&error, "realpath", Some(&path.to_string_lossy()), ctx))?;
        let need = if how.writes() { Need::FsWrite(&real) } else { Need::FsRead(&real) };
        self.require_permission(need, ctx)?;
        Ok(real)
    }
}

/// Resolves links, `.` and `..` one part at a time; what does not exist stays as text, below what does.
fn without_links(path: &Path, follow_last: bool) -> io::Result<PathBuf> {
    let mut left: VecDeque<OsString> = parts(path);
    let mut out = PathBuf::from("/");
    let mut links = 0;
    while let Some(part) = left.pop_front() {
        if part == ".." {
            out.pop();
            continue;
        }
        let entry = out.join(&part);
        let target = if left.is_empty() && !follow_last { None } else { std::fs::read_link(&entry).ok() };
        let Some(target) = target else {
            out = entry;
            continue;
        };
        links += 1;
        if links > MAX_LINKS {
            return Err(io::Error::from_raw_os_error(libc::ELOOP));
        }
        if target.is_absolute() {
            out = PathBuf::from("/");
        }
        for part in parts(&target).into_iter().rev() {
            left.push_front(part);
        }
    }
    Ok(out)
}

fn parts(path: &Path) -> VecDeque<OsString> {
    path.components()
        .filter_map(|part| match part {
            Component::Normal(name) => Some(name.to_owned()),
            Component::ParentDir => Some(OsString::from("..")),
            _ => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_resolved_also_when_they_dangle_and_behind_what_is_missing() {
        let dir = std::env::temp_dir().join(format!("meshlite-paths-{}", std::process::id()));
        std::fs::create_dir_all(dir.join("real")).unwrap();
        let dir = dir.canonicalize().unwrap();
        for (target, name) in
            [("real", "way"), ("/nowhere/else", "dangling"), ("circle", "circle"), ("..", "up")]
        {
            let _ = std::fs::remove_file(dir.join(name));
            std::os::unix::fs::symlink(target, dir.join(name)).unwrap();
        }
        let above = dir.parent().unwrap().to_owned();
        for (path, follow, wanted) in [
            ("way/new/file", true, dir.join("real/new/file")),
            ("dangling", true, "/nowhere/else".into()),
            ("dangling", false, dir.join("dangling")),
            ("way", false, dir.join("way")),
            ("way/", true, dir.join("real")),
            ("missing/../way/x", true, dir.join("real/x")),
            ("up/x", true, above.join("x")),
            ("way/../x", true, dir.join("x")),
        ] {
            assert_eq!(without_links(&dir.join(path), follow).unwrap(), wanted, "{path}");
        }
        assert_eq!(without_links(&dir.join("circle"), true).unwrap_err().raw_os_error(), Some(libc::ELOOP));
        assert_eq!(without_links(Path::new("/proc/self/root/etc/x"), true).unwrap(), Path::new("/etc/x"));
        std::fs::remove_dir_all(&dir).unwrap();
    }
}
