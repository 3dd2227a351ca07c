//! `Array.prototype.join`, and `toString` through it: an array inside itself is empty there, as in every other engine,
//! and too deep ones are an error.

use std::cell::RefCell;
use std::collections::HashSet;
use std::rc::Rc;

use boa_engine::{Context, JsArgs, JsObject, JsResult, JsValue, NativeFunction, js_string};

use super::json_text::Text;
use super::{check_length, check_stack, engine};
use crate::host::native::hidden_function;

pub(super) fn install(ctx: &mut Context) -> JsResult<()> {
    ctx.insert_data(Joining::default());
    let prototype = ctx.intrinsics().constructors().array().prototype();
    hidden_function(&prototype, "join", 1, NativeFunction::from_fn_ptr(join), ctx);
    Ok(())
}

/// The objects whose `join` is under way.
#[derive(Clone, Default)]
struct Joining(Rc<RefCell<HashSet<JsObject>>>);

fn join(this: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let object = this.to_object(ctx)?;
    check_stack(ctx)?;
    let joining = ctx.get_data::<Joining>().cloned().unwrap_or_default();
    if !joining.0.borrow_mut().insert(object.clone()) {
        return Ok(js_string!().into());
    }
    let result = joined(&object, args, ctx);
    joining.0.borrow_mut().remove(&object);
    result
}

fn joined(object: &JsObject, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let length = engine::length_of(object, ctx)?;
    let separator = match args.get_or_undefined(0) {
        value if value.is_undefined() => js_string!(","),
        value => value.to_string(ctx)?,
    };
    // What the separators alone need is known before the first of many elements is read.
    let separators = length.saturating_sub(1).saturating_mul(separator.len() as u64);
    check_length(usize::try_from(separators).unwrap_or(usize::MAX), ctx)?;
    let mut text = Text::default();
    for at in 0..length {
        if at > 0 {
            text.push(separator.as_str());
        }
        let item = object.get(at, ctx)?;
        if !item.is_null_or_undefined() {
            text.push(item.to_string(ctx)?.as_str());
        }
        check_length(text.len(), ctx)?;
    }
    Ok(text.finish().into())
}
