//! Script functions that C can call.
//!
//! During a call on the script's thread the engine is lent to the callbacks of that call. From any other place, another
//! thread above all, a callback is queued to the loop, and C gets zero at once.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::ffi::c_void;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::ThreadId;

use boa_engine::bigint::JsBigInt;
use boa_engine::object::builtins::JsFunction;
use boa_engine::{Context, JsArgs, JsError, JsResult, JsValue};
use libffi::low::ffi_cif;
use libffi::middle::{Cif, Closure};
use microstack::chain::{Cx, Link, LinkId, Mailbox, Wake};

use super::call::types;
use super::ctype::{CType, whole};
use super::kept::Kept;
use super::{fail, wrong};
use crate::host::HostShared;
use crate::host::native::function_argument;

/// Callbacks of one context. What C was given is never freed, so their number is bounded.
const MAX_CALLBACKS: usize = 1024;
/// Calls from other threads that may wait; more are lost.
const MAX_WAITING: usize = 1024;
/// Calls into C inside callbacks of calls into C.
const MAX_NESTED: usize = 32;

/// The engine while C runs below it.
struct Lent {
    ctx: *mut Context,
    context: usize,
    error: Option<JsError>,
}

thread_local! {
    static LENT: RefCell<Vec<Lent>> = const { RefCell::new(Vec::new()) };
}

/// Ends the loan, also when the call unwinds.
pub(super) struct Loan(());

/// Lends the engine to the callbacks of one call. The caller does not touch `ctx` before the loan has ended.
pub(super) fn lend(ctx: &mut Context) -> JsResult<Loan> {
    let context = Rc::as_ptr(&HostShared::of(ctx)) as usize;
    if LENT.with_borrow(Vec::len) >= MAX_NESTED {
        return Err(fail(
            "ERR_FFI_NESTED",
            &format!("calls into C are nested more than {MAX_NESTED} deep"),
            ctx,
        ));
    }
    LENT.with_borrow_mut(|all| all.push(Lent { ctx, context, error: None }));
    Ok(Loan(()))
}

impl Loan {
    /// What a callback threw.
    pub fn end(self) -> Option<JsError> {
        LENT.with_borrow_mut(|all| all.last_mut().and_then(|lent| lent.error.take()))
    }
}

impl Drop for Loan {
    fn drop(&mut self) {
        let lent = LENT.with_borrow_mut(Vec::pop);
        drop(lent);
    }
}

/// What C's pointer leads to. Never freed: C may keep it longer than anybody knows.
struct Data {
    thread: ThreadId,
    context: usize,
    id: u32,
    live: AtomicBool,
    returns: CType,
    params: Vec<CType>,
    sender: SyncSender<Queued>,
    mailbox: Mailbox,
    link: LinkId,
}

struct Queued {
    id: u32,
    arguments: Vec<(CType, Vec<u8>)>,
}

/// The callbacks of one context.
#[derive(Default)]
pub(super) struct Callbacks {
    functions: RefCell<BTreeMap<u32, (JsFunction, &'static Data)>>,
    made: Cell<u32>,
    inbox: RefCell<Option<(SyncSender<Queued>, LinkId)>>,
}

impl Drop for Callbacks {
    fn drop(&mut self) {
        for (_, data) in self.functions.get_mut().values() {
            data.live.store(false, Ordering::Release);
        }
    }
}

pub(super) fn install(ctx: &mut Context) {
    if !ctx.has_data::<Callbacks>() {
        ctx.insert_data(Callbacks::default());
    }
}

pub(super) fn make(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    super::raw::require_memory(ctx)?;
    let returns = CType::read(args, 0, ctx)?;
    let params = types(args.get_or_undefined(1), ctx)?;
    let function = function_argument(args, 2, "callback", ctx)?;
    if matches!(returns, CType::Struct { .. }) {
        return Err(fail("ERR_FFI_TYPE", "a callback cannot return a struct", ctx));
    }
    let shared = HostShared::of(ctx);
    let made = ctx.get_data::<Callbacks>().map_or(0, |all| all.made.get());
    if made as usize >= MAX_CALLBACKS {
        let text = format!(
            "more than {MAX_CALLBACKS} callbacks were made; C may keep each, so none is freed: reuse them"
        );
        return Err(fail("ERR_FFI_CALLBACKS", &text, ctx));
    }
    let (sender, link) = inbox(&shared, ctx);
    let cif = Cif::try_new(params.iter().map(CType::ffi), returns.ffi())
        .map_err(|_| fail("ERR_FFI_TYPE", "libffi cannot pass these types on this machine", ctx))?;
    let data: &'static Data = Box::leak(Box::new(Data {
        thread: std::thread::current().id(),
        context: Rc::as_ptr(&shared) as usize,
        id: made,
        live: AtomicBool::new(true),
        returns,
        params,
        sender,
        mailbox: shared.chain().mailbox(),
        link,
    }));
    let closure = Closure::try_new(cif, entered, data)
        .map_err(|_| fail("ERR_FFI_CALLBACKS", "the system gives no memory for code", ctx))?;
    let closure: &'static Closure<'static> = Box::leak(Box::new(closure));
    let address = *closure.code_ptr() as usize;
    if let Some(all) = ctx.get_data::<Callbacks>() {
        all.made.set(made + 1);
        all.functions.borrow_mut().insert(made, (function, data));
    }
    Ok(JsBigInt::from(address as u64).into())
}

