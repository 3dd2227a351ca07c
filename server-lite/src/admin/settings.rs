//! `settings.json` of a data directory: what `init` was told and `run` needs to know again.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::certs::WebFiles;

/// The settings of one server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// Host name or address under which agents and users reach the server.
    pub name: String,
    /// The operator's own web certificate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub web: Option<WebFiles>,
}

/// Why settings could not be read or written.
#[non_exhaustive]
#[derive(Debug)]
pub enum SettingsError {
    /// There are none: `init` was not run.
    Missing(PathBuf),
    /// The file; says what is wrong.
    File(PathBuf, String),
}

impl Settings {
    /// Reads them.
    ///
    /// # Errors
    /// [`SettingsError`] says what to do.
    pub fn load(data_dir: &Path) -> Result<Settings, SettingsError> {
        let path = data_dir.join(FILE);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(SettingsError::Missing(data_dir.to_owned()));
            }
            Err(error) => return Err(SettingsError::File(path, error.to_string())),
        };
        serde_json::from_str(&text).map_err(|error| SettingsError::File(path, error.to_string()))
    }

    /// Writes them.
    ///
    /// # Errors
    /// [`SettingsError::File`].
    pub fn save(&self, data_dir: &Path) -> Result<(), SettingsError> {
        let path = data_dir.join(FILE);
        let failed = |why: String| SettingsError::File(path.clone(), why);
        let mut text = serde_json::to_string_pretty(self).map_err(|error| failed(error.to_string()))?;
        text.push('\n');
        let beside = data_dir.join("settings.json.new");
        fs::write(&beside, text).map_err(|error| failed(error.to_string()))?;
        fs::rename(&beside, &path).map_err(|error| failed(error.to_string()))
    }
}

impl fmt::Display for SettingsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SettingsError::Missing(dir) => write!(
                f,
                "{} is no data directory of a server; run `meshlite-server init --data {} …` first",
                dir.display(),
                dir.display()
            ),
            SettingsError::File(path, why) => write!(f, "{}: {why}", path.display()),
        }
    }
}

impl std::error::Error for SettingsError {}

const FILE: &str = "settings.json";
