//! `async_hooks`: the frame that follows callbacks through promises, timers and ticks.

use boa_engine::{Context, JsArgs, JsObject, JsResult};

use crate::host::HostShared;
use crate::host::native::Exports;

/// Makes `get() -> frame` and `swap(frame) -> frame before`.
pub fn init(ctx: &mut Context) -> JsResult<JsObject> {
    Ok(Exports::new(ctx)
        .function("get", 0, |_, _, ctx| Ok(HostShared::of(ctx).frame.get()))
        .function("swap", 1, |_, args, ctx| {
            Ok(HostShared::of(ctx).frame.swap(args.get_or_undefined(0).clone()))
        })
        .finish())
}
