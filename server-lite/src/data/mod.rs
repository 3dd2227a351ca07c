//! Everything that survives a restart, typed, over the embedded store.
//!
//! Users and groups are few and are asked for at every message: they are also kept in memory. Devices are many
//! and are read from the store. Writes are in the store's memory when a function returns and on the disk after
//! [`Data::flush`]; whoever confirms something to somebody flushes first (see [`crate::server::Flusher`]).
//!
//! Every table has a bound. Those that grow by themselves (events, power states) drop their oldest rows; in the
//! others the write is refused with [`DataError::Full`].

mod audit;
mod cores;
mod devices;
mod error;
mod groups;
mod history;
mod inventory;
mod meta;
mod user_groups;
mod users;
mod web_sessions;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock};
use std::thread;
use std::time::{Duration, Instant};

use microstack::store::{DiskStore, Opened, Options, Store, StoreError};
use microstack::wire::id::MeshId;

use crate::model::{Group, LoginToken, User, UserGroup, WebSession};

pub use audit::TableSize;
pub use cores::MAX_CORE_BYTES;
pub use devices::NodeQuery;
pub use error::DataError;
pub use history::{HistoryLimits, PowerState};
pub use inventory::Inventory;

/// The typed store of one server.
pub struct Data {
    store: Arc<dyn Store>,
    users: RwLock<BTreeMap<String, Arc<User>>>,
    tokens: RwLock<BTreeMap<String, Arc<LoginToken>>>,
    groups: RwLock<BTreeMap<MeshId, Arc<Group>>>,
    user_groups: RwLock<BTreeMap<String, Arc<UserGroup>>>,
    web_sessions: RwLock<BTreeMap<String, Arc<WebSession>>>,
    /// Held while one device record is read, changed and written, chosen by the first byte of its id.
    device_locks: Vec<Mutex<()>>,
    /// Counted when first needed: counting walks over all of them.
    device_count: OnceLock<AtomicUsize>,
    history: history::History,
}

/// How many devices a server keeps.
pub const MAX_DEVICES: usize = 200_000;
/// How many users, login tokens and groups a server keeps, each.
pub const MAX_USERS: usize = 10_000;

impl Data {
    /// Opens the store in `dir`, which is made if need be.
    ///
    /// # Errors
    /// [`DataError::Store`] when it cannot be opened, for example because a server has it open.
    pub fn open(dir: &Path) -> Result<Data, DataError> {
        let opened = open_patiently(dir)?;
        if let Some(aside) = &opened.recovered {
            tracing::error!(
                aside = %aside.display(),
                "the store was damaged and was moved aside; this is a new, empty one. Restore a backup, or run init again"
            );
        }
        Data::over(Arc::new(opened.store), HistoryLimits::default())
    }

    /// Uses an open store.
    ///
    /// # Errors
    /// [`DataError`] when a record cannot be read.
    pub fn over(store: Arc<dyn Store>, limits: HistoryLimits) -> Result<Data, DataError> {
        let data = Data {
            users: RwLock::new(load(&*store, USERS, |user: &User| user.id.clone())?),
            tokens: RwLock::new(load(&*store, TOKENS, |token: &LoginToken| token.token_user.clone())?),
            groups: RwLock::new(load(&*store, GROUPS, |group: &Group| group.id)?),
            user_groups: RwLock::new(load(&*store, USER_GROUPS, |group: &UserGroup| group.id.clone())?),
            web_sessions: RwLock::new(load(&*store, WEB_SESSIONS, |session: &WebSession| {
                session.number.clone()
            })?),
            device_locks: (0..64).map(|_| Mutex::new(())).collect(),
            device_count: OnceLock::new(),
            history: history::History::new(limits),
            store,
        };
        Ok(data)
    }

    /// Brings everything written so far to the disk. Blocks for milliseconds: never on a chain.
    ///
    /// # Errors
    /// [`DataError::Store`] when the disk refuses.
    pub fn flush(&self) -> Result<(), DataError> {
        Ok(self.store.flush()?)
    }
}

/// Opens the store; one that is in use gets a moment. A server that was just killed still holds its lock until the
/// system has cleared it away, and the command line holds it for the time of one request.
fn open_patiently(dir: &Path) -> Result<Opened, StoreError> {
    let until = Instant::now() + PATIENCE;
    loop {
        match DiskStore::open(dir, Options { cache_bytes: CACHE_BYTES }) {
            Err(StoreError::InUse { .. }) if Instant::now() < until => thread::sleep(PAUSE),
            done => return done,
        }
    }
}

/// Reads a whole table into a map.
fn load<K: Ord, V: serde::de::DeserializeOwned>(
    store: &dyn Store,
    table: &'static str,
    key: impl Fn(&V) -> K,
) -> Result<BTreeMap<K, Arc<V>>, DataError> {
    let mut map = BTreeMap::new();
    let mut from = Vec::new();
    loop {
        let rows = store.scan(table, &from, None, PAGE)?;
        let Some((last, _)) = rows.last() else {
            return Ok(map);
        };
        from.clone_from(last);
        from.push(0); // the smallest key behind the last one
        for (_, bytes) in &rows {
            let value: V = decode(table, bytes)?;
            map.insert(key(&value), Arc::new(value));
        }
        if rows.len() < PAGE {
            return Ok(map);
        }
    }
}

fn decode<V: serde::de::DeserializeOwned>(table: &'static str, bytes: &[u8]) -> Result<V, DataError> {
    serde_json::from_slice(bytes).map_err(|error| DataError::Record { table, why: error.to_string() })
}

fn encode<V: serde::Serialize>(value: &V) -> Result<Vec<u8>, DataError> {
    serde_json::to_vec(value).map_err(|error| DataError::Record { table: "new", why: error.to_string() })
}

/// A lock that outlives a panic: every critical section here leaves whole values behind.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn read<T>(lock: &RwLock<T>) -> std::sync::RwLockReadGuard<'_, T> {
    lock.read().unwrap_or_else(PoisonError::into_inner)
}

fn write<T>(lock: &RwLock<T>) -> std::sync::RwLockWriteGuard<'_, T> {
    lock.write().unwrap_or_else(PoisonError::into_inner)
}

const CACHE_BYTES: u64 = 2 << 20;
const PAGE: usize = 256;
const PATIENCE: Duration = Duration::from_secs(2);
const PAUSE: Duration = Duration::from_millis(50);

const USERS: &str = "users";
const TOKENS: &str = "tokens";
const GROUPS: &str = "groups";
const DEVICES: &str = "devices";
const GROUP_DEVICES: &str = "group-devices";
const LINKED_DEVICES: &str = "linked-devices";
const NETINFO: &str = "netinfo";
const SYSINFO: &str = "sysinfo";
const EVENTS: &str = "events";
const POWER: &str = "power";
const AUDIT: &str = "audit";
const AUDIT_SIGN_INS: &str = "audit-sign-ins";
const USER_GROUPS: &str = "user-groups";
const WEB_SESSIONS: &str = "web-sessions";
const CORES: &str = "cores";
const META: &str = "meta";

#[cfg(test)]
pub(crate) mod tests;
