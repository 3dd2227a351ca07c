//! Memory that C sees: allocated by script, or anywhere.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io;

use boa_engine::bigint::JsBigInt;
use boa_engine::{Context, JsArgs, JsResult, JsString, JsValue};

use super::ctype::whole;
use super::{fail, wrong};
use crate::host::bytes::{ByteView, buffer, lossy_text};
use crate::host::native::{index_argument, out_of_range};
use crate::host::{Allow, HostShared, Need};

/// Blocks of one context; they go with it.
#[derive(Default)]
struct Blocks(RefCell<BTreeMap<usize, Vec<u64>>>);

const MAX_BLOCKS: usize = 16_384;

pub(super) fn install(ctx: &mut Context) {
    if !ctx.has_data::<Blocks>() {
        ctx.insert_data(Blocks::default());
    }
}

/// Whoever may call some library may touch memory: there is no smaller right.
pub(super) fn require_memory(ctx: &mut Context) -> JsResult<()> {
    let shared = HostShared::of(ctx);
    match shared.permissions().ffi {
        Allow::Nothing => shared.require_permission(Need::Ffi("memory"), ctx),
        _ => Ok(()),
    }
}

pub(super) fn alloc(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    require_memory(ctx)?;
    let size = index_argument(args, 0, 0, ctx)?;
    let limit = HostShared::of(ctx).budget().max_buffer_bytes as usize;
    let fits = ctx.get_data::<Blocks>().is_some_and(|blocks| {
        let blocks = blocks.0.borrow();
        let used: usize = blocks.values().map(|block| block.len() * 8).sum();
        blocks.len() < MAX_BLOCKS && size <= limit && used + size <= limit
    });
    if !fits {
        let text = format!("allocated memory is bounded to {limit} bytes and {MAX_BLOCKS} blocks; free some");
        return Err(fail("ERR_FFI_TOO_LARGE", &text, ctx));
    }
    let mut block = vec![0u64; size / 8 + 1];
    let address = block.as_mut_ptr() as usize;
    if let Some(blocks) = ctx.get_data::<Blocks>() {
        blocks.0.borrow_mut().insert(address, block);
    }
    Ok(JsBigInt::from(address as u64).into())
}

pub(super) fn free(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let address = address(args, ctx)?;
    let block = ctx.get_data::<Blocks>().and_then(|blocks| blocks.0.borrow_mut().remove(&address));
    if block.is_none() {
        return Err(fail("ERR_FFI_ADDRESS", "this address was not allocated by alloc, or was freed", ctx));
    }
    Ok(JsValue::undefined())
}

pub(super) fn read(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    require_memory(ctx)?;
    let address = address(args, ctx)?;
    let length = index_argument(args, 1, 0, ctx)?;
    let limit = HostShared::of(ctx).budget().max_buffer_bytes;
    if length as u64 > limit {
        return Err(out_of_range("length", &format!("at most {limit}"), &length.to_string(), ctx));
    }
    let mut bytes = vec![0; length];
    if transfer(address, &mut bytes, Direction::Out).is_err() {
        return Err(unmapped(address, ctx));
    }
    Ok(buffer(&bytes, ctx)?.into())
}

pub(super) fn write(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    require_memory(ctx)?;
    let address = address(args, ctx)?;
    let mut bytes = ByteView::expect(args.get_or_undefined(1), "bytes", ctx)?.to_vec();
    if transfer(address, &mut bytes, Direction::In).is_err() {
        return Err(unmapped(address, ctx));
    }
    Ok(JsValue::undefined())
}

/// The text up to the null byte, at most `limit` bytes.
pub(super) fn text(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    require_memory(ctx)?;
    let address = address(args, ctx)?;
    let limit = index_argument(args, 1, 1 << 20, ctx)?.min(16 << 20);
    let (mut found, mut at) = (Vec::new(), address);
    while found.len() < limit {
        // To the end of the page: the next one may be nobody's.
        let mut part = vec![0; (4096 - at % 4096).min(limit - found.len())];
        if transfer(at, &mut part, Direction::Out).is_err() {
            return Err(unmapped(at, ctx));
        }
        if let Some(end) = part.iter().position(|byte| *byte == 0) {
            found.extend_from_slice(&part[..end]);
            return Ok(lossy_text(&found).into());
        }
        at += part.len();
        found.append(&mut part);
    }
    Ok(JsString::from(String::from_utf8_lossy(&found).as_ref()).into())
}

fn address(args: &[JsValue], ctx: &mut Context) -> JsResult<usize> {
    match usize::try_from(whole(args.get_or_undefined(0), ctx)?) {
        Ok(0) => Err(fail("ERR_FFI_NULL", "this is a null pointer", ctx)),
        Ok(address) => Ok(address),
        Err(_) => Err(wrong("an address does not fit into a pointer", ctx)),
    }
}

pub(super) fn unmapped(address: usize, ctx: &mut Context) -> boa_engine::JsError {
    fail("ERR_FFI_ADDRESS", &format!("no memory that can be used so at {address:#x}"), ctx)
}

#[derive(PartialEq)]
pub(super) enum Direction {
    /// From the address into the bytes.
    Out,
    /// From the bytes to the address.
    In,
}

/// Copies by way of the kernel, which says `EFAULT` where a copy of our own would end the process.
pub(super) fn transfer(address: usize, bytes: &mut [u8], direction: Direction) -> io::Result<()> {
    if bytes.is_empty() {
        return Ok(());
    }
    let local = libc::iovec { iov_base: bytes.as_mut_ptr().cast(), iov_len: bytes.len() };
    let remote = libc::iovec { iov_base: address as *mut _, iov_len: bytes.len() };
    // SAFETY: `local` describes `bytes`, which is borrowed exclusively; the kernel checks `remote`. What the script
    // overwrites there is its own affair: that is what `ffi` grants.
    let done = unsafe {
        let this = libc::getpid();
        match direction {
            Direction::Out => libc::process_vm_readv(this, &local, 1, &remote, 1, 0),
            Direction::In => libc::process_vm_writev(this, &local, 1, &remote, 1, 0),
        }
    };
    match done {
        n if n == bytes.len() as isize => Ok(()),
        -1 => Err(io::Error::last_os_error()),
        _ => Err(io::Error::from_raw_os_error(libc::EFAULT)),
    }
}
