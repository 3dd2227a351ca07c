//! Long subjects of regular expressions: the engine copies a text of one-byte characters into two-byte ones for each
//! match, so that walking through it takes quadratic time. Here it is copied once and the copy is searched.

use std::cell::RefCell;
use std::rc::Rc;

use boa_engine::object::builtins::JsFunction;
use boa_engine::property::{PropertyDescriptor, PropertyKey};
use boa_engine::string::JsStrVariant;
use boa_engine::{
    Context, JsObject, JsResult, JsStr, JsString, JsSymbol, JsValue, NativeFunction, js_string,
};

use super::super::memory;
use super::super::native::function;

/// Below this the copy costs less than to look for one that was made before.
const LONG_UNITS: usize = 1024;

/// The last long subject and its copy. A pattern is usually asked again about the same text.
#[derive(Default)]
struct Last(RefCell<Option<(JsString, JsString)>>);

pub(super) fn install(ctx: &mut Context) -> JsResult<()> {
    ctx.insert_data(Rc::new(Last::default()));
    let prototype = ctx.intrinsics().constructors().regexp().prototype();
    widen_argument(&prototype, js_string!("exec"), ctx)?;
    widen_argument(&prototype, js_string!("test"), ctx)?;
    for symbol in [
        JsSymbol::r#match(),
        JsSymbol::match_all(),
        JsSymbol::replace(),
        JsSymbol::search(),
        JsSymbol::split(),
    ] {
        widen_argument(&prototype, symbol, ctx)?;
    }
    Ok(())
}

/// Drops the copy: it must not outlive the work for which it was made.
pub(crate) fn forget_subject(ctx: &Context) {
    if let Some(last) = ctx.get_data::<Rc<Last>>() {
        last.0.take();
    }
}

/// Lets a function of `RegExp.prototype` see a long first argument in the form that it need not copy.
fn widen_argument(on: &JsObject, key: impl Into<PropertyKey>, ctx: &mut Context) -> JsResult<()> {
    let key = key.into();
    let Some(original) = on.get(key.clone(), ctx)?.as_function() else { return Ok(()) };
    let name = original.get(js_string!("name"), ctx)?.to_string(ctx)?.to_std_string_lossy();
    let length = original.get(js_string!("length"), ctx)?.to_length(ctx)? as usize;
    let native = NativeFunction::from_copy_closure_with_captures(
        |this, args, original: &JsFunction, ctx| match args.first().and_then(|text| wide(text, ctx)) {
            Some(text) => {
                let mut args = args.to_vec();
                args[0] = text.into();
                original.call(this, &args, ctx)
            }
            None => original.call(this, args, ctx),
        },
        original,
    );
    let value = function(&name, length, native, ctx);
    let property = PropertyDescriptor::builder()
        .value(value)
        .writable(true)
        .enumerable(false)
        .configurable(true)
        .build();
    on.insert_property(key, property);
    Ok(())
}

/// The two-byte copy of a long text of one-byte characters.
fn wide(value: &JsValue, ctx: &Context) -> Option<JsString> {
    let text = value.as_string()?;
    if text.len() < LONG_UNITS {
        return None;
    }
    let JsStrVariant::Latin1(bytes) = text.as_str().variant() else { return None };
    let last = ctx.get_data::<Rc<Last>>()?;
    if let Some((of, copy)) = &*last.0.borrow()
        && let JsStrVariant::Latin1(known) = of.as_str().variant()
        && std::ptr::eq(known, bytes)
    {
        return Some(copy.clone());
    }
    memory::charge(ctx, bytes.len() * 2);
    let units: Vec<u16> = bytes.iter().copied().map(u16::from).collect();
    let copy = JsString::from(JsStr::utf16(&units));
    if !matches!(copy.as_str().variant(), JsStrVariant::Utf16(_)) {
        return None;
    }
    *last.0.borrow_mut() = Some((text, copy.clone()));
    Some(copy)
}
