//! What the tool remembers: the login, and the identities of servers.
//!
//! Two files in the configuration folder. `login.json` (mode 0600) holds the login and goes with `logout`;
//! `known-servers.json` holds the identity of each server that was logged in to, and stays, so that logging in
//! again cannot be turned to another server.

use std::collections::BTreeMap;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use microstack::store::secret_file::{SecretFileError, read_secret, write_secret};
use microstack::wire::ServerUrl;
use microstack::wire::id::ServerId;
use serde::{Deserialize, Serialize};

use super::error::OperatorError;

/// The configuration folder.
#[derive(Debug, Clone)]
pub struct Folder {
    path: PathBuf,
}

/// A login, as kept between calls.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Login {
    /// `wss://host:port/control.ashx`.
    pub url: String,
    /// 96 or 64 hexadecimal digits.
    pub server_id: String,
    /// The account, as the server calls it.
    pub user: String,
    /// What is sent as user name: the token's name, or the account's.
    pub name: String,
    /// What is sent as password.
    pub secret: String,
    /// The secret is a token that `logout` ends, and not the account's password.
    pub is_token: bool,
}

impl std::fmt::Debug for Login {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Login {{ url: {:?}, user: {:?}, secret: … }}", self.url, self.user)
    }
}

impl Login {
    /// The server's address and identity, read back.
    ///
    /// # Errors
    /// When somebody edited the file.
    pub fn server(&self) -> Result<(ServerUrl, ServerId), OperatorError> {
        let broken =
            |what: String| OperatorError::Failed(format!("the login file is damaged ({what}); log in again"));
        let url = ServerUrl::parse(&self.url).map_err(|error| broken(error.to_string()))?;
        let id = ServerId::from_hex(&self.server_id).map_err(|error| broken(error.to_string()))?;
        Ok((url, id))
    }
}

impl Folder {
    /// The folder given on the command line, else in `MESHLITE_CONFIG`, else the user's own.
    ///
    /// # Errors
    /// [`OperatorError::Usage`] when none of them is known.
    pub fn choose(
        given: Option<&Path>,
        env: impl Fn(&str) -> Option<PathBuf>,
    ) -> Result<Folder, OperatorError> {
        let set = |name: &str| env(name).filter(|path| !path.as_os_str().is_empty());
        let path = given
            .map(Path::to_owned)
            .or_else(|| set("MESHLITE_CONFIG"))
            .or_else(|| set("XDG_CONFIG_HOME").map(|path| path.join("meshlite")))
            .or_else(|| set("HOME").map(|path| path.join(".config/meshlite")))
            .ok_or_else(|| {
                OperatorError::Usage(
                    "neither HOME nor MESHLITE_CONFIG is set; say where with --config DIR".into(),
                )
            })?;
        Ok(Folder { path })
    }

    /// The login.
    ///
    /// # Errors
    /// [`OperatorError::NotLoggedIn`], or what is wrong with the file.
    pub fn login(&self) -> Result<Login, OperatorError> {
        match self.read(LOGIN)? {
            Some(login) => Ok(login),
            None => Err(OperatorError::NotLoggedIn { folder: self.path.clone() }),
        }
    }

    /// Keeps a login in place of the one before.
    ///
    /// # Errors
    /// When the folder or the file cannot be written.
    pub fn keep_login(&self, login: &Login) -> Result<(), OperatorError> {
        self.write(LOGIN, login)
    }

    /// Forgets the login. It is no error when there is none.
    ///
    /// # Errors
    /// When the file cannot be removed.
    pub fn forget_login(&self) -> Result<(), OperatorError> {
        let path = self.path.join(LOGIN);
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(OperatorError::File { what: "remove", path, error })
            }
            _ => Ok(()),
        }
    }

    /// The identity that a server proved when it was first logged in to.
    ///
    /// # Errors
    /// When the file is damaged: an identity is never forgotten silently.
    pub fn known_server(&self, url: &ServerUrl) -> Result<Option<ServerId>, OperatorError> {
        let known: BTreeMap<String, String> = self.read(KNOWN)?.unwrap_or_default();
        known.get(&place(url)).map(|hex| ServerId::from_hex(hex)).transpose().map_err(|error| {
            let path = self.path.join(KNOWN);
            OperatorError::Failed(format!("{} is damaged ({error}); correct or remove it", path.display()))
        })
    }

    /// Keeps a server's identity.
    ///
    /// # Errors
    /// When the folder or the file cannot be read or written.
    pub fn keep_server(&self, url: &ServerUrl, id: &ServerId) -> Result<(), OperatorError> {
        let mut known: BTreeMap<String, String> = self.read(KNOWN)?.unwrap_or_default();
        known.insert(place(url), id.to_hex());
        self.write(KNOWN, &known)
    }

    fn read<T: for<'a> Deserialize<'a>>(&self, name: &str) -> Result<Option<T>, OperatorError> {
        let path = self.path.join(name);
        let bytes = match read_secret(&path) {
            Ok(bytes) => bytes,
            Err(SecretFileError::Missing(_)) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        serde_json::from_slice(&bytes).map(Some).map_err(|error| {
            OperatorError::Failed(format!("{} is damaged ({error}); correct or remove it", path.display()))
        })
    }

    fn write(&self, name: &str, value: &impl Serialize) -> Result<(), OperatorError> {
        let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&self.path);
        made.map_err(|error| OperatorError::File { what: "make", path: self.path.clone(), error })?;
        let bytes =
            serde_json::to_vec_pretty(value).map_err(|error| OperatorError::Failed(error.to_string()))?;
        Ok(write_secret(self.path.join(name), &bytes)?)
    }
}

