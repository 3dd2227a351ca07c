//! Opened libraries and their symbols.

use std::cell::Cell;
use std::ffi::c_void;
use std::rc::Rc;
use std::sync::Arc;

use boa_engine::bigint::JsBigInt;
use boa_engine::{Context, JsArgs, JsData, JsObject, JsResult, JsValue};
use boa_gc::{Finalize, Trace};
use libloading::os::unix::{Library, RTLD_LOCAL, RTLD_NOW};

use super::fail;
use crate::host::native::{invalid_type, string_argument};
use crate::host::{HostShared, Need};

/// One library. It stays mapped while a function of it, or a call on another thread, exists.
pub(super) struct Opened {
    pub library: Arc<Library>,
    pub closed: Cell<bool>,
    pub name: String,
}

#[derive(Trace, Finalize, JsData)]
struct Handle {
    #[unsafe_ignore_trace]
    opened: Rc<Opened>,
}

pub(super) fn open(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let shared = HostShared::of(ctx);
    let (name, library) = if args.get_or_undefined(0).is_null_or_undefined() {
        shared.require_permission(Need::Ffi("self"), ctx)?;
        ("self".to_owned(), Ok(Library::this()))
    } else {
        let given = string_argument(args, 0, "path", ctx)?;
        let name = match given.contains('/') {
            true => shared.absolute(&given).display().to_string(),
            false => given,
        };
        shared.require_permission(Need::Ffi(&name), ctx)?;
        // SAFETY: opening runs the library's initialisers, which may do anything. That is what the permission `ffi` for
        // this very library grants; there is no way to check it.
        let library = unsafe { Library::open(Some(&name), RTLD_NOW | RTLD_LOCAL) };
        (name, library)
    };
    match library {
        Ok(library) => {
            let opened = Rc::new(Opened { library: Arc::new(library), closed: Cell::new(false), name });
            let prototype = ctx.intrinsics().constructors().object().prototype();
            Ok(JsObject::from_proto_and_data(prototype, Handle { opened }).into())
        }
        Err(error) => Err(fail("ERR_FFI_LIBRARY", &format!("{name} cannot be opened: {error}"), ctx)),
    }
}

pub(super) fn close(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    handle(args, ctx)?.closed.set(true);
    Ok(JsValue::undefined())
}

pub(super) fn symbol(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let opened = handle(args, ctx)?;
    let name = string_argument(args, 1, "name", ctx)?;
    Ok(JsBigInt::from(address(&opened, &name, ctx)? as u64).into())
}

/// The library of argument 0.
pub(super) fn handle(args: &[JsValue], ctx: &mut Context) -> JsResult<Rc<Opened>> {
    let object = args.get_or_undefined(0).as_object();
    let found = object.and_then(|o| o.downcast_ref::<Handle>().map(|h| h.opened.clone()));
    found.ok_or_else(|| invalid_type("library", "an opened library", args.get_or_undefined(0), ctx))
}

/// Where a symbol lies.
pub(super) fn address(opened: &Opened, name: &str, ctx: &mut Context) -> JsResult<*const c_void> {
    check_open(opened, ctx)?;
    // SAFETY: only the address is taken here; nothing is read or called through it.
    let found = unsafe { opened.library.get::<*const c_void>(name.as_bytes()) };
    match found.map(|symbol| symbol.into_raw().cast_const()) {
        Ok(address) if !address.is_null() => Ok(address.cast()),
        _ => Err(fail("ERR_FFI_SYMBOL", &format!("{} has no symbol {name:?}", opened.name), ctx)),
    }
}

pub(super) fn check_open(opened: &Opened, ctx: &mut Context) -> JsResult<()> {
    if opened.closed.get() {
        let text = format!("the library {} was closed; open it again", opened.name);
        return Err(fail("ERR_FFI_CLOSED", &text, ctx));
    }
    Ok(())
}
