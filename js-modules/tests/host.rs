//! The host from its owner's side: nested waits, ends, events, memory.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::{Duration, Instant};

use boa_engine::{Context, JsArgs, JsResult, JsValue, NativeFunction};
use js_modules::host::{
    Allow, Budget, ConsoleLevel, Dialect, Host, HostEvent, HostOptions, HostShared, MAX_WAITS, Need,
    Permissions, ScriptErrorKind, ScriptWatch, Sink, StandardStream, block_on, loader, memory, native,
    on_big_stack,
};
use microstack::chain::{Chain, Cx, Link, Wake};

fn host(options: HostOptions) -> (Chain, Host) {
    let chain = Chain::new().unwrap();
    let mut host = Host::new(chain.clone(), options).unwrap();
    host.enter("test", |ctx| {
        let global = ctx.global_object();
        native::hidden_function(&global, "wait", 1, NativeFunction::from_fn_ptr(wait), ctx);
        Ok(())
    })
    .unwrap();
    (chain, host)
}

/// `wait(ms)`: waits inside the call, as `waitExit` does.
fn wait(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let ms = args.get_or_undefined(0).to_number(ctx)? as u64;
    block_on(ctx, Some(Instant::now() + Duration::from_millis(ms)), &mut || false)?;
    Ok(JsValue::undefined())
}

/// Every test runs on the stack that the default budget assumes.
fn big(body: impl FnOnce() + Send) {
    on_big_stack(body).unwrap();
}

fn run(chain: &Chain, host: &mut Host) {
    let deadline = Instant::now() + Duration::from_secs(20);
    chain
        .run_until(Some(deadline), &mut |_| {
            host.drain();
            host.is_idle()
        })
        .unwrap();
    assert!(Instant::now() < deadline, "the script did not come to rest");
}

fn lines(host: &mut Host) -> Vec<String> {
    let events = host.events();
    events
        .into_iter()
        .map(|event| match event {
            HostEvent::ConsoleLine { text, .. } => text,
            other => format!("{other:?}"),
        })
        .collect()
}

/// Pushes a task every millisecond until it is gone.
struct Ticker {
    shared: std::rc::Weak<HostShared>,
    count: Rc<Cell<u32>>,
    tasks: Rc<Cell<u32>>,
}

impl Link for Ticker {
    fn wake(&mut self, cx: &mut Cx<'_>, _: Wake) {
        self.count.set(self.count.get() + 1);
        if let Some(shared) = self.shared.upgrade() {
            let tasks = self.tasks.clone();
            shared.push(Box::new(move |_| {
                tasks.set(tasks.get() + 1);
                Ok(())
            }));
        }
        cx.set_timer(Some(cx.now() + Duration::from_millis(1)));
    }
}

#[test]
fn a_nested_wait_inside_a_timer_inside_a_wait_works_and_serves_other_links() {
    big(|| {
        let (chain, mut host) = host(HostOptions::default());
        let (count, tasks) = (Rc::new(Cell::new(0)), Rc::new(Cell::new(0)));
        let shared = Rc::downgrade(host.shared());
        host.shared().add_link("ticker", Ticker { shared, count: count.clone(), tasks: tasks.clone() });
        host.run_script(
            "nested.js",
            "
            const log = (x) => console.log(x);
            setTimeout(() => {
                log('timer starts');
                setTimeout(() => log('innermost timer'), 5);
                Promise.resolve().then(() => log('promise in wait'));
                wait(30);
                log('timer ends');
            }, 5);
            log('main starts');
            wait(80);
            log('main ends');
            ",
        );
        // All of it happened inside the main script's wait, before the chain was ever run from outside.
        assert_eq!(
            lines(&mut host),
            ["main starts", "timer starts", "promise in wait", "innermost timer", "timer ends", "main ends"]
        );
        assert!(count.get() > 20, "the other link was served {} times", count.get());
        assert!(tasks.get() > 20, "its tasks ran {} times", tasks.get());
        run(&chain, &mut host);
    });
}

/// Rings after a while: sets the flag in a task, as a child's exit does.
struct Bell {
    shared: std::rc::Weak<HostShared>,
    rung: Rc<Cell<bool>>,
}

