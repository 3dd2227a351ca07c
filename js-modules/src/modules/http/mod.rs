//! `http` and WebSocket: reading and writing the wire formats is native, everything else is script over `net`.

mod frames;
mod head;
mod parser;
#[cfg(test)]
mod tests;
mod websocket;

use std::cell::RefCell;

use boa_engine::object::builtins::JsArray;
use boa_engine::{Context, JsArgs, JsData, JsObject, JsResult, JsString, JsValue, js_string};
use boa_gc::{Finalize, Trace};

use crate::host::bytes::{ByteView, buffer};
use crate::host::memory;
use crate::host::native::{Exports, index_argument, invalid_type};
use head::{Fields, Head, Start};
use parser::{Event, Expect, Fault, Parser, Role};

/// Makes the natives of `internal/http/native`:
///
/// * `parser(isResponse, maxHeadBytes) -> handle`
/// * `feed(handle, bytes, wantsUpgrades, noBody, isConnect) -> [kind, …]`: kinds and values in turn, see [`kind`]
/// * `finish(handle) -> [kind, …]`, `isBetween(handle) -> boolean`
/// * `methods() -> array`, `isToken(text) -> boolean`, `isFieldValue(text) -> boolean`
/// * those of [`websocket`]
pub fn init(ctx: &mut Context) -> JsResult<JsObject> {
    let exports = Exports::new(ctx)
        .function("parser", 2, new_parser)
        .function("feed", 5, feed)
        .function("finish", 1, finish)
        .function("isBetween", 1, is_between)
        .function("methods", 0, methods)
        .function("isToken", 1, is_token)
        .function("isFieldValue", 1, is_field_value)
        .finish();
    websocket::add(exports, ctx)
}

/// The kinds of events as `common.js` knows them; each is followed by one value.
mod kind {
    /// `[minor, method or status, target or reason, fields, asks upgrade, upgrades, keeps alive]`
    pub const HEAD: i32 = 1;
    /// A Buffer.
    pub const BODY: i32 = 2;
    /// Names and values in turn.
    pub const TRAILERS: i32 = 3;
    /// Undefined.
    pub const END: i32 = 4;
    /// The bytes that followed the head.
    pub const UPGRADE: i32 = 5;
    /// `[code, reason, bytes before it]`
    pub const FAULT: i32 = 6;
}

#[derive(Trace, Finalize, JsData)]
struct Handle {
    #[unsafe_ignore_trace]
    parser: RefCell<Parser>,
}

fn new_parser(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let role = if args.get_or_undefined(0).to_boolean() { Role::Responses } else { Role::Requests };
    let max_head = index_argument(args, 1, DEFAULT_HEAD, ctx)?.clamp(1, MAX_HEAD);
    let handle = Handle { parser: RefCell::new(Parser::new(role, max_head)) };
    memory::charge(ctx, size_of::<Handle>());
    let prototype = ctx.intrinsics().constructors().object().prototype();
    Ok(JsObject::from_proto_and_data(prototype, handle).into())
}

/// Node's `--max-http-header-size`.
const DEFAULT_HEAD: usize = 16 * 1024;

/// Whatever a script asks for.
const MAX_HEAD: usize = 16 * 1024 * 1024;

fn with_parser<T>(args: &[JsValue], ctx: &mut Context, body: impl FnOnce(&mut Parser) -> T) -> JsResult<T> {
    let object = args.get_or_undefined(0).as_object();
    if let Some(object) = &object
        && let Some(handle) = object.downcast_ref::<Handle>()
    {
        return Ok(body(&mut handle.parser.borrow_mut()));
    }
    Err(invalid_type("handle", "a parser", args.get_or_undefined(0), ctx))
}

