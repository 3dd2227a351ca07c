//! Node's modules, one folder each: a native part, a script part, or both.

pub mod timers;

use crate::host::loader::Builtin;

/// Every module of the Node layer. The dialect's own come before these in dialect contexts.
const TABLE: &[Builtin] = &[
    Builtin::both("timers", timers::init, include_str!("timers/timers.js")),
    Builtin::native("internal/timers", timers::init),
];

/// The modules of the Node layer.
pub fn builtins() -> impl Iterator<Item = &'static Builtin> {
    TABLE.iter()
}
