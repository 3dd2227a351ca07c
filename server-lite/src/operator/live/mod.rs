//! What a device is doing: `top`, `ps`, `kill`, `services`, `service`, `power`, `toast`.

mod ask;
mod power;
mod processes;
mod services;
mod top;

pub use power::{power, toast};
pub use processes::{kill, processes};
pub use services::{change_service, services};
pub use top::top;
