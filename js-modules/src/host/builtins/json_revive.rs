//! The reviver of `JSON.parse`, with the source texts of primitive values (the proposal "JSON.parse source text
//! access", which the engine has).

use std::collections::HashMap;
use std::ops::Range;

use boa_engine::{Context, JsObject, JsResult, JsStr, JsString, JsValue, js_string};

use super::{check_stack, engine};

/// What a value was when it was parsed. Values that a reviver replaced have no source.
pub(super) enum Snapshot {
    Primitive(JsValue, Range<usize>),
    Array(Vec<Snapshot>),
    /// The last one of duplicate keys counts.
    Object(Vec<(JsString, Snapshot)>),
}

impl Snapshot {
    pub(super) fn object(entries: Vec<(JsString, Snapshot)>) -> Self {
        Snapshot::Object(entries)
    }
}

impl Drop for Snapshot {
    /// Takes deep trees apart level by level: the compiler's way recurses.
    fn drop(&mut self) {
        let mut waiting = Vec::new();
        self.give_up(&mut waiting);
        while let Some(mut child) = waiting.pop() {
            child.give_up(&mut waiting);
        }
    }
}

impl Snapshot {
    fn give_up(&mut self, to: &mut Vec<Snapshot>) {
        match self {
            Snapshot::Primitive(..) => {}
            Snapshot::Array(children) => to.append(children),
            Snapshot::Object(entries) => to.extend(entries.drain(..).map(|(_, child)| child)),
        }
    }
}

/// Calls the reviver for each value, children first.
pub(super) fn revive(
    value: JsValue,
    snapshot: &Snapshot,
    text: JsStr<'_>,
    reviver: &JsObject,
    ctx: &mut Context,
) -> JsResult<JsValue> {
    let root = JsObject::with_object_proto(ctx.intrinsics());
    root.create_data_property_or_throw(js_string!(), value, ctx)?;
    Revival { text, reviver }.internalize(&root, js_string!(), Some(snapshot), ctx)
}

struct Revival<'a> {
    text: JsStr<'a>,
    reviver: &'a JsObject,
}

impl Revival<'_> {
    /// `InternalizeJSONProperty`.
    fn internalize(
        &self,
        holder: &JsObject,
        name: JsString,
        snapshot: Option<&Snapshot>,
        ctx: &mut Context,
    ) -> JsResult<JsValue> {
        check_stack(ctx)?;
        let value = holder.get(name.clone(), ctx)?;
        let context = JsObject::with_object_proto(ctx.intrinsics());
        match (value.as_object(), snapshot) {
            (Some(object), snapshot) if engine::is_array(&object, ctx)? => {
                let children = match snapshot {
                    Some(Snapshot::Array(children)) => children.as_slice(),
                    _ => &[],
                };
                let length = engine::length_of(&object, ctx)?;
                for at in 0..length {
                    let child = usize::try_from(at).ok().and_then(|at| children.get(at));
                    self.replace(&object, JsString::from(at.to_string()), child, ctx)?;
                }
            }
            (Some(object), snapshot) => {
                let mut children: HashMap<&JsString, &Snapshot> = HashMap::new();
                if let Some(Snapshot::Object(entries)) = snapshot {
                    children.extend(entries.iter().map(|(key, child)| (key, child)));
                }
                for key in engine::enumerable_keys(&object, ctx)? {
                    self.replace(&object, key.clone(), children.get(&key).copied(), ctx)?;
                }
            }
            (None, Some(Snapshot::Primitive(was, range))) if JsValue::same_value(was, &value) => {
                let source = self.text.get(range.clone()).map(JsString::from).unwrap_or_default();
                context.create_data_property_or_throw(js_string!("source"), source, ctx)?;
            }
            _ => {}
        }
        self.reviver.call(&holder.clone().into(), &[name.into(), value, context.into()], ctx)
    }

    fn replace(
        &self,
        object: &JsObject,
        key: JsString,
        child: Option<&Snapshot>,
        ctx: &mut Context,
    ) -> JsResult<()> {
        let new = self.internalize(object, key.clone(), child, ctx)?;
        if new.is_undefined() {
            // A refused deletion is no error here.
            engine::delete(object, key, ctx)?;
        } else {
            object.create_data_property(key, new, ctx)?;
        }
        Ok(())
    }
}
