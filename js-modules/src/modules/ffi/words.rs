//! Calls in which every argument and the result are one machine word: how the dialect's `_GenericMarshal` calls C.

use std::mem;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::mpsc::Receiver;

use boa_engine::object::builtins::{JsArrayBuffer, JsFunction};
use boa_engine::{Context, JsArgs, JsData, JsObject, JsResult, JsValue};
use boa_gc::{Finalize, Trace};
use libloading::os::unix::Library;
use microstack::chain::{Cx, Link, Wake};

use super::call::{ERRNO, Prepared, elements, on_thread, undescribed};
use super::ctype::whole;
use super::place::{self, Place, flush, too_large};
use super::raw::require_memory;
use super::{callback, library};
use crate::host::native::{function_argument, invalid_type, string_argument};
use crate::host::{Hold, HostShared};

/// A symbol of a library, to be called with words.
#[derive(Trace, Finalize, JsData)]
struct Method {
    #[unsafe_ignore_trace]
    opened: Rc<library::Opened>,
    address: usize,
}

/// `method(library, name, deref) -> method`; with `deref`, the symbol is a variable that holds the function's address.
pub(super) fn method(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let opened = library::handle(args, ctx)?;
    let name = string_argument(args, 1, "name", ctx)?;
    let mut address = library::address(&opened, &name, ctx)? as usize;
    if args.get_or_undefined(2).to_boolean() {
        let mut bytes = [0; size_of::<usize>()];
        if super::raw::transfer(address, &mut bytes, super::raw::Direction::Out).is_err() {
            return Err(super::raw::unmapped(address, ctx));
        }
        address = usize::from_ne_bytes(bytes);
    }
    let prototype = ctx.intrinsics().constructors().object().prototype();
    Ok(JsObject::from_proto_and_data(prototype, Method { opened, address }).into())
}

/// A machine word from a number (a fraction is cut off) or a BigInt; negative ones keep their sign.
pub(super) fn word(value: &JsValue, ctx: &mut Context) -> JsResult<usize> {
    let number = match value.as_number() {
        Some(number) if number.is_finite() => whole(&JsValue::from(number.trunc()), ctx)?,
        _ => whole(value, ctx)?,
    };
    if let Ok(number) = isize::try_from(number) {
        return Ok(number as usize);
    }
    usize::try_from(number).map_err(|_| too_large(ctx))
}

/// A call, and the blocks that its words point into.
struct Ready {
    prepared: Prepared,
    blocks: Vec<JsArrayBuffer>,
}

fn ready(args: &[JsValue], ctx: &mut Context) -> JsResult<Ready> {
    require_memory(ctx)?;
    let object = args.get_or_undefined(0).as_object();
    let found =
        object.and_then(|o| o.downcast_ref::<Method>().map(|m| (m.opened.library.clone(), m.address)));
    let Some((library, address)): Option<(Arc<Library>, usize)> = found else {
        return Err(invalid_type("method", "a method of a library", args.get_or_undefined(0), ctx));
    };
    let (mut words, mut blocks) = (Vec::new(), Vec::new());
    for value in elements(args.get_or_undefined(1), ctx)? {
        if value.is_object() {
            let place = Place::expect(&value, ctx)?;
            words.push(place.address(ctx)?);
            blocks.extend(place.block());
        } else {
            words.push(word(&value, ctx)?);
        }
    }
    flush(ctx)?;
    Ok(Ready { prepared: Prepared::of_words(address, &words, library), blocks })
}

/// The result of a call as a place.
fn result(done: Option<(Vec<u8>, i32)>, ctx: &mut Context) -> JsResult<JsValue> {
    let Some((bytes, errno)) = done else { return Err(undescribed(ctx)) };
    ERRNO.set(errno);
    let mut word = [0; size_of::<usize>()];
    word.copy_from_slice(&bytes[..size_of::<usize>()]);
    Ok(Place::foreign(usize::from_ne_bytes(word)).into_value(ctx))
}

/// `callWords(method, [words]) -> place`
pub(super) fn call(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let ready = ready(args, ctx)?;
    let lent = callback::lend(ctx)?;
    let done = ready.prepared.run();
    let error = lent.end();
    let value = result(done, ctx)?;
    // Until here the blocks were kept.
    drop(ready.blocks);
    error.map_or(Ok(value), Err)
}

/// Waits for one call on another thread.
struct Waiting {
    receiver: Receiver<Option<(Vec<u8>, i32)>>,
    shared: Rc<HostShared>,
    blocks: Vec<JsArrayBuffer>,
    done: Option<JsFunction>,
    _hold: Hold,
}

impl Link for Waiting {
    fn wake(&mut self, cx: &mut Cx<'_>, _: Wake) {
        let Ok(outcome) = self.receiver.try_recv() else { return };
        let blocks = mem::take(&mut self.blocks);
        if let Some(done) = self.done.take() {
            self.shared.push(Box::new(move |ctx| {
                let value = result(outcome, ctx)?;
                drop(blocks);
                done.call(&JsValue::undefined(), &[value], ctx).map(|_| ())
            }));
        }
        cx.remove_self();
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        // The context goes while C still runs: the memory that C was given must stay, so it is taken from the engine and
        // never freed. There are at most as many of these as threads.
        for block in self.blocks.drain(..) {
            if let Ok(memory) = block.detach(&JsValue::undefined()) {
                mem::forget(memory);
            }
        }
    }
}

/// `callWordsAsync(method, [words], done(place))`: on a thread of its own.
pub(super) fn call_async(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let done = function_argument(args, 2, "done", ctx)?;
    let ready = ready(args, ctx)?;
    let shared = HostShared::of(ctx);
    let (prepared, blocks) = (ready.prepared, ready.blocks);
    let waiting = |receiver| Waiting {
        receiver,
        shared: shared.clone(),
        blocks,
        done: Some(done),
        _hold: shared.hold(),
    };
    on_thread(&shared, waiting, move || prepared.run(), ctx)
}

/// Needs of this file in a new context.
pub(super) fn install(ctx: &mut Context) {
    place::install(ctx);
    callback::install(ctx);
}
