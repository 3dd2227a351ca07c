//! Standard streams and signals of the process, for the script that owns it ([`crate::host::Sink::owns_process`]).

mod input;
mod signals;
mod terminal;

use boa_engine::{Context, JsObject, JsResult};

use crate::host::HostShared;
use crate::host::native::Exports;
use crate::modules::process;

/// Makes the natives that `stdio.js` and `process.js` build on:
///
/// * `owned`: whether the script owns the process; without it only `write` does something
/// * `isTerminal(fd)`, `kind(fd) -> 'tty' | 'pipe' | 'fs' | 'none'`, `size(fd) -> [columns, rows] or undefined`
/// * `write(fd, chunk)`: to the owner of the host, also where the script does not own the process
/// * `open(onEvent) -> handle`: standard input; `onEvent(kind, value)` gets `data` (Buffer), `end`, `error` (code)
/// * `want(handle, boolean)`: read one piece, or stop reading; `setRef(handle, boolean)`; `setRaw(handle, boolean)`
/// * `listen(number, onSignal) -> boolean`, `ignore(number)`: signals
pub fn init(ctx: &mut Context) -> JsResult<JsObject> {
    let owned = HostShared::of(ctx).sink().owns_process();
    Ok(Exports::new(ctx)
        .value("owned", owned)
        .function("isTerminal", 1, terminal::is_terminal)
        .function("kind", 1, terminal::kind)
        .function("size", 1, terminal::size)
        .function("write", 2, process::write)
        .function("open", 1, input::open)
        .function("want", 2, input::want)
        .function("setRef", 2, input::set_ref)
        .function("setRaw", 2, input::set_raw)
        .function("listen", 2, signals::listen)
        .function("ignore", 1, signals::ignore)
        .finish())
}
