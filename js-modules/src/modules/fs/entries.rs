//! Operations on entries of the file system: what they are, making, moving and removing them.

use std::fs::{self, DirBuilder, Permissions};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, FileTypeExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use boa_engine::{Context, JsArgs, JsResult, JsValue};
use ring::rand::{SecureRandom, SystemRandom};
use rustix::fs::{AtFlags, CWD, Gid, Timespec, Timestamps, Uid};

use super::Prepared;
use super::answer::{Answer, Fault, Shape, stat};
use super::files::{nothing, owner, time};
use super::paths::{Use, allowed, checked};
use crate::host::native::{string_argument, text};

/// `stat(path, bigint)`, `lstat`, `exists(path)`, `statfs(path, bigint)`, `readdir(path, raw)`,
/// `mkdir(path, recursive, mode)`, `mkdtemp(prefix)`, `rmdir(path)`, `unlink(path)`, `remove(path, recursive)`,
/// `rename(from, to)`, `link`, `symlink(target, path)`, `readlink(path, raw)`, `realpath(path, raw)`,
/// `copyfile(from, to, exclusive)`, `chmod(path, mode)`, `chown(path, uid, gid)`, `lchown`,
/// `utimes(path, atime, mtime)`, `lutimes`, `access(path, mode)`, `truncate(path, length)`
pub(super) fn prepare(name: &str, args: &[JsValue], ctx: &mut Context) -> JsResult<Option<Prepared>> {
    let flag = args.get_or_undefined(1).to_boolean();
    let number = args.get_or_undefined(1).as_number().unwrap_or(0.0);
    let done = match name {
        "stat" => one(args, Use::Read, "stat", ctx, |p| Ok(stat(&fs::metadata(p)?)))?.bigint(flag),
        "lstat" => {
            one(args, Use::ReadEntry, "lstat", ctx, |p| Ok(stat(&fs::symlink_metadata(p)?)))?.bigint(flag)
        }
        "exists" => {
            one(args, Use::Read, "access", ctx, |p| Ok(Answer::Flag(p.try_exists().unwrap_or(false))))?
        }
        "statfs" => one(args, Use::Read, "statfs", ctx, |p| {
            let s = rustix::fs::statfs(p)?;
            let numbers =
                [s.f_type as u64, s.f_bsize as u64, s.f_blocks, s.f_bfree, s.f_bavail, s.f_files, s.f_ffree];
            Ok(Answer::Numbers(numbers.to_vec()))
        })?
        .bigint(flag),
        "readdir" => one(args, Use::Read, "scandir", ctx, readdir)?.raw(flag),
        "mkdir" => {
            let mode = args.get_or_undefined(2).to_u32(ctx)?;
            one(args, Use::WriteEntry, "mkdir", ctx, move |p| mkdir(p, flag, mode))?
        }
        "mkdtemp" => {
            let prefix = string_argument(args, 0, "prefix", ctx)?;
            let mut tries = Vec::with_capacity(TRIES);
            for _ in 0..TRIES {
                let name = format!("{prefix}{}", six_letters());
                // The whole path, not the prefix: `granted/link/` is an entry of `granted`, what is made in it is not.
                tries.push((allowed(&name, Use::WriteEntry, ctx)?, name));
            }
            let shape = Shape { path: Some(format!("{prefix}XXXXXX")), ..Shape::of("mkdtemp") };
            let prepared = Prepared { work: Box::new(move || mkdtemp(&tries)), shape };
            prepared.raw(flag)
        }
        "rmdir" => one(args, Use::WriteEntry, "rmdir", ctx, |p| nothing(fs::remove_dir(p)))?,
        "unlink" => one(args, Use::WriteEntry, "unlink", ctx, |p| nothing(fs::remove_file(p)))?,
        "remove" => one(args, Use::WriteEntry, "rm", ctx, move |p| remove(p, flag))?,
        "rename" => two(args, "rename", [Use::WriteEntry; 2], ctx, |a, b| nothing(fs::rename(a, b)))?,
        "link" => two(args, "link", [Use::Write, Use::WriteEntry], ctx, |a, b| nothing(fs::hard_link(a, b)))?,
        "copyfile" => {
            let exclusive = args.get_or_undefined(2).to_boolean();
            two(args, "copyfile", [Use::Read, Use::Write], ctx, move |a, b| copy(a, b, exclusive))?
        }
        "symlink" => {
            let target = text(args, 0, ctx)?;
            let (path, given) = checked(args, 1, Use::WriteEntry, ctx)?;
            let shape = Shape { path: Some(target.clone()), dest: Some(given), ..Shape::of("symlink") };
            Prepared { work: Box::new(move || nothing(std::os::unix::fs::symlink(target, path))), shape }
        }
        "readlink" => one(args, Use::ReadEntry, "readlink", ctx, |p| bytes(fs::read_link(p)?))?.raw(flag),
        "realpath" => one(args, Use::Read, "realpath", ctx, |p| bytes(p.canonicalize()?))?.raw(flag),
        "chmod" => {
            let mode = Permissions::from_mode(number as u32 & 0o7777);
            one(args, Use::Write, "chmod", ctx, |p| nothing(fs::set_permissions(p, mode)))?
        }
        "chown" | "lchown" => {
            let follow = name == "chown";
            let (how, call, flags) = if follow {
                (Use::Write, "chown", AtFlags::empty())
            } else {
                (Use::WriteEntry, "lchown", AtFlags::SYMLINK_NOFOLLOW)
            };
            let uid = owner(args, 1, ctx)?.map(Uid::from_raw);
            let gid = owner(args, 2, ctx)?.map(Gid::from_raw);
            one(args, how, call, ctx, move |p| nothing(Ok(rustix::fs::chownat(CWD, p, uid, gid, flags)?)))?
        }
        "utimes" | "lutimes" => {
            let times = Timestamps {
                last_access: timespec(time(args, 1, ctx)?),
                last_modification: timespec(time(args, 2, ctx)?),
            };
            let (how, call, flags) = if name == "utimes" {
                (Use::Write, "utime", AtFlags::empty())
            } else {
                (Use::WriteEntry, "lutime", AtFlags::SYMLINK_NOFOLLOW)
            };
            one(args, how, call, ctx, move |p| nothing(Ok(rustix::fs::utimensat(CWD, p, &times, flags)?)))?
        }
        "access" => {
            let mode = rustix::fs::Access::from_bits_truncate(number as u32);
            one(args, Use::Read, "access", ctx, move |p| nothing(Ok(rustix::fs::access(p, mode)?)))?
        }
        _ => return Ok(None),
    };
    Ok(Some(done))
}

