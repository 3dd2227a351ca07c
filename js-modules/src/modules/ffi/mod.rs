//! `ffi`: calls into native libraries. Needs the permission `ffi` for the library, by the name or path that is opened.
//!
//! What C does with wrong arguments cannot be caught: it can end the worker, which the supervisor answers.
#![allow(unsafe_code)]

mod call;
mod callback;
mod ctype;
mod descriptor;
mod kept;
mod library;
mod place;
mod raw;
mod words;

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

/// Makes the natives of `_GenericMarshal`: memory that script and C share, and calls with machine words.
///
/// * `open(path or null) -> library`, `method(library, name, deref) -> method`
/// * `call(method, [words or places]) -> place`, `callAsync(method, [words or places], done(place))`, `errno()`
/// * `block(bytes) -> place`, `at(address or view) -> place`, `shift(place, bytes) -> place`, `load(place) -> place`
/// * `word(place) -> BigInt`, `low(place) -> number`, `bytes(place, length) -> Buffer`, `store(place, view)`,
///   `cstring(place) -> text`, `callback(returns, [types], function) -> address`, `release(address)`, `closeOnExec(descriptor)`
pub fn words_init(ctx: &mut Context) -> JsResult<JsObject> {
    words::install(ctx);
    Ok(Exports::new(ctx)
        .value("pointerSize", size_of::<usize>() as u32)
        .function("open", 1, library::open)
        .function("method", 3, words::method)
        .function("call", 2, words::call)
        .function("callAsync", 3, words::call_async)
        .function("errno", 0, call::errno)
        .function("block", 1, place::block)
        .function("at", 1, place::at)
        .function("shift", 2, place::shift)
        .function("load", 1, place::load)
        .function("word", 1, place::word)
        .function("low", 1, place::low)
        .function("bytes", 2, place::bytes)
        .function("store", 2, place::store)
        .function("cstring", 1, place::cstring)
        .function("callback", 3, callback::make)
        .function("release", 2, callback::release)
        .function("closeOnExec", 1, descriptor::close_on_exec)
        .finish())
}

/// Makes the natives of `DescriptorEvents`.
///
/// * `watch(descriptor, read, write, callback(readable, writable)) -> watch`, `change(watch, read, write)`, `close(watch)`
pub fn descriptor_init(ctx: &mut Context) -> JsResult<JsObject> {
    Ok(Exports::new(ctx)
        .function("watch", 4, descriptor::watch)
        .function("change", 3, descriptor::change)
        .function("close", 1, descriptor::close)
        .finish())
}

fn fail(code: &str, text: &str, ctx: &mut Context) -> JsError {
    node_error(ErrorClass::Error, code, text, ctx)
}

fn wrong(text: &str, ctx: &mut Context) -> JsError {
    node_error(ErrorClass::Type, "ERR_FFI_VALUE", text, ctx)
}
