//! `buffer`: codecs and byte loops are native, the class and the small accessors are script.

mod codec;

use boa_engine::{Context, JsArgs, JsObject, JsResult, JsString, JsValue};

use crate::host::bytes::{ByteView, buffer};
use crate::host::native::{ErrorClass, Exports, index_argument, invalid_type, node_error};
use crate::host::{HostShared, memory};

pub use codec::Encoding;

/// Makes the natives that `buffer.js` builds on.
pub fn init(ctx: &mut Context) -> JsResult<JsObject> {
    let budget = *HostShared::of(ctx).budget();
    Ok(Exports::new(ctx)
        .value("maxLength", budget.max_buffer_bytes as f64)
        .value("maxStringLength", budget.max_string_units as f64)
        .function("register", 1, register)
        .function("charge", 1, charge)
        .function("normalize", 1, normalize)
        .function("byteLength", 2, byte_length)
        .function("fromString", 2, from_string)
        .function("fromBytes", 1, from_bytes)
        .function("toText", 4, to_text)
        .function("write", 5, write)
        .function("fill", 4, fill)
        .function("copy", 5, copy)
        .function("compare", 2, compare)
        .function("indexOf", 5, index_of)
        .function("swap", 2, swap)
        .function("isUtf8", 1, is_utf8)
        .function("isAscii", 1, is_ascii)
        .finish())
}

/// `register(prototype)`: what natives give to the buffers they make.
fn register(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let old = HostShared::of(ctx).buffer_prototype.replace(args.get_or_undefined(0).as_object());
    drop(old);
    Ok(JsValue::undefined())
}

/// `charge(bytes)`: the script part allocated that much.
fn charge(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let bytes = index_argument(args, 0, 0, ctx)?;
    memory::charge(ctx, bytes);
    Ok(JsValue::undefined())
}

/// `normalize(encoding)`: the canonical name, `undefined` for an unknown one.
fn normalize(_: &JsValue, args: &[JsValue], _: &mut Context) -> JsResult<JsValue> {
    let name = args.get_or_undefined(0).as_string();
    let known = name.and_then(|name| Encoding::named(&name.to_std_string_lossy()));
    Ok(known.map_or(JsValue::undefined(), |encoding| JsString::from(encoding.name()).into()))
}

fn encoding_argument(args: &[JsValue], at: usize, ctx: &mut Context) -> JsResult<Encoding> {
    let value = args.get_or_undefined(at);
    if value.is_null_or_undefined() {
        return Ok(Encoding::Utf8);
    }
    let name = value.to_string(ctx)?.to_std_string_lossy();
    Encoding::named(&name).ok_or_else(|| {
        node_error(ErrorClass::Type, "ERR_UNKNOWN_ENCODING", &format!("Unknown encoding: {name}"), ctx)
    })
}

fn string(args: &[JsValue], at: usize, ctx: &mut Context) -> JsResult<JsString> {
    match args.get_or_undefined(at).as_string() {
        Some(text) => Ok(text),
        None => Err(invalid_type("argument", "of type string", args.get_or_undefined(at), ctx)),
    }
}

fn byte_length(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let text = string(args, 0, ctx)?;
    let encoding = encoding_argument(args, 1, ctx)?;
    Ok(JsValue::from(encoding.encoded_length(&text) as f64))
}

fn from_string(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let text = string(args, 0, ctx)?;
    let encoding = encoding_argument(args, 1, ctx)?;
    let bytes = encoding.encode(&text);
    Ok(buffer(&bytes, ctx)?.into())
}

/// `fromBytes(view)`: a new buffer with a copy of the bytes.
fn from_bytes(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let bytes = ByteView::expect(args.get_or_undefined(0), "buffer", ctx)?.to_vec();
    Ok(buffer(&bytes, ctx)?.into())
}

/// `toText(view, encoding, start, end)`; the range is clamped.
fn to_text(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let view = ByteView::expect(args.get_or_undefined(0), "buffer", ctx)?;
    let encoding = encoding_argument(args, 1, ctx)?;
    let start = index_argument(args, 2, 0, ctx)?;
    let end = index_argument(args, 3, view.len(), ctx)?;
    let text = view.read(|bytes| {
        let end = end.min(bytes.len());
        encoding.decode(&bytes[start.min(end)..end])
    });
    memory::charge(ctx, text.len());
    Ok(text.into())
}

/// `write(view, text, offset, length, encoding)`: bytes written; characters are never cut.
fn write(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let view = ByteView::expect(args.get_or_undefined(0), "buffer", ctx)?;
    let text = string(args, 1, ctx)?;
    let offset = index_argument(args, 2, 0, ctx)?;
    let length = index_argument(args, 3, view.len(), ctx)?;
    let encoding = encoding_argument(args, 4, ctx)?;
    let bytes = encoding.encode(&text);
    let written = view.write(|target| {
        let start = offset.min(target.len());
        let room = (target.len() - start).min(length);
        let count = encoding.whole(&bytes, room);
        target[start..start + count].copy_from_slice(&bytes[..count]);
        count
    });
    Ok(JsValue::from(written as f64))
}

