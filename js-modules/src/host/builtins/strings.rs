//! `split`, `indexOf`, `lastIndexOf`, `includes` and `replaceAll` with strings: the engine searches from the beginning
//! again for each piece.

use boa_engine::object::builtins::JsArray;
use boa_engine::{Context, JsArgs, JsResult, JsStr, JsString, JsValue};

use super::search::Search;
use super::{check_length, quicken};

pub(super) fn install(ctx: &mut Context) -> JsResult<()> {
    let prototype = ctx.intrinsics().constructors().string().prototype();
    quicken(&prototype, "split", 2, split, ctx)?;
    quicken(&prototype, "indexOf", 1, index_of, ctx)?;
    quicken(&prototype, "lastIndexOf", 1, last_index_of, ctx)?;
    quicken(&prototype, "includes", 1, includes, ctx)?;
    quicken(&prototype, "replaceAll", 2, replace_all, ctx)
}

/// Both texts, if both are plain and the second is not empty.
fn texts(this: &JsValue, args: &[JsValue]) -> Option<(JsString, JsString)> {
    let (text, needle) = (this.as_string()?, args.get_or_undefined(0).as_string()?);
    (!needle.is_empty()).then_some((text, needle))
}

/// A number argument as an index into `text`, `missing` when there is none; `None` when it needs conversion.
fn index(value: &JsValue, missing: usize, text: &JsString) -> Option<usize> {
    if value.is_undefined() {
        return Some(missing);
    }
    // The cast maps NaN and everything negative to 0.
    value.as_number().map(|number| (number as usize).min(text.len()))
}

fn split(this: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<Option<JsValue>> {
    let Some((text, separator)) = texts(this, args) else { return Ok(None) };
    let limit = match args.get_or_undefined(1) {
        value if value.is_undefined() => u32::MAX,
        value if value.is_number() => value.to_u32(ctx)?,
        _ => return Ok(None),
    } as usize;
    if limit == 0 {
        return Ok(None);
    }
    let search = Search::new(text.as_str(), separator.as_str());
    let mut pieces: Vec<JsValue> = Vec::new();
    let mut start = 0;
    while let Some(at) = search.first(start) {
        pieces.push(part(&text, start, at).into());
        if pieces.len() == limit {
            return Ok(Some(JsArray::from_iter(pieces, ctx).into()));
        }
        start = at + separator.len();
    }
    pieces.push(part(&text, start, text.len()).into());
    Ok(Some(JsArray::from_iter(pieces, ctx).into()))
}

fn part(text: &JsString, start: usize, end: usize) -> JsString {
    text.get(start..end).unwrap_or_default()
}

fn index_of(this: &JsValue, args: &[JsValue], _: &mut Context) -> JsResult<Option<JsValue>> {
    Ok(search_first(this, args).map(|found| found.map_or(JsValue::from(-1), JsValue::from)))
}

fn includes(this: &JsValue, args: &[JsValue], _: &mut Context) -> JsResult<Option<JsValue>> {
    Ok(search_first(this, args).map(|found| found.is_some().into()))
}

fn search_first(this: &JsValue, args: &[JsValue]) -> Option<Option<usize>> {
    let (text, needle) = texts(this, args)?;
    let from = index(args.get_or_undefined(1), 0, &text)?;
    Some(Search::new(text.as_str(), needle.as_str()).first(from))
}

fn last_index_of(this: &JsValue, args: &[JsValue], _: &mut Context) -> JsResult<Option<JsValue>> {
    let Some((text, needle)) = texts(this, args) else { return Ok(None) };
    let from = match args.get_or_undefined(1) {
        // Other than elsewhere, NaN is the end.
        value if value.as_number().is_some_and(f64::is_nan) => Some(text.len()),
        value => index(value, text.len(), &text),
    };
    let Some(from) = from else { return Ok(None) };
    let found = Search::new(text.as_str(), needle.as_str()).last(from);
    Ok(Some(found.map_or(JsValue::from(-1), JsValue::from)))
}

fn replace_all(this: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<Option<JsValue>> {
    let Some((text, needle)) = texts(this, args) else { return Ok(None) };
    let replacement = args.get_or_undefined(1);
    let (by, fixed) = (replacement.as_callable(), replacement.as_string());
    if by.is_none() && fixed.is_none() {
        return Ok(None);
    }
    let search = Search::new(text.as_str(), needle.as_str());
    let mut parts: Vec<JsString> = Vec::new();
    let (mut start, mut units) = (0, 0);
    while let Some(at) = search.first(start) {
        let kept = part(&text, start, at);
        let with = match (&by, &fixed) {
            (Some(by), _) => {
                let args = [needle.clone().into(), JsValue::from(at), text.clone().into()];
                by.call(&JsValue::undefined(), &args, ctx)?.to_string(ctx)?
            }
            (None, Some(fixed)) => substitution(fixed, &text, &needle, at, ctx)?,
            // One of the two exists, see above.
            (None, None) => return Ok(None),
        };
        start = at + needle.len();
        units += kept.len() + with.len();
        check_length(units, ctx)?;
        parts.push(kept);
        parts.push(with);
    }
    if parts.is_empty() {
        return Ok(Some(text.into()));
    }
    check_length(units + text.len() - start, ctx)?;
    parts.push(part(&text, start, text.len()));
    let parts: Vec<JsStr<'_>> = parts.iter().map(JsString::as_str).collect();
    Ok(Some(JsString::concat_array(&parts).into()))
}

/// `GetSubstitution` for a match without groups: `$$`, `$&`, `` $` `` and `$'`; anything else stands for itself.
fn substitution(
    template: &JsString,
    text: &JsString,
    needle: &JsString,
    at: usize,
    ctx: &Context,
) -> JsResult<JsString> {
    const DOLLAR: u16 = b'$' as u16;
    if !template.contains(b'$') {
        return Ok(template.clone());
    }
    let units = template.to_vec();
    let mut parts = Vec::new();
    let (mut copied, mut place) = (0, 0);
    while place + 1 < units.len() {
        let with = match (units[place], u8::try_from(units[place + 1])) {
            (DOLLAR, Ok(b'$')) => part(template, place, place + 1),
            (DOLLAR, Ok(b'&')) => needle.clone(),
            (DOLLAR, Ok(b'`')) => part(text, 0, at),
            (DOLLAR, Ok(b'\'')) => part(text, at + needle.len(), text.len()),
            _ => {
                place += 1;
                continue;
            }
        };
        parts.push(part(template, copied, place));
        parts.push(with);
        place += 2;
        copied = place;
    }
    parts.push(part(template, copied, units.len()));
    check_length(parts.iter().map(JsString::len).sum(), ctx)?;
    let parts: Vec<JsStr<'_>> = parts.iter().map(JsString::as_str).collect();
    Ok(JsString::concat_array(&parts))
}
