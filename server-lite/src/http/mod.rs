//! HTTP: which addresses exist, who may call them, and the connections themselves.

mod calls;
mod console;
mod download;
mod install_script;
mod pages;
mod relay;
mod routes;
mod visitor;

pub use routes::{ROUTES, Reply, Route, Who, find};
pub use visitor::{Farewell, Mode, Visitor};
