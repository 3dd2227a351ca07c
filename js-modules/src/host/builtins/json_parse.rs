//! `JSON.parse` in one pass, without recursion; the engine parses twice, compiles and runs a script.
//!
//! Texts of errors are those of Node 20.

use boa_engine::object::builtins::JsArray;
use boa_engine::property::{PropertyDescriptor, PropertyKey};
use boa_engine::string::JsStrVariant;
use boa_engine::{
    Context, JsArgs, JsError, JsNativeError, JsObject, JsResult, JsStr, JsString, JsValue, NativeFunction,
};

use super::json_revive::{Snapshot, revive};
use crate::host::native::hidden_function;

/// Arrays and objects inside each other. A script can get that deep by other ways too, but here the text comes from
/// the network.
const MAX_DEPTH: usize = 100_000;

pub(super) fn install(ctx: &mut Context) -> JsResult<()> {
    let json = ctx.intrinsics().objects().json();
    hidden_function(&json, "parse", 2, NativeFunction::from_fn_ptr(parse), ctx);
    Ok(())
}

fn parse(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let text = args.get_or_undefined(0).to_string(ctx)?;
    let reviver = args.get_or_undefined(1).as_callable();
    let text = text.as_str();
    let (value, snapshot) = match text.variant() {
        JsStrVariant::Latin1(units) => Parser { units, at: 0, text }.run(reviver.is_some(), ctx)?,
        JsStrVariant::Utf16(units) => Parser { units, at: 0, text }.run(reviver.is_some(), ctx)?,
    };
    match (reviver, snapshot) {
        (Some(reviver), Some(snapshot)) => revive(value, &snapshot, text, &reviver, ctx),
        _ => Ok(value),
    }
}

/// A code unit of the text.
trait Unit: Copy + Into<u16> {
    fn text(units: &[Self]) -> JsString;
}

impl Unit for u8 {
    fn text(units: &[u8]) -> JsString {
        JsString::from(JsStr::latin1(units))
    }
}

impl Unit for u16 {
    fn text(units: &[u16]) -> JsString {
        let narrow: Result<Vec<u8>, _> = units.iter().map(|&unit| u8::try_from(unit)).collect();
        match narrow {
            Ok(bytes) => JsString::from(JsStr::latin1(&bytes)),
            Err(_) => JsString::from(JsStr::utf16(units)),
        }
    }
}

/// An array or object that is not closed yet, with the snapshots of its children for a reviver.
enum Open {
    Array(Vec<JsValue>, Vec<Snapshot>),
    Object(JsObject, JsString, Vec<(JsString, Snapshot)>),
}

struct Parser<'a, U> {
    units: &'a [U],
    at: usize,
    text: JsStr<'a>,
}

