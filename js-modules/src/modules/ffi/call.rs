//! Calling C: on the script's thread, or on one of its own.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, channel};

use boa_engine::object::builtins::{JsArray, JsFunction};
use boa_engine::{Context, JsArgs, JsData, JsObject, JsResult, JsString, JsValue};
use boa_gc::{Finalize, Trace};
use libffi::middle::{Arg, Cif, CodePtr, Ret};
use libloading::os::unix::Library;
use microstack::chain::{Cx, Link, Wake};

use super::ctype::CType;
use super::kept::{Kept, copy_back};
use super::library::{self, Opened};
use super::{callback, fail};
use crate::host::bytes::ByteView;
use crate::host::native::{function_argument, invalid_type, string_argument, system_error};
use crate::host::{Hold, HostShared};

/// What one C function takes; C itself allows 127.
const MAX_ARGUMENTS: usize = 64;

/// Calls that may run on threads of their own at once, in the whole process.
const MAX_THREADS: usize = 16;

static THREADS: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    pub(super) static ERRNO: Cell<i32> = const { Cell::new(0) };
}

#[derive(Trace, Finalize, JsData)]
struct Function {
    #[unsafe_ignore_trace]
    defined: Rc<Defined>,
}

struct Defined {
    opened: Rc<Opened>,
    address: usize,
    returns: CType,
    params: Vec<CType>,
    variadic: bool,
}

/// A call with everything it needs, free of the engine.
pub(super) struct Prepared {
    address: usize,
    params: Vec<CType>,
    /// How many arguments are not variadic, for a variadic function.
    fixed: Option<usize>,
    returns: CType,
    slots: Vec<Vec<u64>>,
    /// The code must stay where it is while it runs.
    _library: Arc<Library>,
}

pub(super) fn define(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let opened = library::handle(args, ctx)?;
    let name = string_argument(args, 1, "name", ctx)?;
    let returns = CType::read(args, 2, ctx)?;
    let params = types(args.get_or_undefined(3), ctx)?;
    let variadic = args.get_or_undefined(4).to_boolean();
    let address = library::address(&opened, &name, ctx)? as usize;
    let defined = Rc::new(Defined { opened, address, returns, params, variadic });
    let prototype = ctx.intrinsics().constructors().object().prototype();
    Ok(JsObject::from_proto_and_data(prototype, Function { defined }).into())
}

pub(super) fn types(value: &JsValue, ctx: &mut Context) -> JsResult<Vec<CType>> {
    let mut out = Vec::new();
    for name in elements(value, ctx)? {
        let ctype = CType::read(&[name], 0, ctx)?;
        if ctype == CType::Void {
            return Err(fail("ERR_FFI_TYPE", "void is no type of an argument", ctx));
        }
        out.push(ctype);
    }
    Ok(out)
}

pub(super) fn elements(value: &JsValue, ctx: &mut Context) -> JsResult<Vec<JsValue>> {
    let Some(array) = value.as_object().and_then(|o| JsArray::from_object(o).ok()) else {
        return Ok(Vec::new());
    };
    let length = array.length(ctx)?;
    if length > MAX_ARGUMENTS as u64 {
        return Err(fail("ERR_FFI_ARGUMENTS", &format!("more than {MAX_ARGUMENTS} arguments"), ctx));
    }
    (0..length).map(|at| array.get(at, ctx)).collect()
}

fn prepare(args: &[JsValue], ctx: &mut Context) -> JsResult<(Prepared, Kept)> {
    let object = args.get_or_undefined(0).as_object();
    let Some(defined) = object.and_then(|o| o.downcast_ref::<Function>().map(|f| f.defined.clone())) else {
        return Err(invalid_type("function", "a function of a library", args.get_or_undefined(0), ctx));
    };
    library::check_open(&defined.opened, ctx)?;
    let values = elements(args.get_or_undefined(1), ctx)?;
    let mut params = defined.params.clone();
    if defined.variadic {
        params.extend(types(args.get_or_undefined(2), ctx)?);
    }
    if values.len() != params.len() || params.len() > MAX_ARGUMENTS {
        let text = format!("the function takes {} arguments, not {}", params.len(), values.len());
        return Err(fail("ERR_FFI_ARGUMENTS", &text, ctx));
    }
    let (mut kept, mut slots) = (Kept::default(), Vec::with_capacity(values.len()));
    for (ctype, value) in params.iter().zip(&values) {
        let mut bytes = vec![0; ctype.size()];
        ctype.put(value, &mut bytes, &mut kept, ctx)?;
        slots.push(words(&bytes));
    }
    let prepared = Prepared {
        address: defined.address,
        fixed: defined.variadic.then_some(defined.params.len()),
        params,
        returns: defined.returns.clone(),
        slots,
        _library: defined.opened.library.clone(),
    };
    Ok((prepared, kept))
}

fn words(bytes: &[u8]) -> Vec<u64> {
    let word = |part: &[u8]| {
        let mut all = [0; 8];
        all[..part.len()].copy_from_slice(part);
        u64::from_ne_bytes(all)
    };
    bytes.chunks(8).map(word).collect()
}

impl Prepared {
    /// A call that takes and gives machine words.
    pub fn of_words(address: usize, values: &[usize], library: Arc<Library>) -> Prepared {
        let word = CType::Int(size_of::<usize>(), false);
        Prepared {
            address,
            params: vec![word.clone(); values.len()],
            fixed: None,
            returns: word,
            slots: values.iter().map(|value| words(&value.to_ne_bytes())).collect(),
            _library: library,
        }
    }

