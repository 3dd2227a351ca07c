//! `url`: parsing, the parts of a URL and domain names are native; lists, legacy forms and shapes are script.

mod host;
mod parser;
mod percent;
mod record;

use std::cell::RefCell;

use boa_engine::object::builtins::JsArray;
use boa_engine::{Context, JsArgs, JsData, JsObject, JsResult, JsString, JsValue};
use boa_gc::{Finalize, Trace};

use crate::host::memory;
use crate::host::native::{Exports, invalid_type, text};
use record::Record;

/// Makes the natives that `whatwg.js` and `legacy.js` build on:
///
/// * `parse(text, base or undefined) -> handle`, undefined when it is no URL; `canParse(text, base) -> boolean`
/// * `part(handle, n) -> text`, `setPart(handle, n, text) -> boolean`: the parts in the order of [`PARTS`]
/// * `setQuery(handle, text)`: an empty text takes the question mark away
/// * `parseQuery(text) -> [name, value, name, value, …]`, `serializeQuery(list) -> text`
/// * `domainToAscii(text)`, `domainToUnicode(text)`: empty when it is no host; `toAscii(text)`: only the letters
pub fn init(ctx: &mut Context) -> JsResult<JsObject> {
    Ok(Exports::new(ctx)
        .function("parse", 2, parse)
        .function("canParse", 2, can_parse)
        .function("part", 2, part)
        .function("setPart", 3, set_part)
        .function("setQuery", 2, set_query)
        .function("parseQuery", 1, parse_query)
        .function("serializeQuery", 1, serialize_query)
        .function("toAscii", 1, to_ascii)
        .function("domainToAscii", 1, |_, args, ctx| domain(args, false, ctx))
        .function("domainToUnicode", 1, |_, args, ctx| domain(args, true, ctx))
        .finish())
}

type Read = fn(&Record) -> String;
type Write = fn(&mut Record, &str) -> bool;

/// How each part is read and written (URL standard 6.1). The origin cannot be written.
const PARTS: &[(Read, Write)] = &[
    (Record::href, |url, text| Record::parse(text, None).map(|new| *url = new).is_some()),
    (Record::origin, |_, _| false),
    (Record::protocol, Record::set_protocol),
    (|url| url.username.clone(), Record::set_username),
    (|url| url.password.clone(), Record::set_password),
    (Record::host_and_port, Record::set_host),
    (|url| url.host.clone().unwrap_or_default(), Record::set_hostname),
    (|url| url.port.map(|port| port.to_string()).unwrap_or_default(), Record::set_port),
    (Record::pathname, Record::set_pathname),
    (Record::search, Record::set_search),
    (Record::hash, Record::set_hash),
];

#[derive(Trace, Finalize, JsData)]
struct Handle {
    #[unsafe_ignore_trace]
    url: RefCell<Record>,
}

fn with_handle<T>(args: &[JsValue], ctx: &mut Context, body: impl FnOnce(&mut Record) -> T) -> JsResult<T> {
    let object = args.get_or_undefined(0).as_object();
    let found = object.as_ref().and_then(|o| o.downcast_ref::<Handle>());
    match found {
        Some(handle) => Ok(body(&mut handle.url.borrow_mut())),
        None => {
            drop(found);
            Err(invalid_type("handle", "a URL", args.get_or_undefined(0), ctx))
        }
    }
}

fn parsed(args: &[JsValue], ctx: &mut Context) -> JsResult<Option<Record>> {
    let input = text(args, 0, ctx)?;
    if args.get_or_undefined(1).is_undefined() {
        return Ok(Record::parse(&input, None));
    }
    let base = text(args, 1, ctx)?;
    Ok(Record::parse(&base, None).and_then(|base| Record::parse(&input, Some(&base))))
}

