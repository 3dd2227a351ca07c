//! The MeshAgent dialect: what the JavaScript cores of MeshCentral expect of the agent that runs them.
//!
//! A thin layer over the Node-like modules, installed only in the contexts that ask for it. The agent uses it
//! through [`CoreRuntime`]:
//!
//! ```
//! use std::rc::Rc;
//!
//! use js_modules::host::{Budget, Permissions, ScriptError};
//! use js_modules::meshagent::{AgentPort, CoreRuntime, CoreSource};
//! use microstack::chain::Chain;
//!
//! fn run(chain: &Chain, port: Rc<dyn AgentPort>, text: &str) -> Result<(), ScriptError> {
//!     let core = CoreSource { name: "core.js", text };
//!     let mut core = CoreRuntime::start(chain, port, core, Budget::default(), Permissions::full())?;
//!     let feed = core.feed(); // clonable; the channel's link keeps one
//!     let _ = feed.connected(true); // a task: it runs in the next drain
//!     let _ = chain.run_until(None, &mut |_| {
//!         core.drain();
//!         core.take_events().iter().any(|event| matches!(event, js_modules::meshagent::CoreEvent::Crashed(_)))
//!     });
//!     core.stop();
//!     Ok(())
//! }
//! ```
//!
//! **What it is not:** the agent. Identity, channel, updates and the life cycle of cores are the agent's; this
//! module reaches them through [`AgentPort`].

mod agent;
mod bench;
mod checksum;
mod container;
mod globals;
mod hashes;
mod lone;
mod port;
mod runtime;
mod screen;
mod session;
mod store;
mod viewer;

use std::rc::Rc;

use boa_engine::{Context, JsObject, JsResult, JsString};

pub use bench::run_tests;
pub use lone::{run_container, run_script};
pub use port::{AgentPort, AgentRequest, BuildInfo, DataStore, LogLevel, NOT_CONNECTED, ServerView};
pub use runtime::{CoreEvent, CoreFeed, CoreRuntime, CoreSource, FeedFull, MAX_UNDONE};

use crate::host::loader::Builtin;
use crate::host::native::Exports;
use crate::host::{Layer, lazy};
use crate::modules::{fs, os};
use crate::source;

/// The dialect's modules and globals.
pub const LAYER: Layer = Layer { builtins: BUILTINS, install };