impl<U: Unit> Parser<'_, U> {
    fn run(mut self, keep: bool, ctx: &mut Context) -> JsResult<(JsValue, Option<Snapshot>)> {
        let mut open: Vec<Open> = Vec::new();
        loop {
            let start = self.skip_space();
            let mut value = match self.peek() {
                Some(b'[') => {
                    self.at += 1;
                    self.skip_space();
                    if self.peek() != Some(b']') {
                        self.enter(&mut open, Open::Array(Vec::new(), Vec::new()))?;
                        continue;
                    }
                    self.at += 1;
                    let array = JsArray::from_iter([], ctx);
                    (array.into(), Snapshot::Array(Vec::new()))
                }
                Some(b'{') => {
                    self.at += 1;
                    let object = JsObject::with_object_proto(ctx.intrinsics());
                    self.skip_space();
                    if self.peek() != Some(b'}') {
                        let key = self.key("Expected property name or '}'")?;
                        self.enter(&mut open, Open::Object(object, key, Vec::new()))?;
                        continue;
                    }
                    self.at += 1;
                    (object.into(), Snapshot::Object(Vec::new()))
                }
                _ => {
                    let value = self.primitive()?;
                    (value.clone(), Snapshot::Primitive(value, start..self.at))
                }
            };
            // The value belongs to what is open; each closing bracket makes a value again.
            loop {
                self.skip_space();
                let next = self.peek();
                match open.last_mut() {
                    None => {
                        if self.at < self.units.len() {
                            return Err(self.error("Unexpected non-whitespace character after JSON"));
                        }
                        return Ok((value.0, keep.then_some(value.1)));
                    }
                    Some(Open::Array(items, children)) => {
                        items.push(value.0);
                        if keep {
                            children.push(value.1);
                        }
                        match next {
                            Some(b',') => break self.at += 1,
                            Some(b']') => self.at += 1,
                            _ => return Err(self.error("Expected ',' or ']' after array element")),
                        }
                    }
                    Some(Open::Object(object, key, children)) => {
                        if keep {
                            children.push((key.clone(), value.1));
                        }
                        let property = PropertyDescriptor::builder()
                            .value(value.0)
                            .writable(true)
                            .enumerable(true)
                            .configurable(true)
                            .build();
                        object.insert_property(PropertyKey::from(key.clone()), property);
                        match next {
                            Some(b',') => {
                                self.at += 1;
                                self.skip_space();
                                *key = self.key("Expected double-quoted property name")?;
                                break;
                            }
                            Some(b'}') => self.at += 1,
                            _ => return Err(self.error("Expected ',' or '}' after property value")),
                        }
                    }
                }
                value = match open.pop() {
                    Some(Open::Array(items, children)) => {
                        (JsArray::from_iter(items, ctx).into(), Snapshot::Array(children))
                    }
                    Some(Open::Object(object, _, children)) => (object.into(), Snapshot::object(children)),
                    // `open.last_mut()` was something.
                    None => return Err(self.unexpected()),
                };
            }
        }
    }

    fn enter(&self, open: &mut Vec<Open>, new: Open) -> JsResult<()> {
        if open.len() >= MAX_DEPTH {
            let text = format!("JSON is nested deeper than {MAX_DEPTH} levels at position {}", self.at);
            return Err(JsNativeError::syntax().with_message(text).into());
        }
        open.push(new);
        Ok(())
    }

    /// The next unit if it is ASCII.
    fn peek(&self) -> Option<u8> {
        self.units.get(self.at).and_then(|&unit| u8::try_from(unit.into()).ok())
    }

    fn skip_space(&mut self) -> usize {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
        self.at
    }

    /// A property's name and the colon.
    fn key(&mut self, missing: &str) -> JsResult<JsString> {
        if self.peek() != Some(b'"') {
            return Err(self.error(missing));
        }
        let key = self.string()?;
        self.skip_space();
        if self.peek() != Some(b':') {
            return Err(self.error("Expected ':' after property name"));
        }
        self.at += 1;
        Ok(key)
    }

    fn primitive(&mut self) -> JsResult<JsValue> {
        match self.peek() {
            Some(b'"') => Ok(self.string()?.into()),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b't') => self.word("true", true.into()),
            Some(b'f') => self.word("false", false.into()),
            Some(b'n') => self.word("null", JsValue::null()),
            _ => Err(self.unexpected()),
        }
    }

    fn word(&mut self, word: &str, value: JsValue) -> JsResult<JsValue> {
        for letter in word.bytes() {
            if self.peek() != Some(letter) {
                return Err(self.unexpected());
            }
            self.at += 1;
        }
        Ok(value)
    }

    fn digits(&mut self) -> usize {
        let start = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        self.at - start
    }

    fn number(&mut self) -> JsResult<JsValue> {
        let start = self.at;
        let negative = self.peek() == Some(b'-');
        if negative {
            self.at += 1;
        }
        let mut plain = true;
        let zero = self.peek() == Some(b'0');
        if zero {
            self.at += 1;
            if matches!(self.peek(), Some(b'0'..=b'9')) {
                return Err(self.unexpected());
            }
        } else if self.digits() == 0 {
            return Err(self.error("No number after minus sign"));
        }
        if self.peek() == Some(b'.') {
            plain = false;
            self.at += 1;
            if self.digits() == 0 {
                return Err(self.error("Unterminated fractional number"));
            }
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            plain = false;
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            if self.digits() == 0 {
                return Err(self.error("Exponent part is missing a number"));
            }
        }
        let digits: String =
            self.units[start..self.at].iter().map(|&unit| char::from(unit.into() as u8)).collect();
        let whole = if plain && digits != "-0" { digits.parse::<i32>().ok() } else { None };
        // The grammar above is a part of what `f64` reads; what is too large becomes infinite, as it must.
        Ok(whole.map_or_else(|| JsValue::new(digits.parse::<f64>().unwrap_or(f64::NAN)), JsValue::new))
    }

    fn string(&mut self) -> JsResult<JsString> {
        self.at += 1;
        let start = self.at;
        // Until the first escape the text is copied as it is.
        let mut built: Option<Vec<u16>> = None;
        loop {
            let Some(&unit) = self.units.get(self.at) else {
                return Err(self.error("Unterminated string"));
            };
            let unit: u16 = unit.into();
            match unit {
                0x22 => {
                    let text = match built {
                        Some(units) => u16::text(&units),
                        None => U::text(&self.units[start..self.at]),
                    };
                    self.at += 1;
                    return Ok(text);
                }
                0..0x20 => return Err(self.error("Bad control character in string literal")),
                0x5c => {
                    let before = &self.units[start..self.at];
                    let built = built.get_or_insert_with(|| before.iter().map(|&u| u.into()).collect());
                    self.at += 1;
                    let unit = self.escape()?;
                    built.push(unit);
                }
                _ => {
                    if let Some(built) = &mut built {
                        built.push(unit);
                    }
                    self.at += 1;
                }
            }
        }
    }

    fn escape(&mut self) -> JsResult<u16> {
        let unit = match self.peek() {
            Some(b'b') => 0x08,
            Some(b't') => 0x09,
            Some(b'n') => 0x0a,
            Some(b'f') => 0x0c,
            Some(b'r') => 0x0d,
            Some(same @ (b'"' | b'\\' | b'/')) => same,
            Some(b'u') => {
                let mut value = 0;
                for _ in 0..4 {
                    self.at += 1;
                    match self.peek().and_then(|digit| char::from(digit).to_digit(16)) {
                        Some(digit) => value = value << 4 | digit as u16,
                        None => return Err(self.error("Bad Unicode escape")),
                    }
                }
                self.at += 1;
                return Ok(value);
            }
            _ if self.at >= self.units.len() => return Err(self.unexpected()),
            _ => return Err(self.error("Bad escaped character")),
        };
        self.at += 1;
        Ok(u16::from(unit))
    }

    fn error(&self, what: &str) -> JsError {
        // "after JSON at position" needs no second "in JSON".
        let place = if what.ends_with("JSON") { "" } else { " in JSON" };
        JsNativeError::syntax().with_message(format!("{what}{place} at position {}", self.at)).into()
    }

    /// The error for a unit that begins nothing.
    fn unexpected(&self) -> JsError {
        const AROUND: usize = 10;
        let length = self.units.len();
        let Some(&unit) = self.units.get(self.at) else {
            return JsNativeError::syntax().with_message("Unexpected end of JSON input").into();
        };
        let at = self.at;
        let show =
            |range| self.text.get(range).map(|s: JsStr<'_>| s.to_std_string_lossy()).unwrap_or_default();
        let all = || show(0..length);
        let text = match self.peek() {
            Some(b'-' | b'0'..=b'9') => format!("Unexpected number in JSON at position {at}"),
            Some(b'"') => format!("Unexpected string in JSON at position {at}"),
            _ if matches!(length, 3 | 8 | 9 | 15)
                && ["NaN", "Infinity", "undefined", "[object Object]"].contains(&all().as_str()) =>
            {
                format!("\"{}\" is not valid JSON", all())
            }
            _ => {
                let unit = String::from_utf16_lossy(&[unit.into()]);
                let (from, to) = match () {
                    () if length <= 2 * AROUND => (0, length),
                    () if at < AROUND => (0, at + AROUND),
                    () if at < length - AROUND => (at - AROUND, at + AROUND),
                    () => (at - AROUND, length),
                };
                let (before, after) =
                    (["", "..."][usize::from(from > 0)], ["", "..."][usize::from(to < length)]);
                format!("Unexpected token '{unit}', {before}\"{}\"{after} is not valid JSON", show(from..to))
            }
        };
        JsNativeError::syntax().with_message(text).into()
    }
}
