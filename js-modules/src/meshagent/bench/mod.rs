//! The bench: a core under test, with a test in the agent's and the server's place.
//!
//! A test is a script of its own context, with all of Node's modules and `meshlite:test`, whose natives are here. It
//! only queues [`Order`]s; between the turns of the chain [`Bench`] carries them out, so that no engine runs inside
//! another's call. What a core does comes back the same way, as a task of the test's context.

mod cores;
mod port;
mod watchdog;

use std::cell::RefCell;
use std::collections::VecDeque;
use std::io;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use boa_engine::object::builtins::JsFunction;
use boa_engine::{Context, JsArgs, JsObject, JsResult, JsString, JsValue};
use microstack::chain::{Chain, TurnWatch};

use super::port::BuildInfo;
use crate::host::bytes::bytes_of;
use crate::host::loader::Builtin;
use crate::host::native::{ErrorClass, Exports, function_argument, node_error, string_argument};
use crate::host::{Host, HostEvent, HostOptions, HostShared, Layer, Permissions, ScriptError, TerminalSink};
use cores::{Cores, Start};
use watchdog::Watchdog;

/// The module that tests require.
pub const MODULE: &str = "meshlite:test";

/// Runs test files in one context, as `node FILE` would each, and returns the exit code: 0 when all passed.
///
/// `folder` is where the tests' cores are. The thread needs [`crate::host::NATIVE_STACK_BYTES`] of stack.
///
/// # Errors
/// Fails when the chain or the engine cannot be made.
pub fn run_tests(folder: &Path, files: &[PathBuf], build: BuildInfo) -> io::Result<i32> {
    let chain = Chain::new()?;
    let watchdog = Rc::new(Watchdog::start()?);
    chain.set_watch(watchdog.clone());
    let program = std::env::current_exe().unwrap_or_default().display().to_string();
    let folder = folder.canonicalize()?;
    let options = HostOptions {
        argv: vec![program.clone(), folder.display().to_string()],
        exec_path: program,
        cwd: std::env::current_dir()?,
        env: std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect(),
        sink: Rc::new(TerminalSink),
        permissions: Permissions::full(),
        layer: Some(Layer { builtins: BUILTINS, install: |_| Ok(()) }),
        ..HostOptions::default()
    };
    let mut tests = Host::new(chain.clone(), options).map_err(io::Error::other)?;
    let bench = Rc::new(Bench { folder, orders: RefCell::default() });
    let for_natives = bench.clone();
    let placed = tests.enter("bench", |ctx| {
        ctx.insert_data(for_natives);
        Ok(())
    });
    placed.map_err(io::Error::other)?;
    let mut cores = Cores::new(chain.clone(), tests.shared().clone(), build, watchdog.clone());
    let files: Vec<String> = files.iter().map(|file| file.display().to_string()).collect();
    let files: Vec<&str> = files.iter().map(String::as_str).collect();
    tests.run_builtin(MODULE, "_run", &files);
    let mut code = None;
    chain.run_until(None, &mut |_| {
        // Script runs here, before the chain's first turn too.
        watchdog.turn_begins();
        tests.drain();
        while let Some(order) = bench.next() {
            cores.carry_out(order);
        }
        cores.drain();
        tell(&mut tests);
        code = tests.exit_code();
        if code.is_none() && tests.is_idle() {
            code = tests.finish();
            tell(&mut tests);
        }
        watchdog.turn_ends();
        code.is_some()
    })?;
    Ok(code.unwrap_or(1))
}

/// Shows what a test could not handle itself.
fn tell(tests: &mut Host) {
    for event in tests.events() {
        match event {
            HostEvent::UncaughtException(error) | HostEvent::UnhandledRejection(error) => {
                eprintln!("Uncaught {error}");
            }
            HostEvent::CoreCrashed { reason } => eprintln!("The tests were ended: {reason}"),
            _ => {}
        }
    }
}

const BUILTINS: &[Builtin] = &[Builtin::both(MODULE, init, crate::source!("meshagent/bench/bench.js"))];

/// What a test asks for.
enum Order {
    Start(Box<Start>),
    /// A text of the server for a core.
    Text(u32, String),
    /// A binary command of the server.
    Binary(u32, Vec<u8>),
    /// The channel opens or is lost.
    Connected(u32, bool),
    Stop(u32),
}

