//! `fs`: the natives that Node's module and the dialect's share.
//!
//! Needs `fs.read` for what is read and `fs.write` for what is changed, by absolute path with links resolved. Each
//! operation has two forms: at once, and on a thread with a callback in a later turn.

mod answer;
mod entries;
mod files;
mod paths;
mod pool;
mod table;
mod watch;

use boa_engine::{Context, JsArgs, JsObject, JsResult, JsValue};

use crate::host::native::{Exports, function_argument, string_argument};

pub(crate) use table::descriptor;

/// An operation that was checked: its work, and how to show what comes of it.
struct Prepared {
    work: pool::Work,
    shape: answer::Shape,
}

/// Makes the natives that `fs.js` builds on. Paths are texts, relative to the context's folder.
///
/// * `sync(name, …args) -> value` and `later(name, callback, …args)`, where the operations are those of
///   `files::prepare` and `entries::prepare`
/// * `watch(path, onEvents) -> handle`; `onEvents([[mask, name or undefined], …])`. `unwatch(handle)`,
///   `watchRef(handle, boolean)`
pub fn init(ctx: &mut Context) -> JsResult<JsObject> {
    table::install(ctx);
    Ok(Exports::new(ctx)
        .function("sync", 1, sync)
        .function("later", 2, later)
        .function("watch", 2, watch::watch)
        .function("unwatch", 1, watch::unwatch)
        .function("watchRef", 2, watch::set_ref)
        .finish())
}

fn sync(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let name = string_argument(args, 0, "name", ctx)?;
    let Prepared { work, shape } = prepare(&name, args.get(1..).unwrap_or_default(), ctx)?;
    shape.show(work(), ctx)
}

fn later(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let name = string_argument(args, 0, "name", ctx)?;
    let callback = function_argument(args, 1, "callback", ctx)?;
    match prepare(&name, args.get(2..).unwrap_or_default(), ctx) {
        Ok(Prepared { work, shape }) => pool::start(work, shape, callback, ctx)?,
        Err(error) => {
            let error = error.into_opaque(ctx)?;
            crate::host::HostShared::of(ctx)
                .push(Box::new(move |ctx| callback.call(&JsValue::undefined(), &[error], ctx).map(|_| ())));
        }
    }
    Ok(JsValue::undefined())
}

fn prepare(name: &str, args: &[JsValue], ctx: &mut Context) -> JsResult<Prepared> {
    if let Some(prepared) = files::prepare(name, args, ctx)? {
        return Ok(prepared);
    }
    if let Some(prepared) = entries::prepare(name, args, ctx)? {
        return Ok(prepared);
    }
    let name = args.get_or_undefined(0).to_string(ctx).unwrap_or_default();
    Err(answer::unknown(&name, ctx))
}