impl Prepared {
    fn bigint(mut self, wanted: bool) -> Self {
        self.shape.bigint = wanted;
        self
    }

    fn raw(mut self, wanted: bool) -> Self {
        self.shape.raw = wanted;
        self
    }
}

fn one(
    args: &[JsValue],
    how: Use,
    call: &'static str,
    ctx: &mut Context,
    body: impl FnOnce(&Path) -> Result<Answer, Fault> + Send + 'static,
) -> JsResult<Prepared> {
    let (path, given) = checked(args, 0, how, ctx)?;
    let shape = Shape { path: Some(given), ..Shape::of(call) };
    Ok(Prepared { work: Box::new(move || body(&path)), shape })
}

fn two(
    args: &[JsValue],
    call: &'static str,
    how: [Use; 2],
    ctx: &mut Context,
    body: impl FnOnce(&Path, &Path) -> Result<Answer, Fault> + Send + 'static,
) -> JsResult<Prepared> {
    let (from, given) = checked(args, 0, how[0], ctx)?;
    let (to, dest) = checked(args, 1, how[1], ctx)?;
    let shape = Shape { path: Some(given), dest: Some(dest), ..Shape::of(call) };
    Ok(Prepared { work: Box::new(move || body(&from, &to)), shape })
}

fn bytes(path: PathBuf) -> Result<Answer, Fault> {
    Ok(Answer::Text(path.as_os_str().as_bytes().to_vec()))
}