    /// Calls, and gives the bytes of the result and `errno`; `None` when libffi cannot describe the call.
    pub fn run(&self) -> Option<(Vec<u8>, i32)> {
        let types = self.params.iter().map(CType::ffi);
        let cif = match self.fixed {
            None => Cif::try_new(types, self.returns.ffi()),
            Some(fixed) => Cif::try_new_variadic(types, fixed, self.returns.ffi()),
        };
        let cif = cif.ok()?;
        let slots: Vec<Arg<'_>> = self.slots.iter().map(|slot| Arg::new(slot.as_slice())).collect();
        // libffi widens small integers to a word; two words more than needed, for what returns in two registers.
        let mut result = vec![0u64; self.returns.size().div_ceil(8) + 2];
        // SAFETY: the address is that of a symbol of a library that `_library` keeps mapped. Each slot has the size and
        // (as words) the alignment of its type, the result has room for its type, and both outlive the call. Whether the
        // symbol is a function with these types, and what it does, only the script can know: see the module's words.
        unsafe {
            let code = CodePtr::from_ptr(self.address as *const _);
            cif.call_return_into(code, &slots, Ret::new(result.as_mut_slice()));
        }
        let errno = std::io::Error::last_os_error().raw_os_error().unwrap_or(0);
        let bytes: Vec<u8> = result.iter().flat_map(|word| word.to_ne_bytes()).collect();
        let small = matches!(self.returns, CType::Int(..) | CType::Bool);
        let skip = if cfg!(target_endian = "big") && small { 8 - self.returns.size() } else { 0 };
        Some((bytes[skip..].to_vec(), errno))
    }
}

pub(super) fn call(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let (prepared, kept) = prepare(args, ctx)?;
    let lent = callback::lend(ctx)?;
    let done = prepared.run();
    let error = lent.end();
    kept.give_back();
    let Some((bytes, errno)) = done else { return Err(undescribed(ctx)) };
    ERRNO.set(errno);
    match error {
        Some(error) => Err(error),
        None => prepared.returns.take(&bytes, ctx),
    }
}

pub(super) fn undescribed(ctx: &mut Context) -> boa_engine::JsError {
    fail("ERR_FFI_TYPE", "libffi cannot pass these types on this machine", ctx)
}

pub(super) fn errno(_: &JsValue, _: &[JsValue], _: &mut Context) -> JsResult<JsValue> {
    Ok(JsValue::from(ERRNO.get()))
}

/// What the thread sends back.
struct Outcome {
    done: Option<(Vec<u8>, i32)>,
    blocks: Vec<Vec<u64>>,
}

/// Waits for one call on another thread.
struct Waiting {
    receiver: Receiver<Outcome>,
    shared: Rc<HostShared>,
    views: Vec<(usize, ByteView)>,
    returns: CType,
    done: JsFunction,
    _hold: Hold,
}

pub(super) fn call_async(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let done = function_argument(args, 3, "done", ctx)?;
    let (prepared, kept) = prepare(args, ctx)?;
    let shared = HostShared::of(ctx);
    let (blocks, views) = kept.split();
    let returns = prepared.returns.clone();
    let waiting =
        |receiver| Waiting { receiver, shared: shared.clone(), views, returns, done, _hold: shared.hold() };
    on_thread(&shared, waiting, move || Outcome { done: prepared.run(), blocks }, ctx)
}

/// Does `work` on a thread of its own; the link that `waiting` makes is woken with what it gives.
///
/// # Errors
/// When too many run already, or a thread cannot be had.
pub(super) fn on_thread<T: Send + 'static, L: Link + 'static>(
    shared: &Rc<HostShared>,
    waiting: impl FnOnce(Receiver<T>) -> L,
    work: impl FnOnce() -> T + Send + 'static,
    ctx: &mut Context,
) -> JsResult<JsValue> {
    shared.require_handle("clone", ctx)?;
    if THREADS.fetch_add(1, Ordering::AcqRel) >= MAX_THREADS {
        THREADS.fetch_sub(1, Ordering::AcqRel);
        let text = format!("{MAX_THREADS} calls run on other threads already; wait for one of them");
        return Err(fail("ERR_FFI_BUSY", &text, ctx));
    }
    let (sender, receiver) = channel();
    let link = shared.add_link("native call", waiting(receiver));
    let mailbox = shared.chain().mailbox();
    let started = std::thread::Builder::new().name("ffi".into()).spawn(move || {
        // The script may be gone; then nobody waits.
        let _ = sender.send(work());
        let _ = mailbox.post(link, ());
        THREADS.fetch_sub(1, Ordering::AcqRel);
    });
    if let Err(error) = started {
        THREADS.fetch_sub(1, Ordering::AcqRel);
        shared.chain().remove(link);
        return Err(system_error(&error, "clone", None, ctx));
    }
    Ok(JsValue::undefined())
}

impl Link for Waiting {
    fn wake(&mut self, cx: &mut Cx<'_>, _: Wake) {
        let Ok(outcome) = self.receiver.try_recv() else { return };
        let (done, returns, views) =
            (self.done.clone(), self.returns.clone(), std::mem::take(&mut self.views));
        self.shared.push(Box::new(move |ctx| {
            copy_back(&outcome.blocks, &views);
            let arguments = match outcome.done {
                Some((bytes, errno)) => {
                    ERRNO.set(errno);
                    [JsValue::undefined(), returns.take(&bytes, ctx)?]
                }
                None => {
                    let text = "libffi cannot pass these types on this machine";
                    [JsString::from(text).into(), JsValue::undefined()]
                }
            };
            done.call(&JsValue::undefined(), &arguments, ctx).map(|_| ())
        }));
        cx.remove_self();
    }
}