fn parse(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let Some(url) = parsed(args, ctx)? else {
        return Ok(JsValue::undefined());
    };
    memory::charge(ctx, size_of::<Handle>());
    let prototype = ctx.intrinsics().constructors().object().prototype();
    Ok(JsObject::from_proto_and_data(prototype, Handle { url: RefCell::new(url) }).into())
}

fn can_parse(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    Ok(parsed(args, ctx)?.is_some().into())
}

fn part(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let at = args.get_or_undefined(1).to_u32(ctx)? as usize;
    let Some((read, _)) = PARTS.get(at) else { return Ok(JsValue::undefined()) };
    let shown = with_handle(args, ctx, |url| read(url))?;
    Ok(JsString::from(shown).into())
}

fn set_part(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let at = args.get_or_undefined(1).to_u32(ctx)? as usize;
    let value = text(args, 2, ctx)?;
    let Some((_, write)) = PARTS.get(at) else { return Ok(false.into()) };
    memory::charge(ctx, value.len());
    Ok(with_handle(args, ctx, |url| write(url, &value))?.into())
}

fn set_query(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let query = text(args, 1, ctx)?;
    with_handle(args, ctx, |url| url.set_query((!query.is_empty()).then_some(query)))?;
    Ok(JsValue::undefined())
}

fn parse_query(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let query = text(args, 0, ctx)?;
    memory::charge(ctx, query.len());
    let flat = percent::parse_form(&query).into_iter().map(|part| JsString::from(part).into());
    let flat: Vec<JsValue> = flat.collect();
    Ok(JsArray::from_iter(flat, ctx).into())
}

fn serialize_query(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let Some(Ok(list)) = args.get_or_undefined(0).as_object().map(JsArray::from_object) else {
        return Err(invalid_type("list", "an array", args.get_or_undefined(0), ctx));
    };
    let mut out = String::new();
    for at in 0..list.length(ctx)? {
        let one = list.at(at as i64, ctx)?.to_string(ctx)?.to_std_string_lossy();
        if at > 0 {
            out.push(if at % 2 == 0 { '&' } else { '=' });
        }
        percent::push_form(&mut out, &one);
    }
    memory::charge(ctx, out.len());
    Ok(JsString::from(out).into())
}

/// A host name as a URL of a special scheme would show it; empty when it could not hold it.
fn domain(args: &[JsValue], unicode: bool, ctx: &mut Context) -> JsResult<JsValue> {
    let name = text(args, 0, ctx)?;
    // Through a URL, so that what a host's part would not reach (a path, a port) does not count.
    let mut holder = Record::parse("ws://x", None).unwrap_or_default();
    if !holder.set_hostname(&name) {
        return Ok(JsString::default().into());
    }
    let ascii = holder.host.unwrap_or_default();
    Ok(match unicode {
        true => JsString::from(idna::domain_to_unicode(&ascii).0),
        false => JsString::from(ascii),
    }
    .into())
}

/// The conversion alone, as the forms from before the standard want it: a number stays a name.
fn to_ascii(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let name = text(args, 0, ctx)?;
    Ok(JsString::from(idna::domain_to_ascii(&name).unwrap_or_default()).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_part_reads_back_what_the_standard_says() {
        let mut url = Record::parse("https://u:p@EXAMPLE.com:8443/a/../b?q=1#f", None).unwrap();
        let parts: Vec<String> = PARTS.iter().map(|(read, _)| read(&url)).collect();
        assert_eq!(parts[0], "https://u:p@example.com:8443/b?q=1#f");
        assert_eq!(parts[1], "https://example.com:8443");
        let rest = ["https:", "u", "p", "example.com:8443", "example.com", "8443", "/b", "?q=1", "#f"];
        assert_eq!(parts[2..], rest);
        assert!(!PARTS[1].1(&mut url, "https://other"), "the origin cannot be written");
        assert!(PARTS[7].1(&mut url, "443"));
        assert_eq!(PARTS[5].0(&url), "example.com", "a default port is left out");
    }
}
