//! What the server knows: users, groups, devices and events, and how their names look in messages.
//!
//! Values only. Where they are kept is the business of [`crate::data`], who may touch them of [`rights`].

mod device;
mod event;
mod group;
mod names;
pub mod rights;
pub mod text;
pub mod time;
mod user;

pub use device::{CONSENT, CoreChoice, Device, DeviceEdit, Features};
pub use event::Event;
pub use group::{Group, GroupEdit, Membership};
pub use names::{mesh_text, node_text, parse_mesh, parse_node, user_id};
pub use user::{LoginToken, User, UserNameError, check_user_name};
