//! Open files. Scripts name them by their descriptor; the table closes them with the context.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;

use boa_engine::{Context, JsArgs, JsResult, JsValue};

use super::entries::stat_value;
use super::paths::{Use, checked};
use crate::host::bytes::{ByteView, buffer, bytes_of};
use crate::host::native::{ErrorClass, node_error, system_error, text};
use crate::host::{HostShared, StandardStream, descriptors};

/// Files open in one context.
#[derive(Default)]
struct Files(RefCell<BTreeMap<i32, File>>);

pub(super) fn install(ctx: &mut Context) {
    if !ctx.has_data::<Files>() {
        ctx.insert_data(Files::default());
    }
}

pub(super) fn open(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let flags = args.get_or_undefined(1).to_i32(ctx)?;
    let mode = args.get_or_undefined(2).to_u32(ctx)?;
    let (file, _) = open_checked(args, flags, mode, ctx)?;
    let fd = file.as_raw_fd();
    let limit = HostShared::of(ctx).budget().max_handles;
    let full = ctx.get_data::<Files>().is_none_or(|files| {
        let mut files = files.0.borrow_mut();
        let full = files.len() >= limit;
        if !full {
            files.insert(fd, file);
        }
        full
    });
    if full {
        return Err(system_error(&io::Error::from_raw_os_error(libc::EMFILE), "open", None, ctx));
    }
    Ok(JsValue::from(fd))
}

/// Opens argument 0 with `O_*` flags; the permissions follow from them.
fn open_checked(args: &[JsValue], flags: i32, mode: u32, ctx: &mut Context) -> JsResult<(File, String)> {
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
    // The standard library refuses these three without write access and sets others by itself: pass them as they are.
    options.custom_flags(flags & !(libc::O_ACCMODE | libc::O_CLOEXEC));
    let file = options.open(&path).map_err(|e| system_error(&e, "open", Some(&given), ctx))?;
    descriptors::keep_reserve(&file).map_err(|e| system_error(&e, "open", Some(&given), ctx))?;
    Ok((file, given))
}

pub(super) fn close(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let fd = args.get_or_undefined(0).to_i32(ctx)?;
    let closed = ctx.get_data::<Files>().and_then(|files| files.0.borrow_mut().remove(&fd));
    match closed {
        Some(_) => Ok(JsValue::undefined()),
        None if (0..3).contains(&fd) => Ok(JsValue::undefined()),
        None => Err(system_error(&bad_descriptor(), "close", None, ctx)),
    }
}

pub(super) fn read(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let (fd, position) = fd_and_position(args, ctx)?;
    let view = ByteView::expect(args.get_or_undefined(1), "buffer", ctx)?;
    let done = with(fd, ctx, |file| {
        view.write(|bytes| match position {
            Some(at) => file.read_at(bytes, at),
            None => (&mut &*file).read(bytes),
        })
    });
    done.map(|n| JsValue::from(n as f64)).map_err(|e| system_error(&e, "read", None, ctx))
}

pub(super) fn write(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let (fd, position) = fd_and_position(args, ctx)?;
    let view = ByteView::expect(args.get_or_undefined(1), "buffer", ctx)?;
    if let Some(to) = standard(fd) {
        let bytes = view.to_vec();
        HostShared::of(ctx).sink().write(to, &bytes);
        return Ok(JsValue::from(bytes.len() as f64));
    }
    let done = with(fd, ctx, |file| {
        view.read(|bytes| match position {
            Some(at) => file.write_at(bytes, at),
            None => (&mut &*file).write(bytes),
        })
    });
    done.map(|n| JsValue::from(n as f64)).map_err(|e| system_error(&e, "write", None, ctx))
}

pub(super) fn sync(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let fd = args.get_or_undefined(0).to_i32(ctx)?;
    let done = with(fd, ctx, |file| file.sync_all());
    done.map(|()| JsValue::undefined()).map_err(|e| system_error(&e, "fsync", None, ctx))
}

pub(super) fn truncate(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let fd = args.get_or_undefined(0).to_i32(ctx)?;
    let length = args.get_or_undefined(1).to_number(ctx)?.max(0.0) as u64;
    let done = with(fd, ctx, |file| file.set_len(length));
    done.map(|()| JsValue::undefined()).map_err(|e| system_error(&e, "ftruncate", None, ctx))
}

pub(super) fn fstat(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let fd = args.get_or_undefined(0).to_i32(ctx)?;
    match with(fd, ctx, File::metadata) {
        Ok(meta) => Ok(stat_value(&meta, ctx)),
        Err(e) => Err(system_error(&e, "fstat", None, ctx)),
    }
}

