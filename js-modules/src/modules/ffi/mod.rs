//! `ffi`: calls into native libraries. Needs the permission `ffi` for the library, by the name or path that is opened.
//!
//! What C does with wrong arguments cannot be caught: it can end the worker, which the supervisor answers.
#![allow(unsafe_code)]

mod call;
mod callback;
mod ctype;
mod kept;
mod library;
mod raw;

use boa_engine::{Context, JsError, JsObject, JsResult};

use crate::host::native::{ErrorClass, Exports, node_error};

/// Makes the natives that `ffi.js` and the dialect's `_GenericMarshal` build on. Types are texts: `i32`, `pointer`, `{i32,f64,u8*4}`.
///
/// * `open(path or null) -> library`, `close(library)`, `symbol(library, name) -> address`
/// * `define(library, name, returns, [types], fixed) -> function`, `call(function, [values], [types behind fixed])`,
///   `callAsync(function, [values], [types], done(error text, value))`, `errno()`
/// * `layout(type) -> [size, alignment, offset…]`, `decode(type, bytes, offset)`, `encode(type, value, bytes, offset)`
/// * `alloc(bytes) -> address`, `free(address)`, `read(address, bytes)`, `write(address, bytes)`, `text(address, limit)`
/// * `callback(returns, [types], function) -> address`, `release(address)`
pub fn init(ctx: &mut Context) -> JsResult<JsObject> {
    raw::install(ctx);
    callback::install(ctx);
    Ok(Exports::new(ctx)
        .value("pointerSize", size_of::<usize>() as u32)
        .function("open", 1, library::open)
        .function("close", 1, library::close)
        .function("symbol", 2, library::symbol)
        .function("define", 5, call::define)
        .function("call", 3, call::call)
        .function("callAsync", 4, call::call_async)
        .function("errno", 0, call::errno)
        .function("layout", 1, ctype::layout)
        .function("decode", 3, ctype::decode)
        .function("encode", 4, ctype::encode)
        .function("alloc", 1, raw::alloc)
        .function("free", 1, raw::free)
        .function("read", 2, raw::read)
        .function("write", 2, raw::write)
        .function("text", 2, raw::text)
        .function("callback", 3, callback::make)
        .function("release", 1, callback::release)
        .finish())
}

fn fail(code: &str, text: &str, ctx: &mut Context) -> JsError {
    node_error(ErrorClass::Error, code, text, ctx)
}

fn wrong(text: &str, ctx: &mut Context) -> JsError {
    node_error(ErrorClass::Type, "ERR_FFI_VALUE", text, ctx)
}
