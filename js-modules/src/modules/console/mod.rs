//! `console`: the native part takes finished lines.

use boa_engine::{Context, JsArgs, JsObject, JsResult, JsValue};

use crate::host::native::{Exports, text};
use crate::host::{ConsoleLevel, HostShared};

/// Makes `print(level, text)`: level 0 debug, 1 info, 2 warning, 3 error.
pub fn init(ctx: &mut Context) -> JsResult<JsObject> {
    Ok(Exports::new(ctx).function("print", 2, print).finish())
}

/// Longer lines are cut: they go into logs and to the server.
const MAX_LINE: usize = 1 << 20;

fn print(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let level = match args.get_or_undefined(0).to_i32(ctx)? {
        0 => ConsoleLevel::Debug,
        1 => ConsoleLevel::Info,
        2 => ConsoleLevel::Warn,
        _ => ConsoleLevel::Error,
    };
    let mut line = text(args, 1, ctx)?;
    if line.len() > MAX_LINE {
        let mut end = MAX_LINE;
        while !line.is_char_boundary(end) {
            end -= 1;
        }
        line.truncate(end);
        line.push('…');
    }
    HostShared::of(ctx).console(level, &line);
    Ok(JsValue::undefined())
}
