//! `child_process`: the natives that Node's module and the dialect's share.
//!
//! Needs the permission `exec` for the program, by its absolute path.

mod duplex;
mod options;
mod replace;
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
/// * `resize(handle, rows, columns)`, `terminalPath(handle) -> text or undefined`: children on a terminal
/// * `pair(onEvent) -> [stream, descriptor]`: a socket of which the child gets the second end, by `options.descriptors`;
///   `release(descriptor)` once it has it. `adopt(fd, onEvent) -> stream`: a descriptor this process was started with
/// * streams: `streamWrite(stream, bytes) -> taken`, `streamClose`, `streamDestroy`, `streamPause(stream, boolean)`,
///   `streamRef(stream, boolean)`; `onEvent(kind, value)` gets `data` (Buffer), `end`, `drain`, `closed` (code)
/// * `replace(options)`: becomes another program, or answers as `spawn` does for one that does not start
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
        .function("resize", 3, running::resize)
        .function("terminalPath", 1, running::terminal_path)
        .function("pair", 1, duplex::pair)
        .function("adopt", 2, duplex::adopt)
        .function("release", 1, duplex::release)
        .function("streamWrite", 2, duplex::write)
        .function("streamClose", 1, duplex::close)
        .function("streamDestroy", 1, duplex::destroy)
        .function("streamPause", 2, duplex::pause)
        .function("streamRef", 2, duplex::set_ref)
        .function("replace", 1, replace::replace)
        .function("spawnSync", 5, sync::spawn_sync)
        .finish())
}
