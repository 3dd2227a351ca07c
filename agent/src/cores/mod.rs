//! The running core: started, stopped, watched and reported; and what runs instead of one that fails.
//!
//! The channel's link hands orders over a queue, because a core must not be started or stopped inside a link's
//! dispatch: [`Cores::between`] carries them out between the turns of the chain.

mod labels;
mod reports;
mod store;

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use js_modules::host::manifest::Manifest;
use js_modules::host::{Budget, Permissions, ScriptError, ScriptErrorKind};
use js_modules::meshagent::{AgentPort, CoreEvent, CoreRuntime, CoreSource};
use microstack::chain::{Chain, LinkId};
use microstack::channel::agent::CoreKeeper;
use microstack::store::Store;
use microstack::wire::{CoreHash, core_text};
use recovery_core::history::{Failure, FailureReason, History};
use recovery_core::marker::{Activity, Cause, Marker};
use recovery_core::quarantine::{Policy, Verdict};

use crate::channel::Inbox;
use crate::control::Word;
use crate::log::now_unix_s;
use crate::status::Status;
use crate::worker::{Alarm, HangTimer, SupervisorLine, last_words};

use labels::Labels;
pub use reports::Reports;
pub use store::CoreStore;

/// The name that stack traces show for a pushed core.
pub const FILE_NAME: &str = "core.js";

/// What the channel wants of the running core.
#[derive(Debug)]
pub enum Order {
    /// Start this core in place of what runs.
    Start { hash: CoreHash, body: Option<Arc<[u8]>> },
    /// This core is in quarantine: run the last good one.
    StartGood { instead_of: CoreHash },
    /// Stop what runs.
    Stop,
    /// Stop what runs and start the stored core anew.
    Restart,
    /// The server confirmed the core that runs.
    Confirmed,
}

/// Orders from links to [`Cores::between`].
pub type Orders = Rc<RefCell<VecDeque<Order>>>;

/// What [`Cores`] works with.
pub struct Parts {
    pub chain: Chain,
    pub port: Rc<dyn AgentPort>,
    pub store: Rc<dyn Store>,
    pub keeper: Rc<RefCell<CoreKeeper>>,
    pub history: Rc<RefCell<History>>,
    pub inbox: Rc<Inbox>,
    pub orders: Orders,
    pub reports: Rc<Reports>,
    pub supervisor: Rc<SupervisorLine>,
    pub status: Rc<Status>,
    pub budget: Budget,
    pub hang: Rc<HangTimer>,
}

/// The one core that runs, or none.
pub struct Cores {
    parts: Parts,
    policy: Policy,
    running: Option<Running>,
    alarm: LinkId,
}

struct Running {
    runtime: CoreRuntime,
    hash: CoreHash,
    since: Instant,
    confirmed: bool,
    proven: bool,
    named: bool,
}

impl Cores {
    /// Nothing runs yet.
    pub fn new(parts: Parts) -> Cores {
        let alarm = parts.chain.add("core proof", Alarm);
        Cores { parts, policy: Policy::default(), running: None, alarm }
    }

    /// Carries out orders and lets the core run; called between turns.
    pub fn between(&mut self) {
        while let Some(order) = self.next_order() {
            match order {
                Order::Start { hash, body } => self.start(hash, body),
                Order::StartGood { instead_of } => self.start_good(instead_of),
                Order::Stop => self.stop(),
                Order::Restart => self.restart(),
                Order::Confirmed => self.confirmed(),
            }
        }
        if let Some(running) = &mut self.running {
            running.runtime.drain();
        }
        self.hear_events();
        self.prove();
    }

    /// Stops the core in order.
    pub fn stop(&mut self) {
        // What waits for a core that is about to start is kept for it.
        let another = |order: &Order| !matches!(order, Order::Stop | Order::Confirmed);
        if !self.parts.orders.borrow().iter().any(another) {
            self.parts.inbox.set_feed(None);
        }
        self.end_running();
    }

    fn end_running(&mut self) {
        if let Some(running) = self.running.take() {
            running.runtime.stop();
            tracing::info!(core = %running.hash, "the core stopped");
            self.parts.hang.set_budget(None);
        }
        last_words::update(&Marker::without_core(Activity::Idle, now_unix_s()));
        self.parts.status.core(None, "");
    }

