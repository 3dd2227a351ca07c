//! How a server is started, and why it may not start.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use microstack::tls::TlsError;

use crate::admin::SettingsError;
use crate::certs::{FolderError, OuterError, OuterSource, WebFiles};
use crate::data::DataError;
use crate::relay::recording::Limits;

/// What `meshlite-server run` was told.
#[derive(Debug, Clone)]
pub struct RunOptions {
    /// The data directory.
    pub data_dir: PathBuf,
    /// Where agents and users connect; port 0 lets the system choose.
    pub listen: SocketAddr,
    /// Where plain HTTP is answered with the HTTPS address.
    pub redirect: Option<SocketAddr>,
    /// Instead of the name given to `init`.
    pub name: Option<String>,
    /// Instead of the web certificate given to `init`.
    pub web: Option<WebFiles>,
    /// Chains, one per thread; by default one per core.
    pub workers: Option<usize>,
    /// Serve plain HTTP behind a TLS terminator whose certificate is found there.
    pub outer: Option<OuterSource>,
    /// Port under which clients reach the terminator, if it is not the listening one.
    pub public_port: Option<u16>,
    /// The folder of the agents' programs; by default `agents` in the data directory.
    pub agents: Option<PathBuf>,
    /// Send wake packets from this machine too, not only from devices.
    pub wake_lan: bool,
    /// Where sessions are recorded, if they are.
    pub recordings: Option<Limits>,
    /// Addresses of terminators on other machines whose `X-Forwarded-For` is believed.
    pub proxies: Vec<IpAddr>,
}

/// Why a server does not start.
#[non_exhaustive]
#[derive(Debug)]
pub enum ServerError {
    /// There is no data directory, or its settings are broken.
    Settings(SettingsError),
    /// The store.
    Data(DataError),
    /// The certificates.
    Certs(FolderError),
    /// The outer certificate.
    Outer(OuterError),
    /// The web certificate cannot be served.
    Tls(TlsError),
    /// A listener.
    Listen(SocketAddr, std::io::Error),
    /// A thread, a pipe, a socket of our own.
    System(&'static str, std::io::Error),
    /// A certificate cannot be read.
    Certificate(String),
}

impl fmt::Display for ServerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ServerError::Settings(error) => error.fmt(f),
            ServerError::Data(error) => error.fmt(f),
            ServerError::Certs(error) => error.fmt(f),
            ServerError::Outer(error) => error.fmt(f),
            ServerError::Tls(error) => error.fmt(f),
            ServerError::Listen(at, error) if error.kind() == std::io::ErrorKind::AddrInUse => {
                write!(f, "{at} is in use by another program; stop it or choose another --listen")
            }
            ServerError::Listen(at, error) if error.kind() == std::io::ErrorKind::PermissionDenied => {
                write!(
                    f,
                    "{at} may not be used without privileges; choose a port from 1024 up, or grant CAP_NET_BIND_SERVICE"
                )
            }
            ServerError::Listen(at, error) => write!(f, "cannot listen on {at}: {error}"),
            ServerError::System(what, error) => write!(f, "{what}: {error}"),
            ServerError::Certificate(why) => f.write_str(why),
        }
    }
}

impl std::error::Error for ServerError {}

macro_rules! from {
    ($($variant:ident($error:ty)),*) => {$(
        impl From<$error> for ServerError {
            fn from(error: $error) -> ServerError {
                ServerError::$variant(error)
            }
        }
    )*};
}
from!(Settings(SettingsError), Data(DataError), Certs(FolderError), Outer(OuterError), Tls(TlsError));
