//! `JSON.stringify` into one growing text; the engine joins texts at each level and recurses without a limit.

use std::collections::HashSet;

use boa_engine::{
    Context, JsArgs, JsBigInt, JsError, JsNativeError, JsObject, JsResult, JsString, JsValue, NativeFunction,
    js_string,
};

use super::json_text::Text;
use super::{check_length, check_stack, engine};
use crate::host::native::hidden_function;

pub(super) fn install(ctx: &mut Context) -> JsResult<()> {
    let json = ctx.intrinsics().objects().json();
    hidden_function(&json, "stringify", 3, NativeFunction::from_fn_ptr(stringify), ctx);
    Ok(())
}

fn stringify(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let mut writer = Writer {
        text: Text::default(),
        replacer: None,
        wanted: None,
        gap: js_string!(),
        indent: Vec::new(),
        open: HashSet::new(),
        path: Vec::new(),
    };
    if let Some(object) = args.get_or_undefined(1).as_object() {
        if object.is_callable() {
            writer.replacer = Some(object);
        } else if engine::is_array(&object, ctx)? {
            writer.wanted = Some(wanted_keys(&object, ctx)?);
        }
    }
    writer.gap = gap(args.get_or_undefined(2), ctx)?;
    let value = args.get_or_undefined(0);
    let holder = Holder::Wrapper(value.clone());
    let value = writer.prepare(&js_string!(), value.clone(), &holder, ctx)?;
    let done = writer.value(value, js_string!(), ctx)?;
    Ok(if done { writer.text.finish().into() } else { JsValue::undefined() })
}

/// The property list of an array given as replacer.
fn wanted_keys(list: &JsObject, ctx: &mut Context) -> JsResult<Vec<JsString>> {
    let mut seen = HashSet::new();
    let mut keys = Vec::new();
    for at in 0..engine::length_of(list, ctx)? {
        let item = list.get(at, ctx)?;
        let boxed = item.as_object().is_some_and(|object| object.is::<JsString>() || object.is::<f64>());
        if item.is_string() || item.is_number() || boxed {
            let key = item.to_string(ctx)?;
            if seen.insert(key.clone()) {
                keys.push(key);
            }
        }
    }
    Ok(keys)
}

fn gap(space: &JsValue, ctx: &mut Context) -> JsResult<JsString> {
    let mut space = space.clone();
    if let Some(object) = space.as_object() {
        if object.is::<f64>() {
            space = space.to_number(ctx)?.into();
        } else if object.is::<JsString>() {
            space = space.to_string(ctx)?.into();
        }
    }
    if let Some(number) = space.as_number() {
        // The cast maps NaN and everything negative to 0.
        return Ok(JsString::from(" ".repeat((number as usize).min(10))));
    }
    Ok(space.as_string().map(|text| text.get(..10).unwrap_or(text)).unwrap_or_default())
}

/// Who has the value: only a replacer ever sees the object around the outermost one.
enum Holder<'a> {
    Wrapper(JsValue),
    Object(&'a JsObject),
}

struct Writer {
    text: Text,
    replacer: Option<JsObject>,
    wanted: Option<Vec<JsString>>,
    gap: JsString,
    /// The white space before a line, beginning with the line's end.
    indent: Vec<JsString>,
    open: HashSet<JsObject>,
    path: Vec<(JsString, JsObject)>,
}

impl Writer {
    /// The steps of `SerializeJSONProperty` that call script.
    fn prepare(
        &self,
        key: &JsString,
        mut value: JsValue,
        holder: &Holder<'_>,
        ctx: &mut Context,
    ) -> JsResult<JsValue> {
        if value.is_object() || value.is_bigint() {
            let to_json = match value.as_object() {
                Some(object) => object.get(js_string!("toJSON"), ctx)?,
                None => engine::get_of_bigint(&value, js_string!("toJSON"), ctx)?,
            };
            if let Some(to_json) = to_json.as_callable() {
                value = to_json.call(&value, &[key.clone().into()], ctx)?;
            }
        }
        if let Some(replacer) = &self.replacer {
            let holder = match holder {
                Holder::Object(object) => (*object).clone(),
                Holder::Wrapper(outermost) => {
                    let wrapper = JsObject::with_object_proto(ctx.intrinsics());
                    wrapper.create_data_property_or_throw(js_string!(), outermost.clone(), ctx)?;
                    wrapper
                }
            };
            value = replacer.call(&holder.into(), &[key.clone().into(), value], ctx)?;
        }
        let Some(object) = value.as_object() else { return Ok(value) };
        Ok(if object.is::<f64>() {
            value.to_number(ctx)?.into()
        } else if object.is::<JsString>() {
            value.to_string(ctx)?.into()
        } else if let Some(boolean) = object.downcast_ref::<bool>() {
            (*boolean).into()
        } else if let Some(big) = object.downcast_ref::<JsBigInt>() {
            big.clone().into()
        } else {
            value
        })
    }

