//! `net`: the natives that Node's module, the dialect's and everything above them share.
//!
//! Needs the permission `net` for `host:port`, for listening `address:port`, for Unix sockets `unix:/absolute/path`.

mod address;
mod connect;
pub(super) mod failure;
mod link;
mod listen;
pub(super) mod state;

use boa_engine::{Context, JsObject, JsResult};

use crate::host::native::Exports;

/// Makes the natives of `internal/net`. A handle is one connection or one listener.
///
/// Connections. `onEvent(kind, value)` gets `connect`, `data` (Buffer; the next piece is read when this call is over),
/// `end`, `drain`, `shutdown`, `error` (a failure object) and at last `closed`:
///
/// * `connect(options, onEvent) -> handle`; options `{ host, port, family, localAddress, localPort, path, timeout }`
/// * `adopt(handle, onEvent)`: an accepted connection gets its callback
/// * `write(handle, bytes) -> taken`: with fewer taken than given, `drain` follows
/// * `setReading(handle, boolean)`, `shutdown(handle)`, `close(handle, reset)`, `setRef(handle, boolean)`
/// * `setNoDelay(handle, boolean)`, `setKeepAlive(handle, boolean, ms)`, `address(handle, ofPeer)`
///
/// Listeners. `onEvent(kind, value)` gets `connection` (handle) and `closed`:
///
/// * `listen(options, onEvent) -> handle or failure`; options `{ address, port, backlog, ipv6Only, reusePort, path, mode }`
/// * `closeListener(handle)`, `setListenerRef(handle, boolean)`, `listenerAddress(handle)`
///
/// `ipFamily(text) -> 0, 4 or 6`.
pub fn init(ctx: &mut Context) -> JsResult<JsObject> {
    Ok(Exports::new(ctx)
        .function("connect", 2, connect::connect)
        .function("adopt", 2, state::adopt)
        .function("write", 2, state::write)
        .function("setReading", 2, state::set_reading)
        .function("shutdown", 1, state::shutdown)
        .function("close", 2, state::close)
        .function("setRef", 2, state::set_ref)
        .function("setNoDelay", 2, state::set_no_delay)
        .function("setKeepAlive", 3, state::set_keep_alive)
        .function("address", 2, state::address)
        .function("listen", 2, listen::listen)
        .function("closeListener", 1, listen::close)
        .function("setListenerRef", 2, listen::set_ref)
        .function("listenerAddress", 1, listen::address)
        .function("ipFamily", 1, address::ip_family)
        .finish())
}