/// Orders of the test's context to [`run_tests`].
struct Bench {
    folder: PathBuf,
    orders: RefCell<VecDeque<Order>>,
}

/// Orders that may wait: they are carried out after each turn.
const MAX_ORDERS: usize = 4096;

impl Bench {
    fn next(&self) -> Option<Order> {
        self.orders.borrow_mut().pop_front()
    }
}

fn init(ctx: &mut Context) -> JsResult<JsObject> {
    let folder = match ctx.get_data::<Rc<Bench>>() {
        Some(bench) => JsValue::from(JsString::from(bench.folder.display().to_string())),
        None => JsValue::undefined(),
    };
    Ok(Exports::new(ctx)
        .value("folder", folder)
        .function("start", 7, start)
        .function("text", 2, |_, args, ctx| {
            let text = string_argument(args, 1, "text", ctx)?;
            order(Order::Text(number(args, ctx)?, text), ctx)
        })
        .function("binary", 2, |_, args, ctx| {
            let bytes = bytes_of(args.get_or_undefined(1), ctx)?;
            order(Order::Binary(number(args, ctx)?, bytes), ctx)
        })
        .function("connected", 2, |_, args, ctx| {
            let open = args.get_or_undefined(1).to_boolean();
            order(Order::Connected(number(args, ctx)?, open), ctx)
        })
        .function("stop", 1, |_, args, ctx| order(Order::Stop(number(args, ctx)?), ctx))
        .finish())
}

/// `start(number, name, text, grantJson, settingsJson, connected, tell)`: what it comes to is told by `tell(kind, …)`.
fn start(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let start = Start {
        number: number(args, ctx)?,
        name: string_argument(args, 1, "name", ctx)?,
        text: string_argument(args, 2, "text", ctx)?,
        grant: string_argument(args, 3, "grant", ctx)?,
        settings: pairs(&string_argument(args, 4, "settings", ctx)?),
        connected: args.get_or_undefined(5).to_boolean(),
        tell: function_argument(args, 6, "tell", ctx)?,
    };
    order(Order::Start(Box::new(start)), ctx)
}

fn number(args: &[JsValue], ctx: &mut Context) -> JsResult<u32> {
    args.get_or_undefined(0).to_u32(ctx)
}

/// The texts of a JSON object.
fn pairs(json: &str) -> Vec<(String, String)> {
    let object: serde_json::Map<String, serde_json::Value> = serde_json::from_str(json).unwrap_or_default();
    object.into_iter().filter_map(|(key, value)| Some((key, value.as_str()?.to_owned()))).collect()
}

fn order(order: Order, ctx: &mut Context) -> JsResult<JsValue> {
    let Some(bench) = ctx.get_data::<Rc<Bench>>().cloned() else {
        return Ok(JsValue::undefined());
    };
    if bench.orders.borrow().len() >= MAX_ORDERS {
        let text = "too much for the core in one turn; await something";
        return Err(node_error(ErrorClass::Error, "ERR_TOO_MANY_ORDERS", text, ctx));
    }
    bench.orders.borrow_mut().push_back(order);
    // A turn ends soon after: what came between two drains is carried out in the next.
    HostShared::of(ctx).chain().nudge();
    Ok(JsValue::undefined())
}

/// The function by which a test is told, and its context.
struct Teller {
    tests: Rc<HostShared>,
    tell: JsFunction,
}

impl Teller {
    /// Queues a call of the test's function.
    fn say(&self, kind: &'static str, make: impl FnOnce(&mut Context) -> JsResult<Vec<JsValue>> + 'static) {
        let tell = self.tell.clone();
        self.tests.push(Box::new(move |ctx| {
            let mut args = vec![JsValue::from(JsString::from(kind))];
            args.extend(make(ctx)?);
            tell.call(&JsValue::undefined(), &args, ctx).map(|_| ())
        }));
    }

    fn text(&self, kind: &'static str, text: String) {
        self.say(kind, move |_| Ok(vec![JsString::from(text).into()]));
    }

    /// An error of the core, as `(headline, everything)`.
    fn error(&self, kind: &'static str, error: &ScriptError) {
        let (headline, all) = (error.headline(), error.to_string());
        self.say(kind, move |_| Ok(vec![JsString::from(headline).into(), JsString::from(all).into()]));
    }
}