    fn next_order(&self) -> Option<Order> {
        self.parts.orders.borrow_mut().pop_front()
    }

    fn start(&mut self, hash: CoreHash, body: Option<Arc<[u8]>>) {
        self.parts.inbox.core_is_starting();
        self.end_running();
        if let Err(why) = self.try_start(hash, body) {
            self.parts.reports.crashed(hash, &why, "no core runs");
            self.parts.inbox.set_feed(None);
            self.parts.keeper.borrow_mut().ended();
        }
    }

    /// Starts a core; an error when there is nothing to start.
    fn try_start(&mut self, hash: CoreHash, body: Option<Arc<[u8]>>) -> Result<(), String> {
        let body = match body {
            Some(body) => body,
            None => match CoreStore(&*self.parts.store).body(hash) {
                Ok(Some(body)) => body.into(),
                Ok(None) => {
                    return Err("the stored core is missing or damaged; the server can send it again".into());
                }
                Err(error) => return Err(error.to_string()),
            },
        };
        let text = core_text(&body).map_err(|error| error.to_string())?;
        let labels = Labels::of(text);
        let name = labels.name.unwrap_or(FILE_NAME);
        let manifest = Manifest::find(text).map_err(|error| error.to_string())?;
        let (budget, permissions) = self.granted(manifest.as_ref());
        self.parts.reports.new_core(name, labels.dev);
        if let Some(manifest) = &manifest {
            self.parts.reports.set_name(&manifest.name);
            tracing::info!(core = %hash, name = manifest.name, version = manifest.version, "the core has a manifest");
        }
        self.mark(Activity::LoadingCore, hash);
        self.parts.hang.set_budget(budget.turn);
        self.parts.status.core(Some(&hash.to_hex()), "loading");
        tracing::info!(core = %hash, bytes = body.len(), "starting the core");
        let started = CoreRuntime::start(
            &self.parts.chain,
            self.parts.port.clone(),
            CoreSource { name, text },
            budget,
            permissions,
        );
        match started {
            Ok(runtime) => {
                self.mark(Activity::RunningCore, hash);
                self.parts.status.core(Some(&hash.to_hex()), "running");
                self.parts.inbox.set_feed(Some(runtime.feed()));
                self.parts.reports.started();
                let now = Instant::now();
                self.running = Some(Running {
                    runtime,
                    hash,
                    since: now,
                    confirmed: false,
                    proven: false,
                    named: false,
                });
                self.wake_at(now + Duration::from_secs(self.policy.proof_s));
            }
            Err(error) => {
                self.parts.inbox.set_feed(None);
                last_words::update(&Marker::without_core(Activity::Idle, now_unix_s()));
                self.parts.status.core(Some(&hash.to_hex()), "failed to load");
                if is_engine_failure(&error) {
                    self.parts.keeper.borrow_mut().ended();
                    self.failed(hash, &error);
                } else {
                    // The server still counts the core as accepted (agent-channel specification 4.1), and so does
                    // the keeper: loading it again at each word of the server would throw again.
                    self.parts.reports.exception(hash, &error);
                    self.parts.reports.crashed(
                        hash,
                        &error.headline(),
                        "it could not be loaded; no core runs",
                    );
                }
            }
        }
        Ok(())
    }

    /// What a core gets: one without a manifest is MeshCentral's own and gets everything.
    fn granted(&self, manifest: Option<&Manifest>) -> (Budget, Permissions) {
        match manifest {
            Some(manifest) => (manifest.budget(self.parts.budget), manifest.permissions.clone()),
            None => (self.parts.budget, Permissions::full()),
        }
    }

    fn start_good(&mut self, instead_of: CoreHash) {
        let history = self.parts.history.borrow();
        let good = self.policy.fallback(&history, instead_of, now_unix_s());
        drop(history);
        match (good, &self.running) {
            (Some(good), Some(running)) if running.hash == good => {
                self.parts.inbox.set_feed(Some(running.runtime.feed()));
            }
            (Some(good), _) => {
                tracing::warn!(core = %instead_of, good = %good, "the core is in quarantine; the last good one runs instead");
                self.start(good, None);
            }
            (None, _) => {
                tracing::warn!(core = %instead_of, "the core is in quarantine and there is no good one; no core runs");
                self.stop();
            }
        }
    }

