//! Where the agent finds its server and group: the `.msh` file.

use std::fmt;
use std::path::{Path, PathBuf};

use microstack::wire::{MeshId, Msh, MshError, ServerId, ServerUrl, trailer};

use crate::state;

/// What a connection needs from the `.msh` file.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The file it came from.
    pub file: PathBuf,
    /// All keys and values.
    pub msh: Msh,
    /// The group this device shall be in.
    pub mesh: MeshId,
    /// Each server with the identity that must answer there; at least one.
    pub servers: Vec<(ServerUrl, ServerId)>,
}

/// Why there are no settings.
#[derive(Debug)]
#[non_exhaustive]
pub enum SettingsError {
    /// No file was named and none is in the usual places.
    None { looked_at: Vec<PathBuf> },
    /// The file cannot be read.
    Read { file: PathBuf, error: std::io::Error },
    /// The file cannot be used.
    Content { file: PathBuf, error: MshError },
    /// The file asks for the server to be found on the local network.
    Local { file: PathBuf },
}

impl Settings {
    /// Reads the named file, or the first that exists of the usual places: beside the program, inside it (as servers put
    /// them into what they hand out), the system's.
    ///
    /// # Errors
    /// [`SettingsError`] says what to do.
    pub fn load(named: Option<&Path>) -> Result<Settings, SettingsError> {
        let file = match named {
            Some(file) => file.to_owned(),
            None => {
                let places = usual_places();
                let found = places.iter().find(|place| place.exists());
                let beside = places.first().filter(|place| place.exists());
                if beside.is_none()
                    && let Some(settings) = Settings::inside_program()
                {
                    return settings;
                }
                match found {
                    Some(place) => place.clone(),
                    None => return Err(SettingsError::None { looked_at: places }),
                }
            }
        };
        match state::read_bounded(&file, Msh::MAX_LEN) {
            Ok(bytes) => Settings::parse(file, &bytes),
            Err(error) => Err(SettingsError::Read { file, error }),
        }
    }

    /// The settings behind the program itself (agent-channel specification 2.2), if there are any.
    fn inside_program() -> Option<Result<Settings, SettingsError>> {
        let file = std::env::current_exe().ok()?;
        let read = std::fs::File::open(&file).and_then(|mut program| trailer::read_msh(&mut program));
        match read {
            Ok(None) => None,
            Ok(Some(bytes)) => Some(Settings::parse(file, &bytes)),
            Err(error) => Some(Err(SettingsError::Read { file, error })),
        }
    }

    /// Reads the content of a file.
    ///
    /// # Errors
    /// As [`Settings::load`].
    pub fn parse(file: PathBuf, bytes: &[u8]) -> Result<Settings, SettingsError> {
        let read = || -> Result<_, MshError> {
            let msh = Msh::parse(bytes)?;
            Ok((msh.mesh_id()?, msh.targets()?, msh))
        };
        match read() {
            Ok((mesh, microstack::wire::msh::Targets::Listed(servers), msh)) => {
                Ok(Settings { file, msh, mesh, servers })
            }
            Ok((_, microstack::wire::msh::Targets::Local(_), _)) => Err(SettingsError::Local { file }),
            Err(error) => Err(SettingsError::Content { file, error }),
        }
    }
}

/// `<program>.msh` beside the program, then the system's place.
fn usual_places() -> Vec<PathBuf> {
    let mut places = Vec::new();
    if let Ok(program) = std::env::current_exe() {
        let mut name = program.into_os_string();
        name.push(".msh");
        places.push(PathBuf::from(name));
    }
    places.push(PathBuf::from("/etc/meshlite/agent.msh"));
    places
}

impl fmt::Display for SettingsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SettingsError::None { looked_at } => {
                f.write_str("there is no .msh file; looked at")?;
                for place in looked_at {
                    write!(f, " {}", place.display())?;
                }
                f.write_str(
                    ". Download it from the server (\"Add agent\", or /meshsettings?id=GROUP) and give it with --msh FILE",
                )
            }
            SettingsError::Read { file, error } => write!(
                f,
                "the .msh file {} cannot be read: {error}; check the path and its permissions",
                file.display()
            ),
            SettingsError::Content { file, error } => write!(f, "{}: {error}", file.display()),
            SettingsError::Local { file } => write!(
                f,
                "{}: MeshServer=local asks for a search on the local network, which this version cannot do; write the \
                 address instead: MeshServer=wss://HOST:PORT/agent.ashx",
                file.display()
            ),
        }
    }
}

impl std::error::Error for SettingsError {}

#[cfg(test)]
mod tests {
    use super::*;

    fn text_of(mesh: &str, server_id: &str, url: &str) -> String {
        format!(
            "\r\nMeshName=x\r\nMeshType=2\r\nMeshID={mesh}\r\nServerID={server_id}\r\nMeshServer={url}\r\n"
        )
    }

    fn error(text: &str) -> String {
        Settings::parse("f.msh".into(), text.as_bytes()).unwrap_err().to_string()
    }

    #[test]
    fn a_servers_file_is_read() {
        let text = text_of(&format!("0x{}", "AB".repeat(48)), &"CD".repeat(48), "wss://h:444/agent.ashx");
        let settings = Settings::parse("f.msh".into(), text.as_bytes()).unwrap();
        assert_eq!(settings.servers.len(), 1);
        assert_eq!(settings.servers[0].0.to_string(), "wss://h:444/agent.ashx");
        assert_eq!(settings.mesh, MeshId([0xAB; 48]));
    }

    #[test]
    fn every_fault_names_the_file_and_the_key() {
        let (mesh, id, url) = (format!("0x{}", "AB".repeat(48)), "CD".repeat(48), "wss://h/agent.ashx");
        for (text, part) in [
            (text_of(&mesh[..40], &id, url), "MeshID"),
            (text_of("AB", &id, url), "MeshID"),
            (text_of(&mesh, &id[..95], url), "ServerID"),
            (text_of(&mesh, &id, "ws://h/agent.ashx"), "ws"),
            (text_of(&mesh, &id, "h"), "MeshServer"),
            (text_of(&mesh, &id, "wss://a/agent.ashx,wss://b/agent.ashx"), "ServerID"),
            (text_of(&mesh, &id, "local"), "local"),
            (String::from("<html>"), "key=value"),
        ] {
            let said = error(&text);
            assert!(said.contains(part) && said.contains("f.msh"), "{part}: {said}");
        }
    }
}
