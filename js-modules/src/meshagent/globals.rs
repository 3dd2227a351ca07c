//! Natives behind the dialect's globals: checksums, module table, configuration, name look-up.

use std::cell::RefCell;
use std::fs::File;
use std::io::Read;
use std::net::ToSocketAddrs;
use std::rc::Rc;
use std::sync::mpsc::{self, TryRecvError};
use std::time::{Duration, Instant};

use boa_engine::object::builtins::JsArray;
use boa_engine::{Context, JsArgs, JsObject, JsResult, JsString, JsValue, js_string};
use microstack::chain::{Cx, Link, Wake};
use ring::digest;
use ring::rand::{SecureRandom, SystemRandom};

use super::checksum::{crc32, crc32c};
use super::{plain_object, port_of};
use crate::host::bytes::{ByteView, buffer, bytes_of};
use crate::host::native::{ErrorClass, Exports, node_error, system_error, text};
use crate::host::{HostShared, Need, PathUse, block_on, loader, memory};

/// Natives of `internal/dialect`.
pub(super) fn init(ctx: &mut Context) -> JsResult<JsObject> {
    Ok(Exports::new(ctx)
        .function("crc32", 2, |_, args, ctx| checksum(crc32, args, ctx))
        .function("crc32c", 2, |_, args, ctx| checksum(crc32c, args, ctx))
        .function("random", 1, random)
        .function("fileHash", 1, file_hash)
        .function("msh", 0, msh)
        .function("resolve", 1, resolve)
        .function("addModule", 3, add_module)
        .function("addModuleObject", 2, add_module_object)
        .function("getModules", 0, module_names)
        .function("getJSModule", 1, module_source)
        .function("getJSModuleDate", 1, module_date)
        .function("inflate", 1, inflate)
        .function("collect", 0, |_, _, _| {
            memory::trim();
            Ok(JsValue::undefined())
        })
        .finish())
}

/// An inflated module may not be larger than this.
const MAX_MODULE: u64 = 16 << 20;

/// A name look-up that takes longer fails.
const RESOLVE_LIMIT: Duration = Duration::from_secs(20);

fn checksum(sum: fn(&[u8], u32) -> u32, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let seed = match args.get_or_undefined(1) {
        value if value.is_undefined() => 0,
        value => value.to_u32(ctx)?,
    };
    let data = args.get_or_undefined(0).clone();
    let value = match ByteView::of(&data, ctx)? {
        Some(view) => view.read(|bytes| sum(bytes, seed)),
        None => sum(data.to_string(ctx)?.to_std_string_lossy().as_bytes(), seed),
    };
    Ok(JsValue::from(value))
}

fn random(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let view = ByteView::expect(args.get_or_undefined(0), "buffer", ctx)?;
    let filled = view.write(|bytes| SystemRandom::new().fill(bytes));
    if filled.is_err() {
        let text = "the system gives no random bytes";
        return Err(node_error(ErrorClass::Error, "ERR_OPERATION_FAILED", text, ctx));
    }
    Ok(args.get_or_undefined(0).clone())
}

fn file_hash(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let path = text(args, 0, ctx)?;
    let shared = HostShared::of(ctx);
    let full = shared.absolute(&path);
    let full = shared.allowed_path(&full, PathUse::Read, ctx)?;
    let hash = || -> std::io::Result<digest::Digest> {
        let mut file = File::open(&full)?;
        let mut context = digest::Context::new(&digest::SHA384);
        let mut part = vec![0; 64 << 10];
        loop {
            match file.read(&mut part)? {
                0 => return Ok(context.finish()),
                n => context.update(&part[..n]),
            }
        }
    };
    let digest = hash().map_err(|e| system_error(&e, "open", Some(&path), ctx))?;
    Ok(buffer(digest.as_ref(), ctx)?.into())
}

fn msh(_: &JsValue, _: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let pairs = port_of(ctx).map(|port| port.msh()).unwrap_or_default();
    Ok(plain_object(pairs, ctx).into())
}

