//! What the server knows: users, groups, devices and events, and how their names look in messages.
//!
//! Values only. Where they are kept is the business of [`crate::data`], who may touch them of [`rights`].

mod audit;
mod device;
mod event;
mod group;
mod json;
mod names;
pub mod rights;
mod scope;
mod second_factor;
pub mod text;
pub mod time;
mod user;
mod user_group;
mod via;
mod web_session;

pub use audit::Audit;
pub use device::{CONSENT, CoreChoice, Device, DeviceEdit, Features};
pub use event::Event;
pub use group::{Group, GroupEdit, Membership};
pub use json::parse_bounded;
pub use names::{mesh_text, node_text, parse_mesh, parse_node, user_id};
pub use scope::{Scope, Scopes};
pub use second_factor::SecondFactor;
pub use user::{LoginToken, SecondEdit, User, UserEdit, UserNameError, check_user_name};
pub use user_group::UserGroup;
pub use via::{Limit, Via};
pub use web_session::WebSession;
