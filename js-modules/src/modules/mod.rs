//! Node's modules, one folder each: a native part, a script part, or both.

pub mod buffer;
pub mod child_process;
pub mod clone;
pub mod console;
pub mod encoding;
pub mod fs;
pub mod internal;
pub mod os;
pub mod performance;
pub mod process;
pub mod stdio;
pub mod timers;
pub mod url;
pub mod util;

use crate::host::loader::Builtin;

/// Every module of the Node layer. The dialect's own come before these in dialect contexts.
const TABLE: &[Builtin] = &[
    Builtin::script("assert", include_str!("assert/assert.js")),
    Builtin::script("assert/strict", "module.exports = require('assert').strict;"),
    Builtin::both("buffer", buffer::init, include_str!("buffer/buffer.js")),
    Builtin::script("child_process", include_str!("child_process/child_process.js")),
    Builtin::both("console", console::init, include_str!("console/console.js")),
    Builtin::script("events", include_str!("events/events.js")),
    Builtin::both("fs", fs::init, include_str!("fs/fs.js")),
    Builtin::script("fs/promises", "module.exports = require('fs').promises;"),
    Builtin::script("module", "module.exports = require('internal/cjs');"),
    Builtin::both("os", os::init, include_str!("os/os.js")),
    Builtin::script("path", include_str!("path/path.js")),
    Builtin::script("path/posix", "module.exports = require('path').posix;"),
    Builtin::both("perf_hooks", performance::init, include_str!("performance/performance.js")),
    Builtin::both("process", process::init, include_str!("process/process.js")),
    Builtin::script("querystring", include_str!("querystring/querystring.js")),
    Builtin::script("stream", include_str!("stream/stream.js")),
    Builtin::script("stream/promises", "module.exports = require('stream').promises;"),
    Builtin::script("string_decoder", include_str!("string_decoder/string_decoder.js")),
    Builtin::both("timers", timers::init, include_str!("timers/timers.js")),
    Builtin::script("timers/promises", include_str!("timers/promises.js")),
    Builtin::script("tty", include_str!("stdio/tty.js")),
    Builtin::script("url", include_str!("url/legacy.js")),
    Builtin::both("util", util::init, include_str!("util/util.js")),
    Builtin::script("util/types", "module.exports = require('util').types;"),
    Builtin::script("internal/abort", include_str!("event_target/abort.js")),
    Builtin::both("internal/clone", clone::init, include_str!("clone/clone.js")),
    Builtin::both("internal/cjs", internal::init, include_str!("internal/cjs.js")),
    Builtin::script("internal/dom_exception", include_str!("event_target/dom_exception.js")),
    Builtin::both("internal/encoding", encoding::init, include_str!("encoding/encoding.js")),
    Builtin::both("internal/equal", util::init, include_str!("internal/equal.js")),
    Builtin::script("internal/errors", include_str!("internal/errors.js")),
    Builtin::script("internal/event_target", include_str!("event_target/event_target.js")),
    Builtin::both("internal/inspect", util::init, include_str!("util/inspect.js")),
    Builtin::native("internal/child", child_process::init),
    Builtin::both("internal/stdio", stdio::init, include_str!("stdio/stdio.js")),
    Builtin::script("internal/stream/destroy", include_str!("stream/destroy.js")),
    Builtin::script("internal/stream/finished", include_str!("stream/finished.js")),
    Builtin::script("internal/stream/readable", include_str!("stream/readable.js")),
    Builtin::script("internal/stream/writable", include_str!("stream/writable.js")),
    Builtin::native("internal/timers", timers::init),
    Builtin::both("internal/url", url::init, include_str!("url/whatwg.js")),
];

/// The modules of the Node layer.
pub fn builtins() -> impl Iterator<Item = &'static Builtin> {
    TABLE.iter()
}
