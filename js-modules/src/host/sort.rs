//! `sort` and `toSorted` that accept any comparator: the engine's own can panic on an inconsistent one.

use std::cmp::Ordering;

use boa_engine::object::builtins::{JsArray, JsFunction, JsTypedArray};
use boa_engine::{
    Context, JsArgs, JsNativeError, JsObject, JsResult, JsString, JsValue, NativeFunction, js_string,
};

use super::native::hidden_function;

/// Replaces the four functions in a new context.
pub(crate) fn install(ctx: &mut Context) -> JsResult<()> {
    let constructors = ctx.intrinsics().constructors();
    let array = constructors.array().prototype();
    let typed = constructors.typed_array().prototype();
    hidden_function(&array, "sort", 1, NativeFunction::from_fn_ptr(array_sort), ctx);
    hidden_function(&array, "toSorted", 1, NativeFunction::from_fn_ptr(array_to_sorted), ctx);
    // Without a comparator the engine compares numbers, which is a total order: its own functions stay in use.
    for (name, body) in [("sort", typed_sort as TypedBody), ("toSorted", typed_to_sorted)] {
        let Some(original) = typed.get(JsString::from(name), ctx)?.as_function() else {
            continue;
        };
        let native = NativeFunction::from_copy_closure_with_captures(
            move |this, args, original: &JsFunction, ctx| {
                let Some(compare) = comparator(args, ctx)? else {
                    return original.call(this, &[], ctx);
                };
                body(this, compare, original, ctx)
            },
            original,
        );
        hidden_function(&typed, name, 1, native, ctx);
    }
    Ok(())
}

type TypedBody = fn(&JsValue, JsFunction, &JsFunction, &mut Context) -> JsResult<JsValue>;

fn comparator(args: &[JsValue], _ctx: &mut Context) -> JsResult<Option<JsFunction>> {
    let compare = args.get_or_undefined(0);
    if compare.is_undefined() {
        return Ok(None);
    }
    compare.as_function().map(Some).ok_or_else(|| {
        JsNativeError::typ()
            .with_message("The comparison function must be either a function or undefined")
            .into()
    })
}

fn array_sort(this: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let compare = comparator(args, ctx)?;
    let object = this.to_object(ctx)?;
    let length = length_of(&object, ctx)?;
    let mut items = Vec::new();
    for at in 0..length {
        if object.has_property(at, ctx)? {
            items.push(object.get(at, ctx)?);
        }
    }
    let items = sorted(items, compare.as_ref(), ctx)?;
    let present = items.len() as u64;
    for (at, item) in items.into_iter().enumerate() {
        object.set(at as u64, item, true, ctx)?;
    }
    for at in present..length {
        // Holes move to the end. A hole that was one before stays one.
        if object.has_own_property(at, ctx)? {
            object.delete_property_or_throw(at, ctx)?;
        }
    }
    Ok(object.into())
}

fn array_to_sorted(this: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let compare = comparator(args, ctx)?;
    let object = this.to_object(ctx)?;
    let length = length_of(&object, ctx)?;
    if length > u64::from(u32::MAX) {
        return Err(JsNativeError::range().with_message("Invalid array length").into());
    }
    let mut items = Vec::new();
    for at in 0..length {
        items.push(object.get(at, ctx)?);
    }
    let items = sorted(items, compare.as_ref(), ctx)?;
    Ok(JsArray::from_iter(items, ctx).into())
}

fn typed_items(this: &JsValue, ctx: &mut Context) -> JsResult<(JsTypedArray, Vec<JsValue>)> {
    let object =
        this.as_object().ok_or_else(|| JsNativeError::typ().with_message("this is not a typed array"))?;
    let array = JsTypedArray::from_object(object)?;
    // Refuses detached and out-of-range arrays, as the standard's validation does.
    array.keys(ctx)?;
    let mut items = Vec::new();
    for at in 0..array.length(ctx)? {
        items.push(array.at(at as i64, ctx)?);
    }
    Ok((array, items))
}

fn typed_sort(this: &JsValue, compare: JsFunction, _: &JsFunction, ctx: &mut Context) -> JsResult<JsValue> {
    let (array, items) = typed_items(this, ctx)?;
    let items = merge_sort(items, &mut |a, b| by_script(&compare, a, b, ctx))?;
    let object: &JsObject = &array;
    for (at, item) in items.into_iter().enumerate() {
        object.set(at as u64, item, true, ctx)?;
    }
    Ok(this.clone())
}

