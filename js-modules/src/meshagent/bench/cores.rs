//! The cores that run on the bench.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::rc::Rc;

use boa_engine::JsValue;
use boa_engine::object::builtins::JsFunction;
use microstack::chain::Chain;
use microstack::wire::{core_hash, frame_core};
use serde_json::{Value, json};

use super::port::{MemoryStore, TestPort};
use super::watchdog::Watchdog;
use super::{Order, Teller};
use crate::host::manifest::{Manifest, ManifestError};
use crate::host::{Allow, Budget, Hold, HostShared, Permissions};
use crate::meshagent::{BuildInfo, CoreEvent, CoreRuntime, CoreSource};

/// A core to start.
pub(super) struct Start {
    pub number: u32,
    /// The name that stack traces show.
    pub name: String,
    pub text: String,
    /// Permissions beyond the manifest's, as its `permissions`; `{}` for none.
    pub grant: String,
    pub settings: Vec<(String, String)>,
    pub connected: bool,
    pub tell: JsFunction,
}

struct Running {
    runtime: CoreRuntime,
    port: Rc<TestPort>,
    /// The test's process does not end while a core runs.
    _hold: Hold,
}

/// All cores that run now.
pub(super) struct Cores {
    chain: Chain,
    tests: Rc<HostShared>,
    build: BuildInfo,
    watchdog: Rc<Watchdog>,
    running: BTreeMap<u32, Running>,
}

impl Cores {
    pub fn new(chain: Chain, tests: Rc<HostShared>, build: BuildInfo, watchdog: Rc<Watchdog>) -> Cores {
        Cores { chain, tests, build, watchdog, running: BTreeMap::new() }
    }

    pub fn carry_out(&mut self, order: Order) {
        match order {
            Order::Start(start) => self.start(*start),
            Order::Stop(number) => {
                if let Some(core) = self.running.remove(&number) {
                    core.runtime.stop();
                    core.port.teller.say("stopped", |_| Ok(Vec::new()));
                }
            }
            Order::Text(number, text) => {
                if let Some(core) = self.running.get(&number) {
                    let full = core.runtime.deliver_json(&text).is_err();
                    core.port.say_if_full(full);
                }
            }
            Order::Binary(number, data) => {
                if let Some(core) = self.running.get(&number) {
                    let full = core.runtime.deliver_binary(&data).is_err();
                    core.port.say_if_full(full);
                }
            }
            Order::Connected(number, open) => {
                if let Some(core) = self.running.get(&number) {
                    core.port.connected.set(open);
                    let full = core.runtime.deliver_connected(open).is_err();
                    core.port.say_if_full(full);
                }
            }
        }
    }

    fn start(&mut self, start: Start) {
        let teller = Teller { tests: self.tests.clone(), tell: start.tell };
        let (budget, permissions) = match granted(&start.text, &start.grant) {
            Ok(granted) => granted,
            Err(error) => return teller.text("failed", format!("{}: {error}", start.name)),
        };
        let port = Rc::new(TestPort {
            teller,
            connected: Cell::new(start.connected),
            hash: core_hash(&frame_core(&start.text)).0,
            settings: start.settings,
            build: self.build.clone(),
            store: Rc::new(MemoryStore::default()),
        });
        let source = CoreSource { name: &start.name, text: &start.text };
        self.watchdog.runs(&start.name);
        match CoreRuntime::start(&self.chain, port.clone(), source, budget, permissions) {
            Ok(runtime) => {
                port.teller.say("started", |_| Ok(Vec::new()));
                if start.connected {
                    // As the agent does when the channel is open already. The queue is empty.
                    let _ = runtime.deliver_connected(true);
                }
                let hold = self.tests.hold();
                self.running.insert(start.number, Running { runtime, port, _hold: hold });
            }
            Err(error) => port.teller.error("failed", &error),
        }
    }

    /// Lets the cores run, and tells their tests what they came to.
    pub fn drain(&mut self) {
        let mut over = Vec::new();
        for (number, core) in &mut self.running {
            core.runtime.drain();
            for event in core.runtime.take_events() {
                match event {
                    CoreEvent::Exception(error) => core.port.teller.error("exception", &error),
                    CoreEvent::Crashed(error) => {
                        core.port.teller.error("crashed", &error);
                        over.push(*number);
                    }
                    CoreEvent::Exited(code) => {
                        core.port.teller.say("exited", move |_| Ok(vec![JsValue::from(code)]));
                        over.push(*number);
                    }
                }
            }
        }
        for number in over {
            if let Some(core) = self.running.remove(&number) {
                core.runtime.stop();
            }
        }
    }
}

impl TestPort {
    fn say_if_full(&self, full: bool) {
        if full {
            self.teller.text("full", crate::meshagent::FeedFull.to_string());
        }
    }
}

/// What a core gets: what its manifest says, and what the test adds for its stand-ins.
fn granted(text: &str, grant: &str) -> Result<(Budget, Permissions), ManifestError> {
    let Some(manifest) = Manifest::find(text)? else {
        return Ok((Budget::default(), Permissions::full()));
    };
    let grant: Value = serde_json::from_str(grant).unwrap_or_default();
    let more = json!({ "name": "test", "version": "0", "permissions": grant });
    let more = Manifest::parse(&more.to_string())?.permissions;
    let own = &manifest.permissions;
    let permissions = Permissions {
        fs_read: either(&own.fs_read, &more.fs_read),
        fs_write: either(&own.fs_write, &more.fs_write),
        net: either(&own.net, &more.net),
        exec: either(&own.exec, &more.exec),
        ffi: either(&own.ffi, &more.ffi),
        env: either(&own.env, &more.env),
        store: own.store || more.store,
        identity: own.identity || more.identity,
    };
    Ok((manifest.budget(Budget::default()), permissions))
}

fn either(a: &Allow, b: &Allow) -> Allow {
    match (a, b) {
        (Allow::Everything, _) | (_, Allow::Everything) => Allow::Everything,
        (Allow::Only(a), Allow::Only(b)) => Allow::Only(a | b),
        // Lists of manifests are of no other kind.
        (Allow::Nothing, other) | (other, _) => other.clone(),
    }
}
