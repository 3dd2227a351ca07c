//! Entries of the file system: what they are, making, moving and removing them.

use std::fs::{self, DirBuilder, Metadata, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, FileTypeExt, MetadataExt, PermissionsExt};
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use boa_engine::object::builtins::JsArray;
use boa_engine::{Context, JsArgs, JsResult, JsString, JsValue};
use ring::rand::{SecureRandom, SystemRandom};
use rustix::fs::{AtFlags, CWD, Gid, Uid};

use super::paths::{Use, allowed, checked};
use crate::host::native::{string_argument, system_error, text};

/// `[dev, mode, nlink, uid, gid, rdev, blksize, ino, size, blocks, atimeMs, mtimeMs, ctimeMs, birthtimeMs]`
pub(super) fn stat_value(meta: &Metadata, ctx: &mut Context) -> JsValue {
    let ms = |s: i64, ns: i64| s as f64 * 1000.0 + ns as f64 / 1e6;
    let modified = ms(meta.mtime(), meta.mtime_nsec());
    let born = meta
        .created()
        .ok()
        .and_then(|at| at.duration_since(UNIX_EPOCH).ok())
        .map_or(modified, |d| d.as_secs_f64() * 1000.0);
    let numbers = [
        meta.dev() as f64,
        f64::from(meta.mode()),
        meta.nlink() as f64,
        f64::from(meta.uid()),
        f64::from(meta.gid()),
        meta.rdev() as f64,
        meta.blksize() as f64,
        meta.ino() as f64,
        meta.size() as f64,
        meta.blocks() as f64,
        ms(meta.atime(), meta.atime_nsec()),
        modified,
        ms(meta.ctime(), meta.ctime_nsec()),
        born,
    ];
    JsArray::from_iter(numbers.map(JsValue::from), ctx).into()
}

pub(super) fn stat(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let follow = args.get_or_undefined(1).to_boolean();
    let (path, given) = checked(args, 0, if follow { Use::Read } else { Use::ReadEntry }, ctx)?;
    let found = if follow { fs::metadata(&path) } else { fs::symlink_metadata(&path) };
    match found {
        Ok(meta) => Ok(stat_value(&meta, ctx)),
        Err(e) => Err(system_error(&e, if follow { "stat" } else { "lstat" }, Some(&given), ctx)),
    }
}

/// `[[name, type], …]`, unsorted; types as Node's `UV_DIRENT_*`.
pub(super) fn readdir(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let (path, given) = checked(args, 0, Use::Read, ctx)?;
    let read = || -> io::Result<Vec<(String, i32)>> {
        let mut all = Vec::new();
        for entry in fs::read_dir(&path)? {
            let entry = entry?;
            let kind = match entry.file_type() {
                Ok(t) if t.is_file() => 1,
                Ok(t) if t.is_dir() => 2,
                Ok(t) if t.is_symlink() => 3,
                Ok(t) if t.is_fifo() => 4,
                Ok(t) if t.is_socket() => 5,
                Ok(t) if t.is_char_device() => 6,
                Ok(t) if t.is_block_device() => 7,
                _ => 0,
            };
            all.push((entry.file_name().to_string_lossy().into_owned(), kind));
        }
        Ok(all)
    };
    let all = read().map_err(|e| system_error(&e, "scandir", Some(&given), ctx))?;
    let mut rows: Vec<JsValue> = Vec::with_capacity(all.len());
    for (name, kind) in all {
        rows.push(JsArray::from_iter([JsString::from(name).into(), JsValue::from(kind)], ctx).into());
    }
    Ok(JsArray::from_iter(rows, ctx).into())
}

/// The first folder that was made, or undefined when all were there.
pub(super) fn mkdir(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let (path, given) = checked(args, 0, Use::WriteEntry, ctx)?;
    let recursive = args.get_or_undefined(1).to_boolean();
    let mode = args.get_or_undefined(2).to_u32(ctx)?;
    let first = recursive.then(|| first_missing(&path)).flatten();
    let made = DirBuilder::new().recursive(recursive).mode(mode).create(&path);
    made.map_err(|e| system_error(&e, "mkdir", Some(&given), ctx))?;
    Ok(first.map_or(JsValue::undefined(), |p| JsString::from(p).into()))
}

fn first_missing(path: &Path) -> Option<String> {
    path.ancestors().take_while(|p| !p.exists()).last().map(|p| p.to_string_lossy().into_owned())
}

pub(super) fn rmdir(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    simple(args, Use::WriteEntry, "rmdir", ctx, |path| fs::remove_dir(path))
}

pub(super) fn unlink(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    simple(args, Use::WriteEntry, "unlink", ctx, |path| {
        // The library call of this name would take a folder's trailing slash for it.
        fs::remove_file(path)
    })
}

/// Removes an entry; a folder only when `recursive`. Links inside are removed, not followed.
pub(super) fn remove(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let recursive = args.get_or_undefined(1).to_boolean();
    simple(args, Use::WriteEntry, "rm", ctx, |path| {
        if !fs::symlink_metadata(path)?.is_dir() {
            fs::remove_file(path)
        } else if recursive {
            fs::remove_dir_all(path)
        } else {
            Err(io::Error::from_raw_os_error(libc::EISDIR))
        }
    })
}

