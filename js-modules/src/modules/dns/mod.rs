//! `dns`: the native. Needs the permission `net` for `HOST:53`, or for the host with any port.

use std::cell::RefCell;
use std::net::SocketAddr;
use std::rc::Rc;

use boa_engine::object::builtins::{JsArray, JsFunction};
use boa_engine::{Context, JsData, JsObject, JsResult, JsString, JsValue};
use boa_gc::{Finalize, Trace};
use microstack::chain::{Cx, Link, Wake};
use microstack::net::{Asked, DnsError, Lookup, Resolver};

use crate::host::native::{Exports, function_argument, string_argument};
use crate::host::{Hold, HostShared, Need};

/// The resolver of a context; its threads go when nobody asks.
#[derive(Trace, Finalize, JsData)]
struct Names {
    #[unsafe_ignore_trace]
    resolver: Resolver,
}

/// Makes the native of `dns.js`: `lookup(host, onAnswer)`, where `onAnswer(code, [address, …])` comes in a later turn;
/// `code` is undefined, `ENOTFOUND` or `EAI_AGAIN`.
pub fn init(ctx: &mut Context) -> JsResult<JsObject> {
    if !ctx.has_data::<Names>() {
        ctx.insert_data(Names { resolver: Resolver::new() });
    }
    Ok(Exports::new(ctx).function("lookup", 2, lookup).finish())
}

fn lookup(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let host = string_argument(args, 0, "hostname", ctx)?;
    let callback = function_argument(args, 1, "callback", ctx)?;
    let shared = HostShared::of(ctx);
    shared.require_permission(Need::Net(&format!("{host}:53")), ctx)?;
    let Some(names) = ctx.get_data::<Names>() else { return Ok(JsValue::undefined()) };
    let link = LookupLink {
        host,
        resolver: names.resolver.clone(),
        question: RefCell::new(None),
        callback,
        hold: shared.hold(),
        shared: shared.clone(),
    };
    shared.add_link("name look-up", link);
    Ok(JsValue::undefined())
}

struct LookupLink {
    host: String,
    resolver: Resolver,
    question: RefCell<Option<Lookup>>,
    callback: JsFunction,
    hold: Hold,
    shared: Rc<HostShared>,
}

impl Link for LookupLink {
    fn wake(&mut self, cx: &mut Cx<'_>, wake: Wake) {
        if wake.start {
            match self.resolver.lookup(cx, &self.host, 0) {
                Ok(Asked::Known(found)) => self.answer(cx, Ok(found)),
                Ok(Asked::Pending(question)) => *self.question.borrow_mut() = Some(question),
                Err(error) => self.answer(cx, Err(error)),
            }
            return;
        }
        let answer = self.question.borrow().as_ref().and_then(|question| question.answer(&wake).cloned());
        if let Some(answer) = answer {
            self.answer(cx, answer);
        }
    }
}

impl LookupLink {
    fn answer(&self, cx: &Cx<'_>, answer: Result<Vec<SocketAddr>, DnsError>) {
        let callback = self.callback.clone();
        self.shared.push(Box::new(move |ctx| {
            let (code, found) = match answer {
                Ok(found) => (JsValue::undefined(), found),
                Err(DnsError::Busy { .. }) => (JsString::from("EAI_AGAIN").into(), Vec::new()),
                Err(_) => (JsString::from("ENOTFOUND").into(), Vec::new()),
            };
            let found = found.iter().map(|addr| JsString::from(addr.ip().to_string()).into());
            let found: Vec<JsValue> = found.collect();
            let found = JsArray::from_iter(found, ctx);
            callback.call(&JsValue::undefined(), &[code, found.into()], ctx).map(|_| ())
        }));
        self.hold.release();
        cx.remove_self();
    }
}