fn feed(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let view = ByteView::expect(args.get_or_undefined(1), "bytes", ctx)?;
    let expect = Expect {
        upgrades: args.get_or_undefined(2).to_boolean(),
        no_body: args.get_or_undefined(3).to_boolean(),
        connect: args.get_or_undefined(4).to_boolean(),
    };
    let mut events = Vec::new();
    let done = with_parser(args, ctx, |parser| view.read(|bytes| parser.feed(bytes, expect, &mut events)))?;
    script_events(events, done, ctx)
}

fn finish(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let mut events = Vec::new();
    let done = with_parser(args, ctx, |parser| parser.finish(&mut events))?;
    script_events(events, done, ctx)
}

fn is_between(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    Ok(with_parser(args, ctx, |parser| parser.is_between())?.into())
}

fn script_events(events: Vec<Event>, done: Result<(), Fault>, ctx: &mut Context) -> JsResult<JsValue> {
    let mut flat: Vec<JsValue> = Vec::with_capacity(events.len() * 2 + 2);
    for event in events {
        let (kind, value) = match event {
            Event::Head(head) => (kind::HEAD, script_head(*head, ctx)),
            Event::Body(bytes) => (kind::BODY, buffer(&bytes, ctx)?.into()),
            Event::Trailers(fields) => (kind::TRAILERS, script_fields(&fields, ctx)),
            Event::End => (kind::END, JsValue::undefined()),
            Event::Upgrade(bytes) => (kind::UPGRADE, buffer(&bytes, ctx)?.into()),
        };
        flat.extend([kind.into(), value]);
    }
    if let Err(fault) = done {
        let parts =
            [js_string!(fault.code).into(), js_string!(fault.reason).into(), JsValue::from(fault.at as f64)];
        flat.extend([kind::FAULT.into(), JsArray::from_iter(parts, ctx).into()]);
    }
    Ok(JsArray::from_iter(flat, ctx).into())
}

fn script_head(head: Head, ctx: &mut Context) -> JsValue {
    let fields = script_fields(&head.fields, ctx);
    let (minor, what, text) = match head.start {
        Start::Request { method, target, minor } => (minor, js_string!(method).into(), latin1(&target)),
        Start::Response { status, reason, minor } => (minor, JsValue::from(status), latin1(&reason)),
    };
    let parts: [JsValue; 7] = [
        minor.into(),
        what,
        text.into(),
        fields,
        head.asks_upgrade.into(),
        head.upgrades.into(),
        head.keeps_alive.into(),
    ];
    JsArray::from_iter(parts, ctx).into()
}

fn script_fields(fields: &Fields, ctx: &mut Context) -> JsValue {
    memory::charge(ctx, fields.iter().map(Vec::len).sum());
    let texts: Vec<JsValue> = fields.iter().map(|field| latin1(field).into()).collect();
    JsArray::from_iter(texts, ctx).into()
}

/// Heads are bytes; scripts see them as ISO 8859-1, as Node's do.
fn latin1(bytes: &[u8]) -> JsString {
    match std::str::from_utf8(bytes) {
        Ok(text) if bytes.is_ascii() => JsString::from(text),
        _ => JsString::from(bytes.iter().map(|&b| u16::from(b)).collect::<Vec<u16>>().as_slice()),
    }
}

fn methods(_: &JsValue, _: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let all: Vec<JsValue> = head::METHODS.iter().map(|method| js_string!(*method).into()).collect();
    Ok(JsArray::from_iter(all, ctx).into())
}

fn is_token(_: &JsValue, args: &[JsValue], _: &mut Context) -> JsResult<JsValue> {
    let Some(text) = args.get_or_undefined(0).as_string() else { return Ok(false.into()) };
    let fine = !text.is_empty() && text.iter().all(|unit| u8::try_from(unit).is_ok_and(head::is_token));
    Ok(fine.into())
}

/// True when a text can be the value of a field: ISO 8859-1 without controls but the tabulator.
fn is_field_value(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let text = args.get_or_undefined(0).to_string(ctx)?;
    let fine = text.iter().all(|unit| unit == 9 || matches!(unit, 0x20..=0x7E | 0x80..=0xFF));
    Ok(fine.into())
}
