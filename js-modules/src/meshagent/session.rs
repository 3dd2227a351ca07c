//! Natives of `meshlite-session`: the device's end of encrypted sessions, signed by the agent's node key.
//!
//! Script moves frames and messages; keys never reach it, and it cannot choose what the node key signs.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use boa_engine::object::builtins::JsArray;
use boa_engine::{Context, JsArgs, JsData, JsError, JsObject, JsResult, JsString, JsValue, js_string};
use boa_gc::{Finalize, Trace};
use microstack::crypto::{Signer, random_bytes, rsa_public_key, sha384};
use microstack::session::{
    CloseCode, Context as Told, Device, DeviceOutput, DeviceRandom, EndedBy, Envelope, Limits, Message,
    SendError, SessionId,
};
use microstack::wire::hex;

use super::port_of;
use crate::host::bytes::{ByteView, buffer};
use crate::host::native::{ErrorClass, Exports, function_argument, invalid_type, node_error, text};
use crate::host::{HostShared, Need};
use crate::modules::crypto::failure::Failure;
use crate::modules::crypto::work::{self, Outcome};

pub(super) fn init(ctx: &mut Context) -> JsResult<JsObject> {
    Ok(Exports::new(ctx)
        .function("open", 0, open)
        .function("isHello", 1, |_, args, _| {
            let text = args.get_or_undefined(0).as_string().map(|text| text.to_std_string_lossy());
            Ok(text.is_some_and(|text| Envelope::is_ours(&text)).into())
        })
        .function("hello", 6, hello)
        .function("binary", 3, binary)
        .function("lost", 2, lost)
        .function("signed", 3, signed)
        .function("send", 3, send)
        .function("pause", 3, pause)
        .function("close", 4, close)
        .function("time", 1, time)
        .function("wait", 1, wait)
        .function("poll", 2, poll)
        .finish())
}

#[derive(Trace, Finalize, JsData)]
struct Handle {
    #[unsafe_ignore_trace]
    own: Rc<Own>,
}

struct Own {
    device: RefCell<Device>,
    signer: Arc<dyn Signer>,
}

fn failure(code: &str, text: &str, ctx: &mut Context) -> JsError {
    node_error(ErrorClass::Error, code, text, ctx)
}

/// The sessions of this context.
fn open(_: &JsValue, _: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    HostShared::of(ctx).require_permission(Need::Identity, ctx)?;
    let Some(signer) = port_of(ctx).and_then(|port| port.signer()) else {
        return Err(failure("ERR_NO_IDENTITY", "there is no agent whose key could sign", ctx));
    };
    let key = match rsa_public_key(signer.cert_der()) {
        Ok(key) => key.pkcs1,
        Err(error) => return Err(failure("ERR_NO_IDENTITY", &error.to_string(), ctx)),
    };
    let device = RefCell::new(Device::new(sha384(&key), key, Limits::default()));
    let prototype = ctx.intrinsics().constructors().object().prototype();
    Ok(JsObject::from_proto_and_data(prototype, Handle { own: Rc::new(Own { device, signer }) }).into())
}

fn own(args: &[JsValue], ctx: &mut Context) -> JsResult<Rc<Own>> {
    let object = args.get_or_undefined(0).as_object();
    let own = object.and_then(|object| object.downcast_ref::<Handle>().map(|handle| handle.own.clone()));
    own.ok_or_else(|| invalid_type("sessions", "what open() gave", args.get_or_undefined(0), ctx))
}

fn link(args: &[JsValue], ctx: &mut Context) -> JsResult<u64> {
    let number = args.get_or_undefined(1).to_number(ctx)?;
    if (0.0..=9_007_199_254_740_991.0).contains(&number) {
        return Ok(number as u64);
    }
    Err(invalid_type("link", "a whole number", args.get_or_undefined(1), ctx))
}

fn session(args: &[JsValue], ctx: &mut Context) -> JsResult<SessionId> {
    let text = text(args, 1, ctx)?;
    let mut id = [0; 16];
    let digits = text.as_bytes().chunks_exact(2);
    let good = text.len() == 32
        && id.iter_mut().zip(digits).all(|(byte, digits)| {
            let digits = std::str::from_utf8(digits).unwrap_or_default();
            u8::from_str_radix(digits, 16).map(|value| *byte = value).is_ok()
        });
    if good {
        return Ok(SessionId(id));
    }
    Err(invalid_type("session", "the name of a session", args.get_or_undefined(1), ctx))
}

/// `hello(sessions, link, text, tunnel, user, rights)`.
fn hello(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let (own, link) = (own(args, ctx)?, link(args, ctx)?);
    let (hello, tunnel, user) = (text(args, 2, ctx)?, text(args, 3, ctx)?, text(args, 4, ctx)?);
    let told = Told::new(&tunnel, &user, args.get_or_undefined(5).to_u32(ctx)?);
    let random = DeviceRandom { key: random_bytes(), nonce: random_bytes(), session: random_bytes() };
    own.device.borrow_mut().hello(Instant::now(), link, told, &hello, random);
    Ok(JsValue::undefined())
}

/// `binary(sessions, link, bytes)`: a frame came over a link.
fn binary(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let (own, link) = (own(args, ctx)?, link(args, ctx)?);
    let frame = ByteView::expect(args.get_or_undefined(2), "frame", ctx)?;
    frame.read(|frame| own.device.borrow_mut().binary(Instant::now(), link, frame));
    Ok(JsValue::undefined())
}

