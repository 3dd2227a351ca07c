//! Tables that grow by themselves: events and power states. The oldest rows go first.
//!
//! They are opened when first needed, because opening counts their rows: a server with a long history starts as
//! fast as a new one.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use microstack::store::{Capped, Entry, Limits, Store};
use microstack::wire::id::NodeId;
use serde::{Deserialize, Serialize};

use super::{AUDIT, AUDIT_SIGN_INS, Data, DataError, EVENTS, POWER, decode, encode, lock};
use crate::model::{Event, node_text};

/// One change of a device's power state, as far as the connection tells.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PowerState {
    /// Full device name.
    pub node: String,
    /// Milliseconds since 1970.
    pub time_ms: u64,
    /// 0 unknown (not connected), 1 on.
    pub state: u8,
}

/// Bounds of the two tables.
#[derive(Debug, Clone, Copy)]
pub struct HistoryLimits {
    /// Of events.
    pub events: Limits,
    /// Of power states.
    pub power: Limits,
    /// Of the audit log.
    pub audit: Limits,
    /// Of failed sign-ins in the audit log.
    pub audit_sign_ins: Limits,
}

impl Default for HistoryLimits {
    fn default() -> Self {
        let retention = Duration::from_secs(90 * 86_400);
        HistoryLimits {
            events: Limits { rows: 50_000, bytes: 16 << 20, retention },
            power: Limits { rows: 50_000, bytes: 8 << 20, retention },
            audit: Limits { rows: 100_000, bytes: 32 << 20, retention: retention * 4 },
            audit_sign_ins: Limits { rows: 10_000, bytes: 4 << 20, retention },
        }
    }
}

pub(super) struct History {
    pub(super) limits: HistoryLimits,
    pub(super) events: Mutex<Option<Capped>>,
    pub(super) power: Mutex<Option<Capped>>,
    pub(super) audit: Mutex<Option<Capped>>,
    pub(super) audit_sign_ins: Mutex<Option<Capped>>,
}

impl History {
    pub(super) fn new(limits: HistoryLimits) -> History {
        let closed = || Mutex::new(None);
        History { limits, events: closed(), power: closed(), audit: closed(), audit_sign_ins: closed() }
    }
}

impl Data {
    /// Keeps an event.
    ///
    /// # Errors
    /// The store's.
    pub fn add_event(&self, event: &Event) -> Result<(), DataError> {
        let row = encode(event)?;
        self.with_events(|table| Ok(table.append(event.time_ms, &row).map(|_| ())?))
    }

    /// The newest events that `wanted` accepts, newest first, at most `limit`.
    ///
    /// # Errors
    /// The store's.
    pub fn events(&self, limit: usize, wanted: impl Fn(&Event) -> bool) -> Result<Vec<Event>, DataError> {
        self.with_events(|table| {
            let mut found = Vec::new();
            newest_first(table, |entry| {
                let event: Event = decode(EVENTS, &entry.content)?;
                if wanted(&event) {
                    found.push(event);
                }
                Ok(found.len() < limit)
            })?;
            found.truncate(limit);
            Ok(found)
        })
    }

    /// Keeps a power state.
    ///
    /// # Errors
    /// The store's.
    pub fn add_power(&self, state: &PowerState) -> Result<(), DataError> {
        let row = encode(state)?;
        self.with_power(|table| Ok(table.append(state.time_ms, &row).map(|_| ())?))
    }

    /// The power states of a device, oldest first, at most `limit` of the newest.
    ///
    /// # Errors
    /// The store's.
    pub fn power_of(&self, node: &NodeId, limit: usize) -> Result<Vec<PowerState>, DataError> {
        let name = node_text(node);
        self.with_power(|table| {
            let mut found = Vec::new();
            newest_first(table, |entry| {
                let state: PowerState = decode(POWER, &entry.content)?;
                if state.node == name {
                    found.push(state);
                }
                Ok(found.len() < limit)
            })?;
            found.reverse();
            Ok(found)
        })
    }

    /// Drops what is older than the retention; to be called every few hours.
    ///
    /// # Errors
    /// The store's.
    pub fn expire_history(&self, now_ms: u64) -> Result<(), DataError> {
        self.with_events(|table| Ok(table.expire(now_ms)?))?;
        self.with_power(|table| Ok(table.expire(now_ms)?))?;
        let (history, limits) = (&self.history, &self.history.limits);
        with(&self.store, &history.audit, AUDIT, limits.audit, |table| Ok(table.expire(now_ms)?))?;
        let (table, limits) = (&history.audit_sign_ins, limits.audit_sign_ins);
        with(&self.store, table, AUDIT_SIGN_INS, limits, |table| Ok(table.expire(now_ms)?))
    }

    fn with_events<R>(&self, work: impl FnOnce(&mut Capped) -> Result<R, DataError>) -> Result<R, DataError> {
        with(&self.store, &self.history.events, EVENTS, self.history.limits.events, work)
    }

    fn with_power<R>(&self, work: impl FnOnce(&mut Capped) -> Result<R, DataError>) -> Result<R, DataError> {
        with(&self.store, &self.history.power, POWER, self.history.limits.power, work)
    }
}

pub(super) fn with<R>(
    store: &Arc<dyn Store>,
    table: &Mutex<Option<Capped>>,
    name: &str,
    limits: Limits,
    work: impl FnOnce(&mut Capped) -> Result<R, DataError>,
) -> Result<R, DataError> {
    let mut guard = lock(table);
    if guard.is_none() {
        *guard = Some(Capped::open(Arc::clone(store), name, limits)?);
    }
    match guard.as_mut() {
        Some(table) => work(table),
        None => unreachable!("it was opened in the line above"),
    }
}

/// Walks back from the newest entry in pages until `go_on` says `false`.
pub(super) fn newest_first(
    table: &Capped,
    mut go_on: impl FnMut(&Entry) -> Result<bool, DataError>,
) -> Result<(), DataError> {
    let Some(newest) = table.recent(1)?.pop() else {
        return Ok(());
    };
    let oldest = newest.number + 1 - table.len() as u64;
    let mut end = newest.number + 1;
    while end > oldest {
        let from = end.saturating_sub(PAGE).max(oldest);
        let size = usize::try_from(end - from).unwrap_or(usize::MAX);
        for entry in table.after(from, size)?.iter().rev() {
            if !go_on(entry)? {
                return Ok(());
            }
        }
        end = from;
    }
    Ok(())
}

const PAGE: u64 = 200;