pub(super) fn read_file(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let limit = HostShared::of(ctx).budget().max_buffer_bytes;
    let (read, given) = match args.get_or_undefined(0).as_number() {
        Some(fd) => (with(fd as i32, ctx, |file| read_all(file, limit)), None),
        None => {
            let (path, given) = checked(args, 0, Use::Read, ctx)?;
            (open_file(&path).and_then(|file| read_all(&file, limit)), Some(given))
        }
    };
    match read {
        Ok(Some(bytes)) => Ok(buffer(&bytes, ctx)?.into()),
        Ok(None) => {
            let text = format!("the file is larger than {limit} bytes; read it in parts");
            Err(node_error(ErrorClass::Range, "ERR_FS_FILE_TOO_LARGE", &text, ctx))
        }
        Err(e) if e.raw_os_error() == Some(libc::EISDIR) => Err(system_error(&e, "read", None, ctx)),
        Err(e) => Err(system_error(&e, "open", given.as_deref(), ctx)),
    }
}

fn open_file(path: &Path) -> io::Result<File> {
    // Without this a FIFO nobody writes to would stop the agent.
    let file = OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK).open(path)?;
    Ok(file)
}

/// All bytes, `None` beyond the limit. Sizes are not believed: those of `/proc` are zero.
fn read_all(file: &File, limit: u64) -> io::Result<Option<Vec<u8>>> {
    let mut bytes = Vec::new();
    file.take(limit + 1).read_to_end(&mut bytes)?;
    Ok((bytes.len() as u64 <= limit).then_some(bytes))
}

pub(super) fn write_file(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let bytes = bytes_of(args.get_or_undefined(1), ctx)?;
    let flags = args.get_or_undefined(2).to_i32(ctx)?;
    let mode = args.get_or_undefined(3).to_u32(ctx)?;
    if let Some(fd) = args.get_or_undefined(0).as_number() {
        if let Some(to) = standard(fd as i32) {
            HostShared::of(ctx).sink().write(to, &bytes);
            return Ok(JsValue::undefined());
        }
        let done = with(fd as i32, ctx, |file| (&mut &*file).write_all(&bytes));
        return done.map(|()| JsValue::undefined()).map_err(|e| system_error(&e, "write", None, ctx));
    }
    let (mut file, given) = open_checked(args, flags, mode, ctx)?;
    let done = file.write_all(&bytes);
    done.map(|()| JsValue::undefined()).map_err(|e| system_error(&e, "write", Some(&given), ctx))
}

pub(super) fn copy(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let (from, given) = checked(args, 0, Use::Read, ctx)?;
    let (to, _) = checked(args, 1, Use::Write, ctx)?;
    let exclusive = args.get_or_undefined(2).to_boolean();
    let target = text(args, 1, ctx)?;
    let done = (|| {
        if from.is_dir() {
            return Err(io::Error::from_raw_os_error(libc::EISDIR));
        }
        if exclusive && to.symlink_metadata().is_ok() {
            return Err(io::Error::from_raw_os_error(libc::EEXIST));
        }
        std::fs::copy(&from, &to)
    })();
    done.map(|_| JsValue::undefined())
        .map_err(|e| system_error(&e, "copyfile", Some(&format!("{given}' -> '{target}")), ctx))
}

fn fd_and_position(args: &[JsValue], ctx: &mut Context) -> JsResult<(i32, Option<u64>)> {
    let fd = args.get_or_undefined(0).to_i32(ctx)?;
    let position = args.get_or_undefined(2);
    if position.is_null_or_undefined() {
        return Ok((fd, None));
    }
    let position = position.to_number(ctx)?;
    Ok((fd, (position >= 0.0).then_some(position as u64)))
}

fn with<T>(fd: i32, ctx: &Context, body: impl FnOnce(&File) -> io::Result<T>) -> io::Result<T> {
    let files = ctx.get_data::<Files>().ok_or_else(bad_descriptor)?;
    let files = files.0.borrow();
    body(files.get(&fd).ok_or_else(bad_descriptor)?)
}

/// A copy of an open file of this context, or of a standard stream where the script owns the process.
pub(crate) fn descriptor(fd: i32, ctx: &Context) -> io::Result<OwnedFd> {
    if (0..3).contains(&fd) && HostShared::of(ctx).sink().owns_process() {
        return match fd {
            0 => io::stdin().as_fd().try_clone_to_owned(),
            1 => io::stdout().as_fd().try_clone_to_owned(),
            _ => io::stderr().as_fd().try_clone_to_owned(),
        };
    }
    with(fd, ctx, |file| file.as_fd().try_clone_to_owned())
}

fn standard(fd: i32) -> Option<StandardStream> {
    match fd {
        1 => Some(StandardStream::Output),
        2 => Some(StandardStream::Error),
        _ => None,
    }
}

fn bad_descriptor() -> io::Error {
    io::Error::from_raw_os_error(libc::EBADF)
}
