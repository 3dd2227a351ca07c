//! Becoming another program: what installers do to start a new version in their own place.

use boa_engine::{Context, JsResult, JsValue};

use super::options;

/// Comes back only with a failure. The new program has our standard streams and nothing else of ours.
pub(super) fn replace(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let wanted = options::read(args, ctx)?;
    let error = wanted.spawn.replace_this_process();
    Ok(options::not_started(&error, ctx).into())
}