    fn restart(&mut self) {
        let Some(hash) = self.running.as_ref().map(|running| running.hash) else {
            return;
        };
        self.start(hash, None);
    }

    fn confirmed(&mut self) {
        if let Some(running) = &mut self.running
            && !std::mem::replace(&mut running.confirmed, true)
            && !running.proven
        {
            let at = running.since + Duration::from_secs(self.policy.confirmed_proof_s);
            self.wake_at(at);
        }
    }

    /// Lets [`Cores::between`] run at this instant.
    fn wake_at(&self, at: Instant) {
        // The alarm lives as long as the chain, and few words are ever on their way to it.
        let _ = self.parts.chain.mail(self.alarm, Box::new(at));
    }

    fn hear_events(&mut self) {
        let Some(running) = &mut self.running else {
            return;
        };
        let hash = running.hash;
        for event in running.runtime.take_events() {
            match event {
                CoreEvent::Exception(error) => self.parts.reports.exception(hash, &error),
                CoreEvent::Crashed(error) => {
                    self.stop();
                    self.parts.keeper.borrow_mut().ended();
                    self.failed(hash, &error);
                    return;
                }
                // What follows was asked of the port.
                CoreEvent::Exited(code) => tracing::info!(core = %hash, code, "the core ended itself"),
                _ => {}
            }
        }
    }

    /// The engine gave up on a core; the worker lives on.
    fn failed(&mut self, core: CoreHash, error: &ScriptError) {
        let failure = Failure { core, at_unix_s: now_unix_s(), reason: FailureReason::Limit };
        self.parts.supervisor.say(&Word::Failed(failure));
        let quarantined = self.policy.record(&mut self.parts.history.borrow_mut(), failure).is_some();
        let reason = error.headline();
        if quarantined {
            self.parts.keeper.borrow_mut().quarantine(core);
            let now = now_unix_s();
            let good = self.policy.fallback(&self.parts.history.borrow(), core, now);
            let next = match good {
                Some(good) => format!("it is in quarantine; core {good} runs instead"),
                None => "it is in quarantine; no core runs".to_owned(),
            };
            self.parts.reports.crashed(core, &reason, &next);
            self.start_good(core);
        } else {
            self.parts.reports.crashed(core, &reason, "it is started again");
            self.parts.orders.borrow_mut().push_back(Order::Start { hash: core, body: None });
            self.parts.chain.nudge();
        }
    }

    /// Notes a core that has run long enough, and its name for the marker.
    fn prove(&mut self) {
        let Some(running) = &mut self.running else {
            return;
        };
        let hash = running.hash;
        let name_it = !running.named && self.parts.reports.is_named();
        running.named |= name_it;
        let ran = self.policy.is_proven(running.since.elapsed().as_secs(), running.confirmed);
        let proven = ran && !std::mem::replace(&mut running.proven, ran);
        if name_it {
            self.mark(Activity::RunningCore, hash);
        }
        if proven {
            tracing::info!(core = %hash, "the core has proved good");
            self.parts.history.borrow_mut().add_good(hash);
            self.parts.supervisor.say(&Word::Good(hash));
        }
    }

    fn mark(&self, activity: Activity, hash: CoreHash) {
        last_words::update(&Marker {
            cause: Cause::Unsaid,
            activity,
            core: Some(hash),
            core_name: self.parts.reports.name(),
            at_unix_s: now_unix_s(),
            note: String::new(),
        });
    }
}

/// The cores that may not run now.
pub fn quarantined(history: &History) -> Vec<CoreHash> {
    let (policy, now) = (Policy::default(), now_unix_s());
    history
        .quarantined()
        .iter()
        .map(|entry| entry.last.core)
        .filter(|core| matches!(policy.verdict(history, *core, now), Verdict::Quarantined(_)))
        .collect()
}

fn is_engine_failure(error: &ScriptError) -> bool {
    matches!(error.kind, ScriptErrorKind::Limit | ScriptErrorKind::Panic | ScriptErrorKind::Nesting)
}
