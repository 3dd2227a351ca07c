//! Node's modules, one folder each: a native part, a script part, or both.

pub mod async_hooks;
pub mod buffer;
pub mod child_process;
pub mod clone;
pub mod console;
pub mod crypto;
pub mod dgram;
pub mod dns;
pub mod encoding;
#[cfg(feature = "ffi")]
pub mod ffi;
pub mod fs;
pub mod http;
pub mod internal;
pub mod net;
pub mod os;
pub mod performance;
pub mod process;
pub mod stdio;
pub mod timers;
pub mod tls;
pub mod url;
pub mod util;
pub mod vm;
pub mod zlib;

use crate::host::loader::Builtin;
use crate::source;

/// Every module of the Node layer. The dialect's own come before these in dialect contexts.
const TABLE: &[Builtin] = &[
    Builtin::script("assert", source!("modules/assert/assert.js")),
    Builtin::line("assert/strict", "module.exports = require('assert').strict;"),
    Builtin::both("buffer", buffer::init, source!("modules/buffer/buffer.js")),
    Builtin::script("child_process", source!("modules/child_process/child_process.js")),
    Builtin::both("console", console::init, source!("modules/console/console.js")),
    Builtin::script("crypto", source!("modules/crypto/crypto.js")),
    Builtin::both("dgram", dgram::init, source!("modules/dgram/dgram.js")),
    Builtin::both("dns", dns::init, source!("modules/dns/dns.js")),
    Builtin::line("dns/promises", "module.exports = require('dns').promises;"),
    Builtin::script("events", source!("modules/events/events.js")),
    #[cfg(feature = "ffi")]
    Builtin::both("ffi", ffi::init, source!("modules/ffi/ffi.js")),
    Builtin::both("fs", fs::init, source!("modules/fs/fs.js")),
    Builtin::line("fs/promises", "module.exports = require('fs').promises;"),
    Builtin::script("_http_agent", source!("modules/http/agent.js")),
    Builtin::script("_http_client", source!("modules/http/client.js")),
    Builtin::script("_http_common", source!("modules/http/common.js")),
    Builtin::script("_http_incoming", source!("modules/http/incoming.js")),
    Builtin::script("_http_outgoing", source!("modules/http/outgoing.js")),
    Builtin::script("_http_server", source!("modules/http/server.js")),
    Builtin::script("http", source!("modules/http/http.js")),
    Builtin::script("http2", source!("modules/http2/http2.js")),
    Builtin::script("https", source!("modules/http/https.js")),
    Builtin::line("module", "module.exports = require('internal/cjs');"),
    Builtin::script("net", source!("modules/net/net.js")),
    Builtin::both("os", os::init, source!("modules/os/os.js")),
    Builtin::script("path", source!("modules/path/path.js")),
    Builtin::line("path/posix", "module.exports = require('path').posix;"),
    Builtin::both("perf_hooks", performance::init, source!("modules/performance/performance.js")),
    Builtin::both("process", process::init, source!("modules/process/process.js")),
    Builtin::script("punycode", source!("modules/punycode/punycode.js")),
    Builtin::script("querystring", source!("modules/querystring/querystring.js")),
    Builtin::script("readline", source!("modules/readline/readline.js")),
    Builtin::script("readline/promises", source!("modules/readline/promises.js")),
    Builtin::script("repl", source!("modules/repl/repl.js")),
    Builtin::script("stream", source!("modules/stream/stream.js")),
    Builtin::line("stream/promises", "module.exports = require('stream').promises;"),
    Builtin::script("string_decoder", source!("modules/string_decoder/string_decoder.js")),
    Builtin::both("timers", timers::init, source!("modules/timers/timers.js")),
    Builtin::script("timers/promises", source!("modules/timers/promises.js")),
    Builtin::script("tls", source!("modules/tls/tls.js")),
    Builtin::script("tty", source!("modules/stdio/tty.js")),
    Builtin::script("url", source!("modules/url/legacy.js")),
    Builtin::both("util", util::init, source!("modules/util/util.js")),
    Builtin::line("util/types", "module.exports = require('util').types;"),
    Builtin::script("worker_threads", source!("modules/worker_threads/worker_threads.js")),
    Builtin::both("zlib", zlib::init, source!("modules/zlib/zlib.js")),
    Builtin::script("async_hooks", source!("modules/async_hooks/async_hooks.js")),
    Builtin::line("constants", "module.exports = require('internal/constants');"),
    Builtin::script("diagnostics_channel", source!("modules/diagnostics/diagnostics_channel.js")),
    Builtin::line("path/win32", "module.exports = require('path').win32;"),
    Builtin::line("sys", "module.exports = require('util');"),
    Builtin::script("test", source!("modules/test/test.js")),
    Builtin::script("v8", source!("modules/v8/v8.js")),
    Builtin::both("vm", vm::init, source!("modules/vm/vm.js")),
    Builtin::script("internal/assertion_error", source!("modules/assert/error.js")),
    Builtin::script("internal/call_source", source!("modules/assert/source.js")),
    Builtin::script("internal/call_tracker", source!("modules/assert/call_tracker.js")),
    Builtin::script("internal/blob", source!("modules/buffer/blob.js")),
    Builtin::script("internal/constants", source!("modules/internal/constants.js")),
    Builtin::native("internal/frame", async_hooks::init),
    Builtin::script("internal/parse_args", source!("modules/util/parse_args.js")),
    Builtin::script("internal/parse_env", source!("modules/util/parse_env.js")),
    Builtin::script("internal/path_win32", source!("modules/path/win32.js")),
    Builtin::script("internal/test_mock", source!("modules/test/mock.js")),
    Builtin::script("internal/util_names", source!("modules/util/names.js")),
    Builtin::script("internal/abort", source!("modules/event_target/abort.js")),
    Builtin::script("internal/call_sites", source!("modules/internal/call_sites.js")),
    Builtin::both("internal/clone", clone::init, source!("modules/clone/clone.js")),
    Builtin::both("internal/cjs", internal::init, source!("modules/internal/cjs.js")),
    Builtin::native("internal/crypto", crypto::init),
    Builtin::script("internal/crypto/certificate", source!("modules/crypto/certificate.js")),
    Builtin::script("internal/crypto/cipher", source!("modules/crypto/cipher.js")),
    Builtin::script("internal/crypto/derive", source!("modules/crypto/derive.js")),
    Builtin::script("internal/crypto/dh", source!("modules/crypto/dh.js")),
    Builtin::script("internal/crypto/ecdh", source!("modules/crypto/ecdh.js")),
    Builtin::script("internal/crypto/generate", source!("modules/crypto/generate.js")),
    Builtin::script("internal/crypto/hash", source!("modules/crypto/hash.js")),
    Builtin::script("internal/crypto/keys", source!("modules/crypto/keys.js")),
    Builtin::script("internal/crypto/random", source!("modules/crypto/random.js")),
    Builtin::script("internal/crypto/sign", source!("modules/crypto/sign.js")),
    Builtin::script("internal/crypto/text", source!("modules/crypto/text.js")),
    Builtin::script("internal/crypto/web", source!("modules/crypto/web.js")),
    Builtin::script("internal/dom_exception", source!("modules/event_target/dom_exception.js")),
    Builtin::both("internal/encoding", encoding::init, source!("modules/encoding/encoding.js")),
    Builtin::both("internal/equal", util::init, source!("modules/internal/equal.js")),
    Builtin::script("internal/errors", source!("modules/internal/errors.js")),
    Builtin::both("internal/eval", internal::init, source!("modules/internal/eval.js")),
    Builtin::both("internal/esm", internal::init, source!("modules/internal/esm.js")),
    Builtin::script("internal/event_target", source!("modules/event_target/event_target.js")),
    Builtin::script("internal/fs/args", source!("modules/fs/args.js")),
    Builtin::script("internal/fs/handle", source!("modules/fs/handle.js")),
    Builtin::script("internal/fs/streams", source!("modules/fs/streams.js")),
    Builtin::script("internal/fs/tree", source!("modules/fs/tree.js")),
    Builtin::script("internal/fs/watch", source!("modules/fs/watch.js")),
    Builtin::both("internal/inspect", util::init, source!("modules/util/inspect.js")),
    Builtin::native("internal/child", child_process::init),
    Builtin::script("internal/repl/complete", source!("modules/repl/complete.js")),
    Builtin::both("internal/resolve", internal::init, source!("modules/internal/resolve.js")),
    Builtin::script("internal/readline/editor", source!("modules/readline/editor.js")),
    Builtin::script("internal/readline/interface", source!("modules/readline/interface.js")),
    Builtin::script("internal/readline/keys", source!("modules/readline/keys.js")),
    Builtin::script("internal/readline/screen", source!("modules/readline/screen.js")),
    Builtin::native("internal/net", net::init),
    Builtin::script("internal/net/block_list", source!("modules/net/block_list.js")),
    Builtin::script("internal/net/server", source!("modules/net/server.js")),
    Builtin::script("internal/net/shared", source!("modules/net/shared.js")),
    Builtin::script("internal/net/socket", source!("modules/net/socket.js")),
    Builtin::script("internal/fetch", source!("modules/fetch/fetch.js")),
    Builtin::script("internal/fetch/body", source!("modules/fetch/body.js")),
    Builtin::script("internal/fetch/form", source!("modules/fetch/form.js")),
    Builtin::script("internal/fetch/headers", source!("modules/fetch/headers.js")),
    Builtin::script("internal/fetch/message", source!("modules/fetch/message.js")),
    Builtin::script("internal/fetch/stream", source!("modules/fetch/stream.js")),
    Builtin::native("internal/http/native", http::init),
    Builtin::script("internal/websocket", source!("modules/websocket/websocket.js")),
    Builtin::script("internal/websocket/channel", source!("modules/websocket/channel.js")),
    Builtin::both("internal/stdio", stdio::init, source!("modules/stdio/stdio.js")),
    Builtin::script("internal/stream/destroy", source!("modules/stream/destroy.js")),
    Builtin::script("internal/stream/finished", source!("modules/stream/finished.js")),
    Builtin::script("internal/stream/readable", source!("modules/stream/readable.js")),
    Builtin::script("internal/stream/writable", source!("modules/stream/writable.js")),
    Builtin::native("internal/timers", timers::init),
    Builtin::native("internal/tls", tls::init),
    Builtin::script("internal/tls/context", source!("modules/tls/context.js")),
    Builtin::script("internal/tls/identity", source!("modules/tls/identity.js")),
    Builtin::script("internal/tls/server", source!("modules/tls/server.js")),
    Builtin::script("internal/tls/socket", source!("modules/tls/socket.js")),
    Builtin::both("internal/url", url::init, source!("modules/url/whatwg.js")),
];

/// The modules of the Node layer.
pub fn builtins() -> impl Iterator<Item = &'static Builtin> {
    TABLE.iter()
}
