//! `require()` of an ES module, as Node does since 20.19: the graph is loaded, linked and run before the call returns.
//!
//! The engine ends the process when a module that is running is run again, so a cycle must be seen before: the loader
//! notes who imports whom, and what runs is told by the stack and by the list of CommonJS files that a graph runs.

use std::collections::HashSet;

use boa_engine::ast::operations::{ContainsSymbol, contains};
use boa_engine::ast::scope::Scope;
use boa_engine::builtins::promise::PromiseState;
use boa_engine::interner::Interner;
use boa_engine::object::builtins::JsPromise;
use boa_engine::parser::Parser;
use boa_engine::{Context, JsError, JsObject, JsResult, JsValue, Module, NativeFunction, Source, js_string};

use super::{key, parsed, part, text_of, without_head};
use crate::host::loader;
use crate::host::native::{self, ErrorClass, node_error};
use crate::host::shared::HostShared;

/// Runs the ES module behind a file and gives its namespace.
///
/// # Errors
/// `ERR_REQUIRE_CYCLE_MODULE`, `ERR_REQUIRE_ASYNC_MODULE`; what loading, linking or the module throws.
pub(crate) fn require(ctx: &mut Context, file: &str) -> JsResult<JsObject> {
    let shared = HostShared::of(ctx);
    let known = shared.loader.borrow().modules.get(&key(file, None)).cloned();
    let module = match known {
        Some(module) => module,
        None => {
            let esm = part(ctx)?;
            let module = parsed(ctx, &esm, file)?;
            let mut loader = shared.loader.borrow_mut();
            loader.modules.entry(key(file, None)).or_insert(module).clone()
        }
    };
    load_now(&module, ctx)?;
    let graph = reachable(&shared, file);
    if runs_now(&shared, ctx).iter().any(|running| graph.contains(running)) {
        let text = format!("Cannot require() ES Module {file} in a cycle.");
        return Err(node_error(ErrorClass::Error, "ERR_REQUIRE_CYCLE_MODULE", &text, ctx));
    }
    for part in &graph {
        if waits_at_top(part, ctx)? {
            return Err(asynchronous(file, ctx));
        }
    }
    module.link(ctx)?;
    let done = module.evaluate(ctx)?;
    if !settled(&done, ctx)? {
        return Err(asynchronous(file, ctx));
    }
    Ok(module.namespace(ctx))
}

/// The namespace with `__esModule` beside the names of `file`, for callers that a compiler made from `import`.
///
/// # Errors
/// As [`require`].
pub(crate) fn facade(ctx: &mut Context, file: &str, address: &str) -> JsResult<JsObject> {
    // An address has neither quotes nor backslashes.
    let text = format!(
        "export * from \"{address}\"; export {{ default }} from \"{address}\"; export const __esModule = true;"
    );
    let module = loader::parse_module(ctx, &text, file)?;
    load_now(&module, ctx)?;
    module.link(ctx)?;
    let done = module.evaluate(ctx)?;
    settled(&done, ctx)?;
    Ok(module.namespace(ctx))
}

/// Loads what a module imports before it returns: the loader of this host answers at once, and only loading waits in
/// these jobs.
fn load_now(module: &Module, ctx: &mut Context) -> JsResult<()> {
    let shared = HostShared::of(ctx);
    let loaded = module.load(ctx);
    while matches!(loaded.state(), PromiseState::Pending) {
        match shared.jobs.run_load(ctx) {
            Some(done) => done.map(|_| ())?,
            None => break,
        }
    }
    settled(&loaded, ctx).map(|_| ())
}

fn asynchronous(file: &str, ctx: &mut Context) -> JsError {
    let text = format!(
        "require() cannot be used on an ESM graph with top-level await. Use import() instead.\n  Requiring {file}"
    );
    node_error(ErrorClass::Error, "ERR_REQUIRE_ASYNC_MODULE", &text, ctx)
}

/// True when the promise is fulfilled, false while it waits. A rejection is thrown, and counts as handled.
fn settled(promise: &JsPromise, ctx: &mut Context) -> JsResult<bool> {
    match promise.state() {
        PromiseState::Fulfilled(_) => Ok(true),
        PromiseState::Pending => Ok(false),
        PromiseState::Rejected(reason) => {
            let ignore = NativeFunction::from_fn_ptr(|_, _, _| Ok(JsValue::undefined()));
            promise.catch(native::function("", 0, ignore, ctx), ctx)?;
            Err(JsError::from_opaque(reason))
        }
    }
}

/// The files of the graph below a module, itself included.
fn reachable(shared: &HostShared, file: &str) -> HashSet<String> {
    let loader = shared.loader.borrow();
    let mut found = HashSet::new();
    let mut next = vec![file];
    while let Some(file) = next.pop() {
        if found.insert(file.to_owned())
            && let Some(imported) = loader.imports.get(file)
        {
            next.extend(imported.iter().map(String::as_str));
        }
    }
    found
}

/// The modules whose bodies are under way: ES modules by the stack, CommonJS files that a graph runs by the list.
fn runs_now(shared: &HostShared, ctx: &Context) -> Vec<String> {
    let loader = shared.loader.borrow();
    let mut running = loader.running.clone();
    for frame in ctx.stack_trace() {
        let code = frame.code_block();
        if *code.name() == js_string!("<main>") {
            let file = code.path().to_string();
            if loader.modules.contains_key(&key(&file, None)) {
                running.push(file);
            }
        }
    }
    running
}

/// Whether a file has `await` at its top level. Most have no such word, and are not parsed again.
fn waits_at_top(file: &str, ctx: &mut Context) -> JsResult<bool> {
    if !HostShared::of(ctx).loader.borrow().awaiting.contains(file) {
        return Ok(false);
    }
    let esm = part(ctx)?;
    let text = without_head(&text_of(ctx, &esm, file)?);
    let mut parser = Parser::new(Source::from_bytes(&text));
    let parsed = parser.parse_module(&Scope::new_global(), &mut Interner::new());
    let waits = parsed.is_ok_and(|module| contains(&module, ContainsSymbol::AwaitExpression));
    if !waits {
        HostShared::of(ctx).loader.borrow_mut().awaiting.remove(file);
    }
    Ok(waits)
}
