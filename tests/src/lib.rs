//! A laboratory for end-to-end tests: the real programs as processes, real peers beside them, and hostile ones.
//!
//! The tests in `tests/` start `meshlite-server` and `meshlite-agent`, the real MeshCentral and the real MeshAgent,
//! and look at what they do from outside: exit codes, log lines, `/proc`, the wire.
//!
//! **What it is not:** a place for unit tests. Those stand next to the code they test.
//!
//! Rules: loopback and port 0 only; whatever is waited for has a deadline and is polled; every process is killed
//! with all it has started when its guard is dropped, also when a test fails; a failing test prints the logs.

pub mod agent;
pub mod browser;
pub mod certificate;
pub mod deadline;
pub mod desk;
pub mod display;
pub mod fake_server;
pub mod managed;
pub mod meshctrl;
pub mod operator;
pub mod pair;
pub mod peer;
pub mod place;
pub mod procfs;
pub mod proxy;
pub mod real_agent;
pub mod real_server;
pub mod running;
pub mod server;
pub mod stand_in;
pub mod terminal;
pub mod tool;
pub mod weak_identity;

pub use agent::Agent;
pub use browser::Browser;
pub use deadline::{PATIENCE, eventually, holds_for};
pub use display::Display;
pub use managed::ManagedDevice;
pub use meshctrl::{Account, Answer};
pub use operator::{Operator, Tunnel};
pub use pair::Pair;
pub use peer::{Message, Peer};
pub use place::{interop, soak};
pub use proxy::Proxy;
pub use real_agent::RealAgent;
pub use real_server::RealServer;
pub use running::Running;
pub use server::Server;
pub use stand_in::StandIn;
pub use terminal::Terminal;
pub use tool::Tool;
