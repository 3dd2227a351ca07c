//! The REST interface under `/api/v1`: for scripts with an API token, and for the console's account pages.
//!
//! [`routes::API`] lists every address with its method, who may call it, what it takes and gives. Requests are
//! checked against that table before a handler sees them, the OpenAPI description is made from it, and a test walks
//! over it. Handlers decide nothing about rights: they ask [`crate::users::decide`], as the user channel does.

mod account;
mod answer;
mod audit;
mod call;
mod command;
mod devices;
mod groups;
mod metrics;
mod openapi;
pub mod routes;
mod second;
mod session;
pub mod shapes;
mod tokens;
mod users;

pub use call::{Begun, Call, Place, ToCall, begin};