/// Lets the function go; C that still calls the address gets zero.
pub(super) fn release(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let _ = whole(args.get_or_undefined(0), ctx)?;
    let function = function_argument(args, 1, "callback", ctx)?;
    let gone = ctx.get_data::<Callbacks>().and_then(|all| {
        let mut functions = all.functions.borrow_mut();
        let id = functions
            .iter()
            .find(|(_, (f, _))| boa_engine::JsObject::equals(f, &function))
            .map(|(id, _)| *id)?;
        functions.remove(&id)
    });
    if let Some((_, data)) = &gone {
        data.live.store(false, Ordering::Release);
    }
    Ok(gone.is_some().into())
}

fn inbox(shared: &Rc<HostShared>, ctx: &Context) -> (SyncSender<Queued>, LinkId) {
    let known = ctx.get_data::<Callbacks>().and_then(|all| all.inbox.borrow().clone());
    if let Some(known) = known {
        return known;
    }
    let (sender, receiver) = sync_channel(MAX_WAITING);
    let link = shared.add_link("native callbacks", Inbox { receiver, shared: shared.clone() });
    if let Some(all) = ctx.get_data::<Callbacks>() {
        *all.inbox.borrow_mut() = Some((sender.clone(), link));
    }
    (sender, link)
}

/// Takes what other threads called.
struct Inbox {
    receiver: Receiver<Queued>,
    shared: Rc<HostShared>,
}

impl Link for Inbox {
    fn wake(&mut self, _: &mut Cx<'_>, _: Wake) {
        let mut lost = 0;
        while let Ok(queued) = self.receiver.try_recv() {
            let task = move |ctx: &mut Context| {
                let Some(function) = function_of(queued.id, ctx) else { return Ok(()) };
                let mut values = Vec::with_capacity(queued.arguments.len());
                for (ctype, bytes) in &queued.arguments {
                    values.push(ctype.take(bytes, ctx)?);
                }
                function.call(&JsValue::undefined(), &values, ctx).map(|_| ())
            };
            lost += u32::from(self.shared.try_push(Box::new(task), MAX_WAITING).is_err());
        }
        if lost > 0 {
            tracing::warn!(lost, "calls of native code into a script were lost: it does not keep up");
        }
    }
}

fn function_of(id: u32, ctx: &Context) -> Option<JsFunction> {
    let all = ctx.get_data::<Callbacks>()?;
    all.functions.borrow().get(&id).map(|(function, _)| function.clone())
}

/// What C really calls.
unsafe extern "C" fn entered(_: &ffi_cif, result: &mut u64, args: *const *const c_void, data: &Data) {
    if data.returns != CType::Void {
        *result = 0;
    }
    if !data.live.load(Ordering::Acquire) {
        return;
    }
    // SAFETY: libffi passes one pointer per parameter, each to a value of the type that the closure was made with.
    let bytes = |at: usize, ctype: &CType| unsafe {
        std::slice::from_raw_parts((*args.add(at)).cast::<u8>(), ctype.size()).to_vec()
    };
    let arguments: Vec<(CType, Vec<u8>)> =
        data.params.iter().enumerate().map(|(at, ctype)| (ctype.clone(), bytes(at, ctype))).collect();
    let lent = if std::thread::current().id() == data.thread {
        LENT.with_borrow(|all| {
            all.last()
                .filter(|lent| lent.context == data.context)
                .map(|lent| (lent.ctx, lent.error.is_some()))
        })
    } else {
        None
    };
    match lent {
        Some((_, true)) => {} // an earlier callback threw: C runs to its end, script does not
        Some((ctx, false)) => {
            // SAFETY: `lend` made this pointer from the exclusive reference of the call that runs below us on this very
            // thread; that call does not touch the context before C returns, and a nested call lends it anew, so this is
            // the only live reference.
            let ctx = unsafe { &mut *ctx };
            // A panic must not unwind through C.
            let done = catch_unwind(AssertUnwindSafe(|| run(data, &arguments, ctx)));
            let error = match done {
                Ok(Ok(word)) => {
                    if data.returns != CType::Void {
                        *result = word;
                    }
                    return;
                }
                Ok(Err(error)) => error,
                Err(_) => crate::host::unwind(),
            };
            LENT.with_borrow_mut(|all| {
                if let Some(lent) = all.last_mut() {
                    lent.error = Some(error);
                }
            });
        }
        None => {
            // A full queue loses the call: C must not wait for script, which may wait for C.
            if data.sender.try_send(Queued { id: data.id, arguments }).is_ok() {
                let _ = data.mailbox.post(data.link, ());
            }
        }
    }
}

fn run(data: &Data, arguments: &[(CType, Vec<u8>)], ctx: &mut Context) -> JsResult<u64> {
    let Some(function) = function_of(data.id, ctx) else { return Ok(0) };
    let mut values = Vec::with_capacity(arguments.len());
    for (ctype, bytes) in arguments {
        values.push(ctype.take(bytes, ctx)?);
    }
    let value = function.call(&JsValue::undefined(), &values, ctx)?;
    if data.returns == CType::Void {
        return Ok(0);
    }
    if data.returns == CType::Pointer && (value.is_string() || value.as_object().is_some()) {
        return Err(wrong("a callback returns an address; allocate the memory with alloc", ctx));
    }
    let mut bytes = [0u8; 8];
    data.returns.put(&value, &mut bytes, &mut Kept::default(), ctx)?;
    // libffi wants small integers widened to a word.
    match (&data.returns, whole(&value, ctx)) {
        (CType::Int(..), Ok(number)) => Ok(number as i64 as u64),
        _ => Ok(u64::from_ne_bytes(bytes)),
    }
}
