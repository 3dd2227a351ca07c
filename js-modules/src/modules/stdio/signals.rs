//! Signals on the chain. A signal nobody listens to any more does what it did before.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::io;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use boa_engine::object::builtins::JsFunction;
use boa_engine::{Context, JsArgs, JsData, JsResult, JsValue};
use boa_gc::{Finalize, Trace};
use microstack::chain::{Cx, Link, Wake};
use mio::Interest;
use signal_hook::flag::register_conditional_default;
use signal_hook_mio::v1_0::Signals;

use crate::host::HostShared;
use crate::host::native::{function_argument, system_error};

/// One more than the largest number that has a name.
const COUNT: usize = 32;

/// Who listens, process-wide: an empty place is a signal whose old action was never touched.
static LISTENERS: Mutex<[Option<Listeners>; COUNT]> = Mutex::new([const { None }; COUNT]);

struct Listeners {
    count: usize,
    /// True while nobody listens: the handler then does what the system would have done.
    nobody: Arc<AtomicBool>,
}

/// Counts one listener more; the first one ever installs the fallback.
fn add(signal: i32) -> io::Result<()> {
    let mut all = LISTENERS.lock().unwrap_or_else(PoisonError::into_inner);
    let Some(slot) = all.get_mut(signal as usize) else {
        return Err(io::Error::from_raw_os_error(libc::EINVAL));
    };
    if slot.is_none() {
        let nobody = Arc::new(AtomicBool::new(false));
        register_conditional_default(signal, nobody.clone())?;
        *slot = Some(Listeners { count: 0, nobody });
    }
    if let Some(listeners) = slot {
        listeners.count += 1;
        listeners.nobody.store(false, Ordering::SeqCst);
    }
    Ok(())
}

fn remove(signal: i32) {
    let mut all = LISTENERS.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(Some(listeners)) = all.get_mut(signal as usize) {
        listeners.count = listeners.count.saturating_sub(1);
        listeners.nobody.store(listeners.count == 0, Ordering::SeqCst);
    }
}

/// The signals one context listens to; counted down when it goes.
#[derive(Default)]
struct Wanted(RefCell<BTreeSet<i32>>);

impl Drop for Wanted {
    fn drop(&mut self) {
        for signal in self.0.borrow().iter() {
            remove(*signal);
        }
    }
}

/// Kept in the context's data; the link shares it.
#[derive(Trace, Finalize, JsData)]
struct Ear {
    #[unsafe_ignore_trace]
    wanted: Rc<Wanted>,
    #[unsafe_ignore_trace]
    signals: Rc<RefCell<Signals>>,
}

/// False where the script does not own the process, or the signal can only be handled by the system.
pub(super) fn listen(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let signal = args.get_or_undefined(0).to_i32(ctx)?;
    let callback = function_argument(args, 1, "onSignal", ctx)?;
    let shared = HostShared::of(ctx);
    if !shared.sink().owns_process() || [libc::SIGILL, libc::SIGFPE, libc::SIGSEGV].contains(&signal) {
        return Ok(false.into());
    }
    if [libc::SIGKILL, libc::SIGSTOP].contains(&signal) {
        let error = io::Error::from_raw_os_error(libc::EINVAL);
        return Err(system_error(&error, "uv_signal_start", None, ctx));
    }
    if ctx.get_data::<Ear>().is_none() {
        let signals = Signals::new(None::<i32>).map_err(|e| system_error(&e, "uv_signal_init", None, ctx))?;
        let ear = Ear { wanted: Rc::default(), signals: Rc::new(RefCell::new(signals)) };
        let (wanted, signals) = (ear.wanted.clone(), ear.signals.clone());
        shared.add_link("signals", SignalLink { signals, wanted, shared: shared.clone(), callback });
        ctx.insert_data(ear);
    }
    let Some(ear) = ctx.get_data::<Ear>() else { return Ok(false.into()) };
    if ear.wanted.0.borrow().contains(&signal) {
        return Ok(true.into());
    }
    // Both at once, not when the link runs: a signal may come before.
    let started = add(signal).and_then(|()| ear.signals.borrow().add_signal(signal));
    match started {
        Ok(()) => {
            ear.wanted.0.borrow_mut().insert(signal);
            Ok(true.into())
        }
        Err(error) => Err(system_error(&error, "uv_signal_start", None, ctx)),
    }
}

pub(super) fn ignore(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let signal = args.get_or_undefined(0).to_i32(ctx)?;
    if let Some(ear) = ctx.get_data::<Ear>()
        && ear.wanted.0.borrow_mut().remove(&signal)
    {
        remove(signal);
    }
    Ok(JsValue::undefined())
}

/// Holds no script alive: signals are waited for beside other work.
struct SignalLink {
    signals: Rc<RefCell<Signals>>,
    wanted: Rc<Wanted>,
    shared: Rc<HostShared>,
    callback: JsFunction,
}

impl Link for SignalLink {
    fn wake(&mut self, cx: &mut Cx<'_>, wake: Wake) {
        let mut signals = self.signals.borrow_mut();
        if wake.start
            && let Err(error) = cx.register(&mut *signals, 0, Interest::READABLE)
        {
            tracing::warn!(%error, "signals cannot be watched");
            cx.remove_self();
            return;
        }
        for signal in signals.pending() {
            if !self.wanted.0.borrow().contains(&signal) {
                continue;
            }
            let callback = self.callback.clone();
            self.shared.push(Box::new(move |ctx| {
                callback.call(&JsValue::undefined(), &[signal.into()], ctx).map(|_| ())
            }));
        }
    }
}