impl Link for Bell {
    fn wake(&mut self, cx: &mut Cx<'_>, wake: Wake) {
        if wake.start {
            cx.set_timer(Some(cx.now() + Duration::from_millis(20)));
        }
        if let (true, Some(shared)) = (wake.timer, self.shared.upgrade()) {
            let rung = self.rung.clone();
            shared.push(Box::new(move |_| {
                rung.set(true);
                Ok(())
            }));
            cx.remove_self();
        }
    }
}

/// `untilBell()`: waits without a deadline for what a link's task says.
fn until_bell(_: &JsValue, _: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let shared = HostShared::of(ctx);
    let rung = Rc::new(Cell::new(false));
    shared.add_link("bell", Bell { shared: Rc::downgrade(&shared), rung: rung.clone() });
    block_on(ctx, None, &mut || rung.get())?;
    Ok(JsValue::undefined())
}

#[test]
fn a_wait_ends_by_the_task_of_a_link_and_outer_waits_end_after_inner_ones() {
    big(|| {
        let (chain, mut host) = host(HostOptions::default());
        host.enter("test", |ctx| {
            let global = ctx.global_object();
            let body = NativeFunction::from_fn_ptr(until_bell);
            native::hidden_function(&global, "untilBell", 0, body, ctx);
            Ok(())
        })
        .unwrap();
        host.run_script(
            "bell.js",
            "setTimeout(() => { untilBell(); wait(40); console.log('inner'); }, 1);
             untilBell();
             console.log('outer');",
        );
        assert_eq!(lines(&mut host), ["inner", "outer"]);
        run(&chain, &mut host);
    });
}

#[test]
fn waits_nest_to_a_bound_and_then_fail_with_a_clear_error() {
    big(|| {
        let (chain, mut host) = host(HostOptions::default());
        host.run_script(
            "deep.js",
            "
            let depth = 0;
            let most = 0;
            function again() {
                depth++;
                most = Math.max(most, depth);
                setTimeout(again, 1);
                try { wait(50); } catch (error) { console.log(error.code, error.message); clear = true; }
                depth--;
            }
            const real = setTimeout;
            let clear = false;
            setTimeout = (...args) => { if (!clear) real(...args); };
            again();
            console.log(most);
            ",
        );
        run(&chain, &mut host);
        let lines = lines(&mut host);
        assert!(lines[0].starts_with("ERR_WAIT_TOO_DEEP waits are nested more than"), "{lines:?}");
        assert!(lines.contains(&(MAX_WAITS + 1).to_string()), "{lines:?}");
    });
}

#[test]
fn an_interval_does_not_nest_into_itself_while_its_callback_waits() {
    big(|| {
        let (chain, mut host) = host(HostOptions::default());
        host.run_script(
            "interval.js",
            "
            let inside = 0, rounds = 0;
            const t = setInterval(() => {
                inside++;
                if (inside > 1) console.log('nested');
                wait(10);
                inside--;
                if (++rounds === 3) clearInterval(t);
            }, 1);
            ",
        );
        run(&chain, &mut host);
        assert!(lines(&mut host).is_empty());
    });
}

#[test]
fn an_exception_during_a_wait_is_uncaught_and_the_wait_goes_on() {
    big(|| {
        let (chain, mut host) = host(HostOptions { dialect: Dialect::MeshAgent, ..HostOptions::default() });
        host.load_core(
            "core.js",
            "setTimeout(() => { throw new Error('inner') }, 1); wait(20); console.log('after');",
        )
        .unwrap();
        let events = host.events();
        assert!(
            matches!(&events[0], HostEvent::UncaughtException(e) if e.headline() == "core.js:1:26 Error: inner"),
            "{events:?}"
        );
        assert!(matches!(&events[1], HostEvent::ConsoleLine { text, .. } if text == "after"), "{events:?}");
        run(&chain, &mut host);
    });
}

