//! What the standard descriptors are.

use std::io;
use std::os::fd::AsFd;

use boa_engine::object::builtins::JsArray;
use boa_engine::{Context, JsArgs, JsResult, JsValue, js_string};
use rustix::fs::FileType;

use crate::host::HostShared;

/// Runs `body` on standard descriptor 0, 1 or 2; `None` for others, and where the script does not own the process.
fn with_fd<T>(
    args: &[JsValue],
    ctx: &mut Context,
    body: impl FnOnce(std::os::fd::BorrowedFd<'_>) -> T,
) -> JsResult<Option<T>> {
    let fd = args.get_or_undefined(0).to_i32(ctx)?;
    if !HostShared::of(ctx).sink().owns_process() {
        return Ok(None);
    }
    Ok(match fd {
        0 => Some(body(io::stdin().as_fd())),
        1 => Some(body(io::stdout().as_fd())),
        2 => Some(body(io::stderr().as_fd())),
        _ => None,
    })
}

pub(super) fn is_terminal(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let terminal = with_fd(args, ctx, |fd| rustix::termios::isatty(fd))?;
    Ok(terminal.unwrap_or(false).into())
}

pub(super) fn kind(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let kind = with_fd(args, ctx, |fd| {
        if rustix::termios::isatty(fd) {
            return js_string!("tty");
        }
        match rustix::fs::fstat(fd).map(|stat| FileType::from_raw_mode(stat.st_mode)) {
            Ok(FileType::Fifo | FileType::Socket) => js_string!("pipe"),
            Ok(_) => js_string!("fs"),
            Err(_) => js_string!("none"),
        }
    })?;
    Ok(kind.unwrap_or(js_string!("none")).into())
}

/// Columns and rows of a terminal; 0 where it does not tell.
pub(super) fn size(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let size = with_fd(args, ctx, |fd| rustix::termios::tcgetwinsize(fd).ok())?.flatten();
    Ok(match size {
        Some(size) => JsArray::from_iter([size.ws_col.into(), size.ws_row.into()], ctx).into(),
        None => JsValue::undefined(),
    })
}
