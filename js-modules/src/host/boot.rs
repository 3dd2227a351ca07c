//! What a new context gets before any script: guarded built-ins and lazily loaded globals.

use boa_engine::object::builtins::JsFunction;
use boa_engine::property::{PropertyDescriptor, PropertyKey};
use boa_engine::string::JsStrVariant;
use boa_engine::{
    Context, JsArgs, JsNativeError, JsObject, JsResult, JsStr, JsString, JsSymbol, JsValue, NativeFunction,
    js_string,
};
use boa_gc::{Gc, GcRefCell};

use super::native::{self, hidden_function, hidden_value};
use super::shared::HostShared;
use super::{Dialect, builtins, loader, memory, sort};

/// Globals that are made when first touched: `(global, module, export)`; an empty export is the module itself.
const LAZY: &[(&str, &str, &str)] = &[
    ("Buffer", "node:buffer", "Buffer"),
    ("atob", "node:buffer", "atob"),
    ("btoa", "node:buffer", "btoa"),
    ("console", "node:console", ""),
    ("process", "node:process", ""),
    ("setTimeout", "node:timers", "setTimeout"),
    ("setInterval", "node:timers", "setInterval"),
    ("setImmediate", "node:timers", "setImmediate"),
    ("clearTimeout", "node:timers", "clearTimeout"),
    ("clearInterval", "node:timers", "clearInterval"),
    ("clearImmediate", "node:timers", "clearImmediate"),
    ("queueMicrotask", "node:timers", "queueMicrotask"),
    ("TextEncoder", "internal/encoding", "TextEncoder"),
    ("TextDecoder", "internal/encoding", "TextDecoder"),
];

/// The same for Node contexts only: a core sees no global that the real agent does not have.
const LAZY_NODE: &[(&str, &str, &str)] = &[
    ("AbortController", "internal/abort", "AbortController"),
    ("AbortSignal", "internal/abort", "AbortSignal"),
    ("CloseEvent", "internal/websocket", "CloseEvent"),
    ("Blob", "internal/blob", "Blob"),
    ("Crypto", "internal/crypto/web", "Crypto"),
    ("CustomEvent", "internal/event_target", "CustomEvent"),
    ("DOMException", "internal/dom_exception", ""),
    ("Event", "internal/event_target", "Event"),
    ("EventTarget", "internal/event_target", "EventTarget"),
    ("File", "internal/blob", "File"),
    ("FormData", "internal/fetch/form", "FormData"),
    ("Headers", "internal/fetch/headers", "Headers"),
    ("MessageEvent", "internal/websocket", "MessageEvent"),
    ("PerformanceEntry", "node:perf_hooks", "PerformanceEntry"),
    ("PerformanceMark", "node:perf_hooks", "PerformanceMark"),
    ("PerformanceMeasure", "node:perf_hooks", "PerformanceMeasure"),
    ("ReadableStream", "internal/fetch/stream", "ReadableStream"),
    ("Request", "internal/fetch/message", "Request"),
    ("Response", "internal/fetch/message", "Response"),
    ("URL", "internal/url", "URL"),
    ("URLSearchParams", "internal/url", "URLSearchParams"),
    ("WebSocket", "internal/websocket", "WebSocket"),
    ("crypto", "node:crypto", "webcrypto"),
    ("fetch", "internal/fetch", "fetch"),
    ("performance", "node:perf_hooks", "performance"),
    ("structuredClone", "internal/clone", ""),
];

pub(crate) fn install(ctx: &mut Context) -> JsResult<()> {
    guard(ctx)?;
    let global = ctx.global_object();
    hidden_value(&global, "global", global.clone());
    for &(name, module, export) in LAZY {
        lazy(&global, name, module, export, ctx);
    }
    if HostShared::of(ctx).dialect() == Dialect::Node {
        for &(name, module, export) in LAZY_NODE {
            lazy(&global, name, module, export, ctx);
        }
        global.insert_property(
            JsSymbol::to_string_tag(),
            PropertyDescriptor::builder()
                .value(js_string!("global"))
                .writable(false)
                .enumerable(false)
                .configurable(true)
                .build(),
        );
    }
    Ok(())
}

/// The built-ins of the current realm that end the process, or never end, are replaced by ours.
pub(crate) fn guard(ctx: &mut Context) -> JsResult<()> {
    sort::install(ctx)?;
    builtins::install(ctx)?;
    bound_strings(ctx);
    error_stacks(ctx)
}

