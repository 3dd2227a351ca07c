//! The certificate folder, and which outer certificates agents may report.

mod folder;
mod outer;
mod window;

pub use folder::{CertFolder, FolderError, WebFiles};
pub use outer::{OuterCert, OuterError, OuterSource};
pub use window::{AcceptedCert, GRACE, Window};
