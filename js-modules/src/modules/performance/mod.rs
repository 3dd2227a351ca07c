//! `perf_hooks`: the clock.

use std::sync::OnceLock;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use boa_engine::{Context, JsObject, JsResult, JsValue};

use crate::host::native::Exports;
use crate::modules::process::start_time;

/// Makes `now()`, milliseconds since the process started, and `timeOrigin`, when that was.
pub fn init(ctx: &mut Context) -> JsResult<JsObject> {
    Ok(Exports::new(ctx).function("now", 0, now).value("timeOrigin", time_origin()).finish())
}

fn milliseconds_since(start: Instant) -> f64 {
    // Whole nanoseconds first: what a double then rounds is far below them for years.
    start.elapsed().as_nanos() as f64 / 1e6
}

fn now(_: &JsValue, _: &[JsValue], _: &mut Context) -> JsResult<JsValue> {
    Ok(JsValue::from(milliseconds_since(start_time())))
}

/// Milliseconds since 1970 at the start of the process; the same for all contexts, whatever the clock is set to later.
fn time_origin() -> f64 {
    static ORIGIN: OnceLock<f64> = OnceLock::new();
    *ORIGIN.get_or_init(|| {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |d| d.as_nanos() as f64 / 1e6);
        now - milliseconds_since(start_time())
    })
}