#[test]
fn a_crash_or_an_exit_during_a_wait_unwinds_the_waiter() {
    big(|| {
        for (inner, crashed) in [("f()", true), ("process.exit(3)", false)] {
            big(|| {
                let (_chain, mut host) = host(HostOptions::default());
                host.run_script(
                    "x.js",
                    &format!(
                        "function f() {{ f(); }}
                        setTimeout(() => {{ {inner} }}, 1);
                        try {{ wait(10000); }} catch {{ console.log('caught'); }} finally {{ console.log('finally'); }}
                        console.log('went on');"
                    ),
                );
                assert_eq!(host.exit_code(), Some(if crashed { 70 } else { 3 }));
                let events = host.events();
                assert_eq!(events.len(), 1, "{events:?}");
                match &events[0] {
                    HostEvent::CoreCrashed { reason } => assert_eq!(reason.kind, ScriptErrorKind::Limit),
                    other => assert_eq!(other, &HostEvent::Exit(3)),
                }
            });
        }
    });
}

#[test]
fn a_panic_in_a_native_is_a_crash_and_a_new_host_works() {
    big(|| {
        let (chain, mut host) = host(HostOptions::default());
        host.enter("test", |ctx| {
            let global = ctx.global_object();
            let body = NativeFunction::from_copy_closure(|_, _, _| panic!("a native panicked"));
            native::hidden_function(&global, "explode", 0, body, ctx);
            Ok(())
        })
        .unwrap();
        host.run_script("x.js", "setTimeout(() => [3, 2, 1].sort(() => explode()), 1)");
        run(&chain, &mut host);
        let events = host.events();
        assert!(
            matches!(&events[..], [HostEvent::CoreCrashed { reason }]
                if reason.kind == ScriptErrorKind::Panic && reason.message == "a native panicked"),
            "{events:?}"
        );
        assert!(host.enter("late", |_| Ok(())).is_err(), "nothing runs after the end");
        drop(host);
        let mut next = Host::new(chain.clone(), HostOptions::default()).unwrap();
        next.run_script("y.js", "console.log([3, 1, 2].sort().join())");
        assert_eq!(lines(&mut next), ["1,2,3"]);
    });
}

#[test]
fn load_core_reports_where_it_failed() {
    big(|| {
        let (_chain, mut host) = host(HostOptions { dialect: Dialect::MeshAgent, ..HostOptions::default() });
        let error = host.load_core("core.js", "\n\n  null.x;").unwrap_err();
        assert!(error.headline().starts_with("core.js:3:"), "{error}");
        assert_eq!(
            (error.kind, error.name.as_str(), error.line),
            (ScriptErrorKind::Exception, "TypeError", 3)
        );
        let error = host.load_core("core.js", "var a = 1;\nvar = 2;").unwrap_err();
        assert_eq!((error.kind, error.line), (ScriptErrorKind::Syntax, 2), "{error}");
        assert!(error.headline().starts_with("core.js:2:5 SyntaxError: "), "{error}");
        let error = host.load_core("core.js", &"[".repeat(100_000)).unwrap_err();
        assert_eq!(error.kind, ScriptErrorKind::Nesting, "{error}");
        // The context lives on.
        host.load_core("core.js", "console.log(typeof module, this === globalThis, a)").unwrap_err();
        host.load_core("core.js", "var q = 5; console.log(typeof module, this === globalThis, q)").unwrap();
        assert_eq!(lines(&mut host), ["undefined true 5"]);
    });
}

