//! Abstract operations of the standard that the engine has but does not give away, over its own functions as they were
//! before any script.

use std::rc::Rc;

use boa_engine::object::builtins::JsFunction;
use boa_engine::property::PropertyKey;
use boa_engine::{Context, JsObject, JsResult, JsString, JsValue, js_string};

/// The engine's functions that stand for abstract operations.
pub(super) struct Engine {
    is_array: JsFunction,
    object_keys: JsFunction,
    delete_property: JsFunction,
    reflect_get: JsFunction,
    is_raw_json: Option<JsFunction>,
}

impl Engine {
    /// Keeps the functions of a new context.
    pub(super) fn keep(ctx: &mut Context) -> JsResult<()> {
        let intrinsics = ctx.intrinsics();
        let array = intrinsics.constructors().array().constructor();
        let object = intrinsics.constructors().object().constructor();
        let (reflect, json) = (intrinsics.objects().reflect(), intrinsics.objects().json());
        let mut function = |on: &JsObject, name: &str| -> JsResult<Option<JsFunction>> {
            Ok(on.get(JsString::from(name), ctx)?.as_function())
        };
        let kept = (
            function(&array, "isArray")?,
            function(&object, "keys")?,
            function(&reflect, "deleteProperty")?,
            function(&reflect, "get")?,
            function(&json, "isRawJSON")?,
        );
        if let (Some(is_array), Some(object_keys), Some(delete_property), Some(reflect_get), is_raw_json) =
            kept
        {
            ctx.insert_data(Rc::new(Engine {
                is_array,
                object_keys,
                delete_property,
                reflect_get,
                is_raw_json,
            }));
        }
        Ok(())
    }

    fn call(
        ctx: &mut Context,
        which: impl FnOnce(&Engine) -> Option<&JsFunction>,
        args: &[JsValue],
    ) -> JsResult<JsValue> {
        let kept = ctx.get_data::<Rc<Engine>>().cloned();
        match kept.as_deref().and_then(which) {
            Some(function) => function.call(&JsValue::undefined(), args, ctx),
            None => Ok(JsValue::undefined()),
        }
    }
}

/// `IsArray`.
pub(super) fn is_array(object: &JsObject, ctx: &mut Context) -> JsResult<bool> {
    if object.is_array() || object.is_ordinary() {
        return Ok(object.is_array());
    }
    Ok(Engine::call(ctx, |kept| Some(&kept.is_array), &[object.clone().into()])?.to_boolean())
}

/// `IsRawJSON`, for what may be one: such an object has no prototype and is no ordinary one.
pub(super) fn is_raw_json(object: &JsObject, ctx: &mut Context) -> JsResult<bool> {
    if object.is_ordinary() || object.is_array() {
        return Ok(false);
    }
    Ok(Engine::call(ctx, |kept| kept.is_raw_json.as_ref(), &[object.clone().into()])?.to_boolean())
}

/// `GetV` of a bigint: getters see the primitive.
pub(super) fn get_of_bigint(value: &JsValue, key: JsString, ctx: &mut Context) -> JsResult<JsValue> {
    let prototype = ctx.intrinsics().constructors().bigint().prototype();
    Engine::call(ctx, |kept| Some(&kept.reflect_get), &[prototype.into(), key.into(), value.clone()])
}

/// `[[Delete]]`; a refusal is no error.
pub(super) fn delete(object: &JsObject, key: JsString, ctx: &mut Context) -> JsResult<()> {
    Engine::call(ctx, |kept| Some(&kept.delete_property), &[object.clone().into(), key.into()])?;
    Ok(())
}

/// `LengthOfArrayLike`.
pub(super) fn length_of(object: &JsObject, ctx: &mut Context) -> JsResult<u64> {
    object.get(js_string!("length"), ctx)?.to_length(ctx)
}

/// `EnumerableOwnPropertyNames` for keys.
pub(super) fn enumerable_keys(object: &JsObject, ctx: &mut Context) -> JsResult<Vec<JsString>> {
    if object.is_ordinary() {
        let mut names = Vec::new();
        for key in object.own_property_keys(ctx)? {
            let name = match &key {
                PropertyKey::String(name) => name.clone(),
                PropertyKey::Index(index) => JsString::from(index.get().to_string()),
                PropertyKey::Symbol(_) => continue,
            };
            let property = object.borrow().properties().get(&key);
            if property.is_some_and(|property| property.enumerable() == Some(true)) {
                names.push(name);
            }
        }
        return Ok(names);
    }
    let keys = Engine::call(ctx, |kept| Some(&kept.object_keys), &[object.clone().into()])?;
    let Some(keys) = keys.as_object() else { return Ok(Vec::new()) };
    let mut names = Vec::new();
    for at in 0..length_of(&keys, ctx)? {
        names.extend(keys.get(at, ctx)?.as_string());
    }
    Ok(names)
}
