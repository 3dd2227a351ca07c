//! `zlib`: deflate and inflate in all their wrappings, a step at a time.
//!
//! The streams, the options and the errors are script; here are the running state and the loop over its steps.

mod engine;

use std::cell::RefCell;

use boa_engine::{Context, JsArgs, JsData, JsObject, JsResult, JsString, JsValue};
use boa_gc::{Finalize, Trace};

use crate::host::HostShared;
use crate::host::bytes::{ByteView, buffer, bytes_of};
use crate::host::native::{ErrorClass, Exports, index_argument, invalid_type, node_error};

use engine::{Engine, Failure, Mode, Settings, Step};

/// Makes the natives of `zlib`:
///
/// * `open(mode, level, windowBits, memLevel, strategy, dictionary) -> handle`; the modes are Node's numbers
/// * `step(handle, flush, input, from, output, at, counts)`: one step; `counts` (an `Int32Array`) gets what is left of
///   the input and of the output. `undefined`, or a failure `{ message, code, errno }`
/// * `whole(handle, input, flush, limit) -> Buffer`, or a failure: everything at once
/// * `params(handle, level)`, `reset(handle)`, `close(handle)`
/// * `crc32(data, seed)`
pub fn init(ctx: &mut Context) -> JsResult<JsObject> {
    Ok(Exports::new(ctx)
        .function("open", 6, open)
        .function("step", 7, step)
        .function("whole", 4, whole)
        .function("params", 2, params)
        .function("reset", 1, reset)
        .function("close", 1, close)
        .function("crc32", 2, crc32)
        .finish())
}

#[derive(Trace, Finalize, JsData)]
struct Handle {
    #[unsafe_ignore_trace]
    engine: RefCell<Option<Engine>>,
}

fn open(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let mut number = |at: usize| args.get_or_undefined(at).to_i32(ctx);
    let (mode, level, window_bits) = (number(0)?, number(1)?, number(2)?);
    let (mem_level, strategy) = (number(3)?, number(4)?);
    let dictionary = match args.get_or_undefined(5) {
        value if value.is_undefined() => Vec::new(),
        value => ByteView::expect(value, "options.dictionary", ctx)?.to_vec(),
    };
    let engine = Mode::from_number(mode)
        .and_then(|mode| Engine::new(Settings { mode, level, window_bits, mem_level, strategy, dictionary }));
    let Some(engine) = engine else {
        return Err(node_error(
            ErrorClass::Error,
            "ERR_ZLIB_INITIALIZATION_FAILED",
            "Initialization failed",
            ctx,
        ));
    };
    // The window and the hash chains: the collector does not see them.
    crate::host::memory::charge(ctx, 64 << 10);
    let prototype = ctx.intrinsics().constructors().object().prototype();
    Ok(JsObject::from_proto_and_data(prototype, Handle { engine: RefCell::new(Some(engine)) }).into())
}

fn step(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let flush = args.get_or_undefined(1).to_i32(ctx)?;
    let input = ByteView::expect(args.get_or_undefined(2), "input", ctx)?;
    let from = index_argument(args, 3, 0, ctx)?;
    let output = ByteView::expect(args.get_or_undefined(4), "output", ctx)?;
    let at = index_argument(args, 5, 0, ctx)?;
    let counts = ByteView::expect(args.get_or_undefined(6), "counts", ctx)?;
    if input.same_buffer(&output) {
        return Err(invalid_type(
            "output",
            "in another ArrayBuffer than the input",
            args.get_or_undefined(4),
            ctx,
        ));
    }
    let done = with(args, ctx, |engine| {
        input.read(|input| {
            let input = &input[from.min(input.len())..];
            output.write(|output| {
                let at = at.min(output.len());
                let room = &mut output[at..];
                let space = room.len();
                engine.step(input, room, flush).map(|step| (input.len() - step.read, space - step.written))
            })
        })
    })?;
    match done {
        Ok((input, output)) => {
            counts.write(|counts| {
                if let Some(counts) = counts.first_chunk_mut::<8>() {
                    counts[..4].copy_from_slice(&(input as u32).to_ne_bytes());
                    counts[4..].copy_from_slice(&(output as u32).to_ne_bytes());
                }
            });
            Ok(JsValue::undefined())
        }
        Err(failure) => Ok(told(&failure, ctx)),
    }
}

/// How much more room the result of `whole` gets at a time, at most.
const GROWTH_BYTES: usize = 4 << 20;

fn whole(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let input = ByteView::expect(args.get_or_undefined(1), "buffer", ctx)?;
    let flush = args.get_or_undefined(2).to_i32(ctx)?;
    let budget = HostShared::of(ctx).budget().max_buffer_bytes;
    let limit = index_argument(args, 3, usize::MAX, ctx)?.min(usize::try_from(budget).unwrap_or(usize::MAX));
    let done = with(args, ctx, |engine| input.read(|input| run(engine, input, flush, limit)))?;
    match done {
        Ok(Some(bytes)) => Ok(buffer(&bytes, ctx)?.into()),
        Ok(None) => {
            let text = format!("Cannot create a Buffer larger than {limit} bytes");
            Err(node_error(ErrorClass::Range, "ERR_BUFFER_TOO_LARGE", &text, ctx))
        }
        Err(failure) => Ok(told(&failure, ctx)),
    }
}

