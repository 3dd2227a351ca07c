//! From a script's path to one that was checked.

use std::path::{Path, PathBuf};

use boa_engine::{Context, JsResult, JsValue};

use crate::host::native::{self, ErrorClass, node_error};
use crate::host::{Allow, HostShared, Need};

/// What a call does with a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Use {
    /// Reads what the path leads to.
    Read,
    /// Changes what the path leads to.
    Write,
    /// Reads the entry itself, a link included.
    ReadEntry,
    /// Changes or removes the entry itself, a link included.
    WriteEntry,
}

/// Argument `at` as an absolute path that the script may use so, and as the script gave it.
///
/// Links are resolved before the check; between the check and the use a link can change. A manifest therefore should
/// not grant writing to a folder that others may write to.
pub(super) fn checked(
    args: &[JsValue],
    at: usize,
    how: Use,
    ctx: &mut Context,
) -> JsResult<(PathBuf, String)> {
    let given = native::string_argument(args, at, "path", ctx)?;
    if given.contains('\0') {
        let text = "The argument 'path' must be a string without null bytes";
        return Err(node_error(ErrorClass::Type, "ERR_INVALID_ARG_VALUE", text, ctx));
    }
    let shared = HostShared::of(ctx);
    // As the system has it: the empty path names nothing.
    let full = if given.is_empty() { PathBuf::new() } else { shared.absolute(&given) };
    let permissions = shared.permissions();
    let granted = match how {
        Use::Read | Use::ReadEntry => &permissions.fs_read,
        Use::Write | Use::WriteEntry => &permissions.fs_write,
    };
    if *granted != Allow::Everything {
        let real = match how {
            Use::Read | Use::Write => resolved(&full),
            Use::ReadEntry | Use::WriteEntry => resolved_entry(&full),
        };
        let need = match how {
            Use::Read | Use::ReadEntry => Need::FsRead(&real),
            Use::Write | Use::WriteEntry => Need::FsWrite(&real),
        };
        shared.require_permission(need, ctx)?;
    }
    Ok((full, given))
}

/// The path with all links resolved; what does not exist yet stays as text.
fn resolved(path: &Path) -> PathBuf {
    match path.canonicalize() {
        Ok(real) => real,
        // A dangling link leads somewhere too.
        Err(_) => match std::fs::read_link(path) {
            Ok(target) => {
                let beside = path.parent().unwrap_or(Path::new("/")).join(target);
                resolved_entry(&beside)
            }
            Err(_) => resolved_entry(path),
        },
    }
}

/// The entry with the links on the way to it resolved, not itself.
fn resolved_entry(path: &Path) -> PathBuf {
    let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
        return path.canonicalize().unwrap_or_else(|_| path.to_owned());
    };
    resolved_parent(parent).join(name)
}

fn resolved_parent(path: &Path) -> PathBuf {
    match path.canonicalize() {
        Ok(real) => real,
        Err(_) => match (path.parent(), path.file_name()) {
            (Some(parent), Some(name)) => resolved_parent(parent).join(name),
            _ => path.to_owned(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_resolved_also_when_they_dangle() {
        let dir = std::env::temp_dir().join(format!("meshlite-paths-{}", std::process::id()));
        std::fs::create_dir_all(dir.join("real")).unwrap();
        let dir = dir.canonicalize().unwrap();
        let _ = std::fs::remove_file(dir.join("way"));
        let _ = std::fs::remove_file(dir.join("dangling"));
        std::os::unix::fs::symlink(dir.join("real"), dir.join("way")).unwrap();
        std::os::unix::fs::symlink("/nowhere/else", dir.join("dangling")).unwrap();
        assert_eq!(resolved(&dir.join("way/new/file")), dir.join("real/new/file"));
        assert_eq!(resolved(&dir.join("dangling")), Path::new("/nowhere/else"));
        assert_eq!(resolved_entry(&dir.join("way")), dir.join("way"));
        std::fs::remove_dir_all(&dir).unwrap();
    }
}
