//! `completions` and `man`: made from the description of the command line itself, so that they cannot differ from it.

mod completions;
mod man;

pub use completions::{completions, names};
pub use man::man;
