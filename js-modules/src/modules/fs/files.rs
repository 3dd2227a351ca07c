//! Operations on open files, and those that open one for a moment.

use std::fs::{File, FileTimes, OpenOptions, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{FileExt, OpenOptionsExt, PermissionsExt};
use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use boa_engine::{Context, JsArgs, JsResult, JsValue};

use super::answer::{Answer, Fault, Shape, stat, too_large};
use super::paths::{Use, checked};
use super::pool::Work;
use super::{Prepared, table};
use crate::host::bytes::{ByteView, bytes_of};
use crate::host::native::system_error;
use crate::host::{HostShared, descriptors};

/// `open(path, flags, mode)`, `close(fd)`, `read(fd, view, position)`, `write(fd, view, position)`, `fsync(fd)`,
/// `fdatasync(fd)`, `ftruncate(fd, length)`, `fstat(fd, bigint)`, `fchmod(fd, mode)`, `fchown(fd, uid, gid)`,
/// `futimes(fd, atime, mtime)`, `readFile(path or fd, flags)`, `writeFile(path or fd, bytes, flags, mode, flush)`
pub(super) fn prepare(name: &str, args: &[JsValue], ctx: &mut Context) -> JsResult<Option<Prepared>> {
    let done = match name {
        "open" => {
            let (options, path, given) = opening(args, 1, ctx)?;
            let shape = Shape { path: Some(given), ..Shape::of("open") };
            let work: Work = Box::new(move || {
                let file = options.open(&path)?;
                descriptors::keep_reserve(&file)?;
                Ok(Answer::Opened(file))
            });
            Prepared { work, shape }
        }
        "close" => {
            let file = table::take(fd(args, ctx)?, ctx).map_err(|e| system_error(&e, "close", None, ctx))?;
            // The last one closes it; that can take long on a network's file system.
            simple(
                "close",
                Box::new(move || {
                    drop(file);
                    Ok(Answer::Nothing)
                }),
            )
        }
        "read" => {
            let (file, position) = (open(args, "read", ctx)?, position(args, ctx)?);
            let view = ByteView::expect(args.get_or_undefined(1), "buffer", ctx)?;
            let length = view.len();
            let work: Work = Box::new(move || {
                let mut bytes = vec![0; length];
                let count = match position {
                    Some(at) => file.read_at(&mut bytes, at)?,
                    None => (&mut &*file).read(&mut bytes)?,
                };
                bytes.truncate(count);
                Ok(Answer::Read(bytes))
            });
            Prepared { work, shape: Shape { view: Some(view), ..Shape::of("read") } }
        }
        "write" => write(args, ctx)?,
        "fsync" | "fdatasync" => {
            let all = name == "fsync";
            let file = open(args, if all { "fsync" } else { "fdatasync" }, ctx)?;
            simple(
                if all { "fsync" } else { "fdatasync" },
                Box::new(move || nothing(if all { file.sync_all() } else { file.sync_data() })),
            )
        }
        "ftruncate" => {
            let length = args.get_or_undefined(1).to_number(ctx)?.max(0.0) as u64;
            let file = open(args, "ftruncate", ctx)?;
            simple("ftruncate", Box::new(move || nothing(file.set_len(length))))
        }
        "fstat" => {
            let file = open(args, "fstat", ctx)?;
            let bigint = args.get_or_undefined(1).to_boolean();
            let work: Work = Box::new(move || Ok(stat(&file.metadata()?)));
            Prepared { work, shape: Shape { bigint, ..Shape::of("fstat") } }
        }
        "fchmod" => {
            let mode = args.get_or_undefined(1).to_u32(ctx)? & 0o7777;
            let file = open(args, "fchmod", ctx)?;
            simple("fchmod", Box::new(move || nothing(file.set_permissions(Permissions::from_mode(mode)))))
        }
        "fchown" => {
            let (uid, gid) = (owner(args, 1, ctx)?, owner(args, 2, ctx)?);
            let file = open(args, "fchown", ctx)?;
            simple("fchown", Box::new(move || nothing(std::os::unix::fs::fchown(&*file, uid, gid))))
        }
        "futimes" => {
            let (accessed, modified) = (time(args, 1, ctx)?, time(args, 2, ctx)?);
            let file = open(args, "futime", ctx)?;
            let times = FileTimes::new().set_accessed(accessed).set_modified(modified);
            simple("futime", Box::new(move || nothing(file.set_times(times))))
        }
        "readFile" => read_file(args, ctx)?,
        "writeFile" => write_file(args, ctx)?,
        _ => return Ok(None),
    };
    Ok(Some(done))
}

fn simple(call: &'static str, work: Work) -> Prepared {
    Prepared { work, shape: Shape::of(call) }
}

pub(super) fn nothing(done: io::Result<()>) -> Result<Answer, Fault> {
    Ok(done.map(|()| Answer::Nothing)?)
}

fn fd(args: &[JsValue], ctx: &mut Context) -> JsResult<i32> {
    args.get_or_undefined(0).to_i32(ctx)
}

fn open(args: &[JsValue], call: &str, ctx: &mut Context) -> JsResult<std::sync::Arc<File>> {
    let fd = fd(args, ctx)?;
    table::get(fd, ctx).map_err(|e| system_error(&e, call, None, ctx))
}

/// -1 leaves it as it is.
pub(super) fn owner(args: &[JsValue], at: usize, ctx: &mut Context) -> JsResult<Option<u32>> {
    let id = args.get_or_undefined(at).to_number(ctx)?;
    Ok((id >= 0.0 && id < f64::from(u32::MAX)).then_some(id as u32))
}

/// Seconds since 1970; before that they are negative.
pub(super) fn time(args: &[JsValue], at: usize, ctx: &mut Context) -> JsResult<SystemTime> {
    let seconds = args.get_or_undefined(at).to_number(ctx)?.clamp(-1e11, 1e11);
    // Microseconds: a double holds no finer time of today.
    let span = Duration::from_micros((seconds.abs() * 1e6).round() as u64);
    Ok(if seconds < 0.0 { UNIX_EPOCH - span } else { UNIX_EPOCH + span })
}

fn position(args: &[JsValue], ctx: &mut Context) -> JsResult<Option<u64>> {
    let position = args.get_or_undefined(2);
    if position.is_null_or_undefined() {
        return Ok(None);
    }
    if let Some(big) = position.as_bigint() {
        return Ok(Some(big.to_f64().max(0.0) as u64));
    }
    let position = position.to_number(ctx)?;
    Ok((position >= 0.0).then_some(position as u64))
}

/// Reads the options to open argument 0: `O_*` flags at `at`, then the mode. The permissions follow from the flags.
fn opening(args: &[JsValue], at: usize, ctx: &mut Context) -> JsResult<(OpenOptions, PathBuf, String)> {
    let flags = args.get_or_undefined(at).to_i32(ctx)?;
    let mode = args.get_or_undefined(at + 1).to_u32(ctx)?;
    let access = flags & libc::O_ACCMODE;
    let (reads, writes) = (access != libc::O_WRONLY, access != libc::O_RDONLY);
    let changes = writes || flags & (libc::O_CREAT | libc::O_TRUNC) != 0;
    let how = if changes { Use::Write } else { Use::Read };
    let (path, given) = checked(args, 0, how, ctx)?;
    if changes && reads {
        checked(args, 0, Use::Read, ctx)?;
    }
    let mut options = OpenOptions::new();
    options.read(reads).write(writes).mode(mode);
    // The standard library refuses some without write access and sets others by itself: pass them as they are.
    options.custom_flags(flags & !(libc::O_ACCMODE | libc::O_CLOEXEC));
    Ok((options, path, given))
}

fn write(args: &[JsValue], ctx: &mut Context) -> JsResult<Prepared> {
    let (number, position) = (fd(args, ctx)?, position(args, ctx)?);
    let view = ByteView::expect(args.get_or_undefined(1), "buffer", ctx)?;
    let bytes = view.to_vec();
    if let Some(to) = table::standard(number, ctx) {
        HostShared::of(ctx).sink().write(to, &bytes);
        return Ok(simple("write", Box::new(move || Ok(Answer::Number(bytes.len() as f64)))));
    }
    let file = open(args, "write", ctx)?;
    let work: Work = Box::new(move || {
        let count = match position {
            Some(at) => file.write_at(&bytes, at)?,
            None => (&mut &*file).write(&bytes)?,
        };
        Ok(Answer::Number(count as f64))
    });
    Ok(simple("write", work))
}

fn read_file(args: &[JsValue], ctx: &mut Context) -> JsResult<Prepared> {
    let limit = HostShared::of(ctx).budget().max_buffer_bytes;
    let in_read = |error| Fault { error, call: Some("read"), about_path: false };
    if args.get_or_undefined(0).is_number() {
        let file = open(args, "read", ctx)?;
        return Ok(simple("read", Box::new(move || read_all(&file, limit).map_err(in_read))));
    }
    let (mut options, path, given) = opening(args, 1, ctx)?;
    let flags = args.get_or_undefined(1).to_i32(ctx)?;
    // Without this a FIFO nobody writes to would stop the agent.
    options.custom_flags((flags | libc::O_NONBLOCK) & !(libc::O_ACCMODE | libc::O_CLOEXEC));
    let work: Work = Box::new(move || read_all(&options.open(&path)?, limit).map_err(in_read));
    Ok(Prepared { work, shape: Shape { path: Some(given), ..Shape::of("open") } })
}

/// All bytes, unless there are more than the limit. Sizes are not believed: those of `/proc` are zero.
fn read_all(file: &File, limit: u64) -> io::Result<Answer> {
    let mut bytes = Vec::new();
    file.take(limit + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit { Err(too_large(limit)) } else { Ok(Answer::Bytes(bytes)) }
}

fn write_file(args: &[JsValue], ctx: &mut Context) -> JsResult<Prepared> {
    let bytes = bytes_of(args.get_or_undefined(1), ctx)?;
    let flush = args.get_or_undefined(4).to_boolean();
    let finish = move |file: &File, bytes: &[u8]| {
        let done = (&mut &*file).write_all(bytes).and_then(|()| if flush { file.sync_all() } else { Ok(()) });
        done.map(|()| Answer::Nothing).map_err(|error| Fault {
            error,
            call: Some("write"),
            about_path: false,
        })
    };
    if let Some(number) = args.get_or_undefined(0).as_number() {
        if let Some(to) = table::standard(number as i32, ctx) {
            HostShared::of(ctx).sink().write(to, &bytes);
            return Ok(simple("write", Box::new(|| Ok(Answer::Nothing))));
        }
        let file = open(args, "write", ctx)?;
        return Ok(simple("write", Box::new(move || finish(&file, &bytes))));
    }
    let (options, path, given) = opening(args, 2, ctx)?;
    let work: Work = Box::new(move || finish(&options.open(&path)?, &bytes));
    Ok(Prepared { work, shape: Shape { path: Some(given), ..Shape::of("open") } })
}
