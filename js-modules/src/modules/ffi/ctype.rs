//! C types: their text, their layout, and values in them.

use boa_engine::bigint::JsBigInt;
use boa_engine::object::builtins::JsArray;
use boa_engine::{Context, JsArgs, JsResult, JsValue};
use libffi::middle;

use super::kept::Kept;
use super::{fail, wrong};
use crate::host::bytes::{ByteView, buffer};
use crate::host::native::{index_argument, text};

/// A type that can be passed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum CType {
    Void,
    Bool,
    /// Bytes and whether it has a sign.
    Int(usize, bool),
    F32,
    F64,
    Pointer,
    Struct {
        fields: Vec<CType>,
        offsets: Vec<usize>,
        size: usize,
        align: usize,
    },
}

/// Fields of one type, arrays written out.
const MAX_FIELDS: usize = 4096;
const MAX_DEPTH: usize = 8;

impl CType {
    pub fn read(args: &[JsValue], at: usize, ctx: &mut Context) -> JsResult<CType> {
        let name = text(args, at, ctx)?;
        Self::parse(&name)
            .ok_or_else(|| fail("ERR_FFI_TYPE", &format!("{name:?} is no type that can be passed"), ctx))
    }

    fn parse(text: &str) -> Option<CType> {
        let mut left = MAX_FIELDS;
        let (found, rest) = Self::parse_one(text, 0, &mut left)?;
        rest.is_empty().then_some(found)
    }

    fn parse_one<'a>(text: &'a str, depth: usize, left: &mut usize) -> Option<(CType, &'a str)> {
        let Some(mut rest) = text.strip_prefix('{') else {
            let end = text.find([',', '}', '*']).unwrap_or(text.len());
            return Some((Self::simple(&text[..end])?, &text[end..]));
        };
        if depth >= MAX_DEPTH {
            return None;
        }
        let mut fields = Vec::new();
        loop {
            let (field, after) = Self::parse_one(rest, depth + 1, left)?;
            let (times, after) = match after.strip_prefix('*') {
                Some(digits) => {
                    let end = digits.find([',', '}'])?;
                    (digits[..end].parse::<usize>().ok()?, &digits[end..])
                }
                None => (1, after),
            };
            if times == 0 || field == CType::Void {
                return None;
            }
            *left = left.checked_sub(times)?;
            fields.extend(std::iter::repeat_n(field, times));
            match after.as_bytes().first()? {
                b',' => rest = &after[1..],
                b'}' => return Some((Self::structure(fields), &after[1..])),
                _ => return None,
            }
        }
    }

    fn simple(name: &str) -> Option<CType> {
        Some(match name {
            "void" => CType::Void,
            "bool" => CType::Bool,
            "i8" => CType::Int(1, true),
            "u8" => CType::Int(1, false),
            "i16" => CType::Int(2, true),
            "u16" => CType::Int(2, false),
            "i32" => CType::Int(4, true),
            "u32" => CType::Int(4, false),
            "i64" => CType::Int(8, true),
            "u64" => CType::Int(8, false),
            "isize" => CType::Int(size_of::<usize>(), true),
            "usize" => CType::Int(size_of::<usize>(), false),
            "f32" => CType::F32,
            "f64" => CType::F64,
            "pointer" => CType::Pointer,
            _ => return None,
        })
    }

    fn structure(fields: Vec<CType>) -> CType {
        let (mut offsets, mut end, mut align) = (Vec::with_capacity(fields.len()), 0usize, 1);
        for field in &fields {
            let at = end.next_multiple_of(field.align());
            offsets.push(at);
            end = at + field.size();
            align = align.max(field.align());
        }
        CType::Struct { fields, offsets, size: end.next_multiple_of(align), align }
    }

    pub fn size(&self) -> usize {
        match self {
            CType::Void => 0,
            CType::Bool => 1,
            CType::Int(size, _) => *size,
            CType::F32 => 4,
            CType::F64 => 8,
            CType::Pointer => size_of::<usize>(),
            CType::Struct { size, .. } => *size,
        }
    }

    pub fn align(&self) -> usize {
        match self {
            CType::Struct { align, .. } => *align,
            CType::Int(8, _) => align_of::<u64>(),
            CType::F64 => align_of::<f64>(),
            other => other.size().max(1),
        }
    }

    pub fn ffi(&self) -> middle::Type {
        match self {
            CType::Void => middle::Type::void(),
            CType::Bool => middle::Type::u8(),
            CType::Int(1, true) => middle::Type::i8(),
            CType::Int(1, false) => middle::Type::u8(),
            CType::Int(2, true) => middle::Type::i16(),
            CType::Int(2, false) => middle::Type::u16(),
            CType::Int(4, true) => middle::Type::i32(),
            CType::Int(4, false) => middle::Type::u32(),
            CType::Int(_, true) => middle::Type::i64(),
            CType::Int(_, false) => middle::Type::u64(),
            CType::F32 => middle::Type::f32(),
            CType::F64 => middle::Type::f64(),
            CType::Pointer => middle::Type::pointer(),
            CType::Struct { fields, .. } => middle::Type::structure(fields.iter().map(CType::ffi)),
        }
    }

    /// Writes a value in this type; texts and views that a pointer stands for are copied into `kept`.
    pub fn put(&self, value: &JsValue, out: &mut [u8], kept: &mut Kept, ctx: &mut Context) -> JsResult<()> {
        match self {
            CType::Void => Err(wrong("void has no value", ctx)),
            CType::Bool => {
                out[0] = u8::from(value.to_boolean());
                Ok(())
            }
            CType::Int(size, signed) => {
                let number = whole(value, ctx)?;
                let bits = (*size * 8) as u32;
                let (least, most) = match signed {
                    true => (-(1i128 << (bits - 1)), (1i128 << (bits - 1)) - 1),
                    false => (0, (1i128 << bits) - 1),
                };
                if !(least..=most).contains(&number) {
                    let sign = if *signed { 'i' } else { 'u' };
                    return Err(wrong(&format!("{number} does not fit into {sign}{bits}"), ctx));
                }
                out[..*size].copy_from_slice(&native_bytes(number as u64, *size));
                Ok(())
            }
            CType::F32 | CType::F64 => {
                let Some(number) = value.as_number() else {
                    return Err(wrong(&format!("{} is no number", value.display()), ctx));
                };
                match self {
                    CType::F32 => out[..4].copy_from_slice(&(number as f32).to_ne_bytes()),
                    _ => out[..8].copy_from_slice(&number.to_ne_bytes()),
                }
                Ok(())
            }
            CType::Pointer => {
                let address = kept.address_of(value, ctx)?;
                out[..size_of::<usize>()].copy_from_slice(&address.to_ne_bytes());
                Ok(())
            }
            CType::Struct { size, .. } => {
                let view = ByteView::expect(value, "struct", ctx)?;
                if view.len() != *size {
                    return Err(wrong(&format!("the struct has {size} bytes, not {}", view.len()), ctx));
                }
                view.read(|bytes| out[..*size].copy_from_slice(bytes));
                Ok(())
            }
        }
    }

    /// Reads a value. 64-bit integers are BigInt where a number would lose digits, addresses always.
    pub fn take(&self, bytes: &[u8], ctx: &mut Context) -> JsResult<JsValue> {
        Ok(match self {
            CType::Void => JsValue::undefined(),
            CType::Bool => JsValue::from(bytes[0] != 0),
            CType::Int(size, signed) => {
                let raw = raw_bits(bytes, *size);
                let shift = 64 - *size as u32 * 8;
                if *signed {
                    let number = ((raw << shift) as i64) >> shift;
                    if number.unsigned_abs() < 1 << 53 {
                        JsValue::from(number as f64)
                    } else {
                        JsBigInt::from(number).into()
                    }
                } else if raw < 1 << 53 {
                    JsValue::from(raw as f64)
                } else {
                    JsBigInt::from(raw).into()
                }
            }
            CType::F32 => JsValue::from(f64::from(f32::from_bits(raw_bits(bytes, 4) as u32))),
            CType::F64 => JsValue::from(f64::from_bits(raw_bits(bytes, 8))),
            CType::Pointer => JsBigInt::from(raw_bits(bytes, size_of::<usize>())).into(),
            CType::Struct { size, .. } => buffer(&bytes[..*size], ctx)?.into(),
        })
    }
}

