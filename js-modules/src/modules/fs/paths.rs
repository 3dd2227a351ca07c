//! From a script's argument to a path that was checked.

use std::path::PathBuf;

use boa_engine::{Context, JsResult, JsValue};

use crate::host::HostShared;
use crate::host::native::{self, ErrorClass, node_error};

pub(super) use crate::host::PathUse as Use;

/// Argument `at` as an absolute path that the script may use so, and as the script gave it.
pub(super) fn checked(
    args: &[JsValue],
    at: usize,
    how: Use,
    ctx: &mut Context,
) -> JsResult<(PathBuf, String)> {
    let given = native::string_argument(args, at, "path", ctx)?;
    Ok((allowed(&given, how, ctx)?, given))
}

/// The path to use for a text of the script.
pub(super) fn allowed(given: &str, how: Use, ctx: &mut Context) -> JsResult<PathBuf> {
    if given.contains('\0') {
        let text = "The argument 'path' must be a string without null bytes";
        return Err(node_error(ErrorClass::Type, "ERR_INVALID_ARG_VALUE", text, ctx));
    }
    let shared = HostShared::of(ctx);
    // As the system has it: the empty path names nothing.
    let full = if given.is_empty() { PathBuf::new() } else { shared.absolute(given) };
    shared.allowed_path(&full, how, ctx)
}
