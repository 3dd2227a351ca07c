//! The worker's memory limit: an allocator that counts and says no.
//!
//! A resource limit of the kernel would be inherited by every command an operator runs on the device; this limit
//! holds for the worker's own heap alone. When it is reached the allocation fails, which ends the process by an
//! abort (or, where the engine asks politely, throws a `RangeError` into the script), after the crash marker was
//! given the reason. Without a limit, as in the supervisor, it only counts.
#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::atomic::{AtomicIsize, Ordering};

/// The system's allocator with a count and a limit.
pub struct Limited;

/// Sets the limit of this process in bytes; `None` takes it away.
pub fn set_limit(bytes: Option<usize>) {
    let limit = bytes.map_or(isize::MAX, |b| isize::try_from(b).unwrap_or(isize::MAX));
    LIMIT.store(limit, Ordering::Relaxed);
}

/// Bytes allocated now, within 64 KiB per thread.
pub fn in_use() -> usize {
    USED.load(Ordering::Relaxed).max(0) as usize
}

/// Notes a change of `by` bytes. False when an increase goes over the limit; it is then not counted.
///
/// Each thread collects small changes and adds them to the common figure when they exceed [`BATCH`], so that most
/// calls touch no shared cache line.
fn account(by: isize) -> bool {
    // The cell has no destructor and is constant-initialised, so this neither allocates nor fails but in a thread
    // that is already gone, where the change goes straight to the common figure.
    let pending = PENDING.try_with(|cell| {
        let pending = cell.get() + by;
        if pending.unsigned_abs() < BATCH {
            cell.set(pending);
            0
        } else {
            cell.set(0);
            pending
        }
    });
    let change = pending.unwrap_or(by);
    if change == 0 {
        return true;
    }
    let used = USED.fetch_add(change, Ordering::Relaxed) + change;
    if by > 0 && used > LIMIT.load(Ordering::Relaxed) {
        USED.fetch_sub(by, Ordering::Relaxed);
        crate::worker::last_words::out_of_memory();
        return false;
    }
    true
}

// SAFETY: every call is handed to `System` with the caller's own arguments, or refused with a null pointer, which
// the contract of `GlobalAlloc` allows. Counting touches no memory that is being managed and does not allocate.
unsafe impl GlobalAlloc for Limited {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if !account(layout.size() as isize) {
            return std::ptr::null_mut();
        }
        // SAFETY: the caller's layout, unchanged.
        let memory = unsafe { System.alloc(layout) };
        failed_is_returned(memory, layout.size() as isize)
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        if !account(layout.size() as isize) {
            return std::ptr::null_mut();
        }
        // SAFETY: the caller's layout, unchanged.
        let memory = unsafe { System.alloc_zeroed(layout) };
        failed_is_returned(memory, layout.size() as isize)
    }

    unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
        account(-(layout.size() as isize));
        // SAFETY: the caller's pointer came from `System` through this allocator, with this layout.
        unsafe { System.dealloc(ptr, layout) }
    }

    unsafe fn realloc(&self, ptr: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        let by = new_size as isize - layout.size() as isize;
        if !account(by) {
            return std::ptr::null_mut();
        }
        // SAFETY: the caller's pointer came from `System` through this allocator, with this layout.
        let memory = unsafe { System.realloc(ptr, layout, new_size) };
        failed_is_returned(memory, by)
    }
}

/// Takes the count of a failed allocation back.
fn failed_is_returned(memory: *mut u8, by: isize) -> *mut u8 {
    if memory.is_null() {
        account(-by);
        crate::worker::last_words::out_of_memory();
    }
    memory
}

static USED: AtomicIsize = AtomicIsize::new(0);
static LIMIT: AtomicIsize = AtomicIsize::new(isize::MAX);

/// Small changes a thread may keep to itself, in bytes.
const BATCH: usize = 64 * 1024;

thread_local! {
    static PENDING: Cell<isize> = const { Cell::new(0) };
}
