//! `util`: what only the engine knows about a value.

use boa_engine::builtins::promise::PromiseState;
use boa_engine::object::builtins::{
    JsArray, JsArrayBuffer, JsDataView, JsDate, JsGenerator, JsMap, JsMapIterator, JsPromise, JsProxy,
    JsRegExp, JsSet, JsSetIterator, JsSharedArrayBuffer, JsTypedArray, JsWeakMap, JsWeakSet,
};
use boa_engine::property::PropertyKey;
use boa_engine::{Context, JsArgs, JsObject, JsResult, JsString, JsValue, js_string};

use crate::host::native::Exports;

/// Makes `kind typedName extraKeys setSize mapSize promiseState`.
pub fn init(ctx: &mut Context) -> JsResult<JsObject> {
    Ok(Exports::new(ctx)
        .function("kind", 1, |_, args, ctx| Ok(kind(args.get_or_undefined(0), ctx)?.into()))
        .function("typedName", 1, typed_name)
        .function("extraKeys", 1, extra_keys)
        .function("setSize", 1, set_size)
        .function("mapSize", 1, map_size)
        .function("promiseState", 1, promise_state)
        .finish())
}

fn is<T, E>(object: &JsObject, from: fn(JsObject) -> Result<T, E>) -> bool {
    from(object.clone()).is_ok()
}

/// What a value is by its internal slots, whatever its prototype says; empty for plain objects and primitives.
fn kind(value: &JsValue, ctx: &mut Context) -> JsResult<JsString> {
    let Some(object) = value.as_object() else {
        return Ok(js_string!());
    };
    if object.is_ordinary() {
        return Ok(js_string!());
    }
    // First, because asking a proxy anything else runs its traps.
    if is(&object, JsProxy::from_object) {
        return Ok(js_string!("Proxy"));
    }
    if object.is_array() {
        return Ok(js_string!("Array"));
    }
    if object.is_callable() {
        return Ok(js_string!("Function"));
    }
    let known: &[(bool, &str)] = &[
        (is(&object, JsTypedArray::from_object), "TypedArray"),
        (is(&object, JsMap::from_object), "Map"),
        (is(&object, JsSet::from_object), "Set"),
        (is(&object, JsDate::from_object), "Date"),
        (is(&object, JsRegExp::from_object), "RegExp"),
        (is(&object, JsPromise::from_object), "Promise"),
        (is(&object, JsArrayBuffer::from_object), "ArrayBuffer"),
        (is(&object, JsSharedArrayBuffer::from_object), "SharedArrayBuffer"),
        (is(&object, JsDataView::from_object), "DataView"),
        (is(&object, JsWeakMap::from_object), "WeakMap"),
        (is(&object, JsWeakSet::from_object), "WeakSet"),
        (is(&object, JsMapIterator::from_object), "Map Iterator"),
        (is(&object, JsSetIterator::from_object), "Set Iterator"),
        (is(&object, JsGenerator::from_object), "Generator"),
        (object.is::<boa_engine::builtins::error::Error>(), "Error"),
    ];
    if let Some((_, name)) = known.iter().find(|(yes, _)| *yes) {
        return Ok(JsString::from(*name));
    }
    boxed(&object, ctx)
}

/// Boxed primitives and arguments objects have no public type; their brand shows in `Object.prototype.toString`, which
/// is believed only when the matching `valueOf` accepts the object.
fn boxed(object: &JsObject, ctx: &mut Context) -> JsResult<JsString> {
    for name in ["String", "Number", "Boolean", "Symbol", "BigInt"] {
        let constructor = ctx.global_object().get(JsString::from(name), ctx)?;
        let Some(constructor) = constructor.as_object() else { continue };
        let prototype = constructor.get(js_string!("prototype"), ctx)?;
        let Some(prototype) = prototype.as_object() else { continue };
        let value_of = prototype.get(js_string!("valueOf"), ctx)?;
        let Some(value_of) = value_of.as_function() else { continue };
        if value_of.call(&object.clone().into(), &[], ctx).is_ok() {
            return Ok(JsString::from(format!("Boxed {name}")));
        }
    }
    let to_string = ctx.intrinsics().constructors().object().prototype().get(js_string!("toString"), ctx)?;
    if let Some(to_string) = to_string.as_function() {
        let text = to_string.call(&object.clone().into(), &[], ctx)?;
        if text.as_string().is_some_and(|t| t == js_string!("[object Arguments]")) {
            return Ok(js_string!("Arguments"));
        }
    }
    Ok(js_string!())
}

fn typed_name(_: &JsValue, args: &[JsValue], _: &mut Context) -> JsResult<JsValue> {
    let array = args.get_or_undefined(0).as_object().map(JsTypedArray::from_object);
    let name = match array {
        Some(Ok(array)) => array.kind().map(|kind| format!("{kind:?}Array").replace("ArrayArray", "Array")),
        _ => None,
    };
    Ok(name.map_or(JsValue::undefined(), |name| JsString::from(name).into()))
}

/// The own keys that are no index, without a text for each of the elements of a long array.
fn extra_keys(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let keys = match args.get_or_undefined(0).as_object() {
        Some(object) => object.own_property_keys(ctx)?,
        None => Vec::new(),
    };
    let keys = keys.into_iter().filter(|key| !matches!(key, PropertyKey::Index(_))).map(JsValue::from);
    Ok(JsArray::from_iter(keys, ctx).into())
}

fn set_size(_: &JsValue, args: &[JsValue], _: &mut Context) -> JsResult<JsValue> {
    let set = args.get_or_undefined(0).as_object().map(JsSet::from_object);
    Ok(JsValue::from(set.and_then(Result::ok).map_or(0, |set| set.size())))
}

fn map_size(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    match args.get_or_undefined(0).as_object().map(JsMap::from_object).transpose()? {
        Some(map) => map.get_size(ctx),
        None => Ok(JsValue::from(0)),
    }
}

fn promise_state(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let promise = args.get_or_undefined(0).as_object().map(JsPromise::from_object).transpose()?;
    let (state, value) = match promise.map(|p| p.state()) {
        Some(PromiseState::Fulfilled(value)) => ("fulfilled", value),
        Some(PromiseState::Rejected(reason)) => ("rejected", reason),
        _ => ("pending", JsValue::undefined()),
    };
    Ok(JsArray::from_iter([JsString::from(state).into(), value], ctx).into())
}
