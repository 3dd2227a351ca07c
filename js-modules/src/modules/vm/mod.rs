//! `vm`: scripts compiled apart from their run, and contexts with a global object of their own.

use boa_engine::realm::Realm;
use boa_engine::{Context, Finalize, JsArgs, JsData, JsObject, JsResult, JsValue, Script, Trace};

use crate::host::native::{Exports, invalid_type, string_argument};
use crate::host::{boot, loader};

/// The engine's realm behind a `vm` context.
#[derive(Trace, Finalize, JsData)]
struct Inside {
    realm: Realm,
    global: JsObject,
}

/// A script that was parsed for this context.
#[derive(Trace, Finalize, JsData)]
struct Parsed(Script);

/// Makes `parse run makeContext global runIn compile`.
pub fn init(ctx: &mut Context) -> JsResult<JsObject> {
    Ok(Exports::new(ctx)
        .function("parse", 2, parse)
        .function("run", 1, run)
        .function("makeContext", 0, make_context)
        .function("global", 1, global)
        .function("runIn", 3, run_in)
        .function("compile", 4, compile)
        .finish())
}

fn parse(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let source = string_argument(args, 0, "code", ctx)?;
    let file = string_argument(args, 1, "filename", ctx)?;
    let script = loader::parse(ctx, &source, &file, 0)?;
    Ok(JsObject::from_proto_and_data(None, Parsed(script)).into())
}

fn run(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let parsed = args.get_or_undefined(0).as_object();
    let script = parsed.as_ref().and_then(|o| o.downcast_ref::<Parsed>().map(|parsed| parsed.0.clone()));
    match script {
        Some(script) => script.evaluate(ctx),
        None => Err(invalid_type("script", "a parsed script", args.get_or_undefined(0), ctx)),
    }
}

fn make_context(_: &JsValue, _: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let realm = ctx.create_realm()?;
    let global = within(&realm, ctx, |ctx| {
        // The same guards as the first realm has: a script must not end the process through a second one.
        boot::guard(ctx)?;
        Ok(ctx.global_object())
    })?;
    Ok(JsObject::from_proto_and_data(None, Inside { realm, global }).into())
}

/// Runs `body` with the realm as the current one.
fn within<T>(
    realm: &Realm,
    ctx: &mut Context,
    body: impl FnOnce(&mut Context) -> JsResult<T>,
) -> JsResult<T> {
    let before = ctx.enter_realm(realm.clone());
    let result = body(ctx);
    ctx.enter_realm(before);
    result
}

fn inside(args: &[JsValue], ctx: &mut Context) -> JsResult<(Realm, JsObject)> {
    let object = args.get_or_undefined(0).as_object();
    let found =
        object.as_ref().and_then(|o| o.downcast_ref::<Inside>().map(|i| (i.realm.clone(), i.global.clone())));
    match found {
        Some(found) => Ok(found),
        None => Err(invalid_type("context", "a context", args.get_or_undefined(0), ctx)),
    }
}

fn global(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    Ok(inside(args, ctx)?.1.into())
}

/// `runIn(context, source, filename)`: runs a script in another realm; `var` and functions become its globals.
fn run_in(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let (realm, _) = inside(args, ctx)?;
    let source = string_argument(args, 1, "code", ctx)?;
    let file = string_argument(args, 2, "filename", ctx)?;
    within(&realm, ctx, |ctx| loader::parse(ctx, &source, &file, 0)?.evaluate(ctx))
}

/// `compile(source, filename, parameters, context)`: a function with these parameters; without a context, in this one.
fn compile(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let source = string_argument(args, 0, "code", ctx)?;
    let file = string_argument(args, 1, "filename", ctx)?;
    let parameters = string_argument(args, 2, "params", ctx)?;
    if args.get_or_undefined(3).is_undefined() {
        return Ok(loader::compile(ctx, &parameters, &source, &file)?.into());
    }
    let (realm, _) = inside(args.get(3..).unwrap_or_default(), ctx)?;
    within(&realm, ctx, |ctx| Ok(loader::compile(ctx, &parameters, &source, &file)?.into()))
}
