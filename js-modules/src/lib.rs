//! A Node-like JavaScript host on the Boa engine, and the modules scripts `require`.
//!
//! * [`host`] owns the engine: entry guards, job queue, timers, budgets, permissions, module loader.
//! * [`modules`] holds one folder per JavaScript module: its native part and its script part.
//! * [`meshagent`] is the thin MeshAgent dialect on top; it exists only in contexts that ask for it.
//!
//! `API.md` beside this crate lists every function that exists; a test compares it with the live exports and with
//! the typings in `types/`.
//!
//! # Example
//!
//! ```
//! use js_modules::host::{Host, HostOptions};
//! use microstack::chain::Chain;
//!
//! let chain = Chain::new().unwrap();
//! let mut host = Host::new(chain.clone(), HostOptions::default()).unwrap();
//! host.run_script("hello.js", "setTimeout(() => process.exit(6 * 7), 1)");
//! chain.run_until(None, &mut |_| { host.drain(); host.exit_code().is_some() || host.is_idle() }).unwrap();
//! assert_eq!(host.exit_code(), Some(42));
//! ```
//!
//! **What it is not yet:** there are no ES modules, no `http`, `net` or `crypto`, and no debugger.
#![deny(unsafe_code)]

pub mod host;
pub mod meshagent;
pub mod modules;
