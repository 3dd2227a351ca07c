//! Places in memory that script and C share: blocks of our own, and addresses that C gave.
//!
//! A block is the memory of an `ArrayBuffer`: the engine never moves it, so its address holds as long as the buffer is
//! neither collected nor detached, and what C writes into it is seen by script without a copy. Memory of C cannot be
//! viewed like that; a buffer of it is a copy, whose changes are carried back before C or script looks the next time.

use std::cell::RefCell;
use std::collections::VecDeque;

use boa_engine::bigint::JsBigInt;
use boa_engine::object::builtins::JsArrayBuffer;
use boa_engine::{Context, JsArgs, JsData, JsObject, JsResult, JsValue};
use boa_gc::{Finalize, Trace};

use super::raw::{self, Direction, require_memory, transfer, unmapped};
use super::{fail, wrong};
use crate::host::bytes::{ByteView, buffer, buffer_prototype, lossy_text};
use crate::host::native::{index_argument, invalid_type, out_of_range};
use crate::host::{HostShared, memory};

/// Bytes behind a block's end that belong to nobody: a text that fills its block still ends.
const SLACK: usize = 8;

/// Copies of C's memory whose changes are carried back; of older and larger ones they are not.
const MAX_MIRRORS: usize = 64;
const MAX_MIRRORED: usize = 1 << 20;

/// An address, and the block that keeps it alive when it is ours.
#[derive(Clone, Trace, Finalize, JsData)]
pub(super) struct Place {
    block: Option<JsArrayBuffer>,
    /// Where the block begins and how much of it is the script's.
    base: usize,
    length: usize,
    address: usize,
}

impl Place {
    /// A place that nobody keeps.
    pub fn foreign(address: usize) -> Place {
        Place { block: None, base: 0, length: 0, address }
    }

    /// The memory of a script's view.
    fn of_view(view: &ByteView, ctx: &mut Context) -> JsResult<Place> {
        let block = view.array_buffer().clone();
        let base = start_of(&block).ok_or_else(|| detached(ctx))?;
        Ok(Place {
            block: Some(block),
            base,
            length: view.offset() + view.len(),
            address: base + view.offset(),
        })
    }

    /// The place of a value that the script part made, or of a view.
    pub fn expect(value: &JsValue, ctx: &mut Context) -> JsResult<Place> {
        if let Some(place) = value.as_object().and_then(|o| o.downcast_ref::<Place>().map(|p| p.clone())) {
            return Ok(place);
        }
        match ByteView::of(value, ctx)? {
            Some(view) => Place::of_view(&view, ctx),
            None => Err(invalid_type("place", "a place in memory", value, ctx)),
        }
    }

    /// The address, for C: fails when the block it lies in was taken away.
    pub fn address(&self, ctx: &mut Context) -> JsResult<usize> {
        match &self.block {
            Some(block) if start_of(block) != Some(self.base) => Err(detached(ctx)),
            _ => Ok(self.address),
        }
    }

    /// What must live as long as C may use the address.
    pub fn block(&self) -> Option<JsArrayBuffer> {
        self.block.clone()
    }

    /// How far into its block this place lies, when so many bytes fit there.
    fn inside(&self, length: usize, ctx: &mut Context) -> JsResult<Option<(JsArrayBuffer, usize)>> {
        let Some(block) = &self.block else { return Ok(None) };
        self.address(ctx)?;
        let end = self.base + self.length;
        match self.address.checked_sub(self.base) {
            Some(offset) if self.address <= end && length <= end - self.address => {
                Ok(Some((block.clone(), offset)))
            }
            _ => {
                let from = self.address.wrapping_sub(self.base) as isize;
                let wanted = format!("within the {} bytes of the variable", self.length);
                Err(out_of_range("offset", &wanted, &format!("{length} bytes at {from}"), ctx))
            }
        }
    }

    fn read(&self, length: usize, ctx: &mut Context) -> JsResult<Vec<u8>> {
        if let Some((block, offset)) = self.inside(length, ctx)? {
            return Ok(block.data().map(|all| all[offset..offset + length].to_vec()).unwrap_or_default());
        }
        flush(ctx)?;
        let mut bytes = vec![0; length];
        match transfer(self.address, &mut bytes, Direction::Out) {
            Ok(()) => Ok(bytes),
            Err(_) => Err(unmapped(self.address, ctx)),
        }
    }

