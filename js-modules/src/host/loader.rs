//! The built-in module tables, modules that a core adds, and compiling: wrappers of CommonJS, ES modules.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;
use std::rc::Rc;

use boa_engine::module::Module;
use boa_engine::object::builtins::{JsFunction, JsPromise};
use boa_engine::{
    Context, JsArgs, JsError, JsObject, JsResult, JsString, JsValue, NativeFunction, Script, Source,
    js_string,
};

use super::native::{self, ErrorClass, node_error};
use super::shared::HostShared;
use super::{Dialect, mend, nesting};
use crate::modules;

/// Makes the native part of a module.
pub type NativeInit = fn(&mut Context) -> JsResult<JsObject>;

/// The text of a built-in script.
#[derive(Debug, Clone, Copy)]
pub struct SourceText {
    /// Where the author finds it, below `js-modules/src`; empty for a line in a table.
    pub path: &'static str,
    /// What this build carries.
    pub text: &'static str,
}

impl SourceText {
    /// The text to run. While modules are written, a debug build with `MESHLITE_JS_SOURCES` set to `js-modules/src`
    /// reads them from there, so that a change needs no build.
    fn current(&self) -> std::borrow::Cow<'static, str> {
        if cfg!(debug_assertions)
            && !self.path.is_empty()
            && let Some(folder) = std::env::var_os("MESHLITE_JS_SOURCES")
            && let Ok(text) = std::fs::read_to_string(Path::new(&folder).join(self.path))
        {
            return text.into();
        }
        self.text.into()
    }
}

/// The script at a path below `js-modules/src`, for [`Builtin::script`] and [`Builtin::both`].
#[macro_export]
macro_rules! source {
    ($path:literal) => {
        $crate::host::loader::SourceText {
            path: $path,
            text: include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/", $path)),
        }
    };
}

/// One built-in module. Nothing of it is made or compiled before it is first required.
///
/// The script part runs as `function (exports, require, module, native)`; `native` is what the native part made.
/// Without a script part the native object is the module.
#[derive(Debug, Clone, Copy)]
pub struct Builtin {
    name: &'static str,
    native: Option<NativeInit>,
    script: Option<SourceText>,
    date: Option<i64>,
    replaceable: bool,
}

impl Builtin {
    /// A module that is all native.
    pub const fn native(name: &'static str, init: NativeInit) -> Self {
        Builtin { name, native: Some(init), script: None, date: None, replaceable: false }
    }

    /// A module that is all script.
    pub const fn script(name: &'static str, script: SourceText) -> Self {
        Builtin { name, native: None, script: Some(script), date: None, replaceable: false }
    }

    /// A module of one line, usually another's part.
    pub const fn line(name: &'static str, text: &'static str) -> Self {
        Self::script(name, SourceText { path: "", text })
    }

    /// A module with both parts.
    pub const fn both(name: &'static str, init: NativeInit, script: SourceText) -> Self {
        Builtin { name, native: Some(init), script: Some(script), date: None, replaceable: false }
    }

    /// Lets [`add_module`] replace this one, as the embedded script modules of the real agent allow.
    pub const fn replaceable(mut self) -> Self {
        self.replaceable = true;
        self
    }

    /// Gives the module a date: only a later one replaces it. Seconds since 1970.
    pub const fn dated(mut self, date: i64) -> Self {
        self.replaceable = true;
        self.date = Some(date);
        self
    }

    /// The name scripts require.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// True for modules that only other built-in modules may require.
    pub fn is_internal(&self) -> bool {
        self.name.starts_with("internal/")
    }
}

/// Which tables a `require` of a built-in script looks into first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scope {
    /// Node's modules only: those of [`modules::builtins`] see each other, whatever the dialect replaces.
    Node,
    /// Added modules and the dialect first, then Node's.
    Layer,
}

/// A module that a core registered.
struct Added {
    source: Option<Rc<str>>,
    object: Option<JsValue>,
    date: Option<i64>,
}

