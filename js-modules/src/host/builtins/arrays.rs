//! `splice`, `unshift` and `flat` of plain arrays: the engine moves each element by the general way, and `flat` recurses
//! without a limit.

use boa_engine::object::IndexPropertyValues;
use boa_engine::object::builtins::{JsArray, JsFunction};
use boa_engine::property::{PropertyDescriptor, PropertyKey};
use boa_engine::{
    Context, JsArgs, JsNativeError, JsObject, JsResult, JsSymbol, JsValue, NativeFunction, js_string,
};

use super::{engine, quicken};
use crate::host::native::hidden_function;

pub(super) fn install(ctx: &mut Context) -> JsResult<()> {
    let prototype = ctx.intrinsics().constructors().array().prototype();
    quicken(&prototype, "splice", 2, splice, ctx)?;
    quicken(&prototype, "unshift", 1, unshift, ctx)?;
    install_flat(&prototype, ctx)
}

fn own(object: &JsObject, key: impl Into<PropertyKey>) -> Option<PropertyDescriptor> {
    object.borrow().properties().get(&key.into())
}

/// True when absent elements of arrays are absent: nobody put numbered properties on the prototypes.
fn prototypes_are_bare(ctx: &Context) -> bool {
    let array = ctx.intrinsics().constructors().array().prototype();
    let object = ctx.intrinsics().constructors().object().prototype();
    let bare = |of: &JsObject| of.borrow().properties().index_property_keys().len() == 0;
    bare(&array) && bare(&object) && array.prototype().is_some_and(|p| JsObject::equals(&p, &object))
}

/// An array made by a literal or the like: no other prototype, no own property but elements and `length`.
fn is_plain(object: &JsObject, ctx: &Context) -> bool {
    let prototype = ctx.intrinsics().constructors().array().prototype();
    object.is_array()
        && object.prototype().is_some_and(|p| JsObject::equals(&p, &prototype))
        && object.borrow().shape().keys().len() == 1
}

/// True when `ArraySpeciesCreate` of a plain array makes a plain array, found out without calling script.
fn species_is_plain(ctx: &Context) -> bool {
    let array = ctx.intrinsics().constructors().array();
    let constructor = array.constructor();
    let standard = own(&array.prototype(), js_string!("constructor"))
        .and_then(|property| property.value().and_then(JsValue::as_object))
        .is_some_and(|found| JsObject::equals(&found, &constructor));
    let getter =
        |of: &JsObject| own(of, JsSymbol::species()).and_then(|p| p.get().and_then(JsValue::as_object));
    let kept = ctx.get_data::<SpeciesGetter>();
    let same = match (getter(&constructor), kept) {
        (Some(now), Some(then)) => JsObject::equals(&now, &then.0),
        _ => false,
    };
    standard && same
}

/// `Array[Symbol.species]` as it was before any script.
struct SpeciesGetter(JsObject);

/// The length of an array that is plain, has no holes and no special elements, and may be changed freely.
fn dense_length(object: &JsObject, ctx: &mut Context) -> JsResult<Option<usize>> {
    if !is_plain(object, ctx) || !object.is_extensible(ctx)? || !prototypes_are_bare(ctx) {
        return Ok(None);
    }
    let Some(length) = own(object, js_string!("length")) else { return Ok(None) };
    let count = dense_count(object);
    let whole = length.value().and_then(JsValue::as_number) == count.map(|count| count as f64);
    Ok(count.filter(|_| whole && length.writable() == Some(true)))
}

/// How many elements there are, if they are stored one after the other.
fn dense_count(object: &JsObject) -> Option<usize> {
    let object = object.borrow();
    match object.properties().index_property_values() {
        IndexPropertyValues::DenseI32(items) => Some(items.len()),
        IndexPropertyValues::DenseF64(items) => Some(items.len()),
        IndexPropertyValues::DenseElement(items) => Some(items.len()),
        _ => None,
    }
}

/// The elements from an index on; of arrays with [`dense_length`] only.
fn dense_tail(object: &JsObject, from: usize) -> Vec<JsValue> {
    let object = object.borrow();
    match object.properties().index_property_values() {
        IndexPropertyValues::DenseI32(items) => items.skip(from).map(|&item| JsValue::from(item)).collect(),
        IndexPropertyValues::DenseF64(items) => items.skip(from).map(|&item| JsValue::from(item)).collect(),
        IndexPropertyValues::DenseElement(items) => items.skip(from).cloned().collect(),
        _ => Vec::new(),
    }
}

/// Most elements an array is made to have here; the engine handles what comes near the largest index.
const MAX_LENGTH: usize = 1 << 30;

/// Writes elements from an index on, in ascending order so that the storage stays dense, and the length.
fn write_tail(
    object: &JsObject,
    from: usize,
    items: impl Iterator<Item = JsValue>,
    before: usize,
    ctx: &mut Context,
) -> JsResult<()> {
    let end = overwrite(object, from, items);
    // The last element first, as that is the cheap one.
    for at in (end..before).rev() {
        object.delete_property_or_throw(at, ctx)?;
    }
    object.set(js_string!("length"), end, true, ctx)?;
    Ok(())
}

/// Writes elements from an index on; gives the index after the last one.
fn overwrite(object: &JsObject, from: usize, items: impl Iterator<Item = JsValue>) -> usize {
    let mut end = from;
    for item in items {
        let property = PropertyDescriptor::builder()
            .value(item)
            .writable(true)
            .enumerable(true)
            .configurable(true)
            .build();
        object.insert_property(PropertyKey::from(end), property);
        end += 1;
    }
    end
}