fn native_bytes(value: u64, size: usize) -> Vec<u8> {
    let all = value.to_ne_bytes();
    if cfg!(target_endian = "little") { all[..size].to_vec() } else { all[8 - size..].to_vec() }
}

fn raw_bits(bytes: &[u8], size: usize) -> u64 {
    let mut all = [0; 8];
    if cfg!(target_endian = "little") {
        all[..size].copy_from_slice(&bytes[..size]);
    } else {
        all[8 - size..].copy_from_slice(&bytes[..size]);
    }
    u64::from_ne_bytes(all)
}

/// A whole number from a number or BigInt.
pub(super) fn whole(value: &JsValue, ctx: &mut Context) -> JsResult<i128> {
    if let Some(number) = value.as_number()
        && number.fract() == 0.0
        && number.abs() <= 9_007_199_254_740_992.0
    {
        return Ok(number as i128);
    }
    if let Some(big) = value.as_bigint()
        && let Ok(number) = big.to_string().parse()
    {
        return Ok(number);
    }
    Err(wrong(&format!("{} is no whole number; use a BigInt beyond 2^53", value.display()), ctx))
}

pub(super) fn layout(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let ctype = CType::read(args, 0, ctx)?;
    let mut numbers = vec![ctype.size(), ctype.align()];
    if let CType::Struct { offsets, .. } = &ctype {
        numbers.extend(offsets);
    }
    Ok(JsArray::from_iter(numbers.into_iter().map(|n| JsValue::from(n as f64)), ctx).into())
}

pub(super) fn decode(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let ctype = CType::read(args, 0, ctx)?;
    let view = ByteView::expect(args.get_or_undefined(1), "bytes", ctx)?;
    let offset = index_argument(args, 2, 0, ctx)?;
    let bytes = view.read(|all| all.get(offset..offset.saturating_add(ctype.size())).map(<[u8]>::to_vec));
    match bytes {
        Some(bytes) => ctype.take(&bytes, ctx),
        None => Err(wrong("the value lies outside of the bytes", ctx)),
    }
}

pub(super) fn encode(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let ctype = CType::read(args, 0, ctx)?;
    let view = ByteView::expect(args.get_or_undefined(2), "bytes", ctx)?;
    let offset = index_argument(args, 3, 0, ctx)?;
    let value = args.get_or_undefined(1);
    if ctype == CType::Pointer && (value.is_string() || value.as_object().is_some()) {
        return Err(wrong("a pointer that stays needs an address; allocate the memory with alloc", ctx));
    }
    let mut bytes = vec![0; ctype.size()];
    ctype.put(value, &mut bytes, &mut Kept::default(), ctx)?;
    let done = view.write(|all| {
        let place = all.get_mut(offset..offset.saturating_add(bytes.len()))?;
        place.copy_from_slice(&bytes);
        Some(())
    });
    done.map(|()| JsValue::undefined()).ok_or_else(|| wrong("the value lies outside of the bytes", ctx))
}
