//! ES modules: what the engine asks when it meets `import`.
//!
//! Names are resolved by `internal/esm` with the rules of Node; the text is read there too, so that `fs.read` is asked
//! for. A CommonJS file becomes a module whose names a scan of its text finds ([`names`]) and which runs when its turn
//! in the graph comes; a built-in one has its exports as names.

mod names;
mod require;

use std::cell::RefCell;
use std::collections::{BTreeSet, HashSet};
use std::rc::Rc;

use boa_engine::builtins::promise::PromiseState;
use boa_engine::module::{Module, ModuleLoader, ModuleRequest, Referrer, SyntheticModuleInitializer};
use boa_engine::object::builtins::JsArray;
use boa_engine::{Context, JsNativeError, JsObject, JsResult, JsString, JsValue, js_string};

use super::shared::HostShared;
use super::{Dialect, loader};

pub(crate) use require::{facade, require};

/// Loads modules for contexts with Node's layer; the cores of the dialect have none.
pub(crate) struct Modules;

impl ModuleLoader for Modules {
    async fn load_imported_module(
        self: Rc<Self>,
        referrer: Referrer,
        request: ModuleRequest,
        context: &RefCell<&mut Context>,
    ) -> JsResult<Module> {
        let ctx: &mut Context = &mut context.borrow_mut();
        load(&referrer, &request, ctx)
    }

    fn init_import_meta(self: Rc<Self>, import_meta: &JsObject, module: &Module, ctx: &mut Context) {
        let file = module.path().map(|path| path.display().to_string()).unwrap_or_default();
        let filled = part(ctx).and_then(|esm| {
            let args = [import_meta.clone().into(), JsString::from(file).into()];
            loader::call_export(ctx, &esm, "meta", &args)
        });
        if let Err(error) = filled {
            // The engine gives no way to refuse; a script then finds the properties missing.
            tracing::debug!(%error, "import.meta stays empty");
        }
    }
}

/// Starts an ES module as the main program. What goes wrong comes as an unhandled rejection.
pub(crate) fn run_main(ctx: &mut Context, file: &str, source: &str) -> JsResult<()> {
    let source = without_head(source);
    let module = loader::parse_module(ctx, &source, file)?;
    let shared = HostShared::of(ctx);
    shared.loader.borrow_mut().modules.insert(key(file, None), module.clone());
    let done = module.load_link_evaluate(ctx);
    shared.loader.borrow_mut().main = Some(done);
    Ok(())
}

/// True when the main module waits at its top level.
pub(crate) fn main_is_pending(shared: &HostShared) -> bool {
    let main = shared.loader.borrow().main.clone();
    main.is_some_and(|promise| matches!(promise.state(), PromiseState::Pending))
}

fn load(referrer: &Referrer, request: &ModuleRequest, ctx: &mut Context) -> JsResult<Module> {
    let id = request.specifier().clone();
    let shared = HostShared::of(ctx);
    if shared.dialect() == Dialect::MeshAgent {
        let id = id.to_std_string_lossy();
        return Err(JsNativeError::error()
            .with_message(format!("cannot import '{id}': cores have no ES modules, use require()"))
            .into());
    }
    for attribute in request.attributes() {
        if attribute.key() != "type" {
            let text =
                format!("Import attribute \"{}\" is not supported", attribute.key().to_std_string_lossy());
            let code = "ERR_IMPORT_ATTRIBUTE_UNSUPPORTED";
            return Err(super::native::node_error(super::native::ErrorClass::Type, code, &text, ctx));
        }
    }
    let asked = request.get_attribute("type").cloned();
    let parent = match referrer.path() {
        Some(path) => shared.absolute(&path.display().to_string()),
        None => shared.cwd().join("[eval]"),
    };
    let esm = part(ctx)?;
    let args = [id.into(), JsString::from(parent.display().to_string()).into()];
    let file = loader::call_export(ctx, &esm, "resolve", &args)?.to_string(ctx)?;
    let name = file.to_std_string_lossy();
    let known_as = key(&name, asked.as_ref());
    let args = [file.clone().into(), asked.map_or(JsValue::undefined(), JsValue::from)];
    let format = loader::call_export(ctx, &esm, "format", &args)?.to_string(ctx)?.to_std_string_lossy();
    let parent = parent.display().to_string();
    shared.loader.borrow_mut().imports.entry(parent).or_default().insert(name.clone());
    if let Some(module) = shared.loader.borrow().modules.get(&known_as) {
        return Ok(module.clone());
    }
    let module = match format.as_str() {
        "builtin" => builtin(ctx, &esm, &name)?,
        "commonjs" => common(ctx, &esm, &name)?,
        "json" => {
            let text = text_of(ctx, &esm, &name)?;
            let json = ctx.global_object().get(js_string!("JSON"), ctx)?;
            let Some(json) = json.as_object() else {
                return Err(JsNativeError::typ().with_message("the global JSON was replaced").into());
            };
            let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
            let value = loader::call_export(ctx, &json, "parse", &[JsString::from(text).into()])?;
            Module::from_value_as_default(value, ctx)
        }
        _ => parsed(ctx, &esm, &name)?,
    };
    // Resolving may have run script, and script may have imported the same: the first one stays.
    let mut loader = shared.loader.borrow_mut();
    Ok(loader.modules.entry(known_as).or_insert(module).clone())
}

