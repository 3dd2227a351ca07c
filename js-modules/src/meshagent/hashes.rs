//! Natives of the hash streams: running digests as opaque handles.

use std::cell::RefCell;

use boa_engine::{Context, JsArgs, JsData, JsObject, JsResult, JsValue};
use boa_gc::{Finalize, Trace};
use ring::digest;

use super::checksum::Md5;
use crate::host::bytes::{ByteView, buffer};
use crate::host::native::{ErrorClass, Exports, invalid_type, node_error, text};

pub(super) fn init(ctx: &mut Context) -> JsResult<JsObject> {
    Ok(Exports::new(ctx)
        .function("start", 1, start)
        .function("update", 2, update)
        .function("finish", 1, finish)
        .finish())
}

enum Running {
    Ring(digest::Context),
    Md5(Md5),
}

#[derive(Trace, Finalize, JsData)]
struct Handle {
    #[unsafe_ignore_trace]
    running: RefCell<Option<Running>>,
}

fn start(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let running = match text(args, 0, ctx)?.as_str() {
        "SHA1" => Running::Ring(digest::Context::new(&digest::SHA1_FOR_LEGACY_USE_ONLY)),
        "SHA256" => Running::Ring(digest::Context::new(&digest::SHA256)),
        "SHA384" => Running::Ring(digest::Context::new(&digest::SHA384)),
        "SHA512" => Running::Ring(digest::Context::new(&digest::SHA512)),
        "MD5" => Running::Md5(Md5::new()),
        other => {
            let text = format!("there is no hash `{other}`; use SHA256, SHA384, SHA512, SHA1 or MD5");
            return Err(node_error(ErrorClass::Error, "ERR_CRYPTO_INVALID_DIGEST", &text, ctx));
        }
    };
    let prototype = ctx.intrinsics().constructors().object().prototype();
    Ok(JsObject::from_proto_and_data(prototype, Handle { running: RefCell::new(Some(running)) }).into())
}

fn update(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let data = args.get_or_undefined(1);
    // Converted before the handle is borrowed: a text's conversion may run script.
    let view = ByteView::of(data, ctx)?;
    let owned = match &view {
        Some(_) => Vec::new(),
        None => data.to_string(ctx)?.to_std_string_lossy().into_bytes(),
    };
    with(args, ctx, |running| {
        let mut feed = |bytes: &[u8]| match running.as_mut() {
            Some(Running::Ring(context)) => context.update(bytes),
            Some(Running::Md5(md5)) => md5.update(bytes),
            None => {}
        };
        match &view {
            Some(view) => view.read(&mut feed),
            None => feed(&owned),
        }
    })?;
    Ok(JsValue::undefined())
}

fn finish(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let digest = with(args, ctx, |running| match running.take() {
        Some(Running::Ring(context)) => context.finish().as_ref().to_vec(),
        Some(Running::Md5(md5)) => md5.finish().to_vec(),
        None => Vec::new(),
    })?;
    Ok(buffer(&digest, ctx)?.into())
}

fn with<T>(args: &[JsValue], ctx: &mut Context, body: impl FnOnce(&mut Option<Running>) -> T) -> JsResult<T> {
    let object = args.get_or_undefined(0).as_object();
    let done = object
        .as_ref()
        .and_then(|o| o.downcast_ref::<Handle>().map(|handle| body(&mut handle.running.borrow_mut())));
    done.ok_or_else(|| invalid_type("handle", "a running hash", args.get_or_undefined(0), ctx))
}
