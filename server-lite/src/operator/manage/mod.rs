//! What the server knows, changed: `device`, `group`, `user`, `token`.

mod devices;
mod groups;
mod rights;
mod tokens;
mod users;

pub use devices::device;
pub use groups::group;
pub use tokens::token;
pub use users::user;