/// Everything that comes out of `input`; `None` when that is more than `limit` bytes.
fn run(engine: &mut Engine, input: &[u8], flush: i32, limit: usize) -> Result<Option<Vec<u8>>, Failure> {
    let mut out = Vec::new();
    let (mut read, mut filled) = (0, 0);
    loop {
        // One byte beyond the limit shows that there is more.
        let wanted = (filled + filled.clamp(16 << 10, GROWTH_BYTES)).min(limit.saturating_add(1));
        out.resize(wanted, 0);
        let Step { read: taken, written } = engine.step(&input[read..], &mut out[filled..], flush)?;
        read += taken;
        filled += written;
        if filled > limit {
            return Ok(None);
        }
        if filled < out.len() {
            out.truncate(filled);
            return Ok(Some(out));
        }
    }
}

fn params(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let level = args.get_or_undefined(1).to_i32(ctx)?;
    match with(args, ctx, |engine| engine.set_level(level))? {
        Ok(()) => Ok(JsValue::undefined()),
        Err(failure) => Ok(told(&failure, ctx)),
    }
}

fn reset(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    with(args, ctx, Engine::reset)?;
    Ok(JsValue::undefined())
}

fn close(_: &JsValue, args: &[JsValue], _: &mut Context) -> JsResult<JsValue> {
    if let Some(object) = args.get_or_undefined(0).as_object()
        && let Some(handle) = object.downcast_ref::<Handle>()
    {
        handle.engine.take();
    }
    Ok(JsValue::undefined())
}

fn crc32(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let seed = args.get_or_undefined(1).to_u32(ctx)?;
    let data = args.get_or_undefined(0);
    let crc = match ByteView::of(data, ctx)? {
        Some(view) => view.read(|bytes| zlib_rs::crc32::crc32(seed, bytes)),
        None => zlib_rs::crc32::crc32(seed, &bytes_of(data, ctx)?),
    };
    Ok(JsValue::from(crc))
}

fn with<T>(args: &[JsValue], ctx: &mut Context, body: impl FnOnce(&mut Engine) -> T) -> JsResult<T> {
    let object = args.get_or_undefined(0).as_object();
    let done = object.and_then(|o| {
        o.downcast_ref::<Handle>().and_then(|handle| handle.engine.borrow_mut().as_mut().map(body))
    });
    done.ok_or_else(|| invalid_type("handle", "an open zlib handle", args.get_or_undefined(0), ctx))
}

fn told(failure: &Failure, ctx: &mut Context) -> JsValue {
    Exports::new(ctx)
        .value("message", JsString::from(failure.message))
        .value("code", JsString::from(failure.code))
        .value("errno", failure.errno)
        .finish()
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn engine(mode: Mode) -> Engine {
        let settings =
            Settings { mode, level: 6, window_bits: 15, mem_level: 8, strategy: 0, dictionary: Vec::new() };
        Engine::new(settings).unwrap()
    }

    #[test]
    fn a_bomb_meets_the_limit_before_the_memory() {
        let packed = run(&mut engine(Mode::Gzip), &vec![0; 8 << 20], 4, usize::MAX).unwrap().unwrap();
        assert!(packed.len() < 16 << 10);
        assert_eq!(run(&mut engine(Mode::Gunzip), &packed, 4, 1 << 20), Ok(None));
        let all = run(&mut engine(Mode::Gunzip), &packed, 4, 8 << 20).unwrap().unwrap();
        assert_eq!(all.len(), 8 << 20);
    }

    #[test]
    fn each_mode_reads_what_its_partner_wrote() {
        let text = b"a sentence, a sentence, and another sentence".repeat(50);
        for (pack, unpack) in [
            (Mode::Deflate, Mode::Inflate),
            (Mode::Gzip, Mode::Gunzip),
            (Mode::DeflateRaw, Mode::InflateRaw),
            (Mode::Gzip, Mode::Unzip),
            (Mode::Deflate, Mode::Unzip),
        ] {
            let packed = run(&mut engine(pack), &text, 4, usize::MAX).unwrap().unwrap();
            assert_eq!(run(&mut engine(unpack), &packed, 4, usize::MAX).unwrap().unwrap(), text);
            let cut = &packed[..packed.len() - 5];
            assert_eq!(
                run(&mut engine(unpack), cut, 4, usize::MAX).unwrap_err().message,
                "unexpected end of file"
            );
        }
    }

    #[test]
    fn members_follow_each_other_and_zeros_after_them_are_padding() {
        let mut packed = run(&mut engine(Mode::Gzip), b"one", 4, 99).unwrap().unwrap();
        packed.extend(run(&mut engine(Mode::Gzip), b"two", 4, 99).unwrap().unwrap());
        packed.extend([0; 10]);
        assert_eq!(run(&mut engine(Mode::Gunzip), &packed, 4, 99).unwrap().unwrap(), b"onetwo");
        packed.truncate(packed.len() - 10);
        packed.extend([1; 10]);
        assert_eq!(run(&mut engine(Mode::Gunzip), &packed, 4, 99).unwrap_err().code, "Z_DATA_ERROR");
    }
}