#[test]
fn modules_of_a_core_follow_the_rules_of_the_agent() {
    big(|| {
        let (_chain, mut host) = host(HostOptions { dialect: Dialect::MeshAgent, ..HostOptions::default() });
        host.enter("test", |ctx| {
            assert!(loader::add_module(ctx, "mine", "exports.n = 1; exports.me = this === exports;", None));
            assert!(loader::add_module(ctx, "dated", "exports.n = 1;", Some(100)));
            assert!(!loader::add_module(ctx, "dated", "exports.n = 2;", None), "a dated module stays");
            assert!(!loader::add_module(ctx, "dated", "exports.n = 2;", Some(100)));
            assert!(loader::add_module(ctx, "bad", "exports.n = ;", None), "a syntax error shows at require");
            assert_eq!(loader::module_date(ctx, "dated"), Some(100));
            assert_eq!(loader::module_source(ctx, "dated").as_deref(), Some("exports.n = 1;"));
            Ok(())
        })
        .unwrap();
        host.load_core(
            "core.js",
            "var m = require('mine'); console.log(m.n, m.me, m === require('mine'));
             try { require('bad') } catch (e) { console.log(e.name, e.fileName, e.lineNumber) }
             try { require('win-x') } catch (e) { console.log(e.message) }
             try { require('internal/cjs') } catch (e) { console.log(e.message) }",
        )
        .unwrap();
        host.enter("test", |ctx| {
            assert!(loader::add_module(ctx, "mine", "exports.n = 2;", None));
            Ok(())
        })
        .unwrap();
        host.load_core("core.js", "console.log(require('mine').n)").unwrap();
        assert_eq!(
            lines(&mut host),
            [
                "1 true true",
                "SyntaxError bad.js 1",
                "Module: win-x (NOT FOUND)",
                "Module: internal/cjs (NOT FOUND)",
                "2"
            ]
        );
    });
}

#[derive(Default)]
struct Recorder(RefCell<Vec<String>>);

impl Sink for Recorder {
    fn console(&self, level: ConsoleLevel, text: &str) -> bool {
        self.0.borrow_mut().push(format!("{level:?} {text}"));
        true
    }

    fn write(&self, to: StandardStream, bytes: &[u8]) {
        self.0.borrow_mut().push(format!("{to:?} {}", String::from_utf8_lossy(bytes)));
    }
}

impl ScriptWatch for Recorder {
    fn on_enter(&self, what: &str) {
        self.0.borrow_mut().push(format!("+{what}"));
    }

    fn on_leave(&self) {
        self.0.borrow_mut().push("-".into());
    }
}

#[test]
fn the_sink_gets_lines_and_bytes_and_the_watch_is_told_of_entries() {
    big(|| {
        let (sink, watch) = (Rc::new(Recorder::default()), Rc::new(Recorder::default()));
        let options =
            HostOptions { sink: sink.clone(), watch: Some(watch.clone()), ..HostOptions::default() };
        let (chain, mut host) = host(options);
        host.run_script(
            "a.js",
            "console.error('%s!', 'bad'); process.stdout.write(Buffer.from('raw')); setTimeout(() => {}, 1)",
        );
        run(&chain, &mut host);
        assert_eq!(*sink.0.borrow(), ["Error bad!", "Output raw"]);
        let told = watch.0.borrow();
        assert!(told.contains(&"+a.js".to_owned()) && told.contains(&"+timer".to_owned()), "{told:?}");
        assert_eq!(
            told.iter().filter(|x| x.starts_with('+')).count(),
            told.iter().filter(|x| *x == "-").count()
        );
    });
}

#[test]
fn a_refused_permission_is_named() {
    big(|| {
        let permissions = Permissions { fs_read: Allow::only(["/usr"]), ..Permissions::none() };
        let (_chain, mut host) = host(HostOptions { permissions, ..HostOptions::default() });
        host.run_script(
            "/usr/x.js",
            "try { process.chdir('/etc') } catch (e) { console.log(e.code, e.permission, e.resource) }
             process.chdir('/usr');
             try { process.kill(1, 0) } catch (e) { console.log(e.message) }
             try { process.env.A = '1' } catch (e) { console.log(e.permission) }
             console.log(Object.keys(process.env).length);
             try { require('/etc/x.json') } catch (e) { console.log(e.code) }",
        );
        assert_eq!(
            lines(&mut host),
            [
                "ERR_ACCESS_DENIED fs.read /etc",
                "Permission denied: this script lacks `exec` for `kill`; grant `exec` in its manifest",
                "env",
                "0",
                "MODULE_NOT_FOUND"
            ]
        );
        let shared = host.shared().clone();
        assert!(shared.permissions().check(Need::Net("example.org")).is_err());
    });
}

