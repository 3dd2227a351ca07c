//! `child_process`: the natives that Node's module and the dialect's share.
//!
//! Needs the permission `exec` for the program, by its absolute path.

mod options;
mod running;
mod sync;

use boa_engine::{Context, JsObject, JsResult};

use crate::host::native::Exports;

/// Makes the natives of `internal/child`:
///
/// * `spawn(options, onEvent) -> handle`, or `{ code, errno, text }` when the program does not start. `onEvent(kind, a, b)`
///   gets `stdout`/`stderr` (Buffer), `stdoutEnd`/`stderrEnd`, `drain`, `stdinClosed` (code or undefined), `exit` (code,
///   signal number) and `error` (text)
/// * `pid(handle)`, `write(handle, bytes) -> taken`, `closeStdin(handle)`, `setPaused(handle, 0 or 1, boolean)`
/// * `kill(handle, signal) -> boolean`, `setRef(handle, boolean)`, `waitExit(handle, ms) -> boolean`
/// * `spawnSync(options, input, ms, maxBytes, signal) -> { pid, code, signal, stdout, stderr, failure }`
pub fn init(ctx: &mut Context) -> JsResult<JsObject> {
    Ok(Exports::new(ctx)
        .function("spawn", 2, running::spawn)
        .function("pid", 1, running::pid)
        .function("write", 2, running::write)
        .function("closeStdin", 1, running::close_stdin)
        .function("setPaused", 3, running::set_paused)
        .function("kill", 2, running::kill)
        .function("setRef", 2, running::set_ref)
        .function("waitExit", 2, running::wait_exit)
        .function("spawnSync", 5, sync::spawn_sync)
        .finish())
}