const BUILTINS: &[Builtin] = &[
    Builtin::both("internal/dialect", globals::init, source!("meshagent/js/dialect.js")),
    Builtin::both("internal/mesh", agent::init, source!("meshagent/js/mesh.js")),
    Builtin::both("internal/hashes", hashes::init, source!("meshagent/js/hashes.js")),
    Builtin::line("MeshAgent", "module.exports = require('internal/mesh').MeshAgent;"),
    Builtin::script("events", source!("meshagent/js/events.js")),
    Builtin::both("promise", globals::latch_init, source!("meshagent/js/promise.js")).dated(1_629_753_914),
    Builtin::script("stream", source!("meshagent/js/stream.js")),
    Builtin::script("timers", source!("meshagent/js/timers.js")),
    Builtin::both("console", agent::init, source!("meshagent/js/console.js")),
    Builtin::both("process", agent::init, source!("meshagent/js/process.js")),
    Builtin::both("os", os::init, source!("meshagent/js/os.js")),
    Builtin::both("fs", fs::init, source!("meshagent/js/fs.js")),
    Builtin::both("child_process", os::init, source!("meshagent/js/child_process.js")),
    Builtin::both("meshlite-session", session::init, source!("meshagent/js/meshlite-session.js")),
    Builtin::both("SimpleDataStore", store::init, source!("meshagent/js/store.js")),
    Builtin::line("MD5Stream", "module.exports = require('internal/hashes').MD5;"),
    Builtin::line("SHA1Stream", "module.exports = require('internal/hashes').SHA1;"),
    Builtin::line("SHA256Stream", "module.exports = require('internal/hashes').SHA256;"),
    Builtin::line("SHA384Stream", "module.exports = require('internal/hashes').SHA384;"),
    Builtin::line("SHA512Stream", "module.exports = require('internal/hashes').SHA512;"),
    Builtin::script("internal/mesh/http", source!("meshagent/js/http.js")),
    Builtin::script("internal/mesh/server", source!("meshagent/js/server.js")),
    Builtin::script("internal/mesh/socket", source!("meshagent/js/socket.js")),
    Builtin::script("internal/mesh/watch", source!("meshagent/js/watch.js")),
    Builtin::script("internal/mesh/tunnel", source!("meshagent/js/tunnel.js")),
    Builtin::script("internal/mesh/websocket", source!("meshagent/js/websocket.js")),
    Builtin::script("internal/mesh/digest", source!("meshagent/js/digest.js")),
    Builtin::line("http", "module.exports = require('internal/mesh/http').make('http');"),
    Builtin::line("https", "module.exports = require('internal/mesh/http').make('https');"),
    Builtin::line("global-tunnel", "module.exports = require('internal/mesh/tunnel');"),
    Builtin::line(
        "http-digest",
        "exports._ObjectID = 'http-digest'; exports.create = require('internal/mesh/digest').create;",
    ),
    Builtin::script("net", source!("meshagent/js/net.js")),
    Builtin::script("tls", source!("meshagent/js/tls.js")),
    Builtin::script("dgram", source!("meshagent/js/dgram.js")),
    Builtin::script("zip-writer", source!("meshagent/js/zip_writer.js")).dated(1_643_775_017),
    Builtin::script("zip-reader", source!("meshagent/js/zip_reader.js")).dated(1_643_775_331),
    Builtin::script("http-headers", source!("meshagent/js/http_headers.js")),
    Builtin::script("ip-address", source!("meshagent/js/ip_address.js")),
    Builtin::script("PAC", source!("meshagent/js/pac.js")),
    Builtin::script("proxy-helper", source!("meshagent/js/proxy_helper.js")),
    Builtin::script("wget", source!("meshagent/js/wget.js")),
    Builtin::script("MemoryStream", source!("meshagent/js/memory_stream.js")),
    Builtin::script("bignum", source!("meshagent/js/bignum.js")),
    Builtin::script("compressed-stream", source!("meshagent/js/compressed_stream.js")),
    Builtin::script("crc32-stream", source!("meshagent/js/crc32_stream.js")),
    #[cfg(feature = "ffi")]
    Builtin::both(
        "_GenericMarshal",
        crate::modules::ffi::words_init,
        source!("meshagent/js/_GenericMarshal.js"),
    ),
    #[cfg(feature = "ffi")]
    Builtin::both(
        "DescriptorEvents",
        crate::modules::ffi::descriptor_init,
        source!("meshagent/js/DescriptorEvents.js"),
    ),
    Builtin::script("queue", source!("meshagent/js/queue.js")),
    Builtin::both("uuid/v4", globals::init, source!("meshagent/js/uuid.js")),
    Builtin::both("_agentNodeId", agent::init, source!("meshagent/js/_agentNodeId.js")).dated(1_654_243_686),
    Builtin::script("_agentStatus", source!("meshagent/js/_agentStatus.js")).dated(1_644_272_851),
    Builtin::script("agent-installer", source!("meshagent/js/agent-installer.js")).dated(1_656_439_887),
    Builtin::script("child-container", source!("meshagent/js/child-container.js")).dated(1_661_120_589),
    Builtin::script("clipboard", source!("meshagent/js/clipboard.js")).dated(1_656_577_021),
    Builtin::script("code-utils", source!("meshagent/js/code-utils.js")).dated(1_666_308_975),
    Builtin::script("daemon", source!("meshagent/js/daemon.js")).replaceable(),
    Builtin::script("default_route", source!("meshagent/js/default_route.js")).replaceable(),
    Builtin::script("file-search", source!("meshagent/js/file-search.js")).replaceable(),
    Builtin::script("heci", source!("meshagent/js/heci.js")).replaceable(),
    Builtin::script("identifiers", source!("meshagent/js/identifiers.js")).dated(1_666_856_689),
    Builtin::script("kvm-helper", source!("meshagent/js/kvm-helper.js")).dated(1_661_223_266),
    Builtin::script("lib-finder", source!("meshagent/js/lib-finder.js")).dated(1_663_380_526),
    Builtin::script("linux-acpi", source!("meshagent/js/linux-acpi.js")).replaceable(),
    Builtin::script("linux-cpuflags", source!("meshagent/js/linux-cpuflags.js")).replaceable(),
    Builtin::script("linux-dbus", source!("meshagent/js/linux-dbus.js")).replaceable(),
    Builtin::script("linux-gnome-helpers", source!("meshagent/js/linux-gnome-helpers.js")).replaceable(),
    Builtin::script("linux-pathfix", source!("meshagent/js/linux-pathfix.js")).replaceable(),
    Builtin::script("message-box", source!("meshagent/js/message-box.js")).dated(1_660_348_316),
    Builtin::script("monitor-info", source!("meshagent/js/monitor-info.js")).dated(1_648_956_169),
    Builtin::script("notifybar-desktop", source!("meshagent/js/notifybar-desktop.js")).dated(1_657_941_523),
    Builtin::script("power-monitor", source!("meshagent/js/power-monitor.js")).replaceable(),
    Builtin::script("process-manager", source!("meshagent/js/process-manager.js")).dated(1_659_550_278),
    Builtin::script("service-host", source!("meshagent/js/service-host.js")).replaceable(),
    Builtin::script("service-manager", source!("meshagent/js/service-manager.js")).dated(1_663_306_184),
    Builtin::script("task-scheduler", source!("meshagent/js/task-scheduler.js")).replaceable(),
    Builtin::script("toaster", source!("meshagent/js/toaster.js")).replaceable(),
    Builtin::script("update-helper", source!("meshagent/js/update-helper.js")).replaceable(),
    Builtin::script("user-sessions", source!("meshagent/js/user-sessions.js")).dated(1_648_578_835),
    Builtin::script("util-agentlog", source!("meshagent/js/util-agentlog.js")).replaceable(),
    Builtin::script("util-descriptors", source!("meshagent/js/util-descriptors.js")).replaceable(),
    Builtin::script("util-language", source!("meshagent/js/util-language.js")).replaceable(),
    Builtin::script("util-pathHelper", source!("meshagent/js/util-pathHelper.js")).replaceable(),
    Builtin::script("util-service-check", source!("meshagent/js/util-service-check.js")).replaceable(),
    Builtin::both("ChainViewer", viewer::init, source!("meshagent/js/ChainViewer.js")),
    Builtin::script("ILibWebRTC", source!("meshagent/js/ILibWebRTC.js")),
    Builtin::script("NetworkMonitor", source!("meshagent/js/NetworkMonitor.js")),
    Builtin::both("ScriptContainer", container::init, source!("meshagent/js/ScriptContainer.js")),
    Builtin::both("internal/container", container::init, source!("meshagent/js/container.js")),
    Builtin::script("internal/accounts", source!("meshagent/js/accounts.js")),
    Builtin::script("internal/desktop", source!("meshagent/js/desktop.js")),
    Builtin::script("internal/procfs", source!("meshagent/js/procfs.js")),
    Builtin::script("internal/run", source!("meshagent/js/run.js")),
    Builtin::both("internal/screen", screen::init, source!("meshagent/js/screen.js")),
    Builtin::script("internal/x11", source!("meshagent/js/x11.js")),
    Builtin::script("util-dns", source!("meshagent/js/util-dns.js")).replaceable(),
];

