//! Files that hold secrets: private keys, tokens.
//!
//! Written so that after a power cut there is either the old content or the new, and read only while nobody else
//! may read them.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::{fmt, io};

/// Why a secret file could not be used.
#[non_exhaustive]
#[derive(Debug)]
pub enum SecretFileError {
    /// There is no such file.
    Missing(PathBuf),
    /// Others than the owner may read or change the file.
    TooOpen {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The file is larger than any secret we keep.
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Its size in bytes.
        bytes: u64,
    },
    /// The path is not a regular file.
    NotAFile(PathBuf),
    /// The file system refused.
    Io {
        /// What was attempted.
        what: &'static str,
        /// Which file.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
}

/// Largest secret file in bytes.
pub const MAX_SECRET_BYTES: u64 = 1024 * 1024;

/// Writes a secret file with mode 0600: new file beside it, fsync, rename, fsync of the directory.
///
/// When this returns, the content survives a power cut. The directory must exist. One writer at a time.
pub fn write_secret(path: impl AsRef<Path>, content: &[u8]) -> Result<(), SecretFileError> {
    let path = path.as_ref();
    let failed = |what| move |error| SecretFileError::Io { what, path: path.to_owned(), error };
    let parent = match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    let name = path.file_name().ok_or_else(|| SecretFileError::NotAFile(path.to_owned()))?;
    let mut beside = std::ffi::OsString::from(".");
    beside.push(name);
    beside.push(".new");
    let beside = parent.join(beside);

    // A leftover of an interrupted write, whose mode and owner we do not know.
    match std::fs::remove_file(&beside) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            return Err(failed("remove the leftover of")(error));
        }
        _ => {}
    }
    let written = (|| {
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&beside)?;
        file.write_all(content)?;
        file.sync_all()?;
        std::fs::rename(&beside, path)?;
        File::open(parent)?.sync_all()
    })();
    if written.is_err() {
        // Best effort: the error that matters is the first one.
        let _ = std::fs::remove_file(&beside);
    }
    written.map_err(failed("write"))
}

/// Reads a secret file, and refuses one that others than its owner may read or change.
pub fn read_secret(path: impl AsRef<Path>) -> Result<Vec<u8>, SecretFileError> {
    let path = path.as_ref();
    let failed = |error: io::Error| match error.kind() {
        io::ErrorKind::NotFound => SecretFileError::Missing(path.to_owned()),
        _ => SecretFileError::Io { what: "read", path: path.to_owned(), error },
    };
    let file = File::open(path).map_err(failed)?;
    // Asked of the open file, so that nobody can exchange it in between.
    let about = file.metadata().map_err(failed)?;
    if !about.is_file() {
        return Err(SecretFileError::NotAFile(path.to_owned()));
    }
    if about.mode() & 0o077 != 0 {
        return Err(SecretFileError::TooOpen { path: path.to_owned(), mode: about.mode() & 0o7777 });
    }
    if about.len() > MAX_SECRET_BYTES {
        return Err(SecretFileError::TooLarge { path: path.to_owned(), bytes: about.len() });
    }
    let mut content = Vec::new();
    file.take(MAX_SECRET_BYTES).read_to_end(&mut content).map_err(failed)?;
    Ok(content)
}

impl fmt::Display for SecretFileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SecretFileError::Missing(path) => write!(f, "{} does not exist", path.display()),
            SecretFileError::TooOpen { path, mode } => write!(
                f,
                "{} holds a secret but has mode {mode:04o}, so others may read it; run: chmod 600 {}",
                path.display(),
                path.display()
            ),
            SecretFileError::TooLarge { path, bytes } => write!(
                f,
                "{} has {bytes} bytes, more than any secret file of ours; check the path",
                path.display()
            ),
            SecretFileError::NotAFile(path) => write!(f, "{} is not a regular file", path.display()),
            SecretFileError::Io { what, path, error } => {
                write!(f, "cannot {what} {}: {error}; check owner and free space", path.display())
            }
        }
    }
}

impl std::error::Error for SecretFileError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            SecretFileError::Io { error, .. } => Some(error),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_secret_is_for_its_owner_only() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("identity");
        assert!(matches!(read_secret(&path), Err(SecretFileError::Missing(_))));
        write_secret(&path, b"first").unwrap();
        write_secret(&path, b"second").unwrap();
        assert_eq!(read_secret(&path).unwrap(), b"second");
        assert_eq!(std::fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
        let names: Vec<_> = std::fs::read_dir(dir.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
        assert_eq!(names, ["identity"], "no leftover");

        for mode in [0o640, 0o604, 0o620, 0o601] {
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            let error = read_secret(&path).unwrap_err();
            assert!(error.to_string().contains("chmod 600"), "{error}");
        }
    }

    #[test]
    fn a_leftover_of_an_interrupted_write_is_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("key");
        let leftover = dir.path().join(".key.new");
        std::fs::write(&leftover, b"half").unwrap();
        std::fs::set_permissions(&leftover, std::fs::Permissions::from_mode(0o644)).unwrap();
        write_secret(&path, b"whole").unwrap();
        assert_eq!(read_secret(&path).unwrap(), b"whole");
        assert!(!leftover.exists());
    }

    #[test]
    fn what_is_no_secret_file_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        assert!(matches!(read_secret(dir.path()), Err(SecretFileError::NotAFile(_))));
        assert!(matches!(
            write_secret(dir.path().join("no/such/dir"), b"x"),
            Err(SecretFileError::Io { .. })
        ));
        let large = dir.path().join("large");
        write_secret(&large, &vec![0; MAX_SECRET_BYTES as usize + 1]).unwrap();
        assert!(matches!(read_secret(&large), Err(SecretFileError::TooLarge { .. })));
    }
}