/// `lost(sessions, link)`.
fn lost(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let (own, link) = (own(args, ctx)?, link(args, ctx)?);
    own.device.borrow_mut().lost(Instant::now(), link);
    Ok(JsValue::undefined())
}

/// `signed(sessions, link, signature or undefined)`.
fn signed(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let (own, link) = (own(args, ctx)?, link(args, ctx)?);
    let signature = ByteView::of(args.get_or_undefined(2), ctx)?.map(|view| view.to_vec());
    own.device.borrow_mut().signed(Instant::now(), link, signature);
    Ok(JsValue::undefined())
}

/// `send(sessions, session, text or bytes)`: false when the sender should wait for room, null when the session has
/// ended.
fn send(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let (own, session) = (own(args, ctx)?, session(args, ctx)?);
    let given = args.get_or_undefined(2);
    let message = match ByteView::of(given, ctx)? {
        Some(view) => Message::Binary(view.to_vec()),
        None => Message::Text(text(args, 2, ctx)?),
    };
    let mut device = own.device.borrow_mut();
    Ok(match device.send(session, &message) {
        Ok(()) => JsValue::from(device.room(session) > 0),
        Err(SendError::Ended) => JsValue::null(),
        Err(error) => {
            // A session that loses a message is worse than one that ends.
            device.revoke(session, &error.to_string());
            JsValue::null()
        }
    })
}

/// `pause(sessions, session, flag)`.
fn pause(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let (own, session) = (own(args, ctx)?, session(args, ctx)?);
    own.device.borrow_mut().pause(session, args.get_or_undefined(2).to_boolean());
    Ok(JsValue::undefined())
}

/// `close(sessions, session, code, reason)`: behind everything that was sent.
fn close(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let (own, session) = (own(args, ctx)?, session(args, ctx)?);
    let code = match args.get_or_undefined(2).to_u32(ctx)? {
        0 => CloseCode::Done,
        1 => CloseCode::Refused,
        _ => CloseCode::Failed,
    };
    let reason = text(args, 3, ctx)?;
    own.device.borrow_mut().close(Instant::now(), session, code, &reason);
    Ok(JsValue::undefined())
}

/// `time(sessions)`: the time of `wait` is over.
fn time(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    own(args, ctx)?.device.borrow_mut().handle_time(Instant::now());
    Ok(JsValue::undefined())
}

/// `wait(sessions)`: milliseconds until `time` wants to be called, -1 for never.
fn wait(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let deadline = own(args, ctx)?.device.borrow().deadline();
    let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
    // Rounded up: a timer that fires too early would only come again.
    Ok(left.map_or(JsValue::from(-1), |left| {
        JsValue::from((left + Duration::from_millis(1)).as_millis() as f64)
    }))
}

/// `poll(sessions, signed(error, signature, link))`: the next thing to do as an array, undefined for nothing.
fn poll(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let own = own(args, ctx)?;
    let Some(output) = own.device.borrow_mut().poll() else {
        return Ok(JsValue::undefined());
    };
    let name = |id: SessionId| JsValue::from(JsString::from(hex::upper(&id.0)));
    let string = |text: String| JsValue::from(JsString::from(text));
    let number = |link: u64| JsValue::from(link as f64);
    let word = |text: &str| JsValue::from(JsString::from(text));
    let all = match output {
        DeviceOutput::Sign { link, data } => {
            let callback = function_argument(args, 1, "signed", ctx)?;
            let bound = callback.get(js_string!("bind"), ctx)?;
            let bound = function_argument(&[bound], 0, "bind", ctx)?;
            let bound = bound.call(&callback.into(), &[JsValue::undefined(), number(link)], ctx)?;
            let bound = function_argument(&[bound], 0, "signed", ctx)?;
            let signer = own.signer.clone();
            let job = Box::new(move || match signer.sign(&data) {
                Ok(signature) => Ok(Outcome::Bytes(signature)),
                Err(error) => Err(Failure::new("ERR_NO_SIGNATURE", error.to_string())),
            });
            work::run(job, Some(bound), ctx)?;
            vec![word("sign"), number(link)]
        }
        DeviceOutput::Text { link, text } => vec![word("text"), number(link), string(text)],
        DeviceOutput::Binary { link, frame } => {
            vec![word("binary"), number(link), buffer(&frame, ctx)?.into()]
        }
        DeviceOutput::Drop { link, why } => vec![word("drop"), number(link), string(why)],
        DeviceOutput::Opened { session, link, protocol } => {
            vec![word("opened"), name(session), number(link), JsValue::from(protocol)]
        }
        DeviceOutput::Resumed { session, link } => vec![word("resumed"), name(session), number(link)],
        DeviceOutput::Parked { session } => vec![word("parked"), name(session)],
        DeviceOutput::Message { session, message: Message::Text(text) } => {
            vec![word("message"), name(session), string(text)]
        }
        DeviceOutput::Message { session, message: Message::Binary(bytes) } => {
            vec![word("message"), name(session), buffer(&bytes, ctx)?.into()]
        }
        DeviceOutput::Room { session } => vec![word("room"), name(session)],
        DeviceOutput::Ended { session, by, why } => {
            let by = match by {
                EndedBy::Client => "client",
                EndedBy::Device => "device",
                EndedBy::Time => "time",
                EndedBy::Error => "error",
            };
            vec![word("ended"), name(session), word(by), string(why)]
        }
        other => return Err(failure("ERR_INTERNAL", &format!("an unknown output: {other:?}"), ctx)),
    };
    Ok(JsArray::from_iter(all, ctx).into())
}