/// One server is one host and port: the path is only a way in.
fn place(url: &ServerUrl) -> String {
    format!("{}:{}", url.host, url.port)
}

const LOGIN: &str = "login.json";
const KNOWN: &str = "known-servers.json";

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn folder() -> (tempfile::TempDir, Folder) {
        let temp = tempfile::tempdir().unwrap();
        let folder = Folder { path: temp.path().join("a/b") };
        (temp, folder)
    }

    fn login() -> Login {
        Login {
            url: "wss://mesh.example:4433/control.ashx".into(),
            server_id: "AB".repeat(48),
            user: "admin".into(),
            name: "~t:1".into(),
            secret: "hush".into(),
            is_token: true,
        }
    }

    #[test]
    fn a_login_is_kept_for_its_owner_alone() {
        let (_temp, folder) = folder();
        assert!(matches!(folder.login(), Err(OperatorError::NotLoggedIn { .. })));
        folder.keep_login(&login()).unwrap();
        assert_eq!(folder.login().unwrap(), login());
        let file = folder.path.join(LOGIN);
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
        assert!(matches!(folder.login(), Err(OperatorError::Secret(SecretFileError::TooOpen { .. }))));
        folder.forget_login().unwrap();
        folder.forget_login().unwrap();
        assert!(matches!(folder.login(), Err(OperatorError::NotLoggedIn { .. })));
    }

    #[test]
    fn a_server_stays_known_after_logout() {
        let (_temp, folder) = folder();
        let (url, id) = login().server().unwrap();
        assert_eq!(folder.known_server(&url).unwrap(), None);
        folder.keep_server(&url, &id).unwrap();
        folder.keep_login(&login()).unwrap();
        folder.forget_login().unwrap();
        let other_path = ServerUrl::parse("wss://mesh.example:4433/domain/control.ashx").unwrap();
        assert_eq!(folder.known_server(&other_path).unwrap(), Some(id));
        let other_port = ServerUrl::parse("wss://mesh.example/control.ashx").unwrap();
        assert_eq!(folder.known_server(&other_port).unwrap(), None);
    }

    #[test]
    fn a_damaged_file_is_no_reason_to_trust_anybody() {
        let (_temp, folder) = folder();
        let (url, id) = login().server().unwrap();
        folder.keep_server(&url, &id).unwrap();
        for damage in ["{", r#"{"mesh.example:4433":"12"}"#] {
            write_secret(folder.path.join(KNOWN), damage.as_bytes()).unwrap();
            assert!(folder.known_server(&url).is_err(), "{damage}");
        }
    }

    #[test]
    fn the_folder_comes_from_the_nearest_place_that_names_one() {
        let chosen = |given: Option<&str>, env: &[(&str, &str)]| {
            let look =
                |name: &str| env.iter().find(|(key, _)| *key == name).map(|(_, value)| PathBuf::from(value));
            Folder::choose(given.map(Path::new), look).map(|folder| folder.path)
        };
        let all = [("MESHLITE_CONFIG", "/m"), ("XDG_CONFIG_HOME", "/x"), ("HOME", "/h")];
        assert_eq!(chosen(Some("/given"), &all).unwrap(), Path::new("/given"));
        assert_eq!(chosen(None, &all).unwrap(), Path::new("/m"));
        assert_eq!(chosen(None, &all[1..]).unwrap(), Path::new("/x/meshlite"));
        assert_eq!(chosen(None, &all[2..]).unwrap(), Path::new("/h/.config/meshlite"));
        assert_eq!(
            chosen(None, &[("MESHLITE_CONFIG", ""), ("HOME", "/h")]).unwrap(),
            Path::new("/h/.config/meshlite")
        );
        assert!(matches!(chosen(None, &[]), Err(OperatorError::Usage(_))));
    }

    #[test]
    fn a_login_does_not_show_its_secret() {
        assert!(!format!("{:?}", login()).contains("hush"));
    }
}
