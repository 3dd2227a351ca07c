//! `fs`: the natives that Node's module and the dialect's share. All are synchronous.
//!
//! Needs `fs.read` for what is read and `fs.write` for what is changed, by absolute path with links resolved.

mod entries;
mod files;
mod paths;

use boa_engine::{Context, JsObject, JsResult};

pub(crate) use files::descriptor;

use crate::host::native::Exports;

/// Makes the natives that `fs.js` and the dialect's `fs` build on. Paths are texts, relative to the context's folder.
///
/// * files: `open(path, flags, mode)`, `close(fd)`, `read(fd, view, position)`, `write(fd, view, position)`, `sync(fd)`,
///   `truncate(fd, length)`, `readFile(path or fd)`, `writeFile(path, bytes, flags, mode)`, `copy(from, to, exclusive)`
/// * entries: `stat(path, follow)`, `fstat(fd)`, `readdir(path)`, `mkdir(path, recursive, mode)`, `rmdir`, `unlink`,
///   `remove(path, recursive)`, `rename`, `link`, `symlink`, `readlink`, `chmod`, `chown(path, uid, gid, follow)`,
///   `utimes(path, atime, mtime)`, `access(path, mode)`, `realpath`, `mkdtemp(prefix)`
pub fn init(ctx: &mut Context) -> JsResult<JsObject> {
    files::install(ctx);
    Ok(Exports::new(ctx)
        .function("open", 3, files::open)
        .function("close", 1, files::close)
        .function("read", 3, files::read)
        .function("write", 3, files::write)
        .function("sync", 1, files::sync)
        .function("truncate", 2, files::truncate)
        .function("readFile", 1, files::read_file)
        .function("writeFile", 4, files::write_file)
        .function("copy", 3, files::copy)
        .function("fstat", 1, files::fstat)
        .function("stat", 2, entries::stat)
        .function("readdir", 1, entries::readdir)
        .function("mkdir", 3, entries::mkdir)
        .function("rmdir", 1, entries::rmdir)
        .function("unlink", 1, entries::unlink)
        .function("remove", 2, entries::remove)
        .function("rename", 2, entries::rename)
        .function("link", 2, entries::link)
        .function("symlink", 2, entries::symlink)
        .function("readlink", 1, entries::readlink)
        .function("chmod", 2, entries::chmod)
        .function("chown", 4, entries::chown)
        .function("utimes", 3, entries::utimes)
        .function("access", 2, entries::access)
        .function("realpath", 1, entries::realpath)
        .function("mkdtemp", 1, entries::mkdtemp)
        .finish())
}