/// Defines a global whose module is loaded at the first read; assignment replaces the value.
///
/// It stays an accessor: the engine's inline cache mistakes a property that its own getter turned into a plain value
/// for an accessor, and would call the value.
pub fn lazy(
    global: &JsObject,
    name: &'static str,
    module: &'static str,
    export: &'static str,
    ctx: &mut Context,
) {
    let cell: Gc<GcRefCell<Option<JsValue>>> = Gc::new(GcRefCell::new(None));
    let get = NativeFunction::from_copy_closure_with_captures(
        move |_, _, cell: &Gc<GcRefCell<Option<JsValue>>>, ctx| {
            if let Some(value) = cell.borrow().clone() {
                return Ok(value);
            }
            let mut value = loader::require_internal(ctx, module)?;
            if let (false, Some(exports)) = (export.is_empty(), value.as_object()) {
                value = exports.get(JsString::from(export), ctx)?;
            }
            *cell.borrow_mut() = Some(value.clone());
            Ok(value)
        },
        cell.clone(),
    );
    let set = NativeFunction::from_copy_closure_with_captures(
        |_, args, cell: &Gc<GcRefCell<Option<JsValue>>>, _| {
            *cell.borrow_mut() = Some(args.get_or_undefined(0).clone());
            Ok(JsValue::undefined())
        },
        cell,
    );
    let get = native::function(name, 0, get, ctx);
    let set = native::function(name, 1, set, ctx);
    global.insert_property(
        JsString::from(name),
        PropertyDescriptor::builder().get(get).set(set).enumerable(false).configurable(true).build(),
    );
}

/// `repeat`, `padStart` and `padEnd`: the engine's build a list of slices first and abort on a large count.
fn bound_strings(ctx: &mut Context) {
    let prototype = ctx.intrinsics().constructors().string().prototype();
    hidden_function(&prototype, "repeat", 1, NativeFunction::from_fn_ptr(repeat), ctx);
    let pad_start = NativeFunction::from_copy_closure(|this, args, ctx| pad(this, args, true, ctx));
    let pad_end = NativeFunction::from_copy_closure(|this, args, ctx| pad(this, args, false, ctx));
    hidden_function(&prototype, "padStart", 1, pad_start, ctx);
    hidden_function(&prototype, "padEnd", 1, pad_end, ctx);
}

fn repeat(this: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let text = this.require_object_coercible()?.to_string(ctx)?;
    let count = args.get_or_undefined(0).to_number(ctx)?;
    let count = if count.is_nan() { 0.0 } else { count.trunc() };
    if count < 0.0 || count.is_infinite() {
        return Err(JsNativeError::range().with_message(format!("Invalid count value: {count}")).into());
    }
    check_length(text.len() as f64 * count, ctx)?;
    Ok(repeated(&text, text.len() * count as usize, ctx).into())
}

fn pad(this: &JsValue, args: &[JsValue], start: bool, ctx: &mut Context) -> JsResult<JsValue> {
    let text = this.require_object_coercible()?.to_string(ctx)?;
    let length = args.get_or_undefined(0).to_length(ctx)?;
    let filler = match args.get_or_undefined(1) {
        value if value.is_undefined() => js_string!(" "),
        value => value.to_string(ctx)?,
    };
    if length <= text.len() as u64 || filler.is_empty() {
        return Ok(text.into());
    }
    check_length(length as f64, ctx)?;
    let fill = repeated(&filler, length as usize - text.len(), ctx);
    let parts = if start { [fill.as_str(), text.as_str()] } else { [text.as_str(), fill.as_str()] };
    Ok(JsString::concat_array(&parts).into())
}

fn check_length(units: f64, ctx: &Context) -> JsResult<()> {
    if units > HostShared::of(ctx).budget().max_string_units as f64 {
        return Err(JsNativeError::range().with_message("Invalid string length").into());
    }
    Ok(())
}

/// The first `units` units of the endlessly repeated text.
fn repeated(text: &JsString, units: usize, ctx: &Context) -> JsString {
    if units == 0 {
        return js_string!();
    }
    match text.as_str().variant() {
        JsStrVariant::Latin1(bytes) => {
            memory::charge(ctx, units);
            let all: Vec<u8> = bytes.iter().copied().cycle().take(units).collect();
            JsString::from(JsStr::latin1(&all))
        }
        JsStrVariant::Utf16(words) => {
            memory::charge(ctx, units * 2);
            let all: Vec<u16> = words.iter().copied().cycle().take(units).collect();
            JsString::from(JsStr::utf16(&all))
        }
    }
}