fn typed_to_sorted(
    this: &JsValue,
    compare: JsFunction,
    original: &JsFunction,
    ctx: &mut Context,
) -> JsResult<JsValue> {
    let (_, items) = typed_items(this, ctx)?;
    // A copy of the same type; its own order does not matter.
    let copy = original.call(this, &[], ctx)?;
    let items = merge_sort(items, &mut |a, b| by_script(&compare, a, b, ctx))?;
    if let Some(object) = copy.as_object() {
        for (at, item) in items.into_iter().enumerate() {
            object.set(at as u64, item, true, ctx)?;
        }
    }
    Ok(copy)
}

fn length_of(object: &JsObject, ctx: &mut Context) -> JsResult<u64> {
    object.get(js_string!("length"), ctx)?.to_length(ctx)
}

/// Sorts as `SortIndexedProperties` does: `undefined` last, stable.
fn sorted(items: Vec<JsValue>, compare: Option<&JsFunction>, ctx: &mut Context) -> JsResult<Vec<JsValue>> {
    let total = items.len();
    let items: Vec<JsValue> = items.into_iter().filter(|v| !v.is_undefined()).collect();
    let mut items = match compare {
        Some(compare) => merge_sort(items, &mut |a, b| by_script(compare, a, b, ctx))?,
        None => {
            // Each text is made once, not once per comparison.
            let mut keyed = Vec::with_capacity(items.len());
            for item in items {
                keyed.push((item.to_string(ctx)?, item));
            }
            merge_sort(keyed, &mut |a: &(JsString, JsValue), b| Ok(a.0.as_str().cmp(&b.0.as_str())))?
                .into_iter()
                .map(|(_, item)| item)
                .collect()
        }
    };
    items.resize(total, JsValue::undefined());
    Ok(items)
}

fn by_script(compare: &JsFunction, a: &JsValue, b: &JsValue, ctx: &mut Context) -> JsResult<Ordering> {
    let order = compare.call(&JsValue::undefined(), &[a.clone(), b.clone()], ctx)?.to_number(ctx)?;
    Ok(order.partial_cmp(&0.0).unwrap_or(Ordering::Equal))
}

/// A stable bottom-up merge sort over indices. It terminates after `n log n` comparisons whatever they say.
fn merge_sort<T>(items: Vec<T>, compare: &mut impl FnMut(&T, &T) -> JsResult<Ordering>) -> JsResult<Vec<T>> {
    let n = items.len();
    let mut from: Vec<usize> = (0..n).collect();
    let mut to = vec![0; n];
    let mut width = 1;
    while width < n {
        let mut start = 0;
        while start < n {
            let middle = (start + width).min(n);
            let end = (middle + width).min(n);
            merge(&items, &from[start..middle], &from[middle..end], &mut to[start..end], compare)?;
            start = end;
        }
        std::mem::swap(&mut from, &mut to);
        width *= 2;
    }
    let mut slots: Vec<Option<T>> = items.into_iter().map(Some).collect();
    // `from` is a permutation: each index is taken once.
    Ok(from.into_iter().filter_map(|at| slots[at].take()).collect())
}

fn merge<T>(
    items: &[T],
    left: &[usize],
    right: &[usize],
    out: &mut [usize],
    compare: &mut impl FnMut(&T, &T) -> JsResult<Ordering>,
) -> JsResult<()> {
    let (mut l, mut r) = (0, 0);
    // Runs that are in order already cost one comparison.
    let ordered = match (left.last(), right.first()) {
        (Some(&a), Some(&b)) => compare(&items[a], &items[b])? != Ordering::Greater,
        _ => true,
    };
    for slot in out {
        let take_left = match (left.get(l), right.get(r)) {
            (Some(_), None) => true,
            (None, _) => false,
            (Some(&a), Some(&b)) => ordered || compare(&items[a], &items[b])? != Ordering::Greater,
        };
        if take_left {
            *slot = left[l];
            l += 1;
        } else {
            *slot = right[r];
            r += 1;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_stable_and_takes_any_comparator() {
        let items: Vec<(u32, u32)> = (0..1000).map(|i| (i * 7919 % 10, i)).collect();
        let mut expected = items.clone();
        expected.sort_by_key(|x| x.0);
        assert_eq!(merge_sort(items.clone(), &mut |a, b| Ok(a.0.cmp(&b.0))).unwrap(), expected);
        let mut state = 1u32;
        let mut shuffled = merge_sort(items.clone(), &mut |_, _| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            Ok(if state & 0x1_0000 == 0 { Ordering::Less } else { Ordering::Greater })
        })
        .unwrap();
        shuffled.sort_by_key(|x| x.1);
        assert_eq!(shuffled, items);
    }
}
