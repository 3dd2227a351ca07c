//! The folder `certs` of a data directory. Keys are mode 0600; a key that others may read is refused.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use microstack::crypto::{ServerCertError, ServerCerts};
use microstack::store::secret_file::{SecretFileError, read_secret, write_secret};
use serde::{Deserialize, Serialize};

/// A web certificate of the operator's own, instead of the one made by `init`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WebFiles {
    /// PEM, leaf first.
    pub cert: PathBuf,
    /// PEM, mode 0600.
    pub key: PathBuf,
}

/// Where the certificates are.
#[derive(Debug, Clone)]
pub struct CertFolder {
    dir: PathBuf,
    web: Option<WebFiles>,
}

/// Why certificates could not be read or written.
#[non_exhaustive]
#[derive(Debug)]
pub enum FolderError {
    /// A file that is secret.
    Secret(SecretFileError),
    /// Another file; says which.
    File(PathBuf, std::io::Error),
    /// What is in them.
    Certs(ServerCertError),
}

impl CertFolder {
    /// The folder of a data directory, with the web certificate from elsewhere if wanted.
    pub fn new(data_dir: &Path, web: Option<WebFiles>) -> CertFolder {
        CertFolder { dir: data_dir.join("certs"), web }
    }

    /// True when `init` was run here.
    pub fn exists(&self) -> bool {
        self.dir.join("agentserver-cert-private.key").exists()
    }

    /// Writes new certificates.
    ///
    /// # Errors
    /// [`FolderError`] names the file.
    pub fn save(&self, certs: &ServerCerts) -> Result<(), FolderError> {
        fs::create_dir_all(&self.dir).map_err(|error| FolderError::File(self.dir.clone(), error))?;
        for file in certs.to_files().map_err(FolderError::Certs)? {
            let path = self.dir.join(file.name);
            if file.secret {
                write_secret(&path, file.pem.as_bytes()).map_err(FolderError::Secret)?;
            } else {
                fs::write(&path, &file.pem).map_err(|error| FolderError::File(path, error))?;
            }
        }
        Ok(())
    }

    /// Reads them; the web certificate comes from the operator's files if there are any.
    ///
    /// # Errors
    /// [`FolderError`] names the file and says what is wrong with it.
    pub fn load(&self) -> Result<ServerCerts, FolderError> {
        let mut trouble = None;
        let loaded = ServerCerts::from_files(|name| {
            let path = self.path_of(name);
            let text = if name.ends_with(".key") {
                read_secret(&path).map_err(FolderError::Secret)
            } else {
                fs::read(&path).map_err(|error| FolderError::File(path.clone(), error))
            };
            match text {
                Ok(bytes) => Some(String::from_utf8_lossy(&bytes).into_owned()),
                Err(error) => {
                    // Missing files are reported by name below; everything else is told as it is.
                    trouble.get_or_insert(error);
                    None
                }
            }
        });
        match (loaded, trouble) {
            (Ok(certs), _) => Ok(certs),
            (Err(ServerCertError::Missing(_)), Some(error)) => Err(error),
            (Err(error), _) => Err(FolderError::Certs(error)),
        }
    }

    fn path_of(&self, name: &str) -> PathBuf {
        match (&self.web, name) {
            (Some(web), "webserver-cert-public.crt") => web.cert.clone(),
            (Some(web), "webserver-cert-private.key") => web.key.clone(),
            _ => self.dir.join(name),
        }
    }
}

impl fmt::Display for FolderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FolderError::Secret(error) => error.fmt(f),
            FolderError::File(path, error) if error.kind() == std::io::ErrorKind::NotFound => {
                write!(
                    f,
                    "{} does not exist; run `meshlite-server init`, or correct the path",
                    path.display()
                )
            }
            FolderError::File(path, error) => write!(f, "{}: {error}", path.display()),
            FolderError::Certs(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for FolderError {}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn certificates_come_back_and_keys_are_secret() {
        let dir = tempfile::tempdir().unwrap();
        let folder = CertFolder::new(dir.path(), None);
        assert!(!folder.exists());
        let certs = ServerCerts::create("192.0.2.1", true).unwrap();
        folder.save(&certs).unwrap();
        assert!(folder.exists());
        assert_eq!(folder.load().unwrap().server_id(), certs.server_id());
        let keys = fs::read_dir(dir.path().join("certs")).unwrap().map(Result::unwrap);
        let keys: Vec<_> = keys.filter(|file| file.file_name().to_string_lossy().ends_with(".key")).collect();
        assert_eq!(keys.len(), 4);
        for key in &keys {
            assert_eq!(key.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        }
        fs::set_permissions(keys[0].path(), fs::Permissions::from_mode(0o644)).unwrap();
        let text = folder.load().unwrap_err().to_string();
        assert!(text.contains("chmod") || text.contains("600"), "{text}");
    }

    #[test]
    fn the_operators_own_web_certificate_is_used() {
        let (dir, own) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let (first, second) = (
            ServerCerts::create("a.example", true).unwrap(),
            ServerCerts::create("b.example", true).unwrap(),
        );
        CertFolder::new(dir.path(), None).save(&first).unwrap();
        CertFolder::new(own.path(), None).save(&second).unwrap();
        let web = WebFiles {
            cert: own.path().join("certs/webserver-cert-public.crt"),
            key: own.path().join("certs/webserver-cert-private.key"),
        };
        let loaded = CertFolder::new(dir.path(), Some(web.clone())).load().unwrap();
        assert_eq!(loaded.web.leaf(), second.web.leaf());
        assert_eq!(loaded.server_id(), first.server_id());
        let missing = WebFiles { cert: own.path().join("nowhere.pem"), ..web };
        let text = CertFolder::new(dir.path(), Some(missing)).load().unwrap_err().to_string();
        assert!(text.contains("nowhere.pem"), "{text}");
    }
}
