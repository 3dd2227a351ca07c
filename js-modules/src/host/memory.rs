//! Memory that the engine's collector does not see, and giving memory back.

use std::cell::Cell;

use boa_engine::Context;

use super::shared::HostShared;

thread_local! {
    static ALLOCATIONS: Cell<u32> = const { Cell::new(0) };
    static RESIDENT_AT_COLLECTION: Cell<u64> = const { Cell::new(0) };
}

/// Array buffers made between two looks at the process's memory.
const LOOK_EVERY: u32 = 16;

/// Growth of the process that makes a look force a collection.
const GROWTH: u64 = 48 << 20;

/// Counts bytes that a native handed to script outside of the collector's sight (a buffer, a long string); enough
/// of them force a collection.
pub fn charge(ctx: &Context, bytes: usize) {
    let shared = HostShared::of(ctx);
    let total = shared.charged.get().saturating_add(bytes);
    if total < shared.budget().collect_after_bytes {
        shared.charged.set(total);
        return;
    }
    shared.charged.set(0);
    collect();
}

/// Collects garbage now.
pub fn collect() {
    boa_gc::force_collect();
    RESIDENT_AT_COLLECTION.set(resident_bytes());
}

/// Called before each array buffer of the engine, whose size is not known here: looks at the process instead.
pub(crate) fn watch_allocation(_ctx: &Context) {
    let count = ALLOCATIONS.get().wrapping_add(1);
    ALLOCATIONS.set(count);
    if !count.is_multiple_of(LOOK_EVERY) {
        return;
    }
    let now = resident_bytes();
    let before = RESIDENT_AT_COLLECTION.get();
    if before == 0 || now < before {
        RESIDENT_AT_COLLECTION.set(now);
    } else if now - before > GROWTH {
        collect();
    }
}

/// Resident bytes of this process; 0 where the system does not say.
pub fn resident_bytes() -> u64 {
    let Ok(text) = std::fs::read_to_string("/proc/self/statm") else {
        return 0;
    };
    let pages: u64 = text.split_ascii_whitespace().nth(1).and_then(|n| n.parse().ok()).unwrap_or(0);
    pages * rustix::param::page_size() as u64
}

/// Collects and returns free memory to the system: after a core was loaded and after one was dropped.
pub fn trim() {
    collect();
    give_back();
}

#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[allow(unsafe_code)]
fn give_back() {
    // SAFETY: malloc_trim takes no pointer and may be called at any time; it only touches the allocator's state.
    unsafe {
        libc::malloc_trim(0);
    }
}

#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
fn give_back() {}