#[test]
fn a_flood_of_tasks_ends_the_context_and_a_polite_sender_is_refused_before() {
    big(|| {
        let budget = Budget { max_queue: 100, ..Budget::default() };
        let (_chain, mut host) = host(HostOptions { budget, ..HostOptions::default() });
        let shared = host.shared().clone();
        for _ in 0..50 {
            assert!(shared.try_push(Box::new(|_| Ok(())), 50).is_ok());
        }
        assert!(shared.try_push(Box::new(|_| Ok(())), 50).is_err());
        for _ in 0..60 {
            shared.push(Box::new(|_| Ok(())));
        }
        host.drain();
        let events = host.events();
        assert!(
            matches!(&events[..], [HostEvent::CoreCrashed { reason }] if reason.name == "QueueOverflow"),
            "{events:?}"
        );
    });
}

#[test]
fn a_hold_keeps_a_script_alive_until_it_is_released() {
    big(|| {
        let (_chain, mut host) = host(HostOptions::default());
        host.run_script("a.js", "1");
        assert!(host.is_idle());
        let hold = host.shared().hold();
        assert!(!host.is_idle());
        hold.release();
        assert!(host.is_idle());
        hold.count();
        assert!(!host.is_idle());
        drop(hold);
        assert!(host.is_idle());
        assert_eq!(host.finish(), Some(0));
    });
}

#[test]
fn shutdown_removes_links_and_frees_what_callbacks_held() {
    big(|| {
        let chain = Chain::new().unwrap();
        let before = chain.len();
        let dropped = Rc::new(());
        for _ in 0..3 {
            let mut host = Host::new(chain.clone(), HostOptions::default()).unwrap();
            let shared = Rc::downgrade(host.shared());
            let (count, tasks) = (Rc::default(), Rc::default());
            host.shared().add_link("ticker", Ticker { shared, count, tasks });
            let held = dropped.clone();
            host.shared().push(Box::new(move |_| {
                drop(held);
                Ok(())
            }));
            host.run_script(
                "a.js",
                "setInterval(() => {}, 1); process.nextTick(() => {}); new Promise(() => {});",
            );
            let weak = Rc::downgrade(host.shared());
            drop(host);
            assert!(weak.upgrade().is_none(), "the shared state is freed with the host");
        }
        assert_eq!(chain.len(), before, "no link is left");
        assert_eq!(Rc::strong_count(&dropped), 1, "tasks that never ran are dropped");
    });
}

#[test]
fn two_hundred_contexts_leave_no_memory() {
    big(|| {
        let chain = Chain::new().unwrap();
        let round = || {
            let mut host = Host::new(chain.clone(), HostOptions::default()).unwrap();
            host.run_script(
                "a.js",
                "const a = []; for (let i = 0; i < 2000; i++) a.push({ a, i, f: () => a });
                 setInterval(() => a, 1000); new Promise(() => a); Buffer.alloc(1e5); process.on('exit', () => a);",
            );
            host.drain();
        };
        for _ in 0..40 {
            round();
        }
        memory::trim();
        let before = memory::resident_bytes();
        for _ in 0..160 {
            round();
        }
        memory::trim();
        let grown = memory::resident_bytes().saturating_sub(before);
        assert!(grown < 8 << 20, "160 contexts left {grown} bytes");
    });
}

#[test]
fn an_idle_script_with_a_timer_wakes_only_for_it() {
    big(|| {
        let (chain, mut host) = host(HostOptions::default());
        host.run_script("a.js", "setTimeout(() => console.log('done'), 150)");
        host.drain();
        let before = chain.stats().wake_ups;
        run(&chain, &mut host);
        assert_eq!(lines(&mut host), ["done"]);
        assert!(chain.stats().wake_ups - before <= 3, "{:?}", chain.stats());
    });
}

#[test]
fn a_memory_limit_ends_the_context_and_not_the_process() {
    big(|| {
        let budget =
            Budget { memory_bytes: Some(memory::resident_bytes() + (64 << 20)), ..Budget::default() };
        let (chain, mut host) = host(HostOptions { budget, ..HostOptions::default() });
        host.run_script("a.js", "const kept = []; setInterval(() => kept.push(Buffer.alloc(8e6, 1)), 1)");
        run(&chain, &mut host);
        let events = host.events();
        assert!(
            matches!(&events[..], [HostEvent::CoreCrashed { reason }] if reason.name == "MemoryLimit"),
            "{events:?}"
        );
    });
}
