//! The crash marker of this worker, kept so that a signal handler can write it.
//!
//! The current record lies in one of two arrays of atomics; an update fills the other one and then switches. A handler
//! that interrupts an update therefore always finds a whole record.
#![allow(unsafe_code)]

use std::os::fd::{AsRawFd, OwnedFd};
use std::sync::atomic::{AtomicI32, AtomicU64, AtomicUsize, Ordering};

use recovery_core::marker::{self, Cause, Marker, head};

use crate::control::{MARKER_AT, Record};

/// From now on markers go to this memory file.
pub fn open(record: Record) {
    let fd: OwnedFd = record.into_fd();
    FD.store(fd.as_raw_fd(), Ordering::Release);
    // The descriptor must stay open until the very end of the process: handlers write to it.
    std::mem::forget(fd);
}

/// Makes `marker` the record that is found if the worker dies now.
pub fn update(marker: &Marker) {
    let bytes = marker.emit();
    let next = 1 - CURRENT.load(Ordering::Relaxed);
    for (word, chunk) in RECORDS[next].iter().zip(bytes.chunks_exact(8)) {
        let mut eight = [0; 8];
        eight.copy_from_slice(chunk);
        word.store(u64::from_ne_bytes(eight), Ordering::Relaxed);
    }
    CURRENT.store(next, Ordering::Release);
    put(&bytes);
}

/// Notes what kind of script entry runs now (`timer`, `core.js` …), for [`stamp`]. Called often: a few stores.
pub fn entering(what: &str) {
    let mut bytes = [0; TASK_WORDS * 8];
    let what = head(what, bytes.len());
    bytes[..what.len()].copy_from_slice(what.as_bytes());
    for (word, chunk) in TASK.iter().zip(bytes.chunks_exact(8)) {
        let mut eight = [0; 8];
        eight.copy_from_slice(chunk);
        word.store(u64::from_ne_bytes(eight), Ordering::Relaxed);
    }
    // Last: a handler that interrupts the stores before finds a text cut short at most at its old end.
    TASK_LEN.store(what.len(), Ordering::Release);
}

/// Adds why the worker is about to end. Async-signal-safe: atomics, arithmetic and one `pwrite`.
pub fn stamp(cause: Cause) {
    let mut bytes = [0; marker::LEN];
    let current = &RECORDS[CURRENT.load(Ordering::Acquire)];
    for (word, chunk) in current.iter().zip(bytes.chunks_exact_mut(8)) {
        chunk.copy_from_slice(&word.load(Ordering::Relaxed).to_ne_bytes());
    }
    let mut task = [0; TASK_WORDS * 8];
    for (word, chunk) in TASK.iter().zip(task.chunks_exact_mut(8)) {
        chunk.copy_from_slice(&word.load(Ordering::Relaxed).to_ne_bytes());
    }
    let len = TASK_LEN.load(Ordering::Acquire).min(task.len());
    // A half-stored text could break a character in two; the record must stay readable.
    let note = if task[..len].is_ascii() { &task[..len] } else { b"".as_slice() };
    marker::stamp(&mut bytes, cause, note);
    put(&bytes);
}

/// Called by the allocator when it has to refuse: what follows is usually an abort.
#[cold]
pub fn out_of_memory() {
    stamp(Cause::OutOfMemory);
}

fn put(bytes: &[u8; marker::LEN]) {
    let fd = FD.load(Ordering::Acquire);
    if fd < 0 {
        return; // no supervisor: nobody would read it
    }
    // SAFETY: `fd` is open for the rest of the process's life (see `open`), and the pointer and length describe
    // `bytes`. `pwrite` is async-signal-safe. A failure leaves the record before this one, which is still true.
    unsafe { libc::pwrite(fd, bytes.as_ptr().cast(), marker::LEN, MARKER_AT as libc::off_t) };
}

const TASK_WORDS: usize = 8;
static TASK: [AtomicU64; TASK_WORDS] = [const { AtomicU64::new(0) }; TASK_WORDS];
static TASK_LEN: AtomicUsize = AtomicUsize::new(0);

const WORDS: usize = marker::LEN / 8;
static FD: AtomicI32 = AtomicI32::new(-1);
static CURRENT: AtomicUsize = AtomicUsize::new(0);
static RECORDS: [[AtomicU64; WORDS]; 2] =
    [const { [const { AtomicU64::new(0) }; WORDS] }, const { [const { AtomicU64::new(0) }; WORDS] }];