/// A relative index that needs no conversion.
fn relative(value: &JsValue, length: usize) -> Option<usize> {
    let number = if value.is_undefined() { 0.0 } else { value.as_number()?.trunc() };
    // The casts map NaN and everything negative to 0.
    Some(if number < 0.0 { (length as f64 + number) as usize } else { (number as usize).min(length) })
}

fn splice(this: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<Option<JsValue>> {
    let Some(object) = this.as_object() else { return Ok(None) };
    let Some(length) = dense_length(&object, ctx)? else { return Ok(None) };
    if !species_is_plain(ctx) {
        return Ok(None);
    }
    let Some(start) = relative(args.get_or_undefined(0), length) else { return Ok(None) };
    let count = match args {
        [] => 0,
        [_] => length - start,
        [_, count, ..] if count.is_undefined() => 0,
        [_, count, ..] => match count.as_number() {
            Some(count) => (count as usize).min(length - start),
            None => return Ok(None),
        },
    };
    let items = args.get(2..).unwrap_or_default();
    if length + items.len() > MAX_LENGTH {
        return Ok(None);
    }
    let mut tail = dense_tail(&object, start);
    let rest = tail.split_off(count);
    if items.len() == count {
        // Nothing behind moves.
        overwrite(&object, start, items.iter().cloned());
    } else {
        write_tail(&object, start, items.iter().cloned().chain(rest), length, ctx)?;
    }
    Ok(Some(JsArray::from_iter(tail, ctx).into()))
}

fn unshift(this: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<Option<JsValue>> {
    let Some(object) = this.as_object() else { return Ok(None) };
    let Some(length) = dense_length(&object, ctx)? else { return Ok(None) };
    if args.is_empty() || length + args.len() > MAX_LENGTH {
        return Ok(None);
    }
    let tail = dense_tail(&object, 0);
    write_tail(&object, 0, args.iter().cloned().chain(tail), length, ctx)?;
    Ok(Some(JsValue::from(length + args.len())))
}

/// Arrays in arrays beyond which `flat` gives up, as a recursion would.
const MAX_DEPTH: usize = 10_000;

/// What the engine's own `flat`, which recurses, may be asked for.
const ENGINE_DEPTH: usize = 2_000;

fn install_flat(prototype: &JsObject, ctx: &mut Context) -> JsResult<()> {
    let constructor = ctx.intrinsics().constructors().array().constructor();
    if let Some(getter) =
        own(&constructor, JsSymbol::species()).and_then(|p| p.get().and_then(JsValue::as_object))
    {
        ctx.insert_data(SpeciesGetter(getter));
    }
    let Some(original) = prototype.get(js_string!("flat"), ctx)?.as_function() else { return Ok(()) };
    let native = NativeFunction::from_copy_closure_with_captures(
        |this, args, original: &JsFunction, ctx| {
            // A depth that is no number is made one here, once: `"Infinity"` must meet the bound as well.
            let depth = match args.get_or_undefined(0) {
                value if value.is_undefined() => 1.0,
                value => value.to_number(ctx)?,
            };
            if let Some(flat) = flat(this, depth as usize, ctx)? {
                return Ok(flat);
            }
            // Written so that NaN, which means 0, stays NaN.
            let depth = if depth > ENGINE_DEPTH as f64 { ENGINE_DEPTH as f64 } else { depth };
            original.call(this, &[JsValue::from(depth)], ctx)
        },
        original,
    );
    hidden_function(prototype, "flat", 0, native, ctx);
    Ok(())
}

fn flat(this: &JsValue, depth: usize, ctx: &mut Context) -> JsResult<Option<JsValue>> {
    let Some(object) = this.as_object() else { return Ok(None) };
    if !species_is_plain(ctx) || !is_plain(&object, ctx) {
        return Ok(None);
    }
    let Some(items) = present(&object, ctx) else { return Ok(None) };
    let mut flat: Vec<JsValue> = Vec::new();
    let mut open = vec![items.into_iter()];
    while let Some(items) = open.last_mut() {
        let Some(item) = items.next() else {
            open.pop();
            continue;
        };
        match item.as_object() {
            Some(nested) if open.len() <= depth && nested.is_array() => {
                let Some(items) = present(&nested, ctx) else { return Ok(None) };
                if open.len() >= MAX_DEPTH {
                    return Err(JsNativeError::range()
                        .with_message("Maximum call stack size exceeded")
                        .into());
                }
                open.push(items.into_iter());
            }
            // An array that only a proxy shows.
            Some(other) if open.len() <= depth && engine::is_array(&other, ctx)? => return Ok(None),
            _ => flat.push(item),
        }
    }
    Ok(Some(JsArray::from_iter(flat, ctx).into()))
}

/// The elements of an array without its holes, if reading them calls no script.
fn present(object: &JsObject, ctx: &Context) -> Option<Vec<JsValue>> {
    let length = own(object, js_string!("length"))?.value()?.as_number()?;
    if dense_count(object).is_some_and(|count| count as f64 == length) {
        return Some(dense_tail(object, 0));
    }
    // Holes are looked up in the prototypes.
    if !is_plain(object, ctx) || !prototypes_are_bare(ctx) {
        return None;
    }
    let found: Option<Vec<(u32, JsValue)>> = object
        .borrow()
        .properties()
        .index_properties()
        .map(|(at, property)| property.value().map(|value| (at, value.clone())))
        .collect();
    let mut found = found?;
    found.sort_unstable_by_key(|(at, _)| *at);
    Some(found.into_iter().map(|(_, value)| value).collect())
}