/// Tables and caches of one context.
#[derive(Default)]
pub(crate) struct Loader {
    pub layer: &'static [Builtin],
    node: HashMap<String, JsObject>,
    local: HashMap<String, JsObject>,
    added: BTreeMap<String, Added>,
    /// ES modules by file and type attribute, and what the main one promises.
    pub modules: HashMap<String, Module>,
    /// Who imports whom, by file; which files have the word `await`; the CommonJS files that a graph of modules runs.
    pub imports: HashMap<String, HashSet<String>>,
    pub awaiting: HashSet<String>,
    pub running: Vec<String>,
    pub main: Option<JsPromise>,
}

enum Found {
    Node(&'static Builtin),
    Layer(&'static Builtin),
    Source(Rc<str>),
    Object(JsValue),
}

/// The parameters of a CommonJS wrapper in Node contexts.
pub const NODE_PARAMETERS: &str = "exports, require, module, __filename, __dirname";
/// The parameters of a module wrapper in the dialect (js-host specification 2).
pub const DIALECT_PARAMETERS: &str = "exports, require, module";
const BUILTIN_PARAMETERS: &str = "exports, require, module, native";

/// Requires a built-in or added module by name.
///
/// # Errors
/// `MODULE_NOT_FOUND`; in the dialect with the text `Module: NAME (NOT FOUND)`. Whatever the module throws.
pub fn require(ctx: &mut Context, id: &str) -> JsResult<JsValue> {
    let scope = match HostShared::of(ctx).dialect() {
        Dialect::Node => Scope::Node,
        Dialect::MeshAgent => Scope::Layer,
    };
    require_in(ctx, scope, id, !id.starts_with("internal/"))
}

/// As [`require`] for natives of this crate: internal modules are found too.
pub fn require_internal(ctx: &mut Context, id: &str) -> JsResult<JsValue> {
    let scope = match HostShared::of(ctx).dialect() {
        Dialect::Node => Scope::Node,
        Dialect::MeshAgent => Scope::Layer,
    };
    require_in(ctx, scope, id, true)
}

/// Calls a function that a module exports.
pub(crate) fn call_export(
    ctx: &mut Context,
    exports: &JsObject,
    name: &str,
    args: &[JsValue],
) -> JsResult<JsValue> {
    let function = exports.get(JsString::from(name), ctx)?;
    match function.as_function() {
        Some(function) => function.call(&exports.clone().into(), args, ctx),
        None => Err(native::invalid_type(name, "of type function", &function, ctx)),
    }
}

/// True when [`require`] would find the name.
pub fn exists(ctx: &Context, id: &str) -> bool {
    let shared = HostShared::of(ctx);
    let scope = match shared.dialect() {
        Dialect::Node => Scope::Node,
        Dialect::MeshAgent => Scope::Layer,
    };
    !id.starts_with("internal/") && find(&shared, scope, id).is_some()
}

fn require_in(ctx: &mut Context, scope: Scope, id: &str, allowed: bool) -> JsResult<JsValue> {
    let shared = HostShared::of(ctx);
    let Some(found) = find(&shared, scope, id).filter(|_| allowed) else {
        return Err(not_found(id, ctx));
    };
    let bare = id.strip_prefix("node:").unwrap_or(id);
    let of_node = matches!(found, Found::Node(_));
    let cached = {
        let loader = shared.loader.borrow();
        let cache = if of_node { &loader.node } else { &loader.local };
        cache.get(bare).cloned()
    };
    if let Some(module) = cached {
        return module.get(js_string!("exports"), ctx);
    }
    let module = module_object(bare, ctx);
    {
        let mut loader = shared.loader.borrow_mut();
        let cache = if of_node { &mut loader.node } else { &mut loader.local };
        cache.insert(bare.to_owned(), module.clone());
    }
    let loaded = match found {
        Found::Node(builtin) => load_builtin(ctx, builtin, Scope::Node, &module),
        Found::Layer(builtin) => load_builtin(ctx, builtin, Scope::Layer, &module),
        Found::Source(source) => load_added(ctx, bare, &source, &module),
        Found::Object(value) => module.set(js_string!("exports"), value, true, ctx).map(|_| ()),
    };
    if let Err(error) = loaded {
        let mut loader = shared.loader.borrow_mut();
        let cache = if of_node { &mut loader.node } else { &mut loader.local };
        let failed = cache.remove(bare);
        drop(loader);
        drop(failed);
        return Err(error);
    }
    module.get(js_string!("exports"), ctx)
}

/// Modules that exist under `node:` only, as in Node.
const PREFIX_ONLY: &[&str] = &["test"];

fn find(shared: &HostShared, scope: Scope, id: &str) -> Option<Found> {
    let node = |name: &str| modules::builtins().find(|b| b.name == name).map(Found::Node);
    if let Some(bare) = id.strip_prefix("node:") {
        return node(bare);
    }
    if scope == Scope::Layer {
        let loader = shared.loader.borrow();
        if let Some(added) = loader.added.get(id) {
            return match (&added.object, &added.source) {
                (Some(object), _) => Some(Found::Object(object.clone())),
                (None, Some(source)) => Some(Found::Source(source.clone())),
                (None, None) => None,
            };
        }
        if let Some(builtin) = loader.layer.iter().find(|b| b.name == id) {
            return Some(Found::Layer(builtin));
        }
    }
    let found = node(id).filter(|_| !PREFIX_ONLY.contains(&id));
    if found.is_none() && shared.dialect() == Dialect::Node {
        // What a tool adds to its own scripts, such as the harness of core tests.
        let loader = shared.loader.borrow();
        return loader.layer.iter().find(|b| b.name == id).map(Found::Layer);
    }
    found
}

fn not_found(id: &str, ctx: &mut Context) -> JsError {
    let dialect = HostShared::of(ctx).dialect();
    let text = match dialect {
        Dialect::Node => format!("Cannot find module '{id}'"),
        Dialect::MeshAgent => format!("Module: {id} (NOT FOUND)"),
    };
    let error = node_error(ErrorClass::Error, "MODULE_NOT_FOUND", &text, ctx);
    if dialect == Dialect::MeshAgent
        && let Some(object) = error.as_opaque().and_then(JsValue::as_object)
    {
        // The dialect's errors are texts: `'' + e` is the message alone.
        native::hidden_value(&object, "name", js_string!(""));
    }
    error
}

fn module_object(id: &str, ctx: &mut Context) -> JsObject {
    let exports = JsObject::with_object_proto(ctx.intrinsics());
    native::Exports::new(ctx).value("exports", exports).value("id", JsString::from(id)).finish()
}

fn load_builtin(ctx: &mut Context, builtin: &Builtin, scope: Scope, module: &JsObject) -> JsResult<()> {
    let native = match builtin.native {
        Some(init) => Some(init(ctx)?),
        None => None,
    };
    let Some(script) = builtin.script else {
        if let Some(native) = native {
            module.set(js_string!("exports"), native, true, ctx)?;
        }
        return Ok(());
    };
    let wrapper = compile(ctx, BUILTIN_PARAMETERS, &script.current(), &format!("node:{}", builtin.name))?;
    let require = match scope {
        Scope::Node => native::function("require", 1, NativeFunction::from_fn_ptr(require_of_node), ctx),
        Scope::Layer => native::function("require", 1, NativeFunction::from_fn_ptr(require_of_layer), ctx),
    };
    let exports = module.get(js_string!("exports"), ctx)?;
    let native = native.map_or(JsValue::undefined(), JsValue::from);
    wrapper.call(&exports.clone(), &[exports, require.into(), module.clone().into(), native], ctx)?;
    Ok(())
}

fn require_of_node(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let id = native::text(args, 0, ctx)?;
    require_in(ctx, Scope::Node, &id, true)
}

fn require_of_layer(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let id = native::text(args, 0, ctx)?;
    require_in(ctx, Scope::Layer, &id, true)
}

/// The `require` that scripts of the dialect and added modules get. It looks into the tables on each call.
pub fn public_require(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let id = args.get_or_undefined(0);
    let Some(id) = id.as_string() else {
        return Err(native::invalid_type("id", "of type string", id, ctx));
    };
    require(ctx, &id.to_std_string_lossy())
}

fn load_added(ctx: &mut Context, id: &str, source: &str, module: &JsObject) -> JsResult<()> {
    let wrapper = compile(ctx, DIALECT_PARAMETERS, source, &format!("{id}.js"))?;
    let require = native::function("require", 1, NativeFunction::from_fn_ptr(public_require), ctx);
    let exports = module.get(js_string!("exports"), ctx)?;
    wrapper.call(&exports.clone(), &[exports, require.into(), module.clone().into()], ctx)?;
    Ok(())
}

/// Registers the source of a module; it is compiled when first required.
///
/// Returns false, and changes nothing, when a native module or a newer dated one has the name (js-host
/// specification 2). A module that was required already is loaded anew by the next `require`.
pub fn add_module(ctx: &Context, name: &str, source: &str, date: Option<i64>) -> bool {
    add(ctx, name, Added { source: Some(Rc::from(source)), object: None, date })
}

/// Registers a ready object as a module. Same rule as [`add_module`].
pub fn add_module_object(ctx: &Context, name: &str, object: JsValue) -> bool {
    add(ctx, name, Added { source: None, object: Some(object), date: None })
}

fn add(ctx: &Context, name: &str, new: Added) -> bool {
    let shared = HostShared::of(ctx);
    let mut loader = shared.loader.borrow_mut();
    let known = match loader.added.get(name) {
        Some(added) => Some(added.date),
        None => match loader.layer.iter().find(|b| b.name == name) {
            Some(builtin) if !builtin.replaceable => return false,
            Some(builtin) => Some(builtin.date),
            None => None,
        },
    };
    let taken = match known {
        None => true,
        Some(None) => true,
        Some(Some(old)) => new.date.is_some_and(|date| date > old),
    };
    if taken {
        let old = (loader.added.insert(name.to_owned(), new), loader.local.remove(name));
        drop(loader);
        drop(old); // may free script values: with no borrow held
    }
    taken
}

/// Names of all modules that can be required, added ones included, sorted.
pub fn module_names(ctx: &Context) -> Vec<String> {
    let shared = HostShared::of(ctx);
    let loader = shared.loader.borrow();
    let mut names: Vec<String> = loader.added.keys().cloned().collect();
    let tables = loader.layer.iter().chain(modules::builtins());
    names.extend(
        tables.filter(|b| !b.is_internal() && !PREFIX_ONLY.contains(&b.name)).map(|b| b.name.to_owned()),
    );
    names.sort();
    names.dedup();
    names
}

/// The source of an added or embedded script module (`getJSModule`).
pub fn module_source(ctx: &Context, name: &str) -> Option<String> {
    let shared = HostShared::of(ctx);
    let loader = shared.loader.borrow();
    if let Some(added) = loader.added.get(name) {
        return added.source.as_deref().map(str::to_owned);
    }
    let builtin = loader.layer.iter().find(|b| b.name == name && b.native.is_none())?;
    builtin.script.map(|script| script.current().into_owned())
}

/// The date of an added or embedded script module, in seconds since 1970 (`getJSModuleDate`).
pub fn module_date(ctx: &Context, name: &str) -> Option<i64> {
    let shared = HostShared::of(ctx);
    let loader = shared.loader.borrow();
    match loader.added.get(name) {
        Some(added) => added.date,
        None => loader.layer.iter().find(|b| b.name == name)?.date,
    }
}

/// Compiles `source` as the body of a function with these parameters. Line numbers are those of the source.
///
/// # Errors
/// A `SyntaxError` that carries `fileName`, `lineNumber` and `columnNumber`.
pub fn compile(ctx: &mut Context, parameters: &str, source: &str, file: &str) -> JsResult<JsFunction> {
    let prefix = format!("(function ({parameters}) {{");
    // A first line `#!/usr/bin/env …` is a comment; it cannot stay, as it is no longer first.
    let source =
        if source.starts_with("#!") { &source[source.find('\n').unwrap_or(source.len())..] } else { source };
    let mut text = String::with_capacity(prefix.len() + source.len() + 4);
    text.push_str(&prefix);
    text.push_str(source);
    text.push_str("\n})");
    let script = parse(ctx, &text, file, prefix.len())?;
    let value = script.evaluate(ctx)?;
    match value.as_function() {
        Some(function) => Ok(function),
        // Only a source that closes the wrapper by itself gets here.
        None => Err(node_error(ErrorClass::Type, "ERR_INVALID_MODULE", "the module closes its wrapper", ctx)),
    }
}

/// Parses a script. `shift` columns of the first line are not the author's.
pub(crate) fn parse(ctx: &mut Context, text: &str, file: &str, shift: usize) -> JsResult<Script> {
    parse_with(ctx, text, file, shift, |text, ctx| {
        Script::parse(Source::from_bytes(text).with_path(Path::new(file)), None, ctx)
    })
}

/// Parses an ES module.
pub(crate) fn parse_module(ctx: &mut Context, text: &str, file: &str) -> JsResult<Module> {
    parse_with(ctx, text, file, 0, |text, ctx| {
        Module::parse(Source::from_bytes(text).with_path(Path::new(file)), None, ctx)
    })
}

/// Parses after the nesting check; what the engine's parser takes wrongly is mended (see [`mend`]).
fn parse_with<T>(
    ctx: &mut Context,
    text: &str,
    file: &str,
    shift: usize,
    read: impl Fn(&str, &mut Context) -> JsResult<T>,
) -> JsResult<T> {
    let stack = HostShared::of(ctx).budget().native_stack_bytes;
    nesting::check(text, stack).map_err(|deep| native::too_deep(&deep, Some(file), ctx))?;
    if let Some(parsed) = mend::arrows(text).and_then(|mended| read(&mended, ctx).ok()) {
        return Ok(parsed);
    }
    read(text, ctx).or_else(|error| match mend::names(text).and_then(|mended| read(&mended, ctx).ok()) {
        Some(parsed) => Ok(parsed),
        None => Err(place(error, text, file, shift, ctx)),
    })
}

/// Says whether a script parses, without running it.
///
/// # Errors
/// A `SyntaxError` that carries `fileName`, `lineNumber` and `columnNumber`.
pub fn check_syntax(ctx: &mut Context, text: &str, file: &str) -> JsResult<()> {
    parse(ctx, text, file, 0).map(|_| ())
}

/// Gives a syntax error its file, line and column; the engine has them in the message only.
fn place(error: JsError, text: &str, file: &str, shift: usize, ctx: &mut Context) -> JsError {
    let Some(native) = error.as_native() else {
        return error;
    };
    let message = native.message().to_owned();
    let at = message.rfind(" at line ").and_then(|at| {
        let (line, column) = message[at + 9..].split_once(", col ")?;
        let digits = column.find(|c: char| !c.is_ascii_digit()).unwrap_or(column.len());
        Some((at, line.parse::<u32>().ok()?, column[..digits].parse::<u32>().ok()?))
    });
    let (cut, line, mut column) = match at {
        Some((at, line, column)) => (at, line, column),
        // The text ended too early.
        None => (message.len(), text.lines().count().max(1) as u32, 1),
    };
    if line == 1 {
        column = column.saturating_sub(shift as u32).max(1);
    }
    let Ok(value) = JsError::from(native.clone().with_message(message[..cut].to_owned())).into_opaque(ctx)
    else {
        return error;
    };
    if let Some(object) = value.as_object() {
        native::hidden_value(&object, "fileName", JsString::from(file));
        native::hidden_value(&object, "lineNumber", line);
        native::hidden_value(&object, "columnNumber", column);
        let stack = format!("{file}:{line}:{column}\nSyntaxError: {}", &message[..cut]);
        native::hidden_value(&object, "stack", JsString::from(stack));
    }
    JsError::from_opaque(value)
}
