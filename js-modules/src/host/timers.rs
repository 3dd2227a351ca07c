//! Timers and immediates of one context. The chain sees them as one link with one deadline.

use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, Instant};

use boa_engine::object::builtins::JsFunction;
use boa_engine::{JsObject, JsValue};

/// Names a timer of one context; never used twice.
pub type TimerId = u64;

/// What to start.
pub struct TimerSpec {
    /// The timer's object, `this` of the callback: a `Timeout` in Node contexts, an emitter in the dialect.
    pub object: JsObject,
    /// What to call.
    pub callback: JsFunction,
    /// What to call it with.
    pub args: Vec<JsValue>,
    /// How long to wait; Node makes less than a millisecond one.
    pub delay: Duration,
    /// Whether it starts anew after each call.
    pub repeat: bool,
}

pub(crate) struct Immediate {
    pub id: TimerId,
    pub object: JsObject,
    pub callback: JsFunction,
    pub args: Vec<JsValue>,
    /// Whether it keeps the script alive.
    pub counted: bool,
}

struct Timer {
    spec: TimerSpec,
    /// `None` while its callback runs.
    at: Option<(Instant, u64)>,
    counted: bool,
}

/// Timers by due time; equal times in the order they were started.
#[derive(Default)]
pub(crate) struct Timers {
    order: BTreeMap<(Instant, u64), TimerId>,
    by_id: HashMap<TimerId, Timer>,
    last_id: TimerId,
    last_seq: u64,
    counted: usize,
}

impl Timers {
    pub fn new_id(&mut self) -> TimerId {
        self.last_id += 1;
        self.last_id
    }

    pub fn start(&mut self, spec: TimerSpec, now: Instant) -> TimerId {
        let id = self.new_id();
        let delay = spec.delay;
        self.by_id.insert(id, Timer { spec, at: None, counted: true });
        self.counted += 1;
        self.schedule(id, now + delay);
        id
    }

    /// Starts a live timer anew; false when it is gone.
    pub fn refresh(&mut self, id: TimerId, now: Instant) -> bool {
        let Some(timer) = self.by_id.get(&id) else {
            return false;
        };
        let due = now + timer.spec.delay;
        self.schedule(id, due);
        true
    }

    /// Removes a timer; what it held is returned so that it is dropped outside of any borrow.
    pub fn stop(&mut self, id: TimerId) -> Option<TimerSpec> {
        let timer = self.by_id.remove(&id)?;
        if let Some(at) = timer.at {
            self.order.remove(&at);
        }
        self.counted -= usize::from(timer.counted);
        Some(timer.spec)
    }

    pub fn set_counted(&mut self, id: TimerId, counted: bool) {
        if let Some(timer) = self.by_id.get_mut(&id) {
            self.counted = self.counted + usize::from(counted) - usize::from(timer.counted);
            timer.counted = counted;
        }
    }

    /// Takes the next due timer: its id and what to call. The timer stays known until [`Timers::ran`].
    pub fn pop_due(&mut self, now: Instant) -> Option<(TimerId, JsObject, JsFunction, Vec<JsValue>)> {
        let (&at, &id) = self.order.first_key_value()?;
        if at.0 > now {
            return None;
        }
        self.order.pop_first();
        let timer = self.by_id.get_mut(&id)?;
        timer.at = None;
        Some((id, timer.spec.object.clone(), timer.spec.callback.clone(), timer.spec.args.clone()))
    }

    /// After a callback: a repeating timer starts anew, another one is forgotten unless it was refreshed.
    pub fn ran(&mut self, id: TimerId, now: Instant) -> Option<TimerSpec> {
        let timer = self.by_id.get(&id)?;
        if timer.at.is_some() {
            return None;
        }
        if timer.spec.repeat {
            let due = now + timer.spec.delay;
            self.schedule(id, due);
            return None;
        }
        self.stop(id)
    }

    /// What waits: when it is due, whether it repeats, and its object.
    pub fn waiting(&self) -> Vec<(Instant, bool, JsObject)> {
        let of = |(at, id): (&(Instant, u64), &TimerId)| {
            self.by_id.get(id).map(|timer| (at.0, timer.spec.repeat, timer.spec.object.clone()))
        };
        self.order.iter().filter_map(of).collect()
    }

    pub fn next(&self) -> Option<Instant> {
        self.order.first_key_value().map(|(at, _)| at.0)
    }

    pub fn len(&self) -> usize {
        self.by_id.len()
    }

    /// True when a timer keeps the script alive.
    pub fn holds(&self) -> bool {
        self.counted > 0
    }

    fn schedule(&mut self, id: TimerId, due: Instant) {
        self.last_seq += 1;
        let at = (due, self.last_seq);
        if let Some(timer) = self.by_id.get_mut(&id) {
            if let Some(old) = timer.at.replace(at) {
                self.order.remove(&old);
            }
            self.order.insert(at, id);
        }
    }
}
