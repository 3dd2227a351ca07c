//! What the command line does to a server's data, on a stopped server and, by its control socket, on a running one.

mod requests;
mod settings;
mod socket;

pub(crate) use requests::WINDOW;
pub use requests::{AdminError, AdminRequest, Desk, group_settings};
pub use settings::{Settings, SettingsError};
pub use socket::{ControlSocket, SOCKET_NAME, ask_running};
