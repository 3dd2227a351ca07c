//! Where a file is: on this machine or on a device.

use std::path::PathBuf;

use crate::operator::error::OperatorError;

/// A place on a device, as people write it: `ID:PATH`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemotePlace {
    /// The device: id, beginning of it, or name.
    pub id: String,
    /// Absolute, with `/` between names.
    pub path: String,
}

impl RemotePlace {
    /// Reads `ID:PATH`. Paths begin at the root; a leading `/` may be left out.
    ///
    /// # Errors
    /// [`OperatorError::Usage`] when there is no colon, or a path that goes up.
    pub fn parse(text: &str) -> Result<RemotePlace, OperatorError> {
        let Some((id, path)) = text.split_once(':') else {
            return Err(OperatorError::Usage(format!("{text:?} is no place on a device; write ID:/PATH")));
        };
        if id.is_empty() || path.contains('\0') {
            return Err(OperatorError::Usage(format!("{text:?} is no place on a device; write ID:/PATH")));
        }
        let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
        Ok(RemotePlace { id: id.to_owned(), path })
    }

    /// The folder and the name in it; the root has no name.
    pub fn split(&self) -> (&str, &str) {
        split(&self.path)
    }
}

/// A path's folder and name. A `/` at the end does not count.
pub fn split(path: &str) -> (&str, &str) {
    let path = path.trim_end_matches('/');
    match path.rsplit_once('/') {
        Some(("", name)) => ("/", name),
        Some((folder, name)) => (folder, name),
        None => ("/", path),
    }
}

/// A name below a folder.
pub fn below(folder: &str, name: &str) -> String {
    format!("{}/{name}", folder.trim_end_matches('/'))
}

/// A name that a device lists, if it can be a file's name here: a hostile device could write outside of the folder
/// otherwise.
pub fn safe_name(name: &str) -> Option<&str> {
    let bad = name.is_empty() || name == "." || name == ".." || name.contains(['/', '\0']);
    (!bad).then_some(name)
}

/// Where a file from a device is put.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LocalPlace {
    /// Standard output.
    Stdout,
    /// In this folder, under its own name.
    Into(PathBuf),
    /// Under this name.
    As(PathBuf),
}

impl LocalPlace {
    /// `-`, an existing folder or one meant by a `/` at the end, or a name.
    pub fn parse(text: &str) -> LocalPlace {
        let path = PathBuf::from(text);
        match text {
            "-" => LocalPlace::Stdout,
            _ if text.ends_with('/') || path.is_dir() => LocalPlace::Into(path),
            _ => LocalPlace::As(path),
        }
    }
}

/// What an unfinished file is called: it never stands under its final name.
pub const PART: &str = ".meshlite-part";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_on_a_device_has_a_colon() {
        let place = RemotePlace::parse("desk:/var/log/a:b").unwrap();
        assert_eq!((place.id.as_str(), place.path.as_str()), ("desk", "/var/log/a:b"));
        assert_eq!(place.split(), ("/var/log", "a:b"));
        assert_eq!(RemotePlace::parse("desk:tmp/").unwrap().split(), ("/", "tmp"));
        assert_eq!(RemotePlace::parse("desk:").unwrap().split(), ("/", ""));
        assert!(RemotePlace::parse("desk").is_err() && RemotePlace::parse(":/x").is_err());
    }

    #[test]
    fn names_of_a_device_stay_in_their_folder() {
        for bad in ["", ".", "..", "../x", "a/b", "/etc", "a\0"] {
            assert!(safe_name(bad).is_none(), "{bad:?}");
        }
        assert_eq!(safe_name("..a"), Some("..a"));
        assert_eq!(below("/", "x"), "/x");
        assert_eq!(below("/a/", "x"), "/a/x");
    }
}