fn simple(
    args: &[JsValue],
    how: Use,
    syscall: &str,
    ctx: &mut Context,
    body: impl FnOnce(&Path) -> io::Result<()>,
) -> JsResult<JsValue> {
    let (path, given) = checked(args, 0, how, ctx)?;
    body(&path).map_err(|e| system_error(&e, syscall, Some(&given), ctx))?;
    Ok(JsValue::undefined())
}

pub(super) fn rename(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let (from, given) = checked(args, 0, Use::WriteEntry, ctx)?;
    let (to, target) = checked(args, 1, Use::WriteEntry, ctx)?;
    two(fs::rename(from, to), "rename", &given, &target, ctx)
}

pub(super) fn link(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let (from, given) = checked(args, 0, Use::Write, ctx)?;
    let (to, target) = checked(args, 1, Use::WriteEntry, ctx)?;
    two(fs::hard_link(from, to), "link", &given, &target, ctx)
}

pub(super) fn symlink(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let target = text(args, 0, ctx)?;
    let (path, given) = checked(args, 1, Use::WriteEntry, ctx)?;
    two(std::os::unix::fs::symlink(&target, path), "symlink", &target, &given, ctx)
}

fn two(done: io::Result<()>, syscall: &str, from: &str, to: &str, ctx: &mut Context) -> JsResult<JsValue> {
    done.map(|()| JsValue::undefined())
        .map_err(|e| system_error(&e, syscall, Some(&format!("{from}' -> '{to}")), ctx))
}

pub(super) fn readlink(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let (path, given) = checked(args, 0, Use::ReadEntry, ctx)?;
    let target = fs::read_link(path).map_err(|e| system_error(&e, "readlink", Some(&given), ctx))?;
    Ok(JsString::from(target.to_string_lossy().as_ref()).into())
}

pub(super) fn chmod(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let mode = args.get_or_undefined(1).to_u32(ctx)? & 0o7777;
    simple(args, Use::Write, "chmod", ctx, |path| fs::set_permissions(path, Permissions::from_mode(mode)))
}

pub(super) fn chown(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let (uid, gid) = (args.get_or_undefined(1).to_i32(ctx)?, args.get_or_undefined(2).to_i32(ctx)?);
    let follow = args.get_or_undefined(3).to_boolean();
    let how = if follow { Use::Write } else { Use::WriteEntry };
    // -1 leaves one of them as it is.
    let uid = (uid >= 0).then(|| Uid::from_raw(uid as u32));
    let gid = (gid >= 0).then(|| Gid::from_raw(gid as u32));
    let flags = if follow { AtFlags::empty() } else { AtFlags::SYMLINK_NOFOLLOW };
    simple(args, how, "chown", ctx, |path| Ok(rustix::fs::chownat(CWD, path, uid, gid, flags)?))
}

/// Times in seconds since 1970.
pub(super) fn utimes(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let mut time = |at: usize| -> JsResult<SystemTime> {
        let seconds = args.get_or_undefined(at).to_number(ctx)?.clamp(0.0, 1e11);
        Ok(UNIX_EPOCH + Duration::from_secs_f64(seconds))
    };
    let (accessed, modified) = (time(1)?, time(2)?);
    simple(args, Use::Write, "utime", ctx, |path| {
        let file = fs::File::open(path)?;
        file.set_times(fs::FileTimes::new().set_accessed(accessed).set_modified(modified))
    })
}

pub(super) fn access(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let mode = rustix::fs::Access::from_bits_truncate(args.get_or_undefined(1).to_u32(ctx)?);
    simple(args, Use::Read, "access", ctx, |path| Ok(rustix::fs::access(path, mode)?))
}

pub(super) fn realpath(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let (path, given) = checked(args, 0, Use::Read, ctx)?;
    let real = path.canonicalize().map_err(|e| system_error(&e, "realpath", Some(&given), ctx))?;
    Ok(JsString::from(real.to_string_lossy().as_ref()).into())
}

/// Makes a folder with six random characters behind the prefix, mode 0700.
pub(super) fn mkdtemp(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let given = string_argument(args, 0, "prefix", ctx)?;
    const LETTERS: &[u8; 62] = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    for _ in 0..100 {
        let mut random = [0u8; 6];
        if SystemRandom::new().fill(&mut random).is_err() {
            break;
        }
        let name: String = random.iter().map(|b| char::from(LETTERS[usize::from(*b) % 62])).collect();
        let path = format!("{given}{name}");
        // The whole path, not the prefix: `granted/link/` is an entry of `granted`, what is made in it is not.
        let full = allowed(&path, Use::WriteEntry, ctx)?;
        match DirBuilder::new().mode(0o700).create(full) {
            Ok(()) => return Ok(JsString::from(path).into()),
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {}
            Err(e) => return Err(system_error(&e, "mkdtemp", Some(&format!("{given}XXXXXX")), ctx)),
        }
    }
    let e = io::Error::from_raw_os_error(libc::EEXIST);
    Err(system_error(&e, "mkdtemp", Some(&format!("{given}XXXXXX")), ctx))
}
