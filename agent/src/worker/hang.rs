//! The hang timer: ends the worker when a turn of the chain does not end.
//!
//! A POSIX timer is armed when a turn begins and disarmed when it ends, so nothing runs while the agent is idle.
//! When it fires, its handler looks for one more second whether the thread really computes: a machine that was
//! asleep, stopped or overloaded is no hang. A thread that stands still inside a system call gets six budgets. Then
//! the handler writes the crash marker and leaves with [`EXIT_HANG`]; the supervisor does the rest.
//!
//! Everything the handler does is async-signal-safe, and it runs on the alternate stack that Rust gives each thread,
//! because the ordinary one may be what ran out.
#![allow(unsafe_code)]

use std::cell::Cell;
use std::io;
use std::sync::atomic::{AtomicPtr, AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use microstack::chain::TurnWatch;
use recovery_core::marker::Cause;
use recovery_core::restart::EXIT_HANG;

use super::last_words;

/// The timer of one chain. There is one per process; it stays until the process ends.
pub struct HangTimer {
    timer: libc::timer_t,
    /// What the owner of the device allows; a core may ask for less.
    most: Duration,
    budget: Cell<libc::timespec>,
}

impl HangTimer {
    /// Sets the timer up for the calling thread, disarmed.
    ///
    /// # Errors
    /// Fails when the kernel refuses the signal handler or the timer.
    pub fn for_this_thread(budget: Duration) -> io::Result<HangTimer> {
        let signal = libc::SIGRTMIN() + 3;
        // SAFETY: both structures are plain data for which all-zero bytes are valid values.
        let (mut action, mut event): (libc::sigaction, libc::sigevent) =
            unsafe { (std::mem::zeroed(), std::mem::zeroed()) };
        action.sa_sigaction = on_timer as extern "C" fn(libc::c_int) as usize;
        action.sa_flags = libc::SA_ONSTACK | libc::SA_RESTART;
        // SAFETY: `action` is fully initialised and its handler is async-signal-safe (see `on_timer`).
        check(unsafe { libc::sigaction(signal, &action, std::ptr::null_mut()) })?;
        event.sigev_notify = libc::SIGEV_THREAD_ID;
        event.sigev_signo = signal;
        // SAFETY: the call has no preconditions.
        event.sigev_notify_thread_id = unsafe { libc::gettid() };
        let mut timer: libc::timer_t = std::ptr::null_mut();
        // SAFETY: `event` is initialised and both pointers are valid for the call.
        check(unsafe { libc::timer_create(libc::CLOCK_MONOTONIC, &mut event, &mut timer) })?;
        TIMER.store(timer, Ordering::Release);
        BUDGET_S.store(budget.as_secs().max(1), Ordering::Release);
        Ok(HangTimer { timer, most: budget, budget: Cell::new(timespec(budget)) })
    }

    /// Sets the time of a turn for the core that is about to start, from now on and in the present turn; `None` is what
    /// the owner allows, and more than that is never given.
    pub fn set_budget(&self, core: Option<Duration>) {
        let budget = core.map_or(self.most, |core| core.min(self.most));
        self.budget.set(timespec(budget));
        BUDGET_S.store(budget.as_secs().max(1), Ordering::Release);
        self.turn_begins();
    }
}

fn timespec(time: Duration) -> libc::timespec {
    libc::timespec { tv_sec: time.as_secs() as libc::time_t, tv_nsec: time.subsec_nanos() as libc::c_long }
}

impl TurnWatch for HangTimer {
    fn turn_begins(&self) {
        SAMPLES.store(0, Ordering::Relaxed);
        set(self.timer, self.budget.get());
    }

    fn turn_ends(&self) {
        set(self.timer, libc::timespec { tv_sec: 0, tv_nsec: 0 });
    }
}

/// Runs on the chain's thread in the middle of anything.
extern "C" fn on_timer(_signal: libc::c_int) {
    let samples = SAMPLES.fetch_add(1, Ordering::Relaxed);
    let cpu_ms = thread_cpu_ms();
    let used_ms = cpu_ms.saturating_sub(CPU_MS.swap(cpu_ms, Ordering::Relaxed));
    let spins = samples > 0 && used_ms >= SPINNING_MS;
    let stands = u64::from(samples) >= BUDGET_S.load(Ordering::Relaxed) * 5;
    if !spins && !stands {
        set(TIMER.load(Ordering::Acquire), libc::timespec { tv_sec: 1, tv_nsec: 0 });
        return;
    }
    last_words::stamp(Cause::Hang);
    const TEXT: &[u8] = b"meshlite-agent: a turn did not end within its time; the worker ends itself\n";
    // SAFETY: both functions are async-signal-safe; the pointer and length describe TEXT. `_exit` runs no
    // destructor and takes no lock, which is what makes it legal here.
    unsafe {
        libc::write(2, TEXT.as_ptr().cast(), TEXT.len());
        libc::_exit(EXIT_HANG)
    }
}

fn set(timer: libc::timer_t, after: libc::timespec) {
    let value = libc::itimerspec { it_interval: libc::timespec { tv_sec: 0, tv_nsec: 0 }, it_value: after };
    // SAFETY: `timer` was made by `timer_create` and is never deleted; `value` is valid for the call.
    // `timer_settime` is async-signal-safe. It cannot fail with these arguments.
    unsafe { libc::timer_settime(timer, 0, &value, std::ptr::null_mut()) };
}

fn thread_cpu_ms() -> u64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `time` is valid for the call; `clock_gettime` is async-signal-safe.
    unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &mut time) };
    time.tv_sec as u64 * 1000 + time.tv_nsec as u64 / 1_000_000
}

fn check(result: libc::c_int) -> io::Result<()> {
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// CPU time within one second from which a thread counts as computing, also on a machine that is overloaded tenfold.
const SPINNING_MS: u64 = 50;

static TIMER: AtomicPtr<libc::c_void> = AtomicPtr::new(std::ptr::null_mut());
static BUDGET_S: AtomicU64 = AtomicU64::new(0);
static SAMPLES: AtomicU32 = AtomicU32::new(0);
static CPU_MS: AtomicU64 = AtomicU64::new(0);