/// The module of a file's text. Files with the word `await` are noted: one that has it at the top cannot be required.
fn parsed(ctx: &mut Context, esm: &JsObject, file: &str) -> JsResult<Module> {
    let text = without_head(&text_of(ctx, esm, file)?);
    let module = loader::parse_module(ctx, &text, file)?;
    if text.contains("await") {
        HostShared::of(ctx).loader.borrow_mut().awaiting.insert(file.to_owned());
    }
    Ok(module)
}

fn key(file: &str, kind: Option<&JsString>) -> String {
    let kind = kind.map(|kind| kind.to_std_string_lossy()).unwrap_or_default();
    format!("{file}\0{kind}")
}

fn part(ctx: &mut Context) -> JsResult<JsObject> {
    let esm = loader::require_internal(ctx, "internal/esm")?;
    // It is a module of ours that exports an object.
    Ok(esm.as_object().expect("internal/esm exports an object"))
}

fn text_of(ctx: &mut Context, esm: &JsObject, file: &str) -> JsResult<String> {
    let text = loader::call_export(ctx, esm, "text", &[JsString::from(file).into()])?;
    Ok(text.to_string(ctx)?.to_std_string_lossy())
}

/// The text without byte order mark; a first line `#!…` becomes a comment.
fn without_head(text: &str) -> String {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if text.starts_with("#!") { format!("//{text}") } else { text.to_owned() }
}

fn builtin(ctx: &mut Context, esm: &JsObject, id: &str) -> JsResult<Module> {
    let exports = loader::require(ctx, id)?;
    let names = builtin_names(ctx, esm, &exports)?;
    let all = with_default(&names);
    let steps = SyntheticModuleInitializer::from_copy_closure_with_captures(
        |module, (exports, names): &(JsValue, Vec<JsString>), ctx| {
            module.set_export(&js_string!("default"), exports.clone())?;
            set_names(module, exports, names, ctx)
        },
        (exports, names),
    );
    Ok(Module::synthetic(&all, steps, None, None, ctx))
}

fn builtin_names(ctx: &mut Context, esm: &JsObject, exports: &JsValue) -> JsResult<Vec<JsString>> {
    let names = loader::call_export(ctx, esm, "names", std::slice::from_ref(exports))?;
    let Some(names) = names.as_object().and_then(|object| JsArray::from_object(object).ok()) else {
        return Ok(Vec::new());
    };
    let count = names.length(ctx)?;
    let mut all = Vec::new();
    for at in 0..count {
        let name = names.get(at, ctx)?.to_string(ctx)?;
        if name != "default" {
            all.push(name);
        }
    }
    Ok(all)
}

fn with_default(names: &[JsString]) -> Vec<JsString> {
    names.iter().cloned().chain([js_string!("default")]).collect()
}

fn set_names(
    module: &boa_engine::module::SyntheticModule,
    exports: &JsValue,
    names: &[JsString],
    ctx: &mut Context,
) -> JsResult<()> {
    let Some(object) = exports.as_object() else { return Ok(()) };
    for name in names {
        // A name whose getter throws is there and undefined, as in Node.
        let value = object.get(name.clone(), ctx).unwrap_or_default();
        module.set_export(name, value)?;
    }
    Ok(())
}

fn common(ctx: &mut Context, esm: &JsObject, file: &str) -> JsResult<Module> {
    let mut found = BTreeSet::new();
    collect(ctx, esm, file, &mut found, &mut HashSet::new())?;
    found.remove("default");
    let names: Vec<JsString> = found.iter().map(|name| JsString::from(name.as_str())).collect();
    let all = with_default(&names);
    let steps = SyntheticModuleInitializer::from_copy_closure_with_captures(
        |module, (file, names): &(JsString, Vec<JsString>), ctx| {
            let esm = part(ctx)?;
            let shared = HostShared::of(ctx);
            shared.loader.borrow_mut().running.push(file.to_std_string_lossy());
            let exports = loader::call_export(ctx, &esm, "load", &[file.clone().into()]);
            shared.loader.borrow_mut().running.pop();
            let exports = exports?;
            module.set_export(&js_string!("default"), exports.clone())?;
            set_names(module, &exports, names, ctx)
        },
        (JsString::from(file), names),
    );
    Ok(Module::synthetic(&all, steps, None, None, ctx))
}

/// Most files that one CommonJS module may hand names on from.
const MAX_FOLLOWED: usize = 256;

fn collect(
    ctx: &mut Context,
    esm: &JsObject,
    file: &str,
    found: &mut BTreeSet<String>,
    seen: &mut HashSet<String>,
) -> JsResult<()> {
    if seen.len() >= MAX_FOLLOWED || !seen.insert(file.to_owned()) {
        return Ok(());
    }
    if file.starts_with("node:") {
        let exports = loader::require(ctx, file)?;
        let names = builtin_names(ctx, esm, &exports)?;
        found.extend(names.iter().map(|name| name.to_std_string_lossy()));
        return Ok(());
    }
    let scan = names::scan(&text_of(ctx, esm, file)?);
    found.extend(scan.names);
    for id in scan.handed_on {
        let args = [JsString::from(id).into(), JsString::from(file).into()];
        let target = loader::call_export(ctx, esm, "follow", &args)?;
        if let Some(target) = target.as_string() {
            collect(ctx, esm, &target.to_std_string_lossy(), found, seen)?;
        }
    }
    Ok(())
}
