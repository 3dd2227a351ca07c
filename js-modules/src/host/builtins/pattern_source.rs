//! `source` of a regular expression: the engine puts a backslash before each `/`, also where one stands already.
//!
//! Whoever builds a pattern from another's source, as most parsers on npm do, got one that looks for a backslash.

use boa_engine::object::builtins::JsFunction;
use boa_engine::property::PropertyDescriptor;
use boa_engine::{Context, JsResult, JsString, JsValue, NativeFunction, js_string};

use crate::host::native;

pub(super) fn install(ctx: &mut Context) -> JsResult<()> {
    let prototype = ctx.intrinsics().constructors().regexp().prototype();
    let object = ctx.intrinsics().constructors().object().constructor();
    let descriptor = object.get(js_string!("getOwnPropertyDescriptor"), ctx)?;
    let Some(describe) = descriptor.as_function() else { return Ok(()) };
    let args = [prototype.clone().into(), js_string!("source").into()];
    let described = describe.call(&JsValue::undefined(), &args, ctx)?;
    let Some(described) = described.as_object() else { return Ok(()) };
    let Some(original) = described.get(js_string!("get"), ctx)?.as_function() else { return Ok(()) };
    let getter = NativeFunction::from_copy_closure_with_captures(
        |this, args, original: &JsFunction, ctx| {
            let escaped = original.call(this, args, ctx)?;
            match escaped.as_string() {
                Some(text) if text.iter().any(|unit| unit == SLASH) => Ok(once(&text).into()),
                _ => Ok(escaped),
            }
        },
        original,
    );
    let getter = native::function("get source", 0, getter, ctx);
    let property = PropertyDescriptor::builder().get(getter).enumerable(false).configurable(true);
    prototype.define_property_or_throw(js_string!("source"), property, ctx)?;
    Ok(())
}

const SLASH: u16 = b'/' as u16;
const BACKSLASH: u16 = b'\\' as u16;

/// From the engine's text, with a backslash added before each slash, to that of the standard.
fn once(escaped: &JsString) -> JsString {
    let escaped = escaped.to_vec();
    // What the author wrote: each slash lost the backslash before it.
    let mut written = Vec::with_capacity(escaped.len());
    let mut at = 0;
    while at < escaped.len() {
        at += usize::from(escaped[at] == BACKSLASH && escaped.get(at + 1) == Some(&SLASH));
        written.push(escaped[at]);
        at += 1;
    }
    let mut text = Vec::with_capacity(escaped.len());
    let mut class = false;
    let mut units = written.into_iter();
    while let Some(unit) = units.next() {
        match char::from_u32(u32::from(unit)) {
            Some('\\') => {
                text.push(unit);
                text.extend(units.next());
                continue;
            }
            Some('[') => class = true,
            Some(']') => class = false,
            Some('/') if !class => text.push(BACKSLASH),
            _ => {}
        }
        text.push(unit);
    }
    JsString::from(&text[..])
}