    fn write(&self, bytes: &mut [u8], ctx: &mut Context) -> JsResult<()> {
        if let Some((block, offset)) = self.inside(bytes.len(), ctx)? {
            if let Some(mut all) = block.data_mut() {
                all[offset..offset + bytes.len()].copy_from_slice(bytes);
            }
            return Ok(());
        }
        flush(ctx)?;
        transfer(self.address, bytes, Direction::In).map_err(|_| unmapped(self.address, ctx))
    }

    pub fn into_value(self, ctx: &mut Context) -> JsValue {
        let prototype = ctx.intrinsics().constructors().object().prototype();
        JsObject::from_proto_and_data(prototype, self).into()
    }
}

/// Where the memory of a buffer begins; `None` once it was detached.
fn start_of(block: &JsArrayBuffer) -> Option<usize> {
    block.data_mut().map(|mut all| all.as_mut_ptr() as usize)
}

fn detached(ctx: &mut Context) -> boa_engine::JsError {
    fail("ERR_FFI_ADDRESS", "the buffer with this memory was transferred to somebody else", ctx)
}

/// `block(bytes) -> place`: zeroed memory that lives as long as a place or a buffer of it.
pub(super) fn block(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    require_memory(ctx)?;
    let length = index_argument(args, 0, 0, ctx)?;
    let limit = HostShared::of(ctx).budget().max_buffer_bytes as usize;
    if length > limit {
        return Err(out_of_range("size", &format!("at most {limit}"), &length.to_string(), ctx));
    }
    memory::charge(ctx, length + SLACK);
    let block = JsArrayBuffer::new(length + SLACK, ctx)?;
    let base = start_of(&block).ok_or_else(|| detached(ctx))?;
    Ok(Place { block: Some(block), base, length, address: base }.into_value(ctx))
}

/// `at(address) -> place`, `at(view) -> place`.
pub(super) fn at(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    require_memory(ctx)?;
    let value = args.get_or_undefined(0);
    let place = match value.as_object() {
        Some(_) => Place::expect(value, ctx)?,
        None => Place::foreign(super::words::word(value, ctx)?),
    };
    Ok(place.into_value(ctx))
}

/// `shift(place, bytes) -> place` in the same block.
pub(super) fn shift(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let mut place = Place::expect(args.get_or_undefined(0), ctx)?;
    place.address = place.address.wrapping_add(super::words::word(args.get_or_undefined(1), ctx)?);
    Ok(place.into_value(ctx))
}

/// `word(place) -> BigInt`: the address.
pub(super) fn word(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let place = Place::expect(args.get_or_undefined(0), ctx)?;
    Ok(JsBigInt::from(place.address as u64).into())
}

/// `low(place) -> number`: the low 32 bits of the address, with a sign.
pub(super) fn low(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let place = Place::expect(args.get_or_undefined(0), ctx)?;
    Ok(JsValue::from(place.address as u32 as i32))
}

/// `load(place) -> place`: where the pointer that lies there points to.
pub(super) fn load(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    require_memory(ctx)?;
    let place = Place::expect(args.get_or_undefined(0), ctx)?;
    let mut bytes = [0; size_of::<usize>()];
    bytes.copy_from_slice(&place.read(size_of::<usize>(), ctx)?);
    Ok(Place::foreign(usize::from_ne_bytes(bytes)).into_value(ctx))
}

/// `store(place, bytes)`: copies a view into the memory.
pub(super) fn store(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    require_memory(ctx)?;
    let place = Place::expect(args.get_or_undefined(0), ctx)?;
    let mut bytes = ByteView::expect(args.get_or_undefined(1), "bytes", ctx)?.to_vec();
    place.write(&mut bytes, ctx)?;
    Ok(JsValue::undefined())
}