/// `fill(view, pattern, start, end)`: the pattern is a view or a byte; false when it is empty.
fn fill(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let view = ByteView::expect(args.get_or_undefined(0), "buffer", ctx)?;
    let pattern = match args.get_or_undefined(1).as_number() {
        Some(byte) => vec![byte as i64 as u8],
        None => ByteView::expect(args.get_or_undefined(1), "value", ctx)?.to_vec(),
    };
    let start = index_argument(args, 2, 0, ctx)?;
    let end = index_argument(args, 3, view.len(), ctx)?;
    if pattern.is_empty() {
        return Ok(false.into());
    }
    view.write(|target| {
        let end = end.min(target.len());
        let target = &mut target[start.min(end)..end];
        match pattern.as_slice() {
            [byte] => target.fill(*byte),
            pattern => target.iter_mut().zip(pattern.iter().cycle()).for_each(|(to, from)| *to = *from),
        }
    });
    Ok(true.into())
}

/// `copy(source, target, targetStart, sourceStart, sourceEnd)`: bytes copied; overlapping ranges are fine.
fn copy(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let source = ByteView::expect(args.get_or_undefined(0), "source", ctx)?;
    let target = ByteView::expect(args.get_or_undefined(1), "target", ctx)?;
    let to = index_argument(args, 2, 0, ctx)?;
    let start = index_argument(args, 3, 0, ctx)?;
    let end = index_argument(args, 4, source.len(), ctx)?.min(source.len());
    if start >= end || to >= target.len() {
        return Ok(JsValue::from(0));
    }
    // Copied out first: both may be views of one array buffer.
    let bytes = source.read(|all| {
        let end = end.min(all.len());
        all[start.min(end)..end].to_vec()
    });
    let count = target.write(|all| {
        let count = bytes.len().min(all.len().saturating_sub(to));
        all[to..to + count].copy_from_slice(&bytes[..count]);
        count
    });
    Ok(JsValue::from(count as f64))
}

/// `compare(a, b)`: -1, 0 or 1.
fn compare(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let a = ByteView::expect(args.get_or_undefined(0), "buf1", ctx)?;
    let b = ByteView::expect(args.get_or_undefined(1), "buf2", ctx)?;
    let order = a.read(|a| b.read(|b| a.cmp(b)));
    Ok(JsValue::from(order as i32))
}

/// `indexOf(view, pattern, from, backwards, two)`: the place or -1; `two` looks at whole 16-bit units only.
fn index_of(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let view = ByteView::expect(args.get_or_undefined(0), "buffer", ctx)?;
    let pattern = ByteView::expect(args.get_or_undefined(1), "value", ctx)?.to_vec();
    let from = index_argument(args, 2, 0, ctx)?;
    let backwards = args.get_or_undefined(3).to_boolean();
    let step = if args.get_or_undefined(4).to_boolean() { 2 } else { 1 };
    let found = view.read(|bytes| search(bytes, &pattern, from, backwards, step));
    Ok(found.map_or(JsValue::from(-1), |at| JsValue::from(at as f64)))
}

fn search(bytes: &[u8], pattern: &[u8], from: usize, backwards: bool, step: usize) -> Option<usize> {
    let last = bytes.len().checked_sub(pattern.len())?;
    if pattern.is_empty() {
        return Some(from.min(bytes.len()));
    }
    let fits = |at: &usize| bytes[*at..*at + pattern.len()] == *pattern;
    if backwards {
        return (0..=from.min(last)).rev().filter(|at| at % step == 0).find(fits);
    }
    let (first, mut at) = (pattern[0], from);
    while at <= last {
        // The first byte is looked for by a vectorised search.
        let ahead = bytes[at..=last].iter().position(|b| *b == first)?;
        at += ahead;
        if at % step == 0 && fits(&at) {
            return Some(at);
        }
        at += 1;
    }
    None
}

/// `swap(view, size)`: reverses each group of `size` bytes.
fn swap(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let view = ByteView::expect(args.get_or_undefined(0), "buffer", ctx)?;
    let size = index_argument(args, 1, 2, ctx)?.max(1);
    view.write(|bytes| bytes.chunks_exact_mut(size).for_each(<[u8]>::reverse));
    Ok(JsValue::undefined())
}

fn is_utf8(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let view = ByteView::expect(args.get_or_undefined(0), "input", ctx)?;
    Ok(view.read(|bytes| std::str::from_utf8(bytes).is_ok()).into())
}

fn is_ascii(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let view = ByteView::expect(args.get_or_undefined(0), "input", ctx)?;
    Ok(view.read(<[u8]>::is_ascii).into())
}

#[cfg(test)]
mod tests {
    use super::search;

    #[test]
    fn search_finds_what_a_plain_search_finds() {
        let text = b"abracadabra";
        assert_eq!(search(text, b"abra", 0, false, 1), Some(0));
        assert_eq!(search(text, b"abra", 1, false, 1), Some(7));
        assert_eq!(search(text, b"abra", 99, true, 1), Some(7));
        assert_eq!(search(text, b"abra", 6, true, 1), Some(0));
        assert_eq!(search(text, b"x", 0, false, 1), None);
        assert_eq!(search(text, b"", 4, false, 1), Some(4));
        assert_eq!(search(b"abab", b"ba", 0, false, 2), None);
        assert_eq!(search(b"", b"a", 0, false, 1), None);
    }
}
