//! `spawnSync` and its kind: only the child runs, no other event is served.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use boa_engine::{Context, JsArgs, JsResult, JsString, JsValue};
use microstack::chain::{Chain, Cx, Link, RunEnd, Wake};
use microstack::process::{Child, Event, Exit};

use super::options;
use crate::host::HostShared;
use crate::host::bytes;
use crate::host::native::{Exports, index_argument, system_error};

/// A grandchild may keep a pipe open after the child is gone: that long we read on.
const LINGER: Duration = Duration::from_millis(250);

#[derive(Default)]
struct Collected {
    stdout: Vec<u8>,
    stderr: Vec<u8>,
    exit: Option<(Exit, Instant)>,
    finished: bool,
    /// One of the streams grew beyond its limit.
    overflow: bool,
}

pub(super) fn spawn_sync(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let input = match args.get_or_undefined(1) {
        value if value.is_null_or_undefined() => Vec::new(),
        value => bytes::bytes_of(&value.clone(), ctx)?,
    };
    let ms = args.get_or_undefined(2).to_number(ctx)?;
    let max_bytes = index_argument(args, 3, 1 << 20, ctx)?;
    let signal = args.get_or_undefined(4).to_i32(ctx)?;
    let wanted = options::read(args, ctx)?;
    HostShared::of(ctx).require_handle("spawnSync", ctx)?;
    let child = match Child::start(&wanted.spawn) {
        Ok(child) => child,
        Err(error) => {
            let failure = options::not_started(&error, ctx);
            return Ok(Exports::new(ctx).value("pid", 0).value("failure", failure).finish().into());
        }
    };
    let pid = child.pid();
    // A chain of its own: timers and sockets of the script must not run inside a synchronous call.
    let chain = Chain::new().map_err(|e| system_error(&e, "epoll_create", None, ctx))?;
    let collected = Rc::new(RefCell::new(Collected::default()));
    let link = Collector { child, input, sent: 0, max_bytes, signal, kill: false, out: collected.clone() };
    let id = chain.add("synchronous child", link);
    let deadline = (ms > 0.0).then(|| Instant::now() + Duration::from_millis(ms.min(1e12) as u64));
    let done = |c: &Collected| c.finished || c.exit.is_some_and(|(_, at)| at.elapsed() >= LINGER);

    let mut timed_out = false;
    let mut limit = deadline;
    loop {
        // After the exit, wait for the streams only so long.
        let linger = collected.borrow().exit.map(|(_, at)| at + LINGER);
        let until = match (linger, limit) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
        let had_exit = linger.is_some();
        let end = chain.run_until(until, &mut |_| {
            let c = collected.borrow();
            done(&c) || (!had_exit && c.exit.is_some())
        });
        match end {
            Err(error) => return Err(system_error(&error.into(), "poll", None, ctx)),
            Ok(_) if done(&collected.borrow()) => break,
            Ok(RunEnd::TimedOut) if !had_exit => {
                timed_out = true;
                limit = None;
                // Refused only when the link is gone, and then the loop ends.
                let _ = chain.mail(id, Box::new(Kill));
            }
            Ok(_) => {}
        }
    }
    chain.remove(id);
    let collected = std::mem::take(&mut *collected.borrow_mut());
    let exit = collected.exit.map_or(Exit { code: None, signal: None }, |(exit, _)| exit);
    let number = |n: Option<i32>| n.map_or(JsValue::null(), JsValue::from);
    let failure = match (timed_out, collected.overflow) {
        (true, _) => JsString::from("ETIMEDOUT").into(),
        (_, true) => JsString::from("ENOBUFS").into(),
        _ => JsValue::undefined(),
    };
    let stdout = bytes::buffer(&collected.stdout, ctx)?;
    let stderr = bytes::buffer(&collected.stderr, ctx)?;
    Ok(Exports::new(ctx)
        .value("pid", pid)
        .value("code", number(exit.code))
        .value("signal", number(exit.signal))
        .value("stdout", stdout)
        .value("stderr", stderr)
        .value("failure", failure)
        .finish()
        .into())
}

/// Mail: the time is up.
struct Kill;

struct Collector {
    child: Child,
    input: Vec<u8>,
    sent: usize,
    max_bytes: usize,
    signal: i32,
    kill: bool,
    out: Rc<RefCell<Collected>>,
}

impl Link for Collector {
    fn wake(&mut self, cx: &mut Cx<'_>, wake: Wake) {
        if wake.start && self.child.attach(cx, 0).is_err() {
            let mut out = self.out.borrow_mut();
            out.exit = Some((Exit { code: None, signal: None }, Instant::now()));
            out.finished = true;
            return;
        }
        self.kill |= wake.mail.iter().any(|m| m.is::<Kill>());
        self.child.wake(cx, &wake);
        loop {
            if self.sent < self.input.len() {
                self.sent += self.child.write_stdin(cx, &self.input[self.sent..]);
            }
            if self.sent == self.input.len() && self.child.stdin_is_open() {
                self.child.close_stdin(cx);
            }
            let Some(event) = self.child.poll(cx) else { break };
            let mut out = self.out.borrow_mut();
            match event {
                Event::Stdout(bytes) => out.stdout.extend(bytes),
                Event::Stderr(bytes) => out.stderr.extend(bytes),
                Event::Exit(exit) => out.exit = Some((exit, Instant::now())),
                _ => {}
            }
            let max = self.max_bytes;
            if out.stdout.len() > max || out.stderr.len() > max {
                out.stdout.truncate(max);
                out.stderr.truncate(max);
                self.kill |= !out.overflow;
                out.overflow = true;
            }
        }
        if std::mem::take(&mut self.kill) {
            // Gone is as good as killed.
            let _ = self.child.kill(if self.signal > 0 { self.signal } else { 15 });
        }
        self.out.borrow_mut().finished = self.child.is_finished();
    }
}
