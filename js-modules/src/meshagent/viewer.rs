//! Natives of `ChainViewer`: what the chain and the script's timers wait for.

use std::time::Instant;

use boa_engine::object::builtins::JsArray;
use boa_engine::{Context, JsObject, JsResult, JsString, JsValue};

use crate::host::HostShared;
use crate::host::native::Exports;

pub(super) fn init(ctx: &mut Context) -> JsResult<JsObject> {
    Ok(Exports::new(ctx)
        .function("links", 0, links)
        .function("next", 0, next)
        .function("timers", 0, timers)
        .finish())
}

/// The names of the chain's links.
fn links(_: &JsValue, _: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let (names, _) = HostShared::of(ctx).chain().snapshot();
    let names: Vec<JsValue> = names.into_iter().map(|name| JsString::from(name).into()).collect();
    Ok(JsArray::from_iter(names, ctx).into())
}

/// Milliseconds until the chain's next timer, `undefined` without one.
fn next(_: &JsValue, _: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let (_, next) = HostShared::of(ctx).chain().snapshot();
    Ok(next.map_or(JsValue::undefined(), |at| JsValue::from(milliseconds(at))))
}

/// The script's timers: `{ms, repeat, object}`, the next one first.
fn timers(_: &JsValue, _: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let waiting = HostShared::of(ctx).timers.borrow().waiting();
    let mut list: Vec<JsValue> = Vec::with_capacity(waiting.len());
    for (at, repeat, object) in waiting {
        let one = Exports::new(ctx)
            .value("ms", milliseconds(at))
            .value("repeat", repeat)
            .value("object", object)
            .finish();
        list.push(one.into());
    }
    Ok(JsArray::from_iter(list, ctx).into())
}

fn milliseconds(at: Instant) -> f64 {
    at.saturating_duration_since(Instant::now()).as_secs_f64() * 1000.0
}