fn readdir(path: &Path) -> Result<Answer, Fault> {
    let mut all = Vec::new();
    for entry in fs::read_dir(path)? {
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
        all.push((entry.file_name().as_bytes().to_vec(), kind));
    }
    Ok(Answer::Entries(all))
}

/// The first folder that was made, or nothing when all were there.
fn mkdir(path: &Path, recursive: bool, mode: u32) -> Result<Answer, Fault> {
    let first = if recursive { path.ancestors().take_while(|p| !p.exists()).last() } else { None };
    let first = first.map(|p| p.as_os_str().as_bytes().to_vec());
    match DirBuilder::new().recursive(recursive).mode(mode).create(path) {
        Ok(()) => Ok(first.map_or(Answer::Nothing, Answer::Text)),
        // A file on the way: Node's word for it.
        Err(e) if recursive && e.kind() == io::ErrorKind::AlreadyExists && !path.is_file() => {
            Err(io::Error::from_raw_os_error(libc::ENOTDIR).into())
        }
        Err(e) => Err(e.into()),
    }
}

/// Names that are tried; two alike are less likely than a flipped bit.
const TRIES: usize = 4;

fn six_letters() -> String {
    const LETTERS: &[u8; 62] = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    let mut random = [0u8; 6];
    // Without randomness the names are taken soon, and that is the error then.
    let _ = SystemRandom::new().fill(&mut random);
    random.iter().map(|b| char::from(LETTERS[usize::from(*b) % 62])).collect()
}

/// A folder of mode 0700 under the first name that is free.
fn mkdtemp(tries: &[(PathBuf, String)]) -> Result<Answer, Fault> {
    for (path, name) in tries {
        match DirBuilder::new().mode(0o700).create(path) {
            Ok(()) => return Ok(Answer::Text(name.clone().into_bytes())),
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {}
            Err(e) => return Err(e.into()),
        }
    }
    Err(io::Error::from_raw_os_error(libc::EEXIST).into())
}

/// Removes an entry; a folder only when `recursive`. Links inside are removed, not followed.
fn remove(path: &Path, recursive: bool) -> Result<Answer, Fault> {
    if !fs::symlink_metadata(path)?.is_dir() {
        nothing(fs::remove_file(path))
    } else if recursive {
        nothing(fs::remove_dir_all(path))
    } else {
        Err(io::Error::from_raw_os_error(libc::EISDIR).into())
    }
}

fn copy(from: &Path, to: &Path, exclusive: bool) -> Result<Answer, Fault> {
    if from.is_dir() {
        return Err(io::Error::from_raw_os_error(libc::EISDIR).into());
    }
    if exclusive && to.symlink_metadata().is_ok() {
        return Err(io::Error::from_raw_os_error(libc::EEXIST).into());
    }
    let same = |a: &Path, b: &Path| Some((a.canonicalize().ok()?, b.canonicalize().ok()?));
    if same(from, to).is_some_and(|(a, b)| a == b) {
        // The library would empty it first.
        return Ok(Answer::Nothing);
    }
    nothing(fs::copy(from, to).map(|_| ()))
}

fn timespec(at: SystemTime) -> Timespec {
    match at.duration_since(UNIX_EPOCH) {
        Ok(d) => Timespec { tv_sec: d.as_secs() as i64, tv_nsec: i64::from(d.subsec_nanos()) },
        Err(e) => {
            let d = e.duration();
            let back = i64::from(d.subsec_nanos() > 0);
            Timespec {
                tv_sec: -(d.as_secs() as i64) - back,
                tv_nsec: back * 1_000_000_000 - i64::from(d.subsec_nanos()),
            }
        }
    }
}