/// `stack` begins with `Name: message` as everywhere else; `Error.captureStackTrace` exists.
fn error_stacks(ctx: &mut Context) -> JsResult<()> {
    let error = ctx.intrinsics().constructors().error().clone();
    let prototype = error.prototype();
    let key = PropertyKey::from(js_string!("stack"));
    let own = prototype.borrow().properties().get(&key);
    if let Some(get) = own.as_ref().and_then(|p| p.get()).and_then(JsValue::as_function) {
        let set = own.as_ref().and_then(|p| p.set()).cloned();
        let with_header = NativeFunction::from_copy_closure_with_captures(
            |this, _, engine: &JsFunction, ctx| stack_text(this, engine, ctx),
            get,
        );
        let get = native::function("stack", 0, with_header, ctx);
        prototype.insert_property(
            key,
            PropertyDescriptor::builder()
                .get(get)
                .maybe_set(set)
                .enumerable(false)
                .configurable(true)
                .build(),
        );
    }
    let constructor = error.constructor();
    hidden_function(&constructor, "captureStackTrace", 2, NativeFunction::from_fn_ptr(capture), ctx);
    hidden_value(&constructor, "stackTraceLimit", 10);
    Ok(())
}

fn stack_text(this: &JsValue, engine: &JsFunction, ctx: &mut Context) -> JsResult<JsValue> {
    let frames = engine.call(this, &[], ctx)?;
    let (Some(frames), Some(object)) = (frames.as_string(), this.as_object()) else {
        return Ok(frames);
    };
    let mut text = header(&object, ctx);
    for line in frames.to_std_string_lossy().lines() {
        text.push('\n');
        text.push_str(line);
    }
    Ok(JsString::from(text).into())
}

fn header(object: &JsObject, ctx: &mut Context) -> String {
    let mut read = |key: JsString| -> String {
        let value = object.get(key, ctx).unwrap_or_default();
        value.as_string().map(|s| s.to_std_string_lossy()).unwrap_or_default()
    };
    let (name, code, message) =
        (read(js_string!("name")), read(js_string!("code")), read(js_string!("message")));
    let name = if code.starts_with("ERR_") { format!("{name} [{code}]") } else { name };
    if message.is_empty() { name } else { format!("{name}: {message}") }
}

/// The stack of the caller as a property of any object. With a second argument the frames above and of that function
/// are left out, as a library wants that reports the place where it was called.
fn capture(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let Some(object) = args.get_or_undefined(0).as_object() else {
        return Err(native::invalid_type("object", "an object", args.get_or_undefined(0), ctx));
    };
    let constructor = ctx.intrinsics().constructors().error().constructor();
    let frames = frames_below(&constructor, args.get_or_undefined(1), ctx)?;
    let prepare = constructor.get(js_string!("prepareStackTrace"), ctx)?;
    if let Some(prepare) = prepare.as_function() {
        // The frames as objects: packages ask them who called.
        let sites = loader::require_internal(ctx, "internal/call_sites")?;
        let sites = match sites.as_function() {
            Some(sites) => {
                let text = JsString::from(frames.join("\n"));
                sites.call(&JsValue::undefined(), &[text.into()], ctx)?
            }
            None => JsValue::undefined(),
        };
        let stack = prepare.call(&constructor.into(), &[object.clone().into(), sites], ctx)?;
        hidden_value(&object, "stack", stack);
        return Ok(JsValue::undefined());
    }
    let mut text = header(&object, ctx);
    for line in frames {
        text.push('\n');
        text.push_str(&line);
    }
    hidden_value(&object, "stack", JsString::from(text));
    Ok(JsValue::undefined())
}

/// The lines of the current stack, without `top` and what it called; at most `Error.stackTraceLimit` of them.
fn frames_below(constructor: &JsObject, top: &JsValue, ctx: &mut Context) -> JsResult<Vec<String>> {
    let limit = constructor.get(js_string!("stackTraceLimit"), ctx)?.as_number().unwrap_or(0.0) as usize;
    let here = constructor.construct(&[], None, ctx)?.get(js_string!("stack"), ctx)?;
    let here = here.as_string().map(|text| text.to_std_string_lossy()).unwrap_or_default();
    let mut frames: Vec<&str> = here.lines().filter(|line| line.trim_start().starts_with("at ")).collect();
    if frames.first().is_some_and(|line| line.contains("at captureStackTrace (native)")) {
        frames.remove(0);
    }
    if let Some(top) = top.as_object() {
        // The engine keeps names only; a function without one cannot be told from others.
        let name = top.get(js_string!("name"), ctx)?.as_string().map(|name| name.to_std_string_lossy());
        if let Some(name) = name.filter(|name| !name.is_empty()) {
            let start = format!("at {name} (");
            if let Some(at) = frames.iter().position(|line| line.trim_start().starts_with(&start)) {
                frames.drain(..=at);
            }
        }
    }
    Ok(frames.into_iter().take(limit).map(str::to_owned).collect())
}
