//! Native replacements of the engine's built-ins that are slow, quadratic or end the process.
//!
//! A script sees no difference but speed and missing crashes: name, length, descriptors and errors stay. The pattern is
//! always the same: the common case (plain strings, dense arrays, numbers) is done here, without any step a script
//! could watch; everything else goes to the engine's own function, which was kept.

mod arrays;
mod engine;
mod join;
mod json_parse;
mod json_revive;
mod json_text;
mod pattern_source;
mod search;
mod stringify;
mod strings;
mod subject;
mod typed;

use std::cell::Cell;

use boa_engine::object::builtins::JsFunction;
use boa_engine::{Context, JsNativeError, JsObject, JsResult, JsString, JsValue, NativeFunction};

use super::HostShared;
use super::native::hidden_function;
use engine::Engine;
pub(crate) use subject::forget_subject;

/// Replaces the functions in a new context.
pub(crate) fn install(ctx: &mut Context) -> JsResult<()> {
    STACK_BASE.set(STACK_BASE.get().max(stack_address()));
    Engine::keep(ctx)?;
    strings::install(ctx)?;
    arrays::install(ctx)?;
    join::install(ctx)?;
    typed::install(ctx)?;
    json_parse::install(ctx)?;
    stringify::install(ctx)?;
    pattern_source::install(ctx)?;
    subject::install(ctx)
}

/// The quick way of a function; `None` asks for the engine's own, and nothing observable may have happened then.
type Quick = fn(&JsValue, &[JsValue], &mut Context) -> JsResult<Option<JsValue>>;

/// Puts a quick way before the engine's own function.
fn quicken(on: &JsObject, name: &str, length: usize, quick: Quick, ctx: &mut Context) -> JsResult<()> {
    let Some(original) = on.get(JsString::from(name), ctx)?.as_function() else {
        return Ok(());
    };
    let native = NativeFunction::from_copy_closure_with_captures(
        move |this, args, original: &JsFunction, ctx| match quick(this, args, ctx)? {
            Some(value) => Ok(value),
            None => original.call(this, args, ctx),
        },
        original,
    );
    hidden_function(on, name, length, native, ctx);
    Ok(())
}

thread_local! {
    /// The highest stack address at which a context of this thread was made.
    static STACK_BASE: Cell<usize> = const { Cell::new(0) };
}

#[inline(never)]
fn stack_address() -> usize {
    let marker = 0_u8;
    std::ptr::from_ref(&marker) as usize
}

/// To be asked by each native that recurses without calling script: the engine's limit counts script calls only.
///
/// A quarter of the stack is given away here, so that the engine's own limit is still reached on half of it.
fn check_stack(ctx: &Context) -> JsResult<()> {
    let used = STACK_BASE.get().saturating_sub(stack_address());
    if used > HostShared::of(ctx).budget().native_stack_bytes / 4 {
        return Err(JsNativeError::range().with_message("Maximum call stack size exceeded").into());
    }
    Ok(())
}

/// Refuses a text that is longer than the budget allows.
fn check_length(units: usize, ctx: &Context) -> JsResult<()> {
    if units > HostShared::of(ctx).budget().max_string_units {
        return Err(JsNativeError::range().with_message("Invalid string length").into());
    }
    Ok(())
}
