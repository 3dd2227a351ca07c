//! Passwords come from a file or from standard input; never from the command line, which every user of the machine
//! can read.

use std::fmt;
use std::io::Read;
use std::path::Path;

/// Why there is no password.
#[non_exhaustive]
#[derive(Debug)]
pub enum PasswordSourceError {
    /// A file or standard input; says which and why.
    Read(String, std::io::Error),
    /// It is empty.
    Empty(String),
    /// It is not text.
    NotText(String),
}

/// Reads a file, or standard input for `-`. The line end at the end does not belong to the password.
///
/// # Errors
/// [`PasswordSourceError`].
pub fn read_password_file(path: &Path) -> Result<String, PasswordSourceError> {
    let name = if path == Path::new("-") { "standard input".to_owned() } else { path.display().to_string() };
    let mut bytes = Vec::new();
    let read = if path == Path::new("-") {
        std::io::stdin().take(MAX).read_to_end(&mut bytes)
    } else {
        std::fs::File::open(path).and_then(|file| file.take(MAX).read_to_end(&mut bytes))
    };
    read.map_err(|error| PasswordSourceError::Read(name.clone(), error))?;
    let text = String::from_utf8(bytes).map_err(|_| PasswordSourceError::NotText(name.clone()))?;
    let password =
        text.strip_suffix('\n').map_or(text.as_str(), |line| line.strip_suffix('\r').unwrap_or(line));
    if password.is_empty() { Err(PasswordSourceError::Empty(name)) } else { Ok(password.to_owned()) }
}

const MAX: u64 = 4096;

impl fmt::Display for PasswordSourceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PasswordSourceError::Read(name, error) => {
                write!(f, "the password could not be read from {name}: {error}")
            }
            PasswordSourceError::Empty(name) => write!(f, "the password read from {name} is empty"),
            PasswordSourceError::NotText(name) => {
                write!(f, "the password read from {name} is not UTF-8 text")
            }
        }
    }
}

impl std::error::Error for PasswordSourceError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_end_is_not_part_of_the_password() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("pw");
        for (content, password) in
            [("secret\n", "secret"), ("se cret\r\n", "se cret"), ("a\n\n", "a\n"), ("x", "x")]
        {
            std::fs::write(&path, content).unwrap();
            assert_eq!(read_password_file(&path).unwrap(), password);
        }
        std::fs::write(&path, "\n").unwrap();
        assert!(matches!(read_password_file(&path), Err(PasswordSourceError::Empty(_))));
        std::fs::write(&path, [0xFF]).unwrap();
        assert!(matches!(read_password_file(&path), Err(PasswordSourceError::NotText(_))));
        let text = read_password_file(Path::new("/nowhere/pw")).unwrap_err().to_string();
        assert!(text.contains("/nowhere/pw"));
    }
}