/// `bytes(place, length) -> Buffer`: the memory itself when it is ours, else a copy.
pub(super) fn bytes(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    require_memory(ctx)?;
    let place = Place::expect(args.get_or_undefined(0), ctx)?;
    let length = index_argument(args, 1, 0, ctx)?;
    if let Some((block, offset)) = place.inside(length, ctx)? {
        // The engine's own constructor, whatever script made of the global.
        let constructor = ctx.intrinsics().constructors().typed_uint8_array().constructor();
        let part = [block.into(), JsValue::from(offset as f64), JsValue::from(length as f64)];
        let object = constructor.construct(&part, None, ctx)?;
        object.set_prototype(Some(buffer_prototype(ctx)?));
        return Ok(object.into());
    }
    let limit = HostShared::of(ctx).budget().max_buffer_bytes;
    if length as u64 > limit {
        return Err(out_of_range("length", &format!("at most {limit}"), &length.to_string(), ctx));
    }
    let original = place.read(length, ctx)?;
    let copy = buffer(&original, ctx)?;
    mirror(place.address, &copy, original, ctx)?;
    Ok(copy.into())
}

/// `cstring(place) -> text` up to the NUL, `null` for a null pointer.
pub(super) fn cstring(this: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    require_memory(ctx)?;
    let place = Place::expect(args.get_or_undefined(0), ctx)?;
    if place.address == 0 {
        return Ok(JsValue::null());
    }
    if let Some((block, offset)) = place.inside(0, ctx)? {
        let text = block.data().map(|all| {
            let rest = &all[offset..];
            lossy_text(&rest[..rest.iter().position(|byte| *byte == 0).unwrap_or(rest.len())])
        });
        return Ok(text.map_or(JsValue::null(), JsValue::from));
    }
    flush(ctx)?;
    raw::text(this, &[JsBigInt::from(place.address as u64).into()], ctx)
}

/// A copy of C's memory that script may have changed.
struct Mirror {
    address: usize,
    copy: JsArrayBuffer,
    original: Vec<u8>,
}

/// The copies of one context, the oldest first.
#[derive(Default)]
pub(super) struct Mirrors(RefCell<VecDeque<Mirror>>);

fn mirror(address: usize, copy: &JsObject, original: Vec<u8>, ctx: &mut Context) -> JsResult<()> {
    let view = ByteView::expect(&copy.clone().into(), "bytes", ctx)?;
    let Some(mirrors) = ctx.get_data::<Mirrors>() else { return Ok(()) };
    let mut all = mirrors.0.borrow_mut();
    all.push_back(Mirror { address, copy: view.array_buffer().clone(), original });
    let mut bytes: usize = all.iter().map(|one| one.original.len()).sum();
    // `flush` ran just before: what falls out was carried back.
    while all.len() > MAX_MIRRORS || bytes > MAX_MIRRORED {
        let Some(gone) = all.pop_front() else { break };
        bytes -= gone.original.len();
    }
    Ok(())
}

/// Carries what script changed in copies of C's memory back to it.
///
/// # Errors
/// When that memory is no longer there.
pub(super) fn flush(ctx: &mut Context) -> JsResult<()> {
    let mut lost = None;
    if let Some(mirrors) = ctx.get_data::<Mirrors>() {
        mirrors.0.borrow_mut().retain_mut(|mirror| {
            let Some(now) = mirror.copy.to_vec() else { return false };
            let changed = |at: &usize| now[*at] != mirror.original[*at];
            let mut from = 0;
            while let Some(start) = (from..now.len()).find(changed) {
                let end = (start..now.len()).find(|at| !changed(at)).unwrap_or(now.len());
                let mut part = now[start..end].to_vec();
                if transfer(mirror.address + start, &mut part, Direction::In).is_err() {
                    lost = Some(mirror.address + start);
                    return false;
                }
                from = end;
            }
            mirror.original = now;
            true
        });
    }
    lost.map_or(Ok(()), |address| Err(unmapped(address, ctx)))
}

/// Needs of this file in a new context.
pub(super) fn install(ctx: &mut Context) {
    if !ctx.has_data::<Mirrors>() {
        ctx.insert_data(Mirrors::default());
    }
}

/// A number of bytes or an address that does not fit.
pub(super) fn too_large(ctx: &mut Context) -> boa_engine::JsError {
    wrong("this does not fit into a word of the machine", ctx)
}