    /// Writes a prepared value; false when it has no JSON (functions, symbols, `undefined`).
    fn value(&mut self, value: JsValue, key: JsString, ctx: &mut Context) -> JsResult<bool> {
        if let Some(text) = value.as_string() {
            self.text.quoted(text.as_str());
        } else if let Some(number) = value.as_number() {
            if number.is_finite() {
                self.text.push(value.to_string(ctx)?.as_str());
            } else {
                self.text.ascii("null");
            }
        } else if let Some(boolean) = value.as_boolean() {
            self.text.ascii(if boolean { "true" } else { "false" });
        } else if value.is_null() {
            self.text.ascii("null");
        } else if value.is_bigint() {
            return Err(JsNativeError::typ().with_message("Do not know how to serialize a BigInt").into());
        } else if let Some(object) = value.as_object() {
            if object.is_callable() {
                return Ok(false);
            }
            if engine::is_raw_json(&object, ctx)? {
                let raw = object.get(js_string!("rawJSON"), ctx)?.to_string(ctx)?;
                self.text.push(raw.as_str());
                return Ok(true);
            }
            self.nested(object, key, ctx)?;
        } else {
            return Ok(false);
        }
        check_length(self.text.len(), ctx)?;
        Ok(true)
    }

    fn nested(&mut self, object: JsObject, key: JsString, ctx: &mut Context) -> JsResult<()> {
        check_stack(ctx)?;
        if !self.open.insert(object.clone()) {
            return Err(self.circle(&object, &key));
        }
        self.path.push((key, object.clone()));
        if !self.gap.is_empty() {
            let before = self.indent.last().cloned().unwrap_or(js_string!("\n"));
            self.indent.push(js_string!(&before, &self.gap));
        }
        if engine::is_array(&object, ctx)? {
            self.array(&object, ctx)?;
        } else {
            self.object(&object, ctx)?;
        }
        self.open.remove(&object);
        self.path.pop();
        Ok(())
    }

    fn array(&mut self, array: &JsObject, ctx: &mut Context) -> JsResult<()> {
        self.text.ascii("[");
        let length = engine::length_of(array, ctx)?;
        for at in 0..length {
            if at > 0 {
                self.text.ascii(",");
            }
            self.line();
            let value = array.get(at, ctx)?;
            let watched = self.replacer.is_some() || value.is_object() || value.is_bigint();
            let key = if watched { JsString::from(at.to_string()) } else { js_string!() };
            let value = self.prepare(&key, value, &Holder::Object(array), ctx)?;
            if !self.value(value, key, ctx)? {
                self.text.ascii("null");
            }
        }
        self.close(length > 0, "]");
        Ok(())
    }

    fn object(&mut self, object: &JsObject, ctx: &mut Context) -> JsResult<()> {
        self.text.ascii("{");
        let keys = match &self.wanted {
            Some(wanted) => wanted.clone(),
            None => engine::enumerable_keys(object, ctx)?,
        };
        let mut some = false;
        for key in keys {
            let value = object.get(key.clone(), ctx)?;
            let value = self.prepare(&key, value, &Holder::Object(object), ctx)?;
            // Without a text for it, the property is left out with its key.
            let shown =
                value.as_object().map_or(!value.is_undefined() && !value.is_symbol(), |v| !v.is_callable());
            if !shown {
                continue;
            }
            if some {
                self.text.ascii(",");
            }
            some = true;
            self.line();
            self.text.quoted(key.as_str());
            self.text.ascii(if self.gap.is_empty() { ":" } else { ": " });
            self.value(value, key, ctx)?;
        }
        self.close(some, "}");
        Ok(())
    }

    fn line(&mut self) {
        if let Some(indent) = self.indent.last() {
            self.text.push(indent.as_str());
        }
    }

    fn close(&mut self, some: bool, bracket: &str) {
        let indented = self.indent.pop().is_some();
        if some && indented {
            match self.indent.last() {
                Some(indent) => self.text.push(indent.as_str()),
                None => self.text.ascii("\n"),
            }
        }
        self.text.ascii(bracket);
    }

    /// The error of a value inside itself, with the way around as Node shows it.
    fn circle(&self, object: &JsObject, last_key: &JsString) -> JsError {
        const FIRST: usize = 2;
        let start = self.path.iter().position(|(_, o)| JsObject::equals(o, object)).unwrap_or(0);
        let way = &self.path[start..];
        let mut text = String::from("Converting circular structure to JSON");
        text.push_str(&format!(
            "\n    --> starting at object with constructor '{}'",
            constructor_name(object)
        ));
        for (at, (key, object)) in way.iter().enumerate().skip(1) {
            if at <= FIRST || at + 1 == way.len() {
                let name = constructor_name(object);
                text.push_str(&format!("\n    |     {} -> object with constructor '{name}'", step(key)));
            } else if at == FIRST + 1 {
                text.push_str("\n    |     ...");
            }
        }
        text.push_str(&format!("\n    --- {} closes the circle", step(last_key)));
        JsNativeError::typ().with_message(text).into()
    }
}

fn step(key: &JsString) -> String {
    let key = key.to_std_string_lossy();
    if key.parse::<u32>().is_ok() { format!("index {key}") } else { format!("property '{key}'") }
}

/// The name of an object's constructor as far as it can be seen without calling script.
fn constructor_name(object: &JsObject) -> String {
    let mut at = Some(object.clone());
    while let Some(object) = at {
        let own = |object: &JsObject, key: JsString| {
            let property = object.borrow().properties().get(&key.into());
            property.and_then(|property| property.value().cloned())
        };
        let constructor = own(&object, js_string!("constructor")).and_then(|value| value.as_object());
        let name = constructor.and_then(|constructor| own(&constructor, js_string!("name")));
        if let Some(name) = name.and_then(|value| value.as_string()) {
            return name.to_std_string_lossy();
        }
        at = object.prototype();
    }
    "Object".to_owned()
}
