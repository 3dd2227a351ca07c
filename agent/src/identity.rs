//! The device's identity: read, or made once.
//!
//! It lies in a file of its own (mode 0600) and, as a second copy, in the embedded store. The file counts; whichever
//! copy is missing is written anew from the other.

use std::fmt;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use microstack::crypto::{Identity, IdentityError};
use microstack::store::secret_file::{SecretFileError, read_secret, write_secret};
use microstack::store::{Store, StoreError};
use microstack::wire::NodeId;

/// Size of a new key in bits (agent-channel specification 1).
pub const KEY_BITS: usize = 3072;

/// Why there is no identity.
#[derive(Debug)]
#[non_exhaustive]
pub enum Unidentified {
    /// The file cannot be read or written.
    File(SecretFileError),
    /// The file's content is unusable.
    Content { file: PathBuf, error: IdentityError },
    /// The store cannot be used.
    Store(StoreError),
    /// File and store hold two different devices.
    TwoDevices { file: PathBuf, in_file: NodeId, in_store: NodeId },
}

/// Reads the identity, or makes one. `store` is `None` when another process may have it open.
///
/// # Errors
/// [`Unidentified`] says what to do; nothing is ever overwritten then.
pub fn load_or_make(file: &Path, store: Option<&dyn Store>) -> Result<(Identity, Origin), Unidentified> {
    let from_store = match store {
        Some(store) => store.get(TABLE, KEY).map_err(Unidentified::Store)?,
        None => None,
    };
    let (identity, origin) = match read(file)? {
        Some(identity) => (identity, Origin::File),
        None => match from_store.as_deref().map(Identity::from_store_bytes) {
            Some(Ok(identity)) => {
                write_secret(file, &identity.to_store_bytes()).map_err(Unidentified::File)?;
                tracing::warn!(file = %file.display(), "the identity file was missing; written again from the store");
                (identity, Origin::Store)
            }
            Some(Err(error)) => return Err(Unidentified::Content { file: file.to_owned(), error }),
            None => {
                let identity =
                    make().map_err(|error| Unidentified::Content { file: file.to_owned(), error })?;
                write_secret(file, &identity.to_store_bytes()).map_err(Unidentified::File)?;
                (identity, Origin::Made)
            }
        },
    };
    if let Some(store) = store {
        let bytes = identity.to_store_bytes();
        match from_store.as_deref() {
            Some(stored) if stored == bytes => {}
            Some(stored) => {
                let other = Identity::from_store_bytes(stored).ok().map(|other| other.node_id());
                if let Some(in_store) = other.filter(|other| *other != identity.node_id()) {
                    let in_file = identity.node_id();
                    return Err(Unidentified::TwoDevices { file: file.to_owned(), in_file, in_store });
                }
                save(store, &bytes)?;
            }
            None => save(store, &bytes)?,
        }
    }
    Ok((identity, origin))
}

/// Reads the identity file; `None` when there is none.
///
/// # Errors
/// As [`load_or_make`].
pub fn read(file: &Path) -> Result<Option<Identity>, Unidentified> {
    match read_secret(file) {
        Ok(bytes) => Identity::from_store_bytes(&bytes)
            .map(Some)
            .map_err(|error| Unidentified::Content { file: file.to_owned(), error }),
        Err(SecretFileError::Missing(_)) => Ok(None),
        Err(error) => Err(Unidentified::File(error)),
    }
}

/// Where an identity came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// It was in its file.
    File,
    /// It was in the store only.
    Store,
    /// It is new.
    Made,
}

fn save(store: &dyn Store, bytes: &[u8]) -> Result<(), Unidentified> {
    store.put(TABLE, KEY, bytes).and_then(|()| store.flush()).map_err(Unidentified::Store)
}

/// Makes a key, telling how it goes: a bar on a terminal, log lines elsewhere. Blocks for seconds.
fn make() -> Result<Identity, IdentityError> {
    let started = Instant::now();
    let terminal = std::io::stderr().is_terminal();
    let spinner = terminal.then(|| {
        let spinner = indicatif::ProgressBar::new_spinner();
        spinner.enable_steady_tick(Duration::from_millis(100));
        spinner
    });
    let say = |step: &'static str| match &spinner {
        Some(spinner) => spinner.set_message(format!("Making this device's identity: {step}")),
        None => tracing::info!("making this device's identity (RSA-{KEY_BITS}): {step}"),
    };
    say("starting; this happens once and takes a few seconds");
    let identity = Identity::new_agent_with(KEY_BITS, SystemTime::now(), &say);
    if let Some(spinner) = spinner {
        spinner.finish_and_clear();
    }
    let identity = identity?;
    tracing::info!(node = %identity.node_id(), ms = started.elapsed().as_millis() as u64, "a new identity was made");
    Ok(identity)
}

impl fmt::Display for Unidentified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unidentified::File(error) => error.fmt(f),
            Unidentified::Content { file, error } => write!(f, "{}: {error}", file.display()),
            Unidentified::Store(error) => error.fmt(f),
            Unidentified::TwoDevices { file, in_file, in_store } => write!(
                f,
                "the identity file {} is of device {in_file}, but the store beside it belongs to device {in_store}; put \
                 the right identity file back, or remove the store directory to go on as the file's device",
                file.display()
            ),
        }
    }
}

impl std::error::Error for Unidentified {}

const TABLE: &str = "identity";
const KEY: &[u8] = b"agent";

#[cfg(test)]
mod tests {
    use super::*;
    use microstack::store::{DiskStore, Options};

    #[test]
    fn an_identity_is_made_once_and_either_copy_restores_the_other() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("identity.key");
        let store = DiskStore::open(dir.path().join("store"), Options::default()).unwrap().store;
        let made = Identity::new_agent(2048).unwrap();
        write_secret(&file, &made.to_store_bytes()).unwrap();

        let (read, origin) = load_or_make(&file, Some(&store)).unwrap();
        assert_eq!((read.node_id(), origin), (made.node_id(), Origin::File));
        std::fs::remove_file(&file).unwrap();
        let (read, origin) = load_or_make(&file, Some(&store)).unwrap();
        assert_eq!((read.node_id(), origin), (made.node_id(), Origin::Store));
        assert!(file.exists());

        // Another device's file beside this store is no silent change of identity.
        let other = Identity::new_agent(2048).unwrap();
        write_secret(&file, &other.to_store_bytes()).unwrap();
        assert!(matches!(load_or_make(&file, Some(&store)), Err(Unidentified::TwoDevices { .. })));

        std::fs::write(&file, b"rubbish").unwrap();
        let error = load_or_make(&file, Some(&store)).unwrap_err().to_string();
        assert!(error.contains("identity.key"), "{error}");
    }
}