/// The agent of a context; its data.
pub(crate) struct PortSlot(pub Rc<dyn AgentPort>);

/// The agent behind a context, `None` in one without.
pub(crate) fn port_of(ctx: &Context) -> Option<Rc<dyn AgentPort>> {
    ctx.get_data::<PortSlot>().map(|slot| slot.0.clone())
}

fn install(ctx: &mut Context) -> JsResult<()> {
    let global = ctx.global_object();
    for (name, module, export) in [
        ("console", "console", ""),
        ("process", "process", ""),
        ("setTimeout", "timers", "setTimeout"),
        ("setInterval", "timers", "setInterval"),
        ("setImmediate", "timers", "setImmediate"),
        ("clearTimeout", "timers", "clearTimeout"),
        ("clearInterval", "timers", "clearInterval"),
        ("clearImmediate", "timers", "clearImmediate"),
    ] {
        lazy(&global, name, module, export, ctx);
    }
    crate::host::loader::require_internal(ctx, "internal/dialect")?;
    Ok(())
}

/// A plain object of texts; the first value of a key wins.
fn plain_object(pairs: impl IntoIterator<Item = (String, String)>, ctx: &mut Context) -> JsObject {
    let mut object = Exports::new(ctx);
    let mut seen = std::collections::BTreeSet::new();
    for (key, value) in pairs {
        if seen.insert(key.clone()) {
            object = object.value(&key, JsString::from(value));
        }
    }
    object.finish()
}