/// Blocks the script, not the events, while another thread asks the system's resolver.
fn resolve(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let host = text(args, 0, ctx)?;
    let shared = HostShared::of(ctx);
    shared.require_permission(Need::Net(&host), ctx)?;
    shared.require_handle("getaddrinfo", ctx)?;
    let (sender, receiver) = mpsc::channel::<Vec<String>>();
    // The link exists to be woken: the answer itself comes by the channel.
    let link = shared.add_link("name look-up", Quiet);
    let mailbox = shared.chain().mailbox();
    let started = std::thread::Builder::new().name("resolve".into()).spawn(move || {
        let found = (host.as_str(), 0u16).to_socket_addrs();
        let mut all: Vec<String> = found.into_iter().flatten().map(|a| a.ip().to_string()).collect();
        all.dedup();
        // Nobody may be waiting any more.
        let _ = sender.send(all);
        let _ = mailbox.post(link, ());
    });
    if let Err(error) = started {
        shared.chain().remove(link);
        return Err(system_error(&error, "clone", None, ctx));
    }
    let answer = Rc::new(RefCell::new(None));
    let seen = answer.clone();
    let deadline = Instant::now() + RESOLVE_LIMIT;
    let waited = block_on(ctx, Some(deadline), &mut || match receiver.try_recv() {
        Ok(all) => {
            *seen.borrow_mut() = Some(all);
            true
        }
        Err(TryRecvError::Empty) => false,
        Err(TryRecvError::Disconnected) => true,
    });
    shared.chain().remove(link);
    waited?;
    let all = answer.borrow_mut().take().unwrap_or_default();
    let all = all.into_iter().map(|one| JsValue::from(JsString::from(one)));
    Ok(JsArray::from_iter(all, ctx).into())
}

struct Quiet;

impl Link for Quiet {
    fn wake(&mut self, _: &mut Cx<'_>, _: Wake) {}
}

fn add_module(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let (name, source) = (text(args, 0, ctx)?, text(args, 1, ctx)?);
    let date = args.get_or_undefined(2).as_number().filter(|n| n.is_finite()).map(|n| n as i64);
    Ok(JsValue::from(loader::add_module(ctx, &name, &source, date)))
}

fn add_module_object(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let name = text(args, 0, ctx)?;
    loader::add_module_object(ctx, &name, args.get_or_undefined(1).clone());
    Ok(JsValue::undefined())
}

fn module_names(_: &JsValue, _: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let names = loader::module_names(ctx).into_iter().map(|name| JsValue::from(JsString::from(name)));
    Ok(JsArray::from_iter(names.collect::<Vec<_>>(), ctx).into())
}

fn module_source(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let name = text(args, 0, ctx)?;
    Ok(loader::module_source(ctx, &name).map_or(JsValue::undefined(), |s| JsString::from(s).into()))
}

fn module_date(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let name = text(args, 0, ctx)?;
    Ok(JsValue::from(loader::module_date(ctx, &name).unwrap_or(0) as f64))
}

fn inflate(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let packed = bytes_of(args.get_or_undefined(0), ctx)?;
    let mut text = Vec::new();
    let read = flate2::read::ZlibDecoder::new(&packed[..]).take(MAX_MODULE + 1).read_to_end(&mut text);
    if read.is_err() || text.len() as u64 > MAX_MODULE {
        let why = "the module is no zlib data, or larger than 16 MiB when inflated";
        return Err(node_error(ErrorClass::Error, "Z_DATA_ERROR", why, ctx));
    }
    Ok(JsString::from(String::from_utf8_lossy(&text).as_ref()).into())
}

/// Natives of `promise`: a latch to wait on.
pub(super) fn latch_init(ctx: &mut Context) -> JsResult<JsObject> {
    Ok(Exports::new(ctx)
        .function("latch", 0, |_, _, ctx| Ok(Exports::new(ctx).value("open", false).finish().into()))
        .function("open", 1, |_, args, ctx| {
            if let Some(latch) = args.get_or_undefined(0).as_object() {
                latch.set(js_string!("open"), true, false, ctx)?;
            }
            Ok(JsValue::undefined())
        })
        .function("wait", 1, wait)
        .finish())
}

fn wait(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let Some(latch) = args.get_or_undefined(0).as_object() else {
        return Ok(JsValue::undefined());
    };
    let key = js_string!("open").into();
    // Read without the engine: it is borrowed by the wait.
    let is_open = || {
        let object = latch.borrow();
        object.properties().get(&key).and_then(|p| p.value().map(JsValue::to_boolean)).unwrap_or(false)
    };
    block_on(ctx, None, &mut || is_open())?;
    Ok(JsValue::undefined())
}
